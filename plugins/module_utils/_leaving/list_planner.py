# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the one plan of a list: grants, removals, and the departures of users. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from .._changes.change import Change
from .._changes.plan import Plan, projects_without_admin
from .._desired.desired import KEEP, REMOVE_MEMBERSHIPS, STAGED, DesiredState
from .._planning.context import PlanContext
from .._planning.planner import plan_entries
from .._planning.removal_changes import new_admin
from .._planning.removals import keep_last_admins, plan_removals
from .._state.model import State
from .._state.roles import Role
from .departure_planner import DeparturePlanner
from .departures import LEAVER_REASON, Departure, LeaverHandling, find_departures
from .grace_period import GracePeriod, begun_entry, removes_access
from .leaver_record import SYNC, LeaverRecord, begun_entries
from .record_effects import RecordEffects, record_effects


@dataclass(frozen=True)
class ListLeavers:
    """The departures of a list, and the effects of the record on the list."""

    handling: LeaverHandling
    departures: tuple[Departure, ...]
    effects: RecordEffects

    @classmethod
    def of(
        cls,
        state: State,
        desired: DesiredState,
        handling: LeaverHandling = LeaverHandling(),
        restored: Set[str] | None = None,
        roles: Iterable[Role] | None = None,
    ) -> ListLeavers:
        """Return the departures that the list and the record require in `state`.

        `restored` are the ids of the users whose access the task restores, or None for a task that restores no access.
        `roles` are the roles that exist, or None if they are unknown.
        """
        effects = record_effects(state, desired, handling, restored is not None, roles)
        lifted = {user.staged.id for user in effects.lifted} | (restored or set())
        departures = find_departures(state, effects.desired, handling, lifted, effects.accounts)
        return cls(handling, tuple(departures), effects)

    def departing(self) -> set[str]:
        """Return the ids of the leavers, and of the other users whom the list changes as a whole."""
        return {departure.user.id for departure in self.departures if departure.is_leaver or departure.action != KEEP}

    def deletion_candidates(self) -> list[str]:
        """Return the emails of the users that the plan may delete, whose resources have to be read for it."""
        return [departure.user.email for departure in self.departures if self.handling.may_delete(departure)]

    def record_before(self, plan: Plan) -> LeaverRecord:
        """Return the record that must be stored before the first change of `plan` is made."""
        record = self.handling.record.without(self.effects.dropped)
        if self.handling.grace_period is None:
            return record
        return _begin_staging(self.handling.grace_period, record, plan, self.departures)

    def to_result(self) -> list[dict[str, Any]]:
        """Return the value of `leavers`: the users who count as leavers, sorted by email."""
        grace_period = self.handling.grace_period
        return [
            {
                "user": departure.user.email,
                "user_id": departure.user.id,
                "action": departure.action,
                "reason": departure.reason,
                **(grace_period.dates(departure.entry) if grace_period else {"since": None, "due": None}),
            }
            for departure in sorted(self.departures, key=lambda departure: departure.user.email)
            if departure.is_leaver
        ]


def plan_list(state: State, desired: DesiredState, leavers: ListLeavers | None = None) -> Plan:
    """Return the changes that turn `state` into what a list says, each with its reason.

    What is impossible for a leaver is in `impossible` of the plan. Raises InputError with everything else that is
    wrong: missing items that may not be created, ambiguous names, and roles that cannot be assigned.
    """
    leavers = leavers or ListLeavers.of(state, desired)
    # n8n refuses to make the last admin of a project a chat user. Such a user keeps the instance role and stays admin
    # of the project, and that changes the rest of the plan. Such users are rare.
    stay: frozenset[tuple[str, str]] = frozenset()
    while True:
        context = PlanContext(state, leavers.effects.desired, frozenset(user_id for user_id, _key in stay))
        context.protection = leavers.handling.protection(context.policy, state)
        planner = DeparturePlanner(leavers.handling, leavers.departing(), context)
        context.departing = {departure.user.id for departure in leavers.departures if _gets_nothing(departure)}
        context.without_role = {
            departure.user.id
            for departure in leavers.departures
            if _gets_nothing(departure) and departure.action != REMOVE_MEMBERSHIPS
        }
        plan_entries(context)
        plan_removals(context, any(departure.action != KEEP for departure in leavers.departures))
        for departure in leavers.departures:
            planner.plan(departure)
        planner.check_options()
        context.problems.raise_if_any(state.scopes_hint)
        _keep_admins(context, planner, _losing(context.changes, stay))
        left = projects_without_admin(state, context.changes)
        lost = {
            (change.user_id or "", key)
            for key, _name, losing in left
            for change in losing
            if change.is_lost_with_role_change or change.implied_by == "delete_user"
        }
        succeeded = _succeed(context, planner, left)
        lost = {(user_id, key) for user_id, key in lost if key not in succeeded}
        if not lost:
            _keep_admins(context, planner, [entry for entry in left if entry[0] not in succeeded])
            return _finished(context, planner, leavers)
        stay |= lost


