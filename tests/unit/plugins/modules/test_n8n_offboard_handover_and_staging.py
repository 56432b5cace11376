# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: leavers who own resources, staged leavers, and residual access."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import atomic as _files
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.residual_access import MCP_KEYS_UNSEEN
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.recheck import USERS_PER_CHECK
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain, check_apply_reapply, main, run

ADA, BO, CY, DI = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di"))
ROLE_WITHOUT_SCOPES = "global:nothing-a1b2c3"
TABLE = "AbCdEfGh12345678"
BROKEN = ApiError("n8n refused: it is broken.", 501, "broken")
RunStaged = Callable[..., dict[str, Any]]


@pytest.fixture
def n8n() -> FakeN8n:
    """Ada is the only admin of Sales and owns resources. Bo owns nothing. A workflow of Di is shared with Ada."""
    fake = FakeN8n()
    for email in (ADA, BO, DI):
        fake.add_user(email)
    fake.add_user(CY, pending=True)
    fake.custom_roles[ROLE_WITHOUT_SCOPES] = "Nothing"
    del fake.roles_in[fake.add_team_project("Sales", ada="admin", bo="viewer")][fake.owner_id]
    fake.add_team_project("Support", ada="viewer", cy="viewer")
    fake.owned = {
        fake.personal_project_id(ADA): [
            Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",)),
            Credential("credential", "c-1", "Mail", shares=(Share(fake.personal_project_id(DI), "credential:user"),)),
            Table("data table", TABLE, "Orders"),
        ],
        fake.personal_project_id(DI): [
            Workflow("workflow", "w-9", "Di's", shares=(Share(fake.personal_project_id(ADA), "workflow:editor"),))
        ],
    }
    fake.after_each_write = check_admins_remain(fake)
    return fake


def entry(result: dict[str, Any], email: str) -> dict[str, Any]:
    return next(dict(one) for one in result["users"] if one["email"] == email)


def residual_access(result: dict[str, Any], email: str) -> list[tuple[str, str]]:
    return [(one["type"], one["id"] or one["name"]) for one in entry(result, email)["residual_access"]]


LEAVERS: dict[str, Any] = {"users": [ADA, BO], "successor": DI}


@pytest.mark.parametrize("demote_role", ["chatUser", "Nothing"])
def test_demoted_user_keeps_role_and_shared_workflows(n8n: FakeN8n, demote_role: str) -> None:
    result = check_apply_reapply(
        n8n_offboard,
        n8n,
        **LEAVERS,
        action="demote",
        demote_role=demote_role,
        transfer_to="Support",
        data_tables="copy",
    )
    role = {"chatUser": "global:chatUser", "Nothing": ROLE_WITHOUT_SCOPES}[demote_role]
    assert (n8n.instance_roles()[ADA], n8n.instance_roles()[BO]) == (role, role)
    assert n8n.memberships() == {
        "Sales": {DI: "project:admin"},
        "Support": {OLIVIA: "project:admin", CY: "project:viewer"},
    }
    # n8n deletes the API keys and keeps the MCP keys.
    assert residual_access(result, ADA) == [
        ("instance_role", role),
        ("shared_workflow", "w-9"),
        ("api_keys", MCP_KEYS_UNSEEN),
    ]
    assert residual_access(result, BO) == [("instance_role", role), ("api_keys", MCP_KEYS_UNSEEN)]
    entry_of_ada = entry(result, ADA)
    assert [item["id"] for item in entry_of_ada["transferred"]] == ["c-1", "w-1"]
    assert [(share["id"], share["user"]) for share in entry_of_ada["lost_shares"]] == [("c-1", DI)]
    assert entry(result, BO)["transferred"] == []


@pytest.mark.parametrize(
    ("action", "options"),
    [
        ("remove_memberships", {}),
        ("demote", {}),
        ("demote", {"demote_role": ROLE_WITHOUT_SCOPES}),
        ("demote", {"transfer_to": "Support", "data_tables": "delete"}),
        ("delete", {"transfer_to": DI, "data_tables": "delete"}),
        ("delete", {"delete_resources": True}),
    ],
)
def test_check_mode_returns_same_result(n8n: FakeN8n, action: str, options: dict[str, Any]) -> None:
    planned = run(n8n_offboard, n8n, check_mode=True, **LEAVERS, action=action, **options)
    result = run(n8n_offboard, n8n, **LEAVERS, action=action, **options)
    assert planned.pop("done") == [] and result.pop("done")
    del planned["requests"], result["requests"]
    assert planned == result


