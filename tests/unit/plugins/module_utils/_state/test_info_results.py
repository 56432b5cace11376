# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test results and exports of users, projects, and memberships, and the names of inventory groups."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role, known_roles
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.info_results import (
    export,
    group_names,
    members_of_projects,
    projects_of_users_named,
    projects_result,
    role_group,
    roles_result,
    users_result,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    LINUS,
    SALES,
    TEAM_1,
    example_state,
    member,
)


def safe_name(text: str) -> str:
    return "".join(character if character.isascii() and character.isalnum() else "_" for character in text)


def test_users_are_sorted_by_email_with_their_projects_by_name() -> None:
    users = users_result(example_state(), memberships=True)
    assert [user["email"] for user in users] == [
        "ada@example.com",
        "grace@example.com",
        "linus@example.com",
        "olivia@example.com",
    ]
    assert users[0]["projects"] == [
        {"id": "p-sales", "name": "Sales", "role": "project:admin"},
        {"id": "p-support", "name": "Support", "role": "project:viewer"},
    ]
    assert users[2]["is_pending"] is True
    assert "projects" not in users_result(example_state())[0]


def test_personal_projects_are_omitted_without_include_personal() -> None:
    ada = users_result(example_state(), memberships=True, include_personal=True)[0]
    assert {"id": "p-of-u-ada", "name": "ada@example.com <ada@example.com>", "role": "project:personalOwner"} in ada[
        "projects"
    ]
    personal = [project for project in example_state().projects if not project.is_team]
    assert projects_result(example_state(), personal, members=True)[0]["members"] == [
        {"id": "u-ada", "email": "ada@example.com", "role": "project:personalOwner"}
    ]


def test_projects_are_sorted_by_name_and_id_with_their_members_by_email() -> None:
    teams = [project for project in example_state().projects if project.is_team]
    projects = projects_result(example_state(), teams[::-1], members=True)
    assert [project["id"] for project in projects] == ["p-sales", "p-support", "p-team-1", "p-team-2"]
    assert [found["email"] for found in projects[0]["members"]] == [
        "ada@example.com",
        "linus@example.com",
        "olivia@example.com",
    ]
    assert projects[2]["members"] == []


@pytest.mark.parametrize(
    ("references", "count"),
    [(["Sales"], 3), (["p-sales", "Sales"], 3), (["Sales", "Support"], 5), (["Team"], 0), (["Missing"], 0), ([], 5)],
)
def test_members_of_projects_are_one_flat_list(references: list[str], count: int) -> None:
    rows = members_of_projects(example_state(), references)
    assert len(rows) == count
    assert all(set(row) == {"id", "email", "role", "project", "project_id"} for row in rows)


@pytest.mark.parametrize(
    ("references", "count"),
    [([" Ada@example.com"], 2), (["u-ada", "ada@example.com"], 2), (["nobody@example.com"], 0), ([], 5)],
)
def test_projects_of_users_are_one_flat_list(references: list[str], count: int) -> None:
    rows = projects_of_users_named(example_state(), references)
    assert len(rows) == count
    assert all(set(row) == {"id", "name", "role", "user", "user_id"} for row in rows)


def test_applying_an_export_changes_nothing() -> None:
    state = example_state()
    state = replace(
        state, members={**state.members, TEAM_1.id: (member(LINUS, "project:viewer"), member(ADA, "project:admin"))}
    )
    planned = plan(state, desired_access(export(state)["users"], missing_users="invite", create_projects=True))
    assert planned.changes == () and planned.notes == ()


def test_project_with_an_ambiguous_name_is_exported_by_id() -> None:
    named_like_an_id = Project("p-odd", SALES.id)
    state = example_state(
        projects=(*example_state().projects, named_like_an_id),
        members={
            **example_state().members,
            "p-odd": (member(ADA, "project:viewer"),),
            TEAM_1.id: (member(ADA, "project:viewer"),),
        },
    )
    ada = export(state)["users"][0]
    assert set(ada["projects"]) == {"Sales", "Support", "p-odd", "p-team-1"}


def test_project_with_a_blank_name_is_exported_by_id() -> None:
    blank = Project("p-blank", "  ")
    state = example_state(
        projects=(*example_state().projects, blank),
        members={**example_state().members, "p-blank": (member(ADA, "project:viewer"),)},
    )
    assert set(export(state)["users"][0]["projects"]) == {"Sales", "Support", "p-blank"}
    planned = plan(state, desired_access(export(state)["users"], missing_users="invite", create_projects=True))
    assert planned.changes == ()


def test_roles_show_whether_they_are_assignable() -> None:
    roles = roles_result(
        [Role("project:x", "X", "project", licensed=False, custom=True), Role("global:owner", "Owner", "global")]
    )
    assert [(role["slug"], role["assignable"]) for role in roles] == [("global:owner", False), ("project:x", False)]
    unknown = roles_result(known_roles())
    assert {role["slug"] for role in unknown if role["assignable"]} == {
        "global:admin",
        "global:member",
        "global:chatUser",
        "project:admin",
        "project:editor",
        "project:viewer",
    }
    assert all(role["licensed"] is None for role in unknown)


def test_group_names_contain_project_and_role() -> None:
    assert group_names([("1", "Sales"), ("2", "Data & Reporting")], [("1", "project:viewer")], safe_name) == {
        "1": "project_Sales",
        "2": "project_Data___Reporting",
    }
    assert role_group("project_Sales", "project:auditor-a1b2c3", safe_name) == "project_Sales_auditor_a1b2c3"


@pytest.mark.parametrize(
    ("projects", "roles"),
    [
        ([("1", "A B"), ("2", "A-B")], []),
        ([("1", "Same"), ("2", "Same")], []),
        ([("1", "Sales"), ("2", "Sales_viewer")], [("1", "project:viewer")]),
        ([("1", "Ä"), ("2", "Ö")], []),
    ],
)
def test_projects_with_equal_group_names_get_their_ids_appended(
    projects: list[tuple[str, str]], roles: list[tuple[str, str]]
) -> None:
    names = group_names([*projects, ("3", "Other")], roles, safe_name)
    assert names["1"].endswith("_1") and names["2"].endswith("_2") and names["3"] == "project_Other"


PROJECTS = st.dictionaries(
    st.sampled_from(["i1", "i2", "i3", "i4"]),
    st.sampled_from(["A", "A_admin", "A_viewer", "Ä", "a b", "a-b", "A_i1", "A_i2"]),
)
ROLES = st.lists(
    st.tuples(
        st.sampled_from(["i1", "i2", "i3", "i4"]), st.sampled_from(["project:admin", "project:viewer", "project:i1"])
    )
)


@settings(max_examples=500, deadline=None)
@example({"i1": "A", "i2": "A", "i3": "A_i1"}, [])
@example({"i1": "A_i2", "i2": "A", "i3": "A"}, [("i2", "project:i1")])
@given(PROJECTS, ROLES)
def test_projects_never_share_a_group(projects: dict[str, str], roles: list[tuple[str, str]]) -> None:
    names = group_names(projects.items(), roles, safe_name)
    groups = {
        key: {name, *(role_group(name, role, safe_name) for owner, role in roles if owner == key)}
        for key, name in names.items()
    }
    for first, first_groups in groups.items():
        for second, second_groups in groups.items():
            assert first == second or not first_groups & second_groups
