# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects of a handover on other users: lost shares, failing workflows, and workflows that name a table. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._state.model import Project, State
from .._state.owned_items import CREDENTIAL, OwnedItem, OwnedItems, Share, Workflow, listed
from .._state.roles import CHAT_USER, INSTANCE_ADMIN_ROLES


def owner_of(state: State, project: Project) -> str:
    """Return the email of the owner of a personal project, or else the name and id of the project."""
    user = state.find_user(project.creator_id or "") if not project.is_team else None
    return user.email if user else f'project "{project.name}" ({project.id})'


def find_lost_shares(
    state: State, owned_items: OwnedItems, removed_items: Sequence[OwnedItem], destination: Project | None
) -> list[dict[str, Any]]:
    """Return the shares that other projects lose by the handover, with the workflows that fail without them."""
    return [
        {
            **item.to_result(),
            **_share_holder(state, share),
            "role": share.role,
            "workflows": _users(owned_items, item, share),
        }
        for item in removed_items
        for share in item.shares
        if destination is None or share.project_id != destination.id
    ]


def _share_holder(state: State, share: Share) -> dict[str, Any]:
    project = next(iter(state.find_projects(share.project_id)), Project(share.project_id, ""))
    user = state.find_user(project.creator_id or "") if not project.is_team else None
    return {
        "project_id": project.id,
        "project": project.name if project.is_team else None,
        "user": user.email if user else None,
    }


def _users(owned_items: OwnedItems, item: OwnedItem, share: Share) -> list[dict[str, str]]:
    using = [workflow for workflow in owned_items.used_by if workflow.owner_id == share.project_id]
    return [_short(workflow) for workflow in using if item.type == CREDENTIAL and item.id in workflow.credentials]


def find_mentions(owned_items: OwnedItems, table: OwnedItem) -> list[dict[str, str]]:
    """Return the workflows that name a data table: by its id in any project, or by its name in its own project."""
    own = [item for item in owned_items.items if isinstance(item, Workflow)]
    named = [workflow for workflow in own if {table.id, table.name} & set(workflow.tables)]
    named += [workflow for workflow in owned_items.used_by if table.id in workflow.tables]
    return [_short(workflow) for workflow in sorted(named, key=lambda workflow: (workflow.name, workflow.id))]


def handover_notes(
    state: State, owner: str, owned_items: OwnedItems, removed_items: Sequence[OwnedItem], destination: Project | None
) -> list[str]:
    """Return notes about effects that the plan cannot prevent and the operator should know."""
    notes = _recipient_notes(state, destination) if destination is not None and removed_items else []
    if destination is not None and not _may_use_all(state, destination.id):
        unshared = {
            item.id: item
            for item in owned_items.borrowed
            if item.owner_id != destination.id and item.share_of(destination.id) is None
        }
        notes += [
            f"{workflow} uses {unshared[key]} of {_owner_of_item(state, unshared[key])}, which is not shared with the "
            "destination. Share the credential with the destination in n8n. Otherwise the workflow fails."
            for workflow in removed_items
            for key in (workflow.credentials if isinstance(workflow, Workflow) else ())
            if key in unshared
        ]
    notes += [
        f"{workflow} of {_owner_of_item(state, workflow)} uses {item} of {owner} without a share of its own. Select "
        f"another credential for the workflow in n8n{', or share this credential with it from the destination' if destination else ''}. "
        "Otherwise the workflow fails."
        for item in removed_items
        for workflow in owned_items.used_by
        if item.type == CREDENTIAL
        and item.id in workflow.credentials
        and _fails_without(state, workflow, item, destination)
    ]
    if owned_items.folders:
        where = "move without them" if destination is not None else "go with them"
        notes.append(f"n8n cannot move folders: the workflows in {listed(owned_items.folders)} of {owner} {where}.")
    return notes


def _recipient_notes(state: State, destination: Project) -> list[str]:
    """Return notes about reasons why the recipient cannot work with the received resources."""
    recipient = state.find_user(destination.creator_id or "") if not destination.is_team else None
    if recipient is not None and recipient.role == CHAT_USER:
        return [
            f"transfer_to: {recipient.email} is a chat user and can only read the resources in their personal "
            "project."
        ]
    if recipient is not None and recipient.never_signed_in:
        return [
            f"transfer_to: {recipient.email} has not accepted the invitation, so no user can work with the resources until then."
        ]
    return []


def _fails_without(state: State, workflow: Workflow, item: OwnedItem, destination: Project | None) -> bool:
    """Return whether another project's workflow fails without a credential, and no lost share shows the failure.

    Such a workflow uses the credential through the project that owns it: a workflow may use the credentials of every
    project that has the workflow (read in 2.8.4 and 2.40.7).
    """
    projects_with_workflow = {workflow.owner_id, *(share.project_id for share in workflow.shares)}
    destination_has_workflow = destination is not None and destination.id in projects_with_workflow
    return not (destination_has_workflow or item.share_of(workflow.owner_id) or _may_use_all(state, workflow.owner_id))


def _may_use_all(state: State, project_id: str) -> bool:
    """Return whether a user who sees everything owns this personal project: its workflows may use any credential."""
    project = next(iter(state.find_projects(project_id)), None)
    user = state.find_user(project.creator_id or "") if project and not project.is_team else None
    return user is not None and user.role in INSTANCE_ADMIN_ROLES


def _owner_of_item(state: State, item: OwnedItem) -> str:
    return owner_of(state, next(iter(state.find_projects(item.owner_id)), Project(item.owner_id, "")))


def _short(item: OwnedItem) -> dict[str, str]:
    return {"id": item.id, "name": item.name}
