#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_offboard
short_description: Remove the access of leavers in bulk
version_added: 0.1.0
description:
  - Removes users from all team projects. If requested, it also lowers their instance role or deletes their accounts. Before that, it can
    transfer the resources that they own.
  - The module reads the server once for all leavers. If any of the requested changes is impossible, the task stops before the first write.
    If a write fails, only the changes of the user concerned stop.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
  - lifecycle.n8n.handover
options:
  users:
    description:
      - The leavers. Each is an email in upper or lower case, an id, or a dictionary with an C(email).
      - A user who does not exist is reported and is not an error. If a user with a similar email exists, a warning names that user.
    type: list
    elements: raw
    required: true
  action:
    description:
      - V(remove_memberships) removes the users from all team projects. They keep their accounts and the resources that they own. This can be
        undone. An admin of the instance can still see all projects, and a warning says so.
      - V(demote) also gives the users the instance role O(demote_role). This deletes their API keys, but not their keys for MCP. The
        resources that they own are transferred first if O(transfer_to) is set. Without O(transfer_to), the users can still read these
        resources, and a warning says so. V(demote) needs an n8n license with advanced permissions.
      - V(delete) deletes the users. n8n would destroy their workflows, credentials and data tables together with them. So V(delete) is
        refused while a user owns such resources, unless O(transfer_to), O(data_tables) or O(delete_resources) defines how to handle them.
        It is also refused if the module cannot see the resources of the user.
      - The module cannot be sure that n8n before 2.36 shows the data tables of other users. On such a server, V(delete) deletes an active
        user only with O(data_tables=delete) or O(delete_resources=true).
      - V(staged) does the same as V(demote) at once, and records in O(state_path) the access that the users had. The first run after
        O(grace_days) days transfers the resources and deletes the users, as V(delete) does.
      - If a staged user returns before the deletion, the role P(lifecycle.n8n.onboard#role) restores all access with C(onboard_restore).
        A staged user who has access again when the grace period ends is not deleted. The access is removed again, and the grace period
        starts again.
      - Each action is refused for the owner and for the user whose API key is used. If a user is the last admin of a project, O(successor)
        becomes an admin first. Without O(successor), the task stops before its first write.
      - With V(demote) and V(staged), a user who has not accepted the invitation and owns nothing is deleted at once, because the link of
        the invitation would stay valid after a demotion. If this is impossible, RV(impossible) says why, everything else is done, and
        the task fails at the end.
    type: str
    choices: [remove_memberships, demote, delete, staged]
    default: remove_memberships
  demote_role:
    description:
      - The instance role for V(demote) and V(staged). It is V(chatUser) or a custom role without scopes, which is stricter. In both cases,
        users become V(global:chatUser) first, because only this change deletes their API keys.
      - A role with scopes is refused. For a custom role, n8n has to list its roles (2.36 and later), and the key needs C(role:list).
      - The option never promotes a user. A user whose custom role has no scopes keeps it, with a warning, and is removed from the
        projects.
      - The record of leavers stores the role, so that M(lifecycle.n8n.n8n_access) keeps it for users in the record.
    type: str
    default: chatUser
  successor:
    description:
      - The email of the user who becomes an admin of projects whose last admin is a leaver, or a dictionary of project names or ids and emails.
      - An id takes precedence over a name. Names are compared in Unicode form NFC.
      - A user in the record of leavers (O(state_path)) cannot be the successor. The task then fails before its first write.
    type: raw
  state_path:
    description:
      - The path of the record of leavers, a JSON file on the host where the module runs. It contains no secrets and can be stored in
        version control. Each n8n server has its own record. If the record changes, the task is reported as changed.
      - O(action=staged) needs the record. With the other actions, the record keeps the entry of a deleted user under the email, so that
        the roles P(lifecycle.n8n.sync#role) and P(lifecycle.n8n.onboard#role) do not invite this person again. An entry that
        M(lifecycle.n8n.n8n_access) made becomes one of this module, and keeps its date.
      - An email in O(users) that is in the record means the account of this entry, even if the account has another email now, and a
        warning names both. If another account has this email now, the email means that account, and a warning names the email of the
        account in the record.
      - A user in the record cannot receive resources (O(transfer_to)) or become an admin (O(successor)). The task then fails before its
        first write.
      - An entry ends, with a warning, if its account was deleted by other means, or if a new account has the email of a deleted one.
      - If the record does not exist, the first run that stages or deletes a user creates it, and a warning says so. With O(action=staged),
        the warning lists the users of this run who already look staged. Such a user has no projects and no role above O(demote_role).
        Their grace period begins with this run. If these users were staged before, restore the last record.
      - If the record is damaged, or contains a date in the future for one of O(users), the task fails and deletes no user. The record
        contains emails in upper or lower case, and C(deleted) must be true or false.
      - If a user looks staged and is not in an existing record, a warning names the user, because the record may be outdated. The grace
        period of this user begins.
      - If a user in the record gets access again, the record then contains this access. It also keeps the recorded memberships that the
        user has not got back.
    type: path
  grace_days:
    description: The number of days from the first step of V(staged) to the deletion. The default is 30. Only O(action=staged) uses it.
    type: int
  now:
    description:
      - The time, such as V(2026-12-24) or V(2026-12-24T09:30:00Z), that decides whose grace period is over. It is in UTC, unless it
        contains another time zone. The default is the present time. Only O(action=staged) uses it.
      - This option is for tests. Use a separate record for them.
    type: str
  max_removals:
    description:
      - The maximum number of removals and demotions in one run. If the plan has more, the task fails before its first write, in check
        mode too, and returns the plan.
      - Each removed membership, each lower instance role and each deleted user counts as one.
      - If this option is omitted, there is no such limit, because the task names each leaver.
    type: int
  max_removal_percent:
    description:
      - The maximum number of removals and demotions in one run, as a percentage of the memberships and users before the run. The limit
        applies to the whole instance. It also applies to each project that has more than three members, if the plan removes two or
        more of them. V(100) means that there is no limit.
    type: float
    default: 100
  approve:
    description:
      - The RV(digest) of a plan that a person has reviewed. O(max_removals) and O(max_removal_percent) then allow exactly this plan.
      - New and changed entries of the record of leavers belong to the plan as well.
    type: str
  only_approved:
    description:
      - Whether to carry out only the plan whose digest is in O(approve). If the plan has changed since then, the task fails before its first
        write, in check mode too, and returns the plan. A plan without changes of n8n and of the record of leavers is allowed.
    type: bool
    default: false
  option_names:
    description:
      - The names that messages use for options, as a dictionary of options and names. An option without an entry keeps its own name.
      - This option is for roles that set options from their variables. Errors and warnings then name the variables, which the user can
        set.
    type: dict
notes:
  - n8n deletes more with a user than its API lists, such as agents and the chats of the chat hub. If a plan deletes a user, a warning names
    these objects, in check mode too.
  - Team projects need an n8n license that includes them.
  - The API key needs the scopes C(user:list), C(user:read), C(project:list), and C(project:manageMembers) (C(project:update) before
    n8n 2.37). V(demote) and V(staged) also need C(user:changeRole) and C(user:delete), and V(delete) needs C(user:delete). To see the
    resources of users, the key needs C(workflow:list), C(credential:list) and C(dataTable:list). O(transfer_to), O(data_tables) and
    O(delete_resources) need the same scopes as in M(lifecycle.n8n.n8n_user).
seealso:
  - module: lifecycle.n8n.n8n_access
  - module: lifecycle.n8n.n8n_user
"""

EXAMPLES = r"""
- name: Remove two users from all projects
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
      - grace@example.com
  register: offboarded

- name: Show the access that each user lost
  ansible.builtin.debug:
    msg: "{{ offboarded.users }}"

- name: Demote a user to a chat user, which deletes the API keys of this user
  lifecycle.n8n.n8n_offboard:
    users:
      - linus@example.com
    action: demote

- name: Delete a user and transfer their resources to Sales
  lifecycle.n8n.n8n_offboard:
    users:
      - ada@example.com
    action: delete
    transfer_to: Sales
    data_tables: copy
    # Grace becomes an admin of each project whose last admin is Ada.
    successor: grace@example.com
"""

RETURN = r"""
users:
  description: The leavers, in the order in which the task lists them, each once.
  returned: always, even if a call failed, but not if the task failed before its first call
  type: list
  elements: dict
  sample:
    - email: ada@example.com
      id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      found: true
      similar: null
      action: remove_memberships
      changed: true
      memberships:
        - id: 2GFDWJBjrvaj1y08
          name: Sales
          role: project:viewer
  contains:
    email:
      description: The email in lower case. If the user does not exist, the email or id in the task.
      type: str
    id:
      description: The id of the user.
      type: str
    found:
      description: Whether the user exists.
      type: bool
    similar:
      description: If the user does not exist, the email of another user that may be meant, or V(null).
      type: str
    action:
      description: The requested action.
      type: str
    changed:
      description: Whether the task changed anything for this user. In check mode, whether it would.
      type: bool
    memberships:
      description: The memberships that were removed, each with the C(id) and C(name) of the project and the C(role) in it.
      type: list
      elements: dict
    transferred:
      description: The workflows and credentials that were transferred, each with C(type), C(id) and C(name).
      returned: always
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
      returned: always
      type: list
      elements: dict
    deleted:
      description: The resources that were destroyed, each with C(type), C(id) and C(name).
      returned: always
      type: list
      elements: dict
    lost_shares:
      description:
        - The users and projects that lost their share of a resource because it was transferred or deleted. Each entry has the C(type), C(id)
          and C(name) of the resource, the C(user) or the C(project) with its C(project_id), and the C(role) of the share.
        - For a credential, C(workflows) lists the workflows of this user or project that use it.
      returned: always
      type: list
      elements: dict
    residual_access:
      description:
        - The access that the user still has, read from n8n after the run. In check mode, it is calculated from the plan.
        - Each entry has a C(type), an C(id), a C(name) and a C(role). The type is V(instance_role), V(membership), V(workflow),
          V(credential), V(data_table), V(shared_workflow), V(shared_credential), V(invitation), V(api_keys) or V(unseen).
        - V(invitation) means that the user is pending and can still accept the invitation. V(api_keys) means that the user may have keys,
          which n8n does not show. V(unseen) has the reason why the user may have more access.
        - An empty list means that the user has no access, because the account no longer exists.
      returned: always
      type: list
      elements: dict
      sample:
        - type: instance_role
          id: null
          name: global:chatUser
          role: null
    staged:
      description: The time of the first step (C(since)) and the time from which the account is deleted (C(due)), in UTC.
      returned: when O(action=staged)
      type: dict
plan:
  description: The changes, in the order in which they are made. In check mode, the changes that would be made.
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
      reason: is a leaver
  contains:
    action:
      description:
        - The kind of the change.
        - One of V(add_member), V(change_member_role), V(unpublish_workflow), V(transfer_credential), V(transfer_workflow), V(copy_table),
          V(delete_table), V(change_user_role), V(remove_member), V(delete_user), V(delete_credential), V(delete_workflow),
          V(delete_variable).
      type: str
    user:
      description: The email of the user concerned.
      type: str
    user_id:
      description: The id of this user, or V(null) for a user who is not invited yet.
      type: str
    project:
      description: The name of the project concerned.
      type: str
    project_id:
      description: The id of this project, or V(null) for a project that is not created yet.
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
      description: The C(type), C(id) and C(name) of the resource concerned. C(user) owns it. If it is transferred, C(project) receives it.
      returned: for changes of a resource
      type: dict
summary:
  description: The number of changes of each action.
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
    - The SHA-256 digest of the URL of the server and of the changes. Equal plans have equal digests, even if the reasons of their
      changes differ.
    - New and changed entries of the record of leavers are changes in this sense.
  returned: always
  type: str
  sample: 3d5a2ffa0a37ad2a6ef6b19d0b5b7a4a3c4c5f0e8cd2b6a9a3d6f2f8e1a7c9b0
record_changes:
  description:
    - The ids of the users whose entries in the record of leavers are new or changed, C(end) and an id for each entry that ends, and
      C(create the record) if a list creates it. They are part of RV(digest).
  returned: always after planning
  type: list
  elements: str
  sample: [0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51]
impossible:
  description:
    - What cannot be done for leavers. The task does everything else and fails at the end. RV(reason) is then V(incomplete).
  returned: always after planning
  type: list
  elements: dict
  contains:
    user:
      description: The email of the leaver.
      type: str
    user_id:
      description: The id of the leaver.
      type: str
    project:
      description: The name of the project whose last admin the leaver stays, or V(null).
      type: str
    project_id:
      description: The id of this project, or V(null).
      type: str
    reason:
      description: What is impossible, and the remedy.
      type: str
conflicts:
  description:
    - Changes that were not made, because another user or task changed the same thing after the server was read. C(reason) says what
      was changed.
  returned: always
  type: list
  elements: dict
requests:
  description: The number of HTTP requests that the task made. Each page of a list is one request.
  returned: always
  type: int
  sample: 7
server:
  description: The URL of the server.
  returned: always
  type: str
  sample: https://n8n.example.com
done:
  description: The changes that were made, even if others failed. In check mode, the list is empty.
  returned: always
  type: list
  elements: dict
errors:
  description: The failed calls, each with the message of n8n and the users concerned.
  returned: when the task failed after planning
  type: list
  elements: dict
  contains:
    error:
      description: The operation that n8n rejected, the message of n8n, and the remedy.
      type: str
    users:
      description: The emails of the users concerned.
      type: list
      elements: str
    changes:
      description: The changes that the failed call was to make.
      type: list
      elements: dict
not_tried:
  description:
    - The changes that were not tried, because they depend on changes that failed.
    - If the task stopped before its first write, for example because of a missing scope, the list has all changes of the plan.
  returned: when the task failed after planning
  type: list
  elements: dict
reason:
  description:
    - The kind of failure, for programs. The message describes the failure.
    - V(unreachable) if n8n could not be reached, or if the response did not come from the API of n8n.
    - V(invalid) if options are wrong, contradict each other, or cannot be applied to this n8n server.
    - V(refused) if n8n refused a request.
    - V(incomplete_reading) if n8n did not return all data.
    - V(not_approved) if the plan exceeds O(max_removals) or O(max_removal_percent), or if O(only_approved) stopped it.
    - V(incomplete) if some changes failed or were impossible.
    - V(unanswered) if the response to a write request was lost.
    - V(locked) if another task held the lock of this n8n server for more than 10 minutes.
    - V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..module_utils._changes.outcome import Outcome
from ..module_utils._desired.desired import ListPolicy
from ..module_utils._desired.handover_options import HANDOVER_OPTIONS, handover_options_from
from ..module_utils._errors import InputError, N8nError
from ..module_utils._executor.task import Task
from ..module_utils._leaving.grace_period import GRACE_DAYS, GracePeriod, with_demoted_roles
from ..module_utils._leaving.leaver_options import (
    LEAVER_ACTIONS,
    STAGED,
    LeaverOptions,
    deletes_pending,
    find_leavers,
    leaver_references,
    leaver_request,
    successors,
    wants_roles,
    with_recorded_emails,
)
from ..module_utils._leaving.leaver_planner import plan_leavers
from ..module_utils._leaving.leaver_record import LeaverRecord, begun_entries
from ..module_utils._leaving.leaver_result import leaver_results
from ..module_utils._module import OPTION_NAMES, ModuleDefinition, run_module
from ..module_utils._planning.removal_limits import LIMIT_OPTIONS, RemovalLimits
from ..module_utils._recording.record import (
    by_offboard,
    creation_note,
    ended_entries,
    impossible_result,
    open_record,
    raise_impossible,
    update_after_offboarding,
    with_deletions,
)
from ..module_utils._state.model import State
from ..module_utils._state.read_request import ReadRequest
from ..module_utils._storage.record_file import RecordFile

ARGUMENT_SPEC: dict[str, Any] = {
    "users": {"type": "list", "elements": "raw", "required": True},
    "action": {"type": "str", "choices": list(LEAVER_ACTIONS), "default": LEAVER_ACTIONS[0]},
    "demote_role": {"type": "str", "default": "chatUser"},
    **HANDOVER_OPTIONS,
    "successor": {"type": "raw"},
    "state_path": {"type": "path"},
    "grace_days": {"type": "int"},
    "now": {"type": "str"},
    # There is no limit by default, because the task names each leaver.
    **{**LIMIT_OPTIONS, "max_removal_percent": {"type": "float", "default": 100}},
    **OPTION_NAMES,
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Remove the access of the leavers, and return the lost and the remaining access of each leaver."""
    references = leaver_references(params["users"])
    limits = RemovalLimits.from_options(params)
    file = _record(params, task)
    now = task.time(params["now"])
    leaver_options = LeaverOptions(
        params["action"],
        params["demote_role"],
        handover_options_from(params),
        successors(params["successor"]),
        _staging(params, now, file) if file and params["action"] == STAGED else None,
        record=file.record if file else None,
    )
    request = leaver_request(references, leaver_options)
    state = task.read(request)
    people = find_leavers(state, references, leaver_options.entries)
    if deletes_pending(people, leaver_options):
        leaver_options = replace(leaver_options, can_delete=not task.api.missing_scopes({"delete_user"}))
    if state.roles is None and wants_roles(people, leaver_options):
        state = replace(state, roles=task.roles_if_shown())
    plan = plan_leavers(state, people, leaver_options)
    leaver_options = leaver_options.with_planned_record(plan, people)
    task.findings["impossible"] = impossible_result(plan, params["option_names"])
    ended: list[str] = []
    if file:
        ended, notes = ended_entries(file, state)
        created = creation_note(file, plan) if leaver_options.grace_period is None else ""
        task.warnings += [*filter(None, [created]), *notes]

    recorded = file.record if file else LeaverRecord(task.url)
    record = leaver_options.grace_period.record if leaver_options.grace_period else file.record if file else None
    stored: LeaverRecord | None = None
    if record is not None:
        users = [person.user for person in people if person.user]
        record = with_demoted_roles(by_offboard(record, people), users, plan.changes)
        stored = with_recorded_emails(with_deletions(record, plan, now), recorded, state, references)
        plan = replace(plan, record_changes=tuple(begun_entries(recorded, stored)))
    task.set_plan(plan)
    limits.check(plan, ListPolicy())

    def store_record() -> None:
        if file and stored is not None:
            file.store(stored)

    def report(outcome: Outcome) -> dict[str, Any]:
        touched = outcome.done or outcome.errors
        after = None if task.check_mode else _read_after_changes(task, request) if touched else state
        then = plan.state_after(outcome.done) if task.check_mode else after
        if file and record is not None:
            update_after_offboarding(task, file, record, plan, outcome.done, then, request, ended)
        return {"users": leaver_results(people, leaver_options, plan, outcome.done, outcome.handover_outcomes, after)}

    outcome = task.apply(plan, report=report, prepare=store_record)
    result = report(outcome)
    raise_impossible(plan, outcome, result)
    return {**result, **task.plan_result()}


def _read_after_changes(task: Task, request: ReadRequest) -> State | None:
    """Return the state after the changes, which verifies them, or None if n8n no longer responds."""
    try:
        return task.read(replace(request, folders=False))
    except N8nError as error:
        task.warnings.append(
            f"The remaining access of the leavers could not be read from n8n, and is calculated: {error}"
        )
        return None


def _record(params: Mapping[str, Any], task: Task) -> RecordFile[LeaverRecord] | None:
    """Return the record of leavers, or None if there is none; raises InputError if action=staged requires one."""
    if params["action"] == STAGED and not params["state_path"]:
        raise InputError("action=staged requires state_path, the path of the record of leavers.")
    idle = [name for name in ("grace_days", "now") if params[name] is not None and params["action"] != STAGED]
    if idle:
        task.warnings.append(f"{' and '.join(idle)}: used only with action=staged. The action is {params['action']}.")
    return open_record(task, params["state_path"]) if params["state_path"] else None


def _staging(params: Mapping[str, Any], now: datetime, file: RecordFile[LeaverRecord]) -> GracePeriod:
    days = GRACE_DAYS if params["grace_days"] is None else params["grace_days"]
    return GracePeriod(file.record, file.is_new, now, days, file.path)


MODULE = ModuleDefinition(ARGUMENT_SPEC, run)


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
