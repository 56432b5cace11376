# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the fake n8n with the resources that projects own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.data_table_api import (
    WRONG_PROJECT_MESSAGE,
    DataTableApi,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.resource_api import ResourceApi
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    CREDENTIAL,
    TABLE,
    VARIABLE,
    WORKFLOW,
    Credential,
    OwnedItem,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.tests.unit.fault_injection import FaultInjection, reading, writing

# The name of the resource at each path, as in scopes.
LISTED = {
    "/workflows": "workflow",
    "/credentials": "credential",
    "/data-tables": "dataTable",
    "/variables": "variable",
    "/users": "user",
    "/projects": "project",
}


class FakeResources(FaultInjection, ResourceApi, DataTableApi):
    """The resources of projects. Tests add them to `owned` by project, and the rows of data tables to `rows`."""

    def __init__(self, client: Client, floor: bool) -> None:
        super().__init__(client)
        self.floor = floor
        # One object is both APIs, so that tests count all calls together.
        self.resources = self.data_tables = self
        self._lists_roles = lambda: not self.floor
        self.all_projects: dict[str, Project] = {}
        self.owned: dict[str, list[OwnedItem]] = {}
        self.folders_in: dict[str, list[OwnedItem]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        # The user of the API key. The floor shows only the data tables in the personal project of this user.
        self.owner_id = ""
        # Paths of listings that the API key cannot read.
        self.hidden: set[str] = set()
        self.scopes_off: set[str] = set()
        self._number = 0

    def find(self, kind: str, item_id: str) -> OwnedItem | None:
        """Return the resource of this type and id with its owner."""
        return next((item for item in self._all() if (item.type, item.id) == (kind, item_id)), None)

    # Reading

    @reading
    def workflows(self) -> tuple[Workflow, ...]:
        self._check_shown("/workflows")
        # A test can add a workflow as a plain OwnedItem.
        found = (item for item in self._all() if item.type == WORKFLOW)
        return tuple(
            item if isinstance(item, Workflow) else Workflow(WORKFLOW, item.id, item.name, item.owner_id, item.shares)
            for item in found
        )

    @reading
    def credentials(self) -> tuple[Credential, ...]:
        self._check_shown("/credentials")
        found = (item for item in self._all() if item.type == CREDENTIAL)
        return tuple(Credential(CREDENTIAL, item.id, item.name, item.owner_id, item.shares) for item in found)

    @reading
    def tables(self) -> tuple[Table, ...]:
        self._check_shown("/data-tables")
        found = (item for item in self._all() if item.type == TABLE)
        tables = (
            item if isinstance(item, Table) else Table(TABLE, item.id, item.name, item.owner_id) for item in found
        )
        return tuple(table for table in tables if not self.floor or table.owner_id == self._home_of_key())

    @reading
    def variables(self) -> tuple[OwnedItem, ...]:
        self._check_shown("/variables")
        return tuple(item for item in self._all() if item.type == VARIABLE)

    @reading
    def folders(self, project_id: str) -> tuple[OwnedItem, ...]:
        return () if self.floor else tuple(self.folders_in.get(project_id, ()))

    @reading
    def table_rows(self, table_id: str) -> list[dict[str, Any]]:
        self._table(table_id)
        return [dict(row) for row in self.rows.get(table_id, [])]

    # Writing

    @writing
    def transfer_credential(self, credential_id: str, project_id: str) -> None:
        self._move(CREDENTIAL, credential_id, project_id)

    @writing
    def transfer_workflow(self, workflow_id: str, project_id: str) -> None:
        self._move(WORKFLOW, workflow_id, project_id)

    @writing
    def unpublish_workflow(self, workflow_id: str) -> None:
        workflow = self.find(WORKFLOW, workflow_id)
        if workflow is None:
            words = "You do not have permission to deactivate this workflow. Ask the owner to share it with you."
            self._refuse(404, f'Workflow with ID "{workflow_id}" not found.' if self.floor else words)
        # On 2.8.4 only members can unpublish a workflow.
        if isinstance(workflow, Workflow) and not (self.floor and workflow.owner_id != self._home_of_key()):
            self._put(replace(workflow, published=False))

    @writing
    def create_table(self, project_id: str, name: str, columns: Sequence[tuple[str, str]]) -> Table:
        if self.floor:
            self._check_name_free(self._home_of_key(), name)
            if project_id != self._home_of_key():
                raise N8nError(WRONG_PROJECT_MESSAGE)
        if project_id not in self.all_projects:
            self._refuse(400, f'Project with ID "{project_id}" not found')
        self._check_name_free(project_id, name)
        table = Table(TABLE, f"table{self._next():011}", name, project_id, columns=tuple(columns))
        self._put(table)
        return table

    @writing
    def insert_rows(self, table_id: str, rows: Sequence[Mapping[str, Any]], before: int) -> None:
        columns = self._table(table_id).columns
        self.rows.setdefault(table_id, []).extend({name: row.get(name) for name, _kind in columns} for row in rows)

    @writing
    def rename_table(self, table: Table, name: str) -> None:
        now = self._table(table.id)
        if now.name != name:
            self._check_name_free(now.owner_id, name)
        self._put(replace(now, name=name))

    @writing
    def delete_table(self, table_id: str) -> None:
        self._take(TABLE, table_id)
        self.rows.pop(table_id, None)

    # Helper methods

    def _refuse(self, status: int, words: str, floor: int = 0) -> NoReturn:
        status = floor if floor and self.floor else status
        raise ApiError(f'n8n refused: "{words}" (HTTP {status}).', status, words)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _drop(self, project_id: str) -> None:
        """Delete a project and its resources."""
        owned_items = self.owned.get(project_id, [])
        workflows = [item for item in owned_items if item.type == WORKFLOW]
        first = next((item for item in workflows if isinstance(item, Workflow) and item.published), None)
        if first is not None and not self.floor:
            # n8n has already deleted the workflows before the published one.
            deleted = workflows[: workflows.index(first)]
            self.owned[project_id] = [item for item in owned_items if item not in deleted]
            self._refuse(409, "Cannot delete a published workflow. Unpublish it before deleting.")
        for item in self.owned.pop(project_id, []):
            self.rows.pop(item.id, None)
        self.folders_in.pop(project_id, None)
        for items in self.owned.values():
            items[:] = [
                replace(item, shares=tuple(share for share in item.shares if share.project_id != project_id))
                for item in items
            ]

    def _all(self) -> Iterator[OwnedItem]:
        for project_id, items in self.owned.items():
            yield from (replace(item, owner_id=project_id) for item in items)

    def _put(self, item: OwnedItem) -> None:
        """Add or replace a resource."""
        owned_items = self.owned.setdefault(item.owner_id, [])
        positions = [
            position for position, other in enumerate(owned_items) if (other.type, other.id) == (item.type, item.id)
        ]
        if positions:
            owned_items[positions[0]] = item
        else:
            owned_items.append(item)

    def _take(self, kind: str, item_id: str) -> None:
        for items in self.owned.values():
            items[:] = [item for item in items if (item.type, item.id) != (kind, item_id)]

    def _move(self, kind: str, item_id: str, project_id: str) -> None:
        item = self.find(kind, item_id)
        if item is None:
            the = "the credential" if kind == CREDENTIAL else "workflow"
            words = f'Could not find {the} with the id "{item_id}". Make sure you have the permission to move it.'
            self._refuse(404, words, floor=400)
        if project_id not in self.all_projects:
            make = f"Make sure you have the permission to create {kind}s in it."
            self._refuse(404, f'Could not find project with the id "{project_id}". {make}', floor=400)
        if item.owner_id != project_id:
            self._take(kind, item_id)
            self._put(replace(item, owner_id=project_id, shares=()))

    def _table(self, table_id: str) -> Table:
        table = self.find(TABLE, table_id)
        if table is None:
            self._refuse(404, f"Could not find the data table: '{table_id}'")
        return table if isinstance(table, Table) else Table(TABLE, table.id, table.name, table.owner_id)

    def _check_name_free(self, project_id: str, name: str) -> None:
        if name in [item.name for item in self.owned.get(project_id, []) if item.type == TABLE]:
            self._refuse(409, f"Data table with name '{name}' already exists in this project")

    def _check_shown(self, path: str) -> None:
        scope = f"{LISTED[path]}:list"
        if path in self.hidden or scope in self.scopes_off:
            self._forbid(scope)

    def _forbid(self, scope: str) -> NoReturn:
        refused = 'n8n refused: "Forbidden" (HTTP 403).'
        raise ApiError(f"{refused} The key lacks the scope {scope}.", 403, "Forbidden", scope, refused)

    def _home_of_key(self) -> str:
        owned_items = [project for project in self.all_projects.values() if project.creator_id == self.owner_id]
        return next(project.id for project in owned_items if not project.is_team)
