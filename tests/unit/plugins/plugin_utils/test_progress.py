# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test when the progress of a plan is displayed."""

from __future__ import annotations

import pytest
from ansible.utils.display import Display

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.actions import ACTIONS
from ansible_collections.lifecycle.n8n.plugins.plugin_utils import _progress
from ansible_collections.lifecycle.n8n.plugins.plugin_utils._progress import DisplayedProgress


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_progress, "time", clock)
    return clock


@pytest.fixture(name="lines")
def _lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []

    def display(_display: Display, text: str, stderr: bool = False) -> None:
        assert stderr
        lines.append(text)

    monkeypatch.setattr(Display, "display", display)
    return lines


def test_long_plan_has_a_line_after_two_seconds_and_then_every_ten(clock: Clock, lines: list[str]) -> None:
    progress = DisplayedProgress("n8n_access")
    progress(0, 5000, "")
    for second in range(30):
        clock.now = 100.5 + second
        progress(1000 + second, 5000, "add_member")
    assert lines == [
        "n8n_access: 1,002 of 5,000 changes, adding members",
        "n8n_access: 1,012 of 5,000 changes, adding members",
        "n8n_access: 1,022 of 5,000 changes, adding members",
    ]


def test_short_plan_has_no_line(clock: Clock, lines: list[str]) -> None:
    progress = DisplayedProgress("n8n_access")
    # The time before the plan, in which the server is read, does not count.
    clock.now += 60
    progress(0, 3, "")
    clock.now += 1.9
    progress(3, 3, "delete_user")
    assert lines == []


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_has_an_activity(clock: Clock, lines: list[str], action: str) -> None:
    progress = DisplayedProgress("n8n_access")
    progress(0, 2, "")
    clock.now += 3
    progress(1, 2, action)
    (line,) = lines
    assert line.startswith("n8n_access: 1 of 2 changes, ") and line.split(", ")[1].split()[0].endswith("ing")
