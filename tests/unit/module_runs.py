# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module: either its run() on the fake, or its main() from the arguments to the printed JSON."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any
from unittest import mock

from ansible.module_utils import basic

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import ApplyError
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.removal_limits import RemovalLimitExceeded
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n


def run(module: ModuleType, n8n: FakeN8n, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    """Return the result of a task. If changes failed, the result has the message of the error as `msg`."""
    options = {name: row.get("default") for name, row in module.ARGUMENT_SPEC.items()}
    assert params.keys() <= options.keys()
    n8n.client.read_only = check_mode
    task = Task(n8n, check_mode, wants_diff=True)
    try:
        result = module.run({**options, **params}, task)
    except (ApplyError, RemovalLimitExceeded) as error:
        result = {**task.failed_result(), **error.result(), "msg": str(error)}
    finally:
        n8n.client.read_only = False
    return {**task.result(), **result, "warnings": [*task.warnings, *task.outcome.notes]}


def check_apply_reapply(module: ModuleType, n8n: FakeN8n, **params: Any) -> dict[str, Any]:
    """Run a task in check mode and then twice without it. Return the result of the first run without check mode.

    Assert that check mode writes nothing and has an equal result, and that the last run changes nothing.
    """
    planned = run(module, n8n, check_mode=True, **params)
    assert n8n.writes == []
    applied = run(module, n8n, **params)
    assert planned["changed"] and applied["changed"]
    for key in ("diff", "plan", "summary", "digest"):
        assert planned.get(key) == applied.get(key)
    writes = len(n8n.writes)
    assert writes
    again = run(module, n8n, **params)
    assert not again["changed"] and len(n8n.writes) == writes
    assert again["diff"] == {"before": "", "after": ""}
    n8n.writes.clear()
    return applied


def main(module: ModuleType, check_mode: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
    """Return the JSON that the module prints when Ansible runs it."""
    internal_args = {"_ansible_check_mode": check_mode, "_ansible_diff": diff}
    module_args = json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal_args}}).encode()
    output = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", module_args))
        # ansible-core 2.19 and later requires a profile.
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        stack.enter_context(contextlib.redirect_stdout(output))
        with contextlib.suppress(SystemExit):
            module.main()
    return dict(json.loads(output.getvalue()))


def main_and_warnings(module: ModuleType, **args: Any) -> tuple[dict[str, Any], str]:
    """Return the JSON that the module prints, and all its warnings as one text."""
    warnings: list[str] = []
    with mock.patch.object(basic.AnsibleModule, "warn", lambda self, warning: warnings.append(warning)):
        return main(module, **args), "\n".join(warnings)


def check_admins_remain(n8n: FakeN8n) -> Callable[[], None]:
    """Return a check for `after_each_write`: projects that have an admin now keep an admin."""
    with_admin = {key for key, roles in n8n.roles_in.items() if "project:admin" in roles.values()}

    def check() -> None:
        for key in with_admin & n8n.all_projects.keys():
            assert "project:admin" in n8n.roles_in[key].values(), n8n.all_projects[key].name

    return check
