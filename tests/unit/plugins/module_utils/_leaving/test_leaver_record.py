# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the record of staged leavers: its text, damaged records, entries, and the end of the grace period."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import utc

URL = "https://n8n.example.com"
SINCE = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
ADA = RecordEntry(
    "u-ada",
    "ada@example.com",
    SINCE,
    "global:member",
    (("p-1", ' Märkte "ü" ', "project:admin"), ("p-2", "Sales", "project:auditor-a1b2c3")),
)
BO = RecordEntry("u-bo", "bo@example.com", SINCE + timedelta(days=1), "global:admin")
RECORD = LeaverRecord(URL, {ADA.id: ADA, BO.id: BO})


def text_with(change: Any) -> str:
    """Return the text of the record with changed data."""
    data = json.loads(RECORD.to_text())
    return json.dumps(change(data) or data)


def error_of(text: str, url: str = URL) -> str:
    with pytest.raises(InputError) as error:
        LeaverRecord.from_text(text, url, "leavers.json")
    return str(error.value)


def test_record_is_restored_from_its_text() -> None:
    assert LeaverRecord.from_text(RECORD.to_text(), URL, "leavers.json") == RECORD
    assert LeaverRecord.from_text(LeaverRecord(URL).to_text(), URL, "leavers.json") == LeaverRecord(URL)


def test_text_is_sorted_and_has_one_block_for_each_leaver() -> None:
    text = RECORD.to_text()
    reversed_record = LeaverRecord(URL, {BO.id: BO, ADA.id: ADA})
    assert reversed_record.to_text() == text and text.endswith("}\n")
    # An additional leaver adds lines and changes no other line.
    assert set(LeaverRecord(URL, {BO.id: BO}).to_text().splitlines()) < set(text.splitlines())
    assert "Märkte" in text and '"since": "2026-11-21T09:30:00Z"' in text


def test_each_leaver_is_one_line() -> None:
    assert RECORD.lines() == [
        "staged leaver ada@example.com since 2026-11-21T09:30:00Z: global:member, "
        'project:admin of " Märkte \\"ü\\" ", project:auditor-a1b2c3 of "Sales"',
        "staged leaver bo@example.com since 2026-11-22T09:30:00Z: global:admin",
    ]


def test_truncated_text_is_damaged_at_any_length() -> None:
    text = RECORD.to_text().rstrip()
    for length in range(len(text)):
        assert "leavers.json is damaged" in error_of(text[:length]), length


