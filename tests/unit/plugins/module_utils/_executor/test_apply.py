# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test apply() on the fake server: the order and number of writes, failed writes, and changes by other tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import ApplyError, Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    find_leavers,
    leaver_request,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import BATCH, Invitation, Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    AUTHORITATIVE,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
    DesiredUser,
    DesiredState,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import EVERYTHING
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain

ADA, BO, CY, DI, EVE, FAY = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di", "eve", "fay"))
FAILURE = ConnectionFailed("The connection to n8n failed.")
# Every kind of change that a list can request.
USERS: list[dict[str, Any]] = [
    {"email": ADA, "role": "admin", "projects": {"Sales": "viewer", "Support": "admin"}},
    {"email": BO, "projects": {"Sales": "admin", "New": "editor"}},
    {"email": CY, "role": "chatUser", "projects": {"Sales": "chatUser"}},
    {"email": DI, "projects": {"New": "admin", "Support": "viewer"}},
    {"email": EVE, "role": "admin", "projects": {"Newer": "viewer"}},
    {"email": FAY},
]
MakePlan = Callable[[FakeN8n], Plan]


def server(concurrency: int = 1) -> FakeN8n:
    """Return a server where Ada is the only admin of Sales. Cy loses access to Support by the change to a chat user."""
    n8n = FakeN8n(concurrency=concurrency)
    for email in (ADA, BO, CY):
        n8n.add_user(email)
    n8n.add_user(EVE, pending=True)
    del n8n.roles_in[n8n.add_team_project("Sales", ada="admin", bo="viewer", cy="editor")][n8n.owner_id]
    n8n.add_team_project("Support", cy="viewer", ada="viewer")
    n8n.after_each_write = check_admins_remain(n8n)
    return n8n


def plan_users(n8n: FakeN8n) -> Plan:
    desired = desired_access(USERS, missing_users="invite", create_projects=True)
    return plan(read(n8n, access_request(desired)), desired)


# Bo replaces Ada as admin of Sales, which is renamed. Unlisted users are removed.
PROJECTS: list[dict[str, Any]] = [
    {"name": "Revenue", "previous_names": ["Sales"], "members": {BO: "admin", DI: "viewer"}},
    {"name": "Support", "members": {ADA: "admin", EVE: "editor"}},
]
AUTHORITATIVE_POLICY = ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS)


def plan_projects(n8n: FakeN8n, projects: Sequence[dict[str, Any]] = tuple(PROJECTS)) -> Plan:
    desired = desired_access([{"email": CY, "role": "admin", "projects": {}}], projects, AUTHORITATIVE_POLICY)
    return plan(read(n8n, access_request(desired)), desired)


def plan_leaving(action: str, *emails: str) -> MakePlan:
    def make_plan(n8n: FakeN8n) -> Plan:
        state = read(n8n, leaver_request(emails, LeaverOptions(action)))
        return plan_leavers(state, find_leavers(state, emails), LeaverOptions(action))

    return make_plan


def plan_and_apply(n8n: FakeN8n, make_plan: MakePlan) -> tuple[Plan, Outcome, dict[str, str]]:
    """Plan and apply. Assert that the outcome contains each planned change exactly once."""
    links: dict[str, str] = {}
    planned = make_plan(n8n)
    outcome = apply(planned, n8n, links.update)
    results = [change.to_result() for change in (*outcome.done, *outcome.not_tried)]
    results += [change for error in outcome.errors for change in error["changes"]]
    reasons = {str(_without_reason(change)): change["reason"] for change in planned.to_result()}
    results += [{**change, "reason": reasons[str(_without_reason(change))]} for change in outcome.conflicts]
    assert sorted(map(str, results)) == sorted(map(str, planned.to_result()))
    ranks = [planned.changes.index(change) for change in outcome.done]
    assert ranks == sorted(ranks)
    return planned, outcome, links


def _without_reason(change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if key != "reason"}


