# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked and sent about the possessions of projects, and what is made of the answers, bad ones included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import resource_api
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.data_table_api import row_batches
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.resource_api import KEY_SEES_LITTLE, TABLES_UNSEEN
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import (
    ApiError,
    ConnectionFailed,
    N8nError,
    LostResponse,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
    without_nodes,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.misbehaving import (
    HANGUP,
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    Answer,
    MisbehavingServer,
    page,
    refusal,
    reply,
)

ROLES = reply({"global": [], "project": []})
COLUMN = {"name": "s", "type": "string", "index": 0}
TABLE = {"id": "d-1", "name": "Orders", "projectId": "p-1", "columns": [COLUMN]}
ORDERS = Table("data table", "d-1", "Orders", "p-1", columns=(("s", "string"),))
SAME_WORKFLOW = refusal(400, "You can't transfer a workflow into the same destination it already belongs to.")
SAME_CREDENTIAL = refusal(400, "You can't transfer a credential into the project that's already owning it.")
TAKEN = refusal(409, "Data table with name 'New' already exists in this project")


def shared(*entries: str, kind: str = "workflow") -> list[dict[str, str]]:
    """`shared` as n8n has it, from "owner p-1" and the like."""
    key = "projectId" if kind == "workflow" else "id"
    return [{"role": f"{kind}:{entry.split()[0]}", key: entry.split()[1]} for entry in entries]


@pytest.fixture
def nothing(server: MisbehavingServer) -> MisbehavingServer:
    """A server of today on which nobody owns anything."""
    server.on("GET /roles", ROLES)
    for path in ("/workflows", "/credentials", "/data-tables", "/variables"):
        server.on(f"GET {path}", page())
    return server


# Reading


def test_what_is_merely_shared_with_a_project_is_not_its_own(nothing: MisbehavingServer, api: Api) -> None:
    nothing.on(
        "GET /workflows",
        page(
            {"id": "w-1", "name": "Mine", "shared": shared("owner p-1")},
            {"id": "w-2", "name": "Shared with me", "shared": shared("owner p-2", "editor p-1")},
            {"id": "w-3", "name": "Only my share is shown", "shared": shared("editor p-1")},
            {"id": "w-4", "name": "Nothing is shown"},
        ),
    )
    nothing.on(
        "GET /credentials",
        page(
            {"id": "c-1", "name": "Mine", "shared": shared("owner p-1", "user p-8", kind="credential")},
            {"id": "c-2", "name": "Used", "shared": shared("user p-1", "owner p-9", kind="credential")},
            {"id": "c-3", "name": "Nobody's", "shared": None},
        ),
    )
    nothing.on(
        "GET /data-tables",
        page(
            {"id": "d-1", "name": "Mine", "projectId": "p-1"},
            {"id": "d-2", "projectId": "p-9"},
            {"id": "d-3", "name": "Lost", "projectId": None},
        ),
    )
    found = api.resources.owned_items(["p-1"], sees_all=True)["p-1"]
    assert found.items == (
        Workflow("workflow", "w-1", "Mine", "p-1"),
        Credential("credential", "c-1", "Mine", "p-1", (Share("p-8", "credential:user"),)),
        Table("data table", "d-1", "Mine", "p-1"),
    )
    assert [(item.id, item.owner_id) for item in found.shared] == [("w-2", "p-2"), ("w-3", ""), ("c-2", "p-9")]
    # Whose the others are n8n does not tell, so they may be destroyed as well.
    assert [getattr(found, field).partition(", so it is unknown")[0] for field in ("unseen", "tables_unseen")] == [
        'n8n does not show the owner of workflow "Only my share is shown" (w-3), workflow "Nothing is shown" (w-4), '
        'credential "Nobody\'s" (c-3)',
        'n8n does not show the owner of data table "Lost" (d-3)',
    ]


def test_a_workflow_says_who_has_it_and_what_it_uses(nothing: MisbehavingServer, api: Api) -> None:
    nodes = [
        {"credentials": {"http": {"id": "c-1", "name": "C"}, "other": {"id": None}}, "parameters": {}},
        {"parameters": {"workflowId": {"__rl": True, "value": "w-9", "mode": "list"}}},
        {"parameters": {"workflowId": "7", "options": [{"dataTableId": {"value": "Orders", "mode": "name"}}]}},
        {"parameters": {"jsCode": "return table('AbCdEfGh12345678')", "dataTableId": {"value": ""}}},
        {"parameters": None, "credentials": None},
    ]
    workflow = {"id": "w-1", "name": "W", "active": True, "nodes": nodes, "shared": shared("editor p-2", "owner p-1")}
    nothing.on("GET /workflows", page(workflow))
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
    assert nothing.requests[0].query == {"excludePinnedData": "true", "limit": "250"}


def test_workflows_of_others_that_use_what_a_project_owns_are_known(nothing: MisbehavingServer, api: Api) -> None:
    using = {"credentials": {"http": {"id": "c-1"}}}
    nothing.on("GET /credentials", page({"id": "c-1", "name": "C", "shared": shared("owner p-1", kind="credential")}))
    nothing.on("GET /data-tables", page({"id": "AbCdEfGh12345678", "name": "Orders", "projectId": "p-1"}))
    nothing.on(
        "GET /workflows",
        page(
            {"id": "w-1", "name": "Mine", "shared": shared("owner p-1"), "nodes": [using]},
            {"id": "w-2", "name": "Theirs", "shared": shared("owner p-2"), "nodes": [using]},
            {"id": "w-3", "name": "Table", "shared": shared("owner p-2"), "nodes": [{"x": "=AbCdEfGh12345678"}]},
            # A name says nothing outside of its project.
            {"id": "w-4", "name": "Name", "shared": shared("owner p-2"), "nodes": [{"dataTableId": "Orders"}]},
        ),
    )
    found = api.resources.owned_items(["p-1", "p-2"], sees_all=True)
    assert {key: [item.id for item in value.borrowed] for key, value in found.items()} == {"p-1": [], "p-2": ["c-1"]}
    assert {key: [item.id for item in value.used_by] for key, value in found.items()} == {
        "p-1": ["w-2", "w-3"],
        "p-2": [],
    }


def test_columns_of_a_data_table_come_in_their_order(nothing: MisbehavingServer, api: Api) -> None:
    columns = [{"name": "b", "type": "date", "index": 1}, COLUMN]
    nothing.on("GET /data-tables", page({**TABLE, "columns": columns}))
    assert api.data_tables.tables()[0].columns == (("s", "string"), ("b", "date"))


def test_all_is_listed_once_however_many_projects_are_asked_about(nothing: MisbehavingServer, api: Api) -> None:
    nothing.on("GET /data-tables", page({"id": "d-2", "name": "T", "projectId": "p-2"}))
    found = api.resources.owned_items([f"p-{number}" for number in range(200)], sees_all=True)
    assert {key: str(value) for key, value in found.items() if value.items} == {"p-2": 'data table "T" (d-2)'}
    assert len(found) == 200
    paths = ("/credentials", "/data-tables", "/roles", "/variables", "/workflows")
    assert sorted(nothing.asked) == [f"GET {path}" for path in paths]


@pytest.mark.parametrize(
    ("sees_all", "roles", "unseen"),
    [
        (True, ROLES, ""),
        (True, refusal(403, "Forbidden"), ""),
        (True, NOT_FOUND, TABLES_UNSEEN),
        (True, refusal(405, "GET method not allowed"), TABLES_UNSEEN),
        (False, ROLES, KEY_SEES_LITTLE),
    ],
)
def test_none_seen_is_not_none_where_the_server_or_the_key_does_not_show_it(
    sees_all: bool, roles: Answer, unseen: str, nothing: MisbehavingServer, api: Api
) -> None:
    nothing.on("GET /roles", roles)
    owned_items = api.resources.owned_items(["p-1"], sees_all)["p-1"]
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
def test_what_the_key_may_not_list_is_unseen_and_the_rest_is_listed(
    path: str, scope: str, field: str, nothing: MisbehavingServer, api: Api
) -> None:
    nothing.on(f"GET {path}", refusal(403, "Forbidden"))
    found = api.resources.owned_items(["p-1"], sees_all=True)["p-1"]
    assert getattr(found, field) == f'n8n refused to list {path[1:].replace("-", " ")}: "Forbidden" (HTTP 403).'
    assert found.refused == (scope,)
    assert len(nothing.asked) == 6  # The scopes of the key are asked for, too.


@pytest.mark.parametrize("path", ["/workflows", "/credentials", "/data-tables", "/variables", "/roles"])
def test_any_other_refusal_to_list_possessions_is_an_error(path: str, nothing: MisbehavingServer, api: Api) -> None:
    nothing.on(f"GET {path}", refusal(401, "unauthorized"))
    with pytest.raises(ApiError):
        api.resources.owned_items(["p-1"], sees_all=True)


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
def test_possessions_of_another_shape_are_a_clear_error(
    path: str, item: dict[str, Any], nothing: MisbehavingServer, api: Api
) -> None:
    nothing.on(f"GET {path}", page(item))
    with pytest.raises(ConnectionFailed, match="is not the public API of an n8n"):
        api.resources.owned_items(["p-1"], sees_all=True)


def test_variables_are_those_of_projects_without_their_values(nothing: MisbehavingServer, api: Api) -> None:
    variable = {"id": "v-1", "key": "RATE", "value": "opens", "type": "string", "project": {"id": "p-1", "name": "P"}}
    nothing.on("GET /variables", page(variable, {**variable, "id": "v-2", "project": None}))
    found = api.resources.owned_items(["p-1"], sees_all=True)["p-1"]
    assert found.items == (OwnedItem("variable", "v-1", "RATE", "p-1"),)
    assert (found.unseen, found.variables_unseen) == ("", "") and "opens" not in repr(found)


def test_a_licence_without_variables_has_none(nothing: MisbehavingServer, api: Api) -> None:
    nothing.on("GET /variables", refusal(403, "Your license does not allow for feat:variables. To enable it, upgrade."))
    assert api.resources.owned_items(["p-1"], sees_all=True)["p-1"] == OwnedItems()


def test_the_possessions_of_nobody_take_no_request(server: MisbehavingServer, api: Api) -> None:
    assert api.resources.owned_items([], sees_all=True) == {}
    assert server.requests == []


def test_folders_are_read_to_the_end(server: MisbehavingServer, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_api, "PAGE", 2)
    pages = [[{"id": f"f-{n}", "name": f"F{n}"} for n in numbers] for numbers in ((1, 2), (3, 4), ())]
    server.on("GET /projects/p-1/folders", *(reply({"count": 4, "data": items}) for items in pages))
    assert api.resources.folders("p-1") == tuple(OwnedItem("folder", f"f-{n}", f"F{n}", "p-1") for n in range(1, 5))
    assert [request.query["skip"] for request in server.requests] == ["0", "2", "4"]


@pytest.mark.parametrize("answer", [refusal(403, "Your license does not allow for feat:folders."), NOT_FOUND])
def test_folders_that_nobody_shows_are_none(answer: Answer, server: MisbehavingServer, api: Api) -> None:
    server.on("GET /projects/p-1/folders", answer)
    assert api.resources.folders("p-1") == ()


def test_folders_of_another_shape_and_any_other_refusal_are_errors(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /projects/p-1/folders", reply({"data": 7}), reply({"data": [7]}), refusal(401, "unauthorized"))
    for kind in (ConnectionFailed, ConnectionFailed, ApiError):
        with pytest.raises(kind):
            api.resources.folders("p-1")


def test_rows_come_from_all_pages_without_what_n8n_writes_itself(server: MisbehavingServer, api: Api) -> None:
    written = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}
    server.on(
        "GET /data-tables/d-1/rows",
        page({"id": 1, "s": "a", "n": None, **written}, cursor="1"),
        page({"id": 2, "s": None, "n": 1.5, **written}),
    )
    assert api.data_tables.table_rows("d-1") == [{"s": "a", "n": None}, {"s": None, "n": 1.5}]
    assert server.requests[0].query == {"sortBy": "id:asc", "limit": "250"}


# Writing


def test_the_writes_send_what_n8n_wants(server: MisbehavingServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on("POST /data-tables", reply(TABLE, 201))
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


MOVES: dict[str, tuple[str, Callable[[Api], Any], Answer]] = {
    "workflow": ("PUT /workflows/x/transfer", lambda api: api.resources.transfer_workflow("x", "p"), SAME_WORKFLOW),
    "credential": (
        "PUT /credentials/x/transfer",
        lambda api: api.resources.transfer_credential("x", "p"),
        SAME_CREDENTIAL,
    ),
}


@pytest.mark.parametrize("kind", MOVES)
def test_what_is_there_already_has_been_moved(kind: str, server: MisbehavingServer, api: Api) -> None:
    what, move, there = MOVES[kind]
    server.on(what, RESET, there)
    move(api)
    assert server.asked == [what, what]


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, 'Could not find project with the id "p". Make sure you have the permission to create workflows.'),
        # 2.8.4 says 400 where 2.40.7 says 404.
        refusal(400, 'Could not find workflow with the id "x". Make sure you have the permission to move it.'),
        refusal(403, "Forbidden"),
    ],
)
@pytest.mark.parametrize("kind", MOVES)
def test_any_other_refusal_to_move_is_an_error(kind: str, answer: Answer, server: MisbehavingServer, api: Api) -> None:
    what, move, _there = MOVES[kind]
    server.on(what, answer)
    with pytest.raises(ApiError, match=f"refused to move {kind} x to project p"):
        move(api)


