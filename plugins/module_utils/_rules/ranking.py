# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranks roles by n8n's own order combined with the order in role_order. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from .._errors import ErrorCollector
from .._state.names import to_nfc
from .._state.roles import ORDER, plain_slug

_ROLE_ORDER_HINT = (
    "List the lowest role first. Use full slugs for names that both kinds of roles have (global:admin, "
    "project:admin)."
)


class Ranking:
    """Finds the highest roles, as far as their order is known."""

    def __init__(self, below: Mapping[str, frozenset[tuple[str, str]]]) -> None:
        self._below = below

    @classmethod
    def of(cls, role_order: Sequence[str], problems: ErrorCollector) -> Ranking:
        """Return the ranking for `role_order` (roles of any kind, lowest first); adds its errors to `problems`."""
        below = {}
        for kind, own in ORDER.items():
            slugs = [slug_of(word, kind) for word in role_order if not _is_of_another_kind(word, kind)]
            for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
                problems.add(f'role_order has "{slug}" twice. {_ROLE_ORDER_HINT}')
            known, given = set(combinations(own, 2)), set(combinations(slugs, 2))
            for low, high in sorted(given):
                if (high, low) in known:
                    problems.add(f"role_order has {low} before {high}, but n8n ranks {low} higher. {_ROLE_ORDER_HINT}")
            both = known | given
            # Each of the two orders is total, so one transition from one order to the other is sufficient.
            below[kind] = frozenset(both | {(low, high) for low, via in both for step, high in both if via == step})
        return cls(below)

    def highest(self, roles: Iterable[str], kind: str) -> list[str]:
        """Return the highest of these roles, each in its first spelling: several roles if their order is unknown."""
        written: dict[str, str] = {}
        for role in roles:
            written.setdefault(slug_of(role, kind), role)
        return [
            role for slug, role in written.items() if not any((slug, other) in self._below[kind] for other in written)
        ]


def slug_of(role: str, kind: str) -> str:
    """Return the identifier of a role: its full slug, or a custom role as it is written, in Unicode form NFC."""
    return to_nfc(plain_slug(role, kind) or role)


def is_slug_of_another_kind(role: str, kind: str) -> bool:
    """Return whether `role` is the full slug of an instance role, but `kind` is project, or the reverse."""
    return any(role.startswith(f"{other}:") for other in ORDER if other != kind)


def _is_of_another_kind(role: str, kind: str) -> bool:
    return plain_slug(role, kind) is None and any(plain_slug(role, other) for other in ORDER)
