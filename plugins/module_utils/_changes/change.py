# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe one difference between the present and the desired state, and its position in a plan. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._state.names import project_key
from .._state.owned_items import OwnedItem, Table
from .._state.roles import PROJECT_ADMIN, is_demotion
from .actions import ACTIONS, ALWAYS, BY_ROLE, MEMBER, PROJECT, STEP_AFTER_ROLE_CHANGE, STEPS, Action

_STEP_RANK = {step: rank for rank, step in enumerate(STEPS)}
_ACTION_RANK = {action: rank for rank, action in enumerate(ACTIONS)}


@dataclass(frozen=True)
class Change:
    """One difference between the present and the desired state.

    `action` is a name in ACTIONS. `user` is an email and `project` is a name. `user_id` and `project_id` are set if n8n
    has already assigned them. A change that is `implied_by`
    an action needs no call: n8n makes it as part of that action on the same user or project. It is listed because
    access or a resource is lost by it. A change with `after_role_change` is for a user who becomes a chat user by the
    same plan, and follows after that.

    The meaning of `before` and `after` depends on the object of the action:

    - instance role or membership: role slugs. None means that the user or the membership does not exist.
    - project: names of the project. None means that the project does not exist.
    - item: `before` is the name of the team project that owns the item. `after` is the name of a copy, if the action
      creates one.

    If the change is about an `item`, `user` is the owner if a user owns it, and `project` is the destination. `owner`
    is the id of the user or project that owns the item, and `unfinished` is the copy of
    a table that an earlier run has not completed. The changes of one owner are made in the order of their `position`.
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
    # The end of the grant because of which a membership is removed, as the list has it.
    ended: str = ""
    # Whether a deletion is made only if the user has not accepted the invitation yet.
    only_pending: bool = False

    @property
    def definition(self) -> Action:
        """Return the row of the action in the table of actions."""
        return ACTIONS[self.action]

    @property
    def step(self) -> str:
        """Return the step in which the change is made."""
        step = ACTIONS[self.implied_by or self.action].step
        return STEP_AFTER_ROLE_CHANGE[step] if self.after_role_change else step

    @property
    def subject(self) -> str:
        """Return the user or project that the change affects: the user, or the project that is deleted."""
        return self.user or self.owner

    @property
    def is_lost_with_role_change(self) -> bool:
        """Return whether the membership is removed, even briefly, because its user becomes a chat user."""
        return self.after_role_change or self.implied_by == "change_user_role"

    @property
    def project_key(self) -> str:
        """Return the key that distinguishes the project of this change from all others."""
        return project_key(self.project_id or "", self.project or "")

    @property
    def removes_admin(self) -> bool:
        """Return whether an admin of a project is no longer an admin after the change."""
        taken = self.action == "remove_member" or (self.action == "change_member_role" and self.after != PROJECT_ADMIN)
        return taken and self.before == PROJECT_ADMIN

    @property
    def makes_admin(self) -> bool:
        """Return whether the change makes a user an admin of its project."""
        return self.after == PROJECT_ADMIN and self.sets_member_role

    @property
    def sets_member_role(self) -> bool:
        """Return whether the change gives a user a role in a project."""
        return self.definition.subject_type == MEMBER and self.after is not None

    @property
    def sets_project_name(self) -> bool:
        """Return whether the change gives a project a name."""
        return self.definition.subject_type == PROJECT and self.after is not None

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


def identity(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what distinguishes an entry of `plan` from others: all of it except reasons, and names where there are ids."""
    return {
        "action": entry["action"],
        "user": entry["user_id"] or entry["user"],
        "project": entry["project_id"] or entry["project"],
        "before": entry["before"],
        "after": entry["after"],
        **({"item": entry["item"]["id"]} if "item" in entry else {}),
    }


def reduces_access(change: Change) -> bool:
    """Return whether a change reduces the permissions of a user in a project or on the instance."""
    if change.definition.reduces_access == BY_ROLE:
        return change.before is not None and is_demotion(change.before, change.after or "")
    return change.definition.reduces_access == ALWAYS


def sort_key(change: Change) -> tuple[Any, ...]:
    """Return the key by which the changes of a plan are sorted."""
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
