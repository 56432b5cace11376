# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs as processes of their own, and measures them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from n8n_server.server import Server
from suite.staging import BUILD, environment

from .measured import PEAK
from .proxy import Proxy

HERE = Path(__file__).parent
ENVIRONMENT = {**environment(), "PYTHONPATH": os.pathsep.join((str(BUILD), str(HERE.parent)))}
MODULES = "ansible_collections.lifecycle.n8n.plugins.modules."


@dataclass(frozen=True)
class Ran:
    """What came of a process: its seconds from start to end, its peak memory, its requests, and what it printed.

    The memory is known of what ran as `bench.measured`, the requests are where a proxy counts them; else they are 0.
    """

    seconds: float
    mebibytes: float
    requests: int
    printed: str


class Failed(Exception):
    """A process that is measured failed."""


@dataclass(frozen=True)
class Place:
    """From where a server is asked: directly, or through a proxy."""

    n8n: Server
    proxy: Proxy | None = None

    def environment(self) -> dict[str, str]:
        """Return what a process needs that asks the server from there, with the key that there is now."""
        url = self.proxy.url if self.proxy else self.n8n.url
        return {**ENVIRONMENT, **self.n8n.environment(), "N8N_URL": url}


def module(place: Place, name: str, options: Mapping[str, Any]) -> Ran:
    """Run a module of the collection in a process of its own, as Ansible does."""
    return program(place, MODULES + name, typed=arguments(options))


def arguments(options: Mapping[str, Any]) -> str:
    """Return the options of a module as Ansible gives them to it."""
    return json.dumps({"ANSIBLE_MODULE_ARGS": dict(options)})


def program(place: Place | None, name: str, *words: str, typed: str = "") -> Ran:
    """Run a Python module as a program, which may ask a server from that place."""
    return _run([sys.executable, "-m", "bench.measured", name, *words], place, typed)


def playbook(place: Place, name: str, variables: Path | None = None) -> Ran:
    """Run one of the playbooks beside this file, its variables read from a file."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(HERE / name)]
    return _run([*command, *(["--extra-vars", f"@{variables}"] if variables else [])], place, "")


def _run(command: list[str], place: Place | None, typed: str) -> Ran:
    """Run a command; raises Failed where it fails."""
    proxy = place.proxy if place else None
    asked = proxy.requests if proxy else 0
    env = place.environment() if place else ENVIRONMENT
    begin = time.monotonic()
    done = subprocess.run(command, env=env, input=typed, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    peak = PEAK.search(done.stderr)
    return Ran(seconds, int(peak[1]) / 1024 if peak else 0, proxy.requests - asked if proxy else 0, done.stdout)


@dataclass(frozen=True)
class Figures:
    """The medians of several runs."""

    seconds: float
    mebibytes: float
    requests: float

    @classmethod
    def of(cls, ran: Sequence[Ran]) -> Figures:
        """Return those of so many runs of the same."""
        return cls(
            *(statistics.median(figures) for figures in zip(*((r.seconds, r.mebibytes, r.requests) for r in ran)))
        )


def race(
    runs: Mapping[str, Callable[[], Ran]], times: int, before: Callable[[], None] = lambda: None
) -> dict[str, Figures]:
    """Run all of `runs` in turn, so many times, each after `before`; return their figures by name.

    In turn, so that what else the machine does at a time slows all of them.
    """
    ran: dict[str, list[Ran]] = {name: [] for name in runs}
    for _turn in range(times):
        for name, run in runs.items():
            before()
            ran[name].append(run())
    return {name: Figures.of(of_name) for name, of_name in ran.items()}
