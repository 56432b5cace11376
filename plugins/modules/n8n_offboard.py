#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_offboard
short_description: Take the access of people who leave away, for many people in one task
version_added: 0.1.0
description:
  - Takes people out of all team projects, and takes their instance role or their account as well, if asked.
  - The server is read once for all of them. What that shows to be impossible stops the task before the first write. A write that
    fails stops only the person concerned.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  users:
    description:
      - The people who leave, each an email in any case, an id, or a dictionary with an C(email).
      - Somebody whom n8n does not know is reported, and is no error.
    type: list
    elements: raw
    required: true
  action:
    description:
      - V(remove_memberships) takes them out of all team projects. They stay users and keep what they own. This can be undone.
      - V(demote) gives them the instance role V(global:chatUser) as well, which also deletes their API keys. The workflows and
        credentials that they own stay readable to them. It needs an n8n licence with advanced permissions.
      - V(delete) deletes them. This is refused while somebody owns workflows, credentials or data tables, which n8n would destroy
        together with the user, and while that cannot be seen. n8n before 2.36 does not prove that it shows the data tables of
        others, so on such a server only people with a pending invitation are deleted.
      - Each of them is refused for the owner, for the user whose API key is used, and for the last admin of a project.
    type: str
    choices: [remove_memberships, demote, delete]
    default: remove_memberships
notes:
  - Team projects need an n8n licence that has them.
  - The API key needs the scopes C(user:list), C(user:read), C(project:list), and C(project:manageMembers) (C(project:update) before
    n8n 2.37). For V(demote) it needs C(user:changeRole) as well, for V(delete) C(user:delete), C(workflow:list),
    C(credential:list) and C(dataTable:list).
seealso:
  - module: lifecycle.n8n.n8n_access
  - module: lifecycle.n8n.n8n_user
"""

EXAMPLES = r"""
- name: Two people leave all projects
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
      - grace@example.com
  register: offboarded

- name: Who has lost what
  ansible.builtin.debug:
    msg: "{{ offboarded.users }}"

- name: They may do nothing but chat, and their API keys are gone
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
      - grace@example.com
    action: demote
"""

RETURN = r"""
users:
  description: The people who leave, in the order in which they were named, each once.
  returned: always, also when a call failed, but not when nothing could be begun
  type: list
  elements: dict
  sample:
    - email: ada@example.com
      id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      found: true
      action: remove_memberships
      changed: true
      memberships:
        - id: 2GFDWJBjrvaj1y08
          name: Sales
          role: project:viewer
  contains:
    email:
      description: The email in lower case, or what the person was named by where n8n does not know them.
      type: str
    id:
      description: The id of the user.
      type: str
    found:
      description: Whether n8n knows the person.
      type: bool
    action:
      description: What was asked for.
      type: str
    changed:
      description: Whether anything was changed for this person, in check mode whether it would be.
      type: bool
    memberships:
      description: The memberships that were taken away, each with the project's C(id) and C(name) and the C(role) that it had.
      type: list
      elements: dict
plan:
  description: The changes, in the order in which they are made, in check mode those that would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: remove_member
      user: ada@example.com
      user_id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      project: Sales
      project_id: 2GFDWJBjrvaj1y08
      before: project:viewer
      after: null
      reason: leaves
  contains:
    action:
      description: "One of V(remove_member), V(change_user_role), V(delete_user)."
      type: str
    user:
      description: The email of the user concerned.
      type: str
    user_id:
      description: The id of that user, V(null) for one who is yet to be invited.
      type: str
    project:
      description: The name of the project concerned.
      type: str
    project_id:
      description: The id of that project, V(null) for one that is yet to be created.
      type: str
    before:
      description: The role, or the name of the project, before the change.
      type: str
    after:
      description: The role, or the name of the project, after the change.
      type: str
    reason:
      description: Why the change is needed.
      type: str
summary:
  description: The number of changes by action.
  returned: always
  type: dict
  sample:
    invite_user: 0
    create_project: 0
    rename_project: 0
    add_member: 0
    change_member_role: 0
    change_user_role: 0
    remove_member: 1
