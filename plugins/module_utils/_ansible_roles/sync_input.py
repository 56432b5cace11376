# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert people, rules, and other variables of the role sync to the users of n8n_access. PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._desired.access_lists import ignored_project_error
from .._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    DEMOTE,
    FAIL,
    KEEP,
    LEAVER,
    PRESENT,
    REMOVE_MEMBERSHIPS,
    UNMATCHED,
    ListPolicy,
)
from .._desired.omitted import is_omitted, without_omitted
from .._desired.protection import Protection
from .._desired.validation import list_of
from .._errors import ErrorCollector, InputError
from .._rules.assignment import Assignment, PeopleOptions, assign
from .._rules.people import row_place
from .._state.dates import LATEST
from .._text import shortened

SKIP = "skip"
# The role that people of the list have if rules give instance roles, but none to them.
_LOWEST_ROLE = "member"
# The maximum number of rows in a warning.
_MAX_ROWS = 10
_WILDCARD = re.compile(r"[*?[]")


@dataclass(frozen=True)
class SyncOptions:
    """The other variables of the role sync. None, an empty text, or an omitted value means the default.

    The default of `unmatched` is `remove_memberships` if `authority` is authoritative, else `keep`.
    """

    email_attribute: Any = None
    role_order: Any = None
    ignored_users: Any = None
    allow_empty: bool = False
    exceptions: Any = None
    leaver_match: Any = None
    previous_emails_attribute: Any = None
    invalid_people: Any = None
    authority: Any = None
    unmatched: Any = None
    previous_plan: Any = None
    ignored_projects: Any = None
    is_rehearsal: bool = False


def sync_input(people: Any, rules: Any, options: SyncOptions = SyncOptions(), now: datetime = LATEST) -> dict[str, Any]:
    """Return the data that the role sync needs to plan a run; raises InputError with all errors in people and rules.

    - `people`: the number of people in the list.
    - `users`: the users of n8n_access, which are all people of the list, with their status. The other lists of people
      and rules are as in Assignment.
    - `unmatched`: the effective value of the option.
    - `invalid_people`: the invalid rows. `protected_rows` has the emails in them, and `leavers_suspended` says that an
      invalid row has no email, so that the list does not tell who has left.
    - `ignored_users`: the patterns of the variable. `ignored_patterns` also has the protected rows.
    - `announced`: the grants whose ends the previous plan announced.
    - `is_rehearsal`: whether the run only shows a plan for another time, so that it announces nothing.
    - `refusal`: an error message if no rule matches a person and `allow_empty` is false, else "".
    """
    authority = _choice("authority", options.authority, (ADDITIVE, AUTHORITATIVE))
    unmatched = _choice(
        "unmatched",
        _value_or_default(options.unmatched, REMOVE_MEMBERSHIPS if authority == AUTHORITATIVE else KEEP),
        (KEEP, REMOVE_MEMBERSHIPS, DEMOTE),
    )
    previous_attribute = _value_or_default(options.previous_emails_attribute, "")
    if not isinstance(previous_attribute, str):
        raise InputError("previous_emails_attribute must be the name of an attribute.")
    assignment = assign(
        people,
        rules,
        role_order=_value_or_default(options.role_order, ()),
        exceptions=options.exceptions,
        now=now,
        options=PeopleOptions(
            email_attribute=_value_or_default(options.email_attribute, "email"),
            leaver_match=options.leaver_match,
            previous_emails_attribute=str(previous_attribute).strip(),
            skip_invalid=_choice("invalid_people", options.invalid_people, (FAIL, SKIP)) == SKIP,
            place_of=row_place,
        ),
    )
    ignored = _patterns("ignored_users", "patterns of emails", options.ignored_users)
    patterns = _patterns("ignored_projects", "patterns of project names", options.ignored_projects)
    _refuse_ignored_projects(rules, options.exceptions, patterns)
    protected = sorted({email for row in assignment.invalid_rows for email in row.protected})
    users = _users(assignment, authority, unmatched)
    is_matched = any(user["status"] == PRESENT for user in users)
    return {
        "people": len(people),
        "users": users,
        "without_rule": [user["email"] for user in users if user["status"] == UNMATCHED],
        "unmatched_rules": assignment.unmatched_rules,
        "unused_exceptions": assignment.unused_exceptions,
        "unmatched": unmatched,
        "warnings": [*assignment.warnings, *_suspension(assignment)],
        "invalid_people": [
            {"row": row.index + 1, "email": row.email, "problem": row.problem, "text": row.text}
            for row in assignment.invalid_rows
        ],
        "protected_rows": protected,
        "leavers_suspended": bool(assignment.unidentified_rows),
        "ignored_users": ignored,
        # n8n has no account with other characters than ASCII, and its module accepts no such pattern.
        "ignored_patterns": [*ignored, *map(_literal, filter(str.isascii, protected))],
        "announced": _announced(options.previous_plan),
        "is_rehearsal": options.is_rehearsal,
        "refusal": "" if is_matched or options.allow_empty else _refusal(len(people)),
    }


