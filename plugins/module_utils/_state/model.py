# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model users, projects, and members as n8n returns them, and the state that a task has read. PURE, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._errors import InputError
from .names import email_key, personal_project_error, project_key, to_nfc
from .owned_items import OwnedItems
from .roles import OWNER, Role


@dataclass(frozen=True)
class User:
    """A user of the instance.

    `is_pending` is true until the user accepts the invitation. `created_at` is the time at which the account was
    created, as n8n writes it. For a pending user it is the time of the first invitation.
    """

    id: str
    email: str
    role: str
    is_pending: bool = False
    first_name: str | None = None
    last_name: str | None = None
    created_at: str | None = None

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> User:
        """Return the user of one entry of GET /users?includeRole=true."""
        return cls(
            id=str(data["id"]),
            email=email_key(data.get("email") or ""),
            role=str(data.get("role") or ""),
            is_pending=bool(data.get("isPending")),
            first_name=data.get("firstName"),
            last_name=data.get("lastName"),
            created_at=data.get("createdAt"),
        )

    @property
    def never_signed_in(self) -> bool:
        """Return whether nothing shows that the invitation was accepted. A user who accepts it enters a name.

        n8n reports users of single sign-on, who have no password, as pending (read in 2.8.4). With SAML and LDAP the
        account has a name. With OIDC the account of an invited user has no name, so it is unknown whether this user has
        signed in.
        """
        return self.is_pending and not self.first_name

    def to_result(self) -> dict[str, Any]:
        """Return the value of `user` in results of modules."""
        return {
            "id": self.id or None,
            "email": self.email,
            "role": self.role,
            "is_pending": self.is_pending,
            "first_name": self.first_name,
            "last_name": self.last_name,
        }


@dataclass(frozen=True)
class Project:
    """A project, whose `type` is team or personal.

    The `creator_id` of a personal project is the id of the user who owns it. `created_at` is the time of creation as
    n8n writes it, in UTC, or "" if it was not read. Two such texts compare in the order of their times.
    """

    id: str
    name: str
    type: str = "team"
    creator_id: str | None = None
    created_at: str = ""

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Project:
        """Return the project of one entry of GET /projects."""
        creator = data.get("creatorId")
        return cls(
            id=str(data["id"]),
            name=str(data.get("name") or ""),
            type=str(data.get("type") or "team"),
            creator_id=str(creator) if creator else None,
            created_at=str(data.get("createdAt") or ""),
        )

    @property
    def key(self) -> str:
        """Return the key that distinguishes this project from all others, also before it is created."""
        return project_key(self.id, self.name)

    @property
    def is_team(self) -> bool:
        """Return whether users can be members of this project."""
        return self.type == "team"

    def to_result(self) -> dict[str, Any]:
        """Return the value of `project` in results of modules."""
        return {"id": self.id or None, "name": self.name, "type": self.type}


@dataclass(frozen=True)
class Member:
    """A user's membership of a project. `id` is the id of the user."""

    id: str
    email: str
    role: str

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Member:
        """Return the member of one entry of GET /projects/{id}/users (2.8.0 and later)."""
        return cls(id=str(data["id"]), email=email_key(data.get("email") or ""), role=str(data.get("role") or ""))

    def to_result(self) -> dict[str, Any]:
        """Return the value of `member` in results of modules."""
        return {"id": self.id or None, "email": self.email, "role": self.role}