digest:
  description:
    - SHA-256 over the address of the server and the changes. The same plan has the same digest, whatever its reasons.
  returned: always
  type: str
  sample: 3d5a2ffa0a37ad2a6ef6b19d0b5b7a4a3c4c5f0e8cd2b6a9a3d6f2f8e1a7c9b0
conflicts:
  description:
    - Changes that were left alone, as somebody else had changed the same thing since the server was read. C(reason) says what.
  returned: always
  type: list
  elements: dict
requests:
  description: The number of HTTP requests made.
  returned: always
  type: int
  sample: 7
done:
  description: The changes that were made before or beside the failed ones.
  returned: when a call failed
  type: list
  elements: dict
errors:
  description: The changes that failed, with what n8n said and the people concerned.
  returned: when a call failed
  type: list
  elements: dict
  contains:
    error:
      description: What n8n refused, its words and the way out.
      type: str
    users:
      description: The emails of the people concerned.
      type: list
      elements: str
    changes:
      description: The changes that the failed call was to make.
      type: list
      elements: dict
not_tried:
  description: The changes that need those that failed.
  returned: when a call failed
  type: list
  elements: dict
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..module_utils._departed import leaver_results
from ..module_utils._disposal import DATA_TABLES
from ..module_utils._errors import N8nError
from ..module_utils._leavers import (
    ACTIONS,
    STAGED,
    Departure,
    Staging,
    find_leavers,
    leaver_needs,
    leaver_references,
    plan_leavers,
    staged_now,
    successors,
)
from ..module_utils._model import State
from ..module_utils._module import Outcome, Task, run_module
from ..module_utils._record import RecordFile
from ..module_utils._staging import moment

ARGUMENT_SPEC: dict[str, Any] = {
    "users": {"type": "list", "elements": "raw", "required": True},
    "action": {"type": "str", "choices": list(ACTIONS), "default": ACTIONS[0]},
    "demote_role": {"type": "str", "default": "chatUser"},
    "transfer_to": {"type": "str"},
    "delete_resources": {"type": "bool", "default": False},
    "data_tables": {"type": "str", "choices": list(DATA_TABLES), "default": DATA_TABLES[0]},
    "successor": {"type": "raw"},
    "state_path": {"type": "path"},
    "grace_days": {"type": "int", "default": 30},
    "now": {"type": "str"},
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Take the access of the leavers away and return what each has lost, and what is left."""
    references = leaver_references(params["users"])
    file = RecordFile(params["state_path"], task.url) if params["action"] == STAGED else None
    departure = Departure(
        params["action"],
        params["demote_role"],
        task.bequest(params, "user"),
        successors(params["successor"]),
        Staging(file.record, file.is_new, _now(params["now"]), params["grace_days"]) if file else None,
    )
    needs = leaver_needs(references, departure)
    state = task.read(needs)
    people = find_leavers(state, references)
    plan = plan_leavers(state, people, departure)

    def begin() -> None:
        if file:
            file.keep(file.record.adding(staged_now(plan, people, departure)))

    def report(outcome: Outcome) -> dict[str, Any]:
        after = None if task.check_mode else _again(task, needs) if outcome.done else state
        if file and after:
            # Whoever is no user any more is through.
            file.keep(file.record.without(set(file.record.leavers) - {user.id for user in after.users}))
        return {"users": leaver_results(people, departure, plan, outcome.done, outcome.deliveries, after)}

    outcome = task.carry_out(plan, report=report, prepare=begin)
    return {**report(outcome), **task.plan_result()}


def _again(task: Task, needs: Any) -> State | None:
    """Return what there is after the changes, which proves them, or None where n8n does not answer any more."""
    try:
        return task.read(needs)
    except N8nError as error:
        task.warnings.append(f"What is left to the leavers could not be looked at, and is worked out: {error}")
        return None


def _now(text: str | None) -> datetime:
    return datetime.now(timezone.utc) if text is None else moment(text, "now")


def main() -> None:
    """Run the module."""
    run_module(
        ARGUMENT_SPEC,
        run,
        required_if=[("action", STAGED, ["state_path"])],
        mutually_exclusive=[("transfer_to", "delete_resources")],
    )


if __name__ == "__main__":
    main()
