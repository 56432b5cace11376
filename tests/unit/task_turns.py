# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs two tasks of controllers that share no lock, one step at a time and in a given order.

A step is a request to the fake n8n, or a reading or writing of the record of leavers.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.record_file import RecordFile
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n

Result = dict[str, Any]


class TaskTurns:
    """Gives each of two tasks its turns. The turns of a task that has ended are left out."""

    def __init__(self, turns: Sequence[str]) -> None:
        """Prepare the order of the steps: each of `turns` is the name of the task that makes the next step."""
        self._turns = list(turns)
        self._running: list[str] = []
        self._names: dict[int, str] = {}
        self._changed = threading.Condition()
        self.results: dict[str, Result] = {}

    def step(self) -> None:
        """Wait until it is the turn of the task of this thread. Other threads do not wait."""
        name = self._names.get(threading.get_ident())
        if name is None:
            return
        with self._changed:
            assert self._changed.wait_for(lambda: self._next() == name, timeout=60)
            if self._turns:
                del self._turns[0]
            self._changed.notify_all()

    def _next(self) -> str:
        while self._turns and self._turns[0] not in self._running:
            del self._turns[0]
        return self._turns[0] if self._turns else self._running[0]

    def run(self, tasks: dict[str, Callable[[], Result]]) -> dict[str, Result]:
        """Return the results of the tasks by name."""
        self._running = sorted(tasks)
        threads = [threading.Thread(target=self._run_task, args=task) for task in tasks.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert self.results.keys() == tasks.keys()
        return self.results

    def _run_task(self, name: str, task: Callable[[], Result]) -> None:
        self._names[threading.get_ident()] = name
        try:
            self.results[name] = task()
        finally:
            with self._changed:
                self._running.remove(name)
                self._changed.notify_all()


def take_turns(turns: TaskTurns, n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each request and each access to the record a step of `turns`."""
    count, read, write = FakeN8n.count, RecordFile._read, RecordFile._write
    is_writing = threading.local()

    def count_in_turn(fake: FakeN8n, kind: str) -> int:
        # A write is also counted by its method.
        if kind != "write":
            turns.step()
        return count(fake, kind)

    def read_in_turn(file: RecordFile[Any]) -> Any:
        if not getattr(is_writing, "value", False):
            turns.step()
        return read(file)

    def write_in_turn(file: RecordFile[Any], change: Callable[[Any], Any]) -> None:
        turns.step()
        is_writing.value = True
        try:
            write(file, change)
        finally:
            is_writing.value = False

    # The lock of the fake would be held while a task waits for its turn.
    monkeypatch.setattr(n8n, "lock", contextlib.nullcontext())
    monkeypatch.setattr(FakeN8n, "count", count_in_turn)
    monkeypatch.setattr(RecordFile, "_read", read_in_turn)
    monkeypatch.setattr(RecordFile, "_write", write_in_turn)
