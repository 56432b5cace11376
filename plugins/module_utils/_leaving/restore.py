# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores the recorded access of leavers who are still in the record of leavers. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._changes.change import Change
from .._desired.desired import DesiredMember, ListPolicy, DesiredUser, DesiredState
from .._desired.protection import Protection
from .._errors import InputError, ErrorCollector
from .._state.dates import utc
from .._state.model import State
from .._state.read_request import Members, ReadRequest
from .._state.roles import ORDER, Role, is_demotion, role_slug
from .._text import quoted
from .leaver_record import OFFBOARD, LeaverRecord, RecordEntry


@dataclass(frozen=True)
class RestoredUser:
    """A user that a list names by `email` and that is in the record.

    `staged` has the access that the user gets back. `recorded` is the entry in the record, if it has other access.
    `missing_projects` are the ids of recorded projects that do not exist any more. `missing_roles` are recorded roles that
    do not exist any more.
    """

    email: str
    staged: RecordEntry
    missing_projects: frozenset[str] = frozenset()
    missing_roles: frozenset[str] = frozenset()
    recorded: RecordEntry | None = None

    @property
    def entry(self) -> RecordEntry:
        """Return the entry in the record."""
        return self.recorded or self.staged

    @property
    def roles(self) -> set[str]:
        """Return all roles that the record has for this user."""
        return {self.staged.role, *(role for _key, _name, role in self.staged.memberships)}

    def to_result(self) -> dict[str, Any]:
        """Return the entry for lists of restored users."""
        memberships = self.staged.to_result()["memberships"]
        return {
            "email": self.email,
            "id": self.staged.id,
            "since": utc(self.staged.since),
            "role": self.staged.role,
            "memberships": [item for item in memberships if self._exists(item["id"], item["role"])],
            "gone": [item for item in memberships if not self._exists(item["id"], item["role"])],
        }

    def memberships(self) -> list[tuple[str, str, str]]:
        """Return the memberships that can be restored."""
        return [entry for entry in self.staged.memberships if self._exists(entry[0], entry[2])]

    def _exists(self, key: str, role: str) -> bool:
        return key not in self.missing_projects and role not in self.missing_roles


def restore_request(request: ReadRequest, record: LeaverRecord) -> ReadRequest:
    """Return the request with everything else that has to be read to restore the access in the record."""
    recorded = {key for staged in record.leavers.values() for key, _name, _role in staged.memberships}
    if not recorded:
        return request
    if isinstance(request.members, Members):
        return replace(request, projects=True)
    return replace(request, projects=True, members=tuple(sorted({*request.members, *recorded})))


def find_restored_users(record: LeaverRecord, desired: DesiredState, state: State) -> list[RestoredUser]:
    """Return the listed users who are in the record.

    An entry belongs to the user of its id, even if the email has changed, or else to the user of its email.
    """
    protection = Protection(desired.policy or ListPolicy(), state)
    existing = {project.id for project in state.projects if project.is_team}
    by_email = {staged.email: staged for staged in record.leavers.values() if state.find_user(staged.id) is None}
    found: dict[str, RestoredUser] = {}
    for person in desired.people if record.leavers else ():
        user = state.find_user(person.user)
        email = user.email if user else person.user
        staged = (record.leavers.get(user.id) if user else None) or by_email.get(email)
        if staged is not None and not protection.ignores(email):
            missing_projects = frozenset(key for key, _name, _role in staged.memberships if key not in existing)
            found.setdefault(staged.id, RestoredUser(email, staged, missing_projects))
    return list(found.values())


def recorded_entries(state: State, desired: DesiredState, record: LeaverRecord) -> dict[str, list[RecordEntry]]:
    """Return the entries of the listed users who are in the record, by the references of the list.

    An entry of a deleted account belongs to the email of a person in the list, or, if the person has no account, to a
    previous email. So a person can have several entries. Entries of n8n_offboard come first.
    """
    protection = Protection(desired.policy or ListPolicy(), state)
    found: dict[str, list[RecordEntry]] = {}
    for person in desired.people:
        user = state.find_user(person.user)
        emails = [person.user]
        if isinstance(person, DesiredUser):
            emails = [person.listed_email or person.user, *(() if user else person.previous_emails)]
        entries = [record.leavers.get(user.id) if user else None, *map(record.of_email, emails)]
        own = [entry for entry in entries if entry is not None]
        if own and not protection.ignores(user.email if user else person.user):
            found.setdefault(person.user, sorted(own, key=lambda entry: entry.staged_by != OFFBOARD))
    return found


def restore_check_request(request: ReadRequest, restored_users: Iterable[RestoredUser]) -> ReadRequest:
    """Return the request that shows whether these users have the access that was restored from the record."""
    projects = {key for restored in restored_users for key, _name, _role in restored.memberships()}
    return ReadRequest(
        users=tuple(restored.email for restored in restored_users),
        all_users=request.all_users,
        projects=bool(projects),
        members=tuple(sorted(projects)),
    )


