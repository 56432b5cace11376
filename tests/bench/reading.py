# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures reading: who is where, by n8n_user_info with memberships and by what somebody would do instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .processes import Failed, Figures, Place, Ran, module, playbook, program, race
from .proxy import Answers, passing_on
from .site import Site
from .tables import goal, progress, ratio, seconds, table

ROUND_TRIP = 0.05
TIMES = 3
OURS = "``n8n_user_info``, ``memberships: true``"
AT_ONCE = "bare script, 8 calls at once"
IN_TURN = "bare script, one call after the other"
LOOP = "loop of ``ansible.builtin.uri`` over the projects, one run"


def measure(site: Site, folder: Path) -> None:
    """Measure against n8n itself, and against its answers from memory."""
    variables = folder / "projects.json"
    variables.write_text(json.dumps({"project_ids": list(site.project_ids.values())}), encoding="utf-8")
    _against_n8n(site, variables)
    _against_memory(site)


def _against_n8n(site: Site, variables: Path) -> None:
    with passing_on(site.n8n.url, ROUND_TRIP) as proxy:
        here, there = Place(site.n8n), Place(site.n8n, proxy)
        progress("Who is where")
        near = {**race(_runs(here), TIMES), LOOP: _loop(here, variables)}
        progress("Who is where, away")
        far = {**race(_runs(there), TIMES), LOOP: _loop(there, variables)}
    _print("who is where", near, far)
    pages = site.company.pages
    goal(f"as many requests as pages, {pages}: {far[OURS].requests:.0f}", far[OURS].requests == pages)
    _goals(near, far)


def _against_memory(site: Site) -> None:
    answers: Answers = {}
    with passing_on(site.n8n.url, 0, answers) as close, passing_on(site.n8n.url, ROUND_TRIP, answers) as away:
        here, there = Place(site.n8n, close), Place(site.n8n, away)
        progress("Who is where, n8n's answers from memory")
        race(_runs(here), 1)
        kept = len(answers)
        near, far = race(_runs(here), TIMES), race(_runs(there), TIMES)
    if len(answers) != kept:
        raise Failed("n8n itself was asked, so its time is among the figures that are to be without it.")
    _print("who is where, n8n's answers from memory", near, far)
    _goals(near, far)


def _runs(place: Place) -> dict[str, Callable[[], Ran]]:
    return {
        OURS: lambda: module(place, "n8n_user_info", {"memberships": True}),
        AT_ONCE: lambda: program(place, "bench.bare_reading", "8"),
        IN_TURN: lambda: program(place, "bench.bare_reading", "1"),
    }


def _loop(place: Place, variables: Path) -> Figures:
    return Figures.of([playbook(place, "loop_uri_reading.yml", variables)])


def _print(title: str, near: dict[str, Figures], far: dict[str, Figures]) -> None:
    table(
        (title, "seconds", "ratio", f"seconds, {ROUND_TRIP * 1000:.0f} ms away", "ratio"),
        (
            (
                name,
                seconds(near[name].seconds),
                ratio(near[OURS].seconds, near[name].seconds),
                seconds(far[name].seconds),
                ratio(far[OURS].seconds, far[name].seconds),
            )
            for name in near
        ),
    )


def _goals(near: dict[str, Figures], far: dict[str, Figures]) -> None:
    same = near[OURS].seconds / near[AT_ONCE].seconds
    goal(f"at most 1.2 times the bare script with 8 calls at once: {same:.2f}", same <= 1.2)
    turn = far[OURS].seconds / far[IN_TURN].seconds
    goal(f"away, at most 0.3 times the bare script with one call after the other: {turn:.2f}", turn <= 0.3)
