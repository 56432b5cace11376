# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a list never touches, and from whom it never takes anything. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from .._state.model import State, User
from .desired import ListPolicy


class Protection:
    """Tells of everybody, quickly for many, whether a list leaves them alone, and why."""

    def __init__(self, policy: ListPolicy, state: State | None = None) -> None:
        self._terms = policy
        self._state = state
        self._ignored: dict[str, bool] = {}
        self._kept: dict[str, str] = {}

    def ignores(self, email: str) -> bool:
        """Whether somebody of that email (in lower case) is neither counted nor touched."""
        if email not in self._ignored:
            self._ignored[email] = bool(_match(email, self._terms.ignored))
        return self._ignored[email]

    def pattern_for(self, user: User) -> str:
        """Return the pattern of protected_users that a user fits, as what the user is; "" where there is none."""
        pattern = _match(user.email, self._terms.protected)
        return f'protected ("{pattern}")' if pattern else ""

    def reason_for(self, user: User) -> str:
        """Return why nothing is taken from a user, as what the user is; "" where it may be."""
        if user.email not in self._kept:
            who = self._state.protected_as(user) if self._state else ""
            self._kept[user.email] = who or self.pattern_for(user)
        return self._kept[user.email]

    def is_left_alone(self, user: User) -> bool:
        """Whether a user is ignored or protected, and so left out of what is counted."""
        return self.ignores(user.email) or bool(self.reason_for(user))


def matches(pattern: str, email: str) -> bool:
    """Whether a pattern of `protected_users` or `ignored_users` matches an email (in lower case)."""
    return fnmatchcase(email, pattern.strip().lower())


def _match(email: str, patterns: Sequence[str]) -> str:
    return next((pattern for pattern in patterns if matches(pattern, email)), "")
