# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: only an approved plan is carried out, and removal limits stop a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA, BO = (f"{name}@example.com" for name in ("ada", "bo"))
ACTIONS = ("remove_memberships", "demote", "delete", "staged")


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_user(BO)
    fake.add_team_project("Sales", ada="editor", bo="editor")
    return fake


def options(action: str, path: Path, *users: str) -> dict[str, Any]:
    return {"users": list(users), "action": action, "state_path": str(path)}


@pytest.mark.parametrize("action", ACTIONS)
def test_only_the_approved_plan_is_carried_out(n8n: FakeN8n, tmp_path: Path, action: str) -> None:
    wanted = options(action, tmp_path / "leavers.json", ADA)
    digest = run(n8n_offboard, n8n, check_mode=True, **wanted)["digest"]
    n8n.add_team_project("Support", ada="viewer")
    for check_mode in (True, False):
        refused = run(n8n_offboard, n8n, check_mode=check_mode, approve=digest, only_approved=True, **wanted)
        assert "the plan differs from the approved one" in refused["msg"] and not refused["changed"]
        assert refused["digest"] in refused["msg"] and refused["not_tried"] == refused["plan"]
    assert n8n.writes == [] and not (tmp_path / "leavers.json").exists()
    done = run(n8n_offboard, n8n, approve=refused["digest"], only_approved=True, **wanted)
    assert done["done"] == done["plan"] != []


@pytest.mark.parametrize("action", ACTIONS)
def test_plan_without_changes_needs_no_approval(n8n: FakeN8n, tmp_path: Path, action: str) -> None:
    wanted = options(action, tmp_path / "leavers.json", ADA)
    digest = run(n8n_offboard, n8n, **wanted)["digest"]
    again = run(n8n_offboard, n8n, approve=digest, only_approved=True, **wanted)
    assert not again["changed"] and again["plan"] == []


def test_change_of_the_record_alone_needs_approval(n8n: FakeN8n, tmp_path: Path) -> None:
    n8n.add_user("cy@example.com", "global:chatUser")
    wanted = options("staged", tmp_path / "leavers.json", "cy@example.com")
    planned = run(n8n_offboard, n8n, check_mode=True, **wanted)
    assert planned["plan"] == []
    refused = run(n8n_offboard, n8n, approve="0" * 64, only_approved=True, **wanted)
    assert "the plan differs from the approved one" in refused["msg"]
    assert run(n8n_offboard, n8n, approve=planned["digest"], only_approved=True, **wanted)["changed"]


def test_digest_does_not_depend_on_the_time_of_the_plan(n8n: FakeN8n, tmp_path: Path) -> None:
    wanted = options("staged", tmp_path / "leavers.json", ADA)
    digests = {
        run(n8n_offboard, n8n, check_mode=True, now=now, **wanted)["digest"] for now in ("2026-11-01", "2026-11-02")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("limit", [{"max_removals": 1}, {"max_removal_percent": 10}])
def test_removal_limits_stop_a_plan_until_it_is_approved(n8n: FakeN8n, tmp_path: Path, limit: dict[str, Any]) -> None:
    wanted = {**options("remove_memberships", tmp_path / "leavers.json", ADA, BO), **limit}
    refused = run(n8n_offboard, n8n, **wanted)
    assert f"are more than {next(iter(limit))}" in refused["msg"] and n8n.writes == []
    assert run(n8n_offboard, n8n, approve=refused["digest"], **wanted)["changed"]


def test_there_is_no_limit_by_default(n8n: FakeN8n, tmp_path: Path) -> None:
    assert run(n8n_offboard, n8n, **options("delete", tmp_path / "leavers.json", ADA, BO))["changed"]


@pytest.mark.parametrize("invalid", [{"only_approved": True}, {"max_removals": -1}, {"max_removal_percent": 101}])
def test_invalid_limits_are_refused_before_the_first_request(
    n8n: FakeN8n, tmp_path: Path, invalid: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="|".join(invalid)):
        run(n8n_offboard, n8n, **options("demote", tmp_path / "leavers.json", ADA), **invalid)
    assert n8n.client.requests == 0
