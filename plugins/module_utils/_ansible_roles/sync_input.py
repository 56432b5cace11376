# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert people, rules, and other variables of the role sync to the users of n8n_access. PURE."""

from __future__ import annotations

import re
from typing import Any

from .._desired.omitted import is_omitted
from .._desired.rules import assign
from .._desired.validation import list_of
from .._errors import ErrorCollector

_WILDCARD = re.compile(r"[*?[]")


def sync_input(
    people: Any,
    rules: Any,
    email_attribute: Any = None,
    role_order: Any = None,
    ignored_users: Any = None,
    allow_empty: bool = False,
) -> dict[str, Any]:
    """Return the data that the role sync needs to plan a run; raises InputError with all errors in people and rules.

    - `people`: the number of people in the list.
    - `users`: the users of n8n_access. `without_rule` and `unmatched_rules` are as in Assignment.
    - `ignored_users`: the patterns of the variable. `ignored_patterns` also has the people without a rule, because a
      person without a rule is not a leaver.
    - `refusal`: an error message if the result has no users and `allow_empty` is false, else "".
    """
    assignment = assign(people, rules, _value_or_default(email_attribute, "email"), _value_or_default(role_order, ()))
    ignored = _patterns(_value_or_default(ignored_users, ()))
    return {
        "people": len(people),
        "users": assignment.users,
        "without_rule": assignment.without_rule,
        "unmatched_rules": assignment.unmatched_rules,
        "ignored_users": ignored,
        "ignored_patterns": [*ignored, *map(_literal, assignment.without_rule)],
        "refusal": "" if assignment.users or allow_empty else _refusal(len(people)),
    }


def _value_or_default(value: Any, default: Any) -> Any:
    """Return `default` if `value` is an empty answer of a survey, null, or omitted. Else return `value`."""
    return default if value is None or value == "" or is_omitted(value) else value


def _patterns(value: Any) -> list[Any]:
    """Return a list of patterns; raises InputError for any other type. On the command line, -e passes a list as a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    problems = ErrorCollector()
    patterns = list_of(value, "ignored_users", "patterns of emails", problems)
    problems.raise_if_any()
    return [part for part in patterns if not is_omitted(part)]


def _literal(email: str) -> str:
    """Return a pattern that matches only this email, which may contain the special characters of patterns."""
    return _WILDCARD.sub(lambda found: f"[{found[0]}]", email)


def _refusal(people: int) -> str:
    """Return the error message for a list without people, and for rules that match no person.

    A broken export has the same result.
    """
    cause = f"No rule matches any of the {people} people" if people else "sync_people is empty"
    return f"{cause}, and nothing was changed. Set sync_allow_empty: true if this is intended."
