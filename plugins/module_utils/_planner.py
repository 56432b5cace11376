# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired and present state in, an ordered plan out. PURE: no call, no Ansible, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property

from ._errors import InputError
from ._losses import (
    carried_away,
    check_leaver,
    check_possessions,
    deletion,
    lost_membership,
    no_admin,
    refuse_possessions,
    role_change,
)
from ._model import (
    CHAT_USER,
    MEMBER,
    OWNER,
    PROJECT_ADMIN,
    Member,
    Project,
    State,
    User,
    is_demotion,
    role_slug,
    the_one,
)
from ._plan import Change, Plan, without_admin
from ._wish import MemberWish, Problems, ProjectWish, UserWish, Wish


def plan(state: State, wish: Wish) -> Plan:
    """Return the changes that make `wish` true of `state`, each with its reason.

    Raises InputError with everything that is wrong: what does not exist and may not be created, what is ambiguous,
    roles that nobody can be given, a project that would lose its last admin, an owner or the key's own user about to
    be deleted, and somebody about to be deleted who owns something or may own something that the server does not show.
    """
    draft = _Draft(state, wish)
    for user in wish.users:
        with draft.problems:
            draft.user(user)
    for project in wish.projects:
        with draft.problems:
            draft.project(project)
    for member in wish.members:
        with draft.problems:
            draft.member(member)
    draft.check_admins()
    draft.problems.refuse()
    return Plan.of(state, draft.changes, draft.notes)


