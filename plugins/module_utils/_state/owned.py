# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What projects own and what is shared with them, as frozen dataclasses. PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORKFLOW, CREDENTIAL, TABLE, VARIABLE, FOLDER = "workflow", "credential", "data table", "variable", "folder"
# How n8n makes the ids of data tables (seen on 2.8.4 and 2.40.7).
_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{16}(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Share:
    """That a project has something which another project owns."""

    project_id: str
    role: str


@dataclass(frozen=True)
class OwnedItem:
    """Something that a personal or team project owns; `type` is workflow, credential, data table, variable or folder.

    `owner_id` is that project's id, "" where n8n does not tell, and `shares` are the other projects that have it too.
    """

    type: str
    id: str
    name: str
    owner_id: str = ""
    shares: tuple[Share, ...] = ()

    def __str__(self) -> str:
        return f'{self.type} "{self.name}" ({self.id})'

    def to_result(self) -> dict[str, Any]:
        """Return the entry for lists of possessions."""
        return {"type": self.type, "id": self.id, "name": self.name}

    def share_of(self, project_id: str) -> Share | None:
        """Return the share of a project that does not own it, or None."""
        return next((share for share in self.shares if share.project_id == project_id), None)


@dataclass(frozen=True)
class Credential(OwnedItem):
    """A credential, of which no secret is ever read."""

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Credential:
        """Return the credential of one entry of GET /credentials."""
        owner, shares = _owner_and_shares((share["id"], share["role"]) for share in data.get("shared") or ())
        return cls(CREDENTIAL, str(data["id"]), str(data.get("name")), owner, shares)


@dataclass(frozen=True)
class Workflow(OwnedItem):
    """A workflow, and what its nodes use: credentials and other workflows by id, data tables by id or name."""

    published: bool = False
    archived: bool = False
    credentials: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Workflow:
        """Return the workflow of one entry of GET /workflows, as it came or as `without_nodes` left it."""
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
    """A data table with its columns, in order, each with its type. Nobody but its project has it."""

    columns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Table:
        """Return the data table of one entry of GET /data-tables."""
        # They come in no order.
        columns = sorted(data.get("columns") or (), key=lambda column: int(column["index"]))
        named = tuple((str(column["name"]), str(column["type"])) for column in columns)
        return cls(TABLE, str(data["id"]), str(data.get("name")), str(data.get("projectId") or ""), columns=named)


@dataclass(frozen=True)
class OwnedItems:
    """What a project owns, as far as the server shows it, and what others share with it.

    `unseen` says why it may own more than that, `tables_unseen` why it may own data tables besides, and `variables_unseen`
    why variables, which a team project can have. `used_by` are the workflows of others that use one of its credentials or
    name one of its data tables, `borrowed` the credentials of others that its own workflows use. `refused` are the scopes of
    listings that n8n refused to the key. Folders are no
    possessions of their own: they hold workflows, and nobody can move them.
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
        """Return by project, out of everything there is, what it owns and what has to do with that.

        What n8n names no owner of may be anybody's, so it is a reason why each of them may own more.
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
            theirs = {owners[key] for key in (*workflow.credentials, *workflow.tables) if key in owners}
            for project_id in theirs - {workflow.owner_id}:
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
        """Return what it owns of one type."""
        return tuple(item for item in self.items if item.type == kind)


def listed(items: Iterable[OwnedItem]) -> str:
    """Return possessions in words."""
    return ", ".join(str(item) for item in items)


def _with_ownerless(unseen: str, items: Iterable[OwnedItem]) -> str:
    """Return why some may be unseen, with those of `items` of which nobody knows whose they are."""
    ownerless = listed(item for item in items if not item.owner_id)
    words = f"n8n does not show the owner of {ownerless}, so it is unknown whether the deletion would destroy it."
    return " ".join(filter(None, (unseen, words if ownerless else "")))


def without_nodes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workflow as n8n lists it with what its nodes use in place of the nodes, which may be large."""
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
    """Return what the nodes of a workflow name. Where an id stands in an expression or in code, it is named too."""
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
    """Yield the values of all parameters called `name`, plain or in the form that n8n gives to what was picked."""
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
