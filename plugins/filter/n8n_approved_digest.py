# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_approved_digest, which computes the digest of the plan in a file."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.plan_file import approved_plan
from ..module_utils._errors import InputError

DOCUMENTATION = r"""
name: n8n_approved_digest
short_description: Return the digest of the plan in a file
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Computes the digest of the server and of the changes in a file that a role has written to its C(plan_path). The digest in the file is
    not used. If it differs, somebody has edited the file, and this is an error.
  - With this digest in O(lifecycle.n8n.n8n_access#module:approve) or O(lifecycle.n8n.n8n_offboard#module:approve), a task carries out
    exactly this plan, or nothing.
positional: path
options:
  _input:
    description: The content of the file.
    type: str
    required: true
  path:
    description: The path of the file, for messages.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Plan
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
  check_mode: true
  register: planned

- name: Carry out the plan in the file, or nothing
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
    approve: "{{ content | lifecycle.n8n.n8n_approved_digest('plan.json') }}"
    only_approved: true
  vars:
    # In a playbook, this is the content of the file.
    content: "{{ (planned | lifecycle.n8n.n8n_plan_record('2026-11-01T02:00:00Z')).record | to_json }}"
"""

RETURN = r"""
_value:
  description: The digest.
  type: str
  sample: 3d5a2ffa0a37ad2a6ef6b19d0b5b7a4a3c4c5f0e8cd2b6a9a3d6f2f8e1a7c9b0
"""


def n8n_approved_digest(text: Any, path: Any) -> str:
    """Return the digest of the plan in the text of a file; raises AnsibleFilterError for a text that is not a plan."""
    try:
        return approved_plan(text, str(path)).digest
    except InputError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_approved_digest": n8n_approved_digest}
