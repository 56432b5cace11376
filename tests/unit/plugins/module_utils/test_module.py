# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the run of one task of a module without Ansible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._module import ModuleDefinition, ModuleResult, run_task
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import kept_client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.kept_client import kept_api
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project_info, n8n_project_member
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
    json_response,
    page,
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
        server.on("POST /projects/p1/users", json_response(None, 204))
        server.on("POST /projects/p2/users", json_response(None, 204))
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


def test_failure_of_the_first_task_is_not_repeated(n8n: ScriptedServer) -> None:
    runs = []

    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        runs.append(params)
        raise InputError("wrong")

    assert task(n8n, ModuleDefinition({}, run)).failed and len(runs) == 1
    # The second task cannot know whether the first one read something that has changed since.
    assert task(n8n, ModuleDefinition({}, run)).failed and len(runs) == 3


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
