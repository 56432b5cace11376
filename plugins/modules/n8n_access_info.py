#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_access_info
short_description: Export users, projects, and project members for n8n_access
version_added: 0.1.0
description:
  - Returns the present access of the whole instance. The option O(lifecycle.n8n.n8n_access#module:users) accepts RV(users), so you can edit
    an export and apply it. An export that you apply without edits changes nothing.
  - RV(people) and RV(server) contain further data for a report on access.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes.info
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
notes:
  - The API key needs the scopes C(user:list), C(user:read) and C(project:list).
  - The module needs an n8n license with team projects.
seealso:
  - module: lifecycle.n8n.n8n_access
  - module: lifecycle.n8n.n8n_user_info
"""

EXAMPLES = r"""
- name: Export the access of all users
  lifecycle.n8n.n8n_access_info:
  register: access

- name: Apply the export, which changes nothing
  lifecycle.n8n.n8n_access:
    users: "{{ access.users }}"
"""

RETURN = r"""
users:
  description: The users, sorted by email. Each has C(email), C(role) and C(projects), a dictionary of project names and roles.
  returned: always
  type: list
  elements: dict
  sample:
    - email: ada@example.com
      role: global:member
      projects:
        Sales: project:editor
projects:
  description:
    - The team projects, sorted by name. Each has C(name), C(id) and C(members), a dictionary of emails and roles.
    - These are the memberships of RV(users), by project. If several projects have the same name, RV(users) contains their ids in place
      of the name.
  returned: always
  type: list
  elements: dict
  sample:
    - name: Sales
      id: 2GFDWJBjrvaj1y08
      members:
        ada@example.com: project:editor
people:
  description:
    - The users, sorted by email, with their memberships, as M(lifecycle.n8n.n8n_user_info) returns them. Each has C(id), C(email),
      C(role), C(is_pending), C(first_name), C(last_name) and C(projects), a list of C(id), C(name) and C(role).
  returned: always
  type: list
  elements: dict
  sample:
    - id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      email: ada@example.com
      role: global:member
      is_pending: false
      first_name: Ada
      last_name: Lovelace
      projects:
        - id: 2GFDWJBjrvaj1y08
          name: Sales
          role: project:editor
server:
  description: The URL of the server.
  returned: always
  type: str
  sample: https://n8n.example.com
requests:
  description: The number of HTTP requests that the task made. Each page of a list is one request.
  returned: always
  type: int
  sample: 4
reason:
  description:
    - The kind of failure, for programs. The message describes the failure.
    - V(unreachable) if n8n could not be reached, or if the response did not come from the API of n8n.
    - V(invalid) if options are wrong, contradict each other, or cannot be applied to this n8n server.
    - V(refused) if n8n refused a request.
    - V(incomplete_reading) if n8n did not return all data.
    - V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._state.info_results import export, users_result
from ..module_utils._state.read_request import EVERYTHING


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the present access of the whole instance."""
    state = task.read(EVERYTHING)
    people = users_result(state, memberships=True)
    return {**export(state), "people": people, "server": state.url}


MODULE = ModuleDefinition({}, run, writes=False)


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
