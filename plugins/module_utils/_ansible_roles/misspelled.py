# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find variables whose names are almost those of variables of a role. PURE."""

from __future__ import annotations

from collections.abc import Iterable

# The number of letters by which a misspelled name differs at most.
MOST_LETTERS = 2


def misspelled(names: Iterable[str], known: Iterable[str]) -> list[tuple[str, str]]:
    """Return each unknown name that is similar to a known one, with the most similar known name."""
    own = sorted(set(known))
    found = []
    for name in sorted(set(names) - set(own)):
        distance, meant = min(((_distance(name, other), other) for other in own), default=(MOST_LETTERS + 1, ""))
        if distance <= MOST_LETTERS:
            found.append((name, meant))
    return found


def misspelled_error(names: Iterable[str], known: Iterable[str]) -> str:
    """Return the error message for all misspelled variables, or "" if there are none."""
    return "\n".join(
        f"The role has no variable {name}. Rename it to {meant}, or use a name without this prefix if it is a variable of your own."
        for name, meant in misspelled(names, known)
    )


def _distance(first: str, second: str) -> int:
    """Return the number of inserted, missing or replaced letters between two texts (Levenshtein distance)."""
    if abs(len(first) - len(second)) > MOST_LETTERS:
        return MOST_LETTERS + 1
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        previous, row = row, [number]
        for column, other in enumerate(second, 1):
            row.append(min(previous[column] + 1, row[-1] + 1, previous[column - 1] + (letter != other)))
    return row[-1]
