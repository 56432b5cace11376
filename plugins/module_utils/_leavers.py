# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who leave, in bulk: what becomes of their access. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import Problems
from ._losses import carried_away, check_leaver, check_possessions, deletion, lost_memberships, no_admin, role_change
from ._model import CHAT_USER, State, User
from ._plan import Change, Plan, without_admin
from ._wish import Needs

# What can become of a leaver's access, from what is easily undone to what is not.
ACTIONS = ("remove_memberships", "demote", "delete")


@dataclass(frozen=True)
class Leaver:
    """Somebody who leaves; `user` is None where n8n knows nobody of that email or id."""

    reference: str
    user: User | None


def leaver_needs(references: Sequence[str], action: str) -> Needs:
    """Return what has to be read, once for all leavers."""
    return Needs(users=tuple(references), all_users=True, projects=True, members=(), possessions=action == "delete")


def find_leavers(state: State, references: Sequence[str]) -> list[Leaver]:
    """Return the leavers, each once, also where somebody is named by email and by id."""
    found: dict[str, Leaver] = {}
    for reference in references:
        user = state.find_user(reference)
        found.setdefault(user.id if user else reference, Leaver(reference, user))
    return list(found.values())


def plan_leavers(state: State, leavers: Sequence[Leaver], action: str) -> Plan:
    """Return the changes that take the leavers' access away.

    Raises InputError with everything that makes it impossible: the owner or the key's own user among them, a project
    that would be left without an admin, and, for delete, what a leaver owns or may own.
    """
    problems = Problems()
    changes: list[Change] = []
    for leaver in leavers:
        if leaver.user is None:
            continue
        with problems:
            check_leaver(state, leaver.user)
            if action == "delete":
                check_possessions(state, leaver.user)
        changes.extend(_changes(state, leaver.user, action))
    for key, name, losing in without_admin(state, changes):
        problems.add(no_admin(key, name, losing))
    problems.refuse()
    return Plan.of(state, changes)


def _changes(state: State, user: User, action: str) -> list[Change]:
    if action == "delete":
        return deletion(state, user, "leaves")
    if action == "remove_memberships" or user.role == CHAT_USER:
        return lost_memberships(state, user, "leaves")
    return [role_change(user, CHAT_USER, "leaves"), *carried_away(state, user)]


def leaver_result(leaver: Leaver, action: str, plan: Plan, done: Sequence[Change]) -> dict[str, Any]:
    """Return the entry of a leaver: who it is, what was planned, and whether it was done.

    `done` are the changes made, in check mode those that would be.
    """
    user = leaver.user
    if user is None:
        return {
            "email": leaver.reference,
            "id": None,
            "found": False,
            "action": action,
            "changed": False,
            "memberships": [],
        }
    mine = [change for change in plan.changes if change.user_id == user.id]
    return {
        "email": user.email,
        "id": user.id,
        "found": True,
        "action": action,
        "changed": any(change in done for change in mine),
        "memberships": [
            {"id": change.project_id, "name": change.project, "role": change.before}
            for change in mine
            if change.action == "remove_member" and change in done
        ],
    }
