# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the call that makes one change, by the action of the change."""

from __future__ import annotations

from collections.abc import Callable

from .._changes.change import Change
from .._server.api import Api


def _item_id(change: Change) -> str:
    if change.item is None:
        raise AssertionError(f"this change is not about a resource: {change}")
    return change.item.id


# The actions that one call makes. Invitations and member roles are not here, because one call makes many of them. A
# copy of a data table needs several calls. The changes need the ids of their user and project.
CALLS: dict[str, Callable[[Api, Change], object]] = {
    "create_project": lambda api, change: api.create_project(change.after or ""),
    "rename_project": lambda api, change: api.rename_project(change.project_id or "", change.after or ""),
    "unpublish_workflow": lambda api, change: api.resources.unpublish_workflow(_item_id(change)),
    "transfer_credential": lambda api, change: api.resources.transfer_credential(
        _item_id(change), change.project_id or ""
    ),
    "transfer_workflow": lambda api, change: api.resources.transfer_workflow(_item_id(change), change.project_id or ""),
    "delete_table": lambda api, change: api.data_tables.delete_table(_item_id(change)),
    "change_user_role": lambda api, change: api.set_user_role(change.user_id or "", change.after or ""),
    "remove_member": lambda api, change: api.remove_member(change.project_id or "", change.user_id or ""),
    "delete_user": lambda api, change: api.delete_user(change.user_id or ""),
    "delete_project": lambda api, change: api.delete_project(change.project_id or ""),
}
