# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the fake: restoring staged leavers."""

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
EMPTY_RECORD = '{\n  "format": 1,\n  "url": "http://n8n.invalid",\n  "leavers": []\n}\n'


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA, "global:admin")
    fake.add_user(BO)
    fake.add_team_project("Sales", ada="editor", bo="viewer")
    fake.add_team_project("Support", ada="viewer")
    return fake


@pytest.fixture
def record(n8n: FakeN8n, tmp_path: Path) -> Path:
    """Stage Ada and Bo, and return the path of the record."""
    path = tmp_path / "leavers.json"
    run(n8n_offboard, n8n, users=[ADA, BO], action="staged", state_path=str(path), now="2026-01-01")
    assert n8n.instance_roles() == {OLIVIA: "global:owner", ADA: "global:chatUser", BO: "global:chatUser"}
    n8n.writes.clear()
    return path


def run_restore(n8n: FakeN8n, record: Path, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    return run(n8n_access, n8n, check_mode, **{"restore": True, "state_path": str(record), **params})


def test_restored_user_regains_access_and_is_removed_from_record(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    users = [{"email": ADA.upper()}]
    planned = run_restore(n8n, record, check_mode=True, users=users)
    assert n8n.writes == [] and record.read_bytes() == before
    result = run_restore(n8n, record, users=users)
    assert planned["changed"] and result["changed"]
    assert [planned[key] for key in ("plan", "diff", "restored")] == [
        result[key] for key in ("plan", "diff", "restored")
    ]
    assert n8n.instance_roles()[ADA] == "global:admin" and n8n.instance_roles()[BO] == "global:chatUser"
    assert n8n.memberships() == {
        "Sales": {OLIVIA: "project:admin", ADA: "project:editor"},
        "Support": {OLIVIA: "project:admin", ADA: "project:viewer"},
    }
    (restored_user,) = result["restored"]
    assert (restored_user["email"], restored_user["id"], restored_user["role"], restored_user["gone"]) == (
        ADA,
        n8n.id_of(ADA),
        "global:admin",
        [],
    )
    assert restored_user["since"] == "2026-01-01T00:00:00Z"
    assert [(item["name"], item["role"]) for item in restored_user["memberships"]] == [
        ("Sales", "project:editor"),
        ("Support", "project:viewer"),
    ]
    assert ADA not in record.read_text("utf-8") and BO in record.read_text("utf-8")
    again = run_restore(n8n, record, users=users)
    assert not again["changed"] and again["restored"] == []
    run_restore(n8n, record, users=[{"email": BO}])
    assert record.read_text("utf-8") == EMPTY_RECORD


def test_user_with_all_access_is_removed_from_record_as_change(n8n: FakeN8n, record: Path) -> None:
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    n8n.set_members(_project_id(n8n, "Sales"), {n8n.id_of(ADA): "project:editor"})
    n8n.set_members(_project_id(n8n, "Support"), {n8n.id_of(ADA): "project:viewer"})
    before, writes = record.read_bytes(), len(n8n.writes)
    planned = run_restore(n8n, record, check_mode=True, users=[{"email": ADA}])
    assert record.read_bytes() == before
    result = run_restore(n8n, record, users=[{"email": ADA}])
    assert planned["changed"] and result["changed"] and result["plan"] == [] and len(n8n.writes) == writes
    assert planned["diff"] == result["diff"] and ADA in result["diff"]["before"] and result["diff"]["after"] == ""
    assert not run_restore(n8n, record, users=[{"email": ADA}])["changed"]


def test_additional_listed_access_is_granted_to_restored_user(n8n: FakeN8n, record: Path) -> None:
    n8n.add_team_project("Pilot")
    projects = {"Sales": "editor", "Pilot": "viewer"}
    run_restore(n8n, record, users=[{"email": ADA, "role": "admin", "projects": projects}], authority="authoritative")
    assert {name for name, members in n8n.memberships().items() if ADA in members} == {"Sales", "Support", "Pilot"}


def test_user_listed_as_project_member_is_restored(n8n: FakeN8n, record: Path) -> None:
    done = run_restore(n8n, record, projects=[{"name": "Sales", "members": {n8n.id_of(ADA): "editor"}}])
    assert n8n.instance_roles()[ADA] == "global:admin" and n8n.memberships()["Support"][ADA] == "project:viewer"
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
def test_list_that_contradicts_record_is_refused(n8n: FakeN8n, record: Path, entry: dict[str, Any], words: str) -> None:
    before = record.read_bytes()
    with pytest.raises(InputError, match=words):
        run_restore(n8n, record, users=[{"email": ADA, **entry}])
    assert n8n.writes == [] and record.read_bytes() == before


def test_projects_are_identified_by_id_and_not_created(n8n: FakeN8n, record: Path) -> None:
    sales, support = (
        next(key for key, project in n8n.all_projects.items() if project.name == name) for name in ("Sales", "Support")
    )
    n8n.all_projects[sales] = replace(n8n.all_projects[sales], name="Sales EMEA")
    del n8n.all_projects[support]
    n8n.add_team_project("Sales")
    warnings = check_mode_warnings(n8n, record, users=[{"email": ADA}])
    assert (
        f'{ADA} had project:viewer in project "Support" ({support}). The project no longer exists, so this role is not restored.'
        in warnings
    )
    assert any(line.startswith("API keys") and ADA in line for line in warnings)
    done = run_restore(n8n, record, users=[{"email": ADA}])
    assert n8n.memberships() == {
        "Sales EMEA": {OLIVIA: "project:admin", ADA: "project:editor"},
        "Sales": {OLIVIA: "project:admin"},
    }
    assert [item["name"] for item in done["restored"][0]["gone"]] == ["Support"]
    assert ADA not in record.read_text("utf-8")


PROJECT_ROLE, INSTANCE_ROLE = "project:auditor-a1b2c3", "global:keeper-a1b2c3"


def test_deleted_role_is_not_restored_and_does_not_stop_run(n8n: FakeN8n, record: Path) -> None:
    text = record.read_text("utf-8").replace("project:editor", PROJECT_ROLE).replace("global:admin", INSTANCE_ROLE)
    record.write_text(text, encoding="utf-8")
    warnings = check_mode_warnings(n8n, record, users=[{"email": ADA}])
    assert (
        f'{ADA} had {PROJECT_ROLE} in project "Sales" ({_project_id(n8n, "Sales")}). This role no longer exists'
        in warnings[0]
    )
    assert f"{ADA} had the instance role {INSTANCE_ROLE}, which no longer exists and is not restored" in warnings[1]
    done = run_restore(n8n, record, users=[{"email": ADA}, {"email": BO}])
    assert n8n.instance_roles()[ADA] == "global:chatUser" and n8n.instance_roles()[BO] == "global:member"
    assert n8n.memberships()["Support"][ADA] == "project:viewer" and ADA not in n8n.memberships()["Sales"]
    assert [item["name"] for item in done["restored"][0]["gone"]] == ["Sales"]
    assert record.read_text("utf-8") == EMPTY_RECORD


def test_listed_role_replaces_deleted_role(n8n: FakeN8n, record: Path) -> None:
    record.write_text(record.read_text("utf-8").replace("global:admin", INSTANCE_ROLE), encoding="utf-8")
    run_restore(n8n, record, users=[{"email": ADA, "role": "member"}])
    assert n8n.instance_roles()[ADA] == "global:member" and n8n.memberships()["Sales"][ADA] == "project:editor"


def test_existing_custom_role_is_restored(n8n: FakeN8n, record: Path) -> None:
    n8n.custom_roles[INSTANCE_ROLE] = "Keeper"
    record.write_text(record.read_text("utf-8").replace("global:admin", INSTANCE_ROLE), encoding="utf-8")
    run_restore(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert n8n.instance_roles()[ADA] == INSTANCE_ROLE


def test_custom_role_is_restored_if_n8n_does_not_list_roles(n8n: FakeN8n, record: Path) -> None:
    n8n.floor = True
    n8n.custom_roles[INSTANCE_ROLE] = "Keeper"
    record.write_text(record.read_text("utf-8").replace("global:admin", INSTANCE_ROLE), encoding="utf-8")
    run_restore(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert n8n.instance_roles()[ADA] == INSTANCE_ROLE


def test_deleted_user_is_invited_with_recorded_access(n8n: FakeN8n, record: Path) -> None:
    n8n.delete_user(n8n.id_of(ADA))
    run_restore(n8n, record, users=[{"email": ADA}])
    assert n8n.instance_roles()[ADA] == "global:admin" and n8n.memberships()["Sales"][ADA] == "project:editor"
    assert ADA not in record.read_text("utf-8")


def test_user_with_changed_email_is_identified_by_id(n8n: FakeN8n, record: Path) -> None:
    key = n8n.id_of(ADA)
    n8n.users[key] = replace(n8n.users[key], email="ada.king@example.com")
    run_restore(n8n, record, users=[{"email": "ada.king@example.com"}])
    assert n8n.instance_roles()["ada.king@example.com"] == "global:admin" and key not in record.read_text("utf-8")


def test_record_keeps_user_after_failed_write(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    n8n.fail[n8n.calls["write"] + 2] = ApiError("n8n refused: it is broken.", 501, "broken")
    failed = run_restore(n8n, record, users=[{"email": ADA}])
    assert failed["done"] and failed["errors"] and record.read_bytes() == before
    run_restore(n8n, record, users=[{"email": ADA}])
    assert n8n.instance_roles()[ADA] == "global:admin" and n8n.memberships()["Support"][ADA] == "project:viewer"
    assert ADA not in record.read_text("utf-8")


def test_record_keeps_user_with_conflict(n8n: FakeN8n, record: Path) -> None:
    support = next(key for key, project in n8n.all_projects.items() if project.name == "Support")
    n8n.roles_in[support][n8n.id_of(ADA)] = "project:editor"
    higher_role = {n8n.id_of(ADA): "project:admin"}
    # The plan reads the members of both projects, and the third reading precedes a write.
    n8n.before_call["members", n8n.calls["members"] + 3] = lambda: n8n.roles_in[support].update(higher_role)
    done = run_restore(n8n, record, users=[{"email": ADA}, {"email": BO}], max_removal_percent=100)
    assert [conflict["user"] for conflict in done["conflicts"]] == [ADA]
    assert ADA in record.read_text("utf-8") and BO not in record.read_text("utf-8")
    again = run_restore(n8n, record, users=[{"email": ADA}], max_removal_percent=100)
    assert again["conflicts"] == [] and n8n.memberships()["Support"][ADA] == "project:viewer"
    assert record.read_text("utf-8") == EMPTY_RECORD


def test_record_is_unchanged_without_restore_and_warning_names_user(n8n: FakeN8n, record: Path) -> None:
    before = record.read_bytes()
    (words,) = check_mode_warnings(n8n, record, users=[{"email": ADA}, {"email": CY}], restore=False)
    assert f"{ADA} is in the record of leavers {record} since 2026-01-01T00:00:00Z" in words
    assert record.read_bytes() == before and n8n.instance_roles()[ADA] == "global:chatUser"


def test_ignored_user_is_not_restored(n8n: FakeN8n, record: Path) -> None:
    done = run_restore(n8n, record, users=[{"email": ADA}], ignored_users=["ada@*"])
    assert (
        done["restored"] == [] and n8n.instance_roles()[ADA] == "global:chatUser" and ADA in record.read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("text", "restore", "words"),
    [
        ("{", True, "is damaged"),
        ("{", False, "is damaged"),
        ('{"format": 1, "url": "http://other.invalid", "leavers": []}', True, "belongs to http://other.invalid"),
        (None, True, "The record of leavers .* does not exist"),
    ],
)
def test_damaged_or_missing_record_is_refused(
    n8n: FakeN8n, record: Path, text: str | None, restore: bool, words: str
) -> None:
    record.unlink()
    if text is not None:
        record.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        run_restore(n8n, record, users=[{"email": ADA}], restore=restore)
    assert n8n.writes == []


def test_missing_record_is_ignored_without_restore(n8n: FakeN8n, tmp_path: Path) -> None:
    done = run_restore(n8n, tmp_path / "none.json", users=[{"email": ADA}], restore=False)
    assert not done["changed"] and "restored" not in done and not (tmp_path / "none.json").exists()


def test_empty_record_requires_no_reading_of_projects(n8n: FakeN8n, tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    path.write_text(EMPTY_RECORD, encoding="utf-8")
    n8n.calls.clear()
    run_restore(n8n, path, users=[{"email": ADA}])
    assert n8n.calls["list_projects"] == 0


def test_restore_requires_state_path() -> None:
    failed = main(n8n_access, url="http://n8n.invalid", api_key="x", users=[], restore=True)
    assert failed["failed"] and "state_path" in failed["msg"]


def _project_id(n8n: FakeN8n, name: str) -> str:
    return next(key for key, project in n8n.all_projects.items() if project.name == name)


def check_mode_warnings(n8n: FakeN8n, record: Path, **params: Any) -> list[str]:
    """Return the warnings of a task in check mode."""
    options = {name: row.get("default") for name, row in n8n_access.ARGUMENT_SPEC.items()}
    task = Task(n8n, check_mode=True, wants_diff=False)
    n8n_access.run({**options, "restore": True, "state_path": str(record), **params}, task)
    return task.warnings
