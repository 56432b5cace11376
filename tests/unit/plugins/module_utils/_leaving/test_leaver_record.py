# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of staged leavers: what it keeps comes back, and whatever is wrong with it deletes nobody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import moment, utc

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


def damaged(change: Any) -> str:
    """Return the text of the record, its data changed."""
    data = json.loads(RECORD.to_text())
    return json.dumps(change(data) or data)


def refusal(text: str, url: str = URL) -> str:
    with pytest.raises(InputError) as refused:
        LeaverRecord.from_text(text, url, "leavers.json")
    return str(refused.value)


def test_what_is_kept_comes_back() -> None:
    assert LeaverRecord.from_text(RECORD.to_text(), URL, "leavers.json") == RECORD
    assert LeaverRecord.from_text(LeaverRecord(URL).to_text(), URL, "leavers.json") == LeaverRecord(URL)


def test_the_text_can_live_in_version_control() -> None:
    text = RECORD.to_text()
    other_way_round = LeaverRecord(URL, {BO.id: BO, ADA.id: ADA})
    assert other_way_round.to_text() == text and text.endswith("}\n")
    # Leaving is one block more, and the rest stays as it is, line by line.
    assert set(LeaverRecord(URL, {BO.id: BO}).to_text().splitlines()) < set(text.splitlines())
    assert "Märkte" in text and '"since": "2026-11-21T09:30:00Z"' in text


def test_a_person_reads_a_line_for_each() -> None:
    assert RECORD.lines() == [
        "staged leaver ada@example.com since 2026-11-21T09:30:00Z: global:member, "
        'project:admin of " Märkte \\"ü\\" ", project:auditor-a1b2c3 of "Sales"',
        "staged leaver bo@example.com since 2026-11-22T09:30:00Z: global:admin",
    ]


def test_a_file_that_is_cut_short_anywhere_is_damaged() -> None:
    text = RECORD.to_text().rstrip()
    for length in range(len(text)):
        assert "leavers.json is damaged" in refusal(text[:length]), length


CHANGES: dict[str, Any] = {
    "no format": lambda data: data.pop("format"),
    "another format": lambda data: data.update(format=2),
    "no url": lambda data: data.pop("url"),
    "a blank url": lambda data: data.update(url=""),
    "no leavers": lambda data: data.pop("leavers"),
    "leavers of nothing": lambda data: data.update(leavers=None),
    "leavers as an empty dictionary": lambda data: data.update(leavers={}),
    "leavers as an empty text": lambda data: data.update(leavers=""),
    "leavers as a dictionary": lambda data: data.update(leavers={"u-ada": {}}),
    "a leaver of nothing": lambda data: data["leavers"].append(None),
    "a leaver as a text": lambda data: data["leavers"].append("ada@example.com"),
    "a list": lambda data: [data],
    "no id": lambda data: data["leavers"][0].pop("id"),
    "a blank id": lambda data: data["leavers"][0].update(id=""),
    "an id of nothing": lambda data: data["leavers"][0].update(id=None),
    "no email": lambda data: data["leavers"][0].pop("email"),
    "an email as a number": lambda data: data["leavers"][0].update(email=1),
    "no since": lambda data: data["leavers"][0].pop("since"),
    "a since that is not a date": lambda data: data["leavers"][0].update(since="yesterday"),
    "a since that does not exist": lambda data: data["leavers"][0].update(since="2026-02-30"),
    "a since of nothing": lambda data: data["leavers"][0].update(since=None),
    "a since before all time": lambda data: data["leavers"][0].update(since="0001-01-01T00:00:00+14:00"),
    "a since as a number": lambda data: data["leavers"][0].update(since=5),
    "no role": lambda data: data["leavers"][0].pop("role"),
    "a role as a list": lambda data: data["leavers"][0].update(role=["global:member"]),
    "no memberships": lambda data: data["leavers"][0].pop("memberships"),
    "memberships of nothing": lambda data: data["leavers"][0].update(memberships=None),
    "memberships as a dictionary": lambda data: data["leavers"][0].update(memberships={}),
    "memberships as a text": lambda data: data["leavers"][0].update(memberships=""),
    "a membership without a role": lambda data: data["leavers"][0]["memberships"][0].pop("role"),
    "a membership of nothing": lambda data: data["leavers"][0]["memberships"].append(None),
    "a membership as a text": lambda data: data["leavers"][0]["memberships"].append("Sales"),
    "twice the same": lambda data: data["leavers"].append(data["leavers"][0]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_wrong_with_it_is_said_and_deletes_nobody(change: Any) -> None:
    said = refusal(damaged(change))
    assert "The record leavers.json is damaged: " in said
    assert "Restore the last" in said and "Traceback" not in said


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
        # What a merge leaves behind.
        RECORD.to_text().replace('  "leavers"', '<<<<<<< HEAD\n  "leavers"'),
    ],
)
def test_what_is_no_record_is_damaged(text: str) -> None:
    assert "The record leavers.json is damaged: " in refusal(text)


def test_the_record_of_another_n8n_is_refused() -> None:
    said = refusal(RECORD.to_text(), "https://other.example.com")
    assert said == (
        f"The record leavers.json belongs to {URL}, but this n8n is https://other.example.com. Use one record for each n8n."
    )


def test_who_begins_anew_is_in_it_once() -> None:
    later = RecordEntry(ADA.id, "ada@new.example.com", SINCE + timedelta(days=9), "global:chatUser")
    assert RECORD.adding([later]) == LeaverRecord(URL, {ADA.id: later, BO.id: BO})
    assert LeaverRecord(URL).adding([BO, ADA]) == RECORD
    assert RECORD.adding([]) == RECORD


def test_who_is_through_is_taken_out() -> None:
    assert RECORD.without([ADA.id, "u-nobody"]) == LeaverRecord(URL, {BO.id: BO})
    assert RECORD.without([]) == RECORD


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        (" 2026-11-21 ", "2026-11-21T00:00:00Z"),
        ("2026-11-21T09:30", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30:15", "2026-11-21T09:30:15Z"),
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:00+00:00", "2026-11-21T09:30:00Z"),
        # Another day there than in UTC.
        ("2026-11-21T01:30:00+02:00", "2026-11-20T23:30:00Z"),
        ("2026-11-21T22:30:00-05:00", "2026-11-22T03:30:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z"),
    ],
)
def test_a_moment_is_in_utc_unless_it_names_a_zone(text: str, found: str) -> None:
    assert utc(moment(text, "now")) == found
    assert moment(text, "now").utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-13-01", "2027-02-29", "24.12.2026", "2026-11-21T25:00", None, "0001-01-01T00:00+14:00"],
)
def test_what_is_no_moment_is_refused(text: object) -> None:
    with pytest.raises(InputError, match=r'now: ".*" is not a date such as 2026-11-21 or 2026-11-21T09:30:00Z\.'):
        moment(text, "now")


def test_the_days_are_whole_days_of_24_hours() -> None:
    assert utc(ADA.due(30)) == "2026-12-21T09:30:00Z"
    assert ADA.due(0) == SINCE
    # Never, in other words.
    assert utc(ADA.due(10**9)) == "9999-12-31T23:59:59Z"
    # However the zone of whoever runs it puts its clock back.
    assert ADA.due(200) - SINCE == timedelta(hours=200 * 24)
