# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test plan_leavers(): changes of access, successors, handovers, and errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    ACTIONS,
    LeaverOptions,
    find_leavers,
    successors,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem, OwnedItems
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import PROJECT_ADMIN
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    PERSONAL,
    SALES,
    SUPPORT,
    TEAM_1,
    example_state,
    member,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.leaver_plans import (
    BILLS,
    GRACE_PROJECT,
    MAIL,
    ORDERS,
    grace_period,
    leaver_error,
    leaver_plan,
    state_with_items,
    state_with_sole_admin,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import changes_of

IMMEDIATE_ACTIONS = ("remove_memberships", "demote", "delete")


def plan_action(state: State, action: str, *references: str) -> Plan:
    return plan_leavers(state, find_leavers(state, references), LeaverOptions(action))


def changes_with_implied(planned: Plan) -> list[tuple[object, ...]]:
    return [
        (change.action, change.user, change.project, change.before, change.after, bool(change.implied_by))
        for change in planned.changes
    ]


def test_remove_memberships_removes_only_memberships() -> None:
    assert changes_with_implied(
        plan_action(example_state(), "remove_memberships", "ADA@example.com", "linus@example.com")
    ) == [
        ("remove_member", "ada@example.com", "Sales", "project:admin", None, False),
        ("remove_member", "linus@example.com", "Sales", "project:viewer", None, False),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None, False),
    ]


def test_demotion_includes_the_memberships() -> None:
    assert changes_with_implied(plan_action(example_state(), "demote", "ada@example.com")) == [
        ("change_user_role", "ada@example.com", None, "global:member", "global:chatUser", False),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None, True),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None, True),
    ]


def test_demoted_user_loses_only_new_memberships() -> None:
    state = example_state(
        users=tuple(replace(user, role="global:chatUser") if user == ADA else user for user in example_state().users)
    )
    assert {row[0] for row in changes_with_implied(plan_action(state, "demote", "ada@example.com"))} == {
        "remove_member"
    }
    assert not any(row[-1] for row in changes_with_implied(plan_action(state, "demote", "ada@example.com")))


