# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the plan for projects: creation, rename, deletion, and lists of projects."""

from __future__ import annotations


import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem, OwnedItems
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    PERSONAL,
    SALES,
    example_state,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import (
    changes_of,
    plan_project,
    plan_projects,
)


def test_project_is_created_if_it_does_not_exist() -> None:
    assert changes_of(plan_project(example_state(), name="New")) == [("create_project", None, "New", None, "New")]
    assert changes_of(plan_project(example_state(), name="Sales")) == []
    assert changes_of(plan_project(example_state(), name=" Sales")) == [
        ("create_project", None, " Sales", None, " Sales")
    ]


def test_project_is_renamed_by_previous_name_or_id() -> None:
    renamed = [("rename_project", None, "Sales", "Sales", "Revenue")]
    assert changes_of(plan_project(example_state(), name="Revenue", previous_names=("Old", "Sales"))) == renamed
    assert changes_of(plan_project(example_state(), name="Revenue", id="p-sales")) == renamed
    assert changes_of(plan_project(example_state(), name="Sales", previous_names=("Support",))) == []
    assert changes_of(plan_project(example_state(), id="p-team-1")) == []


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        ({"name": "Team"}, 'Project "Team" exists 2 times'),
        ({"id": "p-missing"}, 'Project "p-missing" does not exist'),
        ({"id": "Sales"}, 'Project "Sales" does not exist'),
        (
            {"id": "p-sales", "name": "Support"},
            "cannot be renamed to .Support.: project p-support has that name already",
        ),
        ({"name": "New", "previous_names": ("Sales", "Support")}, "several projects have a previous name"),
        ({"id": PERSONAL[0].id, "name": "Renamed"}, "is a personal project"),
    ],
)
def test_ambiguous_or_unknown_project_is_an_error(desired: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_project(example_state(), **desired)


def test_project_without_items_is_deleted() -> None:
    assert changes_of(plan_project(example_state(), name="Sales", present=False)) == [
        ("delete_project", None, "Sales", "Sales", None)
    ]
    assert changes_of(plan_project(example_state(), name="Missing", present=False)) == []


@pytest.mark.parametrize(
    ("owned_items", "message"),
    [
        (
            OwnedItems((OwnedItem("credential", "c1", "Mail"),)),
            r'owns credential "Mail" \(c1\), which the deletion would destroy',
        ),
        (
            OwnedItems(unseen="the key may not list them."),
            r'Project "Sales" \(p-sales\) is not deleted: the key may not list them.',
        ),
    ],
)
def test_project_with_items_is_not_deleted(owned_items: OwnedItems, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_project(example_state(owned_items={SALES.id: owned_items}), name="Sales", present=False)


def test_list_creates_and_renames_projects_and_sets_members() -> None:
    planned = plan_projects(
        example_state(),
        {"name": "New", "members": {"new@example.com": "viewer", ADA.id: "admin"}},
        {"name": "Revenue", "previous_names": ["Turnover", "Sales"], "members": {"linus@example.com": "editor"}},
        {"id": "p-support", "name": "Help"},
        {"id": "p-team-1", "members": {"ada@example.com": "viewer"}},
    )
    assert changes_of(planned) == [
        ("invite_user", "new@example.com", None, None, "global:member"),
        ("create_project", None, "New", None, "New"),
        ("rename_project", None, "Sales", "Sales", "Revenue"),
        ("rename_project", None, "Support", "Support", "Help"),
        ("add_member", "ada@example.com", "New", None, "project:admin"),
        ("add_member", "new@example.com", "New", None, "project:viewer"),
        ("add_member", "ada@example.com", "Team", None, "project:viewer"),
        ("change_member_role", "linus@example.com", "Sales", "project:viewer", "project:editor"),
    ]


def test_users_may_refer_to_a_project_by_id_or_new_name() -> None:
    users: list[dict[str, object]] = [
        {"email": "grace@example.com", "projects": {"Revenue": "viewer"}},
        {"email": "linus@example.com", "projects": {"p-sales": "editor"}},
    ]
    for entry in ({"name": "Revenue", "previous_names": ["Sales"]}, {"name": "Revenue", "id": "p-sales"}):
        assert [
            (change.action, change.project_id) for change in plan_projects(example_state(), entry, users=users).changes
        ] == [(action, "p-sales") for action in ("rename_project", "add_member", "change_member_role")]


@pytest.mark.parametrize(
    "names",
    [
        {"p-support": "Old Support", "p-sales": "Support"},
        {"p-support": "Sales", "p-sales": "Support"},
        {"p-support": "Team", "p-sales": "Support", "p-team-1": "Sales", "p-team-2": "Other"},
    ],
    ids=["chain", "swap", "ring"],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_rename_to_a_name_in_use_is_an_error(names: dict[str, str], backwards: bool) -> None:
    entries: list[dict[str, object]] = [{"id": key, "name": name} for key, name in names.items()]
    with pytest.raises(InputError) as caught:
        plan_projects(example_state(), *(reversed(entries) if backwards else entries))
    assert (
        'Project "Sales" (p-sales) cannot be renamed to "Support": project p-support has that name already. If that project '
        "should get another name, rename it in one run, and this project in the next run."
    ) in str(caught.value)


def test_user_entry_with_the_old_name_of_a_project_is_an_error() -> None:
    users: list[dict[str, object]] = [{"email": "grace@example.com", "projects": {"Sales": "viewer"}}]
    with pytest.raises(
        InputError,
        match=r'^users\[0\] \(grace@example.com\), project "Sales": projects\[0\] \("Revenue"\) renames project "Sales" to "Revenue"\. '
        r"Use the new name in both places\.$",
    ):
        plan_projects(example_state(), {"id": "p-sales", "name": "Revenue"}, users=users)


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        # Only the state of n8n shows that two entries refer to one project.
        (
            [{"name": "Sales"}, {"id": "p-sales"}],
            'projects[0] ("Sales") and projects[1] ("p-sales") are both project p-sales, "Sales". List it once.',
        ),
        (
            [{"id": "p-sales", "name": "Revenue"}, {"name": "New", "previous_names": ["Sales"]}],
            'projects[0] ("Revenue") and projects[1] ("New") are both project p-sales, "Sales". List it once.',
        ),
        # One name for two projects.
        (
            [{"id": "p-sales", "name": "Same"}, {"id": "p-support", "name": "Same"}],
            'Project "Support" (p-support) cannot be renamed to "Same": project p-sales has that name already.',
        ),
        (
            [{"id": "p-support", "name": "Help"}, {"name": "Support"}],
            'are both project p-support, "Support". List it once. If another project should get this name, '
            "rename this project in one run, and the other one in the next run.",
        ),
        (
            [{"id": "p-support", "name": "Support"}, {"id": "p-sales", "name": "Support"}],
            'Project "Sales" (p-sales) cannot be renamed to "Support": project p-support has that name already.',
        ),
        # A project cannot be renamed to a blank name.
        ([{"id": "p-sales", "name": "  "}], "a project needs a name that is not blank"),
        ([{"id": "p-missing", "name": "Sales"}], 'Project "p-missing" does not exist'),
        ([{"name": "Team", "members": {"ada@example.com": "viewer"}}], 'Project "Team" exists 2 times'),
        ([{"name": "Sales", "members": {"u-nobody": "viewer"}}], 'User "u-nobody" does not exist'),
        (
            [{"name": "Sales", "members": {"ada@example.com": "boss"}}],
            'member ada@example.com: unknown or unassignable role "boss"',
        ),
        # One membership by email and by id.
        (
            [{"name": "Sales", "members": {"ada@example.com": "viewer", "u-ada": "editor"}}],
            "ada@example.com cannot be both project:viewer and project:editor in project",
        ),
    ],
)
def test_contradictory_or_unknown_entries_are_errors(projects: list[dict[str, object]], message: str) -> None:
    with pytest.raises(InputError) as error:
        plan_projects(example_state(), *projects)
    assert message in str(error.value)


def test_shared_name_does_not_identify_a_project() -> None:
    teams = [{"id": "p-team-1", "name": "Team"}, {"id": "p-team-2", "name": "Team"}]
    assert changes_of(plan_projects(example_state(), *teams)) == []
    with pytest.raises(InputError, match='Project "Team" exists 2 times'):
        plan_projects(example_state(), *teams, users=[{"email": "ada@example.com", "projects": {"Team": "viewer"}}])
