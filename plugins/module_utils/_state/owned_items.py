# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model the resources that projects own and the resources that are shared with them, as frozen dataclasses. PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORKFLOW, CREDENTIAL, TABLE, VARIABLE, FOLDER = "workflow", "credential", "data table", "variable", "folder"
# The form of the ids that n8n generates for data tables (seen on 2.8.4 and 2.40.7).
_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{16}(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Share:
    """The access of a project to an item that another project owns."""

    project_id: str
    role: str


@dataclass(frozen=True)
class OwnedItem:
    """An item that a personal or team project owns: a workflow, credential, data table, variable, or folder.

    `type` tells which of these it is. `owner_id` is the id of the project, or "" if n8n does not return it. `shares`
    are the other projects with access to the item.
    """

    type: str
    id: str
    name: str
    owner_id: str = ""
    shares: tuple[Share, ...] = ()

    def __str__(self) -> str:
        return f'{self.type} "{self.name}" ({self.id})'

    def to_result(self) -> dict[str, Any]:
        """Return the entry of this item in lists of owned items."""
        return {"type": self.type, "id": self.id, "name": self.name}

    def share_of(self, project_id: str) -> Share | None:
        """Return the share of a project that does not own the item, or None."""
        return next((share for share in self.shares if share.project_id == project_id), None)


@dataclass(frozen=True)
class Credential(OwnedItem):
    """A credential. Its secrets are never read."""

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Credential:
        """Return the credential of one entry of GET /credentials."""
        owner, shares = _owner_and_shares((share["id"], share["role"]) for share in data.get("shared") or ())
        return cls(CREDENTIAL, str(data["id"]), str(data.get("name")), owner, shares)


@dataclass(frozen=True)
class Workflow(OwnedItem):
    """A workflow and the items that its nodes use: credentials and other workflows by id, data tables by id or name."""

    published: bool = False
    archived: bool = False
    credentials: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Workflow:
        """Return the workflow of one entry of GET /workflows, either complete or as returned by `without_nodes`."""
        owner, shares = _owner_and_shares((share["projectId"], share["role"]) for share in data.get("shared") or ())
        uses = data["uses"] if "uses" in data else _uses(data)
        return cls(
            WORKFLOW,
            str(data["id"]),
            str(data.get("name")),
            owner,
            shares,
            published=bool(data.get("active")),
            archived=bool(data.get("isArchived")),
            **uses,
        )


@dataclass(frozen=True)
class Table(OwnedItem):
    """A data table with its columns in order, each with its type. Other projects have no access to a data table."""

    columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Table:
        """Return the data table of one entry of GET /data-tables."""
        # n8n returns the columns in no particular order.
        columns = sorted(data.get("columns") or (), key=lambda column: int(column["index"]))
        named = tuple((str(column["name"]), str(column["type"])) for column in columns)
        return cls(TABLE, str(data["id"]), str(data.get("name")), str(data.get("projectId") or ""), columns=named)


@dataclass(frozen=True)
class OwnedItems:
    """The items that a project owns, as far as the server shows them, and the items that others share with it.

    `unseen` says why the project may own more items than that. `tables_unseen` says why it may own further data tables,
    and `variables_unseen` why it may own further variables, which a team project can have. `used_by` are the workflows
    of other projects that use one of its credentials or name one of its data tables. `borrowed` are the credentials of
    other projects that its own workflows use. `refused` are the scopes of the listings that n8n refused to the key.
    Folders are not resources of their own: they contain workflows, and cannot be moved.
    """

    items: tuple[OwnedItem, ...] = ()
    unseen: str = ""
    tables_unseen: str = ""
    variables_unseen: str = ""
    shared: tuple[OwnedItem, ...] = ()
    used_by: tuple[Workflow, ...] = ()
    folders: tuple[OwnedItem, ...] = ()
    borrowed: tuple[OwnedItem, ...] = ()
    refused: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        project_ids: Iterable[str],
        everything: Iterable[OwnedItem],
        unseen: str,
        tables_unseen: str,
        variables_unseen: str = "",
    ) -> dict[str, OwnedItems]:
        """Return the owned items of each project, out of `everything` on the instance, with the items related to them.

        If n8n returns an item without an owner, any project may own it. This is a reason why each of the projects may
        own more.
        """
        everything = list(everything)
        unseen = _with_ownerless(unseen, [item for item in everything if item.type != TABLE])
        tables_unseen = _with_ownerless(tables_unseen, [item for item in everything if item.type == TABLE])
        owned: dict[str, list[OwnedItem]] = {project_id: [] for project_id in project_ids}
        shared: dict[str, list[OwnedItem]] = {project_id: [] for project_id in owned}
        owners: dict[str, str] = {}
        workflows = [item for item in everything if isinstance(item, Workflow)]
        credentials = {item.id: item for item in everything if item.type == CREDENTIAL}
        for item in everything:
            if item.owner_id in owned:
                owned[item.owner_id].append(item)
                owners[item.id] = item.owner_id
            for share in item.shares:
                if share.project_id in shared:
                    shared[share.project_id].append(item)
        used_by: dict[str, list[Workflow]] = {project_id: [] for project_id in owned}
        for workflow in workflows:
            owner_ids = {owners[key] for key in (*workflow.credentials, *workflow.tables) if key in owners}
            for project_id in owner_ids - {workflow.owner_id}:
                used_by[project_id].append(workflow)
        borrowed: dict[str, dict[str, OwnedItem]] = {project_id: {} for project_id in owned}
        for workflow in workflows:
            for item in (credentials[key] for key in workflow.credentials if key in credentials):
                if workflow.owner_id in borrowed and item.owner_id != workflow.owner_id:
                    borrowed[workflow.owner_id][item.id] = item
        return {
            key: cls(
                tuple(items),
                unseen,
                tables_unseen,
                variables_unseen,
                tuple(shared[key]),
                tuple(used_by[key]),
                borrowed=tuple(borrowed[key].values()),
            )
            for key, items in owned.items()
        }

    def __str__(self) -> str:
        return listed(self.items)

    def of_type(self, kind: str) -> tuple[OwnedItem, ...]:
        """Return the owned items of one type."""
        return tuple(item for item in self.items if item.type == kind)


