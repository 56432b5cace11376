# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of leavers: the access of each user before staging, and the time of staging. PURE: no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .._errors import InputError
from .._state.dates import moment, utc
from .._state.names import email_key
from .._state.roles import CHAT_USER
from .._text import quoted

FORMAT = 1
# The modules that make an entry: n8n_offboard, or n8n_access for a list. Only a restore lifts an entry of n8n_offboard.
OFFBOARD, SYNC = MAKERS = ("offboard", "sync")

# The reason for the end of an entry without a deletion by this collection.
DELETED_BY_OTHERS = "the account was deleted by other means"


@dataclass(frozen=True)
class RecordEntry:
    """The entry of one leaver: the access that the user had when the user was staged, at `since` (UTC).

    `staged_by` is one of MAKERS. With `is_deleted`, the account was deleted, and the entry belongs to the email: nobody
    is invited with this address. `demoted_role` is the instance role that the staging left. An entry without these keys
    is one of n8n_offboard for an account that exists and is a chat user.
    """

    id: str
    email: str
    since: datetime
    role: str
    # The id and name of each team project, and the role in it.
    memberships: tuple[tuple[str, str, str], ...] = ()
    staged_by: str = OFFBOARD
    is_deleted: bool = False
    # The number of times that the user was staged for this entry. An entry that another task has written anew differs from
    # the former entry by this number, even if both have the same time.
    stagings: int = 1
    demoted_role: str = CHAT_USER

    def is_demoted(self, role: str | None) -> bool:
        """Return whether an instance role is what a staging leaves, so that it is not access that was given again."""
        return role in (CHAT_USER, self.demoted_role)

    def due(self, grace_days: int) -> datetime:
        """Return the time when the account is to be deleted, or the last possible time if that time is too far away."""
        try:
            return self.since + timedelta(days=grace_days)
        except OverflowError:
            return datetime.max.replace(tzinfo=timezone.utc)

    def end_note(self, path: str, reason: str) -> str:
        """Return a note that the entry ends for this reason, although nothing is given back to the user."""
        return f"The entry of {self.email} in the record {path} ends, because {reason}."

    def merged(self, other: RecordEntry) -> RecordEntry:
        """Return an entry with the access that either of two entries of one user has; `other` is the later one."""
        known = {key for key, _name, _role in self.memberships}
        later = tuple(entry for entry in other.memberships if entry[0] not in known)
        # The role of a user who has been demoted already is not a lost role.
        role = other.role if other.is_demoted(self.role) else self.role
        staged_by = OFFBOARD if OFFBOARD in (self.staged_by, other.staged_by) else SYNC
        stagings = max(self.stagings, other.stagings) + 1
        return replace(
            other, role=role, memberships=(*self.memberships, *later), staged_by=staged_by, stagings=stagings
        )

    def to_result(self) -> dict[str, Any]:
        """Return the entry in the form of the record."""
        return {
            "id": self.id,
            "email": self.email,
            "since": utc(self.since),
            "role": self.role,
            "staged_by": self.staged_by,
            **({"deleted": True} if self.is_deleted else {}),
            **({"stagings": self.stagings} if self.stagings > 1 else {}),
            **({"demoted_role": self.demoted_role} if self.demoted_role != CHAT_USER else {}),
            "memberships": [{"id": key, "name": name, "role": role} for key, name, role in self.memberships],
        }