def identities(changes: Iterable[Change]) -> set[object]:
    # A later run names a project as an earlier run has renamed it.
    names = {"Sales": "Revenue"}
    return {
        (change.action, change.user, names.get(change.project or "", change.project), change.after)
        for change in changes
    }


def final_state(n8n: FakeN8n) -> object:
    return n8n.instance_roles(), n8n.memberships()


def test_fake_has_all_public_methods_of_api() -> None:
    methods = {name for name in vars(FakeN8n) if callable(getattr(FakeN8n, name))}
    assert {name for name in vars(Api) if not name.startswith("_")} <= methods


def test_list_is_applied_in_order_with_few_requests() -> None:
    n8n = server()
    _plan, outcome, links = plan_and_apply(n8n, plan_users)
    assert not (outcome.errors or outcome.not_tried or outcome.conflicts)
    assert [write[0] for write in n8n.writes] == [
        "invite",
        *["create_project"] * 2,
        *["set_members"] * 4,
        *["set_user_role"] * 3,
        "set_members",
    ]
    sales_id = next(key for key, project in n8n.all_projects.items() if project.name == "Sales")
    # One request demotes the old admin and adds the new admin.
    assert [write[2] for write in n8n.writes if write[:2] == ("set_members", sales_id)] == [
        {n8n.id_of(BO): "project:admin", n8n.id_of(ADA): "project:viewer"},
        {n8n.id_of(CY): "project:chatUser"},
    ]
    assert n8n.instance_roles() == {
        OLIVIA: "global:owner",
        ADA: "global:admin",
        BO: "global:member",
        CY: "global:chatUser",
        DI: "global:member",
        EVE: "global:admin",
        FAY: "global:member",
    }
    assert n8n.memberships() == {
        "Sales": {ADA: "project:viewer", BO: "project:admin", CY: "project:chatUser"},
        "Support": {OLIVIA: "project:admin", ADA: "project:admin", DI: "project:viewer"},
        "New": {OLIVIA: "project:admin", BO: "project:editor", DI: "project:admin"},
        "Newer": {OLIVIA: "project:admin", EVE: "project:viewer"},
    }
    assert links == {email: n8n.links[email] for email in (DI, FAY)}
    assert plan_users(n8n).changes == ()


def test_invite_links_are_passed_on_before_the_next_write() -> None:
    n8n = server()
    links: dict[str, str] = {}
    kept: list[set[str]] = []
    n8n.before_call[("write", 2)] = lambda: kept.append(set(links))
    apply(plan_users(n8n), n8n, links.update)
    assert kept == [{DI, FAY}]


PLANNERS = {
    "users": plan_users,
    "projects": plan_projects,
    "remove_memberships": plan_leaving("remove_memberships", BO, CY),
    "demote": plan_leaving("demote", BO, CY),
    "delete": plan_leaving("delete", BO, CY, EVE),
}


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("make_plan", PLANNERS.values(), ids=PLANNERS)
@pytest.mark.parametrize("fault", ["write fails", "response is lost"])
def test_next_run_completes_the_plan_after_a_fault_at_any_write(
    make_plan: MakePlan, fault: str, concurrency: int
) -> None:
    """Changes that do not depend on the failed write are made. The next run makes only the remaining changes."""
    expected = server()
    plan_and_apply(expected, make_plan)
    writes = expected.calls["write"]
    for number in range(1, writes + 1):
        n8n = server(concurrency)
        if fault == "write fails":
            n8n.fail[number] = FAILURE
        else:
            n8n.lose.add(number)
        planned, outcome, links = plan_and_apply(n8n, make_plan)
        assert len(outcome.errors) == 1
        assert set(outcome.errors[0]["users"]) == {change["user"] for change in outcome.errors[0]["changes"]} - {None}
        assert not outcome.conflicts
        error = ApplyError(outcome)
        assert f"{len(outcome.done)} of {len(planned.changes)} changes were made" in str(error)
        assert not any(link in str(error.result()) + str(error) for link in n8n.links.values())
        remaining = [change for change in planned.changes if change not in outcome.done]
        second, rest, more_links = plan_and_apply(n8n, make_plan)
        assert not (rest.errors or rest.not_tried or rest.conflicts)
        # A change that was made although its response was lost is not repeated.
        assert identities(second.changes) <= identities(remaining)
        assert fault != "write fails" or identities(second.changes) == identities(remaining)
        assert final_state(n8n) == final_state(expected), f"write {number} of {writes}"
        assert make_plan(n8n).changes == ()
        if fault == "write fails" and make_plan is plan_users:
            assert {**links, **more_links} == {email: n8n.links[email] for email in (DI, FAY)}