def test_deletion_includes_the_memberships() -> None:
    assert changes_with_implied(plan_action(example_state(), "delete", "linus@example.com")) == [
        ("delete_user", "linus@example.com", None, "global:member", None, False),
        ("remove_member", "linus@example.com", "Sales", "project:viewer", None, True),
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_unknown_leaver_changes_nothing(action: str) -> None:
    assert changes_with_implied(plan_action(example_state(), action, "nobody@example.com")) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_all_errors_are_reported_together(action: str) -> None:
    with pytest.raises(InputError) as error:
        plan_action(example_state(), action, "linus@example.com", "olivia@example.com", "grace@example.com")
    assert "olivia@example.com is the owner" in str(error.value)
    assert 'Project "Support" (p-support) would be left without an admin: grace@example.com is its last' in str(
        error.value
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_api_key_user_cannot_leave(action: str) -> None:
    with pytest.raises(InputError, match="ada@example.com is the user whose API key is used"):
        plan_action(example_state(own_user_id=ADA.id), action, "ada@example.com")


def test_two_leavers_are_checked_together_as_last_admins() -> None:
    state = example_state()
    state = replace(
        state, members={**state.members, SUPPORT.id: (member(LINUS, "project:admin"), member(ADA, "project:admin"))}
    )
    assert len(changes_with_implied(plan_action(state, "remove_memberships", "ada@example.com"))) == 2
    with pytest.raises(InputError, match='"Support".*ada@example.com, linus@example.com are its last'):
        plan_action(state, "remove_memberships", "ada@example.com", "linus@example.com")


def test_items_of_one_leaver_prevent_all_deletions() -> None:
    owned = OwnedItems((OwnedItem("workflow", "w1", "Bills"), OwnedItem("data table", "t1", "Rates")))
    state = example_state()
    state = replace(state, owned_items={**state.owned_items, PERSONAL[1].id: owned})
    with pytest.raises(
        InputError, match=r'(?s)ada@example.com owns workflow "Bills" .w1., .* owns data table "Rates" .t1., and'
    ):
        plan_action(state, "delete", "ada@example.com", "linus@example.com")
    assert changes_with_implied(plan_action(state, "demote", "ada@example.com"))


# Successors


@pytest.mark.parametrize("action", [*IMMEDIATE_ACTIONS, "staged"])
@pytest.mark.parametrize("successor", ["grace@example.com", " GRACE@example.com "])
def test_one_successor_becomes_admin_of_all_projects_without_another_admin(action: str, successor: str) -> None:
    state = state_with_sole_admin(SALES, TEAM_1)
    planned = leaver_plan(
        state, ADA.email, action=action, successors=successors(successor), grace_period=grace_period(action)
    )
    assert changes_of(planned)[:2] == [
        ("add_member", "grace@example.com", "Sales", None, PROJECT_ADMIN),
        ("add_member", "grace@example.com", "Team", None, PROJECT_ADMIN),
    ]
    assert planned.changes[0].reason == "succeeds ada@example.com"
    # Support keeps an admin, so no successor is added.
    assert {row[2] for row in changes_of(planned) if row[1] == "grace@example.com"} == {"Sales", "Team"}


def test_successors_are_assigned_by_project_name_or_id() -> None:
    named = {"Sales": OLIVIA.email, TEAM_1.id: GRACE.email}
    planned = leaver_plan(state_with_sole_admin(SALES, TEAM_1), ADA.email, successors=successors(named))
    assert [row[1:3] for row in changes_of(planned)[:2]] == [(OLIVIA.email, "Sales"), (GRACE.email, "Team")]


def test_successor_who_is_a_member_is_promoted() -> None:
    state = state_with_sole_admin()
    state = replace(
        state, members={**state.members, SALES.id: (member(ADA, PROJECT_ADMIN), member(LINUS, "project:viewer"))}
    )
    planned = leaver_plan(state, ADA.email, successors=successors(LINUS.email))
    assert changes_of(planned)[0] == ("change_member_role", LINUS.email, "Sales", "project:viewer", PROJECT_ADMIN)


def test_successor_is_not_added_if_an_admin_remains() -> None:
    planned = leaver_plan(example_state(), ADA.email, successors=successors(GRACE.email))
    assert {row[0] for row in changes_of(planned)} == {"remove_member"}


def test_two_leavers_of_one_project_have_one_successor() -> None:
    state = state_with_sole_admin()
    state = replace(
        state, members={**state.members, SALES.id: (member(ADA, PROJECT_ADMIN), member(LINUS, PROJECT_ADMIN))}
    )
    planned = leaver_plan(state, ADA.email, LINUS.email, successors=successors(GRACE.email))
    (new,) = [change for change in planned.changes if change.action == "add_member"]
    assert new.reason == "succeeds ada@example.com, linus@example.com"


@pytest.mark.parametrize("action", IMMEDIATE_ACTIONS)
def test_error_lists_all_projects_without_a_successor(action: str) -> None:
    message = leaver_error(state_with_sole_admin(SALES, SUPPORT, TEAM_1), ADA.email, action=action)
    for project in (SALES, SUPPORT, TEAM_1):
        assert f'Project "{project.name}" ({project.id}) would be left without an admin' in message
    assert message.count("Or set successor=EMAIL.") == 3
    # A successor for one project is not used for other projects.
    message = leaver_error(
        state_with_sole_admin(SALES, SUPPORT), ADA.email, action=action, successors={"Sales": GRACE.email}
    )
    assert '"Support"' in message and '"Sales"' not in message


@pytest.mark.parametrize(
    ("successor", "text"),
    [
        ("nobody@example.com", 'successor: user "nobody@example.com" does not exist in this n8n.'),
        (ADA.email, "successor: ada@example.com is also leaving."),
        ({"Sales": ADA.email}, "successor: ada@example.com is also leaving."),
        ({"Missing": GRACE.email}, 'successor: project "Missing" does not exist.'),
        ({"Team": GRACE.email}, 'Project "Team" exists 2 times, with the ids p-team-1, p-team-2'),
        ({GRACE_PROJECT.id: GRACE.email}, "is a personal project"),
    ],
)
@pytest.mark.parametrize("action", IMMEDIATE_ACTIONS)
def test_invalid_successor_is_an_error_even_if_not_needed(successor: Any, text: str, action: str) -> None:
    for state in (example_state(), state_with_sole_admin(SALES)):
        assert text in leaver_error(state, ADA.email, action=action, successors=successors(successor))


# Handover


def test_items_are_transferred_before_the_user_is_changed() -> None:
    for action in ("demote", "delete"):
        planned = leaver_plan(
            state_with_items(BILLS, MAIL), ADA.email, action=action, handover_options=HandoverOptions("Support")
        )
        assert [row[0] for row in changes_of(planned)][:3] == [
            "transfer_credential",
            "transfer_workflow",
            {"demote": "change_user_role", "delete": "delete_user"}[action],
        ]
        assert "removes access of grace@example.com" in planned.changes[0].reason


def test_leaver_who_keeps_an_instance_admin_role_is_noted() -> None:
    planned = leaver_plan(example_state(), GRACE.email, ADA.email, successors=successors(OLIVIA.email))
    assert planned.notes == (
        "grace@example.com leaves and keeps the instance role global:admin, which has access to everything.",
    )
    assert leaver_plan(example_state(), GRACE.email, action="demote", successors=successors(OLIVIA.email)).notes == ()


def test_demotion_without_transfer_notes_the_remaining_items() -> None:
    planned = leaver_plan(state_with_items(BILLS, MAIL), ADA.email, action="demote")
    assert planned.notes == (
        'ada@example.com owns workflow "Bills" (w-1), credential "Mail" (c-1) and can still read these. To move workflows '
        "and credentials, set transfer_to.",
    )
    assert planned.handovers == {}


@pytest.mark.parametrize("action", ["demote", "delete"])
@pytest.mark.parametrize(
    ("transfer_to", "text"),
    [
        ("Missing", 'Project "Missing" does not exist'),
        ("nobody@example.com", 'User "nobody@example.com" does not exist'),
        ("linus@example.com", "transfer_to: linus@example.com is also leaving and cannot receive resources."),
        (PERSONAL[3].id, "transfer_to: linus@example.com is also leaving and cannot receive resources."),
        ("ada@example.com", "transfer_to: ada@example.com is also leaving and cannot receive resources."),
    ],
)
def test_invalid_destination_is_an_error_even_if_not_needed(action: str, transfer_to: str, text: str) -> None:
    for state in (example_state(), state_with_items(BILLS)):
        assert text in leaver_error(
            state, ADA.email, LINUS.email, action=action, handover_options=HandoverOptions(transfer_to)
        )


@pytest.mark.parametrize("action", ["demote", "delete"])
def test_error_about_a_leaving_destination_is_not_repeated(action: str) -> None:
    assert (
        leaver_error(state_with_items(BILLS), ADA.email, action=action, handover_options=HandoverOptions(ADA.email))
        == "transfer_to: ada@example.com is also leaving and cannot receive resources."
    )


@pytest.mark.parametrize("action", ["demote", "delete"])
def test_error_about_copies_without_a_destination_is_not_repeated(action: str) -> None:
    handover_options = HandoverOptions(data_tables="copy")
    error = leaver_error(
        state_with_items(BILLS), ADA.email, GRACE.email, action=action, handover_options=handover_options
    )
    assert error.count("data_tables: copy requires transfer_to") == 1


@pytest.mark.parametrize(
    ("items", "note"),
    [
        (
            (BILLS,),
            'workflow "Bills" (w-1) and can still read it. To move workflows and credentials, set transfer_to.',
        ),
        (
            (BILLS, ORDERS),
            'data table "Orders" (AbCdEfGh12345678) and can still read these. To move workflows and credentials, set transfer_to. '
            "To copy data tables, also set data_tables=copy.",
        ),
        (
            (ORDERS,),
            'data table "Orders" (AbCdEfGh12345678) and can still read it. To copy data tables, set transfer_to and data_tables=copy.',
        ),
    ],
)
def test_note_about_remaining_items_names_the_options_for_them(items: Any, note: str) -> None:
    (found,) = leaver_plan(state_with_items(*items), ADA.email, action="demote").notes
    assert found.endswith(note)


def test_hidden_destination_is_an_error() -> None:
    state = state_with_items(BILLS)
    state = replace(state, projects=tuple(project for project in state.projects if project != GRACE_PROJECT))
    assert "n8n does not show the personal project of grace@example.com" in leaver_error(
        state, ADA.email, action="delete", handover_options=HandoverOptions(GRACE.email)
    )


@pytest.mark.parametrize(
    "handover_options",
    [
        HandoverOptions("Support"),
        HandoverOptions(data_tables="delete"),
        HandoverOptions(delete_resources=True),
        HandoverOptions("Missing"),
    ],
)
def test_handover_options_are_rejected_for_remove_memberships(handover_options: HandoverOptions) -> None:
    assert "have no effect if users lose only memberships" in leaver_error(
        state_with_items(BILLS), ADA.email, handover_options=handover_options
    )


def test_delete_resources_is_rejected_for_demote() -> None:
    assert "delete_resources applies only to deleted users" in leaver_error(
        state_with_items(BILLS), ADA.email, action="demote", handover_options=HandoverOptions(delete_resources=True)
    )


@pytest.mark.parametrize("action", ["demote", "delete", "staged"])
def test_copy_of_data_tables_requires_transfer_to(action: str) -> None:
    message = leaver_error(
        example_state(),
        ADA.email,
        action=action,
        handover_options=HandoverOptions(data_tables="copy"),
        grace_period=grace_period(action),
    )
    assert "data_tables: copy requires transfer_to" in message


def test_data_tables_delete_is_rejected_for_demote_without_transfer_to() -> None:
    message = leaver_error(
        state_with_items(ORDERS), ADA.email, action="demote", handover_options=HandoverOptions(data_tables="delete")
    )
    assert "data_tables" in message and "transfer_to" in message


def test_copies_of_tables_with_one_name_get_different_names() -> None:
    other_table = replace(ORDERS, id="AbCdEfGh87654321", owner_id=PERSONAL[3].id)
    state = state_with_items(ORDERS)
    state = replace(state, owned_items={**state.owned_items, PERSONAL[3].id: OwnedItems((other_table,))})
    planned = leaver_plan(
        state, ADA.email, LINUS.email, action="delete", handover_options=HandoverOptions("Support", "copy")
    )
    assert [change.after for change in planned.changes if change.action == "copy_table"] == [
        "Orders",
        "Orders (from linus@example.com)",
    ]
