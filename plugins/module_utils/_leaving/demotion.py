# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a demotion takes: memberships, and the instance role where the other one is less, so that no leaver gains by it. PURE."""

from __future__ import annotations

from dataclasses import replace

from .._changes.change import Change
from .._planning.removal_changes import implied_removals, membership_removals, role_change
from .._state.model import State, User
from .._state.roles import CHAT_USER, ORDER, is_demotion

# What a note names of the scopes of a role; some have more than a hundred.
_FEW = 10


def demotion(state: State, user: User, role: str) -> list[Change]:
    """Return the changes by which the memberships of a leaver go, and the instance role becomes `role`, if that is less."""
    if not is_less(state, user.role, role):
        return membership_removals(state, user, "leaves")
    if user.role == CHAT_USER:
        return [*membership_removals(state, user, "leaves"), role_change(user, role, "leaves")]
    changes = [role_change(user, CHAT_USER, "leaves"), *implied_removals(state, user)]
    if role != CHAT_USER:
        # Only becoming a chat user takes memberships and API keys along (seen on 2.40.7).
        changes.append(replace(role_change(user, role, "leaves"), before=CHAT_USER, after_role_change=True))
    return changes


def is_less(state: State, before: str, after: str) -> bool:
    """Whether one instance role may allow less than another: custom ones by their scopes, where n8n shows these."""
    scopes = {role.slug: role.scopes for role in state.roles or ()}
    first, then = scopes.get(before), scopes.get(after)
    if first is None or then is None or {before, after} <= set(ORDER["global"]):
        return is_demotion(before, after)
    return not first <= then


def kept_role_note(state: State, user: User, role: str) -> str:
    """Return that a leaver keeps an instance role that is another than `role`, "" where that is not so."""
    if user.role == role or is_less(state, user.role, role):
        return ""
    keys = (
        ""
        if user.role == CHAT_USER
        else " API keys are kept as well, because n8n deletes them only if a user becomes a chat user."
    )
    return f"{user.email} keeps the instance role {user.role}, because {role} does not allow less.{keys}"


def scopes_note(state: State, slug: str) -> str:
    """Return what a custom role allows to which people are demoted, "" for nothing or where it is not known."""
    found = [role.scopes for role in state.roles or () if role.slug == slug and role.custom]
    scopes = sorted(scope for some in found for scope in some or ())
    more = f" and {len(scopes) - _FEW} more" if len(scopes) > _FEW else ""
    # The most dangerous first.
    scopes.sort(key=lambda scope: not scope.startswith("user:"))
    return (
        f"demote_role: {slug} has the scopes {', '.join(scopes[:_FEW])}{more}. Users with this role keep these scopes."
        if scopes
        else ""
    )


def has_custom_role(user: User) -> bool:
    """Whether nobody knows by the name of the instance role what it allows."""
    return user.role not in ORDER["global"]
