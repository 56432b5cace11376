# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the result of n8n_offboard for each leaver."""

from __future__ import annotations

from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_result import leaver_results
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import LeaverOptions, find_leavers
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import example_state


def test_result_lists_removed_memberships_and_residual_access() -> None:
    state = example_state()
    ada, unknown = find_leavers(state, ["ada@example.com", "nobody@example.com"])
    leaver_options = LeaverOptions("remove_memberships")
    planned = plan_leavers(state, [ada, unknown], leaver_options)
    ada_result, unknown_result = leaver_results([ada, unknown], leaver_options, planned, planned.changes[:1], {}, None)
    assert {key: ada_result[key] for key in ("email", "id", "found", "action", "changed", "memberships")} == {
        "email": "ada@example.com",
        "id": "u-ada",
        "found": True,
        "action": "remove_memberships",
        "changed": True,
        "memberships": [{"id": "p-sales", "name": "Sales", "role": "project:admin"}],
    }
    assert [(entry["type"], entry["name"]) for entry in ada_result["residual_access"]][:2] == [
        ("instance_role", "global:member"),
        ("membership", "Support"),
    ]
    assert unknown_result["found"] is False and unknown_result["residual_access"] == []
