# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print results as tables in Markdown, and store them for the guide."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_START = time.monotonic()


@dataclass
class Table:
    """A printed table. The head of its first column is its title. The `goals` are printed below it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: list[str] = field(default_factory=list)


# The description of the machine, and all printed tables.
MACHINE: list[str] = []
TABLES: list[Table] = []


def machine(line: str) -> None:
    """Print and store a line about the machine."""
    MACHINE.append(line)
    print(line, flush=True)


def progress(step: str) -> None:
    """Print the present step and the time on stderr."""
    print(f"[{time.monotonic() - _START:5.0f} s] {step} ...", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Later calls of `goal` add goals to it."""
    shown = Table(head, list(rows))
    TABLES.append(shown)
    print("", *map(_line, (head, ["---"] * len(head), *shown.rows)), "", sep="\n", flush=True)


def goal(text: str, reached: bool) -> None:
    """Print a goal, and whether it is reached."""
    TABLES[-1].goals.append(f"{'reached' if reached else 'not reached'}: {text}")
    print(f"- {TABLES[-1].goals[-1]}", flush=True)


def seconds(value: float) -> str:
    """Return seconds in the format of the tables."""
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def ratio(module: float, alternative: float) -> str:
    """Return the time of the module divided by the time of the alternative."""
    value = module / alternative
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
