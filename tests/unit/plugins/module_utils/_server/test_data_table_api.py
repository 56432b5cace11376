# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the requests for data tables and their rows, and writes whose response is lost."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.data_table_api import row_batches
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, N8nError, LostResponse
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Table
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    CLOSED,
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    Response,
    ScriptedServer,
    page,
    error_response,
    json_response,
)

COLUMN = {"name": "s", "type": "string", "index": 0}
TABLE = {"id": "d-1", "name": "Orders", "projectId": "p-1", "columns": [COLUMN]}
ORDERS = Table("data table", "d-1", "Orders", "p-1", columns=(("s", "string"),))
TAKEN = error_response(409, "Data table with name 'New' already exists in this project")


def test_columns_of_a_data_table_are_sorted_by_index(server: ScriptedServer, api: Api) -> None:
    columns = [{"name": "b", "type": "date", "index": 1}, COLUMN]
    server.on("GET /data-tables", page({**TABLE, "columns": columns}))
    assert api.data_tables.tables()[0].columns == (("s", "string"), ("b", "date"))


def test_rows_of_all_pages_are_read_without_system_columns(server: ScriptedServer, api: Api) -> None:
    system_columns = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}
    server.on(
        "GET /data-tables/d-1/rows",
        page({"id": 1, "s": "a", "n": None, **system_columns}, cursor="1"),
        page({"id": 2, "s": None, "n": 1.5, **system_columns}),
    )
    assert api.data_tables.table_rows("d-1") == [{"s": "a", "n": None}, {"s": None, "n": 1.5}]
    assert server.requests[0].query == {"sortBy": "id:asc", "limit": "250"}


def test_table_whose_response_is_lost_is_found_and_not_created_again(server: ScriptedServer, api: Api) -> None:
    server.on("POST /data-tables", RESET)
    other_table = {**TABLE, "id": "d-0", "projectId": "p-0"}
    server.on("GET /data-tables", page(other_table), page(other_table, TABLE))
    assert api.data_tables.create_table("p-1", "Orders", [("s", "string")]) == ORDERS
    assert server.request_lines == ["POST /data-tables", "GET /data-tables"] * 2


def test_table_created_in_the_wrong_project_is_deleted(server: ScriptedServer, api: Api) -> None:
    server.on("POST /data-tables", json_response({**TABLE, "projectId": "p-personal"}, 201))
    server.on("DELETE /data-tables/d-1", NO_CONTENT)
    with pytest.raises(N8nError, match="only in the personal project of the key's user"):
        api.data_tables.create_table("p-1", "Orders", [("s", "string")])
    assert server.request_lines == ["POST /data-tables", "DELETE /data-tables/d-1"]


def rows_page(count: int) -> Response:
    return page(*({"id": number + 1, "s": "x"} for number in range(count)))


@pytest.mark.parametrize(("row_count", "sent"), [(5, 1), (3, 2)], ids=["rows added", "rows not added"])
def test_rows_whose_response_is_lost_are_counted_before_they_are_sent_again(
    row_count: int, sent: int, server: ScriptedServer, api: Api
) -> None:
    server.on("POST /data-tables/d-1/rows", CLOSED, json_response({"success": True, "insertedRows": 2}))
    server.on("GET /data-tables/d-1/rows", rows_page(row_count))
    api.data_tables.insert_rows("d-1", [{"s": "x"}, {"s": "x"}], before=3)
    assert server.request_lines.count("POST /data-tables/d-1/rows") == sent


def test_rows_without_response_fail_after_the_retries(server: ScriptedServer, api: Api) -> None:
    server.on("POST /data-tables/d-1/rows", RESET)
    server.on("GET /data-tables/d-1/rows", rows_page(0))
    with pytest.raises(LostResponse, match="add 1 rows to data table d-1"):
        api.data_tables.insert_rows("d-1", [{"s": "x"}], before=0)


def test_rename_whose_response_is_lost_succeeds(server: ScriptedServer, api: Api) -> None:
    # n8n rejects the repeated request, because the table itself has the name.
    server.on("PATCH /data-tables/d-1", RESET, TAKEN)
    server.on("GET /data-tables", page({**TABLE, "name": "New"}))
    api.data_tables.rename_table(ORDERS, "New")
    assert server.request_lines == ["PATCH /data-tables/d-1"] * 2 + ["GET /data-tables"]


@pytest.mark.parametrize(
    "response", [TAKEN, error_response(400, "request/body/name must NOT have more than 128 characters")]
)
def test_name_in_use_or_invalid_name_is_an_error(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("PATCH /data-tables/d-1", response)
    server.on("GET /data-tables", page(TABLE, {**TABLE, "id": "d-2", "name": "New"}))
    with pytest.raises(ApiError):
        api.data_tables.rename_table(ORDERS, "New")


@pytest.mark.parametrize(
    ("response", "fails"),
    [
        (NO_CONTENT, False),
        (error_response(404, "Could not find the data table: 'd-1'"), False),
        (NOT_FOUND, True),
        (error_response(403, "Forbidden"), True),
    ],
)
def test_deletion_of_a_missing_table_succeeds(
    response: Response, fails: bool, server: ScriptedServer, api: Api
) -> None:
    server.on("DELETE /data-tables/d-1", response)
    if fails:
        with pytest.raises(ApiError):
            api.data_tables.delete_table("d-1")
    else:
        api.data_tables.delete_table("d-1")


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        ([], []),
        ([{"s": "x"}] * 2500, [1000, 1000, 500]),
        ([{"s": "x" * 400_000}] * 5, [2, 2, 1]),
        ([{"s": "x" * 3_000_000}] * 2, [1, 1]),
    ],
)
def test_batches_of_rows_have_the_maximum_size_and_keep_the_order(rows: list[dict[str, Any]], sizes: list[int]) -> None:
    batches = row_batches(rows)
    assert [len(batch) for batch in batches] == sizes
    assert [row for batch in batches for row in batch] == rows
