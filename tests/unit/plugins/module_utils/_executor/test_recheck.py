# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that changes by other tasks between the plan and a write are found before the write and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.recheck import MEMBERS_PER_CHECK, USERS_PER_CHECK
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import AUTHORITATIVE, ListPolicy
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
AUTHORITATIVE_POLICY = ListPolicy(AUTHORITATIVE)


def server(**options: Any) -> FakeN8n:
    n8n = FakeN8n(**options)
    for email in (ADA, BO, CY):
        n8n.add_user(email)
    n8n.add_team_project("Sales", ada="admin", bo="editor", cy="viewer")
    n8n.add_team_project("Support", cy="editor")
    return n8n


def plan_and_apply(
    n8n: FakeN8n,
    other_change: Callable[[], object] = lambda: None,
    users: list[dict[str, Any]] | None = None,
    projects: list[dict[str, Any]] | None = None,
    policy: ListPolicy = ListPolicy(),
) -> Outcome:
    """Plan, make the change of another task, and apply the plan."""
    desired = desired_access(users or [], projects or [], policy)
    planned = plan(read(n8n, access_request(desired)), desired)
    assert planned.changes
    other_change()
    return apply(planned, n8n, lambda links: None)


def conflicts(outcome: Outcome) -> list[tuple[str, str | None, str]]:
    return [(entry["action"], entry["user"], entry["reason"]) for entry in outcome.conflicts]


def project_id(n8n: FakeN8n, name: str) -> str:
    return next(key for key, project in n8n.all_projects.items() if project.name == name)


def set_instance_role(n8n: FakeN8n, email: str, role: str) -> None:
    key = n8n.id_of(email)
    n8n.users[key] = replace(n8n.users[key], role=role)


# Instance roles


@pytest.mark.parametrize("other_users", [0, 10])
def test_instance_role_changed_by_another_task_is_kept(other_users: int) -> None:
    n8n = server()
    others = [{"email": f"p{number}@example.com", "role": "admin"} for number in range(other_users)]
    for other in others:
        n8n.add_user(other["email"])
    raised = [{"email": BO, "role": "admin"}, *others]
    outcome = plan_and_apply(n8n, lambda: set_instance_role(n8n, BO, "global:chatUser"), raised)
    assert conflicts(outcome) == [("change_user_role", BO, f"left alone: the role of {BO} is now global:chatUser")]
    assert n8n.instance_roles()[BO] == "global:chatUser" and len(outcome.done) == other_users
    # Many users are looked up in one listing.
    assert n8n.calls["find_user"] == (0 if other_users else 1)


def test_user_deleted_by_another_task_is_a_conflict() -> None:
    n8n = server()
    outcome = plan_and_apply(n8n, lambda: n8n.users.pop(n8n.id_of(BO)), [{"email": BO, "role": "admin"}])
    assert conflicts(outcome) == [("change_user_role", BO, f"left alone: {BO} is no longer a user")]
    assert not outcome.errors


def test_user_promoted_by_another_task_is_not_made_a_chat_user() -> None:
    n8n = server()
    outcome = plan_and_apply(
        n8n, lambda: set_instance_role(n8n, CY, "global:admin"), [{"email": CY, "role": "chatUser"}]
    )
    assert {(action, user) for action, user, _reason in conflicts(outcome)} == {
        ("change_user_role", CY),
        ("remove_member", CY),
    }
    assert n8n.memberships()["Support"][CY] == "project:editor" and not outcome.done and not outcome.not_tried


