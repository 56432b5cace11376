# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else does between the plan and a write is seen right before that write, and left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.reading import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.recheck import MEMBERS_PER_CHECK, USERS_PER_CHECK
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import AUTHORITATIVE, ListPolicy
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
STRICT = ListPolicy(AUTHORITATIVE)


def company(**options: Any) -> FakeN8n:
    n8n = FakeN8n(**options)
    for email in (ADA, BO, CY):
        n8n.person(email)
    n8n.team("Sales", ada="admin", bo="editor", cy="viewer")
    n8n.team("Support", cy="editor")
    return n8n


def carry_out(
    n8n: FakeN8n,
    meanwhile: Callable[[], object] = lambda: None,
    users: list[dict[str, Any]] | None = None,
    projects: list[dict[str, Any]] | None = None,
    policy: ListPolicy = ListPolicy(),
) -> Outcome:
    """Plan, let somebody else do something, and carry out."""
    desired = desired_access(users or [], projects or [], policy)
    planned = plan(read(n8n, access_request(desired)), desired)
    assert planned.changes
    meanwhile()
    return apply(planned, n8n, lambda links: None)


def conflicts(outcome: Outcome) -> list[tuple[str, str | None, str]]:
    return [(entry["action"], entry["user"], entry["reason"]) for entry in outcome.conflicts]


def key_of(n8n: FakeN8n, name: str) -> str:
    return next(key for key, project in n8n.all_projects.items() if project.name == name)


def give(n8n: FakeN8n, email: str, role: str) -> None:
    key = n8n.id_of(email)
    n8n.users[key] = replace(n8n.users[key], role=role)


# Instance roles


@pytest.mark.parametrize("also", [0, 10])
def test_an_instance_role_that_somebody_else_changed_is_left_alone(also: int) -> None:
    n8n = company()
    others = [{"email": f"p{number}@example.com", "role": "admin"} for number in range(also)]
    for other in others:
        n8n.person(other["email"])
    raised = [{"email": BO, "role": "admin"}, *others]
    outcome = carry_out(n8n, lambda: give(n8n, BO, "global:chatUser"), raised)
    assert conflicts(outcome) == [("change_user_role", BO, f"left alone: {BO} has become global:chatUser")]
    assert n8n.people()[BO] == "global:chatUser" and len(outcome.done) == also
    # Many are looked up in one listing.
    assert n8n.calls["find_user"] == (0 if also else 1)


def test_who_is_no_user_any_more_is_a_conflict() -> None:
    n8n = company()
    outcome = carry_out(n8n, lambda: n8n.users.pop(n8n.id_of(BO)), [{"email": BO, "role": "admin"}])
    assert conflicts(outcome) == [("change_user_role", BO, f"left alone: {BO} is no longer a user")]
    assert not outcome.errors


def test_who_was_to_become_a_chat_user_and_was_made_more_keeps_everything() -> None:
    n8n = company()
    outcome = carry_out(n8n, lambda: give(n8n, CY, "global:admin"), [{"email": CY, "role": "chatUser"}])
    assert {(action, user) for action, user, _reason in conflicts(outcome)} == {
        ("change_user_role", CY),
        ("remove_member", CY),
    }
    assert n8n.memberships()["Support"][CY] == "project:editor" and not outcome.done and not outcome.not_tried


