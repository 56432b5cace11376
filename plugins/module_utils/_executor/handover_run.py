# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a handover step by step without deleting its owner, and report the completed steps if a step fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .._changes.change import Change
from .._changes.handover import Handover, HandoverOutcome, free_name, incomplete_copy_name
from .._errors import ApiError, N8nError
from .._server.api import Api
from .._server.data_table_api import row_batches
from .._state.model import Project
from .._state.owned_items import Table


def run_handover(
    handover: Handover,
    api: Api,
    after_each: Callable[[HandoverOutcome], None] = lambda _delivery: None,
) -> HandoverOutcome:
    """Carry out the steps of `handover` in order, up to the first failure, and return the outcome.

    Errors of n8n are in the outcome and are not raised. Another run continues with the remaining steps.
    """
    handover_outcome = HandoverOutcome(handover)
    for number, step in enumerate(handover.steps):
        try:
            _apply_step(step, handover, api, handover_outcome)
        except N8nError as error:
            handover_outcome.error, handover_outcome.not_done = error, handover.steps[number:]
            break
        after_each(handover_outcome)
    return handover_outcome


def _apply_step(step: Change, handover: Handover, api: Api, handover_outcome: HandoverOutcome) -> None:
    item, destination = step.item, handover.destination
    if item is None:
        raise AssertionError(f"this change is not about a resource: {step}")
    if step.action == "copy_table" and isinstance(item, Table) and destination is not None:
        _copy_table(step, item, destination, handover.owner, api, handover_outcome)
        return
    if step.action == "transfer_credential" and destination is not None:
        api.resources.transfer_credential(item.id, destination.id)
    elif step.action == "transfer_workflow" and destination is not None:
        api.resources.transfer_workflow(item.id, destination.id)
    elif step.action == "unpublish_workflow":
        api.resources.unpublish_workflow(item.id)
    elif step.action == "delete_table":
        api.data_tables.delete_table(item.id)
    else:
        raise AssertionError(f"no such step: {step}")
    handover_outcome.add(step)


def _copy_table(
    step: Change,
    table: Table,
    destination: Project,
    owner: str,
    api: Api,
    handover_outcome: HandoverOutcome,
) -> None:
    """Replace a data table by a copy in the destination.

    Until the copy and the original have been compared, the name of the copy contains the id of the original, and the
    original stays. So wherever a run stops, the next run finds one of two states. Either the original exists, with or
    without a copy, and the next run uses the copy only if its content is the same. Or only the copy exists.
    """
    rows = api.data_tables.table_rows(table.id)
    copy = step.unfinished
    if copy is not None and not _has_same_content(copy, table, rows, api):
        _delete_incomplete_copy(copy, table, rows, owner, api)
        copy = None
    if copy is None:
        copy = _create_copy(table, rows, destination, api)
    if api.data_tables.table_rows(table.id) != rows:
        raise N8nError(
            f"The rows of {table} of {owner} changed during the copy. Run the task again when no workflow writes to it."
        )
    try:
        api.data_tables.delete_table(table.id)
    except N8nError:
        handover_outcome.notes.append(
            f"{copy} is a complete copy of {table} of {owner}. The original may already be deleted."
        )
        raise
    # From here on, the copy is the only table, under either name.
    named = _rename_copy(copy, step, owner, destination, api, handover_outcome)
    handover_outcome.add(named, copy.id, len(rows))


def _create_copy(table: Table, rows: list[dict[str, Any]], destination: Project, api: Api) -> Table:
    copy = api.data_tables.create_table(destination.id, incomplete_copy_name(table), table.columns)
    before = 0
    for batch in row_batches(rows):
        api.data_tables.insert_rows(copy.id, batch, before)
        before += len(batch)
    if not _has_same_content(copy, table, rows, api):
        api.data_tables.delete_table(copy.id)
        raise N8nError(
            f"The copy of {table} differed from the original, so the copy was deleted and the original stays. Run the task again."
        )
    return copy


def _delete_incomplete_copy(copy: Table, table: Table, rows: list[dict[str, Any]], owner: str, api: Api) -> None:
    """Delete a copy that an earlier run did not complete; raises N8nError if it has rows that the original lacks."""
    copied = api.data_tables.table_rows(copy.id)
    if copied != rows[: len(copied)]:
        raise N8nError(
            f"{copy} is an incomplete copy of {table} of {owner}. The rows of one of them changed since, so nothing was deleted. "
            "Delete or rename the copy, and run the task again."
        )
    api.data_tables.delete_table(copy.id)


def _has_same_content(copy: Table, table: Table, rows: list[dict[str, Any]], api: Api) -> bool:
    return copy.columns == table.columns and api.data_tables.table_rows(copy.id) == rows


def _rename_copy(
    copy: Table,
    step: Change,
    owner: str,
    destination: Project,
    api: Api,
    handover_outcome: HandoverOutcome,
) -> Change:
    """Rename a finished copy, and return the step with the actual name."""
    name = step.after or ""
    try:
        try:
            api.data_tables.rename_table(copy, name)
        except ApiError as error:
            if error.status != 409:
                raise
            # Another table has got this name since the plan was made.
            taken = [table.name for table in api.data_tables.tables() if table.owner_id == destination.id]
            name = free_name(step.item.name if step.item else name, owner, taken)
            api.data_tables.rename_table(copy, name)
    except N8nError as error:
        name = copy.name
        handover_outcome.notes.append(
            f"{copy} is a complete copy and keeps this name, because it could not be renamed: {error}"
        )
    return replace(step, after=name)
