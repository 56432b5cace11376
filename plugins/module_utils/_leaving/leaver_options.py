# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the options of n8n_offboard, finds the leavers, and makes the read request for them. PURE.

Users can change their own emails in n8n, so leavers are also found by the emails in the record of leavers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from .._changes.plan import Plan
from .._desired.desired import DEMOTE, REMOVE_MEMBERSHIPS, listed_user
from .._desired.handover_options import HandoverOptions
from .._desired.validation import kind_of
from .._errors import ErrorCollector, InputError
from .._planning.deletion import possible_calls
from .._state.model import State, User
from .._state.names import stored_email
from .._state.read_request import ALL, ReadRequest
from .._state.roles import CHAT_USER
from .demotion import has_custom_role
from .grace_period import GracePeriod
from .leaver_record import LeaverRecord, RecordEntry

DELETE, STAGED = "delete", "staged"
# The actions for the access of a leaver, from easy to hard to undo.
LEAVER_ACTIONS = (REMOVE_MEMBERSHIPS, DEMOTE, DELETE, STAGED)


@dataclass(frozen=True)
class Leaver:
    """A user who is to lose access; `user` is None if n8n has no user with the email or id `reference`."""

    reference: str
    user: User | None


@dataclass(frozen=True)
class LeaverOptions:
    """The options for all leavers. `successors` are emails by project (its id or name), "" for all other projects."""

    action: str = REMOVE_MEMBERSHIPS
    demote_role: str = "chatUser"
    handover_options: HandoverOptions = HandoverOptions()
    successors: Mapping[str, str] = field(default_factory=dict)
    grace_period: GracePeriod | None = None
    # Whether the key may delete users, which is read only if a leaver has an open invitation.
    can_delete: bool = True
    # The record of leavers for other actions than STAGED, which has it in `grace_period`.
    record: LeaverRecord | None = None

    @property
    def entries(self) -> Mapping[str, RecordEntry]:
        """Return the entries of the record of leavers by the ids of users; without a record, there are none."""
        record = self.grace_period.record if self.grace_period is not None else self.record
        return record.leavers if record is not None else {}

    def with_planned_record(self, plan: Plan, leavers: Sequence[Leaver]) -> LeaverOptions:
        """Return the options with the record that must be stored before the first change of `plan` is made."""
        if self.grace_period is None:
            return self
        users = [leaver.user for leaver in leavers if leaver.user is not None]
        return replace(self, grace_period=self.grace_period.after(plan.state, users, plan.changes))


def leaver_references(entries: Sequence[Any]) -> tuple[str, ...]:
    """Return the users (lower-case emails, or ids) that `users` of n8n_offboard names, each once.

    An entry is an email, an id, or a dictionary with an email. Raises InputError for anything else.
    """
    problems = ErrorCollector()
    found: dict[str, None] = {}
    for number, entry in enumerate(entries):
        place = f"users[{number}]"
        with problems:
            if isinstance(entry, Mapping):
                if not entry.get("email"):
                    raise InputError(f"{place}: the email of the user is required, but this dictionary has none.")
                found[stored_email(entry.get("email"), place)] = None
            elif entry is not None and not isinstance(entry, str):
                raise InputError(
                    f"{place} is {kind_of(entry)}, but must be an email, an id, or a dictionary with an email."
                )
            else:
                found[listed_user(entry, place)] = None
    problems.raise_if_any()
    return tuple(found)


def successors(option: object) -> dict[str, str]:
    """Return the successors in `successor` of n8n_offboard: one email, or emails by project; raises InputError."""
    if option is None or option == "":
        return {}
    if isinstance(option, Mapping):
        return {
            str(project): stored_email(email, f'successor: project "{project}"') for project, email in option.items()
        }
    return {"": stored_email(option, "successor")}


def check_leaver_options(leaver_options: LeaverOptions) -> None:
    """Raise InputError for options that cannot be combined."""
    if leaver_options.action == REMOVE_MEMBERSHIPS and leaver_options.handover_options != HandoverOptions():
        raise InputError(
            "transfer_to, data_tables and delete_resources have no effect if users lose only memberships. Use them with "
            "action=demote, action=delete or action=staged."
        )
    handover_options = leaver_options.handover_options
    if leaver_options.action == DEMOTE and handover_options.delete_resources:
        raise InputError("delete_resources applies only to deleted users. Use it with action=delete or action=staged.")
    if handover_options.transfer_to is None and handover_options.data_tables == "copy":
        raise InputError("data_tables: copy requires transfer_to, the destination of the copies.")
    if (
        handover_options.transfer_to is None
        and handover_options.data_tables == "delete"
        and leaver_options.action == DEMOTE
    ):
        raise InputError(
            "data_tables: delete applies only to users who are deleted or whose resources move. With action=demote it "
            "requires transfer_to."
        )


