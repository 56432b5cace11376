# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module: read its options, and return its result or error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from ._desired.omitted import without_omitted
from ._errors import N8nError
from ._executor.task import Task
from ._server.api import Api
from ._server.client import Client
from ._server.options import Connection
from ._server.transport_errors import REQUESTS_IMPORT_ERROR
from ._storage.lock import server_lock

# The option of modules that roles run. Only the argument specs of these modules have it, because users run all other
# modules in their own tasks.
OPTION_NAMES: dict[str, Any] = {"option_names": {"type": "dict"}}


def run_module(
    argument_spec: Mapping[str, Any],
    run: Callable[[Mapping[str, Any], Task], dict[str, Any]],
    writes: bool = True,
    **rules: Any,
) -> None:
    """Run a module with its own options and those of the connection, and return its result or error to Ansible.

    A task of a module that `writes` holds the lock of its server from the first reading to the last write.
    """
    # The import is local, so that the file of a module and its run() can be imported without Ansible.
    from ansible.module_utils.basic import missing_required_lib

    from ._ansible_module import N8nModule, connection_spec

    module = N8nModule(argument_spec={**connection_spec(), **argument_spec}, supports_check_mode=True, **rules)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    try:
        params = {**dict.fromkeys(module.params), **without_omitted(module.params, "")}
        client = Client(Connection.from_options(params), read_only=module.check_mode)
    except N8nError as error:
        module.fail_json(msg=str(error), reason=error.reason)
    with client:
        task = Task(Api(client), module.check_mode, module._diff)
        try:
            with server_lock(task.url) if writes and not module.check_mode else nullcontext():
                result = run(params, task)
            leave = module.exit_json
        except N8nError as error:
            result = {**task.failed_result(), **error.result(), "reason": error.reason, "msg": str(error)}
            leave = module.fail_json
    result = {**task.result(), **result}
    for warning in (*task.warnings, *task.outcome.notes):
        module.warn(warning)
    leave(**module.named_within(result))
