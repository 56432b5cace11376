# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the scopes that an API key needs for each call, as the one source of checks, notes, and guides. PURE."""

from __future__ import annotations

from collections.abc import Iterable

# n8n 2.37 introduced a scope for members. Earlier versions require the other scope.
MEMBERS = "project:manageMembers or project:update"
SCOPES = {
    # Calls that read, by the names of their methods.
    "list_users": "user:list",
    "find_user": "user:read",
    "list_projects": "project:list",
    "members": "user:list",
    "find_roles": "role:list",
    "workflows": "workflow:list",
    "credentials": "credential:list",
    "tables": "dataTable:list",
    "variables": "variable:list",
    "folders": "folder:list",
    "read_rows": "dataTableRow:read",
    # Calls that write.
    "invite_user": "user:create",
    "create_project": "project:create",
    "rename_project": "project:update",
    "set_members": MEMBERS,
    "remove_member": MEMBERS,
    "change_user_role": "user:changeRole",
    "delete_user": "user:delete",
    "delete_project": "project:delete",
    "transfer_credential": "credential:move",
    "transfer_workflow": "workflow:move",
    "unpublish_workflow": "workflow:deactivate",
    "create_table": "dataTable:create",
    "insert_rows": "dataTableRow:create",
    "rename_table": "dataTable:update",
    "delete_table": "dataTable:delete",
}


def scopes_of(calls: Iterable[str]) -> set[str]:
    """Return the scopes that a key needs for these calls, which are names in SCOPES."""
    return {SCOPES[call] for call in calls}
