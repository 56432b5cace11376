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
  - Takes people out of all team projects, and takes their instance role or their account as well, if asked. What they own can move to
    somebody else before.
  - The server is read once for all of them. What that shows to be impossible stops the task before the first write. A write that
    fails stops only the person concerned.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
  - lifecycle.n8n.handover
options:
  users:
    description:
      - The people who leave, each an email in any case, an id, or a dictionary with an C(email).
      - A user who does not exist is reported, which is not an error. If a user with a similar email exists, a warning names that user.
    type: list
    elements: raw
    required: true
  action:
    description:
      - V(remove_memberships) takes them out of all team projects. They stay users and keep what they own. This can be undone. An admin
        of the instance sees all projects all the same, and a warning says so.
      - V(demote) gives them the instance role O(demote_role) as well, which also deletes their keys of the API, though not those for
        MCP. What they own moves before, if O(transfer_to) says where to; without it, it stays readable to them, with a warning. It needs
        an n8n licence with advanced permissions.
      - V(delete) deletes them. This is refused while somebody owns workflows, credentials or data tables, which n8n would destroy
        together with the user, unless O(transfer_to), O(data_tables) or O(delete_resources) says what becomes of them, and while
        that cannot be seen. n8n before 2.36 does not prove that it shows the data tables of others, so on such a server an active
        user is only deleted with O(data_tables=delete) or O(delete_resources=true).
      - V(staged) does what V(demote) does at once, and records in O(state_path) what was there. The first run that comes O(grace_days)
        later hands over and deletes, as V(delete) does. Somebody who comes back before gets everything back by the role onboard with
        C(onboard_restore). Nobody is deleted who has access all the same by then. It is taken away once more, and the days begin anew.
      - Each of them is refused for the owner, and for the user whose API key is used. Where somebody is the last admin of a project,
        O(successor) becomes admin first; without one the task stops before its first write.
    type: str
    choices: [remove_memberships, demote, delete, staged]
    default: remove_memberships
  demote_role:
    description:
      - The instance role for V(demote) and V(staged). A custom role without any scope is stricter than V(chatUser). People become
        V(global:chatUser) first in any case, as only that deletes keys of the API.
      - Nobody is promoted by it. Whose role allows no more than this one keeps it, with a warning, and leaves the projects. Custom roles are
        compared by their scopes, if n8n lists them (2.36 and later) and the key has C(role:list). A warning names the scopes of a custom
        role that has any.
    type: str
    default: chatUser
  successor:
    description:
      - The email of who becomes admin of projects whose last admin leaves, or a dictionary of project names or ids and emails.
      - An id wins over a name. Names are compared in Unicode form NFC.
    type: raw
  state_path:
    description:
      - The path of the record of staged leavers, a JSON file on the host where the module runs, which has no secrets and can live in
        version control. Only V(staged) looks at it. Each n8n has its own. What is written to it is a change.
      - A record that does not exist is created by the first run that stages a user, and a warning says so. The warning lists the users of
        this run who already look staged, because they have no projects and no more than the role O(demote_role). Their grace period
        begins with this run, which deletes no user. If these users were staged before, bring the last record back.
      - If the record is damaged, or has a later date than the present for one of O(users), the task fails, and nobody is deleted. A user
        who looks staged and is not in an existing record is named in a warning, as the record may be an older one. The grace period of
        that user begins.
      - For somebody who was given access while in the record, it keeps what they have by then, and of what was in it the memberships that
        they have not.
    type: path
  grace_days:
    description: How many days after the first step of V(staged) somebody is deleted. Without it, 30. Only V(staged) looks at it.
    type: int
  now:
    description:
      - The time, such as V(2026-12-24) or V(2026-12-24T09:30:00Z), in UTC unless it names a zone, by which V(staged) tells whose days are
        over. Without it, it is the present. This is for tests and rehearsals, which need a record of their own.
        Only V(staged) looks at it.
    type: str
  option_names:
    description:
      - The names that messages use for options, as a dictionary of options and names. An option without an entry keeps its own name.
      - This is for roles that set options from their variables. Errors and warnings then name the variables, which the user can set.
    type: dict
