# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_misspelled_variables, which finds misspelled variables of a role."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.misspelled import misspelled_error

DOCUMENTATION = r"""
name: n8n_misspelled_variables
short_description: Return an error for misspelled variables of a role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Ansible ignores a variable that no role uses, so a misspelled variable has no effect and causes no error.
  - This filter compares the names of variables with the names that a role has. A name that differs by at most two letters is an error.
  - The roles of this collection apply this filter to all variables with their prefix.
positional: known
options:
  _input:
    description: The names of variables, as the lookup C(ansible.builtin.varnames) returns them.
    type: list
    elements: str
    required: true
  known:
    description: The names of the variables of the role.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Reject misspelled variables
  ansible.builtin.assert:
    that: misspelled | length == 0
    fail_msg: "{{ misspelled }}"
  vars:
    misspelled: >-
      {{ query('ansible.builtin.varnames', '^offboard_') | lifecycle.n8n.n8n_misspelled_variables(['offboard_users', 'offboard_action']) }}
"""

RETURN = r"""
_value:
  description: A line for each misspelled variable, which says how to rename it, or an empty text.
  type: str
  sample: >-
    The role has no variable offboard_acton. Rename it to offboard_action, or use a name without this prefix if it is a variable of your own.
"""


def n8n_misspelled_variables(names: Any, known: Any) -> str:
    """Return the error for misspelled variables, or ""; raises AnsibleFilterError for values that are not lists."""
    for value in (names, known):
        if not isinstance(value, (list, tuple)):
            raise AnsibleFilterError("n8n_misspelled_variables: the names and the known names must be lists.")
    return misspelled_error(map(str, names), map(str, known))


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_misspelled_variables": n8n_misspelled_variables}
