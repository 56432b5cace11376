# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on the real n8n: what runs goes on running, what is stored stays stored, and a run that dies loses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import requests
from n8n_server.server import Server

# Makes the collection importable.
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
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.reading import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
HEADER = {"X-Test": "opens"}
COLUMNS = [{"name": name, "type": kind} for name, kind in (("s", "string"), ("n", "number"), ("b", "boolean"))]
COLUMNS.append({"name": "d", "type": "date"})


class Died(BaseException):
    """What ends a run in the middle, as a power cut does."""


class Company:
    """Ada, who leaves; Bo, who shares with her; Cy, who is invited only; and the team Ops, all on a real n8n."""

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

    def home(self, email: str) -> str:
        projects = self.n8n.everything("/projects")
        return next(item["id"] for item in projects if item["creatorId"] == self.ids[email] and item["type"] != "team")

    def make(self, email: str, path: str, body: dict[str, Any]) -> str:
        """Make something as that person does, and return its id."""
        theirs = Server(self.n8n.url, self.n8n.version, self.keys[email])
        return str(theirs.api("POST", path, body)["id"])

    def credential(self, email: str, name: str) -> str:
        data = {"name": "X-Test", "value": "opens"}
        return self.make(email, "/credentials", {"name": name, "type": "httpHeaderAuth", "data": data})

    def workflow(self, email: str, name: str, *nodes: dict[str, Any], publish: bool = False) -> str:
        links = {
            before["name"]: {"main": [[{"node": after["name"], "type": "main", "index": 0}]]}
            for before, after in zip(nodes, nodes[1:])
        }
        body = {"name": name, "nodes": list(nodes), "connections": links, "settings": {}}
        made = self.make(email, "/workflows", body)
        if publish:
            Server(self.n8n.url, self.n8n.version, self.keys[email]).api("POST", f"/workflows/{made}/activate")
            self._wait_for(nodes[0]["parameters"].get("path"))
        return made

    def _wait_for(self, path: str | None) -> None:
        """Wait for a webhook, which does not always answer the moment its workflow is published (seen on 2.40.7)."""
        deadline = time.monotonic() + 20
        while path and self.called(path)[0] == 404 and time.monotonic() < deadline:
            time.sleep(0.1)

    def share(self, email: str, kind: str, item: str, project: str) -> None:
        self.browsers[email].call("PUT", f"/{kind}s/{item}/share", {"shareWithIds": [project]})

    def called(self, path: str) -> tuple[int, str]:
        """Return what a published webhook answers."""
        answer = requests.get(f"{self.n8n.url}/webhook/{path}", headers=HEADER, timeout=60, proxies={"http": ""})
        return answer.status_code, answer.text

    def plan(self, destination: str | None = None, **options: Any) -> Any:
        request = ReadRequest(users=(ADA,), all_users=True, projects=True)
        state = read(self.api, request)
        ids = [self.home(ADA), *([destination] if destination else [])]
        object.__setattr__(state, "owned_items", self.api.resources.owned_items(ids, sees_all=True))
        projects = {project.id: project for project in state.projects}
        target = HandoverTarget(projects[destination] if destination else None, **options)
        return plan_handover(state, projects[self.home(ADA)], target)

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


def says(word: str) -> dict[str, Any]:
    value = {"id": "a", "name": "said", "value": word, "type": "string"}
    return node("set", 3.4, {"assignments": {"assignments": [value]}, "options": {}})


@pytest.fixture
def company(n8n: Server) -> Iterator[Company]:
    opened = Company(n8n)
    yield opened
    opened.api.client.close()


