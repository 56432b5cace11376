# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what was measured as tables in Markdown, and keeps it for the guide."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_BEGIN = time.monotonic()


@dataclass
class Table:
    """A table that was printed; its first column has its title. `below` are the lines that were said below it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    below: list[str] = field(default_factory=list)


# On what it was measured, and all that was printed so far.
MACHINE: list[str] = []
TABLES: list[Table] = []


def machine(line: str) -> None:
    """Print something about the machine."""
    MACHINE.append(line)
    print(line, flush=True)


def progress(doing: str) -> None:
    """Print, beside the tables, what is being done, and since when."""
    print(f"[{time.monotonic() - _BEGIN:5.0f} s] {doing} ...", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; what `goal` prints from then on belongs to it."""
    shown = Table(head, list(rows))
    TABLES.append(shown)
    print("", *map(_line, (head, ["---"] * len(head), *shown.rows)), "", sep="\n", flush=True)


def goal(words: str, reached: bool) -> None:
    """Print a goal, and whether it was reached."""
    TABLES[-1].below.append(f"{'reached' if reached else 'not reached'}: {words}")
    print(f"- {TABLES[-1].below[-1]}", flush=True)


def seconds(value: float) -> str:
    """Return seconds as a table shows them."""
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def ratio(ours: float, theirs: float) -> str:
    """Return how ours compares to theirs."""
    value = ours / theirs
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
