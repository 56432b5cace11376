# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse and format dates and times in UTC. PURE: this file does not read the clock."""

from __future__ import annotations

from datetime import datetime, timezone

from .._errors import InputError


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


def utc(when: datetime) -> str:
    """Return a moment as text, in UTC, with a precision of one second."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
