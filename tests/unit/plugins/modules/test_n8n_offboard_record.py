# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: users in the record of leavers as destinations and successors, and with changed emails."""

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
    assert f"successor: {BO} is in the record of leavers. Name another user." in str(error.value)
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


# Leavers who have changed their own emails

NEW_BO = "bo2@example.com"
MEANS = f"{BO}: the account with this email in the record of leavers has the email {NEW_BO} now. The task means this account."
NAMES = (
    f"{BO}: the record of leavers has this email for another account, which has the email {NEW_BO} now. If this user is to "
    f"leave too, also name {NEW_BO}."
)


@pytest.fixture
def renamed_bo(n8n: FakeN8n, offboard: Offboard) -> str:
    """Return the id of Bo, who is in the record, has access again, and has changed the own email."""
    user_id = n8n.id_of(BO)
    n8n.set_user_role(user_id, "global:member")
    n8n.set_members(
        next(key for key, found in n8n.all_projects.items() if found.name == "Sales"), {user_id: "project:editor"}
    )
    n8n.rename(BO, NEW_BO)
    n8n.owned[n8n.personal_project_id(NEW_BO)] = [Workflow("workflow", "w-2", "Orders")]
    n8n.writes.clear()
    return user_id


@pytest.mark.parametrize("action", ACTIONS)
def test_email_in_the_record_means_the_account_of_the_entry(
    n8n: FakeN8n, path: Path, offboard: Offboard, renamed_bo: str, action: str
) -> None:
    options = {} if action == "remove_memberships" else {"transfer_to": DI}
    planned = offboard(action, BO, check_mode=True, **options)
    result = offboard(action, BO, **options)
    for returned in (planned, result):
        (user,) = returned["users"]
        assert (user["id"], user["email"], user["found"]) == (renamed_bo, NEW_BO, True) and returned["changed"]
        assert MEANS in returned["warnings"]
    assert planned["plan"] == result["plan"]
    assert NEW_BO not in n8n.memberships()["Sales"]
    role = {"remove_memberships": "global:member", "delete": None}.get(action, "global:chatUser")
    assert n8n.instance_roles().get(NEW_BO) == role
    assert len(n8n.owned.get(n8n.personal_project_id(DI), [])) == (1 if action in ("demote", "delete") else 0)
    (entry,) = entries(path)
    assert (entry["id"], entry["email"], entry.get("deleted", False)) == (renamed_bo, BO, action == "delete")
    again = offboard(action, BO, **options)
    assert not again["changed"] and again["users"][0]["found"] is (action != "delete")


def test_due_leaver_with_another_email_is_deleted(
    n8n: FakeN8n, path: Path, offboard: Offboard, renamed_bo: str
) -> None:
    """The first run restarts the grace period, because Bo has access again. The entry keeps the email of the task."""
    assert offboard("staged", BO, transfer_to=DI, now="2026-12-24")["changed"]
    n8n.rename(NEW_BO, "bo3@example.com")
    result = offboard("staged", BO, transfer_to=DI, now="2027-02-01")
    assert renamed_bo not in n8n.users and result["users"][0]["transferred"] == [
        {"type": "workflow", "id": "w-2", "name": "Orders"}
    ]
    assert [(entry["email"], entry["deleted"]) for entry in entries(path)] == [(BO, True)]


@pytest.mark.parametrize("action", ACTIONS)
def test_email_of_another_account_means_that_account(
    n8n: FakeN8n, path: Path, offboard: Offboard, renamed_bo: str, action: str
) -> None:
    other = n8n.add_user(BO)
    result = offboard(action, BO)
    assert [user["id"] for user in result["users"]] == [other]
    assert NAMES in result["warnings"] and MEANS not in result["warnings"]
    assert n8n.instance_roles()[NEW_BO] == "global:member" and NEW_BO in n8n.memberships()["Sales"]
    assert next(entry for entry in entries(path) if entry["id"] == renamed_bo)["email"] == BO


def test_warning_about_another_account_ends_if_the_task_names_it(
    n8n: FakeN8n, offboard: Offboard, renamed_bo: str
) -> None:
    n8n.add_user(BO)
    result = offboard("demote", BO, NEW_BO)
    assert len(result["users"]) == 2 and not {NAMES, MEANS}.intersection(result["warnings"])
    assert {n8n.instance_roles()[email] for email in (BO, NEW_BO)} == {"global:chatUser"}


def test_leaver_named_by_both_emails_is_listed_once(
    n8n: FakeN8n, path: Path, offboard: Offboard, renamed_bo: str
) -> None:
    result = offboard("delete", NEW_BO, BO, transfer_to=DI)
    assert [user["id"] for user in result["users"]] == [renamed_bo]
    assert [(entry["email"], entry["deleted"]) for entry in entries(path)] == [(BO, True)]


def test_email_without_the_record_does_not_mean_an_account(n8n: FakeN8n, path: Path, renamed_bo: str) -> None:
    result = run(n8n_offboard, n8n, users=[BO], action="delete")
    assert not result["users"][0]["found"] and renamed_bo in n8n.users


def test_folders_of_a_leaver_in_the_record_are_read_once(n8n: FakeN8n, offboard: Offboard) -> None:
    offboard("staged", ADA, successor=DI)
    before = n8n.calls["folders"]
    offboard("staged", ADA, successor=DI, transfer_to=DI)
    assert n8n.calls["folders"] == before + 1
