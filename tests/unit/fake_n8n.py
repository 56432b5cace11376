# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An in-memory n8n that behaves like n8n. tests/real/test_fake_n8n.py compares it with a real n8n."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.paging import Listing
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import SCOPES, scopes_of
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import BATCH, Invitation
from ansible_collections.lifecycle.n8n.tests.unit.fake_resources import LISTED, FakeResources
from ansible_collections.lifecycle.n8n.tests.unit.fault_injection import reading, writing

OLIVIA = "olivia@example.com"
GLOBAL_ROLES = tuple(f"global:{name}" for name in ("owner", "admin", "member", "chatUser"))
# The pattern of zod 3.25.76, which n8n 2.40.7 applies after isEmail of validator 13.15.22. n8n 2.8.4 has zod 3.25.67.
_ZOD_EMAIL = re.compile(
    r"^(?!\.)(?!.*\.\.)([A-Z0-9_'+\-\.]*)[A-Z0-9_+-]@([A-Z0-9][A-Z0-9\-]*\.)+[A-Z]{2,}\Z", re.IGNORECASE | re.ASCII
)
PROJECT_ROLES = tuple(f"project:{name}" for name in ("personalOwner", "admin", "editor", "viewer", "chatUser"))


class _NoPauseClient(Client):
    """A client that does not wait before it retries."""

    def pause(self, attempt: int, retry_after: str | None = None) -> None:
        """Return immediately."""


