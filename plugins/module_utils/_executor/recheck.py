# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state again right before a write, so that no change that another task made since the plan is undone."""

from __future__ import annotations

from collections.abc import Sequence

from .._changes.change import Change
from .._changes.handover import Handover, check_nothing_left, unpublished
from .._changes.plan import Plan, projects_without_admin
from .._errors import ApiError, N8nError
from .._server.api import Api
from .._state.model import Project, User
from .._state.names import to_nfc
from .._state.roles import PROJECT_ADMIN
from .tracker import ChangeTracker

# The number of members of a project that are removed after one recheck, and the number of users that are changed or
# deleted after one recheck, which needs many calls for users. Larger batches need fewer calls, and leave more time for
# changes by others.
MEMBERS_PER_CHECK = 8
USERS_PER_CHECK = 25
# From this number of users upward, one listing needs less than one request for each user.
_LISTING_THRESHOLD = 5
# The number of readings while two projects have the same name. The pauses between them grow, to 20 seconds and more in
# all.
NAME_CHECKS = 7


class Recheck:
    """Compares the present state of n8n with the state in the plan. Each difference goes into the tracker."""

    def __init__(self, plan: Plan, api: Api, tracker: ChangeTracker) -> None:
        self.api = api
        self.tracker = tracker
        self._handovers = plan.handovers
        self._meant_to_lose_admins = {key for key, _name, _losing in projects_without_admin(plan.state, plan.changes)}

    def unchanged_members(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes of members of one project whose starting point is still as in the plan."""
        key = changes[0].project_key
        if changes[0].project_id is None and not self.tracker.uses_existing_project(changes[0]):
            # This run created the project, so no other task has changed it.
            return self._without_last_admin_removals(changes, key, self.tracker.has_made_admin(key))
        try:
            project_id = self.tracker.project_id(changes[0])
            now = {member.id: member.role for member in self.api.present_members(project_id)}
        except ApiError as error:
            if error.status != 404 or "project" not in error.server_message.lower():
                self.tracker.failed(changes, error)
                return []
            for change in changes:
                self.tracker.conflict(change, "the project no longer exists")
            return []
        except N8nError as error:
            self.tracker.failed(changes, error)
            return []
        unchanged = []
        for change in changes:
            role = now.get(self.tracker.user_id(change))
            # A user who gets back a membership that the change to chat user removes is not a member in between.
            if role == (None if change.action == "add_member" else change.before):
                unchanged.append(change)
            else:
                found = f"the role of {change.user} is now {role}" if role else f"{change.user} is no longer a member"
                wanted = None if change.action == "remove_member" else change.after
                self.tracker.conflict(change, found, is_already_made=role == wanted)
        removed_admins = {change.user_id for change in unchanged if change.removes_admin}
        some_admin_stays = any(role == PROJECT_ADMIN and user_id not in removed_admins for user_id, role in now.items())
        return self._without_last_admin_removals(unchanged, key, some_admin_stays)

    def _without_last_admin_removals(self, changes: Sequence[Change], key: str, some_admin_stays: bool) -> list[Change]:
        """Return `changes` of one project without the removals of its last admins, unless the plan intends these.

        Another task may have removed the other admins since the plan was made.
        """
        if some_admin_stays or key in self._meant_to_lose_admins or any(change.makes_admin for change in changes):
            return list(changes)
        for change in changes:
            if change.removes_admin and self.tracker.has_failed_admin(key):
                # The new admin could not be added. Another error reports this already.
                self.tracker.not_tried([change])
            elif change.removes_admin:
                self.tracker.conflict(change, f"{change.user} has become the last admin of the project")
        return [change for change in changes if not change.removes_admin]

    def instance_roles(self, changes: Sequence[Change]) -> list[Change]:
        """Return `changes` without the changes of users who are not as planned any more.

        These are changes of instance roles whose users have another role, and deletions of pending users who have
        accepted the invitation. All other changes are returned unchanged.
        """
        # A dictionary keeps the order, and makes the look-up of each change fast.
        roles = dict.fromkeys(
            change for change in changes if change.action == "change_user_role" or change.only_pending
        )
        try:
            items = self.api.list_users().items if len(roles) >= _LISTING_THRESHOLD else []
            listed = {user.id: user for user in map(User.from_api, items)}
        except N8nError as error:
            for change in roles:
                self.tracker.failed([change], error)
            return [change for change in changes if change not in roles]
        unchanged = []
        for change in changes:
            user_id = self.tracker.user_id(change)
            try:
                # The pages have no defined order, so a missing user may still exist.
                user = listed.get(user_id) or self.api.find_user(user_id) if change in roles else None
            except N8nError as error:
                self.tracker.failed([change], error)
                continue
            if change in roles and user is None:
                self.tracker.conflict(change, f"{change.user} is no longer a user", is_already_made=change.only_pending)
            elif user is not None and change.only_pending and not user.never_signed_in:
                self.tracker.conflict(change, f"{change.user} has accepted the invitation")
            elif user is not None and user.role != change.before:
                self.tracker.conflict(change, f"the role of {change.user} is now {user.role}")
            else:
                unchanged.append(change)
        return unchanged

    def remaining_members(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes of members of one project that n8n can still make: users and roles are as planned."""
        existing = self.existing_users(changes)
        return self.unchanged_members(existing) if existing else []

    def existing_users(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes whose users still exist.

        If one user does not exist, n8n refuses all changes of a call with an internal error (seen on 2.40.7).
        """
        try:
            existing = {user.id for user in self.users([self.tracker.user_id(change) for change in changes])}
        except N8nError:
            # The original refusal is then the error to report.
            return list(changes)
        for change in changes:
            if self.tracker.user_id(change) not in existing:
                self.tracker.conflict(change, f"{change.user} is no longer a user")
        return [change for change in changes if self.tracker.user_id(change) in existing]

    def users(self, references: Sequence[str]) -> list[User]:
        """Return the existing users among those with these ids or emails."""
        listed = self.api.list_users().items if len(references) >= _LISTING_THRESHOLD else ()
        users = [User.from_api(item) for item in listed]
        known = {key: user for user in users for key in (user.id, user.email)}
        # The pages have no defined order, so a missing user may still exist.
        unlisted = [reference for reference in references if reference not in known]
        found = self.api.client.in_parallel(self.api.find_user, unlisted)
        return [known[key] for key in references if key in known] + [user for user in found if user is not None]

    def changes_with_free_names(self, changes: Sequence[Change]) -> list[Change]:
        """Return the creations and renames of projects whose old names are as planned and whose new names are free."""
        if not changes:
            return []
        try:
            teams = self._teams_without_duplicates(changes)
        except N8nError as error:
            for change in changes:
                self.tracker.failed([change], error)
            return []
        now = {project.id: project.name for project in teams}
        as_planned = []
        for change in changes:
            if change.project_id and change.project_id not in now:
                self.tracker.conflict(change, "the project no longer exists")
            elif change.project_id and now[change.project_id] != change.before:
                self.tracker.conflict(change, f'the project is now named "{now[change.project_id]}"')
            elif taken := _projects_with_name_of(teams, change):
                is_already_made = change.action == "create_project" and len(taken) == 1
                self.tracker.conflict(change, "another task has created a project of that name", is_already_made)
                if is_already_made:
                    self.tracker.use_existing_project(change, taken[0])
            else:
                as_planned.append(change)
        return as_planned

    def _teams_without_duplicates(self, changes: Sequence[Change]) -> list[Project]:
        """Return the team projects as soon as each name that `changes` give is unique, or after NAME_CHECKS readings.

        If two other tasks have created two projects at the same time, one of these is about to be deleted.
        """
        for attempt in range(NAME_CHECKS):
            projects = map(Project.from_api, self.api.list_projects().items)
            teams = [project for project in projects if project.is_team]
            if all(len(_projects_with_name_of(teams, change)) < 2 for change in changes) or attempt == NAME_CHECKS - 1:
                break
            self.api.client.pause(attempt)
        return teams

    def safe_deletions(self, changes: Sequence[Change]) -> list[Change]:
        """Return the deletions that destroy no item that was not meant to be destroyed."""
        owners = {change: self._handovers[change.owner] for change in changes if change.owner in self._handovers}
        try:
            now = self.api.resources.owned_items([handover.source.id for handover in owners.values()], True)
        except N8nError as error:
            self.tracker.failed(list(owners), error)
            return [change for change in changes if change not in owners]
        current = []
        for change in changes:
            try:
                if change in owners:
                    check_nothing_left(owners[change], now[owners[change].source.id])
                current.append(change)
            except N8nError as error:
                self.tracker.failed([change], error)
        return current

    def note_unpublished(self, handovers: Sequence[Handover]) -> None:
        """Add a note about each workflow that n8n unpublished for its transfer and could not publish again."""
        notes = self.tracker.outcome.notes
        destinations = {handover.source.id: handover.destination.id for handover in handovers if handover.destination}
        try:
            now = self.api.resources.owned_items(sorted(set(destinations.values())), True)
        except N8nError as error:
            notes.append(f"It could not be checked whether the moved workflows are still published: {error}")
            return
        for handover in handovers:
            if handover.source.id in destinations:
                notes.extend(unpublished(handover, now[destinations[handover.source.id]]))


def _projects_with_name_of(projects: Sequence[Project], change: Change) -> list[Project]:
    """Return the projects with the name that `change` gives."""
    return [project for project in projects if to_nfc(project.name) == to_nfc(change.after or "")]
