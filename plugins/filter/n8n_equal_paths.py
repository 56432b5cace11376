# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_equal_paths, which finds path variables of a role that have the same path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._desired.omitted import is_omitted
from ..module_utils._storage.equal_paths import equal_paths_error
from .n8n_full_path import n8n_full_path

DOCUMENTATION = r"""
name: n8n_equal_paths
short_description: Return an error for path variables of a role that have the same path
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - If two variables of a role have the same path, the role would replace one file by the other one.
  - This filter compares the full paths, as the filter P(lifecycle.n8n.n8n_full_path#filter) returns them. C(~) and variables in a path have
    the values of the controller.
  - The roles of this collection that use several files apply this filter to their path variables.
positional: playbook_dir
options:
  _input:
    description:
      - The paths by the names of the variables. An empty text and null mean that there is no path.
      - C(n8n_state_path) is the default of the record of leavers. It is left out if another variable whose name ends with C(_state_path) has a
        path.
    type: dict
    required: true
  playbook_dir:
    description: The folder of the playbook, which is the value of the variable C(playbook_dir).
    type: str
    required: true
seealso:
  - plugin: lifecycle.n8n.n8n_full_path
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Reject equal paths
  ansible.builtin.assert:
    that: equal_paths | length == 0
    fail_msg: "{{ equal_paths }}"
  vars:
    equal_paths: "{{ {'sync_plan_path': 'plan.json', 'n8n_state_path': 'leavers.json'} | lifecycle.n8n.n8n_equal_paths(playbook_dir) }}"
"""

RETURN = r"""
_value:
  description: A line for each path that several variables have, with the names of these variables, or an empty text.
  type: str
  sample: sync_plan_path and n8n_state_path are the same path "/srv/automation/leavers.json". Set another path for each file.
"""

_DEFAULT = "n8n_state_path"
_RECORD = "_state_path"


def n8n_equal_paths(paths: Any, playbook_dir: Any) -> str:
    """Return the error for variables with the same path, or ""; raises AnsibleFilterError for a value that is not a path."""
    if not isinstance(paths, Mapping):
        raise AnsibleFilterError("n8n_equal_paths: the paths must be a dictionary of variables and paths.")
    full = {
        str(name): n8n_full_path(path, playbook_dir) for name, path in paths.items() if path and not is_omitted(path)
    }
    if any(name.endswith(_RECORD) and name != _DEFAULT for name in full):
        full.pop(_DEFAULT, None)
    return equal_paths_error(full)


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_equal_paths": n8n_equal_paths}
