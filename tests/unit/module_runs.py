# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module: its run() on the fake, or all of it as Ansible would, from arguments to the JSON that it prints."""

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
    """Return what a task returns; a task with changes that failed returns that, its message as `msg`."""
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
    """Check, apply, apply again; assert that check said the same and wrote nothing, and again changed nothing."""
    would = run(module, n8n, check_mode=True, **params)
    assert n8n.writes == []
    did = run(module, n8n, **params)
    assert would["changed"] and did["changed"]
    for key in ("diff", "plan", "summary", "digest"):
        assert would.get(key) == did.get(key)
    writes = len(n8n.writes)
    assert writes
    again = run(module, n8n, **params)
    assert not again["changed"] and len(n8n.writes) == writes
    assert again["diff"] == {"before": "", "after": ""}
    n8n.writes.clear()
    return did


def main(module: ModuleType, check_mode: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
    """Return the JSON that the module prints as Ansible runs it."""
    private = {"_ansible_check_mode": check_mode, "_ansible_diff": diff}
    given = json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **private}}).encode()
    printed = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", given))
        # ansible-core 2.19 and later
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        stack.enter_context(contextlib.redirect_stdout(printed))
        with contextlib.suppress(SystemExit):
            module.main()
    return dict(json.loads(printed.getvalue()))


def main_and_warnings(module: ModuleType, **args: Any) -> tuple[dict[str, Any], str]:
    """Return the same, and all warnings of the module as one text."""
    said: list[str] = []
    with mock.patch.object(basic.AnsibleModule, "warn", lambda self, warning: said.append(warning)):
        return main(module, **args), "\n".join(said)


def check_admins_remain(n8n: FakeN8n) -> Callable[[], None]:
    """Return the check, for after each write, that no project without an admin has come to be since now."""
    with_admin = {key for key, roles in n8n.roles_in.items() if "project:admin" in roles.values()}

    def check() -> None:
        for key in with_admin & n8n.all_projects.keys():
            assert "project:admin" in n8n.roles_in[key].values(), n8n.all_projects[key].name

    return check
