# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes the effects of the record of leavers on a list: listed users in the record, and entries that end. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    DEMOTE,
    KEEP,
    LEAVER,
    PRESENT,
    UNMATCHED,
    WAIT,
    DesiredMember,
    DesiredState,
    DesiredUser,
    ListPolicy,
)
from .._desired.protection import Protection
from .._state.dates import utc
from .._state.model import State
from .._state.roles import CHAT_USER, MEMBER, Role, is_demotion, role_slug
from .._text import quoted
from .departures import LeaverHandling, manages_leavers
from .grace_period import GracePeriod
from .leaver_record import DELETED_BY_OTHERS, OFFBOARD, SYNC, RecordEntry
from .restore import RestoredUser, left_out_notes, recorded_entries, without_missing_roles


@dataclass(frozen=True)
class RecordEffects:
    """The list without the grants of users in the record, and with the former access of users whose entry ends.

    `blocked` are the listed users who stay in the record and are no leavers, `lifted` are the users whose entry ends because they are
    listed again, and `dropped` are the ids of entries that end for another reason, which `notes` say. `accounts` has the entries of the
    blocked users by the ids of their accounts, which are other ids than in the record if the recorded account was deleted.
    """

    desired: DesiredState
    blocked: tuple[RecordEntry, ...] = ()
    lifted: tuple[RestoredUser, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    accounts: Mapping[str, RecordEntry] = field(default_factory=dict)

    def blocked_result(self) -> list[dict[str, Any]]:
        """Return the listed users who stay in the record, in result form."""
        return [
            {
                "user": entry.email,
                "since": utc(entry.since),
                "staged_by": entry.staged_by,
                "is_deleted": entry.is_deleted,
            }
            for entry in sorted(self.blocked, key=lambda entry: entry.email)
        ]


def record_effects(
    state: State,
    desired: DesiredState,
    handling: LeaverHandling,
    restoring: bool,
    roles: Iterable[Role] | None = None,
) -> RecordEffects:
    """Return the effects of the record on a list; with `restoring`, listed users are neither blocked nor lifted.

    `roles` are the roles that exist. A recorded role that does not exist any more is not given back.
    """
    grace_period = handling.grace_period
    if grace_period is None or not grace_period.record.leavers:
        return RecordEffects(desired)
    dropped, notes = _dropped(state, desired, grace_period)
    record = grace_period.record.without(dropped)
    if restoring:
        return RecordEffects(desired, dropped=tuple(dropped), notes=tuple(notes))
    users = {user.user: user for user in desired.users}
    # A list can name one user by email and by id. Only a user by email has a status.
    statuses = {_key(state, reference): user.status for reference, user in users.items()}
    all_entries = recorded_entries(state, desired, record)
    entries = {reference: own[0] for reference, own in all_entries.items()}
    renamed = {key: entry for key, entry in entries.items() if _is_renamed(state, users.get(key), entry)}
    returning = {
        _key(state, key)
        for key, entry in entries.items()
        if entry.staged_by == SYNC and statuses.get(_key(state, key)) in (PRESENT, UNMATCHED)
    } - {_key(state, key) for key in renamed}
    blocked = {key: entry for key, entry in entries.items() if _key(state, key) not in returning}
    lifted = {key: entry for key, entry in entries.items() if key in users and key not in blocked}
    restored = {key: _lifted(state, desired, users[key], entry) for key, entry in lifted.items()}
    if roles is not None:
        existing = without_missing_roles(restored.values(), roles)
        restored = dict(zip(restored, existing))
    ended, ended_notes = _without_account(state, desired, restored)
    restored = {reference: user for reference, user in restored.items() if reference not in ended}
    dropped += [lifted[reference].id for reference in ended]
    # The access in the first entry comes back. Another one is about a deleted account of the same person.
    dropped += [entry.id for reference in lifted for entry in all_entries[reference][1:]]
    notes += ended_notes
    # A listed leaver is in the record as expected.
    reported = {key: entry for key, entry in blocked.items() if statuses.get(_key(state, key)) != LEAVER}
    reported = _under_listed_emails(state, desired, reported)
    notes += [
        f"{key} is listed, but this is now the email of the account of {entry.email}, who is in the record of leavers "
        f"{grace_period.path} since {utc(entry.since)}. This run gives this account nothing. If both are one person, add {entry.email} "
        "to the previous emails of this person. If not, delete the account, so that the listed person can be invited."
        for key, entry in renamed.items()
        if key in reported
    ]
    notes += [
        f"{entry.email} is in the record of leavers {grace_period.path} since {utc(entry.since)} and is still listed. This run gives "
        "this user nothing. Only restore: true restores the former access."
        for key, entry in reported.items()
        if key not in renamed
    ]
    notes += left_out_notes(list(restored.values()))
    notes += _ignored_project_notes(state, desired, restored, lifted)
    accounts = {reference: state.find_user(reference) for reference in reported}
    return RecordEffects(
        _with_lifted(desired.without_grants(set(blocked)), restored),
        tuple(dict.fromkeys(reported.values())),
        tuple(restored.values()),
        tuple(dropped),
        tuple(notes),
        {user.id: blocked[reference] for reference, user in accounts.items() if user is not None},
    )


def _key(state: State, reference: str) -> str:
    """Return the id of the account that a list names by email or by id, or the reference without an account."""
    user = state.find_user(reference)
    return user.id if user else reference


def _is_renamed(state: State, user: DesiredUser | None, entry: RecordEntry) -> bool:
    """Return whether a listed account has another email than in the record, and the list does not know the former email.

    A user can change the own email in n8n without a confirmation. So a leaver could take the address of another person.
    """
    account = state.find_user(entry.id)
    if user is None or account is None or account.email == entry.email:
        return False
    return entry.email not in (user.user, user.listed_email, *user.previous_emails)


def _under_listed_emails(
    state: State, desired: DesiredState, entries: Mapping[str, RecordEntry]
) -> dict[str, RecordEntry]:
    """Return the entries with the present emails of their users, which may not be those in the record."""
    listed = {user.user: user.listed_email or user.user for user in desired.users}
    found = {}
    for reference, entry in entries.items():
        user = state.find_user(reference)
        email = user.email if user and user.id == entry.id else listed.get(reference, reference)
        found[reference] = replace(
            entry, email=email, is_deleted=entry.is_deleted and not (user and user.id == entry.id)
        )
    return found


def _without_account(
    state: State, desired: DesiredState, restored: Mapping[str, RestoredUser]
) -> tuple[list[str], list[str]]:
    """Return the references of users whose entry ends although they get nothing back, and a note on each of them."""
    giving = {user.user for user in desired.users if user.gives_access}
    ended, notes = [], []
    for reference, user in restored.items():
        if not user.staged.is_deleted:
            continue
        reason = ""
        if state.find_user(reference) is not None:
            reason = "has another account"
        elif desired.missing_users == WAIT:
            reason = "has no account yet, and the list waits for it"
        elif reference not in giving and not user.memberships():
            reason = "has no account, and the list gives the user nothing"
        if reason:
            ended.append(reference)
            notes.append(f"The entry of {user.email} in the record ends, because this user is listed again, {reason}.")
    return ended, notes


def _ignored_project_notes(
    state: State, desired: DesiredState, restored: Mapping[str, RestoredUser], lifted: Mapping[str, RecordEntry]
) -> list[str]:
    """Return notes about recorded memberships that users do not get back, because the list does not manage the project."""
    policy = desired.policy or ListPolicy()
    protection = Protection(policy, state)
    users = {user.user: user for user in desired.users}
    ignored = {project.id for project in state.projects if protection.ignores_project(project.name)}
    return [
        f"{user.email} had {role} in {quoted(name)} ({key}), which matches ignored_projects. This run does not give it back. "
        "An admin of the project can."
        for reference, user in restored.items()
        for key, name, role in lifted[reference].memberships
        if key in ignored and _gives_recorded(policy, users[reference])
    ]


def _dropped(state: State, desired: DesiredState, grace_period: GracePeriod) -> tuple[list[str], list[str]]:
    """Return the ids of the entries that end whether their users are listed or not, and a note on each of them."""
    policy = desired.policy or ListPolicy()
    protection = Protection(policy, state)
    listed = {person.user for person in desired.people} | {user.listed_email for user in desired.users}
    listed |= {email for user in desired.users for email in user.previous_emails}
    is_complete = manages_leavers(desired) and not policy.keep_unlisted
    dropped, notes = [], []
    for entry in grace_period.record.leavers.values():
        # A list does not tell whether ignored users have left.
        if protection.ignores(entry.email):
            continue
        reason = ""
        if state.find_user(entry.id) is not None:
            # If a run of n8n_offboard stopped before it deleted the account, the entry is one of an account that exists.
            continue
        if not entry.is_deleted:
            reason = DELETED_BY_OTHERS
        elif state.find_user(entry.email) is not None:
            reason = "a new account with this address exists"
        elif entry.staged_by == OFFBOARD:
            if is_complete and entry.email not in listed:
                reason = "the account was deleted and the list no longer has this user"
        elif grace_period.now >= entry.due(grace_period.grace_days):
            reason = "the account was deleted and the grace period is over"
        if reason:
            dropped.append(entry.id)
            notes.append(entry.end_note(grace_period.path, reason))
    return dropped, notes


def _lifted(state: State, desired: DesiredState, user: DesiredUser, entry: RecordEntry) -> RestoredUser:
    """Return the access that a user gets back whose entry ends, as far as rules do not say something else."""
    policy = desired.policy or ListPolicy()
    account, key = state.find_user(user.user), _key(state, user.user)
    memberships: Sequence[tuple[str, str, str]] = ()
    if _gives_recorded(policy, user):
        named = {
            project.id
            for member in desired.members
            # A grant that begins later says nothing about the membership until then.
            if not member.is_upcoming and _key(state, member.user) == key
            for project in state.find_projects(member.project)
        }
        protection = Protection(policy, state)
        named |= {project.id for project in state.projects if protection.ignores_project(project.name)}
        for listed in desired.projects:
            if desired.authority(listed) == AUTHORITATIVE:
                named |= {project.id for project in state.find_projects(listed.reference)}
        memberships = [item for item in entry.memberships if item[0] not in named]
    role = entry.role
    if user.role is not None:
        role = role_slug(user.role, "global", state.roles, user.source)
    elif user.highest_role and is_demotion(role, MEMBER):
        role = MEMBER
    if user.status == UNMATCHED and policy.unmatched_users == DEMOTE:
        role = CHAT_USER
    existing = {project.id for project in state.projects if project.is_team}
    missing = frozenset(key for key, _name, _role in memberships if key not in existing)
    restored = replace(entry, role=role, memberships=tuple(memberships))
    return RestoredUser(account.email if account else user.user, restored, missing, recorded=entry)


def _gives_recorded(policy: ListPolicy, user: DesiredUser) -> bool:
    """Return whether a user whose entry ends gets back recorded memberships that the list does not name."""
    return policy.authority == ADDITIVE and (user.status == PRESENT or policy.unmatched_users == KEEP)


def _with_lifted(desired: DesiredState, lifted: dict[str, RestoredUser]) -> DesiredState:
    policy = desired.policy or ListPolicy()

    def with_role(user: DesiredUser) -> DesiredUser:
        restored = lifted.get(user.user)
        if restored is None or (user.status == UNMATCHED and policy.unmatched_users == DEMOTE):
            return user
        if restored.staged.role in restored.missing_roles:
            return replace(user, gives_access=True)
        return replace(user, role=user.role or restored.staged.role, gives_access=True)

    members = [
        DesiredMember(key, reference, role, source=f'the record of {restored.email}, project "{name}"')
        for reference, restored in lifted.items()
        for key, name, role in restored.memberships()
    ]
    return replace(desired, users=tuple(map(with_role, desired.users)), members=(*desired.members, *members))
