# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the lists in the result of n8n_access: pending users, unmatched users, and upcoming grants."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.list_results import (
    pending_users,
    unmatched_users,
    upcoming_grants,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User


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


def test_unmatched_users_are_listed_with_the_access_after_the_run() -> None:
    state = State(
        "https://n8n.example.com",
        users=(user("ada", pending=False), user("bo", pending=False)),
        projects=(Project("p-sales", "Sales"),),
        members={"p-sales": (Member("ada-id", "ada@example.com", "project:viewer"),)},
    )
    entries = [{"email": f"{name}@example.com", "status": "unmatched"} for name in ("new", "ada")]
    desired = desired_access([*entries, {"email": "bo@example.com", "status": "present"}])
    assert unmatched_users(desired, state) == [
        {
            "user": "ada@example.com",
            "user_id": "ada-id",
            "role": "global:member",
            "memberships": [{"id": "p-sales", "name": "Sales", "role": "project:viewer"}],
        }
    ]


NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)


def upcoming(grant: object, days: int = 14, **policy: Any) -> list[dict[str, Any]]:
    users = [{"email": "ada@example.com", "projects": {"Sales": grant}}]
    return upcoming_grants(desired_access(users, policy=ListPolicy(**policy), now=NOW), NOW, days, State(""))


@pytest.mark.parametrize(
    ("dates", "is_listed"),
    [
        ({"from": "2026-12-02"}, True),
        ({"until": "2026-12-01"}, True),
        ({"from": "2026-12-15"}, True),
        ({"from": "2026-12-16"}, False),
        ({"from": "2026-12-01"}, False),
        ({"until": "2026-11-30"}, False),
        ({"until": "2026-12-14"}, True),
        ({"until": "2026-12-15"}, False),
        ({}, False),
    ],
)
def test_grants_that_begin_or_end_within_the_days_are_upcoming(dates: dict[str, str], is_listed: bool) -> None:
    """The first day is included from its begin, and the last one until its end."""
    expected = {
        "user": "ada@example.com",
        "project": "Sales",
        "role": "viewer",
        "begins": dates.get("from"),
        "ends": dates.get("until"),
    }
    assert upcoming({"role": "viewer", **dates}) == ([expected] if is_listed else [])


def test_denials_and_grants_of_ignored_users_are_not_upcoming() -> None:
    assert upcoming({"state": "absent", "until": "2026-12-02"}) == []
    assert upcoming({"role": "viewer", "until": "2026-12-02"}, ignored=("ada@*",)) == []


def test_number_of_days_may_be_large_but_not_negative() -> None:
    assert len(upcoming({"role": "viewer", "until": "2126-01-01"}, 10**9)) == 1
    with pytest.raises(InputError, match="upcoming_days: -1 is not valid"):
        upcoming("viewer", -1)
