# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the real n8n where a write fails, where an answer is lost, and where somebody else writes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from between import LOST, REFUSED, Between
from n8n_server.server import OWNER, Server

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

ADA, BO, CY, DI, NEW = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di", "new"))
# Something of everything: people, projects, names, roles and removals, and one writer at a time.
LISTS: dict[str, Any] = {
    "users": [{"email": CY, "role": "admin", "projects": {}}],
    "projects": [
        {"name": "New", "members": {BO: "admin"}},
        {"name": "Revenue", "previous_names": ["Sales"], "members": {BO: "admin", NEW: "viewer"}},
        {"name": "Support", "members": {ADA: "admin", NEW: "editor"}},
    ],
    "authority": "authoritative",
    "unlisted_users": "remove_memberships",
    "max_removal_percent": 100,
    "concurrency": 1,
    "retries": 1,
}
WANTED = {
    "New": {BO: "project:admin"},
    "Revenue": {BO: "project:admin", NEW: "project:viewer"},
    "Support": {ADA: "project:admin", NEW: "project:editor", OWNER: "project:admin"},
}
# Invite, create, rename, three projects, a role, and five removals.
WRITES = 12


@pytest.fixture
def between(n8n: Server) -> Iterator[Between]:
    with Between(n8n.url) as opened:
        yield opened


def people(n8n: Server) -> None:
    """Ada administrates Sales, where Bo, Cy and Di are; Support is the owner's and Cy's."""
    n8n.reset()
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, BO, CY, DI)])
    ids = {made["user"]["email"]: made["user"]["id"] for made in invited}
    for name, members in (
        ("Sales", {ADA: "admin", BO: "editor", CY: "viewer", DI: "viewer"}),
        ("Support", {CY: "viewer"}),
    ):
        project = n8n.api("POST", "/projects", {"name": name})["id"]
        relations = [{"userId": ids[email], "role": f"project:{role}"} for email, role in members.items()]
        n8n.api("POST", f"/projects/{project}/users", {"relations": relations})
        if ADA in members:
            n8n.api("DELETE", f"/projects/{project}/users/{user_id(n8n, OWNER)}")


def user_id(n8n: Server, email: str) -> str:
    return str(n8n.get(f"/users/{email}")["id"])


def member(n8n: Server, name: str, email: str) -> str:
    """The path of a membership."""
    project = next(str(project["id"]) for project in n8n.everything("/projects") if project["name"] == name)
    return f"/projects/{project}/users/{user_id(n8n, email)}"


def run(n8n: Server, between: Between, **args: Any) -> dict[str, Any]:
    """Run n8n_access as Ansible does, with `between` in the middle."""
    between.start_again()
    return module_runs.main(n8n_access, **{**LISTS, "url": between.url, "api_key": n8n.api_key, **args})


def plain(changes: list[dict[str, Any]]) -> list[str]:
    """Return changes in order, without what may differ: reasons, and names of what has another by now."""
    return sorted(str({**change, "reason": ""}) for change in changes)


def test_whichever_write_fails_the_next_run_does_just_the_rest(n8n: Server, between: Between) -> None:
    people(n8n)
    assert run(n8n, between)["changed"] and len(between.writes) == WRITES
    assert n8n.memberships() == WANTED
    for number in range(1, WRITES + 1):
        people(n8n)
        between.mishaps = {number: REFUSED}
        failed = run(n8n, between, diff=True)
        assert failed["failed"] and "exception" not in failed and "This write fails." in failed["msg"]
        assert failed["changed"] is bool(failed["done"]) is True
        parts = [*failed["done"], *failed["not_tried"], *failed["conflicts"]]
        parts += [change for error in failed["errors"] for change in error["changes"]]
        assert plain(parts) == plain(failed["plan"]) and len(failed["errors"]) == 1 and not failed["conflicts"]
        between.mishaps = {}
        rest = run(n8n, between)
        assert not rest.get("failed") and len(rest["plan"]) <= len(failed["plan"]) - len(failed["done"])
        then = n8n.memberships()
        # In a project that an earlier run has created, the key's own user is protected as anywhere.
        assert then["New"].pop(OWNER, "project:admin") == "project:admin"
        assert then == WANTED, f"write {number}"
        assert not run(n8n, between)["changed"] and between.writes == []


