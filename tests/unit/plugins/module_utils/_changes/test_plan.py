# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the digest and the diff of a plan."""

from __future__ import annotations

from dataclasses import replace
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import example_state
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import plan_member, plan_users


def test_digest_depends_only_on_the_server_and_the_changes() -> None:
    users: list[dict[str, object]] = [{"email": "ada@example.com", "projects": {"Sales": "viewer"}}]
    state = example_state()
    digest = plan_users(state, users).digest
    backwards = replace(state, users=state.users[::-1], projects=state.projects[::-1])
    assert digest == plan_users(backwards, users, missing_users="fail").digest
    assert digest == plan_users(state, [{"email": "ADA@example.com", "projects": {"p-sales": "project:viewer"}}]).digest
    assert digest != plan_users(replace(state, url="https://other.example.com"), users).digest
    assert digest != plan_users(state, [{"email": "ada@example.com", "projects": {"Sales": "editor"}}]).digest


def test_diff_has_one_line_for_each_changed_fact() -> None:
    planned = plan_users(
        example_state(), [{"email": "ada@example.com", "role": "admin", "projects": {"Sales": "viewer"}}]
    )
    diff = planned.diff(planned.changes)
    assert diff["before"] == 'user ada@example.com: global:member\nmember of "Sales": ada@example.com: project:admin\n'
    assert diff["after"] == 'user ada@example.com: global:admin\nmember of "Sales": ada@example.com: project:viewer\n'


def test_projects_of_one_name_have_ids_in_the_diff() -> None:
    planned = plan_member(example_state(), "p-team-2", "ada@example.com", "viewer")
    assert planned.diff(planned.changes)["after"] == 'member of "Team" (p-team-2): ada@example.com: project:viewer\n'
