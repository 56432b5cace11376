# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the requests for owned items, their results, invalid responses, and writes whose response is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import resource_api
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.resource_api import NOT_ADMIN_MESSAGE, TABLES_UNSEEN
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
    without_nodes,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    Response,
    ScriptedServer,
    page,
    error_response,
    json_response,
)

ROLES = json_response({"global": [], "project": []})
COLUMN = {"name": "s", "type": "string", "index": 0}
TABLE = {"id": "d-1", "name": "Orders", "projectId": "p-1", "columns": [COLUMN]}
ORDERS = Table("data table", "d-1", "Orders", "p-1", columns=(("s", "string"),))
SAME_WORKFLOW = error_response(400, "You can't transfer a workflow into the same destination it already belongs to.")
SAME_CREDENTIAL = error_response(400, "You can't transfer a credential into the project that's already owning it.")


def shared(*entries: str, kind: str = "workflow") -> list[dict[str, str]]:
    """Return `shared` in the format of n8n, from texts such as "owner p-1"."""
    key = "projectId" if kind == "workflow" else "id"
    return [{"role": f"{kind}:{entry.split()[0]}", key: entry.split()[1]} for entry in entries]


@pytest.fixture
def empty_server(server: ScriptedServer) -> ScriptedServer:
    """A server with the current API and without items."""
    server.on("GET /roles", ROLES)
    for path in ("/workflows", "/credentials", "/data-tables", "/variables"):
        server.on(f"GET {path}", page())
    return server


# Reading


def test_shared_items_are_not_owned_items(empty_server: ScriptedServer, api: Api) -> None:
    empty_server.on(
        "GET /workflows",
        page(
            {"id": "w-1", "name": "Owned", "shared": shared("owner p-1")},
            {"id": "w-2", "name": "Shared", "shared": shared("owner p-2", "editor p-1")},
            {"id": "w-3", "name": "Only the share is shown", "shared": shared("editor p-1")},
            {"id": "w-4", "name": "No share is shown"},
        ),
    )
    empty_server.on(
        "GET /credentials",
        page(
            {"id": "c-1", "name": "Owned", "shared": shared("owner p-1", "user p-8", kind="credential")},
            {"id": "c-2", "name": "Used", "shared": shared("user p-1", "owner p-9", kind="credential")},
            {"id": "c-3", "name": "Unowned", "shared": None},
        ),
    )
    empty_server.on(
        "GET /data-tables",
        page(
            {"id": "d-1", "name": "Owned", "projectId": "p-1"},
            {"id": "d-2", "projectId": "p-9"},
            {"id": "d-3", "name": "Unowned table", "projectId": None},
        ),
    )
    found = api.resources.owned_items(["p-1"], is_instance_admin=True)["p-1"]
    assert found.items == (
        Workflow("workflow", "w-1", "Owned", "p-1"),
        Credential("credential", "c-1", "Owned", "p-1", (Share("p-8", "credential:user"),)),
        Table("data table", "d-1", "Owned", "p-1"),
    )
    assert [(item.id, item.owner_id) for item in found.shared] == [("w-2", "p-2"), ("w-3", ""), ("c-2", "p-9")]
    # n8n does not show the owner of the other items, so the project may own them.
    assert [getattr(found, field).partition(", so it is unknown")[0] for field in ("unseen", "tables_unseen")] == [
        'n8n does not show the owner of workflow "Only the share is shown" (w-3), workflow "No share is shown" (w-4), '
        'credential "Unowned" (c-3)',
        'n8n does not show the owner of data table "Unowned table" (d-3)',
    ]


