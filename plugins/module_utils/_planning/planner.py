# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the ordered plan from the desired state and the present state. PURE: no call, no Ansible, no clock."""

from __future__ import annotations

from collections.abc import Sequence, Set

from .._changes.change import Change
from .._changes.plan import Plan, projects_without_admin
from .._desired.desired import DesiredState
from .._state.model import State
from .context import PlanContext
from .members import MemberPlanner
from .projects import ProjectPlanner
from .removal_changes import last_admin_error
from .removals import keep_last_admins, plan_removals
from .users import UserPlanner


def plan(state: State, desired: DesiredState) -> Plan:
    """Return the changes that turn `state` into the state that `desired` describes, each with its reason.

    Raises InputError with everything that is wrong: missing items that may not be created, ambiguous names, roles that
    cannot be assigned, and the deletion of the owner or of the key's own user. The deletion of a user who owns
    resources, or may own resources that the server does not show, is wrong as well. So is a project that would lose
    its last admin, if the desired state is that of a single module. A list keeps the role of that admin instead.
    """
    if desired.policy is not None:
        return _plan_of_list(state, desired)
    context = PlanContext(state, desired)
    _plan_entries(context)
    if not desired.allow_no_admin:
        for key, name, losing in projects_without_admin(state, context.changes):
            context.problems.add(last_admin_error(key, name, losing))
    context.problems.raise_if_any(state.scopes_hint)
    return Plan.of(state, context.changes, context.notes(), context.handovers, context.leavers)


def _plan_entries(context: PlanContext) -> None:
    """Plan all entries of the desired state, and collect their errors in `problems`."""
    projects = ProjectPlanner(context)
    users = UserPlanner(context, projects)
    members = MemberPlanner(context, users, projects)
    # Projects are first, because they may have other names from now on.
    for project in context.desired.projects:
        with context.problems:
            projects.plan(project)
    for user in context.desired.users:
        with context.problems:
            users.plan(user)
    for member in context.desired.members:
        with context.problems:
            members.plan(member)
    users.refuse_addresses()


def _plan_of_list(state: State, desired: DesiredState) -> Plan:
    # n8n refuses to make the last admin of a project a chat user. Such a user keeps the instance role and stays admin
    # of the project, and that changes the rest of the plan. Such users are rare. A user in `stay` no longer becomes a
    # chat user, so each round adds at least one admin to `stay`, and the loop ends.
    stay: frozenset[tuple[str, str]] = frozenset()
    while True:
        context = PlanContext(state, desired, frozenset(user_id for user_id, _key in stay))
        _plan_entries(context)
        plan_removals(context)
        context.problems.raise_if_any(state.scopes_hint)
        keep_last_admins(context, _losing(context.changes, stay))
        left = projects_without_admin(state, context.changes)
        lost_to_role = {
            (change.user_id or "", key)
            for key, _name, losing in left
            for change in losing
            if change.is_lost_with_role_change
        }
        if not lost_to_role:
            keep_last_admins(context, left)
            return Plan.of(state, context.changes, context.notes(), context.handovers, context.leavers)
        stay |= lost_to_role


def _losing(changes: Sequence[Change], stay: Set[tuple[str, str]]) -> list[tuple[str, str, list[Change]]]:
    """Return key and name of each project, and the changes that would remove the role of admins who are to stay."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        if change.removes_admin and (change.user_id or "", change.project_key) in stay:
            found.setdefault(change.project_key, []).append(change)
    return [(key, losing[0].project or "", losing) for key, losing in sorted(found.items())]