@pytest.mark.parametrize("method", ["list_users", "find_user"])
def test_a_look_that_fails_writes_nothing(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = company()
    people = [f"p{number}@example.com" for number in range(10 if method == "list_users" else 1)]
    for email in people:
        n8n.person(email)

    def broken(*_what: object) -> None:
        raise ConnectionFailed("n8n could not be asked.")

    outcome = carry_out(
        n8n, lambda: monkeypatch.setattr(n8n, method, broken), [{"email": email, "role": "admin"} for email in people]
    )
    assert len(outcome.errors) == len(people) and not outcome.done and not n8n.writes


def test_users_are_looked_at_again_after_some() -> None:
    n8n = company()
    people = [f"p{number:03}@example.com" for number in range(USERS_PER_CHECK + 1)]
    for email in people:
        n8n.person(email)
    last = people[-1]
    # While the first are written.
    n8n.meanwhile["write", 1] = lambda: give(n8n, last, "global:admin")
    outcome = carry_out(n8n, users=[{"email": email, "role": "chatUser"} for email in people])
    assert conflicts(outcome) == [("change_user_role", last, f"left alone: {last} has become global:admin")]
    assert len(outcome.done) == USERS_PER_CHECK


# Members


def test_members_are_looked_at_again_after_some() -> None:
    n8n = company()
    people = [f"p{number:03}@example.com" for number in range(MEMBERS_PER_CHECK + 1)]
    for email in people:
        n8n.roles_in[key_of(n8n, "Sales")][n8n.person(email)] = "project:viewer"
    last = people[-1]
    raised = {n8n.id_of(last): "project:editor"}
    n8n.meanwhile["write", 1] = lambda: n8n.roles_in[key_of(n8n, "Sales")].update(raised)
    listed = {ADA: "admin", BO: "editor", CY: "viewer"}
    outcome = carry_out(n8n, projects=[{"name": "Sales", "members": listed}], policy=STRICT)
    assert conflicts(outcome) == [("remove_member", last, f"left alone: {last} has become project:editor")]
    assert last in n8n.memberships()["Sales"] and people[0] not in n8n.memberships()["Sales"]


def test_two_admins_who_both_go_are_looked_at_together() -> None:
    n8n = company(concurrency=8)
    n8n.roles_in[key_of(n8n, "Sales")][n8n.id_of(BO)] = "project:admin"
    n8n.team("Other")
    gone = {n8n.owner_id: "project:viewer", n8n.id_of(CY): "project:viewer"}
    listed = [{"name": "Sales", "members": {CY: "admin"}}]
    # Cy was to be the admin, and by then is not: nobody is removed for that.
    n8n.meanwhile["members", 3] = lambda: n8n.roles_in[key_of(n8n, "Sales")].update(gone)
    outcome = carry_out(n8n, projects=listed, policy=STRICT)
    assert {user for user, role in n8n.memberships()["Sales"].items() if role == "project:admin"} == {ADA, BO}
    assert {user for _action, user, reason in conflicts(outcome) if "last admin" in reason} == {ADA, BO}
    assert not outcome.errors


def test_a_project_that_is_gone_leaves_nothing_to_do() -> None:
    n8n = company()
    outcome = carry_out(
        n8n,
        lambda: n8n.all_projects.pop(key_of(n8n, "Sales")),
        projects=[{"name": "Sales", "members": {ADA: "admin"}}],
        policy=STRICT,
    )
    assert {reason for _action, _user, reason in conflicts(outcome)} == {"left alone: the project no longer exists"}
    assert not outcome.errors


def test_one_who_is_gone_does_not_keep_the_others_out() -> None:
    n8n = company()
    listed = {ADA: "admin", BO: "viewer", CY: "admin"}
    outcome = carry_out(n8n, lambda: n8n.delete_user(n8n.id_of(BO)), projects=[{"name": "Support", "members": listed}])
    assert conflicts(outcome) == [("add_member", BO, f"left alone: {BO} is no longer a user")]
    assert n8n.memberships()["Support"] == {
        "olivia@example.com": "project:admin",
        ADA: "project:admin",
        CY: "project:admin",
    }
    assert not outcome.errors


@pytest.mark.parametrize("floor", [False, True])
def test_a_role_that_is_refused_does_not_keep_the_others_out(floor: bool) -> None:
    n8n = company(floor=floor)
    n8n.features_off.add("feat:projectRole:editor")
    outcome = carry_out(
        n8n, users=[{"email": ADA, "projects": {"Support": "viewer"}}, {"email": BO, "projects": {"Support": "editor"}}]
    )
    assert n8n.memberships()["Support"][ADA] == "project:viewer" and BO not in n8n.memberships()["Support"]
    (error,) = outcome.errors
    assert error["users"] == [BO] and "not licensed" in error["error"]


def test_an_invitation_that_is_refused_does_not_keep_the_others_out() -> None:
    n8n = company(floor=True)
    n8n.features_off.add("feat:advancedPermissions")
    outcome = carry_out(n8n, users=[{"email": "di@example.com"}, {"email": "eve@example.com", "role": "admin"}])
    assert "di@example.com" in n8n.people() and "eve@example.com" not in n8n.people()
    assert [error["users"] for error in outcome.errors] == [["eve@example.com"]]


def test_what_is_refused_for_all_is_tried_once() -> None:
    n8n = company()
    n8n.features_off.add("feat:projectRole:editor")
    outcome = carry_out(n8n, users=[{"email": email, "projects": {"Support": "editor"}} for email in (ADA, BO)])
    assert [error["users"] for error in outcome.errors] == [[ADA, BO]] and n8n.calls["set_members"] == 1


def test_what_is_broken_is_not_tried_role_by_role() -> None:
    n8n = company()
    n8n.fail[1] = ApiError("n8n refused: it is broken.", 501, "broken")
    listed = [{"email": ADA, "projects": {"Support": "editor"}}, {"email": BO, "projects": {"Support": "viewer"}}]
    outcome = carry_out(n8n, users=listed)
    assert [error["users"] for error in outcome.errors] == [[ADA, BO]] and n8n.calls["set_members"] == 1


# Names of projects


def test_a_name_that_somebody_else_has_taken_is_not_given_twice() -> None:
    n8n = company()
    listed = [{"email": ADA, "projects": {"New": "editor"}}, {"email": BO, "projects": {"New": "editor"}}]
    outcome = carry_out(n8n, lambda: n8n.team("New", bo="viewer"), listed)
    assert conflicts(outcome) == [
        ("create_project", None, "left alone: another task has created a project of that name"),
        ("add_member", BO, f"left alone: {BO} has become project:viewer"),
    ]
    # The project of that name is the one that the list means, and its members are looked at.
    assert n8n.memberships()["New"] == {OLIVIA: "project:admin", ADA: "project:editor", BO: "project:viewer"}
    assert [project.name for project in n8n.all_projects.values()].count("New") == 1
    assert not outcome.errors and not outcome.not_tried and len(outcome.already_made) == 1


def test_a_name_that_others_have_given_twice_means_no_project() -> None:
    n8n = company()

    def others() -> None:
        n8n.team("New")
        n8n.team("New")

    outcome = carry_out(n8n, others, [{"email": ADA, "projects": {"New": "editor"}}])
    assert {action for action, _user, _reason in conflicts(outcome)} == {"create_project", "add_member"}
    assert not outcome.errors and not outcome.done and not n8n.writes


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Team Sales", 'the project has become "Team Sales"'),
        (None, "the project no longer exists"),
        ("Revenue", "another task has created a project of that name"),
    ],
)
def test_a_rename_does_not_undo_a_rename(name: str | None, reason: str) -> None:
    n8n = company()
    sales = key_of(n8n, "Sales")

    def meanwhile() -> None:
        if name is None:
            n8n.all_projects.pop(sales)
        elif name == "Revenue":
            n8n.team("Revenue")
        else:
            n8n.all_projects[sales] = replace(n8n.all_projects[sales], name=name)

    outcome = carry_out(n8n, meanwhile, projects=[{"name": "Revenue", "previous_names": ["Sales"]}])
    assert conflicts(outcome) == [("rename_project", None, f"left alone: {reason}")]
    assert not n8n.writes and not outcome.errors


def test_names_that_cannot_be_looked_at_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = company()

    def broken() -> None:
        raise ConnectionFailed("n8n could not be asked.")

    projects = [{"name": "New"}, {"name": "Revenue", "previous_names": ["Sales"]}]
    outcome = carry_out(n8n, lambda: monkeypatch.setattr(n8n, "list_projects", broken), projects=projects)
    assert len(outcome.errors) == 2 and not n8n.writes
