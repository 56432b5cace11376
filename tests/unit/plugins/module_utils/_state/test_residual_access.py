# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody can still reach."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
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

HOME, HERS = PERSONAL[1], PERSONAL[2]
OWNED = (
    Workflow("workflow", "w-1", "Bills", HOME.id, published=True),
    Workflow("workflow", "w-2", "Old", HOME.id, archived=True),
    Credential("credential", "c-1", "Mail", HOME.id, (Share(SALES.id, "credential:user"),)),
    Table("data table", "t-1", "Orders", HOME.id),
)
SHARED = (
    Workflow("workflow", "w-9", "Ledger", HERS.id, (Share(HOME.id, "workflow:editor"), Share(SALES.id, "x"))),
    Credential("credential", "c-9", "Bank", SALES.id, (Share(HOME.id, "credential:user"),)),
)


def having(owned_items: OwnedItems) -> State:
    state = example_state()
    return replace(state, owned_items={**state.owned_items, HOME.id: owned_items})


def rows(entries: list[dict[str, object]]) -> list[tuple[object, ...]]:
    assert all(list(entry) == ["type", "id", "name", "role"] for entry in entries)
    return [tuple(entry.values()) for entry in entries]


def test_everything_that_somebody_can_reach_is_listed() -> None:
    assert rows(residual_access(having(OwnedItems(OWNED, shared=SHARED)), ADA)) == [
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


def test_of_deleted_keys_those_of_mcp_are_left() -> None:
    kinds = [(entry["type"], entry["name"]) for entry in residual_access(example_state(), ADA, keys_deleted=True)]
    assert [kind for kind, _name in kinds] == ["instance_role", "membership", "membership", "api_keys"]
    assert kinds[-1][1] == MCP_KEYS_UNSEEN and "MCP" in MCP_KEYS_UNSEEN


def test_a_variable_in_a_personal_project_is_of_no_use_to_anybody() -> None:
    variable = OwnedItem("variable", "v-1", "RATE", HOME.id)
    assert residual_access(having(OwnedItems((variable,))), ADA) == residual_access(having(OwnedItems()), ADA)


def test_what_goes_is_not_listed_and_what_only_has_its_id_is() -> None:
    gone = [("workflow", "w-1"), ("data table", "t-1"), ("credential", "w-2"), ("workflow", "w-9")]
    left = residual_access(having(OwnedItems(OWNED, shared=SHARED)), ADA, gone=gone)
    # What others own and share does not go with what is the leaver's own.
    assert [entry["id"] for entry in left if entry["id"] and entry["type"] != "membership"] == [
        "w-2",
        "c-1",
        "w-9",
        "c-9",
    ]


def test_what_n8n_does_not_show_is_said() -> None:
    hidden = OwnedItems(unseen="the key may not list workflows", tables_unseen="this n8n is too old")
    assert rows(residual_access(having(hidden), ADA))[-2:] == [
        ("unseen", None, "the key may not list workflows", None),
        ("unseen", None, "this n8n is too old", None),
    ]


def test_a_personal_project_that_cannot_be_seen_is_said() -> None:
    state = replace(example_state(), projects=tuple(project for project in example_state().projects if project != HOME))
    assert rows(residual_access(state, ADA))[-1] == (
        "unseen",
        None,
        "n8n does not show the personal project of this user",
        None,
    )


def test_who_is_invited_only_has_what_others_gave() -> None:
    assert rows(residual_access(example_state(), LINUS, keys_deleted=True)) == [
        ("instance_role", None, "global:member", None),
        ("membership", "p-sales", "Sales", "project:viewer"),
    ]
    assert rows(residual_access(example_state(), GRACE))[0] == ("instance_role", None, "global:admin", None)
