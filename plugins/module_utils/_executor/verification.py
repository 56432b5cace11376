# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check right after a write for results that two tasks cause together although neither task would cause them alone.

Tasks on one controller follow each other by a lock. These checks are for tasks that share no lock.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._changes.change import Change
from .._changes.plan import Plan, projects_without_admin
from .._errors import N8nError
from .._server.api import Api
from .._state.model import Project
from .._state.names import to_nfc
from .._state.roles import PROJECT_ADMIN
from .._text import quoted, shortened
from .recheck import NAME_CHECKS
from .tracker import ChangeTracker


class Verification:
    """Checks created projects, and projects that lost admins. Each correction goes into the tracker."""

    def __init__(self, plan: Plan, api: Api, tracker: ChangeTracker) -> None:
        self.api = api
        self.tracker = tracker
        self._leavers = plan.leavers
        self._meant_to_lose_admins = {key for key, _name, _losing in projects_without_admin(plan.state, plan.changes)}

    def verify_project_names(self, changes: Sequence[Change]) -> None:
        """Check for other projects with the names that `changes` gave. Of two new projects, the earlier one stays.

        A project is deleted only if this run created it, if another one is earlier, and if it has neither other members
        nor content. If both projects stay, an error reports both ids, because a task cannot refer to one of them by
        name.
        """
        given = [change for change in changes if self.tracker.is_done(change)]
        if not given:
            return
        try:
            shared = self._shared_names(given)
            for attempt in range(NAME_CHECKS):
                if not any(self._is_earliest(change, others) for change, others in shared.items()):
                    break
                # The task that created the later project is about to delete it.
                self.api.client.pause(attempt)
                shared = self._shared_names(given)
            for change, others in shared.items():
                self._resolve_duplicate(change, others)
        except N8nError as error:
            self.tracker.outcome.notes.append(
                "It is not known whether another task has created projects of the same names at the same time: "
                f"{error}"
            )

    def _shared_names(self, changes: Sequence[Change]) -> dict[Change, list[Project]]:
        """Return the other projects with the name that each of `changes` has given."""
        teams = [project for project in map(Project.from_api, self.api.list_projects().items) if project.is_team]
        found = {}
        for change in changes:
            own_project = self.tracker.project_id(change)
            others = [
                project
                for project in teams
                if to_nfc(project.name) == to_nfc(change.after or "") and project.id != own_project
            ]
            if others:
                found[change] = others
        return found

    def _is_earliest(self, change: Change, others: Sequence[Project]) -> bool:
        own_project = self.tracker.outcome.projects.get(change.project_key)
        return own_project is None or all(_creation_key(own_project) < _creation_key(other) for other in others)

    def _resolve_duplicate(self, change: Change, others: Sequence[Project]) -> None:
        project_id = self.tracker.project_id(change)
        if change.action == "create_project" and not self._is_earliest(change, others):
            try:
                reason = self._why_kept(project_id)
                if not reason:
                    self.api.delete_project(project_id)
                    self.tracker.mark_replaced(change, min(others, key=_creation_key))
                    return
            except N8nError as error:
                reason = f"it could not be deleted ({str(error).rstrip('.')})"
        else:
            reason = "another task gave it the same name at the same time"
        ids = ", ".join(sorted([project_id, *(other.id for other in others)]))
        self.tracker.mark_done_as_failed(
            change,
            N8nError(
                f"Project {quoted(change.after)} exists {len(others) + 1} times, with the ids {ids}. This run keeps "
                f"{project_id}, because {reason}. Rename or delete all but one of them."
            ),
        )

    def _why_kept(self, project_id: str) -> str:
        """Return why a project of this run is not deleted; "" if its deletion destroys no content."""
        if project_id not in self.api.created_project_ids:
            return "n8n's response was lost, so another task may have created it"
        if {member.id for member in self.api.members(project_id)} - {self.api.client.connection.own_user_id}:
            return "it now has other members"
        found = self.api.resources.owned_items([project_id], True)[project_id]
        if found.items or self.api.resources.folders(project_id):
            return "it now has content"
        return " ".join(filter(None, (found.unseen, found.tables_unseen, found.variables_unseen))).rstrip(".")

    def verify_admins(self, changes: Sequence[Change]) -> None:
        """Check whether the projects that lost admins by `changes` have an admin, and restore these admins if not.

        A leaver is not restored. In that case an error names the project.
        """
        by_project: dict[str, list[Change]] = {}
        for change in changes:
            if change.removes_admin and self.tracker.is_done(change):
                by_project.setdefault(change.project_key, []).append(change)
        lost = [admin_removals for key, admin_removals in by_project.items() if key not in self._meant_to_lose_admins]
        # Reading is parallel. Corrections follow one after the other, because a correction changes what other threads
        # read.
        for admin_removals, has_admin in zip(lost, self.api.client.in_parallel(self._has_admin, lost)):
            if has_admin is not True:
                self._restore_admins(admin_removals, has_admin)

    def _has_admin(self, admin_removals: Sequence[Change]) -> bool | N8nError:
        try:
            members = self.api.members(self.tracker.project_id(admin_removals[0]))
        except N8nError as error:
            return error
        return any(member.role == PROJECT_ADMIN for member in members)

    def _restore_admins(self, admin_removals: Sequence[Change], unread: bool | N8nError) -> None:
        """Restore the admins of a project that has no admin or could not be read. A leaver is not restored."""
        project_id, name = self.tracker.project_id(admin_removals[0]), quoted(admin_removals[0].project)
        who = shortened(sorted(change.user or "" for change in admin_removals))
        try:
            if isinstance(unread, N8nError):
                raise unread
            staying = [change for change in admin_removals if not self._is_leaver(change)]
            if staying:
                self.api.set_members(project_id, {change.user_id or "": PROJECT_ADMIN for change in staying})
                for change in staying:
                    self.tracker.mark_undone(
                        change, f"another task removed the other admins of project {name} at the same time"
                    )
                return
            words = "has no project:admin now"
        except N8nError as error:
            words = f"may have no project:admin: {str(error).rstrip('.')}"
        self.tracker.outcome.errors.append(
            {
                "error": f"Project {name} ({project_id}) {words}. {who} lost this role in this run, and another task removed the "
                "other admins at the same time. Make another user project:admin of it.",
                "users": sorted(change.user or "" for change in admin_removals),
                "changes": [],
            }
        )

    def _is_leaver(self, change: Change) -> bool:
        return change.user_id in self._leavers or change.implied_by == "delete_user"


def _creation_key(project: Project) -> tuple[str, str]:
    return project.created_at, project.id
