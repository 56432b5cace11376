# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the grants of one user in one project: a role, also with dates, or the absence of a membership. PURE."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._errors import InputError
from .._state.dates import Bound, first_moment, last_moment
from .._text import quoted
from .validation import LISTS, kind_of, nearest

# A grant begins later, is in force, or has ended.
UPCOMING, ACTIVE, OVER = "upcoming", "active", "over"
KEYS = ("role", "state", "from", "until", "granted_by")
STATES = ("present", "absent")
# The name that an exception has in place of the name of a rule.
_EXCEPTION = re.compile(r"exception(: .*| \(approved by .*|)\Z", re.DOTALL)


@dataclass(frozen=True)
class Grant:
    """A role in a project between two moments, or, with `absent`, the statement that there is no membership then.

    `rule` is the rule or exception that gives the grant, or "".
    """

    role: str | None = None
    absent: bool = False
    begins: Bound | None = None
    ends: Bound | None = None
    rule: str = ""

    def phase(self, now: datetime) -> str:
        """Return UPCOMING, ACTIVE or OVER for that time."""
        if self.begins is not None and now < self.begins.when:
            return UPCOMING
        return OVER if self.ends is not None and now > self.ends.when else ACTIVE

    def overlaps(self, other: Grant) -> bool:
        """Return whether both grants are in force at the same time."""
        return not any(
            first.ends is not None and second.begins is not None and first.ends.when < second.begins.when
            for first, second in ((self, other), (other, self))
        )

    def to_entry(self) -> str | dict[str, Any]:
        """Return the grant as `users[].projects` of n8n_access accepts it."""
        if self == Grant(self.role):
            return self.role or ""
        return {
            **({"state": "absent"} if self.absent else {"role": self.role}),
            **({"from": self.begins.text} if self.begins else {}),
            **({"until": self.ends.text} if self.ends else {}),
            **({"granted_by": self.rule} if self.rule else {}),
        }


def read_grants(value: object, source: str) -> tuple[Grant, ...]:
    """Return the grants for one user in one project: of a role, of a dictionary, or of a list of dictionaries.

    Of several grants, the first one in force counts. Raises InputError for unknown keys, invalid dates, and a grant
    without a role.
    """
    if isinstance(value, LISTS) and value:
        return tuple(_grant(entry, f"{source}[{number}]") for number, entry in enumerate(value))
    return (_grant(value, source),)


def _grant(value: object, source: str) -> Grant:
    if not isinstance(value, Mapping):
        return Grant(_role(value, source))
    for key in value:
        if key not in KEYS:
            raise InputError(f'{source}: unknown key "{key}". Valid keys: {", ".join(KEYS)}.{nearest(key, KEYS)}')
    given = {key: item for key, item in value.items() if item is not None and item != ""}
    state = given.get("state", STATES[0])
    if state not in STATES:
        raise InputError(f'{source}: state must be present or absent, but is "{state}".')
    absent = state == "absent"
    begins, ends = read_dates(given, source)
    return Grant(
        None if absent else _role(given.get("role"), source), absent, begins, ends, str(given.get("granted_by", ""))
    )


def read_dates(entry: Mapping[Any, Any], source: str) -> tuple[Bound | None, Bound | None]:
    """Return the dates `from` and `until` of an entry; raises InputError if one is invalid or their order is wrong."""
    begins = first_moment(entry["from"], f"{source}: from") if entry.get("from") not in (None, "") else None
    ends = last_moment(entry["until"], f"{source}: until") if entry.get("until") not in (None, "") else None
    return check_order(begins, ends, source)


def check_order(begins: Bound | None, ends: Bound | None, source: str) -> tuple[Bound | None, Bound | None]:
    """Return both dates; raises InputError if the first is after the last."""
    if begins is not None and ends is not None and begins.when > ends.when:
        raise InputError(f"{source}: from ({begins.text}) is after until ({ends.text}).")
    return begins, ends


def effective_grant(grants: Sequence[Grant], now: datetime) -> Grant | None:
    """Return the first grant in force, or else the first one of a role that has ended, or None.

    The end of a grant is a statement: there is to be no membership. The end of a denial is not.
    """
    in_force = [grant for grant in grants if grant.phase(now) == ACTIVE]
    ended = [grant for grant in grants if grant.phase(now) == OVER and not grant.absent]
    return next(iter(in_force + ended), None)


def grant_end(end: str) -> str:
    """Return the reason of a change at the end of a grant."""
    return f"the grant ended on {end}"


def given_by(rule: str) -> str:
    """Return the origin of a grant, for a reason: a rule by its name, or an exception with its own reason."""
    return f"by {rule}" if is_exception(rule) else f"by rule {quoted(rule)}"


def is_exception(rule: str) -> bool:
    """Return whether a grant with this origin comes from an exception."""
    return bool(_EXCEPTION.match(rule))


def _role(value: object, source: str) -> str:
    if value is None or value == "" or value == []:
        raise InputError(f"{source}: a membership requires a role, or state: absent.")
    if isinstance(value, (Mapping, bool, *LISTS)):
        raise InputError(f"{source}: the role must be text, but is {kind_of(value)}.")
    role = str(value).strip()
    if not role:
        raise InputError(f"{source}: a membership requires a role, or state: absent.")
    return role
