# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input of the role sync: from people, rules and other variables to the users of n8n_access. PURE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .._desired.omitted import is_omitted
from .._desired.rules import assign

_WILDCARD = re.compile(r"[*?[]")


def sync_input(
    people: Any,
    rules: Any,
    email_attribute: Any = None,
    role_order: Any = None,
    ignored_users: Any = None,
    allow_empty: bool = False,
) -> dict[str, Any]:
    """Return what the role sync needs to plan a run; raises InputError with all that is wrong in people and rules.

    - `people`: the number of people in the list.
    - `users`: the users of n8n_access. `without_rule` and `unmatched_rules` are as in Assignment.
    - `ignored_users`: the patterns of the variable. `ignored_patterns` has the people without a rule as well, because a
      person without a rule is not a leaver.
    - `refusal`: an error message if no person is left and this is not intended, else "".
    """
    assignment = assign(people, rules, _given(email_attribute, "email"), _given(role_order, ()))
    ignored = _patterns(_given(ignored_users, ()))
    return {
        "people": len(people),
        "users": assignment.users,
        "without_rule": assignment.without_rule,
        "unmatched_rules": assignment.unmatched_rules,
        "ignored_users": ignored,
        "ignored_patterns": [*ignored, *map(_literal, assignment.without_rule)],
        "refusal": "" if assignment.users or allow_empty else _refusal(len(people)),
    }


def _given(value: Any, default: Any) -> Any:
    """Return `default` for an empty answer of a survey, null, and an omitted value."""
    return default if value is None or value == "" or is_omitted(value) else value


def _patterns(value: str | Sequence[Any]) -> list[Any]:
    """Return a list of patterns. With -e a list is a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [part for part in value if not is_omitted(part)]


def _literal(email: str) -> str:
    """Return a pattern that matches only this email, which may contain characters that have a meaning in a pattern."""
    return _WILDCARD.sub(lambda found: f"[{found[0]}]", email)


def _refusal(people: int) -> str:
    """Return the error message for a list without people, and for rules that match none of them.

    A broken export looks like this.
    """
    cause = f"No rule matches any of the {people} people" if people else "sync_people is empty"
    return f"{cause}, and nothing was changed. Set sync_allow_empty: true if this is intended."