@dataclass
class _Draft:
    state: State
    wish: Wish
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    # Who and what this plan creates, so that members can be planned in them.
    new_users: dict[str, User] = field(default_factory=dict)
    new_projects: dict[str, Project] = field(default_factory=dict)
    given: dict[tuple[str, str], tuple[str, MemberWish]] = field(default_factory=dict)
    becoming_chat_users: set[str] = field(default_factory=set)

    def user(self, wish: UserWish) -> None:
        user = self.state.find_user(wish.user)
        if not wish.present:
            if user is not None:
                self._delete_user(user)
            return
        role = role_slug(wish.role, "global", self.state.roles, wish.where) if wish.role is not None else None
        if user is None:
            self._invite(wish, role)
            return
        if user.is_pending and self.wish.resend_invite:
            self.changes.append(
                Change(
                    "invite_user",
                    user.email,
                    before=user.role,
                    after=user.role,
                    reason="the invitation is sent again",
                    user_id=user.id,
                )
            )
        if role is not None and role != user.role:
            self._change_role(user, role, wish.where)

    def _invite(self, wish: UserWish, role: str | None) -> None:
        if not self.wish.create_users or "@" not in wish.user:
            raise InputError(missing_user(wish.user))
        if role == OWNER:
            raise InputError(f"{wish.where}: {wish.user} cannot be invited as {OWNER}: an instance has one owner.")
        self.new_users[wish.user] = User("", wish.user, role or MEMBER, is_pending=True)
        self.changes.append(Change("invite_user", wish.user, after=role or MEMBER, reason="no user has this email yet"))

    def _change_role(self, user: User, role: str, where: str) -> None:
        if role == OWNER:
            raise InputError(
                f"{where}: {user.email} cannot be made {OWNER}: ownership of an instance is not given by this API."
            )
        who = self.state.who_is_protected(user)
        if who:
            if not self.wish.is_list:
                raise InputError(f"{where}: {user.email} is {who}, whose instance role {user.role} cannot be changed.")
            self.notes.append(f"{where}: {user.email} is {who} and keeps {user.role}, in place of {role}.")
            return
        self.changes.append(role_change(user, role, "has another instance role"))
        if role == CHAT_USER:
            self.becoming_chat_users.add(user.id)
            kept = self.wished_projects.get(user.email, set())
            self.changes.extend(lost for lost in carried_away(self.state, user) if lost.project_id not in kept)
            if not self.wish.is_list:
                self.notes.append(
                    f"n8n takes all memberships of team projects from {user.email} with {CHAT_USER}. They are not shown, as no "
                    "project is read for one user; n8n_access and n8n_offboard show them."
                )

    @cached_property
    def wished_projects(self) -> dict[str, set[str]]:
        """The keys of the projects in which each user is wished, by email."""
        found: dict[str, set[str]] = {}
        for wish in self.wish.members:
            user = self.state.find_user(wish.user)
            found.setdefault(user.email if user else wish.user, set()).add(self._key(wish.project))
        return found

    def _delete_user(self, user: User) -> None:
        check_leaver(self.state, user)
        check_possessions(self.state, user)
        self.changes.extend(deletion(self.state, user, "is to be absent"))

    def project(self, wish: ProjectWish) -> None:
        if wish.id is not None:
            project = self.state.find_project(wish.id)
            if project is not None and project.id != wish.id:
                project = None
        else:
            project = the_one(wish.name or "", self.state.projects_named(wish.name or ""))
        if not wish.present:
            if project is not None:
                self._delete_project(project)
            return
        if project is None:
            project = self._adopted(wish)
        if project is None:
            if wish.id is not None:
                raise InputError(missing_project(self.state, wish.id))
            self._create(wish.name or "")
        elif wish.name is not None and project.name != wish.name:
            self._rename(project, wish.name)

    def _adopted(self, wish: ProjectWish) -> Project | None:
        matches = {project.id: project for name in wish.previous_names for project in self.state.projects_named(name)}
        if len(matches) > 1:
            names = ", ".join(f'"{project.name}" ({project.id})' for project in matches.values())
            raise InputError(
                f'{wish.where}: several projects have a previous name of "{wish.name}": {names}. Name the one by its id.'
            )
        return next(iter(matches.values()), None)

    def _create(self, name: str) -> Project:
        self.changes.append(Change("create_project", project=name, after=name, reason="no project has this name yet"))
        return self.new_projects.setdefault(name, Project("", name))

    def _rename(self, project: Project, name: str) -> None:
        for other in self.state.projects_named(name):
            raise InputError(
                f'Project "{project.name}" ({project.id}) cannot be renamed to "{name}": project {other.id} has that name already.'
            )
        self.changes.append(
            Change(
                "rename_project",
                project=project.name,
                before=project.name,
                after=name,
                reason="has another name",
                project_id=project.id,
            )
        )

    def _delete_project(self, project: Project) -> None:
        refuse_possessions(f'Project "{project.name}" ({project.id})', self.state.possessions[project.id])
        self.changes.append(
            Change(
                "delete_project",
                project=project.name,
                before=project.name,
                reason="is to be absent",
                project_id=project.id,
            )
        )

    def member(self, wish: MemberWish) -> None:
        # Told first, so that a list is refused once with everything that is wrong in it.
        role = None if wish.role is None else role_slug(wish.role, "project", self.state.roles, wish.where)
        project, user = self._project_of(wish), self._user_of(wish)
        if project is None or user is None:
            if wish.present:
                self._say_missing(wish, project, user)
            return
        current = self.state.find_member(project, user)
        if not wish.present:
            if current is not None:
                self.changes.append(lost_membership(project, current, "is to be no member"))
            return
        if role is None:
            if current is None:
                raise InputError(
                    f'User "{user.email}" is no member of project "{project.name}" yet: a new member needs a role.'
                )
            return
        if self._is_new(wish, role, project, user):
            self._give(project, user, current, role, wish.where)

    def _is_new(self, wish: MemberWish, role: str, project: Project, user: User) -> bool:
        """Whether this is the first to say something of a membership; raises InputError where the second contradicts it."""
        other, first = self.given.setdefault((project.id or project.name, user.email), (role, wish))
        if other != role:
            raise InputError(
                f'{user.email} cannot be both {other} and {role} in project "{project.name}" ({project.id}): '
                f'{first.where} names it "{first.project}", and {wish.where} names it "{wish.project}".'
            )
        return first is wish

    def _give(self, project: Project, user: User, current: Member | None, role: str, where: str) -> None:
        creator = user.id and user.id == self.state.myself and not project.id
        before = PROJECT_ADMIN if creator else current.role if current else None
        given_back = user.id in self.becoming_chat_users and current is not None
        if before == role and not given_back:
            return
        who = self.state.who_is_protected(user)
        if self.wish.is_list and before and who and is_demotion(before, role):
            self.notes.append(f"{where}: {user.email} is {who} and keeps {before}, in place of {role}.")
            return
        if given_back:
            action, reason = "add_member", f"is given back what becoming {CHAT_USER} takes away"
        elif before is None:
            action, reason = "add_member", "is no member yet"
        else:
            action, reason = "change_member_role", "has another role in the project"
        self.changes.append(
            Change(
                action,
                user.email,
                project.name,
                before,
                role,
                reason,
                user_id=user.id or None,
                project_id=project.id or None,
            )
        )

    def _project_of(self, wish: MemberWish) -> Project | None:
        found = self.new_projects.get(wish.project) or self.state.find_project(wish.project)
        return found or (self._create(wish.project) if self.wish.create_projects and wish.present else None)

    def _user_of(self, wish: MemberWish) -> User | None:
        return self.new_users.get(wish.user) or self.state.find_user(wish.user)

    def _say_missing(self, wish: MemberWish, project: Project | None, user: User | None) -> None:
        if project is None:
            self.problems.add(missing_project(self.state, wish.project))
        # Of somebody who was to be invited and could not be, it has been said why.
        if user is None and not any(asked.user == wish.user for asked in self.wish.users):
            self.problems.add(missing_user(wish.user))

    def _key(self, project: str) -> str:
        matches = self.state.find_projects(project)
        return matches[0].id if matches else f"new {project}"

    def check_admins(self) -> None:
        if self.wish.allow_no_admin:
            return
        # n8n takes memberships away before any is given back, and refuses to take that of a last admin.
        given_back = [
            change for change in self.changes if change.user_id in self.becoming_chat_users and change.project
        ]
        in_between = [change for change in self.changes if change not in given_back]
        in_between += [replace(change, action="remove_member") for change in given_back if change.before]
        for changes in (self.changes, in_between):
            for key, name, admins in without_admin(self.state, changes):
                self.problems.add(no_admin(key, name, admins))


def missing_user(user: str) -> str:
    """Return the words for a user who is not there, with the way out."""
    return (
        f'User "{user}" does not exist: invite somebody by email, with n8n_user, or with n8n_access and create_users.'
    )


def missing_project(state: State, project: str) -> str:
    """Return the words for a project that is not there, with what may have been meant, or the way out."""
    names = {team.name.casefold().strip(): team.name for team in state.projects if team.is_team}
    alike = get_close_matches(project.casefold().strip(), names, n=1, cutoff=0.75)
    way_out = f'was "{names[alike[0]]}" meant?' if alike else "create it, with n8n_project, or with create_projects."
    return f'Project "{project}" does not exist: {way_out}'
