# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handover on the real n8n: published workflows keep running, data is kept, and an interrupted run loses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import requests
from n8n_server.server import Server

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.handover_run import run_handover
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import (
    HandoverTarget,
    plan_handover,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.handover import (
    HandoverOutcome,
    check_nothing_left,
    unpublished,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
HEADER = {"X-Test": "opens"}
COLUMNS = [{"name": name, "type": kind} for name, kind in (("s", "string"), ("n", "number"), ("b", "boolean"))]
COLUMNS.append({"name": "d", "type": "date"})


class Interrupted(BaseException):
    """Ends a run before it is complete, as a power failure does."""


class Company:
    """A real n8n with the leaver Ada, Bo, who shares with Ada, the pending user Cy, and the team project Ops."""

    def __init__(self, n8n: Server) -> None:
        self.n8n = n8n
        self.floor = n8n.version.startswith("2.8.")
        self.api = Api(Client(Connection(n8n.url, n8n.api_key)))
        emails = {ADA: "member", BO: "member", CY: "member"}
        made = self.api.invite({email: f"global:{role}" for email, role in emails.items()})
        self.ids = {email: made[email].user_id for email in emails}
        self.browsers = {email: n8n.accept(made[email].url or "", "First", "Last") for email in (ADA, BO)}
        self.keys = {email: browser.api_key() for email, browser in self.browsers.items()}
        self.ops = self.api.create_project("Ops").id

    def personal_project(self, email: str) -> str:
        projects = self.n8n.everything("/projects")
        return next(item["id"] for item in projects if item["creatorId"] == self.ids[email] and item["type"] != "team")

    def create_as(self, email: str, path: str, body: dict[str, Any]) -> str:
        """Create a resource with the API key of a user, and return its id."""
        server = Server(self.n8n.url, self.n8n.version, self.keys[email])
        return str(server.api("POST", path, body)["id"])

    def credential(self, email: str, name: str) -> str:
        data = {"name": "X-Test", "value": "opens"}
        return self.create_as(email, "/credentials", {"name": name, "type": "httpHeaderAuth", "data": data})

    def workflow(self, email: str, name: str, *nodes: dict[str, Any], publish: bool = False) -> str:
        links = {
            before["name"]: {"main": [[{"node": after["name"], "type": "main", "index": 0}]]}
            for before, after in zip(nodes, nodes[1:])
        }
        body = {"name": name, "nodes": list(nodes), "connections": links, "settings": {}}
        made = self.create_as(email, "/workflows", body)
        if publish:
            Server(self.n8n.url, self.n8n.version, self.keys[email]).api("POST", f"/workflows/{made}/activate")
            self._wait_for(nodes[0]["parameters"].get("path"))
        return made

    def _wait_for(self, path: str | None) -> None:
        """Wait until a webhook answers. On 2.40.7 it does not always answer immediately after the publication."""
        deadline = time.monotonic() + 20
        while path and self.called(path)[0] == 404 and time.monotonic() < deadline:
            time.sleep(0.1)

    def share(self, email: str, kind: str, item: str, project: str) -> None:
        self.browsers[email].call("PUT", f"/{kind}s/{item}/share", {"shareWithIds": [project]})

    def called(self, path: str) -> tuple[int, str]:
        """Return the status and text of the response of a published webhook."""
        answer = requests.get(f"{self.n8n.url}/webhook/{path}", headers=HEADER, timeout=60, proxies={"http": ""})
        return answer.status_code, answer.text

    def plan(self, destination: str | None = None, **options: Any) -> Any:
        request = ReadRequest(users=(ADA,), all_users=True, projects=True)
        state = read(self.api, request)
        ids = [self.personal_project(ADA), *([destination] if destination else [])]
        object.__setattr__(state, "owned_items", self.api.resources.owned_items(ids, is_instance_admin=True))
        projects = {project.id: project for project in state.projects}
        target = HandoverTarget(projects[destination] if destination else None, **options)
        return plan_handover(state, projects[self.personal_project(ADA)], target)

    def hand_over(self, destination: str, **options: Any) -> HandoverOutcome:
        return run_handover(self.plan(destination, **options), self.api)

    def owner_of(self, kind: str, item: str) -> str:
        return next(
            thing.owner_id
            for thing in (self.api.resources.credentials() if kind == "credential" else self.api.resources.workflows())
            if thing.id == item
        )

    def tables_of(self, project: str) -> dict[str, str]:
        return {table.name: table.id for table in self.api.data_tables.tables() if table.owner_id == project}


def webhook(path: str, credential: str | None = None) -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": "1",
        "name": "Webhook",
        "type": "n8n-nodes-base.webhook",
        "typeVersion": 2,
        "position": [0, 0],
        "webhookId": path,
        "parameters": {"path": path, "responseMode": "lastNode", "options": {}},
    }
    if credential:
        node["parameters"]["authentication"] = "headerAuth"
        node["credentials"] = {"httpHeaderAuth": {"id": credential, "name": "any"}}
    return node


def node(kind: str, version: float, parameters: dict[str, Any]) -> dict[str, Any]:
    full = f"n8n-nodes-base.{kind}"
    place = {"id": kind, "name": kind, "position": [200, 0]}
    return {**place, "type": full, "typeVersion": version, "parameters": parameters}


def respond_with(word: str) -> dict[str, Any]:
    value = {"id": "a", "name": "said", "value": word, "type": "string"}
    return node("set", 3.4, {"assignments": {"assignments": [value]}, "options": {}})


@pytest.fixture
def company(n8n: Server) -> Iterator[Company]:
    opened = Company(n8n)
    yield opened
    opened.api.client.close()


@pytest.mark.database
def test_published_workflows_keep_running_during_and_after_handover(company: Company) -> None:
    mail, lent_credential = company.credential(ADA, "Mail"), company.credential(BO, "Lent")
    company.share(BO, "credential", lent_credential, company.personal_project(ADA))
    called = company.workflow(
        ADA,
        "Called",
        node("executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"}),
        respond_with("called"),
        publish=True,
    )
    calls = {"workflowId": {"__rl": True, "value": called, "mode": "id"}, "options": {}}
    caller = company.workflow(ADA, "Caller", webhook("caller", mail), node("executeWorkflow", 1.2, calls), publish=True)
    plain = [
        company.workflow(ADA, f"Plain {n}", webhook(f"plain{n}"), respond_with("plain"), publish=True) for n in range(3)
    ]
    old = company.workflow(ADA, "Old", webhook("old"))
    company.browsers[ADA].call("POST", f"/workflows/{old}/archive")
    workflow_of_bo = company.workflow(BO, "Bo's", webhook("bos", lent_credential), respond_with("bo"), publish=True)
    company.share(BO, "workflow", workflow_of_bo, company.personal_project(ADA))
    company.share(ADA, "workflow", plain[0], company.personal_project(BO))
    company.share(ADA, "credential", mail, company.personal_project(BO))
    paths = ("caller", "plain0", "plain1", "plain2", "bos")
    before = {path: company.called(path) for path in paths}
    assert {status for status, _text in before.values()} == {200}
    assert "called" in before["caller"][1]

    plan = company.plan(company.ops, data_tables="delete")
    responses: list[tuple[int, str]] = []
    done = run_handover(plan, company.api, lambda _done: responses.append(company.called("plain1")))
    assert done.error is None
    # The webhook gives the same response before and after its transfer.
    assert set(responses) == {before["plain1"]} and len(responses) == len(plan.steps) == 7
    assert {path: company.called(path) for path in paths} == before
    moved = [company.owner_of("workflow", item) for item in (called, caller, *plain, old)]
    assert {*moved, company.owner_of("credential", mail)} == {company.ops}
    assert {company.owner_of("workflow", workflow_of_bo), company.owner_of("credential", lent_credential)} == {
        company.personal_project(BO)
    }
    lost = done.to_result()["lost_shares"]
    assert sorted((entry["name"], entry["user"], entry["role"]) for entry in lost) == [
        ("Mail", BO, "credential:user"),
        ("Plain 0", BO, "workflow:editor"),
    ]
    now = company.api.resources.owned_items([company.personal_project(ADA), company.ops], is_instance_admin=True)
    check_nothing_left(plan, now[company.personal_project(ADA)])
    assert unpublished(plan, now[company.ops]) == []
    # The personal project of Ada keeps the items that other users share with it.
    assert sorted(item.name for item in now[company.personal_project(ADA)].shared) == ["Bo's", "Lent"]

    company.api.delete_user(company.ids[ADA])
    assert {path: company.called(path) for path in paths} == before


