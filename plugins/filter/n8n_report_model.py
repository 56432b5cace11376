# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_report_model, which creates the content that the role report writes."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._ansible_roles.report import report_model

DOCUMENTATION = r"""
name: n8n_report_model
short_description: Return the model of the report of the role report
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the data that the role P(lifecycle.n8n.report#role) writes in all formats, from the results of M(lifecycle.n8n.n8n_access_info)
    and M(lifecycle.n8n.n8n_role_info).
  - The role uses this filter. You can use it in your own templates.
positional: roles, date
options:
  _input:
    description: The result of M(lifecycle.n8n.n8n_access_info).
    type: dict
    required: true
  roles:
    description:
      - The C(roles) of M(lifecycle.n8n.n8n_role_info). They contain the display names of custom roles.
      - Without this option, the name of a custom role is the last part of its slug.
    type: list
    elements: dict
    default: []
  date:
    description: The day of the report.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Read the access of all users
  lifecycle.n8n.n8n_access_info:
  register: access

- name: Show the projects without an admin
  ansible.builtin.debug:
    msg: "{{ (access | lifecycle.n8n.n8n_report_model).report.findings.projects_without_admin }}"
"""

RETURN = r"""
_value:
  description:
    - The C(report), and dictionaries for look-ups in templates.
    - With O(lifecycle.n8n.report#role:main:report_format=json), the role writes the C(report).
  type: dict
  contains:
    report:
      description:
        - The content of the report with the keys C(server), C(date), C(counts), C(findings), C(roles), C(people), and C(projects).
        - C(people) are sorted by email, C(projects) by name, and both list the same memberships.
      type: dict
    csv:
      description: The lines of a report in CSV. Values that a spreadsheet would interpret as formulas are escaped.
      type: list
      elements: str
    markdown:
      description: The escaped lines of a report in Markdown, with the keys C(summary), C(findings), C(projects), and C(people).
      type: dict
    sections:
      description: The C(title), C(label), C(count), and C(empty_text) of each finding, by the keys of C(findings).
      type: dict
    nouns:
      description: The words C(people), C(projects), and C(memberships) by the same keys, in the singular if the count is 1.
      type: dict
    member_counts:
      description: The number of members of each project with its noun, by the id of the project.
      type: dict
    people:
      description: The C(people) of the C(report) by email.
      type: dict
    role_names:
      description: The names of all roles in the C(report) by slug.
      type: dict
    project_roles:
      description: The C(name) and the C(letter) of all project roles in the C(report) by slug, in the order of the legend.
      type: dict
    instance_admin_roles:
      description: The slugs of the instance roles whose users can open and change every project.
      type: list
      elements: str
"""


def n8n_report_model(access: Any, roles: Any = (), date: Any = "") -> dict[str, Any]:
    """Return the model of a report; raises AnsibleFilterError if `access` is not the result of n8n_access_info."""
    try:
        return report_model(access, roles, date)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "n8n_report_model needs the result of n8n_access_info and the roles of n8n_role_info. The missing or invalid "
            f"part is: {error}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_report_model": n8n_report_model}
