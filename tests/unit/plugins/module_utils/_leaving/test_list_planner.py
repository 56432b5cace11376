# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Departures of a list: who departs and why, the changes for each departure, and what is impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from example_state import ADA, GRACE, LINUS, OLIVIA, SALES, SUPPORT, example_state, member

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.changed_addresses import with_present_accounts
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.departures import LeaverHandling, find_departures
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.grace_period import GracePeriod
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import (
    OFFBOARD,
    SYNC,
    LeaverRecord,
    RecordEntry,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.list_planner import ListLeavers, plan_list
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.pending_deletion import pending_deletion
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItems, Workflow
from ansible_collections.lifecycle.n8n.plugins.module_utils._text import quoted

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)
BILLS = Workflow("workflow", "w-1", "Bills")
CHAT = "global:chatUser"
# Ada is the last admin of no project, and has left.
STATE = example_state(
    members={
        SALES.id: (member(OLIVIA, "project:admin"), member(ADA, "project:editor")),
        SUPPORT.id: (member(OLIVIA, "project:admin"), member(GRACE, "project:viewer")),
    }
)
STAGED = replace(
    STATE,
    users=tuple(replace(user, role=CHAT) if user == ADA else user for user in STATE.users),
    members={SALES.id: (member(OLIVIA, "project:admin"),), SUPPORT.id: (member(OLIVIA, "project:admin"),)},
)


def listed(*emails: str, **more: Any) -> list[dict[str, Any]]:
    return [{"email": email, "status": "present", **more} for email in emails]


OTHERS = listed(GRACE.email, LINUS.email)


def record_of(state: State, day: int = 1, staged_by: str = SYNC) -> GracePeriod:
    since = datetime(2026, 11, day, tzinfo=timezone.utc)
    return GracePeriod(
        LeaverRecord(state.url, {ADA.id: RecordEntry(ADA.id, ADA.email, since, "global:member", (), staged_by)}),
        False,
        NOW,
        10,
    )


def leavers(
    users: Sequence[dict[str, Any]], state: State = STATE, handling: LeaverHandling | None = None, **policy: Any
) -> tuple[Plan, ListLeavers]:
    handling = handling or LeaverHandling(GracePeriod(LeaverRecord(state.url), False, NOW, 10))
    desired = desired_access(users, policy=ListPolicy(**policy), now=NOW)
    desired = with_present_accounts(state, desired)[0]
    found = ListLeavers.of(state, desired, handling)
    return plan_list(state, desired, found), found


def changes(made: Plan) -> list[tuple[str, str | None, str | None]]:
    return [(change.action, change.user, change.project) for change in made.changes]


def owning(state: State, *items: Any, **unseen: str) -> State:
    return replace(state, owned_items={**state.owned_items, f"p-of-{ADA.id}": OwnedItems(items, **unseen)})


DEMOTED = [("change_user_role", ADA.email, None), ("remove_member", ADA.email, "Sales")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, []),
        ({"unlisted_users": "remove_memberships"}, DEMOTED[1:]),
        ({"unlisted_users": "demote"}, DEMOTED),
        ({"unlisted_users": "staged"}, DEMOTED),
        ({"unlisted_users": "staged", "keep_unlisted": True}, []),
        ({"unlisted_users": "staged", "protected": ("ada@*",)}, []),
        ({"unlisted_users": "staged", "ignored": ("ada@*",)}, []),
        ({"unlisted_users": "remove_memberships", "ignored_projects": ("S*",)}, []),
        ({"unlisted_users": "demote", "ignored_projects": ("S*",)}, DEMOTED),
    ],
)
def test_unlisted_user_departs_by_the_policy(policy: dict[str, Any], expected: list[Any]) -> None:
    assert sorted(changes(leavers(OTHERS, **policy)[0])) == sorted(expected)


