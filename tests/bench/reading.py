# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure n8n_user_info with memberships, compared with scripts and a loop of tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .filled_server import FilledServer
from .processes import Endpoint, MeasurementError, Medians, ProcessRun, measure_in_turn, module, playbook, program
from .proxy import Answers, running_proxy
from .tables import goal, progress, ratio, seconds, table

LATENCY = 0.05
TIMES = 3
MODULE = "``n8n_user_info``, ``memberships: true``"
PARALLEL = "script, 8 parallel requests"
SEQUENTIAL = "script, one request at a time"
LOOP = "loop of ``ansible.builtin.uri`` over the projects, one run"


def measure(filled: FilledServer, folder: Path) -> None:
    """Measure with n8n, and with answers from memory."""
    variables = folder / "projects.json"
    variables.write_text(json.dumps({"project_ids": list(filled.project_ids.values())}), encoding="utf-8")
    _measure_n8n(filled, variables)
    _measure_memory(filled)


def _measure_n8n(filled: FilledServer, variables: Path) -> None:
    with running_proxy(filled.n8n.url, LATENCY) as proxy:
        direct, delayed = Endpoint(filled.n8n), Endpoint(filled.n8n, proxy)
        progress("Users and memberships")
        rows = {**measure_in_turn(_runs(direct), TIMES), LOOP: _loop(direct, variables)}
        progress("Users and memberships, with latency")
        delayed_rows = {**measure_in_turn(_runs(delayed), TIMES), LOOP: _loop(delayed, variables)}
    _print("users and memberships", rows, delayed_rows)
    pages, requests = filled.company.pages, delayed_rows[MODULE].requests
    goal(f"one request for each of the {pages} pages: {requests:.0f}", requests == pages)
    _goals(rows, delayed_rows)


def _measure_memory(filled: FilledServer) -> None:
    answers: Answers = {}
    with running_proxy(filled.n8n.url, 0, answers) as first, running_proxy(filled.n8n.url, LATENCY, answers) as second:
        direct, delayed = Endpoint(filled.n8n, first), Endpoint(filled.n8n, second)
        progress("Users and memberships, answers from memory")
        measure_in_turn(_runs(direct), 1)
        stored = len(answers)
        rows, delayed_rows = measure_in_turn(_runs(direct), TIMES), measure_in_turn(_runs(delayed), TIMES)
    if len(answers) != stored:
        raise MeasurementError("A request went to n8n, so the results contain the time of n8n.")
    _print("users and memberships, answers from memory", rows, delayed_rows)
    _goals(rows, delayed_rows)


def _runs(endpoint: Endpoint) -> dict[str, Callable[[], ProcessRun]]:
    return {
        MODULE: lambda: module(endpoint, "n8n_user_info", {"memberships": True}),
        PARALLEL: lambda: program(endpoint, "bench.script_reading", "8"),
        SEQUENTIAL: lambda: program(endpoint, "bench.script_reading", "1"),
    }


def _loop(endpoint: Endpoint, variables: Path) -> Medians:
    return Medians.of([playbook(endpoint, "loop_uri_reading.yml", variables)])


def _print(title: str, direct: dict[str, Medians], delayed: dict[str, Medians]) -> None:
    table(
        (title, "seconds", "ratio", f"seconds, {LATENCY * 1000:.0f} ms latency", "ratio"),
        (
            (
                name,
                seconds(direct[name].seconds),
                ratio(direct[MODULE].seconds, direct[name].seconds),
                seconds(delayed[name].seconds),
                ratio(delayed[MODULE].seconds, delayed[name].seconds),
            )
            for name in direct
        ),
    )


def _goals(direct: dict[str, Medians], delayed: dict[str, Medians]) -> None:
    parallel = direct[MODULE].seconds / direct[PARALLEL].seconds
    goal(f"at most 1.2 times the script with 8 parallel requests: {parallel:.2f}", parallel <= 1.2)
    sequential = delayed[MODULE].seconds / delayed[SEQUENTIAL].seconds
    goal(
        f"with {LATENCY * 1000:.0f} ms latency, at most 0.3 times the script with one request at a time: "
        f"{sequential:.2f}",
        sequential <= 0.3,
    )
