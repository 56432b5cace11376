# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake n8n of the unit tests behaves like the real n8n: the outcome of every step is the same on both."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from n8n_server.server import Server

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n

COLUMNS = (("s", "string"), ("n", "number"), ("b", "boolean"), ("d", "date"))
# Rows in the form in which n8n returns them, in the order of the columns.
ROWS = [
    {"s": "a", "n": 1.5, "b": True, "d": "2026-01-02T01:04:05.678Z"},
    {"s": None, "n": None, "b": None, "d": None},
    {"s": "", "n": 0, "b": False, "d": "1969-12-31T23:59:59.999Z"},
    {"s": "2026-01-02", "n": 12345678901234567000, "b": False, "d": None},
    {"s": "ü\"'\n\u2028 5", "n": -1e-7, "b": None, "d": "9999-12-31T23:59:59.999Z"},
]
UNKNOWN_ID = "11111111-1111-4111-8111-111111111111"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ADA, BO, CY, OLIVIA = (f"{name}@example.com" for name in ("ada", "bo", "cy", "olivia"))


class Instance(ABC):
    """The real or the fake n8n: its API, and actions that the collection does not perform."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.links: dict[str, str] = {}

    def user(self, email: str) -> str:
        found = self.api.find_user(email)
        return found.id if found else UNKNOWN_ID

    def projects(self) -> list[Project]:
        return [Project.from_api(item) for item in self.api.list_projects().items]

    def project(self, name: str) -> str:
        """Return the id of a team project by its name, or of a personal project by the email of its user."""
        found = [
            project.id for project in self.projects() if project.name == name or project.name.endswith(f"<{name}>")
        ]
        return [*found, "nothing"][0]

    def names(self) -> dict[str, str]:
        """Return the names of visible projects by id."""
        try:
            return {project.id: project.name.rpartition("<")[2] for project in self.projects()}
        except ApiError:
            return {}

    def invite(self, **roles: str) -> object:
        return self.invite_addresses({f"{who}@example.com": f"global:{role}" for who, role in roles.items()})

    def invite_addresses(self, roles: dict[str, str]) -> object:
        made = self.api.invite(roles)
        fresh = {email for email, invitation in made.items() if invitation.url not in (None, self.links.get(email))}
        self.links.update({email: invitation.url for email, invitation in made.items() if invitation.url})
        return {
            email: (made[email].user_id == self.user(email), made[email].error, email in fresh, made[email].email_sent)
            for email in sorted(made)
        }

    def set(self, project: str, **roles: str) -> None:
        self.api.set_members(
            self.project(project), {self.user(f"{who}@example.com"): f"project:{role}" for who, role in roles.items()}
        )

    def remove(self, project: str, email: str) -> None:
        self.api.remove_member(self.project(project), self.user(email))

    def hand_over(self, project: str, **roles: str) -> None:
        """Add members to a project and remove the owner from it."""
        self.set(project, **roles)
        self.remove(project, OLIVIA)

    def role(self, email: str, role: str) -> None:
        self.api.set_user_role(self.user(email), f"global:{role}")

    def roles(self) -> tuple[Role, ...] | None:
        return self.api.find_roles()

    def owned(self, name: str, is_instance_admin: bool = True) -> object:
        ((_key, owned_items),) = self.api.resources.owned_items([self.project(name)], is_instance_admin).items()
        return sorted((item.type, item.name) for item in owned_items.items), owned_items.unseen

    def state(self) -> object:
        """Return all users, and all projects with their members."""
        people = sorted(
            (user["email"], user["role"], user["isPending"], bool(_TIME.fullmatch(user["createdAt"])))
            for user in self.api.list_users().items
        )
        emails = {user["id"]: user["email"] for user in self.api.list_users().items}
        projects = []
        for project in self.projects():
            name = project.name if project.is_team else project.name.rpartition("<")[2]
            members = sorted((member.email, member.role) for member in self.api.members(project.id))
            projects.append((name, project.type, emails.get(project.creator_id or ""), members))
        return people, sorted(projects)

    @abstractmethod
    def accept(self, email: str) -> None:
        """Accept the invitation of a user."""

    @abstractmethod
    def feature(self, name: str, enabled: bool) -> None:
        """Set whether the license has a feature."""

    @abstractmethod
    def quota(self, name: str, value: int) -> None:
        """Set a quota of the license."""

    @abstractmethod
    def create_workflows(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
        """Create workflows with these names in a project."""

    @abstractmethod
    def create_credential(self, project: str, name: str) -> None:
        """Create a credential in a project."""

    @abstractmethod
    def create_folder(self, project: str, name: str) -> None:
        """Create a folder in a project."""

    @abstractmethod
    def share(self, kind: str, name: str, project: str) -> None:
        """Share a workflow or credential with a project."""

    def resource_id(self, name: str) -> str:
        """Return the id of a workflow, credential or data table."""
        return next((item.id for item in self.listed_items() if item.name == name), "AbCdEfGh12345678")

    def listed_items(self) -> list[OwnedItem]:
        return [*self.api.resources.workflows(), *self.api.resources.credentials(), *self.api.data_tables.tables()]

    def owned_items(self) -> object:
        """Return all workflows, credentials and data tables with their owners and shares."""
        names = self.names()
        found = []
        for item in self.listed_items():
            shares = sorted((names.get(share.project_id, "?"), share.role) for share in item.shares)
            state = (item.published, item.archived) if isinstance(item, Workflow) else ()
            columns = item.columns if isinstance(item, Table) else ()
            found.append((item.type, item.name, names.get(item.owner_id, "?"), shares, state, columns))
        return sorted(found)

    def transfer(self, name: str, project: str) -> None:
        item = next((item for item in self.listed_items() if item.name == name), None)
        credential = isinstance(item, Credential) or "credential" in name
        move = self.api.resources.transfer_credential if credential else self.api.resources.transfer_workflow
        move(item.id if item else "nothing", self.project(project))

    def create_table(self, project: str, name: str) -> object:
        return self.api.data_tables.create_table(self.project(project), name, COLUMNS).columns

    def rename_table(self, name: str, new: str) -> None:
        self.api.data_tables.rename_table(
            next(table for table in self.api.data_tables.tables() if table.name == name), new
        )


class RealInstance(Instance):
    def roles(self) -> tuple[Role, ...] | None:
        """Read the roles anew, because the client keeps them and the steps change the license."""
        self.api.client.forget()
        return self.api.find_roles()

    def __init__(self, n8n: Server) -> None:
        super().__init__(Api(Client(Connection(n8n.url, n8n.api_key))))
        self.n8n = n8n

    def feature(self, name: str, enabled: bool) -> None:
        self.n8n.feature(name, enabled)

    def quota(self, name: str, value: int) -> None:
        self.n8n.quota(name, value)

    def accept(self, email: str) -> None:
        self.n8n.accept(self.links[email], "First", "Last")

    def create_workflows(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
        for name in names:
            path = f"{name}-{time.monotonic_ns()}"
            webhook = {
                "id": "1",
                "name": "Webhook",
                "type": "n8n-nodes-base.webhook",
                "typeVersion": 2,
                "position": [0, 0],
                "webhookId": path,
                "parameters": {"path": path},
            }
            body = {"name": name, "nodes": [webhook], "connections": {}, "settings": {}}
            made = self.n8n.api("POST", "/workflows", body)
            if published:
                self.n8n.api("POST", f"/workflows/{made['id']}/activate")
            if archived:
                # The public API of 2.8.4 cannot archive workflows.
                self.n8n.login(OLIVIA).call("POST", f"/workflows/{made['id']}/archive")
            if project != OLIVIA:
                self.n8n.api(
                    "PUT", f"/workflows/{made['id']}/transfer", {"destinationProjectId": self.project(project)}
                )

    def create_credential(self, project: str, name: str) -> None:
        body = {"name": name, "type": "httpHeaderAuth", "data": {"name": "X-Test", "value": "secret"}}
        made = self.n8n.api("POST", "/credentials", body)
        self.n8n.api("PUT", f"/credentials/{made['id']}/transfer", {"destinationProjectId": self.project(project)})

    def create_folder(self, project: str, name: str) -> None:
        if not self.n8n.version.startswith("2.8."):
            self.n8n.api("POST", f"/projects/{self.project(project)}/folders", {"name": name})

    def share(self, kind: str, name: str, project: str) -> None:
        path = f"/{kind}s/{self.resource_id(name)}/share"
        self.n8n.login(OLIVIA).call("PUT", path, {"shareWithIds": [self.project(project)]})


class FakeInstance(Instance):
    def __init__(self, floor: bool) -> None:
        self.fake = FakeN8n(floor)
        super().__init__(self.fake)

    def accept(self, email: str) -> None:
        self.fake.accept(email)

    def feature(self, name: str, enabled: bool) -> None:
        (self.fake.features_off.discard if enabled else self.fake.features_off.add)(name)

    def quota(self, name: str, value: int) -> None:
        self.fake.quotas[name] = value

    def create_workflows(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
        for name in names:
            self._own(Workflow("workflow", name, name, self.project(project), (), published, archived))

    def create_credential(self, project: str, name: str) -> None:
        self._own(Credential("credential", name, name, self.project(project)))

    def create_folder(self, project: str, name: str) -> None:
        self.fake.folders_in.setdefault(self.project(project), []).append(
            OwnedItem("folder", name, name, self.project(project))
        )

    def share(self, kind: str, name: str, project: str) -> None:
        item = self.fake.find(kind, name)
        assert item is not None
        role = {"workflow": "workflow:editor", "credential": "credential:user"}[kind]
        resources = self.fake.owned[item.owner_id]
        resources[[other.id for other in resources].index(name)] = replace(
            item, shares=(Share(self.project(project), role),)
        )

    def _own(self, item: OwnedItem) -> None:
        self.fake.owned.setdefault(item.owner_id, []).append(item)


def call_for_each(call: Callable[[str], object], *items: str) -> None:
    for item in items:
        call(item)


Step = Callable[[Instance], object]
PREPARATION: tuple[Step, ...] = (
    lambda instance: instance.invite(ada="member", bo="member", cy="member"),
    lambda instance: call_for_each(instance.accept, ADA, BO),
    lambda instance: instance.api.create_project("P").name,
)
TOPICS: dict[str, tuple[Step, ...]] = {
    "users": (
        lambda instance: instance.api.find_user(ADA),
        lambda instance: instance.api.find_user(UNKNOWN_ID),
        lambda instance: instance.invite(),
        lambda instance: instance.invite(ada="member", bo="chatUser", cy="admin"),
        # A pending user keeps the role. The new link depends on the second. On 2.8.4 the link is the same.
        # The result does not contain active users.
        lambda instance: time.sleep(1.1),
        lambda instance: instance.invite(ada="admin", dee="member"),
        lambda instance: instance.accept(ADA),
        lambda instance: instance.invite(ada="admin"),
        lambda instance: instance.invite(ada="admin", bo="member", olivia="member"),
        lambda instance: instance.invite(new="owner"),
        lambda instance: instance.invite(new="member", newer="nope"),
        # With any limit of users, n8n refuses requests for users.
        lambda instance: instance.quota("users", 100),
        lambda instance: instance.api.find_user(ADA),
        lambda instance: instance.api.invite({"new@example.com": "global:member"}),
    ),
    "projects": (
        lambda instance: instance.api.create_project("P").name,
        lambda instance: instance.api.create_project("P").type,
        lambda instance: instance.api.create_project("  ").name,
        lambda instance: instance.api.rename_project(instance.project("P"), 'Q "ü" / 2'),
        lambda instance: instance.api.rename_project("nothing", "R"),
        lambda instance: instance.api.rename_project(instance.project(OLIVIA), "R"),
        lambda instance: instance.api.members("nothing"),
        lambda instance: instance.api.delete_project(instance.project(OLIVIA)),
        lambda instance: instance.api.delete_project(instance.project("P")),
        lambda instance: instance.api.delete_project(instance.project("P")),
        lambda instance: instance.api.delete_project("nothing"),
        lambda instance: instance.quota("maxTeamProjects", 2),
        lambda instance: instance.api.create_project("R"),
    ),
    "members": (
        *PREPARATION,
        lambda instance: instance.set("P", ada="viewer", bo="editor", cy="admin"),
        # One call adds and changes members.
        lambda instance: instance.set("P", ada="admin", bo="chatUser"),
        lambda instance: instance.set("P", cy="viewer", nobody="viewer"),
        lambda instance: instance.set("P", cy="viewer", bo="nope"),
        lambda instance: instance.set(ADA, cy="viewer"),
        lambda instance: instance.set("nothing", cy="viewer"),
        lambda instance: instance.remove("P", BO),
        lambda instance: instance.remove("P", BO),
        lambda instance: instance.remove("P", "nobody@example.com"),
        lambda instance: instance.remove("nothing", ADA),
        lambda instance: instance.remove(ADA, ADA),
        # n8n removes the last admin and the last member.
        lambda instance: call_for_each(lambda email: instance.remove("P", email), OLIVIA, ADA),
        lambda instance: instance.remove("P", CY),
        lambda instance: instance.set("P", ada="viewer"),
        lambda instance: len(instance.api.members_of([instance.project("P"), instance.project(ADA)])),
    ),
    "roles": (
        *PREPARATION,
        lambda instance: instance.api.create_project("Q").name,
        lambda instance: instance.hand_over("Q", ada="admin"),
        lambda instance: instance.set("P", ada="admin", bo="viewer"),
        lambda instance: instance.role(BO, "admin"),
        lambda instance: instance.role(BO, "member"),
        lambda instance: instance.role(CY, "admin"),
        lambda instance: instance.role(BO, "nope"),
        lambda instance: instance.role("nobody@example.com", "member"),
        lambda instance: instance.role(OLIVIA, "member"),
        # n8n refuses to make the last admin of a project a chat user, and keeps the memberships.
        lambda instance: instance.role(ADA, "chatUser"),
        lambda instance: instance.set("Q", olivia="admin"),
        lambda instance: instance.role(ADA, "chatUser"),
        # Later memberships remain, and removed memberships are not restored.
        lambda instance: instance.set("P", ada="editor"),
        lambda instance: instance.role(ADA, "chatUser"),
        lambda instance: instance.role(ADA, "member"),
    ),
    "deletions": (
        *PREPARATION,
        lambda instance: instance.hand_over("P", ada="admin", bo="viewer"),
        lambda instance: instance.api.delete_user(instance.user(OLIVIA)),
        lambda instance: instance.api.delete_user(UNKNOWN_ID),
        lambda instance: instance.owned(BO),
        lambda instance: call_for_each(lambda project: instance.create_workflows(project, "W"), BO, "P"),
        lambda instance: instance.owned(BO),
        lambda instance: instance.owned(BO, is_instance_admin=False),
        lambda instance: instance.owned(ADA),
        # n8n deletes the last admin, and the content of the personal project.
        lambda instance: call_for_each(lambda email: instance.api.delete_user(instance.user(email)), ADA, BO, CY),
        lambda instance: instance.owned("P"),
        lambda instance: instance.api.delete_project(instance.project("P")),
    ),
    "owned items": (
        *PREPARATION,
        lambda instance: instance.create_workflows(ADA, "W", published=True),
        lambda instance: instance.create_workflows(ADA, "A", archived=True),
        lambda instance: instance.create_credential(ADA, "C"),
        lambda instance: instance.share("workflow", "W", BO),
        lambda instance: instance.share("credential", "C", "P"),
        lambda instance: call_for_each(lambda name: instance.create_folder(ADA, name), "F", "G"),
        lambda instance: sorted(folder.name for folder in instance.api.resources.folders(instance.project(ADA))),
        lambda instance: instance.feature("feat:folders", False),
        # Transfers remove only shares. The destinations are a team project and the personal projects of an active user and
        # a pending user.
        lambda instance: instance.transfer("C", "P"),
        lambda instance: instance.transfer("W", "P"),
        lambda instance: call_for_each(lambda name: instance.transfer(name, BO), "A", "C"),
        lambda instance: call_for_each(lambda name: instance.transfer(name, CY), "W", "C"),
        # Transfers to the present owner.
        lambda instance: call_for_each(lambda name: instance.transfer(name, CY), "W", "C"),
        lambda instance: instance.transfer("W", "nothing"),
        lambda instance: instance.transfer("C", "nothing"),
        lambda instance: instance.transfer("no workflow", "P"),
        lambda instance: instance.transfer("no credential", "P"),
        lambda instance: instance.create_workflows(CY, "X"),
        lambda instance: instance.api.delete_user(instance.user(CY)),
        # 2.40.7 deletes the workflows before a published one and refuses the rest. 2.8.4 deletes all of them.
        lambda instance: instance.create_workflows("P", "P1"),
        lambda instance: instance.create_workflows("P", "P2", published=True),
        lambda instance: instance.create_workflows("P", "P3"),
        lambda instance: instance.api.delete_project(instance.project("P")),
        lambda instance: instance.api.resources.unpublish_workflow("nothing"),
        lambda instance: instance.create_workflows(BO, "Z", published=True),
        lambda instance: instance.api.resources.unpublish_workflow(instance.resource_id("Z")),
        lambda instance: instance.api.resources.unpublish_workflow(instance.resource_id("Z")),
        lambda instance: instance.api.delete_user(instance.user(BO)),
    ),
    "data tables": (
        *PREPARATION,
        lambda instance: instance.create_table(OLIVIA, "T"),
        lambda instance: instance.create_table(OLIVIA, "T"),
        # 2.8.4 creates data tables only in the personal project of the user of the API key.
        lambda instance: instance.create_table("P", "T"),
        lambda instance: instance.create_table(CY, "T"),
        lambda instance: instance.create_table("nothing", "T"),
        lambda instance: instance.create_table(OLIVIA, "U"),
        lambda instance: instance.owned(OLIVIA),
        lambda instance: instance.api.data_tables.table_rows(instance.resource_id("U")),
        lambda instance: instance.api.data_tables.insert_rows(instance.resource_id("U"), ROWS, 0),
        lambda instance: instance.api.data_tables.insert_rows(instance.resource_id("U"), [{"s": "only"}] * 300, 5),
        lambda instance: instance.api.data_tables.table_rows(instance.resource_id("U")),
        lambda instance: instance.api.data_tables.insert_rows("AbCdEfGh12345678", [{"s": "a"}], 0),
        lambda instance: instance.rename_table("U", "T"),
        lambda instance: instance.rename_table("U", "V"),
        # Renaming to the present name.
        lambda instance: instance.rename_table("V", "V"),
        lambda instance: instance.api.data_tables.delete_table(instance.resource_id("V")),
        lambda instance: instance.api.data_tables.delete_table(instance.resource_id("V")),
        lambda instance: instance.api.data_tables.table_rows(instance.resource_id("V")),
    ),
    "addresses": (
        # One refused address makes n8n refuse all addresses of the request.
        *(
            lambda instance, wrong=wrong: instance.invite_addresses({ADA: "global:member", wrong: "global:member"})
            for wrong in ("a#b@b.co", "a@b.c", "o'@b.co", "a@b.xn--p1ai", "a@b", "a b@b.co")
        ),
        lambda instance: instance.invite_addresses(
            {"a@b": "global:member", ADA: "global:admin", "a@c": "global:owner"}
        ),
        lambda instance: instance.invite_addresses({"a@b.co": "global:member", "o'b@b.co": "global:member"}),
    ),
    "licenses": (
        *PREPARATION,
        lambda instance: _slugs(instance.roles()),
        lambda instance: instance.feature("feat:projectRole:editor", False),
        lambda instance: _slugs(instance.roles()),
        lambda instance: instance.set("P", ada="editor", bo="viewer"),
        lambda instance: instance.feature("feat:advancedPermissions", False),
        lambda instance: _slugs(instance.roles()),
        lambda instance: instance.invite(new="member", newer="admin"),
        lambda instance: instance.invite(new="member"),
        lambda instance: instance.role(ADA, "admin"),
    ),
    "community": (
        lambda instance: instance.feature("feat:projectRole:admin", False),
        lambda instance: instance.invite(ada="member"),
        lambda instance: instance.projects(),
        lambda instance: instance.api.members("any"),
        lambda instance: instance.api.create_project("P"),
        lambda instance: instance.api.rename_project("any", "P"),
        lambda instance: instance.api.delete_project("any"),
        lambda instance: instance.api.set_members("any", {instance.user(ADA): "project:viewer"}),
        lambda instance: instance.api.remove_member("any", instance.user(ADA)),
    ),
}


def _slugs(roles: Iterable[Any] | None) -> object:
    return None if roles is None else sorted((role.slug, role.kind, role.licensed) for role in roles)


def outcome(instance: Instance, step: Step) -> object:
    """Return the result of a step, or the status and message of the error, in which names replace ids."""
    try:
        return step(instance)
    except N8nError as error:
        if not isinstance(error, ApiError):
            return str(error)
        words = error.server_message
        for key, name in instance.names().items():
            words = words.replace(key, name)
        return error.status, words


def assert_same_outcome(real: RealInstance, fake: FakeInstance, topic: str, steps: Iterable[Step]) -> None:
    """Assert that every step has the same outcome on both."""
    for number, step in enumerate(steps):
        assert outcome(fake, step) == outcome(real, step), f"{topic}, step {number}"
        assert outcome(fake, Instance.state) == outcome(real, Instance.state), f"{topic}, after step {number}"
        assert outcome(fake, Instance.owned_items) == outcome(
            real, Instance.owned_items
        ), f"{topic}, after step {number}"


@pytest.mark.parametrize("topic", TOPICS)
def test_fake_has_same_outcomes_as_n8n(n8n: Server, topic: str) -> None:
    assert_same_outcome(RealInstance(n8n), FakeInstance(floor=n8n.version.startswith("2.8.")), topic, TOPICS[topic])
