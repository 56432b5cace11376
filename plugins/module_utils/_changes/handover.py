# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the handover of a leaver's resources: its steps, the names for copies, and its results. PURE."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._errors import N8nError
from .._state.model import Project
from .._state.owned_items import OwnedItem, OwnedItems, Workflow, listed
from .change import Change

# The longest name of a data table (seen on 2.8.4 and 2.40.7).
_MAX_NAME_LENGTH = 128
# The keys of a result that describe a handover.
RESULT_KEYS = ("transferred", "copied", "deleted", "lost_shares")


@dataclass(frozen=True)
class Handover:
    """The handover of the resources of one owner, who is named by `owner`.

    `changes` are in their order. Changes that are implied by the deletion of the owner destroy their items. `notes`
    describe, among other things, how folders are handled. `unseen` are the reasons why there may be more resources.
    These reasons did not prevent the plan.
    """

    owner: str
    source: Project
    destination: Project | None = None
    changes: tuple[Change, ...] = ()
    lost_shares: tuple[dict[str, Any], ...] = ()
    mentions: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Change, ...]:
        """Return the changes that are made before the owner is deleted."""
        return tuple(change for change in self.changes if not change.implied_by)

    @property
    def items_deleted_with_owner(self) -> tuple[OwnedItem, ...]:
        """Return the items that are destroyed with the owner."""
        return tuple(change.item for change in self.changes if change.implied_by and change.item is not None)

    def expected(self, deleting: bool = True) -> HandoverOutcome:
        """Return the outcome of a handover without errors; `deleting` tells whether the owner is deleted at the end."""
        handover_outcome = HandoverOutcome(self)
        for step in self.steps:
            handover_outcome.add(step)
        if deleting:
            handover_outcome.owner_deleted()
        return handover_outcome


@dataclass
class HandoverOutcome:
    """The part of a handover that has been done, as entries of results.

    `error` is the error that stopped the handover, and `not_done` are the steps after it.
    """

    handover: Handover
    transferred: list[dict[str, Any]] = field(default_factory=list)
    copied: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[dict[str, Any]] = field(default_factory=list)
    error: N8nError | None = None
    not_done: tuple[Change, ...] = ()
    notes: list[str] = field(default_factory=list)

    def add(self, step: Change, new_id: str | None = None, rows: int | None = None) -> None:
        """Record a step that has been done, or will be done: then the id and the row count of a copy are unknown."""
        item = step.item
        if item is None:
            raise AssertionError(f"this change is not about a resource: {step}")
        entry = item.to_result()
        if step.action in ("transfer_credential", "transfer_workflow"):
            self.transferred.append(entry)
        elif step.action == "delete_table":
            self.deleted.append(entry)
        elif step.action == "copy_table":
            mentions = self.handover.mentions.get(item.id, [])
            self.copied.append({**entry, "new_id": new_id, "new_name": step.after, "rows": rows, "workflows": mentions})

    def owner_deleted(self) -> None:
        """Record that the owner has been or will be deleted, and which items were deleted with it."""
        self.deleted.extend(item.to_result() for item in self.handover.items_deleted_with_owner)

    def to_result(self) -> dict[str, Any]:
        """Return the keys of a result. Shares are lost only for items that are gone."""
        removed = {(entry["type"], entry["id"]) for entry in (*self.transferred, *self.deleted)}
        lost = [share for share in self.handover.lost_shares if (share["type"], share["id"]) in removed]
        return {
            "transferred": self.transferred,
            "copied": self.copied,
            "deleted": self.deleted,
            "lost_shares": lost,
        }


def check_nothing_left(handover: Handover, now: OwnedItems) -> None:
    """Raise N8nError if the owner still or newly owns an item that is not meant to be deleted with the owner.

    `now` are the items that were read after all steps, right before the deletion. Items that were visible when the plan
    was made have to be visible still.
    """
    for reason in (now.unseen, now.tables_unseen, now.variables_unseen):
        if reason and reason not in handover.unseen:
            raise N8nError(f"{handover.owner} is not deleted: {reason}")
    expected_deletions = {(item.type, item.id) for item in handover.items_deleted_with_owner}
    unexpected_items = [item for item in now.items if (item.type, item.id) not in expected_deletions]
    if unexpected_items:
        raise N8nError(
            f"{handover.owner} is not deleted: {listed(unexpected_items)} would be destroyed as well. They were added or "
            "not moved during the task. Run the task again."
        )


def unpublished(handover: Handover, now: OwnedItems) -> list[str]:
    """Return notes on workflows that were published before the handover and are not published in `now`."""
    before = {step.item.id for step in handover.steps if isinstance(step.item, Workflow) and step.item.published}
    return [
        f"{item} was published, and n8n could not publish it again after the move. Publish it in n8n."
        for item in now.items
        if isinstance(item, Workflow) and item.id in before and not item.published
    ]


def incomplete_copy_name(table: OwnedItem) -> str:
    """Return the name of an incomplete copy, by which the next run finds the table that it is a copy of."""
    return _truncated(table.name, f" (copy of {table.id})")


def free_name(name: str, owner: str, taken: Iterable[str]) -> str:
    """Return the name for an item from `owner`: its own name or, if that is taken, one that names the owner."""
    others = set(taken)
    number = 1
    found = name
    while found in others:
        found = _truncated(name, f" (from {owner})" if number == 1 else f" (from {owner}, {number})")
        number += 1
    return found


def _truncated(name: str, tail: str) -> str:
    """Return a name with a suffix. The name is cut if both together are too long for n8n."""
    return name[: _MAX_NAME_LENGTH - len(tail)].rstrip() + tail
