# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_shared_paths, which finds files that several hosts of a play would share."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._storage.equal_paths import shared_paths_error

DOCUMENTATION = r"""
name: n8n_shared_paths
short_description: Return an error for files that several hosts of a play would share
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - If each host of a play stands for one n8n server, each needs its own record of leavers, plan and file of invitations.
  - The roles of this collection store the full paths of their files in a fact of each host, and compare them with this filter.
positional: hosts, fact
options:
  _input:
    description: The facts of all hosts, which is the variable C(hostvars).
    type: dict
    required: true
  hosts:
    description: The hosts of the play, which is the variable C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  fact:
    description: The name of the fact, which is a dictionary of variables and paths. A host without it has no files.
    type: str
    required: true
seealso:
  - plugin: lifecycle.n8n.n8n_equal_paths
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Note the files of this server
  ansible.builtin.set_fact:
    my_files:
      sync_plan_path: "/srv/automation/{{ inventory_hostname }}-plan.json"

- name: Reject files that several servers would share
  ansible.builtin.assert:
    that: hostvars | lifecycle.n8n.n8n_shared_paths(ansible_play_hosts_all, 'my_files') | length == 0
"""

RETURN = r"""
_value:
  description: A line for each file that several hosts share, with the remedy, or an empty text.
  type: str
  sample: >-
    sync_plan_path is "/srv/automation/plan.json" on production and test. Each server needs a file of its own. Put
    {{ inventory_hostname }} into the path.
"""


def n8n_shared_paths(facts: Any, hosts: Any, fact: Any) -> str:
    """Return the error for files that several hosts share, or ""; raises AnsibleFilterError for other input."""
    try:
        return shared_paths_error({str(host): dict(facts[host].get(fact) or {}) for host in hosts if host in facts})
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(
            f"n8n_shared_paths needs hostvars, a list of hosts and the name of a fact with paths: {problem}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_shared_paths": n8n_shared_paths}
