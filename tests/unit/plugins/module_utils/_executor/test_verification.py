# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that problems caused by two concurrent tasks are found after a write and corrected or reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    find_leavers,
    leaver_request,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Workflow
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import AUTHORITATIVE, ListPolicy
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA, BO = "ada@example.com", "bo@example.com"
USERS_OF_NEW = [{"email": ADA, "projects": {"New": "editor"}}]
INTERNAL_ERROR = ApiError("n8n rejected the request: internal server error.", 500, "Internal server error")


@pytest.fixture
def n8n() -> FakeN8n:
    """Return a server where Ada and Bo are admins of Sales."""
    fake = FakeN8n()
    for email in (ADA, BO):
        fake.add_user(email)
    del fake.roles_in[fake.add_team_project("Sales", ada="admin", bo="admin")][fake.owner_id]
    return fake


def plan_lists(n8n: FakeN8n, policy: ListPolicy = ListPolicy(), **lists: Any) -> Plan:
    desired = desired_access(lists.get("users", []), lists.get("projects", []), policy)
    return plan(read(n8n, access_request(desired)), desired)


def plan_leaving(n8n: FakeN8n, action: str, email: str) -> Plan:
    leaver_options = LeaverOptions(action)
    state = read(n8n, leaver_request([email], leaver_options))
    return plan_leavers(state, find_leavers(state, [email]), leaver_options)


def apply_plan(n8n: FakeN8n, changes: Plan) -> Outcome:
    return apply(changes, n8n, lambda links: None)


def project_ids(n8n: FakeN8n, name: str) -> list[str]:
    return [key for key, project in n8n.all_projects.items() if project.name == name]


# Creations and renames


def test_earlier_of_two_new_projects_with_one_name_is_kept(n8n: FakeN8n) -> None:
    earlier: list[str] = []
    n8n.before_call["create_project", 1] = lambda: earlier.append(n8n.add_team_project("New", bo="viewer"))
    outcome = apply_plan(n8n, plan_lists(n8n, users=USERS_OF_NEW))
    assert project_ids(n8n, "New") == earlier and not outcome.errors
    assert n8n.memberships()["New"] == {OLIVIA: "project:admin", ADA: "project:editor", BO: "project:viewer"}
    (conflict,) = outcome.conflicts
    assert conflict["action"] == "create_project" and len(outcome.already_made) == 1
    assert conflict["reason"] == f"undone: another task created project {earlier[0]} of that name earlier"


def test_n8n_project_returns_the_project_that_is_kept(n8n: FakeN8n) -> None:
    earlier: list[str] = []
    n8n.before_call["create_project", 1] = lambda: earlier.append(n8n.add_team_project("New"))
    result = run(n8n_project, n8n, name="New")
    assert result["project"]["id"] == earlier[0] and not result["changed"] and "msg" not in result


def test_later_project_that_the_other_task_deletes_is_not_an_error(n8n: FakeN8n) -> None:
    readings = n8n.calls["list_projects"]
    later: list[str] = []
    # Projects are read for the plan, before the creation, after it, and once more.
    n8n.before_call["list_projects", readings + 3] = lambda: later.append(n8n.add_team_project("New"))
    n8n.before_call["list_projects", readings + 4] = lambda: n8n.delete_project(later[0])
    outcome = apply_plan(n8n, plan_lists(n8n, users=USERS_OF_NEW))
    assert not outcome.errors and not outcome.conflicts
    assert len(project_ids(n8n, "New")) == 1 and n8n.memberships()["New"][ADA] == "project:editor"


def test_later_project_that_is_not_deleted_is_an_error_with_both_ids(n8n: FakeN8n) -> None:
    n8n.before_call["list_projects", n8n.calls["list_projects"] + 3] = lambda: n8n.add_team_project("New")
    outcome = apply_plan(n8n, plan_lists(n8n, users=USERS_OF_NEW))
    (error,) = outcome.errors
    assert all(key in error["error"] for key in project_ids(n8n, "New")) and len(project_ids(n8n, "New")) == 2
    assert [change.action for change in outcome.not_tried] == ["add_member"] and not outcome.done


def _add_workflow(n8n: FakeN8n, key: str) -> None:
    n8n.owned[key] = [Workflow("workflow", "w-1", "Bills", key)]


def _add_member(n8n: FakeN8n, key: str) -> None:
    n8n.roles_in[key][n8n.id_of(BO)] = "project:viewer"


@pytest.mark.parametrize(("fill", "reason"), [(_add_workflow, "content"), (_add_member, "other members")])
def test_duplicate_project_in_use_is_not_deleted(
    fill: Callable[[FakeN8n, str], None], reason: str, n8n: FakeN8n
) -> None:
    n8n.before_call["create_project", 1] = lambda: n8n.add_team_project("New")
    n8n.before_call["list_projects", n8n.calls["list_projects"] + 3] = lambda: fill(n8n, project_ids(n8n, "New")[1])
    outcome = apply_plan(n8n, plan_lists(n8n, users=USERS_OF_NEW))
    (error,) = outcome.errors
    assert len(project_ids(n8n, "New")) == 2 and all(key in error["error"] for key in project_ids(n8n, "New"))
    assert f"because it now has {reason}" in error["error"] and not n8n.calls["delete_project"]


def test_duplicate_project_with_hidden_tables_is_not_deleted() -> None:
    n8n = FakeN8n(floor=True)
    n8n.add_user(ADA)
    n8n.before_call["create_project", 1] = lambda: n8n.add_team_project("New")
    (error,) = apply_plan(n8n, plan_lists(n8n, users=USERS_OF_NEW)).errors
    assert "does not show the data tables" in error["error"] and len(project_ids(n8n, "New")) == 2