def test_workflow_has_its_owner_shares_and_used_items(empty_server: ScriptedServer, api: Api) -> None:
    nodes = [
        {"credentials": {"http": {"id": "c-1", "name": "C"}, "other": {"id": None}}, "parameters": {}},
        {"parameters": {"workflowId": {"__rl": True, "value": "w-9", "mode": "list"}}},
        {"parameters": {"workflowId": "7", "options": [{"dataTableId": {"value": "Orders", "mode": "name"}}]}},
        {"parameters": {"jsCode": "return table('AbCdEfGh12345678')", "dataTableId": {"value": ""}}},
        {"parameters": None, "credentials": None},
    ]
    workflow = {"id": "w-1", "name": "W", "active": True, "nodes": nodes, "shared": shared("editor p-2", "owner p-1")}
    empty_server.on("GET /workflows", page(workflow))
    (found,) = api.resources.workflows()
    assert found == Workflow(
        "workflow",
        "w-1",
        "W",
        "p-1",
        (Share("p-2", "workflow:editor"),),
        published=True,
        credentials=("c-1",),
        calls=("7", "w-9"),
        tables=("AbCdEfGh12345678", "Orders"),
    )
    assert found == Workflow.from_api(workflow)
    assert "nodes" not in without_nodes(workflow)
    assert empty_server.requests[0].query == {"excludePinnedData": "true", "limit": "250"}


def test_workflows_of_others_that_use_owned_items_are_found(empty_server: ScriptedServer, api: Api) -> None:
    using = {"credentials": {"http": {"id": "c-1"}}}
    empty_server.on(
        "GET /credentials", page({"id": "c-1", "name": "C", "shared": shared("owner p-1", kind="credential")})
    )
    empty_server.on("GET /data-tables", page({"id": "AbCdEfGh12345678", "name": "Orders", "projectId": "p-1"}))
    empty_server.on(
        "GET /workflows",
        page(
            {"id": "w-1", "name": "Owned", "shared": shared("owner p-1"), "nodes": [using]},
            {"id": "w-2", "name": "Other", "shared": shared("owner p-2"), "nodes": [using]},
            {"id": "w-3", "name": "Table", "shared": shared("owner p-2"), "nodes": [{"x": "=AbCdEfGh12345678"}]},
            # The name of a table is not unique outside of its project.
            {"id": "w-4", "name": "Name", "shared": shared("owner p-2"), "nodes": [{"dataTableId": "Orders"}]},
        ),
    )
    found = api.resources.owned_items(["p-1", "p-2"], is_instance_admin=True)
    assert {key: [item.id for item in value.borrowed] for key, value in found.items()} == {"p-1": [], "p-2": ["c-1"]}
    assert {key: [item.id for item in value.used_by] for key, value in found.items()} == {
        "p-1": ["w-2", "w-3"],
        "p-2": [],
    }


def test_items_are_listed_once_for_many_projects(empty_server: ScriptedServer, api: Api) -> None:
    empty_server.on("GET /data-tables", page({"id": "d-2", "name": "T", "projectId": "p-2"}))
    found = api.resources.owned_items([f"p-{number}" for number in range(200)], is_instance_admin=True)
    assert {key: str(value) for key, value in found.items() if value.items} == {"p-2": 'data table "T" (d-2)'}
    assert len(found) == 200
    paths = ("/credentials", "/data-tables", "/roles", "/variables", "/workflows")
    assert sorted(empty_server.request_lines) == [f"GET {path}" for path in paths]


@pytest.mark.parametrize(
    ("is_instance_admin", "roles", "unseen"),
    [
        (True, ROLES, ""),
        (True, error_response(403, "Forbidden"), ""),
        (True, NOT_FOUND, TABLES_UNSEEN),
        (True, error_response(405, "GET method not allowed"), TABLES_UNSEEN),
        (False, ROLES, NOT_ADMIN_MESSAGE),
    ],
)
def test_hidden_items_are_reported_as_unknown(
    is_instance_admin: bool, roles: Response, unseen: str, empty_server: ScriptedServer, api: Api
) -> None:
    empty_server.on("GET /roles", roles)
    owned_items = api.resources.owned_items(["p-1"], is_instance_admin)["p-1"]
    assert (owned_items.unseen or owned_items.tables_unseen) == unseen


