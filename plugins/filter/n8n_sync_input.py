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
from ..module_utils._desired.omitted import is_omitted
from ..module_utils._desired.option_names import with_names
from ..module_utils._state.dates import rehearsal_warning
from ..plugin_utils._present_time import present_time
from ..plugin_utils._untrusted import untrusted
from ..plugin_utils._warnings import show_warnings

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
  - The call fails if no person of the list has an attribute that O(leaver_match), or a date of a rule, names. A key without a value counts as
    having the attribute. This does not apply to an empty list of people.
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
  exceptions:
    description:
      - The exceptions, as in P(lifecycle.n8n.n8n_access_from_rules#filter). They give nothing to leavers.
    type: list
    elements: dict
    default: []
  leaver_match:
    description:
      - 'The people in the list who are leavers, written like the match of a rule, for example V({status: terminated}).'
      - An empty dictionary is an error, because it would match all people.
    type: dict
  previous_emails_attribute:
    description:
      - The attribute that has the previous emails of a person. Its value is one email, a list of emails, or a text with several emails,
        separated by commas, semicolons or blanks.
    type: str
  invalid_people:
    description:
      - How to handle invalid rows in the list of people. A row is invalid if it has no valid email, or the email of another row. A row is also
        invalid if an address is the email of one person and a previous email of another, or a previous email of two people. Another reason is an
        invalid date in an attribute that a rule that matches the person uses as a date.
      - V(fail) raises one error for all invalid rows.
      - V(skip) returns them. A user whose email is readable in an invalid row is left untouched. If the text has more than an email, such as
        C(Ada Lovelace <ada@example.com>), this applies to each email in it. An invalid row without a readable email suspends the leavers who are
        absent from the list, unless O(leaver_match) matches the row.
    type: str
    choices: [fail, skip]
    default: fail
  authority:
    description:
      - The value for O(lifecycle.n8n.n8n_access#module:authority).
      - If a rule gives an instance role, V(authoritative) lowers the instance role of people to whom no rule gives one to V(member). This includes
        leavers whose memberships are removed, but not leavers who are kept.
    type: str
    choices: [additive, authoritative]
    default: additive
  unmatched:
    description:
      - The value for C(unmatched_users) of M(lifecycle.n8n.n8n_access). With V(keep), the instance roles of people whom no rule matches are not
        lowered.
      - The default is V(remove_memberships) with O(authority=authoritative), else V(keep).
    type: str
    choices: [keep, remove_memberships, demote]
  now:
    description:
      - The time that decides which exceptions are active. By default, it is the present time.
      - Outside check mode, a warning says that it is set.
    type: str
  previous_plan:
    description: The text of the file of O(lifecycle.n8n.sync#role:main:sync_plan_path) from the previous run.
    type: str
    default: ""
  check_mode:
    description: Whether the caller runs in check mode, which is the purpose of O(now).
    type: bool
    default: false
  ignored_projects:
    description:
      - Patterns of project names, as a list or as a text with commas. A rule or an exception that names a matching project is an error, even if
        it concerns no person of the list.
    type: raw
    default: []
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
      description:
        - All people in the list, without invalid rows, for O(lifecycle.n8n.n8n_access#module:users), sorted by email.
        - C(status) is C(present) if a rule matches the person, even if it only denies or is not active, or if an active exception gives the person
          a role. It is C(leaver) if O(leaver_match) matches the person, else C(unmatched).
        - C(granted_by.row) of a person with C(projects) is the number of the row, from 1.
        - C(projects) of an unmatched person has the exceptions of the person. A denial, and the end of an exception, removes the membership, also
          of a person who keeps all others.
      type: list
      elements: dict
    without_rule:
      description: The emails of the people with the status C(unmatched), sorted.
      type: list
      elements: str
    unmatched_rules:
      description: The names of the rules that match no person, sorted.
      type: list
      elements: str
    unused_exceptions:
      description: The exceptions for leavers and for people who are not listed, with C(email), C(project) and the C(reason) why they have no effect.
      type: list
      elements: dict
    unmatched:
      description: The value of O(unmatched), or its default.
      type: str
    warnings:
      description:
        - The warnings that the filter also shows. There is one for each attribute that the match of a rule, or O(previous_emails_attribute), names
          and no person has. Others say that leavers are suspended, or that O(now) is set outside check mode.
        - There is also one for each value that differs from a value of O(leaver_match) only in upper and lower case or in spaces around it.
      type: list
      elements: str
    invalid_people:
      description:
        - The invalid rows. C(row) is the number from 1, C(email) is the readable email or null, C(problem) is the reason, and C(text) is a
          message that names the row.
      type: list
      elements: dict
    protected_rows:
      description: The readable emails and previous emails in invalid rows, and the emails that their texts contain, sorted.
      type: list
      elements: str
    leavers_suspended:
      description: Whether an invalid row has no readable email, so that the list does not tell which absent users have left.
      type: bool
    ignored_users:
      description: The patterns in O(ignored_users) as a list.
      type: list
      elements: str
    ignored_patterns:
      description:
        - The patterns in O(ignored_users), and a pattern for each email in C(protected_rows) that an account can have, for
          O(lifecycle.n8n.n8n_access#module:ignored_users).
      type: list
      elements: str
    announced:
      description:
        - The grants in C(announced) of O(previous_plan), for O(lifecycle.n8n.n8n_access#module:announced). If O(previous_plan) has no such
          key, these are the grants in C(upcoming).
      type: list
      elements: dict
    is_rehearsal:
      description: Whether O(check_mode) is V(true) and O(now) is set. The plan file of such a run announces no further grants.
      type: bool
    refusal:
      description: The error message if no person has the status C(present) and O(allow_empty) is false, else an empty text.
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
    previous_plan: Any = None,
    check_mode: Any = False,
    ignored_projects: Any = None,
) -> dict[str, Any]:
    """Return the input of a run of sync; raises AnsibleFilterError with all errors in people and rules."""
    try:
        has_now = not (now is None or now == "" or is_omitted(now))
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
            previous_plan=previous_plan,
            ignored_projects=ignored_projects,
            is_rehearsal=bool(check_mode) and has_now,
        )
        time = present_time(now)
        found = sync_input(people, rules, options, time)
        if has_now and not check_mode:
            found["warnings"].append(rehearsal_warning(time))
        # Messages in the result name the variables of the role, like errors.
        found["warnings"] = [with_names(text, option_names or {}) for text in found["warnings"]]
        for row in found["invalid_people"]:
            row.update({key: with_names(row[key], option_names or {}) for key in ("problem", "text")})
        show_warnings(found["warnings"])
        return dict(untrusted(found))
    except (InputError, UndefinedError) as error:
        # With ansible-core before 2.19, this includes undefined variables. Later versions do not call a filter with
        # these.
        raise AnsibleFilterError(f"n8n_sync_input: {with_names(str(error), option_names or {})}") from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_sync_input": n8n_sync_input}