def _gets_nothing(departure: Departure) -> bool:
    return departure.action != KEEP or departure.reason == LEAVER_REASON


def _finished(context: PlanContext, planner: DeparturePlanner, leavers: ListLeavers) -> Plan:
    made = Plan.of(
        context.state,
        context.changes,
        (*leavers.effects.notes, *context.notes()),
        context.handovers,
        context.departing,
    )
    made = replace(
        made,
        awaited=frozenset(context.awaited),
        refused_addresses=tuple(sorted(context.refused_addresses.items())),
        impossible=tuple(planner.impossible),
    )
    if leavers.handling.grace_period is None:
        return made
    begun = begun_entries(leavers.handling.record, leavers.record_before(made))
    lifted = {restored.staged.id for restored in leavers.effects.lifted}
    return replace(made, record_changes=(*begun, *(f"end {key}" for key in sorted(lifted))), lifted=len(lifted))


def _losing(changes: Sequence[Change], stay: Set[tuple[str, str]]) -> list[tuple[str, str, list[Change]]]:
    """Return key and name of each project, and the changes that would remove the role of admins who are to stay."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        if change.removes_admin and (change.user_id or "", change.project_key) in stay:
            found.setdefault(change.project_key, []).append(change)
    return [(key, losing[0].project or "", losing) for key, losing in sorted(found.items())]


def _succeed(
    context: PlanContext, planner: DeparturePlanner, left: Iterable[tuple[str, str, list[Change]]]
) -> set[str]:
    """Plan the successor of leavers as admin of the projects in `left`, and return the keys of these projects."""
    done = set()
    for key, name, losing in left:
        if not any(planner.is_leaver(change.user_id) for change in losing):
            continue
        successor = planner.successor(key)
        if successor is not None:
            context.changes.append(new_admin(context.state, successor, key, name, losing))
            done.add(key)
    return done


def _keep_admins(
    context: PlanContext, planner: DeparturePlanner, left: Iterable[tuple[str, str, list[Change]]]
) -> None:
    """Drop the removals of last admins; a leaver among them is impossible, and any other admin has a note.

    Such a leaver keeps the instance role too.
    """
    left = list(left)
    staying = set()
    for key, name, losing in left:
        for change in losing:
            if planner.is_leaver(change.user_id):
                planner.add_sole_admin(change, key, name)
                staying.add(change.user_id)
    keep_last_admins(context, left)
    context.changes = [
        change for change in context.changes if change.action != "change_user_role" or change.user_id not in staying
    ]


def _begin_staging(
    grace_period: GracePeriod, record: LeaverRecord, plan: Plan, departures: Iterable[Departure]
) -> LeaverRecord:
    """Return `record` with an entry for each user whom `plan` stages, and for each one who had access again.

    An entry of n8n_offboard stays one.
    """
    of_user: dict[str, list[Change]] = {}
    for change in plan.changes:
        of_user.setdefault(change.user_id or "", []).append(change)
    begun = []
    for departure in departures:
        entry, changes = departure.entry, of_user.get(departure.user.id, [])
        is_staged = departure.action == STAGED and departure.user.id in plan.leavers
        if (is_staged and entry is None) or (entry is not None and removes_access(changes, entry)):
            made = begun_entry(plan.state, departure.user, grace_period.now, entry, changes)
            begun.append(replace(made, staged_by=entry.staged_by if entry else SYNC))
    return record.adding(begun)
