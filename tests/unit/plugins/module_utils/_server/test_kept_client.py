# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test what the tasks of one process share, and when they do not share it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import kept_client, kept_data
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.kept_client import kept_api
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    json_response,
    page,
)

SALES = {"id": "p1", "name": "Sales", "type": "team"}
OPS = {"id": "p2", "name": "Ops", "type": "team"}


@pytest.fixture(name="n8n")
def _n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    clients: dict[Any, Client] = {}
    monkeypatch.setattr(kept_client, "_KEPT", clients)
    with ScriptedServer() as server:
        server.on("GET /projects", page(SALES), page(SALES, OPS))
        server.on("GET /projects/p1/users", page())
        server.on("GET /projects/p2/users", page())
        server.on("GET /roles", json_response({"data": {"project": []}}))
        server.on("GET /discover", json_response({"data": {"scopes": ["user:list"]}}))
        server.on("POST /projects", json_response(OPS, 201))
        server.on("PUT /projects/p1", json_response(SALES))
        server.on("DELETE /projects/p1", json_response(SALES))
        yield server
        for client in clients.values():
            client.close()


@pytest.fixture(name="connection")
def _connection(n8n: ScriptedServer) -> Connection:
    return Connection(n8n.url, "head.payload.signature", retries=0)


def find(connection: Connection, name: str = "Sales") -> int:
    """Find a project by its name and read its members, as a task does. Return the number of requests."""
    request = ReadRequest(projects=True, members=(name,), unique_names=(name,), recent_projects=True)
    with kept_api(connection, False) as api:
        read(api, request)
        return api.client.requests


def test_later_task_uses_connection_and_names_of_earlier_task(n8n: ScriptedServer, connection: Connection) -> None:
    assert [find(connection), find(connection), find(connection)] == [2, 1, 1]
    assert {request.connection for request in n8n.requests} == {1}
    assert n8n.request_lines.count("GET /projects") == 1


def test_scopes_are_kept(n8n: ScriptedServer, connection: Connection) -> None:
    for _task in range(2):
        with kept_api(connection, True) as api:
            assert api.granted_scopes() == ["user:list"]
    assert n8n.request_lines == ["GET /discover"]


def test_unknown_name_is_looked_up_again(n8n: ScriptedServer, connection: Connection) -> None:
    find(connection)
    # Another client has created the project in the meantime.
    assert [find(connection, "Ops"), find(connection, "Ops"), find(connection)] == [2, 1, 1]


def test_names_are_dropped_after_30_seconds(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(kept_data.time, "monotonic", lambda: now[0])
    requests = []
    for seconds in (0, 29, 2, 10):
        now[0] += seconds
        requests.append(find(connection))
    assert requests == [2, 1, 2, 1]


def test_members_that_the_last_request_read_are_not_read_again(
    n8n: ScriptedServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_api(connection, False) as api:
        api.members("p1")
        api.present_members("p1")
        assert len(n8n.requests) == 1
        # Another project, another request in between, and a pause.
        api.present_members("p2")
        assert len(n8n.requests) == 2
        api.list_projects()
        api.present_members("p2")
        assert len(n8n.requests) == 4
        monkeypatch.setattr(kept_data, "MAX_READING_AGE", 0.0)
        api.present_members("p2")
        assert len(n8n.requests) == 5
    monkeypatch.setattr(kept_data, "MAX_READING_AGE", 5.0)
    with kept_api(connection, False) as api:
        # The reading belongs to one task.
        api.present_members("p2")
        assert len(n8n.requests) == 6


@pytest.mark.parametrize("change", ["create", "rename", "delete"])
def test_names_are_dropped_when_this_process_changes_a_project(connection: Connection, change: str) -> None:
    find(connection)
    with kept_api(connection, False) as api:
        if change == "create":
            api.create_project("Ops")
        elif change == "rename":
            api.rename_project("p1", "Sales")
        else:
            api.delete_project("p1")
    assert find(connection) == 2


@pytest.mark.parametrize("other", [{"api_key": "head.other.signature"}, {"validate_certs": False}, {"timeout": 5.0}])
def test_other_key_or_option_shares_nothing(n8n: ScriptedServer, connection: Connection, other: dict[str, str]) -> None:
    find(connection)
    assert find(replace(connection, **other)) == 2
    assert n8n.requests[-1].connection == 2
    assert n8n.requests[-1].headers["X-N8N-API-KEY"] == other.get("api_key", connection.api_key)


def test_other_environment_shares_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    find(connection)
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert find(connection) == 2


def test_forked_process_shares_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    find(connection)
    monkeypatch.setattr(kept_client.os, "getpid", lambda: 1)
    assert find(connection) == 2


def test_only_a_few_connections_stay_open(connection: Connection) -> None:
    for number in range(12):
        find(replace(connection, api_key=f"head.{number}.signature"))
    assert len(kept_client._KEPT) == 8


def test_interrupted_task_sends_nothing_and_keeps_nothing(n8n: ScriptedServer, connection: Connection) -> None:
    with pytest.raises(KeyboardInterrupt), kept_api(connection, False) as api:
        api.list_projects()
        raise KeyboardInterrupt
    with pytest.raises(Exception, match="interrupted"):
        api.list_projects()
    assert len(n8n.requests) == 1 and not kept_client._KEPT


def test_threads_end_with_the_task(connection: Connection) -> None:
    before = set(threading.enumerate())
    with kept_api(connection, False) as api:
        api.members_of(["p1", "p2"])
        assert pool_threads(before)
    assert not pool_threads(before)


def pool_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return the threads of pools that were started since `before`. The server of the test has other threads."""
    new = set(threading.enumerate()) - before
    return [thread for thread in new if thread.name.startswith("ThreadPoolExecutor")]
