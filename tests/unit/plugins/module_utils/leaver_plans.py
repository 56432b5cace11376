# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for leavers of the example state, some of whom own items or are staged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_planner import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import LeaverOptions, find_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import PROJECT_ADMIN, Role
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.grace_period import GracePeriod
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    PERSONAL,
    SALES,
    URL,
    example_state,
    member,
)

ADA_PROJECT, GRACE_PROJECT = PERSONAL[1], PERSONAL[2]
NO_SCOPES = Role("global:no-scopes-a1b2c3", "No scopes", "global", custom=True, scopes=frozenset())
BILLS = Workflow("workflow", "w-1", "Bills", ADA_PROJECT.id, published=True, credentials=("c-1",))
MAIL = Credential("credential", "c-1", "Mail", ADA_PROJECT.id, (Share(GRACE_PROJECT.id, "credential:user"),))
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", ADA_PROJECT.id)
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
STAGED = RecordEntry(ADA.id, ADA.email, NOW, ADA.role, ((SALES.id, SALES.name, PROJECT_ADMIN),))


def leaver_plan(state: State, *references: str, **policy: Any) -> Plan:
    """Plan to process these leavers."""
    return plan_leavers(state, find_leavers(state, references), LeaverOptions(**policy))


def leaver_error(state: State, *references: str, **policy: Any) -> str:
    """Return the message of the error that the plan raises."""
    with pytest.raises(InputError) as error:
        leaver_plan(state, *references, **policy)
    return str(error.value)


def with_active_linus(state: State) -> State:
    """Return the state in which Linus has accepted the invitation."""
    return replace(state, users=tuple(replace(user, is_pending=False) for user in state.users))


def state_with_items(*items: Any, **changes: Any) -> State:
    """Return the example state where Ada owns these items."""
    state = example_state(**changes)
    return replace(state, owned_items={**state.owned_items, ADA_PROJECT.id: OwnedItems(items)})


def state_with_sole_admin(*projects: Any) -> State:
    """Return the example state where Ada is the only member of these projects, with the admin role."""
    state = example_state()
    members_by_project = {project.id: (member(ADA, PROJECT_ADMIN),) for project in projects}
    return replace(state, members={**state.members, **members_by_project})


def grace_period(
    action: str = "staged", *staged: RecordEntry, days: float = 0, is_new: bool = False, **more: Any
) -> Any:
    """Return the grace period some days after NOW, or None for other actions than staged."""
    record = LeaverRecord(URL, {one.id: one for one in staged})
    return (
        GracePeriod(record, is_new, NOW + timedelta(days=days), path="leavers.json", **more)
        if action == "staged"
        else None
    )
