# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for one user, one project, one member, or lists, and the rows of their changes."""

from __future__ import annotations

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    DesiredMember,
    DesiredProject,
    ListPolicy,
    DesiredUser,
    DesiredState,
)

Row = tuple[object, ...]


def changes_of(planned: Plan) -> list[Row]:
    """Return the changes of a plan as rows: action, user, project, before, after."""
    return [(change.action, change.user, change.project, change.before, change.after) for change in planned.changes]


def plan_user(state: State, user: str, role: str | None = None, present: bool = True, **more: bool) -> Plan:
    """Plan the role, the invitation, or the deletion of one user."""
    return plan(state, DesiredState(users=(DesiredUser(user, role, present, "role"),), missing_users="invite", **more))


def plan_project(state: State, **desired: object) -> Plan:
    """Plan the creation, the rename, or the deletion of one project."""
    return plan(state, DesiredState(projects=(DesiredProject(**desired),), create_projects=True))


def plan_member(
    state: State, project: str, user: str, role: str | None, present: bool = True, allow_no_admin: bool = False
) -> Plan:
    """Plan the role or the removal of one member."""
    return plan(
        state,
        DesiredState(members=(DesiredMember(project, user, role, present, "role"),), allow_no_admin=allow_no_admin),
    )


def plan_users(
    state: State, users: list[dict[str, object]], missing_users: str = "invite", create_projects: bool = True
) -> Plan:
    """Plan an additive list of users."""
    return plan(state, desired_access(users, missing_users=missing_users, create_projects=create_projects))


def plan_projects(state: State, *projects: dict[str, object], users: list[dict[str, object]] | None = None) -> Plan:
    """Plan additive lists of projects and users."""
    return plan(state, desired_access(users, projects, ListPolicy()))