def missing_access(restored: RestoredUser, state: State) -> list[Change]:
    """Return the changes that give a restored user the access that the user does not have in `state`.

    A protected user may have a higher role, which the task does not lower.
    """
    user, role = state.find_user(restored.email), restored.staged.role
    if user is None:
        return [Change("invite_user", restored.email, after=role)]
    missing = []
    if is_demotion(role, user.role) and role not in restored.missing_roles:
        missing.append(Change("change_user_role", restored.email, before=user.role, after=role, user_id=user.id))
    roles = {project.id: member.role for project, member in state.memberships(user)}
    for key, name, role in restored.memberships():
        if key not in roles or is_demotion(role, roles[key]):
            action = "change_member_role" if key in roles else "add_member"
            missing.append(Change(action, restored.email, name, roles.get(key), role, user_id=user.id, project_id=key))
    return missing


def describe_missing(change: Change) -> str:
    """Return the access that a change of missing_access() gives, in words."""
    if change.action == "invite_user":
        return "the account"
    return (
        f"{change.after} of project {quoted(change.project)}" if change.project else f"the instance role {change.after}"
    )


def restores_same(missing: Change, change: Change) -> bool:
    """Return whether a change that was made gave the access that is missing again: in a project, or on the instance."""
    return (change.user, change.project_id) == (missing.user, missing.project_id)


def names_custom_roles(restored_users: Iterable[RestoredUser]) -> bool:
    """Return whether a user had a custom role, which may not exist any more. Roles of n8n itself always exist."""
    own = {role for order in ORDER.values() for role in order}
    return any(restored.roles - own for restored in restored_users)


def without_missing_roles(restored_users: Iterable[RestoredUser], roles: Iterable[Role] | None) -> list[RestoredUser]:
    """Return the restored users with the roles that do not exist any more.

    `roles` are the roles that exist, or None if they are unknown.
    """
    if roles is None:
        return list(restored_users)
    existing = {role.slug for role in roles}
    return [replace(restored, missing_roles=frozenset(restored.roles - existing)) for restored in restored_users]


def with_restored_access(desired: DesiredState, restored_users: Iterable[RestoredUser], state: State) -> DesiredState:
    """Return the desired state in which restored users also get the access that the record has for them.

    Raises InputError if the list sets another instance role for a user. The planner finds another role in a project,
    as it finds any two entries that contradict each other.
    """
    problems = ErrorCollector()
    users = {user.user: user for user in desired.users}
    members = list(desired.members)
    for restored in restored_users:
        email, staged = restored.email, restored.staged
        source = f"the record of {email}"
        listed = users.get(email) or users.get(staged.id) or DesiredUser(email, source=source)
        users[listed.user] = listed
        if staged.role not in restored.missing_roles:
            with problems:
                _check_role(listed, staged, state)
            users[listed.user] = replace(listed, role=staged.role)
        # Projects are named by id, because they may have been renamed. A project that was deleted is not created.
        members += [
            DesiredMember(key, email, role, source=f'{source}, project "{name}"')
            for key, name, role in restored.memberships()
        ]
    problems.raise_if_any()
    return replace(desired, users=tuple(users.values()), members=tuple(members))


def _check_role(listed: DesiredUser, staged: RecordEntry, state: State) -> None:
    if listed.role is not None and role_slug(listed.role, "global", state.roles, listed.source) != staged.role:
        raise InputError(
            f"{listed.source} has the role {listed.role}, but the record of staged leavers has the role "
            f"{staged.role}. restore=true restores the role in the record, so omit role or set the same role."
        )


def restore_notes(restored_users: Sequence[RestoredUser]) -> list[str]:
    """Return notes about restored users."""
    notes = left_out_notes(restored_users)
    if restored_users:
        notes.append(
            "API keys that n8n has deleted are not restored. "
            f"{', '.join(restored.email for restored in restored_users)} can create new ones."
        )
    return notes


def left_out_notes(restored_users: Sequence[RestoredUser]) -> list[str]:
    """Return notes about recorded access that users do not get back, because its project or role does not exist."""
    notes = [
        f'{restored.email} had {role} in project "{name}" ({key}). The project no longer exists, so this role '
        "is not restored."
        for restored in restored_users
        for key, name, role in restored.staged.memberships
        if key in restored.missing_projects
    ]
    for restored in restored_users:
        notes += [
            f'{restored.email} had {role} in project "{name}" ({key}). This role no longer exists and is not '
            "restored. Set another role in the list."
            for key, name, role in restored.staged.memberships
            if key not in restored.missing_projects and role in restored.missing_roles
        ]
        if restored.staged.role in restored.missing_roles:
            notes.append(
                f"{restored.email} had the instance role {restored.staged.role}, which no longer exists and is not "
                "restored. The user keeps the present role unless the list contains another role."
            )
    return notes
