# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How users and projects go, and the changes by which what they own goes before."""

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
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions

from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.company import (
    ADA,
    GRACE,
    LINUS,
    PERSONAL,
    SALES,
    SUPPORT,
    company,
)

HOME, HERS = PERSONAL[1], PERSONAL[2]
BILLS = Workflow("workflow", "w-1", "Bills", HOME.id, published=True, credentials=("c-1",))
MAIL = Credential("credential", "c-1", "Mail", HOME.id, (Share(HERS.id, "credential:user"), Share(SALES.id, "x")))
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", HOME.id)


def having(project: Project, *items: Any, **more: Any) -> State:
    state = company()
    return replace(state, owned_items={**state.owned_items, project.id: OwnedItems(items, **more)})


def rows(changes: list[Change]) -> list[tuple[object, ...]]:
    return [
        (change.action, change.user or change.before, change.project, change.after, change.implied_by)
        for change in changes
    ]


@pytest.mark.parametrize(
    ("transfer_to", "project_id"),
    [
        ("Sales", SALES.id),
        (SALES.id, SALES.id),
        ("grace@example.com", HERS.id),
        (" GRACE@Example.com ", HERS.id),
        # The id of a personal project is as good as the email.
        (HERS.id, HERS.id),
        # Somebody who is invited has a personal space, too.
        ("linus@example.com", PERSONAL[3].id),
    ],
)
def test_what_transfer_to_means(transfer_to: str, project_id: str) -> None:
    assert destination_of(company(), transfer_to).id == project_id


def test_a_project_is_found_by_a_name_that_has_an_at_sign() -> None:
    odd, email = Project("p-odd", "R&D @ Paris"), Project("p-email", "grace@example.com")
    state = replace(company(), projects=(*company().projects, odd, email))
    assert destination_of(state, "R&D @ Paris") == odd
    # What is somebody's email means that person.
    assert destination_of(state, "grace@example.com") == HERS


