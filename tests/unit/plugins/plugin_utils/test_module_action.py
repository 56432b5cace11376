# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test where a task runs, and what its module gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.action import n8n_user_info
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._module import ModuleDefinition
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import kept_client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.plugin_utils import _module_action
from ansible_collections.lifecycle.n8n.plugins.plugin_utils._module_action import ModuleAction
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import ScriptedServer, page

KEY = "head.payload.signature"
HERE, SENT = "here", "sent"
# ansible-core 2.21 and later returns options only with this variable.
WITH_OPTIONS = {"ansible_inject_invocation": True}


class Action(ModuleAction):
    """An action plugin that records the options of a module which it sends."""

    definition = n8n_user_info.ActionModule.definition

    def __init__(self, folder: Path, args: dict[str, Any], **task: Any) -> None:
        fields = {"action": "lifecycle.n8n.n8n_user_info", "check_mode": False, "diff": False, "async_val": 0}
        self._task = SimpleNamespace(**{**fields, "delegate_to": None, "environment": None, **task, "args": args})
        shell = SimpleNamespace(tmpdir=None, env_prefix=lambda **environment: "")
        self._connection = SimpleNamespace(transport="local", become=None, has_native_async=False, _shell=shell)
        self._templar = SimpleNamespace(template=lambda value: value)
        self._loader = SimpleNamespace(get_basedir=lambda: str(folder))
        self.sent: dict[str, Any] = {}

    def _execute_module(self, *, module_args: dict[str, Any], **_options: Any) -> dict[str, Any]:
        self.sent = module_args
        return {"invocation": {}, "exception": object()}

    def place(self, **variables: Any) -> str:
        """Run the task, and return where it ran."""
        result = self.run(task_vars={"ansible_playbook_python": sys.executable, **variables})
        assert result.get("failed") or self.sent or "users" in result, result
        return SENT if self.sent else HERE


@pytest.fixture(name="n8n")
def _n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    clients: dict[Any, Client] = {}
    monkeypatch.setattr(kept_client, "_KEPT", clients)
    for name in ("N8N_URL", "N8N_API_URL", "N8N_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer() as server:
        server.on("GET /users", page())
        yield server
        for client in clients.values():
            client.close()


@pytest.fixture(name="given")
def _given(n8n: ScriptedServer) -> dict[str, Any]:
    return {"url": n8n.url, "api_key": KEY}


def test_local_task_runs_here(tmp_path: Path, given: dict[str, Any]) -> None:
    assert Action(tmp_path, given).place() == HERE


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ansible_python_interpreter": sys.executable}, HERE),
        ({"ansible_python_interpreter": "auto_silent"}, HERE),
        ({"ansible_python_interpreter": "/usr/bin/other_python"}, SENT),
        ({"n8n_in_process": False}, SENT),
        ({"n8n_in_process": "no"}, SENT),
        ({"n8n_in_process": True}, HERE),
        ({"n8n_in_process": None}, HERE),
        ({"n8n_in_process": ""}, HERE),
    ],
)
def test_variables_decide_where_a_local_task_runs(
    tmp_path: Path, given: dict[str, Any], variables: dict[str, Any], expected: str
) -> None:
    assert Action(tmp_path, given).place(**variables) == expected


def test_python_of_another_environment_is_another_python(tmp_path: Path, given: dict[str, Any]) -> None:
    """Both environments have links to the same file, and other libraries."""
    (tmp_path / "python").symlink_to(os.path.realpath(sys.executable))
    assert Action(tmp_path, given).place(ansible_python_interpreter=str(tmp_path / "python")) == SENT


def test_python_of_the_delegated_host_counts(tmp_path: Path, given: dict[str, Any]) -> None:
    delegated = {"other": {"ansible_python_interpreter": "/usr/bin/other_python"}}
    assert Action(tmp_path, given, delegate_to="other").place(ansible_delegated_vars=delegated) == SENT
    variables = {"ansible_delegated_vars": {"other": {}}, "ansible_python_interpreter": "/usr/bin/other_python"}
    assert Action(tmp_path, given, delegate_to="other").place(**variables) == HERE


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [("_connection", "transport", "ssh"), ("_connection", "become", object()), ("_task", "async_val", 10)],
)
def test_remote_become_and_async_leave_the_process(
    tmp_path: Path, given: dict[str, Any], place: str, name: str, value: object
) -> None:
    action = Action(tmp_path, given)
    setattr(getattr(action, place), name, value)
    assert action.place() == SENT