def leaver_request(references: Sequence[str], leaver_options: LeaverOptions) -> ReadRequest:
    """Return the read request, once for all leavers."""
    also: tuple[str, ...] = ("find_user",) if leaver_options.action == DELETE else ("find_user", "remove_member")
    if leaver_options.action in (DEMOTE, STAGED):
        also += ("change_user_role",)
    if leaver_options.action in (DELETE, STAGED):
        also += possible_calls("user", leaver_options.handover_options)
    return ReadRequest(
        users=(*references, *recorded_ids(leaver_options.entries, references)),
        all_users=True,
        projects=True,
        members=ALL,
        roles=leaver_options.action in (DEMOTE, STAGED) and leaver_options.demote_role not in ("chatUser", CHAT_USER),
        owned_items=True,
        # Folders matter only if the workflows in them are moved or destroyed.
        folders=leaver_options.handover_options.transfer_to is not None
        or leaver_options.handover_options.delete_resources,
        destinations=leaver_options.handover_options.destinations,
        also=also,
    )


def find_leavers(
    state: State, references: Sequence[str], entries: Mapping[str, RecordEntry] | None = None
) -> list[Leaver]:
    """Return the leavers, each once, even if a leaver is named both by email and by id.

    `entries` are those of the record of leavers. The email of an entry means the account of the entry, unless another
    account has this email.
    """
    found: dict[str, Leaver] = {}
    for reference in references:
        user = state.find_user(reference) or next(iter(recorded_accounts(state, entries or {}, reference)), None)
        found.setdefault(user.id if user else reference, Leaver(reference, user))
    return list(found.values())


def recorded_ids(entries: Mapping[str, RecordEntry], emails: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the users whose entries in the record have one of these emails (in lower case)."""
    wanted = set(emails)
    return tuple(entry.id for entry in entries.values() if entry.email in wanted)


def recorded_accounts(state: State, entries: Mapping[str, RecordEntry], email: str) -> list[User]:
    """Return the existing accounts of the entries with this email, the account that was staged last first."""
    found = sorted((entry for entry in entries.values() if entry.email == email), key=_time, reverse=True)
    accounts = [state.find_user(entry.id) for entry in found]
    return [account for account in accounts if account is not None]


def _time(entry: RecordEntry) -> tuple[datetime, str]:
    return entry.since, entry.id


def changed_email_notes(
    state: State, entries: Mapping[str, RecordEntry], found: Sequence[tuple[str, User | None]]
) -> list[str]:
    """Return notes about accounts that the record has under an email of the task, and that have another email now.

    `found` are the references of the task, each with the user whom the task means by it.
    """
    leaving = {user.id for _reference, user in found if user is not None}
    notes = []
    for reference, user in found:
        for account in recorded_accounts(state, entries, reference):
            if account == user and state.find_user(reference) is None:
                notes.append(
                    f"{reference}: the account with this email in the record of leavers has the email {account.email} now. The task "
                    "means this account."
                )
            elif account.id not in leaving:
                notes.append(
                    f"{reference}: the record of leavers has this email for another account, which has the email {account.email} "
                    f"now. If this user is to leave too, also name {account.email}."
                )
    return notes


def with_recorded_emails(
    record: LeaverRecord, recorded: LeaverRecord, state: State, emails: Sequence[str]
) -> LeaverRecord:
    """Return `record` with the emails of `recorded` for the entries that the task names by these emails.

    The next task, or a list, names the same emails. An email that another account has now is not kept.
    """
    ids = [key for key in recorded_ids(recorded.leavers, emails) if key in record.leavers]
    named = [(record.leavers[key], recorded.leavers[key].email) for key in ids]
    return record.adding(replace(entry, email=email) for entry, email in named if state.find_user(email) is None)


def wants_roles(leavers: Sequence[Leaver], leaver_options: LeaverOptions) -> bool:
    """Return whether roles have to be read, to know which custom roles of leavers have no scopes."""
    demoting = leaver_options.action in (DEMOTE, STAGED)
    return demoting and any(leaver.user is not None and has_custom_role(leaver.user) for leaver in leavers)


def deletes_pending(leavers: Sequence[Leaver], leaver_options: LeaverOptions) -> bool:
    """Return whether a leaver has an open invitation, which only the deletion of the account makes invalid."""
    demoting = leaver_options.action in (DEMOTE, STAGED)
    return demoting and any(leaver.user is not None and leaver.user.never_signed_in for leaver in leavers)
