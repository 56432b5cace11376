# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_user and n8n_project on the fake: deletion of a user or project that owns resources."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, main, run

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
TABLE = "AbCdEfGh12345678"
COLUMNS = (("s", "string"), ("n", "number"))
BROKEN = ApiError("n8n refused: it is broken.", 501, "broken")
KEYS = ("transferred", "copied", "deleted", "lost_shares")
DELETIONS: dict[str, tuple[ModuleType, dict[str, Any]]] = {
    "a user": (n8n_user, {"email": ADA, "state": "absent"}),
    "a project": (n8n_project, {"name": "Sales", "state": "absent"}),
}


@pytest.fixture(params=DELETIONS)
def deletion(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def n8n(deletion: str) -> FakeN8n:
    """Create resources of each type in the deleted project, and share its credential with Bo.

    The deleted project is the personal project of Ada, or Sales, in which Ada is an editor.
    """
    fake = FakeN8n()
    for email in (ADA, BO):
        fake.add_user(email)
    fake.add_user(CY, pending=True)
    sales = fake.add_team_project("Sales", ada="editor", bo="admin")
    fake.add_team_project("Ops")
    deleted_project = fake.personal_project_id(ADA) if deletion == "a user" else sales
    fake.owned[deleted_project] = [
        Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",), tables=(TABLE,)),
        Workflow("workflow", "w-2", "Old", archived=True),
        Credential("credential", "c-1", "Mail", shares=(Share(fake.personal_project_id(BO), "credential:user"),)),
        Table("data table", TABLE, "Orders", columns=COLUMNS),
    ]
    fake.rows[TABLE] = [{"s": "a", "n": 1}, {"s": None, "n": None}]
    fake.folders_in[deleted_project] = [OwnedItem("folder", "f-1", "Papers", deleted_project)]
    # A workflow of Bo that is shared with the deleted project and uses its credential.
    workflow_of_bo = Workflow(
        "workflow", "w-9", "Bo's", published=True, shares=(Share(deleted_project, "workflow:editor"),)
    )
    fake.owned[fake.personal_project_id(BO)] = [Workflow(**{**vars(workflow_of_bo), "credentials": ("c-1",)})]
    return fake


def deleted_project(n8n: FakeN8n, deletion: str) -> str:
    return n8n.personal_project_id(ADA) if deletion == "a user" else project(n8n, "Sales")


def project(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def is_deleted(n8n: FakeN8n, deletion: str) -> bool:
    return ADA not in n8n.instance_roles() if deletion == "a user" else "Sales" not in n8n.memberships()


def delete(n8n: FakeN8n, deletion: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    module, params = DELETIONS[deletion]
    return run(module, n8n, check_mode, **params, **options)


def sorted_ids(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(entry["id"] for entry in entries)


@pytest.mark.parametrize("transfer_to", ["Ops", BO.upper(), CY, OLIVIA])
def test_resources_are_transferred_before_deletion(n8n: FakeN8n, deletion: str, transfer_to: str) -> None:
    module, params = DELETIONS[deletion]
    source = project(n8n, "Ops") if transfer_to == "Ops" else n8n.personal_project_id(transfer_to.lower())
    result = check_apply_reapply(module, n8n, **params, transfer_to=transfer_to, data_tables="copy")
    assert is_deleted(n8n, deletion)
    assert sorted_ids(result["transferred"]) == ["c-1", "w-1", "w-2"] and result["deleted"] == []
    (copied,) = result["copied"]
    copy = n8n.find("data table", copied["new_id"])
    assert copy is not None and (copy.owner_id, copy.name, copied["new_name"]) == (source, "Orders", "Orders")
    assert (copied["id"], copied["rows"], copied["workflows"]) == (TABLE, 2, [{"id": "w-1", "name": "Bills"}])
    assert n8n.rows[copied["new_id"]] == [{"s": "a", "n": 1}, {"s": None, "n": None}]
    bills = n8n.find("workflow", "w-1")
    assert isinstance(bills, Workflow) and bills.published and bills.owner_id == source
    old = n8n.find("workflow", "w-2")
    assert isinstance(old, Workflow) and old.archived and old.owner_id == source
    # The destination of the transfer does not lose its share.
    assert [(share["id"], share["user"], share["workflows"]) for share in result["lost_shares"]] == (
        [] if transfer_to == BO.upper() else [("c-1", BO, [{"id": "w-9", "name": "Bo's"}])]
    )
    workflow_of_bo = n8n.find("workflow", "w-9")
    assert workflow_of_bo is not None and workflow_of_bo.owner_id == n8n.personal_project_id(BO)
    assert result.get("residual_access", []) == []


def test_check_mode_returns_same_result(n8n: FakeN8n, deletion: str) -> None:
    planned = delete(n8n, deletion, check_mode=True, transfer_to="Ops", data_tables="copy")
    result = delete(n8n, deletion, transfer_to="Ops", data_tables="copy")
    assert {**planned["copied"][0], "new_id": 0, "rows": 2} == {**result["copied"][0], "new_id": 0}
    for returned in (planned, result):
        del returned["copied"], returned["requests"]
    assert planned == result


def test_diff_shows_owners_of_resources(n8n: FakeN8n, deletion: str) -> None:
    planned = delete(n8n, deletion, check_mode=True, transfer_to="Ops", data_tables="copy")
    owner = ADA if deletion == "a user" else "Sales"
    assert f'workflow "Bills" (w-1): of {owner}\n' in planned["diff"]["before"]
    assert 'workflow "Bills" (w-1): of "Ops"\n' in planned["diff"]["after"]
    assert f'data table "Orders" ({TABLE}): of "Ops", copied as "Orders"\n' in planned["diff"]["after"]


def test_warning_names_folders_that_are_not_transferred(n8n: FakeN8n, deletion: str) -> None:
    module, params = DELETIONS[deletion]
    task = Task(n8n, check_mode=False, wants_diff=False)
    defaults = {name: row.get("default") for name, row in module.ARGUMENT_SPEC.items()}
    module.run({**defaults, **params, "transfer_to": "Ops", "data_tables": "copy"}, task)
    note, never_listed = task.warnings
    assert never_listed.startswith("n8n deletes more than its API lists")
    assert note.startswith('n8n cannot move folders: the workflows in folder "Papers" (f-1) of ')


def test_delete_resources_deletes_all_resources(n8n: FakeN8n, deletion: str) -> None:
    module, params = DELETIONS[deletion]
    result = check_apply_reapply(module, n8n, **params, delete_resources=True)
    assert is_deleted(n8n, deletion) and sorted_ids(result["deleted"]) == sorted([TABLE, "c-1", "w-1", "w-2"])
    assert result["transferred"] == result["copied"] == [] and sorted_ids(result["lost_shares"]) == ["c-1"]
    assert n8n.find("workflow", "w-9") is not None and n8n.find("workflow", "w-1") is None


def test_data_tables_are_deleted_and_other_resources_transferred(n8n: FakeN8n, deletion: str) -> None:
    module, params = DELETIONS[deletion]
    result = check_apply_reapply(module, n8n, **params, transfer_to="Ops", data_tables="delete")
    assert (
        is_deleted(n8n, deletion)
        and sorted_ids(result["deleted"]) == [TABLE]
        and sorted_ids(result["transferred"]) == ["c-1", "w-1", "w-2"]
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "which the deletion would destroy"),
        ({"transfer_to": "Ops"}, f'data table "Orders" ({TABLE}), and n8n\'s API cannot move data tables'),
        ({"data_tables": "delete"}, "which the deletion would destroy"),
        ({"data_tables": "copy"}, "data_tables: copy requires transfer_to"),
        ({"transfer_to": "Nowhere", "data_tables": "copy"}, 'Project "Nowhere" does not exist'),
        ({"transfer_to": "no@example.com", "data_tables": "copy"}, 'User "no@example.com" does not exist'),
        ({"transfer_to": "Ops", "delete_resources": True}, "mutually exclusive"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_missing_or_invalid_handover_options_are_refused_before_first_write(
    n8n: FakeN8n, deletion: str, options: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        delete(n8n, deletion, check_mode, **options)
    assert words in str(refused.value) and n8n.calls["write"] == 0


def test_deleted_owner_is_refused_as_destination(n8n: FakeN8n, deletion: str) -> None:
    with pytest.raises(InputError, match="cannot be both"):
        delete(n8n, deletion, transfer_to=ADA if deletion == "a user" else "Sales", data_tables="copy")


@pytest.mark.parametrize("number", range(1, 7))
def test_failed_handover_prevents_deletion_and_returns_transfers(n8n: FakeN8n, deletion: str, number: int) -> None:
    n8n.fail[number] = BROKEN
    failed = delete(n8n, deletion, transfer_to="Ops", data_tables="copy")
    assert "it is broken" in failed["msg"] and failed["changed"] is (number > 1)
    assert not is_deleted(n8n, deletion)
    assert len(failed["transferred"]) == min(number - 1, 3) and failed["copied"] == []
    assert sorted_ids(failed["lost_shares"]) == (["c-1"] if number > 1 else [])
    result = delete(n8n, deletion, transfer_to="Ops", data_tables="copy")
    assert is_deleted(n8n, deletion)
    assert sorted_ids(failed["transferred"] + result["transferred"] + result["copied"]) == sorted(
        [TABLE, "c-1", "w-1", "w-2"]
    )


def test_failed_deletion_returns_completed_handover(n8n: FakeN8n, deletion: str) -> None:
    # Before the deletion: three transfers, a copy, its rows, the deletion of the original, and the renaming of the copy.
    n8n.fail[8] = BROKEN
    failed = delete(n8n, deletion, transfer_to="Ops", data_tables="copy")
    assert not is_deleted(n8n, deletion) and len(failed["transferred"]) == 3 and len(failed["copied"]) == 1
    assert delete(n8n, deletion, transfer_to="Ops", data_tables="copy")["transferred"] == [] and is_deleted(
        n8n, deletion
    )


def test_resource_created_during_handover_prevents_deletion(n8n: FakeN8n, deletion: str) -> None:
    new_workflow = Workflow("workflow", "w-new", "New")
    n8n.before_call["write", 2] = lambda: n8n.owned[deleted_project(n8n, deletion)].append(new_workflow)
    failed = delete(n8n, deletion, transfer_to="Ops", data_tables="copy")
    assert 'workflow "New" (w-new) would be destroyed' in failed["msg"] and not is_deleted(n8n, deletion)
    assert len(failed["transferred"]) == 3
    assert sorted_ids(delete(n8n, deletion, transfer_to="Ops", data_tables="copy")["transferred"]) == ["w-new"]


def test_absent_owner_is_unchanged_with_unknown_destination(deletion: str) -> None:
    for transfer_to in ("Nowhere", "no@example.com"):
        done = delete(FakeN8n(), deletion, transfer_to=transfer_to)
        assert not done["changed"] and not any(key in done for key in (*KEYS, "user", "project"))


def test_floor_requires_data_tables_delete(n8n: FakeN8n, deletion: str) -> None:
    n8n.floor = True
    for options in ({"transfer_to": "Ops"}, {"transfer_to": "Ops", "data_tables": "copy"}):
        with pytest.raises(InputError, match="does not show the data tables of other users"):
            delete(n8n, deletion, **options)
    result = delete(n8n, deletion, transfer_to="Ops", data_tables="delete")
    assert is_deleted(n8n, deletion) and sorted_ids(result["transferred"]) == ["c-1", "w-1", "w-2"]


@pytest.mark.parametrize("options", [{"delete_resources": False}, {"delete_resources": False, "data_tables": "refuse"}])
def test_false_options_do_not_exclude_destination(deletion: str, options: dict[str, Any]) -> None:
    module, params = DELETIONS[deletion]
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(module, **params, **options, **connection, transfer_to="Ops")
    # The options pass validation, so the module reaches the connection.
    assert "could not be reached" in failed["msg"]


def test_delete_resources_excludes_destination(deletion: str) -> None:
    module, params = DELETIONS[deletion]
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(module, **params, **connection, transfer_to="Ops", delete_resources=True)
    assert failed["failed"] and "exclu" in failed["msg"]


# n8n_user only


def fake_with_credential_of_ada() -> FakeN8n:
    n8n = FakeN8n()
    n8n.add_user(ADA)
    n8n.add_team_project("Sales", ada="viewer")
    n8n.owned[n8n.personal_project_id(ADA)] = [Credential("credential", "c-1", "Mail")]
    return n8n


def test_concurrent_change_error_returns_transfers() -> None:
    n8n = fake_with_credential_of_ada()
    sales = project(n8n, "Sales")
    n8n.before_call["write", 1] = lambda: n8n.roles_in[sales].update({n8n.id_of(ADA): "project:editor"})
    with pytest.raises(N8nError, match="Another user or task changed this at the same time") as failed:
        run(n8n_user, n8n, email=ADA, state="absent", transfer_to=OLIVIA)
    assert ADA in n8n.instance_roles()
    assert sorted_ids(failed.value.result()["transferred"]) == ["c-1"]


def test_unavailable_server_after_deletion_keeps_result() -> None:
    n8n = fake_with_credential_of_ada()

    def unavailable() -> None:
        raise BROKEN

    n8n.before_call["find_user", 2] = unavailable
    result = run(n8n_user, n8n, email=ADA, state="absent", transfer_to=OLIVIA)
    assert result["changed"] and sorted_ids(result["transferred"]) == ["c-1"] and result["residual_access"] == []


def test_pending_user_who_owns_workflow_needs_transfer() -> None:
    n8n = FakeN8n(floor=True)
    n8n.add_user(CY, pending=True)
    n8n.owned[n8n.personal_project_id(CY)] = [Workflow("workflow", "w-1", "Welcome")]
    with pytest.raises(InputError, match="owns workflow"):
        run(n8n_user, n8n, email=CY, state="absent")
    done = check_apply_reapply(n8n_user, n8n, email=CY, state="absent", transfer_to=OLIVIA)
    assert sorted_ids(done["transferred"]) == ["w-1"] and CY not in n8n.instance_roles()


@pytest.mark.parametrize("transfer_to", ["", " "])
def test_blank_destination_is_an_error(n8n: FakeN8n, deletion: str, transfer_to: str) -> None:
    module, params = DELETIONS[deletion]
    with pytest.raises(InputError) as error:
        run(module, n8n, **params, transfer_to=transfer_to)
    assert str(error.value) == "transfer_to is blank. Set a project, or the email of a user."
    assert n8n.calls["write"] == 0
