#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_role_info
short_description: The roles of an n8n instance that users and members can have
version_added: 0.1.0
description:
  - Returns instance roles and project roles, n8n's own and custom ones, and which of them can be given.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes.info
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  name:
    description:
      - Only roles with this slug, with or without what is before its colon, or with this display name. None is an empty list and no
        error.
    type: str
  type:
    description:
      - Only roles of this type.
    type: str
    choices: [global, project]
notes:
  - n8n lists its roles from 2.36 on. For an older one n8n's own roles are returned, with RV(roles[].licensed) as V(null), as it is not
    known, and a warning.
  - The API key needs the scope C(role:list).
"""

EXAMPLES = r"""
- name: Which roles there are for projects
  lifecycle.n8n.n8n_role_info:
    type: project
  register: found

- name: Those that can be given
  ansible.builtin.debug:
    msg: "{{ found.roles | selectattr('assignable') | map(attribute='slug') }}"
"""

RETURN = r"""
roles:
  description: The roles, instance roles first, n8n's own before custom ones.
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
      description: Whether somebody has made it, and it is not n8n's own.
      type: bool
    licensed:
      description: Whether the licence includes it; V(null) where n8n does not tell.
      type: bool
    assignable:
      description: Whether it can be given to somebody.
      type: bool
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

from ..module_utils._state.roles import known_roles
from ..module_utils._module import Task, run_module
from ..module_utils._state.memberships import roles_result
from ..module_utils._state.read_request import ReadRequest

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "type": {"type": "str", "choices": ["global", "project"]},
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the roles that the options ask for."""
    roles = task.read(ReadRequest(roles=True)).roles
    if roles is None:
        task.warnings.append(
            "This n8n does not list its roles (that came with 2.36): custom roles and licences are not known."
        )
        roles = known_roles()
    name, kind = params["name"], params["type"]
    wanted = [
        role
        for role in roles
        if kind in (None, role.kind) and name in (None, role.slug, role.slug.partition(":")[2], role.name)
    ]
    return {"roles": roles_result(wanted)}


def main() -> None:
    """Run the module."""
    run_module(ARGUMENT_SPEC, run, writes=False)


if __name__ == "__main__":
    main()
