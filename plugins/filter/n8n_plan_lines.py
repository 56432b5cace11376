# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_plan_lines, which formats a plan as readable lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._changes.actions import ACTIONS
from ..module_utils._changes.describe import describe_change
from ..module_utils._ansible_roles.onboarding import missing_lines, pending_lines, unknown_lines
from ..module_utils._text import quoted

DOCUMENTATION = r"""
name: n8n_plan_lines
short_description: Format a plan of n8n_access or n8n_offboard as readable lines
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Converts the RV(lifecycle.n8n.n8n_access#module:plan) of a task to one sentence for each change, in the order of the plan.
positional: pending, users, missing_users
options:
  _input:
    description: The C(plan) that M(lifecycle.n8n.n8n_access) or M(lifecycle.n8n.n8n_offboard) returned.
    type: list
    elements: dict
    required: true
  pending:
    description:
      - The RV(lifecycle.n8n.n8n_access#module:pending) of the same task. A line for each of these users follows the plan.
    type: list
    elements: dict
    default: []
  users:
    description:
      - The RV(lifecycle.n8n.n8n_offboard#module:users) of the same task. A line for each leaver who is not a user of n8n follows the plan.
    type: list
    elements: dict
    default: []
  missing_users:
    description:
      - The RV(lifecycle.n8n.n8n_access#module:missing_users) of the same task. A line for each of these people follows the plan.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Plan the changes
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        projects:
          Sales: viewer
  check_mode: true
  register: access

- name: Show the plan as readable lines
  ansible.builtin.debug:
    msg: "{{ access.plan | lifecycle.n8n.n8n_plan_lines }}"

- name: Show it with the users who have not accepted their invitation
  ansible.builtin.debug:
    msg: "{{ access.plan | lifecycle.n8n.n8n_plan_lines(access.pending) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each change. For an empty plan, one sentence that says so.
  type: list
  elements: str
  sample:
    - invite ada@example.com as global:member (no user has this email yet)
    - add ada@example.com to "Sales" as project:viewer (is not a member yet)
"""


def n8n_plan_lines(plan: Any, pending: Any = (), users: Any = (), missing_users: Any = ()) -> list[str]:
    """Return the sentences of `plan`, then the lines of `pending` and `missing_users`, then the `users` who were not found.

    Raises AnsibleFilterError if it is not a plan.
    """
    if not isinstance(plan, (list, tuple)) or not all(isinstance(change, Mapping) for change in plan):
        raise AnsibleFilterError(
            "n8n_plan_lines needs the plan that n8n_access or n8n_offboard returned, a list of changes."
        )
    for change in plan:
        if isinstance(change.get("action"), str) and change["action"] not in ACTIONS:
            raise AnsibleFilterError(
                "n8n_plan_lines needs the plan that a module returned. "
                f"One change has the unknown action {quoted(change['action'])}."
            )
    try:
        lines = [describe_change(change) for change in plan] or ["No changes are needed."]
    except KeyError as error:
        raise AnsibleFilterError(
            f"n8n_plan_lines needs the plan that a module returned. The missing or invalid part is: {error}."
        ) from None
    try:
        lines += pending_lines(pending)
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "pending of n8n_plan_lines must be the pending that n8n_access returned. The missing or invalid part "
            f"is: {error}."
        ) from None
    if not isinstance(missing_users, (list, tuple)) or not all(isinstance(email, str) for email in missing_users):
        raise AnsibleFilterError("missing_users of n8n_plan_lines must be the missing_users that n8n_access returned.")
    lines += missing_lines(missing_users)
    try:
        return lines + unknown_lines(users)
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"n8n_plan_lines needs as users what n8n_offboard returned. This is missing or wrong in it: {error}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_plan_lines": n8n_plan_lines}
