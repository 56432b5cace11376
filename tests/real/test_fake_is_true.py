# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake of the unit tests does what the real n8n does: every step is taken on both, and its outcome compared."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from n8n_server.server import Server

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
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
# As n8n gives them back, in the order of the columns.
ROWS = [
    {"s": "a", "n": 1.5, "b": True, "d": "2026-01-02T01:04:05.678Z"},
    {"s": None, "n": None, "b": None, "d": None},
    {"s": "", "n": 0, "b": False, "d": "1969-12-31T23:59:59.999Z"},
    {"s": "2026-01-02", "n": 12345678901234567000, "b": False, "d": None},
    {"s": "ü\"'\n\u2028 5", "n": -1e-7, "b": None, "d": "9999-12-31T23:59:59.999Z"},
]
NOBODY = "11111111-1111-4111-8111-111111111111"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ADA, BO, CY, OLIVIA = (f"{name}@example.com" for name in ("ada", "bo", "cy", "olivia"))


class World:
    """One of the two: what the collection uses of it, and what happens on it without the collection."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.links: dict[str, str] = {}

    def user(self, email: str) -> str:
        found = self.api.find_user(email)
        return found.id if found else NOBODY

    def projects(self) -> list[Project]:
        return [Project.from_api(item) for item in self.api.list_projects().items]

    def project(self, name: str) -> str:
        """The id of a team project by its name, or of a personal one by its user's email."""
        found = [
            project.id for project in self.projects() if project.name == name or project.name.endswith(f"<{name}>")
        ]
        return [*found, "nothing"][0]

    def names(self) -> dict[str, str]:
        """Names by id, as far as they can be seen."""
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
        """Let others have a project that was the owner's."""
        self.set(project, **roles)
        self.remove(project, OLIVIA)

    def role(self, email: str, role: str) -> None:
        self.api.set_user_role(self.user(email), f"global:{role}")

    def roles(self) -> tuple[Role, ...] | None:
        return self.api.find_roles()

    def owned(self, name: str, sees_all: bool = True) -> object:
        ((_key, owned_items),) = self.api.resources.owned_items([self.project(name)], sees_all).items()
        return sorted((item.type, item.name) for item in owned_items.items), owned_items.unseen

    def state(self) -> object:
        """Who is there, and every project with its members."""
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

    def accept(self, email: str) -> None:
        raise NotImplementedError

    def feature(self, name: str, enabled: bool) -> None:
        raise NotImplementedError

    def quota(self, name: str, value: int) -> None:
        raise NotImplementedError

    def give(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
        """Let a project own workflows of these names."""
        raise NotImplementedError

    def give_credential(self, project: str, name: str) -> None:
        raise NotImplementedError

    def give_folder(self, project: str, name: str) -> None:
        raise NotImplementedError

    def share(self, kind: str, name: str, project: str) -> None:
        """Share a workflow or credential with a project."""
        raise NotImplementedError

    def item(self, name: str) -> str:
        """The id of a workflow, credential or data table."""
        return next((item.id for item in self.listed() if item.name == name), "AbCdEfGh12345678")

    def listed(self) -> list[OwnedItem]:
        return [*self.api.resources.workflows(), *self.api.resources.credentials(), *self.api.data_tables.tables()]

    def things(self) -> object:
        """All that anybody owns, with whose it is and who has it besides."""
        names = self.names()
        found = []
        for item in self.listed():
            shares = sorted((names.get(share.project_id, "?"), share.role) for share in item.shares)
            state = (item.published, item.archived) if isinstance(item, Workflow) else ()
            columns = item.columns if isinstance(item, Table) else ()
            found.append((item.type, item.name, names.get(item.owner_id, "?"), shares, state, columns))
        return sorted(found)

    def transfer(self, name: str, project: str) -> None:
        item = next((item for item in self.listed() if item.name == name), None)
        credential = isinstance(item, Credential) or "credential" in name
        move = self.api.resources.transfer_credential if credential else self.api.resources.transfer_workflow
        move(item.id if item else "nothing", self.project(project))

    def table(self, project: str, name: str) -> object:
        return self.api.data_tables.create_table(self.project(project), name, COLUMNS).columns

    def named(self, name: str, new: str) -> None:
        self.api.data_tables.rename_table(
            next(table for table in self.api.data_tables.tables() if table.name == name), new
        )


class Real(World):
    def roles(self) -> tuple[Role, ...] | None:
        """Read them anew: an Api reads them once, and here the license changes in between."""
        return Api(self.api.client).find_roles()

    def __init__(self, n8n: Server) -> None:
        super().__init__(Api(Client(Connection(n8n.url, n8n.api_key))))
        self.n8n = n8n

    def feature(self, name: str, enabled: bool) -> None:
        self.n8n.feature(name, enabled)

    def quota(self, name: str, value: int) -> None:
        self.n8n.quota(name, value)

    def accept(self, email: str) -> None:
        self.n8n.accept(self.links[email], "First", "Last")

    def give(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
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
                # On 2.8.4 there is no public call for it.
                self.n8n.login(OLIVIA).call("POST", f"/workflows/{made['id']}/archive")
            if project != OLIVIA:
                self.n8n.api(
                    "PUT", f"/workflows/{made['id']}/transfer", {"destinationProjectId": self.project(project)}
                )

    def give_credential(self, project: str, name: str) -> None:
        body = {"name": name, "type": "httpHeaderAuth", "data": {"name": "X-Test", "value": "secret"}}
        made = self.n8n.api("POST", "/credentials", body)
        self.n8n.api("PUT", f"/credentials/{made['id']}/transfer", {"destinationProjectId": self.project(project)})

    def give_folder(self, project: str, name: str) -> None:
        if not self.n8n.version.startswith("2.8."):
            self.n8n.api("POST", f"/projects/{self.project(project)}/folders", {"name": name})

    def share(self, kind: str, name: str, project: str) -> None:
        path = f"/{kind}s/{self.item(name)}/share"
        self.n8n.login(OLIVIA).call("PUT", path, {"shareWithIds": [self.project(project)]})


class Fake(World):
    def __init__(self, floor: bool) -> None:
        self.fake = FakeN8n(floor)
        super().__init__(self.fake)

    def accept(self, email: str) -> None:
        self.fake.accept(email)

    def feature(self, name: str, enabled: bool) -> None:
        (self.fake.features_off.discard if enabled else self.fake.features_off.add)(name)

    def quota(self, name: str, value: int) -> None:
        self.fake.quotas[name] = value

    def give(self, project: str, *names: str, published: bool = False, archived: bool = False) -> None:
        for name in names:
            self._own(Workflow("workflow", name, name, self.project(project), (), published, archived))

    def give_credential(self, project: str, name: str) -> None:
        self._own(Credential("credential", name, name, self.project(project)))

    def give_folder(self, project: str, name: str) -> None:
        self.fake.folders_in.setdefault(self.project(project), []).append(
            OwnedItem("folder", name, name, self.project(project))
        )

    def share(self, kind: str, name: str, project: str) -> None:
        item = self.fake.find(kind, name)
        assert item is not None
        role = {"workflow": "workflow:editor", "credential": "credential:user"}[kind]
        mine = self.fake.owned[item.owner_id]
        mine[[other.id for other in mine].index(name)] = replace(item, shares=(Share(self.project(project), role),))

    def _own(self, item: OwnedItem) -> None:
        self.fake.owned.setdefault(item.owner_id, []).append(item)


def each(call: Callable[[str], object], *items: str) -> None:
    for item in items:
        call(item)


Step = Callable[[World], object]
PEOPLE: tuple[Step, ...] = (
    lambda world: world.invite(ada="member", bo="member", cy="member"),
    lambda world: each(world.accept, ADA, BO),
    lambda world: world.api.create_project("P").name,
)
TOPICS: dict[str, tuple[Step, ...]] = {
    "users": (
        lambda world: world.api.find_user(ADA),
        lambda world: world.api.find_user(NOBODY),
        lambda world: world.invite(),
        lambda world: world.invite(ada="member", bo="chatUser", cy="admin"),
        # Pending: a new link (the second is in it), on 2.8.4 the old one, and no other role. Active: left out.
        lambda world: time.sleep(1.1),
        lambda world: world.invite(ada="admin", dee="member"),
        lambda world: world.accept(ADA),
        lambda world: world.invite(ada="admin"),
        lambda world: world.invite(ada="admin", bo="member", olivia="member"),
        lambda world: world.invite(new="owner"),
        lambda world: world.invite(new="member", newer="nope"),
        # Whatever the number is, and however few people there are.
        lambda world: world.quota("users", 100),
        lambda world: world.api.find_user(ADA),
        lambda world: world.api.invite({"new@example.com": "global:member"}),
    ),
    "projects": (
        lambda world: world.api.create_project("P").name,
        lambda world: world.api.create_project("P").type,
        lambda world: world.api.create_project("  ").name,
        lambda world: world.api.rename_project(world.project("P"), 'Q "ü" / 2'),
        lambda world: world.api.rename_project("nothing", "R"),
        lambda world: world.api.rename_project(world.project(OLIVIA), "R"),
        lambda world: world.api.members("nothing"),
        lambda world: world.api.delete_project(world.project(OLIVIA)),
        lambda world: world.api.delete_project(world.project("P")),
        lambda world: world.api.delete_project(world.project("P")),
        lambda world: world.api.delete_project("nothing"),
        lambda world: world.quota("maxTeamProjects", 2),
        lambda world: world.api.create_project("R"),
    ),
    "members": (
        *PEOPLE,
        lambda world: world.set("P", ada="viewer", bo="editor", cy="admin"),
        # Adds and changes in one call.
        lambda world: world.set("P", ada="admin", bo="chatUser"),
        lambda world: world.set("P", cy="viewer", nobody="viewer"),
        lambda world: world.set("P", cy="viewer", bo="nope"),
        lambda world: world.set(ADA, cy="viewer"),
        lambda world: world.set("nothing", cy="viewer"),
        lambda world: world.remove("P", BO),
        lambda world: world.remove("P", BO),
        lambda world: world.remove("P", "nobody@example.com"),
        lambda world: world.remove("nothing", ADA),
        lambda world: world.remove(ADA, ADA),
        # Nobody keeps the last admin, or the last member.
        lambda world: each(lambda email: world.remove("P", email), OLIVIA, ADA),
        lambda world: world.remove("P", CY),
        lambda world: world.set("P", ada="viewer"),
        lambda world: len(world.api.members_of([world.project("P"), world.project(ADA)])),
    ),
    "roles": (
        *PEOPLE,
        lambda world: world.api.create_project("Q").name,
        lambda world: world.hand_over("Q", ada="admin"),
        lambda world: world.set("P", ada="admin", bo="viewer"),
        lambda world: world.role(BO, "admin"),
        lambda world: world.role(BO, "member"),
        lambda world: world.role(CY, "admin"),
        lambda world: world.role(BO, "nope"),
        lambda world: world.role("nobody@example.com", "member"),
        lambda world: world.role(OLIVIA, "member"),
        # The last admin of a project does not become a chat user, and loses nothing.
        lambda world: world.role(ADA, "chatUser"),
        lambda world: world.set("Q", olivia="admin"),
        lambda world: world.role(ADA, "chatUser"),
        # What is given afterwards stays, and what was taken does not come back.
        lambda world: world.set("P", ada="editor"),
        lambda world: world.role(ADA, "chatUser"),
        lambda world: world.role(ADA, "member"),
    ),
    "deletions": (
        *PEOPLE,
        lambda world: world.hand_over("P", ada="admin", bo="viewer"),
        lambda world: world.api.delete_user(world.user(OLIVIA)),
        lambda world: world.api.delete_user(NOBODY),
        lambda world: world.owned(BO),
        lambda world: each(lambda project: world.give(project, "W"), BO, "P"),
        lambda world: world.owned(BO),
        lambda world: world.owned(BO, sees_all=False),
        lambda world: world.owned(ADA),
        # The last admin, too, and what is in the personal project.
        lambda world: each(lambda email: world.api.delete_user(world.user(email)), ADA, BO, CY),
        lambda world: world.owned("P"),
        lambda world: world.api.delete_project(world.project("P")),
    ),
    "possessions": (
        *PEOPLE,
        lambda world: world.give(ADA, "W", published=True),
        lambda world: world.give(ADA, "A", archived=True),
        lambda world: world.give_credential(ADA, "C"),
        lambda world: world.share("workflow", "W", BO),
        lambda world: world.share("credential", "C", "P"),
        lambda world: each(lambda name: world.give_folder(ADA, name), "F", "G"),
        lambda world: sorted(folder.name for folder in world.api.resources.folders(world.project(ADA))),
        lambda world: world.feature("feat:folders", False),
        # To a team, to somebody's personal project, to somebody who is invited only; shares go, and nothing else.
        lambda world: world.transfer("C", "P"),
        lambda world: world.transfer("W", "P"),
        lambda world: each(lambda name: world.transfer(name, BO), "A", "C"),
        lambda world: each(lambda name: world.transfer(name, CY), "W", "C"),
        # To where it is already.
        lambda world: each(lambda name: world.transfer(name, CY), "W", "C"),
        lambda world: world.transfer("W", "nothing"),
        lambda world: world.transfer("C", "nothing"),
        lambda world: world.transfer("no workflow", "P"),
        lambda world: world.transfer("no credential", "P"),
        lambda world: world.give(CY, "X"),
        lambda world: world.api.delete_user(world.user(CY)),
        # What comes before a published one is gone when n8n refuses the rest, on 2.40.7; 2.8.4 destroys it all.
        lambda world: world.give("P", "P1"),
        lambda world: world.give("P", "P2", published=True),
        lambda world: world.give("P", "P3"),
        lambda world: world.api.delete_project(world.project("P")),
        lambda world: world.api.resources.unpublish_workflow("nothing"),
        lambda world: world.give(BO, "Z", published=True),
        lambda world: world.api.resources.unpublish_workflow(world.item("Z")),
        lambda world: world.api.resources.unpublish_workflow(world.item("Z")),
        lambda world: world.api.delete_user(world.user(BO)),
    ),
    "data tables": (
        *PEOPLE,
        lambda world: world.table(OLIVIA, "T"),
        lambda world: world.table(OLIVIA, "T"),
        # 2.8.4 makes them only in the personal project of the key's user.
        lambda world: world.table("P", "T"),
        lambda world: world.table(CY, "T"),
        lambda world: world.table("nothing", "T"),
        lambda world: world.table(OLIVIA, "U"),
        lambda world: world.owned(OLIVIA),
        lambda world: world.api.data_tables.table_rows(world.item("U")),
        lambda world: world.api.data_tables.insert_rows(world.item("U"), ROWS, 0),
        lambda world: world.api.data_tables.insert_rows(world.item("U"), [{"s": "only"}] * 300, 5),
        lambda world: world.api.data_tables.table_rows(world.item("U")),
        lambda world: world.api.data_tables.insert_rows("AbCdEfGh12345678", [{"s": "a"}], 0),
        lambda world: world.named("U", "T"),
        lambda world: world.named("U", "V"),
        # A name that it has already.
        lambda world: world.named("V", "V"),
        lambda world: world.api.data_tables.delete_table(world.item("V")),
        lambda world: world.api.data_tables.delete_table(world.item("V")),
        lambda world: world.api.data_tables.table_rows(world.item("V")),
    ),
    "addresses": (
        # One that is refused keeps the others out.
        *(
            lambda world, wrong=wrong: world.invite_addresses({ADA: "global:member", wrong: "global:member"})
            for wrong in ("a#b@b.co", "a@b.c", "o'@b.co", "a@b.xn--p1ai", "a@b", "a b@b.co")
        ),
        lambda world: world.invite_addresses({"a@b": "global:member", ADA: "global:admin", "a@c": "global:owner"}),
        lambda world: world.invite_addresses({"a@b.co": "global:member", "o'b@b.co": "global:member"}),
    ),
    "licences": (
        *PEOPLE,
        lambda world: _slugs(world.roles()),
        lambda world: world.feature("feat:projectRole:editor", False),
        lambda world: _slugs(world.roles()),
        lambda world: world.set("P", ada="editor", bo="viewer"),
        lambda world: world.feature("feat:advancedPermissions", False),
        lambda world: _slugs(world.roles()),
        lambda world: world.invite(new="member", newer="admin"),
        lambda world: world.invite(new="member"),
        lambda world: world.role(ADA, "admin"),
    ),
    "community": (
        lambda world: world.feature("feat:projectRole:admin", False),
        lambda world: world.invite(ada="member"),
        lambda world: world.projects(),
        lambda world: world.api.members("any"),
        lambda world: world.api.create_project("P"),
        lambda world: world.api.rename_project("any", "P"),
        lambda world: world.api.delete_project("any"),
        lambda world: world.api.set_members("any", {world.user(ADA): "project:viewer"}),
        lambda world: world.api.remove_member("any", world.user(ADA)),
    ),
}


def _slugs(roles: Iterable[Any] | None) -> object:
    return None if roles is None else sorted((role.slug, role.kind, role.licensed) for role in roles)


def outcome(world: World, step: Step) -> object:
    """What came of a step: its answer, or the status and words of a refusal; ids stand by what they are of."""
    try:
        return step(world)
    except N8nError as error:
        if not isinstance(error, ApiError):
            return str(error)
        words = error.server_message
        for key, name in world.names().items():
            words = words.replace(key, name)
        return error.status, words


def same(real: Real, fake: Fake, topic: str, steps: Iterable[Step]) -> None:
    """Assert that every step has the same outcome on both."""
    for number, step in enumerate(steps):
        assert outcome(fake, step) == outcome(real, step), f"{topic}, step {number}"
        assert outcome(fake, World.state) == outcome(real, World.state), f"{topic}, after step {number}"
        assert outcome(fake, World.things) == outcome(real, World.things), f"{topic}, after step {number}"


@pytest.mark.parametrize("topic", TOPICS)
def test_the_fake_does_what_n8n_does(n8n: Server, topic: str) -> None:
    same(Real(n8n), Fake(floor=n8n.version.startswith("2.8.")), topic, TOPICS[topic])
