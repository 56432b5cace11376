# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list takes from those whom it does not name, and from whom it takes nothing all the same. PURE."""

from __future__ import annotations

from collections.abc import Iterable

from .._changes.change import Change
from .._desired.desired import AUTHORITATIVE, DEMOTE, KEEP, DesiredUser
from .._state.model import Member, Project
from .._state.names import composed
from .._state.roles import CHAT_USER, PROJECT_ADMIN
from .._text import quoted
from .builder import PlanBuilder
from .removal_changes import instance_admin_note, implied_removals, membership_removal, membership_removals, role_change

UNLISTED_REASON = "is on no list"


def plan_removals(builder: PlanBuilder) -> None:
    """Plan what an authoritative list, and `unlisted_users`, take away."""
    terms, desired = builder.terms, builder.desired
    authorities = {terms.authority, *(project.authority for project in desired.projects)}
    if AUTHORITATIVE not in authorities and terms.unlisted_users == KEEP:
        return
    if builder.state.own_user_id is None:
        builder.problems.add(
            "This API key is of an old form that does not tell whose it is, so its own user could not be protected: make a "
            "new key under Settings > n8n API, or set authority=additive and unlisted_users=keep."
        )
        return
    removal = _Removal(builder)
    for project in builder.state.projects:
        if project.is_team:
            removal.from_project(project)
    for project in builder.new_projects.values():
        removal.remove_creator(project)
    if terms.unlisted_users != KEEP:
        removal.remove_unlisted()


class _Removal:
    def __init__(self, builder: PlanBuilder) -> None:
        self.builder = builder
        # Each once, in however many projects the list names them.
        emails: dict[str, str] = {}
        for reference in {person.user for person in builder.desired.people}:
            user = builder.state.find_user(reference)
            emails[reference] = user.email if user else reference
        self.named = set(emails.values())
        self.listed = {emails[person.user]: person for person in builder.desired.users}

    def from_project(self, project: Project) -> None:
        """Plan who goes from a project that is there."""
        builder, entry = self.builder, self.builder.entry_by_project.get(project.key)
        wished = builder.wanted_roles.get(project.key, {})
        authoritative = builder.desired.authority(entry) == AUTHORITATIVE
        complete = authoritative and entry is not None and entry.lists_members
        for member in builder.state.members.get(project.id, ()):
            if member.email in wished or builder.protection.ignores(member.email):
                continue
            if member.id in builder.becoming_chat_users:
                # That goes with the instance role, and is in the plan already.
                continue
            if member.email not in self.named and builder.terms.unlisted_users != KEEP:
                # Said of all projects at once, below.
                continue
            listed = self.listed.get(member.email)
            if complete:
                self._take(project, member, _denied("is not among the project's members in the list", listed, project))
            elif authoritative and listed is not None and listed.lists_projects:
                self._take(project, member, _denied("the project is not among the user's in the list", listed, project))

    def remove_creator(self, project: Project) -> None:
        """Plan that the key's user leaves a project that this plan creates, where the list does not name that user."""
        builder = self.builder
        own_user_id = builder.state.find_user(builder.state.own_user_id or "")
        if own_user_id is None or builder.desired.authority(builder.entry_by_project.get(project.key)) != AUTHORITATIVE:
            return
        if own_user_id.email in builder.wanted_roles.get(project.key, {}) or builder.protection.ignores(
            own_user_id.email
        ):
            return
        if builder.protection.pattern_for(own_user_id):
            builder.note_staying(own_user_id, project.name)
        else:
            builder.changes.append(
                Change(
                    "remove_member",
                    own_user_id.email,
                    project.name,
                    PROJECT_ADMIN,
                    reason="has created the project and is not in the list",
                    user_id=own_user_id.id,
                )
            )

    def remove_unlisted(self) -> None:
        """Plan what becomes of people whom the list names nowhere."""
        builder = self.builder
        for user in builder.state.users:
            if user.email in self.named or builder.protection.ignores(user.email):
                continue
            memberships = builder.state.memberships(user)
            if builder.protection.reason_for(user):
                for project, _member in memberships:
                    builder.note_staying(user, project.name)
                continue
            builder.leavers.add(user.id)
            if builder.terms.unlisted_users == DEMOTE and user.role != CHAT_USER and user.id not in builder.keep_role:
                builder.changes += [
                    role_change(user, CHAT_USER, UNLISTED_REASON),
                    *implied_removals(builder.state, user),
                ]
            else:
                builder.changes += membership_removals(builder.state, user, UNLISTED_REASON)
                note = instance_admin_note(user, UNLISTED_REASON)
                if note:
                    builder.note(note)

    def _take(self, project: Project, member: Member, reason: str) -> None:
        user = self.builder.state.find_user(member.id)
        if user is not None and self.builder.protection.reason_for(user):
            self.builder.note_staying(user, project.name)
        else:
            self.builder.changes.append(membership_removal(project, member, reason))


def keep_last_admins(builder: PlanBuilder, left: Iterable[tuple[str, str, list[Change]]]) -> None:
    """Leave the last admins of projects, as `projects_without_admin` tells them, what they have."""
    stay: set[int] = set()
    for _key, name, losing in left:
        admins = ", ".join(sorted(change.user or "" for change in losing))
        verb = "stays" if len(losing) == 1 else "stay"
        builder.note(
            f"{admins} {verb} {PROJECT_ADMIN} of {quoted(name)}, as nobody else would be: name another in the list."
        )
        stay.update(map(id, losing))
    builder.changes = [change for change in builder.changes if id(change) not in stay]


def _denied(reason: str, listed: DesiredUser | None, project: Project) -> str:
    rule = listed.denied.get(composed(project.name)) or listed.denied.get(project.id) if listed else None
    return f"{reason}, denied by rule {quoted(rule)}" if rule else reason
