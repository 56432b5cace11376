# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One difference between what is and what shall be, and where it comes in a plan. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._state.names import project_key
from .._state.owned import OwnedItem, Table
from .._state.roles import PROJECT_ADMIN, is_demotion
from .actions import ACTIONS, ALWAYS, BY_ROLE, MEMBER, PROJECT, STEP_AFTER_ROLE_CHANGE, STEPS, Action

_STEP_RANK = {step: rank for rank, step in enumerate(STEPS)}
_ACTION_RANK = {action: rank for rank, action in enumerate(ACTIONS)}


@dataclass(frozen=True)
class Change:
    """One difference between the present and the desired state.

    `action` is a name in ACTIONS. `user` is an email and `project` a name; the ids stand beside them if n8n has given one
    already. `before` and `after` are role slugs, or names of projects. A change that is `implied_by` an action needs no
    call: n8n makes it as part of that action on the same user or project, and it is listed because access or a resource is
    lost by it. One that is `after_role_change` is for a user who becomes a chat user by the same plan, and comes behind that.

    If it is about an `item`, `user` is the owner if a user owns it, `project` is the destination, `after` is the name of a
    copy, `owner` is the id of the user or project that owns it, and `unfinished` is the copy of a table that an earlier run
    has left. The changes of one owner are made in the order of their `position`.
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
    unfinished: Table | None = None

    @property
    def definition(self) -> Action:
        """The row of its action in the table of actions."""
        return ACTIONS[self.action]

    @property
    def step(self) -> str:
        """The step in which it is made."""
        step = ACTIONS[self.implied_by or self.action].step
        return STEP_AFTER_ROLE_CHANGE[step] if self.after_role_change else step

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
        return self.after == PROJECT_ADMIN and self.sets_member_role

    @property
    def sets_member_role(self) -> bool:
        """Whether a user gets a role in a project."""
        return self.definition.about == MEMBER and self.after is not None

    @property
    def is_deletion(self) -> bool:
        """Whether a user or a project is deleted."""
        return self.action in ("delete_user", "delete_project")

    @property
    def names_project(self) -> bool:
        """Whether a project gets a name."""
        return self.definition.about == PROJECT and self.after is not None

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
    """Return whether a user may do less in a project or on the instance because of a change."""
    if change.definition.reduces_access == BY_ROLE:
        return change.before is not None and is_demotion(change.before, change.after or "")
    return change.definition.reduces_access == ALWAYS


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
