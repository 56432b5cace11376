# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_servers_lines, which summarizes the run of a role over several servers."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError

from ..module_utils._ansible_roles.servers_summary import servers_lines
from ..plugin_utils._untrusted import untrusted

DOCUMENTATION = r"""
name: n8n_servers_lines
short_description: Return a line for each server of a play, with what a role did there
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns what was done on which server, which servers failed, and which could not be reached or read. On these, the access is unknown.
      Names hosts that use the same server by mistake.
  - The playbooks of this collection show these lines at the end.
positional: hosts, result, failure
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
  result:
    description: The name of the fact with the result of the role, such as C(offboard_result).
    type: str
    required: true
  failure:
    description: The name of the fact with the message of a host that failed. Other hosts do not have it.
    type: str
    required: true
  check_mode:
    description: Whether the role ran in check mode, so that it only planned.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Remove Grace from all projects
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
  register: my_result

- name: Show what was done on each server
  ansible.builtin.debug:
    msg: "{{ hostvars | lifecycle.n8n.n8n_servers_lines(ansible_play_hosts_all, 'my_result', 'my_failure') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - test (https://test.example.com) could not be reached, so the access there is unknown.
    - "production (https://n8n.example.com): done: 2 removed memberships"
"""


def n8n_servers_lines(facts: Any, hosts: Any, result: Any, failure: Any, check_mode: bool = False) -> list[str]:
    """Return the lines; raises AnsibleFilterError for facts that are not results of a role."""
    try:
        results = {str(host): dict(facts[host].get(result) or {}) for host in hosts if host in facts}
        failures = {str(host): str(facts[host][failure]) for host in hosts if host in facts and failure in facts[host]}
        urls = {host: _url(facts[host]) for host in results}
        return list(untrusted(servers_lines(results, failures, urls, check_mode)))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(
            f"n8n_servers_lines needs hostvars, a list of hosts, and facts with results of a role: {problem}."
        ) from None


def _url(variables: Any) -> str:
    """Return n8n_url of a host, or "" if its template cannot be resolved. That has failed in the role before."""
    try:
        url = variables.get("n8n_url")
    except AnsibleError:
        return ""
    return url if isinstance(url, str) else ""


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_servers_lines": n8n_servers_lines}
