# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody wrote, as the kind of thing that it is to be, or an error that says what it is instead. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from .._errors import InputError, ErrorCollector

# What YAML, JSON and filters of Jinja make of a list.
LISTS = (list, tuple, set, frozenset)


def list_of(value: object, source: str, elements: str, problems: ErrorCollector) -> list[Any]:
    """Return a list; anything else goes to `problems`."""
    if isinstance(value, LISTS):
        return list(value)
    problems.add(f"{source} must be a list of {elements}, but is {kind_of(value)}.")
    return []


def texts_of(value: object, source: str, elements: str, problems: ErrorCollector) -> list[str]:
    """Return a list of texts, each without blanks around it; anything else goes to `problems`."""
    found = []
    for number, text in enumerate(list_of(value, source, elements, problems)):
        with problems:
            found.append(text_in(text, f"{source}[{number}]").strip())
    return found


def dictionary_of(value: object, source: str, problems: ErrorCollector) -> Mapping[Any, Any]:
    """Return a dictionary, an empty one for None; anything else goes to `problems`."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    problems.add(f"{source} must be a dictionary, but is {kind_of(value)}.")
    return {}


def text_in(value: object, source: str) -> str:
    """Return text; raises InputError for what is none, or is blank."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{source} must be text, but is {'blank' if isinstance(value, str) else kind_of(value)}.")
    return str(value)


def nearest(word: object, choices: Iterable[object]) -> str:
    """Return the question whether somebody meant one of `choices` by `word`, or "" where none is near."""
    near = get_close_matches(str(word), [choice for choice in choices if isinstance(choice, str)], n=1)
    return f' Did you mean "{near[0]}"?' if near else ""


def kind_of(value: object) -> str:
    """Return what kind of thing a value is, in words for whoever wrote it; raises what reading it raises."""
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
    # What is undefined in a template raises an error of its own, which names it, as soon as it is read.
    str(value)
    return "something else"
