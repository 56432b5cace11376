# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leavers and projects that own things, on the fake: cut short at every write, with lost answers, and others at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leavers import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    find_leavers,
    leaver_request,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.reading import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DesiredProject, DesiredState
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import admins_stay

ADA, BO, CY, DI = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di"))
LEAVERS = (ADA, BO, CY)
BROKEN = ApiError("n8n refused: it is broken.", 501, "broken")
ADAS, BOS = "AdasAdasAdas1234", "BosBosBosBos1234"
COLUMNS = (("s", "string"),)
NOTHING = "global:nothing-a1b2c3"
Make = Callable[[FakeN8n], Plan]


def company(concurrency: int = 1, floor: bool = False) -> FakeN8n:
    """Ada and Bo own things, Cy, who has not come yet, was given a workflow. Ada alone administrates Sales."""
    n8n = FakeN8n(floor=floor, concurrency=concurrency)
    for email in (ADA, BO, DI):
        n8n.person(email)
    n8n.person(CY, pending=True)
    n8n.custom_roles[NOTHING] = "Nothing"
    del n8n.roles_in[n8n.team("Sales", ada="admin", bo="viewer")][n8n.owner_id]
    n8n.team("Ops", di="editor")
    ada, bo, cy, di = (n8n.personal(email) for email in (ADA, BO, CY, DI))
    n8n.owned = {
        ada: [
            Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",)),
            Workflow("workflow", "w-2", "Old", archived=True, shares=(Share(di, "workflow:editor"),)),
            Credential("credential", "c-1", "Mail", shares=(Share(di, "credential:user"),)),
            Table("data table", ADAS, "Orders", columns=COLUMNS),
        ],
        bo: [
            Workflow("workflow", "w-3", "Ledger", published=True),
            Table("data table", BOS, "Orders", columns=COLUMNS),
        ],
        cy: [Workflow("workflow", "w-4", "Welcome")],
        # A colleague's, which Ada merely has.
        di: [Workflow("workflow", "w-9", "Di's", published=True, shares=(Share(ada, "workflow:editor"),))],
        project(n8n, "Ops"): [Table("data table", "opsopsopsops1234", "Orders", columns=COLUMNS)],
    }
    n8n.rows = {ADAS: [{"s": f"ada {row}"} for row in range(1200)], BOS: [{"s": "bo"}]}
    return n8n


