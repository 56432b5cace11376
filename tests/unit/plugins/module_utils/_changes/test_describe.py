# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the descriptions of changes."""

from __future__ import annotations

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.actions import ACTIONS, ITEM
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.describe import describe_change
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import example_state
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import plan_project


def test_names_are_escaped_in_diff_and_description() -> None:
    planned = plan_project(example_state(), name='A"\nuser x: global:admin')
    assert planned.diff(planned.changes)["after"].splitlines()[0] == 'project "A\\"\\nuser x: global:admin"'
    assert describe_change(planned.to_result()[0]).count("\n") == 0


def test_each_action_has_a_description() -> None:
    for action in ACTIONS:
        entry = {
            "action": action,
            "user": "a@example.com",
            "project": "P",
            "before": "b",
            "after": "c",
            "reason": "why",
            **({"item": {"type": "workflow", "id": "w1", "name": "W"}} if ACTIONS[action].subject_type == ITEM else {}),
        }
        assert describe_change(entry).endswith((" (why)", " (was b; why)"))
