# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grace period of staged leavers: its end, leavers who still have access, and entries for the record. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .._changes.change import Change
from .._errors import ErrorCollector
from .._state.dates import utc
from .._state.model import State, User
from .._state.roles import CHAT_USER
from .leaver_record import LeaverRecord, RecordEntry
from .restore import RestoredUser, missing_access

# The grace period in days, unless the task sets another one.
GRACE_DAYS = 30


@dataclass(frozen=True)
class GracePeriod:
    """The record of leavers, whether this run creates it, the present time, and the length of the grace period."""

    record: LeaverRecord
    is_new: bool
    now: datetime
    grace_days: int = GRACE_DAYS
    path: str = "state_path"

    def of(self, user: User) -> RecordEntry:
        """Return the entry of a leaver in the record, or a new entry that begins now."""
        return self.record.leavers.get(user.id) or RecordEntry(user.id, user.email, self.now, user.role)

    def dates(self, entry: RecordEntry | None) -> dict[str, str | None]:
        """Return the time of staging and the end of the grace period of an entry, in result form."""
        return {
            "since": utc(entry.since) if entry else None,
            "due": utc(entry.due(self.grace_days)) if entry else None,
        }

    def check(self, users: Iterable[User]) -> None:
        """Raise InputError for a negative grace period, and for recorded users whose grace period begins after now."""
        problems = ErrorCollector()
        if self.grace_days < 0:
            problems.add(f"grace_days: {self.grace_days} is not valid. The number of days must be 0 or more.")
        for user in users:
            staged = self.of(user)
            if staged.since > self.now:
                problems.add(
                    f"In the record {self.path}, {user.email} was staged on {utc(staged.since)}, which is later than the "
                    f"present time ({utc(self.now)}). Correct the date in the record. If you use another time for a test, "
                    "use a separate record."
                )
        problems.raise_if_any()

    def is_over(self, user: User, changes: Sequence[Change]) -> bool:
        """Return whether the grace period of a leaver is over, and the `changes` of the demotion remove no access."""
        staged = self.record.leavers.get(user.id)
        return staged is not None and self.now >= staged.due(self.grace_days) and not removes_access(changes, staged)

    def note(self, user: User, changes: Sequence[Change]) -> str:
        """Return a note for the operator about a leaver; "" for no note. `changes` are those of the demotion."""
        staged = self.record.leavers.get(user.id)
        if staged is not None and removes_access(changes, staged):
            return (
                f"{user.email} has been in the record {self.path} since {utc(staged.since)} and still has access. "
                "This run removes the access and restarts the grace period. It adds the present access to the "
                "record, and keeps the recorded access."
            )
        if self.is_new or not self.seems_staged(user, changes):
            return ""
        return (
            f"{user.email} already looks staged, with {user.role} and no projects, but is not in the record {self.path}. The "
            "grace period begins now. If this user was staged before, the record is outdated and lacks the former access. "
            "Use the last version of the record."
        )

    def seems_staged(self, user: User, changes: Sequence[Change]) -> bool:
        """Return whether a leaver is not in the record, and the `changes` of the demotion remove no access."""
        return user.id not in self.record.leavers and not removes_access(changes)

    def creation_note(self, seemingly_staged: Sequence[str], role: str) -> str:
        """Return a note that the run creates the record.

        `seemingly_staged` are the emails of leavers with the instance role `role` and no projects.
        """
        created = f"The record of leavers {self.path} does not exist. This run creates it."
        if not seemingly_staged:
            return created
        look = "looks" if len(seemingly_staged) == 1 else "look"
        return (
            f"{created} {', '.join(sorted(seemingly_staged))} already {look} staged: no projects, and no instance "
            f"role above {role}. The grace period begins now. If these users were staged before, use the last version of the "
            "record, which contains the dates and the former access."
        )

    def after(self, state: State, users: Iterable[User], changes: Sequence[Change]) -> GracePeriod:
        """Return the grace period with the record that must be stored before `changes` are made.

        The record has an entry for every user, with the access that the user loses.
        """
        new_entries = []
        for user in users:
            own_changes = [change for change in changes if change.user_id == user.id]
            staged = self.record.leavers.get(user.id)
            if staged is None or removes_access(own_changes, staged):
                new_entries.append(begun_entry(state, user, self.now, staged, own_changes))
        return replace(self, record=self.record.adding(new_entries))


