#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_user_info
short_description: List users and their projects
version_added: 0.1.0
description:
  - Returns all users or one user. If requested, it also returns the projects of each user and the role in each project. The API of n8n does
    not provide this list.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes.info
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  email:
    description:
      - Return only the user with this email, in upper or lower case. If no user has it, the list is empty, which is not an error.
    type: str
  id:
    description:
      - Return only the user with this id. If no user has it, the list is empty, which is not an error.
    type: str
  memberships:
    description:
      - Whether to return the projects of each user too. This reads the members of every team project, with one request for each 250 members
        of a project.
    type: bool
    default: false
  include_personal:
    description:
      - Whether the projects of a user include the personal project.
    type: bool
    default: false
notes:
  - The API key needs the scope C(user:list). With O(email) or O(id) it needs C(user:read), and with O(memberships=true) C(user:list) and
    C(project:list).
  - The list is complete, or the task fails. The pages of n8n's list of users may overlap. In this case, the module finds missing users by
    their personal projects, if the key has C(project:list). Otherwise it reads the list again until no user can be missing.
  - O(memberships=true) needs an n8n license with team projects.
seealso:
  - module: lifecycle.n8n.n8n_project_info
  - plugin: lifecycle.n8n.n8n_user_projects
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read one user and their projects
  lifecycle.n8n.n8n_user_info:
    email: ada@example.com
    memberships: true
  register: ada

- name: Show the projects of the user
  ansible.builtin.debug:
    msg: "{{ ada.users | map(attribute='projects') | flatten }}"

- name: Read all users and their projects
  lifecycle.n8n.n8n_user_info:
    memberships: true
  register: everybody

- name: Show the users who have no project
  ansible.builtin.debug:
    msg: "{{ everybody.users | rejectattr('projects') | map(attribute='email') }}"
"""

RETURN = r"""
users:
  description: The users, sorted by email.
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
  contains:
    id:
      description: The id.
      type: str
    email:
      description: The email in lower case.
      type: str
    role:
      description: The full slug of the instance role.
      type: str
    is_pending:
      description: Whether the user has not accepted the invitation yet.
      type: bool
    first_name:
      description: The first name, V(null) before the invitation is accepted.
      type: str
    last_name:
      description: The last name, V(null) before the invitation is accepted.
      type: str
    projects:
      description: The projects that the user is a member of, each with C(id), C(name) and C(role), sorted by name.
      returned: with O(memberships=true)
      type: list
      elements: dict
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

from ..module_utils._desired.desired import user_reference
from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._state.info_results import users_result
from ..module_utils._state.read_request import ALL, NONE, ReadRequest

ARGUMENT_SPEC: dict[str, Any] = {
    "email": {"type": "str"},
    "id": {"type": "str"},
    "memberships": {"type": "bool", "default": False},
    "include_personal": {"type": "bool", "default": False},
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the users that the options ask for."""
    which = next((name for name in ("email", "id") if params[name] is not None), None)
    named = (user_reference(params[which], which, is_email=which == "email"),) if which else ()
    memberships = params["memberships"]
    state = task.read(
        ReadRequest(users=named, all_users=not named, projects=memberships, members=ALL if memberships else NONE)
    )
    return {"users": users_result(state, memberships, params["include_personal"])}


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, writes=False, mutually_exclusive=[("email", "id")])


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
