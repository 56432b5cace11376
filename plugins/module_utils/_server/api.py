# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the users, projects, members, and roles of n8n as methods, one for each request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .._errors import ApiError
from .._state.model import Member, Project, User
from .._state.names import email_key, to_nfc
from .._state.roles import Role
from .._state.scopes import scopes_of
from .._text import shortened
from .client import Client
from .data_table_api import DataTableApi
from .hints import has_scope
from .kept_data import MembersReading
from .paging import Listing, parsed, quoted_part, read_complete, read_pages, send_once
from .resource_api import ResourceApi

Item = TypeVar("Item")
# On SQLite, a call with about 1,000 relations or more is answered with HTTP 500. 750 invitations take 4 s (seen on
# 2.40.7).
BATCH = 250
# The listings of the whole instance. If n8n does not return the scopes of a key, they show which scopes are missing.
_LISTINGS = {
    "list_users": "/users",
    "list_projects": "/projects",
    "workflows": "/workflows",
    "credentials": "/credentials",
    "tables": "/data-tables",
    "variables": "/variables",
}
# n8n returns these texts if a user or a project to be deleted does not exist.
_NOT_FOUND_MESSAGES = ("not found in DB", "Could not find")


@dataclass(frozen=True)
class Invitation:
    """The result of one invitation: the id of the user, whose account exists then, and the error of the mail server.

    The link is a secret. It is None if n8n has sent it by mail, or is configured not to return links. It is lost if the
    response of n8n was lost.
    """

    user_id: str
    error: str = ""
    url: str | None = field(default=None, repr=False)
    is_lost: bool = False
    email_sent: bool = False


