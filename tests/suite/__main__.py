# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the stages in two lanes at the same time, and print their results. A failed stage does not stop the next one."""

from __future__ import annotations

import argparse
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from n8n_server.install import DEFAULT_LOCK

from .runner import Runner
from .stages import HAVE_NAMED_TESTS, NEED_SERVER, ON_REQUEST, SIMULTANEOUS, STAGES, server
from .staging import ROOT, stage_collection
from .counts import TestCounts

# The name of a stage, its tests, and its seconds.
Row = tuple[str, TestCounts, float]


def main() -> int:
    """Return 1 if a test failed. The last line of the output is always 'N passed, N failed'."""
    options = _options()
    selected = set(options.stages or STAGES.keys() - ON_REQUEST.keys())
    collection = stage_collection(ROOT)

    def run(*lanes: set[str]) -> list[Row]:
        in_order = [[name for name in STAGES if name in selected & lane] for lane in lanes]
        return _run_lanes(
            [names for names in in_order if names],
            lambda: Runner(collection, options.lock, options.postgres, options.only),
        )

    rows = []
    if selected & NEED_SERVER:
        selected.add(server.__name__)
        rows = run({server.__name__})
    return _report(rows + run(STAGES.keys() - SIMULTANEOUS - {server.__name__}, SIMULTANEOUS))


def _run_lanes(lanes: Sequence[Sequence[str]], new_runner: Callable[[], Runner]) -> list[Row]:
    """Run the stages of each lane one after the other, and the lanes at the same time. Return one row per stage."""
    stopping = threading.Event()
    printing = threading.Lock()

    def run_lane(names: Sequence[str]) -> list[Row]:
        rows = []
        with new_runner() as runner:
            for name in names:
                if not stopping.is_set():
                    rows.append(_run(name, runner, printing, is_alone=len(lanes) == 1))
        return rows

    with ThreadPoolExecutor(len(lanes)) as pool:
        try:
            return [row for rows in pool.map(run_lane, lanes) for row in rows]
        except KeyboardInterrupt:
            stopping.set()
            raise


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="suite", description="Run the tests of the collection.")
    parser.add_argument(
        "--lock",
        type=Path,
        default=DEFAULT_LOCK,
        metavar="DIR",
        help="the n8n to test with (a folder in tests/n8n_server/locks)",
    )
    parser.add_argument("--postgres", action="store_true", help="use PostgreSQL instead of SQLite")
    parser.add_argument(
        "--only", default="", metavar="TEST", help="run one test of the given stages, by the name that their tool uses"
    )
    parser.add_argument(
        "stages",
        nargs="*",
        metavar="STAGE",
        help=f"the stages; default: all except {', '.join(ON_REQUEST)}. Stages: {' '.join(STAGES)}",
    )
    options = parser.parse_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"unknown stage: {' '.join(sorted(unknown))}. Valid stages: {' '.join(STAGES)}")
    if options.only and not (options.stages and set(options.stages) <= HAVE_NAMED_TESTS):
        parser.error(
            f"--only requires one or more of the stages {' '.join(name for name in STAGES if name in HAVE_NAMED_TESTS)}"
        )
    if not (options.lock / "package-lock.json").is_file():
        parser.error(f"{options.lock} has no package-lock.json")
    options.lock = options.lock.resolve()
    return options


def _run(name: str, runner: Runner, printing: threading.Lock, is_alone: bool) -> Row:
    """Run a stage. Its lines are printed at once if it runs alone, and otherwise when it ends."""
    stage, heading, lines = STAGES[name], f"\n=== {name}: {STAGES[name].__doc__}", []
    if is_alone:
        print(heading)
    else:
        print(f"Running {name} ...")
        lines.append(heading)
    runner.stage, runner.write = name, print if is_alone else lines.append
    begin = time.monotonic()
    try:
        counts = stage(runner)
    except Exception:  # after any error, the other stages still run
        runner.write(traceback.format_exc().rstrip("\n"))
        counts = TestCounts(failed=1)
    if not counts.total:
        runner.write("    no test was run, which counts as a failure")
        counts = TestCounts(failed=1)
    with printing:
        print(*lines, sep="\n", end="\n" if lines else "")
    return name, counts, time.monotonic() - begin


def _report(rows: Sequence[Row]) -> int:
    print(f"\n{'stage':<12} {'passed':>7} {'failed':>7} {'seconds':>8}")
    for name, counts, seconds in rows:
        print(f"{name:<12} {counts.passed:>7} {counts.failed:>7} {seconds:>8.0f}{'  <--' if counts.failed else ''}")
    ran = {row[0] for row in rows}
    for name, note in ON_REQUEST.items():
        if name not in ran:
            print(f"\n{note}")
    total = sum((row[1] for row in rows), TestCounts())
    print(f"\n{total}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    # Write each line at once, also to a pipe, so that the order with the output of the tools is correct.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
