# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Path variables of a role that have the same path, and the variables that the roles compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_equal_paths import FilterModule, n8n_equal_paths

ROOT = Path(__file__).resolve().parents[4]
SAME = 'are the same path "/srv/x.json". Set another path for each file.'


def test_filter_has_name_of_file() -> None:
    assert FilterModule().filters() == {"n8n_equal_paths": n8n_equal_paths}


@pytest.mark.parametrize(
    "path", ["/srv/x.json", "x.json", "./x.json", "/srv//x.json", "/srv/a/../x.json", "~/x.json", "$HOME/x.json"]
)
def test_equal_paths_are_found_in_any_form(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv")
    paths = {"sync_plan_path": path, "sync_invites_path": "other.json", "n8n_state_path": "/srv/x.json"}
    assert n8n_equal_paths(paths, "/srv") == f"sync_plan_path and n8n_state_path {SAME}"


def test_all_variables_with_one_path_are_named() -> None:
    paths = {"a_path": "x.json", "b_path": "x.json", "c_path": "x.json", "d_path": "y", "e_path": "y"}
    assert n8n_equal_paths(paths, "/srv").splitlines() == [
        f"a_path, b_path and c_path {SAME}",
        'd_path and e_path are the same path "/srv/y". Set another path for each file.',
    ]


@pytest.mark.parametrize(
    "paths",
    [
        {},
        {"a_path": "", "b_path": "", "c_path": None, "d_path": None},
        {"a_path": "x.json", "b_path": "X.json", "c_path": "x.json.d", "d_path": "d/x.json"},
        # A role that has its own record does not use the default.
        {"sync_state_path": "y.json", "n8n_state_path": "x.json", "sync_plan_path": "x.json"},
        {"sync_state_path": "x.json", "n8n_state_path": "x.json"},
        {"a_path": "__omit_place_holder__0123456789abcdef", "b_path": "__omit_place_holder__0123456789abcdef"},
    ],
)
def test_different_and_missing_paths_are_accepted(paths: dict[str, Any]) -> None:
    assert n8n_equal_paths(paths, "/srv") == ""


@pytest.mark.parametrize("paths", ["x.json", None, ["x.json"], {"a_path": 7}])
def test_other_value_is_refused(paths: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="the paths must be a dictionary|a path must be text"):
        n8n_equal_paths(paths, "/srv")


@pytest.mark.parametrize("role", ["onboard", "sync"])
def test_role_compares_all_its_path_variables_first(role: str) -> None:
    options = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8"))
    names = {name for name, spec in options["argument_specs"]["main"]["options"].items() if spec["type"] == "path"}
    variables = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text("utf-8"))
    template = variables[f"__{role}_equal_paths"]
    for name in (*names, "n8n_state_path"):
        assert f"'{name}': {name} | default('')" in template
    tasks = yaml.safe_load((ROOT / f"roles/{role}/tasks/main.yml").read_text("utf-8"))
    assert [task["name"] for task in tasks[:2]] == ["Reject misspelled variables", "Reject equal paths"]
    assert tasks[1]["ansible.builtin.assert"]["that"] == f"__{role}_equal_paths | length == 0"