def test_existing_role_without_scopes_is_kept(n8n: FakeN8n) -> None:
    n8n.set_user_role(n8n.id_of(BO), ROLE_WITHOUT_SCOPES)
    n8n.writes.clear()
    result = check_apply_reapply(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.instance_roles()[BO] == ROLE_WITHOUT_SCOPES
    assert [kind for kind, _which in residual_access(result, BO)] == ["instance_role", "api_keys"]


@pytest.mark.parametrize("floor", [True, False])
def test_unknown_role_is_demoted_if_roles_are_not_visible(n8n: FakeN8n, floor: bool) -> None:
    def denied() -> None:
        raise ApiError("n8n refused: it is forbidden.", 403, "forbidden")

    n8n.set_user_role(n8n.id_of(BO), ROLE_WITHOUT_SCOPES)
    n8n.floor = floor
    for call in (1, 2):
        n8n.before_call["find_roles", call] = denied if not floor else lambda: None
    run(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.instance_roles()[BO] == "global:chatUser"


def test_deleted_user_has_no_residual_access(n8n: FakeN8n) -> None:
    result = check_apply_reapply(
        n8n_offboard, n8n, **LEAVERS, action="delete", transfer_to="Support", data_tables="copy"
    )
    assert residual_access(result, ADA) == residual_access(result, BO) == [] and n8n.instance_roles().keys() == {
        OLIVIA,
        CY,
        DI,
    }
    (copied,) = entry(result, ADA)["copied"]
    assert n8n.find("data table", copied["new_id"])


def test_residual_access_is_listed_after_remove_memberships(n8n: FakeN8n) -> None:
    result = check_apply_reapply(n8n_offboard, n8n, **LEAVERS)
    assert [kind for kind, _which in residual_access(result, ADA)] == [
        "instance_role",
        "workflow",
        "credential",
        "data_table",
        "shared_workflow",
        "api_keys",
    ]


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
@pytest.mark.parametrize("owning", [0, 200])
def test_number_of_readings_is_limited_for_200_leavers(action: str, owning: int) -> None:
    n8n = FakeN8n()
    n8n.add_team_project("Support")
    people = [f"p{number}@example.com" for number in range(200)]
    for number, email in enumerate(people):
        n8n.add_user(email)
        if number < owning:
            n8n.owned[n8n.personal_project_id(email)] = [Workflow("workflow", f"w-{number}", "Bills")]
    options = {} if action == "remove_memberships" else {"transfer_to": "Support"}
    result = run(n8n_offboard, n8n, users=people, action=action, **options)
    assert len(n8n.owned.get(_project(n8n, "Support"), [])) == (owning if options else 0)
    # All listings are read before and after the writes. Resources are also read after the transfers.
    # Before the writes of each 25 users, a demotion reads the instance roles, and a deletion reads the resources.
    # A deletion does not read the resources afterwards.
    right_before = 200 // USERS_PER_CHECK if result["changed"] else 0
    listings = {kind: n8n.calls[kind] for kind in ("list_users", "list_projects")}
    assert listings == {
        "list_users": (2 if result["changed"] else 1) + (right_before if action == "demote" else 0),
        "list_projects": 2 if result["changed"] else 1,
    }
    readings = (3 if owning and options else 2 if result["changed"] else 1) - (action == "delete")
    readings += right_before if action == "delete" else 0
    assert {n8n.calls[kind] for kind in ("workflows", "credentials", "tables")} == {readings}
    assert n8n.calls["find_user"] == 0 and n8n.calls["members"] <= 2
    # Folders are read once for each leaver whose resources are transferred.
    assert n8n.calls["folders"] == (owning if options else 0)


def _project(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def test_failed_transfer_stops_only_its_user(n8n: FakeN8n) -> None:
    # The third write is the transfer of the workflow, after the successor and the credential.
    n8n.fail[3] = BROKEN
    failed = run(n8n_offboard, n8n, **LEAVERS, action="delete", transfer_to="Support", data_tables="copy")
    assert ADA in n8n.instance_roles() and BO not in n8n.instance_roles()
    assert failed["changed"] and [error["users"] for error in failed["errors"]] == [[ADA]]
    entry_of_ada = entry(failed, ADA)
    assert [item["id"] for item in entry_of_ada["transferred"]] == ["c-1"] and entry_of_ada["copied"] == []
    assert ("workflow", "w-1") in residual_access(failed, ADA) and ("credential", "c-1") not in residual_access(
        failed, ADA
    )
    assert residual_access(failed, BO) == [] and entry(failed, BO)["changed"]
    result = run(n8n_offboard, n8n, **LEAVERS, action="delete", transfer_to="Support", data_tables="copy")
    assert [item["id"] for item in entry(result, ADA)["transferred"]] == ["w-1"] and ADA not in n8n.instance_roles()


def test_change_with_lost_response_is_in_residual_access(n8n: FakeN8n) -> None:
    n8n.lose.add(1)
    failed = run(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.instance_roles()[BO] == "global:chatUser" and failed["msg"]
    assert ("instance_role", "global:chatUser") in residual_access(failed, BO)


def test_unavailable_server_after_deletion_keeps_result(n8n: FakeN8n) -> None:
    def unavailable() -> None:
        raise BROKEN

    n8n.before_call["list_users", 2] = unavailable
    result = run(n8n_offboard, n8n, **LEAVERS, action="delete", transfer_to=DI, data_tables="delete")
    assert result["changed"] and residual_access(result, ADA) == [] and len(entry(result, ADA)["transferred"]) == 2


# Staged leavers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leavers.json"


@pytest.fixture
def run_staged(n8n: FakeN8n, path: Path) -> RunStaged:
    """Return a function that runs `staged` on a day, by default for Ada."""

    def run_on_day(day: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"users": [ADA], "successor": DI, "state_path": str(path), **options, "now": day}
        return run(n8n_offboard, n8n, check_mode, action="staged", **given)

    return run_on_day


HANDOVER: dict[str, Any] = {"transfer_to": "Support", "data_tables": "copy"}


def test_staged_leaver_is_demoted_and_later_deleted(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    planned = run_staged("2026-11-01", check_mode=True)
    assert not path.exists() and n8n.writes == []
    result = run_staged("2026-11-01")
    assert result["changed"] and planned["users"] == result["users"] and planned["diff"] == result["diff"]
    dates = {"since": "2026-11-01T00:00:00Z", "due": "2026-12-01T00:00:00Z"}
    assert entry(result, ADA)["staged"] == dates and entry(result, ADA)["transferred"] == []
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "format": 1,
        "url": "http://n8n.invalid",
        "leavers": [
            {
                "id": n8n.id_of(ADA),
                "email": ADA,
                "since": "2026-11-01T00:00:00Z",
                "role": "global:member",
                "staged_by": "offboard",
                "memberships": [
                    {"id": _project(n8n, "Sales"), "name": "Sales", "role": "project:admin"},
                    {"id": _project(n8n, "Support"), "name": "Support", "role": "project:viewer"},
                ],
            }
        ],
    }
    assert n8n.instance_roles()[ADA] == "global:chatUser" and len(n8n.owned[n8n.personal_project_id(ADA)]) == 3
    record, writes = path.read_bytes(), len(n8n.writes)
    for day in ("2026-11-01", "2026-11-15", "2026-11-30T23:59:59Z", "2026-12-01T01:00:00+02:00"):
        again = run_staged(day, **HANDOVER)
        assert not again["changed"] and entry(again, ADA)["staged"] == dates
    assert len(n8n.writes) == writes and path.read_bytes() == record
    due = run_staged("2026-12-01", check_mode=True, **HANDOVER)
    assert path.read_bytes() == record and ADA in n8n.instance_roles()
    deleted = run_staged("2026-12-01", **HANDOVER)
    assert due["changed"] and deleted["changed"] and due["plan"] == deleted["plan"] and due["diff"] == deleted["diff"]
    assert ADA not in n8n.instance_roles() and entry(deleted, ADA)["residual_access"] == []
    assert len(entry(deleted, ADA)["transferred"]) == 2 and len(entry(deleted, ADA)["copied"]) == 1
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    assert (kept["email"], kept["deleted"], kept["since"]) == (ADA, True, "2026-11-01T00:00:00Z")
    again = run_staged("2026-12-02", **HANDOVER)
    assert not again["changed"] and not entry(again, ADA)["found"]


def test_new_record_entry_without_plan_is_change(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    n8n.add_user("eve@example.com", "global:chatUser")
    run_staged("2026-11-01", users=[BO])
    record, writes = path.read_bytes(), len(n8n.writes)
    planned = run_staged("2026-11-02", check_mode=True, users=["eve@example.com"])
    assert path.read_bytes() == record
    result = run_staged("2026-11-02", users=["eve@example.com"])
    line = "staged leaver eve@example.com since 2026-11-02T00:00:00Z: global:chatUser\n"
    for returned in (planned, result):
        assert returned["changed"] and returned["plan"] == [] and returned["diff"] == {"before": "", "after": line}
    again = run_staged("2026-11-03", users=["eve@example.com"])
    assert not again["changed"] and again["diff"] == {"before": "", "after": ""} and len(n8n.writes) == writes
    deleted = run_staged("2026-12-03", users=["eve@example.com"], check_mode=True)
    assert line in deleted["diff"]["before"] and line not in deleted["diff"]["after"]


def test_entry_of_an_account_that_another_user_deleted_ends_with_a_warning(
    n8n: FakeN8n, path: Path, run_staged: RunStaged
) -> None:
    run_staged("2026-11-01")
    n8n.owned.clear()
    n8n.delete_user(n8n.id_of(ADA))
    for check_mode in (True, False):
        result = run_staged("2026-11-02", check_mode, users=[BO])
        assert any(f"The entry of {ADA}" in note and "by other means" in note for note in result["warnings"])
    assert [entry["email"] for entry in json.loads(path.read_text(encoding="utf-8"))["leavers"]] == [BO]


def test_unknown_users_create_no_record(path: Path, run_staged: RunStaged) -> None:
    for check_mode in (True, False, False):
        assert not run_staged("2026-11-01", check_mode, users=["nobody@example.com"])["changed"] and not path.exists()


def test_grace_days_sets_day_of_deletion(n8n: FakeN8n, run_staged: RunStaged) -> None:
    run_staged("2026-11-01", grace_days=7)
    assert not run_staged("2026-11-07", grace_days=7, **HANDOVER)["changed"]
    assert run_staged("2026-11-08", grace_days=7, **HANDOVER)["changed"] and ADA not in n8n.instance_roles()


def test_deletion_of_due_resource_owner_requires_handover_options(n8n: FakeN8n, run_staged: RunStaged) -> None:
    run_staged("2026-11-01")
    with pytest.raises(InputError, match="which the deletion would destroy"):
        run_staged("2026-12-01")
    assert ADA in n8n.instance_roles()
    assert run_staged("2026-12-01", delete_resources=True)["changed"] and ADA not in n8n.instance_roles()


def test_leavers_of_one_run_are_in_different_stages(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    run_staged("2026-11-01")
    result = run_staged("2026-12-01", users=[ADA, BO, "nobody@example.com"], **HANDOVER)
    assert ADA not in n8n.instance_roles() and n8n.instance_roles()[BO] == "global:chatUser"
    leavers = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    assert [(one["email"], one.get("deleted", False)) for one in leavers] == [(ADA, True), (BO, False)]
    assert entry(result, BO)["staged"]["due"] == "2026-12-31T00:00:00Z"
    assert not entry(result, "nobody@example.com")["found"]


def test_record_is_written_before_first_write(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    seen: list[bool] = []
    n8n.before_call["write", 1] = lambda: seen.append(path.exists() and ADA in path.read_text(encoding="utf-8"))
    run_staged("2026-11-01")
    assert seen == [True]


def test_unwritable_record_prevents_writes(
    n8n: FakeN8n, run_staged: RunStaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_what: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", disk_full)
    with pytest.raises(N8nError, match="The record of leavers could not be written to .*No space left"):
        run_staged("2026-11-01")
    assert n8n.calls["write"] == 0


def test_full_disk_prevents_deletion(
    n8n: FakeN8n, path: Path, run_staged: RunStaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is written before the deletion, so that the run cannot forget the deleted user."""
    run_staged("2026-11-01")
    writes = len(n8n.writes)

    def disk_full(*_what: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", disk_full)
    with pytest.raises(N8nError, match="No space left on device"):
        run_staged("2026-12-01", **HANDOVER)
    assert ADA in n8n.instance_roles() and len(n8n.writes) == writes
    monkeypatch.undo()
    deleted = run_staged("2026-12-02", **HANDOVER)
    assert deleted["changed"] and ADA not in n8n.instance_roles() and len(entry(deleted, ADA)["transferred"]) == 2
    assert not run_staged("2026-12-03", **HANDOVER)["changed"]


@pytest.mark.parametrize("action", ["delete", "staged"])
def test_entry_of_a_deleted_user_is_stored_before_the_deletion(n8n: FakeN8n, path: Path, action: str) -> None:
    """The server can fail after the deletion, and the job can be killed. A list must not invite the user again."""

    def unavailable() -> None:
        raise BROKEN

    options = {"users": [ADA], "state_path": str(path), "successor": DI, **HANDOVER}
    if action == "staged":
        run(n8n_offboard, n8n, action=action, now="2026-11-01", **options)
    n8n.before_call["list_users", n8n.calls["list_users"] + 2] = unavailable
    run(n8n_offboard, n8n, action=action, now="2026-12-05", **options)
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    assert ADA not in n8n.instance_roles() and (kept["email"], kept["deleted"]) == (ADA, True)


@pytest.mark.parametrize("action", ["delete", "staged"])
def test_entry_of_a_user_who_could_not_be_deleted_is_not_changed(n8n: FakeN8n, path: Path, action: str) -> None:
    options = {"users": [BO], "state_path": str(path)}
    before: list[Any] = []
    if action == "staged":
        run(n8n_offboard, n8n, action=action, now="2026-11-01", **options)
        before = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    n8n.fail[n8n.calls["write"] + 1] = BROKEN
    failed = run(n8n_offboard, n8n, action=action, now=None if action == "delete" else "2026-12-05", **options)
    assert failed["errors"] and BO in n8n.instance_roles()
    assert json.loads(path.read_text(encoding="utf-8"))["leavers"] == before


@pytest.mark.parametrize("damage", ["{", "", '{"format": 2}', "[]"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_damaged_record_prevents_deletion(
    n8n: FakeN8n, path: Path, run_staged: RunStaged, damage: str, check_mode: bool
) -> None:
    run_staged("2026-11-01")
    writes = len(n8n.writes)
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        run_staged("2027-12-01", check_mode, **HANDOVER)
    assert len(n8n.writes) == writes and path.read_text(encoding="utf-8") == damage


@pytest.mark.parametrize("options", [HANDOVER, {"delete_resources": True}, {"users": [BO, ADA]}])
def test_missing_record_prevents_deletion_and_is_created_again(
    n8n: FakeN8n, path: Path, run_staged: RunStaged, options: dict[str, Any]
) -> None:
    run_staged("2026-11-01")
    path.unlink()
    planned = run_staged("2027-12-01", True, **options)
    assert not path.exists()
    result = run_staged("2027-12-01", **options)
    assert (
        result["plan"] == planned["plan"] and ADA in n8n.instance_roles() and result["changed"] and planned["changed"]
    )
    assert entry(result, ADA)["staged"]["since"] == "2027-12-01T00:00:00Z"
    assert not run_staged("2027-12-02", **options)["changed"]


def test_record_of_other_server_prevents_deletion(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    run_staged("2026-11-01")
    text = path.read_text(encoding="utf-8").replace("http://n8n.invalid", "https://other.example.com")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="belongs to https://other.example.com, but this n8n is http://n8n.invalid"):
        run_staged("2026-12-01", **HANDOVER)
    assert ADA in n8n.instance_roles()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"now": "tomorrow"}, 'now: "tomorrow" is not a date'),
        ({"grace_days": -1}, "grace_days: -1 is not valid. The number of days"),
        ({"state_path": "/nowhere/leavers.json"}, "The record of leavers cannot be written to /nowhere/leavers.json"),
        ({"successor": None}, "Or set successor=EMAIL."),
        ({"transfer_to": "Nowhere"}, 'Project "Nowhere" does not exist'),
        ({"demote_role": "boss"}, 'demote_role: unknown or unassignable role "boss"'),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_invalid_input_creates_no_record(
    n8n: FakeN8n, path: Path, run_staged: RunStaged, options: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        run_staged(options.get("now", "2026-11-01"), check_mode, **{"state_path": str(path), **options})
    assert words in str(refused.value) and not path.exists() and n8n.calls["write"] == 0


def test_due_date_is_limited_to_year_9999(n8n: FakeN8n, run_staged: RunStaged) -> None:
    result = run_staged("2026-11-01", grace_days=10**9)
    assert entry(result, ADA)["staged"]["due"] == "9999-12-31T23:59:59Z"


def test_staged_requires_state_path(path: Path) -> None:
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(n8n_offboard, users=[ADA], action="staged", **connection)
    assert failed["failed"] and "state_path" in failed["msg"]


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
@pytest.mark.parametrize("option", [{"grace_days": 30}, {"now": "2026-11-21"}])
def test_staging_options_cause_warning_with_other_actions(n8n: FakeN8n, action: str, option: dict[str, Any]) -> None:
    n8n.client.read_only = True
    task = Task(n8n, check_mode=True, wants_diff=False)
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    n8n_offboard.run({**defaults, "users": [CY], "action": action, "successor": DI, **option}, task)
    words = f"{next(iter(option))}: used only with action=staged. The action is {action}."
    assert words in task.warnings


def test_default_of_grace_days_is_30(n8n: FakeN8n, run_staged: RunStaged) -> None:
    assert entry(run_staged("2026-11-01"), ADA)["staged"]["due"] == "2026-12-01T00:00:00Z"
    assert entry(run_staged("2026-11-01", grace_days=0, **HANDOVER), ADA)["staged"]["due"] == "2026-11-01T00:00:00Z"


def test_due_leaver_with_access_is_staged_again(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    # The second write is the role change after the successor. It fails in two runs.
    n8n.fail[2] = BROKEN
    assert run_staged("2026-11-01")["msg"] and n8n.instance_roles()[ADA] == "global:member"
    recorded = json.loads(path.read_text(encoding="utf-8"))["leavers"][0]
    n8n.fail[n8n.calls["write"] + 1] = BROKEN
    assert run_staged("2026-12-24", **HANDOVER)["msg"] and n8n.instance_roles()[ADA] == "global:member"
    result = run_staged("2026-12-25", **HANDOVER)
    assert n8n.instance_roles()[ADA] == "global:chatUser"
    assert json.loads(path.read_text(encoding="utf-8"))["leavers"] == [
        {**recorded, "since": "2026-12-25T00:00:00Z", "stagings": 3}
    ]
    assert entry(result, ADA)["staged"] == {"since": "2026-12-25T00:00:00Z", "due": "2027-01-24T00:00:00Z"}
    run_staged("2027-01-24", **HANDOVER)
    assert ADA not in n8n.instance_roles()


def test_leaver_with_manually_restored_access_is_staged_again(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    run_staged("2026-11-01")
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    n8n.set_members(_project(n8n, "Support"), {n8n.id_of(ADA): "project:editor"})
    result = run_staged("2027-12-24", **HANDOVER)
    assert n8n.instance_roles()[ADA] == "global:chatUser" and ADA not in n8n.memberships()["Support"]
    assert entry(result, ADA)["staged"]["since"] == "2027-12-24T00:00:00Z" and entry(result, ADA)["transferred"] == []
    (record,) = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    assert (record["since"], record["role"]) == ("2027-12-24T00:00:00Z", "global:admin")
    assert [(one["name"], one["role"]) for one in record["memberships"]] == [
        ("Support", "project:editor"),
        ("Sales", "project:admin"),
    ]
    assert not run_staged("2028-01-22", **HANDOVER)["changed"]


def test_next_run_completes_failed_transfer_of_due_leaver(n8n: FakeN8n, path: Path, run_staged: RunStaged) -> None:
    run_staged("2026-11-01")
    n8n.fail[n8n.calls["write"] + 2] = BROKEN
    failed = run_staged("2026-12-01", **HANDOVER)
    assert failed["msg"] and ADA in n8n.instance_roles() and ADA in path.read_text(encoding="utf-8")
    assert len(entry(failed, ADA)["transferred"]) == 1
    result = run_staged("2026-12-01", **HANDOVER)
    assert len(entry(result, ADA)["transferred"]) == 1 and ADA not in n8n.instance_roles()


def test_warning_names_resources_that_leaver_can_still_read(n8n: FakeN8n, path: Path) -> None:
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    for action, words in (("staged", "until the account is deleted"), ("demote", "set transfer_to")):
        task = Task(n8n, check_mode=True, wants_diff=False)
        n8n.client.read_only = True
        given = {**defaults, "users": [ADA], "successor": DI, "action": action}
        given["state_path"] = str(path) if action == "staged" else None
        n8n_offboard.run(given, task)
        assert any(f'{ADA} owns workflow "Bills" (w-1)' in note and words in note for note in task.warnings)


def test_warning_names_folders_that_are_not_transferred(n8n: FakeN8n) -> None:
    home = n8n.personal_project_id(ADA)
    n8n.folders_in[home] = [OwnedItem("folder", "f-1", "Papers", home)]
    task = Task(n8n, check_mode=False, wants_diff=False)
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    given = {"users": [ADA], "action": "delete", "successor": DI, "transfer_to": DI, "data_tables": "copy"}
    n8n_offboard.run({**defaults, **given}, task)
    assert any('folder "Papers" (f-1)' in note for note in task.warnings) and ADA not in n8n.instance_roles()
