#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_access_info
short_description: Who is a user of n8n and a member of which projects, as n8n_access takes it
version_added: 0.1.0
description:
  - Returns the present access of the whole instance. RV(users) is what O(lifecycle.n8n.n8n_access#module:users) takes, so that what is
    exported can be edited and applied. Applied as it is, it changes nothing.
  - What a report on access needs besides is in RV(people) and RV(server).
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes.info
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
notes:
  - The API key needs the scopes C(user:list), C(user:read) and C(project:list).
  - It needs an n8n licence with team projects.
seealso:
  - module: lifecycle.n8n.n8n_access
  - module: lifecycle.n8n.n8n_user_info
"""

EXAMPLES = r"""
- name: Export who has access
  lifecycle.n8n.n8n_access_info:
  register: access

- name: Applying it changes nothing
  lifecycle.n8n.n8n_access:
    users: "{{ access.users }}"
"""

RETURN = r"""
users:
  description: The users by email, each with C(email), C(role) and C(projects), a dictionary of project names and roles.
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
    - The team projects by name, each with C(name), C(id) and C(members), a dictionary of emails and roles.
    - The same memberships the other way round. A project whose name another one has stands in RV(users) by its id.
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
    - The users by email once more, as M(lifecycle.n8n.n8n_user_info) returns them with their memberships. Each has C(id), C(email),
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
  description: The address of the server.
  returned: always
  type: str
  sample: https://n8n.example.com
requests:
  description: The number of HTTP requests made, which is the number of pages read.
  returned: always
  type: int
  sample: 4
reason:
  description:
    - The kind of failure, for programs. The message says what failed.
    - V(unreachable) if n8n could not be reached, or if what answered is not the API of n8n. V(invalid) if options are wrong, contradict each
      other, or cannot be applied to this n8n. V(refused) if n8n refused a request. V(incomplete_reading) if n8n did not show everything.
    - V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._module import Task, run_module
from ..module_utils._state.memberships import export, users_result
from ..module_utils._state.read_request import EVERYTHING


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the present access of the whole instance."""
    state = task.read(EVERYTHING)
    people = users_result(state, memberships=True)
    return {**export(state), "people": people, "server": state.url}


def main() -> None:
    """Run the module."""
    run_module({}, run, writes=False)


if __name__ == "__main__":
    main()
