# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the values that a template omitted with default(omit). PURE.

Ansible removes most of them before a module runs. A filter and a lookup get all of them, and ansible-core before 2.19
leaves them in lists. An omitted value counts as absent. It is an error if an absent value would widen a rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._errors import InputError
from .validation import LISTS

# ansible-core before 2.19 represents an omitted value as text, later versions as an object of this class.
_PLACEHOLDER = re.compile(r"__omit_place_holder__[0-9a-f]+")
_CLASS = "_OmitType"
# Filters such as join and upper make these texts parts of other texts.
_TRACE = re.compile(r"__omit_place_holder__|<<omit>>", re.IGNORECASE)


def is_omitted(value: object) -> bool:
    """Return whether a template omitted this value."""
    if isinstance(value, str):
        return bool(_PLACEHOLDER.fullmatch(value))
    return type(value).__name__ == _CLASS


def without_omitted(value: Any, source: str) -> Any:
    """Return `value` without the omitted values in its dictionaries and lists, and None if the whole value is omitted.

    Raises InputError for text that contains an omitted value; `source` names the place.
    """
    if is_omitted(value):
        return None
    if isinstance(value, str):
        if _TRACE.search(value):
            raise InputError(
                f"{source}: the text contains an omitted value. default(omit) removes a whole value, not a part of a text. "
                "Use default('') inside a text."
            )
        return value
    if isinstance(value, Mapping):
        return {
            _key(key, source): without_omitted(item, f"{source}.{key}" if source else str(key))
            for key, item in value.items()
            if not is_omitted(item)
        }
    if isinstance(value, LISTS):
        kept = [(number, item) for number, item in enumerate(value) if not is_omitted(item)]
        return [without_omitted(item, f"{source}[{number}]") for number, item in kept]
    return value


def rule_without_omitted(rule: Mapping[Any, Any], source: str) -> dict[Any, Any]:
    """Return a rule without its omitted values.

    Raises InputError if the rule would match more people, give more, or deny less without an omitted value.
    """
    match_without_omitted(rule.get("match"), f"{source}: match")
    for key in ("from", "until"):
        if is_omitted(rule.get(key)):
            raise InputError(
                f'{source}: {key} is omitted, and without it the rule would give more. Omit the whole rule, or use "" for no date.'
            )
    for key, item in _items(rule.get("projects")):
        if is_omitted(item):
            raise InputError(
                f'{source}: projects: the role in "{key}" is omitted. Omit projects as a whole, or name a role.'
            )
    denied = rule.get("deny")
    if isinstance(denied, LISTS) and any(is_omitted(item) for item in denied):
        raise InputError(
            f"{source}: an element of deny is omitted, and without it the rule would deny less. Omit deny as a whole, or name a "
            "project."
        )
    return dict(without_omitted(rule, source))


def match_without_omitted(match: Any, source: str) -> Any:
    """Return a match without its omitted values; raises InputError if it would match more people without one."""
    for key, item in _items(match):
        if is_omitted(item):
            raise InputError(
                f"{source}.{key} is omitted, and without it the rule would match more people. Omit the whole rule, or use "
                "[] to match no person."
            )
    return without_omitted(match, source)


def _key(key: Any, source: str) -> Any:
    if is_omitted(key) or (isinstance(key, str) and _TRACE.search(key)):
        raise InputError(f"{source}: a key contains an omitted value. default(omit) removes a value, not a key.")
    return key


def _items(value: object) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []
