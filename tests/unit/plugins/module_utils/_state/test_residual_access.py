# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the list of the residual access of a user."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.residual_access import (
    KEYS_UNSEEN,
    MCP_KEYS_UNSEEN,
    residual_access,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    PERSONAL,
    SALES,
    example_state,
)

ADA_PROJECT, GRACE_PROJECT = PERSONAL[1], PERSONAL[2]
OWNED = (
    Workflow("workflow", "w-1", "Bills", ADA_PROJECT.id, published=True),
    Workflow("workflow", "w-2", "Old", ADA_PROJECT.id, archived=True),
    Credential("credential", "c-1", "Mail", ADA_PROJECT.id, (Share(SALES.id, "credential:user"),)),
    Table("data table", "t-1", "Orders", ADA_PROJECT.id),
)
SHARED = (
    Workflow(
        "workflow", "w-9", "Ledger", GRACE_PROJECT.id, (Share(ADA_PROJECT.id, "workflow:editor"), Share(SALES.id, "x"))
    ),
    Credential("credential", "c-9", "Bank", SALES.id, (Share(ADA_PROJECT.id, "credential:user"),)),
)


def state_with_items(owned_items: OwnedItems) -> State:
    state = example_state()
    return replace(state, owned_items={**state.owned_items, ADA_PROJECT.id: owned_items})


def rows(entries: list[dict[str, object]]) -> list[tuple[object, ...]]:
    assert all(list(entry) == ["type", "id", "name", "role"] for entry in entries)
    return [tuple(entry.values()) for entry in entries]


def test_all_access_of_a_user_is_listed() -> None:
    assert rows(residual_access(state_with_items(OwnedItems(OWNED, shared=SHARED)), ADA)) == [
        ("instance_role", None, "global:member", None),
        ("membership", "p-sales", "Sales", "project:admin"),
        ("membership", "p-support", "Support", "project:viewer"),
        ("workflow", "w-1", "Bills", None),
        ("workflow", "w-2", "Old", None),
        ("credential", "c-1", "Mail", None),
        ("data_table", "t-1", "Orders", None),
        ("shared_workflow", "w-9", "Ledger", "workflow:editor"),
        ("shared_credential", "c-9", "Bank", "credential:user"),
        ("api_keys", None, KEYS_UNSEEN, None),
    ]


def test_mcp_keys_are_listed_if_api_keys_were_deleted() -> None:
    kinds = [(entry["type"], entry["name"]) for entry in residual_access(example_state(), ADA, keys_deleted=True)]
    assert [kind for kind, _name in kinds] == ["instance_role", "membership", "membership", "api_keys"]
    assert kinds[-1][1] == MCP_KEYS_UNSEEN and "MCP" in MCP_KEYS_UNSEEN


def test_variables_of_a_personal_project_are_not_listed() -> None:
    variable = OwnedItem("variable", "v-1", "RATE", ADA_PROJECT.id)
    assert residual_access(state_with_items(OwnedItems((variable,))), ADA) == residual_access(
        state_with_items(OwnedItems()), ADA
    )


def test_moved_items_are_omitted_by_type_and_id() -> None:
    moved = [("workflow", "w-1"), ("data table", "t-1"), ("credential", "w-2"), ("workflow", "w-9")]
    remaining = residual_access(state_with_items(OwnedItems(OWNED, shared=SHARED)), ADA, removed_items=moved)
    # Shared workflow w-9 has another owner, so it is not one of the moved items of this user.
    assert [entry["id"] for entry in remaining if entry["id"] and entry["type"] != "membership"] == [
        "w-2",
        "c-1",
        "w-9",
        "c-9",
    ]


def test_hidden_items_are_listed_as_unseen() -> None:
    hidden = OwnedItems(unseen="the key may not list workflows", tables_unseen="this n8n is too old")
    assert rows(residual_access(state_with_items(hidden), ADA))[-2:] == [
        ("unseen", None, "the key may not list workflows", None),
        ("unseen", None, "this n8n is too old", None),
    ]


def test_hidden_personal_project_is_listed_as_unseen() -> None:
    state = replace(
        example_state(), projects=tuple(project for project in example_state().projects if project != ADA_PROJECT)
    )
    assert rows(residual_access(state, ADA))[-1] == (
        "unseen",
        None,
        "n8n does not show the personal project of this user",
        None,
    )


def test_pending_user_has_role_memberships_and_an_open_invitation() -> None:
    assert rows(residual_access(example_state(), LINUS, keys_deleted=True)) == [
        ("instance_role", None, "global:member", None),
        ("membership", "p-sales", "Sales", "project:viewer"),
        ("invitation", None, "The invitation can still be accepted", None),
    ]
    assert rows(residual_access(example_state(), GRACE))[0] == ("instance_role", None, "global:admin", None)
