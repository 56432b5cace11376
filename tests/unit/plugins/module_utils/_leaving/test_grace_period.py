# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test staged leavers: the demotion, the record, the grace period, and the deletion after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    Leaver,
    find_leavers,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import PROJECT_ADMIN
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    ROLES,
    SALES,
    SUPPORT,
    example_state,
    member,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.leaver_plans import (
    with_active_linus,
    BILLS,
    MAIL,
    NOW,
    NO_SCOPES,
    ORDERS,
    STAGED,
    grace_period,
    leaver_error,
    leaver_plan,
    state_with_items,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import changes_of


def recorded(leaver_options: LeaverOptions) -> list[RecordEntry]:
    assert leaver_options.grace_period is not None
    return list(leaver_options.grace_period.record.leavers.values())


def state_after_staging(*items: Any) -> State:
    state = state_with_items(*items)
    users = tuple(replace(user, role="global:chatUser") if user == ADA else user for user in state.users)
    members = {key: tuple(one for one in of if one.id != ADA.id) for key, of in state.members.items()}
    return replace(state, users=users, members=members)


def test_staging_demotes_the_leaver_and_records_role_and_memberships() -> None:
    state, leaver_options = state_with_items(BILLS), LeaverOptions("staged", grace_period=grace_period(is_new=True))
    leavers = find_leavers(state, [ADA.email, "nobody@example.com"])
    planned = plan_leavers(state, leavers, leaver_options)
    assert changes_of(planned) == changes_of(leaver_plan(state, ADA.email, action="demote"))
    (staged,) = recorded(leaver_options.with_planned_record(planned, leavers))
    both = ((SALES.id, "Sales", PROJECT_ADMIN), (SUPPORT.id, "Support", "project:viewer"))
    assert staged == RecordEntry(ADA.id, ADA.email, NOW, "global:member", both)
    assert planned.notes == (
        "The record of leavers leavers.json does not exist. This run creates it.",
        'ada@example.com owns workflow "Bills" (w-1) and can still read it until the account is deleted.',
        "The deletion after the grace period would fail: ada@example.com owns workflow "
        '"Bills" (w-1), which the deletion would destroy. Set transfer_to to move these resources, or '
        "delete_resources: true to allow their destruction.",
    )


@pytest.mark.parametrize(
    "handover_options", [HandoverOptions(), HandoverOptions("Support"), HandoverOptions(delete_resources=True)]
)
@pytest.mark.parametrize("days", [0, 1, 29, 29.999])
def test_staged_leaver_is_not_changed_during_the_grace_period(handover_options: HandoverOptions, days: float) -> None:
    state, leaver_options = state_after_staging(BILLS), LeaverOptions("staged", handover_options=handover_options)
    leaver_options = replace(leaver_options, grace_period=grace_period("staged", STAGED, days=days))
    leavers = find_leavers(state, [ADA.email])
    planned = plan_leavers(state, leavers, leaver_options)
    assert planned.changes == () and leaver_options.with_planned_record(planned, leavers) == leaver_options


@pytest.mark.parametrize(("days", "grace_days"), [(30, 30), (31, 30), (3000, 30), (0, 0), (7, 7)])
def test_user_is_deleted_after_the_grace_period_and_the_handover(days: int, grace_days: int) -> None:
    planned = leaver_plan(
        state_after_staging(BILLS, MAIL),
        ADA.email,
        action="staged",
        handover_options=HandoverOptions("Support"),
        grace_period=grace_period("staged", STAGED, days=days, grace_days=grace_days),
    )
    assert [row[0] for row in changes_of(planned)] == ["transfer_credential", "transfer_workflow", "delete_user"]


@pytest.mark.parametrize(
    ("items", "handover_options", "text"),
    [
        ((), HandoverOptions(), ""),
        ((BILLS,), HandoverOptions("Support"), ""),
        ((BILLS, ORDERS), HandoverOptions(delete_resources=True), ""),
        ((BILLS, ORDERS), HandoverOptions("Support", "copy"), ""),
        ((BILLS, ORDERS), HandoverOptions("Support"), "Set data_tables: copy"),
        ((BILLS,), HandoverOptions(data_tables="delete"), "Set transfer_to"),
    ],
)
def test_staging_notes_errors_that_the_deletion_would_have(
    items: Any, handover_options: HandoverOptions, text: str
) -> None:
    planned = leaver_plan(
        state_with_items(*items),
        ADA.email,
        action="staged",
        handover_options=handover_options,
        grace_period=grace_period(),
    )
    notes = [note for note in planned.notes if note.startswith("The deletion after the grace period would fail")]
    assert len(notes) == bool(text) and all(text in note for note in notes)


def test_items_prevent_the_deletion_after_the_grace_period() -> None:
    message = leaver_error(
        state_after_staging(BILLS), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=30)
    )
    assert 'ada@example.com owns workflow "Bills" (w-1), which the deletion would destroy' in message


