# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Matches the attributes of a person against the values, lists and patterns of a rule. PURE."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._errors import InputError
from .._desired.validation import LISTS, kind_of


@dataclass(frozen=True)
class Values:
    """The values of one attribute of a person: as unchanged texts for patterns, and as texts for comparison."""

    texts: tuple[str, ...]
    compared: frozenset[str]

    @classmethod
    def of(cls, person: Mapping[object, object], attribute: str) -> Values:
        """Return the values that `person` has; no values if the attribute is missing or empty."""
        texts = tuple(text for text in map(text_of, _scalars(find_attribute(person, attribute))) if text.strip())
        return cls(texts, frozenset(map(_compared, texts)))


@dataclass(frozen=True)
class Matcher:
    """The requirement of a rule for one attribute: one of these texts, or a text that matches one of these patterns."""

    compared: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    def matches(self, values: Values) -> bool:
        """Return whether one of `values` meets the requirement."""
        return not self.compared.isdisjoint(values.compared) or any(
            pattern.match(text) for pattern in self.patterns for text in values.texts
        )


def matcher(wanted: object, source: str) -> Matcher:
    """Return the matcher for a value, a pattern, or a list of these; raises InputError for anything else.

    An empty list matches no person. Text with `*` or `?` is a wildcard pattern for the whole value. Text after `~` is
    a regular expression that, as in Ansible's host patterns, matches from the beginning of the value.
    """
    texts: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for option in wanted if isinstance(wanted, LISTS) else (wanted,):
        if isinstance(option, (Mapping, *LISTS)):
            raise InputError(f"{source} must be a value, a pattern or a list of these, but is {kind_of(option)}.")
        text = "" if option is None else text_of(option)
        if not text.strip():
            raise InputError(
                f"{source} is blank. A rule cannot match people who lack an attribute or have an empty one."
            )
        if isinstance(option, str) and text.startswith("~"):
            patterns.append(_regular_expression(text, source))
        elif isinstance(option, str) and ("*" in text or "?" in text):
            patterns.append(_wildcards(text))
        else:
            texts.add(_compared(text))
    return Matcher(frozenset(texts), tuple(patterns))


def find_attribute(data: object, path: str) -> object:
    """Return the value of the key `path` in `data`, or of a path of keys and indexes with dots; else None.

    Keys may contain dots, as in SCIM, so the longest key is tried first. In a list, a key that is not an index is
    looked up in every element.
    """
    if isinstance(data, Mapping):
        if not path.isascii():
            # Keys with accents may have another Unicode form in a file than in a rule.
            data, path = {text_of(key): item for key, item in data.items()}, text_of(path)
        if path in data:
            return data[path]
        key = path
        while "." in key:
            key = key.rpartition(".")[0]
            if key in data:
                found = find_attribute(data[key], path[len(key) + 1 :])
                if found is not None:
                    return found
    elif isinstance(data, (list, tuple)):
        index, _dot, rest = path.partition(".")
        if not re.fullmatch("[0-9]{1,9}", index):
            return [found for found in (find_attribute(item, path) for item in data) if found is not None] or None
        if int(index) < len(data):
            return find_attribute(data[int(index)], rest) if rest else data[int(index)]
    return None


def has_attribute(data: object, path: str) -> bool:
    """Return whether `data` has the key `path`, or the last key of a path as in `find_attribute`, also without a value."""
    if isinstance(data, Mapping):
        if not path.isascii():
            data, path = {text_of(key): item for key, item in data.items()}, text_of(path)
        keys = [path[:position] for position, sign in enumerate(path) if sign == "." and path[:position] in data]
        return path in data or any(has_attribute(data[key], path[len(key) + 1 :]) for key in keys)
    if isinstance(data, (list, tuple)):
        index, _dot, rest = path.partition(".")
        if not re.fullmatch("[0-9]{1,9}", index):
            return any(has_attribute(item, path) for item in data)
        return int(index) < len(data) and (not rest or has_attribute(data[int(index)], rest))
    return False


def text_of(value: object) -> str:
    """Return a value as the text for comparisons; true and false are in lower case.

    A program may write a letter with its accent as one character or as two; here it is one (Unicode form NFC).
    """
    return str(value).lower() if isinstance(value, bool) else unicodedata.normalize("NFC", str(value))


def _compared(text: str) -> str:
    """Return the text for comparison. Files write true and false in any case; all other text is compared unchanged."""
    return text.lower() if text.lower() in ("true", "false") else text


def _scalars(found: object) -> Iterator[object]:
    if isinstance(found, LISTS):
        for item in found:
            yield from _scalars(item)
    elif found is not None and not isinstance(found, Mapping):
        yield found


def _wildcards(text: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    # Several stars in a row mean the same as one star, and a failed match would take long with them.
    return re.compile(
        "".join(signs.get(sign) or re.escape(sign) for sign in re.sub(r"\*+", "*", text)) + r"\Z", re.DOTALL
    )


def _regular_expression(text: str, source: str) -> re.Pattern[str]:
    if not text[1:].strip():
        raise InputError(f"{source}: ~ must be followed by a regular expression.")
    try:
        return re.compile(text[1:])
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f'{source}: "{text}" is not a valid regular expression ({error}).') from error