def test_failed_creation_of_a_project_skips_only_its_members() -> None:
    n8n = server()
    n8n.fail[2] = FAILURE
    _plan, outcome, _links = plan_and_apply(n8n, plan_users)
    assert [change["project"] for change in outcome.errors[0]["changes"]] == ["New"]
    assert {(change.action, change.project) for change in outcome.not_tried} == {("add_member", "New")}
    assert n8n.memberships().keys() == {"Sales", "Support", "Newer"}
    assert n8n.instance_roles()[CY] == "global:chatUser"


def test_user_gets_memberships_although_the_invitation_mail_failed() -> None:
    n8n = server()
    n8n.sends_mail = True
    n8n.mail_errors[DI] = "connect ECONNREFUSED 127.0.0.1:25"
    planned, outcome, links = plan_and_apply(n8n, plan_users)
    assert outcome.done == list(planned.changes) and not outcome.errors and not links
    assert n8n.memberships()["New"][DI] == "project:admin"
    (note,) = outcome.notes
    assert note.startswith(
        f"The accounts of {DI} are pending, and n8n could not send the invitation mail: connect ECONNREFUSED 127.0.0.1:25. "
    )
    assert "resend_invite=true" in note and FAY not in note


def test_users_without_mail_and_link_are_named_in_a_warning() -> None:
    n8n = server()
    n8n.links_by_mail_only = True
    planned, outcome, links = plan_and_apply(n8n, plan_users)
    assert outcome.done == list(planned.changes) and not links
    (note,) = outcome.notes
    assert note.startswith(f"The accounts of {DI}, {FAY} are pending. n8n sent no mail and returned no link")
    assert "unset N8N_INVITE_LINKS_EMAIL_ONLY" in note and "resend_invite=true" in note


@pytest.mark.parametrize("sends_mail", [True, False])
def test_discarded_links_are_reported_without_the_links(sends_mail: bool) -> None:
    n8n = server()
    n8n.sends_mail = sends_mail
    outcome = apply(plan_users(n8n), n8n, None)
    assert [note.startswith(f"n8n sent no mail to {DI}, {FAY}. ") for note in outcome.notes] == [True] * (
        not sends_mail
    )
    assert not any(link in str(outcome) for link in n8n.links.values())


def test_warning_about_several_batches_is_one_with_a_shortened_list() -> None:
    n8n = FakeN8n()
    emails = [f"p{number:03}@example.com" for number in range(2 * BATCH)]
    outcome = apply(invitations(n8n, *emails), n8n, None)
    (note,) = outcome.notes
    assert f"{', '.join(emails[:20])} and {2 * BATCH - 20} more. " in note and emails[20] not in note


def test_failed_resend_of_an_invitation_is_an_error() -> None:
    n8n = FakeN8n()
    n8n.add_user(DI, pending=True)
    n8n.sends_mail = True
    n8n.mail_errors[""] = "see https://n8n.example.com/signup?token=secret ."
    desired = DesiredState(users=(DesiredUser(DI),), missing_users="invite", resend_invite=True)
    outcome = apply(plan(read(n8n, access_request(desired)), desired), n8n, None)
    (error,) = outcome.errors
    assert error["error"].startswith(f"n8n could not send the invitation of {DI} again: see (a link)")
    assert "pending as before" in error["error"] and not outcome.done and not outcome.notes


