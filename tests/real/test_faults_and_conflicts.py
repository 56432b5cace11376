# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the real n8n: failed writes, lost responses, and changes that another client makes during the run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from fault_proxy import LOST, REFUSED, FaultProxy
from n8n_server.server import OWNER, Server

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

ADA, BO, CY, DI, NEW = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di", "new"))
# The lists cause every kind of change. concurrency=1 keeps the order of the writes.
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
# One invitation, one creation, one renaming, members of three projects, one instance role, and five removals.
WRITES = 12


@pytest.fixture
def proxy(n8n: Server) -> Iterator[FaultProxy]:
    with FaultProxy(n8n.url) as opened:
        yield opened


def create_users_and_projects(n8n: Server) -> None:
    """Create Sales with the admin Ada and the members Bo, Cy and Di, and Support with the owner and Cy."""
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


def membership_path(n8n: Server, name: str, email: str) -> str:
    """Return the path of a membership in the API."""
    project = next(str(project["id"]) for project in n8n.everything("/projects") if project["name"] == name)
    return f"/projects/{project}/users/{user_id(n8n, email)}"


def run(n8n: Server, proxy: FaultProxy, **args: Any) -> dict[str, Any]:
    """Run n8n_access as Ansible does, through `proxy`."""
    proxy.reset()
    return module_runs.main(n8n_access, **{**LISTS, "url": proxy.url, "api_key": n8n.api_key, **args})


def without_reasons(changes: list[dict[str, Any]]) -> list[str]:
    """Return sorted changes without their reasons, which may differ."""
    return sorted(str({**change, "reason": ""}) for change in changes)


def test_next_run_makes_only_remaining_changes_after_any_failed_write(n8n: Server, proxy: FaultProxy) -> None:
    create_users_and_projects(n8n)
    assert run(n8n, proxy)["changed"] and len(proxy.writes) == WRITES
    assert n8n.memberships() == WANTED
    for number in range(1, WRITES + 1):
        create_users_and_projects(n8n)
        proxy.faults = {number: REFUSED}
        failed = run(n8n, proxy, diff=True)
        assert failed["failed"] and "exception" not in failed and "This write fails." in failed["msg"]
        assert failed["changed"] is bool(failed["done"]) is True
        parts = [*failed["done"], *failed["not_tried"], *failed["conflicts"]]
        parts += [change for error in failed["errors"] for change in error["changes"]]
        assert (
            without_reasons(parts) == without_reasons(failed["plan"])
            and len(failed["errors"]) == 1
            and not failed["conflicts"]
        )
        proxy.faults = {}
        rest = run(n8n, proxy)
        assert not rest.get("failed") and len(rest["plan"]) <= len(failed["plan"]) - len(failed["done"])
        then = n8n.memberships()
        # The user of the API key is protected in a project that an earlier run created.
        assert then["New"].pop(OWNER, "project:admin") == "project:admin"
        assert then == WANTED, f"write {number}"
        assert not run(n8n, proxy)["changed"] and proxy.writes == []


def test_no_change_is_made_twice_after_any_lost_response(n8n: Server, proxy: FaultProxy) -> None:
    for number in range(1, WRITES + 1):
        create_users_and_projects(n8n)
        proxy.faults = {number: LOST}
        result = run(n8n, proxy)
        assert (
            result["changed"] and not result.get("failed") and not result["conflicts"]
        ), f"write {number}: {result.get('msg')}"
        assert n8n.memberships() == WANTED, f"write {number}"
        proxy.faults = {}
        assert not run(n8n, proxy)["changed"] and proxy.writes == []


def test_concurrent_membership_changes_are_conflicts_and_kept(n8n: Server, proxy: FaultProxy) -> None:
    create_users_and_projects(n8n)

    def other_client() -> None:
        # Cy gets a higher role. Di and Bo, the successor of Ada, are removed.
        n8n.api("PATCH", membership_path(n8n, "Sales", CY), {"role": "project:editor"})
        for email in (DI, BO):
            n8n.api("DELETE", membership_path(n8n, "Sales", email))

    # The first write follows the reading.
    proxy.before_write = {1: other_client}
    result = run(n8n, proxy, diff=True)
    assert result["changed"] and not result.get("failed")
    assert {(conflict["user"], conflict["project"], conflict["reason"]) for conflict in result["conflicts"]} == {
        (CY, "Sales", f"not changed: the role of {CY} is now project:editor"),
        (DI, "Sales", f"not changed: {DI} is no longer a member"),
        (BO, "Sales", f"not changed: {BO} is no longer a member"),
        (ADA, "Sales", f"not changed: {ADA} has become the last admin of the project"),
    }
    assert n8n.memberships() == {
        **WANTED,
        "Revenue": {ADA: "project:admin", CY: "project:editor", NEW: "project:viewer"},
    }
    # The next run plans these changes again.
    assert not run(n8n, proxy)["conflicts"]
    assert n8n.memberships() == WANTED


def test_project_deleted_during_run_is_conflict(n8n: Server, proxy: FaultProxy) -> None:
    create_users_and_projects(n8n)
    support = membership_path(n8n, "Support", CY).partition("/users/")[0]
    proxy.before_write = {1: lambda: n8n.api("DELETE", support)}
    result = run(n8n, proxy)
    assert not result.get("failed") and {conflict["project"] for conflict in result["conflicts"]} == {"Support"}
    assert {conflict["reason"] for conflict in result["conflicts"]} == {"not changed: the project no longer exists"}
    assert n8n.memberships() == {name: members for name, members in WANTED.items() if name != "Support"}


def test_user_deleted_during_run_does_not_block_other_members(n8n: Server, proxy: FaultProxy) -> None:
    """n8n refuses to add any member to a project if one of the users does not exist."""
    create_users_and_projects(n8n)
    proxy.before_write = {1: lambda: n8n.api("DELETE", f"/users/{user_id(n8n, DI)}")}
    listed = [{"name": "Support", "members": {ADA: "admin", BO: "editor", DI: "viewer"}}]
    result = run(n8n, proxy, users=[], projects=listed, authority="additive", unlisted_users="keep")
    assert not result.get("failed")
    assert [(conflict["user"], conflict["reason"]) for conflict in result["conflicts"]] == [
        (DI, f"not changed: {DI} is no longer a user")
    ]
    support = n8n.memberships()["Support"]
    assert support == {ADA: "project:admin", BO: "project:editor", CY: "project:viewer", OWNER: "project:admin"}


def test_concurrent_names_and_roles_are_conflicts_and_kept(n8n: Server, proxy: FaultProxy) -> None:
    create_users_and_projects(n8n)
    sales = membership_path(n8n, "Sales", CY).partition("/users/")[0]

    def other_client() -> None:
        n8n.api("PUT", sales, {"name": "Income"})
        n8n.api("POST", "/projects", {"name": "New"})
        n8n.api("PATCH", f"/users/{user_id(n8n, CY)}/role", {"newRoleName": "global:chatUser"})

    # The first write is the invitation.
    proxy.before_write = {1: other_client}
    result = run(n8n, proxy)
    reasons = {(conflict["action"], conflict["reason"]) for conflict in result["conflicts"]}
    assert ("create_project", "not changed: another task has created a project of that name") in reasons
    assert ("rename_project", 'not changed: the project is now named "Income"') in reasons
    assert ("change_user_role", f"not changed: the role of {CY} is now global:chatUser") in reasons
    assert not result.get("failed") and set(n8n.memberships()) == {"Income", "New", "Support"}
    assert n8n.get(f"/users/{CY}", includeRole="true")["role"] == "global:chatUser"