@pytest.mark.parametrize(
    ("path", "scope", "field"),
    [
        ("/workflows", "workflow:list", "unseen"),
        ("/credentials", "credential:list", "unseen"),
        ("/data-tables", "dataTable:list", "tables_unseen"),
        ("/variables", "variable:list", "variables_unseen"),
    ],
)
def test_forbidden_listing_is_reported_and_other_items_are_listed(
    path: str, scope: str, field: str, empty_server: ScriptedServer, api: Api
) -> None:
    empty_server.on(f"GET {path}", error_response(403, "Forbidden"))
    found = api.resources.owned_items(["p-1"], is_instance_admin=True)["p-1"]
    assert getattr(found, field) == f'n8n refused to list {path[1:].replace("-", " ")}: "Forbidden" (HTTP 403).'
    assert found.refused == (scope,)
    assert len(empty_server.request_lines) == 6  # The sixth request reads the scopes of the key.


@pytest.mark.parametrize("path", ["/workflows", "/credentials", "/data-tables", "/variables", "/roles"])
def test_other_error_response_to_a_listing_is_an_error(path: str, empty_server: ScriptedServer, api: Api) -> None:
    empty_server.on(f"GET {path}", error_response(401, "unauthorized"))
    with pytest.raises(ApiError):
        api.resources.owned_items(["p-1"], is_instance_admin=True)


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("/workflows", {"id": "w", "shared": [{"role": "workflow:owner"}]}),
        ("/workflows", {"id": "w", "shared": "p-1"}),
        ("/credentials", {"id": "c", "shared": [7]}),
        ("/data-tables", {"id": "d", "columns": [{"name": "s"}]}),
        ("/variables", {"id": "v", "key": "RATE", "project": "p-1"}),
    ],
)
def test_items_of_another_structure_are_an_error(
    path: str, item: dict[str, Any], empty_server: ScriptedServer, api: Api
) -> None:
    empty_server.on(f"GET {path}", page(item))
    with pytest.raises(ConnectionFailed, match="is not that of the public API of n8n"):
        api.resources.owned_items(["p-1"], is_instance_admin=True)


def test_variables_of_projects_are_read_without_their_values(empty_server: ScriptedServer, api: Api) -> None:
    variable = {"id": "v-1", "key": "RATE", "value": "secret", "type": "string", "project": {"id": "p-1", "name": "P"}}
    empty_server.on("GET /variables", page(variable, {**variable, "id": "v-2", "project": None}))
    found = api.resources.owned_items(["p-1"], is_instance_admin=True)["p-1"]
    assert found.items == (OwnedItem("variable", "v-1", "RATE", "p-1"),)
    assert (found.unseen, found.variables_unseen) == ("", "") and "secret" not in repr(found)


def test_license_without_variables_means_no_variables(empty_server: ScriptedServer, api: Api) -> None:
    empty_server.on(
        "GET /variables", error_response(403, "Your license does not allow for feat:variables. To enable it, upgrade.")
    )
    assert api.resources.owned_items(["p-1"], is_instance_admin=True)["p-1"] == OwnedItems()


def test_items_of_no_projects_need_no_request(server: ScriptedServer, api: Api) -> None:
    assert api.resources.owned_items([], is_instance_admin=True) == {}
    assert server.requests == []


def test_all_pages_of_folders_are_read(server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_api, "PAGE", 2)
    pages = [[{"id": f"f-{n}", "name": f"F{n}"} for n in numbers] for numbers in ((1, 2), (3, 4), ())]
    server.on("GET /projects/p-1/folders", *(json_response({"count": 4, "data": items}) for items in pages))
    assert api.resources.folders("p-1") == tuple(OwnedItem("folder", f"f-{n}", f"F{n}", "p-1") for n in range(1, 5))
    assert [request.query["skip"] for request in server.requests] == ["0", "2", "4"]


