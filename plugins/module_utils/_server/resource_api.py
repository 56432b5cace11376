# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the resources of projects as methods: owned items, and the transfer of workflows and credentials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .._errors import ApiError
from .._state.owned_items import FOLDER, VARIABLE, Credential, OwnedItem, OwnedItems, Workflow, without_nodes
from .client import Client
from .data_table_api import DataTableApi
from .paging import PAGE, parsed, quoted_part, read_complete, send_once

TABLES_UNSEEN = (
    "this n8n does not show the data tables of other users, so the deletion may destroy data tables that "
    "are not listed (n8n 2.36 and later list them). Update n8n. Or check the data tables, and delete the "
    "user or project in n8n."
)
NOT_ADMIN_MESSAGE = (
    "the user of the API key does not see everything, so resources that would be destroyed may be hidden. Use the key "
    "of an owner or admin."
)
# Without this feature of the license, there are no variables (seen on 2.8.4 and 2.40.7).
_VARIABLES = "feat:variables"
# The message of n8n for a second transfer: to the same destination, or into the project that's already owning it.
_ALREADY_OWNED_MESSAGE = "You can't transfer a"


class ResourceApi:
    """The calls of one key for resources of projects. `lists_roles` tells whether the server is n8n 2.36 or later."""

    def __init__(self, client: Client, data_tables: DataTableApi, lists_roles: Callable[[], bool]) -> None:
        self.client = client
        self.data_tables = data_tables
        self._lists_roles = lists_roles

    # Reading.

    def owned_items(self, project_ids: Sequence[str], is_instance_admin: bool) -> dict[str, OwnedItems]:
        """Return the owned items of each of these projects and, separately, the items that others share with it.

        Everything on the instance is listed once, whatever the number of projects. `is_instance_admin` tells whether
        the user of the key has a role that sees everything. Items that the key may not list are reported as unseen.
        """
        if not project_ids:
            return {}
        unseen = [] if is_instance_admin else [NOT_ADMIN_MESSAGE]
        # The endpoint was introduced long after other users' data tables could be listed, but no other sign of that is
        # public.
        tables_unseen = [] if self._lists_roles() else [TABLES_UNSEEN]
        variables_unseen: list[str] = []
        refused: list[str] = []
        listings: tuple[tuple[list[str], Callable[[], Sequence[OwnedItem]]], ...] = (
            (unseen, self.workflows),
            (unseen, self.credentials),
            (tables_unseen, self.data_tables.tables),
            (variables_unseen, self.variables),
        )

        def read_listing(which: int) -> Sequence[OwnedItem]:
            reasons, read = listings[which]
            try:
                return read()
            except ApiError as error:
                if error.status != 403:
                    raise
                # The caller, which knows the task, reports all scopes that the task needs.
                reasons.append(error.refused)
                refused.append(error.scope)
                return ()

        everything = [item for items in self.client.in_parallel(read_listing, range(len(listings))) for item in items]
        reasons = (" ".join(sorted(texts)) for texts in (unseen, tables_unseen, variables_unseen))
        found = OwnedItems.of(project_ids, everything, *reasons)
        scopes = tuple(sorted(set(filter(None, refused))))
        return {key: replace(owned_items, refused=scopes) for key, owned_items in found.items()} if scopes else found

    def workflows(self) -> tuple[Workflow, ...]:
        """Return all workflows, including archived ones, each with all projects that have access to it.

        A listing of one project would be shorter, and would not show with which projects its workflows are shared (seen
        on 2.40.7).
        """
        query = {"excludePinnedData": "true"}
        pages = read_complete(self.client, "/workflows", "list workflows", "workflow:list", query, without_nodes)
        return parsed(
            self.client, lambda items: tuple(Workflow.from_api(item) for item in items), pages.items, "/workflows"
        )

    def credentials(self) -> tuple[Credential, ...]:
        """Return all credentials, each with all projects that have access to it."""
        pages = read_complete(self.client, "/credentials", "list credentials", "credential:list")
        return parsed(
            self.client, lambda items: tuple(Credential.from_api(item) for item in items), pages.items, "/credentials"
        )

    def variables(self) -> tuple[OwnedItem, ...]:
        """Return the variables of projects, without their values. If the license lacks the feature, there are none."""
        try:
            pages = read_complete(
                self.client, "/variables", "list variables", "variable:list", reduce_item=_without_value
            )
        except ApiError as error:
            if error.status == 403 and _VARIABLES in error.server_message:
                return ()
            raise
        # The other variables belong to the whole instance.
        of_projects = [item for item in pages.items if item.get("project")]
        return parsed(
            self.client,
            lambda items: tuple(
                OwnedItem(VARIABLE, str(item["id"]), str(item["key"]), str(item["project"]["id"])) for item in items
            ),
            of_projects,
            "/variables",
        )

    def folders(self, project_id: str) -> tuple[OwnedItem, ...]:
        """Return the folders of a project; none if the server, its license or the key does not show them."""
        path = f"/projects/{quoted_part(project_id)}/folders"
        found: list[Any] = []
        while True:
            try:
                query = {"skip": len(found), "take": PAGE}
                page = self.client.get(path, f"list the folders of project {project_id}", "folder:list", query)
            except ApiError as error:
                if error.status in (403, 404):
                    return ()
                raise
            items = parsed(self.client, lambda answer: list(answer["data"]), page, path)
            found += items
            if len(items) < PAGE:
                break
        return parsed(
            self.client,
            lambda folders: tuple(
                OwnedItem(FOLDER, str(item["id"]), str(item["name"]), project_id) for item in folders
            ),
            found,
            path,
        )

    # Writing.

    def transfer_credential(self, credential_id: str, project_id: str) -> None:
        """Make a project the owner of a credential. All shares end."""
        self._transfer("credential", credential_id, project_id)

    def transfer_workflow(self, workflow_id: str, project_id: str) -> None:
        """Make a project the owner of a workflow. All shares end. A published workflow stays published."""
        self._transfer("workflow", workflow_id, project_id)

    def _transfer(self, kind: str, item_id: str, project_id: str) -> None:
        path = f"/{kind}s/{quoted_part(item_id)}/transfer"
        operation = f"move {kind} {item_id} to project {project_id}"
        try:
            self.client.send("PUT", path, operation, f"{kind}:move", body={"destinationProjectId": project_id})
        except ApiError as error:
            # The project already owns the item, for example because the response to a first try was lost.
            if error.status != 400 or _ALREADY_OWNED_MESSAGE not in error.server_message:
                raise

    def unpublish_workflow(self, workflow_id: str) -> None:
        """Unpublish a workflow. If the workflow is not published, nothing changes.

        If n8n allows this only to members (seen on 2.8.4), it also deletes published workflows, so nothing is done.
        """
        path = f"/workflows/{quoted_part(workflow_id)}/deactivate"
        operation = f"unpublish workflow {workflow_id}"
        try:
            # Two requests have the same effect as one, so a lost response needs no further reading.
            send_once(
                self.client,
                lambda: self.client.send("POST", path, operation, "workflow:deactivate") or True,
                lambda: None,
            )
        except ApiError as error:
            if error.status != 403 or self.client.granted_scopes() is not None:
                raise


def _without_value(variable: dict[str, Any]) -> dict[str, Any]:
    """Return a variable as n8n lists it without its value, which may be a secret."""
    return {name: variable.get(name) for name in ("id", "key", "project")}