RECORDED_MEMBERSHIPS = ((SUPPORT.id, "Support", "project:editor"), (SALES.id, "Sales", PROJECT_ADMIN))


@pytest.mark.parametrize("days", [0, 29, 30, 3000])
@pytest.mark.parametrize(
    ("role", "records"),
    [("global:chatUser", "global:member"), ("global:admin", "global:admin"), ("global:member", "global:member")],
)
def test_staged_leaver_with_new_access_loses_it_and_the_grace_period_restarts(
    days: int, role: str, records: str
) -> None:
    state = state_after_staging(BILLS)
    users = tuple(replace(user, role=role) if user.id == ADA.id else user for user in state.users)
    members = {**state.members, SUPPORT.id: (*state.members[SUPPORT.id], member(ADA, "project:editor"))}
    state, leavers = replace(state, users=users, members=members), [Leaver(ADA.id, users[1])]
    leaver_options = LeaverOptions(
        "staged", handover_options=HandoverOptions("Support"), grace_period=grace_period("staged", STAGED, days=days)
    )
    planned = plan_leavers(state, leavers, leaver_options)
    assert {row[0] for row in changes_of(planned)} <= {"change_user_role", "remove_member"}
    assert ("remove_member", ADA.email, "Support", "project:editor", None) in changes_of(planned)
    # The record contains the present access and the lost access of the earlier entry.
    assert recorded(leaver_options.with_planned_record(planned, leavers)) == [
        RecordEntry(ADA.id, ADA.email, NOW + timedelta(days=days), records, RECORDED_MEMBERSHIPS, stagings=2)
    ]
    assert any(
        "ada@example.com has been in the record leavers.json since 2026-11-21T09:30:00Z and still has access" in note
        for note in planned.notes
    )


def test_staged_leaver_with_another_role_is_demoted_again() -> None:
    planned = leaver_plan(
        state_after_staging(), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=300)
    )
    assert [row[0] for row in changes_of(planned)] == ["delete_user"]
    state = state_after_staging()
    users = tuple(replace(user, role="global:member") if user.id == ADA.id else user for user in state.users)
    planned = leaver_plan(
        replace(state, users=users), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=300)
    )
    assert [(row[0], row[4]) for row in changes_of(planned)] == [("change_user_role", "global:chatUser")]


def test_missing_second_role_change_does_not_prevent_the_deletion() -> None:
    state = replace(state_after_staging(), roles=(*ROLES, NO_SCOPES))
    policy: dict[str, Any] = {"action": "staged", "demote_role": "No scopes"}
    for days, action in ((1, "change_user_role"), (30, "delete_user")):
        planned = leaver_plan(state, ADA.email, **policy, grace_period=grace_period("staged", STAGED, days=days))
        assert [row[0] for row in changes_of(planned)] == [action]
        assert [note for note in planned.notes if "n8n deletes more than its API lists" not in note] == []


@pytest.mark.parametrize(
    ("state", "policy", "note_count"),
    [
        (example_state(), {"action": "remove_memberships"}, 0),
        (example_state(), {"action": "demote"}, 0),
        (example_state(), {"action": "delete", "successors": {"": GRACE.email}}, 1),
        (state_after_staging(), {"action": "staged", "grace_period": grace_period("staged", STAGED, days=29)}, 0),
        (state_after_staging(), {"action": "staged", "grace_period": grace_period("staged", STAGED, days=30)}, 1),
    ],
)
def test_deletion_notes_once_that_n8n_deletes_unlisted_data(
    state: Any, policy: dict[str, Any], note_count: int
) -> None:
    planned = leaver_plan(with_active_linus(state), ADA.email, LINUS.email, **policy)
    notes = [note for note in planned.notes if note.startswith("n8n deletes more than its API lists")]
    assert len(notes) == note_count and all(
        "The deletion of a user also deletes their agents" in note for note in notes
    )


def test_record_with_a_later_date_is_an_error() -> None:
    message = leaver_error(
        state_after_staging(),
        ADA.email,
        LINUS.email,
        action="staged",
        grace_period=grace_period("staged", STAGED, days=-1),
    )
    assert (
        "In the record leavers.json, ada@example.com was staged on 2026-11-21T09:30:00Z, which is later than the present time "
        "(2026-11-20T09:30:00Z)"
    ) in message
    # Dates of users who are not listed have no effect.
    assert leaver_plan(
        example_state(), LINUS.email, action="staged", grace_period=grace_period("staged", STAGED, days=-1)
    ).changes


