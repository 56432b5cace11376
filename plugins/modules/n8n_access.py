#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_access
short_description: Manage users, projects, and project members in bulk
version_added: 0.1.0
description:
  - Gives each listed person an account with an instance role, and memberships in projects with a role in each. List the access by person
    with O(users), by project with O(projects), or both.
  - The module reads the server once, plans all changes before the first write, and then carries out exactly this plan in few calls. It
    sends invitations in batches of 250. It sends the additions and role changes of a project in one call.
  - Unlisted users and unlisted memberships are changed only if O(authority) or O(unlisted_users) requires it.
  - A list never removes access from the owner, from the user whose API key is used, or from the last admin of a project. They keep their
    access. A warning names them if the lists name them, or the members of a project in which they stay. O(successor) and O(authority)
    describe exceptions.
  - If a call fails, changes that do not depend on it are still carried out. The task fails at the end and reports which changes were
    made, which failed, and which were not tried. The next run makes the remaining changes.
  - Right before a change, the module reads the state again that the change starts from. It reads the members of a project for eight
    removals at once, and users for 25 changes at once. If another user or task has changed this state since the plan was made, the
    module does not make the change and lists it under RV(conflicts).
author:
  - lifecycle.n8n contributors (@lifecycle)
extends_documentation_fragment:
  - lifecycle.n8n.attributes
  - lifecycle.n8n.attributes.execution
  - lifecycle.n8n.connection
  - lifecycle.n8n.action_group