@pytest.mark.database
def test_what_runs_goes_on_running(company: Company) -> None:
    mail, lent = company.credential(ADA, "Mail"), company.credential(BO, "Lent")
    company.share(BO, "credential", lent, company.home(ADA))
    called = company.workflow(
        ADA,
        "Called",
        node("executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"}),
        says("called"),
        publish=True,
    )
    calls = {"workflowId": {"__rl": True, "value": called, "mode": "id"}, "options": {}}
    caller = company.workflow(ADA, "Caller", webhook("caller", mail), node("executeWorkflow", 1.2, calls), publish=True)
    plain = [company.workflow(ADA, f"Plain {n}", webhook(f"plain{n}"), says("plain"), publish=True) for n in range(3)]
    old = company.workflow(ADA, "Old", webhook("old"))
    company.browsers[ADA].call("POST", f"/workflows/{old}/archive")
    bos = company.workflow(BO, "Bo's", webhook("bos", lent), says("bo"), publish=True)
    company.share(BO, "workflow", bos, company.home(ADA))
    company.share(ADA, "workflow", plain[0], company.home(BO))
    company.share(ADA, "credential", mail, company.home(BO))
    paths = ("caller", "plain0", "plain1", "plain2", "bos")
    before = {path: company.called(path) for path in paths}
    assert {status for status, _text in before.values()} == {200}
    assert "called" in before["caller"][1]

    plan = company.plan(company.ops, data_tables="delete")
    between: list[tuple[int, str]] = []
    done = run_handover(plan, company.api, lambda _done: between.append(company.called("plain1")))
    assert done.error is None
    # It answers before its move, and so it does after it.
    assert set(between) == {before["plain1"]} and len(between) == len(plan.steps) == 7
    assert {path: company.called(path) for path in paths} == before
    moved = [company.owner_of("workflow", item) for item in (called, caller, *plain, old)]
    assert {*moved, company.owner_of("credential", mail)} == {company.ops}
    assert {company.owner_of("workflow", bos), company.owner_of("credential", lent)} == {company.home(BO)}
    lost = done.to_result()["lost_shares"]
    assert sorted((entry["name"], entry["user"], entry["role"]) for entry in lost) == [
        ("Mail", BO, "credential:user"),
        ("Plain 0", BO, "workflow:editor"),
    ]
    now = company.api.resources.owned_items([company.home(ADA), company.ops], sees_all=True)
    check_nothing_left(plan, now[company.home(ADA)])
    assert unpublished(plan, now[company.ops]) == []
    # What the others shared with her can still be reached.
    assert sorted(item.name for item in now[company.home(ADA)].shared) == ["Bo's", "Lent"]

    company.api.delete_user(company.ids[ADA])
    assert {path: company.called(path) for path in paths} == before


@pytest.mark.parametrize("who", [BO, CY])
def test_another_persons_space_takes_it_as_well_whether_invited_or_active(company: Company, who: str) -> None:
    mail = company.credential(ADA, "Mail")
    bills = company.workflow(ADA, "Bills", webhook("bills", mail), says("bills"), publish=True)
    assert company.hand_over(company.home(who), data_tables="delete").error is None
    company.api.delete_user(company.ids[ADA])
    assert company.owner_of("workflow", bills) == company.home(who)
    assert company.called("bills")[0] == 200


def test_a_borrowed_credential_stays_behind_and_that_is_said(company: Company) -> None:
    lent = company.credential(BO, "Lent")
    company.share(BO, "credential", lent, company.home(ADA))
    company.workflow(ADA, "Borrower", webhook("borrower", lent), says("borrowed"), publish=True)
    plan = company.plan(company.ops, data_tables="delete")
    assert "which is not shared with the destination" in plan.notes[0] and BO in plan.notes[0]
    assert company.called("borrower") == (200, '{"said":"borrowed"}')
    assert run_handover(plan, company.api).error is None
    assert "borrowed" not in company.called("borrower")[1]


