# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the ordered plan from the desired state and the present state. PURE: no call, no Ansible, no clock."""

from __future__ import annotations

from .._changes.plan import Plan, projects_without_admin
from .._desired.desired import DesiredState
from .._state.model import State
from .context import PlanContext
from .members import MemberPlanner
from .projects import ProjectPlanner
from .removal_changes import last_admin_error
from .users import UserPlanner


def plan(state: State, desired: DesiredState) -> Plan:
    """Return the changes that turn `state` into the state that a single module describes, each with its reason.

    Raises InputError with everything that is wrong: missing items that may not be created, ambiguous names, roles that
    cannot be assigned, and the deletion of the owner or of the key's own user. The deletion of a user who owns
    resources, or may own resources that the server does not show, is wrong as well. So is a project that would lose
    its last admin.
    """
    context = PlanContext(state, desired)
    plan_entries(context)
    if not desired.allow_no_admin:
        for key, name, losing in projects_without_admin(state, context.changes):
            context.problems.add(last_admin_error(key, name, losing))
    context.problems.raise_if_any(state.scopes_hint)
    return Plan.of(state, context.changes, context.notes(), context.handovers, context.leavers)


def plan_entries(context: PlanContext) -> None:
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
    # Absent members create no project, so all entries that may create it are first. A grant that has ended removes
    # nothing that another grant gives, so these entries are last.
    absent = [member for member in context.desired.members if not member.present]
    absent.sort(key=lambda entry: bool(entry.ended))
    for member in (*(member for member in context.desired.members if member.present), *absent):
        with context.problems:
            members.plan(member)
    users.refuse_addresses()
