# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module in Ansible's own process if its task is local, and send it to the host of the task otherwise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._desired.option_names import with_names
from ..module_utils._errors import InputError
from ..module_utils._module import ModuleDefinition, argument_spec, run_task
from ..module_utils._server.kept_client import kept_api
from ..module_utils._server.options import (
    CONNECTION_OPTIONS,
    short_header_values,
    with_masked_headers,
    with_variables,
)
from ..module_utils._server.transport_errors import REQUESTS_IMPORT_ERROR
from ._plain_values import keys_that_are_not_text, plain, texts_in
from ._plugin_support import variable_value
from ._progress import DisplayedProgress


class ModuleAction(ActionBase):
    """The action plugin of a module. `definition` is the module."""

    definition: ModuleDefinition
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task. It is the same wherever the module runs."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            for problem in keys_that_are_not_text(self._task.args):
                raise InputError(f"{problem}. Quote it.")
            options = self._options(variables)
            is_own_process = self._is_own_process(variables)
        except InputError as error:
            return {**result, "failed": True, "msg": _named(str(error), self._task.args), "reason": error.reason}
        return {**result, **(self._run_here(options, variables) if is_own_process else self._send(options, variables))}

    def _options(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the task, with connection options from the variables of its host."""
        values = {name: variable_value(variables, f"n8n_{name}", self._templar) for name in CONNECTION_OPTIONS}
        return with_variables(self._task.args, {name: value for name, value in values.items() if value is not None})

    def _is_own_process(self, variables: Mapping[str, Any]) -> bool:
        """Return whether the task is local, and needs neither another user, nor another Python, nor the background."""
        wanted = variable_value(variables, "n8n_in_process", self._templar)
        try:
            is_wanted = boolean(True if wanted in (None, "") else wanted)
        except TypeError:
            raise InputError(f"n8n_in_process is {wanted!r}, but must be true or false.") from None
        return (
            is_wanted
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and self._is_own_python(variables)
            # A module reports a missing library.
            and REQUESTS_IMPORT_ERROR is None
        )

    def _is_own_python(self, variables: Mapping[str, Any]) -> bool:
        """Return whether the task may run in the Python of Ansible, because no other one is set."""
        if self._task.delegate_to:
            variables = variables["ansible_delegated_vars"][self._task.delegate_to]
        setting = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        path = str(self._templar.template(setting) or "auto").strip()
        if path.startswith("auto"):
            return True
        found = os.path.abspath(shutil.which(path) or path)
        # The Python of another virtual environment may be a link to the same file.
        folder, own_folder = os.path.dirname(found), os.path.dirname(os.path.abspath(sys.executable))
        return os.path.realpath(found) == os.path.realpath(sys.executable) and folder == own_folder

    def _send(self, options: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Send the module to the host of the task, run it there, and return its result."""
        is_async = bool(self._task.async_val)
        wrap_async = is_async and not self._connection.has_native_async
        # A module that does not crash returns its options. ansible-core 2.21 and later needs this variable for that.
        with_setting = variables if is_async else {**variables, "ansible_inject_invocation": True}
        result: dict[str, Any] = self._execute_module(
            module_args=options, task_vars=with_setting, wrap_async=wrap_async
        )
        if "invocation" in result and not is_async:
            # ansible-core 2.19 and later adds the origin of the message here, in other words than for an action.
            if not isinstance(result.get("exception"), str):
                result.pop("exception", None)
            if not _returns_invocation(variables):
                del result["invocation"]
        return result

    def _run_here(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module in this process, and return the result that it would return from a process of its own."""
        Display().vvv(f"{self._task.action} runs in Ansible's own process.")
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        with _process_state(environment, self._loader.get_basedir()):
            return self._result(plain(options), _returns_invocation(variables))

    def _result(self, options: dict[str, Any], returns_invocation: bool) -> dict[str, Any]:
        definition = self.definition
        spec = argument_spec(definition)
        validator = ArgumentSpecValidator(
            spec, mutually_exclusive=definition.mutually_exclusive, required_one_of=definition.required_one_of
        )
        validated = validator.validate(options)
        params = {**options, **validated.validated_parameters}
        # As in a module, the secrets are the texts in the value before its conversion, such as the elements of a list.
        given = [options.get(name, params.get(name)) or None for name, row in spec.items() if row.get("no_log")]
        values: dict[str, Any]
        if validated.error_messages:
            values = {"failed": True, "msg": self._message(validated.errors[0], params)}
        else:
            values = self._run_task(params)
        if returns_invocation:
            values["invocation"] = {"module_args": with_masked_headers(params)}
        # A secret such as "True" must not replace a value that is not text.
        kept = {key: value for key, value in values.items() if value is None or isinstance(value, bool)}
        secrets = set(texts_in(given)) - short_header_values(params.get("headers"))
        return {**plain(remove_values(values, secrets)), **kept}

    def _run_task(self, params: dict[str, Any]) -> dict[str, Any]:
        progress = DisplayedProgress(self._task.action.rpartition(".")[2])
        check_mode, wants_diff = self._task.check_mode, self._task.diff
        try:
            result = run_task(self.definition, params, check_mode, wants_diff, kept_api, progress)
        except Exception as error:
            # The earlier items of a loop must keep their results, and the error must not show a secret.
            return {
                "failed": True,
                "msg": f"{self._task.action} failed with {type(error).__name__}: {error}. This is a bug in lifecycle.n8n.",
                "reason": "failed",
            }
        return {
            **result.values,
            **({"warnings": list(result.warnings)} if result.warnings else {}),
            **({"failed": True} if result.failed else {}),
        }

    def _message(self, error: Exception, params: Mapping[str, Any]) -> str:
        prefix = f"Unsupported parameters for ({self._task.action}) module: "
        return _named(f"{prefix if isinstance(error, UnsupportedError) else ''}{error}", params)


def _returns_invocation(variables: Mapping[str, Any]) -> bool:
    """Return whether results contain the options. ansible-core 2.21 and later has a setting for that."""
    if constants.config.get_configuration_definition("INJECT_INVOCATION") is None:
        return True
    return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=variables))


def _named(message: str, options: Mapping[str, Any]) -> str:
    """Return a message with the names of options that the user of a role knows."""
    names = options.get("option_names")
    if not isinstance(names, Mapping):
        return message
    return with_names(message, {str(option): str(name) for option, name in names.items()})


@contextmanager
def _process_state(environment: Mapping[str, Any], folder: str) -> Iterator[None]:
    """Give this process the environment and the folder that a module of the task has, and restore them afterwards.

    This process is a worker of Ansible, which runs only this task.
    """
    before = {name: os.environ.get(name) for name in environment}
    try:
        before_folder = os.open(".", os.O_RDONLY)
    except OSError:
        # The user of the task may not read the folder, or it was deleted.
        before_folder = None
    try:
        os.environ.update({name: str(value) for name, value in environment.items()})
        os.chdir(folder)
        yield
    finally:
        if before_folder is not None:
            os.fchdir(before_folder)
            os.close(before_folder)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
