# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert values of Ansible to the plain values that a module receives, and find keys that are not text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any

# The kinds of keys that YAML makes of unquoted text, with examples. A boolean is an integer in Python.
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean (for example an unquoted NO, off or yes)"),
    (int, "an integer (for example an unquoted 007, 2024 or 12:30:00)"),
    (float, "a number (for example an unquoted 1.10)"),
    (date, "a date (for example an unquoted 2026-12-01)"),
    (type(None), "null (for example an unquoted ~)"),
)


def plain(value: Any) -> Any:
    """Return `value` as a module receives it after the transfer: without tags, dates as text, and vaults decrypted."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # The type may be a subclass that marks the text as a template or as unsafe.
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Sequence, Set)) and not hasattr(value, "__ENCRYPTED__"):
        return [plain(item) for item in value]
    # The text of a vaulted value is its content.
    return str(value)


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in plain values as text, without empty texts, booleans and null."""
    if isinstance(value, Mapping):
        yield from texts_in(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif not isinstance(value, bool) and value not in (None, ""):
        yield str(value)


def keys_that_are_not_text(value: Any, source: str = "") -> Iterator[str]:
    """Yield a sentence for each key that is not text in `value` and in the values inside it.

    Such a key reaches a module as other text than the playbook contains: NO becomes false, and 007 becomes 7.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                kind = next((words for types, words in _KINDS if isinstance(key, types)), "not text")
                yield f"{source or 'The task'} has the key {json.dumps(plain(key))}, which YAML reads as {kind}"
            yield from keys_that_are_not_text(item, f"{source}.{key}" if source else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for number, item in enumerate(value):
            yield from keys_that_are_not_text(item, f"{source}[{number}]")
