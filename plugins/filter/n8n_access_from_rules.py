# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_access_from_rules, which converts people and rules to the users option of n8n_access."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from jinja2.exceptions import UndefinedError

from ..module_utils._errors import InputError
from ..module_utils._desired.option_names import with_names
from ..module_utils._desired.omitted import is_omitted
from ..module_utils._rules.assignment import assign
from ..plugin_utils._present_time import present_time
from ..plugin_utils._untrusted import untrusted
from ..plugin_utils._warnings import show_warnings

DOCUMENTATION = r"""
name: n8n_access_from_rules
short_description: Convert people and rules to the users option of n8n_access
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the instance role and the project roles of each person whom at least one rule matches, and the rule that gives each role.
    M(lifecycle.n8n.n8n_access) accepts the result as its O(lifecycle.n8n.n8n_access#module:users).
  - If several rules give a person an instance role, or a role in the same project, the highest role applies. The order of the rules and
    people does not matter. If one rule denies a project to a person, no other rule gives it to this person. An exception overrides all
    rules for one person in one project.
  - All errors in the people and rules are reported at once. The message names each rule and key, or each person.
  - A value that a template omits with V(default(omit\)) is absent. An omitted attribute of a person is a missing attribute. An omitted
    attribute in O(rules[].match), an omitted role in O(rules[].projects), an omitted element of O(rules[].deny), and an omitted date are
    errors. Without the omitted value, the rule would match more people, or give or deny other roles and projects than intended.
positional: rules
options:
  _input:
    description:
      - The people. Each person is a dictionary of attributes, from any source, for example a CSV file, a directory or a SCIM server. Two
        people with the same email are an error.
    type: list
    elements: dict
    required: true
  rules:
    description:
      - The rules. Their order does not matter. An unknown key is an error.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the rule, which must be unique. Each granted role names its rule.
        type: str
        required: true
      match:
        description:
          - Attributes and the required value of each. The rule matches each person who has all of them. V({}) matches all people.
          - A required value is a value, a pattern, or a list of values and patterns. In a list, one match is sufficient. An empty list
            matches no person. If the attribute of a person is a list, one matching element is sufficient too.
          - Numbers and text are compared as text. The comparison is case-sensitive, for emails too. V(true) and V(false) are equal in upper
            and lower case, and equal to the same word as text.
          - Text that contains V(*) (any characters) or V(?) (one character) is a pattern for the whole value. Text that begins with V(~) is
            a regular expression for the beginning of the value, as in Ansible's host patterns. With V($) at its end, it is a regular
            expression for the whole value.
          - Values and patterns are compared in Unicode form NFC, so both forms of a letter with an accent are equal.
          - An attribute that a person does not have, or that is null or empty, does not match.
          - An attribute is named by its key, or by a path of keys and list indexes, separated by dots, such as V(name.familyName) or
            V(emails.0.value). Keys may contain dots. The longest existing key takes precedence. Without an index, V(groups.display) is the
            attribute of any element of the list.
        type: dict
        required: true
      role:
        description:
          - The instance role, as M(lifecycle.n8n.n8n_access) accepts it. The role of the owner cannot be given.
          - If the role is omitted, the rule gives no instance role.
        type: str
      projects:
        description:
          - Names or ids of projects, each with a role, as M(lifecycle.n8n.n8n_access) accepts them.
        type: dict
      deny:
        description:
          - Projects that people whom this rule matches do not get from any rule. M(lifecycle.n8n.n8n_access) removes an existing membership.
          - A person whom only rules with O(rules[].deny) match is not invited.
          - Names are compared in Unicode form NFC. The name and the id of a project are not compared with each other, so refer to a project
            in the same way in all rules.
        type: list
        elements: str
      from:
        description:
          - When the projects and denials of the rule begin to apply. It is a day in UTC such as V(2026-12-01), an instant with a time zone such
            as V(2026-12-01T09:30:00Z), or the name of an attribute that holds such a date for each person.
          - If the attribute of a person is missing or empty, there is no date. An invalid date of a person whom the rule matches is an error. An
            attribute that no person has is an error, unless the list of people is empty.
          - A rule with dates requires O(rules[].projects) or O(rules[].deny), and cannot have a O(rules[].role).
          - A person whom only rules that are not active match is not invited.
        type: raw
      until:
        description: When the projects and denials of the rule end, in the same forms as O(rules[].from). The day is included.
        type: raw
  email_attribute:
    description:
      - The attribute that contains the email, in upper or lower case. It is named as in O(rules[].match). A list with one element counts as
        this element.
      - A person who has no email is an error.
    type: str
    default: email
  role_order:
    description:
      - Roles from lowest to highest, for custom roles that compete with other roles. The list may contain instance and project roles.
        Write V(admin) as a full slug, because both kinds have a role of this name.
      - The order of the built-in roles is known. It is V(chatUser), V(member), V(admin) for instance roles, and V(viewer), V(editor),
        V(admin) for project roles. If rules give different roles whose order is not known, this is an error.
    type: list
    elements: str
    default: []
  exceptions:
    description:
      - Grants and denials for one person in one project. They override all rules.
      - A person whom no rule matches is in the result if an exception is active.
      - Two exceptions for the same person and project that give different roles, or a role and a denial, at the same time are an error.
      - An unknown key is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      email:
        description: The email of the person. If the list of people does not have this person, the exception has no effect.
        type: str
        required: true
      project:
        description: The name or id of the project, as the rules name it.
        type: str
        required: true
      role:
        description: The role in the project. Either this or O(exceptions[].deny) is required.
        type: str
      deny:
        description: Whether the person is denied the project.
        type: bool
        default: false
      from:
        description: When the exception begins to apply. It is a day in UTC, or an instant with a time zone.
        type: raw
      until:
        description: When the exception ends. A day is included.
        type: raw
      reason:
        description: The reason, which the plan shows.
        type: str
      approved_by:
        description: The person who approved the exception, which the plan shows.
        type: str
  now:
    description: The time that decides which exceptions are active. By default, it is the present time.
    type: str
  result:
    description:
      - V(users) returns the people whom at least one rule or active exception matches, as M(lifecycle.n8n.n8n_access) accepts them.
      - V(without_rule) returns the emails of all other people.
      - V(unmatched_rules) returns the names of the rules that match no person, possibly because they are misspelled.
      - V(unused_exceptions) returns the exceptions for people who are not listed.
      - V(warnings) returns a warning for each attribute in O(rules[].match) that no person has. With V(users), the filter shows these warnings.
    type: str
    choices: [users, without_rule, unmatched_rules, unused_exceptions, warnings]
    default: users
  option_names:
    description:
      - The names that errors use for C(people), for C(rules), for C(exceptions) and for the options, as a dictionary of these words and names.
      - This option is for roles that take people and rules from their variables.
    type: dict
    default: {}
seealso:
  - module: lifecycle.n8n.n8n_access
"""