def removes_access(changes: Iterable[Change], staged: RecordEntry | None = None) -> bool:
    """Return whether changes remove access from a user who stays. `staged` is the entry of the user in the record.

    A role change of a user with the role that staging leaves does not count, because this user has lost the relevant
    access already.
    """
    return any(
        change.action == "remove_member"
        or (change.action == "change_user_role" and not _is_demoted(change.before, staged))
        for change in changes
    )


def _is_demoted(role: str | None, staged: RecordEntry | None) -> bool:
    return role == CHAT_USER if staged is None else staged.is_demoted(role)


def with_demoted_roles(record: LeaverRecord, users: Iterable[User], changes: Sequence[Change]) -> LeaverRecord:
    """Return the record with the instance roles that n8n_offboard leaves `users` with by demotions in `changes`."""
    left = {change.user_id: change.after or CHAT_USER for change in changes if change.action == "change_user_role"}
    known = {user.id: record.leavers[user.id] for user in users if user.id in record.leavers}
    return record.adding(replace(entry, demoted_role=left[key]) for key, entry in known.items() if key in left)


def entries_to_keep(record: LeaverRecord, done: Iterable[Change], after: State | None) -> list[RecordEntry]:
    """Return the entries of users who lost access by the changes `done`, and who lack recorded access in `after`.

    The caller adds these entries to the record again if they are missing. Another task without a shared lock removes an
    entry when it restores the user, and this task may have removed the access after that. If the state after the
    changes is unknown (None), the access counts as missing.
    """
    done = list(done)
    deleted = {change.user_id for change in done if change.action == "delete_user"}
    losing_access = {
        change.user_id or "" for change in done if removes_access([change], record.leavers.get(change.user_id or ""))
    } - deleted
    entries = [record.leavers[key] for key in sorted(losing_access.intersection(record.leavers))]
    return [entry for entry in entries if after is None or _lacks_access(entry, after)]


def _lacks_access(entry: RecordEntry, state: State) -> bool:
    """Return whether a user of `state` does not have all access of an entry."""
    user = state.find_user(entry.id)
    return user is not None and bool(missing_access(RestoredUser(user.email, entry), state))


def entry_of(state: State, user: User, now: datetime) -> RecordEntry:
    """Return an entry that begins now, with the access that a user has in `state`."""
    has = tuple((project.id, project.name, member.role) for project, member in state.memberships(user))
    return RecordEntry(user.id, user.email, now, user.role, has)


def begun_entry(
    state: State, user: User, now: datetime, staged: RecordEntry | None, changes: Sequence[Change]
) -> RecordEntry:
    """Return an entry that begins now, with the present access of a user and the recorded access that was removed."""
    present_memberships = tuple((project.id, project.name, member.role) for project, member in state.memberships(user))
    new_roles = [change.after for change in changes if change.action == "change_user_role" and change.after]
    demoted_role = new_roles[-1] if new_roles else staged.demoted_role if staged else CHAT_USER
    if staged is None:
        return RecordEntry(user.id, user.email, now, user.role, present_memberships, demoted_role=demoted_role)
    keys = {key for key, _name, _role in present_memberships}
    recorded_memberships = tuple(entry for entry in staged.memberships if entry[0] not in keys)
    # If no change removes the role, it is the role that the demotion left.
    role_was_restored = any(
        change.action == "change_user_role" and not staged.is_demoted(change.before) for change in changes
    )
    return RecordEntry(
        user.id,
        # A leaver can change the own email in n8n, so the record keeps the address of the first staging.
        staged.email if staged.id == user.id else user.email,
        now,
        user.role if role_was_restored else staged.role,
        (*present_memberships, *recorded_memberships),
        stagings=staged.stagings + 1,
        demoted_role=demoted_role,
    )
