# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who leave: what becomes of their access, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_result import leaver_results
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leavers import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    ACTIONS,
    LeaverOptions,
    find_leavers,
    leaver_request,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import OwnedItem, OwnedItems
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    LINUS,
    PERSONAL,
    SUPPORT,
    example_state,
    member,
)


def leave(state: State, action: str, *references: str) -> Plan:
    return plan_leavers(state, find_leavers(state, references), LeaverOptions(action))


def rows(made: Plan) -> list[tuple[object, ...]]:
    return [
        (change.action, change.user, change.project, change.before, change.after, bool(change.implied_by))
        for change in made.changes
    ]


def test_memberships_are_removed_and_nothing_else() -> None:
    assert rows(leave(example_state(), "remove_memberships", "ADA@example.com", "linus@example.com")) == [
        ("remove_member", "ada@example.com", "Sales", "project:admin", None, False),
        ("remove_member", "linus@example.com", "Sales", "project:viewer", None, False),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None, False),
    ]


def test_a_demotion_takes_the_memberships_with_it_in_one_call() -> None:
    assert rows(leave(example_state(), "demote", "ada@example.com")) == [
        ("change_user_role", "ada@example.com", None, "global:member", "global:chatUser", False),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None, True),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None, True),
    ]


def test_somebody_demoted_already_only_loses_the_memberships_made_since() -> None:
    state = example_state(
        users=tuple(replace(user, role="global:chatUser") if user == ADA else user for user in example_state().users)
    )
    assert {row[0] for row in rows(leave(state, "demote", "ada@example.com"))} == {"remove_member"}
    assert not any(row[-1] for row in rows(leave(state, "demote", "ada@example.com")))


def test_a_deletion_takes_everything_with_it() -> None:
    assert rows(leave(example_state(), "delete", "linus@example.com")) == [
        ("delete_user", "linus@example.com", None, "global:member", None, False),
        ("remove_member", "linus@example.com", "Sales", "project:viewer", None, True),
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_who_is_gone_changes_nothing(action: str) -> None:
    assert rows(leave(example_state(), action, "nobody@example.com")) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_everything_that_is_impossible_stops_all_and_is_said_at_once(action: str) -> None:
    with pytest.raises(InputError) as error:
        leave(example_state(), action, "linus@example.com", "olivia@example.com", "grace@example.com")
    assert "olivia@example.com is the owner" in str(error.value)
    assert 'Project "Support" (p-support) would be left without an admin: grace@example.com is its last' in str(
        error.value
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_the_keys_own_user_cannot_leave(action: str) -> None:
    with pytest.raises(InputError, match="ada@example.com is the user whose API key is used"):
        leave(example_state(own_user_id=ADA.id), action, "ada@example.com")


def test_two_who_leave_together_are_the_last_admins_together() -> None:
    state = example_state()
    state = replace(
        state, members={**state.members, SUPPORT.id: (member(LINUS, "project:admin"), member(ADA, "project:admin"))}
    )
    assert len(rows(leave(state, "remove_memberships", "ada@example.com"))) == 2
    with pytest.raises(InputError, match='"Support".*ada@example.com, linus@example.com are its last'):
        leave(state, "remove_memberships", "ada@example.com", "linus@example.com")


def test_somebody_who_owns_something_is_not_deleted_and_nobody_else_either() -> None:
    owned = OwnedItems((OwnedItem("workflow", "w1", "Bills"), OwnedItem("data table", "t1", "Rates")))
    state = example_state()
    state = replace(state, owned_items={**state.owned_items, PERSONAL[1].id: owned})
    with pytest.raises(
        InputError, match=r'(?s)ada@example.com owns workflow "Bills" .w1., .* owns data table "Rates" .t1., and'
    ):
        leave(state, "delete", "ada@example.com", "linus@example.com")
    assert rows(leave(state, "demote", "ada@example.com"))


def test_a_person_named_twice_is_one_person() -> None:
    people = find_leavers(example_state(), ["ada@example.com", "u-ada", "nobody@example.com"])
    assert [person.reference for person in people] == ["ada@example.com", "nobody@example.com"]


def test_the_server_is_read_once_for_all_of_them() -> None:
    request = leaver_request(["a@example.com"], LeaverOptions("delete"))
    assert (request.all_users, request.projects, request.members, request.owned_items) == (True, True, ALL, True)


def test_the_result_says_for_each_what_was_taken_away() -> None:
    state = example_state()
    ada, nobody = find_leavers(state, ["ada@example.com", "nobody@example.com"])
    leaver_options = LeaverOptions("remove_memberships")
    made = plan_leavers(state, [ada, nobody], leaver_options)
    of_ada, of_nobody = leaver_results([ada, nobody], leaver_options, made, made.changes[:1], {}, None)
    assert {key: of_ada[key] for key in ("email", "id", "found", "action", "changed", "memberships")} == {
        "email": "ada@example.com",
        "id": "u-ada",
        "found": True,
        "action": "remove_memberships",
        "changed": True,
        "memberships": [{"id": "p-sales", "name": "Sales", "role": "project:admin"}],
    }
    assert [(entry["type"], entry["name"]) for entry in of_ada["residual_access"]][:2] == [
        ("instance_role", "global:member"),
        ("membership", "Support"),
    ]
    assert of_nobody["found"] is False and of_nobody["residual_access"] == []
