# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the demotion of leavers: custom roles, scopes, and invalid roles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import LeaverOptions, leaver_request
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import PROJECT_ADMIN, Role
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import ADA, ROLES, example_state
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.leaver_plans import (
    NO_SCOPES,
    STAGED,
    grace_period,
    leaver_error,
    leaver_plan,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.simple_plans import changes_of


@pytest.mark.parametrize("role", ["No scopes", "no-scopes-a1b2c3", NO_SCOPES.slug])
def test_demotion_to_a_custom_role_changes_to_chat_user_first(role: str) -> None:
    """Only the change to chat user deletes the API keys of the user."""
    state = example_state(roles=(*ROLES, NO_SCOPES))
    assert leaver_request([ADA.email], LeaverOptions("demote", role)).roles
    planned = leaver_plan(state, ADA.email, action="demote", demote_role=role)
    assert changes_of(planned) == [
        ("change_user_role", ADA.email, None, "global:member", "global:chatUser"),
        ("remove_member", ADA.email, "Sales", PROJECT_ADMIN, None),
        ("remove_member", ADA.email, "Support", "project:viewer", None),
        ("change_user_role", ADA.email, None, "global:chatUser", NO_SCOPES.slug),
    ]
    assert [step for step, _changes in planned.steps()] == ["change_user_roles", "change_user_roles_again"]


@pytest.mark.parametrize(
    ("role", "expected"),
    [("global:chatUser", [("change_user_role", "global:chatUser", NO_SCOPES.slug)]), (NO_SCOPES.slug, [])],
)
def test_demotion_of_a_chat_user_makes_only_the_second_role_change(role: str, expected: list[tuple[str, ...]]) -> None:
    state = example_state(roles=(*ROLES, NO_SCOPES))
    users = tuple(replace(user, role=role) if user == ADA else user for user in state.users)
    planned = leaver_plan(replace(state, users=users, members={}), ADA.email, action="demote", demote_role="No scopes")
    assert [(row[0], row[3], row[4]) for row in changes_of(planned)] == expected


def state_with_scopes(role: str, **scopes: str) -> State:
    """Return the example state where Ada has `role` and n8n shows the scopes of roles."""
    named = {"member": "chatHub:message workflow:list", "chatUser": "chatHub:message", "admin": "user:delete", **scopes}
    roles = tuple(
        Role(
            f"global:{name}",
            name,
            "global",
            custom=name not in ("member", "chatUser", "admin"),
            scopes=frozenset(of.split()),
        )
        for name, of in named.items()
    )
    users = tuple(replace(user, role=role) if user == ADA else user for user in example_state().users)
    return example_state(roles=roles, users=users)


@pytest.mark.parametrize(
    ("has", "demote_role", "scopes", "becomes"),
    [
        ("global:chatUser", "chatUser", "", []),
        ("global:member", "chatUser", "", ["global:chatUser"]),
        ("global:admin", "own-a1b2c3", "", ["global:chatUser", "global:own-a1b2c3"]),
        ("global:chatUser", "global:own-a1b2c3", "", ["global:own-a1b2c3"]),
        ("global:own-a1b2c3", "global:own-a1b2c3", "", []),
        # Each other role has more scopes than a role without scopes.
        ("global:own-a1b2c3", "chatUser", "", []),
        ("global:own-a1b2c3", "chatUser", "chatHub:message", ["global:chatUser"]),
        ("global:own-a1b2c3", "chatUser", "user:list", ["global:chatUser"]),
    ],
)
def test_demotion_never_adds_scopes(has: str, demote_role: str, scopes: str, becomes: list[str]) -> None:
    state = state_with_scopes(has, **{"own-a1b2c3": scopes})
    planned = leaver_plan(state, ADA.email, action="demote", demote_role=demote_role)
    assert [row[4] for row in changes_of(planned) if row[0] == "change_user_role"] == becomes
    assert {row[2] for row in changes_of(planned) if row[0] == "remove_member"} == {"Sales", "Support"}
    is_kept = (has, demote_role, scopes) == ("global:own-a1b2c3", "chatUser", "")
    kept = "ada@example.com keeps the instance role global:own-a1b2c3, because this role has no scopes."
    assert any(note.startswith(kept) and "API keys are kept" in note for note in planned.notes) is is_kept


def test_user_with_a_role_without_scopes_is_deleted_after_the_grace_period() -> None:
    state = state_with_scopes("global:own-a1b2c3", **{"own-a1b2c3": ""})
    for members, days, actions in ((state.members, 1, {"remove_member"}), ({}, 1, set()), ({}, 30, {"delete_user"})):
        planned = leaver_plan(
            replace(state, members=members),
            ADA.email,
            action="staged",
            grace_period=grace_period("staged", STAGED, days=days),
        )
        assert {row[0] for row in changes_of(planned)} == actions


def test_role_with_unknown_scopes_is_changed() -> None:
    state = state_with_scopes("global:own-a1b2c3")
    for roles in (None, ROLES):
        planned = leaver_plan(replace(state, roles=roles), ADA.email, action="demote")
        assert changes_of(planned)[0] == ("change_user_role", ADA.email, None, "global:own-a1b2c3", "global:chatUser")


def test_demote_role_with_scopes_is_rejected_with_its_scopes() -> None:
    scopes = " ".join([*(f"workflow:{number:02}" for number in range(11)), "user:changeRole"])
    state = state_with_scopes("global:admin", **{"own-a1b2c3": scopes, "two-a1b2c3": "user:list"})
    error = leaver_error(state, ADA.email, action="demote", demote_role="own-a1b2c3")
    assert (
        "demote_role: global:own-a1b2c3 has the scopes user:changeRole, workflow:00, workflow:01 and 9 more. Leavers would keep these permissions."
        in error
    )
    assert "has the scopes user:list. Leavers" in leaver_error(
        state, ADA.email, action="demote", demote_role="two-a1b2c3"
    )
    for role in ("member", "admin"):
        assert f"demote_role: global:{role} has the scopes" in leaver_error(
            state, ADA.email, action="demote", demote_role=role
        )


def test_demote_role_must_be_chat_user_if_scopes_are_hidden() -> None:
    error = leaver_error(example_state(roles=None), ADA.email, action="demote", demote_role="global:no-scopes-a1b2c3")
    assert "does not show the scopes of global:no-scopes-a1b2c3" in error and "Set demote_role=chatUser" in error
    unknown = example_state(roles=(*ROLES, replace(NO_SCOPES, scopes=None)))
    assert "may have scopes" in leaver_error(unknown, ADA.email, action="demote", demote_role="No scopes")


@pytest.mark.parametrize("role", ["owner", "admin", "boss", "project:viewer", ""])
def test_unassignable_demote_role_is_an_error(role: str) -> None:
    assert "demote_role: " in leaver_error(example_state(roles=ROLES), ADA.email, action="demote", demote_role=role)
