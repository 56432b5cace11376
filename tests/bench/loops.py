# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure loops of n8n_project_member in Ansible's own process, compared with alternatives."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from n8n_server.server import Server

from .company import Company
from .filled_server import FilledServer
from .processes import Endpoint, MeasurementError, ProcessRun, measure_in_turn, playbook, program
from .proxy import running_proxy
from .tables import goal, progress, ratio, seconds, table

SIZES = (100, 1000)
SMALL_SIZE = 20
# n8n answers each list of this company in one page.
COMPANY = Company(50, 20, 20)
# Loops that start processes run over at most so many items.
MOST_ITEMS_WITH_PROCESSES = 100
TIMES = 3
# A process keeps the names of projects for so many seconds.
SECONDS_OF_NAMES = 30
CHANGED_ITEM = "changed: [localhost] => (item="
NO_TASK = "playbook without a task"
EMPTY_LOOP = "playbook with a loop of ``n8n_project_member`` over no items"
USER_TASK = "playbook with one task of ``n8n_user``"
SENT_USER_TASK = f"{USER_TASK}, ``n8n_in_process: false``"
EMPTY_SCRIPT = "script with no items"


@dataclass(frozen=True)
class _Case:
    """What all items of a loop do."""

    name: str
    state: str
    role: str
    is_change: bool = True

    @property
    def requests(self) -> int:
        """The requests of each item: the user, the members of the project, and the write."""
        return 3 if self.is_change else 2


# Each case starts with the members that the case before it leaves. The last one leaves none.
CASES = (
    _Case("add", "present", "project:viewer"),
    _Case("no change", "present", "project:viewer", is_change=False),
    _Case("change of the role", "present", "project:editor"),
    _Case("remove", "absent", "project:editor"),
)


@dataclass(frozen=True, eq=False)
class _Way:
    """A way to apply a list of memberships, which is a file with variables."""

    name: str
    run: Callable[[Endpoint, Path], ProcessRun]
    # The number of changes that the output reports.
    changes: Callable[[str], int]
    variables: dict[str, Any]
    # The least and the most readings of the projects, by the number of items and the seconds.
    readings: Callable[[int, float], tuple[int, int]]
    # Whether the way starts a process for each item or request.
    is_slow: bool = False
    # The way runs over the items divided by this number.
    divisor: int = 1


def _changed_items(output: str) -> int:
    return sum(line.startswith(CHANGED_ITEM) for line in output.splitlines())


def _loop(endpoint: Endpoint, variables: Path) -> ProcessRun:
    return playbook(endpoint, "loop_member.yml", variables)


def _script(endpoint: Endpoint, variables: Path) -> ProcessRun:
    return program(endpoint, "bench.script_loop", str(variables))


def _uri(endpoint: Endpoint, variables: Path) -> ProcessRun:
    return playbook(endpoint, "loop_uri_same.yml", variables)


IN_PROCESS = _Way(
    "loop of ``n8n_project_member``",
    _loop,
    _changed_items,
    {},
    lambda _items, taken: (1, 1 + int(taken / SECONDS_OF_NAMES)),
)
SENT = _Way(
    "loop of ``n8n_project_member``, ``n8n_in_process: false``",
    _loop,
    _changed_items,
    {"n8n_in_process": False},
    lambda items, _taken: (items, items),
    is_slow=True,
)
SCRIPT = _Way("script, one request at a time", _script, int, {}, lambda _items, _taken: (1, 1))
URI = _Way(
    "loops of ``ansible.builtin.uri``",
    _uri,
    _changed_items,
    {},
    lambda _items, _taken: (1, 1),
    is_slow=True,
    # Each item takes three processes.
    divisor=2,
)
WAYS = (IN_PROCESS, SENT, SCRIPT, URI)
# One run of each case and way.
Measured = dict[tuple[_Case, _Way], ProcessRun]


def measure(n8n: Server, folder: Path, sizes: Sequence[int] = SIZES, times: int = TIMES) -> None:
    """Measure all sizes on an empty server, and print them. Playbooks with at most one task run `times` times."""
    filled = FilledServer(n8n, COMPANY)
    filled.fill_without_members()
    with running_proxy(n8n.url, 0) as proxy:
        benchmark = _LoopBenchmark(filled, folder, Endpoint(n8n, proxy))
        benchmark.warm_up()
        benchmark.measure_starts(times)
        for size in sizes:
            benchmark.measure(size)