@dataclass(frozen=True)
class LeaverRecord:
    """All staged leavers of one n8n, by the ids of the users."""

    url: str
    leavers: Mapping[str, RecordEntry] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str | None, url: str, source: str) -> LeaverRecord:
        """Return the record of a file; `text` is None if the file does not exist.

        Raises InputError for a record that is damaged, or that belongs to another n8n.
        """
        if text is None:
            return cls(url)
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise ValueError(f"it has format {data['format']}, but only format {FORMAT} is supported")
            leavers = [
                RecordEntry(
                    _text(entry["id"]),
                    _text(email_key(_text(entry["email"]))),
                    moment(entry["since"], "since"),
                    _text(entry["role"]),
                    tuple(
                        (_text(item["id"]), _text(item["name"]), _text(item["role"]))
                        for item in _list(entry["memberships"])
                    ),
                    _maker(entry.get("staged_by", OFFBOARD)),
                    _flag(entry.get("deleted", False)),
                    _count(entry.get("stagings", 1)),
                    _text(entry.get("demoted_role", CHAT_USER)),
                )
                for entry in _list(data["leavers"])
            ]
            recorded = _text(data["url"])
        except (KeyError, TypeError, ValueError, InputError) as error:
            words = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"The record {source} is damaged: {words}. No user is deleted. Restore the last valid version of the "
                "file."
            ) from None
        if recorded != url:
            raise InputError(
                f"The record {source} belongs to {recorded}, but this n8n is {url}. Use a separate record for each "
                "n8n server."
            )
        if len({leaver.id for leaver in leavers}) < len(leavers):
            raise InputError(
                f"The record {source} is damaged: it contains a user twice. Restore the last valid version."
            )
        return cls(url, {leaver.id: leaver for leaver in leavers})

    def to_text(self) -> str:
        """Return the text of the file. The same record is the same text, so that version control shows the changes."""
        leavers = sorted(self.leavers.values(), key=lambda leaver: (leaver.email, leaver.id))
        data = {"format": FORMAT, "url": self.url, "leavers": [leaver.to_result() for leaver in leavers]}
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    def to_text_in_one_line(self) -> str:
        """Return the text of the file in one line, for messages."""
        return json.dumps(json.loads(self.to_text()), ensure_ascii=False)

    def lines(self) -> list[str]:
        """Return readable lines for the record, with one line for each leaver."""
        leavers = sorted(self.leavers.values(), key=lambda leaver: (leaver.email, leaver.id))
        return [
            f"{'deleted' if leaver.is_deleted else 'staged'} leaver {leaver.email} since {utc(leaver.since)}{' by sync' if leaver.staged_by == SYNC else ''}"
            + (f" as {leaver.demoted_role}: " if leaver.demoted_role != CHAT_USER else ": ")
            + ", ".join([leaver.role, *(f"{role} of {quoted(name)}" for _key, name, role in leaver.memberships)])
            for leaver in leavers
        ]

    def of_email(self, email: str) -> RecordEntry | None:
        """Return the entry of a deleted account by its email (in lower case), or None."""
        return next((entry for entry in self.leavers.values() if entry.is_deleted and entry.email == email), None)

    def adding(self, leavers: Iterable[RecordEntry]) -> LeaverRecord:
        """Return the record with these entries, which replace its entries of the same users."""
        return LeaverRecord(self.url, {**self.leavers, **{leaver.id: leaver for leaver in leavers}})

    def merged(self, before: LeaverRecord, after: LeaverRecord) -> LeaverRecord:
        """Return this record with the changes from `before` to `after`.

        An entry that another task has added or changed since `before` was read keeps its access, and also gets the
        access that the entry in `after` has. It is not removed.
        """
        changed = {key: entry for key, entry in after.leavers.items() if before.leavers.get(key) != entry}
        found = {
            key: (
                self.leavers[key].merged(entry)
                if key in self.leavers and self.leavers[key] != before.leavers.get(key)
                else entry
            )
            for key, entry in changed.items()
        }
        removed = {
            key for key, entry in before.leavers.items() if key not in after.leavers and self.leavers.get(key) == entry
        }
        return LeaverRecord(
            self.url, {**{key: entry for key, entry in self.leavers.items() if key not in removed}, **found}
        )

    def without(self, ids: Iterable[str]) -> LeaverRecord:
        """Return the record without these leavers."""
        removed = set(ids)
        return LeaverRecord(self.url, {key: leaver for key, leaver in self.leavers.items() if key not in removed})


def begun_entries(before: LeaverRecord, after: LeaverRecord) -> list[str]:
    """Return the ids of the entries in `after` that are new or changed, sorted."""
    return sorted(key for key, entry in after.leavers.items() if before.leavers.get(key) != entry)


def _maker(value: object) -> str:
    if value not in MAKERS:
        raise ValueError(f"staged_by is {json.dumps(value)}, and not {' or '.join(MAKERS)}")
    return str(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"stagings is {json.dumps(value)}, and not a positive number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"deleted is {json.dumps(value)}, and not true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{json.dumps(value)} is not text")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{json.dumps(value)} is not a list")
    return value