def test_listed_leaver_departs_even_if_unlisted_users_are_kept() -> None:
    users = [*OTHERS, {"email": ADA.email, "status": "leaver", "role": "admin", "projects": {"Support": "viewer"}}]
    made, found = leavers(users, unlisted_users="demote", keep_unlisted=True)
    assert changes(made) == DEMOTED
    assert [(entry["user"], entry["reason"]) for entry in found.to_result()] == [(ADA.email, "is listed as a leaver")]


def test_unmatched_user_departs_by_its_own_policy_and_is_no_leaver() -> None:
    users = [*OTHERS, {"email": ADA.email, "status": "unmatched"}]
    made, found = leavers(users, unlisted_users="staged", unmatched_users="demote")
    assert changes(made) == DEMOTED and found.to_result() == []
    assert found.record_before(made).leavers == {}


def test_staging_writes_the_former_access_into_the_record() -> None:
    made, found = leavers(OTHERS, unlisted_users="staged")
    (entry,) = found.record_before(made).leavers.values()
    assert (entry.email, entry.role, entry.staged_by, entry.since) == (ADA.email, "global:member", SYNC, NOW)
    assert entry.memberships == ((SALES.id, "Sales", "project:editor"),) and made.record_changes == (ADA.id,)


def test_user_in_the_record_who_has_access_again_is_staged_anew_and_stays_an_entry_of_offboard() -> None:
    made, found = leavers(OTHERS, handling=LeaverHandling(record_of(STATE, staged_by=OFFBOARD)))
    assert changes(made) == DEMOTED
    (entry,) = found.record_before(made).leavers.values()
    assert (entry.since, entry.staged_by) == (NOW, OFFBOARD)
    assert any("has access again" in note for note in made.notes)


@pytest.mark.parametrize(("day", "is_deleted"), [(16, True), (17, False)])
def test_user_is_deleted_after_the_grace_period(day: int, is_deleted: bool) -> None:
    made, found = leavers(OTHERS, STAGED, LeaverHandling(record_of(STAGED, day)), unlisted_users="staged")
    assert changes(made) == ([("delete_user", ADA.email, None)] if is_deleted else [])
    assert found.deletion_candidates() == ([ADA.email] if is_deleted else [])


@pytest.mark.parametrize("users", [OTHERS, [*OTHERS, *listed(ADA.email)]])
@pytest.mark.parametrize("policy", ["keep", "remove_memberships", "demote"])
def test_only_a_staging_list_deletes_and_only_leavers(users: list[Any], policy: str) -> None:
    handling = LeaverHandling(record_of(STAGED, staged_by=OFFBOARD))
    assert changes(leavers(users, STAGED, handling, unlisted_users=policy)[0]) == []
    if users is not OTHERS:
        assert changes(leavers(users, STAGED, handling, unlisted_users="staged")[0]) == []


@pytest.mark.parametrize(
    ("state", "options", "reason"),
    [
        (owning(STAGED, BILLS), {}, "Bills"),
        (owning(STAGED, BILLS), {"handover_options": HandoverOptions(ADA.email)}, "Bills"),
        (owning(STAGED, unseen="The key shows no workflows."), {}, "The key shows no workflows"),
        (STAGED, {"can_delete": False}, "lacks the scope user:delete"),
    ],
)
def test_impossible_deletion_is_listed_and_the_user_stays_staged(state: State, options: Any, reason: str) -> None:
    handling = LeaverHandling(record_of(state), **options)
    made, found = leavers(OTHERS, state, handling, unlisted_users="staged")
    (entry,) = made.impossible
    assert changes(made) == [] and entry["user"] == ADA.email and reason in entry["reason"]
    assert ADA.id in found.record_before(made).leavers


def test_resources_of_an_old_account_go_to_the_new_one() -> None:
    state = owning(STAGED, BILLS)
    users = [*listed(LINUS.email), *listed(GRACE.email, previous_emails=[ADA.email])]
    handling = LeaverHandling(record_of(state), HandoverOptions("Sales"))
    made, _found = leavers(users, state, handling, unlisted_users="staged")
    moved = next(change for change in made.changes if change.action == "transfer_workflow")
    assert GRACE.email in f"{moved.after} {moved.project}" and made.changes[-1].action == "delete_user"


