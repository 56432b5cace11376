# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test apply() on the fake server with handovers: failed writes, lost responses, and changes by other tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    find_leavers,
    leaver_request,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DesiredProject, DesiredState
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain

ADA, BO, CY, DI = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di"))
LEAVERS = (ADA, BO, CY)
FAILURE = ApiError("n8n rejected the request.", 501, "Not implemented")
ADA_TABLE, BO_TABLE = "AdasAdasAdas1234", "BosBosBosBos1234"
COLUMNS = (("s", "string"),)
NO_SCOPES = "global:no-scopes-a1b2c3"
MakePlan = Callable[[FakeN8n], Plan]


def server(concurrency: int = 1, floor: bool = False) -> FakeN8n:
    """Return a server where Ada, Bo, and Cy own items. Ada is the only admin of Sales."""
    n8n = FakeN8n(floor=floor, concurrency=concurrency)
    for email in (ADA, BO, DI, CY):
        n8n.add_user(email)
    n8n.custom_roles[NO_SCOPES] = "No scopes"
    del n8n.roles_in[n8n.add_team_project("Sales", ada="admin", bo="viewer")][n8n.owner_id]
    n8n.add_team_project("Ops", di="editor")
    ada, bo, cy, di = (n8n.personal_project_id(email) for email in (ADA, BO, CY, DI))
    n8n.owned = {
        ada: [
            Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",)),
            Workflow("workflow", "w-2", "Old", archived=True, shares=(Share(di, "workflow:editor"),)),
            Credential("credential", "c-1", "Mail", shares=(Share(di, "credential:user"),)),
            Table("data table", ADA_TABLE, "Orders", columns=COLUMNS),
        ],
        bo: [
            Workflow("workflow", "w-3", "Ledger", published=True),
            Table("data table", BO_TABLE, "Orders", columns=COLUMNS),
        ],
        cy: [Workflow("workflow", "w-4", "Welcome")],
        # A workflow of Di that is shared with Ada.
        di: [Workflow("workflow", "w-9", "Di's", published=True, shares=(Share(ada, "workflow:editor"),))],
        project_id(n8n, "Ops"): [Table("data table", "opsopsopsops1234", "Orders", columns=COLUMNS)],
    }
    n8n.rows = {ADA_TABLE: [{"s": f"ada {row}"} for row in range(1200)], BO_TABLE: [{"s": "bo"}]}
    return n8n


