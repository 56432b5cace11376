# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure n8n_access without changes, with 1 % drift, and from an empty server, compared with alternatives."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .filled_server import FilledServer
from .processes import (
    Endpoint,
    MeasurementError,
    Medians,
    ProcessRun,
    measure_in_turn,
    module,
    module_input,
    playbook,
    program,
)
from .proxy import Proxy, running_proxy
from .tables import goal, progress, ratio, seconds, table

LATENCY = 0.05
TIMES = 3
# The loops run over one of so many memberships: 100 of 5,000.
SAMPLE_STEP = 50
MODULE = "``n8n_access``"
SCRIPT = "script, 8 parallel requests"
TASK = "playbook with one task of ``n8n_access``"
EMPTY_TASK = "playbook with one empty task"
# The parts of titles and goals for measurements without and with latency.
SUFFIXES = ("", f", {LATENCY * 1000:.0f} ms latency")
LOOPS = {"loop of ``n8n_project_member``": "loop_member.yml", "loop of ``ansible.builtin.uri``": "loop_uri.yml"}
# A loop of ansible.builtin.uri starts a process for each item, and a loop of n8n_project_member does not.
TIMES_FASTER = {"loop of ``n8n_project_member``": 10, "loop of ``ansible.builtin.uri``": 50}
# The medians of each row, without and with latency.
DirectAndDelayed = tuple[dict[str, Medians], dict[str, Medians]]


def measure(filled: FilledServer, folder: Path) -> None:
    """Measure the three cases on a server that has the whole company, and print them."""
    with running_proxy(filled.n8n.url, 0) as direct, running_proxy(filled.n8n.url, LATENCY) as delayed:
        _AccessBenchmark(filled, folder, direct, delayed).measure()