@pytest.mark.parametrize("response", [error_response(403, "Your license does not allow for feat:folders."), NOT_FOUND])
def test_hidden_folders_are_an_empty_result(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("GET /projects/p-1/folders", response)
    assert api.resources.folders("p-1") == ()


def test_folders_of_another_structure_and_other_error_responses_are_errors(server: ScriptedServer, api: Api) -> None:
    server.on(
        "GET /projects/p-1/folders",
        json_response({"data": 7}),
        json_response({"data": [7]}),
        error_response(401, "unauthorized"),
    )
    for kind in (ConnectionFailed, ConnectionFailed, ApiError):
        with pytest.raises(kind):
            api.resources.folders("p-1")


# Writing


def test_writes_of_items_send_the_body_that_n8n_requires(server: ScriptedServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on("POST /data-tables", json_response(TABLE, 201))
    api.resources.transfer_credential("c/1", "p-2")
    api.resources.transfer_workflow("w-1", "p-2")
    api.resources.unpublish_workflow("w-1")
    assert api.data_tables.create_table("p-1", "Orders", [("s", "string")]) == ORDERS
    api.data_tables.insert_rows("d-1", [{"s": "a"}], before=0)
    api.data_tables.rename_table(ORDERS, "New")
    api.data_tables.delete_table("d-1")
    api.delete_user("u-1")
    api.delete_project("p-1")
    assert [(str(request), request.body, request.query) for request in server.requests] == [
        ("PUT /credentials/c%2F1/transfer", {"destinationProjectId": "p-2"}, {}),
        ("PUT /workflows/w-1/transfer", {"destinationProjectId": "p-2"}, {}),
        ("POST /workflows/w-1/deactivate", None, {}),
        (
            "POST /data-tables",
            {"name": "Orders", "projectId": "p-1", "columns": [{"name": "s", "type": "string"}]},
            {},
        ),
        ("POST /data-tables/d-1/rows", {"data": [{"s": "a"}]}, {}),
        ("PATCH /data-tables/d-1", {"name": "New"}, {}),
        ("DELETE /data-tables/d-1", None, {}),
        ("DELETE /users/u-1", None, {}),
        ("DELETE /projects/p-1", None, {}),
    ]


MOVES: dict[str, tuple[str, Callable[[Api], Any], Response]] = {
    "workflow": ("PUT /workflows/x/transfer", lambda api: api.resources.transfer_workflow("x", "p"), SAME_WORKFLOW),
    "credential": (
        "PUT /credentials/x/transfer",
        lambda api: api.resources.transfer_credential("x", "p"),
        SAME_CREDENTIAL,
    ),
}


@pytest.mark.parametrize("kind", MOVES)
def test_item_that_is_at_the_destination_counts_as_moved(kind: str, server: ScriptedServer, api: Api) -> None:
    request_line, move, same_destination = MOVES[kind]
    server.on(request_line, RESET, same_destination)
    move(api)
    assert server.request_lines == [request_line, request_line]


@pytest.mark.parametrize(
    "response",
    [
        error_response(
            404, 'Could not find project with the id "p". Make sure you have the permission to create workflows.'
        ),
        # n8n 2.8.4 responds with 400, and n8n 2.40.7 with 404.
        error_response(400, 'Could not find workflow with the id "x". Make sure you have the permission to move it.'),
        error_response(403, "Forbidden"),
    ],
)
@pytest.mark.parametrize("kind", MOVES)
def test_other_error_response_to_a_move_is_an_error(
    kind: str, response: Response, server: ScriptedServer, api: Api
) -> None:
    request_line, move, _same_destination = MOVES[kind]
    server.on(request_line, response)
    with pytest.raises(ApiError, match=f"refused to move {kind} x to project p"):
        move(api)


def test_unpublish_request_whose_response_is_lost_is_repeated(server: ScriptedServer, api: Api) -> None:
    server.on("POST /workflows/w-1/deactivate", RESET, json_response({"id": "w-1"}))
    api.resources.unpublish_workflow("w-1")
    assert len(server.request_lines) == 2


@pytest.mark.parametrize(("discover", "fails"), [(NOT_FOUND, False), (json_response({"data": {"scopes": []}}), True)])
def test_forbidden_unpublish_request_is_skipped_on_an_old_n8n(
    discover: Response, fails: bool, server: ScriptedServer, api: Api
) -> None:
    server.on("POST /workflows/w-1/deactivate", error_response(403, "Forbidden"))
    server.on("GET /discover", discover)
    if fails:
        with pytest.raises(ApiError, match="lacks the scope workflow:deactivate"):
            api.resources.unpublish_workflow("w-1")
    else:
        api.resources.unpublish_workflow("w-1")
