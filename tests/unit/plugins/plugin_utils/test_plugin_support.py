# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test how the variables of connection options are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible_collections.lifecycle.n8n.plugins.plugin_utils._plugin_support import resolved_variables, variable_value


def template(value: Any) -> Any:
    """Remove an omitted variable from a dictionary, and refuse it alone, as ansible-core 2.19 and later does."""
    if not isinstance(value, dict):
        raise ValueError(value)
    return {name: item for name, item in value.items() if item != "{{ omit }}"}


TEMPLAR = SimpleNamespace(template=template)
VARIABLES = {"n8n_retries": "{{ omit }}", "n8n_timeout": 5, "n8n_ca_path": None, "other": "{{ kept }}"}


def test_variable_may_be_omitted() -> None:
    values = [
        variable_value(VARIABLES, name, TEMPLAR) for name in ("n8n_retries", "n8n_timeout", "n8n_ca_path", "n8n_url")
    ]
    assert values == [None, 5, None, None]


def test_only_variables_of_connection_options_are_resolved() -> None:
    resolved = resolved_variables(VARIABLES, TEMPLAR)
    assert resolved["n8n_timeout"] == 5 and resolved["n8n_retries"] is None and resolved["other"] == "{{ kept }}"
    assert resolved_variables(None, TEMPLAR)["n8n_url"] is None
