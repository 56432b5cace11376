# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the stages one after the other and says what came out; a stage that fails does not stop the next."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from n8n_server.install import DEFAULT_LOCK

from .bench import Bench
from .stages import HAVE_NAMED_TESTS, NEED_SERVER, ON_REQUEST, STAGES, Stage, server
from .staging import ROOT, stage_collection
from .tally import Tally


def main() -> int:
    """Return 1 if anything failed; the last line printed is always 'N passed, N failed'."""
    options = _options()
    wanted = set(options.stages or STAGES.keys() - ON_REQUEST.keys())
    if wanted & NEED_SERVER:
        wanted.add(server.__name__)
    rows: list[tuple[str, Tally, float]] = []
    with Bench(stage_collection(ROOT), options.lock, options.postgres, options.only) as bench:
        for name, stage in STAGES.items():
            if name in wanted:
                rows.append(_run(name, stage, bench))
    return _report(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="suite", description="Run the tests of the collection.")
    parser.add_argument("--lock", type=Path, default=DEFAULT_LOCK, metavar="DIR", help="which n8n to test against")
    parser.add_argument("--postgres", action="store_true", help="let n8n use a PostgreSQL in place of SQLite")
    parser.add_argument(
        "--only", default="", metavar="TEST", help="run one test of the named stages, by its name for their tool"
    )
    parser.add_argument(
        "stages",
        nargs="*",
        metavar="STAGE",
        help=f"unless named, all of these but {', '.join(ON_REQUEST)}: {' '.join(STAGES)}",
    )
    options = parser.parse_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"no such stage: {' '.join(sorted(unknown))}. There are: {' '.join(STAGES)}")
    if options.only and not (options.stages and set(options.stages) <= HAVE_NAMED_TESTS):
        parser.error(
            f"--only needs stages, out of these: {' '.join(name for name in STAGES if name in HAVE_NAMED_TESTS)}"
        )
    if not (options.lock / "package-lock.json").is_file():
        parser.error(f"{options.lock} has no package-lock.json")
    options.lock = options.lock.resolve()
    return options


def _run(name: str, stage: Stage, bench: Bench) -> tuple[str, Tally, float]:
    print(f"\n=== {name}: {stage.__doc__}")
    bench.stage = name
    begin = time.monotonic()
    try:
        tally = stage(bench)
    except Exception:  # whatever it is, the other stages still have something to say
        traceback.print_exc(file=sys.stdout)
        tally = Tally(failed=1)
    if not tally.total:
        print("    not one test was run: that is a failure")
        tally = Tally(failed=1)
    return name, tally, time.monotonic() - begin


def _report(rows: list[tuple[str, Tally, float]]) -> int:
    print(f"\n{'stage':<12} {'passed':>7} {'failed':>7} {'seconds':>8}")
    for name, tally, seconds in rows:
        print(f"{name:<12} {tally.passed:>7} {tally.failed:>7} {seconds:>8.0f}{'  <--' if tally.failed else ''}")
    ran = {row[0] for row in rows}
    for name, note in ON_REQUEST.items():
        if name not in ran:
            print(f"\n{note}")
    total = sum((row[1] for row in rows), Tally())
    print(f"\n{total}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    # A line at a time even into a pipe, in order with what the tools themselves print.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
