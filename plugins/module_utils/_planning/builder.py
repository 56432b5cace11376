# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in the making: one wish after the other becomes changes, notes or problems. PURE."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property

from .._changes.change import Change
from .._changes.handover import Handover
from .._desired.desired import AUTHORITATIVE, DesiredMember, DesiredProject, ListPolicy, DesiredUser, DesiredState
from .._desired.protection import Protection
from .._errors import InputError, ErrorCollector
from .._state.model import Member, Project, State, User, require_single
from .._state.names import composed, invitation_refusal, personal, project_name
from .._state.roles import CHAT_USER, MEMBER, OWNER, PROJECT_ADMIN, is_demotion, role_slug
from .._state.similar_names import SimilarEmails, missing_project_note
from .._text import quoted
from .deletion import handover_target, project_deletion, user_deletion
from .removal_changes import implied_removals, check_leaver, membership_removal, role_change


class PlanBuilder:
    """What is planned so far. The users whose ids are in `keep_role` are not made chat users, whatever the wish says."""

    def __init__(self, state: State, desired: DesiredState, keep_role: frozenset[str] = frozenset()) -> None:
        self.state = state
        self.desired = desired
        self.terms = desired.terms or ListPolicy()
        self.protection = Protection(self.terms, state)
        self.keep_role = keep_role
        self.changes: list[Change] = []
        self.problems = ErrorCollector()
        self.handovers: dict[str, Handover] = {}
        # Who and what this plan creates, so that members can be planned in them.
        self.new_users: dict[str, User] = {}
        self.new_projects: dict[str, Project] = {}
        # The entry of the list for a project, by the project's key.
        self.entry_by_project: dict[str, DesiredProject] = {}
        # The memberships that are wished: by the key of the project and the email of the user.
        self.wanted_roles: dict[str, dict[str, tuple[str, DesiredMember]]] = {}
        self._notes: dict[str, None] = {}
        self._staying: dict[str, list[str]] = {}
        self._project_by_reference: dict[str, Project | None] = {}
        # The projects of the list by the names that they are to have, in form NFC.
        self._project_by_listed_name: dict[str, Project] = {}
        self._slugs: dict[tuple[str, str], str] = {}
        self.becoming_chat_users: set[str] = set()
        # The ids of the users who are to lose all access.
        self.leavers: set[str] = set()
        # The invitations that n8n would refuse because of the address, a line for each.
        self._refused_addresses: dict[str, None] = {}

    def plan_desired(self) -> None:
        """Plan everything that is wished; what is wrong is collected in `problems`."""
        # Projects first, as they may have other names from now on.
        for project in self.desired.projects:
            with self.problems:
                self._project(project)
        for user in self.desired.users:
            with self.problems:
                self._user(user)
        for member in self.desired.members:
            with self.problems:
                self._member(member)
        self._refuse_addresses()

    def _refuse_addresses(self) -> None:
        """Add one problem that names every address that n8n refuses to invite: one of them blocks a whole batch."""
        if self._refused_addresses:
            self.problems.add(
                "n8n refuses to invite these email addresses. Correct each address, or remove its user from the list:\n"
                + "\n".join(self._refused_addresses)
            )

    def note(self, text: str) -> None:
        """Say something about what was asked for and is left alone."""
        self._notes[text] = None

    def note_staying(self, user: User, project: str) -> None:
        """Say that a protected user stays in a project whose list does not name them."""
        who = f"{user.email} is {self.protection.reason_for(user)}"
        self._staying.setdefault(who, []).append(quoted(project))

    def notes(self) -> list[str]:
        """Return everything that was said, what is the same of many projects in one sentence."""
        staying = [
            f"{who} and stays in {', '.join(sorted(projects)[:3])}{f' and {len(projects) - 3} more' if len(projects) > 3 else ''}, "
            "which the list does not say."
            for who, projects in sorted(self._staying.items())
        ]
        return [*self._notes, *staying]

    # Users

    def _user(self, desired: DesiredUser) -> None:
        user = self.state.find_user(desired.user)
        if not desired.present:
            if user is not None:
                self._delete_user(user)
            return
        if self._is_ignored(user.email if user else desired.user):
            return
        role = None if desired.role is None else self._slug(desired.role, "global", _source(desired, "role"))
        if user is None:
            self._invite(desired, role)
            return
        if user.is_pending and self.desired.resend_invite:
            self._check_address(user.email, desired)
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
            self._change_role(user, role, desired)

    def _is_ignored(self, email: str) -> bool:
        if not self.protection.ignores(email):
            return False
        self.note(f"{email} is listed, and is left alone as ignored_users says.")
        return True

    def _invite(self, desired: DesiredUser, role: str | None) -> User:
        if not self.desired.create_users or "@" not in desired.user:
            raise InputError(self._missing_user(desired.user))
        self._check_address(desired.user, desired)
        if role == OWNER:
            raise InputError(
                f"{desired.source}: {desired.user} cannot be invited as {OWNER}: an instance has one owner."
            )
        user = User("", desired.user, role or MEMBER, is_pending=True)
        self.changes.append(
            Change("invite_user", user.email, after=user.role, reason=_by("no user has this email yet", desired.rule))
        )
        return self.new_users.setdefault(user.email, user)

    def _check_address(self, email: str, desired: DesiredUser) -> None:
        """Remember why n8n would refuse to invite an address, with its place in the list."""
        refusal = invitation_refusal(email)
        if refusal:
            place = f"email ({email})" if self.desired.terms is None else desired.source
            self._refused_addresses[f"{place}: {refusal}."] = None

    def _change_role(self, user: User, role: str, desired: DesiredUser) -> None:
        if role == OWNER:
            raise InputError(
                f"{desired.source}: {user.email} cannot be made {OWNER}: ownership of an instance is not given by this API."
            )
        who = self.state.protected_as(user)
        if who and self.desired.terms is None:
            raise InputError(
                f"{desired.source}: {user.email} is {who}, whose instance role {user.role} cannot be changed."
            )
        if not who and is_demotion(user.role, role):
            who = self.protection.reason_for(user)
        if role == CHAT_USER and user.id in self.keep_role:
            who = "the last project:admin of a project"
        if who:
            self.note(f"{desired.source}: {user.email} is {who} and keeps {user.role}, in place of {role}.")
            return
        self.changes.append(role_change(user, role, _by("has another instance role", desired.rule)))
        if role == CHAT_USER:
            self.becoming_chat_users.add(user.id)
            kept = self._wished_projects.get(user.email, set())
            self.changes.extend(lost for lost in implied_removals(self.state, user) if lost.project_id not in kept)
            if self.desired.terms is None:
                self.note(
                    f"n8n takes all memberships of team projects from {user.email} with {CHAT_USER}. They are not shown, as no "
                    "project is read for one user; n8n_access and n8n_offboard show them."
                )

    @cached_property
    def _wished_projects(self) -> dict[str, set[str]]:
        """The ids of the projects in which each user is wished, by email."""
        found: dict[str, set[str]] = {}
        for desired in self.desired.members:
            user = self.state.find_user(desired.user)
            known = [project for project in (self._known(desired.project),) if project]
            for project in known or self.state.find_projects(desired.project):
                found.setdefault(user.email if user else desired.user, set()).add(project.id)
        return found

    def _delete_user(self, user: User) -> None:
        check_leaver(self.state, user)
        self.leavers.add(user.id)
        handover_options = self.desired.handover_options
        target = handover_target(self.state, handover_options)
        changes, handover = user_deletion(self.state, user, "is to be absent", target)
        self.changes.extend(changes)
        self._hand_over(user.id, handover)

    def _hand_over(self, owner: str, handover: Handover | None) -> None:
        if handover is not None:
            self.handovers[owner] = handover
            self._notes.update(dict.fromkeys(handover.notes))

    # Projects

    def _project(self, desired: DesiredProject) -> None:
        if desired.id is not None:
            project = self.state.find_project(desired.id)
            if project is not None and project.id != desired.id:
                project = None
        else:
            project = require_single(desired.name or "", self.state.projects_named(desired.name or ""))
        if not desired.present:
            if project is not None:
                self._delete_project(project)
            elif desired.id is None:
                self._note_missing_project(desired.name or "")
            return
        if project is None:
            project = self._adopted(desired)
        if project is None:
            if desired.id is not None or not self.desired.create_projects:
                raise InputError(missing_project(self.state, desired.reference))
            project = self._create(desired.name or "")
        elif desired.name is not None and composed(project.name) != composed(desired.name):
            self._rename(project, desired)
        other = self.entry_by_project.setdefault(project.key, desired)
        if other is not desired:
            raise InputError(
                f'{other.source} and {desired.source} are both project {project.id}, "{project.name}": name it once. If another one is '
                "to get its name, name both by their ids."
            )
        if desired.id is not None:
            self._project_by_reference[desired.id] = project
        # A name that is another's too, or the id of another, does not mean this one.
        if desired.name is not None and self._called_now_and_then(desired.name) <= {project}:
            self._project_by_reference[desired.name] = project
            self._project_by_listed_name[composed(desired.name)] = project

    def _known(self, reference: str) -> Project | None:
        """Return the project that the list calls so, or by the same name in another Unicode form, unless n8n has that form."""
        found = self._project_by_reference.get(reference)
        if found is None and not self.state.is_named(reference):
            found = self._project_by_listed_name.get(composed(reference))
        return found

    @cached_property
    def _losing_their_names(self) -> set[Project]:
        """The projects, told by their ids, whose names are free for others: n8n does not mind if two have one in between."""
        names = {
            desired.id: composed(desired.name)
            for desired in self.desired.projects
            if desired.id and desired.name and desired.present
        }
        return {
            project
            for project in self.state.projects
            if names.get(project.id, composed(project.name)) != composed(project.name)
        }

    def _called_now_and_then(self, name: str) -> set[Project]:
        """Return the projects that `name` means now, but for those that lose that name by this plan."""
        found = self.state.find_projects(name)
        return {project for project in found if project.id == name or project not in self._losing_their_names}

    def _adopted(self, desired: DesiredProject) -> Project | None:
        matches = {
            project.id: project for name in desired.previous_names for project in self.state.projects_named(name)
        }
        if len(matches) > 1:
            names = ", ".join(f'"{project.name}" ({project.id})' for project in matches.values())
            raise InputError(
                f'{desired.source}: several projects have a previous name of "{desired.name}": {names}. Name the one by its id.'
            )
        return next(iter(matches.values()), None)

    def _create(self, name: str) -> Project:
        key = composed(name)
        if key not in self.new_projects:
            self.changes.append(
                Change("create_project", project=name, after=name, reason="no project has this name yet")
            )
            self.new_projects[key] = Project("", name)
        return self.new_projects[key]

    def _rename(self, project: Project, desired: DesiredProject) -> None:
        name = project_name(desired.name, desired.source)
        named = self._known(name)
        bearers = [other for other in self.state.projects_named(name) if other not in self._losing_their_names]
        for other in (*bearers, *([named] if named else ())):
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
        handover_options = self.desired.handover_options
        target = handover_target(self.state, handover_options)
        changes, handover = project_deletion(self.state, project, target)
        self.changes.extend(changes)
        self._hand_over(project.id, handover)

    # Members

    def _member(self, desired: DesiredMember) -> None:
        # Told first, so that a list is refused once with everything that is wrong in it.
        role = (
            None
            if desired.role is None
            else self._slug(desired.role, "project", _source(desired, f"project {quoted(desired.project)}"))
        )
        known = self.state.find_user(desired.user)
        # Before the project: for somebody who is left alone none is created.
        if self._is_ignored(known.email if known else desired.user):
            return
        project, user = self._project_of(desired), self._user_of(desired)
        if project is None or user is None:
            if desired.present:
                self._say_missing(desired, project, user)
            elif project is None:
                self._note_missing_project(desired.project)
            return
        current = self.state.find_member(project, user)
        if not desired.present:
            if current is not None:
                self.changes.append(membership_removal(project, current, "is to be no member"))
            return
        if role is None:
            if current is None:
                raise InputError(
                    f'User "{user.email}" is no member of project "{project.name}" yet: a new member needs a role.'
                )
            return
        if self._is_new(desired, role, project, user):
            self._give(project, user, current, role, desired)

    def _is_new(self, desired: DesiredMember, role: str, project: Project, user: User) -> bool:
        """Whether this is the first to say something of a membership; raises InputError where the second contradicts it."""
        other, first = self.wanted_roles.setdefault(project.key, {}).setdefault(user.email, (role, desired))
        if other != role:
            raise InputError(
                f'{user.email} cannot be both {other} and {role} in project "{project.name}" ({project.id}): '
                f'{first.source} names it "{first.project}", and {desired.source} names it "{desired.project}".'
            )
        return first is desired

    def _give(self, project: Project, user: User, current: Member | None, role: str, desired: DesiredMember) -> None:
        creator = not project.id and bool(user.id) and user.id == self.state.own_user_id
        before = PROJECT_ADMIN if creator else current.role if current else None
        after_role_change = user.id in self.becoming_chat_users
        if before == role and not (after_role_change and current):
            return
        who = "" if self.desired.terms is None else self.protection.reason_for(user)
        if creator and self.desired.authority(self.entry_by_project.get(project.key)) == AUTHORITATIVE:
            # Only an authoritative list takes from its user what comes with the creation of a project.
            who = self.protection.pattern_for(user)
        if before and who and is_demotion(before, role):
            self.note(f"{desired.source}: {user.email} is {who} and keeps {before}, in place of {role}.")
            return
        if after_role_change and current:
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
                _by(reason, desired.rule),
                user_id=user.id or None,
                project_id=project.id or None,
                after_role_change=after_role_change,
            )
        )

    def _project_of(self, desired: DesiredMember) -> Project | None:
        if desired.project not in self._project_by_reference:
            project = self._known(desired.project) or self.state.find_project(desired.project)
            entry = self.entry_by_project.get(project.key) if project else None
            if (
                project
                and entry
                and entry.name
                and desired.project != project.id
                and composed(desired.project) != composed(entry.name)
            ):
                # Once it is renamed, the next run would not find it by that name, and would create it.
                raise InputError(
                    f'{desired.source}: project "{desired.project}" is to be "{entry.name}" by {entry.source}: name it so in both.'
                )
            if project is None and desired.present and composed(desired.project) in self.state.personal_names:
                raise InputError(personal(desired.project))
            if project is None and self.desired.create_projects and desired.present:
                project = self._create(desired.project)
            self._project_by_reference[desired.project] = project
        return self._project_by_reference[desired.project]

    def _user_of(self, desired: DesiredMember) -> User | None:
        user = self.new_users.get(desired.user) or self.state.find_user(desired.user)
        if user is None and self.desired.create_users and desired.present and desired.user not in self._asked:
            if "@" in desired.user:
                return self._invite(DesiredUser(desired.user, source=desired.source), None)
        return user

    @cached_property
    def _asked(self) -> set[str]:
        """The users that have a wish of their own."""
        return {desired.user for desired in self.desired.users}

    def _note_missing_project(self, name: str) -> None:
        """Say which project may be meant by one that does not exist and is to be absent, if one has a similar name."""
        note = missing_project_note(name, (project.name for project in self.state.projects if project.is_team))
        if note:
            self.note(note)

    def _say_missing(self, desired: DesiredMember, project: Project | None, user: User | None) -> None:
        if project is None:
            self.problems.add(missing_project(self.state, desired.project))
        # Of somebody who was to be invited and could not be, it has been said why.
        if user is None and desired.user not in self._asked:
            self.problems.add(self._missing_user(desired.user))

    def _missing_user(self, user: str) -> str:
        hint = self._emails.hint(user) if "@" in user else ""
        return f"{missing_user(user)} {hint}".rstrip()

    @cached_property
    def _emails(self) -> SimilarEmails:
        return SimilarEmails(user.email for user in self.state.users)

    def _slug(self, role: str, kind: str, source: str) -> str:
        """Return the full slug of a role, found out once for all who get it."""
        if (kind, role) not in self._slugs:
            self._slugs[kind, role] = role_slug(role, kind, self.state.roles, source)
        return self._slugs[kind, role]


def missing_user(user: str) -> str:
    """Return the words for a user who is not there, with the way out."""
    return (
        f'User "{user}" does not exist: invite somebody by email, with n8n_user, or with n8n_access and create_users.'
    )


def missing_project(state: State, project: str) -> str:
    """Return the words for a project that is not there, with what may have been meant, or the way out."""
    names = {composed(team.name).casefold().strip(): team.name for team in state.projects if team.is_team}
    alike = get_close_matches(composed(project).casefold().strip(), names, n=1, cutoff=0.75)
    hint = f'was "{names[alike[0]]}" meant?' if alike else "create it, with n8n_project, or with create_projects."
    return f'Project "{project}" does not exist: {hint}'


def _source(desired: DesiredUser | DesiredMember, key: str) -> str:
    """Return where a role was written: once in a rule for many people, else where somebody is named."""
    return f"rule {quoted(desired.rule)}, {key}" if desired.rule else desired.source


def _by(reason: str, rule: str) -> str:
    return f"{reason}, by rule {quoted(rule)}" if rule else reason