def test_a_workflow_of_others_that_uses_what_moves_without_a_share_of_its_own_is_named(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    bos = company.workflow(BO, "Bo's", webhook("bos"), says("bo"), publish=True)
    company.share(BO, "workflow", bos, company.home(ADA))
    # Ada puts her credential into it, and may do so without sharing it with Bo.
    now = company.browsers[ADA].call("GET", f"/workflows/{bos}")
    nodes = [webhook("bos", mail), says("bo")]
    company.browsers[ADA].call("PATCH", f"/workflows/{bos}", {"nodes": nodes, "versionId": now["versionId"]})
    Server(company.n8n.url, company.n8n.version, company.keys[BO]).api("POST", f"/workflows/{bos}/activate")
    before = company.called("bos")
    assert before == (200, '{"said":"bo"}')
    plan = company.plan(company.ops, data_tables="delete")
    assert plan.lost_shares == ()
    assert [note for note in plan.notes if f"({bos}) of {BO} uses" in note and f'"Mail" ({mail}) of {ADA}' in note]
    assert run_handover(plan, company.api).error is None
    assert company.called("bos") != before


def test_a_run_that_dies_is_carried_on_by_the_next(company: Company) -> None:
    mail = company.credential(ADA, "Mail")
    for number in range(4):
        company.workflow(ADA, f"W{number}", webhook(f"w{number}", mail), says("w"), publish=True)
    plan = company.plan(company.ops, data_tables="delete")

    def dies(done: HandoverOutcome) -> None:
        if len(done.transferred) == 3:
            raise Died

    with pytest.raises(Died):
        run_handover(plan, company.api, dies)
    again = company.hand_over(company.ops, data_tables="delete")
    assert [entry["name"] for entry in again.transferred] == ["W2", "W3"]
    # The first plan, carried out as a whole once more, finds everything where it should be.
    assert run_handover(plan, company.api).error is None
    assert {company.called(f"w{number}")[0] for number in range(4)} == {200}


def test_what_may_be_destroyed_goes_also_where_it_is_published(company: Company) -> None:
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
    """Ada's data table of 1,203 rows, with a workflow that names it. Ops has another one of that name."""
    table = company.make(ADA, "/data-tables", {"name": "Orders", "columns": COLUMNS})
    for start in range(0, 1203, 401):
        company.n8n.api("POST", f"/data-tables/{table}/rows", {"data": rows(1203)[start : start + 401]})
    company.workflow(ADA, "Reader", webhook("reader"), node("dataTable", 1, {"dataTableId": {"value": table}}))
    if not company.floor:
        other = {"name": "Orders", "columns": COLUMNS[:1], "projectId": company.ops}
        company.n8n.api("POST", "/data-tables", other)
    return table


def test_a_table_is_copied_whole_under_a_name_of_its_own(company: Company, orders: str) -> None:
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
    assert company.tables_of(company.home(ADA)) == {}
    with pytest.raises(ApiError, match="Could not find the data table"):
        company.api.data_tables.table_rows(orders)


@pytest.mark.parametrize("after", ["create_table", "insert_rows", "delete_table"])
def test_a_run_that_dies_while_copying_loses_no_row_and_doubles_none(
    company: Company, orders: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if company.floor:
        pytest.skip("on 2.8 no table of others can be seen, so none is copied")
    before = company.api.data_tables.table_rows(orders)
    real = getattr(company.api.data_tables, after)

    def last(*what: Any) -> None:
        real(*what)
        raise Died

    monkeypatch.setattr(company.api.data_tables, after, last)
    with pytest.raises(Died):
        company.hand_over(company.ops, data_tables="copy")
    monkeypatch.undo()
    again = company.hand_over(company.ops, data_tables="copy")
    assert again.error is None
    (name,) = set(company.tables_of(company.ops)) - {"Orders"}
    # Where the original was gone already, nobody knows any more whose copy it was to be named after.
    assert name == (f"Orders (copy of {orders})" if after == "delete_table" else f"Orders (from {ADA})")
    assert company.api.data_tables.table_rows(company.tables_of(company.ops)[name]) == before
    assert company.tables_of(company.home(ADA)) == {}


def test_a_copy_that_somebody_has_written_to_is_not_destroyed(
    company: Company, orders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if company.floor:
        pytest.skip("on 2.8 no table of others can be seen, so none is copied")

    def dies(_table_id: str) -> None:
        raise Died

    monkeypatch.setattr(company.api.data_tables, "delete_table", dies)
    with pytest.raises(Died):
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
    # As the error says.
    company.n8n.api("PATCH", f"/data-tables/{copy}", {"name": "Kept"})
    assert company.hand_over(company.ops, data_tables="copy").error is None
    assert {"Kept", f"Orders (from {ADA})"} < set(company.tables_of(company.ops))
