#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_role_info
short_description: List the roles of users and project members
version_added: 0.1.0
description:
  - Returns instance roles and project roles, including custom roles, and whether each role can be assigned.
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
      - Return only roles with this slug, with or without the part before its colon, or with this display name. If no role matches, the
        list is empty, which is not an error.
    type: str
  type:
    description:
      - Return only roles of this type.
    type: str
    choices: [global, project]
notes:
  - n8n 2.36 and later list their roles. For an older n8n, the module returns the built-in roles of n8n, with a warning.
    RV(roles[].licensed) is then V(null), because the license is not known.
  - The API key needs the scope C(role:list).
"""

EXAMPLES = r"""
- name: Read the roles for projects
  lifecycle.n8n.n8n_role_info:
    type: project
  register: found

- name: Show the roles that can be assigned
  ansible.builtin.debug:
    msg: "{{ found.roles | selectattr('assignable') | map(attribute='slug') }}"
"""

RETURN = r"""
roles:
  description: The roles. Instance roles come first, and built-in roles come before custom roles.
  returned: always
  type: list
  elements: dict
  sample:
    - slug: project:viewer
      name: Project Viewer
      type: project
      custom: false
      licensed: true
      assignable: true
  contains:
    slug:
      description: The full slug.
      type: str
    name:
      description: The display name.
      type: str
    type:
      description: V(global) for an instance role, V(project) for a role in a project.
      type: str
    custom:
      description: Whether it is a custom role, which is not built into n8n.
      type: bool
    licensed:
      description: Whether the license includes the role, or V(null) if n8n does not show this.
      type: bool
    assignable:
      description: Whether the role can be assigned to a user or member.
      type: bool
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
from ..module_utils._state.info_results import roles_result
from ..module_utils._state.read_request import ReadRequest
from ..module_utils._state.roles import known_roles

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "type": {"type": "str", "choices": ["global", "project"]},
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the roles that the options ask for."""
    roles = task.read(ReadRequest(roles=True)).roles
    if roles is None:
        task.warnings.append(
            "This n8n does not list its roles (2.36 and later do): custom roles and licenses are unknown."
        )
        roles = known_roles()
    name, kind = params["name"], params["type"]
    wanted = [
        role
        for role in roles
        if kind in (None, role.kind) and name in (None, role.slug, role.slug.partition(":")[2], role.name)
    ]
    return {"roles": roles_result(wanted)}


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, writes=False)


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
