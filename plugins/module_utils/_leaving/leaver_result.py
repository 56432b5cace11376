# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of n8n_offboard for each leaver. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._changes.change import Change
from .._changes.handover import RESULT_KEYS, HandoverOutcome
from .._changes.plan import Plan
from .._state.dates import utc
from .._state.model import State
from .._state.residual_access import residual_access
from .._state.roles import CHAT_USER
from .._state.similar_names import SimilarEmails
from .leaver_options import LeaverOptions, Leaver


def leaver_results(
    leavers: Sequence[Leaver],
    leaver_options: LeaverOptions,
    plan: Plan,
    done: Sequence[Change],
    handover_outcomes: Mapping[str, HandoverOutcome],
    after: State | None,
) -> list[dict[str, Any]]:
    """Return the entries of leavers: the user, the planned action, the changes that were made, and residual access.

    `done` are the changes that were made, or that would be made in check mode. `after` is the state that was read from
    n8n after these changes. It is None if n8n was not read, as in check mode. Then the state is computed.
    """
    made = set(done)
    then = after or plan.state_after(change for change in plan.changes if change in made)
    return [
        _entry(leaver, leaver_options, plan, made, handover_outcomes, then, after is not None) for leaver in leavers
    ]


def _entry(
    leaver: Leaver,
    leaver_options: LeaverOptions,
    plan: Plan,
    made: set[Change],
    handover_outcomes: Mapping[str, HandoverOutcome],
    then: State,
    was_read: bool,
) -> dict[str, Any]:
    user = leaver.user
    entry: dict[str, Any] = {
        "email": user.email if user else leaver.reference,
        "id": user.id if user else None,
        "found": user is not None,
        "similar": None,
        "action": leaver_options.action,
        "changed": False,
        "memberships": [],
        **{key: [] for key in RESULT_KEYS},
        "residual_access": [],
    }
    if user is None:
        others = SimilarEmails(other.email for other in plan.state.users if other.id not in plan.leavers)
        entry["similar"] = (others.find(leaver.reference) if "@" in leaver.reference else "") or None
        return entry
    own_changes = [change for change in plan.changes if change.user_id == user.id and change in made]
    entry["changed"] = bool(own_changes)
    entry["memberships"] = [
        {"id": change.project_id, "name": change.project, "role": change.before}
        for change in own_changes
        if change.action == "remove_member"
    ]
    if user.id in handover_outcomes:
        entry.update(handover_outcomes[user.id].to_result())
    if leaver_options.grace_period is not None:
        staged = leaver_options.grace_period.of(user)
        entry["staged"] = {"since": utc(staged.since), "due": utc(staged.due(leaver_options.grace_period.grace_days))}
    now = then.find_user(user.id)
    if now is not None:
        # A state that was read no longer has the removed resources.
        moved = [] if was_read else [item for key in ("transferred", "copied", "deleted") for item in entry[key]]
        removed_items = [(item["type"], item["id"]) for item in moved]
        entry["residual_access"] = residual_access(then, now, CHAT_USER in _roles(now.role, own_changes), removed_items)
    return entry


def _roles(role: str, changes: Sequence[Change]) -> set[str | None]:
    """Return the present role of a user, and the roles that the changes set.

    n8n deletes the API keys of a user who becomes a chat user, even if the user gets another role afterwards.
    """
    return {role, *(change.after for change in changes if change.action == "change_user_role")}
