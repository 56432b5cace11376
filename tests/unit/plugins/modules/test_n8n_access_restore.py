# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the fake, where staged leavers come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import main, run

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
EMPTY = '{\n  "format": 1,\n  "url": "http://n8n.invalid",\n  "leavers": []\n}\n'


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.person(ADA, "global:admin")
    fake.person(BO)
    fake.team("Sales", ada="editor", bo="viewer")
    fake.team("Support", ada="viewer")
    return fake


@pytest.fixture
def record(n8n: FakeN8n, tmp_path: Path) -> Path:
    """Ada and Bo are on their way out."""
    path = tmp_path / "leavers.json"
    run(n8n_offboard, n8n, users=[ADA, BO], action="staged", state_path=str(path), now="2026-01-01")
    assert n8n.people() == {OLIVIA: "global:owner", ADA: "global:chatUser", BO: "global:chatUser"}
    n8n.writes.clear()
    return path


def onboard(n8n: FakeN8n, record: Path, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    return run(n8n_access, n8n, check_mode, **{"restore": True, "state_path": str(record), **params})


def test_who_comes_back_has_what_they_had_and_the_record_forgets_them(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    users = [{"email": ADA.upper()}]
    would = onboard(n8n, record, check_mode=True, users=users)
    assert n8n.writes == [] and record.read_bytes() == before
    did = onboard(n8n, record, users=users)
    assert would["changed"] and did["changed"]
    assert [would[key] for key in ("plan", "diff", "restored")] == [did[key] for key in ("plan", "diff", "restored")]
    assert n8n.people()[ADA] == "global:admin" and n8n.people()[BO] == "global:chatUser"
    assert n8n.memberships() == {
        "Sales": {OLIVIA: "project:admin", ADA: "project:editor"},
        "Support": {OLIVIA: "project:admin", ADA: "project:viewer"},
    }
    (back,) = did["restored"]
    assert (back["email"], back["id"], back["role"], back["gone"]) == (ADA, n8n.id_of(ADA), "global:admin", [])
    assert back["since"] == "2026-01-01T00:00:00Z"
    assert [(item["name"], item["role"]) for item in back["memberships"]] == [
        ("Sales", "project:editor"),
        ("Support", "project:viewer"),
    ]
    assert ADA not in record.read_text("utf-8") and BO in record.read_text("utf-8")
    again = onboard(n8n, record, users=users)
    assert not again["changed"] and again["restored"] == []
    onboard(n8n, record, users=[{"email": BO}])
    assert record.read_text("utf-8") == EMPTY


def test_who_has_everything_already_is_taken_out_of_the_record_and_that_is_a_change(n8n: FakeN8n, record: Path) -> None:
    onboard(n8n, record, users=[{"email": ADA, "role": "admin"}, {"email": BO}], restore=False)
    n8n.set_members(_id(n8n, "Sales"), {n8n.id_of(ADA): "project:editor"})
    n8n.set_members(_id(n8n, "Support"), {n8n.id_of(ADA): "project:viewer"})
    before, writes = record.read_bytes(), len(n8n.writes)
    would = onboard(n8n, record, check_mode=True, users=[{"email": ADA}])
    assert record.read_bytes() == before
    did = onboard(n8n, record, users=[{"email": ADA}])
    assert would["changed"] and did["changed"] and did["plan"] == [] and len(n8n.writes) == writes
    assert would["diff"] == did["diff"] and ADA in did["diff"]["before"] and did["diff"]["after"] == ""
    assert not onboard(n8n, record, users=[{"email": ADA}])["changed"]


def test_what_the_list_says_besides_is_given_too(n8n: FakeN8n, record: Path) -> None:
    n8n.team("Pilot")
    projects = {"Sales": "editor", "Pilot": "viewer"}
    onboard(n8n, record, users=[{"email": ADA, "role": "admin", "projects": projects}], authority="authoritative")
    assert {name for name, members in n8n.memberships().items() if ADA in members} == {"Sales", "Support", "Pilot"}


def test_who_is_named_as_a_member_comes_back_too(n8n: FakeN8n, record: Path) -> None:
    done = onboard(n8n, record, projects=[{"name": "Sales", "members": {n8n.id_of(ADA): "editor"}}])
    assert n8n.people()[ADA] == "global:admin" and n8n.memberships()["Support"][ADA] == "project:viewer"
    assert len(done["restored"]) == 1


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"role": "member"},
            r"users\[0\] \(ada@example.com\) has the role member, but the record .* has the role global:admin",
        ),
        (
            {"projects": {"Sales": "viewer"}},
            r'cannot be both project:viewer and project:editor in project "Sales" \(.*\)\. users\[0\] \(ada@example.com\), '
            r'project "Sales" has project:viewer, and the record of ada@example.com, project "Sales" has project:editor\. '
            r"Set the same role in both\.",
        ),
    ],
)
def test_a_list_that_contradicts_the_record_is_refused(
    n8n: FakeN8n, record: Path, entry: dict[str, Any], words: str
) -> None:
    before = record.read_bytes()
    with pytest.raises(InputError, match=words):
        onboard(n8n, record, users=[{"email": ADA, **entry}])
    assert n8n.writes == [] and record.read_bytes() == before