@pytest.mark.parametrize(
    "handover_options", [HandoverOptions(), HandoverOptions("Support"), HandoverOptions(delete_resources=True)]
)
@pytest.mark.parametrize("grace_days", [0, 30])
def test_grace_period_of_a_chat_user_starts_without_a_record_and_is_noted(
    handover_options: HandoverOptions, grace_days: int
) -> None:
    state = with_active_linus(state_after_staging())
    leaver_options = LeaverOptions(
        "staged",
        handover_options=handover_options,
        grace_period=grace_period(is_new=True, days=300, grace_days=grace_days),
    )
    leavers = find_leavers(state, [LINUS.email, ADA.email])
    planned = plan_leavers(state, leavers, leaver_options)
    assert {row[1] for row in changes_of(planned)} == {LINUS.email} and "delete_user" not in {
        row[0] for row in changes_of(planned)
    }
    assert planned.notes[0] == (
        "The record of leavers leavers.json does not exist. This run creates it. ada@example.com already looks staged: no "
        "projects, and no instance role above global:chatUser. The grace period begins now. "
        "If these users were staged before, use the last version of the record, which contains the dates and the former access."
    )
    since = {staged.email: staged.since for staged in recorded(leaver_options.with_planned_record(planned, leavers))}
    assert since == dict.fromkeys((ADA.email, LINUS.email), NOW + timedelta(days=300))


def test_users_who_look_staged_are_named_in_one_note() -> None:
    state = state_after_staging()
    users = tuple(replace(user, role="global:chatUser") if user.id == LINUS.id else user for user in state.users)
    members = {key: tuple(one for one in of if one.id != LINUS.id) for key, of in state.members.items()}
    planned = leaver_plan(
        with_active_linus(replace(state, users=users, members=members)),
        LINUS.email,
        ADA.email,
        action="staged",
        grace_period=grace_period(is_new=True),
    )
    assert planned.changes == () and len(planned.notes) == 1
    assert "ada@example.com, linus@example.com already look staged" in planned.notes[0]


def test_creation_of_the_record_is_not_noted_without_an_entry() -> None:
    assert (
        leaver_plan(
            example_state(), "nobody@example.com", action="staged", grace_period=grace_period(is_new=True)
        ).notes
        == ()
    )


def test_grace_period_of_an_unrecorded_chat_user_starts_now_and_is_noted() -> None:
    other = replace(STAGED, id=LINUS.id, email=LINUS.email)
    state, leaver_options = state_after_staging(), LeaverOptions(
        "staged", grace_period=grace_period("staged", other, days=300)
    )
    leavers = find_leavers(state, [ADA.email])
    planned = plan_leavers(state, leavers, leaver_options)
    assert planned.changes == () and len(planned.notes) == 1
    assert "and no projects, but is not in the record leavers.json. The grace period begins now." in planned.notes[0]
    found = recorded(leaver_options.with_planned_record(planned, leavers))
    assert found == [other, RecordEntry(ADA.id, ADA.email, NOW + timedelta(days=300), "global:chatUser")]
    # The next run has the user in the record and needs no note.
    again = plan_leavers(state, leavers, leaver_options.with_planned_record(planned, leavers))
    assert again.changes == () and again.notes == ()


def test_grace_period_of_an_unrecorded_user_starts_now() -> None:
    other = replace(STAGED, id=LINUS.id, email=LINUS.email)
    state = example_state()
    leaver_options = LeaverOptions("staged", grace_period=grace_period("staged", other, days=300))
    leavers = find_leavers(state, [ADA.email])
    planned = plan_leavers(state, leavers, leaver_options)
    assert "delete_user" not in {row[0] for row in changes_of(planned)}
    assert recorded(leaver_options.with_planned_record(planned, leavers))[1].since == NOW + timedelta(days=300)


def test_grace_period_of_a_new_account_with_a_recorded_email_starts_now() -> None:
    # The recorded account was deleted, and the email was invited again.
    before = replace(STAGED, id="u-before")
    planned = leaver_plan(
        example_state(), ADA.email, action="staged", grace_period=grace_period("staged", before, days=300)
    )
    assert "delete_user" not in {row[0] for row in changes_of(planned)}


@pytest.mark.parametrize("days", [-1, -30])
def test_negative_grace_days_are_an_error(days: int) -> None:
    message = leaver_error(example_state(), ADA.email, action="staged", grace_period=grace_period(grace_days=days))
    assert f"grace_days: {days} is not valid. The number of days" in message


def test_owner_and_api_key_user_cannot_be_staged() -> None:
    for staged in (grace_period(), grace_period("staged", replace(STAGED, id=OLIVIA.id), days=300)):
        assert "is the owner" in leaver_error(example_state(), OLIVIA.email, action="staged", grace_period=staged)
    assert "is the user whose API key is used" in leaver_error(
        example_state(own_user_id=ADA.id),
        ADA.email,
        action="staged",
        grace_period=grace_period("staged", STAGED, days=300),
    )
