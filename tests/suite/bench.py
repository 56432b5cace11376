# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every stage works with: the staged collection, the running n8n, and a way to run a command and judge it."""

from __future__ import annotations

import re
import shutil
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
from .tally import Tally


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    output: str


def by_exit_code(done: Done) -> Tally:
    """One test, passed if the command ended with 0."""
    return Tally(passed=1) if done.code == 0 else Tally(failed=1)


class Bench:
    """Runs commands for the stages; as a context manager it stops n8n at the end."""

    def __init__(self, collection: Path, lock: Path, postgres: bool = False, only: str = "") -> None:
        self.collection = collection
        self.lock = lock
        self.postgres = postgres
        # The name of the one test to run, as the tool of each stage knows it; "" for all.
        self.only = only
        self.stage = ""
        self._n8n: Server | None = None
        self._closing = ExitStack()
        shutil.rmtree(BUILD / "logs", ignore_errors=True)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def start_n8n(self) -> str:
        """Install n8n if need be and start it; return its address."""
        database = self._closing.enter_context(running_postgres()) if self.postgres else None
        self._n8n = self._closing.enter_context(running(self.lock, database=database))
        return self._n8n.url

    def fresh_n8n(self) -> Server:
        """Return the running n8n, emptied; raises RuntimeError if it did not start."""
        if self._n8n is None:
            raise RuntimeError("There is no n8n to test against: see the stage 'server' above")
        self._n8n.reset()
        return self._n8n

    def check(
        self,
        title: str,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        judge: Callable[[Done], Tally] = by_exit_code,
        show: str = r"(?!)",
    ) -> Tally:
        """Run `command` (in the staged collection) and return what `judge` makes of it.

        The output goes to a log; all of it is printed on failure, on success only lines that match `show`.
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
        done = Done(code, log.read_text(encoding="utf-8", errors="replace"))
        tally = judge(done)
        if code != 0 and not tally.failed:
            tally += Tally(failed=1)
        well = tally.total > 0 and not tally.failed
        _say(well, f"{title}: {tally}, {time.monotonic() - begin:.1f} s")
        if well:
            _indent(line for line in done.output.splitlines() if re.search(show, line))
        else:
            print(f"$ {' '.join(map(str, command))}\n(ended with {code}; output of {log.relative_to(ROOT)})")
            print(done.output.rstrip("\n"))
        return tally

    def expect(self, title: str, problems: Iterable[str]) -> Tally:
        """Return one passed test if there are no `problems`."""
        found = list(problems)
        _say(not found, title)
        _indent(found)
        return Tally(failed=1) if found else Tally(passed=1)

    def tool(self, name: str) -> Path:
        """Return a program of the virtual environment that runs this."""
        return Path(sys.executable).parent / name


def _say(well: bool, text: str) -> None:
    print(f"    {'ok' if well else 'FAILED':<6} {text}")


def _indent(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"           {line}")
