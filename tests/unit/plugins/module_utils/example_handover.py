# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small state of n8n with items of one user, for unit tests of handovers."""

from __future__ import annotations

from typing import Any

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    OwnedItems,
    Table,
    Workflow,
)

ADA, BO = "ada@example.com", "bo@example.com"
ADA_PROJECT = Project("home-ada", "Ada <ada@example.com>", "personal", "u-ada")
BO_PROJECT = Project("home-bo", "Bo <bo@example.com>", "personal", "u-bo")
OPS, SALES = Project("p-ops", "Ops"), Project("p-sales", "Sales")
MAIL = Credential("credential", "c-1", "Mail", ADA_PROJECT.id)
BANK = Credential("credential", "c-2", "Bank", ADA_PROJECT.id)
BILLS = Workflow("workflow", "w-1", "Bills", ADA_PROJECT.id, published=True, credentials=("c-1",), calls=("w-2",))
LEDGER = Workflow("workflow", "w-2", "Ledger", ADA_PROJECT.id)
ALONE = Workflow("workflow", "w-3", "Alone", ADA_PROJECT.id, archived=True)
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", ADA_PROJECT.id, columns=(("s", "string"),))


def state_with_items(
    *items: OwnedItem,
    pending: bool = False,
    name: str | None = None,
    ops_items: tuple[OwnedItem, ...] = (),
    **more: Any,
) -> State:
    """Return a state where Ada owns `items` and the project Ops owns `ops_items`."""
    return State(
        "http://n8n.invalid",
        users=(User("u-ada", ADA, "global:member", pending, name), User("u-bo", BO, "global:member")),
        projects=(ADA_PROJECT, BO_PROJECT, OPS, SALES),
        owned_items={
            ADA_PROJECT.id: OwnedItems(items, **more),
            OPS.id: OwnedItems(ops_items),
            SALES.id: OwnedItems(items),
        },
    )
