# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the dates of rules: a date, or the name of an attribute that holds the date of each person. PURE."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Union

from .._errors import InputError
from .._state.dates import Bound, first_moment, last_moment
from .._state.names import to_nfc
from .._desired.grants import check_order
from .._desired.validation import LISTS, kind_of
from .matching import find_attribute

# A date, the name of an attribute, or None. Python 3.9 evaluates this line, so it does not use the operator |.
DateSource = Union[Bound, str, None]
# The begin of a text that can only be a date. A wrong date is not the name of an attribute.
_DATE = re.compile(r"[0-9]{4}-[0-9]")


def read_date_sources(rule: Mapping[Any, Any], source: str) -> tuple[DateSource, DateSource]:
    """Return `from` and `until` of a rule; raises InputError if one is invalid or their order is wrong."""
    begins = _date_source(rule.get("from"), first_moment, f"{source}: from")
    ends = _date_source(rule.get("until"), last_moment, f"{source}: until")
    if isinstance(begins, Bound) and isinstance(ends, Bound):
        check_order(begins, ends, source)
    return begins, ends


def dates_of(person: Mapping[Any, Any], begins: DateSource, ends: DateSource) -> tuple[Bound | None, Bound | None]:
    """Return the dates of a rule for a person; raises InputError for an invalid date in an attribute of the person."""
    first = _date_of(person, begins, first_moment)
    last = _date_of(person, ends, last_moment)
    if first is not None and last is not None and first.when > last.when:
        raise InputError(f"{_name(begins, 'from')} ({first.text}) is after {_name(ends, 'until')} ({last.text}).")
    return first, last


def _date_source(value: object, moment_of: Callable[[object, str], Bound], source: str) -> DateSource:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and not _DATE.match(value.strip()):
        return to_nfc(str(value).strip())
    if not isinstance(value, (str, date)):
        raise InputError(f"{source} must be a date or the name of an attribute, but is {kind_of(value)}.")
    return moment_of(value, source)


def _date_of(person: Mapping[Any, Any], source: DateSource, moment_of: Callable[[object, str], Bound]) -> Bound | None:
    if not isinstance(source, str):
        return source
    found = find_attribute(person, source)
    if isinstance(found, LISTS):
        if len(found) > 1:
            raise InputError(f"{source} has {len(found)} values, but a date is one value.")
        # A directory returns a list for every attribute.
        found = next(iter(found), None)
    return None if found is None or not str(found).strip() else moment_of(found, source)


def _name(source: DateSource, key: str) -> str:
    return source if isinstance(source, str) else key
