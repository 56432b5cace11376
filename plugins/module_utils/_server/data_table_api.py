# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide data tables and their rows as methods."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import ApiError, N8nError
from .._state.owned_items import Table
from .client import Client
from .paging import parsed, quoted_part, read_complete, send_once

# Older versions ignore projectId, and use the personal project of the key's user (seen on 2.8.4).
WRONG_PROJECT_MESSAGE = (
    "This n8n creates data tables only in the personal project of the key's user, so no table can be "
    "copied to another project. Update n8n, or copy the data in n8n."
)
# The columns that n8n itself writes into every row of a data table.
SYSTEM_COLUMNS = ("id", "createdAt", "updatedAt")
# The number of rows in one call: 10,000 small rows took 0.4 s (seen on 2.8.4 and 2.40.7), and n8n accepts at most 16
# MB.
MAX_ROWS = 1000
MAX_BYTES = 1_000_000


class DataTableApi:
    """The calls of one key for data tables."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def tables(self) -> tuple[Table, ...]:
        """Return all data tables that the server shows."""
        pages = read_complete(self.client, "/data-tables", "list data tables", "dataTable:list")
        return parsed(
            self.client, lambda items: tuple(Table.from_api(item) for item in items), pages.items, "/data-tables"
        )

    def table_rows(self, table_id: str) -> list[dict[str, Any]]:
        """Return the rows of a data table, with the oldest row first, without the columns that n8n itself writes."""
        path = f"/data-tables/{quoted_part(table_id)}/rows"
        operation = f"read the rows of data table {table_id}"
        pages = read_complete(self.client, path, operation, "dataTableRow:read", {"sortBy": "id:asc"})
        return [{name: row[name] for name in row if name not in SYSTEM_COLUMNS} for row in pages.items]

    def create_table(self, project_id: str, name: str, columns: Sequence[tuple[str, str]]) -> Table:
        """Create an empty data table in a project that has no data table with that name."""
        operation = f'create data table "{name}" in project {project_id}'
        body = {
            "name": name,
            "projectId": project_id,
            "columns": [{"name": column, "type": kind} for column, kind in columns],
        }

        def read_again() -> Table | None:
            return next((table for table in self.tables() if (table.owner_id, table.name) == (project_id, name)), None)

        def send() -> Table:
            data = self.client.send("POST", "/data-tables", operation, "dataTable:create", body=body)
            return parsed(self.client, Table.from_api, data, "/data-tables")

        table = send_once(self.client, send, read_again)
        if table.owner_id != project_id:
            self.delete_table(table.id)
            raise N8nError(WRONG_PROJECT_MESSAGE)
        return table

    def insert_rows(self, table_id: str, rows: Sequence[Mapping[str, Any]], before: int) -> None:
        """Add all of `rows` or none of them to a data table that has `before` rows.

        The number of rows is limited as in the result of `row_batches`.
        """
        path = f"/data-tables/{quoted_part(table_id)}/rows"
        operation = f"add {len(rows)} rows to data table {table_id}"

        def read_again() -> bool | None:
            return True if len(self.table_rows(table_id)) == before + len(rows) else None

        def send() -> bool:
            self.client.send("POST", path, operation, "dataTableRow:create", body={"data": list(rows)})
            return True

        send_once(self.client, send, read_again)

    def rename_table(self, table: Table, name: str) -> None:
        """Rename a data table; ApiError with status 409 means that its project already has a table with that name."""
        path = f"/data-tables/{quoted_part(table.id)}"
        operation = f'rename data table {table.id} to "{name}"'
        try:
            self.client.send("PATCH", path, operation, "dataTable:update", body={"name": name})
        except ApiError as error:
            # n8n also refuses the name that the table already has. The first try was then carried out and its response
            # was lost.
            names = [other.name for other in self.tables() if other.id == table.id] if error.status == 409 else []
            if names != [name]:
                raise

    def delete_table(self, table_id: str) -> None:
        """Delete a data table with all its rows. If the data table does not exist, nothing changes."""
        path = f"/data-tables/{quoted_part(table_id)}"
        try:
            self.client.send("DELETE", path, f"delete data table {table_id}", "dataTable:delete")
        except ApiError as error:
            if error.status != 404 or "Could not find" not in error.server_message:
                raise


def row_batches(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return `rows` in lists, each small enough for one call."""
    found: list[list[Mapping[str, Any]]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row))
        if not found or len(found[-1]) == MAX_ROWS or size + length > MAX_BYTES:
            found.append([])
            size = 0
        found[-1].append(row)
        size += length
    return found