def project(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def things(n8n: FakeN8n) -> set[object]:
    """Everything that there is, wherever: workflows and credentials by id, data tables by what is in them."""
    items = [item for key in n8n.owned for item in n8n.owned[key] if key in n8n.all_projects]
    tables = {str(n8n.rows.get(item.id)) for item in items if isinstance(item, Table)}
    return tables | {(item.type, item.id) for item in items if not isinstance(item, Table)}


def published(n8n: FakeN8n) -> set[str]:
    items = [item for owned in n8n.owned.values() for item in owned]
    return {item.id for item in items if isinstance(item, Workflow) and item.published}


def nothing_goes(n8n: FakeN8n) -> None:
    """Let every write check that nothing has been lost by it, and that all projects have admins."""
    before, running, admins = things(n8n), published(n8n), admins_stay(n8n)

    def check() -> None:
        assert before <= things(n8n) and running == published(n8n)
        admins()

    n8n.after_each_write = check


def leaving(action: str, handover_options: HandoverOptions, role: str = "chatUser") -> Make:
    leaver_options = LeaverOptions(action, role, handover_options, {"": DI})

    def make(n8n: FakeN8n) -> Plan:
        state = read(n8n, leaver_request(LEAVERS, leaver_options))
        return plan_leavers(state, find_leavers(state, LEAVERS), leaver_options)

    return make


def going(n8n: FakeN8n) -> Plan:
    """Sales goes, to Di."""
    desired = DesiredState(
        projects=(DesiredProject("Sales", present=False),), handover_options=HandoverOptions(DI, "copy")
    )
    request = ReadRequest(all_users=True, projects=True, owned_by_projects=("Sales",), destination=DI)
    return plan(read(n8n, request), desired)


def of_a_project(concurrency: int = 1) -> FakeN8n:
    """The company where Sales owns what was Ada's."""
    n8n = company(concurrency)
    n8n.owned[project(n8n, "Sales")] = n8n.owned.pop(n8n.personal(ADA))
    return n8n


CASES: dict[str, tuple[Callable[[int], FakeN8n], Make]] = {
    "delete": (company, leaving("delete", HandoverOptions("Ops", "copy"))),
    "delete, to a person": (company, leaving("delete", HandoverOptions(DI, "copy"))),
    "demote": (company, leaving("demote", HandoverOptions("Ops", "copy"))),
    "demote to nothing": (company, leaving("demote", HandoverOptions(DI, "copy"), NOTHING)),
    "a project": (of_a_project, going),
}


def reported(outcome: Outcome) -> list[tuple[str, str]]:
    """What has gone, in the words of the result."""
    result = outcome.handed_over()
    return [(entry["type"], entry["id"]) for key in ("transferred", "copied", "deleted") for entry in result[key]]


def end(n8n: FakeN8n) -> object:
    """Who is there with what, ids of copies and what their names say behind the original's left out."""
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
    return n8n.people(), n8n.memberships(), owned


def carry_out(n8n: FakeN8n, make: Make) -> tuple[Plan, Outcome]:
    """Plan and apply; assert that what became of the changes is the plan, each of them once."""
    made = make(n8n)
    outcome = apply(made, n8n, lambda links: None)
    failed = [change for error in outcome.errors for change in error["changes"]]
    told = [change.to_result() for change in (*outcome.done, *outcome.not_tried)] + failed
    told += [{**change, "reason": ""} for change in outcome.conflicts]
    without_reasons = sorted(str({**change, "reason": ""}) for change in told)
    assert without_reasons == sorted(str({**change, "reason": ""}) for change in made.to_result())
    return made, outcome


@pytest.mark.parametrize("case", CASES)
def test_everything_arrives(case: str) -> None:
    start, make = CASES[case]
    n8n = start(1)
    nothing_goes(n8n)
    made, outcome = carry_out(n8n, make)
    assert not (outcome.errors or outcome.not_tried or outcome.conflicts or outcome.notes)
    assert sorted(reported(outcome)) == sorted(
        (step.item.type, step.item.id) for handover in made.handovers.values() for step in handover.steps
    )
    assert make(n8n).changes == ()


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("mishap", ["fails", "is carried out with its answer lost"])
@pytest.mark.parametrize("case", CASES)
def test_whichever_write(case: str, mishap: str, concurrency: int) -> None:
    """Nothing is lost, what has moved is said, only its owner is stopped, and the next run does just the rest."""
    start, make = CASES[case]
    undisturbed = start(1)
    complete, whole = carry_out(undisturbed, make)
    for number in range(1, undisturbed.calls["write"] + 1):
        n8n = start(concurrency)
        nothing_goes(n8n)
        if mishap == "fails":
            n8n.fail[number] = BROKEN
        else:
            n8n.lose.add(number)
        _made, outcome = carry_out(n8n, make)
        # That a copy could not be renamed is no failure: it is whole, and keeps its name.
        unnamed = any("keeps this name" in note for note in outcome.notes)
        assert bool(outcome.errors) != unnamed, number
        stopped = {change["user"] for error in outcome.errors for change in error["changes"]}
        assert len(stopped) == (0 if unnamed else 1)
        if outcome.errors and "delete_table" in outcome.errors[0]["error"]:
            # Then the copy may be all there is, and has to be told of.
            assert any("is a complete copy of data table" in note for note in outcome.notes)
        for email in set(LEAVERS) - stopped if case != "a project" and DI not in stopped else ():
            assert n8n.people().get(email) == undisturbed.people().get(email)
        _again, rest = carry_out(n8n, make)
        assert not (rest.errors or rest.not_tried or rest.conflicts)
        told = reported(outcome) + reported(rest)
        assert len(told) == len(set(told)) and set(told) <= set(reported(whole))
        assert len(told) >= len(reported(whole)) - (mishap != "fails")
        assert end(n8n) == end(undisturbed), f"write {number}"
        assert make(n8n).changes == ()
    assert len(complete.changes) >= 5


@pytest.mark.parametrize("role", ["chatUser", NOTHING])
@pytest.mark.parametrize("before", ["global:member", "global:chatUser"])
def test_an_account_stays_as_it_is_while_something_has_not_moved(role: str, before: str) -> None:
    n8n = company()
    n8n.set_user_role(n8n.id_of(BO), before)
    n8n.roles_in[project(n8n, "Ops")][n8n.id_of(BO)] = "project:viewer"
    make, writes = leaving("demote", HandoverOptions("Ops", "copy"), role), n8n.calls["write"]
    # The first write is the successor's; then comes the first of what each of them owns.
    n8n.fail.update(dict.fromkeys(range(writes + 2, writes + 5), BROKEN))
    roles, members = n8n.people(), n8n.memberships()
    _made, outcome = carry_out(n8n, make)
    assert len(outcome.errors) == 3 and n8n.calls["write"] == writes + 4
    assert n8n.people() == roles
    assert n8n.memberships() == {**members, "Sales": {**members["Sales"], DI: "project:admin"}}


def after_role_change(n8n: FakeN8n, owner: str, item: OwnedItem) -> None:
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
def test_what_appears_between_plan_and_deletion_is_not_destroyed(
    item: OwnedItem, handover_options: HandoverOptions
) -> None:
    n8n = company()
    make = leaving("delete", handover_options)
    made = make(n8n)
    n8n.meanwhile["write", 2] = lambda: after_role_change(n8n, n8n.personal(ADA), item)
    outcome = apply(made, n8n, lambda links: None)
    assert n8n.people().keys() == {OLIVIA, ADA, DI}
    (error,) = outcome.errors
    assert f"ada@example.com is not deleted: {item} would be destroyed with it" in error["error"]
    assert n8n.find(item.type, item.id) is not None
    assert ADA not in [change.user for change in outcome.done if change.action == "delete_user"]
    # The next run takes it along.
    _made, rest = carry_out(n8n, make)
    assert not rest.errors and ADA not in n8n.people()


def test_what_appears_in_a_project_is_not_destroyed() -> None:
    n8n = of_a_project()
    made = going(n8n)
    n8n.meanwhile["write", 2] = lambda: after_role_change(
        n8n, project(n8n, "Sales"), Workflow("workflow", "w-new", "New")
    )
    outcome = apply(made, n8n, lambda links: None)
    assert 'workflow "New" (w-new) would be destroyed' in outcome.errors[0]["error"]
    assert "Sales" in n8n.memberships() and n8n.find("workflow", "w-new")
    carry_out(n8n, going)
    assert "Sales" not in n8n.memberships() and n8n.find("workflow", "w-new")


def test_a_variable_that_appears_in_a_project_is_not_destroyed() -> None:
    n8n = of_a_project()
    made = going(n8n)
    n8n.meanwhile["write", 2] = lambda: after_role_change(
        n8n, project(n8n, "Sales"), OwnedItem("variable", "v-new", "RATE")
    )
    outcome = apply(made, n8n, lambda links: None)
    assert 'variable "RATE" (v-new) would be destroyed' in outcome.errors[0]["error"]
    assert "Sales" in n8n.memberships()
    with pytest.raises(
        InputError, match=r'owns variable "RATE" \(v-new\), which the deletion would destroy. Move them in'
    ):
        going(n8n)


@pytest.mark.parametrize("path", ["/workflows", "/credentials", "/data-tables", "/variables"])
def test_what_can_no_longer_be_seen_right_before_the_deletion_stops_it(path: str) -> None:
    n8n = company()
    made = leaving("delete", HandoverOptions("Ops", "copy"))(n8n)
    n8n.meanwhile["delete_user", 1] = lambda: pytest.fail("somebody was about to be deleted")
    n8n.meanwhile["write", 2] = lambda: n8n.hidden.add(path)
    outcome = apply(made, n8n, lambda links: None)
    assert {ADA, BO} <= n8n.people().keys()
    assert any("is not deleted: " in error["error"] and "Forbidden" in error["error"] for error in outcome.errors)


OWNERLESS = (Workflow("workflow", "w-8", "Whose"), Table("data table", "whosewhosewhose1", "Whose"))


@pytest.mark.parametrize("item", OWNERLESS, ids=lambda item: item.type)
def test_what_n8n_names_no_owner_of_may_be_anybodys_so_nobody_is_deleted(item: OwnedItem) -> None:
    n8n = company()
    delete = leaving("delete", HandoverOptions("Ops", "copy"))
    made = delete(n8n)
    # Its owner is lost between plan and deletion.
    n8n.meanwhile["write", 2] = lambda: n8n.owned.update({"": [item]})
    n8n.meanwhile["delete_user", 1] = lambda: pytest.fail("somebody was about to be deleted")
    outcome = apply(made, n8n, lambda links: None)
    words = f'does not show the owner of {item.type} "Whose"'
    assert {ADA, BO} <= n8n.people().keys() and any(words in error["error"] for error in outcome.errors)
    with pytest.raises(InputError, match=words):
        delete(n8n)


def test_where_it_may_be_destroyed_what_cannot_be_seen_is_no_obstacle() -> None:
    n8n = company()
    n8n.hidden.add("/credentials")
    _made, outcome = carry_out(n8n, leaving("delete", HandoverOptions(delete_resources=True)))
    assert not outcome.errors and n8n.people().keys() == {OLIVIA, DI}


def test_a_listing_that_fails_right_before_the_deletion_stops_it() -> None:
    n8n = company()
    made = leaving("delete", HandoverOptions("Ops", "copy"))(n8n)

    def broken() -> None:
        raise BROKEN

    # Once after the moves, and then right before the deletion.
    n8n.meanwhile["credentials", n8n.calls["credentials"] + 2] = broken
    outcome = apply(made, n8n, lambda links: None)
    assert n8n.people().keys() == {OLIVIA, ADA, BO, CY, DI}
    assert {change["action"] for error in outcome.errors for change in error["changes"]} == {"delete_user"}
    # What moved has moved, and is said.
    assert {key for _kind, key in reported(outcome)} == {"c-1", "w-1", "w-2", "w-3", "w-4", ADAS, BOS}


def test_on_the_floor_tables_that_nobody_sees_stay_unless_they_may_go() -> None:
    n8n = company(floor=True)
    _made, outcome = carry_out(n8n, leaving("delete", HandoverOptions("Ops", "delete")))
    assert not outcome.errors and n8n.people().keys() == {OLIVIA, DI}
    assert {key for kind, key in reported(outcome) if kind != "data table"} == {"c-1", "w-1", "w-2", "w-3", "w-4"}


@pytest.mark.parametrize("action", ["demote", "delete"])
def test_who_cannot_be_succeeded_stays_and_everybody_else_goes(action: str) -> None:
    n8n = company()
    nothing_goes(n8n)
    n8n.fail[1] = BROKEN
    _made, outcome = carry_out(n8n, leaving(action, HandoverOptions("Ops", "copy")))
    assert n8n.memberships()["Sales"][ADA] == "project:admin" and n8n.people()[ADA] == "global:member"
    assert BO not in n8n.memberships()["Sales"]
    assert [error["users"] for error in outcome.errors] == [[DI]]
    # It has been said why, so nothing is blamed on somebody else.
    assert outcome.conflicts == [] and {change.user for change in outcome.not_tried} == {ADA}
    _made, rest = carry_out(n8n, leaving(action, HandoverOptions("Ops", "copy")))
    assert not (rest.errors or rest.conflicts) and ADA not in n8n.memberships()["Sales"]


def test_lost_shares_are_those_of_what_has_gone() -> None:
    n8n = company()
    made = leaving("delete", HandoverOptions("Ops", "copy"))(n8n)
    n8n.fail[3] = BROKEN
    outcome = apply(made, n8n, lambda links: None)
    lost: list[dict[str, Any]] = outcome.handed_over()["lost_shares"]
    moved = {key for _kind, key in reported(outcome)}
    assert {share["id"] for share in lost} == moved & {"c-1", "w-2"} != {"c-1", "w-2"}
    assert {share["user"] for share in lost} <= {DI}
