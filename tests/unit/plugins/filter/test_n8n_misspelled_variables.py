# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter n8n_misspelled_variables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_misspelled_variables import (
    FilterModule,
    n8n_misspelled_variables,
)


def test_filter_returns_the_error() -> None:
    assert "Rename it to sync_rules" in n8n_misspelled_variables(["sync_rule"], ["sync_rules"])
    assert n8n_misspelled_variables(["sync_rules"], ["sync_rules"]) == ""
    assert FilterModule().filters() == {"n8n_misspelled_variables": n8n_misspelled_variables}


@pytest.mark.parametrize(("names", "known"), [("sync_rule", []), ([], "sync_rule"), (None, [])])
def test_values_that_are_not_lists_are_errors(names: Any, known: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be lists"):
        n8n_misspelled_variables(names, known)