def test_missing_library_is_reported_by_the_module(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_module_action, "REQUESTS_IMPORT_ERROR", ImportError("requests"))
    assert Action(tmp_path, given).place() == SENT


def test_invalid_in_process_variable_is_an_error(tmp_path: Path, given: dict[str, Any]) -> None:
    result = Action(tmp_path, given).run(task_vars={"n8n_in_process": "maybe"})
    assert result["failed"] and result["msg"] == "n8n_in_process is 'maybe', but must be true or false."


@pytest.mark.parametrize("in_process", [True, False])
class TestOptions:
    """What a module gets in both places."""

    def options(self, action: Action, in_process: bool, **variables: Any) -> dict[str, Any]:
        """Run the task, and return the options of the module."""
        result = action.run(task_vars={"n8n_in_process": in_process, **WITH_OPTIONS, **variables})
        assert not result.get("failed"), result
        return dict(result["invocation"]["module_args"] if in_process else action.sent)

    def test_variables_set_connection_options(self, tmp_path: Path, n8n: ScriptedServer, in_process: bool) -> None:
        variables = {"n8n_url": n8n.url, "n8n_api_key": KEY, "n8n_timeout": 5, "n8n_retries": None}
        options = self.options(Action(tmp_path, {}), in_process, **variables)
        assert options["url"] == n8n.url and float(options["timeout"]) == 5 and options.get("retries", 4) == 4

    def test_options_of_the_task_precede_variables(
        self, tmp_path: Path, given: dict[str, Any], in_process: bool
    ) -> None:
        action = Action(tmp_path, {**given, "retries": 1})
        options = self.options(action, in_process, n8n_url="http://localhost:1", n8n_retries=2)
        assert options["url"] == given["url"] and options["retries"] == 1
        assert action._task.args == {**given, "retries": 1}

    @pytest.mark.parametrize("key", [{}, {"n8n_api_key": None}])
    def test_url_of_a_variable_needs_a_key(
        self,
        tmp_path: Path,
        n8n: ScriptedServer,
        monkeypatch: pytest.MonkeyPatch,
        in_process: bool,
        key: dict[str, Any],
    ) -> None:
        monkeypatch.setenv("N8N_API_KEY", KEY)
        action = Action(tmp_path, {})
        result = action.run(task_vars={"n8n_in_process": in_process, "n8n_url": n8n.url, **key})
        assert result["failed"] and "n8n_url is set and n8n_api_key is not" in result["msg"]
        assert n8n.request_lines == [] and not action.sent

    def test_keys_that_are_not_text_are_refused(self, tmp_path: Path, given: dict[str, Any], in_process: bool) -> None:
        action = Action(tmp_path, {**given, "users": [{"projects": {False: "x"}}], "option_names": {"users": "people"}})
        result = action.run(task_vars={"n8n_in_process": in_process})
        assert result["failed"] and result["reason"] == "invalid" and not action.sent
        assert result["msg"].startswith("people[0].projects has the key false") and result["msg"].endswith(
            ". Quote it."
        )


def test_environment_and_folder_of_the_task_are_restored(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "before")
    seen = {}

    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        seen.update(kept=os.environ["KEPT"], number=os.environ["NUMBER"], folder=os.getcwd())
        return {"users": []}

    action = Action(tmp_path, given, environment=[{"KEPT": "changed"}, {"NUMBER": 7}])
    action.definition = ModuleDefinition({}, run)
    folder = os.getcwd()
    assert action.place() == HERE
    assert seen == {"kept": "changed", "number": "7", "folder": str(tmp_path)}
    assert os.environ["KEPT"] == "before" and "NUMBER" not in os.environ and os.getcwd() == folder


