#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_project_info
short_description: List projects and their members
version_added: 0.1.0
description:
  - Returns all team projects or some of them. If requested, it also returns the members of each project and their roles.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes.info
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  name:
    description:
      - Return only projects with this exact name. If several projects have it, all of them are returned. If no project has it, the list is
        empty, which is not an error.
      - If exactly one project has this name, it is returned. Otherwise names are compared in Unicode form NFC.
    type: str
  id:
    description:
      - Return only the project with this id. If no project has it, the list is empty, which is not an error.
    type: str
  members:
    description:
      - Whether to return the members of each project too. This takes one request for each 250 members of a project.
    type: bool
    default: false
  include_personal:
    description:
      - Whether to return the personal projects of the users too. The only member of a personal project is its user.
    type: bool
    default: false
notes:
  - The API key needs the scope C(project:list). With O(members=true) it also needs C(user:list), and for the members of personal
    projects C(user:read).
  - The module needs an n8n license with team projects.
seealso:
  - module: lifecycle.n8n.n8n_user_info
  - plugin: lifecycle.n8n.n8n_project_members
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the members of Sales
  lifecycle.n8n.n8n_project_info:
    name: Sales
    members: true
  register: sales

- name: Show the members
  ansible.builtin.debug:
    msg: "{{ sales.projects | map(attribute='members') | flatten }}"
"""

RETURN = r"""
projects:
  description: The projects, sorted by name and id.
  returned: always
  type: list
  elements: dict
  sample:
    - id: 2GFDWJBjrvaj1y08
      name: Sales
      type: team
      members:
        - id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
          email: ada@example.com
          role: project:editor
  contains:
    id:
      description: The id.
      type: str
    name:
      description: The name.
      type: str
    type:
      description: V(team) or V(personal).
      type: str
    members:
      description: The members, each with the C(id) and C(email) of the user and the C(role) in the project, sorted by email.
      returned: with O(members=true)
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

from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._state.info_results import projects_result, projects_with_name
from ..module_utils._state.names import project_name
from ..module_utils._state.read_request import ALL, NONE, ReadRequest

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "members": {"type": "bool", "default": False},
    "include_personal": {"type": "bool", "default": False},
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the projects that the options ask for."""
    name, project_id, personal = params["name"], params["id"], params["include_personal"]
    for option in ("name", "id"):
        if params[option] is not None:
            project_name(params[option], option)
    named = tuple(reference for reference in (name, project_id) if reference is not None)
    members = (named or ALL) if params["members"] else NONE
    # The member of a personal project is the user who created it, so no request for each project is needed.
    state = task.read(ReadRequest(projects=True, members=members, all_users=params["members"] and personal))
    wanted = [
        project
        for project in (state.projects if name is None else projects_with_name(state, name))
        if project_id in (None, project.id) and (personal or project.is_team)
    ]
    return {"projects": projects_result(state, wanted, params["members"])}


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, writes=False, mutually_exclusive=[("name", "id")])


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
