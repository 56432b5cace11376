# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test when a list ends the entry of a user whom n8n_offboard has deleted."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import DEMOTE, DesiredState, ListPolicy
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.departures import LeaverHandling
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.grace_period import GracePeriod
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.record_effects import record_effects
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import URL, example_state
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.leaver_plans import NOW

DELETED = RecordEntry("u-old", "old@contractors.example.com", NOW, "global:member", is_deleted=True)


@pytest.mark.parametrize(
    ("ignored", "dropped"),
    [((), (DELETED.id,)), (("*@contractors.example.com",), ()), (("*@example.com",), (DELETED.id,))],
)
def test_entry_of_deleted_user_ends_if_unlisted_and_not_ignored(
    ignored: tuple[str, ...], dropped: tuple[str, ...]
) -> None:
    grace_period = GracePeriod(LeaverRecord(URL, {DELETED.id: DELETED}), False, NOW)
    desired = DesiredState(policy=ListPolicy(unlisted_users=DEMOTE, ignored=ignored))
    effects = record_effects(example_state(), desired, LeaverHandling(grace_period), restoring=False)
    assert effects.dropped == dropped
