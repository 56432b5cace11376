# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Track the outcome of each change of a plan, and which changes are no longer possible as a consequence. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .._changes.change import Change
from .._changes.outcome import Outcome
from .._errors import N8nError
from .._state.model import Project
from .._state.roles import CHAT_USER, PROJECT_ADMIN
from .._text import quoted, shortened
from .progress import Progress


class ChangeTracker:
    """Tracks which changes are done, failed, in conflict, or not tried. Each change is tracked once."""

    def __init__(self, planned: int, progress: Progress) -> None:
        self.outcome = Outcome()
        self._planned = planned
        self._progress = progress
        self._failed_users: set[str] = set()
        self._failed_projects: set[str] = set()
        # Projects that were to be created, and whose names other projects have in the meantime.
        self._taken_projects: set[str] = set()
        # Projects in which a user was to become an admin and did not, and projects in which a user became an admin.
        self._failed_admins: set[str] = set()
        self._made_admins: set[str] = set()
        # Owners whose resources could not be handed over.
        self._failed_owners: set[str] = set()
        # Projects of other tasks that replace projects that this plan was to create.
        self._existing_projects: set[str] = set()
        self._made: set[Change] = set()
        self._conflicting: set[Change] = set()
        progress(0, planned, "")

    def take_ready(self, changes: Iterable[Change]) -> list[Change]:
        """Return the changes whose prerequisites are met, and record the outcome of the others."""
        return [change for change in changes if self._is_ready(change)]

    def _is_ready(self, change: Change) -> bool:
        if change.project_key in self._taken_projects:
            self.conflict(change, "another task created a project of that name")
            return False
        # A user who becomes a chat user gets memberships back after that change. All items of a leaver are handed over
        # before.
        needs_user = (
            change.sets_member_role
            or change.action == "delete_user"
            or (change.action == "change_user_role" and (change.after_role_change or change.after == CHAT_USER))
        )
        if (
            (needs_user and change.user in self._failed_users)
            or change.project_key in self._failed_projects
            or (change.owner or change.user_id) in self._failed_owners
        ):
            self.not_tried([change])
            return False
        return True

    def done(self, changes: Sequence[Change]) -> None:
        """Record that these changes were made."""
        self.outcome.done.extend(changes)
        self._made.update(changes)
        self._made_admins.update(change.project_key for change in changes if change.makes_admin)
        self._report_progress(changes)

    def not_tried(self, changes: Sequence[Change]) -> None:
        """Record that these changes were not tried, because a prerequisite was not met."""
        self.outcome.not_tried.extend(changes)
        self._record_missing_admins(changes)
        self._report_progress(changes)

    def failed(self, changes: Sequence[Change], error: N8nError) -> None:
        """Record that these changes failed. Changes that depend on them will not be tried."""
        people = sorted({change.user for change in changes if change.user})
        # n8n's refusals contain ids. A person knows names.
        concerned = [shortened(people)] if people else []
        concerned += [
            f"project {quoted(name)}" for name in sorted({change.project for change in changes if change.project})
        ]
        self.outcome.errors.append(
            {
                "error": f"{error} Affected: {', '.join(concerned)}.",
                "users": people,
                "changes": [change.to_result() for change in changes],
            }
        )
        self._failed_users.update(people)
        self._failed_projects.update(change.project_key for change in changes if change.action == "create_project")
        self._record_missing_admins(changes)
        self._report_progress(changes)

    def conflict(self, change: Change, reason: str, is_already_made: bool = False) -> None:
        """Record that another task has changed the starting point of this change, so that the change is not made.

        `is_already_made` tells that the other task has made exactly this change.
        """
        self._note_conflict({**change.to_result(), "reason": f"not changed: {reason}"}, is_already_made)
        self._conflicting.add(change)
        if change.action == "create_project" and not is_already_made:
            self._taken_projects.add(change.project_key)
        self._report_progress([change])

    def mark_undone(self, change: Change, reason: str, is_already_made: bool = False) -> None:
        """Record that a change was made and undone. `is_already_made` is the same as for conflict()."""
        self.outcome.done.remove(change)
        self._made.discard(change)
        self._note_conflict({**change.to_result(), "reason": f"undone: {reason}"}, is_already_made)
        self._conflicting.add(change)

    def _note_conflict(self, conflict: dict[str, Any], is_already_made: bool) -> None:
        self.outcome.conflicts.append(conflict)
        if is_already_made:
            self.outcome.already_made.append(conflict)

    def mark_done_as_failed(self, change: Change, error: N8nError) -> None:
        """Record that a change was made, and that changes that depend on it cannot be made in spite of that."""
        self.outcome.done.remove(change)
        self._made.discard(change)
        self.failed([change], error)

    def mark_replaced(self, change: Change, project: Project) -> None:
        """Record that a project of this run was deleted again, because `project` has the same name and is earlier."""
        self.mark_undone(
            change, f"another task created project {project.id} of that name earlier", is_already_made=True
        )
        self.use_existing_project(change, project)

    def use_existing_project(self, change: Change, project: Project) -> None:
        """Record the project of another task that replaces the project that `change` was to create."""
        self.outcome.projects[change.project_key] = project
        self._existing_projects.add(change.project_key)

    def uses_existing_project(self, change: Change) -> bool:
        """Return whether another task created the project of a change in place of this task."""
        return change.project_key in self._existing_projects

    def mark_handover_incomplete(self, owner: str) -> None:
        """Record that the user or project with this id still owns items after the handover, so it is not deleted."""
        self._failed_owners.add(owner)

    def is_done(self, change: Change) -> bool:
        """Return whether the change was made."""
        return change in self._made

    def has_conflict(self, change: Change) -> bool:
        """Return whether the change was not made because another task changed the same object."""
        return change in self._conflicting

    def mark_untried_users(self, changes: Iterable[Change]) -> None:
        """Record that the users of those `changes` that were not tried remain unchanged."""
        self._failed_users.update(change.user or "" for change in set(changes).intersection(self.outcome.not_tried))

    def has_failed_user(self, user: str | None) -> bool:
        """Return whether a change of this user failed, so that no change that depends on this user is tried."""
        return user in self._failed_users

    def has_made_admin(self, key: str) -> bool:
        """Return whether this plan has made a user an admin of the project with that key."""
        return key in self._made_admins

    def has_failed_admin(self, key: str) -> bool:
        """Return whether a user was to become an admin of the project with that key, and did not."""
        return key in self._failed_admins

    def user_id(self, change: Change) -> str:
        """Return the id of the user of a change. This plan may have invited the user; "" if the invitation failed."""
        return change.user_id or self.outcome.user_ids.get(change.user or "", "")

    def project_id(self, change: Change) -> str:
        """Return the id of the project of a change. This plan may have created the project."""
        return change.project_id or self.outcome.projects[change.project_key].id

    def with_ids(self, change: Change) -> Change:
        """Return the change with the ids of its user and project, which this plan may have created."""
        project = self.outcome.projects.get(change.project_key)
        project_id = change.project_id or (project.id if project else None)
        return replace(change, user_id=self.user_id(change), project_id=project_id)

    def _report_progress(self, changes: Sequence[Change]) -> None:
        outcome = self.outcome
        failed = sum(len(error["changes"]) for error in outcome.errors)
        made = len(outcome.done) + len(outcome.not_tried) + len(outcome.conflicts) + failed
        if changes:
            self._progress(made, self._planned, changes[-1].action)

    def _record_missing_admins(self, changes: Sequence[Change]) -> None:
        self._failed_admins.update(change.project_key for change in changes if change.after == PROJECT_ADMIN)
