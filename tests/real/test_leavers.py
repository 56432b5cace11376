# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leavers on the real n8n: what they can still reach is asked as the leaver, and the company loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from between import Between
from n8n_server.server import PASSWORD, Server, ServerError
from test_handover import ADA, BO, COLUMNS, CY, Company, node, rows, says, webhook

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.residual_access import MCP_KEYS_UNSEEN
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard, n8n_project, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

PATHS = ("caller", "plain", "bos")


@pytest.fixture
def company(n8n: Server) -> Iterator[Company]:
    """Ada is an editor in Ops and a viewer in Support; Bo is in Ops as well."""
    opened = Company(n8n)
    support = opened.api.create_project("Support").id
    opened.api.set_members(opened.ops, {opened.ids[ADA]: "project:editor", opened.ids[BO]: "project:viewer"})
    opened.api.set_members(support, {opened.ids[ADA]: "project:viewer"})
    yield opened
    opened.api.client.close()


@pytest.fixture
def between(n8n: Server) -> Iterator[Between]:
    with Between(n8n.url) as opened:
        yield opened


def what_ada_has(company: Company) -> dict[str, str]:
    """Let Ada own what calls another workflow and uses a credential, something archived, and have what is Bo's."""
    called = company.workflow(
        ADA,
        "Called",
        node("executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"}),
        says("called"),
        publish=True,
    )
    calls = {"workflowId": {"__rl": True, "value": called, "mode": "id"}, "options": {}}
    made = {"called": called, "mail": company.credential(ADA, "Mail")}
    made["caller"] = company.workflow(
        ADA, "Caller", webhook("caller", made["mail"]), node("executeWorkflow", 1.2, calls), publish=True
    )
    made["plain"] = company.workflow(ADA, "Plain", webhook("plain"), says("plain"), publish=True)
    made["old"] = company.workflow(ADA, "Old", webhook("old"))
    company.browsers[ADA].call("POST", f"/workflows/{made['old']}/archive")
    made["bos"] = company.workflow(BO, "Bo's", webhook("bos"), says("bo"), publish=True)
    company.share(ADA, "credential", made["mail"], company.home(BO))
    return made


MINE = ("called", "mail", "caller", "plain", "old")


def offboard(company: Company, url: str = "", **args: Any) -> dict[str, Any]:
    """Run n8n_offboard as Ansible does."""
    return offboard_and_warnings(company, url, **args)[0]


def offboard_and_warnings(company: Company, url: str = "", **args: Any) -> tuple[dict[str, Any], str]:
    return module_runs.main_and_warnings(
        n8n_offboard,
        **{"users": [ADA], "url": url or company.n8n.url, "api_key": company.n8n.api_key, "retries": 1, **args},
    )


def tables(company: Company) -> dict[str, str]:
    """Where nobody sees the data tables of others, somebody has to say that they may go."""
    return {"data_tables": "delete"} if company.floor else {}


def status(company: Company, key: str, path: str = "/workflows") -> int:
    """What the public API answers to a key."""
    url = f"{company.n8n.url}/api/v1{path}"
    return requests.get(url, headers={"X-N8N-API-KEY": key}, timeout=60, proxies={"http": ""}).status_code


def asked_by_mcp(company: Company, key: str) -> int:
    """What n8n's MCP server answers to a key."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    url = f"{company.n8n.url}/mcp-server/http"
    return requests.post(url, json=body, headers=headers, timeout=60, proxies={"http": ""}).status_code


def seen(company: Company) -> dict[str, set[str]]:
    """What Ada sees in the session that her browser has open: ids of everything, projects by name."""
    browser = company.browsers[ADA]
    return {
        "workflows": {item["id"] for item in browser.call("GET", "/workflows?filter=%7B%22isArchived%22%3Afalse%7D")},
        "credentials": {item["id"] for item in browser.call("GET", "/credentials")},
        "teams": {item["name"] for item in browser.call("GET", "/projects/my-projects") if item["type"] == "team"},
    }


def is_locked_out(company: Company) -> bool:
    """Whether neither Ada's open session, nor her key, nor her password open anything."""
    with pytest.raises(ServerError, match="answered 401"):
        company.browsers[ADA].call("GET", "/workflows")
    with pytest.raises(ServerError, match="answered 401"):
        company.n8n.login(ADA, PASSWORD)
    return status(company, company.keys[ADA]) == 401


def kinds(result: dict[str, Any]) -> list[tuple[str, str]]:
    (entry,) = result["users"]
    return [(left["type"], left["name"]) for left in entry["residual_access"]]


def moved(result: dict[str, Any]) -> set[str]:
    return {item["id"] for entry in result["users"] for item in entry["transferred"]}


