# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a list with a record of leavers on the fake: the record, conflicts, and what is impossible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._recording.record import ImpossibleDepartures
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem, Table, Workflow
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA, BO, CY, OLD = (f"{name}@example.com" for name in ("ada", "bo", "cy", "old"))
CHAT = "global:chatUser"


@pytest.fixture
def n8n() -> FakeN8n:
    """Ada and Bo are active, and Cy has not accepted the invitation."""
    fake = FakeN8n()
    for email in (ADA, BO):
        fake.add_user(email)
    fake.add_user(CY, pending=True)
    fake.add_team_project("Sales", ada="editor", bo="viewer")
    return fake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leavers.json"


def nightly(n8n: FakeN8n, path: Path, *emails: str, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    users = [{"email": email, "status": "present"} for email in emails]
    options = {"unlisted_users": "staged", "state_path": str(path), "now": "2026-12-01", "max_removal_percent": 100}
    return run(n8n_access, n8n, check_mode, **{"users": users, **options, **params})


def failing(n8n: FakeN8n, path: Path, *emails: str, **params: Any) -> tuple[str, dict[str, Any]]:
    """Return the message and the result of a run in which something is impossible."""
    task = Task(n8n, False, wants_diff=True)
    options = {name: row.get("default") for name, row in n8n_access.ARGUMENT_SPEC.items()}
    users = [{"email": email, "status": "present"} for email in emails]
    own = {"unlisted_users": "staged", "state_path": str(path), "now": "2026-12-01", "max_removal_percent": 100}
    with pytest.raises(ImpossibleDepartures) as error:
        n8n_access.run({**options, "users": users, **own, **params}, task)
    return str(error.value), task.failed_result()


def entries(path: Path) -> dict[str, dict[str, Any]]:
    return {entry["email"]: entry for entry in json.loads(path.read_text("utf-8"))["leavers"]}


def test_run_creates_the_record_before_the_first_write_and_says_so(n8n: FakeN8n, path: Path) -> None:
    found: list[set[str]] = []
    n8n.after_each_write = lambda: found.append(set(entries(path)))
    result = nightly(n8n, path, BO)
    assert found[0] == {ADA, CY} and any("does not exist. This run creates it." in note for note in result["warnings"])
    assert {email: entry.get("deleted", False) for email, entry in entries(path).items()} == {ADA: False, CY: True}


def test_creation_of_the_record_is_a_change_without_other_changes(n8n: FakeN8n, path: Path) -> None:
    """The role sync carries out a plan only if it changes something."""
    planned = nightly(n8n, path, ADA, BO, CY, check_mode=True)
    assert planned["plan"] == [] and planned["changed"] and str(path) in planned["diff"]["after"]
    with pytest.raises(InputError, match="requires approve"):
        nightly(n8n, path, ADA, BO, CY, only_approved=True)
    done = nightly(n8n, path, ADA, BO, CY, only_approved=True, approve=planned["digest"])
    assert done["changed"] and done["diff"] == planned["diff"] and entries(path) == {}
    again = nightly(n8n, path, ADA, BO, CY)
    assert not again["changed"] and again["digest"] != planned["digest"]
    assert planned["record_changed"] and done["record_changed"] and not again["record_changed"]


def test_check_mode_writes_no_record(n8n: FakeN8n, path: Path) -> None:
    assert nightly(n8n, path, BO, check_mode=True)["changed"] and not path.exists()


def test_listed_user_who_looks_staged_is_an_error_without_a_record(n8n: FakeN8n, path: Path) -> None:
    n8n.set_user_role(n8n.id_of(BO), CHAT)
    writes = len(n8n.writes)
    with pytest.raises(InputError, match=f"does not exist, and these listed users look staged: {BO}"):
        nightly(n8n, path, BO)
    assert len(n8n.writes) == writes and not path.exists()


def test_error_about_users_who_look_staged_names_ten_of_them(n8n: FakeN8n, path: Path) -> None:
    """A company may use many chat users."""
    emails = [f"chat{number:02}@example.com" for number in range(12)]
    for email in emails:
        n8n.add_user(email, CHAT)
    with pytest.raises(InputError, match="chat09@example.com and 2 more. They are chat users"):
        nightly(n8n, path, *emails)


def test_pending_leaver_who_accepts_during_the_run_is_a_conflict_and_is_demoted_by_the_next_run(
    n8n: FakeN8n, path: Path
) -> None:
    """The deletion is checked right before. The run fails at the end, after all other changes."""

    def accept() -> None:
        if n8n.users[n8n.id_of(CY)].is_pending:
            n8n.accept(CY)

    n8n.after_each_write = accept
    message, result = failing(n8n, path, BO)
    assert f"{CY} accepted the invitation during the run and still has access." in message
    assert [conflict["user"] for conflict in result["conflicts"]] == [CY]
    assert n8n.instance_roles() == {OLIVIA: "global:owner", ADA: CHAT, BO: "global:member", CY: "global:member"}
    nightly(n8n, path, BO)
    assert n8n.instance_roles()[CY] == CHAT and not entries(path)[CY].get("deleted", False)
    assert not nightly(n8n, path, BO)["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_key_that_may_not_delete_leaves_the_invitation_open_and_fails_at_the_end(
    n8n: FakeN8n, path: Path, check_mode: bool
) -> None:
    n8n.scopes_off = {"user:delete"}
    if check_mode:
        with pytest.raises(ImpossibleDepartures, match=f"The invitation of {CY} stays open"):
            nightly(n8n, path, BO, check_mode=True)
        return
    message, result = failing(n8n, path, BO)
    assert f"The invitation of {CY} stays open, because the key lacks the scope user:delete." in message
    assert n8n.instance_roles() == {OLIVIA: "global:owner", ADA: CHAT, BO: "global:member", CY: CHAT}
    assert [entry["user"] for entry in result["impossible"]] == [CY]


def test_pending_leaver_is_deleted_on_a_server_that_does_not_show_data_tables(path: Path) -> None:
    n8n = FakeN8n(floor=True)
    n8n.add_user(CY, pending=True)
    assert nightly(n8n, path, OLIVIA)["impossible"] == [] and CY not in n8n.instance_roles()


def test_entry_of_sync_ends_when_the_user_is_listed_again(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, BO)
    result = nightly(n8n, path, ADA, BO, CY)
    assert [entry["email"] for entry in result["lifted"]] == [ADA, CY] and entries(path) == {}
    assert n8n.memberships()["Sales"][ADA] == "project:editor" and n8n.instance_roles()[CY] == "global:member"
    assert not nightly(n8n, path, ADA, BO, CY)["changed"]


def test_lifting_does_not_lower_a_higher_role_of_a_protected_user(n8n: FakeN8n, path: Path) -> None:
    """A protected user with a higher role than the recorded one has all recorded access, so the entry ends."""
    nightly(n8n, path, BO)
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    result = nightly(n8n, path, ADA, BO, protected_users=[ADA])
    assert n8n.instance_roles()[ADA] == "global:admin" and ADA not in entries(path)
    assert not any("at the same time" in note for note in result["warnings"])
    assert not nightly(n8n, path, ADA, BO, protected_users=[ADA])["changed"]


def test_waiting_list_ends_the_entry_of_a_deleted_account(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, BO)
    result = nightly(n8n, path, BO, CY, missing_users="wait")
    assert result["missing_users"] == [CY] and CY not in entries(path)
    assert not nightly(n8n, path, BO, CY, missing_users="wait")["changed"]


def test_entry_of_offboard_is_kept_until_restore(n8n: FakeN8n, path: Path) -> None:
    run(n8n_offboard, n8n, users=[ADA], action="staged", state_path=str(path), now="2026-11-30")
    for _night in range(2):
        result = nightly(n8n, path, ADA, BO, CY)
        assert [entry["user"] for entry in result["blocked"]] == [ADA] and not result["changed"]
    nightly(n8n, path, ADA, BO, CY, restore=True)
    assert n8n.memberships()["Sales"][ADA] == "project:editor" and entries(path) == {}


def test_offboarding_makes_an_entry_of_sync_one_of_offboard_with_the_same_date(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, BO, CY)
    run(n8n_offboard, n8n, users=[ADA], action="staged", state_path=str(path), now="2026-12-05")
    entry = entries(path)[ADA]
    assert (entry["staged_by"], entry["since"]) == ("offboard", "2026-12-01T00:00:00Z")


def test_deletion_after_the_grace_period_ends_the_entry(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, BO, CY)
    assert not nightly(n8n, path, BO, CY, now="2026-12-10", grace_days=10)["changed"]
    nightly(n8n, path, BO, CY, now="2026-12-11", grace_days=10)
    assert ADA not in n8n.instance_roles() and entries(path) == {}


def test_entry_of_an_account_that_another_user_deleted_ends_with_a_warning(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, BO, CY)
    n8n.delete_user(n8n.id_of(ADA))
    result = nightly(n8n, path, BO, CY)
    assert result["changed"] and entries(path) == {}
    assert any("the account was deleted by other means" in note for note in result["warnings"])


def test_entry_of_a_deleted_account_ends_after_grace_days_although_leavers_are_kept(n8n: FakeN8n, path: Path) -> None:
    nightly(n8n, path, ADA, BO)
    assert entries(path)[CY]["deleted"]
    for day, ends in (("2026-12-03", False), ("2026-12-04", True)):
        nightly(n8n, path, ADA, BO, unlisted_users="keep", grace_days=3, now=day)
        assert (CY not in entries(path)) == ends


def test_user_in_the_record_who_became_the_last_admin_is_succeeded_although_leavers_are_kept(
    n8n: FakeN8n, path: Path
) -> None:
    nightly(n8n, path, ADA)
    (project,) = n8n.roles_in.keys() & {key for key, one in n8n.all_projects.items() if one.name == "Sales"}
    n8n.roles_in[project] = {n8n.id_of(BO): "project:admin"}
    message, _result = failing(n8n, path, ADA, unlisted_users="keep", now="2026-12-02")
    assert "successor" in message
    done = nightly(n8n, path, ADA, unlisted_users="keep", successor=ADA, now="2026-12-02")
    assert n8n.memberships()["Sales"] == {ADA: "project:admin"} and not done["impossible"]


@pytest.mark.parametrize(("action", "warns"), [("keep", False), ("remove_memberships", True), ("demote", True)])
def test_destination_that_leavers_do_not_need_causes_a_warning(n8n: FakeN8n, action: str, warns: bool) -> None:
    done = run(
        n8n_access,
        n8n,
        users=[{"email": ADA}],
        unlisted_users=action,
        max_removal_percent=100,
        transfer_to=ADA,
        successor=ADA,
        grace_days=7,
    )
    assert any("transfer_to has no effect" in note for note in done.get("warnings", [])) == warns


def test_destination_that_the_run_creates_is_not_an_error(n8n: FakeN8n, path: Path) -> None:
    users = [{"email": ADA, "status": "present", "projects": {"Archives": "viewer"}}]
    done = nightly(n8n, path, users=users, transfer_to="Archives", create_projects=True, now="2026-12-01")
    assert n8n.memberships()["Archives"][ADA] == "project:viewer" and not done["impossible"]
    with pytest.raises(InputError, match='Project "Nowhere" does not exist'):
        nightly(n8n, path, users=users, transfer_to="Nowhere", now="2026-12-02")


def test_grants_of_users_in_the_record_are_not_upcoming(n8n: FakeN8n, path: Path) -> None:
    run(n8n_offboard, n8n, users=[BO], action="staged", state_path=str(path), now="2026-12-01")
    projects = {"Sales": {"role": "viewer", "until": "2026-12-05"}}
    users = [{"email": email, "status": "present", "projects": projects} for email in (ADA, BO)]
    done = nightly(n8n, path, check_mode=True, users=users, unlisted_users="keep")
    assert [entry["user"] for entry in done["upcoming"]] == [ADA]


def test_failed_return_keeps_the_former_access_in_the_record(
    n8n: FakeN8n, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With authoritative, the user gets no recorded membership back. A later run may need it nevertheless."""
    nightly(n8n, path, BO)
    before = entries(path)[ADA]

    def refuse(user_id: str, role: str) -> None:
        raise N8nError("n8n refuses the change.")

    with monkeypatch.context() as refusing:
        refusing.setattr(n8n, "set_user_role", refuse)
        result = nightly(n8n, path, ADA, BO, authority="authoritative")
    assert entries(path)[ADA] == before and before["memberships"]
    assert any(f"The access of {ADA} could not be restored completely" in note for note in result["warnings"])
    assert not any("at the same time" in note for note in result["warnings"])
    nightly(n8n, path, ADA, BO, authority="authoritative")
    assert ADA not in entries(path) and n8n.instance_roles()[ADA] == "global:member"


def two_accounts(n8n: FakeN8n, path: Path, status: str, item: OwnedItem, **params: Any) -> dict[str, Any]:
    """Return the result of the run that deletes the old account of Ada, which owns `item`."""
    if OLD not in n8n.instance_roles():
        n8n.add_user(OLD)
        n8n.add_team_project("Archive")
    n8n.owned[n8n.personal_project_id(OLD)] = [item]
    ada = {"email": ADA, "status": status, "previous_emails": [OLD]}
    users = [ada, *({"email": email, "status": "present"} for email in (BO, CY))]
    options = {"users": users, "transfer_to": "Archive", "grace_days": 1, **params}
    nightly(n8n, path, now="2026-12-01", **options)
    return nightly(n8n, path, now="2026-12-05", **options)


@pytest.mark.parametrize(("status", "destination"), [("present", ADA), ("leaver", "Archive")])
def test_resources_of_an_old_account_move_to_the_other_account_unless_it_departs(
    n8n: FakeN8n, path: Path, status: str, destination: str
) -> None:
    result = two_accounts(n8n, path, status, Workflow("workflow", "w1", "Bills"))
    moved = [change["project"] for change in result["plan"] if change["action"] == "transfer_workflow"]
    assert moved == [destination if destination == "Archive" else f"<{ADA}>"]
    assert OLD not in n8n.instance_roles() and [item.id for items in n8n.owned.values() for item in items] == ["w1"]


def test_data_tables_of_an_old_account_are_copied_to_the_other_account(n8n: FakeN8n, path: Path) -> None:
    """The names of the data tables of that account are read as well."""
    n8n.owned[n8n.personal_project_id(ADA)] = [Table("data table", "t0", "Rows")]
    result = two_accounts(n8n, path, "present", Table("data table", "t1", "Rows"), data_tables="copy")
    copies = [change for change in result["plan"] if change["action"] == "copy_table"]
    assert [(change["project"], change["after"] != "Rows") for change in copies] == [(f"<{ADA}>", True)]
    assert OLD not in n8n.instance_roles() and len(n8n.owned[n8n.personal_project_id(ADA)]) == 2
