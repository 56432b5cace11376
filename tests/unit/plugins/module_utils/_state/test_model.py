# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the model: lookups of users and projects, and conversion of responses to results."""

from __future__ import annotations

import re

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    PERSONAL,
    SALES,
    TEAM_1,
    example_state,
)


def test_users_are_found_by_id_or_email_without_case() -> None:
    assert example_state().find_user("u-ada") == example_state().find_user(" ADA@example.com") == ADA
    assert example_state().find_user("nobody@example.com") is None
    assert example_state().find_user("") is None


def test_project_id_has_priority_over_a_name() -> None:
    named_like_an_id = Project("p-other", SALES.id)
    assert example_state(projects=(named_like_an_id, SALES)).find_project(SALES.id) == SALES


def test_ambiguous_project_name_is_an_error_with_the_ids() -> None:
    with pytest.raises(InputError, match=re.escape('Project "Team" exists 2 times, with the ids p-team-1, p-team-2')):
        example_state().find_project("Team")
    assert example_state().find_project("p-team-1") == TEAM_1


def test_personal_project_is_rejected_as_a_project() -> None:
    with pytest.raises(InputError, match="is a personal project"):
        example_state().find_project(PERSONAL[1].id)
    assert example_state().find_project(PERSONAL[1].name) is None
    assert example_state().personal_project(ADA) == PERSONAL[1]


def test_responses_are_converted_to_results() -> None:
    user = {
        "id": "1",
        "email": "Ada@Example.com",
        "role": "global:member",
        "isPending": True,
        "firstName": "A",
        "inviteAcceptUrl": "secret",
        "createdAt": "2026-11-01T02:03:04.567Z",
    }
    assert User.from_api(user).created_at == "2026-11-01T02:03:04.567Z"
    assert User.from_api(user).to_result() == {
        "id": "1",
        "email": "ada@example.com",
        "role": "global:member",
        "is_pending": True,
        "first_name": "A",
        "last_name": None,
    }
    project = {"id": "p", "name": " S ", "type": "team", "creatorId": "1", "scopes": []}
    assert Project.from_api(project).to_result() == {"id": "p", "name": " S ", "type": "team"}
    assert Member.from_api({"id": "1", "email": "A@b.co", "role": "project:viewer"}).to_result() == {
        "id": "1",
        "email": "a@b.co",
        "role": "project:viewer",
    }
    role = Role.from_api(
        {"slug": "project:x", "displayName": "X", "roleType": "project", "licensed": False, "systemRole": False}
    )
    assert (role.slug, role.name, role.kind, role.licensed, role.custom) == ("project:x", "X", "project", False, True)


def test_roles_that_were_not_read_are_none() -> None:
    assert State("https://n8n.example.com").roles is None