class Api:
    """The calls of one key on one server. `resources` and `data_tables` have the calls for these.

    `created_project_ids` are the ids of the projects that n8n has created for this object.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.data_tables = DataTableApi(client)
        self.resources = ResourceApi(client, self.data_tables, self.lists_roles)
        self.created_project_ids: set[str] = set()
        self._last_reading = MembersReading()

    # Reading.

    def list_users(self) -> Listing:
        """Return all pages of GET /users, with roles. Their order is undefined, so callers have to check `repeats`."""
        return read_pages(self.client, "/users", "list users", "list_users", {"includeRole": "true"})

    def find_user(self, reference: str) -> User | None:
        """Return the user with that id or email (in any case), or None."""
        path = f"/users/{quoted_part(reference)}"
        try:
            data = self.client.get(path, f"read the user {reference}", "find_user", {"includeRole": "true"})
        except ApiError as error:
            # 404 is also the response for a path that n8n does not have. Only these words are about a user.
            if error.status == 404 and "user" in error.server_message.lower():
                return None
            # If the reference is neither a UUID nor an email, n8n rejects its format (seen on 2.8.4 and 2.40.7).
            if error.status == 400 and 'format "identifier"' in error.server_message:
                return None
            raise
        return parsed(self.client, User.from_api, data, path)

    def list_projects(self) -> Listing:
        """Return all pages of GET /projects, including personal projects."""
        return read_complete(self.client, "/projects", "list projects", "list_projects")

    def members(self, project_id: str) -> tuple[Member, ...]:
        """Return the members of a project."""
        path = f"/projects/{quoted_part(project_id)}/users"
        pages = read_complete(self.client, path, f"list the members of project {project_id}", "members")
        members = tuple(Member.from_api(item) for item in pages.items)
        self._last_reading = MembersReading(project_id, members, self.client.requests)
        return members

    def present_members(self, project_id: str) -> tuple[Member, ...]:
        """Return the members right before a write. If the last request has read them, they are not read again."""
        reading = self._last_reading
        return reading.members if reading.is_current(project_id, self.client.requests) else self.members(project_id)

    def members_of(self, project_ids: Sequence[str]) -> dict[str, tuple[Member, ...]]:
        """Return the members of several projects by project id. Several projects are read at a time."""
        return dict(zip(project_ids, self.client.in_parallel(self.members, project_ids)))

    def find_roles(self) -> tuple[Role, ...] | None:
        """Return the assignable roles, or None if the server does not list roles (before 2.36). Read them only once."""
        kept = self.client.kept
        if kept.are_roles_read:
            kept.is_used = True
            return kept.roles
        try:
            kept.roles = parsed(self.client, _roles, self.client.get("/roles", "list roles", "find_roles"), "/roles")
        except ApiError as error:
            # On 2.35, only POST /roles exists.
            if error.status not in (404, 405):
                raise
        kept.are_roles_read = True
        return kept.roles

    def lists_roles(self) -> bool:
        """Return whether the server is n8n 2.36 or later, which lists roles. No other sign of the version is public."""
        try:
            return self.find_roles() is not None
        except ApiError as error:
            # The server has roles, and does not show them to this key.
            if error.status == 403:
                return True
            raise

    def granted_scopes(self) -> list[str] | None:
        """Return the scopes of the key, or None if n8n does not list them (before 2.14)."""
        return self.client.granted_scopes()

    def missing_scopes(self, calls: Iterable[str]) -> list[str]:
        """Return the scopes that the key lacks for these calls; none if n8n does not list scopes (before 2.14)."""
        granted = self.granted_scopes()
        needed = sorted(scopes_of(calls))
        return [scope for scope in needed if granted is not None and not has_scope(scope, granted)]

    def refused_scopes(self, calls: Iterable[str]) -> set[str]:
        """Return the scopes of the listings among `calls` that n8n refuses to this key. Each listing is requested."""

        def refused(call: str) -> str:
            path = _LISTINGS[call]
            try:
                self.client.get(path, f"read {path}", call, {"limit": 1})
            except ApiError as error:
                return error.scope
            return ""

        return set(filter(None, self.client.in_parallel(refused, [call for call in calls if call in _LISTINGS])))

    # Writing.

    def invite(self, roles: Mapping[str, str], again: bool = False) -> dict[str, Invitation]:
        """Invite the emails in `roles` (at most BATCH) with these instance roles; return the result of each, by email.

        `again` tells that these users are already invited. A user who has become active is not in the response.
        """
        body = [{"email": email, "role": role} for email, role in roles.items()]

        def read_again() -> dict[str, Invitation] | None:
            if again:
                # The existing users do not show whether the new invitation was sent. A third invitation is harmless.
                return None
            users = self.client.in_parallel(self.find_user, roles)
            # One call invites either all of them or none.
            return {user.email: Invitation(user.id, is_lost=True) for user in users if user} if all(users) else None

        def send() -> dict[str, Invitation]:
            answers = self.client.send("POST", "/users", f"invite {shortened(roles)}", "invite_user", body=body)
            return parsed(self.client, _invitations, answers, "/users")

        return send_once(self.client, send, read_again)

    def create_project(self, name: str) -> Project:
        """Create a team project whose name no other project has; the user of the key becomes its admin.

        If two creations run at the same time, n8n on PostgreSQL refuses one with HTTP 500 and does not create it
        (2.40.7).
        """
        self.client.kept.projects = ()

        def read_again() -> Project | None:
            projects = [Project.from_api(item) for item in self.list_projects().items]
            return next(
                (project for project in projects if project.is_team and to_nfc(project.name) == to_nfc(name)), None
            )

        def send() -> Project:
            data = self.client.send(
                "POST", "/projects", f'create project "{name}"', "create_project", body={"name": name}
            )
            project = parsed(self.client, Project.from_api, data, "/projects")
            self.created_project_ids.add(project.id)
            return project

        return send_once(self.client, send, read_again, repeat_500=True)

    def rename_project(self, project_id: str, name: str) -> None:
        """Rename a project."""
        self.client.kept.projects = ()
        path = f"/projects/{quoted_part(project_id)}"
        self.client.send("PUT", path, f'rename project {project_id} to "{name}"', "rename_project", body={"name": name})

    def set_members(self, project_id: str, roles: Mapping[str, str]) -> None:
        """Make the users whose ids are in `roles` (at most BATCH) members with these roles, with a single call."""
        # The order is the same for all tasks: n8n on PostgreSQL writes row by row, and two tasks would wait for each
        # other (2.40.7).
        body = {"relations": [{"userId": user_id, "role": role} for user_id, role in sorted(roles.items())]}
        path = f"/projects/{quoted_part(project_id)}/users"
        operation = f"set {len(roles)} member{'s' if len(roles) > 1 else ''} of project {project_id}"

        def read_again() -> bool | None:
            now = {member.id: member.role for member in self.members(project_id)}
            return True if all(now.get(user_id) == role for user_id, role in roles.items()) else None

        def send() -> bool:
            self.client.send("POST", path, operation, "set_members", body=body)
            return True

        send_once(self.client, send, read_again)

    def remove_member(self, project_id: str, user_id: str) -> None:
        """Remove a user from a project. If the user is not a member, nothing changes."""
        path = f"/projects/{quoted_part(project_id)}/users/{quoted_part(user_id)}"
        self.client.send("DELETE", path, f"remove user {user_id} from project {project_id}", "remove_member")

    def set_user_role(self, user_id: str, role: str) -> None:
        """Change the instance role of a user. The role global:chatUser also removes all memberships and API keys."""
        path = f"/users/{quoted_part(user_id)}/role"
        self.client.send(
            "PATCH", path, f"give user {user_id} the role {role}", "change_user_role", body={"newRoleName": role}
        )

    def delete_user(self, user_id: str) -> None:
        """Delete a user and DESTROY everything in the user's personal project."""
        path = f"/users/{quoted_part(user_id)}"
        try:
            _delete(self.client, path, f"delete user {user_id}", "delete_user")
        except ApiError as error:
            # n8n returns this error if another task deletes the same user (seen on 2.40.7 with PostgreSQL).
            if error.status != 500 or self.find_user(user_id) is not None:
                raise

    def delete_project(self, project_id: str) -> None:
        """Delete a project and DESTROY everything in it."""
        self.client.kept.projects = ()
        _delete(self.client, f"/projects/{quoted_part(project_id)}", f"delete project {project_id}", "delete_project")


