# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the removals from projects that an authoritative list requires, except for protected users. PURE."""

from __future__ import annotations

from collections.abc import Iterable

from .._changes.change import Change
from .._desired.desired import AUTHORITATIVE, KEEP, UNMATCHED, DesiredUser
from .._state.model import Member, Project
from .._state.names import to_nfc
from .._state.roles import PROJECT_ADMIN
from .._text import quoted
from .context import PlanContext
from .removal_changes import membership_removal


def plan_removals(context: PlanContext, users_depart: bool) -> None:
    """Plan the removals that an authoritative list requires from users who do not depart as a whole.

    `users_depart` tells whether other users lose all their access.
    """
    policy, desired = context.policy, context.desired
    authorities = {policy.authority, *(project.authority for project in desired.projects)}
    if AUTHORITATIVE not in authorities and policy.unlisted_users == KEEP and not users_depart:
        return
    if context.state.own_user_id is None:
        context.problems.add(
            "This API key has an old format that does not identify its user, so the task cannot protect this "
            "user. Create a new key under Settings > n8n API, or set authority=additive and unlisted_users=keep."
        )
        return
    removal = _Removal(context)
    for project in context.state.projects:
        if project.is_team and not context.is_ignored_project(project.name):
            removal.from_project(project)
    for project in context.new_projects.values():
        removal.remove_creator(project)


class _Removal:
    """Plans removals from one project at a time, or for all users that the list does not name."""

    def __init__(self, context: PlanContext) -> None:
        self.context = context
        self.listed: dict[str, DesiredUser] = {}
        for person in context.desired.users:
            user = context.state.find_user(person.user)
            self.listed[user.email if user else person.user] = person

    def from_project(self, project: Project) -> None:
        """Plan the removals from a project that exists."""
        context, entry = self.context, self.context.entry_by_project.get(project.key)
        wanted = context.wanted_roles.get(project.key, {})
        authoritative = context.desired.authority(entry) == AUTHORITATIVE
        complete = authoritative and entry is not None and entry.lists_members
        for member in context.state.members.get(project.id, ()):
            if member.email in wanted or (project.key, member.email) in context.unwanted:
                continue
            if context.protection.ignores(member.email):
                continue
            if member.id in context.becoming_chat_users:
                # The change of the instance role removes this membership, and the plan has this removal already.
                continue
            if member.id in context.departing:
                # The departure of the user has the removals from all projects.
                continue
            listed = self.listed.get(member.email)
            if complete:
                self._remove_member(
                    project, member, _with_denying_rule("is not listed as a member of the project", listed, project)
                )
            elif authoritative and _lists_all_projects(listed):
                self._remove_member(
                    project, member, _with_denying_rule("the project is not listed for the user", listed, project)
                )

    def remove_creator(self, project: Project) -> None:
        """Plan the removal of the key's user from a project that this plan creates, unless the list names the user."""
        context = self.context
        own_user = context.state.find_user(context.state.own_user_id or "")
        if own_user is None or context.desired.authority(context.entry_by_project.get(project.key)) != AUTHORITATIVE:
            return
        if own_user.email in context.wanted_roles.get(project.key, {}) or context.protection.ignores(own_user.email):
            return
        if context.protection.pattern_for(own_user):
            context.note_kept_member(own_user, project.name)
        else:
            context.changes.append(
                Change(
                    "remove_member",
                    own_user.email,
                    project.name,
                    PROJECT_ADMIN,
                    reason="created the project and is not listed",
                    user_id=own_user.id,
                )
            )

    def _remove_member(self, project: Project, member: Member, reason: str) -> None:
        user = self.context.state.find_user(member.id)
        if user is not None and self.context.protection.reason_for(user):
            self.context.note_kept_member(user, project.name)
        else:
            self.context.changes.append(membership_removal(project, member, reason))


def keep_last_admins(context: PlanContext, left: Iterable[tuple[str, str, list[Change]]]) -> None:
    """Drop the changes that remove last admins of projects.

    `left` has the key and the name of each project, and the changes that remove its admins.
    """
    kept_changes: set[int] = set()
    for _key, name, admin_removals in left:
        admins = ", ".join(sorted(change.user or "" for change in admin_removals))
        verb = "stays" if len(admin_removals) == 1 else "stay"
        context.note(
            f"{admins} {verb} {PROJECT_ADMIN} of {quoted(name)}, because the project would have no other admin. "
            f"List another {PROJECT_ADMIN}."
        )
        kept_changes.update(map(id, admin_removals))
    context.changes = [change for change in context.changes if id(change) not in kept_changes]


def _lists_all_projects(listed: DesiredUser | None) -> bool:
    # An unmatched user who does not depart loses only what the entry removes by name.
    return listed is not None and listed.lists_projects and listed.status != UNMATCHED


def _with_denying_rule(reason: str, listed: DesiredUser | None, project: Project) -> str:
    rule = listed.denied.get(to_nfc(project.name)) or listed.denied.get(project.id) if listed else None
    return f"{reason}, denied by rule {quoted(rule)}" if rule else reason