def test_last_admin_who_leaves_keeps_only_that_membership() -> None:
    members = {SALES.id: (member(ADA, "project:admin"),), SUPPORT.id: (member(ADA, "project:viewer"),)}
    made, _found = leavers(OTHERS, replace(STATE, members=members), unlisted_users="demote")
    assert changes(made) == [("remove_member", ADA.email, "Support")]
    assert [(entry["project"], entry["project_id"]) for entry in made.impossible] == [("Sales", SALES.id)]


@pytest.mark.parametrize(
    ("successors", "succeeds"),
    [
        ({"": GRACE.email}, True),
        ({"Sales": GRACE.email}, True),
        ({SALES.id: GRACE.email}, True),
        ({"Support": GRACE.email}, False),
        ({"": ADA.email}, False),
    ],
)
def test_successor_becomes_admin_unless_the_successor_leaves(successors: dict[str, str], succeeds: bool) -> None:
    members = {SALES.id: (member(ADA, "project:admin"),), SUPPORT.id: ()}
    made, _found = leavers(
        OTHERS, replace(STATE, members=members), LeaverHandling(successors=successors), unlisted_users="demote"
    )
    assert (("add_member", GRACE.email, "Sales") in changes(made)) == succeeds == (not made.impossible)
    assert (("change_user_role", ADA.email, None) in changes(made)) == succeeds


@pytest.mark.parametrize(
    ("status", "policy", "counts"),
    [
        # The owner is not listed, and loses nothing.
        (None, {}, True),
        (None, {"protected": (LINUS.email,)}, True),
        (None, {}, False),
        ("leaver", {}, False),
        ("leaver", {"keep_unlisted": True}, False),
        ("unmatched", {}, True),
        ("unmatched", {"unmatched_users": "remove_memberships"}, False),
    ],
)
def test_successor_and_destination_count_unless_they_are_leavers(
    status: str | None, policy: dict[str, Any], counts: bool
) -> None:
    candidate = OLIVIA if counts and status is None and not policy else LINUS
    users = [*listed(GRACE.email), *([{"email": candidate.email, "status": status}] if status else [])]
    users.append({"email": ADA.email, "status": "leaver"})
    handling = replace(
        LeaverHandling(record_of(STATE)),
        successors={"": candidate.email},
        handover_options=HandoverOptions(candidate.email, "delete"),
    )
    members = {SALES.id: (member(ADA, "project:admin"),), SUPPORT.id: ()}
    made, _found = leavers(users, replace(STATE, members=members), handling, unlisted_users="demote", **policy)
    assert (("add_member", candidate.email, "Sales") in changes(made)) == counts == (not made.impossible)
    if not counts:
        assert f"In successor={LINUS.email}, this user is a leaver" in made.impossible[0]["reason"]
    made, _found = leavers(users, owning(STAGED, BILLS), handling, unlisted_users="staged", **policy)
    assert ("transfer_workflow" in [change.action for change in made.changes]) == counts
    if not counts:
        # A list has no option delete_resources.
        assert made.impossible[0]["reason"] == (
            f'{ADA.email} owns workflow "Bills" (w-1), which the deletion would destroy. The owner of the destination '
            f"transfer_to, {LINUS.email}, is a leaver, matched by no rule, or in the record of leavers. Set another destination."
        )


def test_unknown_successor_is_an_error() -> None:
    with pytest.raises(InputError, match='successor: user "grce@example.com" does not exist.*grace'):
        leavers(OTHERS, handling=LeaverHandling(successors={"": "grce@example.com"}), unlisted_users="demote")


@pytest.mark.parametrize("action", ["demote", "staged"])
def test_pending_leaver_is_deleted_at_once(action: str) -> None:
    made, found = leavers(listed(ADA.email, GRACE.email), unlisted_users=action)
    assert changes(made) == [("delete_user", LINUS.email, None)] and made.changes[0].only_pending
    assert list(found.record_before(made).leavers) == ([LINUS.id] if action == "staged" else [])


