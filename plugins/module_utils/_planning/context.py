# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that the planners of users, projects, members and removals share while they make one plan. PURE."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from .._changes.change import Change
from .._changes.handover import Handover
from .._desired.desired import DesiredMember, DesiredProject, DesiredState, ListPolicy
from .._desired.grants import given_by, is_exception
from .._desired.protection import Protection
from .._errors import ErrorCollector
from .._state.model import Project, State, User
from .._state.roles import role_slug
from .._state.similar_names import SimilarEmails, missing_project_note, missing_user_note
from .._text import quoted, shortened


class PlanContext:
    """The plan so far, and the lookups that were made for it.

    The users whose ids are in `keep_role` do not become chat users, even if the desired state says so.
    """

    def __init__(self, state: State, desired: DesiredState, keep_role: frozenset[str] = frozenset()) -> None:
        self.state = state
        self.desired = desired
        self.policy = desired.policy or ListPolicy()
        self.protection = Protection(self.policy, state)
        self.keep_role = keep_role
        self.changes: list[Change] = []
        self.problems = ErrorCollector()
        self.handovers: dict[str, Handover] = {}
        # The users and projects that this plan creates, so that members can be planned for them.
        self.new_users: dict[str, User] = {}
        self.new_projects: dict[str, Project] = {}
        # The entry of the list for a project, by the key of the project.
        self.entry_by_project: dict[str, DesiredProject] = {}
        # The desired role and its entry, by the key of the project and the email of the user.
        self.wanted_roles: dict[str, dict[str, tuple[str, DesiredMember]]] = {}
        # The entries by which users are not to be members, by the key of the project and the email of the user.
        self.unwanted: dict[tuple[str, str], DesiredMember] = {}
        self.becoming_chat_users: set[str] = set()
        # The emails of people without an account, for whom the task waits.
        self.awaited: set[str] = set()
        # The emails that n8n refuses to invite and whose users are left out, each with the reason.
        self.refused_addresses: dict[str, str] = {}
        # The ids of the users who are to lose all access.
        self.leavers: set[str] = set()
        # The ids of the users of a list who depart: they get nothing, and their removals are planned as a whole.
        self.departing: set[str] = set()
        # The ids of those among them who do not get the instance role of the list either.
        self.without_role: set[str] = set()
        self._notes: dict[str, None] = {}
        self._staying: dict[str, list[str]] = {}
        # The names of missing projects for which a similar name was searched.
        self._missing_projects: set[str] = set()
        self._slugs: dict[tuple[str, str], str] = {}

    def note(self, text: str) -> None:
        """Add a note, for example about a requested change that the plan leaves out."""
        self._notes[text] = None

    def note_kept_member(self, user: User, project: str) -> None:
        """Note that a protected user stays in a project whose list does not name the user."""
        who = f"{user.email} is {self.protection.reason_for(user)}"
        self._staying.setdefault(who, []).append(quoted(project))

    def note_missing_project(self, name: str) -> None:
        """Note the project with a similar name, if one exists, for a missing project that is to be absent."""
        if name in self._missing_projects:
            return
        self._missing_projects.add(name)
        note = missing_project_note(name, (project.name for project in self.state.projects if project.is_team))
        if note:
            self.note(note)

    def note_missing_user(self, user: str) -> None:
        """Note the user with a similar email, if one exists, for a missing user who is to be absent from a project."""
        note = missing_user_note(user, self.similar_emails) if "@" in user else ""
        if note:
            self.note(note)

    def notes(self) -> list[str]:
        """Return all notes. A note that is the same for many projects is one sentence."""
        staying = [
            f"{who} and stays a member of {shortened(sorted(projects))}, although the list does not contain these memberships."
            for who, projects in sorted(self._staying.items())
        ]
        return [*self._notes, *staying]

    def is_ignored(self, email: str) -> bool:
        """Return whether a listed user matches ignored_users, and add a note if so."""
        if not self.protection.ignores(email):
            return False
        self.note(f"{email} is listed, but matches ignored_users and is not changed.")
        return True

    def is_ignored_project(self, name: str) -> bool:
        """Return whether a project matches ignored_projects, so that the list does not manage its members."""
        return self.protection.ignores_project(name)

    def hand_over(self, owner: str, handover: Handover | None) -> None:
        """Add the handover of the user or project with the id `owner`."""
        if handover is not None:
            self.handovers[owner] = handover
            self._notes.update(dict.fromkeys(handover.notes))

    def slug(self, role: str, kind: str, source: Callable[[], str]) -> str:
        """Return the full slug of a role, which is looked up once for all users who get the role.

        `source` returns the place where the role is written.
        """
        if (kind, role) not in self._slugs:
            self._slugs[kind, role] = role_slug(role, kind, self.state.roles, source())
        return self._slugs[kind, role]

    @cached_property
    def similar_emails(self) -> SimilarEmails:
        """Return the emails of all users that were read, in which similar emails can be found."""
        return SimilarEmails(user.email for user in self.state.users)


def with_rule(reason: str, rule: str) -> str:
    """Return the reason for a change, with the rule that it comes from."""
    return f"{reason}, {given_by(rule)}" if rule else reason


def role_source(entry_source: str, rule: str, key: str) -> str:
    """Return the place where a role is written: the part `key` of a rule, or else the entry of the list."""
    if is_exception(rule):
        # Many exceptions have the same reason.
        return f"{entry_source}, {rule}"
    return f"rule {quoted(rule)}, {key}" if rule else entry_source
