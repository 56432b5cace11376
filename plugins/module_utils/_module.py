# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define what a module consists of, and run a task of it: the options in, the result or error out.

The imports of Ansible are local, so that the file of a module and its run() can be imported without Ansible.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ._desired.omitted import without_omitted
from ._desired.option_names import named_result, with_names
from ._errors import ConnectionFailed, N8nError
from ._executor.progress import Progress, no_progress
from ._executor.task import Task
from ._server.api import Api
from ._server.client import Client
from ._server.options import CONNECTION_OPTIONS, Connection
from ._server.transport_errors import REQUESTS_IMPORT_ERROR
from ._storage.lock import server_lock

# The option of modules that roles run. Only the argument specs of these modules have it, because users run all other
# modules in their own tasks.
OPTION_NAMES: dict[str, Any] = {"option_names": {"type": "dict"}}


@dataclass(frozen=True)
class ModuleDefinition:
    """The own options of a module without those of the connection, its run(), and whether it writes to n8n.

    `mutually_exclusive` and `required_one_of` have the form that Ansible gives them in an argument spec.
    """

    argument_spec: Mapping[str, Any]
    run: Callable[[Mapping[str, Any], Task], dict[str, Any]]
    writes: bool = True
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class ModuleResult:
    """The return values of a task, its warnings, and whether it failed. A failed task has the message as `msg`."""

    values: dict[str, Any]
    warnings: tuple[str, ...]
    failed: bool


@contextmanager
def new_api(connection: Connection, read_only: bool) -> Generator[Api]:
    """Provide the calls of one task, and close its connections afterwards."""
    with Client(connection, read_only) as client:
        yield Api(client)


def run_task(
    definition: ModuleDefinition,
    options: Mapping[str, Any],
    check_mode: bool,
    wants_diff: bool,
    provide_api: Callable[[Connection, bool], AbstractContextManager[Api]] = new_api,
    progress: Progress = no_progress,
) -> ModuleResult:
    """Run a task of a module with its validated options and those of the connection. No N8nError leaves it.

    A task of a module that writes holds the lock of its server from the first reading to the last write.
    """
    names = options.get("option_names") or {}
    warnings: list[str] = []
    try:
        params = {**dict.fromkeys(options), **without_omitted(options, "")}
        connection = Connection.from_options(params)
        note = connection.expiry_note(datetime.now(timezone.utc))
        warnings += [note] if note else []
        lock = server_lock(connection.url) if definition.writes and not check_mode else nullcontext(True)
        # The lock is held until no thread sends a further request.
        with lock as is_untouched, provide_api(connection, check_mode) as api:
            # Users often run a task that only reads to find out whether something has changed.
            if not definition.writes or not is_untouched:
                api.client.forget()
            values, failed = _run_with_retry(
                definition, params, lambda: Task(api, check_mode, wants_diff, progress), warnings
            )
    except N8nError as error:
        values, failed = {"changed": False, "requests": 0, "reason": error.reason, "msg": str(error)}, True
    named_warnings = (with_names(text, names) for text in warnings)
    return ModuleResult(named_result(values, names), tuple(dict.fromkeys(named_warnings)), failed)


def _run_with_retry(
    definition: ModuleDefinition, params: Mapping[str, Any], new_task: Callable[[], Task], warnings: list[str]
) -> tuple[dict[str, Any], bool]:
    """Return the return values of run() and whether it failed, and add its warnings to `warnings`."""
    task = new_task()
    try:
        try:
            values = definition.run(params, task)
        except N8nError as error:
            # An earlier task of this process has read names and roles, and they may have changed since.
            if isinstance(error, ConnectionFailed) or not task.api.client.may_be_outdated:
                raise
            task.api.client.forget()
            task = new_task()
            values = definition.run(params, task)
        failed = False
    except N8nError as error:
        values = {**task.failed_result(), **error.result(), "reason": error.reason, "msg": str(error)}
        failed = True
    values = {**task.result(), **values}
    warnings += (*task.warnings, *task.outcome.notes)
    return values, failed


def argument_spec(definition: ModuleDefinition) -> dict[str, dict[str, Any]]:
    """Return the argument spec of a module, with the connection options and the environment that replaces them."""
    from ansible.module_utils.common.parameters import env_fallback

    spec: dict[str, dict[str, Any]] = {}
    for name, row in CONNECTION_OPTIONS.items():
        spec[name] = {key: value for key, value in row.items() if key != "env"}
        if "env" in row:
            spec[name]["fallback"] = (env_fallback, list(row["env"]))
    return {**spec, **definition.argument_spec}


def run_module(definition: ModuleDefinition) -> None:
    """Run a module in a process of its own, and return its result or error to Ansible."""
    from ansible.module_utils.basic import missing_required_lib

    from ._ansible_module import N8nModule

    module = N8nModule(
        argument_spec=argument_spec(definition),
        supports_check_mode=True,
        mutually_exclusive=definition.mutually_exclusive,
        required_one_of=definition.required_one_of,
    )
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    result = run_task(definition, module.params, module.check_mode, module._diff)
    for warning in result.warnings:
        module.warn(warning)
    leave = module.fail_json if result.failed else module.exit_json
    leave(**result.values)