def test_projects_are_known_by_their_ids_and_none_is_created(n8n: FakeN8n, record: Path) -> None:
    sales, support = (
        next(key for key, project in n8n.all_projects.items() if project.name == name) for name in ("Sales", "Support")
    )
    n8n.all_projects[sales] = replace(n8n.all_projects[sales], name="Sales EMEA")
    del n8n.all_projects[support]
    n8n.team("Sales")
    shown = main_warnings(n8n, record, users=[{"email": ADA}])
    assert (
        f'{ADA} had project:viewer in project "Support" ({support}). The project no longer exists, so this role is not restored.'
        in shown
    )
    assert any(line.startswith("API keys") and ADA in line for line in shown)
    done = onboard(n8n, record, users=[{"email": ADA}])
    assert n8n.memberships() == {
        "Sales EMEA": {OLIVIA: "project:admin", ADA: "project:editor"},
        "Sales": {OLIVIA: "project:admin"},
    }
    assert [item["name"] for item in done["restored"][0]["gone"]] == ["Support"]
    assert ADA not in record.read_text("utf-8")


AUDITOR, KEEPER = "project:auditor-a1b2c3", "global:keeper-a1b2c3"


def test_a_role_that_is_gone_is_left_out_and_stops_nobody(n8n: FakeN8n, record: Path) -> None:
    text = record.read_text("utf-8").replace("project:editor", AUDITOR).replace("global:admin", KEEPER)
    record.write_text(text, encoding="utf-8")
    shown = main_warnings(n8n, record, users=[{"email": ADA}])
    assert f'{ADA} had {AUDITOR} in project "Sales" ({_id(n8n, "Sales")}). This role no longer exists' in shown[0]
    assert f"{ADA} had the instance role {KEEPER}, which no longer exists and is not restored" in shown[1]
    done = onboard(n8n, record, users=[{"email": ADA}, {"email": BO}])
    assert n8n.people()[ADA] == "global:chatUser" and n8n.people()[BO] == "global:member"
    assert n8n.memberships()["Support"][ADA] == "project:viewer" and ADA not in n8n.memberships()["Sales"]
    assert [item["name"] for item in done["restored"][0]["gone"]] == ["Sales"]
    assert record.read_text("utf-8") == EMPTY


def test_another_role_can_be_named_for_one_that_is_gone(n8n: FakeN8n, record: Path) -> None:
    record.write_text(record.read_text("utf-8").replace("global:admin", KEEPER), encoding="utf-8")
    onboard(n8n, record, users=[{"email": ADA, "role": "member"}])
    assert n8n.people()[ADA] == "global:member" and n8n.memberships()["Sales"][ADA] == "project:editor"


