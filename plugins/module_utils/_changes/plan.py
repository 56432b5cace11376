# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe a plan: ordered changes, their digest, their counts, and access before and after them. PURE."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import groupby
from typing import Any

from .._state.model import Member, Project, State, User, require_single
from .._state.names import to_nfc
from .._state.roles import PROJECT_ADMIN
from .._text import quoted
from .actions import ACTIONS, PROJECT
from .change import Change, identity, sort_key
from .describe import unlisted_data_notes
from .handover import Handover


def digest_of(url: str, entries: Iterable[Mapping[str, Any]], record_changes: Sequence[str]) -> str:
    """Return the SHA-256 of the server and the entries of `plan`, which does not depend on reasons and options."""
    subject: dict[str, Any] = {
        "url": url,
        "changes": [identity(entry) for entry in entries],
        **({"record": list(record_changes)} if record_changes else {}),
    }
    return hashlib.sha256(json.dumps(subject, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass
class AccessSnapshot:
    """The instance role of each user, and the members of each project with their roles.

    Users are named by email. `names` are the names of team projects by key. `creator` is the user of the API key.
    """

    users: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    creator: str | None = None

    @classmethod
    def of(cls, state: State) -> AccessSnapshot:
        """Return the access that `state` has read."""
        return cls(
            users={user.email: user.role for user in state.users},
            names={project.id: project.name for project in state.projects if project.is_team},
            members={key: {member.email: member.role for member in members} for key, members in state.members.items()},
            creator=next((user.email for user in state.users if user.id == state.own_user_id), None),
        )

    def after(self, changes: Iterable[Change]) -> AccessSnapshot:
        """Return the access after `changes` are made."""
        after = AccessSnapshot(
            dict(self.users), dict(self.names), {key: dict(of) for key, of in self.members.items()}, self.creator
        )
        for change in changes:
            after._apply(change)
        return after

    def _apply(self, change: Change) -> None:
        user, key, after = change.user or "", change.project_key, change.after or ""
        if change.action in ("invite_user", "change_user_role"):
            self.users[user] = after
        elif change.action == "delete_user":
            self.users.pop(user, None)
        elif change.action == "rename_project":
            self.names[key] = after
        elif change.action == "create_project":
            self.names[key] = after
            # The user who creates a project becomes its admin.
            self.members[key] = {self.creator: PROJECT_ADMIN} if self.creator else {}
        elif change.action == "delete_project":
            self.names.pop(key, None)
            self.members.pop(key, None)
        elif change.action == "remove_member":
            self.members.get(key, {}).pop(user, None)
        elif change.sets_member_role:
            self.members.setdefault(key, {})[user] = after


@dataclass(frozen=True)
class Plan:
    """Ordered changes to `state`, and notes on requests that are not carried out.

    `handovers` has the handover of each user or project that is deleted, by its id. `leavers` are the ids of the users
    who are to lose all access.
    """

    state: State
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    handovers: Mapping[str, Handover] = field(default_factory=dict)
    leavers: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    # The emails that n8n refuses to invite, each with the reason.
    refused_addresses: tuple[tuple[str, str], ...] = ()
    impossible: tuple[dict[str, Any], ...] = ()
    record_changes: tuple[str, ...] = ()
    lifted: int = 0

    @classmethod
    def of(
        cls,
        state: State,
        changes: Iterable[Change],
        notes: Iterable[str] = (),
        handovers: Mapping[str, Handover] | None = None,
        leavers: Iterable[str] = (),
    ) -> Plan:
        """Return the plan of `changes`, in the order in which they can be carried out.

        If the plan deletes a user or project, its notes end with the data that n8n deletes and never lists.
        """
        ordered = tuple(sorted(changes, key=sort_key))
        return cls(state, ordered, (*notes, *unlisted_data_notes(ordered)), handovers or {}, frozenset(leavers))

    def steps(self) -> Iterator[tuple[str, list[Change]]]:
        """Yield the steps of this plan in their order, each with its changes."""
        for step, changes in groupby(self.changes, key=lambda change: change.step):
            yield step, list(changes)

    @property
    def has_effects(self) -> bool:
        """Return whether the plan changes n8n or the record of leavers."""
        return bool(self.changes or self.record_changes)

    @cached_property
    def digest(self) -> str:
        """Return the digest of the plan: see `digest_of`."""
        return digest_of(self.state.url, self.to_result(), self.record_changes)

    @property
    def summary(self) -> dict[str, int]:
        """Return the number of changes of each action."""
        counts = {name: 0 for name, action in ACTIONS.items() if action.is_always_counted}
        for change in self.changes:
            counts[change.action] = counts.get(change.action, 0) + 1
        return counts

    def to_result(self) -> list[dict[str, Any]]:
        """Return the value of `plan` in results of modules."""
        return [change.to_result() for change in self.changes]

    def diff(self, changes: Sequence[Change]) -> dict[str, str]:
        """Return the access of affected users and projects before and after `changes`, one line for each fact."""
        before = AccessSnapshot.of(self.state)
        after = before.after(changes)
        return {
            "before": self._access_lines(changes, before) + _owner_lines(changes, _owner_before),
            "after": self._access_lines(changes, after) + _owner_lines(changes, _owner_after),
        }

    def _access_lines(self, changes: Sequence[Change], access: AccessSnapshot) -> str:
        """Return the lines of `access` about the users, projects, and members that `changes` affect.

        The id of a project is added to its name if another project has the same name.
        """
        users, projects, members = set(), set(), set()
        shared = Counter(map(to_nfc, access.names.values()))

        @cache
        def label(key: str) -> str:
            name = access.names.get(key, "")
            return quoted(name) + (f" ({key})" if shared[to_nfc(name)] > 1 else "")

        for change in changes:
            key, user = change.project_key, change.user or ""
            if change.item is not None:
                continue
            if change.project is None:
                if user in access.users:
                    users.add(f"user {user}: {access.users[user]}")
                continue
            # The user who creates a project is a member of it without a change of its own.
            concerned = access.members.get(key, {}) if change.action == "create_project" else {user: ""}
            if change.definition.subject_type == PROJECT and key in access.names:
                projects.add(f"project {label(key)}")
            for email in concerned.keys() & access.members.get(key, {}).keys():
                members.add(f"member of {label(key)}: {email}: {access.members[key][email]}")
        return "".join(f"{line}\n" for lines in (users, projects, members) for line in sorted(lines))

    def state_after(self, changes: Iterable[Change]) -> State:
        """Return the state after `changes` are made, limited to the users and members that exist already."""
        access = AccessSnapshot.of(self.state).after(changes)
        members = {
            key: tuple(
                replace(member, role=access.members[key][member.email])
                for member in of_project
                if member.email in access.members.get(key, {})
            )
            for key, of_project in self.state.members.items()
        }
        users = tuple(
            replace(user, role=access.users[user.email]) for user in self.state.users if user.email in access.users
        )
        return replace(self.state, users=users, members=members)

    def user_after(self, reference: str, ids: Mapping[str, str]) -> User | None:
        """Return the user after the plan, or a deleted user as it was; `ids` are the ids of invited users by email."""
        user = self.state.find_user(reference)
        for change in self.changes:
            if change.action == "invite_user" and user is None:
                user = User(ids.get(change.user or "", ""), change.user or "", change.after or "", is_pending=True)
            elif change.action == "change_user_role" and user is not None:
                user = replace(user, role=change.after or "")
        return user

    def project_after(self, project_id: str | None, name: str | None, created: Mapping[str, Project]) -> Project | None:
        """Return the project after the plan, or a deleted project as it was; `created` are the projects of the run."""
        for change in self.changes:
            if change.action == "create_project":
                return created.get(change.project_key, Project("", change.after or ""))
            if change.action == "rename_project":
                return Project(change.project_id or "", change.after or "")
        if project_id is not None:
            return self.state.find_project(project_id)
        return require_single(name or "", self.state.projects_named(name or ""))

    def member_after(self, project: str, user: str) -> Member | None:
        """Return the member after the plan, or a removed member as it was."""
        found, who = self.state.find_project(project), self.state.find_user(user)
        if found is None or who is None:
            return None
        role = next((member.role for member in self.state.members[found.id] if member.id == who.id), None)
        for change in self.changes:
            role = change.after or change.before
        return Member(who.id, who.email, role) if role else None


def projects_without_admin(state: State, changes: Iterable[Change]) -> list[tuple[str, str, list[Change]]]:
    """Return key and name of each project that `changes` leave without an admin, at the end or in between.

    Each entry also has the changes by which the admins of the project stop being admins. A user who becomes a chat user
    is not an admin for a moment, even if the role is given back.
    """
    admin_removals: dict[str, list[Change]] = {}
    made: set[str] = set()
    for change in changes:
        if change.removes_admin or (change.after_role_change and change.before == PROJECT_ADMIN):
            admin_removals.setdefault(change.project_key, []).append(change)
        elif change.makes_admin and not change.after_role_change:
            made.add(change.project_key)
    found = []
    for key, lost in admin_removals.items():
        removed_admins = {change.user_id for change in lost}
        has_admin = any(
            member.role == PROJECT_ADMIN and member.id not in removed_admins for member in state.members.get(key, ())
        )
        if not has_admin and key not in made:
            found.append((key, lost[0].project or "", lost))
    return found


def _owner_lines(changes: Iterable[Change], owner: Callable[[Change], str]) -> str:
    """Return the owners of the items that `changes` are about, one line for each item."""
    lines = {f"{change.item}: {owner(change)}\n" for change in changes if change.item is not None and owner(change)}
    return "".join(sorted(lines))


def _owner_before(change: Change) -> str:
    published = ", published" if change.action == "unpublish_workflow" else ""
    return f"of {change.user or change.before}{published}"


def _owner_after(change: Change) -> str:
    if change.action.startswith("delete_"):
        return ""
    if change.action == "unpublish_workflow":
        return f"of {change.user or change.before}"
    return f"of {quoted(change.project)}" + (f", copied as {quoted(change.after)}" if change.after else "")
