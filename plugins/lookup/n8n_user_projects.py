# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup n8n_user_projects: given users, which projects they belong to, with which role."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n_user_projects
short_description: Given users of n8n, which projects they belong to, with which role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the team projects of users as one flat list, a question that n8n's API has no answer to.
  - Every page of n8n's answer is read once, however many terms there are.
extends_documentation_fragment:
  - lifecycle.n8n.connection
  - lifecycle.n8n.connection.plugins
options:
  _terms:
    description:
      - Users, each an email in any case or an id. Somebody whom n8n does not know is in no project.
      - A term may be a list of these. An empty list is nobody; without any term it is all users.
      - A term that a template omits with C(default(omit)) names no user. If all terms are omitted, the result is an empty list.
    type: list
    elements: str
seealso:
  - plugin: lifecycle.n8n.n8n_project_members
    plugin_type: lookup
  - module: lifecycle.n8n.n8n_user_info
"""

EXAMPLES = r"""
- name: Where Ada is
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_user_projects', 'ada@example.com') }}"

- name: The same on another server
  ansible.builtin.debug:
    msg: "{{ query('lifecycle.n8n.n8n_user_projects', 'ada@example.com', url=other_url, api_key=other_key) }}"
  vars:
    other_url: "{{ lookup('ansible.builtin.env', 'N8N_URL') }}"
    other_key: "{{ lookup('ansible.builtin.env', 'N8N_API_KEY') }}"
"""

RETURN = r"""
_raw:
  description:
    - A dictionary for each membership, with the C(id) and C(name) of the project, the C(role) in it, and the user's email as C(user)
      and id as C(user_id). Sorted by email and project.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils._who import projects_of_users_named
from ..module_utils._wish import Needs
from ..plugin_utils._connection import connection_of, options_in, read_state, users_in


class LookupModule(LookupBase):
    """Reads the projects of users."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the projects of the users that `terms` name."""
        self.set_options(var_options=variables, direct=options_in(kwargs))
        users = users_in(self._flatten(terms))
        if terms and not users:
            return []
        # The members of a project come with their emails, so the users need not be read.
        state = read_state(connection_of(self, self._templar), Needs(projects=True, members=()))
        return projects_of_users_named(state, users)
