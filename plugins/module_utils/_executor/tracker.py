# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of each change of a plan so far, and which changes are no longer possible by that. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._changes.change import Change
from .._changes.outcome import Outcome
from .._errors import N8nError
from .._state.model import Project
from .._state.roles import CHAT_USER, PROJECT_ADMIN
from .._text import quoted, shortened


class ChangeTracker:
    """Tracks which changes are done, failed, in conflict, or not tried. Each change is tracked once."""

    def __init__(self, planned: int, progress: Callable[[int, int, str], None]) -> None:
        self.outcome = Outcome()
        self._planned = planned
        self._progress = progress
        self._lost_users: set[str] = set()
        self._lost_projects: set[str] = set()
        # Those that were to be created, and whose names several projects have by now.
        self._taken_projects: set[str] = set()
        # The projects in which a user was to become an admin: and did not, or did.
        self._lost_admins: set[str] = set()
        self._made_admins: set[str] = set()
        # The owners whose resources could not be handed over.
        self._lost_owners: set[str] = set()
        # The projects of other tasks that stand for those that this plan was to create.
        self._adopted: set[str] = set()
        self._made: set[Change] = set()
        self._conflicting: set[Change] = set()

    def take_ready(self, changes: Iterable[Change]) -> list[Change]:
        """Return those of `changes` whose prerequisites are met, and note the outcome of the others."""
        return [change for change in changes if self._is_ready(change)]

    def _is_ready(self, change: Change) -> bool:
        if change.project_key in self._taken_projects:
            self.conflict(change, "another task created a project of that name")
            return False
        # Who becomes a chat user is given things back behind that, and who leaves has handed everything over before.
        needs_user = (
            change.sets_member_role
            or change.action == "delete_user"
            or (change.action == "change_user_role" and (change.after_role_change or change.after == CHAT_USER))
        )
        if (
            (needs_user and change.user in self._lost_users)
            or change.project_key in self._lost_projects
            or (change.owner or change.user_id) in self._lost_owners
        ):
            self.not_tried([change])
            return False
        return True

    def done(self, changes: Sequence[Change]) -> None:
        """Note that these were made."""
        self.outcome.done.extend(changes)
        self._made.update(changes)
        self._made_admins.update(change.project_key for change in changes if change.makes_admin)
        self._behind(changes)

    def not_tried(self, changes: Sequence[Change]) -> None:
        """Note that something that these need was not done."""
        self.outcome.not_tried.extend(changes)
        self._without(changes)
        self._behind(changes)

    def failed(self, changes: Sequence[Change], error: N8nError) -> None:
        """Note that these could not be made; what needs them will not be tried."""
        people = sorted({change.user for change in changes if change.user})
        # n8n's refusals know ids; a person knows names.
        concerned = [shortened(people)] if people else []
        concerned += [
            f"project {quoted(name)}" for name in sorted({change.project for change in changes if change.project})
        ]
        self.outcome.errors.append(
            {
                "error": f"{error} Concerned: {', '.join(concerned)}.",
                "users": people,
                "changes": [change.to_result() for change in changes],
            }
        )
        self._lost_users.update(people)
        self._lost_projects.update(change.project_key for change in changes if change.action == "create_project")
        self._without(changes)
        self._behind(changes)

    def conflict(self, change: Change, found: str, is_already_made: bool = False) -> None:
        """Note that another task has changed what this change starts from, so that it is left alone.

        `is_already_made` tells that the other task has made this very change.
        """
        self._note_conflict({**change.to_result(), "reason": f"left alone: {found}"}, is_already_made)
        self._conflicting.add(change)
        if change.action == "create_project" and not is_already_made:
            self._taken_projects.add(change.project_key)
        self._behind([change])

    def undone(self, change: Change, why: str, is_already_made: bool = False) -> None:
        """Note that a change was made and undone; `is_already_made` as for conflict()."""
        self.outcome.done.remove(change)
        self._made.discard(change)
        self._note_conflict({**change.to_result(), "reason": f"undone: {why}"}, is_already_made)
        self._conflicting.add(change)

    def _note_conflict(self, conflict: dict[str, Any], is_already_made: bool) -> None:
        self.outcome.conflicts.append(conflict)
        if is_already_made:
            self.outcome.already_made.append(conflict)

    def revoke(self, change: Change, error: N8nError) -> None:
        """Note that a change was made, and that what needs it cannot be made all the same."""
        self.outcome.done.remove(change)
        self._made.discard(change)
        self.failed([change], error)

    def superseded(self, change: Change, project: Project) -> None:
        """Note that a project of this run was deleted again, as `project` has the same name and is earlier."""
        self.undone(change, f"another task created project {project.id} of that name earlier", is_already_made=True)
        self.adopt(change, project)

    def adopt(self, change: Change, project: Project) -> None:
        """Note which project of another task stands for the one that `change` was to create."""
        self.outcome.projects[change.project_key] = project
        self._adopted.add(change.project_key)

    def is_adopted(self, change: Change) -> bool:
        """Whether the project of a change was created by another task in place of this one."""
        return change.project_key in self._adopted

    def owner_keeps_items(self, owner: str) -> None:
        """Note that not all went that was to go from the user or project of that id, which is not deleted by that."""
        self._lost_owners.add(owner)

    def is_done(self, change: Change) -> bool:
        """Whether it was made."""
        return change in self._made

    def has_conflict(self, change: Change) -> bool:
        """Whether it was left alone because another task changed the same."""
        return change in self._conflicting

    def mark_untried_users(self, changes: Iterable[Change]) -> None:
        """Note that the users of those `changes` that were not tried stay as they are."""
        self._lost_users.update(change.user or "" for change in set(changes).intersection(self.outcome.not_tried))

    def is_lost(self, user: str | None) -> bool:
        """Whether something failed with this user, so that nothing is tried that needs it."""
        return user in self._lost_users

    def has_made_admin(self, key: str) -> bool:
        """Whether this plan has made a user admin of the project of that key."""
        return key in self._made_admins

    def has_lost_admin(self, key: str) -> bool:
        """Whether a user was to become an admin there, and did not."""
        return key in self._lost_admins

    def user_id(self, change: Change) -> str:
        """Return the id of the user of a change, who may have been invited by this plan; empty where that failed."""
        return change.user_id or self.outcome.user_ids.get(change.user or "", "")

    def project_id(self, change: Change) -> str:
        """Return the id of the project of a change, which may have been created by this plan."""
        return change.project_id or self.outcome.projects[change.project_key].id

    def _behind(self, changes: Sequence[Change]) -> None:
        outcome = self.outcome
        failed = sum(len(error["changes"]) for error in outcome.errors)
        made = len(outcome.done) + len(outcome.not_tried) + len(outcome.conflicts) + failed
        if changes:
            self._progress(made, self._planned, changes[-1].action)

    def _without(self, changes: Sequence[Change]) -> None:
        self._lost_admins.update(change.project_key for change in changes if change.after == PROJECT_ADMIN)
