# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures n8n_access: nothing to do, 1 % drift, and all from empty, against a bare script and loops of tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .processes import Failed, Figures, Place, Ran, arguments, module, playbook, program, race
from .proxy import Proxy, passing_on
from .site import Site
from .tables import goal, progress, ratio, seconds, table

ROUND_TRIP = 0.05
TIMES = 3
# Of how many memberships one is looped over: 100 of 5,000.
EVERY = 50
OURS = "``n8n_access``"
BARE = "bare script, 8 calls at once"
TASK = "``n8n_access``, the whole playbook"
NO_TASK = "a playbook with one empty task"
LOOPS = {"loop of ``n8n_project_member``": "loop_member.yml", "loop of ``ansible.builtin.uri``": "loop_uri.yml"}
# The figures of each row, near and away.
Both = tuple[dict[str, Figures], dict[str, Figures]]


def measure(site: Site, folder: Path) -> None:
    """Measure all three on a server that has the whole company, and print them."""
    with passing_on(site.n8n.url, 0) as close, passing_on(site.n8n.url, ROUND_TRIP) as away:
        _Access(site, folder, close, away).measure()


class _Access:
    def __init__(self, site: Site, folder: Path, close: Proxy, away: Proxy) -> None:
        self.site = site
        self.folder = folder
        self.places = Place(site.n8n), Place(site.n8n, away)
        # A proxy that counts makes no difference to what takes as long as a loop.
        self.looping = Place(site.n8n, close), Place(site.n8n, away)
        self.people = site.company.people()
        self.list_path = self._written("people.json", self.people)
        self.task_path = self._written("task.json", {"people": self.people})
        # What a playbook with one empty task takes.
        self.start = 0.0

    def measure(self) -> None:
        """Measure, and print what came out of each part."""
        company = self.site.company
        progress("Nothing to do")
        tasks = race(
            {TASK: lambda: self._task("task_access.yml"), NO_TASK: lambda: self._task("task_empty.yml")}, TIMES
        )
        self.start = tasks[NO_TASK].seconds
        nothing = self._race(expected=0)
        in_place = self._loops(self.looping, "all there")
        self._print("nothing to do", nothing, in_place)
        self._goals_of_nothing(nothing, tasks)

        progress("1 % drift")
        drift = self._race(expected=company.drifting, before=self.site.drift)
        self.site.check()
        self._print("1 % drift", drift, in_place)
        self._goals_of_drift(drift, in_place)

        progress("All from empty")
        # The owner, who creates the projects, leaves them again.
        everything = company.users + 2 * company.projects + company.memberships
        empty = self._race(expected=everything, before=self.site.empty, times_away=1)
        self.site.check()
        self.site.empty()
        self.site.fill_without_members()
        self._print("all from empty", empty, self._loops(self.looping[:1], "users and projects there, no members"))
        self._goals_of_empty(empty)

    def _race(self, expected: int, before: Callable[[], None] = lambda: None, times_away: int = TIMES) -> Both:
        here, there = self.places
        near = race(self._runs(here, expected), TIMES, before)
        return near, race(self._runs(there, expected), times_away, before)

    def _runs(self, place: Place, expected: int) -> dict[str, Callable[[], Ran]]:
        def access() -> Ran:
            ran = module(place, "n8n_access", {"users": self.people, "authority": "authoritative"})
            return _checked(ran, len(json.loads(ran.printed)["plan"]), expected)

        def bare() -> Ran:
            ran = program(place, "bench.bare_access", str(self.list_path))
            return _checked(ran, int(ran.printed), expected)

        return {OURS: access, BARE: bare}

    def _task(self, name: str) -> Ran:
        return playbook(self.places[0], name, self.task_path)

    def _loops(self, places: Sequence[Place], state: str) -> Both:
        """Measure the loops over some of the memberships, and return what they take for all of them."""
        self.site.look_up()
        flat = [(person["email"], name, role) for person in self.people for name, role in person["projects"].items()]
        peaks = self._peaks(self._item(*flat[0]))
        found: list[dict[str, Figures]] = [{} for _place in places]
        turns = [(number, name) for number in range(len(places)) for name in LOOPS]
        for turn, (number, name) in enumerate(turns):
            # Other memberships each time, as the last ones are there by then.
            items = [self._item(*membership) for membership in flat[turn::EVERY]]
            progress(f"{name} over {len(items)} memberships{', away' if number else ''}, {state}")
            ran = playbook(places[number], LOOPS[name], self._written("loop.json", {"memberships": items}))
            found[number][name] = self._for_all(ran, peaks[name], len(flat) / len(items))
        return found[0], found[1] if len(found) > 1 else {}

    def _item(self, email: str, name: str, role: str) -> dict[str, str]:
        ids = {"user_id": self.site.user_ids[email], "project_id": self.site.project_ids[name]}
        return {"email": email, "project": name, "role": f"project:{role}", **ids}

    def _for_all(self, ran: Ran, peak: float, times: float) -> Figures:
        """Return the figures of a loop over so many times the items; the start of the playbook is there once."""
        return Figures(self.start + (ran.seconds - self.start) * times, peak, ran.requests * times)

    def _peaks(self, item: dict[str, str]) -> dict[str, float]:
        """Return the memory of the process that one item of each loop is."""
        member = {"project": item["project"], "user": item["email"], "role": item["role"]}
        call = {
            "url": f"{self.site.n8n.url}/api/v1/projects/{item['project_id']}/users",
            "method": "GET",
            "headers": {"X-N8N-API-KEY": self.site.n8n.api_key},
        }
        here = self.places[0]
        ran = (
            module(here, "n8n_project_member", {**member, "_ansible_check_mode": True}),
            program(here, "ansible.modules.uri", typed=arguments(call)),
        )
        return {name: one.mebibytes for name, one in zip(LOOPS, ran)}

    def _print(self, title: str, ours_and_bare: Both, loops: Both) -> None:
        near, far = ({**rows, **looped} for rows, looped in zip(ours_and_bare, loops))
        table(
            (
                title,
                "seconds",
                "ratio",
                f"seconds, {ROUND_TRIP * 1000:.0f} ms away",
                "ratio",
                "requests",
                "peak memory",
            ),
            (
                (
                    name,
                    seconds(near[name].seconds),
                    ratio(near[OURS].seconds, near[name].seconds),
                    seconds(far[name].seconds) if name in far else "",
                    ratio(far[OURS].seconds, far[name].seconds) if name in far else "",
                    f"{far.get(name, near[name]).requests:,.0f}",
                    f"{near[name].mebibytes:.0f} MiB",
                )
                for name in near
            ),
        )

    def _goals_of_nothing(self, nothing: Both, tasks: dict[str, Figures]) -> None:
        near, far = nothing
        pages = self.site.company.pages
        goal(f"as many requests as pages, {pages}: {far[OURS].requests:.0f}", far[OURS].requests == pages)
        whole, allowed = tasks[TASK].seconds, 1.15 * near[BARE].seconds + self.start
        goal(
            f"at most 1.15 times the bare script and one task. {TASK}: {seconds(whole)} s; {NO_TASK}: "
            f"{seconds(self.start)} s; 1.15 x {seconds(near[BARE].seconds)} s and that: {seconds(allowed)} s",
            whole <= allowed,
        )

    def _goals_of_drift(self, drift: Both, loops: Both) -> None:
        for source, ours, looped in zip(("", ", away"), drift, loops):
            for name, row in looped.items():
                times = row.seconds / ours[OURS].seconds
                goal(f"at least 50 times faster than a {name}{source}: {times:.0f} times", times >= 50)

    def _goals_of_empty(self, empty: Both) -> None:
        for source, rows in zip(("", ", away"), empty):
            times = rows[OURS].seconds / rows[BARE].seconds
            goal(f"at most 1.15 times the bare script{source}: {times:.2f}", times <= 1.15)

    def _written(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def _checked(ran: Ran, changes: int, expected: int) -> Ran:
    if changes != expected:
        raise Failed(f"{changes} changes were made where {expected} are needed: {ran.printed[:1000]}")
    return ran