notes:
  - n8n deletes more with a user than its API lists, such as agents and the chats of the chat hub. Every plan that deletes a user has a
    warning that names these things, in check mode too.
  - Team projects need an n8n licence that has them.
  - The API key needs the scopes C(user:list), C(user:read), C(project:list), and C(project:manageMembers) (C(project:update) before
    n8n 2.37). For V(demote) it needs C(user:changeRole) as well, for V(delete) C(user:delete), and to see what people own
    C(workflow:list), C(credential:list) and C(dataTable:list). O(transfer_to), O(data_tables) and O(delete_resources) need what
    M(lifecycle.n8n.n8n_user) needs for them.
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

- name: They may do nothing but chat, and their keys of the API are gone
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
      - grace@example.com
    action: demote

- name: They are deleted, and what they made goes to Sales, whose admin Grace becomes if need be
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
    action: delete
    transfer_to: Sales
    data_tables: copy
    successor: grace@example.com
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
    transferred:
      description: The workflows and credentials that moved, each with C(type), C(id) and C(name).
      returned: always
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
      returned: always
      type: list
      elements: dict
    deleted:
      description: What was destroyed, each with C(type), C(id) and C(name).
      returned: always
      type: list
      elements: dict
    lost_shares:
      description:
        - Who has lost access by a move or deletion, each with C(type), C(id) and C(name) of the thing, the C(user) or C(project) with its
          C(project_id), the C(role) it was shared with, and for a credential the C(workflows) of theirs that use it.
      returned: always
      type: list
      elements: dict
    residual_access:
      description:
        - What the person can still reach, read from n8n after the run, in check mode worked out. Each has a C(type), an C(id), a C(name) and
          a C(role). The type is V(instance_role), V(membership), V(workflow), V(credential), V(data_table), V(shared_workflow),
          V(shared_credential), V(api_keys) for keys that n8n does not show, or V(unseen) with the reason why there may be more.
        - An empty list says that there is nothing, as the person is no user any more.
      returned: always
      type: list
      elements: dict
      sample:
        - type: instance_role
          id: null
          name: global:chatUser
          role: null
    staged:
      description: When it began (C(since)) and when the account goes (C(due)), in UTC.
      returned: when O(action=staged)
      type: dict
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
      description:
        - One of V(add_member), V(change_member_role), V(unpublish_workflow), V(transfer_credential), V(transfer_workflow), V(copy_table),
          V(delete_table), V(change_user_role), V(remove_member), V(delete_user), V(delete_credential), V(delete_workflow),
          V(delete_variable).
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
    item:
      description: The C(type), C(id) and C(name) of the thing that moves or goes, which C(user) owns. It moves to C(project).
      returned: for what is about a thing
      type: dict
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
server:
  description: The address of the server.
  returned: always
  type: str
  sample: https://n8n.example.com
done:
  description: The changes that were made, where some failed those before or beside these. In check mode there are none.
  returned: always
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
reason:
  description:
    - The kind of failure, for programs. The message says what failed.
    - V(unreachable) if n8n could not be reached, or if what answered is not the API of n8n. V(invalid) if options are wrong, contradict each
      other, or cannot be applied to this n8n. V(refused) if n8n refused a request. V(incomplete_reading) if n8n did not show everything.
    - V(incomplete) if some changes failed. V(unanswered) if the answer to a write was lost.
    - V(locked) if another task held the lock of this n8n for more than 10 minutes. V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ..module_utils._departed import leaver_results
