# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The removal limits: the amount of access that one plan may remove without approval. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._changes.actions import MEMBER
from .._changes.change import Change, reduces_access
from .._changes.plan import Plan
from .._desired.desired import ListPolicy
from .._desired.protection import Protection
from .._errors import InputError, N8nError
from .._state.names import to_nfc
from .._text import quoted

# For projects with up to SMALL_PROJECT members, and for fewer than FEW removals, a percentage is meaningless.
MAX_SMALL_PROJECT = 3
MIN_REMOVALS = 2


# The options of modules that plan for many users. The default of max_removal_percent depends on the module.
LIMIT_OPTIONS: dict[str, Any] = {
    "max_removals": {"type": "int"},
    "max_removal_percent": {"type": "float", "default": 20},
    "approve": {"type": "str"},
    "only_approved": {"type": "bool", "default": False},
}


class RemovalLimitExceeded(N8nError):
    """A plan removes more than the limits allow, or is not the approved plan. Nothing has been written."""

    reason = "not_approved"


@dataclass(frozen=True)
class RemovalLimits:
    """The removal limits of a task: None and 100 mean no limit. `approve` is the digest of a reviewed plan.

    With `only_approved`, no other plan with changes passes, even if it removes nothing. `announced` are the grants that
    an earlier plan listed in `upcoming`: removed and lowered memberships at their end do not count.
    """

    max_removals: int | None = None
    max_removal_percent: float = 20
    approve: str | None = None
    only_approved: bool = False
    announced: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any], announced: Sequence[Mapping[str, Any]] = ()) -> RemovalLimits:
        """Return the limits that the options of a module set; raises InputError for invalid ones."""
        return cls(**{name: options[name] for name in LIMIT_OPTIONS}, announced=announced)

    def needs_all_members(self, plan: Plan, policy: ListPolicy) -> bool:
        """Return whether the check of the plan needs memberships that were not read for it."""
        read = all(project.id in plan.state.members for project in plan.state.projects if project.is_team)
        return (
            self.max_removal_percent < 100
            and not (read and plan.state.projects)
            and bool(self._counted_reductions(plan, policy))
        )

    def __post_init__(self) -> None:
        if not 0 <= self.max_removal_percent <= 100:
            raise InputError(
                f"max_removal_percent is {self.max_removal_percent:g}, but must be from 0 to 100 (no limit)."
            )
        if self.only_approved and not (self.approve or "").strip():
            raise InputError("only_approved=true requires approve=DIGEST, the digest of the approved plan.")
        if self.max_removals is not None and self.max_removals < 0:
            raise InputError(f"max_removals is {self.max_removals}, but must be 0 (no removals) or more.")

    def check(self, plan: Plan, policy: ListPolicy) -> None:
        """Raise RemovalLimitExceeded if a plan removes too much, unless exactly this plan is approved."""
        if self.approve is not None and self.approve.strip().lower() == plan.digest:
            return
        if self.only_approved and plan.has_effects:
            raise RemovalLimitExceeded(
                f"Nothing was changed: the plan differs from the approved one ({self.approve}), because n8n or the lists have changed "
                f"since. Review the plan. If all changes are intended, run the task again with approve: {plan.digest}."
            )
        words = self._exceeded(plan, policy)
        if words:
            stale = "" if self.approve is None else f" approve={self.approve} is the digest of another plan."
            raise RemovalLimitExceeded(
                f"Nothing was changed: {'; '.join(words)}.{stale} Review the plan. If all changes are intended, run the task "
                f"again with approve: {plan.digest}, which approves exactly this plan."
            )

    def _exceeded(self, plan: Plan, policy: ListPolicy) -> list[str]:
        losses = self._counted_reductions(plan, policy)
        members = _members(plan, policy)
        count = len(losses) + plan.lifted
        total = sum(members.values()) + len(plan.state.users) - len(_excluded_users(plan, policy))
        words = []
        if self.max_removals is not None and count > self.max_removals:
            words.append(f"{count} removals and demotions are more than max_removals ({self.max_removals})")
        if self._too_many(count, total):
            words.append(
                f"{count} removals and demotions of {total} memberships and users{_percent(count, total)} are more than "
                f"max_removal_percent ({self.max_removal_percent:g})"
            )
        of_project = Counter((change.project or "", change.project_id or "") for change in losses if change.project)
        for (name, project_id), count in sorted(of_project.items()):
            size = members[project_id]
            if size > MAX_SMALL_PROJECT and count >= MIN_REMOVALS and self._too_many(count, size):
                words.append(
                    f"in project {quoted(name)}, {count} of {size} members{_percent(count, size)} are more than "
                    f"max_removal_percent ({self.max_removal_percent:g})"
                )
        return words

    def _counted_reductions(self, plan: Plan, policy: ListPolicy) -> list[Change]:
        """Return the removals, demotions and deletions that count: those of users and projects that the list manages."""
        excluded_users = _excluded_users(plan, policy)
        protection = Protection(policy, plan.state)
        announced = {
            (str(entry.get("user")), to_nfc(str(entry.get("project"))), str(entry["ends"]))
            for entry in self.announced
            if entry.get("ends")
        }

        def is_announced(change: Change) -> bool:
            projects = (change.project, change.project_id)
            return any((change.user, to_nfc(key or ""), change.ended) in announced for key in projects)

        return [
            change
            for change in plan.changes
            if (reduces_access(change) or change.action == "delete_user")
            and change.user_id not in excluded_users
            and not (change.definition.subject_type == MEMBER and protection.ignores_project(change.project or ""))
            and not is_announced(change)
        ]

    def _too_many(self, count: int, of: int) -> bool:
        # The limit is rounded, because 33.3 times 3000 is slightly less than 99900 in floating-point arithmetic.
        return self.max_removal_percent < 100 and count * 100 > round(self.max_removal_percent * of, 6)


def _members(plan: Plan, policy: ListPolicy) -> Counter[str]:
    """Return the number of members of each team project before the run, without ignored and protected users."""
    excluded_users = _excluded_users(plan, policy)
    protection = Protection(policy, plan.state)
    return Counter(
        {
            project.id: sum(member.id not in excluded_users for member in plan.state.members.get(project.id, ()))
            for project in plan.state.projects
            if project.is_team and not protection.ignores_project(project.name)
        }
    )


def _excluded_users(plan: Plan, policy: ListPolicy) -> set[str]:
    protection = Protection(policy, plan.state)
    return {user.id for user in plan.state.users if protection.is_left_alone(user)}


def _percent(count: int, of: int) -> str:
    return f" ({count * 100 / of:.1f} %)" if of else ""
