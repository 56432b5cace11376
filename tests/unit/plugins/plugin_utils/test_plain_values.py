# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the conversion to plain values, and the search for keys that are not text."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
import yaml

from ansible_collections.lifecycle.n8n.plugins.plugin_utils._plain_values import keys_that_are_not_text, plain, texts_in


class Marked(str):
    """Text with a mark, as Ansible marks templates and unsafe text."""


class MarkedNumber(int):
    """A number with a mark."""


class Vaulted(list[str]):
    """A vaulted text, which Ansible represents as a sequence of characters."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return "decrypted"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Marked("text"), "text"),
        (MarkedNumber(7), 7),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (b"bytes", "bytes"),
        (date(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1, 9, 30), "2026-12-01T09:30:00"),
        (Vaulted("x"), "decrypted"),
        ((1, (2,)), [1, [2]]),
        ({Marked("key"): [Marked("a"), {"b": Marked("c")}]}, {"key": ["a", {"b": "c"}]}),
    ],
)
def test_values_are_plain_at_any_depth(value: Any, expected: Any) -> None:
    converted = plain(value)
    assert converted == expected

    def types(item: Any) -> set[type]:
        if isinstance(item, dict):
            return {dict}.union(*(types(part) for pair in item.items() for part in pair))
        if isinstance(item, list):
            return {list}.union(*map(types, item))
        return {type(item)}

    assert types(converted) <= {dict, list, str, int, float, bool, type(None)}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("NO", "the key false, which YAML reads as a boolean"),
        ("on", "the key true, which YAML reads as a boolean"),
        ("~", "the key null, which YAML reads as null"),
        ("007", "the key 7, which YAML reads as an integer"),
        ("12:30:00", "the key 45000, which YAML reads as an integer"),
        ("1.10", "the key 1.1, which YAML reads as a number"),
        ("2026-12-01", 'the key "2026-12-01", which YAML reads as a date'),
    ],
)
def test_unquoted_key_is_found_and_quoted_key_is_not(key: str, shown: str) -> None:
    def problems(text: str) -> list[str]:
        return list(keys_that_are_not_text({"users": [{"projects": yaml.safe_load(text)}]}))

    (problem,) = problems(f"{{{key}: viewer}}")
    assert problem.startswith(f"users[0].projects has {shown}")
    assert problems(f"{{'{key}': viewer}}") == []


def test_keys_are_found_at_each_place() -> None:
    args = {False: {1: "a"}, "list": [[{None: "b"}]], "text": "c"}
    found = [problem.partition(", which")[0] for problem in keys_that_are_not_text(args)]
    assert found == ["The task has the key false", "False has the key 1", "list[0][0] has the key null"]


def test_texts_are_found_at_each_place() -> None:
    value = ["a", {"key": ["b", 1, 2.5]}, "", None, True, [["c"]]]
    assert list(texts_in(value)) == ["a", "b", "1", "2.5", "c"]
