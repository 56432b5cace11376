# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the members of projects and their roles. PURE."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from .._changes.change import Change
from .._desired.desired import AUTHORITATIVE, FAIL, LEAVER, DesiredMember, DesiredUser
from .._desired.grants import grant_end
from .._errors import InputError
from .._state.model import Member, Project, User
from .._state.names import personal_project_error, to_nfc
from .._state.roles import CHAT_USER, PROJECT_ADMIN, is_demotion, plain_slug
from .._text import quoted
from .context import PlanContext, role_source, with_rule
from .projects import ProjectPlanner, missing_project
from .removal_changes import membership_removal
from .users import UserPlanner


class MemberPlanner:
    """Plans entries about members, whose users and projects may have to be created."""

    def __init__(self, context: PlanContext, users: UserPlanner, projects: ProjectPlanner) -> None:
        self.context = context
        self.users = users
        self.projects = projects

    def plan(self, desired: DesiredMember) -> None:
        """Plan the changes for one entry; raises InputError."""
        if desired.is_upcoming:
            return
        context = self.context
        # The role is resolved first, so that a list is refused once with everything that is wrong in it.
        role = (
            None
            if desired.role is None
            else context.slug(
                desired.role,
                "project",
                lambda: role_source(desired.source, desired.rule, f"project {quoted(desired.project)}"),
            )
        )
        known_user = context.new_users.get(desired.user) or context.state.find_user(desired.user)
        # This check comes before the project, because no project is created for an ignored user.
        if context.is_ignored(known_user.email if known_user else desired.user):
            return
        if known_user is None and desired.user in self._listed_leavers:
            return
        user = known_user or self._invited(desired)
        if user is None and (desired.user in context.awaited or desired.user in context.refused_addresses):
            return
        if user and user.id in context.departing:
            return
        project = self._project_of(desired)
        if project is None or user is None:
            if desired.present:
                self._refuse_missing(desired, project, user)
            else:
                self._note_missing(desired, project, user)
            return
        current = context.state.find_member(project, user)
        if not desired.present:
            self._plan_absence(desired, project, user, current)
            return
        if role is None:
            if current is None:
                raise InputError(f'role is required to add user "{user.email}" to project "{project.name}".')
            return
        if self._is_new(desired, role, project, user):
            self._plan_role(project, user, current, role, desired)

    def _plan_absence(self, desired: DesiredMember, project: Project, user: User, current: Member | None) -> None:
        """Plan the removal of a member; raises InputError if another entry gives the user a role in the project."""
        key = (project.key, user.email)
        wanted = self.context.wanted_roles.get(project.key, {}).get(user.email)
        if wanted and not desired.ended:
            raise InputError(_contradiction(project, user, wanted[1], desired))
        if wanted or key in self.context.unwanted:
            return
        self.context.unwanted[key] = desired
        if current is None or user.id in self.context.becoming_chat_users:
            # The change to a chat user removes the membership, and the plan has this removal already.
            return
        who = "" if self.context.desired.policy is None else self.context.protection.reason_for(user)
        if who:
            self.context.note(f"{desired.source}: {user.email} is {who} and keeps {current.role}.")
        else:
            self.context.changes.append(
                replace(membership_removal(project, current, desired.reason), ended=desired.ended)
            )

    def _is_new(self, desired: DesiredMember, role: str, project: Project, user: User) -> bool:
        """Return whether this is the first entry for a membership; raises InputError if it contradicts the first."""
        other, first = self.context.wanted_roles.setdefault(project.key, {}).setdefault(user.email, (role, desired))
        if other != role:
            raise InputError(
                f'{user.email} cannot be both {other} and {role} in project "{project.name}" ({project.id}). '
                f"{first.source} has {other}, and {desired.source} has {role}. Set the same role in both."
            )
        return first is desired

    def _plan_role(
        self, project: Project, user: User, current: Member | None, role: str, desired: DesiredMember
    ) -> None:
        creator = not project.id and bool(user.id) and user.id == self.context.state.own_user_id
        before = PROJECT_ADMIN if creator else current.role if current else None
        after_role_change = user.id in self.context.becoming_chat_users
        if before == role and not (after_role_change and current):
            return
        # A new membership takes nothing away, so no reason to keep one applies.
        needs_no_reason = before is None or self.context.desired.policy is None
        keep_reason = "" if needs_no_reason else self.context.protection.reason_for(user)
        if creator and self.context.desired.authority(self.context.entry_by_project.get(project.key)) == AUTHORITATIVE:
            # Only an authoritative list lowers the role that the key's user gets by the creation of a project.
            keep_reason = self.context.protection.pattern_for(user)
        if before and keep_reason and is_demotion(before, role):
            self.context.note(f"{desired.source}: {user.email} is {keep_reason} and keeps {before} instead of {role}.")
            return
        ended = ""
        if after_role_change and current:
            action, reason = "add_member", f"restores the membership that the change to {CHAT_USER} removes"
        elif before is None:
            action, reason = "add_member", "is not a member yet"
        else:
            action, reason = "change_member_role", "has another role in the project"
            ended = _ended_grant(desired, before)
            if ended:
                reason = f"{grant_end(ended)}, {reason} now"
        self.context.changes.append(
            Change(
                action,
                user.email,
                project.name,
                before,
                role,
                with_rule(reason, desired.rule),
                user_id=user.id or None,
                project_id=project.id or None,
                after_role_change=after_role_change,
                ended=ended,
            )
        )

    def _project_of(self, desired: DesiredMember) -> Project | None:
        if desired.project not in self.projects.by_reference:
            project = self.projects.known(desired.project) or self.context.state.find_project(desired.project)
            entry = self.context.entry_by_project.get(project.key) if project else None
            if (
                project
                and entry
                and entry.name
                and desired.project != project.id
                and to_nfc(desired.project) != to_nfc(entry.name)
            ):
                # After the rename, the next run would not find the project by its old name, and would create it.
                raise InputError(
                    f'{desired.source}: {entry.source} renames project "{desired.project}" to "{entry.name}". Use the new name '
                    "in both places."
                )
            if project is None and desired.present and to_nfc(desired.project) in self.context.state.personal_names:
                raise InputError(personal_project_error(desired.project))
            if project is None and self.context.desired.create_projects and desired.present:
                project = self.projects.create(desired.project)
            self.projects.by_reference[desired.project] = project
        return self.projects.by_reference[desired.project]

    def _invited(self, desired: DesiredMember) -> User | None:
        """Plan the invitation of a user who does not exist and has no entry in the list, if the task may invite."""
        if self.context.desired.missing_users == FAIL or not desired.present or desired.user in self._listed_users:
            return None
        return (
            self.users.invite(DesiredUser(desired.user, source=desired.source), None) if "@" in desired.user else None
        )

    @cached_property
    def _listed_leavers(self) -> set[str]:
        return {desired.user for desired in self.context.desired.users if desired.status == LEAVER}

    @cached_property
    def _listed_users(self) -> set[str]:
        """Return the users who have their own entries in the list, by which they are invited if need be."""
        return {desired.user for desired in self.context.desired.users if desired.gives_access}

    def _refuse_missing(self, desired: DesiredMember, project: Project | None, user: User | None) -> None:
        if project is None:
            self.context.problems.add(missing_project(self.context.state, desired.project))
        # If the invitation of a listed user is impossible, an earlier problem says why.
        if user is None and desired.user not in self._listed_users:
            self.context.problems.add(self.users.missing(desired.user))

    def _note_missing(self, desired: DesiredMember, project: Project | None, user: User | None) -> None:
        """Note which project or user may be meant by an absence, if one does not exist and one has a similar name.

        Rules remove memberships of many users and projects. `unmatched` of n8n_access lists their unknown projects.
        """
        if desired.rule or desired.ended:
            return
        if project is None:
            self.context.note_missing_project(desired.project)
        # For a single user, the module notes it, because it reads the other users only for that.
        if user is None and self.context.desired.policy is not None:
            self.context.note_missing_user(desired.user)


def _ended_grant(desired: DesiredMember, before: str) -> str:
    """Return the end of the grant that gave the present role, or "" if the role is from elsewhere."""
    ends = [
        grant.ends.text
        for grant in desired.ended_grants
        if grant.ends is not None and plain_slug(grant.role or "", "project") == before
    ]
    return ends[0] if ends else ""


def _contradiction(project: Project, user: User, given: DesiredMember, absent: DesiredMember) -> str:
    return (
        f'{user.email} cannot both have the role {given.role} and be absent in project "{project.name}" ({project.id}): '
        f"{given.source} and {absent.source}."
    )