class FakeN8n(FakeResources):
    """A server with only its owner, who is the user of the API key.

    It behaves like n8n 2.8.4 if `floor` is true, and like n8n 2.40.7 otherwise.
    """

    def __init__(self, floor: bool = False, concurrency: int = 1) -> None:
        owner_id = str(UUID(int=1))
        claims = base64.urlsafe_b64encode(json.dumps({"sub": owner_id}).encode()).decode()
        key = f"head.{claims}.signature"
        super().__init__(_NoPauseClient(Connection("http://n8n.invalid", key, concurrency=concurrency)), floor)
        self.owner_id = owner_id
        self.users: dict[str, User] = {}
        self.roles_in: dict[str, dict[str, str]] = {}
        self.features_off: set[str] = set()
        self.quotas: dict[str, int] = {}
        # Names of custom instance roles by slug.
        self.custom_roles: dict[str, str] = {}
        # The latest invitation links by email. The API does not return them if n8n sends mail.
        self.links: dict[str, str] = {}
        self.sends_mail = False
        # N8N_INVITE_LINKS_EMAIL_ONLY: n8n sends links only by mail, even without a mail server.
        self.links_by_mail_only = False
        # The errors of the mail server by email ("" for all), and users missing from listings because pages overlap.
        self.mail_errors: dict[str, str] = {}
        self.not_listed: set[str] = set()
        self.add_user(OLIVIA, "global:owner")

    # Methods for tests, which are not counted as calls.

    def add_user(self, email: str, role: str = "global:member", pending: bool = False) -> str:
        """Add a user with a personal project, and return the id."""
        user = User(str(UUID(int=self._next())), email, role, is_pending=pending, created_at="2026-11-01T02:03:04.567Z")
        self.users[user.id] = user
        self._project(f"<{email}>", "personal", user.id, _in_personal(role))
        return user.id

    def add_team_project(self, name: str, **roles: str) -> str:
        """Add a team project with the owner as admin, and return its id. In `roles`, ada stands for ada@example.com."""
        project = self._project(name, "team", self.owner_id, "project:admin")
        self.roles_in[project.id].update(
            {self.id_of(f"{who}@example.com"): f"project:{role}" for who, role in roles.items()}
        )
        return project.id

    def accept(self, email: str) -> None:
        """Accept the invitation of a user."""
        self.users[self.id_of(email)] = replace(self.users[self.id_of(email)], is_pending=False)

    def rename(self, email: str, new: str) -> None:
        """Change the email of a user, as the user can do in the settings."""
        self.users[self.id_of(email)] = replace(self.users[self.id_of(email)], email=new)

    def id_of(self, email: str) -> str:
        """Return the id of the user with this email."""
        return next(user.id for user in self.users.values() if user.email == email)

    def personal_project_id(self, email: str) -> str:
        """Return the id of the personal project of a user."""
        owned_projects = [project for project in self.all_projects.values() if project.creator_id == self.id_of(email)]
        return next(project.id for project in owned_projects if not project.is_team)

    def instance_roles(self) -> dict[str, str]:
        """Return {email: instance role}."""
        return {user.email: user.role for user in self.users.values()}

    def memberships(self) -> dict[str, dict[str, str]]:
        """Return {team project's name: {email: role}}."""
        return {
            project.name: {self.users[user_id].email: role for user_id, role in self.roles_in[project.id].items()}
            for project in self.all_projects.values()
            if project.is_team
        }

    # Reading

    @reading
    def list_users(self) -> Listing:
        self._check_users()
        self._check_shown("/users")
        listed = [user for user in self.users.values() if user.email not in self.not_listed]
        names = {
            "id": "id",
            "email": "email",
            "first_name": "firstName",
            "role": "role",
            "is_pending": "isPending",
            "created_at": "createdAt",
        }
        items = tuple({key: getattr(user, name) for name, key in names.items()} for user in listed)
        return Listing(items, repeats=len(self.not_listed), pages=1)

    @reading
    def find_user(self, reference: str) -> User | None:
        self._check_users()
        if "user:read" in self.scopes_off:
            self._forbid("user:read")
        return next((user for user in self.users.values() if reference in (user.id, user.email)), None)

    @reading
    def list_projects(self) -> Listing:
        self._check_shown("/projects")
        self._need("feat:projectRole:admin")
        names = {
            "id": "id",
            "name": "name",
            "type": "type",
            "creator_id": "creatorId",
            "created_at": "createdAt",
        }
        listed = self.all_projects.values()
        items = tuple({key: getattr(project, name) for name, key in names.items()} for project in listed)
        return Listing(items, repeats=0, pages=1)

    @reading
    def members(self, project_id: str) -> tuple[Member, ...]:
        self._need("feat:projectRole:admin")
        if project_id not in self.all_projects:
            self._refuse(404, f'Could not find project with ID "{project_id}"')
        members = self.roles_in[project_id].items()
        return tuple(Member(user_id, self.users[user_id].email, role) for user_id, role in members)

    def present_members(self, project_id: str) -> tuple[Member, ...]:
        """Return the members right before a write, as if another request had come in between."""
        return self.members(project_id)

    def members_of(self, project_ids: Sequence[str]) -> dict[str, tuple[Member, ...]]:
        return dict(zip(project_ids, self.client.in_parallel(self.members, project_ids)))

    def lists_roles(self) -> bool:
        return not self.floor

    @reading
    def find_roles(self) -> tuple[Role, ...] | None:
        slugs = GLOBAL_ROLES + PROJECT_ROLES
        roles = tuple(
            Role(slug, slug, slug.partition(":")[0], self._licensed(slug), scopes=frozenset({slug})) for slug in slugs
        )
        # These custom roles have no scopes.
        custom = (
            Role(slug, name, "global", custom=True, scopes=frozenset()) for slug, name in self.custom_roles.items()
        )
        return None if self.floor else (*roles, *custom)

    def granted_scopes(self) -> list[str] | None:
        return None if self.floor else sorted(self._all_scopes() - self.scopes_off)

    def refused_scopes(self, calls: Iterable[str]) -> set[str]:
        return {f"{listed}:list" for listed in LISTED.values()} & self.scopes_off & self._scopes_of(calls)

    @reading
    def missing_scopes(self, calls: Iterable[str]) -> list[str]:
        lacking = self._scopes_of(calls) & self.scopes_off
        return [] if self.floor else sorted(lacking)

    # Writing

    @writing
    def invite(self, roles: Mapping[str, str], again: bool = False) -> dict[str, Invitation]:
        assert len(roles) <= BATCH
        self._check_addresses(roles)
        self._check_global(roles.values())
        if "global:admin" in roles.values() and not self._licensed("global:admin"):
            without = "without advanced permissions. Please upgrade to a license that includes this feature."
            self._refuse(403, f"Cannot invite admin user {without}", floor=400)
        if "users" in self.quotas:
            self._refuse(403, "Maximum number of users reached", floor=400)
        active = {user.email for user in self.users.values() if not user.is_pending}
        return {email: self._invited(email, role) for email, role in roles.items() if email not in active}

    def _check_addresses(self, emails: Iterable[str]) -> None:
        """Refuse all emails if one is invalid. Two libraries check them, and only the first names the position."""
        emails = list(emails)
        for number, email in enumerate(emails):
            if not _is_email(email):
                self._refuse(400, f'request/body/{number}/email must match format "email"')
        if not all(_ZOD_EMAIL.match(email) for email in emails):
            self._refuse(400, "Invalid email")

    def _invited(self, email: str, role: str) -> Invitation:
        if email not in self.instance_roles():
            self.add_user(email, role, pending=True)
        # n8n creates the account before it sends the mail, and keeps the account if this fails.
        error = self.mail_errors.get(email) or self.mail_errors.get("")
        if error:
            return Invitation(self.id_of(email), error)
        # On 2.8.4 the link does not change while the invitation is pending.
        if not (self.floor and email in self.links):
            self.links[email] = f"http://n8n.invalid/signup?token=secret-{self._next()}"
        hidden = self.sends_mail or self.links_by_mail_only
        return Invitation(self.id_of(email), url=None if hidden else self.links[email], email_sent=self.sends_mail)

    @writing
    def create_project(self, name: str) -> Project:
        self._need("feat:projectRole:admin")
        most = self.quotas.get("maxTeamProjects", 10**6)
        if sum(project.is_team for project in self.all_projects.values()) >= most:
            quota_message = f"quota is already exhausted. You may have a maximum of {most} team projects."
            self._refuse(400, f"Attempted to create a new project but {quota_message}")
        project = self._project(name, "team", self.owner_id, "project:admin")
        self.created_project_ids.add(project.id)
        return project

    @writing
    def rename_project(self, project_id: str, name: str) -> None:
        self._check_team(project_id, floor=400)
        self.all_projects[project_id] = replace(self.all_projects[project_id], name=name)

    @writing
    def set_members(self, project_id: str, roles: Mapping[str, str]) -> None:
        assert len(roles) <= BATCH
        self._check_team(project_id)
        for role in roles.values():
            if role not in PROJECT_ROLES:
                self._refuse(400, f"Role {role} does not exist")
            if not self._licensed(role):
                self._refuse(400, f'Your instance is not licensed to use role "{role}".')
        if not roles.keys() <= self.users.keys():
            words = "SQLITE_CONSTRAINT: FOREIGN KEY constraint failed" if self.floor else "Internal server error"
            self._refuse(500, words, floor=400)
        self.roles_in[project_id].update(roles)

    @writing
    def remove_member(self, project_id: str, user_id: str) -> None:
        self._check_team(project_id)
        self.roles_in[project_id].pop(user_id, None)

    @writing
    def set_user_role(self, user_id: str, role: str) -> None:
        self._need("feat:advancedPermissions")
        self._check_global([role])
        if user_id not in self.users:
            self._refuse(404, "Target user not found", floor=400)
        if user_id == self.owner_id:
            words = "Owner cannot change role on global owner" if self.floor else "Cannot change your own global role"
            self._refuse(403, words, floor=400)
        # An existing chat user keeps memberships that were added later.
        if role == "global:chatUser" != self.users[user_id].role:
            self._leave_teams(user_id)
        self.users[user_id] = replace(self.users[user_id], role=role)
        self.roles_in[self.personal_project_id(self.users[user_id].email)][user_id] = _in_personal(role)

    @writing
    def delete_user(self, user_id: str) -> None:
        if user_id == self.owner_id:
            self._refuse(400, "Cannot delete your own user")
        if user_id in self.users:
            self._drop(self.personal_project_id(self.users[user_id].email))
            del self.users[user_id]
        # n8n also deletes the last admin of a project.
        for roles in self.roles_in.values():
            roles.pop(user_id, None)

    @writing
    def delete_project(self, project_id: str) -> None:
        self._need("feat:projectRole:admin")
        if project_id in self.all_projects and not self.all_projects[project_id].is_team:
            words = f'Can\'t delete project. Project with ID "{project_id}" is not a team project.'
            self._refuse(403, words, floor=400)
        self._drop(project_id)

    # Helper methods

    def _all_scopes(self) -> set[str]:
        return {scope for scopes in SCOPES.values() for scope in scopes.split(" or ")}

    def _scopes_of(self, calls: Iterable[str]) -> set[str]:
        return scopes_of(calls)

    def _need(self, feature: str) -> None:
        if feature in self.features_off:
            upgrade = f"To enable {feature}, please upgrade to a license that supports this feature."
            self._refuse(403, f"Your license does not allow for {feature}. {upgrade}")

    def _check_users(self) -> None:
        # With any limit of users in the license, n8n refuses API requests for users.
        if "users" in self.quotas:
            self._refuse(403, "/users path can only be used with a valid license. See https://n8n.io/pricing/")

    def _licensed(self, role: str) -> bool:
        feature = "feat:advancedPermissions" if role == "global:admin" else f"feat:projectRole:{role.partition(':')[2]}"
        return feature not in self.features_off

    def _check_global(self, roles: Iterable[str]) -> None:
        for role in roles:
            if role == "global:owner":
                self._refuse(400, "This global role value is not assignable")
            if role not in (*GLOBAL_ROLES, *self.custom_roles):
                self._refuse(400, f"Role {role} does not exist")

    def _check_team(self, project_id: str, floor: int = 0) -> None:
        self._need("feat:projectRole:admin")
        if project_id not in self.all_projects or not self.all_projects[project_id].is_team:
            self._refuse(404, f"Could not find project with ID: {project_id}", floor)

    def _leave_teams(self, user_id: str) -> None:
        teams = [project.id for project in self.all_projects.values() if project.is_team]
        for key in teams:
            if [member_id for member_id, role in self.roles_in[key].items() if role == "project:admin"] == [user_id]:
                self._refuse(400, f'Cannot downgrade user as they are the only project admin in project "{key}".')
        for key in teams:
            self.roles_in[key].pop(user_id, None)

    def _drop(self, project_id: str) -> None:
        super()._drop(project_id)
        self.all_projects.pop(project_id, None)
        self.roles_in.pop(project_id, None)

    def _project(self, name: str, kind: str, creator: str, role: str) -> Project:
        number = self._next()
        project = Project(f"project{number}", name, kind, creator, f"2026-11-21T09:30:{number:06}Z")
        self.all_projects[project.id] = project
        self.roles_in[project.id] = {creator: role}
        return project


def _in_personal(role: str) -> str:
    """Return the project role of a user with this instance role in their personal project."""
    return "project:viewer" if role == "global:chatUser" else "project:personalOwner"


def invites(email: str) -> bool:
    """Return whether n8n invites this email."""
    return _is_email(email) and _ZOD_EMAIL.match(email) is not None


def _is_email(text: str) -> bool:
    """Return the result of isEmail of validator 13.15.22 for the emails in the tests."""
    local, _at, domain = text.rpartition("@")
    *labels, top = domain.split(".")
    return (
        len(text) <= 254
        and len(local.encode()) <= 64
        and all(re.fullmatch(r"[a-z\d!#$%&'*+\-/=?^_`{|}~\u00a1-\ud7ff]+", part) for part in local.split("."))
        and bool(labels)
        and all(re.fullmatch(r"(?!-)[a-z\u00a1-\uff00\d-]{1,63}(?<!-)", part) for part in (*labels, top))
        and re.fullmatch(r"[a-z\u00a1-\ud7ff]{2,}|xn[a-z0-9-]{2,}", top) is not None
    )
