#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_access
short_description: Who is a user of n8n and a member of which projects, for the whole organisation in one task
version_added: 0.1.0
description:
  - Makes everybody in a list a user with an instance role and a member of projects with a role in each. The list is told person by
    person with O(users), project by project with O(projects), or both.
  - The server is read once, everything is planned before anything is written, and exactly that plan is carried out in few calls.
    Invitations go in batches of 250, additions and changes of role of a project in one call.
  - Nobody who is not listed, and no membership that is not listed, is touched, unless O(authority) or O(unlisted_users) says so.
  - A list never takes anything from the owner, from the user whose API key is used, or from the last admin of a project. They keep
    what they have, with a warning.
  - When a call fails, what does not depend on it is still carried out. The task fails at the end and says what was done, what failed
    and what was not tried; the next run does the rest. What a change starts from is read again
    right before it (the members of a project for eight removals at once, users for 25 changes at once), and what somebody
    else has changed since the plan was made is left alone and listed under RV(conflicts).
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  users:
    description:
      - The people. Everything that is wrong or contradictory in the lists is reported at once, before anything is asked of n8n.
      - At least one of O(users) and O(projects) is needed. A membership may be named in both, and then the roles must agree.
    type: list
    elements: dict
    suboptions:
      email:
        description:
          - The email of the person, in any case.
          - It has ASCII characters only, as all emails in n8n. Any other character is an error that names it.
          - n8n refuses to invite some addresses. A user who has no account yet needs an address that n8n accepts. Before the @ it has at most
            64 letters, digits, and the characters C(' _ + - .), and the apostrophe is not the last of them. The domain has a dot, and
            its last part has two letters or more and nothing else. The whole address has at most 253 characters.
          - If the lists name other addresses of users who have no account, the task fails before its first write, in check mode too. The
            error names each of these addresses and its place in the list.
          - The sign-in name of a guest in Entra ID, such as C(ada_example.com#EXT#@contoso.onmicrosoft.com), is refused. Use the mail address
            of the guest.
        type: str
        required: true
      role:
        description:
          - The instance role, V(member), V(admin) or V(chatUser), a full slug, or a custom role by its slug or display name.
          - Without it, or with a blank one, somebody who is there keeps theirs, and somebody who is invited becomes V(global:member).
          - The owner and the user whose API key is used keep theirs in any case, with a warning.
          - V(chatUser) takes away all memberships that are not listed; the plan lists these.
        type: str
      projects:
        description:
          - Names or ids of team projects, each with the role of the person in it, which is V(viewer), V(editor), V(admin), a full
            slug, or a custom role by its slug or display name.
          - Ansible does not resolve templates in the keys of a dictionary, so a name that is in a variable needs the whole dictionary
            to come out of a template, as in the examples.
          - Ansible removes a project whose role a template omits with C(default(omit)) before the module runs. The membership is then not
            listed.
          - With O(authority=authoritative), the person leaves all other team projects; an empty dictionary means all of them. Without
            the option nothing is said of the person's projects.
        type: dict
      granted_by:
        description:
          - The names of the rules that gave this person the role (C(role)) and the projects (C(projects), by project), and that denied
            projects (C(denied), by project). They appear in the reasons of the plan.
          - The filter P(lifecycle.n8n.n8n_access_from_rules#filter) returns it.
        type: dict
  projects:
    description:
      - The projects, each with its members.
      - One that is named here is created, if O(create_projects) allows it, also without members.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The exact name. With O(projects[].id) as well, the project of that id gets this name.
          - All names of projects in the lists are compared in Unicode form NFC. If two projects differ in the form only, name them by
            their ids.
          - If another project has this name, the task fails. To swap the names of two projects, rename one of them in a run of its own.
        type: str
      id:
        description: The id of a project that is there.
        type: str
      previous_names:
        description:
          - Names that the project had. If no project has the name, but one has a previous name, that one is renamed and keeps its members.
          - What the list calls another project is no previous name. To pass a name on, name both projects by their ids, or rename the first
            in one run, and take its O(projects[].previous_names) out before the next.
        type: list
        elements: str
        default: []
      members:
        description:
          - Emails or ids of the members, each with the role in the project, as in O(users[].projects).
          - With O(authority=authoritative), whoever is not named here, nor with this project in O(users), leaves the project; an empty
            dictionary means everybody. Without the option nothing is said of the project's members.
          - Somebody who is named only here and is no user yet is invited as V(global:member).
        type: dict
      authority:
        description: What O(authority) says, for this project.
        type: str
        choices: [additive, authoritative]
  authority:
    description:
      - V(additive) never removes anybody.
      - V(authoritative) removes, from a project with O(projects[].members), whoever is not named there, and from a user with
        O(users[].projects), the team projects that are not listed for that user. The user whose API key is used, who becomes the admin
        of a project that is created, leaves it or gets the listed role if the list names another admin.
      - That nobody at all is named is then an error, unless O(allow_empty=true).
    type: str
    choices: [additive, authoritative]
    default: additive
  unlisted_users:
    description:
      - What becomes of people whom the lists name nowhere.
      - V(keep) leaves them alone.
      - V(remove_memberships) takes them out of all team projects.
      - V(demote) gives them the instance role V(global:chatUser), which takes them out of all team projects and deletes their keys of the API.
    type: str
    choices: [keep, remove_memberships, demote]
    default: keep
  create_users:
    description:
      - Whether to invite people who are no users yet. With V(false), such a person is an error.
    type: bool
    default: true
  create_projects:
    description:
      - Whether to create projects that do not exist yet. With V(false), such a project is an error.
      - The user whose API key is used becomes the admin of a project that is created.
      - None is created for a person alone who is among O(ignored_users), and none because the personal project of somebody, which
        n8n calls like C(Ada Lovelace <ada@example.com>), is named among the projects of a person; that is an error.
    type: bool
    default: true
  allow_empty:
    description: Whether the lists may name nobody at all though O(authority) or O(unlisted_users) takes access from whoever is not named.
    type: bool
    default: false
  ignored_users:
    description:
      - Patterns of emails, in which C(*) stands for any text, C(?) for any character and C([abc]) for one of those.
      - People whose email matches are neither touched nor counted, even if they are listed.
    type: list
    elements: str
    default: []
  protected_users:
    description:
      - Patterns of emails, as in O(ignored_users).
      - People whose email matches are never removed or demoted, and not counted by the brakes.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - How many removals and demotions one run may make. If the plan has more, the task fails before its first write, in check mode too,
        and shows the plan.
      - Counted is every membership that goes, every role in a project and every instance role that becomes a lower one. Where it is not
        known which of two roles is lower, as with custom roles, the change counts. Without it there is no such limit.
    type: int
  max_removal_percent:
    description:
      - How many removals and demotions, as in O(max_removals), one run may make in percent of the memberships before it. Protected and
        ignored people are left out of both numbers. If the plan has more, the task fails before its first write, in check mode too.
      - It holds for the whole instance, and for each project with more than three members where two or more would go. V(100) is no limit.
    type: float
    default: 20
  approve:
    description:
      - The RV(digest) of a plan that O(max_removals) or O(max_removal_percent) has stopped, and that somebody has looked at and means.
        Exactly that plan is let through.
    type: str
  only_approved:
    description:
      - Whether to carry out no other plan than that of O(approve). If the plan is another one by now, the task fails before its first
        write, in check mode too, and shows the plan. A plan without changes passes.
      - With the digest that a task in check mode has returned, exactly what was shown there is carried out, or nothing.
    type: bool
    default: false
  invites_path:
    description:
      - The full path of a file on the host where the module runs that gets the links of those who are invited, as a JSON object of emails and links.
      - It has mode 0600, and links that are in it already are kept. The links are secrets and are in no result of this module.
      - If n8n sends invitations by mail, it returns no links. Then do not set this option, because the module warns of pending users
        whose links are not in the file.
      - If n8n returns links and this option is not set, a warning names the users. The API does not show these links again. A new link
        comes from M(lifecycle.n8n.n8n_user) with O(lifecycle.n8n.n8n_user#module:resend_invite=true) and
        O(lifecycle.n8n.n8n_user#module:return_invite_url=true).
    type: path
  progress_path:
    description:
      - The path of a file on the host where the module runs that gets a line whenever a part of the plan is behind the run, with the
        time in UTC, the number of changes so far and of all. C(tail -f) shows how far a long run has come.
    type: path
  restore:
    description:
      - Whether people in the lists who are in the record O(state_path), because M(lifecycle.n8n.n8n_offboard) has begun to let them go
        with O(lifecycle.n8n.n8n_offboard#module:action=staged), get back the instance role and the memberships that they had, besides
        what the lists say. The record forgets them once they have everything.
      - A list that gives them another role than they had is an error. Projects are known by their ids. One that is gone is left out,
        with a warning, and is not created. So is a role that is gone, and where that was the instance role, the present one stays unless
        the lists name another.
      - API keys that n8n deleted cannot come back.
    type: bool
    default: false
  state_path:
    description:
      - The path of the record of staged leavers on the host where the module runs, as in
        O(lifecycle.n8n.n8n_offboard#module:state_path). A damaged one is an error, and so is one that is not there with O(restore=true).
      - Without O(restore=true) nothing in it changes, and whoever is in the lists and in the record is named in a warning.
    type: path
  option_names:
    description:
      - The names that messages use for options, as a dictionary of options and names. An option without an entry keeps its own name.
      - This is for roles that set options from their variables. Errors and warnings then name the variables, which the user can set.
    type: dict
notes:
  - n8n creates an account before it sends the invitation. If the mail server fails, or if n8n sends no mail and returns no link, the
    account exists and is pending, the user gets the memberships of the list, and a warning names the user and the remedy. Later runs
    cannot see whether n8n sent mail. RV(pending) names these users in every run.
  - If n8n refuses a batch of invitations because of an address, the task looks for the address in smaller batches. Each refused
    address is an error of its own, and all other users are invited.
  - Without any project in the lists, without O(unlisted_users), and without making anybody a V(chatUser), no project is read, so it
    works on the community edition of n8n. Only where an instance role is lowered, all memberships are read, to know the percentage.
  - The API key needs the scopes C(user:list), C(user:read), C(user:create), C(user:changeRole), C(project:list), C(project:create),
    and C(project:manageMembers) (C(project:update) before n8n 2.37), and C(project:update) to give a project another name. With
    C(role:list) as well, roles that the licence does not include are found out before anything is written.
seealso:
  - module: lifecycle.n8n.n8n_access_info
  - module: lifecycle.n8n.n8n_offboard
  - module: lifecycle.n8n.n8n_project_member
"""

EXAMPLES = r"""
- name: Two people and what they work on
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        role: member
        projects:
          Sales: editor
          Marketing: viewer
      - email: grace@example.com
        projects:
          Sales: admin
  register: access

- name: What has changed
  ansible.builtin.debug:
    msg: "{{ access.plan | lifecycle.n8n.n8n_plan_lines }}"

- name: Sales has these members and no others, whatever it was called before
  lifecycle.n8n.n8n_access:
    projects:
      - name: Sales EMEA
        previous_names:
          - Sales
        members:
          ada@example.com: editor
          grace@example.com: admin
        authority: authoritative
    protected_users:
      - "*@partner.example.com"

- name: See what it would take to follow a list in everything
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        projects:
          Marketing: editor
      - email: grace@example.com
        projects:
          Marketing: admin
    authority: authoritative
    unlisted_users: remove_memberships
    max_removals: 50
    max_removal_percent: 100
  check_mode: true

- name: Ada is back before her account was deleted, and gets everything again that she had
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
    restore: true
    state_path: leavers.json
  when: "'leavers.json' is file"

- name: A project whose name is in a variable
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        projects: "{{ dict([[project_name, 'viewer']]) }}"
  vars:
    project_name: Sales & Marketing
"""

RETURN = r"""
plan:
  description: The changes, in the order in which they are made, in check mode those that would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: add_member
      user: ada@example.com
      user_id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      project: Sales
      project_id: 2GFDWJBjrvaj1y08
      before: null
      after: project:viewer
      reason: is no member yet
  contains:
    action:
      description: "One of V(invite_user), V(create_project), V(rename_project), V(add_member), V(change_member_role), V(change_user_role), V(remove_member)."
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
    invite_user: 1
    create_project: 0
    rename_project: 0
    add_member: 2
    change_member_role: 0
    change_user_role: 0
    remove_member: 0
digest:
  description:
    - SHA-256 over the address of the server and the changes. The same plan has the same digest, whatever its reasons.
  returned: always
  type: str
  sample: 3d5a2ffa0a37ad2a6ef6b19d0b5b7a4a3c4c5f0e8cd2b6a9a3d6f2f8e1a7c9b0
pending:
  description:
    - The users of the lists who exist and have not accepted their invitation, sorted by C(user). Users whom this run invites are in the
      RV(plan) instead. Users who match O(ignored_users) are left out.
    - An empty list if there are no such users. Check mode returns the same list.
  returned: always after planning
  type: list
  elements: dict
  sample:
    - user: grace@example.com
      user_id: 5c1d7f0e-1b2c-4d0b-8b7e-0a6b6e3a9c11
      invited_at: "2026-11-01T02:03:04Z"
  contains:
    user:
      description: The email of the user.
      type: str
    user_id:
      description: The id of the user.
      type: str
    invited_at:
      description: The time of the first invitation in UTC.
      type: str
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
unmatched:
  description:
    - The patterns and names in the task that match nothing, which a misspelling may have caused. They are no error.
  returned: always
  type: dict
  sample:
    protected_users: []
    ignored_users: ["*@partner.exmaple.com"]
    denied_projects: [Attic]
  contains:
    protected_users:
      description: The patterns of O(protected_users) that match neither a user of n8n nor a person of the lists.
      type: list
      elements: str
    ignored_users:
      description: The patterns of O(ignored_users) that match neither a user of n8n nor a person of the lists.
      type: list
      elements: str
    denied_projects:
      description: The projects in C(denied) of O(users[].granted_by) that neither exist nor are created by the plan.
      type: list
      elements: str
restored:
  description: Who has come back, in check mode who would.
  returned: when O(restore=true)
  type: list
  elements: dict
  contains:
    email:
      description: The email in lower case.
      type: str
    id:
      description: The id of the user who left.
      type: str
    since:
      description: When they left, in UTC.
      type: str
    role:
      description: The instance role that they had.
      type: str
    memberships:
      description: The memberships that they had and have again, each with the C(id) and C(name) of the project then and the C(role) in it.
      type: list
      elements: dict
    gone:
      description: The memberships in projects or with roles that are gone, which they do not get back.
      type: list
      elements: dict
done:
  description: The changes that were made, where some failed those before or beside these. In check mode there are none.
  returned: always
  type: list
  elements: dict
errors:
  description: The changes that failed, with what n8n said and the people concerned.
  returned: when the task failed after planning
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
  description: The changes that need those that failed; all of them where the brakes or a missing scope stopped the task.
  returned: when the task failed after planning
  type: list
  elements: dict
reason:
  description:
    - The kind of failure, for programs. The message says what failed.
    - V(unreachable) if n8n could not be reached, or if what answered is not the API of n8n. V(invalid) if options are wrong, contradict each
      other, or cannot be applied to this n8n. V(refused) if n8n refused a request. V(incomplete_reading) if n8n did not show everything.
    - V(not_approved) if O(max_removals) or O(max_removal_percent) stopped the plan, or O(only_approved) did.
    - V(incomplete) if some changes failed. V(unanswered) if the answer to a write was lost.
    - V(locked) if another task held the lock of this n8n for more than 10 minutes. V(failed) for all other failures.
  returned: when the task failed
  type: str
  sample: unreachable
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..module_utils._desired.access_lists import access_request, desired_access
from ..module_utils._planning.removal_limits import RemovalLimits
from ..module_utils._executor.invitation_warnings import missing_links_note
from ..module_utils._leaving.leaver_record import LeaverRecord
from ..module_utils._leaving.restore import (
    RestoredUser,
    restore_check_request,
    restore_request,
    restore_notes,
    find_restored_users,
    is_about,
    missing_access,
    names_custom_roles,
    with_restored_access,
    without_lost_roles,
)
from ..module_utils._errors import InputError, N8nError
from ..module_utils._planning.findings import pending_users
from ..module_utils._storage.invite_file import InviteFile
from ..module_utils._module import OPTION_NAMES, Task, run_module
from ..module_utils._planning.planner import plan
from ..module_utils._storage.progress_file import ProgressFile
from ..module_utils._storage.record_file import RecordFile
from ..module_utils._planning.findings import unmatched
from ..module_utils._desired.desired import ADDITIVE, AUTHORITIES, KEEP, UNLISTED, ListPolicy
from ..module_utils._state.read_request import ReadRequest

USER: dict[str, Any] = {
    "email": {"type": "str", "required": True},
    "role": {"type": "str"},
    "projects": {"type": "dict"},
    "granted_by": {"type": "dict"},
}
PROJECT: dict[str, Any] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "previous_names": {"type": "list", "elements": "str", "default": []},
    "members": {"type": "dict"},
    "authority": {"type": "str", "choices": list(AUTHORITIES)},
}
ARGUMENT_SPEC: dict[str, Any] = {
    "users": {"type": "list", "elements": "dict", "options": USER},
    "projects": {
        "type": "list",
        "elements": "dict",
        "options": PROJECT,
        "required_one_of": [["name", "id"]],
    },
    "authority": {"type": "str", "choices": list(AUTHORITIES), "default": ADDITIVE},
    "unlisted_users": {"type": "str", "choices": list(UNLISTED), "default": KEEP},
    "create_users": {"type": "bool", "default": True},
    "create_projects": {"type": "bool", "default": True},
    "allow_empty": {"type": "bool", "default": False},
    "ignored_users": {"type": "list", "elements": "str", "default": []},
    "protected_users": {"type": "list", "elements": "str", "default": []},
    "max_removals": {"type": "int"},
    "max_removal_percent": {"type": "float", "default": 20},
    "approve": {"type": "str"},
    "only_approved": {"type": "bool", "default": False},
    "invites_path": {"type": "path"},
    "progress_path": {"type": "path"},
    "restore": {"type": "bool", "default": False},
    "state_path": {"type": "path"},
    **OPTION_NAMES,
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Make the lists true and return the plan."""
    policy = ListPolicy(
        params["authority"],
        params["unlisted_users"],
        protected=tuple(params["protected_users"]),
        ignored=tuple(params["ignored_users"]),
    )
    desired = desired_access(
        params["users"],
        params["projects"],
        policy,
        params["create_users"],
        params["create_projects"],
        params["allow_empty"],
    )
    limits = RemovalLimits(
        params["max_removals"], params["max_removal_percent"], params["approve"], params["only_approved"]
    )
    invites = InviteFile(params["invites_path"]) if params["invites_path"] else None
    progress = ProgressFile(params["progress_path"]) if params["progress_path"] else lambda made, planned, action: None
    restoring, file = params["restore"], _record(params, task)
    if file:
        task.extra_diff = file.diff
    request = restore_request(access_request(desired), file.record) if file and restoring else access_request(desired)
    state = task.read(request)
    restored_users = find_restored_users(file.record, desired, state) if file else []
    if restoring:
        if names_custom_roles(restored_users):
            restored_users = without_lost_roles(restored_users, task.roles_if_shown())
        desired = with_restored_access(desired, restored_users, state)
    planned = plan(state, desired)
    if limits.needs_all_members(planned, policy):
        planned = plan(task.read(replace(request, projects=True, projects_optional=True, members=())), desired)
    notes = restore_notes(restored_users, restoring, params["state_path"])
    planned = replace(planned, notes=(*planned.notes, *notes))
    task.set_plan(planned)
    pending = pending_users(planned.state, desired)
    task.findings.update(pending=pending, unmatched=unmatched(planned, desired))
    missing_links = missing_links_note(pending, invites.emails, invites.path) if invites else ""
    task.warnings += [missing_links] if missing_links else []
    limits.check(planned, policy)
    outcome = task.apply(planned, invites.add if invites else None, progress=progress)
    if file and restoring:
        # Who did not get everything can be given the rest by another run.
        unsettled = {conflict["user"] for conflict in outcome.conflicts}
        settled = [restored for restored in restored_users if restored.email not in unsettled]
        file.keep(file.record.without(restored.staged.id for restored in settled))
        if settled and not task.check_mode:
            _check_restored(task, file, settled, restore_check_request(request, settled))
    restored = {"restored": [restored.to_result() for restored in restored_users]} if restoring else {}
    return {**task.plan_result(), **restored}


def _check_restored(
    task: Task, file: RecordFile[LeaverRecord], restored_users: Sequence[RestoredUser], request: ReadRequest
) -> None:
    """Look whether users have what was returned to them, and put the entries of the others back into the record.

    Another task that shares no lock with this one may stage a user while this task restores the user. This look comes
    after the entry has left the record, so that the later one of the two tasks puts the entry back.
    """
    try:
        state = task.read(request)
    except N8nError as error:
        file.put_back([restored.staged for restored in restored_users])
        task.warnings.append(
            f"Whether the restored users have all access could not be looked at, so they stay in the record {file.path}: {error}"
        )
        return
    for restored in restored_users:
        missing = dict(missing_access(restored, state))
        if not missing:
            continue
        file.put_back([restored.staged])
        task.outcome.take_back(
            lambda change: is_about(change, restored, missing), "another task took this access away at the same time"
        )
        task.warnings.append(
            f"{restored.email} was restored, and another task took access away at the same time: {', '.join(missing.values())}. "
            f"The user stays in the record {file.path}. Make sure that no other task stages this user. Then run this task again."
        )


def _record(params: Mapping[str, Any], task: Task) -> RecordFile[LeaverRecord] | None:
    """Return the record of staged leavers, None where there is none to look at; raises InputError where there has to be."""
    if not params["state_path"]:
        if params["restore"]:
            raise InputError("restore=true needs state_path, the record of staged leavers.")
        return None
    file = RecordFile(params["state_path"], task.url, LeaverRecord.from_text, task.check_mode)
    if file.is_new and params["restore"]:
        raise InputError(
            f"There is no record of staged leavers in {params['state_path']}, so restore=true has nothing to give back: name the "
            "file that n8n_offboard keeps with action=staged."
        )
    return None if file.is_new else file


def main() -> None:
    """Run the module."""
    run_module(
        ARGUMENT_SPEC,
        run,
        required_one_of=[["users", "projects"]],
    )


if __name__ == "__main__":
    main()
