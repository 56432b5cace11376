# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Months of the role sync on the real n8n: the access is that of a model, and leavers cannot get in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from n8n_server.server import OWNER, PASSWORD, Server, ServerError

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run
from ansible_collections.lifecycle.n8n.tests.unit.sync_months import (
    ADMIN,
    CHAT,
    LOCKED,
    MEMBER,
    OLD,
    PEOPLE,
    PROJECTS,
    Model,
    Refused,
    Sync,
    apply_event,
    day,
    recorded,
)

ADA, BO, CY, DI = PEOPLE
NO_EVENT = ("none", ADA, "A")
POLICY = {
    "authority": "authoritative",
    "leavers": "staged",
    "unmatched": None,
    "missing": "invite",
    "invalid": "skip",
    "leaver_match": True,
    "ignored": None,
    "protected": None,
    "transfer": "Archive",
}
RULES = {
    "a": {"A": ("editor", ("", ""))},
    "b": {"B": ("viewer", (day(0), day(3)))},
    "uses_end": False,
    "role": None,
}
EMPTY = {"name": "Any", "nodes": [], "connections": {}, "settings": {}}


def row(*teams: str, **changes: str) -> dict[str, Any]:
    return {
        "teams": list(teams),
        "boss": "",
        "status": "active",
        "end": "",
        "old": "",
        "kind": "good",
        **changes,
    }


def night(event: tuple[str, str, str] = NO_EVENT, **rows: Any) -> dict[str, Any]:
    """Return a night with a row for each named person, such as ada."""
    listed = {email: rows.get(email.partition("@")[0]) for email in PEOPLE}
    return {"rows": listed, "nameless": None, "missing": None, "event": event, "policy": 0, "exceptions": {}}


# Ada leaves in the second night, gets access by another user, and is deleted. Di never accepts the invitation. Bo is
# offboarded by hand, and Cy comes back.
FIXED_MONTH = [
    night(ada=row("a"), bo=row("a", "b"), cy=row("b"), di=row("a")),
    night(ada=row("a", status="terminated"), bo=row("a", "b"), cy=row("b")),
    night(("add", ADA, "B"), bo=row("a", "b")),
    night(("offboard", BO, "A"), bo=row("a", "b"), cy=row("a")),
    night(bo=row("a", "b"), cy=row("a", "b")),
    night(("create", DI, "A"), bo=row("a"), cy=row("a"), di=row("b")),
    night(("restore", BO, "A"), bo=row("a"), cy=row("a"), di=row("a")),
]


def random_month(seed: int) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """Return the nights, the rules and the policy of a month that depend on the seed only."""
    random = Random(seed)

    def statement() -> Any:
        first = random.randint(0, 5)
        dates = random.choice([("", ""), (day(first), day(first + random.randint(0, 3)))])
        return random.choice(["viewer", "editor", "editor", None]), dates

    def person(email: str) -> Any:
        if random.random() < 0.3:
            return None
        teams = random.choice([["a"], ["b"], ["a", "b"], []])
        status = random.choice(["active"] * 5 + ["terminated"])
        old = random.choice(["", OLD]) if email == ADA else ""
        return row(*teams, boss=random.choice(["", "", "yes"]), status=status, old=old)

    def exceptions() -> Any:
        return {(random.choice(PEOPLE), random.choice(PROJECTS)): statement()} if random.random() < 0.5 else {}

    kinds = ["none", "add", "promote", "accept", "accept", "offboard", "dismiss", "restore", "delete", "create"]
    nights = [
        {
            **night(),
            "rows": {email: person(email) for email in PEOPLE},
            "event": (random.choice(kinds), random.choice([*PEOPLE, OLD]), random.choice([*PROJECTS, LOCKED])),
            "exceptions": exceptions(),
        }
        for _number in range(7)
    ]
    rules = {
        "a": {project: statement() for project in PROJECTS},
        "b": {"B": statement()},
        "uses_end": False,
        "role": random.choice([MEMBER, ADMIN]),
    }
    return nights, rules, {**POLICY, "authority": random.choice(["additive", "authoritative"])}


