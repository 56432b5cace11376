# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leavers on the real n8n: the tests verify their remaining access as the leaver, and no resources are lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from fault_proxy import FaultProxy
from n8n_server.server import PASSWORD, Server, ServerError
from test_handover import ADA, BO, COLUMNS, CY, Company, node, rows, respond_with, webhook

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.residual_access import MCP_KEYS_UNSEEN
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard, n8n_project, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

PATHS = ("caller", "plain", "bos")


@pytest.fixture
def company(n8n: Server) -> Iterator[Company]:
    """Ada is an editor in Ops and a viewer in Support, and Bo is a viewer in Ops."""
    opened = Company(n8n)
    support = opened.api.create_project("Support").id
    opened.api.set_members(opened.ops, {opened.ids[ADA]: "project:editor", opened.ids[BO]: "project:viewer"})
    opened.api.set_members(support, {opened.ids[ADA]: "project:viewer"})
    yield opened
    opened.api.client.close()


@pytest.fixture
def proxy(n8n: Server) -> Iterator[FaultProxy]:
    with FaultProxy(n8n.url) as opened:
        yield opened


def create_resources(company: Company) -> dict[str, str]:
    """Create workflows and a credential of Ada, and a workflow of Bo, and return the ids."""
    called = company.workflow(
        ADA,
        "Called",
        node("executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"}),
        respond_with("called"),
        publish=True,
    )
    calls = {"workflowId": {"__rl": True, "value": called, "mode": "id"}, "options": {}}
    made = {"called": called, "mail": company.credential(ADA, "Mail")}
    made["caller"] = company.workflow(
        ADA, "Caller", webhook("caller", made["mail"]), node("executeWorkflow", 1.2, calls), publish=True
    )
    made["plain"] = company.workflow(ADA, "Plain", webhook("plain"), respond_with("plain"), publish=True)
    made["old"] = company.workflow(ADA, "Old", webhook("old"))
    company.browsers[ADA].call("POST", f"/workflows/{made['old']}/archive")
    made["bos"] = company.workflow(BO, "Bo's", webhook("bos"), respond_with("bo"), publish=True)
    company.share(ADA, "credential", made["mail"], company.personal_project(BO))
    return made


RESOURCES_OF_ADA = ("called", "mail", "caller", "plain", "old")


def offboard(company: Company, url: str = "", **args: Any) -> dict[str, Any]:
    """Run n8n_offboard as Ansible does."""
    return offboard_and_warnings(company, url, **args)[0]


def offboard_and_warnings(company: Company, url: str = "", **args: Any) -> tuple[dict[str, Any], str]:
    return module_runs.main_and_warnings(
        n8n_offboard,
        **{"users": [ADA], "url": url or company.n8n.url, "api_key": company.n8n.api_key, "retries": 1, **args},
    )


def table_options(company: Company) -> dict[str, str]:
    """Return the option that a deletion requires if n8n does not show the data tables of other users."""
    return {"data_tables": "delete"} if company.floor else {}


def status(company: Company, key: str, path: str = "/workflows") -> int:
    """Return the status of a public API request with a key."""
    url = f"{company.n8n.url}/api/v1{path}"
    return requests.get(url, headers={"X-N8N-API-KEY": key}, timeout=60, proxies={"http": ""}).status_code


