#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_project_member
short_description: Add, change, and remove a member of a team project
version_added: 0.1.0
description:
  - Makes one user a member of one project with one role, or removes one member.
  - To manage many memberships in one task, use M(lifecycle.n8n.n8n_access), which reads the server once.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  project:
    description:
      - The id of a team project, or its exact name. If no project or several projects have exactly this name, names are compared in
        Unicode form NFC.
    type: str
    required: true
  user:
    description:
      - The email, in upper or lower case, or the id of a user. The user may be pending.
    type: str
    required: true
  role:
    description:
      - The role in the project. It is V(viewer), V(editor), V(admin), a full slug like V(project:viewer), or the slug or display name of a
        custom role.
      - The role is required to add a member. If it is omitted, an existing member keeps the present role.
    type: str
  state:
    description:
      - With V(present), the project and the user must exist, in check mode too.
      - With V(absent), a project or user that does not exist is not an error, and the task changes nothing. If a project or user with a
        similar name or email exists, a warning names it.
    type: str
    choices: [present, absent]
    default: present
  allow_no_admin:
    description:
      - Whether to allow the removal of the last admin of the project, and the change of this admin's role.
    type: bool
    default: false
notes:
  - Team projects and roles in them need an n8n license that includes them.
  - The API key needs the scopes C(user:read), C(user:list), C(project:list), and C(project:manageMembers) (C(project:update) before
    n8n 2.37).
seealso:
  - module: lifecycle.n8n.n8n_access
"""

EXAMPLES = r"""
- name: Make Ada an editor of Sales
  lifecycle.n8n.n8n_project_member:
    project: Sales
    user: ada@example.com
    role: editor

- name: Remove Ada from Sales
  lifecycle.n8n.n8n_project_member:
    project: Sales
    user: ada@example.com
    state: absent
"""

RETURN = r"""
member:
  description:
    - The member. In check mode, the member as it would be.
    - After a removal, the member as it was.
  returned: when the user is a member, or was a member before the removal
  type: dict
  sample:
    id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
    email: ada@example.com
    role: project:editor
  contains:
    id:
      description: The id of the user.
      type: str
    email:
      description: The email in lower case.
      type: str
    role:
      description: The full slug of the role in the project.
      type: str
project:
  description: The project.
  returned: when the project exists
  type: dict
  sample:
    id: 2GFDWJBjrvaj1y08
    name: Sales
    type: team
requests:
  description: The number of HTTP requests that the task made. Each page of a list is one request.
  returned: always
  type: int
  sample: 3
reason:
  description:
    - The kind of failure, for programs. The message describes the failure.
    - V(unreachable) if n8n could not be reached, or if the response did not come from the API of n8n.
    - V(invalid) if options are wrong, contradict each other, or cannot be applied to this n8n server.
    - V(refused) if n8n refused a request.
    - V(incomplete_reading) if n8n did not return all data.
    - V(incomplete) if some changes failed or were impossible.
    - V(unanswered) if the response to a write request was lost.
    - V(conflict) if another user or task changed the same object at the same time.
    - V(locked) if another task held the lock of this n8n server for more than 10 minutes.
    - V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..module_utils._desired.desired import DesiredMember, DesiredState, user_reference
from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._planning.planner import plan
from ..module_utils._state.names import project_name
from ..module_utils._state.read_request import ReadRequest

ARGUMENT_SPEC: dict[str, Any] = {
    "project": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "role": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow_no_admin": {"type": "bool", "default": False},
}


def desired_state(params: Mapping[str, Any]) -> DesiredState:
    """Return the desired state of the options."""
    member = DesiredMember(
        project=project_name(params["project"], "project"),
        user=user_reference(params["user"], "user"),
        role=params["role"],
        present=params["state"] == "present",
        source="role",
    )
    return DesiredState(members=(member,), allow_no_admin=params["allow_no_admin"])


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Apply the options and return the member and its project."""
    desired = desired_state(params)
    member = desired.members[0]
    state = task.read(
        ReadRequest(
            users=(member.user,),
            projects=True,
            members=(member.project,),
            roles=desired.needs_role_lookup,
            unique_names=desired.project_references,
            recent_projects=True,
        )
    )
    if state.find_user(member.user) is None:
        if member.present:
            # The planner suggests a similar email of these users in its error.
            state = replace(state, users=task.users_if_shown(member.user))
        else:
            task.warn_of_similar_user(member.user)
    changes = plan(state, desired)
    task.apply_single(changes)
    project, after = state.find_project(member.project), changes.member_after(member.project, member.user)
    return {
        **({"project": project.to_result()} if project else {}),
        **({"member": after.to_result()} if after else {}),
    }


MODULE = ModuleDefinition(ARGUMENT_SPEC, run)


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
