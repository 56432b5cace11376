#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_user
short_description: Invite, change, and delete a user
version_added: 0.1.0
description:
  - Invites a user who does not exist yet, corrects the instance role of an existing user, or deletes a user.
  - To manage many users in one task, use M(lifecycle.n8n.n8n_access) or M(lifecycle.n8n.n8n_offboard), which read the server once.
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
  - lifecycle.n8n.handover
options:
  email:
    description:
      - The email of the user, in upper or lower case.
      - One of O(email) and O(id) is required. A new user can only be invited by email.
      - n8n refuses to invite some addresses. O(lifecycle.n8n.n8n_access#module:users[].email) describes the addresses that it accepts. If
        the task would invite any other address, it fails before its first write.
    type: str
  id:
    description:
      - The id of an existing user.
    type: str
  role:
    description:
      - The instance role. It is V(member), V(admin), V(chatUser), a full slug like V(global:member), or the slug or display name of a
        custom role.
      - If the role is omitted, an existing user keeps the present role, and an invited user gets V(global:member).
      - V(global:chatUser) removes all memberships of the user in team projects. It also deletes the API keys of the user, but not the keys
        for MCP.
      - The roles of the owner and of the user whose API key is used cannot be changed.
      - To change a role or to invite an admin, n8n needs a license with advanced permissions.
    type: str
  state:
    description:
      - V(present) invites a user who does not exist. A pending invitation is not sent again, unless O(resend_invite=true).
      - V(absent) deletes the user. n8n would destroy the workflows, credentials and data tables of the user together with the account. So
        V(absent) is refused while the user owns such resources, unless O(transfer_to), O(data_tables) or O(delete_resources) defines how to
        handle them.
      - V(absent) is also refused if the module cannot see the resources of the user. The module cannot be sure that n8n before 2.36 shows
        the data tables of other users. On such a server, the deletion of an active user needs O(data_tables=delete) or
        O(delete_resources=true). The community edition shows no resources of a user, so the deletion of an active user needs
        O(delete_resources=true) there.
      - V(absent) is also refused for the last admin of a project.
      - If the user does not exist, V(absent) changes nothing. If a user with a similar email exists, a warning names that user. For this
        warning, the key needs the scope C(user:list).
    type: str
    choices: [present, absent]
    default: present
  resend_invite:
    description:
      - Whether to send a pending invitation again. This creates a new link (n8n 2.8 sends the same link). Every run is reported as changed.
      - n8n also shows users of single sign-on as pending. This option sends them an invitation as well.
      - The task fails if n8n cannot send the mail.
    type: bool
    default: false
  return_invite_url:
    description:
      - Whether to return RV(user.invite_url). It is a secret, because any person who has it can take over the account. Use this option with
        C(no_log=true).
      - If n8n returns a link and this option is V(false), a warning names the user. The API does not show the link again.
      - If this option is V(true), and the user is already pending, for example because an earlier task was stopped before it returned the
        link, a warning says how to get a new link.
    type: bool
    default: false
notes:
  - n8n deletes more with a user than its API lists, such as agents and the chats of the chat hub. If a plan deletes a user, a warning names
    these objects, in check mode too.
  - n8n creates an account before it sends the invitation. If the mail server fails, or if n8n neither sends a mail nor returns a link, the
    account exists and is pending, and a warning names the user and the remedy.
  - With O(state=present) the module reads no projects, so it works on the community edition of n8n.
  - The API key needs the scopes C(user:read), C(user:create) and C(user:changeRole). For O(state=absent) it needs C(user:delete),
    C(user:list), C(project:list), C(workflow:list), C(credential:list) and C(dataTable:list). O(transfer_to) also needs C(credential:move)
    and C(workflow:move). O(data_tables=copy) also needs C(dataTable:create), C(dataTable:update), C(dataTable:delete),
    C(dataTableRow:read) and C(dataTableRow:create). O(data_tables=delete) also needs C(dataTable:delete). O(delete_resources) for a
    user with published workflows also needs C(workflow:deactivate).
seealso:
  - module: lifecycle.n8n.n8n_access
  - module: lifecycle.n8n.n8n_offboard
"""

EXAMPLES = r"""
- name: Delete a user and transfer their resources to Sales
  lifecycle.n8n.n8n_user:
    email: barbara@example.com
    state: absent
    transfer_to: Sales

- name: Create a user with a role
  lifecycle.n8n.n8n_user:
    email: ada@example.com
    role: member

- name: Create a new invitation link
  lifecycle.n8n.n8n_user:
    email: ada@example.com
    resend_invite: true
    return_invite_url: true
  register: ada
  no_log: true

- name: Delete a user who owns nothing
  lifecycle.n8n.n8n_user:
    email: ada@example.com
    state: absent
"""

RETURN = r"""
user:
  description:
    - The user. In check mode, the user as it would be.
    - After a deletion, the user as it was.
  returned: when the user exists, or existed before it was deleted
  type: dict
  sample:
    id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
    email: ada@example.com
    role: global:member
    is_pending: true
    first_name: null
    last_name: null
  contains:
    id:
      description: The id. In check mode, V(null) for a user who would be invited.
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
    invite_url:
      description: The invitation link, which is a secret.
      type: str
      returned: with O(return_invite_url=true), when this task made an invitation and n8n did not send it by mail
transferred:
  description: The workflows and credentials that were transferred, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the user existed
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
  returned: when O(state=absent) and the user existed
  type: list
  elements: dict
deleted:
  description: The resources that were destroyed, each with C(type), C(id) and C(name).
  returned: when O(state=absent) and the user existed
  type: list
  elements: dict
lost_shares:
  description:
    - The users and projects that lost their share of a resource because it was transferred or deleted. Each entry has the C(type), C(id)
      and C(name) of the resource, the C(user) or the C(project) with its C(project_id), and the C(role) of the share.
    - For a credential, C(workflows) lists the workflows of this user or project that use it.
  returned: when O(state=absent) and the user existed
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
  returned: when O(state=absent) and the user existed
  type: list
  elements: dict
  sample:
    - type: instance_role
      id: null
      name: global:chatUser
      role: null
requests:
  description: The number of HTTP requests that the task made. Each page of a list is one request.
  returned: always
  type: int
  sample: 2
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

from ..module_utils._changes.outcome import Outcome
from ..module_utils._desired.desired import FAIL, INVITE, DesiredState, DesiredUser, user_reference
from ..module_utils._desired.handover_options import (
    HANDOVER_OPTIONS,
    HandoverOptions,
    handover_options_from,
)
from ..module_utils._errors import N8nError
from ..module_utils._executor.invitation_warnings import lost_link_note
from ..module_utils._executor.task import Task
from ..module_utils._module import ModuleDefinition, run_module
from ..module_utils._planning.deletion import possible_calls
from ..module_utils._planning.planner import plan
from ..module_utils._state.model import User
from ..module_utils._state.read_request import ALL, ReadRequest
from ..module_utils._state.residual_access import residual_access

ARGUMENT_SPEC: dict[str, Any] = {
    "email": {"type": "str"},
    "id": {"type": "str"},
    "role": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **HANDOVER_OPTIONS,
    "resend_invite": {"type": "bool", "default": False},
    "return_invite_url": {"type": "bool", "default": False},
}


def desired_state(params: Mapping[str, Any]) -> DesiredState:
    """Return the desired state of the options."""
    which = "id" if params["email"] is None else "email"
    reference = user_reference(params[which], which, is_email=which == "email")
    user = DesiredUser(reference, params["role"], params["state"] == "present", source="role")
    return DesiredState(
        users=(user,),
        missing_users=INVITE if which == "email" else FAIL,
        resend_invite=params["resend_invite"],
        handover_options=handover_options_from(params),
    )


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Apply the options and return the user."""
    desired = desired_state(params)
    reference = desired.users[0].user
    absent = params["state"] == "absent"
    request = ReadRequest(users=(reference,), roles=desired.needs_role_lookup)
    state = task.read(
        replace(request, also=_deletion(reference, desired.handover_options).calls) if absent else request
    )
    if absent and state.find_user(reference):
        state = task.read(_deletion(reference, desired.handover_options))
    elif absent:
        task.warn_of_similar_user(reference)
    changes = plan(state, desired)
    present_user = state.find_user(reference)
    if params["return_invite_url"] and not params["resend_invite"] and present_user and not absent:
        task.warnings += [lost_link_note(present_user.email)] if present_user.never_signed_in else []
    links: dict[str, str] = {}
    on_invite_links = links.update if params["return_invite_url"] else None
    outcome = task.apply_single(changes, on_invite_links, report=Outcome.handed_over)
    user = changes.user_after(reference, outcome.user_ids)
    if user is None:
        return {}
    link = links.get(user.email)
    result: dict[str, Any] = {"user": {**user.to_result(), **({"invite_url": link} if link else {})}}
    if absent:
        remaining_user = None if task.check_mode else _remaining_user(task, user)
        result.update(
            outcome.handed_over(), residual_access=residual_access(state, remaining_user) if remaining_user else []
        )
    return result


def _deletion(reference: str, handover_options: HandoverOptions) -> ReadRequest:
    """Return the data that has to be read before a user is deleted."""
    return ReadRequest(
        users=(reference,),
        all_users=True,
        projects=True,
        projects_optional=True,
        members=ALL,
        owned_items=True,
        folders=True,
        destinations=handover_options.destinations,
        also=possible_calls("user", handover_options),
    )


def _remaining_user(task: Task, user: User) -> User | None:
    """Return the deleted user if n8n still has that user. If n8n no longer responds, the deletion still counts."""
    try:
        return task.api.find_user(user.id)
    except N8nError as error:
        task.warnings.append(f"{user.email} was deleted, but the deletion could not be verified in n8n: {error}")
        return None


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, required_one_of=[("email", "id")], mutually_exclusive=[("email", "id")])


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