def test_deleted_current_folder_does_not_matter(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Action(tmp_path, given).place() == HERE


def test_bug_is_a_failure_without_secrets(tmp_path: Path, given: dict[str, Any]) -> None:
    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        raise ValueError(f"about {params['api_key']}")

    action = Action(tmp_path, given)
    action.definition = ModuleDefinition({}, run)
    result = action.run(task_vars={})
    assert result["failed"] and "failed with ValueError: about ********. This is a bug" in result["msg"]


def test_environment_of_the_task_sets_the_connection(tmp_path: Path, n8n: ScriptedServer) -> None:
    environment = [{"N8N_URL": n8n.url, "N8N_API_KEY": KEY}]
    assert Action(tmp_path, {}, environment=environment).place() == HERE
    assert n8n.requests[0].headers["X-N8N-API-KEY"] == KEY


def test_secrets_are_masked_and_values_are_plain(tmp_path: Path, given: dict[str, Any]) -> None:
    class Template(str):
        """Text that Ansible would use as a template."""

    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        task.warnings.append(f"about {KEY}")
        return {"users": [Template("{{ 1 }}"), f"key {KEY}", KEY]}

    action = Action(tmp_path, {**given, "email": Template("a@b.c")})
    action.definition = ModuleDefinition(Action.definition.argument_spec, run)
    result = action.run(task_vars=WITH_OPTIONS)
    assert KEY not in str(result)
    assert result["users"] == ["{{ 1 }}", "key ********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"]
    texts = [result["users"][0], result["invocation"]["module_args"]["email"]]
    assert not any(isinstance(text, Template) for text in texts)
    assert result["warnings"] == ["about ********"]


def test_values_of_headers_are_masked_unless_they_are_short(tmp_path: Path, given: dict[str, Any]) -> None:
    def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
        return {"users": [dict(task.api.client.connection.headers)["X-Token"], "ada@example.com", 1]}

    action = Action(tmp_path, {**given, "headers": {"X-Token": "token-of-a-gateway", "X-Code": 1, "X-Name": "ada"}})
    action.definition = ModuleDefinition(Action.definition.argument_spec, run)
    result = action.run(task_vars=WITH_OPTIONS)
    mask = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert result["users"] == [mask, "ada@example.com", 1]
    assert result["invocation"]["module_args"]["headers"] == {"X-Token": mask, "X-Code": mask, "X-Name": mask}


def test_texts_in_a_key_of_another_type_are_masked_as_in_a_module(tmp_path: Path, n8n: ScriptedServer) -> None:
    action = Action(tmp_path, {"url": n8n.url, "api_key": ["long key", True], "email": "long key", "typo": 1})
    options = action.run(task_vars=WITH_OPTIONS)["invocation"]["module_args"]
    assert options["api_key"] == "['********', True]" and options["email"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize("in_process", [True, False])
def test_setting_of_ansible_decides_whether_options_are_returned(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, in_process: bool
) -> None:
    config = SimpleNamespace(
        get_configuration_definition=lambda name: {},
        get_config_value=lambda name, variables: variables.get("ansible_inject_invocation") or "",
    )
    monkeypatch.setattr(_module_action, "constants", SimpleNamespace(config=config))
    variables = {"n8n_in_process": in_process}
    assert "invocation" not in Action(tmp_path, given).run(task_vars=variables)
    assert "invocation" in Action(tmp_path, given).run(task_vars={**variables, **WITH_OPTIONS})
    monkeypatch.setattr(config, "get_configuration_definition", lambda name: None)
    assert "invocation" in Action(tmp_path, given).run(task_vars=variables)


def test_names_of_options_may_have_keys_that_are_not_text(tmp_path: Path, given: dict[str, Any]) -> None:
    result = Action(tmp_path, {**given, "option_names": {1: "x"}}).run(task_vars={})
    assert result["msg"].startswith("option_names has the key 1")


def test_secret_does_not_mask_values_that_are_not_text(tmp_path: Path, n8n: ScriptedServer) -> None:
    result = Action(tmp_path, {"url": n8n.url, "api_key": "False"}).run(task_vars={})
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"unknown": 1},
            r"Unsupported parameters for \(lifecycle.n8n.n8n_user_info\) module: unknown. Supported parameters include",
        ),
        ({"memberships": "maybe"}, "argument 'memberships' is of type .*str.* and we were unable to convert to bool"),
        ({"email": "a@b.c", "id": "1"}, r"parameters are mutually exclusive: email\|id"),
    ],
)
def test_invalid_options_have_the_messages_of_ansible(
    tmp_path: Path, n8n: ScriptedServer, given: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    result = Action(tmp_path, {**given, **options}).run(task_vars={})
    assert result["failed"]
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(result["msg"])
    assert n8n.request_lines == [] and KEY not in str(result)


def test_origin_of_a_message_is_that_of_an_action_in_both_places(tmp_path: Path, given: dict[str, Any]) -> None:
    action = Action(tmp_path, given)
    assert "exception" not in action.run(task_vars={"n8n_in_process": False})
