# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which users a list takes access from as a whole, and for what reason. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from .._desired.desired import (
    DEMOTE,
    KEEP,
    LEAVER,
    STAGED,
    UNMATCHED,
    DesiredState,
    DesiredUser,
    ListPolicy,
)
from .._desired.handover_options import HandoverOptions
from .._desired.protection import Protection
from .._state.dates import utc
from .._state.model import State, User
from .._state.roles import CHAT_USER, plain_slug
from .grace_period import GracePeriod
from .leaver_record import LeaverRecord, RecordEntry

UNLISTED_REASON = "is not listed"
LEAVER_REASON = "is listed as a leaver"
UNMATCHED_REASON = "no rule matches"


@dataclass(frozen=True)
class LeaverHandling:
    """The options of a list for leavers.

    `grace_period` has the record of leavers, or is None without a record. `successors` are emails by project (its id or
    name), "" for all other projects. `can_delete` tells whether the key may delete users. `deletes_pending` tells
    whether a pending user without a first name has certainly not signed in.
    """

    grace_period: GracePeriod | None = None
    handover_options: HandoverOptions = HandoverOptions()
    successors: Mapping[str, str] = field(default_factory=dict)
    can_delete: bool = True
    deletes_pending: bool = True

    @property
    def record(self) -> LeaverRecord:
        """Return the record of leavers, which is empty without a file."""
        return self.grace_period.record if self.grace_period else LeaverRecord("")

    def protection(self, policy: ListPolicy, state: State) -> Protection:
        """Return the protection of users, for which users in the record have the recorded email as well."""
        accounts = {key: state.find_user(key) for key in self.record.leavers}
        emails = {user.email: self.record.leavers[key].email for key, user in accounts.items() if user is not None}
        return Protection(policy, state, emails)

    def may_delete(self, departure: Departure) -> bool:
        """Return whether this run may delete the user, so that the resources of the user have to be known."""
        if departure.action == STAGED and self.is_due(departure):
            return True
        return departure.action in (DEMOTE, STAGED) and self.is_open_invitation(departure.user)

    def is_due(self, departure: Departure) -> bool:
        """Return whether the grace period of a leaver is over."""
        grace_period, entry = self.grace_period, departure.entry
        return (
            grace_period is not None
            and entry is not None
            and departure.is_leaver
            and grace_period.now >= entry.due(grace_period.grace_days)
        )

    def is_open_invitation(self, user: User) -> bool:
        """Return whether a user has certainly not accepted the invitation, so that its link still works."""
        return user.never_signed_in and self.deletes_pending


@dataclass(frozen=True)
class Departure:
    """A user who loses all access, or who would if the policy were not KEEP; `action` is one of UNLISTED.

    `is_leaver` is False for a listed user whom no rule matches. `entry` is the entry in the record.
    """

    user: User
    action: str
    reason: str
    is_leaver: bool = True
    entry: RecordEntry | None = None


def manages_leavers(desired: DesiredState) -> bool:
    """Return whether the list is about all users: it has the status of its users, or takes access from other users."""
    policy = desired.policy or ListPolicy()
    return policy.unlisted_users != KEEP or any(user.status for user in desired.users)


def find_departures(
    state: State,
    desired: DesiredState,
    handling: LeaverHandling,
    lifted: Set[str],
    blocked: Mapping[str, RecordEntry],
) -> list[Departure]:
    """Return the departures, in the order of the users in `state`.

    `lifted` are the ids of users whose entry ends. `blocked` has the entries of listed users by the ids of their
    accounts, also of users whose recorded account was deleted and who have another one.
    """
    policy = desired.policy or ListPolicy()
    protection = handling.protection(policy, state)
    users: dict[str, DesiredUser] = {}
    for person in desired.users:
        user = state.find_user(person.user)
        if user is not None:
            users[user.id] = person
    members = map(state.find_user, {member.user for member in desired.members})
    listed = {*users, *(user.id for user in members if user is not None)}
    found = []
    manages = manages_leavers(desired)
    for user in state.users:
        if protection.ignores(user.email):
            continue
        is_protected = bool(protection.reason_for(user))
        entry = None if user.id in lifted else handling.record.leavers.get(user.id) or blocked.get(user.id)
        status = users[user.id].status if user.id in users else ""
        departure = None
        if status == LEAVER:
            departure = Departure(user, policy.unlisted_users, LEAVER_REASON, entry=entry)
        elif user.id not in listed:
            action = KEEP if policy.keep_unlisted else policy.unlisted_users
            departure = Departure(user, action, UNLISTED_REASON, entry=entry)
        elif status == UNMATCHED:
            departure = Departure(user, policy.unmatched_users, UNMATCHED_REASON, is_leaver=False, entry=entry)
        if entry is not None and manages and (departure is None or departure.action not in (DEMOTE, STAGED)):
            reason = f"is in the record of leavers since {utc(entry.since)}"
            departure = Departure(user, DEMOTE, reason, departure.is_leaver if departure else False, entry)
        if departure is not None:
            found.append(replace(departure, is_leaver=False) if is_protected else departure)
    return found


def seemingly_staged(state: State, desired: DesiredState) -> list[str]:
    """Return the emails of listed users who look staged: chat users without projects, but not by the list."""
    protection = Protection(desired.policy or ListPolicy(), state)
    found = []
    for entry in desired.users:
        user = state.find_user(entry.user)
        by_list = entry.role is not None and plain_slug(entry.role, "global") == CHAT_USER
        if entry.status == LEAVER or protection.ignores(user.email if user else entry.user):
            continue
        if user is not None and user.role == CHAT_USER and not by_list and not state.memberships(user):
            found.append(user.email)
    return sorted(found)
