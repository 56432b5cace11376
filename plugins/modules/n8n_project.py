#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_project
short_description: Create, rename and delete one team project of an n8n instance
version_added: 0.1.0
description:
  - Creates a team project that is not there yet, renames one that is, or deletes one.
  - The user whose API key is used becomes the admin of a project that this module creates.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
  - lifecycle.n8n.handover
options:
  name:
    description:
      - The name of the project, compared exactly, and stored as it is, with any space around it.
      - n8n allows several projects of one name. Where there are several, name the project by its O(id).
      - Names are compared in Unicode form NFC, so that a letter with its accent is the same in both forms. A project is not renamed into
        the other form. If two projects differ in the form only, the one of exactly this form is meant.
      - One of O(name) and O(id) is needed.
    type: str
  id:
    description:
      - The id of a project that is there already. Together with O(name), that project gets that name.
    type: str
  previous_names:
    description:
      - Names that the project had before. Where none is called O(name), the project of one of these names is renamed.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(absent) deletes. This is refused while the project owns workflows, credentials or data tables, which n8n would destroy
        together with the project, unless O(transfer_to), O(data_tables) or O(delete_resources) says what becomes of them.
      - It is refused as well while the project has variables of its own, which cannot be handed over. Move them in n8n, or say
        O(delete_resources=true).
      - It is refused as well while it cannot be seen what the project owns. n8n before 2.36 does not prove that it shows the data
        tables of all projects, so on such a server it takes O(data_tables=delete) or O(delete_resources=true).
      - If the project does not exist, V(absent) changes nothing. If a project with a similar name exists, a warning names it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - n8n deletes more with a project than its API lists, such as agents and connections to external secrets. Every plan that deletes a
    project has a warning that names these things, in check mode too.
  - Team projects need an n8n licence that has them.
  - The API key needs the scopes C(project:list), C(project:create) and C(project:update), and for O(state=absent)
    C(project:delete), C(user:list), C(workflow:list), C(credential:list), C(dataTable:list) and C(variable:list). O(transfer_to),
    O(data_tables) and O(delete_resources) need what M(lifecycle.n8n.n8n_user) needs for them.
seealso:
  - module: lifecycle.n8n.n8n_project_member
  - module: lifecycle.n8n.n8n_access
"""

EXAMPLES = r"""
- name: A project goes, and Grace gets what is in it
  lifecycle.n8n.n8n_project:
    name: Archive 2024
    state: absent
    transfer_to: grace@example.com

- name: There is a project for Sales
  lifecycle.n8n.n8n_project:
    name: Sales

- name: Sales is called Revenue from now on
  lifecycle.n8n.n8n_project:
    name: Revenue
    previous_names:
      - Sales

- name: Revenue, which owns nothing, is deleted
  lifecycle.n8n.n8n_project:
    name: Revenue
    state: absent
"""

RETURN = r"""
project:
  description:
    - The project, in check mode as it would be.
    - After a deletion, the project as it was.
  returned: when there is such a project, or was before it was deleted
  type: dict
  sample:
    id: 2GFDWJBjrvaj1y08
    name: Sales
    type: team
  contains:
    id:
      description: The id, V(null) in check mode for a project that would be created.
      type: str
    name:
      description: The name.
      type: str
    type:
      description: Always V(team).
      type: str
transferred:
  description: The workflows and credentials that moved, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the project was there
  type: list
  elements: dict
  sample:
    - type: workflow
      id: T8gImn7TGyAqqslL
      name: Bills
copied:
  description:
    - The data tables that were copied, each with C(type), C(id) and C(name) of the original, C(new_id), C(new_name) and the number of
      C(rows) of the copy, and the C(workflows) that name the original.
  returned: when O(state=absent) and the project was there
  type: list
  elements: dict
deleted:
  description: What was destroyed, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the project was there
  type: list
  elements: dict
lost_shares:
  description:
    - Who has lost access by a move or deletion, each with C(type), C(id) and C(name) of the thing, the C(user) or C(project) with its
      C(project_id), the C(role) it was shared with, and for a credential the C(workflows) of theirs that use it.
  returned: when O(state=absent) and the project was there
  type: list
  elements: dict
requests:
  description: The number of HTTP requests made.
  returned: always
  type: int
  sample: 1
reason:
  description:
    - The kind of failure, for programs. The message says what failed.
    - V(unreachable) if n8n could not be reached, or if what answered is not the API of n8n. V(invalid) if options are wrong, contradict each
      other, or cannot be applied to this n8n. V(refused) if n8n refused a request. V(incomplete_reading) if n8n did not show everything.
    - V(incomplete) if some changes failed. V(unanswered) if the answer to a write was lost.
    - V(conflict) if another user changed the same thing at the same time.
    - V(locked) if another task held the lock of this n8n for more than 10 minutes. V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._errors import InputError
from ..module_utils._handover_options import HANDOVER_OPTIONS
from ..module_utils._model import project_name
from ..module_utils._module import Task, run_module
from ..module_utils._outcome import Outcome
from ..module_utils._planner import plan
from ..module_utils._wish import Bequest, Needs, ProjectWish, Wish, deletion_calls

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "previous_names": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **HANDOVER_OPTIONS,
}


def desired(params: Mapping[str, Any], bequest: Bequest) -> Wish:
    """Return what the options ask for; raises InputError where neither option has a value, as where both are null."""
    if params["name"] is None and params["id"] is None:
        raise InputError("name or id is required, and neither has a value. Set one of them.")
    project = ProjectWish(
        name=None if params["name"] is None else project_name(params["name"], "name"),
        id=None if params["id"] is None else project_name(params["id"], "id"),
        previous_names=tuple(project_name(name, "previous_names") for name in params["previous_names"]),
        present=params["state"] == "present",
        where="previous_names",
    )
    return Wish(projects=(project,), create_projects=True, bequest=bequest)


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Make the options true and return the project."""
    absent = params["state"] == "absent"
    wish = desired(params, task.bequest(params, "project") if absent else Bequest())
    doomed = (params["id"] or params["name"],) if absent else ()
    # Who loses a share by it can only be said of users who are read.
    needs = Needs(
        all_users=absent,
        projects=True,
        possessions_of_projects=doomed,
        folders=absent,
        destination=wish.bequest.transfer_to,
        also=deletion_calls("project", wish.bequest) if absent else (),
    )
    changes = plan(task.read(needs), wish)
    outcome = task.carry_out_one(changes, report=Outcome.handed_over)
    project = changes.project_after(params["id"], params["name"], outcome.projects)
    return {
        **({"project": project.to_result()} if project else {}),
        **(outcome.handed_over() if absent and project else {}),
    }


def main() -> None:
    """Run the module."""
    run_module(ARGUMENT_SPEC, run, required_one_of=[("name", "id")])


if __name__ == "__main__":
    main()
