# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Demotions of leavers: the changes, and the roles to which a leaver can be demoted. PURE."""

from __future__ import annotations

from dataclasses import replace

from .._changes.change import Change
from .._errors import InputError
from .._planning.removal_changes import implied_removals, membership_removals, role_change
from .._state.model import State, User
from .._state.roles import CHAT_USER, ORDER
from .._text import shortened

# The number of scopes of a role that an error names at most. Some roles have more than a hundred scopes.
_MAX_SCOPES = 3


def demotion(state: State, user: User, role: str, reason: str = "leaves") -> list[Change]:
    """Return the changes by which a leaver loses all memberships and gets the instance role `role`.

    A leaver whose role has no scopes keeps this role, because no other role allows less.
    """
    if user.role == role or has_no_scopes(state, user.role):
        return membership_removals(state, user, reason)
    if user.role == CHAT_USER:
        return [*membership_removals(state, user, reason), role_change(user, role, reason)]
    changes = [role_change(user, CHAT_USER, reason), *implied_removals(state, user)]
    if role != CHAT_USER:
        # n8n deletes memberships and API keys only if a user becomes a chat user (seen on 2.40.7).
        changes.append(replace(role_change(user, role, reason), before=CHAT_USER, after_role_change=True))
    return changes


def check_demote_role(state: State, role: str) -> None:
    """Raise InputError for a role that is neither global:chatUser nor a custom role without any scope."""
    if role == CHAT_USER:
        return
    if state.roles is None:
        raise InputError(
            f"demote_role: this n8n does not show the scopes of {role} (n8n 2.36 and later do). Set demote_role=chatUser."
        )
    if not has_no_scopes(state, role):
        scopes = next((known.scopes for known in state.roles if known.slug == role), None)
        # The most dangerous scopes are first.
        names = sorted(scopes or (), key=lambda scope: (not scope.startswith("user:"), scope))
        has = f"has the scopes {shortened(names, _MAX_SCOPES)}" if names else "may have scopes"
        raise InputError(
            f"demote_role: {role} {has}. Leavers would keep these permissions. Set demote_role to chatUser, or to "
            "a custom role without any scope."
        )


def has_no_scopes(state: State, slug: str) -> bool:
    """Return whether n8n lists a custom role of that slug, and the role has no scopes."""
    return any(role.slug == slug and role.custom and role.scopes == frozenset() for role in state.roles or ())


def kept_role_note(state: State, user: User, role: str) -> str:
    """Return a note that a leaver keeps a custom role without scopes, other than `role`; "" for all other leavers."""
    if user.role == role or not has_no_scopes(state, user.role):
        return ""
    return (
        f"{user.email} keeps the instance role {user.role}, because this role has no scopes. API keys are kept as well, because "
        "n8n deletes them only if a user becomes a chat user."
    )


def has_custom_role(user: User) -> bool:
    """Return whether a user has a custom instance role, whose name does not show its permissions."""
    return user.role not in ORDER["global"]
