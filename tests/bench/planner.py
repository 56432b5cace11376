# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the time and memory of the planner without a server, for companies of several sizes."""

from __future__ import annotations

import json
import statistics

from .company import Company
from .processes import program
from .tables import goal, progress, seconds, table

SIZES = (1, 2, 4, 8)
TIMES = 3
# The states of the server by their names in `plan_once`.
STATES = {"unchanged": "no changes", "drifted": "1 % drift", "empty": "from an empty server"}


def measure(sizes: tuple[int, ...] = SIZES) -> None:
    """Measure all sizes, and print the table."""
    found: dict[tuple[int, str], tuple[float, float, float]] = {}
    for size in sizes:
        progress(f"Planner without a server, size {size}")
        for state in STATES:
            runs = [program(None, "bench.plan_once", str(size), state) for _turn in range(TIMES)]
            results = [json.loads(run.output) for run in runs]
            found[size, state] = (
                statistics.median(result["planning"] for result in results),
                statistics.median(result["result"] for result in results),
                statistics.median(run.mebibytes for run in runs),
            )
    table(
        (
            "users / projects / memberships",
            "state",
            "seconds to the plan",
            "per membership",
            "seconds to the result",
            "peak memory",
        ),
        (_row(Company.of_size(size), state, *found[size, state]) for state in STATES for size in sizes),
    )
    for state, title in STATES.items():
        planning, _result, memory = found[sizes[-1], state]
        goal(f"{title}: less than a second to the plan: {seconds(planning)} s", planning < 1)
        goal(f"{title}: less than 300 MiB of memory: {memory:.0f} MiB", memory < 300)


def _row(company: Company, state: str, planning: float, result: float, memory: float) -> tuple[str, ...]:
    return (
        f"{company.users:,} / {company.projects:,} / {company.memberships:,}",
        STATES[state],
        seconds(planning),
        f"{planning / company.memberships * 1e6:.1f} µs",
        seconds(result),
        f"{memory:.0f} MiB",
    )
