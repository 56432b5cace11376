# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the lookup n8n_user_projects, which looks up projects of users and their roles."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n_user_projects
short_description: Look up projects of users and their roles
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the team projects of users as one flat list. The API of n8n does not provide this list.
  - Each page of n8n's lists is read once, for any number of terms.
extends_documentation_fragment:
  - lifecycle.n8n.connection
  - lifecycle.n8n.connection.plugins
options:
  _terms:
    description:
      - Users. Each term is an email in upper or lower case, or an id. A user who does not exist has no projects.
      - A term may also be a list of emails and ids. An empty list means no user. Without any term, the projects of all users are returned.
      - A term that a template omits with V(default(omit\)) means no user. If all terms are omitted, the result is an empty list.
    type: list
    elements: str
notes:
  - The API key needs the scopes C(user:list) and C(project:list).
seealso:
  - plugin: lifecycle.n8n.n8n_project_members
    plugin_type: lookup
  - module: lifecycle.n8n.n8n_user_info
"""

EXAMPLES = r"""
- name: Show the projects of Ada
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_user_projects', 'ada@example.com') }}"

- name: Show the projects of Ada on another server
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_user_projects', 'ada@example.com', url=other_url, api_key=other_key) }}"
  vars:
    other_url: "{{ lookup('ansible.builtin.env', 'N8N_URL') }}"
    other_key: "{{ lookup('ansible.builtin.env', 'N8N_API_KEY') }}"
"""

RETURN = r"""
_raw:
  description:
    - A dictionary for each membership, with the C(id) and C(name) of the project, the C(role) in it, and the email (C(user)) and id
      (C(user_id)) of the user.
    - The list is sorted by email and project.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils._state.info_results import projects_of_users_named
from ..module_utils._state.read_request import ALL, ReadRequest
from ..plugin_utils._plugin_support import connection_of, options_in, read_state, resolved_variables, users_in


class LookupModule(LookupBase):
    """Reads the projects of users."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the projects of the users that `terms` name."""
        given = options_in(kwargs)
        variables = resolved_variables(variables, self._templar)
        self.set_options(var_options=variables, direct=given)
        users = users_in(self._flatten(terms))
        if terms and not users:
            return []
        # The members of a project include their emails, so the users need not be read.
        state = read_state(
            connection_of(self, self._templar, given, variables), ReadRequest(projects=True, members=ALL)
        )
        return projects_of_users_named(state, users)