class _AccessBenchmark:
    def __init__(self, filled: FilledServer, folder: Path, direct: Proxy, delayed: Proxy) -> None:
        self.filled = filled
        self.folder = folder
        self.endpoints = Endpoint(filled.n8n), Endpoint(filled.n8n, delayed)
        # The loops need a proxy that counts requests. Its time is negligible, because a loop takes much longer.
        self.loop_endpoints = Endpoint(filled.n8n, direct), Endpoint(filled.n8n, delayed)
        self.people = filled.company.people()
        self.list_path = self._write_json("people.json", self.people)
        self.task_path = self._write_json("task.json", {"people": self.people})
        # The seconds of a playbook with one empty task.
        self.startup = 0.0

    def measure(self) -> None:
        """Measure all cases, and print their tables."""
        company = self.filled.company
        progress("No changes")
        tasks = measure_in_turn(
            {TASK: lambda: self._task("task_access.yml"), EMPTY_TASK: lambda: self._task("task_empty.yml")}, TIMES
        )
        self.startup = tasks[EMPTY_TASK].seconds
        unchanged = self._measure(expected=0)
        loops = self._loops(self.loop_endpoints, "all members exist")
        self._print("no changes", unchanged, loops)
        self._goals_of_unchanged(unchanged, tasks)

        progress("1 % drift")
        drift = self._measure(expected=company.drift_size, before=self.filled.drift)
        self.filled.check()
        self._print("1 % drift", drift, loops)
        self._goals_of_drift(drift, loops)

        progress("From an empty server")
        # The owner creates the projects and is removed from them again.
        changes = company.users + 2 * company.projects + company.memberships
        empty = self._measure(expected=changes, before=self.filled.empty, delayed_times=1)
        self.filled.check()
        self.filled.empty()
        self.filled.fill_without_members()
        self._print(
            "from an empty server", empty, self._loops(self.loop_endpoints[:1], "users and projects exist, no members")
        )
        self._goals_of_empty(empty)

    def _measure(
        self, expected: int, before: Callable[[], None] = lambda: None, delayed_times: int = TIMES
    ) -> DirectAndDelayed:
        direct, delayed = self.endpoints
        medians = measure_in_turn(self._runs(direct, expected), TIMES, before)
        return medians, measure_in_turn(self._runs(delayed, expected), delayed_times, before)

    def _runs(self, endpoint: Endpoint, expected: int) -> dict[str, Callable[[], ProcessRun]]:
        def access() -> ProcessRun:
            run = module(endpoint, "n8n_access", {"users": self.people, "authority": "authoritative"})
            return _checked(run, len(json.loads(run.output)["plan"]), expected)

        def script() -> ProcessRun:
            run = program(endpoint, "bench.script_access", str(self.list_path))
            return _checked(run, int(run.output), expected)

        return {MODULE: access, SCRIPT: script}

    def _task(self, name: str) -> ProcessRun:
        return playbook(self.endpoints[0], name, self.task_path)

    def _loops(self, endpoints: Sequence[Endpoint], state: str) -> DirectAndDelayed:
        """Measure the loops over a sample of the memberships, and return the medians for all memberships."""
        self.filled.look_up()
        flat = [(person["email"], name, role) for person in self.people for name, role in person["projects"].items()]
        peaks = self._peaks(self._item(*flat[0]))
        found: list[dict[str, Medians]] = [{} for _endpoint in endpoints]
        turns = [(number, name) for number in range(len(endpoints)) for name in LOOPS]
        for turn, (number, name) in enumerate(turns):
            # Each turn needs other memberships, because the earlier ones exist by then.
            items = [self._item(*membership) for membership in flat[turn::SAMPLE_STEP]]
            progress(f"{name} over {len(items)} memberships{SUFFIXES[number]}, {state}")
            run = playbook(endpoints[number], LOOPS[name], self._write_json("loop.json", {"memberships": items}))
            found[number][name] = self._for_all(run, peaks[name], len(flat) / len(items))
        return found[0], found[1] if len(found) > 1 else {}

    def _item(self, email: str, name: str, role: str) -> dict[str, str]:
        ids = {"user_id": self.filled.user_ids[email], "project_id": self.filled.project_ids[name]}
        return {"email": email, "project": name, "role": f"project:{role}", "state": "present", **ids}

    def _for_all(self, run: ProcessRun, peak: float, times: float) -> Medians:
        """Return the medians of a loop over `times` times the items. The start of the playbook counts once."""
        return Medians(self.startup + (run.seconds - self.startup) * times, peak, run.requests * times)

    def _peaks(self, item: dict[str, str]) -> dict[str, float]:
        """Return the peak memory of the process of one item of each loop."""
        member = {"project": item["project"], "user": item["email"], "role": item["role"]}
        call = {
            "url": f"{self.filled.n8n.url}/api/v1/projects/{item['project_id']}/users",
            "method": "GET",
            "headers": {"X-N8N-API-KEY": self.filled.n8n.api_key},
        }
        direct = self.endpoints[0]
        runs = (
            module(direct, "n8n_project_member", {**member, "_ansible_check_mode": True}),
            program(direct, "ansible.modules.uri", standard_input=module_input(call)),
        )
        return {name: run.mebibytes for name, run in zip(LOOPS, runs)}

    def _print(self, title: str, measured: DirectAndDelayed, loops: DirectAndDelayed) -> None:
        direct, delayed = ({**rows, **looped} for rows, looped in zip(measured, loops))
        table(
            (
                title,
                "seconds",
                "ratio",
                f"seconds, {LATENCY * 1000:.0f} ms latency",
                "ratio",
                "requests",
                "peak memory",
            ),
            (
                (
                    name,
                    seconds(direct[name].seconds),
                    ratio(direct[MODULE].seconds, direct[name].seconds),
                    seconds(delayed[name].seconds) if name in delayed else "",
                    ratio(delayed[MODULE].seconds, delayed[name].seconds) if name in delayed else "",
                    f"{delayed.get(name, direct[name]).requests:,.0f}",
                    f"{direct[name].mebibytes:.0f} MiB",
                )
                for name in direct
            ),
        )

    def _goals_of_unchanged(self, unchanged: DirectAndDelayed, tasks: dict[str, Medians]) -> None:
        direct, delayed = unchanged
        pages = self.filled.company.pages
        goal(
            f"one request for each of the {pages} pages: {delayed[MODULE].requests:.0f}",
            delayed[MODULE].requests == pages,
        )
        taken, allowed = tasks[TASK].seconds, 1.15 * direct[SCRIPT].seconds + self.startup
        goal(
            f"at most 1.15 times the script plus an empty task. {TASK}: {seconds(taken)} s; {EMPTY_TASK}: "
            f"{seconds(self.startup)} s; 1.15 x {seconds(direct[SCRIPT].seconds)} s plus the empty task: "
            f"{seconds(allowed)} s",
            taken <= allowed,
        )

    def _goals_of_drift(self, drift: DirectAndDelayed, loops: DirectAndDelayed) -> None:
        for suffix, module_rows, loop_rows in zip(SUFFIXES, drift, loops):
            for name, row in loop_rows.items():
                times = row.seconds / module_rows[MODULE].seconds
                least = TIMES_FASTER[name]
                goal(f"at least {least} times faster than a {name}{suffix}: {times:.0f} times", times >= least)

    def _goals_of_empty(self, empty: DirectAndDelayed) -> None:
        for suffix, rows in zip(SUFFIXES, empty):
            times = rows[MODULE].seconds / rows[SCRIPT].seconds
            goal(f"at most 1.15 times the script{suffix}: {times:.2f}", times <= 1.15)

    def _write_json(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def _checked(run: ProcessRun, changes: int, expected: int) -> ProcessRun:
    if changes != expected:
        raise MeasurementError(f"{changes} changes were made, but {expected} are needed: {run.output[:1000]}")
    return run