EXAMPLES = r"""
- name: Show the access that the rules give
  ansible.builtin.debug:
    msg: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules) }}"
  vars:
    people: &people
      - {email: ada@example.com, department: Sales, level: 4, groups: [managers, staff]}
      - {email: grace@example.com, department: Sales EMEA, level: 2, groups: [staff]}
      - {email: linus@example.org, department: Catering, groups: []}
    rules: &rules
      - name: Staff
        match: {groups: staff}
        role: member
        projects: {Handbook: viewer}
      - name: Sales
        match: {department: "Sales*"}
        projects: {Sales: viewer}
      - name: Sales managers
        match: {department: "Sales*", groups: [managers, directors]}
        projects: {Sales: admin}
        deny: [Handbook]

- name: Apply the rules
  lifecycle.n8n.n8n_access:
    users: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules) }}"
  vars:
    people: *people
    rules: *rules

- name: Give contractors access until the end of their contracts, and one employee access for a leave of another
  ansible.builtin.debug:
    msg: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules, exceptions=exceptions) }}"
  vars:
    people:
      - {email: ada@example.com, company: Contractors Ltd, contract_end: 2027-03-31}
      - {email: grace@example.com, company: Example, contract_end: ""}
    rules:
      - name: Staff
        match: {company: Example}
        projects: {Handbook: viewer}
      - name: Contractors
        match: {company: Contractors*}
        projects: {Migration: editor}
        until: contract_end
    exceptions:
      - email: grace@example.com
        project: Migration
        role: editor
        until: 2027-01-31
        reason: parental leave cover
        approved_by: linus@example.com

- name: Show the people whom no rule matches
  ansible.builtin.debug:
    msg: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules, result='without_rule') }}"
  vars:
    people: *people
    rules: *rules
"""

RETURN = r"""
_value:
  description:
    - With O(result=users), a dictionary for each person, sorted by C(email). C(email) is in lower case. C(role) exists if a rule gives a
      role, and C(projects) always exists. Roles are written as in the rules.
    - The value of a project in C(projects) is a role, or C(state=absent) if a rule denies the project. If a grant or a denial has dates or
      comes from an exception, the value is a dictionary, which may have C(from), C(until) and C(granted_by). If several of them can apply
      one after the other, it is a list, in which the first one in force counts.
    - C(granted_by) contains the name of the rule that gave the C(role), of the rule that gave each of the C(projects), and of the rule by
      which each project is C(denied). If several rules gave the same role, it is the rule whose name comes first. Projects whose value
      has its own C(granted_by) are not listed here. C(account) is a rule without roles and projects, by which the person is invited in any
      case.
    - With O(result=without_rule), a sorted list of emails.
    - With O(result=unmatched_rules), a sorted list of names of rules.
    - With O(result=unused_exceptions), a list of dictionaries with C(email), C(project) and the C(reason).
    - With O(result=warnings), a list of texts.
  type: list
  elements: raw
  sample:
    - email: ada@example.com
      role: member
      projects:
        Handbook:
          state: absent
        Sales: admin
      granted_by:
        role: Staff
        projects:
          Sales: Sales managers
        denied:
          Handbook: Sales managers
"""

RESULTS = ("users", "without_rule", "unmatched_rules", "unused_exceptions", "warnings")


def n8n_access_from_rules(
    people: Any,
    rules: Any,
    email_attribute: Any = "email",
    role_order: Any = (),
    result: Any = "users",
    option_names: Any = None,
    exceptions: Any = (),
    now: Any = None,
) -> list[Any]:
    """Return the result of `rules` for `people`; raises AnsibleFilterError with all errors in them."""
    try:
        result = RESULTS[0] if is_omitted(result) else result
        if result not in RESULTS:
            raise InputError(f'result must be {", ".join(RESULTS[:-1])} or {RESULTS[-1]}, but is "{result}".')
        found = assign(people, rules, email_attribute, role_order, exceptions, present_time(now))
        warnings = [with_names(text, option_names or {}) for text in found.warnings]
    except (InputError, UndefinedError) as error:
        # With ansible-core before 2.19, this includes undefined variables. Later versions do not call a filter with
        # these.
        words = with_names(str(error), option_names or {})
        raise AnsibleFilterError(f"n8n_access_from_rules: {words}") from None
    if result == RESULTS[0]:
        show_warnings(warnings)
    return list(untrusted(warnings if result == "warnings" else getattr(found, result)))


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_access_from_rules": n8n_access_from_rules}
