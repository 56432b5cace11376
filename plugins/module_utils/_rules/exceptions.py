# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads exceptions: grants and denials for one person in one project, which override rules. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import stored_email, to_nfc
from .._desired.grants import ACTIVE, Grant, read_dates
from .._desired.omitted import is_omitted, without_omitted
from .._desired.validation import kind_of, list_of, nearest
from .ranking import slug_of
from .rules import project_in, role_in

KEYS = ("email", "project", "role", "deny", "from", "until", "reason", "approved_by")


@dataclass(frozen=True)
class AccessException:
    """A grant, or a denial, for one person in one project; `source` is its place in the list."""

    email: str
    project: str
    grant: Grant
    source: str

    def is_active(self, now: datetime) -> bool:
        """Return whether the exception is in force at that time."""
        return self.grant.phase(now) == ACTIVE


def read_exceptions(entries: object, problems: ErrorCollector) -> dict[str, tuple[AccessException, ...]]:
    """Return the exceptions of each person; adds the errors and contradictions in them to `problems`."""
    found: dict[str, list[AccessException]] = {}
    given = () if entries is None or entries == "" or is_omitted(entries) else entries
    for number, entry in enumerate(list_of(given, "exceptions", "exceptions", problems)):
        if is_omitted(entry):
            continue
        with problems:
            read = _exception(entry, f"exceptions[{number}]")
            others = found.setdefault(read.email, [])
            for other in others:
                _check_agreement(other, read)
            others.append(read)
    # The order in the list has no effect, and of identical exceptions one is enough.
    return {
        email: tuple({(one.project, one.grant): one for one in sorted(read, key=_sort_key)}.values())
        for email, read in found.items()
    }


def _exception(entry: object, source: str) -> AccessException:
    if not isinstance(entry, Mapping):
        raise InputError(f"{source} is {kind_of(entry)}, but an exception must be a dictionary.")
    for key in ("from", "until"):
        if is_omitted(entry.get(key)):
            raise InputError(
                f'{source}: {key} is omitted, and without it the exception would apply longer. Use "" for no date.'
            )
    given = {key: item for key, item in without_omitted(entry, source).items() if item is not None and item != ""}
    for key in given:
        if key not in KEYS:
            raise InputError(f'{source}: unknown key "{key}". Valid keys: {", ".join(KEYS)}.{nearest(key, KEYS)}')
    for key in ("email", "project"):
        if key not in given:
            raise InputError(f"{source}{_about(given)}: {key} is required.")
    source += _about(given)
    email = stored_email(given["email"], f"{source}: email")
    project = project_in(given["project"], f"{source}: project")
    deny = given.get("deny", False)
    if not isinstance(deny, bool):
        raise InputError(f"{source}: deny must be true or false, but is {kind_of(deny)}.")
    role = role_in(given.get("role"), "project", f"{source}: role")
    if deny == (role is not None):
        raise InputError(f"{source}: set either role or deny: true{', not both' if deny else ''}.")
    begins, ends = read_dates(given, source)
    return AccessException(email, project, Grant(role, deny, begins, ends, _origin(given, source)), source)


def _about(entry: Mapping[Any, Any]) -> str:
    """Return the person and the project of an exception for a message."""
    told = [str(entry["email"])] if "email" in entry else []
    told += [f'project "{entry["project"]}"'] if "project" in entry else []
    return f" ({', '.join(told)})" if told else ""


def _origin(entry: Mapping[Any, Any], source: str) -> str:
    texts = {}
    for key in ("reason", "approved_by"):
        value = entry.get(key, "")
        if not isinstance(value, (str, int, float)):
            raise InputError(f"{source}: {key} must be text, but is {kind_of(value)}.")
        texts[key] = str(value).strip()
    reason = f": {texts['reason']}" if texts["reason"] else ""
    return f"exception{reason}" + (f" (approved by {texts['approved_by']})" if texts["approved_by"] else "")


def _check_agreement(first: AccessException, second: AccessException) -> None:
    if to_nfc(first.project) != to_nfc(second.project) or not first.grant.overlaps(second.grant):
        return
    if _key(first.grant) != _key(second.grant):
        raise InputError(
            f"{first.source} and {second.source}: {_words(first.grant)} and {_words(second.grant)} apply at the same time. "
            "Change the dates, or remove one of the exceptions."
        )


def _key(grant: Grant) -> tuple[bool, str]:
    return grant.absent, slug_of(grant.role or "", "project")


def _words(grant: Grant) -> str:
    return "deny" if grant.absent else f'the role "{grant.role}"'


def _sort_key(exception: AccessException) -> tuple[str, str, str, str]:
    grant = exception.grant
    dates = [bound.when.isoformat() if bound else "" for bound in (grant.begins, grant.ends)]
    return (exception.project, dates[0], dates[1], grant.rule)