from ..module_utils._errors import InputError, N8nError
from ..module_utils._handover_options import HANDOVER_OPTIONS
from ..module_utils._leavers import (
    ACTIONS,
    STAGED,
    Departure,
    find_leavers,
    leaver_needs,
    leaver_references,
    plan_leavers,
    successors,
    wants_roles,
)
from ..module_utils._model import State
from ..module_utils._module import OPTION_NAMES, Task, run_module
from ..module_utils._outcome import Outcome
from ..module_utils._record import RecordFile
from ..module_utils._stages import GRACE_DAYS, Staging, newly_staged
from ..module_utils._staging import moment
from ..module_utils._wish import Needs

ARGUMENT_SPEC: dict[str, Any] = {
    "users": {"type": "list", "elements": "raw", "required": True},
    "action": {"type": "str", "choices": list(ACTIONS), "default": ACTIONS[0]},
    "demote_role": {"type": "str", "default": "chatUser"},
    **HANDOVER_OPTIONS,
    "successor": {"type": "raw"},
    "state_path": {"type": "path"},
    "grace_days": {"type": "int"},
    "now": {"type": "str"},
    **OPTION_NAMES,
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Take the access of the leavers away and return what each has lost, and what is left."""
    references = leaver_references(params["users"])
    file = _record(params, task)
    departure = Departure(
        params["action"],
        params["demote_role"],
        task.bequest(params, "user"),
        successors(params["successor"]),
        _staging(params, file) if file else None,
    )
    needs = leaver_needs(references, departure)
    state = task.read(needs)
    people = find_leavers(state, references)
    if state.roles is None and wants_roles(people, departure):
        state = replace(state, roles=task.roles_if_shown())
    plan = plan_leavers(state, people, departure)
    departure = departure.recording(plan, people)

    def begin() -> None:
        if file and departure.staging:
            file.keep(departure.staging.record)

    def report(outcome: Outcome) -> dict[str, Any]:
        touched = outcome.done or outcome.errors
        after = None if task.check_mode else _again(task, needs) if touched else state
        then = plan.state_after(outcome.done) if task.check_mode else after
        if file and then:
            try:
                if not task.check_mode:
                    file.put_back(newly_staged(file.record, outcome.done, then))
                # Whoever is no user any more is through.
                file.keep(file.record.without(set(file.record.leavers) - {user.id for user in then.users}))
            except N8nError as error:
                # What was done is done, and the next run tidies up.
                task.warnings.append(str(error))
        return {"users": leaver_results(people, departure, plan, outcome.done, outcome.deliveries, after)}

    outcome = task.carry_out(plan, report=report, prepare=begin)
    return {**report(outcome), **task.plan_result()}


def _again(task: Task, needs: Needs) -> State | None:
    """Return what there is after the changes, which proves them, or None where n8n does not answer any more."""
    try:
        return task.read(replace(needs, folders=False))
    except N8nError as error:
        task.warnings.append(f"What is left to the leavers could not be looked at, and is worked out: {error}")
        return None


def _record(params: Mapping[str, Any], task: Task) -> RecordFile | None:
    """Return the record of who leaves in two steps, and None for those who leave at once."""
    if params["action"] == STAGED:
        if not params["state_path"]:
            raise InputError("action=staged needs state_path, the path of the record of staged leavers.")
        file = RecordFile(params["state_path"], task.url, task.check_mode)
        task.besides = file.diff
        return file
    idle = [name for name in ("state_path", "grace_days", "now") if params[name] is not None]
    if idle:
        task.warnings.append(
            f"{' and '.join(idle)}: this is for action=staged. The action is {params['action']}, and the record stays as it is."
        )
    return None


def _staging(params: Mapping[str, Any], file: RecordFile) -> Staging:
    days = GRACE_DAYS if params["grace_days"] is None else params["grace_days"]
    return Staging(file.record, file.is_new, _now(params["now"]), days, file.path)


def _now(text: str | None) -> datetime:
    return datetime.now(timezone.utc) if text is None else moment(text, "now")


def main() -> None:
    """Run the module."""
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