class RealN8n(Api):
    """The real n8n, with the methods of the fake by which other users change something."""

    def __init__(self, server: Server, invites: Path) -> None:
        super().__init__(Client(Connection(server.url, server.api_key)))
        self.server = server
        self.invites = invites
        # The API keys of users who have signed in, and their personal invitation links.
        self.keys: dict[str, str] = {}
        self.workflows: dict[str, str] = {}

    @property
    def all_projects(self) -> dict[str, Any]:
        """Return the team projects by id."""
        found = self.server.everything("/projects")
        return {item["id"]: SimpleNamespace(name=item["name"]) for item in found if item["type"] == "team"}

    def id_of(self, email: str) -> str:
        """Return the id of the user with this email."""
        return str(self.server.get(f"/users/{email}")["id"])

    def add_user(self, email: str) -> None:
        """Invite a user and accept the invitation."""
        link = self.invite({email: MEMBER})[email].url
        self.server.accept(link or "", "First", "Last")
        self.create_key(email)

    def accept(self, email: str) -> None:
        """Accept the invitation that the role sync has sent."""
        self.server.accept(self.links()[email], "First", "Last")
        self.create_key(email)

    def links(self) -> dict[str, str]:
        """Return the invitation links that the role sync has written."""
        return dict(json.loads(self.invites.read_text("utf-8"))) if self.invites.exists() else {}

    def create_key(self, email: str) -> None:
        """Create an API key of a user who is no chat user."""
        self.keys[email] = self.server.login(email).api_key()

    def create_workflow(self, email: str) -> None:
        """Create a workflow in the personal project of a user."""
        own = Server(self.server.url, self.server.version, self.keys[email])
        self.workflows[email] = str(own.api("POST", "/workflows", EMPTY)["id"])

    def key_status(self, email: str) -> int:
        """Return the status of a request with the API key of a user."""
        headers = {"X-N8N-API-KEY": self.keys[email]}
        url = f"{self.server.url}/api/v1/workflows"
        return requests.get(url, headers=headers, timeout=60, proxies={"http": ""}).status_code

    def access(self) -> dict[str, Any]:
        """Return the access in the form of the model."""
        memberships = self.server.memberships()
        return {
            user["email"]: [
                user["role"],
                {
                    project: members[user["email"]].partition(":")[2]
                    for project, members in memberships.items()
                    if user["email"] in members
                },
                user["isPending"],
            ]
            for user in self.server.everything("/users", includeRole="true")
            if user["email"] != OWNER
        }


@pytest.fixture
def real(n8n: Server, tmp_path: Path) -> Iterator[RealN8n]:
    opened = RealN8n(n8n, tmp_path / "invites.json")
    yield opened
    opened.client.close()


def play(real: RealN8n, folder: Path, nights: list[Any], rules: Any, policy: Any) -> list[str]:
    """Play a month, check the access after each night, and return what happened to leavers."""
    model = Model()
    projects = {name: real.create_project(name).id for name in (*PROJECTS, LOCKED, "Archive")}
    in_team = real.server.api("POST", "/workflows", EMPTY)["id"]
    real.resources.transfer_workflow(in_team, projects["A"])
    for email in PEOPLE[:3]:
        real.add_user(email)
        real.create_workflow(email)
        model.users[email] = [MEMBER, {}, False]
        model.owners.add(email)
    record = folder / "leavers.json"
    record.write_text(json.dumps({"format": 1, "url": real.server.url, "leavers": []}), encoding="utf-8")
    sync = Sync(real, record, invites_path=str(real.invites))
    seen: list[str] = []
    for number, drawn in enumerate(nights):
        links = real.links()
        owners = set(model.owners)
        apply_event(real, model, number, drawn["event"], record)
        if drawn["event"][0] == "delete":
            for email in owners - model.owners:
                del real.workflows[email]
        before = deepcopy((model.users, model.record, model.owners))
        try:
            model.night(number, drawn, rules, policy)
            sync.night(number, drawn, rules, policy)
        except Refused:
            model.users, model.record, model.owners = before
            with pytest.raises(InputError):
                sync.night(number, drawn, rules, policy)
        assert real.access() == model.users, f"night {number}"
        assert recorded(record) == model.record, f"night {number}"
        existing = {workflow.id for workflow in real.resources.workflows()}
        assert {in_team, *real.workflows.values()} <= existing, "a workflow of a leaver is lost"
        for email in sorted({*before[0], *model.users, *real.keys}):
            seen.append(check_user(real, model, email, links, in_team))
    return seen