def test_pending_leaver_is_demoted_if_single_sign_on_creates_accounts() -> None:
    handling = LeaverHandling(deletes_pending=False)
    assert changes(leavers(listed(ADA.email, GRACE.email), STATE, handling, unlisted_users="demote")[0]) == [
        ("change_user_role", LINUS.email, None)
    ]


def test_pending_leaver_without_the_scope_to_delete_is_demoted_and_the_invitation_is_reported() -> None:
    handling = LeaverHandling(can_delete=False)
    made, _found = leavers(listed(ADA.email, GRACE.email), STATE, handling, unlisted_users="demote")
    assert changes(made) == [("change_user_role", LINUS.email, None)]
    reason = made.impossible[0]["reason"]
    assert "stays open, because the key lacks the scope user:delete" in reason and "Use a key with this scope" in reason


@pytest.mark.parametrize(
    ("owned", "obstacle"),
    [
        (OwnedItems(), ""),
        (OwnedItems(tables_unseen="This n8n does not show data tables."), ""),
        (OwnedItems((BILLS,)), 'owns workflow "Bills"'),
        (OwnedItems(unseen="The key shows no workflows."), "may own resources"),
        (None, "may own resources"),
    ],
)
def test_pending_user_who_owns_something_is_not_deleted(owned: OwnedItems | None, obstacle: str) -> None:
    """Nobody else can create a data table for a user, so data tables that n8n does not show are no obstacle."""
    state = replace(STATE, owned_items={f"p-of-{LINUS.id}": owned} if owned else {})
    made, _handover, why = pending_deletion(state, LINUS, "is not listed", True)
    assert bool(made) == (not obstacle) and obstacle in why


def test_departures_of_protected_users_are_no_leavers() -> None:
    desired = desired_access(OTHERS, policy=ListPolicy(unlisted_users="demote", protected=("ada@*",)))
    found = {
        departure.user.email: departure.is_leaver
        for departure in find_departures(STATE, desired, LeaverHandling(), frozenset(), {})
    }
    assert found == {ADA.email: False, OLIVIA.email: False}


@pytest.mark.parametrize("grace_period", [None, GracePeriod(LeaverRecord(STATE.url), False, NOW)])
def test_leaver_who_is_not_in_the_record_has_no_dates(grace_period: GracePeriod | None) -> None:
    """The keys exist without a record too, for templates."""
    (entry,) = leavers(OTHERS, handling=LeaverHandling(grace_period), unlisted_users="demote")[1].to_result()
    assert entry["since"] is None and entry["due"] is None


@pytest.mark.parametrize(
    ("users", "projects", "noted"),
    [
        (OTHERS, None, []),
        ([*OTHERS, {"email": OLIVIA.email, "status": "unmatched"}], None, ["Sales", "Support"]),
        ([*OTHERS, {"email": OLIVIA.email, "status": "leaver"}], None, ["Sales", "Support"]),
        (OTHERS, [{"name": "Sales", "members": {ADA.email: "admin"}}], ["Sales"]),
    ],
)
def test_note_about_the_owner_is_given_only_if_the_list_concerns_the_owner(
    users: list[dict[str, Any]], projects: Any, noted: list[str]
) -> None:
    """Otherwise the same note would be repeated every night, because the owner is an admin of each new project."""
    policy = ListPolicy(unlisted_users="demote", unmatched_users="demote")
    notes = [
        note for note in plan_list(STATE, desired_access(users, projects, policy)).notes if "stays a member" in note
    ]
    assert bool(notes) == bool(noted) and all(quoted(name) in notes[0] for name in noted)
    assert not noted or (quoted("Support") in notes[0]) == ("Support" in noted)


def test_note_about_the_owner_leaves_out_ignored_projects() -> None:
    users = [*OTHERS, {"email": OLIVIA.email, "status": "leaver"}]
    policy = ListPolicy(unlisted_users="demote", ignored_projects=("S*",))
    assert not [note for note in plan_list(STATE, desired_access(users, policy=policy)).notes if OLIVIA.email in note]