def project_id(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def all_items(n8n: FakeN8n) -> set[object]:
    """Return all workflows and credentials by id, and all data tables by their rows."""
    items = [item for key in n8n.owned for item in n8n.owned[key] if key in n8n.all_projects]
    tables = {str(n8n.rows.get(item.id)) for item in items if isinstance(item, Table)}
    return tables | {(item.type, item.id) for item in items if not isinstance(item, Table)}


def published(n8n: FakeN8n) -> set[str]:
    items = [item for owned in n8n.owned.values() for item in owned]
    return {item.id for item in items if isinstance(item, Workflow) and item.published}


def check_after_each_write(n8n: FakeN8n) -> None:
    """Assert after each write that no item was lost and that all projects have admins."""
    before, before_published, admins = all_items(n8n), published(n8n), check_admins_remain(n8n)

    def check() -> None:
        assert before <= all_items(n8n) and before_published == published(n8n)
        admins()

    n8n.after_each_write = check


def plan_leaving(action: str, handover_options: HandoverOptions, role: str = "chatUser") -> MakePlan:
    leaver_options = LeaverOptions(action, role, handover_options, {"": DI})

    def make_plan(n8n: FakeN8n) -> Plan:
        state = read(n8n, leaver_request(LEAVERS, leaver_options))
        return plan_leavers(state, find_leavers(state, LEAVERS), leaver_options)

    return make_plan


def plan_project_deletion(n8n: FakeN8n) -> Plan:
    """Plan the deletion of Sales with a transfer to Di."""
    desired = DesiredState(
        projects=(DesiredProject("Sales", present=False),), handover_options=HandoverOptions(DI, "copy")
    )
    request = ReadRequest(all_users=True, projects=True, owned_by_projects=("Sales",), destinations=(DI,))
    return plan(read(n8n, request), desired)


def server_with_project_items(concurrency: int = 1) -> FakeN8n:
    """Return the server, with the items of Ada in Sales."""
    n8n = server(concurrency)
    n8n.owned[project_id(n8n, "Sales")] = n8n.owned.pop(n8n.personal_project_id(ADA))
    return n8n


CASES: dict[str, tuple[Callable[[int], FakeN8n], MakePlan]] = {
    "delete": (server, plan_leaving("delete", HandoverOptions("Ops", "copy"))),
    "delete, to a user": (server, plan_leaving("delete", HandoverOptions(DI, "copy"))),
    "demote": (server, plan_leaving("demote", HandoverOptions("Ops", "copy"))),
    "demote to a role without scopes": (server, plan_leaving("demote", HandoverOptions(DI, "copy"), NO_SCOPES)),
    "project": (server_with_project_items, plan_project_deletion),
}


def reported_items(outcome: Outcome) -> list[tuple[str, str]]:
    """Return type and id of each item that the result reports."""
    result = outcome.handed_over()
    return [(entry["type"], entry["id"]) for key in ("transferred", "copied", "deleted") for entry in result[key]]


def final_state(n8n: FakeN8n) -> object:
    """Return users, members, and items, without the ids and the name suffixes of copies."""
    owned = {
        n8n.all_projects[key].name: sorted(
            (
                item.type,
                item.name.partition(" (")[0],
                str(n8n.rows.get(item.id)) if isinstance(item, Table) else item.id,
            )
            for item in items
        )
        for key, items in n8n.owned.items()
        if items
    }
    return n8n.instance_roles(), n8n.memberships(), owned


def plan_and_apply(n8n: FakeN8n, make_plan: MakePlan) -> tuple[Plan, Outcome]:
    """Plan and apply. Assert that the outcome contains each planned change exactly once."""
    made = make_plan(n8n)
    outcome = apply(made, n8n, lambda links: None)
    failed = [change for error in outcome.errors for change in error["changes"]]
    reported = [change.to_result() for change in (*outcome.done, *outcome.not_tried)] + failed
    reported += [{**change, "reason": ""} for change in outcome.conflicts]
    without_reasons = sorted(str({**change, "reason": ""}) for change in reported)
    assert without_reasons == sorted(str({**change, "reason": ""}) for change in made.to_result())
    return made, outcome


@pytest.mark.parametrize("case", CASES)
def test_all_items_are_transferred(case: str) -> None:
    start, make_plan = CASES[case]
    n8n = start(1)
    check_after_each_write(n8n)
    made, outcome = plan_and_apply(n8n, make_plan)
    assert not (outcome.errors or outcome.not_tried or outcome.conflicts or outcome.notes)
    assert sorted(reported_items(outcome)) == sorted(
        (step.item.type, step.item.id) for handover in made.handovers.values() for step in handover.steps
    )
    assert make_plan(n8n).changes == ()


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("fault", ["write fails", "response is lost"])
@pytest.mark.parametrize("case", CASES)
def test_next_run_completes_the_handover_after_a_fault_at_any_write(case: str, fault: str, concurrency: int) -> None:
    """No item is lost, moved items are reported, only their owner is skipped, and the next run does the rest."""
    start, make_plan = CASES[case]
    expected = start(1)
    complete, complete_outcome = plan_and_apply(expected, make_plan)
    for number in range(1, expected.calls["write"] + 1):
        n8n = start(concurrency)
        check_after_each_write(n8n)
        if fault == "write fails":
            n8n.fail[number] = FAILURE
        else:
            n8n.lose.add(number)
        _made, outcome = plan_and_apply(n8n, make_plan)
        # A failed rename of a copy is not an error, because the copy is complete and keeps its name.
        keeps_name = any("keeps this name" in note for note in outcome.notes)
        assert bool(outcome.errors) != keeps_name, number
        stopped = {change["user"] for error in outcome.errors for change in error["changes"]}
        assert len(stopped) == (0 if keeps_name else 1)
        if outcome.errors and "delete_table" in outcome.errors[0]["error"]:
            # The copy may be the only remaining data, so the result must report it.
            assert any("is a complete copy of data table" in note for note in outcome.notes)
        for email in set(LEAVERS) - stopped if case != "project" and DI not in stopped else ():
            assert n8n.instance_roles().get(email) == expected.instance_roles().get(email)
        _again, rest = plan_and_apply(n8n, make_plan)
        assert not (rest.errors or rest.not_tried or rest.conflicts)
        reported = reported_items(outcome) + reported_items(rest)
        assert len(reported) == len(set(reported)) and set(reported) <= set(reported_items(complete_outcome))
        assert len(reported) >= len(reported_items(complete_outcome)) - (fault != "write fails")
        assert final_state(n8n) == final_state(expected), f"write {number}"
        assert make_plan(n8n).changes == ()
    assert len(complete.changes) >= 5


@pytest.mark.parametrize("role", ["chatUser", NO_SCOPES])
@pytest.mark.parametrize("before", ["global:member", "global:chatUser"])
def test_user_is_not_demoted_while_an_item_has_not_moved(role: str, before: str) -> None:
    n8n = server()
    n8n.set_user_role(n8n.id_of(BO), before)
    n8n.roles_in[project_id(n8n, "Ops")][n8n.id_of(BO)] = "project:viewer"
    make_plan, writes = plan_leaving("demote", HandoverOptions("Ops", "copy"), role), n8n.calls["write"]
    # The first write adds the successor. The next writes move the first item of each leaver.
    n8n.fail.update(dict.fromkeys(range(writes + 2, writes + 5), FAILURE))
    roles, members = n8n.instance_roles(), n8n.memberships()
    _made, outcome = plan_and_apply(n8n, make_plan)
    assert len(outcome.errors) == 3 and n8n.calls["write"] == writes + 4
    assert n8n.instance_roles() == roles
    assert n8n.memberships() == {**members, "Sales": {**members["Sales"], DI: "project:admin"}}


def add_item(n8n: FakeN8n, owner: str, item: OwnedItem) -> None:
    n8n.owned.setdefault(owner, []).append(item)


@pytest.mark.parametrize(
    "item",
    [
        Workflow("workflow", "w-new", "New"),
        Credential("credential", "c-new", "New"),
        Table("data table", "NewNewNewNew1234", "New"),
    ],
)
@pytest.mark.parametrize("handover_options", [HandoverOptions("Ops", "copy"), HandoverOptions(delete_resources=True)])
def test_item_created_before_the_deletion_of_its_owner_is_not_destroyed(
    item: OwnedItem, handover_options: HandoverOptions
) -> None:
    n8n = server()
    make_plan = plan_leaving("delete", handover_options)
    made = make_plan(n8n)
    n8n.before_call["write", 2] = lambda: add_item(n8n, n8n.personal_project_id(ADA), item)
    outcome = apply(made, n8n, lambda links: None)
    assert n8n.instance_roles().keys() == {OLIVIA, ADA, DI}
    (error,) = outcome.errors
    assert f"ada@example.com is not deleted: {item} would be destroyed as well" in error["error"]
    assert n8n.find(item.type, item.id) is not None
    assert ADA not in [change.user for change in outcome.done if change.action == "delete_user"]
    # The next run moves the new item as well.
    _made, rest = plan_and_apply(n8n, make_plan)
    assert not rest.errors and ADA not in n8n.instance_roles()


def test_item_created_before_the_deletion_of_its_project_is_not_destroyed() -> None:
    n8n = server_with_project_items()
    made = plan_project_deletion(n8n)
    n8n.before_call["write", 2] = lambda: add_item(n8n, project_id(n8n, "Sales"), Workflow("workflow", "w-new", "New"))
    outcome = apply(made, n8n, lambda links: None)
    assert 'workflow "New" (w-new) would be destroyed' in outcome.errors[0]["error"]
    assert "Sales" in n8n.memberships() and n8n.find("workflow", "w-new")
    plan_and_apply(n8n, plan_project_deletion)
    assert "Sales" not in n8n.memberships() and n8n.find("workflow", "w-new")


def test_variable_created_before_the_deletion_of_its_project_is_not_destroyed() -> None:
    n8n = server_with_project_items()
    made = plan_project_deletion(n8n)
    n8n.before_call["write", 2] = lambda: add_item(
        n8n, project_id(n8n, "Sales"), OwnedItem("variable", "v-new", "RATE")
    )
    outcome = apply(made, n8n, lambda links: None)
    assert 'variable "RATE" (v-new) would be destroyed' in outcome.errors[0]["error"]
    assert "Sales" in n8n.memberships()
    with pytest.raises(
        InputError, match=r'owns variable "RATE" \(v-new\), which the deletion would destroy. Move them in'
    ):
        plan_project_deletion(n8n)


@pytest.mark.parametrize("path", ["/workflows", "/credentials", "/data-tables", "/variables"])
def test_user_is_not_deleted_if_a_listing_is_forbidden_before_the_deletion(path: str) -> None:
    n8n = server()
    made = plan_leaving("delete", HandoverOptions("Ops", "copy"))(n8n)
    n8n.before_call["delete_user", 1] = lambda: pytest.fail("a user was about to be deleted")
    n8n.before_call["write", 2] = lambda: n8n.hidden.add(path)
    outcome = apply(made, n8n, lambda links: None)
    assert {ADA, BO} <= n8n.instance_roles().keys()
    assert any("is not deleted: " in error["error"] and "Forbidden" in error["error"] for error in outcome.errors)


ITEMS_WITHOUT_OWNER = (Workflow("workflow", "w-8", "Unowned"), Table("data table", "unownedunowned12", "Unowned"))


@pytest.mark.parametrize("item", ITEMS_WITHOUT_OWNER, ids=lambda item: item.type)
def test_no_user_is_deleted_if_n8n_does_not_show_the_owner_of_an_item(item: OwnedItem) -> None:
    n8n = server()
    delete = plan_leaving("delete", HandoverOptions("Ops", "copy"))
    made = delete(n8n)
    # The item without an owner appears after the plan.
    n8n.before_call["write", 2] = lambda: n8n.owned.update({"": [item]})
    n8n.before_call["delete_user", 1] = lambda: pytest.fail("a user was about to be deleted")
    outcome = apply(made, n8n, lambda links: None)
    message = f'does not show the owner of {item.type} "Unowned"'
    assert {ADA, BO} <= n8n.instance_roles().keys() and any(message in error["error"] for error in outcome.errors)
    with pytest.raises(InputError, match=message):
        delete(n8n)


def test_delete_resources_allows_deletion_with_hidden_items() -> None:
    n8n = server()
    n8n.hidden.add("/credentials")
    _made, outcome = plan_and_apply(n8n, plan_leaving("delete", HandoverOptions(delete_resources=True)))
    assert not outcome.errors and n8n.instance_roles().keys() == {OLIVIA, DI}


def test_user_is_not_deleted_if_a_listing_fails_before_the_deletion() -> None:
    n8n = server()
    made = plan_leaving("delete", HandoverOptions("Ops", "copy"))(n8n)

    def fail() -> None:
        raise FAILURE

    # Credentials are listed once after the moves, and again right before the deletion.
    n8n.before_call["credentials", n8n.calls["credentials"] + 2] = fail
    outcome = apply(made, n8n, lambda links: None)
    assert n8n.instance_roles().keys() == {OLIVIA, ADA, BO, CY, DI}
    assert {change["action"] for error in outcome.errors for change in error["changes"]} == {"delete_user"}
    # Items that were moved are reported.
    assert {key for _kind, key in reported_items(outcome)} == {"c-1", "w-1", "w-2", "w-3", "w-4", ADA_TABLE, BO_TABLE}


def test_oldest_n8n_deletes_users_if_data_tables_may_be_deleted() -> None:
    n8n = server(floor=True)
    _made, outcome = plan_and_apply(n8n, plan_leaving("delete", HandoverOptions("Ops", "delete")))
    assert not outcome.errors and n8n.instance_roles().keys() == {OLIVIA, DI}
    assert {key for kind, key in reported_items(outcome) if kind != "data table"} == {"c-1", "w-1", "w-2", "w-3", "w-4"}


@pytest.mark.parametrize("action", ["demote", "delete"])
def test_leaver_without_successor_stays_and_other_leavers_are_processed(action: str) -> None:
    n8n = server()
    check_after_each_write(n8n)
    n8n.fail[1] = FAILURE
    _made, outcome = plan_and_apply(n8n, plan_leaving(action, HandoverOptions("Ops", "copy")))
    assert n8n.memberships()["Sales"][ADA] == "project:admin" and n8n.instance_roles()[ADA] == "global:member"
    assert BO not in n8n.memberships()["Sales"]
    assert [error["users"] for error in outcome.errors] == [[DI]]
    # The error gives the reason, so no conflict with another task is reported.
    assert outcome.conflicts == [] and {change.user for change in outcome.not_tried} == {ADA}
    _made, rest = plan_and_apply(n8n, plan_leaving(action, HandoverOptions("Ops", "copy")))
    assert not (rest.errors or rest.conflicts) and ADA not in n8n.memberships()["Sales"]


def test_lost_shares_are_those_of_the_moved_items() -> None:
    n8n = server()
    made = plan_leaving("delete", HandoverOptions("Ops", "copy"))(n8n)
    n8n.fail[3] = FAILURE
    outcome = apply(made, n8n, lambda links: None)
    lost: list[dict[str, Any]] = outcome.handed_over()["lost_shares"]
    moved = {key for _kind, key in reported_items(outcome)}
    assert {share["id"] for share in lost} == moved & {"c-1", "w-2"} != {"c-1", "w-2"}
    assert {share["user"] for share in lost} <= {DI}
