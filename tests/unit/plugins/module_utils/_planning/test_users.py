# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the plan for one user: invitation, role, and deletion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem, OwnedItems
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    PERSONAL,
    SALES,
    SUPPORT,
    example_state,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import Row, changes_of, plan_user


@pytest.mark.parametrize(
    ("user", "role", "expected"),
    [
        ("new@example.com", None, [("invite_user", "new@example.com", None, None, "global:member")]),
        ("new@example.com", "admin", [("invite_user", "new@example.com", None, None, "global:admin")]),
        ("ada@example.com", None, []),
        ("ada@example.com", "member", []),
        ("u-ada", "global:member", []),
        ("ada@example.com", "admin", [("change_user_role", "ada@example.com", None, "global:member", "global:admin")]),
        ("linus@example.com", "member", []),
        (
            "linus@example.com",
            "admin",
            [("change_user_role", "linus@example.com", None, "global:member", "global:admin")],
        ),
        ("olivia@example.com", "owner", []),
    ],
)
def test_present_user_is_invited_or_gets_the_role(user: str, role: str | None, expected: list[Row]) -> None:
    assert changes_of(plan_user(example_state(), user, role)) == expected


@pytest.mark.parametrize(
    ("user", "role", "message"),
    [
        (
            "olivia@example.com",
            "member",
            "is the owner of this n8n, whose instance role global:owner cannot be changed",
        ),
        ("ada@example.com", "owner", "cannot become global:owner"),
        ("new@example.com", "owner", "cannot be invited as global:owner"),
        ("ada@example.com", "boss", 'unknown or unassignable role "boss"'),
        ("u-nobody", None, 'User "u-nobody" does not exist'),
    ],
)
def test_role_that_cannot_be_granted_is_an_error(user: str, role: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_user(example_state(), user, role)


def test_role_of_the_api_key_user_is_not_changed() -> None:
    with pytest.raises(InputError, match="ada@example.com is the user whose API key is used"):
        plan_user(example_state(own_user_id=ADA.id), "ada@example.com", "admin")


def test_invitation_is_sent_again_only_with_resend_invite() -> None:
    again = plan_user(example_state(), "linus@example.com", resend_invite=True)
    assert changes_of(again) == [("invite_user", "linus@example.com", None, "global:member", "global:member")]
    assert changes_of(plan_user(example_state(), "ada@example.com", resend_invite=True)) == []


def test_deletion_of_a_user_includes_the_memberships() -> None:
    assert changes_of(plan_user(example_state(), "ada@example.com", present=False)) == [
        ("delete_user", "ada@example.com", None, "global:member", None),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None),
    ]
    assert changes_of(plan_user(example_state(), "nobody@example.com", present=False)) == []


@pytest.mark.parametrize(
    ("user", "owned_items", "message"),
    [
        ("olivia@example.com", None, "is the owner of this n8n and cannot be removed"),
        (
            "grace@example.com",
            None,
            r'Project "Support" \(p-support\) would be left without an admin: grace@example.com',
        ),
        (
            "ada@example.com",
            OwnedItems((OwnedItem("workflow", "w1", "Bills"),)),
            r'ada@example.com owns workflow "Bills" \(w1\), which the deletion would destroy',
        ),
        (
            "ada@example.com",
            OwnedItems(unseen="the key may not list them."),
            "ada@example.com is not deleted: the key may not list them.",
        ),
    ],
)
def test_user_whose_deletion_would_destroy_something_is_not_deleted(
    user: str, owned_items: OwnedItems | None, message: str
) -> None:
    state = example_state()
    if owned_items:
        state = replace(state, owned_items={**state.owned_items, PERSONAL[1].id: owned_items})
    with pytest.raises(InputError, match=message):
        plan_user(state, user, present=False)


def test_user_with_hidden_personal_project_is_not_deleted() -> None:
    with pytest.raises(InputError, match="n8n does not show the personal project of this user"):
        plan_user(example_state(projects=(SALES, SUPPORT)), "ada@example.com", present=False)


def test_pending_user_is_deleted_unless_an_item_was_transferred_to_this_user() -> None:
    deletion = ("delete_user", "linus@example.com", None, "global:member", None)
    assert (
        changes_of(
            plan_user(example_state(projects=(SALES, SUPPORT), owned_items={}), "linus@example.com", present=False)
        )[0]
        == deletion
    )
    state, personal = example_state(), PERSONAL[3].id
    unseen = replace(state, owned_items={personal: OwnedItems(tables_unseen="the key may not list them.")})
    assert changes_of(plan_user(unseen, "linus@example.com", present=False))[0] == deletion
    with_workflow = replace(state, owned_items={personal: OwnedItems((OwnedItem("workflow", "w1", "Bills"),))})
    with pytest.raises(InputError, match="linus@example.com owns workflow"):
        plan_user(with_workflow, "linus@example.com", present=False)


def test_api_key_user_is_not_deleted() -> None:
    with pytest.raises(InputError, match="is the user whose API key is used and cannot be removed"):
        plan_user(example_state(own_user_id=ADA.id), "ada@example.com", present=False)
