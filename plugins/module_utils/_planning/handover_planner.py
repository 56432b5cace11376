# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the handover of resources: moves, copies, destructions, refusals, and the shares that are lost. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._changes.change import Change
from .._changes.handover import Handover, free_name, incomplete_copy_name
from .._errors import InputError, UnseenError
from .._state.model import Project, State, User
from .._state.owned_items import CREDENTIAL, TABLE, VARIABLE, WORKFLOW, OwnedItem, OwnedItems, Table, Workflow, listed
from .handover_effects import find_lost_shares, find_mentions, handover_notes, owner_of

# The word for a kind of resource in the names of actions, if it differs from the kind.
_KINDS = {TABLE: "table"}
# The actions that bring a resource to the destination.
_MOVING = ("transfer_credential", "transfer_workflow", "copy_table")
# The note about an invited user on a server that does not show the data tables of other users.
OIDC_NOTE = (
    "n8n shows that {} has not accepted the invitation, so this user is treated as having no data tables. n8n up to 2.8 "
    "shows the same for an invited user who has signed in through OIDC. If your n8n uses OIDC, check this user in n8n."
)


@dataclass(frozen=True)
class HandoverTarget:
    """The handling of resources that the task sets: they move to `destination`, may be destroyed, or neither.

    `reserved_names` are the names of the data tables that other handovers bring to the destination in the same run.
    `is_refused` says that an error already rejects the target, so that no leaver repeats the error. `can_destroy` says
    that the task has the option delete_resources. `unusable` is the reason why the destination that the task names does
    not count, with the remedy.
    """

    destination: Project | None = None
    data_tables: str = "refuse"
    delete_resources: bool = False
    reserved_names: frozenset[str] = frozenset()
    is_refused: bool = False
    can_destroy: bool = True
    unusable: str = ""

    @property
    def remedy(self) -> str:
        """Return what to do about resources that a deletion would destroy."""
        allow = ", or delete_resources: true to allow their destruction" if self.can_destroy else ""
        return self.unusable or f"Set transfer_to to move these resources{allow}."


def plan_handover(
    state: State, source: Project, target: HandoverTarget, deleting: bool = True, reason: str = ""
) -> Handover:
    """Return the handover of the resources that `source` owns, with `reason` as the reason of its changes.

    `deleting` says whether the source is deleted afterwards. `state` must have the resources of the source and, if the
    destination is to get data tables, the resources of the destination. Raises InputError if resources would be
    destroyed, or might be, and `target` does not allow that.
    """
    owner = owner_of(state, source)
    owned_items = state.owned_items[source.id]
    unseen = (owned_items.unseen, owned_items.tables_unseen, owned_items.variables_unseen)
    creator = state.find_user(source.creator_id or "")
    oidc_note: list[str] = []
    if creator is not None and creator.never_signed_in and not source.is_team and owned_items.tables_unseen:
        # No API call gives a data table to another user, and no other user can have created one in this project.
        owned_items = replace(owned_items, tables_unseen="")
        oidc_note = [OIDC_NOTE.format(owner)] if deleting and not target.delete_resources else []
    _check_handover(owner, source, owned_items, target, deleting)
    changes = _resource_changes(state, source, owned_items, target)
    removed_items = [
        change.item for change in changes if change.item is not None and change.action != "unpublish_workflow"
    ]
    lost = find_lost_shares(state, owned_items, removed_items, target.destination)
    return Handover(
        owner,
        source,
        target.destination,
        tuple(_with_details(changes, source, target.destination, creator, reason, lost)),
        tuple(lost),
        {table.id: find_mentions(owned_items, table) for table in owned_items.of_type(TABLE)},
        (*oidc_note, *handover_notes(state, owner, owned_items, removed_items, target.destination)),
        unseen,
    )


def _resource_changes(state: State, source: Project, owned_items: OwnedItems, target: HandoverTarget) -> list[Change]:
    """Return the changes of each resource, in order, and after them the removals that the deletion itself implies."""
    if target.delete_resources:
        # n8n destroys the resources that are not published and then refuses the rest (seen on 2.40.7).
        published = [item for item in owned_items.items if isinstance(item, Workflow) and item.published]
        deletion = "delete_project" if source.is_team else "delete_user"
        return [Change("unpublish_workflow", item=item) for item in published] + [
            Change(f"delete_{_KINDS.get(item.type, item.type)}", item=item, implied_by=deletion)
            for item in owned_items.items
        ]
    changes = []
    if target.destination is not None:
        changes = [Change(f"transfer_{item.type}", item=item) for item in _transfer_order(owned_items)]
    return changes + _table_changes(state, owner_of(state, source), owned_items, target)


def _with_details(
    changes: Sequence[Change],
    source: Project,
    destination: Project | None,
    creator: User | None,
    reason: str,
    lost_shares: Sequence[Mapping[str, Any]],
) -> Iterator[Change]:
    """Yield the changes with their owner, destination, reason and position."""
    user = None if source.is_team else creator
    losing: dict[str, list[str]] = {}
    for share in lost_shares:
        losing.setdefault(share["id"], []).append(share["user"] or f'project "{share["project"]}"')
    for position, change in enumerate(changes):
        also = sorted(losing.get(change.item.id, ())) if change.item else []
        moves_to = destination if change.action in _MOVING else None
        yield replace(
            change,
            user=user.email if user else None,
            user_id=user.id if user else None,
            project=moves_to.name if moves_to else None,
            project_id=moves_to.id if moves_to else None,
            before=source.name if source.is_team else None,
            reason=reason + (f"; removes access of {', '.join(also)}" if also else ""),
            owner=user.id if user else source.id,
            position=position,
        )


