# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the lookup n8n_project_members, which looks up members of projects and their roles."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n_project_members
short_description: Look up members of projects and their roles
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the members of team projects as one flat list. Each page of n8n's lists is read once, for any number of terms.
extends_documentation_fragment:
  - lifecycle.n8n.connection
  - lifecycle.n8n.connection.plugins
options:
  _terms:
    description:
      - Projects. Each term is an id or an exact name. If several projects have the name, the result contains all of them. If no project has
        the name, the result contains no project. If not exactly one project has the name, names are compared in Unicode form NFC.
      - A term may also be a list of ids and names. An empty list means no project. Without any term, all team projects are read.
      - A term that a template omits with V(default(omit\)) means no project. If all terms are omitted, the result is an empty list.
    type: list
    elements: str
notes:
  - The API key needs the scopes C(user:list) and C(project:list).
seealso:
  - plugin: lifecycle.n8n.n8n_user_projects
    plugin_type: lookup
  - module: lifecycle.n8n.n8n_project_info
"""

EXAMPLES = r"""
- name: Show the members of Sales
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_project_members', 'Sales') }}"

- name: Show the admins of two projects
  ansible.builtin.debug:
    msg: >-
      {{ query('lifecycle.n8n.n8n_project_members', 'Sales', 'Support')
         | selectattr('role', 'eq', 'project:admin') | map(attribute='email') | unique }}
"""

RETURN = r"""
_raw:
  description:
    - A dictionary for each membership, with the C(id) and C(email) of the user, the C(role) in the project, and the name (C(project)) and
      id (C(project_id)) of the project.
    - The list is sorted by project and email.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils._state.info_results import members_of_projects
from ..module_utils._state.read_request import ALL, ReadRequest
from ..plugin_utils._plugin_support import connection_of, names_in, options_in, read_state, resolved_variables


class LookupModule(LookupBase):
    """Reads the members of projects."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the members of the projects that `terms` name."""
        given = options_in(kwargs)
        variables = resolved_variables(variables, self._templar)
        self.set_options(var_options=variables, direct=given)
        projects = names_in(self._flatten(terms))
        if terms and not projects:
            return []
        state = read_state(
            connection_of(self, self._templar, given, variables),
            ReadRequest(projects=True, members=projects or ALL),
        )
        return members_of_projects(state, projects)
