# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: leavers who own things, leaving in two steps, and what is left to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import atomic as _files
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
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
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import admins_stay, check_apply_reapply, main, run

ADA, BO, CY, DI = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di"))
NOTHING = "global:nothing-a1b2c3"
TABLE = "AbCdEfGh12345678"
BROKEN = ApiError("n8n refused: it is broken.", 501, "broken")
Beat = Callable[..., dict[str, Any]]


@pytest.fixture
def n8n() -> FakeN8n:
    """Ada alone administrates Sales and owns things; Bo has nothing; Di's workflow is shared with Ada."""
    fake = FakeN8n()
    for email in (ADA, BO, DI):
        fake.person(email)
    fake.person(CY, pending=True)
    fake.custom_roles[NOTHING] = "Nothing"
    del fake.roles_in[fake.team("Sales", ada="admin", bo="viewer")][fake.owner_id]
    fake.team("Support", ada="viewer", cy="viewer")
    fake.owned = {
        fake.personal(ADA): [
            Workflow("workflow", "w-1", "Bills", published=True, credentials=("c-1",)),
            Credential("credential", "c-1", "Mail", shares=(Share(fake.personal(DI), "credential:user"),)),
            Table("data table", TABLE, "Orders"),
        ],
        fake.personal(DI): [
            Workflow("workflow", "w-9", "Di's", shares=(Share(fake.personal(ADA), "workflow:editor"),))
        ],
    }
    fake.after_each_write = admins_stay(fake)
    return fake


def entry(result: dict[str, Any], email: str) -> dict[str, Any]:
    return next(dict(one) for one in result["users"] if one["email"] == email)


def left(result: dict[str, Any], email: str) -> list[tuple[str, str]]:
    return [(one["type"], one["id"] or one["name"]) for one in entry(result, email)["residual_access"]]


LEAVE: dict[str, Any] = {"users": [ADA, BO], "successor": DI}


@pytest.mark.parametrize("demote_role", ["chatUser", "Nothing"])
def test_who_is_demoted_keeps_a_role_and_what_others_share(n8n: FakeN8n, demote_role: str) -> None:
    did = check_apply_reapply(
        n8n_offboard,
        n8n,
        **LEAVE,
        action="demote",
        demote_role=demote_role,
        transfer_to="Support",
        data_tables="copy",
    )
    role = {"chatUser": "global:chatUser", "Nothing": NOTHING}[demote_role]
    assert (n8n.people()[ADA], n8n.people()[BO]) == (role, role)
    assert n8n.memberships() == {
        "Sales": {DI: "project:admin"},
        "Support": {OLIVIA: "project:admin", CY: "project:viewer"},
    }
    # n8n has deleted the keys of its API, and not those for MCP.
    assert left(did, ADA) == [("instance_role", role), ("shared_workflow", "w-9"), ("api_keys", MCP_KEYS_UNSEEN)]
    assert left(did, BO) == [("instance_role", role), ("api_keys", MCP_KEYS_UNSEEN)]
    mine = entry(did, ADA)
    assert [item["id"] for item in mine["transferred"]] == ["c-1", "w-1"]
    assert [(share["id"], share["user"]) for share in mine["lost_shares"]] == [("c-1", DI)]
    assert entry(did, BO)["transferred"] == []


@pytest.mark.parametrize(
    ("action", "options"),
    [
        ("remove_memberships", {}),
        ("demote", {}),
        ("demote", {"demote_role": NOTHING}),
        ("demote", {"transfer_to": "Support", "data_tables": "delete"}),
        ("delete", {"transfer_to": DI, "data_tables": "delete"}),
        ("delete", {"delete_resources": True}),
    ],
)
def test_check_mode_says_what_happens_to_each(n8n: FakeN8n, action: str, options: dict[str, Any]) -> None:
    would = run(n8n_offboard, n8n, check_mode=True, **LEAVE, action=action, **options)
    did = run(n8n_offboard, n8n, **LEAVE, action=action, **options)
    assert would.pop("done") == [] and did.pop("done")
    del would["requests"], did["requests"]
    assert would == did


