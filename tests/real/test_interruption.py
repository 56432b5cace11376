# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that Ctrl-C leaves no more behind in Ansible's own process than in the process of a module."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fault_proxy import FaultProxy
from n8n_server.server import Server
from test_invitations import processes_of

PEOPLE = [f"user{number}@example.com" for number in range(8)]
PROJECTS = [f"Project {number}" for number in range(24)]
TASKS: dict[str, dict[str, Any]] = {
    "a loop": {
        "lifecycle.n8n.n8n_project_member": {"project": "Project 0", "user": "{{ item }}", "role": "viewer"},
        "loop": PEOPLE,
    },
    "parallel requests": {
        "lifecycle.n8n.n8n_access": {
            "projects": [{"name": name, "members": {PEOPLE[0]: "viewer"}} for name in PROJECTS]
        },
    },
}


def playbook(n8n_url: str, folder: Path, task: dict[str, Any], in_process: bool) -> subprocess.Popen[str]:
    """Start a playbook with one task in a process group of its own, as a shell does."""
    variables = {"ansible_python_interpreter": sys.executable, "n8n_in_process": in_process}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]}
    (folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.Popen(
        ["ansible-playbook", "play.yml"],
        cwd=folder,
        env={**os.environ, "PATH": path, "N8N_URL": n8n_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_interrupted_task_ends_and_the_next_one_continues(
    n8n: Server, tmp_path: Path, task: dict[str, Any], in_process: bool
) -> None:
    n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in PEOPLE])
    for name in PROJECTS if "loop" not in task else PROJECTS[:1]:
        n8n.api("POST", "/projects", {"name": name})
    started: list[subprocess.Popen[str]] = []
    running: list[int] = []

    def interrupt() -> None:
        while not started:
            time.sleep(0.01)
        running.extend(processes_of(started[0].pid))
        os.killpg(started[0].pid, signal.SIGINT)
        # The request is on its way while the task ends.
        time.sleep(0.5)

    with FaultProxy(n8n.url) as proxy:
        proxy.before_write[3] = interrupt
        started.append(playbook(proxy.url, tmp_path, task, in_process))
        output = started[0].communicate(timeout=60)[0]
        assert started[0].returncode != 0 and "Traceback" not in output, output
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in running):
            assert time.monotonic() < deadline, "a process of the task is still running"
            time.sleep(0.1)
        # Only requests that were on their way may have arrived: one in a loop, and eight in parallel.
        writes = len(proxy.writes)
        assert 3 <= writes <= 3 + 8
        time.sleep(1)
        assert len(proxy.writes) == writes
        proxy.reset()
        proxy.before_write.clear()
        # No lock is left, and the next run makes the other changes.
        again = playbook(proxy.url, tmp_path, task, in_process)
        output = again.communicate(timeout=120)[0]
        assert again.returncode == 0, output
    members = [email for members in n8n.memberships().values() for email in members if email in PEOPLE]
    assert len(members) == len(PEOPLE) if "loop" in task else len(PROJECTS)
