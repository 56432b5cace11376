# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the collection of input errors."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector


def test_long_list_of_errors_is_shortened_with_a_count() -> None:
    errors = ErrorCollector()
    for number in range(100):
        with errors:
            raise InputError(f"This is wrong: {number}.")
    with pytest.raises(InputError, match="And 80 more") as error:
        errors.raise_if_any()
    assert str(error.value).count("\n") == ErrorCollector.LONGEST


def test_equal_errors_are_reported_once_and_other_exceptions_are_raised() -> None:
    errors = ErrorCollector()
    errors.raise_if_any()
    for _time in range(2):
        errors.add("This is wrong.")
    with pytest.raises(InputError, match=r"^This is wrong\.$"):
        errors.raise_if_any()
    with pytest.raises(KeyError), errors:
        raise KeyError("another exception")
