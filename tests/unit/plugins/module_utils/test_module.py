# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the run of one task of a module without Ansible."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils import _module
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import (
    ConnectionFailed,
    InputError,
    N8nError,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._module import ModuleDefinition, ModuleResult, run_task
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import kept_client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.kept_client import kept_api
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import lock
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.lock import server_lock
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project_info, n8n_project_member
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
    json_response,
    page,
    text_response,
)

ADA = {"id": "u-ada", "email": "ada@example.com", "role": "global:member", "isPending": False}
OLD, NEW = ({"id": key, "name": "Sales", "type": "team"} for key in ("p1", "p2"))
MEMBER = {"project": "Sales", "user": "ada@example.com", "role": "viewer", "state": "present", "allow_no_admin": False}


@pytest.fixture(name="n8n")
def _n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    clients: dict[Any, Client] = {}
    monkeypatch.setattr(kept_client, "_KEPT", clients)
    with ScriptedServer() as server:
        server.on("GET /users/ada%40example.com", json_response(ADA))
        server.on("GET /projects", page(OLD))
        server.on("GET /projects/p1/users", page())
        server.on("GET /projects/p2/users", page())
        server.on("POST /projects/p1/users", text_response("", 204))
        server.on("POST /projects/p2/users", text_response("", 204))
        yield server
        for client in clients.values():
            client.close()


def task(n8n: ScriptedServer, definition: ModuleDefinition = n8n_project_member.MODULE, **options: Any) -> ModuleResult:
    """Return the result of a task in a process that keeps its connections."""
    connection = {"url": n8n.url, "api_key": "head.payload.signature", "retries": 0}
    return run_task(definition, {**connection, **options}, False, False, kept_api)


def test_members_of_a_loop_need_few_requests(n8n: ScriptedServer) -> None:
    """The first task reads user, projects and members, and writes. Later tasks know the project."""
    results = [task(n8n, **MEMBER) for _item in range(3)]
    assert [result.values["requests"] for result in results] == [4, 3, 3]
    n8n.on("GET /projects/p1/users", page({**ADA, "role": "project:viewer"}))
    assert task(n8n, **MEMBER).values["requests"] == 2


def test_project_that_another_client_replaced_is_found_again(n8n: ScriptedServer) -> None:
    """The known id no longer exists. The task reads the projects again, because it has written nothing yet."""
    task(n8n, **MEMBER)
    n8n.on("GET /projects", page(NEW))
    n8n.on("GET /projects/p1/users", error_response(404, "Project not found"))
    result = task(n8n, **MEMBER)
    assert not result.failed and result.values["project"]["id"] == "p2"
    assert n8n.request_lines[-1] == "POST /projects/p2/users"


def test_failure_after_a_write_is_not_repeated(n8n: ScriptedServer) -> None:
    task(n8n, **MEMBER)
    n8n.on("POST /projects/p1/users", error_response(400, "no"))
    result = task(n8n, **MEMBER)
    assert result.failed and "n8n refused" in result.values["msg"]
    assert n8n.request_lines.count("POST /projects/p1/users") == 2


@pytest.mark.parametrize(
    ("error", "uses_kept_data", "runs"),
    [
        (InputError("unknown role"), True, 3),
        # The cause cannot be in what an earlier task has read.
        (InputError("wrong"), False, 2),
        (ConnectionFailed("no response"), True, 2),
    ],
)
def test_failure_is_repeated_only_if_kept_data_may_be_the_cause(
    n8n: ScriptedServer, error: N8nError, uses_kept_data: bool, runs: int
) -> None:
    n8n.on("GET /discover", json_response({"data": {"scopes": []}}))
    started = []

    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        started.append(params)
        if uses_kept_data:
            task.api.granted_scopes()
        raise error

    # The first task has nothing of an earlier one.
    for _task in range(2):
        assert task(n8n, ModuleDefinition({}, run)).failed
    assert len(started) == runs


def test_task_reads_names_again_if_another_process_has_written(
    n8n: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another process may have renamed the project and used its name for another one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [task(n8n, **MEMBER).values["requests"] for _task in range(2)] == [4, 3]
    with server_lock(n8n.url):
        monkeypatch.setattr(os, "getpid", lambda: 1)
        lock._write_holder(os.open(next((tmp_path / ".ansible" / "lifecycle.n8n").iterdir()), os.O_RDWR))
        monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [task(n8n, **MEMBER).values["requests"] for _task in range(2)] == [4, 3]


def test_lock_is_held_until_the_threads_are_stopped(n8n: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    @contextmanager
    def recorded_lock(url: str) -> Iterator[bool]:
        try:
            yield True
        finally:
            order.append("unlocked")

    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        abort = task.api.client.sessions.abort
        monkeypatch.setattr(task.api.client.sessions, "abort", lambda: (order.append("stopped"), abort()))
        raise KeyboardInterrupt

    monkeypatch.setattr(_module, "server_lock", recorded_lock)
    with pytest.raises(KeyboardInterrupt):
        task(n8n, ModuleDefinition({}, run))
    assert order == ["stopped", "unlocked"]


def test_task_that_only_reads_uses_no_names_of_earlier_tasks(n8n: ScriptedServer) -> None:
    options = {"name": None, "id": None, "members": False, "include_personal": False}
    n8n.on("GET /projects", page(OLD), page(OLD, {**NEW, "name": "Ops"}))
    found = [task(n8n, n8n_project_info.MODULE, **options).values["projects"] for _look in range(2)]
    assert [len(projects) for projects in found] == [1, 2]


def test_names_of_a_role_are_in_each_message(n8n: ScriptedServer) -> None:
    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        task.warnings += ["set state_path"]
        raise InputError("state_path is wrong")

    result = task(n8n, ModuleDefinition({}, run), option_names={"state_path": "sync_state_path"})
    assert result.values["msg"] == "sync_state_path is wrong" and result.warnings == ("set sync_state_path",)
    invalid = task(n8n, ModuleDefinition({}, run), option_names={"ca_path": "my_ca"}, ca_path="/nowhere")
    assert invalid.failed and invalid.values["msg"].startswith("my_ca /nowhere does not exist")