def check_user(real: RealN8n, model: Model, email: str, links: dict[str, str], in_team: str) -> str:
    """Check what a user can still reach after a night, and return the kind of user."""
    user = model.users.get(email)
    if user is None:
        with pytest.raises(ServerError, match="answered 401"):
            real.server.login(email, PASSWORD)
        if email in real.keys:
            assert real.key_status(email) == 401
        if email in links:
            with pytest.raises(ServerError, match="answered 4"):
                real.server.accept(links[email], "First", "Last")
            return "deleted with a link"
        return "deleted"
    if user[2]:
        return "pending"
    if user[0] != CHAT:
        # A user who was staged creates a new key.
        if real.key_status(email) != 200:
            real.create_key(email)
        return "active"
    assert real.key_status(email) == 401
    browser = real.server.login(email)
    teams = [item for item in browser.call("GET", "/projects/my-projects") if item["type"] == "team"]
    assert teams == []
    with pytest.raises(ServerError, match="answered 40[34]"):
        browser.call("GET", f"/workflows/{in_team}")
    left = run(n8n_offboard, real, check_mode=True, users=[email], action="demote")["users"][0]["residual_access"]
    kinds = {entry["type"]: entry for entry in left}
    assert kinds["instance_role"]["name"] == CHAT and "api_keys" in kinds and "membership" not in kinds
    owned = {item["id"] for item in browser.call("GET", "/workflows")}
    assert owned == {entry["id"] for entry in left if entry["type"] == "workflow"}
    return "staged"


def test_fixed_month_on_the_real_n8n(real: RealN8n, tmp_path: Path) -> None:
    seen = play(real, tmp_path, FIXED_MONTH, RULES, POLICY)
    assert {"staged", "deleted", "deleted with a link", "active"} <= set(seen)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_month_on_the_real_n8n(real: RealN8n, tmp_path: Path, seed: int) -> None:
    play(real, tmp_path, *random_month(seed))


def test_leaver_who_takes_the_email_of_a_joiner_gets_nothing(real: RealN8n, tmp_path: Path) -> None:
    """Every user, a chat user too, can change the own email in n8n without a confirmation."""
    joiner = "joiner@example.com"
    real.create_project("A")
    real.create_project("Archive")
    for email in (ADA, BO):
        real.add_user(email)
    real.set_user_role(real.id_of(ADA), ADMIN)
    options = {
        "unlisted_users": "staged",
        "transfer_to": "Archive",
        "ignored_users": [OWNER],
        "max_removal_percent": 100,
        "state_path": str(tmp_path / "leavers.json"),
    }
    people = [{"email": BO, "status": "present"}, {"email": ADA, "status": "leaver"}]
    run(n8n_access, real, users=people, **options)
    names = {"firstName": "Ada", "lastName": "L"}
    change = {"email": joiner, "currentPassword": PASSWORD, **names}
    real.server.login(ADA).call("PATCH", "/me", change)
    people.append({"email": joiner, "status": "present", "role": "admin", "projects": {"A": "admin"}})
    for _night in range(2):
        done = run(n8n_access, real, users=people, **options)
        assert done["plan"] == [] and any(ADA in warning and joiner in warning for warning in done["warnings"])
    assert real.access()[joiner] == [CHAT, {}, False]
    # A listed previous email says that both addresses belong to one person.
    people[1:] = [{**people[-1], "previous_emails": [ADA]}]
    run(n8n_access, real, users=people, **options)
    assert real.access()[joiner] == [ADMIN, {"A": "admin"}, False]
