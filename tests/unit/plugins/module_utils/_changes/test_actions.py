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
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import SCOPES


@pytest.mark.parametrize("name", ACTIONS)
def test_action_refers_to_existing_steps_scopes_and_executors(name: str) -> None:
    action = ACTIONS[name]
    assert action.step in STEPS and action.subject_type in (USER, PROJECT, MEMBER, ITEM)
    assert action.reduces_access in (NEVER, ALWAYS, BY_ROLE) and action.role_kind in ("", "global", "project")
    assert set(action.calls) <= SCOPES.keys()
    assert callable(getattr(PlanRun, action.executor))


def test_actions_of_one_step_have_one_executor() -> None:
    executors: dict[str, set[str]] = {}
    for action in ACTIONS.values():
        executors.setdefault(action.step, set()).add(action.executor)
    assert all(len(names) == 1 for names in executors.values())
    assert executors.keys() | set(STEP_AFTER_ROLE_CHANGE.values()) == set(STEPS)


def test_only_items_deleted_with_their_owner_need_no_call() -> None:
    without = {name for name, action in ACTIONS.items() if not action.calls}
    assert without == {"delete_credential", "delete_workflow", "delete_variable"}