@pytest.mark.parametrize("method", ["list_users", "find_user"])
def test_failed_recheck_of_users_prevents_the_write(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()
    emails = [f"p{number}@example.com" for number in range(10 if method == "list_users" else 1)]
    for email in emails:
        n8n.add_user(email)

    def fail(*_arguments: object) -> None:
        raise ConnectionFailed("The connection to n8n failed.")

    outcome = plan_and_apply(
        n8n, lambda: monkeypatch.setattr(n8n, method, fail), [{"email": email, "role": "admin"} for email in emails]
    )
    assert len(outcome.errors) == len(emails) and not outcome.done and not n8n.writes


def test_users_are_rechecked_after_each_batch() -> None:
    n8n = server()
    emails = [f"p{number:03}@example.com" for number in range(USERS_PER_CHECK + 1)]
    for email in emails:
        n8n.add_user(email)
    last = emails[-1]
    # The other task makes its change during the first batch.
    n8n.before_call["write", 1] = lambda: set_instance_role(n8n, last, "global:admin")
    outcome = plan_and_apply(n8n, users=[{"email": email, "role": "chatUser"} for email in emails])
    assert conflicts(outcome) == [("change_user_role", last, f"left alone: the role of {last} is now global:admin")]
    assert len(outcome.done) == USERS_PER_CHECK


# Members


def test_members_are_rechecked_after_each_batch() -> None:
    n8n = server()
    emails = [f"p{number:03}@example.com" for number in range(MEMBERS_PER_CHECK + 1)]
    for email in emails:
        n8n.roles_in[project_id(n8n, "Sales")][n8n.add_user(email)] = "project:viewer"
    last = emails[-1]
    raised = {n8n.id_of(last): "project:editor"}
    n8n.before_call["write", 1] = lambda: n8n.roles_in[project_id(n8n, "Sales")].update(raised)
    listed = {ADA: "admin", BO: "editor", CY: "viewer"}
    outcome = plan_and_apply(n8n, projects=[{"name": "Sales", "members": listed}], policy=AUTHORITATIVE_POLICY)
    assert conflicts(outcome) == [("remove_member", last, f"left alone: the role of {last} is now project:editor")]
    assert last in n8n.memberships()["Sales"] and emails[0] not in n8n.memberships()["Sales"]


def test_two_admins_to_remove_are_rechecked_together() -> None:
    n8n = server(concurrency=8)
    n8n.roles_in[project_id(n8n, "Sales")][n8n.id_of(BO)] = "project:admin"
    n8n.add_team_project("Other")
    demoted = {n8n.owner_id: "project:viewer", n8n.id_of(CY): "project:viewer"}
    listed = [{"name": "Sales", "members": {CY: "admin"}}]
    # The new admin Cy is no longer an admin, so no admin is removed.
    n8n.before_call["members", 3] = lambda: n8n.roles_in[project_id(n8n, "Sales")].update(demoted)
    outcome = plan_and_apply(n8n, projects=listed, policy=AUTHORITATIVE_POLICY)
    assert {user for user, role in n8n.memberships()["Sales"].items() if role == "project:admin"} == {ADA, BO}
    assert {user for _action, user, reason in conflicts(outcome) if "last admin" in reason} == {ADA, BO}
    assert not outcome.errors


def test_project_deleted_by_another_task_is_a_conflict() -> None:
    n8n = server()
    outcome = plan_and_apply(
        n8n,
        lambda: n8n.all_projects.pop(project_id(n8n, "Sales")),
        projects=[{"name": "Sales", "members": {ADA: "admin"}}],
        policy=AUTHORITATIVE_POLICY,
    )
    assert {reason for _action, _user, reason in conflicts(outcome)} == {"left alone: the project no longer exists"}
    assert not outcome.errors


def test_deleted_user_does_not_block_other_members() -> None:
    n8n = server()
    listed = {ADA: "admin", BO: "viewer", CY: "admin"}
    outcome = plan_and_apply(
        n8n, lambda: n8n.delete_user(n8n.id_of(BO)), projects=[{"name": "Support", "members": listed}]
    )
    assert conflicts(outcome) == [("add_member", BO, f"left alone: {BO} is no longer a user")]
    assert n8n.memberships()["Support"] == {
        "olivia@example.com": "project:admin",
        ADA: "project:admin",
        CY: "project:admin",
    }
    assert not outcome.errors


@pytest.mark.parametrize("floor", [False, True])
def test_rejected_role_does_not_block_other_members(floor: bool) -> None:
    n8n = server(floor=floor)
    n8n.features_off.add("feat:projectRole:editor")
    outcome = plan_and_apply(
        n8n, users=[{"email": ADA, "projects": {"Support": "viewer"}}, {"email": BO, "projects": {"Support": "editor"}}]
    )
    assert n8n.memberships()["Support"][ADA] == "project:viewer" and BO not in n8n.memberships()["Support"]
    (error,) = outcome.errors
    assert error["users"] == [BO] and "not licensed" in error["error"]


def test_rejected_invitation_does_not_block_other_invitations() -> None:
    n8n = server(floor=True)
    n8n.features_off.add("feat:advancedPermissions")
    outcome = plan_and_apply(n8n, users=[{"email": "di@example.com"}, {"email": "eve@example.com", "role": "admin"}])
    assert "di@example.com" in n8n.instance_roles() and "eve@example.com" not in n8n.instance_roles()
    assert [error["users"] for error in outcome.errors] == [["eve@example.com"]]


def test_role_that_is_rejected_for_all_members_is_tried_once() -> None:
    n8n = server()
    n8n.features_off.add("feat:projectRole:editor")
    outcome = plan_and_apply(n8n, users=[{"email": email, "projects": {"Support": "editor"}} for email in (ADA, BO)])
    assert [error["users"] for error in outcome.errors] == [[ADA, BO]] and n8n.calls["set_members"] == 1


def test_other_errors_are_not_retried_for_each_role() -> None:
    n8n = server()
    n8n.fail[1] = ApiError("n8n rejected the request.", 501, "Not implemented")
    listed = [{"email": ADA, "projects": {"Support": "editor"}}, {"email": BO, "projects": {"Support": "viewer"}}]
    outcome = plan_and_apply(n8n, users=listed)
    assert [error["users"] for error in outcome.errors] == [[ADA, BO]] and n8n.calls["set_members"] == 1


# Names of projects


def test_project_created_by_another_task_is_used() -> None:
    n8n = server()
    listed = [{"email": ADA, "projects": {"New": "editor"}}, {"email": BO, "projects": {"New": "editor"}}]
    outcome = plan_and_apply(n8n, lambda: n8n.add_team_project("New", bo="viewer"), listed)
    assert conflicts(outcome) == [
        ("create_project", None, "left alone: another task has created a project of that name"),
        ("add_member", BO, f"left alone: the role of {BO} is now project:viewer"),
    ]
    # The list refers to the project of that name, and its members are rechecked.
    assert n8n.memberships()["New"] == {OLIVIA: "project:admin", ADA: "project:editor", BO: "project:viewer"}
    assert [project.name for project in n8n.all_projects.values()].count("New") == 1
    assert not outcome.errors and not outcome.not_tried and len(outcome.already_made) == 1


def test_two_projects_created_by_other_tasks_are_a_conflict() -> None:
    n8n = server()

    def create_two_projects() -> None:
        n8n.add_team_project("New")
        n8n.add_team_project("New")

    outcome = plan_and_apply(n8n, create_two_projects, [{"email": ADA, "projects": {"New": "editor"}}])
    assert {action for action, _user, _reason in conflicts(outcome)} == {"create_project", "add_member"}
    assert not outcome.errors and not outcome.done and not n8n.writes


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Team Sales", 'the project is now named "Team Sales"'),
        (None, "the project no longer exists"),
        ("Revenue", "another task has created a project of that name"),
    ],
)
def test_project_renamed_by_another_task_keeps_its_name(name: str | None, reason: str) -> None:
    n8n = server()
    sales = project_id(n8n, "Sales")

    def other_change() -> None:
        if name is None:
            n8n.all_projects.pop(sales)
        elif name == "Revenue":
            n8n.add_team_project("Revenue")
        else:
            n8n.all_projects[sales] = replace(n8n.all_projects[sales], name=name)

    outcome = plan_and_apply(n8n, other_change, projects=[{"name": "Revenue", "previous_names": ["Sales"]}])
    assert conflicts(outcome) == [("rename_project", None, f"left alone: {reason}")]
    assert not n8n.writes and not outcome.errors


def test_failed_recheck_of_project_names_prevents_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()

    def fail() -> None:
        raise ConnectionFailed("The connection to n8n failed.")

    projects = [{"name": "New"}, {"name": "Revenue", "previous_names": ["Sales"]}]
    outcome = plan_and_apply(n8n, lambda: monkeypatch.setattr(n8n, "list_projects", fail), projects=projects)
    assert len(outcome.errors) == 2 and not n8n.writes
