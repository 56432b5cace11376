# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m bench`: fills a throwaway n8n, measures, and prints tables for the docs."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from n8n_server.server import Server, running
from suite.staging import BUILD, ROOT, environment, stage_collection

from .delay import delayed

USERS, PROJECTS, MEMBERS = 1000, 50, 100
ROUND_TRIP = 0.05
HERE = Path(__file__).parent
MODULE = "from ansible_collections.lifecycle.n8n.plugins.modules.{name} import main; main()"


def main() -> None:
    """Measure reading, and print it."""
    stage_collection(ROOT)
    say(f"Filling an n8n with {USERS} users and {PROJECTS} projects of {MEMBERS} members ...")
    with running() as n8n:
        project_ids = fill(n8n)
        say(f"n8n {n8n.version}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, the median of 5 runs.", "")
        reading(n8n, project_ids)


def fill(n8n: Server) -> list[str]:
    """Make users, projects and members; return the ids of the projects."""
    users: list[str] = []
    for start in range(0, USERS, 250):
        body = [{"email": f"user{start + number}@example.com", "role": "global:member"} for number in range(250)]
        users += [answer["user"]["id"] for answer in n8n.api("POST", "/users", body)]
    projects: list[str] = [
        n8n.api("POST", "/projects", {"name": f"Project {number}"})["id"] for number in range(PROJECTS)
    ]
    for number, project in enumerate(projects):
        relations = [
            {"userId": users[(number * USERS // PROJECTS + step) % USERS], "role": "project:viewer"}
            for step in range(MEMBERS)
        ]
        n8n.api("POST", f"/projects/{project}/users", {"relations": relations})
    return projects


def reading(n8n: Server, project_ids: list[str]) -> None:
    """Measure who is where: the module, a bare script, and a loop of ansible.builtin.uri."""
    here = {**environment(), **n8n.environment(), "PYTHONPATH": str(BUILD)}
    with delayed(n8n.url, ROUND_TRIP) as far_url:
        far = {**here, "N8N_URL": far_url}
        answer = module(here)
        people = 1 + USERS
        # The owner is a member of every project.
        pages = (
            math.ceil(people / 250) + math.ceil((people + PROJECTS) / 250) + PROJECTS * math.ceil((MEMBERS + 1) / 250)
        )
        say(f"HTTP requests of n8n_user_info with memberships: {answer['requests']}; pages there are: {pages}", "")
        rows = {
            "n8n_user_info, memberships: true": (lambda: module(here), lambda: module(far)),
            "bare script, 8 calls at once": (lambda: bare(here, 8), lambda: bare(far, 8)),
            "bare script, one call after the other": (lambda: bare(here, 1), lambda: bare(far, 1)),
        }
        medians = {name: [median(run) for run in runs] for name, runs in rows.items()}
        medians["loop of ansible.builtin.uri over the projects, once"] = [uri(here, project_ids), uri(far, project_ids)]
    ours = medians["n8n_user_info, memberships: true"]
    say(
        f"| who is where | seconds | ratio | seconds, {ROUND_TRIP * 1000:.0f} ms away | ratio |",
        "| --- | --- | --- | --- | --- |",
    )
    for name, (near, away) in medians.items():
        say(f"| {name} | {near:.2f} | {ours[0] / near:.2f} | {away:.2f} | {ours[1] / away:.2f} |")
    say("", "The ratio is that of n8n_user_info to the row: below 1 it is faster.")


def module(env: Mapping[str, str]) -> Any:
    """Run n8n_user_info in a process of its own, as Ansible does, and return its result."""
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"memberships": True}})
    return json.loads(run([sys.executable, "-c", MODULE.format(name="n8n_user_info")], env, arguments))


def bare(env: Mapping[str, str], at_once: int) -> str:
    """Run the bare script with so many calls at once."""
    return run([sys.executable, str(HERE / "bare.py"), str(at_once)], env)


def uri(env: Mapping[str, str], project_ids: list[str]) -> float:
    """Return the seconds of the playbook that loops."""
    playbook = [str(Path(sys.executable).with_name("ansible-playbook")), str(HERE / "uri.yml")]
    begin = time.monotonic()
    run([*playbook, "--extra-vars", json.dumps({"project_ids": project_ids})], env)
    return time.monotonic() - begin


def run(command: list[str], env: Mapping[str, str], typed: str = "") -> str:
    """Return what a command prints; raises CalledProcessError where it fails."""
    return subprocess.run(command, env=dict(env), input=typed, capture_output=True, text=True, check=True).stdout


def median(call: Callable[[], object], times: int = 5) -> float:
    """Return the median of the seconds that `call` takes."""
    seconds = []
    for _time in range(times):
        begin = time.monotonic()
        call()
        seconds.append(time.monotonic() - begin)
    return statistics.median(seconds)


def say(*lines: str) -> None:
    """Print lines at once."""
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