def test_who_leaves_projects_sees_what_is_listed_and_no_more(company: Company) -> None:
    made = what_ada_has(company)
    company.share(BO, "workflow", made["bos"], company.home(ADA))
    in_ops = company.n8n.api("POST", "/workflows", {"name": "Team's", "nodes": [], "connections": {}, "settings": {}})
    company.api.resources.transfer_workflow(in_ops["id"], company.ops)
    assert in_ops["id"] in seen(company)["workflows"] and seen(company)["teams"] == {"Ops", "Support"}
    done = offboard(company)
    (entry,) = done["users"]
    listed = {
        kind: {left["id"] for left in entry["residual_access"] if kind in left["type"]}
        for kind in ("workflow", "credential")
    }
    # n8n lists what is archived apart.
    assert seen(company) == {
        "workflows": listed["workflow"] - {made["old"]},
        "credentials": listed["credential"],
        "teams": set(),
    }
    assert listed["workflow"] == {made[name] for name in ("called", "caller", "plain", "old", "bos")}
    assert ("api_keys" in dict(kinds(done))) and status(company, company.keys[ADA]) == 200
    with pytest.raises(ServerError, match="answered 40[34]"):
        company.browsers[ADA].call("GET", f"/workflows/{in_ops['id']}")


def test_who_is_demoted_and_gives_everything_away_reaches_nothing(company: Company) -> None:
    made = what_ada_has(company)
    before = {path: company.called(path) for path in PATHS}
    done = offboard(company, action="demote", transfer_to="Ops", **tables(company))
    assert moved(done) == {made[name] for name in MINE}
    unseen = ["unseen"] if company.floor else []
    assert [kind for kind, _name in kinds(done)] == ["instance_role", "api_keys", *unseen]
    assert seen(company) == {"workflows": set(), "credentials": set(), "teams": set()}
    assert status(company, company.keys[ADA]) == 401
    for item in ("called", "caller", "plain", "old"):
        with pytest.raises(ServerError, match="answered 40[34]"):
            company.browsers[ADA].call("GET", f"/workflows/{made[item]}")
    assert {path: company.called(path) for path in PATHS} == before
    assert not offboard(company, action="demote", transfer_to="Ops", **tables(company))["changed"]


def test_who_is_demoted_to_a_role_without_any_scope_reaches_nothing(company: Company) -> None:
    if company.floor:
        pytest.skip("2.8 has no custom roles")
    what_ada_has(company)
    role = {"displayName": "Nothing", "description": "", "roleType": "global", "scopes": []}
    slug = company.n8n.api("POST", "/roles", role)["slug"]
    done = offboard(company, action="demote", demote_role="Nothing", transfer_to=BO)
    assert kinds(done) == [("instance_role", slug), ("api_keys", MCP_KEYS_UNSEEN)]
    assert status(company, company.keys[ADA]) == 401
    assert company.n8n.get(f"/users/{ADA}", includeRole="true")["role"] == slug
    assert seen(company) == {"workflows": set(), "credentials": set(), "teams": set()}
    assert not offboard(company, action="demote", demote_role="Nothing", transfer_to=BO)["changed"]


def test_who_is_demoted_keeps_a_key_for_mcp_and_that_is_said(company: Company) -> None:
    company.n8n.login("olivia@example.com").call("PATCH", "/mcp/settings", {"mcpAccessEnabled": True})
    key = company.browsers[ADA].call("GET", "/mcp/api-key")["apiKey"]
    assert asked_by_mcp(company, key) == 200
    done = offboard(company, action="demote")
    assert status(company, company.keys[ADA]) == 401 and asked_by_mcp(company, key) == 200
    assert ("api_keys", MCP_KEYS_UNSEEN) in kinds(done)
    offboard(company, action="delete", **tables(company))
    assert asked_by_mcp(company, key) == 401


@pytest.mark.database
def test_who_is_deleted_reaches_nothing_and_what_runs_goes_on(company: Company, between: Between) -> None:
    made = what_ada_has(company)
    company.share(BO, "workflow", made["bos"], company.home(ADA))
    before = {path: company.called(path) for path in PATHS}
    assert {code for code, _text in before.values()} == {200} and "called" in before["caller"][1]
    during: list[object] = []
    for number in range(1, 20):
        between.meanwhile[number] = lambda: during.append({path: company.called(path)[0] for path in ("plain", "bos")})
    done = offboard(company, between.url, action="delete", transfer_to="Ops", **tables(company))
    assert not done.get("failed"), done["msg"]
    assert moved(done) == {made[name] for name in MINE} and kinds(done) == []
    assert len(during) == len(between.writes) == 6
    assert [at for at in during if at != {"plain": 200, "bos": 200}] == []
    assert {path: company.called(path) for path in PATHS} == before
    assert {company.owner_of("workflow", made[name]) for name in ("called", "caller", "plain", "old")} == {company.ops}
    assert company.owner_of("credential", made["mail"]) == company.ops
    assert company.owner_of("workflow", made["bos"]) == company.home(BO)
    archived = [item.id for item in company.api.resources.workflows() if item.archived]
    assert archived == [made["old"]]
    ((entry,),) = (done["users"],)
    assert [(share["name"], share["user"]) for share in entry["lost_shares"]] == [("Mail", BO)]
    assert is_locked_out(company)


