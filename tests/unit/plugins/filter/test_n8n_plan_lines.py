# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter n8n_plan_lines: readable lines of a plan, and an error for other input."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_plan_lines import FilterModule, n8n_plan_lines


def test_plan_is_returned_as_sentences() -> None:
    change = {"action": "rename_project", "project": "A", "before": "A", "after": "B", "reason": "has another name"}
    assert n8n_plan_lines([change]) == ['rename project "A" to "B" (has another name)']
    assert n8n_plan_lines([]) == ["No changes are needed."]
    assert FilterModule().filters() == {"n8n_plan_lines": n8n_plan_lines}


def test_pending_users_follow_the_plan() -> None:
    pending = [{"user": "ada@example.com", "user_id": "u-1", "invited_at": "2026-01-31T00:00:00Z"}]
    line = "pending: ada@example.com, first invited 2026-01-31T00:00:00Z"
    assert n8n_plan_lines([], pending) == ["No changes are needed.", line]
    assert n8n_plan_lines([], []) == n8n_plan_lines([])


@pytest.mark.parametrize("pending", ["text", 7, [{}], [1]])
def test_invalid_pending_users_are_refused(pending: object) -> None:
    with pytest.raises(
        AnsibleFilterError, match="pending of n8n_plan_lines must be the pending that n8n_access returned"
    ):
        n8n_plan_lines([], pending)


@pytest.mark.parametrize(
    "plan", ["a plan", None, {"action": "add_member"}, [1], [{"action": "dance", "reason": ""}], [{"reason": ""}]]
)
def test_value_that_is_not_a_plan_is_refused(plan: object) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_plan_lines needs the plan"):
        n8n_plan_lines(plan)


def test_unknown_action_is_named_as_unknown() -> None:
    with pytest.raises(AnsibleFilterError) as error:
        n8n_plan_lines([{"action": "fly", "reason": ""}])
    assert str(error.value).endswith('One change has the unknown action "fly".')


def test_error_has_no_cause_whose_text_would_be_repeated() -> None:
    with pytest.raises(AnsibleFilterError) as error:
        n8n_plan_lines([{"reason": ""}])
    assert error.value.__cause__ is None and error.value.__suppress_context__


def test_leavers_who_are_not_users_follow_the_plan() -> None:
    users = [{"email": "ada@example.com", "found": True}, {"email": "bo@example.com", "found": False}]
    assert n8n_plan_lines([], users=users) == ["No changes are needed.", "bo@example.com is not a user of n8n"]


def test_similar_email_follows_a_leaver_who_is_not_a_user() -> None:
    users = [{"email": "bo@example.com", "found": False, "similar": "bob@example.com"}]
    assert n8n_plan_lines([], users=users)[1:] == ["bo@example.com is not a user of n8n. Did you mean bob@example.com?"]


def test_people_without_an_account_follow_the_plan() -> None:
    assert n8n_plan_lines([], missing_users=["ada@example.com"])[1:] == ["waiting: ada@example.com has no account yet"]


@pytest.mark.parametrize("missing_users", ["text", 7, [{}], None])
def test_invalid_people_without_an_account_are_refused(missing_users: object) -> None:
    with pytest.raises(AnsibleFilterError, match="missing_users of n8n_plan_lines must be"):
        n8n_plan_lines([], missing_users=missing_users)


@pytest.mark.parametrize("users", ["text", 7, [{}], [1]])
def test_invalid_users_are_refused(users: object) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_plan_lines needs as users what n8n_offboard returned"):
        n8n_plan_lines([], users=users)
