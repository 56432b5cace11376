# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the deletion of users and projects, and the handover of their items before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import HandoverTarget
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.deletion import (
    destination_of,
    handover_target,
    project_deletion,
    user_deletion,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.describe import describe_change
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    PERSONAL,
    SALES,
    SUPPORT,
    example_state,
)

ADA_PROJECT, GRACE_PROJECT = PERSONAL[1], PERSONAL[2]
BILLS = Workflow("workflow", "w-1", "Bills", ADA_PROJECT.id, published=True, credentials=("c-1",))
MAIL = Credential(
    "credential", "c-1", "Mail", ADA_PROJECT.id, (Share(GRACE_PROJECT.id, "credential:user"), Share(SALES.id, "x"))
)
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", ADA_PROJECT.id)


def state_with_items(project: Project, *items: Any, **more: Any) -> State:
    state = example_state()
    return replace(state, owned_items={**state.owned_items, project.id: OwnedItems(items, **more)})


def changes_as_rows(changes: list[Change]) -> list[tuple[object, ...]]:
    return [
        (change.action, change.user or change.before, change.project, change.after, change.implied_by)
        for change in changes
    ]


@pytest.mark.parametrize(
    ("transfer_to", "project_id"),
    [
        ("Sales", SALES.id),
        (SALES.id, SALES.id),
        ("grace@example.com", GRACE_PROJECT.id),
        (" GRACE@Example.com ", GRACE_PROJECT.id),
        # The id of a personal project.
        (GRACE_PROJECT.id, GRACE_PROJECT.id),
        # A pending user has a personal project, too.
        ("linus@example.com", PERSONAL[3].id),
    ],
)
def test_transfer_to_is_a_project_or_the_email_of_a_user(transfer_to: str, project_id: str) -> None:
    assert destination_of(example_state(), transfer_to).id == project_id


def test_project_name_may_contain_an_at_sign() -> None:
    odd, email = Project("p-odd", "R&D @ Paris"), Project("p-email", "grace@example.com")
    state = replace(example_state(), projects=(*example_state().projects, odd, email))
    assert destination_of(state, "R&D @ Paris") == odd
    # The email of a user has priority over a project of that name.
    assert destination_of(state, "grace@example.com") == GRACE_PROJECT