class _LoopBenchmark:
    def __init__(self, filled: FilledServer, folder: Path, endpoint: Endpoint) -> None:
        self.filled = filled
        self.folder = folder
        self.endpoint = endpoint
        emails, names = filled.company.emails(), filled.company.names()
        # The first memberships are those of different users and projects.
        self.pairs = [
            (email, names[(number + turn) % len(names)])
            for turn in range(len(names))
            for number, email in enumerate(emails)
        ]
        # The seconds of a playbook and of the script with no items.
        self.empty_loop = self.empty_script = 0.0

    def warm_up(self) -> None:
        """Run all cases once without measuring, because the first requests to an n8n that has just started are slow."""
        progress("Warm-up of n8n")
        for case in CASES:
            self._run(SCRIPT, case, self.pairs[: SIZES[0]])

    def measure_starts(self, times: int) -> None:
        """Measure playbooks and the script without items, and print them."""
        progress("Playbooks with at most one task")
        email = self.pairs[0][0]
        user, sent_user = self._write({"email": email}), self._write({"email": email, **SENT.variables})
        empty = self._write({"memberships": []})
        medians = measure_in_turn(
            {
                NO_TASK: lambda: playbook(self.endpoint, "task_none.yml"),
                EMPTY_LOOP: lambda: _loop(self.endpoint, empty),
                USER_TASK: lambda: playbook(self.endpoint, "task_user.yml", user),
                SENT_USER_TASK: lambda: playbook(self.endpoint, "task_user.yml", sent_user),
                EMPTY_SCRIPT: lambda: _script(self.endpoint, empty),
            },
            times,
        )
        self.empty_loop, self.empty_script = medians[EMPTY_LOOP].seconds, medians[EMPTY_SCRIPT].seconds
        table(
            ("one task", "seconds", "requests"),
            ((name, seconds(row.seconds), f"{row.requests:.0f}") for name, row in medians.items()),
        )
        more = medians[USER_TASK].seconds - medians[NO_TASK].seconds
        goal(f"{USER_TASK}: at most 0.4 s more than a {NO_TASK}: {seconds(more)} s", more <= 0.4)

    def measure(self, size: int) -> None:
        """Measure all ways that are fast enough over `size` memberships, and print them."""
        measured: Measured = {}
        for way in WAYS:
            if way.is_slow and size > MOST_ITEMS_WITH_PROCESSES:
                continue
            for case in CASES:
                progress(f"{size // way.divisor:,} items, {case.name}, {way.name}")
                measured[case, way] = self._run(way, case, self.pairs[: size // way.divisor])
        table(
            (f"{size:,} items in a loop", "case", "items", "seconds", "ms per item", "ratio", "requests per item"),
            self._rows(size, measured),
        )
        self._goals(size, measured)

    def _run(self, way: _Way, case: _Case, pairs: Sequence[tuple[str, str]]) -> ProcessRun:
        """Run one case. Raise MeasurementError if the changes, the requests, or the members are not as expected."""
        items = [{"email": email, "project": name, "role": case.role, "state": case.state} for email, name in pairs]
        run = way.run(self.endpoint, self._write({"memberships": items, **way.variables}))
        what = f"{way.name}, {case.name}, {len(items)} items"
        changes, expected = way.changes(run.output), len(items) if case.is_change else 0
        if changes != expected:
            raise MeasurementError(f"{what}: {changes} changes instead of {expected}: {run.output[:1000]}")
        least, most = (len(items) * case.requests + reading for reading in way.readings(len(items), run.seconds))
        if not least <= run.requests <= most:
            raise MeasurementError(f"{what}: {run.requests} requests instead of {least} to {most}")
        present = self.filled.n8n.memberships()
        if {(name, email): present[name].get(email) for email, name in pairs} != {
            (name, email): case.role if case.state == "present" else None for email, name in pairs
        }:
            raise MeasurementError(f"{what}: the members on the server are not as expected")
        return run

    def _rows(self, size: int, measured: Measured) -> Iterator[tuple[str, ...]]:
        for case, way in itertools.product(CASES, WAYS):
            if (case, way) in measured:
                items, row = size // way.divisor, measured[case, way]
                taken, script = self._milliseconds(size, case, way, measured), self._milliseconds(
                    size, case, SCRIPT, measured
                )
                yield (
                    way.name,
                    case.name,
                    f"{items:,}",
                    seconds(row.seconds),
                    f"{taken:.1f}",
                    ratio(taken, script),
                    f"{row.requests / items:.2f}",
                )
        if size > MOST_ITEMS_WITH_PROCESSES:
            yield from ((way.name, "all", "not measured", "", "", "", "") for way in WAYS if way.is_slow)

    def _goals(self, size: int, measured: Measured) -> None:
        for case in CASES:
            taken, script = (self._milliseconds(size, case, way, measured) for way in (IN_PROCESS, SCRIPT))
            allowed = 1.3 * script + 8
            goal(
                f"{case.name}: at most 1.3 times the script plus 8 ms for each item. {IN_PROCESS.name}: "
                f"{taken:.1f} ms; 1.3 x {script:.1f} ms plus 8 ms: {allowed:.1f} ms",
                taken <= allowed,
            )
        mean = statistics.mean(measured[case, IN_PROCESS].requests / size for case in CASES if case.is_change)
        goal(f"at most 3.2 requests for each item that is changed. {IN_PROCESS.name}: {mean:.2f}", mean <= 3.2)

    def _milliseconds(self, size: int, case: _Case, way: _Way, measured: Measured) -> float:
        """Return the milliseconds for each item, without those for no items."""
        start = self.empty_script if way is SCRIPT else self.empty_loop
        return (measured[case, way].seconds - start) * 1000 / (size // way.divisor)

    def _write(self, variables: dict[str, Any]) -> Path:
        path = self.folder / f"loop{len(list(self.folder.iterdir()))}.json"
        path.write_text(json.dumps(variables), encoding="utf-8")
        return path
