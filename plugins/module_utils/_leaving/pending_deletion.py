# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the deletion of leavers whose invitation is open, because its link would work after a demotion. PURE."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._changes.change import Change
from .._changes.handover import Handover
from .._planning.deletion import user_deletion
from .._planning.handover_planner import HandoverTarget
from .._state.model import State, User
from .._state.owned_items import listed

_REMEDY = "Check these resources, and delete the user in n8n."
PENDING_REASON = "the invitation was not accepted, and its link would stay valid"


def pending_deletion(
    state: State, user: User, reason: str, can_delete: bool
) -> tuple[list[Change], Handover | None, str]:
    """Return the changes that delete a user with an open invitation, the handover, and why this is impossible or "".

    A user who owns something, or may own something that the server does not show, is not deleted. Data tables that the
    server does not show are no obstacle, because only the user could have created them.
    """
    source = state.personal_project(user)
    owned_items = state.owned_items.get(source.id) if source else None
    if owned_items is None or owned_items.items or owned_items.unseen:
        owns = f"owns {listed(owned_items.items)}" if owned_items and owned_items.items else "may own resources"
        return [], None, f"The invitation of {user.email} stays open, because this user {owns}. {_REMEDY}"
    if not can_delete:
        return (
            [],
            None,
            (
                f"The invitation of {user.email} stays open, because the key lacks the scope user:delete. Use a key with this scope, or "
                "delete the user in n8n."
            ),
        )
    changes, handover = user_deletion(state, user, f"{reason}; {PENDING_REASON}", HandoverTarget())
    deletions = [replace(change, only_pending=True) if change.action == "delete_user" else change for change in changes]
    return deletions, handover, ""


def impossible(
    email: str | None, user_id: str | None, reason: str, project: str | None = None, project_id: str | None = None
) -> dict[str, Any]:
    """Return an entry for what cannot be done for a leaver, in a project or on the instance."""
    return {"user": email, "user_id": user_id, "project": project, "project_id": project_id, "reason": reason}
