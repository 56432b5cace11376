# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the list of pending users, which the result of n8n_access contains."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.list_results import pending_users
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State, User


def user(name: str, pending: bool = True, created: str | None = "2026-11-01T02:03:04.567Z", **more: str) -> User:
    return User(f"{name}-id", f"{name}@example.com", "global:member", is_pending=pending, created_at=created, **more)


def test_pending_users_are_the_listed_ones_sorted_by_email() -> None:
    state = State(
        "https://n8n.example.com",
        users=(
            user("di"),
            user("ada"),
            user("bo", pending=False),
            # A user who signed in by single sign-on has a name and no password.
            user("cy", first_name="Cy"),
            user("eve"),
            user("ignored"),
            user("unlisted"),
        ),
    )
    listed = [{"email": f"{name}@example.com"} for name in ("new", "di", "bo", "cy", "ignored")]
    members = {"eve-id": "viewer", "ADA@example.com": "viewer", "di@example.com": "viewer"}
    desired = desired_access(listed, [{"name": "Sales", "members": members}], ListPolicy(ignored=("ignored@*",)))
    assert pending_users(state, desired) == [
        {"user": f"{name}@example.com", "user_id": f"{name}-id", "invited_at": "2026-11-01T02:03:04Z"}
        for name in ("ada", "di", "eve")
    ]


@pytest.mark.parametrize(
    ("created", "invited_at"),
    [
        ("2026-11-01T02:03:04.567Z", "2026-11-01T02:03:04Z"),
        ("2026-11-01T02:03:04Z", "2026-11-01T02:03:04Z"),
        ("2026-11-01T02:03:04.567+02:00", "2026-11-01T00:03:04Z"),
        ("invalid date", "invalid date"),
        (None, None),
    ],
)
def test_time_of_the_first_invitation_is_in_utc(created: str | None, invited_at: str | None) -> None:
    state = State("https://n8n.example.com", users=(user("ada", created=created),))
    (entry,) = pending_users(state, desired_access([{"email": "ada@example.com"}]))
    assert entry["invited_at"] == invited_at
