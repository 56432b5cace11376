# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the users that a list never changes, and the users whose access a list never reduces. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from .._state.model import State, User
from .._state.names import to_nfc
from .desired import ListPolicy


class Protection:
    """Tells whether and why a list leaves a user unchanged, and caches the answers for many users.

    `recorded_emails` has the emails in the record of leavers by the present emails of these users. A leaver can change
    the own email in n8n, so a pattern has to match both.
    """

    def __init__(
        self, policy: ListPolicy, state: State | None = None, recorded_emails: Mapping[str, str] | None = None
    ) -> None:
        self._policy = policy
        self._state = state
        self._recorded_emails = recorded_emails or {}
        self._ignored: dict[str, bool] = {}
        self._kept: dict[str, str] = {}

    def ignores(self, email: str) -> bool:
        """Return whether a user of that email (in lower case) is neither counted nor changed."""
        if email not in self._ignored:
            self._ignored[email] = bool(self._match(email, self._policy.ignored))
        return self._ignored[email]

    def ignores_project(self, name: str) -> bool:
        """Return whether the list does not manage the members of a project of that name."""
        return any(fnmatchcase(to_nfc(name), to_nfc(pattern).strip()) for pattern in self._policy.ignored_projects)

    def pattern_for(self, user: User) -> str:
        """Return a description of the user with the matching pattern of protected_users; "" if no pattern matches."""
        pattern = self._match(user.email, self._policy.protected)
        return f'protected ("{pattern}")' if pattern else ""

    def reason_for(self, user: User) -> str:
        """Return the reason why a user loses no access, as a description of the user; "" if access may be removed."""
        if user.email not in self._kept:
            who = self._state.protected_as(user) if self._state else ""
            self._kept[user.email] = who or self.pattern_for(user)
        return self._kept[user.email]

    def is_left_alone(self, user: User) -> bool:
        """Return whether a user is ignored or protected, and therefore not counted."""
        return self.ignores(user.email) or bool(self.reason_for(user))

    def _match(self, email: str, patterns: Sequence[str]) -> str:
        """Return the first pattern that matches a user of that email, or ""."""
        if not patterns:
            return ""
        emails = {email, self._recorded_emails.get(email, email)}
        return next((pattern for pattern in patterns if all(matches(pattern, each) for each in emails)), "")


def matches(pattern: str, email: str) -> bool:
    """Return whether a pattern of `protected_users` or `ignored_users` matches an email (in lower case)."""
    return fnmatchcase(email, pattern.strip().lower())
