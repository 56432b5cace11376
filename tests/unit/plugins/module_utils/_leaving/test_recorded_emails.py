# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test how the emails in the record of leavers find accounts that have other emails now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    changed_email_notes,
    find_leavers,
    leaver_request,
    with_recorded_emails,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    URL,
    example_state,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.leaver_plans import STAGED, grace_period

FORMER = "ada@old.example.com"
ENTRY = replace(STAGED, email=FORMER)
ENTRIES = {ENTRY.id: ENTRY}


def test_present_email_has_precedence_over_the_record() -> None:
    entries = {ENTRY.id: replace(ENTRY, email=GRACE.email)}
    (leaver,) = find_leavers(example_state(), [GRACE.email], entries)
    assert leaver.user == GRACE
    (note,) = changed_email_notes(example_state(), entries, [(GRACE.email, GRACE)])
    assert note.startswith(f"{GRACE.email}: ") and note.endswith(f"also name {ADA.email}.")


def test_entry_without_an_account_finds_no_user() -> None:
    entries = {"u-gone": replace(ENTRY, id="u-gone")}
    (leaver,) = find_leavers(example_state(), [FORMER], entries)
    assert leaver.user is None and changed_email_notes(example_state(), entries, [(FORMER, None)]) == []


def test_entry_of_an_interrupted_deletion_finds_the_account() -> None:
    (leaver,) = find_leavers(example_state(), [FORMER], {ENTRY.id: replace(ENTRY, is_deleted=True)})
    assert leaver.user == ADA


def test_last_of_two_entries_with_one_email_is_meant_and_the_other_one_is_noted() -> None:
    later = replace(ENTRY, id=LINUS.id, since=ENTRY.since + timedelta(days=1))
    entries = {**ENTRIES, later.id: later}
    (leaver,) = find_leavers(example_state(), [FORMER], entries)
    assert leaver.user == LINUS
    notes = changed_email_notes(example_state(), entries, [(FORMER, LINUS)])
    assert [LINUS.email in notes[0], ADA.email in notes[1], len(notes)] == [True, True, 2]


def test_account_with_the_recorded_email_is_not_noted() -> None:
    entries = {STAGED.id: STAGED}
    assert changed_email_notes(example_state(), entries, [(ADA.email, ADA), (GRACE.email, GRACE)]) == []


def test_resources_of_the_account_of_an_entry_are_read() -> None:
    for options in (
        LeaverOptions("delete", record=LeaverRecord(URL, ENTRIES)),
        LeaverOptions("staged", grace_period=grace_period("staged", ENTRY)),
    ):
        assert leaver_request([FORMER], options).users == (FORMER, ADA.id)
        assert leaver_request([GRACE.email], options).users == (GRACE.email,)


def test_entry_keeps_the_email_that_the_task_names() -> None:
    recorded = LeaverRecord(URL, ENTRIES)
    record = recorded.adding([replace(ENTRY, email=ADA.email)])
    assert with_recorded_emails(record, recorded, example_state(), [FORMER]) == recorded
    assert with_recorded_emails(record, recorded, example_state(), [ADA.email]) == record
    # Another account has the recorded email now.
    other = LeaverRecord(URL, {ENTRY.id: replace(ENTRY, email=GRACE.email)})
    assert with_recorded_emails(record, other, example_state(), [GRACE.email]) == record
