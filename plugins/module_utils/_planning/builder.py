# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in the making: one wish after the other becomes changes, notes or problems. PURE."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property

from .._changes.change import Change
from .._changes.handover import Handover
from .._desired.desired import AUTHORITATIVE, MemberWish, ProjectWish, Terms, UserWish, Wish
from .._desired.protection import Shield
from .._errors import InputError, Problems
from .._state.model import Member, Project, State, User, the_one
from .._state.names import composed, invitation_refusal, personal, project_name
from .._state.roles import CHAT_USER, MEMBER, OWNER, PROJECT_ADMIN, is_demotion, role_slug
from .._state.similar_names import SimilarEmails, missing_project_note
from .._text import quoted
from .deletion import disposal_of, project_deletion, user_deletion
from .removal_changes import carried_away, check_leaver, lost_membership, role_change


class Draft:
    """What is planned so far. The users whose ids are in `keep_role` are not made chat users, whatever the wish says."""

    def __init__(self, state: State, wish: Wish, keep_role: frozenset[str] = frozenset()) -> None:
        self.state = state
        self.wish = wish
        self.terms = wish.terms or Terms()
        self.shield = Shield(self.terms, state)
        self.keep_role = keep_role
        self.changes: list[Change] = []
        self.problems = Problems()
        self.handovers: dict[str, Handover] = {}
        # Who and what this plan creates, so that members can be planned in them.
        self.new_users: dict[str, User] = {}
        self.new_projects: dict[str, Project] = {}
        # The entry of the list for a project, by the project's key.
        self.entries: dict[str, ProjectWish] = {}
        # The memberships that are wished: by the key of the project and the email of the user.
        self.given: dict[str, dict[str, tuple[str, MemberWish]]] = {}
        self._notes: dict[str, None] = {}
        self._staying: dict[str, list[str]] = {}
        self._called: dict[str, Project | None] = {}
        # The projects of the list by the names that they are to have, in form NFC.
        self._listed: dict[str, Project] = {}
        self._slugs: dict[tuple[str, str], str] = {}
        self.becoming_chat_users: set[str] = set()
        # The ids of the users who are to lose all access.
        self.leavers: set[str] = set()
        # The invitations that n8n would refuse because of the address, a line for each.
        self._refused_addresses: dict[str, None] = {}

    def take_wishes(self) -> None:
        """Plan everything that is wished; what is wrong is collected in `problems`."""
        # Projects first, as they may have other names from now on.
        for project in self.wish.projects:
            with self.problems:
                self._project(project)
        for user in self.wish.users:
            with self.problems:
                self._user(user)
        for member in self.wish.members:
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
        who = f"{user.email} is {self.shield.keeps(user)}"
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

    def _user(self, wish: UserWish) -> None:
        user = self.state.find_user(wish.user)
        if not wish.present:
            if user is not None:
                self._delete_user(user)
            return
        if self._is_ignored(user.email if user else wish.user):
            return
        role = None if wish.role is None else self._slug(wish.role, "global", _source(wish, "role"))
        if user is None:
            self._invite(wish, role)
            return
        if user.is_pending and self.wish.resend_invite:
            self._check_address(user.email, wish)
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
            self._change_role(user, role, wish)

    def _is_ignored(self, email: str) -> bool:
        if not self.shield.ignores(email):
            return False
        self.note(f"{email} is listed, and is left alone as ignored_users says.")
        return True

    def _invite(self, wish: UserWish, role: str | None) -> User:
        if not self.wish.create_users or "@" not in wish.user:
            raise InputError(self._missing_user(wish.user))
        self._check_address(wish.user, wish)
        if role == OWNER:
            raise InputError(f"{wish.where}: {wish.user} cannot be invited as {OWNER}: an instance has one owner.")
        user = User("", wish.user, role or MEMBER, is_pending=True)
        self.changes.append(
            Change("invite_user", user.email, after=user.role, reason=_by("no user has this email yet", wish.rule))
        )
        return self.new_users.setdefault(user.email, user)

    def _check_address(self, email: str, wish: UserWish) -> None:
        """Remember why n8n would refuse to invite an address, with its place in the list."""
        refusal = invitation_refusal(email)
        if refusal:
            place = f"email ({email})" if self.wish.terms is None else wish.where
            self._refused_addresses[f"{place}: {refusal}."] = None

    def _change_role(self, user: User, role: str, wish: UserWish) -> None:
        if role == OWNER:
            raise InputError(
                f"{wish.where}: {user.email} cannot be made {OWNER}: ownership of an instance is not given by this API."
            )
        who = self.state.who_is_protected(user)
        if who and self.wish.terms is None:
            raise InputError(f"{wish.where}: {user.email} is {who}, whose instance role {user.role} cannot be changed.")
        if not who and is_demotion(user.role, role):
            who = self.shield.keeps(user)
        if role == CHAT_USER and user.id in self.keep_role:
            who = "the last project:admin of a project"
        if who:
            self.note(f"{wish.where}: {user.email} is {who} and keeps {user.role}, in place of {role}.")
            return
        self.changes.append(role_change(user, role, _by("has another instance role", wish.rule)))
        if role == CHAT_USER:
            self.becoming_chat_users.add(user.id)
            kept = self._wished_projects.get(user.email, set())
            self.changes.extend(lost for lost in carried_away(self.state, user) if lost.project_id not in kept)
            if self.wish.terms is None:
                self.note(
                    f"n8n takes all memberships of team projects from {user.email} with {CHAT_USER}. They are not shown, as no "
                    "project is read for one user; n8n_access and n8n_offboard show them."
                )

    @cached_property
    def _wished_projects(self) -> dict[str, set[str]]:
        """The ids of the projects in which each user is wished, by email."""
        found: dict[str, set[str]] = {}
        for wish in self.wish.members:
            user = self.state.find_user(wish.user)
            known = [project for project in (self._known(wish.project),) if project]
            for project in known or self.state.find_projects(wish.project):
                found.setdefault(user.email if user else wish.user, set()).add(project.id)
        return found

    def _delete_user(self, user: User) -> None:
        check_leaver(self.state, user)
        self.leavers.add(user.id)
        bequest = self.wish.bequest
        disposal = disposal_of(self.state, bequest)
        changes, handover = user_deletion(self.state, user, "is to be absent", disposal, bequest.knows_transfer)
        self.changes.extend(changes)
        self._hand_over(user.id, handover)

    def _hand_over(self, owner: str, handover: Handover | None) -> None:
        if handover is not None:
            self.handovers[owner] = handover
            self._notes.update(dict.fromkeys(handover.notes))

    # Projects

    def _project(self, wish: ProjectWish) -> None:
        if wish.id is not None:
            project = self.state.find_project(wish.id)
            if project is not None and project.id != wish.id:
                project = None
        else:
            project = the_one(wish.name or "", self.state.projects_named(wish.name or ""))
        if not wish.present:
            if project is not None:
                self._delete_project(project)
            elif wish.id is None:
                self._note_missing_project(wish.name or "")
            return
        if project is None:
            project = self._adopted(wish)
        if project is None:
            if wish.id is not None or not self.wish.create_projects:
                raise InputError(missing_project(self.state, wish.reference))
            project = self._create(wish.name or "")
        elif wish.name is not None and composed(project.name) != composed(wish.name):
            self._rename(project, wish)
        other = self.entries.setdefault(project.key, wish)
        if other is not wish:
            raise InputError(
                f'{other.where} and {wish.where} are both project {project.id}, "{project.name}": name it once. If another one is '
                "to get its name, name both by their ids."
            )
        if wish.id is not None:
            self._called[wish.id] = project
        # A name that is another's too, or the id of another, does not mean this one.
        if wish.name is not None and self._called_now_and_then(wish.name) <= {project}:
            self._called[wish.name] = project
            self._listed[composed(wish.name)] = project

    def _known(self, reference: str) -> Project | None:
        """Return the project that the list calls so, or by the same name in another Unicode form, unless n8n has that form."""
        found = self._called.get(reference)
        if found is None and not self.state.is_named(reference):
            found = self._listed.get(composed(reference))
        return found

    @cached_property
    def _losing_their_names(self) -> set[Project]:
        """The projects, told by their ids, whose names are free for others: n8n does not mind if two have one in between."""
        names = {wish.id: composed(wish.name) for wish in self.wish.projects if wish.id and wish.name and wish.present}
        return {
            project
            for project in self.state.projects
            if names.get(project.id, composed(project.name)) != composed(project.name)
        }

    def _called_now_and_then(self, name: str) -> set[Project]:
        """Return the projects that `name` means now, but for those that lose that name by this plan."""
        found = self.state.find_projects(name)
        return {project for project in found if project.id == name or project not in self._losing_their_names}

    def _adopted(self, wish: ProjectWish) -> Project | None:
        matches = {project.id: project for name in wish.previous_names for project in self.state.projects_named(name)}
        if len(matches) > 1:
            names = ", ".join(f'"{project.name}" ({project.id})' for project in matches.values())
            raise InputError(
                f'{wish.where}: several projects have a previous name of "{wish.name}": {names}. Name the one by its id.'
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

    def _rename(self, project: Project, wish: ProjectWish) -> None:
        name = project_name(wish.name, wish.where)
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
        bequest = self.wish.bequest
        disposal = disposal_of(self.state, bequest)
        changes, handover = project_deletion(self.state, project, disposal, bequest.knows_transfer)
        self.changes.extend(changes)
        self._hand_over(project.id, handover)

    # Members

    def _member(self, wish: MemberWish) -> None:
        # Told first, so that a list is refused once with everything that is wrong in it.
        role = (
            None
            if wish.role is None
            else self._slug(wish.role, "project", _source(wish, f"project {quoted(wish.project)}"))
        )
        known = self.state.find_user(wish.user)
        # Before the project: for somebody who is left alone none is created.
        if self._is_ignored(known.email if known else wish.user):
            return
        project, user = self._project_of(wish), self._user_of(wish)
        if project is None or user is None:
            if wish.present:
                self._say_missing(wish, project, user)
            elif project is None:
                self._note_missing_project(wish.project)
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
            self._give(project, user, current, role, wish)

    def _is_new(self, wish: MemberWish, role: str, project: Project, user: User) -> bool:
        """Whether this is the first to say something of a membership; raises InputError where the second contradicts it."""
        other, first = self.given.setdefault(project.key, {}).setdefault(user.email, (role, wish))
        if other != role:
            raise InputError(
                f'{user.email} cannot be both {other} and {role} in project "{project.name}" ({project.id}): '
                f'{first.where} names it "{first.project}", and {wish.where} names it "{wish.project}".'
            )
        return first is wish

    def _give(self, project: Project, user: User, current: Member | None, role: str, wish: MemberWish) -> None:
        creator = not project.id and bool(user.id) and user.id == self.state.myself
        before = PROJECT_ADMIN if creator else current.role if current else None
        late = user.id in self.becoming_chat_users
        if before == role and not (late and current):
            return
        who = "" if self.wish.terms is None else self.shield.keeps(user)
        if creator and self.wish.authority(self.entries.get(project.key)) == AUTHORITATIVE:
            # Only an authoritative list takes from its user what comes with the creation of a project.
            who = self.shield.protects(user)
        if before and who and is_demotion(before, role):
            self.note(f"{wish.where}: {user.email} is {who} and keeps {before}, in place of {role}.")
            return
        if late and current:
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
                _by(reason, wish.rule),
                user_id=user.id or None,
                project_id=project.id or None,
                late=late,
            )
        )

    def _project_of(self, wish: MemberWish) -> Project | None:
        if wish.project not in self._called:
            project = self._known(wish.project) or self.state.find_project(wish.project)
            entry = self.entries.get(project.key) if project else None
            if (
                project
                and entry
                and entry.name
                and wish.project != project.id
                and composed(wish.project) != composed(entry.name)
            ):
                # Once it is renamed, the next run would not find it by that name, and would create it.
                raise InputError(
                    f'{wish.where}: project "{wish.project}" is to be "{entry.name}" by {entry.where}: name it so in both.'
                )
            if project is None and wish.present and composed(wish.project) in self.state.personal_names:
                raise InputError(personal(wish.project))
            if project is None and self.wish.create_projects and wish.present:
                project = self._create(wish.project)
            self._called[wish.project] = project
        return self._called[wish.project]

    def _user_of(self, wish: MemberWish) -> User | None:
        user = self.new_users.get(wish.user) or self.state.find_user(wish.user)
        if user is None and self.wish.create_users and wish.present and wish.user not in self._asked:
            if "@" in wish.user:
                return self._invite(UserWish(wish.user, where=wish.where), None)
        return user

    @cached_property
    def _asked(self) -> set[str]:
        """The users that have a wish of their own."""
        return {wish.user for wish in self.wish.users}

    def _note_missing_project(self, name: str) -> None:
        """Say which project may be meant by one that does not exist and is to be absent, if one has a similar name."""
        note = missing_project_note(name, (project.name for project in self.state.projects if project.is_team))
        if note:
            self.note(note)

    def _say_missing(self, wish: MemberWish, project: Project | None, user: User | None) -> None:
        if project is None:
            self.problems.add(missing_project(self.state, wish.project))
        # Of somebody who was to be invited and could not be, it has been said why.
        if user is None and wish.user not in self._asked:
            self.problems.add(self._missing_user(wish.user))

    def _missing_user(self, user: str) -> str:
        hint = self._emails.hint(user) if "@" in user else ""
        return f"{missing_user(user)} {hint}".rstrip()

    @cached_property
    def _emails(self) -> SimilarEmails:
        return SimilarEmails(user.email for user in self.state.users)

    def _slug(self, role: str, kind: str, where: str) -> str:
        """Return the full slug of a role, found out once for all who get it."""
        if (kind, role) not in self._slugs:
            self._slugs[kind, role] = role_slug(role, kind, self.state.roles, where)
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
    way_out = f'was "{names[alike[0]]}" meant?' if alike else "create it, with n8n_project, or with create_projects."
    return f'Project "{project}" does not exist: {way_out}'


def _source(wish: UserWish | MemberWish, key: str) -> str:
    """Return where a role was written: once in a rule for many people, else where somebody is named."""
    return f"rule {quoted(wish.rule)}, {key}" if wish.rule else wish.where


def _by(reason: str, rule: str) -> str:
    return f"{reason}, by rule {quoted(rule)}" if rule else reason
