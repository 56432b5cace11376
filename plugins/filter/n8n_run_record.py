# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_run_record, which returns the evidence of a run and what later jobs get."""

from __future__ import annotations

import getpass
import os
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.evidence import evidence_entry, passed_on
from ..plugin_utils._untrusted import untrusted

DOCUMENTATION = r"""
name: n8n_run_record
short_description: Return the evidence of a run of a role, and what it passes on to later jobs
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the line that the roles append to their C(evidence_path), and the values that they pass on with C(set_stats).
  - M(lifecycle.n8n.n8n_evidence) describes each field of the line. The user in it is the one who runs Ansible.
positional: role, host, time
options:
  _input:
    description: The last result of M(lifecycle.n8n.n8n_access) or M(lifecycle.n8n.n8n_offboard). It is empty if none of them ran.
    type: dict
    required: true
  role:
    description: The name of the role.
    type: str
    required: true
  host:
    description: The inventory host that stands for the server.
    type: str
    required: true
  time:
    description: The time of the run in UTC.
    type: str
    required: true
  server:
    description: The URL of the server, which is used if it could not be reached.
    type: str
    default: ""
  job:
    description: The C(id), the C(template) and the C(user) of the job of an automation platform.
    type: dict
    default: {}
  error:
    description: Why the plan was not carried out, if the result does not say so.
    type: str
    default: ""
  plan_path:
    description: The path of the file with the whole plan.
    type: str
    default: ""
seealso:
  - module: lifecycle.n8n.n8n_evidence
"""

EXAMPLES = r"""
- name: Remove Grace from all projects
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
  register: offboarded

- name: Keep evidence
  lifecycle.n8n.n8n_evidence:
    path: "{{ playbook_dir }}/evidence.jsonl"
    entry: "{{ (offboarded | lifecycle.n8n.n8n_run_record('offboard', inventory_hostname, '2026-11-01T02:00:00Z')).evidence }}"
"""

RETURN = r"""
_value:
  description: The evidence, and what is passed on.
  type: dict
  contains:
    evidence:
      description: The entry for M(lifecycle.n8n.n8n_evidence).
      type: dict
    stats:
      description:
        - The dictionaries C(n8n_digest), C(n8n_summary) and C(n8n_plan), each by the inventory host. C(n8n_plan) has at most 200 C(changes),
          their number (C(count)), and the C(path) of the whole plan.
        - A platform passes these values to later jobs as variables, where Ansible would resolve templates in them. So braces of templates
          in names are separated by a space.
      type: dict
"""


def n8n_run_record(
    result: Any,
    role: Any,
    host: Any,
    time: Any,
    server: Any = "",
    job: Any = None,
    error: Any = "",
    plan_path: Any = "",
) -> dict[str, Any]:
    """Return the evidence and the values to pass on; raises AnsibleFilterError if `result` is not that of a module."""
    try:
        evidence = evidence_entry(result, role, host, time, _user(), server or "", job or {}, error or "")
        return dict(untrusted({"evidence": evidence, "stats": passed_on(result, host, plan_path)}))
    except (AttributeError, KeyError, TypeError) as problem:
        raise AnsibleFilterError(
            f"n8n_run_record needs the result of n8n_access or n8n_offboard. The missing or invalid part is: {problem}."
        ) from None


def _user() -> str:
    """Return the user of the operating system. A container may run with an id that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_run_record": n8n_run_record}
