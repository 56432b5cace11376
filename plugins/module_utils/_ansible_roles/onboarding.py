# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the policy of the role onboard, which removes only memberships that the list ends by name, and list users. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._state.roles import CHAT_USER


def users_losing_access(plan: Iterable[Mapping[str, Any]], restored: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return the emails of the users from whom a plan of n8n_access would remove unnamed memberships and API keys, sorted.

    Without an authoritative list, any other removal is one that the list names: a grant that ended, or state: absent.
    n8n removes memberships and API keys from a user who becomes a chat user. A user in `restored` was a chat user before
    and may become one again, if the plan removes no membership of this user. Other lower roles are intended, so they do
    not count.
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


def missing_lines(emails: Iterable[str]) -> list[str]:
    """Return one line for each person in `missing_users` of n8n_access."""
    return [f"waiting: {email} has no account yet" for email in emails]


def unknown_lines(users: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return one line for each entry of `users` of n8n_offboard who does not exist, with a similar email."""
    return [
        f"{user['email']} is not a user of n8n" + (f". Did you mean {user['similar']}?" if user.get("similar") else "")
        for user in users
        if not user["found"]
    ]


def pending_lines(pending: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return one line for each entry of `pending` of n8n_access."""
    return [f"pending: {entry['user']}, first invited {entry['invited_at']}" for entry in pending]
