# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_onboarding_removals, which applies the policy of the role onboard."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.onboarding import users_losing_access

DOCUMENTATION = r"""
name: n8n_onboarding_removals
short_description: Return users who would lose unnamed memberships and API keys by a plan of the role onboard
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the users whom a plan of M(lifecycle.n8n.n8n_access) makes chat users. n8n removes memberships and API keys from them.
  - A user whom O(lifecycle.n8n.n8n_access#module:restore) gives back the instance role V(global:chatUser) is returned only if the plan
    removes a membership of this user.
  - A membership that the list ends by name, with C(state=absent) or a date that is over, is not a reason to return its user.
  - The role P(lifecycle.n8n.onboard#role) uses this filter to reject such a plan. You can use it in your own roles.
options:
  _input:
    description: The result of M(lifecycle.n8n.n8n_access).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        role: member
  check_mode: true
  register: access

- name: Reject a plan that removes memberships and API keys
  ansible.builtin.assert:
    that: access | lifecycle.n8n.n8n_onboarding_removals | length == 0
"""

RETURN = r"""
_value:
  description: The emails of these users, sorted.
  type: list
  elements: str
  sample:
    - ada@example.com
"""


def n8n_onboarding_removals(result: Any) -> list[str]:
    """Return the emails of the users who lose memberships; raises AnsibleFilterError if `result` is not from n8n_access."""
    try:
        return users_losing_access(result["plan"], result.get("restored", ()))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"n8n_onboarding_removals needs the result of n8n_access. The missing or invalid part is: {error}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_onboarding_removals": n8n_onboarding_removals}
