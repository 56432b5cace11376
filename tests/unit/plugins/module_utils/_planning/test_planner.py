# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the plan for lists of users and projects: order, protection of admins and owner, and chat users."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.info_results import export
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    AUTHORITATIVE,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    ROLES,
    example_state,
    member,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import changes_of, plan_users

# Lists of users


def test_changes_are_ordered_by_their_dependencies() -> None:
    planned = plan_users(
        example_state(),
        [
            {"email": "new@example.com", "projects": {"New": "admin", "Sales": "viewer"}},
            {"email": "Ada@example.com", "role": "admin", "projects": {"Sales": "editor", "New": "viewer"}},
        ],
    )
    assert changes_of(planned) == [
        ("invite_user", "new@example.com", None, None, "global:member"),
        ("create_project", None, "New", None, "New"),
        ("add_member", "ada@example.com", "New", None, "project:viewer"),
        ("add_member", "new@example.com", "New", None, "project:admin"),
        ("add_member", "new@example.com", "Sales", None, "project:viewer"),
        ("change_member_role", "ada@example.com", "Sales", "project:admin", "project:editor"),
        ("change_user_role", "ada@example.com", None, "global:member", "global:admin"),
    ]
    assert planned.summary == {
        "invite_user": 1,
        "create_project": 1,
        "rename_project": 0,
        "add_member": 3,
        "change_member_role": 1,
        "change_user_role": 1,
        "remove_member": 0,
    }


def test_missing_users_and_projects_are_errors_without_creation() -> None:
    users: list[dict[str, object]] = [{"email": "new@example.com", "projects": {"New": "viewer"}}]
    with pytest.raises(InputError) as error:
        plan_users(example_state(), users, missing_users="fail", create_projects=False)
    assert [re.split("[:.] ", line)[0] for line in str(error.value).splitlines()] == [
        'User "new@example.com" does not exist',
        'Project "New" does not exist',
    ]


def test_owner_and_api_key_user_are_kept_with_notes() -> None:
    planned = plan_users(
        example_state(own_user_id=GRACE.id),
        [
            {"email": "olivia@example.com", "role": "member"},
            {"email": "grace@example.com", "role": "member", "projects": {"Support": "viewer"}},
        ],
    )
    assert changes_of(planned) == []
    assert len(planned.notes) == 3 and "keeps project:admin" in planned.notes[2]


def test_last_admin_is_kept_unless_another_admin_is_listed() -> None:
    kept = plan_users(example_state(), [{"email": "grace@example.com", "projects": {"Support": "viewer"}}])
    assert changes_of(kept) == []
    assert kept.notes == (
        'grace@example.com stays project:admin of "Support", because the project would have no other admin. List another project:admin.',
    )
    replaced = plan_users(
        example_state(),
        [
            {"email": "grace@example.com", "projects": {"Support": "viewer"}},
            {"email": "ada@example.com", "projects": {"Support": "admin"}},
        ],
    )
    assert len(changes_of(replaced)) == 2


def test_owner_is_kept_if_another_user_has_the_api_key() -> None:
    planned = plan_users(
        example_state(own_user_id=GRACE.id), [{"email": "olivia@example.com", "projects": {"Sales": "viewer"}}]
    )
    assert changes_of(planned) == []
    assert planned.notes == (
        'users[0] (olivia@example.com), project "Sales": olivia@example.com is the owner of this n8n and keeps '
        "project:admin instead of project:viewer.",
    )


def test_change_to_chat_user_removes_memberships_and_readds_listed_ones() -> None:
    planned = plan_users(
        example_state(), [{"email": "ada@example.com", "role": "chatUser", "projects": {"Support": "viewer"}}]
    )
    assert changes_of(planned) == [
        ("change_user_role", "ada@example.com", None, "global:member", "global:chatUser"),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None),
        ("add_member", "ada@example.com", "Support", "project:viewer", "project:viewer"),
    ]
    assert [change.implied_by for change in planned.changes] == ["", "change_user_role", ""]
    assert [change.step for change in planned.changes] == [
        "change_user_roles",
        "change_user_roles",
        "set_member_roles_again",
    ]


def test_last_admin_is_not_made_a_chat_user_although_listed_as_admin() -> None:
    planned = plan_users(
        example_state(), [{"email": "grace@example.com", "role": "chatUser", "projects": {"Support": "admin"}}]
    )
    assert changes_of(planned) == []
    assert planned.notes == (
        "users[0] (grace@example.com): grace@example.com is the last project:admin of a project and keeps global:admin "
        "instead of global:chatUser.",
    )


def test_change_to_chat_user_mentions_the_deletion_of_api_keys() -> None:
    planned = plan_users(example_state(), [{"email": "ada@example.com", "role": "chatUser"}])
    assert "n8n also deletes the user's API keys" in planned.changes[0].reason


def test_creator_of_a_new_project_needs_no_admin_change() -> None:
    planned = plan_users(example_state(), [{"email": "olivia@example.com", "projects": {"New": "admin"}}])
    assert changes_of(planned) == [("create_project", None, "New", None, "New")]
    assert 'member of "New": olivia@example.com: project:admin' in planned.diff(planned.changes)["after"]


def test_project_listed_by_name_and_id_is_one_project() -> None:
    twice: dict[str, object] = {"email": "grace@example.com", "projects": {"Sales": "viewer", "p-sales": "viewer"}}
    assert changes_of(plan_users(example_state(), [twice])) == [
        ("add_member", "grace@example.com", "Sales", None, "project:viewer")
    ]
    twice["projects"] = {"Sales": "viewer", "p-sales": "editor"}
    with pytest.raises(
        InputError,
        match="both project:viewer and project:editor in project .Sales. .p-sales.. users.0. .grace@example.com., project .Sales. has project:viewer, and "
        "users.0. .grace@example.com., project .p-sales. has project:editor. Set the same role in both.$",
    ):
        plan_users(example_state(), [twice])


def test_custom_role_is_found_by_its_display_name() -> None:
    planned = plan_users(example_state(roles=ROLES), [{"email": "grace@example.com", "projects": {"Sales": "Auditor"}}])
    assert changes_of(planned) == [("add_member", "grace@example.com", "Sales", None, "project:auditor-a1b2c3")]


# Lists of projects


def test_applying_an_export_changes_nothing_with_any_policy() -> None:
    state = example_state()
    blank = Project("p-blank", "   ")
    state = replace(
        state,
        projects=(*state.projects, blank),
        members={**state.members, blank.id: (member(ADA, "project:admin"), member(LINUS, "project:auditor-a1b2c3"))},
    )
    exported = export(state)
    for users, projects in ((True, True), (True, False), (False, True)):
        for policy in (ListPolicy(), ListPolicy(AUTHORITATIVE), ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS)):
            desired = desired_access(
                exported["users"] if users else None, exported["projects"] if projects else None, policy
            )
            assert plan(state, desired).changes == ()
