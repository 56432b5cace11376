# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_sync_summary, which creates the record and the summary of a run of the role sync."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.plan_file import approved_plan
from ..module_utils._ansible_roles.sync_summary import sync_summary
from ..module_utils._errors import InputError

DOCUMENTATION = r"""
name: n8n_sync_summary
short_description: Return the record and the summary of a run of the role sync
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the fact C(sync_result) of the role P(lifecycle.n8n.sync#role), the content of the file at
    O(lifecycle.n8n.sync#role:main:sync_plan_path), and the summary that the role shows.
  - The role uses this filter. It is not intended for other use.
positional: planned, applied, time, approved, approved_path
options:
  _input:
    description: The result of the filter P(lifecycle.n8n.n8n_sync_input#filter).
    type: dict
    required: true
  planned:
    description: The result of the task that plans. It is empty or skipped if the role has refused the list of people.
    type: dict
    required: true
  applied:
    description: The result of the task that applies the plan. It is empty or skipped if the plan was not applied.
    type: dict
    default: {}
  time:
    description: The time of the run in UTC.
    type: str
    default: ""
  approved:
    description: The content of the file of the approved plan. An empty text means that there is none.
    type: str
    default: ""
  approved_path:
    description: The path of this file, for messages.
    type: str
    default: ""
seealso:
  - plugin: lifecycle.n8n.n8n_sync_input
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan
  lifecycle.n8n.n8n_access:
    users: "{{ input.users }}"
    ignored_users: "{{ input.ignored_patterns }}"
  check_mode: true
  register: planned
  vars: &with_input
    input: "{{ [{'email': 'ada@example.com'}] | lifecycle.n8n.n8n_sync_input([{'name': 'All', 'match': {}, 'role': 'member'}]) }}"

- name: Show the summary
  ansible.builtin.debug:
    msg: "{{ (input | lifecycle.n8n.n8n_sync_summary(planned)).lines }}"
  vars: *with_input
"""

RETURN = r"""
_value:
  description: The record and the summary.
  type: dict
  contains:
    record:
      description: The content of the file at O(lifecycle.n8n.sync#role:main:sync_plan_path).
      type: dict
    result:
      description: The fact C(sync_result), which is the last result of M(lifecycle.n8n.n8n_access) together with the C(record).
      type: dict
    lines:
      description: The summary, one fact on each line.
      type: list
      elements: str
    apply:
      description: Whether the plan is still to be applied.
      type: bool
    applied:
      description: Whether the task that applies the plan ran.
      type: bool
    plan_changed:
      description: Whether the plan that was to be applied differs from the plan that was shown.
      type: bool
"""


def n8n_sync_summary(
    given: Any, planned: Any, applied: Any = None, time: Any = "", approved: Any = "", approved_path: Any = ""
) -> dict[str, Any]:
    """Return the record and the summary; raises AnsibleFilterError if `given` is not the result of n8n_sync_input."""
    try:
        plan = approved_plan(approved, str(approved_path)) if approved else None
        return sync_summary(given, planned, applied or {}, time, plan)
    except InputError as problem:
        raise AnsibleFilterError(str(problem)) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "n8n_sync_summary needs the result of n8n_sync_input and the results of n8n_access. The missing or "
            f"invalid part is: {error}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_sync_summary": n8n_sync_summary}