@dataclass(frozen=True)
class State:
    """The part of an instance that has been read.

    The value None or an absent key means that something was not read. It never means that something does not exist.
    """

    url: str
    own_user_id: str | None = None
    users: tuple[User, ...] = ()
    projects: tuple[Project, ...] = ()
    members: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    roles: tuple[Role, ...] | None = None
    owned_items: Mapping[str, OwnedItems] = field(default_factory=dict)
    # A message about the scopes that the key lacks for the task, if n8n refused to list resources.
    scopes_hint: str = ""

    @cached_property
    def _users(self) -> Mapping[str, User]:
        # Ids come last, because an id takes precedence over an email.
        return {**{user.email: user for user in self.users if user.email}, **{user.id: user for user in self.users}}

    @cached_property
    def _projects(self) -> Mapping[str, Project]:
        return {project.id: project for project in self.projects}

    @cached_property
    def _named(self) -> Mapping[str, tuple[Project, ...]]:
        named: dict[str, tuple[Project, ...]] = {}
        for project in self.projects:
            if project.is_team:
                named[project.name] = (*named.get(project.name, ()), project)
        return named

    @cached_property
    def _nfc_names(self) -> Mapping[str, tuple[Project, ...]]:
        found: dict[str, tuple[Project, ...]] = {}
        for name, projects in self._named.items():
            key = to_nfc(name)
            found[key] = (*found.get(key, ()), *projects)
        return found

    @cached_property
    def _personal(self) -> Mapping[str, Project]:
        return {project.creator_id: project for project in self.projects if not project.is_team and project.creator_id}

    @cached_property
    def personal_names(self) -> frozenset[str]:
        """Return the names of personal projects in form NFC. n8n names them like Ada Lovelace <ada@example.com>."""
        return frozenset(to_nfc(project.name) for project in self.projects if not project.is_team)

    @cached_property
    def _memberships(self) -> Mapping[str, Mapping[str, Member]]:
        """Return members by user id and project id. The projects are in the order in which they were read."""
        found: dict[str, dict[str, Member]] = {}
        for project in self.projects:
            for member in self.members.get(project.id, ()) if project.is_team else ():
                found.setdefault(member.id, {})[project.id] = member
        return found

    def find_user(self, reference: str) -> User | None:
        """Return the user with that id or email (in any case), or None."""
        return self._users.get(reference) or self._users.get(email_key(reference))

    def find_projects(self, reference: str) -> tuple[Project, ...]:
        """Return the projects that a reference may mean.

        This is the project with that id. If there is none, it is the result of `projects_named`.
        """
        project = self._projects.get(reference)
        return (project,) if project else self.projects_named(reference)

    def projects_named(self, name: str) -> tuple[Project, ...]:
        """Return the team projects that a name means.

        This is the project with exactly that name. If there is none, it is all projects with that name in form NFC.
        """
        exact = self._named.get(name, ())
        return exact if len(exact) == 1 else self._nfc_names.get(to_nfc(name), ())

    def is_named(self, name: str) -> bool:
        """Return whether a team project has exactly that name."""
        return name in self._named

    def find_member(self, project: Project, user: User) -> Member | None:
        """Return the membership of a user in a team project, or None."""
        return self._memberships.get(user.id, {}).get(project.id)

    def memberships(self, user: User) -> list[tuple[Project, Member]]:
        """Return the team projects of a user with each membership. Only projects whose members were read count."""
        return [(self._projects[key], member) for key, member in self._memberships.get(user.id, {}).items()]

    def find_project(self, reference: str) -> Project | None:
        """Return the team project with that id or exact name, or None; raises InputError if several match."""
        project = require_single(reference, self.find_projects(reference))
        if project is not None and not project.is_team:
            raise InputError(personal_project_error(reference))
        return project

    def personal_project(self, user: User) -> Project | None:
        """Return the personal project of a user, or None if it was not read."""
        return self._personal.get(user.id)

    def protected_as(self, user: User) -> str:
        """Return why the role of a user cannot be removed: it is the owner, or the key's own user. Else return ""."""
        if user.role == OWNER:
            return "the owner of this n8n"
        return "the user whose API key is used" if user.id == self.own_user_id else ""


def require_single(name: str, projects: Sequence[Project]) -> Project | None:
    """Return the only project in `projects`, or None if there is none; raises InputError if there are several."""
    if len(projects) > 1:
        ids = ", ".join(sorted(project.id for project in projects))
        raise InputError(
            f'Project "{name}" exists {len(projects)} times, with the ids {ids}. Use the id instead of the name.'
        )
    return projects[0] if projects else None
