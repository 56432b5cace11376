# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of users with grants, statuses and previous emails: the reason of an invitation, and contradictions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DesiredMember, ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.protection import Protection
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError

NOW = datetime(2026, 12, 10, tzinfo=timezone.utc)
ADA, BO = "ada@example.com", "bo@example.com"
ENDED = {"role": "viewer", "until": "2026-12-09"}
LATER = {"role": "viewer", "from": "2026-12-11"}
ABSENT = {"state": "absent"}


@pytest.mark.parametrize(
    ("entry", "gives"),
    [
        ({}, True),
        ({"projects": {}}, True),
        ({"projects": {"A": "viewer"}}, True),
        ({"projects": {"A": ENDED, "B": "viewer"}}, True),
        ({"projects": {"A": ENDED}}, False),
        ({"projects": {"A": LATER, "B": ABSENT}}, False),
        ({"projects": {"A": LATER}, "role": "member"}, True),
        ({"projects": {"A": LATER}, "highest_role": "member"}, False),
        ({"projects": {"A": "viewer"}, "status": "present"}, True),
        ({"projects": {"A": "viewer"}, "status": "unmatched"}, False),
        ({"status": "leaver", "role": "member"}, False),
    ],
)
def test_entry_is_a_reason_for_an_invitation_if_it_gives_something_now(entry: dict[str, Any], gives: bool) -> None:
    (user,) = desired_access([{"email": ADA, **entry}], now=NOW).users
    assert user.gives_access == gives


def member(grant: object, **granted_by: Any) -> DesiredMember:
    users = [{"email": ADA, "projects": {"A": grant}, "granted_by": granted_by}]
    return desired_access(users, now=NOW).members[0]


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (ENDED, 'the grant ended on 2026-12-09, by rule "sales"'),
        (ABSENT, 'is denied by rule "sales"'),
        ({**ABSENT, "granted_by": "exception: audit"}, "is denied by exception: audit"),
        ([LATER, {**ENDED, "granted_by": "exception"}], "the grant ended on 2026-12-09, by exception"),
    ],
)
def test_reason_of_a_removal_names_the_date_and_the_rule(grant: object, reason: str) -> None:
    read = member(grant, projects={"A": "sales"})
    assert not read.present and not read.is_upcoming and read.reason == reason


def test_grant_that_begins_later_says_nothing() -> None:
    assert member(LATER).is_upcoming and not member(LATER).present


def test_denial_without_a_rule_is_listed() -> None:
    assert member(ABSENT).reason == "is listed with state: absent"


def test_ended_grant_does_not_contradict_a_present_one() -> None:
    users = [{"email": ADA, "projects": {"A": ENDED}}]
    desired = desired_access(users, [{"name": "A", "members": {ADA: "editor"}}], now=NOW)
    assert [(one.role, one.ended) for one in desired.members] == [("editor", ""), (None, ENDED["until"])]


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ([{"email": ADA, "previous_emails": [BO]}, {"email": BO}], f"{BO} is the email of .*previous_emails of {ADA}"),
        (
            [{"email": ADA, "previous_emails": ["x@example.com"]}, {"email": BO, "previous_emails": ["X@example.com"]}],
            f"x@example.com is in previous_emails of both {ADA} and {BO}",
        ),
        ([{"email": ADA, "previous_emails": ["nobody"]}], "previous_emails.*nobody"),
    ],
)
def test_address_of_two_people_is_an_error(users: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        desired_access(users)


def test_own_email_is_no_previous_email() -> None:
    (user,) = desired_access([{"email": ADA, "previous_emails": [ADA.upper(), BO, BO]}]).users
    assert user.previous_emails == (BO,)


@pytest.mark.parametrize(
    "lists", [([{"email": ADA, "projects": {"Locked in": LATER}}], None), (None, [{"name": "LOCKED"}])]
)
def test_ignored_project_in_a_list_is_an_error(lists: Any) -> None:
    policy = ListPolicy(ignored_projects=("Lock*", "LOCK*"))
    with pytest.raises(InputError, match="matches ignored_projects, so the list cannot manage it"):
        desired_access(*lists, policy=policy, now=NOW)


@pytest.mark.parametrize(
    ("name", "is_ignored"),
    [
        ("Locked", True),
        ("locked", False),
        ("Unlocked", False),
        ("Cafe\u0301", True),
        ("Caf\u00e9", True),
        ("Team 7", True),
    ],
)
def test_patterns_of_projects_are_compared_in_nfc_with_case(name: str, is_ignored: bool) -> None:
    protection = Protection(ListPolicy(ignored_projects=("Lock*", "Caf\u00e9", "Team [0-9]")))
    assert protection.ignores_project(name) == is_ignored
