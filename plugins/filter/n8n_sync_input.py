# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_sync_input, which creates the input of the role sync for n8n_access."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from jinja2.exceptions import UndefinedError

from ..module_utils._ansible_roles.sync_input import SyncOptions, sync_input
from ..module_utils._errors import InputError
from ..module_utils._desired.option_names import with_names
from ..plugin_utils._present_time import present_time

DOCUMENTATION = r"""
name: n8n_sync_input
short_description: Return the users of n8n_access for the role sync
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the options of M(lifecycle.n8n.n8n_access) for the role P(lifecycle.n8n.sync#role), from people, rules, and other variables of
    the role.
  - Null or an empty text for an option has the same meaning as its default.
  - The role uses this filter. In your own playbooks, use the filter P(lifecycle.n8n.n8n_access_from_rules#filter).
positional: rules, email_attribute, role_order, ignored_users, allow_empty, option_names
options:
  _input:
    description: The people, as in P(lifecycle.n8n.n8n_access_from_rules#filter).
    type: list
    elements: dict
    required: true
  rules:
    description: The rules, as in P(lifecycle.n8n.n8n_access_from_rules#filter).
    type: list
    elements: dict
    required: true
  email_attribute:
    description: The attribute that has the email, as in P(lifecycle.n8n.n8n_access_from_rules#filter).
    type: str
    default: email
  role_order:
    description: Roles, lowest first, as in P(lifecycle.n8n.n8n_access_from_rules#filter).
    type: list
    elements: str
    default: []
  ignored_users:
    description: Patterns of emails, as a list or as a text with commas.
    type: raw
    default: []
  allow_empty:
    description: Whether to accept an empty list of people, or a list in which no rule matches a person.
    type: bool
    default: false
  option_names:
    description: The names that errors use for options, as in P(lifecycle.n8n.n8n_access_from_rules#filter).
    type: dict
    default: {}
seealso:
  - plugin: lifecycle.n8n.n8n_access_from_rules
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the patterns of ignored users
  ansible.builtin.debug:
    msg: "{{ (people | lifecycle.n8n.n8n_sync_input(rules, ignored_users='*@partner.example.com')).ignored_patterns }}"
  vars:
    people:
      - {email: ada@example.com, department: Sales}
      - {email: linus@example.com, department: Catering}
    rules:
      - name: Sales
        match: {department: Sales}
        projects: {Sales: viewer}
"""

RETURN = r"""
_value:
  description: The input of a run of sync.
  type: dict
  contains:
    people:
      description: The number of people in the list.
      type: int
    users:
      description: The people whom a rule matches, for O(lifecycle.n8n.n8n_access#module:users).
      type: list
      elements: dict
    without_rule:
      description: The emails of the people whom no rule matches, sorted.
      type: list
      elements: str
    unmatched_rules:
      description: The names of the rules that match no person, sorted.
      type: list
      elements: str
    ignored_users:
      description: The patterns in O(ignored_users) as a list.
      type: list
      elements: str
    ignored_patterns:
      description:
        - The patterns in O(ignored_users), and a pattern for each person whom no rule matches, for
          O(lifecycle.n8n.n8n_access#module:ignored_users).
        - A person whom no rule matches is not a leaver.
      type: list
      elements: str
    refusal:
      description: The error message if no rule matches a person and O(allow_empty) is false, else an empty text.
      type: str
"""


def n8n_sync_input(
    people: Any,
    rules: Any,
    email_attribute: Any = None,
    role_order: Any = None,
    ignored_users: Any = None,
    allow_empty: Any = False,
    option_names: Any = None,
    exceptions: Any = None,
    leaver_match: Any = None,
    previous_emails_attribute: Any = None,
    invalid_people: Any = None,
    authority: Any = None,
    unmatched: Any = None,
    now: Any = None,
) -> dict[str, Any]:
    """Return the input of a run of sync; raises AnsibleFilterError with all errors in people and rules."""
    try:
        options = SyncOptions(
            email_attribute=email_attribute,
            role_order=role_order,
            ignored_users=ignored_users,
            allow_empty=bool(allow_empty),
            exceptions=exceptions,
            leaver_match=leaver_match,
            previous_emails_attribute=previous_emails_attribute,
            invalid_people=invalid_people,
            authority=authority,
            unmatched=unmatched,
        )
        return sync_input(people, rules, options, present_time(now))
    except (InputError, UndefinedError) as error:
        # With ansible-core before 2.19, this includes undefined variables. Later versions do not call a filter with
        # these.
        raise AnsibleFilterError(f"n8n_sync_input: {with_names(str(error), option_names or {})}") from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_sync_input": n8n_sync_input}