def mcp_status(company: Company, key: str) -> int:
    """Return the status of a request to the MCP server of n8n with a key."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    url = f"{company.n8n.url}/mcp-server/http"
    return requests.post(url, json=body, headers=headers, timeout=60, proxies={"http": ""}).status_code


def visible_to_ada(company: Company) -> dict[str, set[str]]:
    """Return what the open browser session of Ada shows: the ids of resources and the names of projects."""
    browser = company.browsers[ADA]
    return {
        "workflows": {item["id"] for item in browser.call("GET", "/workflows?filter=%7B%22isArchived%22%3Afalse%7D")},
        "credentials": {item["id"] for item in browser.call("GET", "/credentials")},
        "teams": {item["name"] for item in browser.call("GET", "/projects/my-projects") if item["type"] == "team"},
    }


def is_locked_out(company: Company) -> bool:
    """Return whether n8n refuses the open session, the API key and the password of Ada."""
    with pytest.raises(ServerError, match="answered 401"):
        company.browsers[ADA].call("GET", "/workflows")
    with pytest.raises(ServerError, match="answered 401"):
        company.n8n.login(ADA, PASSWORD)
    return status(company, company.keys[ADA]) == 401


def residual_access(result: dict[str, Any]) -> list[tuple[str, str]]:
    (entry,) = result["users"]
    return [(left["type"], left["name"]) for left in entry["residual_access"]]


def transferred_ids(result: dict[str, Any]) -> set[str]:
    return {item["id"] for entry in result["users"] for item in entry["transferred"]}


def test_remove_memberships_leaves_only_listed_residual_access(company: Company) -> None:
    made = create_resources(company)
    company.share(BO, "workflow", made["bos"], company.personal_project(ADA))
    in_ops = company.n8n.api("POST", "/workflows", {"name": "Team's", "nodes": [], "connections": {}, "settings": {}})
    company.api.resources.transfer_workflow(in_ops["id"], company.ops)
    assert in_ops["id"] in visible_to_ada(company)["workflows"] and visible_to_ada(company)["teams"] == {
        "Ops",
        "Support",
    }
    done = offboard(company)
    (entry,) = done["users"]
    listed = {
        kind: {left["id"] for left in entry["residual_access"] if kind in left["type"]}
        for kind in ("workflow", "credential")
    }
    # n8n lists archived workflows separately.
    assert visible_to_ada(company) == {
        "workflows": listed["workflow"] - {made["old"]},
        "credentials": listed["credential"],
        "teams": set(),
    }
    assert listed["workflow"] == {made[name] for name in ("called", "caller", "plain", "old", "bos")}
    assert ("api_keys" in dict(residual_access(done))) and status(company, company.keys[ADA]) == 200
    with pytest.raises(ServerError, match="answered 40[34]"):
        company.browsers[ADA].call("GET", f"/workflows/{in_ops['id']}")


def test_demoted_user_without_resources_has_no_access(company: Company) -> None:
    made = create_resources(company)
    before = {path: company.called(path) for path in PATHS}
    done = offboard(company, action="demote", transfer_to="Ops", **table_options(company))
    assert transferred_ids(done) == {made[name] for name in RESOURCES_OF_ADA}
    unseen = ["unseen"] if company.floor else []
    assert [kind for kind, _name in residual_access(done)] == ["instance_role", "api_keys", *unseen]
    assert visible_to_ada(company) == {"workflows": set(), "credentials": set(), "teams": set()}
    assert status(company, company.keys[ADA]) == 401
    for item in ("called", "caller", "plain", "old"):
        with pytest.raises(ServerError, match="answered 40[34]"):
            company.browsers[ADA].call("GET", f"/workflows/{made[item]}")
    assert {path: company.called(path) for path in PATHS} == before
    assert not offboard(company, action="demote", transfer_to="Ops", **table_options(company))["changed"]


def test_user_demoted_to_role_without_scopes_has_no_access(company: Company) -> None:
    if company.floor:
        pytest.skip("2.8 has no custom roles")
    create_resources(company)
    role = {"displayName": "Nothing", "description": "", "roleType": "global", "scopes": []}
    slug = company.n8n.api("POST", "/roles", role)["slug"]
    done = offboard(company, action="demote", demote_role="Nothing", transfer_to=BO)
    assert residual_access(done) == [("instance_role", slug), ("api_keys", MCP_KEYS_UNSEEN)]
    assert status(company, company.keys[ADA]) == 401
    assert company.n8n.get(f"/users/{ADA}", includeRole="true")["role"] == slug
    assert visible_to_ada(company) == {"workflows": set(), "credentials": set(), "teams": set()}
    assert not offboard(company, action="demote", demote_role="Nothing", transfer_to=BO)["changed"]


def test_demoted_user_keeps_reported_mcp_key(company: Company) -> None:
    company.n8n.login("olivia@example.com").call("PATCH", "/mcp/settings", {"mcpAccessEnabled": True})
    key = company.browsers[ADA].call("GET", "/mcp/api-key")["apiKey"]
    assert mcp_status(company, key) == 200
    done = offboard(company, action="demote")
    assert status(company, company.keys[ADA]) == 401 and mcp_status(company, key) == 200
    assert ("api_keys", MCP_KEYS_UNSEEN) in residual_access(done)
    offboard(company, action="delete", **table_options(company))
    assert mcp_status(company, key) == 401


@pytest.mark.database
def test_deleted_user_has_no_access_and_workflows_keep_running(company: Company, proxy: FaultProxy) -> None:
    made = create_resources(company)
    company.share(BO, "workflow", made["bos"], company.personal_project(ADA))
    before = {path: company.called(path) for path in PATHS}
    assert {code for code, _text in before.values()} == {200} and "called" in before["caller"][1]
    during: list[object] = []
    for number in range(1, 20):
        proxy.before_write[number] = lambda: during.append({path: company.called(path)[0] for path in ("plain", "bos")})
    done = offboard(company, proxy.url, action="delete", transfer_to="Ops", **table_options(company))
    assert not done.get("failed"), done["msg"]
    assert transferred_ids(done) == {made[name] for name in RESOURCES_OF_ADA} and residual_access(done) == []
    assert len(during) == len(proxy.writes) == 6
    assert [at for at in during if at != {"plain": 200, "bos": 200}] == []
    assert {path: company.called(path) for path in PATHS} == before
    assert {company.owner_of("workflow", made[name]) for name in ("called", "caller", "plain", "old")} == {company.ops}
    assert company.owner_of("credential", made["mail"]) == company.ops
    assert company.owner_of("workflow", made["bos"]) == company.personal_project(BO)
    archived = [item.id for item in company.api.resources.workflows() if item.archived]
    assert archived == [made["old"]]
    ((entry,),) = (done["users"],)
    assert [(share["name"], share["user"]) for share in entry["lost_shares"]] == [("Mail", BO)]
    assert is_locked_out(company)


@pytest.mark.parametrize("number", [1, 2, 5, 6])
def test_next_run_completes_deletion_after_n8n_stopped(company: Company, proxy: FaultProxy, number: int) -> None:
    made = create_resources(company)
    before = {path: company.called(path) for path in PATHS}
    # Five transfers precede the deletion.
    proxy.stop_before(number)
    failed = offboard(company, proxy.url, action="delete", transfer_to="Ops", **table_options(company))
    assert failed["failed"] and failed["changed"] is (number > 1)
    assert len(transferred_ids(failed)) == number - 1
    assert company.n8n.get(f"/users/{ADA}")["email"] == ADA
    assert {path: company.called(path) for path in ("plain", "bos")} == {
        path: before[path] for path in ("plain", "bos")
    }
    proxy.is_stopped = False
    again = offboard(company, proxy.url, action="delete", transfer_to="Ops", **table_options(company))
    assert not again.get("failed") and transferred_ids(again) | transferred_ids(failed) == {
        made[name] for name in RESOURCES_OF_ADA
    }
    assert not transferred_ids(again) & transferred_ids(failed)
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)


@pytest.mark.database
def test_staged_leaver_is_demoted_and_later_deleted(company: Company, tmp_path: Path) -> None:
    made = create_resources(company)
    before = {path: company.called(path) for path in PATHS}
    path = tmp_path / "leavers.json"
    staged = {"action": "staged", "state_path": str(path), "transfer_to": "Ops", **table_options(company)}
    first = offboard(company, now="2026-11-01", **staged)
    assert first["changed"] and transferred_ids(first) == set()
    assert status(company, company.keys[ADA]) == 401 and visible_to_ada(company)["teams"] == set()
    assert {path: company.called(path) for path in PATHS} == before
    assert '"project:editor"' in path.read_text(encoding="utf-8") and company.keys[ADA] not in path.read_text("utf-8")
    assert not offboard(company, now="2026-11-30", **staged)["changed"]
    path.rename(tmp_path / "away")
    planned, warnings = offboard_and_warnings(company, check_mode=True, now="2026-12-01", **staged)
    assert [change for change in planned["plan"] if change["action"] == "delete_user"] == []
    assert f"{ADA} already looks staged" in warnings and not path.exists()
    (tmp_path / "away").rename(path)
    done = offboard(company, now="2026-12-01", **staged)
    assert transferred_ids(done) == {made[name] for name in RESOURCES_OF_ADA} and residual_access(done) == []
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)
    assert not offboard(company, now="2026-12-02", **staged)["changed"]


def test_chat_users_are_staged_without_a_record(company: Company, tmp_path: Path) -> None:
    """A chat user without a record is staged in the same way as users whom another run has demoted."""
    demoted = offboard(company, users=[ADA, BO], action="demote")
    assert not demoted.get("failed"), demoted["msg"]
    path = tmp_path / "leavers.json"
    staged = {
        "users": [ADA, BO],
        "action": "staged",
        "state_path": str(path),
        "grace_days": 0,
        **table_options(company),
    }
    for check_mode in (True, False):
        begun, warnings = offboard_and_warnings(company, check_mode=check_mode, now="2026-11-01", **staged)
        assert begun["changed"] and begun["plan"] == [] and path.exists() is not check_mode
        assert "does not exist. This run creates it." in warnings
        assert f"{ADA}, {BO} already look staged: no projects, and no instance role above" in warnings
    assert [entry["since"] for entry in json.loads(path.read_text("utf-8"))["leavers"]] == ["2026-11-01T00:00:00Z"] * 2
    assert company.n8n.get(f"/users/{ADA}") and company.n8n.get(f"/users/{BO}")
    deleted = offboard(company, now="2026-11-02", **staged)
    assert not deleted.get("failed"), deleted["msg"]
    assert {user["email"] for user in company.n8n.everything("/users")}.isdisjoint({ADA, BO})


def test_successors_replace_sole_admin_of_three_projects(company: Company) -> None:
    ids = [company.api.create_project(f"Hers {number}").id for number in range(3)]
    owner = company.n8n.get("/users/olivia@example.com")["id"]
    for project in ids:
        company.api.set_members(project, {company.ids[ADA]: "project:admin"})
        company.api.remove_member(project, owner)
    for action in ("remove_memberships", "demote", "delete"):
        refused = offboard(company, action=action, **(table_options(company) if action == "delete" else {}))
        assert all(f'Project "Hers {number}"' in refused["msg"] for number in range(3))
    done = offboard(
        company, action="delete", successor={ids[0]: CY, "Hers 1": BO, "Hers 2": BO}, **table_options(company)
    )
    assert not done.get("failed"), done["msg"]
    members = company.n8n.memberships()
    assert [members[f"Hers {number}"] for number in range(3)] == [
        {CY: "project:admin"},
        {BO: "project:admin"},
        {BO: "project:admin"},
    ]


def test_pending_user_who_owns_workflow_needs_transfer(company: Company) -> None:
    workflow = company.workflow(BO, "Gift", webhook("gift"), respond_with("gift"), publish=True)
    company.api.resources.transfer_workflow(workflow, company.personal_project(CY))
    before = company.called("gift")
    refused = offboard(company, users=[CY], action="delete")
    assert refused["failed"] and f'owns workflow "Gift" ({workflow})' in refused["msg"]
    done = offboard(company, users=[CY], action="delete", transfer_to=BO)
    assert transferred_ids(done) == {workflow} and company.called("gift") == before


def test_destination_becomes_owner_of_workflow_shared_with_it(company: Company) -> None:
    bills = company.workflow(ADA, "Bills", webhook("bills"), respond_with("bills"), publish=True)
    company.share(ADA, "workflow", bills, company.personal_project(BO))
    done = offboard(company, action="delete", transfer_to=BO, **table_options(company))
    assert transferred_ids(done) == {bills} and done["users"][0]["lost_shares"] == []
    assert company.owner_of("workflow", bills) == company.personal_project(BO) and company.called("bills")[0] == 200


@pytest.mark.database
def test_table_of_1000_rows_is_copied(company: Company) -> None:
    table = company.create_as(ADA, "/data-tables", {"name": "Orders", "columns": COLUMNS})
    company.n8n.api("POST", f"/data-tables/{table}/rows", {"data": rows(1000)})
    before = company.api.data_tables.table_rows(table)
    refused = offboard(company, action="delete", transfer_to="Ops")
    assert (
        refused["failed"]
        and ("data tables of other users" if company.floor else f'"Orders" ({table})') in refused["msg"]
    )
    if company.floor:
        assert (
            "data tables of other users"
            in offboard(company, action="delete", transfer_to="Ops", data_tables="copy")["msg"]
        )
        assert company.api.data_tables.table_rows(table) == before
        return
    done = offboard(company, action="delete", transfer_to="Ops", data_tables="copy")
    (copied,) = done["users"][0]["copied"]
    assert (copied["rows"], copied["new_name"]) == (1000, "Orders")
    assert company.api.data_tables.table_rows(copied["new_id"]) == before and is_locked_out(company)


def test_delete_resources_deletes_all_resources(company: Company) -> None:
    made = create_resources(company)
    done = offboard(company, action="delete", delete_resources=True)
    assert not done.get("failed"), done["msg"]
    assert {item["id"] for item in done["users"][0]["deleted"]} == {made[name] for name in RESOURCES_OF_ADA}
    assert company.called("plain")[0] == 404 and company.called("bos")[0] == 200 and is_locked_out(company)


def test_300_workflows_are_transferred(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    for number in range(300):
        company.workflow(ADA, f"W{number:03}", webhook(f"w{number}", mail))
    done = offboard(company, action="delete", transfer_to="Ops", **table_options(company))
    assert len(transferred_ids(done)) == 301 and not done.get("failed") and residual_access(done) == []
    assert sum(item.owner_id == company.ops for item in company.api.resources.workflows()) == 300
    # Each transfer is one request. The number of reading requests does not depend on the number of workflows.
    assert done["requests"] < 301 + 60


@pytest.mark.parametrize("number", [2, 3])
def test_next_run_completes_project_deletion_after_n8n_stopped(
    company: Company, proxy: FaultProxy, number: int
) -> None:
    mail = company.credential(BO, "Mail")
    bills = company.workflow(BO, "Bills", webhook("bills", mail), respond_with("bills"), publish=True)
    company.api.resources.transfer_credential(mail, company.ops)
    company.api.resources.transfer_workflow(bills, company.ops)
    before = company.called("bills")
    args = {"name": "Ops", "state": "absent", "transfer_to": BO, "retries": 1, **table_options(company)}
    proxy.stop_before(number)
    failed = module_runs.main(n8n_project, url=proxy.url, api_key=company.n8n.api_key, **args)
    assert failed["failed"] and len(failed["transferred"]) == number - 1 and "Ops" in company.n8n.memberships()
    proxy.is_stopped = False
    done = module_runs.main(n8n_project, url=proxy.url, api_key=company.n8n.api_key, **args)
    ids = {item["id"] for item in (*failed["transferred"], *done["transferred"])}
    assert ids == {mail, bills} and "Ops" not in company.n8n.memberships()
    assert company.called("bills") == before and company.owner_of("workflow", bills) == company.personal_project(BO)


def test_project_with_variables_needs_delete_resources(company: Company) -> None:
    args = {"id": company.ops, "state": "absent", "url": company.n8n.url, **table_options(company)}
    owner = company.n8n.login("olivia@example.com")
    scopes = owner.call("GET", "/api-keys/scopes")
    narrow = owner.api_key([scope for scope in scopes if scope != "variable:list"], "narrow")
    company.n8n.feature("feat:variables", True)
    company.n8n.api("POST", "/variables", {"key": "RATE", "value": "opens", "projectId": company.ops})
    company.n8n.api("POST", "/variables", {"key": "RATE", "value": "of all"})
    (variable,) = company.api.resources.variables()
    for check_mode in (True, False):
        refused = module_runs.main(n8n_project, check_mode=check_mode, api_key=company.n8n.api_key, **args)
        assert f'owns variable "RATE" ({variable.id}), which the deletion would destroy' in refused["msg"]
    hidden = module_runs.main(n8n_project, api_key=narrow, **args)
    assert hidden["failed"] and "variable:list" in hidden["msg"]
    assert "Ops" in company.n8n.memberships() and company.api.resources.variables() == (variable,)
    done = module_runs.main(
        n8n_project, api_key=company.n8n.api_key, **{**args, "data_tables": "refuse", "delete_resources": True}
    )
    assert [(item["type"], item["id"]) for item in done["deleted"]] == [("variable", variable.id)]
    assert "opens" not in str(done) and "Ops" not in company.n8n.memberships()
    # Without the license, n8n lists no variables, and a deletion destroys none.
    company.n8n.feature("feat:variables", False)
    assert company.api.resources.variables() == ()


def test_n8n_user_transfers_resources_and_deletes_user(company: Company) -> None:
    made = create_resources(company)
    before = {path: company.called(path) for path in PATHS}
    args = {"email": ADA, "state": "absent", "transfer_to": CY, **table_options(company)}
    connection = {"url": company.n8n.url, "api_key": company.n8n.api_key}
    planned = module_runs.main(n8n_user, check_mode=True, **args, **connection)
    done = module_runs.main(n8n_user, **args, **connection)
    assert planned["transferred"] == done["transferred"] and done["residual_access"] == []
    assert {item["id"] for item in done["transferred"]} == {made[name] for name in RESOURCES_OF_ADA}
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)
    assert not module_runs.main(n8n_user, **args, **connection)["changed"]
