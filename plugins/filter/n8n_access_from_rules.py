# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter n8n_access_from_rules: from people and rules to the users of n8n_access."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from jinja2.exceptions import UndefinedError

from ..module_utils._errors import InputError
from ..module_utils._desired.option_names import with_names
from ..module_utils._desired.omitted import is_omitted
from ..module_utils._desired.rules import assign

DOCUMENTATION = r"""
name: n8n_access_from_rules
short_description: The users of n8n_access, from any list of people and rules on who gets which role where
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Says for everybody in a list who is on at least one rule which instance role and which roles in projects the rules give, and which
    rule gives each. M(lifecycle.n8n.n8n_access) takes the answer as its O(lifecycle.n8n.n8n_access#module:users).
  - Where several rules give a role for the same thing, the highest counts, whatever the order of rules and people. What one rule denies,
    no other gives.
  - All that is wrong in people and rules is one error, which names each rule and key, or each person.
  - A value that a template omits with C(default(omit)) is absent. An omitted attribute of a person is a missing attribute. An omitted
    attribute in O(rules[].match), an omitted role in O(rules[].projects), and an omitted element of O(rules[].deny) are errors, because
    without them the rule would match more people, or give or deny something else than its text says.
positional: rules
options:
  _input:
    description:
      - The people, each a dictionary of attributes, from wherever, for example a CSV file, a directory or a SCIM server. Two with the
        same email are an error.
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
        description: The name of the rule, which no other has. Each grant names the rule that it is by.
        type: str
        required: true
      match:
        description:
          - Attributes and what is wanted of each. A person who has all of that is on the rule; V({}) is everybody.
          - What is wanted is a value, a pattern, or a list of these, of which one is enough. An empty list is nobody. Of an attribute
            that is a list, one element is enough, too.
          - Numbers and text compare as text, case-sensitive, emails included. V(true) and V(false) are the same in any case, and as text.
          - Text with V(*) (any signs) or V(?) (one sign) in it is a pattern for the whole value. Text that begins with V(~) is a
            regular expression for the beginning of the value, as in Ansible's host patterns; V($) makes it the whole value.
          - Letters with accents are compared as one sign each (Unicode's form NFC), however they were written.
          - An attribute that a person does not have, or that is null or empty, does not match.
          - An attribute is named by its key, or by a path of keys and indexes of lists with dots, such as V(name.familyName) or
            V(emails.0.value). Keys may have dots in them; the longest that is there counts. Without an index, V(groups.display) is
            that of any element.
        type: dict
        required: true
      role:
        description:
          - The instance role, as M(lifecycle.n8n.n8n_access) takes it. The owner's cannot be given.
          - Without it, the rule gives none.
        type: str
      projects:
        description:
          - Names or ids of projects, each with a role, as M(lifecycle.n8n.n8n_access) takes them.
        type: dict
      deny:
        description:
          - Projects that nobody who is on this rule gets by any rule. Their names are compared in Unicode form NFC. A name and an
            id of one project are not compared with each other, so name a project in the same way in all rules.
        type: list
        elements: str
  email_attribute:
    description:
      - The attribute that has the email, in any case, named as in O(rules[].match). A list with one element is that element.
      - Somebody without an email is an error.
    type: str
    default: email
  role_order:
    description:
      - Roles, lowest first, for custom ones that compete with others. Instance and project roles may be mixed; V(admin), which is both,
        is then written in full.
      - The order of n8n's own is known, which is V(chatUser), V(member), V(admin), and V(viewer), V(editor), V(admin). Where different
        roles compete and their order is not known, it is an error.
    type: list
    elements: str
    default: []
  result:
    description:
      - V(users) are those who are on at least one rule, as M(lifecycle.n8n.n8n_access) takes them.
      - V(without_rule) are the emails of all others. They are neither invited nor leavers.
      - V(unmatched_rules) are the names of the rules that match no person, which a misspelling may have caused.
    type: str
    choices: [users, without_rule, unmatched_rules]
    default: users
  option_names:
    description:
      - The names that errors use for C(people) and C(rules) and for the options, as a dictionary of these and names. This is for roles that
        take people and rules from their variables.
    type: dict
    default: {}
seealso:
  - module: lifecycle.n8n.n8n_access
"""

EXAMPLES = r"""
- name: Who gets what
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

- name: Make it so
  lifecycle.n8n.n8n_access:
    users: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules) }}"
  vars:
    people: *people
    rules: *rules

- name: Who is on no rule
  ansible.builtin.debug:
    msg: "{{ people | lifecycle.n8n.n8n_access_from_rules(rules, result='without_rule') }}"
  vars:
    people: *people
    rules: *rules
"""

RETURN = r"""
_value:
  description:
    - With O(result=users), a dictionary for each person, sorted by C(email). C(email) is in lower case, C(role) is there if a rule
      gives one, and C(projects) always is. Roles are as the rule has them.
    - C(granted_by) names the rule that gave the C(role), each of the C(projects), and by which each project is C(denied). Of
      several that gave the same, it is the first by name.
    - With O(result=without_rule), a sorted list of emails.
    - With O(result=unmatched_rules), a sorted list of names of rules.
  type: list
  elements: raw
  sample:
    - email: ada@example.com
      role: member
      projects:
        Sales: admin
      granted_by:
        role: Staff
        projects:
          Sales: Sales managers
        denied:
          Handbook: Sales managers
"""

RESULTS = ("users", "without_rule", "unmatched_rules")


def n8n_access_from_rules(
    people: Any,
    rules: Any,
    email_attribute: Any = "email",
    role_order: Any = (),
    result: Any = "users",
    option_names: Any = None,
) -> list[Any]:
    """Return what `rules` make of `people`; raises AnsibleFilterError with all that is wrong in them."""
    try:
        result = RESULTS[0] if is_omitted(result) else result
        if result not in RESULTS:
            raise InputError(f'result is {", ".join(RESULTS[:-1])} or {RESULTS[-1]}, and not "{result}".')
        found = assign(people, rules, email_attribute, role_order)
    except (InputError, UndefinedError) as error:
        # Undefined variables come here with ansible-core before 2.19; later ones do not call a filter with them.
        words = with_names(str(error), option_names or {})
        raise AnsibleFilterError(f"n8n_access_from_rules: {words}") from None
    return list(getattr(found, result))


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Any]:
        """Return them."""
        return {"n8n_access_from_rules": n8n_access_from_rules}