@pytest.mark.parametrize("number", [1, 2, 5, 6])
def test_an_n8n_that_dies_on_the_way_has_deleted_nothing_and_the_next_run_finishes(
    company: Company, between: Between, number: int
) -> None:
    made = what_ada_has(company)
    before = {path: company.called(path) for path in PATHS}
    # Five moves, and then the deletion.
    between.dies_before(number)
    failed = offboard(company, between.url, action="delete", transfer_to="Ops", **tables(company))
    assert failed["failed"] and failed["changed"] is (number > 1)
    assert len(moved(failed)) == number - 1
    assert company.n8n.get(f"/users/{ADA}")["email"] == ADA
    assert {path: company.called(path) for path in ("plain", "bos")} == {
        path: before[path] for path in ("plain", "bos")
    }
    between.is_dead = False
    again = offboard(company, between.url, action="delete", transfer_to="Ops", **tables(company))
    assert not again.get("failed") and moved(again) | moved(failed) == {made[name] for name in MINE}
    assert not moved(again) & moved(failed)
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)


@pytest.mark.database
def test_a_leaver_in_two_steps(company: Company, tmp_path: Path) -> None:
    made = what_ada_has(company)
    before = {path: company.called(path) for path in PATHS}
    path = tmp_path / "leavers.json"
    staged = {"action": "staged", "state_path": str(path), "transfer_to": "Ops", **tables(company)}
    first = offboard(company, now="2026-11-01", **staged)
    assert first["changed"] and moved(first) == set()
    assert status(company, company.keys[ADA]) == 401 and seen(company)["teams"] == set()
    assert {path: company.called(path) for path in PATHS} == before
    assert '"project:editor"' in path.read_text(encoding="utf-8") and company.keys[ADA] not in path.read_text("utf-8")
    assert not offboard(company, now="2026-11-30", **staged)["changed"]
    path.rename(tmp_path / "away")
    lost, warnings = offboard_and_warnings(company, check_mode=True, now="2026-12-01", **staged)
    assert [change for change in lost["plan"] if change["action"] == "delete_user"] == []
    assert f"{ADA} already looks staged" in warnings and not path.exists()
    (tmp_path / "away").rename(path)
    done = offboard(company, now="2026-12-01", **staged)
    assert moved(done) == {made[name] for name in MINE} and kinds(done) == []
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)
    assert not offboard(company, now="2026-12-02", **staged)["changed"]


def test_chat_users_are_staged_without_a_record(company: Company, tmp_path: Path) -> None:
    """An ordinary chat user, and users whom another run has demoted, as a synchronization without staging does."""
    demoted = offboard(company, users=[ADA, BO], action="demote")
    assert not demoted.get("failed"), demoted["msg"]
    path = tmp_path / "leavers.json"
    staged = {"users": [ADA, BO], "action": "staged", "state_path": str(path), "grace_days": 0, **tables(company)}
    for check_mode in (True, False):
        begun, warnings = offboard_and_warnings(company, check_mode=check_mode, now="2026-11-01", **staged)
        assert begun["changed"] and begun["plan"] == [] and path.exists() is not check_mode
        assert "does not exist. This run creates it." in warnings
        assert f"{ADA}, {BO} already look staged: no projects, and no instance role above" in warnings
    assert [entry["since"] for entry in json.loads(path.read_text("utf-8"))["leavers"]] == ["2026-11-01T00:00:00Z"] * 2
    assert company.n8n.get(f"/users/{ADA}") and company.n8n.get(f"/users/{BO}")
    gone = offboard(company, now="2026-11-02", **staged)
    assert not gone.get("failed"), gone["msg"]
    assert {user["email"] for user in company.n8n.everything("/users")}.isdisjoint({ADA, BO})


def test_the_sole_admin_of_three_projects_is_succeeded(company: Company) -> None:
    ids = [company.api.create_project(f"Hers {number}").id for number in range(3)]
    owner = company.n8n.get("/users/olivia@example.com")["id"]
    for project in ids:
        company.api.set_members(project, {company.ids[ADA]: "project:admin"})
        company.api.remove_member(project, owner)
    for action in ("remove_memberships", "demote", "delete"):
        refused = offboard(company, action=action, **(tables(company) if action == "delete" else {}))
        assert all(f'Project "Hers {number}"' in refused["msg"] for number in range(3))
    done = offboard(company, action="delete", successor={ids[0]: CY, "Hers 1": BO, "Hers 2": BO}, **tables(company))
    assert not done.get("failed"), done["msg"]
    members = company.n8n.memberships()
    assert [members[f"Hers {number}"] for number in range(3)] == [
        {CY: "project:admin"},
        {BO: "project:admin"},
        {BO: "project:admin"},
    ]


