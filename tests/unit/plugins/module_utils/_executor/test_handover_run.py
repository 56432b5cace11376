# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test run_handover() on the fake server: complete runs, failed writes, and changes by other tasks."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.handover_run import run_handover
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import (
    HandoverTarget,
    plan_handover,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.handover import (
    HandoverOutcome,
    Handover,
    check_nothing_left,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Credential, Share, Table, Workflow
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n

ADA = "ada@example.com"
TABLE = "AbCdEfGh12345678"
COLUMNS = (("s", "string"), ("n", "number"))
FAILURE = ApiError("n8n rejected the request.", 501, "Not implemented")


@pytest.fixture
def n8n() -> FakeN8n:
    """Return a server where Ada owns a credential, a workflow, and a data table. Ops has a table of that name."""
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_team_project("Ops")
    personal, ops = fake.personal_project_id(ADA), ops_id(fake)
    fake.owned[personal] = [
        Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",), tables=(TABLE,)),
        Credential(
            "credential",
            "c-1",
            "Mail",
            shares=(Share(fake.personal_project_id("olivia@example.com"), "credential:user"),),
        ),
        Table("data table", TABLE, "Orders", columns=COLUMNS),
    ]
    fake.owned[ops] = [Table("data table", "t-ops", "Orders", columns=COLUMNS)]
    fake.rows[TABLE] = [{"s": f"row {number}", "n": number} for number in range(2500)]
    return fake


def ops_id(n8n: FakeN8n) -> str:
    return next(project.id for project in n8n.all_projects.values() if project.name == "Ops")


def handover(n8n: FakeN8n, **options: Any) -> Handover:
    """Read the fake server and plan the handover of the items of Ada."""
    personal, ops = n8n.all_projects[n8n.personal_project_id(ADA)], n8n.all_projects[ops_id(n8n)]
    state = State(
        "http://n8n.invalid",
        users=tuple(n8n.users.values()),
        projects=tuple(n8n.all_projects.values()),
        owned_items=n8n.owned_items([personal.id, ops.id], is_instance_admin=True),
    )
    return plan_handover(state, personal, HandoverTarget(**{"destination": ops, "data_tables": "copy", **options}))


def run(n8n: FakeN8n, **options: Any) -> HandoverOutcome:
    return run_handover(handover(n8n, **options), n8n)


def assert_handed_over(n8n: FakeN8n) -> None:
    """Assert that Ops has each item of Ada once, with ordered rows, and that its own table is unchanged."""
    assert n8n.owned[n8n.personal_project_id(ADA)] == []
    names = sorted((item.type, item.name) for item in n8n.owned[ops_id(n8n)])
    assert names == [
        ("credential", "Mail"),
        ("data table", "Orders"),
        ("data table", f"Orders (from {ADA})"),
        ("workflow", "Bills"),
    ]
    copies = [item.id for item in n8n.owned[ops_id(n8n)] if item.name.endswith(f"(from {ADA})")]
    assert n8n.rows[copies[0]] == [{"s": f"row {number}", "n": number} for number in range(2500)]
    assert TABLE not in n8n.rows and "t-ops" not in n8n.rows


def test_all_items_are_handed_over_and_reported(n8n: FakeN8n) -> None:
    plan = handover(n8n)
    done = run_handover(plan, n8n)
    assert_handed_over(n8n)
    assert done.error is None and done.not_done == () and done.notes == []
    result = done.to_result()
    assert result["transferred"] == plan.expected().transferred
    assert [share["user"] for share in result["lost_shares"]] == ["olivia@example.com"]
    (copied,) = result["copied"]
    new = n8n.find("data table", copied["new_id"])
    assert new is not None and new.name == copied["new_name"] == f"Orders (from {ADA})"
    assert (copied["id"], copied["rows"], copied["workflows"]) == (TABLE, 2500, [{"id": "w-1", "name": "Bills"}])
    workflow = n8n.find("workflow", "w-1")
    assert isinstance(workflow, Workflow) and workflow.published
    # The order: credential, workflow, copy, three batches of rows, deletion of the original, rename.
    assert [write[0] for write in n8n.writes] == [
        "transfer_credential",
        "transfer_workflow",
        "create_table",
        *["insert_rows"] * 3,
        "delete_table",
        "rename_table",
    ]
    personal = n8n.personal_project_id(ADA)
    check_nothing_left(plan, n8n.owned_items([personal], is_instance_admin=True)[personal])


@pytest.mark.parametrize("number", range(1, 8))
def test_next_run_completes_the_handover_after_any_failed_write(n8n: FakeN8n, number: int) -> None:
    n8n.fail[number] = FAILURE
    plan = handover(n8n)
    done = run_handover(plan, n8n)
    assert done.error is FAILURE
    assert len(done.transferred) + len(done.copied) + len(done.not_done) == len(plan.steps)
    assert TABLE in n8n.rows
    n8n.fail.clear()
    again = run(n8n)
    assert again.error is None
    assert_handed_over(n8n)
    ids = [entry["id"] for entry in done.transferred + again.transferred + again.copied]
    assert sorted(ids) == sorted(["c-1", "w-1", TABLE])


def test_copy_that_cannot_be_renamed_is_complete_and_keeps_its_name(n8n: FakeN8n) -> None:
    n8n.fail[8] = FAILURE
    done = run(n8n)
    assert done.error is None
    assert done.copied[0]["new_name"] == f"Orders (copy of {TABLE})"
    assert "keeps this name" in done.notes[0]
    assert len(n8n.rows[done.copied[0]["new_id"]]) == 2500
    assert run(n8n).copied == []


def test_complete_copy_of_an_earlier_run_is_reused(n8n: FakeN8n) -> None:
    n8n.fail[7] = FAILURE
    run(n8n)
    n8n.writes.clear()
    assert run(n8n).error is None
    assert [write[0] for write in n8n.writes] == ["delete_table", "rename_table"]
    assert_handed_over(n8n)


def test_incomplete_copy_of_an_earlier_run_is_replaced(n8n: FakeN8n) -> None:
    n8n.fail[5] = FAILURE
    run(n8n)
    n8n.fail.clear()
    n8n.writes.clear()
    assert run(n8n).error is None
    assert [write[0] for write in n8n.writes][:2] == ["delete_table", "create_table"]
    assert_handed_over(n8n)


@pytest.mark.parametrize("edit", ["row added", "row changed"])
def test_copy_that_a_user_has_edited_is_not_deleted(n8n: FakeN8n, edit: str) -> None:
    # The earlier run leaves a complete copy in one case, and an incomplete copy in the other.
    n8n.fail[7 if edit == "row added" else 5] = FAILURE
    run(n8n)
    n8n.fail.clear()
    copied_rows = n8n.rows[copy_id(n8n)]
    if edit == "row added":
        copied_rows.append({"s": "more", "n": None})
    else:
        copied_rows[0]["s"] = "other"
    before = [dict(row) for row in copied_rows]
    done = run(n8n)
    assert "is an incomplete copy of" in str(done.error) and "Delete or rename the copy" in str(done.error)
    assert n8n.rows[copy_id(n8n)] == before and len(n8n.rows[TABLE]) == 2500


def test_table_with_the_name_of_a_copy_and_other_columns_is_not_used(n8n: FakeN8n) -> None:
    other_table = Table("data table", "t-other", f"Orders (copy of {TABLE})", columns=COLUMNS[:1])
    n8n.owned[ops_id(n8n)].append(other_table)
    assert run(n8n).error is None
    assert_handed_over(n8n)


def test_copy_that_differs_from_the_original_is_deleted_and_the_original_stays(n8n: FakeN8n) -> None:
    # A user writes into the copy before it is compared.
    n8n.before_call["table_rows", 2] = lambda: n8n.rows[copy_id(n8n)].append({"s": "more", "n": None})
    done = run(n8n)
    assert "differed from the original, so the copy was deleted" in str(done.error)
    assert [item.name for item in n8n.owned[ops_id(n8n)] if item.type == "data table"] == ["Orders"]
    assert len(n8n.rows[TABLE]) == 2500


def test_table_that_changed_during_the_copy_stays_and_is_copied_by_the_next_run(n8n: FakeN8n) -> None:
    n8n.before_call["table_rows", 3] = lambda: n8n.rows[TABLE].append({"s": "late", "n": None})
    done = run(n8n)
    assert "changed during the copy" in str(done.error)
    assert len(n8n.rows[TABLE]) == 2501
    again = run(n8n)
    assert (again.error, again.copied[0]["rows"]) == (None, 2501)
    assert n8n.rows[again.copied[0]["new_id"]][-1] == {"s": "late", "n": None}


def copy_id(n8n: FakeN8n) -> str:
    return next(item.id for item in n8n.owned[ops_id(n8n)] if item.name == f"Orders (copy of {TABLE})")


def test_copy_gets_a_numbered_name_if_another_table_takes_its_name(n8n: FakeN8n) -> None:
    other_table = Table("data table", "t-new", f"Orders (from {ADA})", columns=COLUMNS)
    n8n.before_call["rename_table", 1] = lambda: n8n.owned[ops_id(n8n)].append(other_table)
    done = run(n8n)
    assert (done.error, done.copied[0]["new_name"]) == (None, f"Orders (from {ADA}, 2)")


def test_empty_table_is_copied(n8n: FakeN8n) -> None:
    n8n.rows[TABLE] = []
    done = run(n8n)
    assert (done.error, done.copied[0]["rows"]) == (None, 0)


def test_data_tables_delete_deletes_tables(n8n: FakeN8n) -> None:
    done = run(n8n, data_tables="delete")
    assert [entry["id"] for entry in done.deleted] == [TABLE]
    assert TABLE not in n8n.rows


def test_workflow_is_unpublished_before_the_deletion_of_its_owner(n8n: FakeN8n) -> None:
    plan = handover(n8n, destination=None, data_tables="refuse", delete_resources=True)
    with pytest.raises(ApiError, match="Cannot delete a published workflow"):
        n8n.delete_user(n8n.id_of(ADA))
    done = run_handover(plan, n8n)
    assert (done.error, done.to_result()["deleted"]) == (None, [])
    n8n.delete_user(n8n.id_of(ADA))
    done.owner_deleted()
    assert sorted(entry["id"] for entry in done.to_result()["deleted"]) == sorted(["c-1", "w-1", TABLE])


def test_missing_destination_stops_at_the_first_step(n8n: FakeN8n) -> None:
    plan = handover(n8n)
    n8n.delete_project(ops_id(n8n))
    done = run_handover(plan, n8n)
    assert "Could not find project" in str(done.error)
    assert (done.transferred, done.not_done) == ([], plan.steps)


def test_progress_is_reported_after_each_step(n8n: FakeN8n) -> None:
    progress: list[int] = []
    plan = handover(n8n)
    run_handover(plan, n8n, lambda done: progress.append(len(done.transferred) + len(done.copied)))
    assert progress == [1, 2, 3]