def _delete(client: Client, path: str, operation: str, call: str) -> None:
    for attempt in range(client.connection.retries + 1):
        try:
            client.send("DELETE", path, operation, call)
            return
        except ApiError as error:
            # If the response to the first try was lost, the second try does not find the object: 404 on 2.40.7, 400 on
            # 2.8.4.
            if error.status in (400, 404) and any(words in error.server_message for words in _NOT_FOUND_MESSAGES):
                return
            # n8n returns this error for a moment after a workflow in the project was unpublished (read in 2.40.7).
            if attempt == client.connection.retries or "still being unpublished" not in error.server_message:
                raise
        client.pause(attempt)


def _roles(kinds: Any) -> tuple[Role, ...]:
    return tuple(Role.from_api(role) for roles in kinds.values() for role in roles)


def _invitations(answers: Any) -> dict[str, Invitation]:
    """Return the invitations in the response of POST /users, by email."""
    found: dict[str, Invitation] = {}
    for answer in answers or ():
        user = answer.get("user") or {}
        error, url = str(answer.get("error") or ""), user.get("inviteAcceptUrl") or None
        found[email_key(user.get("email"))] = Invitation(
            str(user.get("id") or ""), error, url, email_sent=bool(user.get("emailSent"))
        )
    return found


def batches(items: Iterable[Item]) -> list[list[Item]]:
    """Return `items` in lists of at most BATCH items."""
    everything = list(items)
    return [everything[start : start + BATCH] for start in range(0, len(everything), BATCH)]
