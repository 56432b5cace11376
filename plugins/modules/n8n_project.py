#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_project
short_description: Create, rename, and delete a team project
version_added: 0.1.0
description:
  - Creates a team project that does not exist yet, renames an existing project, or deletes a project.
  - The user whose API key is used becomes the admin of a project that this module creates.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
  - lifecycle.n8n.handover
options:
  name:
    description:
      - The name of the project. It is compared exactly and stored unchanged, including spaces around it.
      - n8n allows several projects with the same name. If there are several, use O(id) to select the project.
      - Names are compared in Unicode form NFC, so a letter with an accent is equal in both forms. A project is not renamed into the
        other form. If the names of two projects differ only in their Unicode form, the project whose name has exactly this form is used.
      - One of O(name) and O(id) is required.
    type: str
  id:
    description:
      - The id of an existing project. If O(name) is set too, the project gets that name.
    type: str
  previous_names:
    description:
      - Previous names of the project. If no project has the name O(name), the project that has one of these names is renamed.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(absent) deletes the project. n8n would destroy the workflows, credentials and data tables of the project together with it. So
        V(absent) is refused while the project owns such resources, unless O(transfer_to), O(data_tables) or O(delete_resources) defines how
        to handle them.
      - V(absent) is also refused while the project has variables of its own, which cannot be transferred. Move them in n8n, or set
        O(delete_resources=true).
      - V(absent) is also refused if the module cannot see the resources of the project. The module cannot be sure that n8n before 2.36
        shows the data tables of all projects. On such a server, V(absent) needs O(data_tables=delete) or O(delete_resources=true).
      - If the project does not exist, V(absent) changes nothing. If a project with a similar name exists, a warning names it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - n8n deletes more with a project than its API lists, such as agents and connections to external secrets. If a plan deletes a project, a
    warning names these objects, in check mode too.
  - Team projects need an n8n license that includes them.
  - The API key needs the scopes C(project:list), C(project:create) and C(project:update). For O(state=absent) it needs C(project:delete),
    C(user:list), C(user:read), C(workflow:list), C(credential:list), C(dataTable:list) and C(variable:list). O(transfer_to), O(data_tables)
    and O(delete_resources) need the same scopes as in M(lifecycle.n8n.n8n_user).
seealso:
  - module: lifecycle.n8n.n8n_project_member
  - module: lifecycle.n8n.n8n_access
"""

EXAMPLES = r"""
- name: Delete a project and transfer its resources to Grace
  lifecycle.n8n.n8n_project:
    name: Archive 2024
    state: absent
    transfer_to: grace@example.com

- name: Create a project
  lifecycle.n8n.n8n_project:
    name: Sales

- name: Rename Sales to Revenue
  lifecycle.n8n.n8n_project:
    name: Revenue
    previous_names:
      - Sales

- name: Delete a project that owns nothing
  lifecycle.n8n.n8n_project:
    name: Revenue
    state: absent
"""

RETURN = r"""
project:
  description:
    - The project. In check mode, the project as it would be.
    - After a deletion, the project as it was.
  returned: when the project exists, or existed before it was deleted
  type: dict
  sample:
    id: 2GFDWJBjrvaj1y08
    name: Sales
    type: team
  contains:
    id:
      description: The id. In check mode, V(null) for a project that would be created.
      type: str
    name:
      description: The name.
      type: str
    type:
      description: Always V(team).
      type: str
transferred:
  description: The workflows and credentials that were transferred, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the project existed
  type: list
  elements: dict
  sample:
    - type: workflow
      id: T8gImn7TGyAqqslL
      name: Bills
copied:
  description:
    - The data tables that were copied. Each has the C(type), C(id) and C(name) of the original, and the C(new_id), C(new_name) and number of
      C(rows) of the copy. C(workflows) lists the workflows that name the original.
  returned: when O(state=absent) and the project existed
  type: list
  elements: dict
deleted:
  description: The resources that were destroyed, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the project existed
  type: list
  elements: dict
lost_shares:
  description:
    - The users and projects that lost their share of a resource because it was transferred or deleted. Each entry has the C(type), C(id)
      and C(name) of the resource, the C(user) or the C(project) with its C(project_id), and the C(role) of the share.
    - For a credential, C(workflows) lists the workflows of this user or project that use it.
  returned: when O(state=absent) and the project existed
  type: list
  elements: dict
requests:
  description: The number of HTTP requests that the task made. Each page of a list is one request.
  returned: always
  type: int
  sample: 1
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
from typing import Any

from ..module_utils._changes.outcome import Outcome
from ..module_utils._desired.desired import DesiredProject, DesiredState
from ..module_utils._desired.handover_options import (
    HANDOVER_OPTIONS,
    HandoverOptions,
    handover_options_from,
)
from ..module_utils._errors import InputError
from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._planning.deletion import possible_calls
from ..module_utils._planning.planner import plan
from ..module_utils._state.names import project_name
from ..module_utils._state.read_request import ReadRequest

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "previous_names": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **HANDOVER_OPTIONS,
}


def desired_state(params: Mapping[str, Any]) -> DesiredState:
    """Return the desired state; raises InputError if neither name nor id has a value, for example if both are null."""
    if params["name"] is None and params["id"] is None:
        raise InputError("name or id is required, and neither has a value. Set one of them.")
    if params["id"] is not None and not params["id"].strip():
        raise InputError("id is blank. Set the id of a project, or use name.")
    project = DesiredProject(
        name=None if params["name"] is None else project_name(params["name"], "name"),
        id=None if params["id"] is None else project_name(params["id"], "id"),
        previous_names=tuple(project_name(name, "previous_names") for name in params["previous_names"]),
        present=params["state"] == "present",
        source="previous_names",
    )
    handover_options = HandoverOptions() if project.present else handover_options_from(params)
    return DesiredState(projects=(project,), create_projects=True, handover_options=handover_options)


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Apply the options and return the project."""
    absent = params["state"] == "absent"
    desired = desired_state(params)
    deleted_project = (params["id"] or params["name"],) if absent else ()
    # The users are read because the result names the users who lose a share by the deletion.
    request = ReadRequest(
        all_users=absent,
        projects=True,
        owned_by_projects=deleted_project,
        folders=absent,
        destinations=desired.handover_options.destinations,
        also=possible_calls("project", desired.handover_options) if absent else (),
        unique_names=desired.project_references,
    )
    changes = plan(task.read(request), desired)
    outcome = task.apply_single(changes, report=Outcome.handed_over)
    project = changes.project_after(params["id"], params["name"], outcome.projects)
    return {
        **({"project": project.to_result()} if project else {}),
        **(outcome.handed_over() if absent and project else {}),
    }


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, required_one_of=[("name", "id")])


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
