# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the planner alone, without a server: does its time grow as the company does, and what memory does it take?"""

from __future__ import annotations

import json
import statistics

from .company import Company
from .processes import program
from .tables import goal, progress, seconds, table

SIZES = (1, 2, 4, 8)
TIMES = 3
# The states of the server, as `plan_once` knows them.
STATES = {"in_place": "nothing to do", "drifted": "1 % drift", "empty": "all from empty"}


def measure(sizes: tuple[int, ...] = SIZES) -> None:
    """Measure all sizes, and print them."""
    found: dict[tuple[int, str], tuple[float, float, float]] = {}
    for size in sizes:
        progress(f"The planner alone, size {size}")
        for state in STATES:
            ran = [program(None, "bench.plan_once", str(size), state) for _turn in range(TIMES)]
            told = [json.loads(one.printed) for one in ran]
            found[size, state] = (
                statistics.median(one["planning"] for one in told),
                statistics.median(one["result"] for one in told),
                statistics.median(one.mebibytes for one in ran),
            )
    table(
        (
            "people / projects / memberships",
            "state",
            "seconds to the plan",
            "for each membership",
            "to the result",
            "peak memory",
        ),
        (_row(Company.of_size(size), state, *found[size, state]) for state in STATES for size in sizes),
    )
    for state, title in STATES.items():
        planning, _result, memory = found[sizes[-1], state]
        goal(f"{title}: planned in less than a second: {seconds(planning)} s", planning < 1)
        goal(f"{title}: less than 300 MiB: {memory:.0f} MiB", memory < 300)


def _row(company: Company, state: str, planning: float, result: float, memory: float) -> tuple[str, ...]:
    return (
        f"{company.users:,} / {company.projects:,} / {company.memberships:,}",
        STATES[state],
        seconds(planning),
        f"{planning / company.memberships * 1e6:.1f} µs",
        seconds(result),
        f"{memory:.0f} MiB",
    )
