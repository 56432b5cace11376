# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_plan_record, which returns the file of a plan and compares the plan with an approved one."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.plan_file import (
    NOT_APPROVED,
    approval_error,
    approved_plan,
    plan_record,
    unknown_users_error,
)
from ..module_utils._errors import InputError
from ..plugin_utils._untrusted import untrusted

DOCUMENTATION = r"""
name: n8n_plan_record
short_description: Return the content of the file of a plan, and whether the plan is the approved one
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns what the roles P(lifecycle.n8n.onboard#role) and P(lifecycle.n8n.offboard#role) write to their C(plan_path).
  - If an approved plan is given, compares the two plans. The message names the dates that have passed since the approved plan was made,
    and the first changes that differ.
positional: time, approved, approved_path, refuse_unknown
options:
  _input:
    description: The result of M(lifecycle.n8n.n8n_access) or M(lifecycle.n8n.n8n_offboard) in check mode.
    type: dict
    required: true
  time:
    description: The time of the plan in UTC, such as V(2026-11-01T02:00:00Z).
    type: str
    required: true
  approved:
    description: The content of the file of the approved plan. An empty text means that there is none.
    type: str
    default: ""
  approved_path:
    description: The path of this file, for messages.
    type: str
    default: ""
  refuse_unknown:
    description: Whether leavers who are not users of n8n are a reason not to carry out the plan.
    type: bool
    default: false
seealso:
  - plugin: lifecycle.n8n.n8n_approved_digest
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
  check_mode: true
  register: planned

- name: Write the plan to a file
  ansible.builtin.copy:
    content: "{{ (planned | lifecycle.n8n.n8n_plan_record('2026-11-01T02:00:00Z')).record | to_nice_json }}"
    dest: plan.json
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The record of the plan, and the message.
  type: dict
  contains:
    record:
      description: The content of the file.
      type: dict
    error:
      description: Why the plan is not carried out, or an empty text.
      type: str
"""


def n8n_plan_record(
    result: Any, time: Any, approved: Any = "", approved_path: Any = "", refuse_unknown: bool = False
) -> dict[str, Any]:
    """Return the record and the message; raises AnsibleFilterError if `result` is not that of a module that plans."""
    try:
        error = result.get("msg", "") if result.get("reason") == NOT_APPROVED else ""
        if approved:
            error = approval_error(approved_plan(approved, str(approved_path)), result, str(time)) or error
        if refuse_unknown:
            error = error or unknown_users_error(result.get("users", ()))
        return dict(untrusted({"record": plan_record(result, str(time)), "error": error}))
    except InputError as problem:
        raise AnsibleFilterError(str(problem)) from None
    except (AttributeError, KeyError, TypeError) as problem:
        raise AnsibleFilterError(
            f"n8n_plan_record needs the result of n8n_access or n8n_offboard. The missing or invalid part is: {problem}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_plan_record": n8n_plan_record}
