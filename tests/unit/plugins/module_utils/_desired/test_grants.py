# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants with dates: their phases, the effective one of several, and invalid entries."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.grants import (
    ACTIVE,
    OVER,
    UPCOMING,
    Grant,
    effective_grant,
    given_by,
    read_grants,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError


def grant(**entry: Any) -> Grant:
    return read_grants({key.rstrip("_"): value for key, value in entry.items()}, "here")[0]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


DECEMBER = {"role": "editor", "from_": "2026-12-01", "until": "2026-12-31"}


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        ("2026-11-30T23:59:59", UPCOMING),
        ("2026-12-01T00:00:00", ACTIVE),
        ("2026-12-31T23:59:59", ACTIVE),
        ("2027-01-01T00:00:00", OVER),
    ],
)
def test_days_are_in_utc_and_included(now: str, phase: str) -> None:
    assert grant(**DECEMBER).phase(at(now)) == phase


def test_date_and_text_mean_the_same() -> None:
    assert grant(role="editor", from_=date(2026, 12, 1), until=date(2026, 12, 31)) == grant(**DECEMBER)


def test_instant_has_a_time_zone() -> None:
    ends = grant(role="editor", until="2026-12-01T12:00:00+02:00")
    assert ends.phase(at("2026-12-01T10:00:00")) == ACTIVE and ends.phase(at("2026-12-01T10:00:01")) == OVER
    with pytest.raises(InputError, match="without a time zone"):
        grant(role="editor", until="2026-12-01T12:00:00")


def test_absent_ignores_the_role_and_blank_dates_are_none() -> None:
    assert grant(state="absent", role="editor") == Grant(absent=True)
    assert grant(role="editor", from_="", until=None) == Grant("editor") == read_grants("editor", "here")[0]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"role": "editor", "untill": "2026-12-01"}, 'here: unknown key "untill".*until'),
        ({"role": "editor", "until": "2026-13-01"}, 'here: until: "2026-13-01" is not a date'),
        ({"role": "editor", "from": "2026-12-02", "until": "2026-12-01"}, "here: from .2026-12-02. is after until"),
        ({"until": "2026-12-01"}, "here: a membership requires a role"),
        ({"role": "editor", "state": "gone"}, 'here: state must be present or absent, but is "gone"'),
        ({"role": ["editor"]}, "here: the role must be text, but is a list"),
        ([{"role": "editor"}, {"role": ""}], r"here\[1\]: a membership requires a role"),
        (None, "here: a membership requires a role"),
        ([], "here: a membership requires a role"),
        (True, "here: the role must be text, but is true or false"),
    ],
)
def test_invalid_grant_is_an_error_that_names_its_place(entry: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_grants(entry, "here")


def test_first_grant_in_force_counts_and_an_ended_role_removes() -> None:
    first = {"role": "editor", "until": "2026-11-30"}
    denial = {"state": "absent", "until": "2026-11-30"}
    later = {"role": "admin", "from": "2027-01-01"}
    now = at("2026-12-10T00:00:00")

    def effective(*entries: Any) -> Grant | None:
        return effective_grant(read_grants(list(entries), "here"), now)

    assert effective(first, {"role": "viewer"}) == Grant("viewer")
    assert effective(later) is None and effective(denial) is None and effective(denial, later) is None
    ended = effective(later, first)
    assert ended is not None and ended.role == "editor" and ended.phase(now) == OVER


@pytest.mark.parametrize(
    "entry", ["editor", {"role": "editor", "from": "2026-12-01", "granted_by": "sales"}, {"state": "absent"}]
)
def test_entry_is_read_again_as_the_same_grant(entry: Any) -> None:
    (read,) = read_grants(entry, "here")
    assert read.to_entry() == entry and read_grants(read.to_entry(), "here") == (read,)


def test_grants_overlap_if_a_moment_belongs_to_both() -> None:
    november = grant(role="editor", until="2026-11-30")
    assert not november.overlaps(grant(**DECEMBER)) and not grant(**DECEMBER).overlaps(november)
    assert grant(**DECEMBER).overlaps(grant(role="viewer", from_="2026-12-31")) and november.overlaps(Grant("viewer"))


def test_origin_of_a_grant_is_a_rule_or_an_exception() -> None:
    assert given_by("sales") == 'by rule "sales"' and given_by("exception: audit") == "by exception: audit"