def test_rename_to_a_name_taken_by_another_task_is_an_error_with_both_ids(n8n: FakeN8n) -> None:
    n8n.before_call["rename_project", 1] = lambda: n8n.add_team_project("Revenue")
    outcome = apply_plan(n8n, plan_lists(n8n, projects=[{"name": "Revenue", "previous_names": ["Sales"]}]))
    (error,) = outcome.errors
    assert all(key in error["error"] for key in project_ids(n8n, "Revenue")) and len(project_ids(n8n, "Revenue")) == 2


def test_failed_verification_is_a_note(n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = plan_lists(n8n, users=USERS_OF_NEW)

    def fail() -> None:
        raise ConnectionFailed("The connection to n8n failed.")

    n8n.before_call["create_project", 1] = lambda: monkeypatch.setattr(n8n, "list_projects", fail)
    outcome = apply_plan(n8n, changes)
    assert "The connection to n8n failed." in outcome.notes[0] and len(outcome.done) == 2


# Admins


@pytest.mark.parametrize("listed", [{BO: "viewer"}, {}])
def test_last_admin_is_restored_if_another_task_removed_the_others(listed: dict[str, str], n8n: FakeN8n) -> None:
    (sales,) = project_ids(n8n, "Sales")
    projects = [{"name": "Sales", "members": {ADA: "admin", **listed}}]
    changes = plan_lists(n8n, ListPolicy(AUTHORITATIVE), projects=projects)
    n8n.before_call["write", 1] = lambda: n8n.roles_in[sales].pop(n8n.id_of(ADA))
    outcome = apply_plan(n8n, changes)
    assert n8n.memberships()["Sales"] == {BO: "project:admin"} and not outcome.done and not outcome.errors
    (conflict,) = outcome.conflicts
    assert conflict["user"] == BO and "undone: another task removed the other admins" in conflict["reason"]
    assert not outcome.already_made


def test_last_admin_who_became_a_chat_user_is_restored(n8n: FakeN8n) -> None:
    (sales,) = project_ids(n8n, "Sales")
    changes = plan_lists(n8n, ListPolicy(AUTHORITATIVE), users=[{"email": BO, "role": "chatUser", "projects": {}}])
    # n8n itself rejects this change for the last admin, so the other task acts after the recheck.
    n8n.before_call["members", n8n.calls["members"] + 2] = lambda: n8n.roles_in[sales].pop(n8n.id_of(ADA))
    outcome = apply_plan(n8n, changes)
    assert n8n.memberships()["Sales"] == {BO: "project:admin"} and not outcome.errors


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
def test_leaver_is_not_restored_and_the_project_is_reported(action: str, n8n: FakeN8n) -> None:
    (sales,) = project_ids(n8n, "Sales")
    changes = plan_leaving(n8n, action, BO)
    n8n.before_call["write", 1] = lambda: n8n.roles_in[sales].update({n8n.id_of(ADA): "project:viewer"})
    if action == "demote":
        n8n.before_call.clear()
        n8n.after_each_write = lambda: n8n.roles_in[sales].update({n8n.id_of(ADA): "project:viewer"})
    outcome = apply_plan(n8n, changes)
    assert n8n.memberships()["Sales"] == {ADA: "project:viewer"}
    (error,) = outcome.errors
    assert f'Project "Sales" ({sales}) has no project:admin now' in error["error"] and error["users"] == [BO]


# Writes that collide with writes of another task


def test_failed_write_is_repeated_after_a_recheck(n8n: FakeN8n) -> None:
    """tests/real/test_parallel.py asserts this behavior of n8n."""
    n8n.fail[1] = INTERNAL_ERROR
    outcome = apply_plan(n8n, plan_lists(n8n, projects=[{"name": "Sales", "members": {OLIVIA: "viewer"}}]))
    assert not outcome.errors and n8n.memberships()["Sales"][OLIVIA] == "project:viewer"


def test_member_added_by_another_task_keeps_the_role(n8n: FakeN8n) -> None:
    (sales,) = project_ids(n8n, "Sales")
    n8n.fail[1] = INTERNAL_ERROR
    n8n.before_call["write", 1] = lambda: n8n.roles_in[sales].update({n8n.owner_id: "project:editor"})
    outcome = apply_plan(n8n, plan_lists(n8n, projects=[{"name": "Sales", "members": {OLIVIA: "viewer"}}]))
    assert n8n.memberships()["Sales"][OLIVIA] == "project:editor" and not outcome.errors
    assert [conflict["user"] for conflict in outcome.conflicts] == [OLIVIA]


def test_user_invited_by_another_task_is_not_invited_again(n8n: FakeN8n) -> None:
    n8n.fail[1] = INTERNAL_ERROR
    n8n.before_call["write", 1] = lambda: n8n.add_user("di@example.com", pending=True)
    listed = [{"email": f"{name}@example.com", "projects": {"Sales": "viewer"}} for name in ("di", "eve")]
    outcome = apply_plan(n8n, plan_lists(n8n, users=listed))
    assert not outcome.errors and len(outcome.already_made) == 1
    assert {"di@example.com", "eve@example.com"} <= n8n.memberships()["Sales"].keys()
    assert [write[1] for write in n8n.writes if write[0] == "invite"] == [{"eve@example.com": "global:member"}]


def test_write_that_fails_repeatedly_is_an_error(n8n: FakeN8n) -> None:
    n8n.fail.update(dict.fromkeys(range(1, 10), INTERNAL_ERROR))
    outcome = apply_plan(n8n, plan_lists(n8n, projects=[{"name": "Sales", "members": {OLIVIA: "viewer"}}]))
    assert len(outcome.errors) == 1 and not outcome.done
    assert n8n.calls["set_members"] == 1 + n8n.client.connection.retries
