# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that remove memberships and instance roles, and the messages and checks for these removals. PURE."""

from __future__ import annotations

from collections.abc import Sequence

from .._changes.change import Change
from .._errors import InputError
from .._state.model import Member, Project, State, User
from .._state.roles import CHAT_USER, INSTANCE_ADMIN_ROLES, OWNER, PROJECT_ADMIN


def last_admin_error(key: str, name: str, admin_removals: Sequence[Change]) -> str:
    """Return the message for a project that would lose its last admins."""
    are = "is its last project:admin" if len(admin_removals) == 1 else "are its last project:admins"
    admins = ", ".join(sorted(change.user or "" for change in admin_removals))
    return (
        f'Project "{name}" ({key}) would be left without an admin: {admins} {are}. Make another user project:admin of it '
        "first."
    )


def role_change(user: User, role: str, reason: str) -> Change:
    """Return the change of a user's instance role, with the effects that cannot be undone in its reason."""
    if role == CHAT_USER:
        reason += "; n8n also deletes the user's API keys"
    return Change("change_user_role", user.email, before=user.role, after=role, reason=reason, user_id=user.id)


def implied_removals(state: State, user: User) -> list[Change]:
    """Return the changes by which n8n removes a user who becomes global:chatUser from all projects."""
    return membership_removals(state, user, f"removed by the change to {CHAT_USER}", implied_by="change_user_role")


def membership_removal(project: Project, member: Member, reason: str, implied_by: str = "") -> Change:
    """Return the change that removes `member` from `project`."""
    return Change(
        "remove_member",
        member.email,
        project.name,
        member.role,
        reason=reason,
        user_id=member.id,
        project_id=project.id,
        implied_by=implied_by,
    )


def membership_removals(state: State, user: User, reason: str, implied_by: str = "") -> list[Change]:
    """Return the changes that remove `user` from every team project whose members were read."""
    return [membership_removal(project, member, reason, implied_by) for project, member in state.memberships(user)]


def new_admin(state: State, user: User, key: str, name: str, losing: Sequence[Change]) -> Change:
    """Return the change that makes `user` an admin of a project, in place of the users of the changes `losing`."""
    member = next((member for member in state.members.get(key, ()) if member.id == user.id), None)
    return Change(
        "change_member_role" if member else "add_member",
        user.email,
        name,
        member.role if member else None,
        PROJECT_ADMIN,
        f"succeeds {', '.join(sorted(change.user or '' for change in losing))}",
        user_id=user.id,
        project_id=key,
    )


def instance_admin_note(user: User, reason: str) -> str:
    """Return a note about a user who sees every project, without memberships too; "" for all other users."""
    is_instance_admin = user.role in INSTANCE_ADMIN_ROLES
    return (
        f"{user.email} {reason} and keeps the instance role {user.role}, which has access to everything."
        if is_instance_admin
        else ""
    )


def check_leaver(state: State, user: User) -> None:
    """Raise InputError for the two users who cannot be removed: the owner, and the user of the API key."""
    who = state.protected_as(user)
    if who:
        hint = "transfer the ownership first" if user.role == OWNER else "use another user's key"
        raise InputError(f"{user.email} is {who} and cannot be removed: {hint}.")
