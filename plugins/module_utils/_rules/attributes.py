# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the attributes that rules name and no person has, and values that are almost those of leavers. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._errors import ErrorCollector
from .._desired.validation import nearest
from .._text import quoted
from .matching import Matcher, Values, has_attribute
from .rules import Rule

# Deeper attributes are no candidates for a misspelled name.
_DEEPEST = 3


def check_required(
    rows: Sequence[Mapping[Any, Any]], rules: Iterable[Rule], leavers: Rule | None, problems: ErrorCollector
) -> None:
    """Add a problem for each attribute of leaver_match, and of `from` and `until` of a rule, that no person has.

    Without such an attribute, a leaver would keep all access, and a grant would have no end.
    """
    if not rows:
        return
    for attribute in leavers.match if leavers else ():
        if not _is_known(rows, attribute):
            problems.add(
                f'leaver_match: no person has the attribute "{attribute}".{_nearest(rows, attribute)} If no listed '
                "person leaves, add the attribute to the people with an empty value."
            )
    for rule in rules:
        for key, source in (("from", rule.begins), ("until", rule.ends)):
            if isinstance(source, str) and not _is_known(rows, source):
                problems.add(
                    f'{rule.source}: {key}: "{source}" is neither a date such as 2026-12-01 nor an attribute of any '
                    f"person.{_nearest(rows, source)}"
                )


def warnings_about(rows: Sequence[Mapping[Any, Any]], rules: Iterable[Rule], previous_attribute: str = "") -> list[str]:
    """Return a warning for each other attribute that no person has."""
    if not rows:
        return []
    users: dict[str, list[str]] = {}
    for rule in rules:
        for attribute in rule.match:
            users.setdefault(attribute, []).append(rule.name)
    found = []
    for attribute, names in sorted(users.items()):
        if not _is_known(rows, attribute):
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            found.append(
                f'No person has the attribute "{attribute}", which the match of rule "{names[0]}"{more} names.'
                f"{_nearest(rows, attribute)}"
            )
    if previous_attribute and not _is_known(rows, previous_attribute):
        found.append(
            f'No person has the attribute "{previous_attribute}", which previous_emails_attribute names.'
            f"{_nearest(rows, previous_attribute)}"
        )
    return found


def warnings_about_leavers(rows: Iterable[Mapping[Any, Any]], leavers: Rule | None) -> list[str]:
    """Return a warning for each value that differs from one of leaver_match only in case or in spaces around it.

    People whom another attribute excludes do not count.
    """
    if leavers is None:
        return []
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        for found in _almost_matched(row, leavers.match):
            counts[found] = counts.get(found, 0) + 1
    return [
        f"{'1 person has' if count == 1 else f'{count} people have'} the value {quoted(value)} in the attribute "
        f"{quoted(attribute)}. This differs from {quoted(wanted)} in leaver_match only in upper and lower case or spaces, so "
        f"{'this person is not a leaver' if count == 1 else 'these people are not leavers'}. Correct the list, or add the "
        "value to leaver_match."
        for (attribute, value, wanted), count in sorted(counts.items())
    ]


def _almost_matched(row: Mapping[Any, Any], match: Mapping[str, Matcher]) -> list[tuple[str, str, str]]:
    """Return the attributes that prevent a match, each with its value and the wanted value, if these are almost equal."""
    found = []
    for attribute, matcher in match.items():
        values = Values.of(row, attribute)
        if matcher.matches(values):
            continue
        wanted = {_loose(text): text for text in sorted(matcher.compared)}
        almost = [(attribute, text, wanted[_loose(text)]) for text in values.texts if _loose(text) in wanted]
        if not almost:
            return []
        found += almost
    return list(dict.fromkeys(found))


def _loose(text: str) -> str:
    return text.strip().casefold()


def _is_known(rows: Iterable[Mapping[Any, Any]], attribute: str) -> bool:
    return any(has_attribute(row, attribute) for row in rows)


def _nearest(rows: Iterable[Mapping[Any, Any]], attribute: str) -> str:
    return nearest(attribute, dict.fromkeys(path for row in rows for path in _paths(row, _DEEPEST)))


def _paths(data: object, depth: int) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            if isinstance(key, str):
                yield key
                if depth > 1:
                    yield from (f"{key}.{path}" for path in _paths(value, depth - 1))
    elif isinstance(data, (list, tuple)):
        for item in data:
            yield from _paths(item, depth)
