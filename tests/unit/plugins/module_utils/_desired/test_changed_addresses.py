# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of listed users under a previous email."""

from __future__ import annotations

from typing import Any

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.changed_addresses import with_present_accounts
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DesiredState, ListPolicy
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    example_state,
)

NEW = "new@example.com"


def changed(email: str, *previous: str, **policy: Any) -> tuple[DesiredState, list[dict[str, Any]]]:
    users = [{"email": email, "previous_emails": list(previous), "projects": {"Sales": "viewer"}}]
    return with_present_accounts(example_state(), desired_access(users, policy=ListPolicy(**policy)))


def test_account_with_a_previous_email_is_that_of_the_user() -> None:
    desired, changes = changed(NEW, "other@example.com", ADA.email)
    assert [(user.user, user.listed_email) for user in desired.users] == [(ADA.email, NEW)]
    assert [member.user for member in desired.members] == [ADA.email] and not desired.moved_accounts
    assert [(change["user"], change["account"], change["user_id"]) for change in changes] == [(NEW, ADA.email, ADA.id)]


def test_two_accounts_of_one_user_stay_apart_and_resources_go_to_the_new_one() -> None:
    desired, changes = changed(GRACE.email, ADA.email)
    assert desired.users[0].user == GRACE.email and desired.moved_accounts == {ADA.id: GRACE.email}
    assert changes[0]["remedy"].startswith("Both accounts exist.")


def test_several_accounts_with_previous_emails_are_only_reported() -> None:
    desired, changes = changed(NEW, LINUS.email, ADA.email)
    assert desired.users[0].user == NEW and not desired.moved_accounts
    assert [change["account"] for change in changes] == [ADA.email, LINUS.email]


def test_accounts_that_are_left_alone_are_only_reported() -> None:
    for previous, policy in (
        (OLIVIA.email, {}),
        (ADA.email, {"protected": ("ada@*",)}),
        (ADA.email, {"ignored": ("ada@*",)}),
    ):
        desired, changes = changed(NEW, previous, **policy)
        assert desired.users[0].user == NEW and changes[0]["remedy"].startswith("This account is not managed.")


def test_previous_email_without_an_account_changes_nothing() -> None:
    desired, changes = changed(ADA.email, "other@example.com")
    assert desired.users[0].user == ADA.email and desired.users[0].listed_email == "" and changes == []