@pytest.mark.parametrize(
    ("transfer_to", "words"),
    [
        ("Nowhere", 'Project "Nowhere" does not exist. transfer_to must be a project, or the email of a user.'),
        ("sales", 'Project "sales" does not exist'),
        ("", 'Project "" does not exist'),
        ("u-grace", 'Project "u-grace" does not exist'),
        ("nobody@example.com", 'User "nobody@example.com" does not exist. transfer_to must be a project, or the email'),
        ("Twin", 'Project "Twin" exists 2 times, with the ids p-twin-1, p-twin-2'),
    ],
)
def test_a_destination_that_is_none(transfer_to: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        handover_target(company(), HandoverOptions(transfer_to))
    assert words in str(refused.value)


def test_a_personal_space_that_cannot_be_seen_gets_nothing() -> None:
    state = replace(company(), projects=tuple(project for project in company().projects if project != HERS))
    with pytest.raises(InputError, match="n8n does not show the personal project of grace@example.com, so nothing can"):
        destination_of(state, "grace@example.com")


def test_a_user_goes_last() -> None:
    state = having(HOME, BILLS, MAIL, ORDERS)
    changes, handover = user_deletion(state, ADA, "leaves", HandoverTarget(SUPPORT, "copy"))
    assert handover is not None
    assert rows(changes) == [
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


def test_who_may_be_destroyed_with_everything_is() -> None:
    changes, _handover = user_deletion(
        having(HOME, BILLS, MAIL, ORDERS), ADA, "leaves", HandoverTarget(delete_resources=True)
    )
    assert rows(changes)[:4] == [
        ("unpublish_workflow", "ada@example.com", None, None, ""),
        ("delete_workflow", "ada@example.com", None, None, "delete_user"),
        ("delete_credential", "ada@example.com", None, None, "delete_user"),
        ("delete_table", "ada@example.com", None, None, "delete_user"),
    ]


def without_home(pending: bool, name: str | None = None) -> State:
    state = company()
    mine = replace(ADA, is_pending=pending, first_name=name)
    users = tuple(mine if user == ADA else user for user in state.users)
    return replace(state, users=users, projects=tuple(project for project in state.projects if project != HOME))


@pytest.mark.parametrize("target", [HandoverTarget(), HandoverTarget(SUPPORT), HandoverTarget(data_tables="delete")])
def test_where_nobody_can_see_what_somebody_owns_they_are_not_deleted(target: HandoverTarget) -> None:
    # The second is shown as invited, and has a name, which nobody has before they come.
    for state in (without_home(pending=False), without_home(pending=True, name="Ada")):
        user = state.find_user(ADA.id)
        assert user is not None
        with pytest.raises(
            InputError, match="n8n does not show the personal project of this user, so the resources that"
        ):
            user_deletion(state, user, "leaves", target)


def test_unless_they_never_came_or_it_may_be_destroyed() -> None:
    for state, target in (
        (without_home(pending=True), HandoverTarget()),
        (without_home(pending=False), HandoverTarget(delete_resources=True)),
    ):
        user = state.find_user(ADA.id)
        assert user is not None
        changes, handover = user_deletion(state, user, "leaves", target)
        assert handover is None and changes[-1].action == "delete_user"


def test_a_pending_user_who_was_given_something_owns_it() -> None:
    state = having(PERSONAL[3], replace(BILLS, owner_id=PERSONAL[3].id, credentials=()), tables_unseen="too old")
    with pytest.raises(
        InputError, match=r'linus@example.com owns workflow "Bills" \(w-1\), which the deletion would destroy'
    ):
        user_deletion(state, LINUS, "leaves", HandoverTarget())
    # But no data table, so that this n8n does not show any is no obstacle.
    changes, _handover = user_deletion(state, LINUS, "leaves", HandoverTarget(SUPPORT))
    assert rows(changes)[0] == ("transfer_workflow", "linus@example.com", "Support", None, "")


def test_a_project_goes_last() -> None:
    state = having(SALES, *(replace(item, owner_id=SALES.id, shares=()) for item in (BILLS, MAIL, ORDERS)))
    changes, handover = project_deletion(state, SALES, HandoverTarget(HERS, "delete"))
    assert handover.destination == HERS
    assert rows(changes) == [
        ("transfer_credential", "Sales", HERS.name, None, ""),
        ("transfer_workflow", "Sales", HERS.name, None, ""),
        ("delete_table", "Sales", None, None, ""),
        ("delete_project", "Sales", "Sales", None, ""),
    ]
    assert [describe_change(change.to_result()) for change in changes[2:]] == [
        'delete data table "Orders" (AbCdEfGh12345678) of project "Sales" (should be absent)',
        'delete project "Sales" (should be absent)',
    ]


def test_variables_of_a_project_do_not_move_and_may_be_destroyed_with_everything() -> None:
    state = having(SALES, replace(BILLS, owner_id=SALES.id), OwnedItem("variable", "v-1", "RATE", SALES.id))
    with pytest.raises(
        InputError, match=r'Project "Sales" \(.*\) owns variable "RATE" \(v-1\), which the deletion would destroy'
    ):
        project_deletion(state, SALES, HandoverTarget(HERS))
    changes, handover = project_deletion(state, SALES, HandoverTarget(delete_resources=True))
    assert [item["name"] for item in handover.expected().deleted] == ["Bills", "RATE"]
    assert 'delete variable "RATE" (v-1) of project "Sales" (should be absent)' in [
        describe_change(change.to_result()) for change in changes
    ]


def test_variables_that_the_key_may_not_list_stop_the_deletion_of_a_project_and_of_nobody_else() -> None:
    hidden = having(SALES, variables_unseen="nobody can see.")
    with pytest.raises(InputError, match=r'Project "Sales" \(.*\) is not deleted: nobody can see.'):
        project_deletion(hidden, SALES, HandoverTarget())
    assert project_deletion(hidden, SALES, HandoverTarget(delete_resources=True))[0][-1].action == "delete_project"
    person = having(HOME, variables_unseen="nobody can see.")
    assert user_deletion(person, ADA, "leaves", HandoverTarget())[0][-1].action == "delete_user"


@pytest.mark.parametrize("destination", [SALES, None])
def test_a_project_does_not_get_its_own(destination: Project | None) -> None:
    state = having(SALES, replace(BILLS, owner_id=SALES.id))
    with pytest.raises(InputError, match="cannot be both" if destination else "which the deletion would destroy"):
        project_deletion(state, SALES, HandoverTarget(destination))
    assert GRACE in state.users