@pytest.mark.parametrize("destination", [BO, CY])
def test_personal_project_of_pending_or_active_user_is_destination(company: Company, destination: str) -> None:
    mail = company.credential(ADA, "Mail")
    bills = company.workflow(ADA, "Bills", webhook("bills", mail), respond_with("bills"), publish=True)
    assert company.hand_over(company.personal_project(destination), data_tables="delete").error is None
    company.api.delete_user(company.ids[ADA])
    assert company.owner_of("workflow", bills) == company.personal_project(destination)
    assert company.called("bills")[0] == 200


def test_note_names_borrowed_credential_that_is_not_transferred(company: Company) -> None:
    lent_credential = company.credential(BO, "Lent")
    company.share(BO, "credential", lent_credential, company.personal_project(ADA))
    company.workflow(ADA, "Borrower", webhook("borrower", lent_credential), respond_with("borrowed"), publish=True)
    plan = company.plan(company.ops, data_tables="delete")
    assert "which is not shared with the destination" in plan.notes[0] and BO in plan.notes[0]
    assert company.called("borrower") == (200, '{"said":"borrowed"}')
    assert run_handover(plan, company.api).error is None
    assert "borrowed" not in company.called("borrower")[1]


def test_note_names_workflow_of_other_user_that_uses_transferred_credential(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    workflow_of_bo = company.workflow(BO, "Bo's", webhook("bos"), respond_with("bo"), publish=True)
    company.share(BO, "workflow", workflow_of_bo, company.personal_project(ADA))
    # Ada uses a credential in this workflow without sharing the credential with Bo.
    now = company.browsers[ADA].call("GET", f"/workflows/{workflow_of_bo}")
    nodes = [webhook("bos", mail), respond_with("bo")]
    company.browsers[ADA].call("PATCH", f"/workflows/{workflow_of_bo}", {"nodes": nodes, "versionId": now["versionId"]})
    Server(company.n8n.url, company.n8n.version, company.keys[BO]).api("POST", f"/workflows/{workflow_of_bo}/activate")
    before = company.called("bos")
    assert before == (200, '{"said":"bo"}')
    plan = company.plan(company.ops, data_tables="delete")
    assert plan.lost_shares == ()
    assert [
        note
        for note in plan.notes
        if f"({workflow_of_bo}) of {BO} uses" in note and f'"Mail" ({mail}) of {ADA}' in note
    ]
    assert run_handover(plan, company.api).error is None
    assert company.called("bos") != before


def test_next_run_completes_interrupted_handover(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    for number in range(4):
        company.workflow(ADA, f"W{number}", webhook(f"w{number}", mail), respond_with("w"), publish=True)
    plan = company.plan(company.ops, data_tables="delete")

    def interrupt(done: HandoverOutcome) -> None:
        if len(done.transferred) == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        run_handover(plan, company.api, interrupt)
    again = company.hand_over(company.ops, data_tables="delete")
    assert [entry["name"] for entry in again.transferred] == ["W2", "W3"]
    # Applying the first plan again finds all items at the destination.
    assert run_handover(plan, company.api).error is None
    assert {company.called(f"w{number}")[0] for number in range(4)} == {200}


def test_delete_resources_also_deletes_published_workflows(company: Company) -> None:
    company.workflow(ADA, "A", webhook("a"))
    company.workflow(ADA, "B", webhook("b"), publish=True)
    company.credential(ADA, "Mail")
    plan = company.plan(delete_resources=True)
    done = run_handover(plan, company.api)
    assert done.error is None
    company.api.delete_user(company.ids[ADA])
    assert company.api.resources.workflows() == company.api.resources.credentials() == ()


def rows(count: int) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        {"s": "a", "n": 1.5, "b": True, "d": "2026-01-02T03:04:05.678Z"},
        {"s": None, "n": None, "b": None, "d": None},
        {"s": "", "n": -0.25, "b": False, "d": "1969-12-31T23:59:59.999Z"},
        {"s": "2026-01-02", "n": 12345678901234567000, "b": False, "d": None},
        {"s": "ü\"'\n\u2028 💥", "n": 1e-7, "b": None, "d": "9999-12-31T23:59:59.999Z"},
    ]
    return [kinds[number % len(kinds)] for number in range(count)]


@pytest.fixture
def orders(company: Company) -> str:
    """Create a data table of Ada with 1,203 rows and a workflow that uses it. Ops has a table of the same name."""
    table = company.create_as(ADA, "/data-tables", {"name": "Orders", "columns": COLUMNS})
    for start in range(0, 1203, 401):
        company.n8n.api("POST", f"/data-tables/{table}/rows", {"data": rows(1203)[start : start + 401]})
    company.workflow(ADA, "Reader", webhook("reader"), node("dataTable", 1, {"dataTableId": {"value": table}}))
    if not company.floor:
        other = {"name": "Orders", "columns": COLUMNS[:1], "projectId": company.ops}
        company.n8n.api("POST", "/data-tables", other)
    return table


def test_table_is_copied_completely_under_unique_name(company: Company, orders: str) -> None:
    if company.floor:
        for option in ("refuse", "copy"):
            with pytest.raises(InputError, match="does not show the data tables of other users"):
                company.plan(company.ops, data_tables=option)
        assert company.plan(company.ops, data_tables="delete").steps
        return
    with pytest.raises(InputError, match=r'data table "Orders"'):
        company.plan(company.ops)
    before = company.api.data_tables.table_rows(orders)
    assert len(before) == 1203
    done = company.hand_over(company.ops, data_tables="copy")
    assert (done.error, done.notes) == (None, [])
    (copied,) = done.copied
    assert (copied["id"], copied["rows"], copied["new_name"]) == (orders, 1203, f"Orders (from {ADA})")
    assert [workflow["name"] for workflow in copied["workflows"]] == ["Reader"]
    assert company.api.data_tables.table_rows(copied["new_id"]) == before
    assert set(company.tables_of(company.ops)) == {"Orders", f"Orders (from {ADA})"}
    assert company.tables_of(company.personal_project(ADA)) == {}
    with pytest.raises(ApiError, match="Could not find the data table"):
        company.api.data_tables.table_rows(orders)


@pytest.mark.parametrize("after", ["create_table", "insert_rows", "delete_table"])
def test_interrupted_copy_neither_loses_nor_duplicates_rows(
    company: Company, orders: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if company.floor:
        pytest.skip("on 2.8 no table of others can be seen, so none is copied")
    before = company.api.data_tables.table_rows(orders)
    original = getattr(company.api.data_tables, after)

    def interrupt_after(*what: Any) -> None:
        original(*what)
        raise Interrupted

    monkeypatch.setattr(company.api.data_tables, after, interrupt_after)
    with pytest.raises(Interrupted):
        company.hand_over(company.ops, data_tables="copy")
    monkeypatch.undo()
    again = company.hand_over(company.ops, data_tables="copy")
    assert again.error is None
    (name,) = set(company.tables_of(company.ops)) - {"Orders"}
    # After the deletion of the original, the name of its owner is unknown.
    assert name == (f"Orders (copy of {orders})" if after == "delete_table" else f"Orders (from {ADA})")
    assert company.api.data_tables.table_rows(company.tables_of(company.ops)[name]) == before
    assert company.tables_of(company.personal_project(ADA)) == {}


def test_incomplete_copy_with_new_rows_is_not_deleted(
    company: Company, orders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if company.floor:
        pytest.skip("on 2.8 no table of others can be seen, so none is copied")

    def interrupt(_table_id: str) -> None:
        raise Interrupted

    monkeypatch.setattr(company.api.data_tables, "delete_table", interrupt)
    with pytest.raises(Interrupted):
        company.hand_over(company.ops, data_tables="copy")
    monkeypatch.undo()
    copy = company.tables_of(company.ops)[f"Orders (copy of {orders})"]
    company.n8n.api("POST", f"/data-tables/{copy}/rows", {"data": [{"s": "new"}]})
    stopped = company.hand_over(company.ops, data_tables="copy")
    assert f'data table "Orders (copy of {orders})" ({copy}) is an incomplete copy of' in str(stopped.error)
    assert (len(company.api.data_tables.table_rows(copy)), len(company.api.data_tables.table_rows(orders))) == (
        1204,
        1203,
    )
    # The error tells the user to rename the copy.
    company.n8n.api("PATCH", f"/data-tables/{copy}", {"name": "Kept"})
    assert company.hand_over(company.ops, data_tables="copy").error is None
    assert {"Kept", f"Orders (from {ADA})"} < set(company.tables_of(company.ops))
