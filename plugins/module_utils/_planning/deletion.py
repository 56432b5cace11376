# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that delete a user or a project, and the handover of the resources before the deletion. PURE."""

from __future__ import annotations

from .._changes.actions import ACTIONS
from .._changes.change import Change
from .._changes.handover import Handover
from .._desired.handover_options import HandoverOptions
from .._errors import InputError
from .._state.model import Project, State, User, require_single
from .._state.names import check_ascii
from .._state.similar_names import SimilarEmails, similar_name
from .handover_planner import HandoverTarget, plan_handover
from .removal_changes import membership_removals


def possible_calls(kind: str, handover_options: HandoverOptions) -> tuple[str, ...]:
    """Return the calls that a deletion may need, by the names in scopes.SCOPES.

    `kind` is the kind of the deleted subject: user or project.
    """
    actions = [
        *(("transfer_credential", "transfer_workflow") if handover_options.transfer_to is not None else ()),
        *(("unpublish_workflow",) if handover_options.delete_resources else ()),
        *(("copy_table",) if handover_options.data_tables == "copy" else ()),
        *(("delete_table",) if handover_options.data_tables == "delete" else ()),
        f"delete_{kind}",
    ]
    return tuple(call for action in actions for call in ACTIONS[action].calls)


def handover_target(state: State, handover_options: HandoverOptions) -> HandoverTarget:
    """Return the target of the handover; raises InputError if its destination does not exist."""
    destination = (
        destination_of(state, handover_options.transfer_to) if handover_options.transfer_to is not None else None
    )
    return HandoverTarget(destination, handover_options.data_tables, handover_options.delete_resources)


def destination_of(state: State, transfer_to: str) -> Project:
    """Return the team project of that id or name, or the personal project of the user of that email."""
    user = state.find_user(transfer_to) if "@" in transfer_to else None
    if user is None:
        # The name of a project may contain an @, too.
        project = require_single(transfer_to, state.find_projects(transfer_to))
        if project is None:
            if "@" in transfer_to:
                check_ascii(transfer_to, "transfer_to")
            what = "User" if "@" in transfer_to else "Project"
            email = SimilarEmails(user.email for user in state.users).find(transfer_to) if "@" in transfer_to else ""
            other = email or similar_name(transfer_to, (team.name for team in state.projects if team.is_team))
            hint = f' Did you mean "{other}"?' if other else ""
            raise InputError(
                f'{what} "{transfer_to}" does not exist. transfer_to must be a project, or the email of a user.{hint}'
            )
        return project
    project = state.personal_project(user)
    if project is None:
        raise InputError(
            f"transfer_to: n8n does not show the personal project of {user.email}, so nothing can be moved to it."
        )
    return project


def user_deletion(
    state: State, user: User, reason: str, target: HandoverTarget
) -> tuple[list[Change], Handover | None]:
    """Return the changes that delete `user`, and the handover of the resources that the user owns.

    Raises InputError if resources would be destroyed, or might be, and the options do not allow that. The handover is
    None if the server shows no personal project, as in the community edition.
    """
    deletion = Change("delete_user", user.email, before=user.role, reason=reason, user_id=user.id, owner=user.id)
    lost = membership_removals(state, user, "removed with the deleted user", implied_by="delete_user")
    source = state.personal_project(user)
    if source is None:
        # A user who has not accepted the invitation yet has created nothing.
        if not user.never_signed_in and not target.delete_resources:
            allow = (
                "Set delete_resources: true to allow their destruction."
                if target.can_destroy
                else "Delete the user in n8n."
            )
            raise InputError(
                f"{user.email} is not deleted: n8n does not show the personal project of this user, so the resources that "
                f"the deletion would destroy are unknown. {allow}"
            )
        return [*lost, deletion], None
    handover = plan_handover(state, source, target, reason=reason)
    return [*handover.changes, *lost, deletion], handover


def project_deletion(state: State, project: Project, target: HandoverTarget) -> tuple[list[Change], Handover]:
    """Return the changes that delete a team project, and the handover of the resources that it owns."""
    reason = "should be absent"
    handover = plan_handover(state, project, target, reason=reason)
    deletion = Change(
        "delete_project",
        project=project.name,
        before=project.name,
        reason=reason,
        project_id=project.id,
        owner=project.id,
    )
    return [*handover.changes, deletion], handover
