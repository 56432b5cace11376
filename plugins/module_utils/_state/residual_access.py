# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the access that a user still has, as far as n8n shows it. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .model import State, User
from .owned_items import VARIABLE, OwnedItem, OwnedItems

KEYS_UNSEEN = "n8n does not show API keys of users. Existing keys give access to everything listed here"
# MCP keys remain valid with a new instance role, and have the rights of the account (seen on 2.40.7).
MCP_KEYS_UNSEEN = "n8n has deleted the API keys and does not show MCP keys of users. Existing MCP keys give access to everything listed here"


def residual_access(
    state: State, user: User, keys_deleted: bool = False, removed_items: Sequence[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """Return the remaining access of `user`: entries with `type`, `id`, `name`, and `role` where a role exists.

    `keys_deleted` tells that n8n has deleted the API keys with the change of the instance role. It has not deleted the
    MCP keys. `removed_items` are types and ids of items that the user will no longer own, if `state` was read before that.
    """
    entries = [_entry("instance_role", None, user.role)]
    entries += [
        _entry("membership", project.id, project.name, member.role) for project, member in state.memberships(user)
    ]
    personal = state.personal_project(user)
    owned_items = state.owned_items.get(personal.id, OwnedItems()) if personal else OwnedItems()
    for item in owned_items.items:
        # n8n does not let any user use a variable of a personal project.
        if item.type != VARIABLE and (item.type, item.id) not in removed_items:
            entries.append(_entry(item.type.replace(" ", "_"), item.id, item.name))
    for item in owned_items.shared:
        entries.append(_entry(f"shared_{item.type}", item.id, item.name, _role(item, personal.id if personal else "")))
    if user.never_signed_in:
        entries.append(_entry("invitation", None, "The invitation can still be accepted"))
    # A user who has not accepted the invitation has no keys.
    if not user.never_signed_in:
        entries.append(_entry("api_keys", None, MCP_KEYS_UNSEEN if keys_deleted else KEYS_UNSEEN))
    unseen = [owned_items.unseen, owned_items.tables_unseen]
    if personal is None:
        unseen.append("n8n does not show the personal project of this user")
    if owned_items.refused:
        unseen.append(state.scopes_hint)
    entries += [_entry("unseen", None, why) for why in unseen if why]
    return entries


def _role(item: OwnedItem, project_id: str) -> str | None:
    share = item.share_of(project_id)
    return share.role if share else None


def _entry(kind: str, item_id: str | None, name: str, role: str | None = None) -> dict[str, Any]:
    return {"type": kind, "id": item_id, "name": name, "role": role}
