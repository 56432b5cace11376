# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list takes from those whom it does not name, and from whom it takes nothing all the same. PURE."""

from __future__ import annotations

from collections.abc import Iterable

from .._changes.change import Change
from .._desired.desired import AUTHORITATIVE, DEMOTE, KEEP, UserWish
from .._state.model import Member, Project
from .._state.names import composed
from .._state.roles import CHAT_USER, PROJECT_ADMIN
from .._text import quoted
from .builder import Draft
from .removal_changes import all_seeing_note, carried_away, lost_membership, lost_memberships, role_change

NO_NAME = "is on no list"


def take_from_unnamed(draft: Draft) -> None:
    """Plan what an authoritative list, and `unlisted_users`, take away."""
    terms, wish = draft.terms, draft.wish
    authorities = {terms.authority, *(project.authority for project in wish.projects)}
    if AUTHORITATIVE not in authorities and terms.unlisted_users == KEEP:
        return
    if draft.state.myself is None:
        draft.problems.add(
            "This API key is of an old form that does not tell whose it is, so its own user could not be protected: make a "
            "new key under Settings > n8n API, or set authority=additive and unlisted_users=keep."
        )
        return
    removal = _Removal(draft)
    for project in draft.state.projects:
        if project.is_team:
            removal.from_project(project)
    for project in draft.new_projects.values():
        removal.of_creator(project)
    if terms.unlisted_users != KEEP:
        removal.of_unlisted()


class _Removal:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        # Each once, in however many projects the list names them.
        emails: dict[str, str] = {}
        for reference in {person.user for person in draft.wish.people}:
            user = draft.state.find_user(reference)
            emails[reference] = user.email if user else reference
        self.named = set(emails.values())
        self.listed = {emails[person.user]: person for person in draft.wish.users}

    def from_project(self, project: Project) -> None:
        """Plan who goes from a project that is there."""
        draft, entry = self.draft, self.draft.entries.get(project.key)
        wished = draft.given.get(project.key, {})
        authoritative = draft.wish.authority(entry) == AUTHORITATIVE
        complete = authoritative and entry is not None and entry.lists_members
        for member in draft.state.members.get(project.id, ()):
            if member.email in wished or draft.shield.ignores(member.email):
                continue
            if member.id in draft.becoming_chat_users:
                # That goes with the instance role, and is in the plan already.
                continue
            if member.email not in self.named and draft.terms.unlisted_users != KEEP:
                # Said of all projects at once, below.
                continue
            listed = self.listed.get(member.email)
            if complete:
                self._take(project, member, _denied("is not among the project's members in the list", listed, project))
            elif authoritative and listed is not None and listed.lists_projects:
                self._take(project, member, _denied("the project is not among the user's in the list", listed, project))

    def of_creator(self, project: Project) -> None:
        """Plan that the key's user leaves a project that this plan creates, where the list does not name that user."""
        draft = self.draft
        myself = draft.state.find_user(draft.state.myself or "")
        if myself is None or draft.wish.authority(draft.entries.get(project.key)) != AUTHORITATIVE:
            return
        if myself.email in draft.given.get(project.key, {}) or draft.shield.ignores(myself.email):
            return
        if draft.shield.protects(myself):
            draft.note_staying(myself, project.name)
        else:
            draft.changes.append(
                Change(
                    "remove_member",
                    myself.email,
                    project.name,
                    PROJECT_ADMIN,
                    reason="has created the project and is not in the list",
                    user_id=myself.id,
                )
            )

    def of_unlisted(self) -> None:
        """Plan what becomes of people whom the list names nowhere."""
        draft = self.draft
        for user in draft.state.users:
            if user.email in self.named or draft.shield.ignores(user.email):
                continue
            memberships = draft.state.memberships(user)
            if draft.shield.keeps(user):
                for project, _member in memberships:
                    draft.note_staying(user, project.name)
                continue
            draft.leavers.add(user.id)
            if draft.terms.unlisted_users == DEMOTE and user.role != CHAT_USER and user.id not in draft.keep_role:
                draft.changes += [role_change(user, CHAT_USER, NO_NAME), *carried_away(draft.state, user)]
            else:
                draft.changes += lost_memberships(draft.state, user, NO_NAME)
                note = all_seeing_note(user, NO_NAME)
                if note:
                    draft.note(note)

    def _take(self, project: Project, member: Member, reason: str) -> None:
        user = self.draft.state.find_user(member.id)
        if user is not None and self.draft.shield.keeps(user):
            self.draft.note_staying(user, project.name)
        else:
            self.draft.changes.append(lost_membership(project, member, reason))


def last_admins_stay(draft: Draft, left: Iterable[tuple[str, str, list[Change]]]) -> None:
    """Leave the last admins of projects, as `without_admin` tells them, what they have."""
    stay: set[int] = set()
    for _key, name, losing in left:
        admins = ", ".join(sorted(change.user or "" for change in losing))
        verb = "stays" if len(losing) == 1 else "stay"
        draft.note(
            f"{admins} {verb} {PROJECT_ADMIN} of {quoted(name)}, as nobody else would be: name another in the list."
        )
        stay.update(map(id, losing))
    draft.changes = [change for change in draft.changes if id(change) not in stay]


def _denied(reason: str, listed: UserWish | None, project: Project) -> str:
    rule = listed.denied.get(composed(project.name)) or listed.denied.get(project.id) if listed else None
    return f"{reason}, denied by rule {quoted(rule)}" if rule else reason