def _users(assignment: Assignment, authority: str, unmatched: str) -> list[dict[str, Any]]:
    """Return an entry for each person of the list, sorted by email.

    If rules give instance roles, an authoritative list lowers the instance role of people to whom no rule gives one.
    """
    lowers = authority == AUTHORITATIVE and assignment.gives_instance_roles
    lowered: Mapping[str, Any] = {"highest_role": _LOWEST_ROLE} if lowers else {}
    found: dict[str, dict[str, Any]] = {}
    for user in assignment.users:
        # Errors of n8n_access name the row.
        origin = {**user["granted_by"], "row": assignment.row_numbers[user["email"]]}
        found[user["email"]] = {**user, "granted_by": origin, "status": PRESENT, **({} if "role" in user else lowered)}
    exceptions = assignment.exceptions_of_unmatched
    for email in (*assignment.without_rule, *exceptions):
        # A denial and the end of an exception remove one membership each, also of a user who keeps all others.
        origin = {"row": assignment.row_numbers[email]}
        projects = {"projects": exceptions[email], "granted_by": origin} if email in exceptions else {}
        found[email] = {"email": email, "status": UNMATCHED, **({} if unmatched == KEEP else lowered), **projects}
    for email in assignment.leavers:
        # This has an effect only on leavers whose memberships are removed. Others become chat users, or are kept.
        found[email] = {"email": email, "status": LEAVER, **lowered}
    for email, previous in assignment.previous_emails.items():
        if email in found:
            found[email]["previous_emails"] = list(previous)
    return [found[email] for email in sorted(found)]


def _suspension(assignment: Assignment) -> list[str]:
    """Return a warning if the list does not tell who has left."""
    rows = [f"row {row.index + 1}" for row in assignment.unidentified_rows]
    if not rows:
        return []
    return [
        f"Users whom the list does not name are not treated as leavers in this run, because {shortened(rows, _MAX_ROWS)} "
        f"{'has' if len(rows) == 1 else 'have'} no readable email. Correct the list."
    ]


def _announced(text: Any) -> list[dict[str, Any]]:
    """Return the announced grants in the text of a plan file; none if it is not such a file, for example before the first run.

    `upcoming` counts only in a file of other origin, without `announced`: a rehearsal has upcoming grants and announces none.
    """
    try:
        plan = json.loads(text)
    except (TypeError, ValueError):
        return []
    entries = plan.get("announced", plan.get("upcoming")) if isinstance(plan, Mapping) else None
    found: list[dict[str, Any]] = []
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry not in found:
            found.append(dict(entry))
    return found


def _choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return one of the choices, the first one by default; raises InputError for any other value."""
    given = _value_or_default(value, choices[0])
    if given not in choices:
        raise InputError(f'{name}="{given}" is not valid. Valid values: {", ".join(choices)}.')
    return str(given)


def _value_or_default(value: Any, default: Any) -> Any:
    """Return `default` if `value` is an empty answer of a survey, null, or omitted. Else return `value`."""
    return default if value is None or value == "" or is_omitted(value) else value


def _patterns(name: str, elements: str, option: Any) -> list[Any]:
    """Return a list of patterns; raises InputError for any other type.

    On the command line, -e passes a list as a text with commas.
    """
    value = _value_or_default(option, ())
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    problems = ErrorCollector()
    patterns = list_of(value, name, elements, problems)
    problems.raise_if_any()
    return [part for part in patterns if not is_omitted(part)]


def _refuse_ignored_projects(rules: Any, exceptions: Any, patterns: Sequence[Any]) -> None:
    """Raise InputError for each rule and exception that names an ignored project, even if it concerns no person now."""
    if not patterns:
        return
    protection = Protection(ListPolicy(ignored_projects=tuple(map(str, patterns))))
    named = [
        (f'rules[{number}] ("{rule.get("name")}")', project)
        for number, rule in enumerate(without_omitted(rules, "rules"))
        for project in (*(rule.get("projects") or ()), *(rule.get("deny") or ()))
    ]
    given = without_omitted(_value_or_default(exceptions, ()), "exceptions")
    named += [(f"exceptions[{number}]", exception["project"]) for number, exception in enumerate(given)]
    problems = ErrorCollector()
    for source, project in named:
        if protection.ignores_project(str(project)):
            problems.add(ignored_project_error(str(project), source))
    problems.raise_if_any()


def _literal(email: str) -> str:
    """Return a pattern that matches only this email, which may contain the special characters of patterns."""
    return _WILDCARD.sub(lambda found: f"[{found[0]}]", email)


def _refusal(people: int) -> str:
    """Return the error message for a list without people, and for rules that match no person.

    A broken export has the same result.
    """
    cause = f"No rule matches any of the {people} people" if people else "The list of people is empty"
    return f"{cause}, and nothing was changed. Set sync_allow_empty: true if this is intended."
