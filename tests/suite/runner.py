# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the stages: the staged collection, the running n8n, and the commands with their counts of tests."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from n8n_server.postgres import running_postgres
from n8n_server.server import Server, running

from .staging import BUILD, ROOT, environment
from .counts import TestCounts


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    output: str


def by_exit_code(result: CommandResult) -> TestCounts:
    """Count the command as one test. The test has passed if the exit code is 0."""
    return TestCounts(passed=1) if result.code == 0 else TestCounts(failed=1)


class Runner:
    """Run commands for the stages, and report their results with `write`. As a context manager, stop n8n at the end."""

    def __init__(self, collection: Path, lock: Path, postgres: bool = False, only: str = "") -> None:
        self.collection = collection
        self.lock = lock
        self.postgres = postgres
        # The name of the one test to run, as the tool of each stage uses it. "" selects all tests.
        self.only = only
        self.stage = ""
        self.write: Callable[[str], object] = print
        self._n8n: Server | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def fresh_n8n(self) -> Server:
        """Start n8n, or reset the running one, and return it. Raise ServerError if it does not start."""
        if self._n8n is None:
            database = self._closing.enter_context(running_postgres()) if self.postgres else None
            self._n8n = self._closing.enter_context(running(self.lock, database=database))
        else:
            self._n8n.reset()
        return self._n8n

    def check(
        self,
        title: str,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        count: Callable[[CommandResult], TestCounts] = by_exit_code,
        show: str = r"(?!)",
    ) -> TestCounts:
        """Run `command` in the staged collection, and return the result of `count`.

        The output is in a log file. If a test failed, all of it is printed. Otherwise, lines that match `show` are.
        """
        log = BUILD / "logs" / self.stage / f"{re.sub(r'[^a-z0-9]+', '-', title.lower())}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        begin = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            code = subprocess.run(
                [str(word) for word in command],
                cwd=cwd or self.collection,
                env={**environment(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        result = CommandResult(code, log.read_text(encoding="utf-8", errors="replace"))
        counts = count(result)
        if code != 0 and not counts.failed:
            counts += TestCounts(failed=1)
        passed = counts.total > 0 and not counts.failed
        self._report(passed, f"{title}: {counts}, {time.monotonic() - begin:.1f} s")
        if passed:
            self._indent(line for line in result.output.splitlines() if re.search(show, line))
        else:
            self.write(f"$ {' '.join(map(str, command))}\n(exit code {code}; output in {log.relative_to(ROOT)})")
            self.write(result.output.rstrip("\n"))
        return counts

    def expect(self, title: str, problems: Iterable[str]) -> TestCounts:
        """Count one test, which has passed if there are no `problems`."""
        found = list(problems)
        self._report(not found, title)
        self._indent(found)
        return TestCounts(failed=1) if found else TestCounts(passed=1)

    def tool(self, name: str) -> Path:
        """Return the path of a program in the present virtual environment."""
        return Path(sys.executable).parent / name

    def _report(self, passed: bool, text: str) -> None:
        self.write(f"    {'ok' if passed else 'FAILED':<6} {text}")

    def _indent(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(f"           {line}")
