# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects of the record of leavers on a list: users who get nothing, entries that are lifted, entries that end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from example_state import ADA, GRACE, LINUS, SALES, SUPPORT, example_state

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.changed_addresses import with_present_accounts
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.departures import LeaverHandling, seemingly_staged
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.grace_period import GracePeriod
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import (
    OFFBOARD,
    SYNC,
    LeaverRecord,
    RecordEntry,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.record_effects import (
    RecordEffects,
    record_effects,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)
LEFT = datetime(2026, 11, 20, tzinfo=timezone.utc)
STAGED_ADA = replace(ADA, role="global:chatUser")
WAS_IN_BOTH = ((SALES.id, "Sales", "project:admin"), (SUPPORT.id, "Support", "project:viewer"))
STATE = example_state(users=(STAGED_ADA, GRACE, LINUS), members={SALES.id: (), SUPPORT.id: ()})


def entry(staged_by: str = SYNC, user_id: str = ADA.id, is_deleted: bool = False) -> RecordEntry:
    return RecordEntry(user_id, ADA.email, LEFT, "global:admin", WAS_IN_BOTH, staged_by, is_deleted)


def effects(
    users: Sequence[dict[str, Any]],
    recorded: RecordEntry,
    state: State = STATE,
    restoring: bool = False,
    grace_days: int = 30,
    projects: Sequence[dict[str, Any]] = (),
    roles: Sequence[Role] | None = None,
    **policy: Any,
) -> RecordEffects:
    record = LeaverRecord(state.url, {recorded.id: recorded})
    handling = LeaverHandling(GracePeriod(record, False, NOW, grace_days))
    desired = desired_access(users, projects, policy=ListPolicy(**policy), allow_empty=True, now=NOW)
    return record_effects(state, with_present_accounts(state, desired)[0], handling, restoring, roles)


def present(**more: Any) -> list[dict[str, Any]]:
    return [{"email": ADA.email, "status": "present", "projects": {}, **more}]


def test_entry_of_sync_is_lifted_for_a_listed_user_with_a_status() -> None:
    found = effects(present(), entry())
    assert [user.email for user in found.lifted] == [ADA.email] and not found.blocked and not found.dropped
    assert {member.project for member in found.desired.members if member.present} == {SALES.id, SUPPORT.id}
    assert found.desired.users[0].role == "global:admin"


def test_entry_of_sync_stays_without_a_status() -> None:
    found = effects(present(status=None), entry())
    assert not found.lifted and [blocked["user"] for blocked in found.blocked_result()] == [ADA.email]


@pytest.mark.parametrize("staged_by", [SYNC, OFFBOARD])
def test_listed_leaver_in_the_record_is_not_reported_as_still_listed(staged_by: str) -> None:
    found = effects(present(status="leaver", role="admin"), entry(staged_by))
    assert not found.lifted and not found.blocked and not found.notes and found.desired.users[0].role is None


def test_entry_of_offboard_blocks_a_listed_user() -> None:
    found = effects(present(role="admin", projects={"Sales": "viewer"}), entry(OFFBOARD))
    assert found.blocked_result() == [
        {"user": ADA.email, "since": "2026-11-20T00:00:00Z", "staged_by": "offboard", "is_deleted": False}
    ]
    assert found.desired.users[0].role is None
    assert not any(member.present for member in found.desired.members)
    assert "restore: true" in found.notes[0]


def test_authoritative_list_gives_back_no_recorded_membership() -> None:
    found = effects(present(), entry(), authority="authoritative")
    assert not found.desired.members and found.desired.users[0].role == "global:admin"


def test_highest_role_limits_the_instance_role_that_comes_back() -> None:
    assert effects(present(highest_role="member"), entry()).lifted[0].staged.role == "global:member"


@pytest.mark.parametrize(
    ("grant", "projects"),
    [
        ({"state": "absent"}, {SUPPORT.id}),
        ({"role": "viewer", "until": "2026-11-25"}, {SUPPORT.id}),
        ({"role": "viewer", "from": "2026-12-01"}, {SALES.id, SUPPORT.id}),
    ],
)
def test_only_a_denial_and_an_ended_grant_keep_a_recorded_membership_away(grant: Any, projects: set[str]) -> None:
    """A grant that begins later says nothing about the membership until then."""
    found = effects(present(projects={"Sales": grant}), entry())
    assert {key for key, _name, _role in found.lifted[0].memberships()} == projects


def test_unmatched_user_who_is_to_be_demoted_gets_no_role_back() -> None:
    users = [{"email": ADA.email, "status": "unmatched"}]
    assert effects(users, entry(), unmatched_users="demote").lifted[0].staged.role == "global:chatUser"
    assert effects(users, entry()).lifted[0].staged.role == "global:admin"


def test_entry_of_an_account_that_was_deleted_by_other_means_ends() -> None:
    found = effects(present(), entry(), replace(STATE, users=(GRACE,)))
    assert found.dropped == (ADA.id,) and "deleted by other means" in found.notes[0]


def test_entry_of_a_deleted_account_ends_with_a_new_account() -> None:
    found = effects(present(), entry(OFFBOARD, "u-before", True))
    assert found.dropped == ("u-before",) and "a new account" in found.notes[0] and not found.blocked


def test_entry_of_a_user_whom_a_stopped_run_did_not_delete_is_one_of_an_existing_account() -> None:
    """n8n_offboard marks the entry before the deletion."""
    found = effects(present(), entry(OFFBOARD, is_deleted=True))
    assert not found.dropped and [blocked["is_deleted"] for blocked in found.blocked_result()] == [False]


@pytest.mark.parametrize(("listed", "dropped"), [([], ("u-before",)), (present(), ())])
def test_entry_of_a_deleted_account_of_offboard_stays_while_the_person_is_listed(listed: Any, dropped: Any) -> None:
    users = [*listed, {"email": GRACE.email, "status": "present"}]
    assert effects(users, entry(OFFBOARD, "u-before", True), replace(STATE, users=(GRACE,))).dropped == dropped


def test_entry_of_a_deleted_account_stays_while_the_person_is_listed_under_the_account_of_a_previous_email() -> None:
    users = present(previous_emails=[GRACE.email])
    assert not effects(users, entry(OFFBOARD, "u-before", True), replace(STATE, users=(GRACE,))).dropped


@pytest.mark.parametrize("state", [STATE, replace(STATE, users=(GRACE,))])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_entry_of_an_ignored_user_stays(state: State, is_deleted: bool) -> None:
    """The role sync ignores a user whose row is invalid. The list then says nothing about this user."""
    users = [{"email": GRACE.email, "status": "present"}]
    assert not effects(users, entry(OFFBOARD, ADA.id, is_deleted), state, ignored=(ADA.email,)).dropped


@pytest.mark.parametrize(("grace_days", "dropped"), [(6, ("u-before",)), (7, ())])
def test_entry_of_a_deleted_account_of_sync_ends_with_the_grace_period(grace_days: int, dropped: Any) -> None:
    users = [{"email": GRACE.email, "status": "present"}]
    found = effects(users, entry(SYNC, "u-before", True), replace(STATE, users=(GRACE,)), grace_days=grace_days)
    assert found.dropped == dropped
    assert ["the grace period is over" in note for note in found.notes] == [True] * len(dropped)


def test_entry_of_a_deleted_account_ends_if_the_list_waits_for_the_account() -> None:
    record = LeaverRecord(STATE.url, {"u-before": entry(SYNC, "u-before", True)})
    desired = desired_access(present(), policy=ListPolicy(), missing_users="wait", now=NOW)
    state = replace(STATE, users=(GRACE,))
    found = record_effects(state, desired, LeaverHandling(GracePeriod(record, False, NOW)), False)
    assert found.dropped == ("u-before",) and not found.lifted


def test_note_says_why_the_entry_of_a_deleted_account_ends_without_an_invitation() -> None:
    state = replace(STATE, users=(GRACE,))
    users = [{"email": ADA.email, "status": "unmatched"}]
    found = effects(users, entry(SYNC, "u-before", True), state, authority="authoritative")
    assert found.dropped == ("u-before",) and not found.lifted
    assert "has no account, and the list gives the user nothing" in found.notes[0]


OLD_ADA = User("u-old", "ada.old@example.com", "global:member")


def test_entry_of_a_deleted_account_blocks_the_account_under_a_previous_email() -> None:
    """The person was offboarded, so the list gives the other account of the same person nothing either."""
    users = present(previous_emails=[OLD_ADA.email], role="admin", projects={"Sales": "viewer"})
    found = effects(users, entry(OFFBOARD, "u-before", True), replace(STATE, users=(GRACE, OLD_ADA)))
    assert [blocked["user"] for blocked in found.blocked_result()] == [ADA.email]
    assert found.desired.users[0].role is None and not any(member.present for member in found.desired.members)
    assert found.accounts[OLD_ADA.id].id == "u-before" and not found.dropped


@pytest.mark.parametrize("accounts", [(), (ADA,), (OLD_ADA,)])
def test_entry_under_a_previous_email_blocks_only_a_person_without_an_account(accounts: Any) -> None:
    """An operator may delete the old one of two accounts of a person with n8n_offboard."""
    users = present(previous_emails=["ada@old.example.com", OLD_ADA.email])
    recorded = replace(entry(OFFBOARD, "u-before", True), email="ada@old.example.com")
    found = effects(users, recorded, replace(STATE, users=(GRACE, *accounts)), unlisted_users="demote")
    assert [blocked["user"] for blocked in found.blocked_result()] == ([] if accounts else [ADA.email])
    assert not found.dropped


def test_entry_of_sync_ends_if_the_person_has_another_account() -> None:
    users = present(previous_emails=[OLD_ADA.email])
    found = effects(users, entry(SYNC, "u-before", True), replace(STATE, users=(GRACE, OLD_ADA)))
    assert found.dropped == ("u-before",) and not found.lifted and "another account" in found.notes[0]
    assert found.desired.users[0].role is None


@pytest.mark.parametrize(
    ("makers", "lifted", "dropped"),
    [((SYNC, OFFBOARD), 0, ()), ((SYNC, SYNC), 1, ("u-before",)), ((OFFBOARD, SYNC), 0, ())],
)
def test_entry_of_offboard_has_precedence_over_other_entries_of_the_same_person(
    makers: Any, lifted: int, dropped: Any
) -> None:
    """The account under the previous email has an entry, and so has the deleted account under the present email."""
    own, deleted = replace(entry(makers[0], OLD_ADA.id), email=OLD_ADA.email), entry(makers[1], "u-before", True)
    record = LeaverRecord(STATE.url, {own.id: own, deleted.id: deleted})
    desired = desired_access(present(previous_emails=[OLD_ADA.email]), policy=ListPolicy(), now=NOW)
    state = replace(STATE, users=(GRACE, OLD_ADA))
    handling = LeaverHandling(GracePeriod(record, False, NOW))
    found = record_effects(state, with_present_accounts(state, desired)[0], handling, False)
    assert (len(found.lifted), len(found.blocked), found.dropped) == (lifted, 1 - lifted, dropped)


def test_lifted_user_has_the_present_email_of_the_account() -> None:
    """An entry belongs to the id of a user, who can change the email in n8n."""
    renamed = replace(STAGED_ADA, email="countess@example.com")
    users = present(email=renamed.email, previous_emails=[STAGED_ADA.email])
    found = effects(users, entry(), replace(STATE, users=(renamed,)))
    assert [user.email for user in found.lifted] == [renamed.email]
    found = effects(present(email=renamed.email), entry(OFFBOARD), replace(STATE, users=(renamed,)))
    assert [blocked["user"] for blocked in found.blocked_result()] == [renamed.email]


def test_recorded_roles_that_do_not_exist_are_left_out_with_a_note() -> None:
    """One returning user must not stop the whole list."""
    memberships = ((SALES.id, "Sales", "project:keeper-a1b2c3"), (SUPPORT.id, "Support", "project:viewer"))
    recorded = replace(entry(), role="global:keeper-a1b2c3", memberships=memberships)
    roles = [Role("project:viewer", "Viewer", "project"), Role("global:member", "Member", "global")]
    found = effects(present(), recorded, roles=roles)
    assert {member.project for member in found.desired.members} == {SUPPORT.id}
    assert found.desired.users[0].role is None
    assert len([note for note in found.notes if "no longer exists" in note]) == 2


def test_recorded_membership_in_an_ignored_project_is_not_given_back() -> None:
    found = effects(present(), entry(), ignored_projects=("Sal*",))
    assert {member.project for member in found.desired.members} == {SUPPORT.id}
    assert [note for note in found.notes if "project:admin" in note and "ignored_projects" in note]
    assert not effects(present(), entry(), ignored_projects=("Sal*",), authority="authoritative").notes


def test_recorded_membership_in_a_project_with_an_authoritative_list_is_not_given_back() -> None:
    projects = [{"name": "Sales", "members": {GRACE.email: "admin"}, "authority": "authoritative"}]
    found = effects(present(), entry(), projects=projects)
    assert {member.project for member in found.desired.members if member.user == ADA.email} == {SUPPORT.id}


def test_blocked_user_who_is_listed_by_email_and_id_is_reported_once() -> None:
    projects = [{"name": "Sales", "members": {ADA.id: "viewer"}}]
    assert len(effects(present(), entry(OFFBOARD), projects=projects).blocked) == 1


@pytest.mark.parametrize("authority", ["additive", "authoritative"])
def test_returning_user_who_is_listed_by_email_and_id_is_not_blocked(authority: str) -> None:
    """The status belongs to the account, and the membership in the list has precedence over the recorded one."""
    projects = [{"name": "Sales", "members": {ADA.id: "viewer"}}]
    found = effects(present(), entry(), projects=projects, authority=authority)
    assert [user.email for user in found.lifted] == [ADA.email] and not found.blocked and not found.notes
    roles = {(member.project, member.role) for member in found.desired.members if member.present}
    assert roles == {("Sales", "viewer"), *([(SUPPORT.id, "project:viewer")] if authority == "additive" else [])}


def test_restore_neither_blocks_nor_lifts() -> None:
    found = effects(present(), entry(OFFBOARD), restoring=True)
    assert not found.blocked and not found.lifted and not found.notes


def test_listed_chat_user_without_projects_looks_staged() -> None:
    desired = desired_access([{"email": ADA.email}, {"email": GRACE.email}])
    assert seemingly_staged(STATE, desired) == [ADA.email]
    assert seemingly_staged(STATE, desired_access([{"email": ADA.email, "role": "chatUser"}])) == []
    assert seemingly_staged(example_state(users=(STAGED_ADA,)), desired) == []


def test_ignored_user_and_listed_leaver_do_not_look_staged() -> None:
    assert not seemingly_staged(STATE, desired_access([{"email": ADA.email, "status": "leaver"}]))
    ignoring = ListPolicy(ignored=(ADA.email,))
    assert not seemingly_staged(STATE, desired_access([{"email": ADA.email}, {"email": GRACE.email}], policy=ignoring))
