# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the outcome of a plan. PURE."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._errors import N8nError
from .._state.model import Project
from .change import Change
from .handover import RESULT_KEYS, HandoverOutcome
from .plan import Plan


@dataclass
class Outcome:
    """The outcome of a plan."""

    done: list[Change] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    not_tried: list[Change] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    # The conflicts about a change that another task has already made.
    already_made: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    user_ids: dict[str, str] = field(default_factory=dict)
    # The outcome of each handover, by the id of the user or project that is deleted.
    handover_outcomes: dict[str, HandoverOutcome] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)

    def handed_over(self) -> dict[str, list[Any]]:
        """Return the outcome of all handovers, in the form of results."""
        results = [handover_outcome.to_result() for handover_outcome in self.handover_outcomes.values()]
        return {key: [entry for result in results for entry in result[key]] for key in RESULT_KEYS}

    @property
    def unreached(self) -> list[dict[str, Any]]:
        """Return the conflicts after which the desired state is not reached."""
        return [conflict for conflict in self.conflicts if conflict not in self.already_made]

    def move_to_conflicts(self, matches: Callable[[Change], bool], reason: str) -> bool:
        """Move the changes that were made and that another task has undone since from `done` to `conflicts`.

        Return whether there were any.
        """
        undone = [change for change in self.done if matches(change)]
        self.done = [change for change in self.done if change not in undone]
        self.conflicts += [{**change.to_result(), "reason": f"undone: {reason}"} for change in undone]
        return bool(undone)

    def sorted_by_plan(self, plan: Plan) -> Outcome:
        """Return this outcome sorted in the order of the plan, regardless of the order in which responses arrived."""
        rank = {change: number for number, change in enumerate(plan.changes)}
        places = {json.dumps(change.to_result()): number for number, change in enumerate(plan.changes)}
        self.done.sort(key=rank.__getitem__)
        self.not_tried.sort(key=rank.__getitem__)
        self.errors.sort(key=lambda error: places[json.dumps(error["changes"][0])] if error["changes"] else -1)
        self.conflicts.sort(key=lambda conflict: (conflict["project"] or "", conflict["user"] or ""))
        return self


class ApplyError(N8nError):
    """Some changes of a plan failed; the result lists the changes that were made, failed, and were not tried."""

    reason = "incomplete"

    def __init__(self, outcome: Outcome, report: dict[str, Any] | None = None) -> None:
        failed = sum(len(error["changes"]) for error in outcome.errors)
        planned = len(outcome.done) + len(outcome.not_tried) + len(outcome.conflicts) + failed
        messages = list(dict.fromkeys(error["error"] for error in outcome.errors))
        tail = (
            f"\n{len(outcome.done)} of {planned} changes were made, {failed} failed, {len(outcome.not_tried)} were not tried "
            "because they depend on these. Run the task again to make the remaining changes."
        )
        super().__init__("\n".join(messages[:5]) + (tail if failed or outcome.not_tried else ""))
        self.outcome = outcome
        self._result = {
            **(report or {}),
            "done": [change.to_result() for change in outcome.done],
            "errors": outcome.errors,
            "not_tried": [change.to_result() for change in outcome.not_tried],
        }

    def result(self) -> dict[str, Any]:
        """Return the keys that the failed task reports."""
        return self._result


class ConflictError(N8nError):
    """Another task or user changed the object of a task at the same time; the result lists the changes made."""

    reason = "conflict"

    def __init__(self, outcome: Outcome, report: dict[str, Any]) -> None:
        reason = outcome.unreached[0]["reason"]
        super().__init__(f"Another user or task changed this at the same time: {reason}. Run the task again.")
        self._result = report

    def result(self) -> dict[str, Any]:
        """Return the keys that the failed task reports."""
        return self._result
