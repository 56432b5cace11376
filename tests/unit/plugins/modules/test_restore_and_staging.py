# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user whom one task restores while another task stages the same user. The tasks share no lock."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run
from ansible_collections.lifecycle.n8n.tests.unit.task_turns import TaskTurns, take_turns

ADA = "ada@example.com"


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA, "global:admin")
    fake.add_team_project("Sales", ada="editor")
    fake.add_team_project("Support", ada="viewer")
    return fake


@pytest.fixture
def record(n8n: FakeN8n, tmp_path: Path) -> Path:
    """Stage Ada, and return the path of the record."""
    path = tmp_path / "leavers.json"
    stage(n8n, path)
    n8n.writes.clear()
    return path


def stage(n8n: FakeN8n, record: Path, seconds: int = 0) -> dict[str, Any]:
    now = f"2026-01-01T00:00:0{seconds}Z"
    return run(n8n_offboard, n8n, users=[ADA], action="staged", state_path=str(record), now=now)


def restore(n8n: FakeN8n, record: Path) -> dict[str, Any]:
    users = [{"email": ADA}]
    return run(n8n_access, n8n, restore=True, state_path=str(record), users=users, max_removal_percent=100)


def has_all_access(n8n: FakeN8n) -> bool:
    members = n8n.memberships()
    return (
        n8n.instance_roles()[ADA] == "global:admin"
        and members["Sales"].get(ADA) == "project:editor"
        and members["Support"].get(ADA) == "project:viewer"
    )


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("number", range(1, 6))
def test_user_staged_during_restore_stays_in_record(n8n: FakeN8n, record: Path, number: int, seconds: int) -> None:
    """With the same time, the new entry of the record equals the old entry."""

    def other_controller() -> None:
        stage(n8n, record, seconds)

    n8n.before_call["write", n8n.calls["write"] + number] = other_controller
    done = restore(n8n, record)
    assert has_all_access(n8n) != (ADA in record.read_text("utf-8"))
    lost = {(change["action"], change["project"]) for change in done["conflicts"]}
    made = {(change["action"], change["project"]) for change in done["done"]}
    assert made.isdisjoint(lost) and bool(lost) == (not has_all_access(n8n))
    n8n.before_call.clear()
    again = restore(n8n, record)
    assert has_all_access(n8n) and ADA not in record.read_text("utf-8") and not again["conflicts"]


@pytest.mark.parametrize("number", range(1, 4))
def test_user_restored_during_staging_is_in_record_or_has_all_access(n8n: FakeN8n, record: Path, number: int) -> None:
    restore(n8n, record)
    first = n8n.calls["write"]

    def other_controller() -> None:
        restore(n8n, record)

    n8n.before_call["write", first + number] = other_controller
    stage(n8n, record)
    assert has_all_access(n8n) or ADA in record.read_text("utf-8")


def test_record_keeps_restored_user_if_verification_fails(n8n: FakeN8n, record: Path) -> None:
    def unavailable() -> None:
        raise ApiError("n8n is away.", 503, "away")

    def after_the_last_write() -> None:
        if len(n8n.writes) == 3:
            n8n.before_call["members", n8n.calls["members"] + 1] = unavailable

    n8n.after_each_write = after_the_last_write
    done = restore(n8n, record)
    assert ADA in record.read_text("utf-8") and "could not be checked" in "\n".join(done["warnings"])
    restore(n8n, record)
    assert ADA not in record.read_text("utf-8")


@pytest.mark.parametrize("role_only", [False, True])
@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_in_any_order_of_restore_and_staging(
    n8n: FakeN8n, record: Path, monkeypatch: pytest.MonkeyPatch, seed: int, seconds: int, role_only: bool
) -> None:
    """The steps of both tasks mix at random. In some orders, the user has the instance role when they begin."""
    if role_only:
        n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    dice = random.Random(seed)
    order = [[name] * dice.randint(1, 14) for name in ("restore", "stage") * 6]
    turns = TaskTurns([name for part in order[seed % 2 :] for name in part])
    with monkeypatch.context() as patch:
        take_turns(turns, n8n, patch)
        tasks = {"restore": lambda: restore(n8n, record), "stage": lambda: stage(n8n, record, seconds)}
        results = turns.run(tasks)
    in_record = ADA in record.read_text("utf-8")
    assert in_record or has_all_access(n8n)
    if in_record and has_all_access(n8n):
        assert "another task staged the user at the same time" in str(results["restore"]["warnings"])
    restore(n8n, record)
    assert has_all_access(n8n) and ADA not in record.read_text("utf-8")


@pytest.mark.parametrize("number", [1, 2])
def test_access_missing_without_a_change_of_the_restore_is_a_conflict(n8n: FakeN8n, record: Path, number: int) -> None:
    """The user has the instance role before the restore, so no change of the restore gives it."""
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    n8n.writes.clear()
    n8n.after_each_write = lambda: stage(n8n, record) if len(n8n.writes) == number else None
    done = restore(n8n, record)
    assert ADA in record.read_text("utf-8")
    assert ("change_user_role", ADA, "global:admin") in {
        (conflict["action"], conflict["user"], conflict["after"]) for conflict in done["conflicts"]
    }


def test_record_has_the_staged_user_if_n8n_does_not_respond_after_the_change(n8n: FakeN8n, record: Path) -> None:
    """Another task restores the user before the demotion, and removes the entry."""
    restore(n8n, record)
    stage_reads: list[int] = []

    def unavailable() -> None:
        raise ApiError("n8n is away.", 503, "away")

    def after_the_demotion() -> None:
        if n8n.instance_roles()[ADA] == "global:chatUser" and not stage_reads:
            stage_reads.append(1)
            record.write_text(empty_record, encoding="utf-8")
            n8n.before_call["list_users", n8n.calls["list_users"] + 1] = unavailable

    empty_record = record.read_text("utf-8")
    n8n.after_each_write = after_the_demotion
    done = stage(n8n, record)
    assert stage_reads and "could not be read from n8n" in str(done["warnings"])
    assert ADA in record.read_text("utf-8")