def listed(items: Iterable[OwnedItem]) -> str:
    """Return a text that lists owned items."""
    return ", ".join(str(item) for item in items)


def _with_ownerless(unseen: str, items: Iterable[OwnedItem]) -> str:
    """Return why some items may be unseen, including those of `items` whose owner is unknown."""
    ownerless = listed(item for item in items if not item.owner_id)
    words = f"n8n does not show the owner of {ownerless}, so it is unknown whether the deletion would destroy it."
    return " ".join(filter(None, (unseen, words if ownerless else "")))


def without_nodes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a listed workflow with the items that its nodes use in place of the nodes, which may be large."""
    kept = {name: data.get(name) for name in ("id", "name", "active", "isArchived", "shared")}
    return {**kept, "uses": _uses(data)}


def _owner_and_shares(entries: Iterable[tuple[Any, Any]]) -> tuple[str, tuple[Share, ...]]:
    owner, shares = "", []
    for project_id, role in entries:
        if str(role).endswith(":owner"):
            owner = str(project_id)
        else:
            shares.append(Share(str(project_id), str(role)))
    return owner, tuple(sorted(shares, key=lambda share: (share.project_id, share.role)))


def _uses(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the items that the nodes of a workflow name. An id within an expression or within code counts as well."""
    nodes = data.get("nodes") or []
    credentials = {
        str(credential["id"])
        for node in nodes
        if isinstance(node, dict) and isinstance(node.get("credentials"), dict)
        for credential in node["credentials"].values()
        if isinstance(credential, dict) and credential.get("id")
    }
    calls = set(_values(nodes, "workflowId"))
    tables = set(_values(nodes, "dataTableId")).union(_ID.findall(json.dumps(nodes)))
    return {"credentials": tuple(sorted(credentials)), "calls": tuple(sorted(calls)), "tables": tuple(sorted(tables))}


def _values(part: Any, name: str) -> Iterator[str]:
    """Yield the values of all parameters called `name`, plain or in the form that n8n uses for selected values."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == name:
                picked = value.get("value") if isinstance(value, dict) else value
                if isinstance(picked, (str, int)) and picked != "":
                    yield str(picked)
            yield from _values(value, name)
    elif isinstance(part, list):
        for item in part:
            yield from _values(item, name)