@pytest.mark.parametrize(
    ("transfer_to", "message"),
    [
        ("Missing", 'Project "Missing" does not exist. transfer_to must be a project, or the email of a user.'),
        ("sales", 'Project "sales" does not exist'),
        ("", 'Project "" does not exist'),
        ("u-grace", 'Project "u-grace" does not exist'),
        ("nobody@example.com", 'User "nobody@example.com" does not exist. transfer_to must be a project, or the email'),
        ("Team", 'Project "Team" exists 2 times, with the ids p-team-1, p-team-2'),
    ],
)
def test_unknown_or_ambiguous_destination_is_an_error(transfer_to: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        handover_target(example_state(), HandoverOptions(transfer_to))
    assert message in str(refused.value)


def test_hidden_personal_project_is_rejected_as_destination() -> None:
    state = replace(
        example_state(), projects=tuple(project for project in example_state().projects if project != GRACE_PROJECT)
    )
    with pytest.raises(InputError, match="n8n does not show the personal project of grace@example.com, so nothing can"):
        destination_of(state, "grace@example.com")


def test_user_is_deleted_after_the_handover() -> None:
    state = state_with_items(ADA_PROJECT, BILLS, MAIL, ORDERS)
    changes, handover = user_deletion(state, ADA, "leaves", HandoverTarget(SUPPORT, "copy"))
    assert handover is not None
    assert changes_as_rows(changes) == [
        ("transfer_credential", "ada@example.com", "Support", None, ""),
        ("transfer_workflow", "ada@example.com", "Support", None, ""),
        ("copy_table", "ada@example.com", "Support", "Orders", ""),
        ("remove_member", "ada@example.com", "Sales", None, "delete_user"),
        ("remove_member", "ada@example.com", "Support", None, "delete_user"),
        ("delete_user", "ada@example.com", None, None, ""),
    ]
    assert [change.action for change in Plan.of(state, changes[::-1]).changes] == [
        "transfer_credential",
        "transfer_workflow",
        "copy_table",
        "delete_user",
        "remove_member",
        "remove_member",
    ]
    assert changes[0].reason == 'leaves; removes access of grace@example.com, project "Sales"'
    assert changes[1].reason == "leaves"
    assert [describe_change(change.to_result()) for change in changes[1:3]] == [
        'move workflow "Bills" (w-1) of ada@example.com to "Support" (leaves)',
        'copy data table "Orders" (AbCdEfGh12345678) of ada@example.com to "Support" as "Orders" (leaves)',
    ]


def test_delete_resources_deletes_items_with_their_owner() -> None:
    changes, _handover = user_deletion(
        state_with_items(ADA_PROJECT, BILLS, MAIL, ORDERS), ADA, "leaves", HandoverTarget(delete_resources=True)
    )
    assert changes_as_rows(changes)[:4] == [
        ("unpublish_workflow", "ada@example.com", None, None, ""),
        ("delete_workflow", "ada@example.com", None, None, "delete_user"),
        ("delete_credential", "ada@example.com", None, None, "delete_user"),
        ("delete_table", "ada@example.com", None, None, "delete_user"),
    ]


def without_personal_project(pending: bool, name: str | None = None) -> State:
    state = example_state()
    ada = replace(ADA, is_pending=pending, first_name=name)
    users = tuple(ada if user == ADA else user for user in state.users)
    return replace(state, users=users, projects=tuple(project for project in state.projects if project != ADA_PROJECT))


@pytest.mark.parametrize("target", [HandoverTarget(), HandoverTarget(SUPPORT), HandoverTarget(data_tables="delete")])
def test_user_with_hidden_personal_project_is_not_deleted(target: HandoverTarget) -> None:
    # The second user is pending and has a name, so this user has signed in before.
    for state in (without_personal_project(pending=False), without_personal_project(pending=True, name="Ada")):
        user = state.find_user(ADA.id)
        assert user is not None
        with pytest.raises(
            InputError, match="n8n does not show the personal project of this user, so the resources that"
        ):
            user_deletion(state, user, "leaves", target)


def test_user_with_hidden_project_is_deleted_if_never_signed_in_or_delete_resources() -> None:
    for state, target in (
        (without_personal_project(pending=True), HandoverTarget()),
        (without_personal_project(pending=False), HandoverTarget(delete_resources=True)),
    ):
        user = state.find_user(ADA.id)
        assert user is not None
        changes, handover = user_deletion(state, user, "leaves", target)
        assert handover is None and changes[-1].action == "delete_user"


def test_item_transferred_to_a_pending_user_prevents_the_deletion() -> None:
    state = state_with_items(
        PERSONAL[3], replace(BILLS, owner_id=PERSONAL[3].id, credentials=()), tables_unseen="too old"
    )
    with pytest.raises(
        InputError, match=r'linus@example.com owns workflow "Bills" \(w-1\), which the deletion would destroy'
    ):
        user_deletion(state, LINUS, "leaves", HandoverTarget())
    # A pending user cannot own data tables, so hidden data tables do not prevent the deletion.
    changes, _handover = user_deletion(state, LINUS, "leaves", HandoverTarget(SUPPORT))
    assert changes_as_rows(changes)[0] == ("transfer_workflow", "linus@example.com", "Support", None, "")


def test_project_is_deleted_after_the_handover() -> None:
    state = state_with_items(SALES, *(replace(item, owner_id=SALES.id, shares=()) for item in (BILLS, MAIL, ORDERS)))
    changes, handover = project_deletion(state, SALES, HandoverTarget(GRACE_PROJECT, "delete"))
    assert handover.destination == GRACE_PROJECT
    assert changes_as_rows(changes) == [
        ("transfer_credential", "Sales", GRACE_PROJECT.name, None, ""),
        ("transfer_workflow", "Sales", GRACE_PROJECT.name, None, ""),
        ("delete_table", "Sales", None, None, ""),
        ("delete_project", "Sales", "Sales", None, ""),
    ]
    assert [describe_change(change.to_result()) for change in changes[2:]] == [
        'delete data table "Orders" (AbCdEfGh12345678) of project "Sales" (should be absent)',
        'delete project "Sales" (should be absent)',
    ]


def test_variables_prevent_the_deletion_of_a_project_without_delete_resources() -> None:
    state = state_with_items(SALES, replace(BILLS, owner_id=SALES.id), OwnedItem("variable", "v-1", "RATE", SALES.id))
    with pytest.raises(
        InputError, match=r'Project "Sales" \(.*\) owns variable "RATE" \(v-1\), which the deletion would destroy'
    ):
        project_deletion(state, SALES, HandoverTarget(GRACE_PROJECT))
    changes, handover = project_deletion(state, SALES, HandoverTarget(delete_resources=True))
    assert [item["name"] for item in handover.expected().deleted] == ["Bills", "RATE"]
    assert 'delete variable "RATE" (v-1) of project "Sales" (should be absent)' in [
        describe_change(change.to_result()) for change in changes
    ]


def test_hidden_variables_prevent_the_deletion_of_projects_but_not_of_users() -> None:
    hidden = state_with_items(SALES, variables_unseen="the key may not list them.")
    with pytest.raises(InputError, match=r'Project "Sales" \(.*\) is not deleted: the key may not list them.'):
        project_deletion(hidden, SALES, HandoverTarget())
    assert project_deletion(hidden, SALES, HandoverTarget(delete_resources=True))[0][-1].action == "delete_project"
    person = state_with_items(ADA_PROJECT, variables_unseen="the key may not list them.")
    assert user_deletion(person, ADA, "leaves", HandoverTarget())[0][-1].action == "delete_user"


@pytest.mark.parametrize("destination", [SALES, None])
def test_project_cannot_be_its_own_destination(destination: Project | None) -> None:
    state = state_with_items(SALES, replace(BILLS, owner_id=SALES.id))
    with pytest.raises(InputError, match="cannot be both" if destination else "which the deletion would destroy"):
        project_deletion(state, SALES, HandoverTarget(destination))
    assert GRACE in state.users
