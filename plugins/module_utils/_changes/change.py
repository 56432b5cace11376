# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One difference between what is and what shall be, and where it comes in a plan. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._state.names import project_key
from .._state.owned import OwnedItem
from .._state.roles import PROJECT_ADMIN, is_demotion

# What a change does, in the order of a plan.
ACTIONS = (
    "invite_user",
    "create_project",
    "rename_project",
    "add_member",
    "change_member_role",
    "unpublish_workflow",
    "transfer_credential",
    "transfer_workflow",
    "copy_table",
    "delete_table",
    "change_user_role",
    "remove_member",
    "delete_user",
    "delete_project",
    "delete_credential",
    "delete_workflow",
    "delete_variable",
)
# Those that are about something that somebody owns.
ABOUT_ITEMS = (
    "unpublish_workflow",
    "transfer_credential",
    "transfer_workflow",
    "copy_table",
    "delete_table",
    "delete_credential",
    "delete_workflow",
    "delete_variable",
)
# The steps in which a plan is carried out. No step needs a later one, and no project is without an admin in between:
# roles are given before others are taken. A user who becomes global:chatUser loses every team membership by that, so
# whatever the plan gives to such a user comes behind it. What somebody owns is handed over while the account is as it was.
STEPS = (
    "invite",
    "create",
    "rename",
    "give",
    "hand_over",
    "change_users",
    "change_users_again",
    "give_back",
    "take",
    "delete_users",
    "delete_projects",
)
_STEP = {
    "invite_user": "invite",
    "create_project": "create",
    "rename_project": "rename",
    # One call to n8n does both.
    "add_member": "give",
    "change_member_role": "give",
    "change_user_role": "change_users",
    "remove_member": "take",
    "delete_user": "delete_users",
    "delete_project": "delete_projects",
    **dict.fromkeys(ABOUT_ITEMS, "hand_over"),
}
# Behind the step in which a user becomes a chat user.
_LATE_STEP = {"change_users": "change_users_again", "give": "give_back"}
_STEP_RANK = {step: rank for rank, step in enumerate(STEPS)}
_ACTION_RANK = {action: rank for rank, action in enumerate(ACTIONS)}
# Those that give somebody a role in a project.
GIVES = ("add_member", "change_member_role")
# Those that are about a project itself, not about somebody in it.
PROJECT_ACTIONS = ("create_project", "rename_project", "delete_project")


@dataclass(frozen=True)
class Change:
    """One difference between what is and what shall be.

    `user` is an email and `project` a name; the ids stand beside them where n8n has given one already. `before` and
    `after` are role slugs, or names of projects. A change that is `implied_by` an action needs no call: n8n makes it as
    part of that action on the same user or project, and it is listed because somebody loses something by it. One that is
    `after_role_change` is for somebody who becomes a chat user by the same plan, and comes behind that.

    Where it is about an `item`, `user` is whose it is, if a user's, `project` is where it goes, and `owner` is the id of the
    user or project whose it is; the changes of one owner are made in the order of their `position`.
    """

    action: str
    user: str | None = None
    project: str | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""
    user_id: str | None = None
    project_id: str | None = None
    implied_by: str = ""
    after_role_change: bool = False
    item: OwnedItem | None = None
    owner: str = ""
    position: int = 0

    @property
    def step(self) -> str:
        """In which of STEPS it is made."""
        step = _STEP[self.implied_by or self.action]
        return _LATE_STEP[step] if self.after_role_change else step

    @property
    def subject(self) -> str:
        """Whom or what it happens to: the user, or the project that goes."""
        return self.user or self.owner

    @property
    def goes_with_role(self) -> bool:
        """Whether the membership goes, if only for a moment, because its user becomes a chat user."""
        return self.after_role_change or self.implied_by == "change_user_role"

    @property
    def project_key(self) -> str:
        """What tells its project from all others."""
        return project_key(self.project_id or "", self.project or "")

    @property
    def removes_admin(self) -> bool:
        """Whether an admin of a project is none any more after it."""
        taken = self.action == "remove_member" or (self.action == "change_member_role" and self.after != PROJECT_ADMIN)
        return taken and self.before == PROJECT_ADMIN

    @property
    def makes_admin(self) -> bool:
        """Whether it makes somebody an admin of its project."""
        return self.after == PROJECT_ADMIN and self.action in GIVES

    def to_result(self) -> dict[str, Any]:
        """Return the entry of `plan`."""
        return {
            "action": self.action,
            "user": self.user,
            "user_id": self.user_id,
            "project": self.project,
            "project_id": self.project_id,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            **({"item": self.item.to_result()} if self.item else {}),
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "user": self.user_id or self.user,
            "project": self.project_id or self.project,
            "before": self.before,
            "after": self.after,
            **({"item": self.item.id} if self.item else {}),
        }


def reduces_access(change: Change) -> bool:
    """Whether somebody may do less in a project or on the instance because of a change."""
    if change.action in ("add_member", "change_member_role", "change_user_role") and change.before:
        return is_demotion(change.before, change.after or "")
    return change.action == "remove_member"


def sort_key(change: Change) -> tuple[Any, ...]:
    """Return where a change comes in a plan."""
    if change.item is not None:
        return (
            _STEP_RANK[change.step],
            bool(change.implied_by),
            0,
            change.user or "",
            change.owner,
            f"{change.position:09}",
        )
    return (
        _STEP_RANK[change.step],
        bool(change.implied_by),
        _ACTION_RANK[change.action],
        change.project or "",
        change.project_id or "",
        change.user or "",
    )
