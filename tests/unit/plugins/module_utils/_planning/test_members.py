# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the plan for one member: role, removal, and the last admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import INVITE, ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    GRACE,
    LINUS,
    SUPPORT,
    example_state,
    member,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import Row, changes_of, plan_member


@pytest.mark.parametrize(
    ("user", "role", "expected"),
    [
        ("grace@example.com", "editor", [("add_member", "grace@example.com", "Sales", None, "project:editor")]),
        ("linus@example.com", "viewer", []),
        ("linus@example.com", None, []),
        (
            "linus@example.com",
            "editor",
            [("change_member_role", "linus@example.com", "Sales", "project:viewer", "project:editor")],
        ),
        (
            "ada@example.com",
            "viewer",
            [("change_member_role", "ada@example.com", "Sales", "project:admin", "project:viewer")],
        ),
        (
            "olivia@example.com",
            "viewer",
            [("change_member_role", "olivia@example.com", "Sales", "project:admin", "project:viewer")],
        ),
    ],
)
def test_present_member_is_added_or_gets_the_role(user: str, role: str | None, expected: list[Row]) -> None:
    assert changes_of(plan_member(example_state(), "Sales", user, role)) == expected


def test_absent_member_is_removed_if_found() -> None:
    removal = [("remove_member", "linus@example.com", "Sales", "project:viewer", None)]
    assert changes_of(plan_member(example_state(), "p-sales", "u-linus", None, present=False)) == removal
    for project, user in (
        ("Sales", "grace@example.com"),
        ("Missing", "ada@example.com"),
        ("Sales", "nobody@example.com"),
    ):
        assert changes_of(plan_member(example_state(), project, user, None, present=False)) == []


@pytest.mark.parametrize(
    ("project", "user", "role", "message"),
    [
        ("Missing", "ada@example.com", "viewer", '^Project "Missing" does not exist. Create it'),
        ("Sales", "nobody@example.com", "viewer", '^User "nobody@example.com" does not exist. Invite'),
        ("Team", "ada@example.com", "viewer", 'Project "Team" exists 2 times'),
        ("Sales", "grace@example.com", None, "role is required to add user"),
        ("Sales", "grace@example.com", "boss", 'role: unknown or unassignable role "boss"'),
    ],
)
def test_member_that_cannot_be_added_is_an_error(project: str, user: str, role: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_member(example_state(), project, user, role)


@pytest.mark.parametrize(("role", "present"), [("editor", True), (None, False)])
def test_last_admin_is_kept_without_allow_no_admin(role: str | None, present: bool) -> None:
    with pytest.raises(InputError, match="grace@example.com is its last project:admin. Make another user"):
        plan_member(example_state(), "Support", "grace@example.com", role, present)
    assert (
        len(
            changes_of(plan_member(example_state(), "Support", "grace@example.com", role, present, allow_no_admin=True))
        )
        == 1
    )


def test_similar_project_name_is_suggested() -> None:
    with pytest.raises(InputError, match='Project "SUPORT " does not exist. Did you mean "Support"?'):
        plan_member(example_state(), "SUPORT ", "ada@example.com", "viewer")


def test_pending_admin_counts_as_admin() -> None:
    state = example_state()
    pending = {**state.members, SUPPORT.id: (member(GRACE, "project:admin"), member(LINUS, "project:admin"))}
    assert (
        len(
            changes_of(
                plan_member(replace(state, members=pending), "Support", "grace@example.com", None, present=False)
            )
        )
        == 1
    )


def notes_about(entry: dict[str, Any], key: str = "users") -> list[str]:
    """Return the notes of the plan for a list with one entry, which removes a membership."""
    lists: dict[str, Any] = {"users": None, "projects": None, key: [entry]}
    now = datetime(2026, 11, 21, tzinfo=timezone.utc)
    desired = desired_access(lists["users"], lists["projects"], ListPolicy(), INVITE, True, False, now)
    return [note for note in plan(example_state(), desired).notes if "Did you mean" in note]


GRACE_MEANT = ["User grcae@example.com does not exist. Did you mean grace@example.com?"]
SALES_MEANT = ['Project "Slaes" does not exist. Did you mean "Sales"?']


@pytest.mark.parametrize(
    ("user", "project", "expected"),
    [
        ("grcae@example.com", "Sales", GRACE_MEANT),
        ("grace@example.com", "Slaes", SALES_MEANT),
        ("grcae@example.com", "Slaes", [*SALES_MEANT, *GRACE_MEANT]),
        ("grace@example.com", "Sales", []),
        ("nobody@example.com", "Nowhere", []),
    ],
)
def test_misspelled_absence_in_a_list_is_noted(user: str, project: str, expected: list[str]) -> None:
    absent = {"state": "absent"}
    assert notes_about({"email": user, "projects": {project: absent}}) == expected
    if project == "Sales":
        assert notes_about({"name": project, "members": {user: absent}}, "projects") == expected


@pytest.mark.parametrize(
    "grant",
    [
        {"state": "absent", "granted_by": "rule of the sales team"},
        {"role": "viewer", "until": "2020-01-01"},
        {"state": "absent", "from": "2030-01-01"},
    ],
)
def test_unknown_names_of_rules_and_of_dated_grants_are_not_noted(grant: dict[str, str]) -> None:
    assert notes_about({"email": "grcae@example.com", "projects": {"Slaes": grant}}) == []
