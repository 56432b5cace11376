# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the names of copied tables, and the checks after the steps of a handover."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import (
    HandoverTarget,
    plan_handover,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.handover import (
    check_nothing_left,
    free_name,
    incomplete_copy_name,
    unpublished,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItems
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_handover import (
    ADA_PROJECT,
    ALONE,
    BILLS,
    LEDGER,
    MAIL,
    OPS,
    ORDERS,
    state_with_items,
)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ((), "N"),
        (("N",), "N (from a)"),
        (("N", "N (from a)"), "N (from a, 2)"),
        (("N", "N (from a)", "N (from a, 2)"), "N (from a, 3)"),
    ],
)
def test_free_name_adds_the_source_and_a_number_if_needed(taken: tuple[str, ...], name: str) -> None:
    assert free_name("N", "a", taken) == name


def test_names_are_truncated_to_the_limit_of_n8n() -> None:
    longest = "x" * 128
    assert free_name(longest, "a", ()) == longest
    cut = free_name(longest, "a", (longest,))
    assert (len(cut), cut[-9:]) == (128, "x (from a)"[-9:])
    assert incomplete_copy_name(replace(ORDERS, name=longest)).endswith(f"x (copy of {ORDERS.id})")
    assert len(incomplete_copy_name(replace(ORDERS, name=longest))) == 128


def test_check_nothing_left_rejects_unplanned_items() -> None:
    handover = plan_handover(state_with_items(MAIL, BILLS), ADA_PROJECT, HandoverTarget(OPS))
    check_nothing_left(handover, OwnedItems())
    with pytest.raises(N8nError, match=r'ada@example.com is not deleted: workflow "Alone" \(w-3\) would be destroyed'):
        check_nothing_left(handover, OwnedItems((ALONE,)))
    deletion = plan_handover(state_with_items(MAIL), ADA_PROJECT, HandoverTarget(delete_resources=True))
    check_nothing_left(deletion, OwnedItems((MAIL,)))
    with pytest.raises(N8nError, match="Alone"):
        check_nothing_left(deletion, OwnedItems((MAIL, ALONE)))


def test_workflow_that_is_unpublished_after_the_move_is_noted() -> None:
    handover = plan_handover(state_with_items(BILLS, LEDGER), ADA_PROJECT, HandoverTarget(OPS))
    moved = replace(BILLS, owner_id=OPS.id)
    assert unpublished(handover, OwnedItems((moved, LEDGER))) == []
    (note,) = unpublished(handover, OwnedItems((replace(moved, published=False), LEDGER)))
    assert note.startswith('workflow "Bills" (w-1) was published, and n8n could not publish it again')
