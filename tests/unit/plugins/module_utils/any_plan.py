# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a desired state as its module does: as a list if it has a policy, or else as a single object."""

from __future__ import annotations

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DesiredState
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.list_planner import plan_list
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning import planner
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State


def plan(state: State, desired: DesiredState) -> Plan:
    """Return the plan for `desired` in `state`."""
    return planner.plan(state, desired) if desired.policy is None else plan_list(state, desired)