def test_somebody_who_never_came_and_was_given_a_workflow(company: Company) -> None:
    gift = company.workflow(BO, "Gift", webhook("gift"), says("gift"), publish=True)
    company.api.resources.transfer_workflow(gift, company.home(CY))
    before = company.called("gift")
    refused = offboard(company, users=[CY], action="delete")
    assert refused["failed"] and f'owns workflow "Gift" ({gift})' in refused["msg"]
    done = offboard(company, users=[CY], action="delete", transfer_to=BO)
    assert moved(done) == {gift} and company.called("gift") == before


def test_what_the_destination_has_already_becomes_its_own(company: Company) -> None:
    bills = company.workflow(ADA, "Bills", webhook("bills"), says("bills"), publish=True)
    company.share(ADA, "workflow", bills, company.home(BO))
    done = offboard(company, action="delete", transfer_to=BO, **tables(company))
    assert moved(done) == {bills} and done["users"][0]["lost_shares"] == []
    assert company.owner_of("workflow", bills) == company.home(BO) and company.called("bills")[0] == 200


@pytest.mark.database
def test_a_table_of_1000_rows(company: Company) -> None:
    table = company.make(ADA, "/data-tables", {"name": "Orders", "columns": COLUMNS})
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


def test_everything_may_be_destroyed(company: Company) -> None:
    made = what_ada_has(company)
    done = offboard(company, action="delete", delete_resources=True)
    assert not done.get("failed"), done["msg"]
    assert {item["id"] for item in done["users"][0]["deleted"]} == {made[name] for name in MINE}
    assert company.called("plain")[0] == 404 and company.called("bos")[0] == 200 and is_locked_out(company)


def test_300_workflows(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    for number in range(300):
        company.workflow(ADA, f"W{number:03}", webhook(f"w{number}", mail))
    done = offboard(company, action="delete", transfer_to="Ops", **tables(company))
    assert len(moved(done)) == 301 and not done.get("failed") and kinds(done) == []
    assert sum(item.owner_id == company.ops for item in company.api.resources.workflows()) == 300
    # Each moves with a call of its own; what is read does not grow with them.
    assert done["requests"] < 301 + 60


@pytest.mark.parametrize("number", [2, 3])
def test_a_project_that_goes_when_n8n_dies(company: Company, between: Between, number: int) -> None:
    mail = company.credential(BO, "Mail")
    bills = company.workflow(BO, "Bills", webhook("bills", mail), says("bills"), publish=True)
    company.api.resources.transfer_credential(mail, company.ops)
    company.api.resources.transfer_workflow(bills, company.ops)
    before = company.called("bills")
    args = {"name": "Ops", "state": "absent", "transfer_to": BO, "retries": 1, **tables(company)}
    between.dies_before(number)
    failed = module_runs.main(n8n_project, url=between.url, api_key=company.n8n.api_key, **args)
    assert failed["failed"] and len(failed["transferred"]) == number - 1 and "Ops" in company.n8n.memberships()
    between.is_dead = False
    done = module_runs.main(n8n_project, url=between.url, api_key=company.n8n.api_key, **args)
    ids = {item["id"] for item in (*failed["transferred"], *done["transferred"])}
    assert ids == {mail, bills} and "Ops" not in company.n8n.memberships()
    assert company.called("bills") == before and company.owner_of("workflow", bills) == company.home(BO)


def test_a_project_with_variables_stays_until_somebody_says_that_they_may_go(company: Company) -> None:
    args = {"id": company.ops, "state": "absent", "url": company.n8n.url, **tables(company)}
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
    # Without the licence n8n lists none, and has none to lose.
    company.n8n.feature("feat:variables", False)
    assert company.api.resources.variables() == ()


def test_one_user(company: Company) -> None:
    made = what_ada_has(company)
    before = {path: company.called(path) for path in PATHS}
    args = {"email": ADA, "state": "absent", "transfer_to": CY, **tables(company)}
    connection = {"url": company.n8n.url, "api_key": company.n8n.api_key}
    would = module_runs.main(n8n_user, check_mode=True, **args, **connection)
    done = module_runs.main(n8n_user, **args, **connection)
    assert would["transferred"] == done["transferred"] and done["residual_access"] == []
    assert {item["id"] for item in done["transferred"]} == {made[name] for name in MINE}
    assert {path: company.called(path) for path in PATHS} == before and is_locked_out(company)
    assert not module_runs.main(n8n_user, **args, **connection)["changed"]
