# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse and format dates and times in UTC. PURE: this file does not read the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timezone

from .._errors import InputError

# The time of a caller that has no dates: each grant with an end is over.
LATEST = datetime.max.replace(tzinfo=timezone.utc)


def moment(text: object, what: str) -> datetime:
    """Return the moment that a date, or a date and time, means; raises InputError for any other text.

    A text without a time zone is in UTC.
    """
    written = str(text).strip()
    try:
        # Python before 3.11 does not accept the suffix Z.
        found = datetime.fromisoformat(written[:-1] + "+00:00" if written.endswith("Z") else written)
        return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)
    except (OverflowError, ValueError):
        raise InputError(f'{what}: "{text}" is not a date such as 2026-11-21 or 2026-11-21T09:30:00Z.') from None


@dataclass(frozen=True)
class Bound:
    """The first or the last moment of a grant, and the day or instant as it is shown (`text`). Both are included."""

    when: datetime
    text: str


def first_moment(value: object, source: str) -> Bound:
    """Return the begin of a grant: a day in UTC, or an instant with a time zone; raises InputError for anything else.

    YAML makes a date of a text without quotes. Both forms mean the same.
    """
    return _bound(value, source, time.min)


def last_moment(value: object, source: str) -> Bound:
    """Return the end of a grant, in the same forms as `first_moment`. A day is included as a whole."""
    return _bound(value, source, time.max)


def _bound(value: object, source: str, of_day: time) -> Bound:
    if isinstance(value, date) and not isinstance(value, datetime):
        return Bound(datetime.combine(value, of_day, timezone.utc), value.isoformat())
    text = value.isoformat() if isinstance(value, datetime) else str(value).strip() if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return _bound(date.fromisoformat(text), source, of_day)
        except ValueError:
            pass
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ *(Z|[+-][0-9:]+)", text):
        when = moment(text.replace(" ", "" if "T" in text else "T", 1).replace(" ", ""), source)
        return Bound(when, utc(when))
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+", text):
        raise InputError(
            f'{source}: "{text}" has a time without a time zone. Add Z for UTC, as in {text.replace(" ", "T")}Z.'
        )
    raise InputError(
        f'{source}: "{value}" is not a date. Use a day such as 2026-12-01, or an instant such as 2026-12-01T09:30:00Z.'
    )


def rehearsal_warning(when: datetime) -> str:
    """Return the warning that the option `now` sets another time than the present one."""
    return f"now={utc(when)}: this run acts as if this were the present time."


def utc(when: datetime) -> str:
    """Return a moment as text, in UTC, with a precision of one second."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