def test_a_role_that_allows_nothing_is_kept_by_whoever_has_it(n8n: FakeN8n) -> None:
    n8n.set_user_role(n8n.id_of(BO), NOTHING)
    n8n.writes.clear()
    did = check_apply_reapply(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.people()[BO] == NOTHING
    assert [kind for kind, _which in left(did, BO)] == ["instance_role", "api_keys"]


@pytest.mark.parametrize("floor", [True, False])
def test_where_roles_are_not_shown_one_that_nobody_knows_is_taken(n8n: FakeN8n, floor: bool) -> None:
    def denied() -> None:
        raise ApiError("n8n refused: it is forbidden.", 403, "forbidden")

    n8n.set_user_role(n8n.id_of(BO), NOTHING)
    n8n.floor = floor
    for call in (1, 2):
        n8n.meanwhile["find_roles", call] = denied if not floor else lambda: None
    run(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.people()[BO] == "global:chatUser"


def test_who_is_deleted_has_nothing_left(n8n: FakeN8n) -> None:
    did = check_apply_reapply(n8n_offboard, n8n, **LEAVE, action="delete", transfer_to="Support", data_tables="copy")
    assert left(did, ADA) == left(did, BO) == [] and n8n.people().keys() == {OLIVIA, CY, DI}
    (copied,) = entry(did, ADA)["copied"]
    assert n8n.find("data table", copied["new_id"])


def test_who_only_leaves_projects_keeps_the_rest_and_it_is_listed(n8n: FakeN8n) -> None:
    did = check_apply_reapply(n8n_offboard, n8n, **LEAVE)
    assert [kind for kind, _which in left(did, ADA)] == [
        "instance_role",
        "workflow",
        "credential",
        "data_table",
        "shared_workflow",
        "api_keys",
    ]


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
@pytest.mark.parametrize("owning", [0, 200])
def test_200_leavers_are_read_once_before_and_once_after(action: str, owning: int) -> None:
    n8n = FakeN8n()
    n8n.team("Support")
    people = [f"p{number}@example.com" for number in range(200)]
    for number, email in enumerate(people):
        n8n.person(email)
        if number < owning:
            n8n.owned[n8n.personal(email)] = [Workflow("workflow", f"w-{number}", "Bills")]
    options = {} if action == "remove_memberships" else {"transfer_to": "Support"}
    did = run(n8n_offboard, n8n, users=people, action=action, **options)
    assert len(n8n.owned.get(_project(n8n, "Support"), [])) == (owning if options else 0)
    # Before and after, and what is owned once more behind the moves. Right before they are written, instance roles are
    # looked at for 25 people at once, and in place of afterwards what those own who are deleted.
    right_before = 200 // USERS_PER_CHECK if did["changed"] else 0
    listings = {kind: n8n.calls[kind] for kind in ("list_users", "list_projects")}
    assert listings == {
        "list_users": (2 if did["changed"] else 1) + (right_before if action == "demote" else 0),
        "list_projects": 2 if did["changed"] else 1,
    }
    looks = (3 if owning and options else 2 if did["changed"] else 1) - (action == "delete")
    looks += right_before if action == "delete" else 0
    assert {n8n.calls[kind] for kind in ("workflows", "credentials", "tables")} == {looks}
    assert n8n.calls["find_user"] == 0 and n8n.calls["members"] <= 2
    # Folders are asked for where something leaves them, and once for each.
    assert n8n.calls["folders"] == (owning if options else 0)


def _project(n8n: FakeN8n, name: str) -> str:
    return next(key for key, found in n8n.all_projects.items() if found.name == name)


def test_a_transfer_that_fails_stops_only_that_person(n8n: FakeN8n) -> None:
    # The successor, the credential, and then the workflow.
    n8n.fail[3] = BROKEN
    failed = run(n8n_offboard, n8n, **LEAVE, action="delete", transfer_to="Support", data_tables="copy")
    assert ADA in n8n.people() and BO not in n8n.people()
    assert failed["changed"] and [error["users"] for error in failed["errors"]] == [[ADA]]
    mine = entry(failed, ADA)
    assert [item["id"] for item in mine["transferred"]] == ["c-1"] and mine["copied"] == []
    assert ("workflow", "w-1") in left(failed, ADA) and ("credential", "c-1") not in left(failed, ADA)
    assert left(failed, BO) == [] and entry(failed, BO)["changed"]
    did = run(n8n_offboard, n8n, **LEAVE, action="delete", transfer_to="Support", data_tables="copy")
    assert [item["id"] for item in entry(did, ADA)["transferred"]] == ["w-1"] and ADA not in n8n.people()


def test_what_was_done_with_its_answer_lost_is_seen_afterwards(n8n: FakeN8n) -> None:
    n8n.lose.add(1)
    failed = run(n8n_offboard, n8n, users=[BO], action="demote")
    assert n8n.people()[BO] == "global:chatUser" and failed["msg"]
    assert ("instance_role", "global:chatUser") in left(failed, BO)


def test_an_n8n_that_is_gone_afterwards_hides_nothing_of_what_was_done(n8n: FakeN8n) -> None:
    def away() -> None:
        raise BROKEN

    n8n.meanwhile["list_users", 2] = away
    did = run(n8n_offboard, n8n, **LEAVE, action="delete", transfer_to=DI, data_tables="delete")
    assert did["changed"] and left(did, ADA) == [] and len(entry(did, ADA)["transferred"]) == 2


# Two steps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leavers.json"


@pytest.fixture
def beat(n8n: FakeN8n, path: Path) -> Beat:
    """Run `staged` on a day, for Ada unless said otherwise."""

    def on(day: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"users": [ADA], "successor": DI, "state_path": str(path), **options, "now": day}
        return run(n8n_offboard, n8n, check_mode, action="staged", **given)

    return on


GO: dict[str, Any] = {"transfer_to": "Support", "data_tables": "copy"}


def test_a_leaver_goes_in_two_steps(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    would = beat("2026-11-01", check_mode=True)
    assert not path.exists() and n8n.writes == []
    did = beat("2026-11-01")
    assert did["changed"] and would["users"] == did["users"] and would["diff"] == did["diff"]
    dates = {"since": "2026-11-01T00:00:00Z", "due": "2026-12-01T00:00:00Z"}
    assert entry(did, ADA)["staged"] == dates and entry(did, ADA)["transferred"] == []
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "format": 1,
        "url": "http://n8n.invalid",
        "leavers": [
            {
                "id": n8n.id_of(ADA),
                "email": ADA,
                "since": "2026-11-01T00:00:00Z",
                "role": "global:member",
                "memberships": [
                    {"id": _project(n8n, "Sales"), "name": "Sales", "role": "project:admin"},
                    {"id": _project(n8n, "Support"), "name": "Support", "role": "project:viewer"},
                ],
            }
        ],
    }
    assert n8n.people()[ADA] == "global:chatUser" and len(n8n.owned[n8n.personal(ADA)]) == 3
    kept, writes = path.read_bytes(), len(n8n.writes)
    for day in ("2026-11-01", "2026-11-15", "2026-11-30T23:59:59Z", "2026-12-01T01:00:00+02:00"):
        again = beat(day, **GO)
        assert not again["changed"] and entry(again, ADA)["staged"] == dates
    assert len(n8n.writes) == writes and path.read_bytes() == kept
    due = beat("2026-12-01", check_mode=True, **GO)
    assert path.read_bytes() == kept and ADA in n8n.people()
    gone = beat("2026-12-01", **GO)
    assert due["changed"] and gone["changed"] and due["plan"] == gone["plan"] and due["diff"] == gone["diff"]
    assert ADA not in n8n.people() and entry(gone, ADA)["residual_access"] == []
    assert len(entry(gone, ADA)["transferred"]) == 2 and len(entry(gone, ADA)["copied"]) == 1
    assert json.loads(path.read_text(encoding="utf-8"))["leavers"] == []
    again = beat("2026-12-02", **GO)
    assert not again["changed"] and not entry(again, ADA)["found"]


def test_what_is_only_recorded_is_a_change(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    n8n.person("eve@example.com", "global:chatUser")
    beat("2026-11-01", users=[BO])
    kept, writes = path.read_bytes(), len(n8n.writes)
    would = beat("2026-11-02", check_mode=True, users=["eve@example.com"])
    assert path.read_bytes() == kept
    did = beat("2026-11-02", users=["eve@example.com"])
    line = "staged leaver eve@example.com since 2026-11-02T00:00:00Z: global:chatUser\n"
    for result in (would, did):
        assert result["changed"] and result["plan"] == [] and result["diff"] == {"before": "", "after": line}
    again = beat("2026-11-03", users=["eve@example.com"])
    assert not again["changed"] and again["diff"] == {"before": "", "after": ""} and len(n8n.writes) == writes
    gone = beat("2026-12-03", users=["eve@example.com"], check_mode=True)
    assert line in gone["diff"]["before"] and line not in gone["diff"]["after"]


def test_a_run_with_nobody_whom_n8n_knows_makes_no_record(path: Path, beat: Beat) -> None:
    for check_mode in (True, False, False):
        assert not beat("2026-11-01", check_mode, users=["nobody@example.com"])["changed"] and not path.exists()


def test_the_grace_is_as_long_as_it_is_said(n8n: FakeN8n, beat: Beat) -> None:
    beat("2026-11-01", grace_days=7)
    assert not beat("2026-11-07", grace_days=7, **GO)["changed"]
    assert beat("2026-11-08", grace_days=7, **GO)["changed"] and ADA not in n8n.people()


def test_what_is_to_be_destroyed_is_said_on_the_day(n8n: FakeN8n, beat: Beat) -> None:
    beat("2026-11-01")
    with pytest.raises(InputError, match="which the deletion would destroy"):
        beat("2026-12-01")
    assert ADA in n8n.people()
    assert beat("2026-12-01", delete_resources=True)["changed"] and ADA not in n8n.people()


def test_people_are_at_different_points(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    beat("2026-11-01")
    did = beat("2026-12-01", users=[ADA, BO, "nobody@example.com"], **GO)
    assert ADA not in n8n.people() and n8n.people()[BO] == "global:chatUser"
    assert [one["email"] for one in json.loads(path.read_text(encoding="utf-8"))["leavers"]] == [BO]
    assert entry(did, BO)["staged"]["due"] == "2026-12-31T00:00:00Z"
    assert not entry(did, "nobody@example.com")["found"]


def test_the_record_is_there_before_anything_is_taken(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    seen: list[bool] = []
    n8n.meanwhile["write", 1] = lambda: seen.append(path.exists() and ADA in path.read_text(encoding="utf-8"))
    beat("2026-11-01")
    assert seen == [True]


def test_where_the_record_cannot_be_written_nothing_is_taken(
    n8n: FakeN8n, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_what: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", full)
    with pytest.raises(N8nError, match="The record of leavers could not be written to .*No space left"):
        beat("2026-11-01")
    assert n8n.calls["write"] == 0


def test_a_disk_that_is_full_afterwards_hides_nothing(
    n8n: FakeN8n, path: Path, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat("2026-11-01")

    def full(*_what: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", full)
    gone = beat("2026-12-01", **GO)
    assert gone["changed"] and ADA not in n8n.people() and len(entry(gone, ADA)["transferred"]) == 2
    monkeypatch.undo()
    # The next run tidies up.
    tidied = beat("2026-12-02", **GO)
    assert tidied["changed"] and tidied["plan"] == [] and not beat("2026-12-03", **GO)["changed"]
    assert json.loads(path.read_text(encoding="utf-8"))["leavers"] == []


@pytest.mark.parametrize("damage", ["{", "", '{"format": 2}', "[]"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_damaged_record_deletes_nobody(n8n: FakeN8n, path: Path, beat: Beat, damage: str, check_mode: bool) -> None:
    beat("2026-11-01")
    writes = len(n8n.writes)
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        beat("2027-12-01", check_mode, **GO)
    assert len(n8n.writes) == writes and path.read_text(encoding="utf-8") == damage


@pytest.mark.parametrize("options", [GO, {"delete_resources": True}, {"users": [BO, ADA]}])
def test_a_missing_record_deletes_nobody_and_begins_anew(
    n8n: FakeN8n, path: Path, beat: Beat, options: dict[str, Any]
) -> None:
    beat("2026-11-01")
    path.unlink()
    planned = beat("2027-12-01", True, **options)
    assert not path.exists()
    did = beat("2027-12-01", **options)
    assert did["plan"] == planned["plan"] and ADA in n8n.people() and did["changed"] and planned["changed"]
    assert entry(did, ADA)["staged"]["since"] == "2027-12-01T00:00:00Z"
    assert not beat("2027-12-02", **options)["changed"]


def test_the_record_of_another_n8n_deletes_nobody(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    beat("2026-11-01")
    text = path.read_text(encoding="utf-8").replace("http://n8n.invalid", "https://other.example.com")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="belongs to https://other.example.com, but this n8n is http://n8n.invalid"):
        beat("2026-12-01", **GO)
    assert ADA in n8n.people()


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
def test_wrong_input_leaves_no_record(
    n8n: FakeN8n, path: Path, beat: Beat, options: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        beat(options.get("now", "2026-11-01"), check_mode, **{"state_path": str(path), **options})
    assert words in str(refused.value) and not path.exists() and n8n.calls["write"] == 0


def test_a_far_away_day_is_a_day(n8n: FakeN8n, beat: Beat) -> None:
    did = beat("2026-11-01", grace_days=10**9)
    assert entry(did, ADA)["staged"]["due"] == "9999-12-31T23:59:59Z"


def test_staged_needs_a_record(path: Path) -> None:
    connection = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
    failed = main(n8n_offboard, users=[ADA], action="staged", **connection)
    assert failed["failed"] and "state_path" in failed["msg"]


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
@pytest.mark.parametrize("option", [{"state_path": "leavers.json"}, {"grace_days": 30}, {"now": "2026-11-21"}])
def test_what_is_for_two_steps_is_said_to_do_nothing_for_one(n8n: FakeN8n, action: str, option: dict[str, Any]) -> None:
    n8n.client.read_only = True
    task = Task(n8n, check_mode=True, wants_diff=False)
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    n8n_offboard.run({**defaults, "users": [CY], "action": action, "successor": DI, **option}, task)
    words = (
        f"{next(iter(option))}: used only with action=staged. The action is {action}, and the record is not changed."
    )
    assert words in task.warnings


def test_the_days_are_30_unless_said(n8n: FakeN8n, beat: Beat) -> None:
    assert entry(beat("2026-11-01"), ADA)["staged"]["due"] == "2026-12-01T00:00:00Z"
    assert entry(beat("2026-11-01", grace_days=0, **GO), ADA)["staged"]["due"] == "2026-11-01T00:00:00Z"


def test_who_still_has_access_when_the_days_are_over_is_not_deleted(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    # The successor, and then the role, again and again.
    n8n.fail[2] = BROKEN
    assert beat("2026-11-01")["msg"] and n8n.people()[ADA] == "global:member"
    had = json.loads(path.read_text(encoding="utf-8"))["leavers"][0]
    n8n.fail[n8n.calls["write"] + 1] = BROKEN
    assert beat("2026-12-24", **GO)["msg"] and n8n.people()[ADA] == "global:member"
    did = beat("2026-12-25", **GO)
    assert n8n.people()[ADA] == "global:chatUser"
    assert json.loads(path.read_text(encoding="utf-8"))["leavers"] == [{**had, "since": "2026-12-25T00:00:00Z"}]
    assert entry(did, ADA)["staged"] == {"since": "2026-12-25T00:00:00Z", "due": "2027-01-24T00:00:00Z"}
    beat("2027-01-24", **GO)
    assert ADA not in n8n.people()


def test_who_was_given_something_back_by_hand_is_staged_anew(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    beat("2026-11-01")
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    n8n.set_members(_project(n8n, "Support"), {n8n.id_of(ADA): "project:editor"})
    did = beat("2027-12-24", **GO)
    assert n8n.people()[ADA] == "global:chatUser" and ADA not in n8n.memberships()["Support"]
    assert entry(did, ADA)["staged"]["since"] == "2027-12-24T00:00:00Z" and entry(did, ADA)["transferred"] == []
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["leavers"]
    assert (kept["since"], kept["role"]) == ("2027-12-24T00:00:00Z", "global:admin")
    assert [(one["name"], one["role"]) for one in kept["memberships"]] == [
        ("Support", "project:editor"),
        ("Sales", "project:admin"),
    ]
    assert not beat("2028-01-22", **GO)["changed"]


def test_a_transfer_that_fails_on_the_day_is_gone_on_with(n8n: FakeN8n, path: Path, beat: Beat) -> None:
    beat("2026-11-01")
    n8n.fail[n8n.calls["write"] + 2] = BROKEN
    failed = beat("2026-12-01", **GO)
    assert failed["msg"] and ADA in n8n.people() and ADA in path.read_text(encoding="utf-8")
    assert len(entry(failed, ADA)["transferred"]) == 1
    did = beat("2026-12-01", **GO)
    assert len(entry(did, ADA)["transferred"]) == 1 and ADA not in n8n.people()


def test_what_is_left_readable_is_said(n8n: FakeN8n, path: Path) -> None:
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    for action, words in (("staged", "until the account is deleted"), ("demote", "set transfer_to")):
        task = Task(n8n, check_mode=True, wants_diff=False)
        n8n.client.read_only = True
        given = {**defaults, "users": [ADA], "successor": DI, "action": action}
        given["state_path"] = str(path) if action == "staged" else None
        n8n_offboard.run(given, task)
        assert any(f'{ADA} owns workflow "Bills" (w-1)' in note and words in note for note in task.warnings)


def test_somebody_given_a_folder_is_told_of_it(n8n: FakeN8n) -> None:
    home = n8n.personal(ADA)
    n8n.folders_in[home] = [OwnedItem("folder", "f-1", "Papers", home)]
    task = Task(n8n, check_mode=False, wants_diff=False)
    defaults = {name: row.get("default") for name, row in n8n_offboard.ARGUMENT_SPEC.items()}
    given = {"users": [ADA], "action": "delete", "successor": DI, "transfer_to": DI, "data_tables": "copy"}
    n8n_offboard.run({**defaults, **given}, task)
    assert any('folder "Papers" (f-1)' in note for note in task.warnings) and ADA not in n8n.people()
