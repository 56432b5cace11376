# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combines the grants of the rules and exceptions of one person into an entry for `users` of n8n_access. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .._state.dates import Bound
from .._state.names import to_nfc
from .._desired.grants import ACTIVE, Grant
from .exceptions import AccessException
from .ranking import Ranking, slug_of
from .rules import Rule

_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class AppliedRule:
    """A rule that a person matches, with its dates for this person."""

    rule: Rule
    begins: Bound | None = None
    ends: Bound | None = None


@dataclass(frozen=True)
class RoleGrant:
    """An instance role as it is written in a rule, and the name of that rule."""

    role: str
    rule: str


@dataclass(frozen=True)
class PersonGrants:
    """The grants of a person. Of the grants in one project, the first one in force is the right one at any time.

    `overridden` has the projects with exceptions. `account` is the first rule that gives an account and nothing else,
    or "". `unclear` has the questions that cannot be answered, because the
    order of two roles is unknown.
    """

    role: RoleGrant | None
    projects: Mapping[str, tuple[Grant, ...]]
    overridden: frozenset[str] = frozenset()
    account: str = ""
    unclear: tuple[str, ...] = ()

    def to_result(self, email: str) -> dict[str, Any]:
        """Return the entry for `users` of n8n_access.

        A single undated grant of a rule is written as its role, or as `state: absent`, and its rule is in `granted_by`.
        """
        projects: dict[str, Any] = {}
        by: dict[str, Any] = {"role": self.role.rule} if self.role else {}
        rules: dict[str, str] = {}
        denied: dict[str, str] = {}
        for project, grants in self.projects.items():
            first = grants[0]
            if len(grants) > 1 or first.begins or first.ends or project in self.overridden:
                entries = [grant.to_entry() for grant in grants]
                projects[project] = entries if len(entries) > 1 else entries[0]
            else:
                projects[project] = {"state": "absent"} if first.absent else first.role
                (denied if first.absent else rules)[project] = first.rule
        # Without projects, the entry invites the person anyway, and so does a role or a grant without dates.
        if self.account and projects and not self.role and not any(map(_is_permanent, self.projects.values())):
            by["account"] = self.account
        by.update({key: found for key, found in (("projects", rules), ("denied", denied)) if found})
        role = {"role": self.role.role} if self.role else {}
        return {"email": email, **role, "projects": projects, "granted_by": by}


def combine(applied: Sequence[AppliedRule], exceptions: Sequence[AccessException], ranking: Ranking) -> PersonGrants:
    """Return the combined grants of rules, which must be sorted by name, and of exceptions, which override them."""
    # A project gets its name from the first rule that names it; other rules may use another Unicode form.
    called: dict[str, str] = {}
    overriding: dict[str, list[Grant]] = {}
    denials: dict[str, list[Grant]] = {}
    offered: dict[str, list[Grant]] = {}
    for one in applied:
        for project in one.rule.deny:
            name = called.setdefault(to_nfc(project), project)
            denials.setdefault(name, []).append(Grant(None, True, one.begins, one.ends, one.rule.name))
        for project, role in one.rule.projects.items():
            name = called.setdefault(to_nfc(project), project)
            offered.setdefault(name, []).append(Grant(role, False, one.begins, one.ends, one.rule.name))
    for exception in exceptions:
        name = called.setdefault(to_nfc(exception.project), exception.project)
        overriding.setdefault(name, []).append(exception.grant)
    unclear: list[str] = []
    projects = {}
    for name in sorted({*overriding, *denials, *offered}):
        first = [*overriding.get(name, ()), *denials.get(name, ())]
        roles = _from_highest(offered.get(name, ()), ranking)
        unclear += _unclear_roles(first, offered.get(name, ()), ranking, f'in project "{name}"')
        projects[name] = _without_ineffective([*first, *roles])
    given = [RoleGrant(one.rule.role, one.rule.name) for one in applied if one.rule.role]
    accounts = [one.rule.name for one in applied if one.rule.gives_only_account]
    return PersonGrants(
        _highest_role(given, ranking, unclear) if given else None,
        projects,
        frozenset(overriding),
        next(iter(accounts), ""),
        tuple(unclear),
    )


def _highest_role(grants: Sequence[RoleGrant], ranking: Ranking, unclear: list[str]) -> RoleGrant:
    tops = _tops(grants, "global", ranking)
    if len(tops) > 1:
        unclear.append(_unknown_order(tops, "on the instance"))
    return tops[0]


def _from_highest(grants: Iterable[Grant], ranking: Ranking) -> list[Grant]:
    """Return grants of roles from the highest role to the lowest; of one role, undated grants first."""
    rest = sorted(grants, key=lambda grant: grant.begins is not None or grant.ends is not None)
    found: list[Grant] = []
    while rest:
        tops = {slug_of(role, "project") for role in ranking.highest([grant.role or "" for grant in rest], "project")}
        found += [grant for grant in rest if slug_of(grant.role or "", "project") in tops]
        rest = [grant for grant in rest if slug_of(grant.role or "", "project") not in tops]
    return found


def _unclear_roles(first: Sequence[Grant], offered: Sequence[Grant], ranking: Ranking, what: str) -> list[str]:
    """Return the question of the first moment when the highest role is unknown, and no other grant has precedence."""
    moments = {_BEGINNING, *(grant.begins.when for grant in (*first, *offered) if grant.begins)}
    # The years of dates end with 9999, and there is no moment after it.
    moments |= {
        grant.ends.when + timedelta(microseconds=1)
        for grant in (*first, *offered)
        if grant.ends and grant.ends.when.year < 9999
    }
    for moment in sorted(moments):
        if any(grant.phase(moment) == ACTIVE for grant in first):
            continue
        tops = _tops([grant for grant in offered if grant.phase(moment) == ACTIVE], "project", ranking)
        if len(tops) > 1:
            return [_unknown_order(tops, what)]
    return []


def _is_permanent(grants: Sequence[Grant]) -> bool:
    first = grants[0]
    return not (first.absent or first.begins or first.ends)


def _tops(grants: Sequence[Any], kind: str, ranking: Ranking) -> list[Any]:
    """Return the first grant of each of the highest roles: several if the order of the roles is unknown."""
    roles = ranking.highest([grant.role for grant in grants], kind)
    return [next(grant for grant in grants if grant.role == role) for role in roles]


def _unknown_order(tops: Sequence[Any], what: str) -> str:
    return (
        f'rule "{tops[0].rule}" gives "{tops[0].role}" {what}, rule "{tops[1].rule}" gives "{tops[1].role}", and '
        "the order of these roles is unknown. Add both to role_order, lowest first."
    )


def _without_ineffective(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Return the grants without those that a grant before them overrides all the time."""
    found: list[Grant] = []
    for grant in grants:
        if not any(_overrides(other, grant) for other in found):
            found.append(grant)
    return tuple(found)


def _overrides(first: Grant, second: Grant) -> bool:
    if first.begins is None and first.ends is None:
        return True
    # The end of a grant removes a membership, but the end of a denial does not.
    if first.absent and not second.absent:
        return False
    begins_before = first.begins is None or (second.begins is not None and first.begins.when <= second.begins.when)
    ends_after = first.ends is None or (second.ends is not None and first.ends.when >= second.ends.when)
    return begins_before and ends_after
