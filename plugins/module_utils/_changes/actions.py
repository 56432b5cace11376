# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the one table of the actions of a plan. PURE.

A new action needs one row here, the code that plans it, and an entry in CALLS of _executor/calls.py.
"""

from __future__ import annotations

from dataclasses import dataclass

# The steps of a plan in their order. No step depends on a later step. No project is without an admin in between,
# because roles are given before other roles are removed. A user who becomes global:chatUser loses all memberships of
# team projects by that change, so the memberships that the plan gives to such a user follow in the two steps after it.
# Resources are handed over while the account is unchanged.
STEPS = {
    # The method of PlanRun in _executor/apply.py that carries out all changes of the step.
    "invite_users": "invite_users",
    "create_projects": "write_projects",
    "rename_projects": "write_projects",
    "set_member_roles": "set_member_roles",
    "hand_over": "hand_over",
    "change_user_roles": "write_with_implied",
    "change_user_roles_again": "write_with_implied",
    "set_member_roles_again": "set_member_roles",
    "remove_members": "remove_members",
    "delete_users": "write_with_implied",
    "delete_projects": "write_with_implied",
}
# The kinds of subjects that an action can have.
USER, PROJECT, MEMBER, ITEM = "user", "project", "member", "item"
# The values that tell whether a change reduces access.
NEVER, ALWAYS, BY_ROLE = "never", "always", "by_role"


@dataclass(frozen=True)
class Action:
    """One kind of change.

    `sentence` is a template with the keys of an entry of `plan`. `calls` are the calls that the executor makes, by the
    names in scopes.SCOPES. `role_kind` is the kind of role (global or project) that `after` names. `reduces_access` is
    NEVER, ALWAYS, or BY_ROLE, which compares `before` with `after`. Memberships that a deletion of a user removes are
    changes of their own, so a deletion itself counts as NEVER. `license_feature` is the feature without which n8n
    refuses the call. `label` is the singular name of the changes in the summary of the role sync, to which an s is appended.
    Actions with `is_always_counted` are in every summary, even if their number is 0. `is_irreversible` tells that the change
    deletes its user or project.
    `shows_previous_role` adds `before` to the sentence. `activity` describes the changes while they are made.
    """

    step: str
    subject_type: str
    sentence: str
    calls: tuple[str, ...]
    label: str
    activity: str
    role_kind: str = ""
    reduces_access: str = NEVER
    license_feature: str = ""
    is_always_counted: bool = False
    is_irreversible: bool = False
    shows_previous_role: bool = False
    # The data that n8n also deletes and does not list anywhere in its API (agents were seen, the rest was read in the
    # database of 2.40.7).
    unlisted_data_note: str = ""


def _item(label: str, activity: str, sentence: str, *calls: str) -> Action:
    """Return an action on a resource that a user or project owns."""
    return Action("hand_over", ITEM, sentence, calls, label, activity)


_TEAM_PROJECTS_FEATURE = "feat:projectRole:admin"

# In the order in which the changes of one step are listed.
ACTIONS: dict[str, Action] = {
    "invite_user": Action(
        "invite_users",
        USER,
        "invite {user} as {after}",
        ("invite_user",),
        "invitation",
        "inviting users",
        role_kind="global",
        is_always_counted=True,
    ),
    "create_project": Action(
        "create_projects",
        PROJECT,
        "create project {project}",
        ("create_project",),
        "new project",
        "creating projects",
        license_feature=_TEAM_PROJECTS_FEATURE,
        is_always_counted=True,
    ),
    "rename_project": Action(
        "rename_projects",
        PROJECT,
        "rename project {before} to {after}",
        ("rename_project",),
        "renamed project",
        "renaming projects",
        license_feature=_TEAM_PROJECTS_FEATURE,
        is_always_counted=True,
    ),
    "add_member": Action(
        "set_member_roles",
        MEMBER,
        "add {user} to {project} as {after}",
        ("set_members",),
        "new membership",
        "adding members",
        role_kind="project",
        reduces_access=BY_ROLE,
        license_feature=_TEAM_PROJECTS_FEATURE,
        is_always_counted=True,
    ),
    "change_member_role": Action(
        "set_member_roles",
        MEMBER,
        "change {user} in {project} from {before} to {after}",
        ("set_members",),
        "changed project role",
        "changing roles in projects",
        role_kind="project",
        reduces_access=BY_ROLE,
        license_feature=_TEAM_PROJECTS_FEATURE,
        is_always_counted=True,
    ),
    "unpublish_workflow": _item(
        "unpublished workflow", "unpublishing workflows", "unpublish {item} of {user}", "unpublish_workflow"
    ),
    "transfer_credential": _item(
        "moved credential", "moving credentials", "move {item} of {user} to {project}", "transfer_credential"
    ),
    "transfer_workflow": _item(
        "moved workflow", "moving workflows", "move {item} of {user} to {project}", "transfer_workflow"
    ),
    "copy_table": _item(
        "copied data table",
        "copying data tables",
        "copy {item} of {user} to {project} as {after}",
        "read_rows",
        "create_table",
        "insert_rows",
        "rename_table",
        "delete_table",
    ),
    "delete_table": _item("deleted data table", "deleting data tables", "delete {item} of {user}", "delete_table"),
    "change_user_role": Action(
        "change_user_roles",
        USER,
        "change {user} from {before} to {after}",
        ("change_user_role",),
        "changed instance role",
        "changing instance roles",
        role_kind="global",
        reduces_access=BY_ROLE,
        license_feature="feat:advancedPermissions",
        is_always_counted=True,
    ),
    "remove_member": Action(
        "remove_members",
        MEMBER,
        "remove {user} from {project}",
        ("remove_member",),
        "removed membership",
        "removing members",
        shows_previous_role=True,
        reduces_access=ALWAYS,
        license_feature=_TEAM_PROJECTS_FEATURE,
        is_always_counted=True,
    ),
    "delete_user": Action(
        "delete_users",
        USER,
        "delete {user}",
        ("delete_user",),
        "deleted user",
        "deleting users",
        is_irreversible=True,
        shows_previous_role=True,
        unlisted_data_note=(
            "The deletion of a user also deletes their agents, conversations with the AI assistant, chats, personal agents and "
            "tools of the chat hub, API keys, and the access of MCP and OAuth clients. Folders are listed only if the license "
            "includes them."
        ),
    ),
    "delete_project": Action(
        "delete_projects",
        PROJECT,
        "delete project {project}",
        ("delete_project",),
        "deleted project",
        "deleting projects",
        is_irreversible=True,
        license_feature=_TEAM_PROJECTS_FEATURE,
        unlisted_data_note=(
            "The deletion of a project also deletes its agents, conversations with the AI assistant, connections to external "
            "secrets, and workflow reviews. Folders and variables are listed only if the license includes them."
        ),
    ),
    # n8n deletes these resources together with their owner. They are listed because they are destroyed.
    "delete_credential": _item("deleted credential", "deleting credentials", "delete {item} of {user}"),
    "delete_workflow": _item("deleted workflow", "deleting workflows", "delete {item} of {user}"),
    "delete_variable": _item("deleted variable", "deleting variables", "delete {item} of {user}"),
}

# The steps for changes that follow after a user has become global:chatUser.
STEP_AFTER_ROLE_CHANGE = {
    "change_user_roles": "change_user_roles_again",
    "set_member_roles": "set_member_roles_again",
}
