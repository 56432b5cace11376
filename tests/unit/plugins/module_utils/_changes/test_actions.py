# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that the table of actions is complete and agrees with the tables that it refers to."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.actions import (
    ACTIONS,
    ALWAYS,
    BY_ROLE,
    ITEM,
    MEMBER,
    NEVER,
    PROJECT,
    STEP_AFTER_ROLE_CHANGE,
    STEPS,
    USER,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import PlanRun
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.calls import CALLS
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import SCOPES


@pytest.mark.parametrize("name", ACTIONS)
def test_action_refers_to_existing_steps_scopes_and_executors(name: str) -> None:
    action = ACTIONS[name]
    assert action.step in STEPS and action.subject_type in (USER, PROJECT, MEMBER, ITEM)
    assert action.reduces_access in (NEVER, ALWAYS, BY_ROLE) and action.role_kind in ("", "global", "project")
    assert set(action.calls) <= SCOPES.keys()
    assert callable(getattr(PlanRun, STEPS[action.step]))


def test_every_step_has_actions_and_one_executor() -> None:
    steps = {action.step for action in ACTIONS.values()}
    assert steps | set(STEP_AFTER_ROLE_CHANGE.values()) == set(STEPS)
    assert all(STEPS[step] == STEPS[later] for step, later in STEP_AFTER_ROLE_CHANGE.items())


def test_every_action_of_one_call_is_in_the_dictionary_of_calls() -> None:
    """One call makes many invitations or member roles, so the executor groups these changes."""
    single = {name for name, action in ACTIONS.items() if len(action.calls) == 1}
    assert CALLS.keys() == single - {"invite_user", "add_member", "change_member_role"}


def test_only_deletions_of_users_and_projects_are_irreversible() -> None:
    assert {name for name, action in ACTIONS.items() if action.is_irreversible} == {"delete_user", "delete_project"}


def test_only_items_deleted_with_their_owner_need_no_call() -> None:
    without = {name for name, action in ACTIONS.items() if not action.calls}
    assert without == {"delete_credential", "delete_workflow", "delete_variable"}


def test_every_action_has_its_own_label() -> None:
    """The summary of the role sync counts changes by label, so two actions of one label could not be told apart."""
    labels = [action.label for action in ACTIONS.values()]
    assert all(labels) and len(set(labels)) == len(labels)
    assert not set(labels) & ACTIONS.keys() and not any(label.endswith("s") for label in labels)


def test_only_changes_of_access_are_in_every_summary() -> None:
    assert [name for name, action in ACTIONS.items() if action.is_always_counted] == [
        "invite_user",
        "create_project",
        "rename_project",
        "add_member",
        "change_member_role",
        "change_user_role",
        "remove_member",
    ]
