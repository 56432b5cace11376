# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: users in the record of leavers as destinations and successors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Workflow
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA, BO, DI = (f"{name}@example.com" for name in ("ada", "bo", "di"))
ACTIONS = ("remove_memberships", "demote", "delete", "staged")
Offboard = Callable[..., dict[str, Any]]


@pytest.fixture
def n8n() -> FakeN8n:
    """Ada is the only admin of Sales and owns a workflow. Bo is a member of Sales."""
    fake = FakeN8n()
    for email in (ADA, BO, DI):
        fake.add_user(email)
    del fake.roles_in[fake.add_team_project("Sales", ada="admin", bo="viewer")][fake.owner_id]
    fake.owned = {fake.personal_project_id(ADA): [Workflow("workflow", "w-1", "Bills")]}
    return fake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leavers.json"


@pytest.fixture
def offboard(n8n: FakeN8n, path: Path) -> Offboard:
    """Return a function that processes users with the record of leavers, in which Bo is already."""

    def run_action(action: str, *users: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        now = options.pop("now", "2026-11-02") if action == "staged" else None
        return run(
            n8n_offboard,
            n8n,
            check_mode,
            users=list(users),
            action=action,
            state_path=str(path),
            now=now,
            **options,
        )

    run_action("staged", BO, now="2026-11-01")
    n8n.writes.clear()
    return run_action


def entries(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["leavers"])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("successor", [BO, {"Sales": BO}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_successor_in_the_record_is_an_error(
    n8n: FakeN8n, path: Path, offboard: Offboard, action: str, successor: Any, check_mode: bool
) -> None:
    record = path.read_bytes()
    with pytest.raises(InputError) as error:
        offboard(action, ADA, check_mode=check_mode, successor=successor)
    assert f"successor: {BO} is in the record of leavers. Set another successor." in str(error.value)
    assert n8n.writes == [] and path.read_bytes() == record


@pytest.mark.parametrize("action", ["demote", "delete", "staged"])
@pytest.mark.parametrize("as_id", [True, False])
def test_destination_in_the_record_is_an_error(
    n8n: FakeN8n, path: Path, offboard: Offboard, action: str, as_id: bool
) -> None:
    record = path.read_bytes()
    with pytest.raises(InputError) as error:
        offboard(action, ADA, successor=DI, transfer_to=n8n.personal_project_id(BO) if as_id else BO)
    assert (
        str(error.value)
        == f"transfer_to: {BO} is in the record of leavers and cannot receive resources. Set another destination."
    )
    assert n8n.writes == [] and path.read_bytes() == record


@pytest.mark.parametrize("action", ["demote", "delete", "staged"])
def test_destination_and_successor_outside_the_record_are_used(n8n: FakeN8n, offboard: Offboard, action: str) -> None:
    offboard(action, ADA, successor=DI, transfer_to=DI)
    assert n8n.memberships() == {"Sales": {DI: "project:admin"}}
    assert len(n8n.owned.get(n8n.personal_project_id(DI), [])) == (0 if action == "staged" else 1)