def test_whichever_answer_is_lost_nothing_is_done_twice(n8n: Server, between: Between) -> None:
    for number in range(1, WRITES + 1):
        people(n8n)
        between.mishaps = {number: LOST}
        done = run(n8n, between)
        assert (
            done["changed"] and not done.get("failed") and not done["conflicts"]
        ), f"write {number}: {done.get('msg')}"
        assert n8n.memberships() == WANTED, f"write {number}"
        between.mishaps = {}
        assert not run(n8n, between)["changed"] and between.writes == []


def test_what_somebody_else_does_meanwhile_is_not_undone(n8n: Server, between: Between) -> None:
    people(n8n)

    def somebody_else() -> None:
        # Cy gets more, Di goes, and Bo, who was to take over from Ada, goes too.
        n8n.api("PATCH", member(n8n, "Sales", CY), {"role": "project:editor"})
        for email in (DI, BO):
            n8n.api("DELETE", member(n8n, "Sales", email))

    # Once all has been read.
    between.meanwhile = {1: somebody_else}
    done = run(n8n, between, diff=True)
    assert done["changed"] and not done.get("failed")
    assert {(conflict["user"], conflict["project"], conflict["reason"]) for conflict in done["conflicts"]} == {
        (CY, "Sales", f"left alone: the role of {CY} is now project:editor"),
        (DI, "Sales", f"left alone: {DI} is no longer a member"),
        (BO, "Sales", f"left alone: {BO} is no longer a member"),
        (ADA, "Sales", f"left alone: {ADA} has become the last admin of the project"),
    }
    assert n8n.memberships() == {
        **WANTED,
        "Revenue": {ADA: "project:admin", CY: "project:editor", NEW: "project:viewer"},
    }
    # The next run plans it anew.
    assert not run(n8n, between)["conflicts"]
    assert n8n.memberships() == WANTED


def test_a_project_that_goes_meanwhile_is_left_alone(n8n: Server, between: Between) -> None:
    people(n8n)
    support = member(n8n, "Support", CY).partition("/users/")[0]
    between.meanwhile = {1: lambda: n8n.api("DELETE", support)}
    done = run(n8n, between)
    assert not done.get("failed") and {conflict["project"] for conflict in done["conflicts"]} == {"Support"}
    assert {conflict["reason"] for conflict in done["conflicts"]} == {"left alone: the project no longer exists"}
    assert n8n.memberships() == {name: members for name, members in WANTED.items() if name != "Support"}


def test_somebody_who_is_deleted_meanwhile_keeps_nobody_out(n8n: Server, between: Between) -> None:
    """n8n refuses all new members of a project because of one who is no longer a user."""
    people(n8n)
    between.meanwhile = {1: lambda: n8n.api("DELETE", f"/users/{user_id(n8n, DI)}")}
    listed = [{"name": "Support", "members": {ADA: "admin", BO: "editor", DI: "viewer"}}]
    done = run(n8n, between, users=[], projects=listed, authority="additive", unlisted_users="keep")
    assert not done.get("failed")
    assert [(conflict["user"], conflict["reason"]) for conflict in done["conflicts"]] == [
        (DI, f"left alone: {DI} is no longer a user")
    ]
    support = n8n.memberships()["Support"]
    assert support == {ADA: "project:admin", BO: "project:editor", CY: "project:viewer", OWNER: "project:admin"}


def test_names_and_roles_that_somebody_else_gives_meanwhile_stay(n8n: Server, between: Between) -> None:
    people(n8n)
    sales = member(n8n, "Sales", CY).partition("/users/")[0]

    def somebody_else() -> None:
        n8n.api("PUT", sales, {"name": "Income"})
        n8n.api("POST", "/projects", {"name": "New"})
        n8n.api("PATCH", f"/users/{user_id(n8n, CY)}/role", {"newRoleName": "global:chatUser"})

    # With the invitation, which is the first write.
    between.meanwhile = {1: somebody_else}
    done = run(n8n, between)
    reasons = {(conflict["action"], conflict["reason"]) for conflict in done["conflicts"]}
    assert ("create_project", "left alone: another task has created a project of that name") in reasons
    assert ("rename_project", 'left alone: the project is now named "Income"') in reasons
    assert ("change_user_role", f"left alone: the role of {CY} is now global:chatUser") in reasons
    assert not done.get("failed") and set(n8n.memberships()) == {"Income", "New", "Support"}
    assert n8n.get(f"/users/{CY}", includeRole="true")["role"] == "global:chatUser"