def _check_handover(
    owner: str, source: Project, owned_items: OwnedItems, target: HandoverTarget, deleting: bool
) -> None:
    """Raise InputError with all reasons against the handover."""
    # The owner begins the sentence of the message.
    owner = f"P{owner[1:]}" if source.is_team else owner
    consequence = "is not deleted" if deleting else "is not changed"
    problems = []
    destination = target.destination
    tables = owned_items.of_type(TABLE)
    variables = owned_items.of_type(VARIABLE)
    movable_items = [item for item in owned_items.items if item.type not in (TABLE, VARIABLE)]
    tables_may_be_deleted = target.delete_resources or target.data_tables == "delete"
    if destination is not None and target.delete_resources:
        problems.append("transfer_to and delete_resources are mutually exclusive: destroyed resources cannot be moved.")
    if destination is None and target.data_tables == "copy" and not target.is_refused:
        problems.append(target.unusable or "data_tables: copy requires transfer_to, the destination of the copies.")
    if destination is not None and destination.id == source.id and not target.is_refused:
        problems.append(f"transfer_to: {owner} cannot be both the source and the destination.")
    is_unseen = False
    if (deleting or destination is not None) and not target.delete_resources and owned_items.unseen:
        is_unseen = True
        problems.append(f"{owner} {consequence}: {owned_items.unseen}")
    if deleting and destination is None and not target.delete_resources and movable_items:
        problems.append(f"{owner} owns {listed(movable_items)}, which the deletion would destroy. {target.remedy}")
    if deleting and variables and not target.delete_resources:
        problems.append(
            f"{owner} owns {listed(variables)}, which the deletion would destroy. Move them in n8n, or set "
            "delete_resources: true to allow the destruction of all resources."
        )
    # A user has no variables of their own.
    if deleting and source.is_team and owned_items.variables_unseen and not target.delete_resources:
        is_unseen = True
        problems.append(f"{owner} is not deleted: {owned_items.variables_unseen}")
    if deleting and owned_items.tables_unseen and not tables_may_be_deleted:
        is_unseen = True
        problems.append(f"{owner} is not deleted: {owned_items.tables_unseen}")
    if (
        (deleting or destination is not None)
        and tables
        and not tables_may_be_deleted
        and target.data_tables == "refuse"
    ):
        problems.append(
            f"{owner} owns {listed(tables)}, and n8n's API cannot move data tables. Set data_tables: copy to copy them "
            "to the destination in transfer_to, or data_tables: delete to allow their destruction."
        )
    if problems:
        raise (UnseenError if is_unseen and owned_items.refused else InputError)("\n".join(problems))


def _transfer_order(owned_items: OwnedItems) -> list[OwnedItem]:
    """Return credentials and workflows in the order in which they move.

    A workflow fails as soon as its credential has moved without it. It also fails if it calls a workflow that is in
    another project (seen on 2.8.4 and 2.40.7). So resources that depend on each other move together: first the
    credentials, then the workflows, the published ones before the others.
    """
    movable = [item for item in owned_items.items if item.type in (CREDENTIAL, WORKFLOW)]
    groups: dict[tuple[str, str], list[OwnedItem]] = {(item.type, item.id): [item] for item in movable}
    for workflow in movable:
        if isinstance(workflow, Workflow):
            used = [(CREDENTIAL, key) for key in workflow.credentials] + [(WORKFLOW, key) for key in workflow.calls]
            for other in used:
                group, other_group = groups[(WORKFLOW, workflow.id)], groups.get(other, [])
                if other_group and other_group is not group:
                    group += other_group
                    groups.update(((item.type, item.id), group) for item in other_group)
    together = {id(group): sorted(group, key=_rank) for group in groups.values()}.values()
    return [item for group in sorted(together, key=lambda group: _rank(group[0])) for item in group]


def _rank(item: OwnedItem) -> tuple[bool, bool, str, str]:
    published = isinstance(item, Workflow) and item.published
    return item.type != CREDENTIAL, not published, item.name, item.id


def _table_changes(state: State, owner: str, owned_items: OwnedItems, target: HandoverTarget) -> list[Change]:
    tables = sorted(owned_items.of_type(TABLE), key=lambda table: (table.name, table.id))
    if target.data_tables == "delete":
        return [Change("delete_table", item=table) for table in tables]
    if target.destination is None or not tables:
        return []
    existing_tables = [item for item in state.owned_items[target.destination.id].items if isinstance(item, Table)]
    reserved_names = {table.name for table in existing_tables} | target.reserved_names
    changes = []
    for table in tables:
        unfinished = next((other for other in existing_tables if other.name == incomplete_copy_name(table)), None)
        name = free_name(table.name, owner, reserved_names)
        reserved_names.add(name)
        changes.append(Change("copy_table", after=name, item=table, unfinished=unfinished))
    return changes
