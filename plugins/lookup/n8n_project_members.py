# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup n8n_project_members: given projects, who belongs to them, with which role."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n_project_members
short_description: Given projects of n8n, who belongs to them, with which role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the members of team projects as one flat list. Every page of n8n's answer is read once, however many terms there are.
extends_documentation_fragment:
  - lifecycle.n8n.connection
  - lifecycle.n8n.connection.plugins
options:
  _terms:
    description:
      - Projects, each an id or an exact name. A name that several projects have means all of them, one that none has means none.
        If not exactly one project has that name, names are compared in Unicode form NFC.
      - A term may be a list of these. An empty list is no project; without any term it is all team projects.
      - A term that a template omits with C(default(omit)) names no project. If all terms are omitted, the result is an empty list.
    type: list
    elements: str
seealso:
  - plugin: lifecycle.n8n.n8n_user_projects
    plugin_type: lookup
  - module: lifecycle.n8n.n8n_project_info
"""

EXAMPLES = r"""
- name: Who is in Sales
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_project_members', 'Sales') }}"

- name: The admins of two projects
  ansible.builtin.debug:
    msg: >-
      {{ query('lifecycle.n8n.n8n_project_members', 'Sales', 'Support')
         | selectattr('role', 'eq', 'project:admin') | map(attribute='email') | unique }}
"""

RETURN = r"""
_raw:
  description:
    - A dictionary for each membership, with the C(id) and C(email) of the user, the C(role) in the project, and the project's name as
      C(project) and id as C(project_id). Sorted by project and email.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils._who import members_of_projects
from ..module_utils._wish import Needs
from ..plugin_utils._connection import connection_of, names_in, options_in, read_state


class LookupModule(LookupBase):
    """Reads the members of projects."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the members of the projects that `terms` name."""
        self.set_options(var_options=variables, direct=options_in(kwargs))
        projects = names_in(self._flatten(terms))
        if terms and not projects:
            return []
        state = read_state(connection_of(self, self._templar), Needs(projects=True, members=projects))
        return members_of_projects(state, projects)
