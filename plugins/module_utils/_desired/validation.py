# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that input has the expected type; errors say which type the input has instead. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from .._errors import InputError, ErrorCollector

# The types of lists from YAML, JSON and filters of Jinja.
LISTS = (list, tuple, set, frozenset)


def list_of(value: object, source: str, elements: str, problems: ErrorCollector) -> list[Any]:
    """Return a list; adds a problem for any other value."""
    if isinstance(value, LISTS):
        return list(value)
    problems.add(f"{source}: a list of {elements} is required, but this is {kind_of(value)}.")
    return []


def texts_of(value: object, source: str, elements: str, problems: ErrorCollector) -> list[str]:
    """Return a list of texts without surrounding blanks; adds a problem for any other value."""
    found = []
    for number, text in enumerate(list_of(value, source, elements, problems)):
        with problems:
            found.append(text_in(text, f"{source}[{number}]").strip())
    return found


def dictionary_of(value: object, source: str, problems: ErrorCollector) -> Mapping[Any, Any]:
    """Return a dictionary, an empty one for None; adds a problem for any other value."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    problems.add(f"{source} must be a dictionary, but is {kind_of(value)}.")
    return {}


def text_in(value: object, source: str) -> str:
    """Return text; raises InputError for a value that is not text, or is blank."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{source} must be text, but is {'blank' if isinstance(value, str) else kind_of(value)}.")
    return str(value)


def nearest(word: object, choices: Iterable[object]) -> str:
    """Return the question whether `word` should be one of `choices`, or "" if no choice is similar."""
    near = get_close_matches(str(word), [choice for choice in choices if isinstance(choice, str)], n=1)
    return f' Did you mean "{near[0]}"?' if near else ""


def kind_of(value: object) -> str:
    """Return the kind of a value, in words for the author of the value; raises the errors of reading the value."""
    if value is None:
        return "nothing"
    for kinds, words in (
        (bool, "true or false"),
        (str, "text"),
        ((int, float), "a number"),
        (Mapping, "a dictionary"),
        (LISTS, "a list"),
    ):
        if isinstance(value, kinds):
            return words
    # An undefined value of a template raises its own error, which names it, as soon as the value is read.
    str(value)
    return "something else"