CHANGES: dict[str, Any] = {
    "no format": lambda data: data.pop("format"),
    "another format": lambda data: data.update(format=2),
    "no url": lambda data: data.pop("url"),
    "blank url": lambda data: data.update(url=""),
    "no leavers": lambda data: data.pop("leavers"),
    "leavers are null": lambda data: data.update(leavers=None),
    "leavers are an empty dictionary": lambda data: data.update(leavers={}),
    "leavers are empty text": lambda data: data.update(leavers=""),
    "leavers are a dictionary": lambda data: data.update(leavers={"u-ada": {}}),
    "leaver is null": lambda data: data["leavers"].append(None),
    "leaver is text": lambda data: data["leavers"].append("ada@example.com"),
    "record is a list": lambda data: [data],
    "no id": lambda data: data["leavers"][0].pop("id"),
    "blank id": lambda data: data["leavers"][0].update(id=""),
    "id is null": lambda data: data["leavers"][0].update(id=None),
    "no email": lambda data: data["leavers"][0].pop("email"),
    "blank email": lambda data: data["leavers"][0].update(email=" "),
    "email is a number": lambda data: data["leavers"][0].update(email=1),
    "no since": lambda data: data["leavers"][0].pop("since"),
    "since is not a date": lambda data: data["leavers"][0].update(since="yesterday"),
    "since does not exist": lambda data: data["leavers"][0].update(since="2026-02-30"),
    "since is null": lambda data: data["leavers"][0].update(since=None),
    "since is before the first date": lambda data: data["leavers"][0].update(since="0001-01-01T00:00:00+14:00"),
    "since is a number": lambda data: data["leavers"][0].update(since=5),
    "no role": lambda data: data["leavers"][0].pop("role"),
    "role is a list": lambda data: data["leavers"][0].update(role=["global:member"]),
    "no memberships": lambda data: data["leavers"][0].pop("memberships"),
    "memberships are null": lambda data: data["leavers"][0].update(memberships=None),
    "memberships are a dictionary": lambda data: data["leavers"][0].update(memberships={}),
    "memberships are text": lambda data: data["leavers"][0].update(memberships=""),
    "membership without role": lambda data: data["leavers"][0]["memberships"][0].pop("role"),
    "membership is null": lambda data: data["leavers"][0]["memberships"].append(None),
    "membership is text": lambda data: data["leavers"][0]["memberships"].append("Sales"),
    "stagings are 0": lambda data: data["leavers"][0].update(stagings=0),
    "stagings are text": lambda data: data["leavers"][0].update(stagings="2"),
    "stagings are true": lambda data: data["leavers"][0].update(stagings=True),
    "deleted is text": lambda data: data["leavers"][0].update(deleted="true"),
    "deleted is a number": lambda data: data["leavers"][0].update(deleted=1),
    "deleted is null": lambda data: data["leavers"][0].update(deleted=None),
    "leaver is listed twice": lambda data: data["leavers"].append(data["leavers"][0]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_damaged_record_is_an_error_with_a_remedy(change: Any) -> None:
    message = error_of(text_with(change))
    assert "The record leavers.json is damaged: " in message
    assert "Restore the last" in message and "Traceback" not in message


def test_error_about_deleted_names_the_value() -> None:
    message = error_of(text_with(lambda data: data["leavers"][0].update(deleted="yes")))
    assert 'leavers.json is damaged: deleted is "yes", and not true or false.' in message


@pytest.mark.parametrize("is_deleted", [True, False])
def test_deleted_may_be_true_or_false(is_deleted: bool) -> None:
    record = LeaverRecord.from_text(
        text_with(lambda data: data["leavers"][0].update(deleted=is_deleted)), URL, "leavers.json"
    )
    assert record.leavers[ADA.id].is_deleted is is_deleted


def test_emails_of_the_record_are_compared_in_lower_case() -> None:
    text = text_with(lambda data: data["leavers"][0].update(email=" Ada@Example.com", deleted=True))
    record = LeaverRecord.from_text(text, URL, "leavers.json")
    assert record.leavers[ADA.id].email == ADA.email
    assert record.of_email(ADA.email) == replace(ADA, is_deleted=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        '"text"',
        "not JSON",
        "\ufeff" + RECORD.to_text(),
        RECORD.to_text() + RECORD.to_text(),
        # The markers of a merge conflict.
        RECORD.to_text().replace('  "leavers"', '<<<<<<< HEAD\n  "leavers"'),
    ],
)
def test_text_that_is_not_a_record_is_damaged(text: str) -> None:
    assert "The record leavers.json is damaged: " in error_of(text)


def test_record_of_another_server_is_an_error() -> None:
    message = error_of(RECORD.to_text(), "https://other.example.com")
    assert message == (
        f"The record leavers.json belongs to {URL}, but this n8n is https://other.example.com. Use a separate record for each n8n server."
    )


def test_new_entry_replaces_the_entry_of_the_same_user() -> None:
    later = RecordEntry(ADA.id, "ada@new.example.com", SINCE + timedelta(days=9), "global:chatUser")
    assert RECORD.adding([later]) == LeaverRecord(URL, {ADA.id: later, BO.id: BO})
    assert LeaverRecord(URL).adding([BO, ADA]) == RECORD
    assert RECORD.adding([]) == RECORD


def test_entries_are_removed_by_id() -> None:
    assert RECORD.without([ADA.id, "u-nobody"]) == LeaverRecord(URL, {BO.id: BO})
    assert RECORD.without([]) == RECORD


def test_grace_days_are_days_of_24_hours() -> None:
    assert utc(ADA.due(30)) == "2026-12-21T09:30:00Z"
    assert ADA.due(0) == SINCE
    # The latest possible date.
    assert utc(ADA.due(10**9)) == "9999-12-31T23:59:59Z"
    # Daylight saving time of the local time zone has no effect.
    assert ADA.due(200) - SINCE == timedelta(hours=200 * 24)


def test_entry_that_another_task_wrote_anew_is_not_removed() -> None:
    """The new entry has the same time and the same access."""
    anew = RECORD.adding([replace(ADA, stagings=2)])
    assert LeaverRecord.from_text(anew.to_text(), URL, "leavers.json") == anew
    assert anew.merged(RECORD, RECORD.without([ADA.id, BO.id])) == anew.without([BO.id])
    assert RECORD.merged(RECORD, RECORD.without([ADA.id])) == RECORD.without([ADA.id])


def test_equal_entries_of_two_tasks_become_an_entry_that_differs_from_both() -> None:
    """A third task that has read the first entry, and removes it, does not remove the second one."""
    both = RECORD.merged(LeaverRecord(URL), RECORD)
    assert both.leavers[ADA.id] == replace(ADA, stagings=2)
    assert both.merged(RECORD, LeaverRecord(URL)) == both
