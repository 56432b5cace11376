# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_user and n8n_project on the fake, where what goes owns something."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
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
GOING: dict[str, tuple[ModuleType, dict[str, Any]]] = {
    "a user": (n8n_user, {"email": ADA, "state": "absent"}),
    "a project": (n8n_project, {"name": "Sales", "state": "absent"}),
}


@pytest.fixture(params=GOING)
def going(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def n8n(going: str) -> FakeN8n:
    """Ada, or Sales where she is an editor, owns something of everything; Bo has the credential, too."""
    fake = FakeN8n()
    for email in (ADA, BO):
        fake.person(email)
    fake.person(CY, pending=True)
    sales = fake.team("Sales", ada="editor", bo="admin")
    fake.team("Ops")
    home = fake.personal(ADA) if going == "a user" else sales
    fake.owned[home] = [
        Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",), tables=(TABLE,)),
        Workflow("workflow", "w-2", "Old", archived=True),
        Credential("credential", "c-1", "Mail", shares=(Share(fake.personal(BO), "credential:user"),)),
        Table("data table", TABLE, "Orders", columns=COLUMNS),
    ]
    fake.rows[TABLE] = [{"s": "a", "n": 1}, {"s": None, "n": None}]
    fake.folders_in[home] = [OwnedItem("folder", "f-1", "Papers", home)]
    # Bo's, which Ada or Sales merely has, and which uses their credential.
    theirs = Workflow("workflow", "w-9", "Bo's", published=True, shares=(Share(home, "workflow:editor"),))
    fake.owned[fake.personal(BO)] = [Workflow(**{**vars(theirs), "credentials": ("c-1",)})]
    return fake


def home(n8n: FakeN8n, going: str) -> str:
    return n8n.personal(ADA) if going == "a user" else project(n8n, "Sales")


def project(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def gone(n8n: FakeN8n, going: str) -> bool:
    return ADA not in n8n.people() if going == "a user" else "Sales" not in n8n.memberships()


def go(n8n: FakeN8n, going: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    module, params = GOING[going]
    return run(module, n8n, check_mode, **params, **options)


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(entry["id"] for entry in entries)


@pytest.mark.parametrize("transfer_to", ["Ops", BO.upper(), CY, OLIVIA])
def test_everything_moves_and_then_it_goes(n8n: FakeN8n, going: str, transfer_to: str) -> None:
    module, params = GOING[going]
    source = project(n8n, "Ops") if transfer_to == "Ops" else n8n.personal(transfer_to.lower())
    did = check_apply_reapply(module, n8n, **params, transfer_to=transfer_to, data_tables="copy")
    assert gone(n8n, going)
    assert ids(did["transferred"]) == ["c-1", "w-1", "w-2"] and did["deleted"] == []
    (copied,) = did["copied"]
    copy = n8n.find("data table", copied["new_id"])
    assert copy is not None and (copy.owner_id, copy.name, copied["new_name"]) == (source, "Orders", "Orders")
    assert (copied["id"], copied["rows"], copied["workflows"]) == (TABLE, 2, [{"id": "w-1", "name": "Bills"}])
    assert n8n.rows[copied["new_id"]] == [{"s": "a", "n": 1}, {"s": None, "n": None}]
    bills = n8n.find("workflow", "w-1")
    assert isinstance(bills, Workflow) and bills.published and bills.owner_id == source
    old = n8n.find("workflow", "w-2")
    assert isinstance(old, Workflow) and old.archived and old.owner_id == source
    # Whoever gets it does not lose it.
    assert [(share["id"], share["user"], share["workflows"]) for share in did["lost_shares"]] == (
        [] if transfer_to == BO.upper() else [("c-1", BO, [{"id": "w-9", "name": "Bo's"}])]
    )
    theirs = n8n.find("workflow", "w-9")
    assert theirs is not None and theirs.owner_id == n8n.personal(BO)
    assert did.get("residual_access", []) == []


def test_check_mode_says_what_happens(n8n: FakeN8n, going: str) -> None:
    would = go(n8n, going, check_mode=True, transfer_to="Ops", data_tables="copy")
    did = go(n8n, going, transfer_to="Ops", data_tables="copy")
    assert {**would["copied"][0], "new_id": 0, "rows": 2} == {**did["copied"][0], "new_id": 0}
    for result in (would, did):
        del result["copied"], result["requests"]
    assert would == did


def test_the_diff_says_whose_everything_is(n8n: FakeN8n, going: str) -> None:
    would = go(n8n, going, check_mode=True, transfer_to="Ops", data_tables="copy")
    owner = ADA if going == "a user" else "Sales"
    assert f'workflow "Bills" (w-1): of {owner}\n' in would["diff"]["before"]
    assert 'workflow "Bills" (w-1): of "Ops"\n' in would["diff"]["after"]
    assert f'data table "Orders" ({TABLE}): of "Ops", copied as "Orders"\n' in would["diff"]["after"]


def test_folders_that_stay_behind_are_told_of(n8n: FakeN8n, going: str) -> None:
    module, params = GOING[going]
    task = Task(n8n, check_mode=False, wants_diff=False)
    defaults = {name: row.get("default") for name, row in module.ARGUMENT_SPEC.items()}
    module.run({**defaults, **params, "transfer_to": "Ops", "data_tables": "copy"}, task)
    note, never_listed = task.warnings
    assert never_listed.startswith("n8n deletes more than its API lists")
    assert note.startswith('n8n cannot move folders: the workflows in folder "Papers" (f-1) of ')


def test_everything_may_be_destroyed(n8n: FakeN8n, going: str) -> None:
    module, params = GOING[going]
    did = check_apply_reapply(module, n8n, **params, delete_resources=True)
    assert gone(n8n, going) and ids(did["deleted"]) == sorted([TABLE, "c-1", "w-1", "w-2"])
    assert did["transferred"] == did["copied"] == [] and ids(did["lost_shares"]) == ["c-1"]
    assert n8n.find("workflow", "w-9") is not None and n8n.find("workflow", "w-1") is None


def test_tables_may_be_destroyed_and_the_rest_moves(n8n: FakeN8n, going: str) -> None:
    module, params = GOING[going]
    did = check_apply_reapply(module, n8n, **params, transfer_to="Ops", data_tables="delete")
    assert gone(n8n, going) and ids(did["deleted"]) == [TABLE] and ids(did["transferred"]) == ["c-1", "w-1", "w-2"]


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
def test_what_nobody_said_stops_it_before_anything_is_written(
    n8n: FakeN8n, going: str, options: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        go(n8n, going, check_mode, **options)
    assert words in str(refused.value) and n8n.calls["write"] == 0


def test_it_does_not_get_its_own(n8n: FakeN8n, going: str) -> None:
    with pytest.raises(InputError, match="cannot be both"):
        go(n8n, going, transfer_to=ADA if going == "a user" else "Sales", data_tables="copy")


@pytest.mark.parametrize("number", range(1, 7))
def test_where_it_fails_half_way_nothing_is_deleted_and_what_moved_is_said(
    n8n: FakeN8n, going: str, number: int
) -> None:
    n8n.fail[number] = BROKEN
    failed = go(n8n, going, transfer_to="Ops", data_tables="copy")
    assert "it is broken" in failed["msg"] and failed["changed"] is (number > 1)
    assert not gone(n8n, going)
    assert len(failed["transferred"]) == min(number - 1, 3) and failed["copied"] == []
    assert ids(failed["lost_shares"]) == (["c-1"] if number > 1 else [])
    did = go(n8n, going, transfer_to="Ops", data_tables="copy")
    assert gone(n8n, going)
    assert ids(failed["transferred"] + did["transferred"] + did["copied"]) == sorted([TABLE, "c-1", "w-1", "w-2"])


def test_a_deletion_that_fails_says_what_moved(n8n: FakeN8n, going: str) -> None:
    # Three moves, the copy with its rows, the original, its name; then the deletion.
    n8n.fail[8] = BROKEN
    failed = go(n8n, going, transfer_to="Ops", data_tables="copy")
    assert not gone(n8n, going) and len(failed["transferred"]) == 3 and len(failed["copied"]) == 1
    assert go(n8n, going, transfer_to="Ops", data_tables="copy")["transferred"] == [] and gone(n8n, going)


def test_what_appears_meanwhile_is_not_destroyed(n8n: FakeN8n, going: str) -> None:
    after_role_change = Workflow("workflow", "w-new", "New")
    n8n.meanwhile["write", 2] = lambda: n8n.owned[home(n8n, going)].append(after_role_change)
    failed = go(n8n, going, transfer_to="Ops", data_tables="copy")
    assert 'workflow "New" (w-new) would be destroyed' in failed["msg"] and not gone(n8n, going)
    assert len(failed["transferred"]) == 3
    assert ids(go(n8n, going, transfer_to="Ops", data_tables="copy")["transferred"]) == ["w-new"]


def test_nothing_there_is_unchanged_wherever_it_was_to_go(going: str) -> None:
    for transfer_to in ("Nowhere", "no@example.com"):
        done = go(FakeN8n(), going, transfer_to=transfer_to)
        assert not done["changed"] and not any(key in done for key in (*KEYS, "user", "project"))


def test_on_the_floor_only_what_may_be_destroyed_goes(n8n: FakeN8n, going: str) -> None:
    n8n.floor = True
    for options in ({"transfer_to": "Ops"}, {"transfer_to": "Ops", "data_tables": "copy"}):
        with pytest.raises(InputError, match="does not show the data tables of other users"):
            go(n8n, going, **options)
    did = go(n8n, going, transfer_to="Ops", data_tables="delete")
    assert gone(n8n, going) and ids(did["transferred"]) == ["c-1", "w-1", "w-2"]


@pytest.mark.parametrize("options", [{"delete_resources": False}, {"delete_resources": False, "data_tables": "refuse"}])
def test_what_is_off_excludes_nothing(going: str, options: dict[str, Any]) -> None:
    module, params = GOING[going]
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(module, **params, **options, **connection, transfer_to="Ops")
    # It gets as far as the server.
    assert "could not be reached" in failed["msg"]


def test_what_is_on_excludes_a_destination(going: str) -> None:
    module, params = GOING[going]
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(module, **params, **connection, transfer_to="Ops", delete_resources=True)
    assert failed["failed"] and "exclu" in failed["msg"]


# A user alone


def ada_and_hers() -> FakeN8n:
    n8n = FakeN8n()
    n8n.person(ADA)
    n8n.team("Sales", ada="viewer")
    n8n.owned[n8n.personal(ADA)] = [Credential("credential", "c-1", "Mail")]
    return n8n


def test_somebody_else_at_work_hides_nothing_of_what_moved() -> None:
    n8n = ada_and_hers()
    sales = project(n8n, "Sales")
    n8n.meanwhile["write", 1] = lambda: n8n.roles_in[sales].update({n8n.id_of(ADA): "project:editor"})
    with pytest.raises(N8nError, match="Another user or task changed this at the same time") as failed:
        run(n8n_user, n8n, email=ADA, state="absent", transfer_to=OLIVIA)
    assert ADA in n8n.people()
    assert ids(failed.value.result()["transferred"]) == ["c-1"]


def test_an_n8n_that_is_gone_after_the_deletion_hides_nothing_of_what_was_done() -> None:
    n8n = ada_and_hers()

    def away() -> None:
        raise BROKEN

    n8n.meanwhile["find_user", 2] = away
    did = run(n8n_user, n8n, email=ADA, state="absent", transfer_to=OLIVIA)
    assert did["changed"] and ids(did["transferred"]) == ["c-1"] and did["residual_access"] == []


def test_a_pending_user_who_was_given_something() -> None:
    n8n = FakeN8n(floor=True)
    n8n.person(CY, pending=True)
    n8n.owned[n8n.personal(CY)] = [Workflow("workflow", "w-1", "Welcome")]
    with pytest.raises(InputError, match="owns workflow"):
        run(n8n_user, n8n, email=CY, state="absent")
    done = check_apply_reapply(n8n_user, n8n, email=CY, state="absent", transfer_to=OLIVIA)
    assert ids(done["transferred"]) == ["w-1"] and CY not in n8n.people()


@pytest.mark.parametrize("transfer_to", ["", " "])
def test_blank_destination_is_an_error(n8n: FakeN8n, going: str, transfer_to: str) -> None:
    module, params = GOING[going]
    with pytest.raises(InputError) as error:
        run(module, n8n, **params, transfer_to=transfer_to)
    assert str(error.value) == "transfer_to is blank. Set a project, or the email of a user."
    assert n8n.calls["write"] == 0
