# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listed users who have not accepted their invitations. PURE."""

from __future__ import annotations

from typing import Any

from .._desired.desired import ListPolicy, DesiredState
from .._desired.protection import Protection
from .._errors import InputError
from .._state.dates import moment, utc
from .._state.model import State


def pending_users(state: State, desired: DesiredState) -> list[dict[str, Any]]:
    """Return the listed users who exist and have not accepted their invitation, by email, as results show them."""
    protection = Protection(desired.policy or ListPolicy(), state)
    found = {}
    for entry in desired.people:
        user = state.find_user(entry.user)
        if entry.present and user is not None and user.never_signed_in and not protection.ignores(user.email):
            found[user.email] = {"user": user.email, "user_id": user.id, "invited_at": _utc(user.created_at)}
    return [found[email] for email in sorted(found)]


def _utc(text: str | None) -> str | None:
    """Return a time of n8n in UTC to the second; a text that is not a time is returned as it is."""
    try:
        return utc(moment(text, "createdAt"))
    except InputError:
        return text
