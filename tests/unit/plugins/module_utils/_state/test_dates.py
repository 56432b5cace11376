# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test dates of options and of the record of leavers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import moment, utc


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        (" 2026-11-21 ", "2026-11-21T00:00:00Z"),
        ("2026-11-21T09:30", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30:15", "2026-11-21T09:30:15Z"),
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:00+00:00", "2026-11-21T09:30:00Z"),
        # The date in the time zone differs from the date in UTC.
        ("2026-11-21T01:30:00+02:00", "2026-11-20T23:30:00Z"),
        ("2026-11-21T22:30:00-05:00", "2026-11-22T03:30:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z"),
    ],
)
def test_date_is_in_utc_unless_it_has_a_time_zone(text: str, found: str) -> None:
    assert utc(moment(text, "now")) == found
    assert moment(text, "now").utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-13-01", "2027-02-29", "24.12.2026", "2026-11-21T25:00", None, "0001-01-01T00:00+14:00"],
)
def test_invalid_date_is_an_error(text: object) -> None:
    with pytest.raises(InputError, match=r'now: ".*" is not a date such as 2026-11-21 or 2026-11-21T09:30:00Z\.'):
        moment(text, "now")
