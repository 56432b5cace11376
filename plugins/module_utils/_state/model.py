# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, projects and members as n8n returns them, and the state that a task has read. PURE, and without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._errors import InputError
from .names import composed, email_key, personal, project_key
from .owned import OwnedItems
from .roles import OWNER, Role


@dataclass(frozen=True)
class User:
    """A user of the instance; `is_pending` until the invitation is accepted.

    `created_at` is when the account was made, as n8n writes it: for a pending user the time of the first invitation.
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
        """Whether nothing shows that the invitation was accepted: whoever accepts it gives a name.

        n8n takes somebody without a password for pending who came by single sign-on (read in 2.8.4). SAML and LDAP leave
        a name; OIDC leaves none with somebody who was invited, so there this cannot be known.
        """
        return self.is_pending and not self.first_name

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `user`."""
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
    """A project: `type` is team or personal. A personal project's `creator_id` is the id of the user whose it is.

    `created_at` is n8n's text of that moment, in UTC, "" where it was not read: two of them compare as the moments do.
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
        """What tells it from all others, also before it is created."""
        return project_key(self.id, self.name)

    @property
    def is_team(self) -> bool:
        """Whether people can be its members."""
        return self.type == "team"

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `project`."""
        return {"id": self.id or None, "name": self.name, "type": self.type}


@dataclass(frozen=True)
class Member:
    """A user's membership of a project; `id` is the user's."""

    id: str
    email: str
    role: str

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Member:
        """Return the member of one entry of GET /projects/{id}/users (2.8.0 and later)."""
        return cls(id=str(data["id"]), email=email_key(data.get("email") or ""), role=str(data.get("role") or ""))

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `member`."""
        return {"id": self.id or None, "email": self.email, "role": self.role}


@dataclass(frozen=True)
class State:
    """What has been read of an instance. `None` and absent keys are what was not read, never what does not exist."""

    url: str
    own_user_id: str | None = None
    users: tuple[User, ...] = ()
    projects: tuple[Project, ...] = ()
    members: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    roles: tuple[Role, ...] | None = None
    owned_items: Mapping[str, OwnedItems] = field(default_factory=dict)
    # What the key lacks for the task, in words, where n8n refused to list possessions.
    scopes_hint: str = ""

    @cached_property
    def _users(self) -> Mapping[str, User]:
        # Ids last, as they are matched first.
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
    def _composed(self) -> Mapping[str, tuple[Project, ...]]:
        found: dict[str, tuple[Project, ...]] = {}
        for name, projects in self._named.items():
            key = composed(name)
            found[key] = (*found.get(key, ()), *projects)
        return found

    @cached_property
    def _personal(self) -> Mapping[str, Project]:
        return {project.creator_id: project for project in self.projects if not project.is_team and project.creator_id}

    @cached_property
    def personal_names(self) -> frozenset[str]:
        """The names of personal projects in form NFC, which n8n calls like people: Ada Lovelace <ada@example.com>."""
        return frozenset(composed(project.name) for project in self.projects if not project.is_team)

    @cached_property
    def _memberships(self) -> Mapping[str, Mapping[str, Member]]:
        """Members by the id of the user and that of the project, projects in the order in which they were read."""
        found: dict[str, dict[str, Member]] = {}
        for project in self.projects:
            for member in self.members.get(project.id, ()) if project.is_team else ():
                found.setdefault(member.id, {})[project.id] = member
        return found

    def find_user(self, reference: str) -> User | None:
        """Return the user with that id or email (in any case), or None."""
        return self._users.get(reference) or self._users.get(email_key(reference))

    def find_projects(self, reference: str) -> tuple[Project, ...]:
        """Return the projects that a reference may mean: the one of that id, else those that `projects_named` returns."""
        project = self._projects.get(reference)
        return (project,) if project else self.projects_named(reference)

    def projects_named(self, name: str) -> tuple[Project, ...]:
        """Return the team projects that a name means: the one of that exact name, else all of that name in form NFC."""
        exact = self._named.get(name, ())
        return exact if len(exact) == 1 else self._composed.get(composed(name), ())

    def is_named(self, name: str) -> bool:
        """Whether a team project has that exact name."""
        return name in self._named

    def find_member(self, project: Project, user: User) -> Member | None:
        """Return the membership of a user in a team project, or None."""
        return self._memberships.get(user.id, {}).get(project.id)

    def memberships(self, user: User) -> list[tuple[Project, Member]]:
        """Return the team projects of a user, of those whose members were read, with the membership in each."""
        return [(self._projects[key], member) for key, member in self._memberships.get(user.id, {}).items()]

    def find_project(self, reference: str) -> Project | None:
        """Return the team project with that id or exact name, or None; raises InputError where that is not clear."""
        project = require_single(reference, self.find_projects(reference))
        if project is not None and not project.is_team:
            raise InputError(personal(reference))
        return project

    def personal_project(self, user: User) -> Project | None:
        """Return the personal project of a user, or None where it was not read."""
        return self._personal.get(user.id)

    def protected_as(self, user: User) -> str:
        """Return who somebody is whom nobody can take a role from: the owner, or the key's own user; "" for others."""
        if user.role == OWNER:
            return "the owner of this n8n"
        return "the user whose API key is used" if user.id == self.own_user_id else ""


def require_single(name: str, projects: Sequence[Project]) -> Project | None:
    """Return the one project of these, None where there is none; raises InputError where there are several."""
    if len(projects) > 1:
        ids = ", ".join(sorted(project.id for project in projects))
        raise InputError(
            f'Project "{name}" exists {len(projects)} times, with the ids {ids}. Use the id instead of the name.'
        )
    return projects[0] if projects else None