def test_a_role_that_is_there_is_given_back(n8n: FakeN8n, record: Path) -> None:
    n8n.custom_roles[KEEPER] = "Keeper"
    record.write_text(record.read_text("utf-8").replace("global:admin", KEEPER), encoding="utf-8")
    onboard(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert n8n.people()[ADA] == KEEPER


def test_where_roles_are_not_listed_none_is_taken_for_gone(n8n: FakeN8n, record: Path) -> None:
    n8n.floor = True
    n8n.custom_roles[KEEPER] = "Keeper"
    record.write_text(record.read_text("utf-8").replace("global:admin", KEEPER), encoding="utf-8")
    onboard(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert n8n.people()[ADA] == KEEPER


def test_whose_account_is_gone_is_invited_with_what_they_had(n8n: FakeN8n, record: Path) -> None:
    n8n.delete_user(n8n.id_of(ADA))
    onboard(n8n, record, users=[{"email": ADA}])
    assert n8n.people()[ADA] == "global:admin" and n8n.memberships()["Sales"][ADA] == "project:editor"
    assert ADA not in record.read_text("utf-8")


def test_who_has_another_email_by_now_is_known_by_the_id(n8n: FakeN8n, record: Path) -> None:
    key = n8n.id_of(ADA)
    n8n.users[key] = replace(n8n.users[key], email="ada.king@example.com")
    onboard(n8n, record, users=[{"email": "ada.king@example.com"}])
    assert n8n.people()["ada.king@example.com"] == "global:admin" and key not in record.read_text("utf-8")


def test_the_record_keeps_who_did_not_get_everything(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    n8n.fail[n8n.calls["write"] + 2] = ApiError("n8n refused: it is broken.", 501, "broken")
    failed = onboard(n8n, record, users=[{"email": ADA}])
    assert failed["done"] and failed["errors"] and record.read_bytes() == before
    onboard(n8n, record, users=[{"email": ADA}])
    assert n8n.people()[ADA] == "global:admin" and n8n.memberships()["Support"][ADA] == "project:viewer"
    assert ADA not in record.read_text("utf-8")


def test_the_record_keeps_whom_somebody_else_has_changed(n8n: FakeN8n, record: Path) -> None:
    support = next(key for key, project in n8n.all_projects.items() if project.name == "Support")
    n8n.roles_in[support][n8n.id_of(ADA)] = "project:editor"
    raised = {n8n.id_of(ADA): "project:admin"}
    # Both projects are read for the plan.
    n8n.meanwhile["members", n8n.calls["members"] + 3] = lambda: n8n.roles_in[support].update(raised)
    done = onboard(n8n, record, users=[{"email": ADA}, {"email": BO}], max_removal_percent=100)
    assert [conflict["user"] for conflict in done["conflicts"]] == [ADA]
    assert ADA in record.read_text("utf-8") and BO not in record.read_text("utf-8")
    again = onboard(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert again["conflicts"] == [] and n8n.memberships()["Support"][ADA] == "project:viewer"
    assert record.read_text("utf-8") == EMPTY


def test_without_restore_the_record_stays_and_it_is_said(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    (words,) = main_warnings(n8n, record, users=[{"email": ADA}, {"email": CY}], restore=False)
    assert f"{ADA} has been in the record of staged leavers {record} since 2026-01-01T00:00:00Z" in words
    assert record.read_bytes() == before and n8n.people()[ADA] == "global:chatUser"


def test_ignored_people_do_not_come_back(n8n: FakeN8n, record: Path) -> None:
    done = onboard(n8n, record, users=[{"email": ADA}], ignored_users=["ada@*"])
    assert done["restored"] == [] and n8n.people()[ADA] == "global:chatUser" and ADA in record.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "restore", "words"),
    [
        ("{", True, "is damaged"),
        ("{", False, "is damaged"),
        ('{"format": 1, "url": "http://other.invalid", "leavers": []}', True, "belongs to http://other.invalid"),
        (None, True, "contains no record of staged leavers"),
    ],
)
def test_a_record_that_is_damaged_or_missing_is_an_error(
    n8n: FakeN8n, record: Path, text: str | None, restore: bool, words: str
) -> None:
    record.unlink()
    if text is not None:
        record.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        onboard(n8n, record, users=[{"email": ADA}], restore=restore)
    assert n8n.writes == []


def test_a_record_that_is_not_there_yet_says_nothing_of_anybody(n8n: FakeN8n, tmp_path: Path) -> None:
    done = onboard(n8n, tmp_path / "none.json", users=[{"email": ADA}], restore=False)
    assert not done["changed"] and "restored" not in done and not (tmp_path / "none.json").exists()


def test_an_empty_record_asks_for_no_projects(n8n: FakeN8n, tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    path.write_text(EMPTY, encoding="utf-8")
    n8n.calls.clear()
    onboard(n8n, path, users=[{"email": ADA}])
    assert n8n.calls["list_projects"] == 0


def test_restore_needs_a_path() -> None:
    failed = main(n8n_access, url="http://n8n.invalid", api_key="x", users=[], restore=True)
    assert failed["failed"] and "state_path" in failed["msg"]


def _id(n8n: FakeN8n, name: str) -> str:
    return next(key for key, project in n8n.all_projects.items() if project.name == name)


def main_warnings(n8n: FakeN8n, record: Path, **params: Any) -> list[str]:
    """Return what a task in check mode warns of."""
    options = {name: row.get("default") for name, row in n8n_access.ARGUMENT_SPEC.items()}
    task = Task(n8n, check_mode=True, wants_diff=False)
    n8n_access.run({**options, "restore": True, "state_path": str(record), **params}, task)
    return task.warnings


# Another controller, which shares no lock, stages the same user at the same time.


def has_everything(n8n: FakeN8n) -> bool:
    members = n8n.memberships()
    return (
        n8n.people()[ADA] == "global:admin"
        and members["Sales"].get(ADA) == "project:editor"
        and members["Support"].get(ADA) == "project:viewer"
    )


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_user_who_is_staged_during_a_restore_stays_in_the_record(
    n8n: FakeN8n, record: Path, number: int, seconds: int
) -> None:
    """With the same time the new entry of the record equals the old one."""

    def another_controller() -> None:
        now = f"2026-01-01T00:00:0{seconds}Z"
        run(n8n_offboard, n8n, users=[ADA], action="staged", state_path=str(record), now=now)

    n8n.meanwhile["write", n8n.calls["write"] + number] = another_controller
    done = onboard(n8n, record, users=[{"email": ADA}])
    assert has_everything(n8n) != (ADA in record.read_text("utf-8"))
    lost = {(change["action"], change["project"]) for change in done["conflicts"]}
    made = {(change["action"], change["project"]) for change in done["done"]}
    assert made.isdisjoint(lost) and bool(lost) == (not has_everything(n8n))
    n8n.meanwhile.clear()
    again = onboard(n8n, record, users=[{"email": ADA}])
    assert has_everything(n8n) and ADA not in record.read_text("utf-8") and not again["conflicts"]


@pytest.mark.parametrize("number", range(1, 4))
def test_a_user_who_is_restored_during_a_staging_is_in_the_record_or_has_everything(
    n8n: FakeN8n, record: Path, number: int
) -> None:
    onboard(n8n, record, users=[{"email": ADA}], restore=True)
    first = n8n.calls["write"]

    def another_controller() -> None:
        onboard(n8n, record, users=[{"email": ADA}])

    n8n.meanwhile["write", first + number] = another_controller
    run(n8n_offboard, n8n, users=[ADA], action="staged", state_path=str(record), now="2026-01-01")
    assert has_everything(n8n) or ADA in record.read_text("utf-8")


def test_a_restored_user_stays_in_the_record_where_nobody_can_look(n8n: FakeN8n, record: Path) -> None:
    def away() -> None:
        raise ApiError("n8n is away.", 503, "away")

    def after_the_last_write() -> None:
        if len(n8n.writes) == 3:
            n8n.meanwhile["members", n8n.calls["members"] + 1] = away

    n8n.after_each_write = after_the_last_write
    done = onboard(n8n, record, users=[{"email": ADA}])
    assert ADA in record.read_text("utf-8") and "could not be checked" in "\n".join(done["warnings"])
    onboard(n8n, record, users=[{"email": ADA}])
    assert ADA not in record.read_text("utf-8")
