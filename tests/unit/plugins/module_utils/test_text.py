# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the format of names in messages."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._text import shortened


@pytest.mark.parametrize(
    ("names", "expected"),
    [("", ""), ("a", "a"), ("abc", "a, b, c"), ("abcd", "a, b, c and 1 more"), ("abcdef", "a, b, c and 3 more")],
)
def test_list_of_names_ends_with_the_number_of_further_names(names: str, expected: str) -> None:
    assert shortened(names) == expected


def test_separator_and_number_of_names_are_options() -> None:
    assert shortened("abcd", 2, "; ") == "a; b and 2 more"