def test_user_whom_n8n_did_not_create_gets_no_memberships(monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()
    invite = n8n.invite

    def without_di(roles: dict[str, str], again: bool) -> dict[str, Invitation]:
        made = invite({email: role for email, role in roles.items() if email != DI}, again)
        return {**made, DI: Invitation("", "mailbox unavailable")}

    monkeypatch.setattr(n8n, "invite", without_di)
    _plan, outcome, links = plan_and_apply(n8n, plan_users)
    assert outcome.errors[0]["error"].startswith("n8n could not invite di@example.com: mailbox unavailable.")
    assert outcome.errors[0]["users"] == [DI] and links.keys() == {FAY}
    assert {change.user for change in outcome.not_tried} == {DI}
    assert BO in n8n.memberships()["New"]


def invitations(n8n: FakeN8n, *emails: str, role: str = "global:member") -> Plan:
    """Return a plan of these invitations, without the validation of addresses in a list."""
    changes = [Change("invite_user", email, after=role) for email in emails]
    return Plan.of(read(n8n, EVERYTHING), changes)


@pytest.mark.parametrize(
    ("count", "refused", "calls"),
    [
        (1, [0], 1),
        (2, [1], 3),
        (BATCH, [0], 17),
        (BATCH, [100], 17),
        (BATCH, [3, 200], 31),
        (BATCH, [7, 8], 17),
        (4, [0, 1, 2, 3], 7),
        (BATCH + 1, [BATCH], 2),
    ],
)
def test_rejected_address_does_not_block_other_invitations(count: int, refused: list[int], calls: int) -> None:
    n8n = FakeN8n()
    # Two libraries of n8n validate addresses: one rejects the first address, the other rejects the rest.
    wrong = {number: f"p{number:03}{'.' if not number else '#'}@example.com" for number in refused}
    emails = [wrong.get(number, f"p{number:03}@example.com") for number in range(count)]
    outcome = apply(invitations(n8n, *emails), n8n, lambda links: None)
    assert sorted(error["users"] for error in outcome.errors) == [[email] for email in sorted(wrong.values())]
    for error in outcome.errors:
        assert error["users"][0] in error["error"]
    assert set(emails) - set(wrong.values()) == n8n.instance_roles().keys() - {OLIVIA}
    assert n8n.calls["invite"] <= calls


def test_rejection_of_all_invitations_is_detected_with_few_requests() -> None:
    n8n = FakeN8n()
    emails = [f"p{number:03}@example.com" for number in range(BATCH)]
    sso = ApiError("n8n rejected the invitations: SSO is enabled.", 400, "SSO is enabled")
    n8n.fail = dict.fromkeys(range(1, 600), sso)
    outcome = apply(invitations(n8n, *emails), n8n, lambda links: None)
    assert [error["users"] for error in outcome.errors] == [emails] and n8n.calls["invite"] == 19


@pytest.mark.parametrize("refused", [[3], [0], [3, 15], [0, 19], [3, 10, 11]])
@pytest.mark.parametrize(("status", "text"), [(400, "An error"), (500, "An error occurred during user creation")])
def test_rejected_addresses_are_found_without_an_explanation(
    status: int, text: str, refused: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    n8n = FakeN8n()
    emails = [f"p{number:03}@example.com" for number in range(20)]
    wrong = {emails[number] for number in refused}
    invite = n8n.invite

    def reject_invalid(roles: dict[str, str], again: bool) -> dict[str, Invitation]:
        if roles.keys() & wrong:
            raise ApiError(f"n8n rejected the request: {text}", status, text)
        return invite(roles, again)

    monkeypatch.setattr(n8n, "invite", reject_invalid)
    outcome = apply(invitations(n8n, *emails), n8n, lambda links: None)
    assert sorted(user for error in outcome.errors for user in error["users"]) == sorted(wrong)
    assert len(outcome.done) == len(emails) - len(wrong)


def test_permanent_internal_error_concerns_all_invitations() -> None:
    n8n = FakeN8n()
    error = ApiError("n8n rejected the request.", 500, "Internal server error")
    n8n.fail.update(dict.fromkeys(range(1, 9), error))
    outcome = apply(invitations(n8n, DI, FAY), n8n, lambda links: None)
    # The request is repeated once, because another task may have caused the error.
    assert [error["users"] for error in outcome.errors] == [[DI, FAY]] and n8n.calls["invite"] == 2


def test_user_missing_from_the_response_is_reported_as_not_invited(monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()
    monkeypatch.setattr(n8n, "invite", lambda roles, again: {})
    _plan, outcome, _links = plan_and_apply(n8n, plan_users)
    assert [error["error"].partition(" Affected")[0] for error in outcome.errors] == [
        f"n8n did not invite {email}, and returned no reason." for email in (DI, FAY)
    ]
    assert {change.user for change in outcome.not_tried} == {DI}


def test_links_that_cannot_be_stored_are_an_error_and_the_plan_is_completed() -> None:
    n8n = server()
    planned = plan_users(n8n)

    def fail_to_store(_links: dict[str, str]) -> None:
        raise N8nError("No space left.")

    outcome = apply(planned, n8n, fail_to_store)
    assert outcome.done == list(planned.changes)
    assert outcome.errors == [{"error": "No space left.", "users": [DI, FAY], "changes": []}]
    assert str(ApplyError(outcome)) == "No space left."


def test_error_names_the_users_and_the_project() -> None:
    n8n = server()
    planned = plan_users(n8n)
    n8n.fail[4] = FAILURE
    (error,) = apply(planned, n8n, lambda links: None).errors
    assert "Affected: " in error["error"] and 'project "' in error["error"] and "@example.com" in error["error"]


def test_links_of_a_lost_response_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()
    planned = plan_users(n8n)
    invite = n8n.invite

    def without_links(roles: dict[str, str], again: bool) -> dict[str, Invitation]:
        return {email: replace(found, url=None, is_lost=True) for email, found in invite(roles, again).items()}

    monkeypatch.setattr(n8n, "invite", without_links)
    outcome = apply(planned, n8n, lambda links: None)
    (note,) = outcome.notes
    assert note.startswith(f"{DI}, {FAY} were invited. The response of n8n was lost") and "resend_invite" in note
    assert not outcome.errors


def test_role_granted_by_another_task_is_not_overwritten() -> None:
    n8n = server()
    planned = plan_users(n8n)
    support = next(key for key, project in n8n.all_projects.items() if project.name == "Support")
    n8n.before_call[("write", 1)] = lambda: n8n.roles_in[support].update({n8n.add_user(DI): "project:admin"})
    outcome = apply(planned, n8n, lambda links: None)
    assert n8n.memberships()["Support"][DI] == "project:admin"
    assert f"not changed: the role of {DI} is now project:admin" in [
        conflict["reason"] for conflict in outcome.conflicts
    ]


@pytest.mark.parametrize("count", [BATCH, BATCH + 1, 3 * BATCH])
def test_large_list_is_applied_in_batches(count: int) -> None:
    n8n = FakeN8n()
    n8n.add_team_project("All")
    users = [{"email": f"p{number}@example.com", "projects": {"All": "viewer"}} for number in range(count)]
    desired = desired_access(users, missing_users="invite", create_projects=False)

    def make_plan(fake: FakeN8n) -> Plan:
        return plan(read(fake, access_request(desired)), desired)

    _plan, outcome, links = plan_and_apply(n8n, make_plan)
    assert len(outcome.done) == 2 * count and len(links) == count
    assert n8n.calls["invite"] == n8n.calls["set_members"] == -(-count // BATCH)


@pytest.mark.parametrize("failing", [None, 1, 2])
def test_project_has_an_admin_if_old_and_new_admin_are_in_different_batches(failing: int | None) -> None:
    n8n = FakeN8n()
    emails = [f"p{number:03}@example.com" for number in range(BATCH + 50)]
    project = n8n.add_team_project("All")
    n8n.roles_in[project] = {n8n.add_user(email): "project:viewer" for email in emails}
    n8n.roles_in[project][n8n.id_of(emails[0])] = "project:admin"
    n8n.after_each_write = check_admins_remain(n8n)
    users = [{"email": email, "projects": {"All": "editor"}} for email in emails[:-1]]
    desired = desired_access(
        [*users, {"email": emails[-1], "projects": {"All": "admin"}}], missing_users="fail", create_projects=False
    )
    if failing:
        n8n.fail[failing] = FAILURE

    def make_plan(fake: FakeN8n) -> Plan:
        return plan(read(fake, access_request(desired)), desired)

    plan_and_apply(n8n, make_plan)
    # The second run makes the remaining changes.
    plan_and_apply(n8n, make_plan)
    assert n8n.memberships()["All"] == {**dict.fromkeys(emails[:-1], "project:editor"), emails[-1]: "project:admin"}


def sales_roles(n8n: FakeN8n) -> dict[str, str]:
    return next(roles for key, roles in n8n.roles_in.items() if n8n.all_projects[key].name == "Sales")


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
def test_membership_changed_by_another_task_is_not_removed(action: str) -> None:
    n8n = server()
    planned = plan_leaving(action, BO, CY)(n8n)
    sales_roles(n8n)[n8n.id_of(CY)] = "project:admin"
    outcome = apply(planned, n8n, lambda links: None)
    assert {(conflict["user"], conflict["project"]) for conflict in outcome.conflicts} >= {(CY, "Sales")}
    assert "not changed: the role of cy@example.com is now project:admin" in {
        conflict["reason"] for conflict in outcome.conflicts
    }
    assert n8n.memberships()["Sales"] == {ADA: "project:admin", CY: "project:admin"}
    assert not outcome.errors and not outcome.not_tried
    if action == "remove_memberships":
        assert CY not in n8n.memberships()["Support"]
    else:
        # Changes that n8n makes in one request are made together or not at all.
        assert n8n.memberships()["Support"][CY] == "project:viewer" and n8n.instance_roles()[CY] == "global:member"
        assert {conflict["user"] for conflict in outcome.conflicts} == {CY} and len(outcome.conflicts) == 3
        assert n8n.instance_roles().get(BO) == (None if action == "delete" else "global:chatUser")


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
def test_user_who_became_the_last_admin_is_not_removed(action: str) -> None:
    n8n = server()
    n8n.after_each_write = lambda: None
    sales_roles(n8n)[n8n.id_of(BO)] = "project:admin"
    planned = plan_leaving(action, BO)(n8n)
    del sales_roles(n8n)[n8n.id_of(ADA)]
    outcome = apply(planned, n8n, lambda links: None)
    assert n8n.memberships()["Sales"] == {BO: "project:admin", CY: "project:editor"}
    assert not outcome.done and n8n.instance_roles()[BO] == "global:member"
    assert "not changed: bo@example.com has become the last admin of the project" in {
        conflict["reason"] for conflict in outcome.conflicts
    }


def test_admin_is_not_demoted_if_another_task_removed_the_new_admin() -> None:
    n8n = server()
    planned = plan_users(n8n)
    del sales_roles(n8n)[n8n.id_of(BO)]
    outcome = apply(planned, n8n, lambda links: None)
    assert n8n.memberships()["Sales"][ADA] == "project:admin"
    assert {(conflict["user"], conflict["reason"]) for conflict in outcome.conflicts} == {
        (BO, "not changed: bo@example.com is no longer a member"),
        (ADA, "not changed: ada@example.com has become the last admin of the project"),
    }


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "delete"])
def test_members_are_not_removed_if_their_recheck_fails(action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n8n = server()
    planned = plan_leaving(action, BO, CY)(n8n)
    support = next(key for key, project in n8n.all_projects.items() if project.name == "Support")

    def fail() -> None:
        raise FAILURE

    assert len(planned.state.members) == 2 and n8n.calls["members"] == 2
    n8n.before_call[("members", 4)] = fail
    outcome = apply(planned, n8n, lambda links: None)
    (error,) = outcome.errors
    assert error["error"].startswith(str(FAILURE)) and error["users"] == [CY]
    assert n8n.id_of(CY) in n8n.roles_in[support] and n8n.instance_roles()[CY] == "global:member"
    assert BO not in n8n.memberships()["Sales"]
    assert {change.user for change in outcome.not_tried} == (set() if action == "remove_memberships" else {CY})


def test_user_who_was_added_after_planning_keeps_the_instance_role() -> None:
    n8n = server()
    planned = plan_users(n8n)
    n8n.add_user(DI, "global:admin")
    outcome = apply(planned, n8n, lambda links: None)
    assert [(conflict["user"], conflict["reason"]) for conflict in outcome.conflicts] == [
        (DI, "not changed: di@example.com is already a user, with the role global:admin")
    ]
    assert n8n.instance_roles()[DI] == "global:admin" and n8n.memberships()["New"][DI] == "project:admin"


# An authoritative list


def test_authoritative_list_is_applied_in_order_with_few_requests() -> None:
    n8n = server()
    _plan, outcome, _links = plan_and_apply(n8n, plan_projects)
    assert not (outcome.errors or outcome.not_tried or outcome.conflicts)
    assert [write[0] for write in n8n.writes] == [
        "invite",
        "rename_project",
        *["set_members"] * 2,
        "set_user_role",
        *["remove_member"] * 3,
    ]
    assert n8n.memberships() == {
        "Revenue": {BO: "project:admin", DI: "project:viewer"},
        "Support": {OLIVIA: "project:admin", ADA: "project:admin", EVE: "project:editor"},
    }
    assert n8n.instance_roles()[CY] == "global:admin"


def new_project(**members: str) -> MakePlan:
    """Plan one new authoritative project. The other projects are not listed."""
    named = {f"{name}@example.com": role for name, role in members.items()}
    desired = desired_access(None, [{"name": "New", "members": named}], ListPolicy(AUTHORITATIVE))

    def make_plan(n8n: FakeN8n) -> Plan:
        return plan(read(n8n, access_request(desired)), desired)

    return make_plan


@pytest.mark.parametrize(
    ("members", "writes"),
    [
        ({"ada": "admin", "di": "viewer"}, ["invite", "create_project", "set_members", "remove_member"]),
        ({"di": "admin"}, ["invite", "create_project", "set_members", "remove_member"]),
        ({"ada": "admin", "olivia": "viewer"}, ["create_project", "set_members"]),
        ({"ada": "admin", "olivia": "admin"}, ["create_project", "set_members"]),
    ],
)
def test_creator_of_a_project_gets_the_listed_role_or_is_removed(members: dict[str, str], writes: list[str]) -> None:
    n8n = server()
    plan_and_apply(n8n, new_project(**members))
    assert n8n.memberships()["New"] == {f"{name}@example.com": f"project:{role}" for name, role in members.items()}
    assert [write[0] for write in n8n.writes] == writes
    assert new_project(**members)(n8n).changes == ()


@pytest.mark.parametrize("members", [{"di": "admin"}, {"di": "admin", "olivia": "viewer"}])
@pytest.mark.parametrize("failing", [1, 2, 3])
def test_creator_stays_admin_of_a_project_if_no_other_admin_could_be_added(
    members: dict[str, str], failing: int
) -> None:
    n8n = server()
    n8n.fail[failing] = FAILURE
    _plan, outcome, _links = plan_and_apply(n8n, new_project(**members))
    # No other task is involved.
    assert not outcome.conflicts
    assert OLIVIA in {change.user for change in outcome.not_tried} | set(outcome.errors[0]["users"])
    assert n8n.memberships().get("New", {OLIVIA: "project:admin"}) == {OLIVIA: "project:admin"}
    # The next run finds an existing project, in which the user of the API key is protected.
    second, rest, _links = plan_and_apply(n8n, new_project(**members))
    assert not (rest.errors or rest.not_tried) and n8n.memberships()["New"][DI] == "project:admin"
    assert failing == 2 or any(note.startswith(OLIVIA) or f" {OLIVIA} is" in note for note in second.notes)


def test_admin_is_not_removed_if_the_new_admin_could_not_be_added() -> None:
    n8n = server()
    n8n.add_team_project("Other")
    new_admin = [{"name": "Sales", "members": {DI: "admin", BO: "viewer"}}]
    n8n.fail[2] = FAILURE
    _plan, outcome, _links = plan_and_apply(n8n, lambda fake: plan_projects(fake, new_admin))
    assert outcome.errors[0]["users"] == [DI]
    assert [(change.user, change.project) for change in outcome.not_tried] == [(ADA, "Sales")]
    # Members without the admin role are removed.
    assert n8n.memberships()["Sales"] == {ADA: "project:admin", BO: "project:viewer"}
    plan_and_apply(n8n, lambda fake: plan_projects(fake, new_admin))
    assert n8n.memberships()["Sales"] == {DI: "project:admin", BO: "project:viewer"}


@pytest.mark.parametrize(
    ("other_changes", "conflict", "expected"),
    [
        # A member to remove has another role or is no longer a member.
        (
            {CY: "project:admin"},
            (CY, "the role of cy@example.com is now project:admin"),
            {BO: "admin", DI: "viewer", CY: "admin"},
        ),
        ({CY: None}, (CY, "cy@example.com is no longer a member"), {BO: "admin", DI: "viewer"}),
        # A user to add is already a member.
        ({EVE: "project:editor"}, None, {BO: "admin", DI: "viewer", EVE: "editor"}),
        # The new admin is no longer a member, so the old admin stays.
        ({BO: None}, (ADA, "ada@example.com has become the last admin of the project"), {ADA: "admin", DI: "viewer"}),
    ],
)
def test_changes_by_another_task_are_not_undone(
    other_changes: dict[str, str | None], conflict: tuple[str, str] | None, expected: dict[str, str]
) -> None:
    n8n = server()
    planned = plan_projects(n8n)
    roles = sales_roles(n8n)
    for email, role in other_changes.items():
        roles.pop(n8n.id_of(email), None)
        roles.update({n8n.id_of(email): role} if role else {})
    outcome = apply(planned, n8n, lambda links: None)
    assert not outcome.errors and not outcome.not_tried
    found = [(entry["user"], entry["reason"]) for entry in outcome.conflicts]
    assert found == [] if conflict is None else (conflict[0], f"not changed: {conflict[1]}") in found
    assert n8n.memberships()["Revenue"] == {email: f"project:{role}" for email, role in expected.items()}
    assert CY not in n8n.memberships()["Support"]


# Progress


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("make_plan", PLANNERS.values(), ids=PLANNERS)
@pytest.mark.parametrize("fault", ["none", "write fails", "change by another task"])
def test_progress_reaches_the_total_with_and_without_faults(make_plan: MakePlan, fault: str, concurrency: int) -> None:
    expected = server()
    plan_and_apply(expected, make_plan)
    for number in range(1, expected.calls["write"] + 1) if fault == "write fails" else [1]:
        n8n = server(concurrency)
        planned = make_plan(n8n)
        if fault == "write fails":
            n8n.fail[number] = FAILURE
        elif fault == "change by another task":
            n8n.after_each_write = lambda: None
            sales_roles(n8n).pop(n8n.id_of(CY))
        reported: list[tuple[int, int, str]] = []
        apply(planned, n8n, lambda links: None, lambda *step: reported.append(step))
        assert {of for _made, of, _action in reported} == {len(planned.changes)}
        assert max(made for made, _of, _action in reported) == len(planned.changes)
        assert reported[0] == (0, len(planned.changes), "")
        assert {action for _made, _of, action in reported[1:]} <= {change.action for change in planned.changes}
        if concurrency == 1:
            assert [made for made, _of, _action in reported] == sorted(made for made, _of, _action in reported)
