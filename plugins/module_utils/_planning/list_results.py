# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of n8n_access besides the plan: listed pending users, and patterns and names without a match. PURE."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from .._changes.plan import Plan
from .._desired.desired import UNMATCHED, DesiredState, ListPolicy
from .._desired.protection import Protection, matches
from .._errors import InputError
from .._state.dates import moment, utc
from .._state.model import State
from .._state.names import to_nfc

# A number of days that no date of a grant needs.
_MOST_DAYS = 36500


def pending_users(state: State, desired: DesiredState) -> list[dict[str, Any]]:
    """Return the listed users who exist and have not accepted their invitation, sorted by email, in result form."""
    protection = Protection(desired.policy or ListPolicy(), state)
    found = {}
    for entry in desired.people:
        user = state.find_user(entry.user)
        if entry.present and user is not None and user.never_signed_in and not protection.ignores(user.email):
            found[user.email] = {"user": user.email, "user_id": user.id, "invited_at": _utc(user.created_at)}
    return [found[email] for email in sorted(found)]


def _utc(text: str | None) -> str | None:
    """Return a time of n8n in UTC to the second; a text that is not a time is returned as it is."""
    try:
        return utc(moment(text, "createdAt"))
    except InputError:
        return text


def unmatched(plan: Plan, desired: DesiredState) -> dict[str, Any]:
    """Return the value `unmatched` of n8n_access: for each option, the patterns and names that match nothing.

    A pattern matches a user of n8n or a person of the list. A denied project exists in n8n, or the plan creates it.
    """
    policy = desired.policy or ListPolicy()
    emails = {user.email for user in plan.state.users} | {person.user for person in desired.people}
    planned = {to_nfc(change.after or "") for change in plan.changes if change.sets_project_name}
    return {
        "protected_users": _unmatched_patterns(policy.protected, emails),
        "ignored_users": _unmatched_patterns(policy.ignored, emails),
        "denied_projects": sorted(
            name for name in desired.denied_projects if name not in planned and not plan.state.find_projects(name)
        ),
    }


def _unmatched_patterns(patterns: Sequence[str], emails: Set[str]) -> list[str]:
    """Return the patterns that match none of these emails, each once, in the order in which they are written."""
    return [
        pattern
        for pattern in dict.fromkeys(filter(str.strip, patterns))
        # Few patterns have wildcards, and a lookup in a set is fast.
        if pattern.strip().lower() not in emails
        and not any(matches(pattern, email) for email in _wildcard_candidates(pattern, emails))
    ]


def _wildcard_candidates(pattern: str, emails: Set[str]) -> Set[str]:
    return emails if any(character in pattern for character in "*?[") else frozenset()


def unmatched_users(desired: DesiredState, after: State) -> list[dict[str, Any]]:
    """Return the value `unmatched_users` of n8n_access: listed users whom no rule matches, with their access afterwards."""
    found = []
    for entry in desired.users:
        user = after.find_user(entry.user)
        if entry.status == UNMATCHED and user is not None:
            memberships = [
                {"id": project.id, "name": project.name, "role": member.role}
                for project, member in after.memberships(user)
            ]
            found.append({"user": user.email, "user_id": user.id, "role": user.role, "memberships": memberships})
    return sorted(found, key=lambda entry: str(entry["user"]))


def upcoming_grants(desired: DesiredState, now: datetime, days: int, state: State) -> list[dict[str, Any]]:
    """Return the value `upcoming` of n8n_access: the grants that begin or end in the next `days` days, sorted by user.

    Raises InputError for a negative number of days. Grants of ignored users and of denials are left out.
    """
    if days < 0:
        raise InputError(f"upcoming_days: {days} is not valid. The number of days must be 0 or more.")
    protection = Protection(desired.policy or ListPolicy(), state)
    last = now + timedelta(days=min(days, _MOST_DAYS))
    found = [
        {
            "user": member.user,
            "project": member.project,
            "role": grant.role,
            "begins": grant.begins.text if grant.begins else None,
            "ends": grant.ends.text if grant.ends else None,
        }
        for member in desired.members
        for grant in member.grants
        if not grant.absent
        and not protection.ignores(member.user)
        and any(bound is not None and now < bound.when <= last for bound in (grant.begins, grant.ends))
    ]
    return sorted(
        found, key=lambda entry: (entry["user"], entry["project"], entry["begins"] or "", entry["ends"] or "")
    )
