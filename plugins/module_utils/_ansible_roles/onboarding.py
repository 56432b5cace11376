# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the policy of the role onboard, which removes no memberships, and list users with an open invitation. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._state.roles import CHAT_USER


def users_losing_access(plan: Iterable[Mapping[str, Any]], restored: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return the emails of the users from whom a plan of n8n_access would remove memberships and API keys, sorted.

    n8n removes memberships and API keys from a user who becomes a chat user. A user in `restored` was a chat user before and
    may become one again, if the plan removes no membership of this user. Other lower roles are intended, so they do not count.
    """
    changes = list(plan)
    losing = {change["user"] for change in changes if change["action"] == "remove_member"}
    allowed = {entry["email"] for entry in restored} - losing
    return sorted(
        {
            change["user"]
            for change in changes
            if change["action"] == "change_user_role" and change["after"] == CHAT_USER and change["user"] not in allowed
        }
    )


def pending_lines(pending: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return one line for each entry of `pending` of n8n_access."""
    return [f"pending: {entry['user']}, first invited {entry['invited_at']}" for entry in pending]
