# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a handover out, step by step, and says what has been done when a step fails. Deletes no user and no project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._changes.handover import Delivery, Handover, Step, free_name, working_name
from .._errors import ApiError, N8nError
from .._server.resource_api import Belongings, row_batches
from .._state.model import Project
from .._state.owned import Table


def deliver(
    handover: Handover, belongings: Belongings, after_each: Callable[[Delivery], None] = lambda _delivery: None
) -> Delivery:
    """Do the steps of `handover` one after the other, up to the first that fails, and return what was done.

    Raises nothing that n8n can cause: the error is in the answer. Another run goes on with what is left.
    """
    delivery = Delivery(handover)
    for number, step in enumerate(handover.steps):
        try:
            _do(step, handover, belongings, delivery)
        except N8nError as error:
            delivery.error, delivery.not_done = error, handover.steps[number:]
            break
        after_each(delivery)
    return delivery


def _do(step: Step, handover: Handover, belongings: Belongings, delivery: Delivery) -> None:
    item, destination = step.item, handover.destination
    if step.action == "copy_table" and isinstance(item, Table) and destination is not None:
        _copy(step, item, destination, handover.owner, belongings, delivery)
        return
    if step.action == "transfer_credential" and destination is not None:
        belongings.transfer_credential(item.id, destination.id)
    elif step.action == "transfer_workflow" and destination is not None:
        belongings.transfer_workflow(item.id, destination.id)
    elif step.action == "unpublish_workflow":
        belongings.unpublish_workflow(item.id)
    elif step.action == "delete_table":
        belongings.delete_table(item.id)
    else:
        raise AssertionError(f"no such step: {step}")
    delivery.add(step)


def _copy(
    step: Step, table: Table, destination: Project, owner: str, belongings: Belongings, delivery: Delivery
) -> None:
    """Put a copy of a data table in its place.

    Until copy and original have been compared, the copy has a name with the original's id in it, and the original
    stays. So wherever a run ends, the next one finds either the original, and with it a copy that it can trust as far
    as it is the same, or the copy alone.
    """
    rows = belongings.table_rows(table.id)
    copy = step.unfinished
    if copy is not None and not _same(copy, table, rows, belongings):
        _take_away(copy, table, rows, owner, belongings)
        copy = None
    if copy is None:
        copy = _filled(table, rows, destination, belongings)
    if belongings.table_rows(table.id) != rows:
        raise N8nError(f"{table} of {owner} was written to while it was copied: run the task again when that is over.")
    try:
        belongings.delete_table(table.id)
    except N8nError:
        delivery.notes.append(
            f"{copy} is a complete copy of {table} of {owner}, which may or may not be deleted by now."
        )
        raise
    # The copy is all there is now, whatever it is called.
    named = _named(copy, step, owner, destination, belongings, delivery)
    delivery.add(named, copy.id, len(rows))


def _filled(table: Table, rows: list[dict[str, Any]], destination: Project, belongings: Belongings) -> Table:
    copy = belongings.create_table(destination.id, working_name(table), table.columns)
    before = 0
    for batch in row_batches(rows):
        belongings.insert_rows(copy.id, batch, before)
        before += len(batch)
    if not _same(copy, table, rows, belongings):
        belongings.delete_table(copy.id)
        raise N8nError(
            f"{table} was copied, and the copy was not the same, so it was taken away again and the original stays: run the "
            "task again."
        )
    return copy


def _take_away(copy: Table, table: Table, rows: list[dict[str, Any]], owner: str, belongings: Belongings) -> None:
    """Delete a copy that an earlier run did not finish; raises N8nError where it has what the original has not."""
    copied = belongings.table_rows(copy.id)
    if copied != rows[: len(copied)]:
        raise N8nError(
            f"{copy} was begun as a copy of {table} of {owner}, and one of the two was written to since, so nothing was "
            "deleted: delete or rename the copy, and run the task again."
        )
    belongings.delete_table(copy.id)


def _same(copy: Table, table: Table, rows: list[dict[str, Any]], belongings: Belongings) -> bool:
    return copy.columns == table.columns and belongings.table_rows(copy.id) == rows


def _named(
    copy: Table, step: Step, owner: str, destination: Project, belongings: Belongings, delivery: Delivery
) -> Step:
    """Give a finished copy its name, and return the step with the name that it has got."""
    name = step.name
    try:
        try:
            belongings.rename_table(copy, name)
        except ApiError as error:
            if error.status != 409:
                raise
            # Somebody else has taken it since the plan was made.
            taken = [table.name for table in belongings.tables() if table.owner_id == destination.id]
            name = free_name(step.item.name, owner, taken)
            belongings.rename_table(copy, name)
    except N8nError as error:
        name = copy.name
        delivery.notes.append(f"{copy} is a complete copy and keeps this name, as it could not be renamed: {error}")
    return Step(step.action, step.item, name)