options:
  users:
    description:
      - The people. All errors and contradictions in the lists are reported at once, before the first request to n8n.
      - At least one of O(users) and O(projects) is required. If a membership is in both lists, its roles must agree.
    type: list
    elements: dict
    suboptions:
      email:
        description:
          - The email of the person, in upper or lower case.
          - It consists of ASCII characters only, as all emails in n8n do. Any other character is an error. The error names the character.
          - n8n refuses to invite some addresses. A person who has no account yet needs an address that n8n accepts. The part before the @
            has at most 64 letters, digits, and the characters C(' _ + - .), and does not end with an apostrophe. The domain contains a dot,
            and its last part consists of two or more letters. The whole address has at most 253 characters.
          - If the lists contain other addresses of people who have no account, the task fails before its first write, in check mode
            too, unless O(skip_refused_addresses=true). The error names each of these addresses and its position in the list.
          - The sign-in name of a guest in Entra ID, such as C(ada_example.com#EXT#@contoso.onmicrosoft.com), is refused. Use the mail address
            of the guest.
        type: str
        required: true
      role:
        description:
          - The instance role. It is V(member), V(admin), V(chatUser), a full slug, or the slug or display name of a custom role.
          - If the role is omitted or blank, an existing user keeps the present role, and an invited user gets V(global:member).
          - The owner and the user whose API key is used always keep their roles, and a warning says so.
          - V(chatUser) removes all memberships that are not listed. The plan lists these memberships.
        type: str
      projects:
        description:
          - Names or ids of team projects, each with the role of the person in it. The role is V(viewer), V(editor), V(admin), a full
            slug, or the slug or display name of a custom role.
          - Ansible does not resolve templates in the keys of a dictionary. If the name of a project is in a variable, use a template for
            the whole dictionary, as in the examples.
          - If a template omits the role of a project with V(default(omit\)), Ansible removes the project before the module runs. The
            membership is then not listed.
          - With O(authority=authoritative), the person is removed from all other team projects. An empty dictionary then removes the person
            from all team projects.
          - If this option is omitted, the entry does not manage the projects of the person.
          - 'In place of a role, a dictionary gives the role for some time: C({role: editor, from: 2026-12-01, until: 2027-01-31}). A date is a
            day in UTC, or an instant with time and zone, and is included. Before C(from), the grant gives nothing. After C(until), the
            membership is removed, with O(authority=additive) too.'
          - 'C({state: absent}) removes the membership, with O(authority=additive) too. C(role) is accepted beside it and ignored.
            If the user or project does not exist, and one with a similar email or name does, a warning names it.'
          - Several such dictionaries in a list are grants of which the first one in force counts. C(granted_by) in each of them names the
            rule or exception.
          - A person whose grants are all inactive, and who has no O(users[].role), is not invited. A project that is named only by inactive
            grants need not exist and is not created.
        type: dict
      status:
        description:
          - What the source of the list says about the person. The role P(lifecycle.n8n.sync#role) always sets it.
          - V(present) people get what the entry gives. If an entry of this module is in the record O(state_path), it ends.
          - V(unmatched) people are handled as O(unmatched_users) says, and V(leaver) people as O(unlisted_users) says.
          - With O(authority=authoritative) and O(unmatched_users=keep), an V(unmatched) person loses only the projects that O(users[].projects)
            removes by name.
        type: str
        choices: [present, unmatched, leaver]
      highest_role:
        description:
          - The highest instance role that the person may have. If the present role is higher, it becomes this one.
          - For a person with O(users[].status=leaver), this applies with O(unlisted_users=remove_memberships) only.
        type: str
      previous_emails:
        description:
          - Former emails of the person. If no account has O(users[].email) and exactly one account has a former email, that account is the
            person's. RV(address_changes) lists it.
          - If both accounts exist, the old one is handled as a leaver, and its resources go to the personal project of the new one, unless the
            new one leaves too.
          - If the account with a former email is that of the owner, of the user of the key, or of a protected or ignored user, it is only
            listed. The person is then not invited under O(users[].email).
        type: list
        elements: str
      granted_by:
        description:
          - The names of the rules that gave the role (C(role)) and each project (C(projects)) to this person, and of the rules that denied
            a project (C(denied)). The reasons of the plan contain these names.
          - C(account) is a rule that gives an account and nothing else. The person is then invited, even if no grant is in force.
          - C(row) is the number of the person in the source of the list. Errors name it in place of the index in O(users).
          - The filter P(lifecycle.n8n.n8n_access_from_rules#filter) returns this dictionary.
        type: dict
  projects:
    description:
      - The projects, each with its members.
      - A listed project that does not exist is created if O(create_projects) allows it, even if it has no members.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The exact name of the project. If O(projects[].id) is set too, the project with this id gets this name.
          - All project names in the lists are compared in Unicode form NFC. If the names of two projects differ only in their Unicode
            form, list the projects by id.
          - If another project has this name, the task fails. To swap the names of two projects, rename one of them in a separate run.
        type: str
      id:
        description: The id of an existing project.
        type: str
      previous_names:
        description:
          - Previous names of the project. If no project has the name, but a project has one of the previous names, that project is
            renamed and keeps its members.
          - A name that the list gives to another project cannot be a previous name. To give the name of one project to another project,
            list both projects by id. Or rename the first project in one run, and remove its O(projects[].previous_names) before the next
            run.
        type: list
        elements: str
        default: []
      members:
        description:
          - Emails or ids of the members, each with the role in the project, or with a dictionary, as in O(users[].projects).
          - With O(authority=authoritative), members are removed from the project if they are neither listed here nor listed with this
            project in O(users). With an empty dictionary, all members who are not listed with this project in O(users) are removed.
          - If this option is omitted, the entry does not manage the members of the project.
          - A person who is listed only here and has no account is invited as V(global:member).
        type: dict
      authority:
        description: The value of O(authority) for this project.
        type: str
        choices: [additive, authoritative]
  authority:
    description:
      - V(additive) removes only the memberships that the list ends by name, with C(state=absent) or with a grant that is over.
      - V(authoritative) removes unlisted members from each project that has O(projects[].members). It also removes each user who has
        O(users[].projects) from all team projects that are not listed for this user.
      - The user whose API key is used becomes the admin of each project that is created. If the list names another admin, V(authoritative)
        removes this user from the new project, or gives the user the listed role in it.
      - If the lists name no users, V(authoritative) is an error, unless O(allow_empty=true).
    type: str
    choices: [additive, authoritative]
    default: additive
  unlisted_users:
    description:
      - How to handle leavers. These are users whom the lists do not name, and people with O(users[].status=leaver).
      - V(keep) does not change them.
      - V(remove_memberships) removes them from all team projects.
      - V(demote) gives them the instance role V(global:chatUser). This removes them from all team projects and deletes their API keys.
      - V(staged) does the same, writes their former access into the record O(state_path), and deletes the account after O(grace_days) days.
        Before that, their resources move to O(transfer_to).
      - With V(demote) and V(staged), a leaver who has not accepted the invitation and owns nothing is deleted at once, because the link of
        the invitation would stay valid. With V(staged), the record keeps an entry under the email. The module invites this person again
        only if the list contains the person with another O(users[].status).
      - What is impossible for a leaver is in RV(impossible). Everything else is done, and the task fails at the end.
    type: str
    choices: [keep, remove_memberships, demote, staged]
    default: keep
  unmatched_users:
    description:
      - How to handle listed people with O(users[].status=unmatched), whom no rule matches. The values mean the same as in O(unlisted_users).
        So V(demote) also deletes people who have not accepted the invitation and own nothing.
    type: str
    choices: [keep, remove_memberships, demote]
    default: keep
  keep_unlisted:
    description:
      - Whether users whom the lists do not name are kept in this run, although O(unlisted_users) says otherwise.
      - The role P(lifecycle.n8n.sync#role) sets this option if a row of its source has no readable email. People with
        O(users[].status=leaver) are handled all the same.
    type: bool
    default: false
  grace_days:
    description:
      - The number of days from staging to the deletion of the account. The default is 30.
      - An entry of the record that this module made for a user whom it has deleted ends after the same number of days, with any value of
        O(unlisted_users).
    type: int
  transfer_to:
    description:
      - The project, or the email of the user, that gets the workflows and credentials of leavers who are deleted, as in
        O(lifecycle.n8n.n8n_offboard#module:transfer_to). Only O(unlisted_users=staged) deletes leavers. With V(demote), a warning says
        that the resources stay with the leavers.
      - A user who is a leaver or in the record does not get anything.
    type: str
  data_tables:
    description:
      - How to handle the data tables of leavers who are deleted, as in O(lifecycle.n8n.n8n_offboard#module:data_tables).
    type: str
    choices: [refuse, copy, delete]
    default: refuse
  successor:
    description:
      - The email of the user who becomes admin of projects whose last admin is a leaver, or a dictionary of projects and emails.
      - Without a successor, the leaver stays the admin of such a project and keeps the instance role, and the task fails at the end.
      - With O(unlisted_users=keep), this option requires O(state_path). It then applies to users in the record who have access again.
    type: raw
  missing_users:
    description:
      - How to handle listed people who have no account yet.
      - V(invite) invites them.
      - V(wait) lists them in RV(missing_users), and gives them their roles in a later run, once the account exists. This is for servers
        where single sign-on creates the accounts and n8n refuses invitations.
      - V(fail) is an error that names them.
    type: str
    choices: [invite, wait, fail]
    default: invite
  skip_refused_addresses:
    description:
      - Whether to leave out people without an account whose address n8n refuses to invite. RV(refused_addresses) lists them. Otherwise such
        an address is an error, as described in O(users[].email).
    type: bool
    default: false
  create_projects:
    description:
      - Whether to create projects that do not exist yet. With V(false), a project that does not exist is an error.
      - The user whose API key is used becomes the admin of a project that is created.
      - Projects listed only for ignored users (see O(ignored_users)) are not created.
      - The name of a personal project is rejected in the projects of a person. n8n gives a personal project a name such as
        C(Ada Lovelace <ada@example.com>).
    type: bool
    default: true
  allow_empty:
    description: Whether the lists may name no users even though O(authority) or O(unlisted_users) removes the access of unlisted users.
    type: bool
    default: false
  ignored_users:
    description:
      - Patterns of emails. In a pattern, C(*) stands for any text, C(?) for any character, and C([abc]) for one of these characters.
      - Users whose email matches are neither changed nor counted, even if they are listed.
    type: list
    elements: str
    default: []
  ignored_projects:
    description:
      - Patterns of project names, as in O(ignored_users). The lists do not manage the members of these projects, and the removal limits
        do not count them. A list that names such a project is an error.
      - If a user is demoted, staged or deleted, n8n removes the user from these projects too. The plan lists these removals.
    type: list
    elements: str
    default: []
  protected_users:
    description:
      - Patterns of emails, as in O(ignored_users).
      - Users whose email matches are never removed or demoted, and the removal limits do not count them.
    type: list
    elements: str
    default: []
  max_removals:
    description:
      - The maximum number of removals and demotions in one run. If the plan has more, the task fails before its first write, in check
        mode too, and returns the plan.
      - Each deleted user counts as one, in addition to the memberships, and so does each entry of the record that ends.
      - Each removed membership counts. Each change of a project role or instance role to a lower role counts too. If the order of two roles
        is not known, as with custom roles, the change counts.
      - If this option is omitted, there is no such limit.
    type: int
  max_removal_percent:
    description:
      - The maximum number of removals and demotions in one run, as a percentage of the memberships and users before the run. The changes
        are counted as in O(max_removals). Protected users, ignored users and ignored projects are left out of both numbers. If the plan has
        more, the task fails before its first write, in check mode too.
      - The limit applies to the whole instance. It also applies to each project that has more than three members, if the plan removes or
        demotes two or more of them. V(100) means that there is no limit.
    type: float
    default: 20
  approve:
    description:
      - The RV(digest) of a plan that O(max_removals) or O(max_removal_percent) has stopped and that a person has reviewed. The limits
        then allow exactly this plan.
      - New and ended entries of the record of leavers, and its creation, belong to the plan as well.
    type: str
  only_approved:
    description:
      - Whether to carry out only the plan whose digest is in O(approve). If the plan has changed since then, the task fails before its first
        write, in check mode too, and returns the plan. A plan without changes of n8n and of the record of leavers is allowed.
      - With the digest that a task returned in check mode, the task carries out exactly the plan that was shown, or nothing.
    type: bool
    default: false
  invites_path:
    description:
      - The full path of a file on the host where the module runs. The module writes the links of invited users to it, as a JSON object of
        emails and links.
      - The file has mode 0600, and links that it already contains are kept. The links are secrets. No result of this module contains them.
      - If n8n sends invitations by mail, it returns no links. Do not set this option in that case, because each run would issue a warning
        about pending users whose links are not in the file.
      - If n8n returns links and this option is not set, a warning names the users. The API does not show these links again. To get a new
        link, use M(lifecycle.n8n.n8n_user) with O(lifecycle.n8n.n8n_user#module:resend_invite=true) and
        O(lifecycle.n8n.n8n_user#module:return_invite_url=true).
    type: path
  restore:
    description:
      - Whether to restore listed people who are in the record O(state_path). M(lifecycle.n8n.n8n_offboard) adds users to this record with
        O(lifecycle.n8n.n8n_offboard#module:action=staged). These people get back their former instance role and memberships, in addition to
        the access in the lists. When they have all of it, they are removed from the record.
      - If the lists contain a role that differs from the role in the record, the task fails.
      - Projects are identified by their ids. A project that no longer exists is left out, with a warning, and is not created. A role that
        no longer exists is left out too. If it was the instance role, the user keeps the present role, unless the lists contain another
        role.
      - API keys that n8n deleted cannot be restored.
    type: bool
    default: false
  state_path:
    description:
      - The path of the record of leavers on the host where the module runs, as in O(lifecycle.n8n.n8n_offboard#module:state_path). A damaged
        record is an error. With O(restore=true), a record that does not exist is an error too. In all other cases, a run that handles
        leavers creates the record. This counts as a change.
      - A listed person who is in the record gets nothing. RV(blocked) and a warning name this person. If the person has access again, it is
        removed and the grace period starts again, provided that the list has O(users[].status) or O(unlisted_users) is not V(keep).
      - An entry that this module made ends when the list has the person with another O(users[].status) than V(leaver). The person gets back
        the instance role, and with O(authority=additive) all recorded memberships, except those that the list removes and those in
        O(ignored_projects). A recorded role that no longer exists is left out, with a warning. An entry of
        M(lifecycle.n8n.n8n_offboard) ends only with O(restore=true).
      - The entry of a deleted account belongs to the email. It also applies to another account of the same person, and to a person without
        an account who has this email in O(users[].previous_emails).
      - The paths in O(state_path) and O(invites_path) must differ.
    type: path
  now:
    description:
      - The time that decides which grants are in force and which grace periods are over, such as V(2026-12-24). The default is the present
        time. This option is for rehearsals. Outside check mode, a warning says that it is set.
    type: str
  upcoming_days:
    description: The number of days for which RV(upcoming) lists grants that begin or end.
    type: int
    default: 14
  announced:
    description:
      - Grants that RV(upcoming) of an earlier run has listed. A removed or lowered membership at the end of such a grant does not
        count for the removal limits.
    type: list
    elements: dict
    default: []
  resend_invites:
    description:
      - Whether to invite every listed user again who has not accepted the invitation. This is a change in every run.
      - Users in the record of leavers O(state_path), users to whom the list gives no access, and pending users with a first name, who have
        signed in by single sign-on, are not invited again.
    type: bool
    default: false
  option_names:
    description:
      - The names that messages use for options, as a dictionary of options and names. An option without an entry keeps its own name.
      - This option is for roles that set options from their variables. Errors and warnings then name the variables, which the user can
        set.
    type: dict
notes:
  - n8n creates an account before it sends the invitation. If the mail server fails, or if n8n neither sends a mail nor returns a link, the
    account exists and is pending. The user gets the memberships of the list, and a warning names the user and the remedy. Later runs
    cannot see whether n8n sent a mail. RV(pending) lists these users in every run.
  - If n8n refuses a batch of invitations because of an address, the task sends smaller batches to find the address. Each refused
    address is a separate error, and all other users are invited.
  - The module reads no projects if the lists contain no project, O(unlisted_users) is V(keep), and no user becomes a V(chatUser). It then
    works on the community edition of n8n. But if the plan lowers an instance role, the module reads all memberships, to calculate the
    percentage.
  - The API key needs the scopes C(user:list), C(user:read), C(user:create), C(user:changeRole), C(project:list), C(project:create), and
    C(project:manageMembers) (C(project:update) before n8n 2.37). To rename a project, it needs C(project:update). To delete leavers, it
    needs C(user:delete), C(workflow:list), C(credential:list), and C(dataTable:list), and for O(transfer_to) and O(data_tables) the same
    scopes as M(lifecycle.n8n.n8n_user). With C(role:list), the module also detects before the first write that the license does not
    include a role.
seealso:
  - module: lifecycle.n8n.n8n_access_info
  - module: lifecycle.n8n.n8n_offboard
  - module: lifecycle.n8n.n8n_project_member
"""

EXAMPLES = r"""
- name: Give two people access to their projects
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

- name: Show the changes
  ansible.builtin.debug:
    msg: "{{ access.plan | lifecycle.n8n.n8n_plan_lines }}"

- name: Rename Sales to Sales EMEA and give it exactly these members
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

- name: Show the changes that would make the access match a list exactly
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

- name: Restore the access of a user who returns before the account is deleted
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
    restore: true
    state_path: leavers.json
  when: "'leavers.json' is file"

- name: Add a user to a project whose name is in a variable
  lifecycle.n8n.n8n_access:
    users:
      - email: ada@example.com
        projects: "{{ dict([[project_name, 'viewer']]) }}"
  vars:
    project_name: Sales & Marketing
"""

RETURN = r"""
plan:
  description: The changes, in the order in which they are made. In check mode, the changes that would be made.
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
      reason: is not a member yet
  contains:
    action:
      description:
        - The kind of the change.
        - One of V(invite_user), V(create_project), V(rename_project), V(add_member), V(change_member_role), V(change_user_role),
          V(remove_member), V(delete_user), V(unpublish_workflow), V(transfer_credential), V(transfer_workflow), V(copy_table),
          V(delete_table).
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
summary:
  description: The number of changes of each action.
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
    - The SHA-256 digest of the URL of the server and of the changes. Equal plans have equal digests, even if the reasons of their
      changes differ.
    - New and ended entries of the record of leavers and its creation are changes in this sense.
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
pending:
  description:
    - The listed users who have an account and have not accepted their invitation, sorted by C(user). Users whom this run invites are in
      RV(plan) instead. Users who match O(ignored_users) are left out.
    - The list is empty if there are no such users. Check mode returns the same list.
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
      description: The time of the first invitation, in UTC.
      type: str
leavers:
  description: The users who count as leavers, sorted by C(user), in every run.
  returned: always after planning
  type: list
  elements: dict
  sample:
    - user: ada@example.com
      user_id: 0d0cf2b3-6c2c-4c0e-9d2b-2a9a8f0d3a51
      action: staged
      reason: is not listed
      since: "2026-11-01T02:03:04Z"
      due: "2026-12-01T02:03:04Z"
  contains:
    user:
      description: The email of the user.
      type: str
    user_id:
      description: The id of the user.
      type: str
    action:
      description:
        - The value of O(unlisted_users), or V(keep) if the leaver is kept in this run.
        - It is V(demote) for a user in the record, unless O(unlisted_users=staged). Such a user loses access that was given again.
      type: str
    reason:
      description: Why the user is a leaver.
      type: str
    since:
      description: The time of staging, in UTC, or V(null) for a leaver who is not in the record, or without O(state_path).
      type: str
    due:
      description: The end of the grace period, in UTC, or V(null).
      type: str
unmatched_users:
  description: The listed users with O(users[].status=unmatched), with the access that they have after the run.
  returned: always after planning
  type: list
  elements: dict
  contains:
    user:
      description: The email of the user.
      type: str
    user_id:
      description: The id of the user.
      type: str
    role:
      description: The instance role.
      type: str
    memberships:
      description: The memberships, each with the C(id) and C(name) of the project and the C(role) in it.
      type: list
      elements: dict
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
record_changed:
  description: Whether the run changes or creates the record of leavers O(state_path). In check mode, whether it would.
  returned: always after planning
  type: bool
  sample: false
blocked:
  description: The listed people who are in the record and therefore get nothing.
  returned: always after planning
  type: list
  elements: dict
  contains:
    user:
      description: The email of the user.
      type: str
    since:
      description: The time of staging, in UTC.
      type: str
    staged_by:
      description: V(offboard) if M(lifecycle.n8n.n8n_offboard) made the entry, V(sync) if this module made it.
      type: str
    is_deleted:
      description: Whether the account was deleted. The entry then belongs to the email.
      type: bool
lifted:
  description: The users whose entry in the record ends because they are listed again, with the access that they get back, as in RV(restored).
  returned: always after planning
  type: list
  elements: dict
missing_users:
  description: The emails of the listed people without an account, for whom O(missing_users=wait) waits.
  returned: always after planning
  type: list
  elements: str
  sample: [grace@example.com]
refused_addresses:
  description: The listed people whom O(skip_refused_addresses) leaves out, because n8n refuses to invite their address.
  returned: always after planning
  type: list
  elements: dict
  contains:
    user:
      description: The email of the person.
      type: str
    reason:
      description: Why n8n refuses to invite this address.
      type: str
upcoming:
  description: The grants that begin or end within O(upcoming_days) days, sorted by C(user).
  returned: always after planning
  type: list
  elements: dict
  sample:
    - user: ada@example.com
      project: Sales
      role: editor
      begins: "2026-12-01"
      ends: "2027-01-31"
  contains:
    user:
      description: The email of the user.
      type: str
    project:
      description: The name or id of the project, as the list has it.
      type: str
    role:
      description: The role, as the list has it.
      type: str
    begins:
      description: The day or instant from which the grant is in force, or V(null).
      type: str
    ends:
      description: The last day or instant of the grant, or V(null).
      type: str
address_changes:
  description: The accounts of listed people under a former email.
  returned: always after planning
  type: list
  elements: dict
  contains:
    user:
      description: The email of the person in the list.
      type: str
    account:
      description: The email of the account.
      type: str
    user_id:
      description: The id of the account.
      type: str
    remedy:
      description: What to do.
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
unmatched:
  description:
    - The patterns and names in the task that match no user and no project, possibly because they are misspelled. They are not an error.
  returned: always after planning
  type: dict
  sample:
    protected_users: []
    ignored_users: ["*@partner.exmaple.com"]
    denied_projects: [Attic]
  contains:
    protected_users:
      description: The patterns of O(protected_users) that match neither a user of n8n nor a listed person.
      type: list
      elements: str
    ignored_users:
      description: The patterns of O(ignored_users) that match neither a user of n8n nor a listed person.
      type: list
      elements: str
    denied_projects:
      description:
        - The projects that do not exist and that the plan does not create, among those in C(denied) of O(users[].granted_by), and those that a
          rule or an exception denies to a person in O(users[].projects), also at another time.
      type: list
      elements: str
restored:
  description: The users whose access was restored. In check mode, the users whose access would be restored.
  returned: when O(restore=true)
  type: list
  elements: dict
  contains:
    email:
      description: The email in lower case.
      type: str
    id:
      description: The id of the user.
      type: str
    since:
      description: The time when the user left, in UTC.
      type: str
    role:
      description: The instance role that the user had.
      type: str
    memberships:
      description: The memberships that were restored, each with the recorded C(id) and C(name) of the project and the C(role) in it.
      type: list
      elements: dict
    gone:
      description: The memberships that were not restored, because their project or role no longer exists.
      type: list
      elements: dict
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
    - This includes a task that a removal limit stopped.
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

from ..module_utils._desired.access_lists import desired_access
from ..module_utils._desired.desired import (
    ADDITIVE,
    AUTHORITIES,
    DEMOTE,
    INVITE,
    KEEP,
    MISSING_USERS,
    REMOVE_MEMBERSHIPS,
    STAGED,
    STATUSES,
    UNLISTED,
    UNMATCHED_ACTIONS,
    WAIT,
    DesiredState,
    ListPolicy,
)
from ..module_utils._desired.handover_options import HANDOVER_OPTIONS, HandoverOptions
from ..module_utils._errors import InputError
from ..module_utils._executor.invitation_warnings import missing_links_note
from ..module_utils._executor.task import Task
from ..module_utils._leaving.departures import LeaverHandling, manages_leavers
from ..module_utils._leaving.grace_period import GRACE_DAYS, GracePeriod
from ..module_utils._leaving.leaver_options import successors
from ..module_utils._leaving.leaver_record import LeaverRecord
from ..module_utils._module import OPTION_NAMES, ModuleDefinition, run_module
from ..module_utils._planning.list_results import pending_users, unmatched, unmatched_users, upcoming_grants
from ..module_utils._planning.removal_limits import LIMIT_OPTIONS, RemovalLimits
from ..module_utils._recording.list_run import ListRun
from ..module_utils._recording.record import impossible_result, open_record
from ..module_utils._storage.equal_paths import equal_paths_error
from ..module_utils._storage.invite_file import InviteFile
from ..module_utils._storage.record_file import RecordFile

USER: dict[str, Any] = {
    "email": {"type": "str", "required": True},
    "role": {"type": "str"},
    "projects": {"type": "dict"},
    "granted_by": {"type": "dict"},
    "status": {"type": "str", "choices": list(STATUSES)},
    "highest_role": {"type": "str"},
    "previous_emails": {"type": "list", "elements": "str"},
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
    "missing_users": {"type": "str", "choices": list(MISSING_USERS), "default": INVITE},
    "create_projects": {"type": "bool", "default": True},
    "allow_empty": {"type": "bool", "default": False},
    "ignored_users": {"type": "list", "elements": "str", "default": []},
    "protected_users": {"type": "list", "elements": "str", "default": []},
    **LIMIT_OPTIONS,
    "invites_path": {"type": "path"},
    "restore": {"type": "bool", "default": False},
    "state_path": {"type": "path"},
    "now": {"type": "str"},
    "upcoming_days": {"type": "int", "default": 14},
    "unmatched_users": {"type": "str", "choices": list(UNMATCHED_ACTIONS), "default": KEEP},
    "grace_days": {"type": "int"},
    # A list never destroys resources, so it has no delete_resources.
    **{name: HANDOVER_OPTIONS[name] for name in ("transfer_to", "data_tables")},
    "successor": {"type": "raw"},
    "ignored_projects": {"type": "list", "elements": "str", "default": []},
    "resend_invites": {"type": "bool", "default": False},
    "keep_unlisted": {"type": "bool", "default": False},
    "skip_refused_addresses": {"type": "bool", "default": False},
    "announced": {"type": "list", "elements": "dict", "default": []},
    **OPTION_NAMES,
}


def run(params: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Apply the lists and return the plan."""
    if params["users"] is None and params["projects"] is None:
        # Ansible accepts null as a value of a required option.
        raise InputError("one of the following is required: users, projects")
    problem = equal_paths_error({name: params[name] for name in ("state_path", "invites_path")})
    if problem:
        raise InputError(problem)
    now = task.time(params["now"])
    desired = _desired(params, now)
    task.warnings += _unused_destination(params)
    limits = RemovalLimits.from_options(params, params["announced"])
    invites = InviteFile(params["invites_path"]) if params["invites_path"] else None
    file = _record(params, task, desired)
    list_run = ListRun(task, desired, _handling(params, file, now), file, params["restore"])
    planned = list_run.plan(limits)
    task.set_plan(planned.plan)
    deleted = {change.user_id for change in planned.plan.changes if change.action == "delete_user"}
    pending = [entry for entry in pending_users(planned.plan.state, planned.desired) if entry["user_id"] not in deleted]
    effects = planned.leavers.effects
    task.findings.update(
        pending=pending,
        unmatched=unmatched(planned.plan, planned.desired),
        missing_users=sorted(planned.plan.awaited),
        refused_addresses=[{"user": email, "reason": reason} for email, reason in planned.plan.refused_addresses],
        upcoming=upcoming_grants(effects.desired, now, params["upcoming_days"], planned.plan.state),
        leavers=planned.leavers.to_result(),
        unmatched_users=unmatched_users(planned.desired, planned.plan.state_after(planned.plan.changes)),
        impossible=impossible_result(planned.plan, params["option_names"]),
        blocked=effects.blocked_result(),
        record_changed=list_run.changes_record(planned),
        lifted=[restored.to_result() for restored in effects.lifted],
        address_changes=planned.address_changes,
        **({"restored": [user.to_result() for user in planned.restored_users]} if params["restore"] else {}),
    )
    missing_links = missing_links_note(pending, invites.emails, invites.path) if invites else ""
    task.warnings += [missing_links] if missing_links else []
    limits.check(planned.plan, list_run.policy)
    list_run.apply(planned, invites.add if invites else None)
    return task.plan_result()


def _desired(params: Mapping[str, Any], now: datetime) -> DesiredState:
    policy = ListPolicy(
        params["authority"],
        params["unlisted_users"],
        protected=tuple(params["protected_users"]),
        ignored=tuple(params["ignored_users"]),
        ignored_projects=tuple(params["ignored_projects"]),
        unmatched_users=params["unmatched_users"],
        keep_unlisted=params["keep_unlisted"],
    )
    desired = desired_access(
        params["users"],
        params["projects"],
        policy,
        params["missing_users"],
        params["create_projects"],
        params["allow_empty"],
        now,
    )
    return replace(
        desired,
        resend_invite=params["resend_invites"],
        skip_refused_addresses=params["skip_refused_addresses"],
    )


def _handling(params: Mapping[str, Any], file: RecordFile[LeaverRecord] | None, now: datetime) -> LeaverHandling:
    """Return the options for leavers; raises InputError for options that require another one."""
    deletes = params["unlisted_users"] == STAGED
    if deletes and file is None:
        raise InputError("unlisted_users=staged requires state_path, the path of the record of leavers.")
    if params["data_tables"] == "copy" and params["transfer_to"] is None:
        raise InputError("data_tables=copy requires transfer_to, the destination of the copies.")
    days = GRACE_DAYS if params["grace_days"] is None else params["grace_days"]
    grace_period = GracePeriod(file.record, file.is_new, now, days, file.path) if file else None
    if grace_period is not None:
        grace_period.check(())
    return LeaverHandling(
        grace_period,
        HandoverOptions(params["transfer_to"], params["data_tables"]) if deletes else HandoverOptions(),
        successors(params["successor"]),
        deletes_pending=params["missing_users"] != WAIT,
    )


def _unused_destination(params: Mapping[str, Any]) -> list[str]:
    if params["transfer_to"] is None or params["unlisted_users"] not in (DEMOTE, REMOVE_MEMBERSHIPS):
        return []
    return [
        f"transfer_to has no effect, because unlisted_users={params['unlisted_users']} does not delete leavers. They keep their "
        "resources. Set unlisted_users=staged to move the resources before a deletion."
    ]


def _record(params: Mapping[str, Any], task: Task, desired: DesiredState) -> RecordFile[LeaverRecord] | None:
    """Return the record of leavers, or None if there is none; raises InputError if restore=true requires one."""
    if not params["state_path"]:
        if params["restore"]:
            raise InputError("restore=true requires state_path, the record of leavers.")
        return None
    file = open_record(task, params["state_path"])
    if file.is_new and params["restore"]:
        raise InputError(
            f"The record of leavers {params['state_path']} does not exist, and restore=true requires it. Set state_path to the file "
            "that n8n_offboard writes with action=staged."
        )
    return file if manages_leavers(desired) or not file.is_new else None


MODULE = ModuleDefinition(ARGUMENT_SPEC, run, required_one_of=[["users", "projects"]])


def main() -> None:
    """Run the module."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
