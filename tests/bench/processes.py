# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs as separate processes, and measure them."""

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

from .peak_memory import PEAK
from .proxy import Proxy

HERE = Path(__file__).parent
ENVIRONMENT = {**environment(), "PYTHONPATH": os.pathsep.join((str(BUILD), str(HERE.parent)))}
MODULES = "ansible_collections.lifecycle.n8n.plugins.modules."


@dataclass(frozen=True)
class ProcessRun:
    """The result of a process: its seconds from start to end, its peak memory, its requests, and its output.

    The memory is 0 unless the process ran as `bench.peak_memory`. The requests are 0 unless a proxy counted them.
    """

    seconds: float
    mebibytes: float
    requests: int
    output: str


class MeasurementError(Exception):
    """Raised if a measured process fails or has a wrong result."""


@dataclass(frozen=True)
class Endpoint:
    """A server, and the proxy through which it is used, if any."""

    n8n: Server
    proxy: Proxy | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that uses this endpoint, with the present API key."""
        url = self.proxy.url if self.proxy else self.n8n.url
        return {**ENVIRONMENT, **self.n8n.environment(), "N8N_URL": url}


def module(endpoint: Endpoint, name: str, options: Mapping[str, Any]) -> ProcessRun:
    """Run a module of the collection in a separate process, as Ansible does."""
    return program(endpoint, MODULES + name, standard_input=module_input(options))


def module_input(options: Mapping[str, Any]) -> str:
    """Return the options of a module in the format of Ansible."""
    return json.dumps({"ANSIBLE_MODULE_ARGS": dict(options)})


def program(endpoint: Endpoint | None, name: str, *arguments: str, standard_input: str = "") -> ProcessRun:
    """Run a Python module as a program that may use an endpoint."""
    return _run([sys.executable, "-m", "bench.peak_memory", name, *arguments], endpoint, standard_input)


def playbook(endpoint: Endpoint, name: str, variables: Path | None = None) -> ProcessRun:
    """Run a playbook in the folder of this file, with variables from a file."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(HERE / name)]
    return _run([*command, *(["--extra-vars", f"@{variables}"] if variables else [])], endpoint, "")


def _run(command: list[str], endpoint: Endpoint | None, standard_input: str) -> ProcessRun:
    """Run a command. Raise MeasurementError if it fails."""
    proxy = endpoint.proxy if endpoint else None
    requests_before = proxy.requests if proxy else 0
    env = endpoint.environment() if endpoint else ENVIRONMENT
    start = time.monotonic()
    done = subprocess.run(command, env=env, input=standard_input, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode:
        raise MeasurementError(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    peak = PEAK.search(done.stderr)
    return ProcessRun(
        seconds, int(peak[1]) / 1024 if peak else 0, proxy.requests - requests_before if proxy else 0, done.stdout
    )


@dataclass(frozen=True)
class Medians:
    """The medians of several runs."""

    seconds: float
    mebibytes: float
    requests: float

    @classmethod
    def of(cls, runs: Sequence[ProcessRun]) -> Medians:
        """Return the medians of several runs of the same program."""
        return cls(
            *(
                statistics.median(values)
                for values in zip(*((run.seconds, run.mebibytes, run.requests) for run in runs))
            )
        )


def measure_in_turn(
    runs: Mapping[str, Callable[[], ProcessRun]], times: int, before: Callable[[], None] = lambda: None
) -> dict[str, Medians]:
    """Run all of `runs` in turn, `times` times, each after `before`. Return their medians by name.

    The turns make sure that other load on the machine affects all runs.
    """
    finished: dict[str, list[ProcessRun]] = {name: [] for name in runs}
    for _turn in range(times):
        for name, run in runs.items():
            before()
            finished[name].append(run())
    return {name: Medians.of(of_name) for name, of_name in finished.items()}