def test_an_unpublishing_that_is_lost_is_sent_again(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /workflows/w-1/deactivate", RESET, reply({"id": "w-1"}))
    api.resources.unpublish_workflow("w-1")
    assert len(server.asked) == 2


@pytest.mark.parametrize(("discover", "fails"), [(NOT_FOUND, False), (reply({"data": {"scopes": []}}), True)])
def test_an_unpublishing_that_an_old_n8n_allows_to_members_only_is_left_out(
    discover: Answer, fails: bool, server: MisbehavingServer, api: Api
) -> None:
    server.on("POST /workflows/w-1/deactivate", refusal(403, "Forbidden"))
    server.on("GET /discover", discover)
    if fails:
        with pytest.raises(ApiError, match="lacks the scope workflow:deactivate"):
            api.resources.unpublish_workflow("w-1")
    else:
        api.resources.unpublish_workflow("w-1")


def test_a_table_made_with_its_answer_lost_is_found_and_not_made_twice(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /data-tables", RESET)
    elsewhere = {**TABLE, "id": "d-0", "projectId": "p-0"}
    server.on("GET /data-tables", page(elsewhere), page(elsewhere, TABLE))
    assert api.data_tables.create_table("p-1", "Orders", [("s", "string")]) == ORDERS
    assert server.asked == ["POST /data-tables", "GET /data-tables"] * 2


def test_a_table_that_an_older_n8n_made_in_the_wrong_project_goes_again(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /data-tables", reply({**TABLE, "projectId": "p-mine"}, 201))
    server.on("DELETE /data-tables/d-1", NO_CONTENT)
    with pytest.raises(N8nError, match="in the personal project of the key's user only"):
        api.data_tables.create_table("p-1", "Orders", [("s", "string")])
    assert server.asked == ["POST /data-tables", "DELETE /data-tables/d-1"]


def rows_there(count: int) -> Answer:
    return page(*({"id": number + 1, "s": "x"} for number in range(count)))


@pytest.mark.parametrize(("there", "sent"), [(5, 1), (3, 2)], ids=["carried out", "not carried out"])
def test_rows_whose_answer_is_lost_are_counted_before_they_are_sent_again(
    there: int, sent: int, server: MisbehavingServer, api: Api
) -> None:
    server.on("POST /data-tables/d-1/rows", HANGUP, reply({"success": True, "insertedRows": 2}))
    server.on("GET /data-tables/d-1/rows", rows_there(there))
    api.data_tables.insert_rows("d-1", [{"s": "x"}, {"s": "x"}], before=3)
    assert server.asked.count("POST /data-tables/d-1/rows") == sent


def test_rows_that_are_never_answered_are_given_up(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /data-tables/d-1/rows", RESET)
    server.on("GET /data-tables/d-1/rows", rows_there(0))
    with pytest.raises(LostResponse, match="add 1 rows to data table d-1"):
        api.data_tables.insert_rows("d-1", [{"s": "x"}], before=0)


def test_a_renaming_whose_answer_is_lost_is_done(server: MisbehavingServer, api: Api) -> None:
    # n8n finds that the name is taken, by the very table.
    server.on("PATCH /data-tables/d-1", RESET, TAKEN)
    server.on("GET /data-tables", page({**TABLE, "name": "New"}))
    api.data_tables.rename_table(ORDERS, "New")
    assert server.asked == ["PATCH /data-tables/d-1"] * 2 + ["GET /data-tables"]


@pytest.mark.parametrize("answer", [TAKEN, refusal(400, "request/body/name must NOT have more than 128 characters")])
def test_a_name_that_another_table_has_or_n8n_refuses_is_an_error(
    answer: Answer, server: MisbehavingServer, api: Api
) -> None:
    server.on("PATCH /data-tables/d-1", answer)
    server.on("GET /data-tables", page(TABLE, {**TABLE, "id": "d-2", "name": "New"}))
    with pytest.raises(ApiError):
        api.data_tables.rename_table(ORDERS, "New")


@pytest.mark.parametrize(
    ("answer", "fails"),
    [
        (NO_CONTENT, False),
        (refusal(404, "Could not find the data table: 'd-1'"), False),
        (NOT_FOUND, True),
        (refusal(403, "Forbidden"), True),
    ],
)
def test_a_table_that_is_gone_already_is_deleted(
    answer: Answer, fails: bool, server: MisbehavingServer, api: Api
) -> None:
    server.on("DELETE /data-tables/d-1", answer)
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
def test_batches_of_rows_hold_what_one_call_takes_and_keep_the_order(
    rows: list[dict[str, Any]], sizes: list[int]
) -> None:
    batches = row_batches(rows)
    assert [len(batch) for batch in batches] == sizes
    assert [row for batch in batches for row in batch] == rows
