# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints: lines at once, and tables in Markdown."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

_BEGIN = time.monotonic()


def say(*lines: str) -> None:
    """Print lines at once."""
    print(*lines, sep="\n", flush=True)


def progress(doing: str) -> None:
    """Print, beside the tables, what is being done, and since when."""
    print(f"[{time.monotonic() - _BEGIN:5.0f} s] {doing} ...", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    say("", _row(head), _row(["---"] * len(head)), *map(_row, rows), "")


def seconds(value: float) -> str:
    """Return seconds as a table shows them: three digits that mean something."""
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def ratio(ours: float, theirs: float) -> str:
    """Return how ours compares to theirs."""
    value = ours / theirs
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def goal(words: str, reached: bool) -> None:
    """Print a goal, and whether it was reached."""
    say(f"- {'reached' if reached else 'NOT REACHED'}: {words}")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
