# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random months of the role sync, from rows of people to n8n: the access after each night is that of a model."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Workflow
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.sync_months import (
    LOCKED,
    MEMBER,
    NIGHTS,
    OLD,
    PARKED,
    PEOPLE,
    POLICIES,
    PROJECTS,
    RULES,
    Model,
    Refused,
    Sync,
    access,
    apply_event,
    items,
    recorded,
)


@given(nights=NIGHTS, rules=RULES, policies=st.tuples(POLICIES, POLICIES), floor=st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_access_after_each_night_of_sync_is_that_of_the_model(
    nights: list[Any], rules: Any, policies: Any, floor: bool
) -> None:
    check_month(nights, rules, policies, floor)


def check_month(nights: list[Any], rules: Any, policies: Any, floor: bool = False) -> None:
    n8n, model = FakeN8n(floor), Model()
    if not floor:
        n8n.custom_roles = {PARKED: "Parked"}
    for name in (*PROJECTS, LOCKED, "Archive"):
        n8n.add_team_project(name)
    for email in PEOPLE[:3]:
        n8n.add_user(email)
        model.users[email] = [MEMBER, {}, False]
        n8n.owned[n8n.personal_project_id(email)] = [Workflow("workflow", f"w-{email}", "Bills")]
        model.owners.add(email)
    with TemporaryDirectory() as folder:
        record = Path(folder) / "leavers.json"
        record.write_text('{"format": 1, "url": "http://n8n.invalid", "leavers": []}', encoding="utf-8")
        sync = Sync(n8n, record)
        for number, night in enumerate(nights):
            apply_event(n8n, model, number, night["event"], record)
            found = (access(n8n), recorded(record, n8n.users))
            assert found == (model.users, model.entries()), f"the event of night {number}"
            owned, before = items(n8n), deepcopy((model.users, model.record, model.owners))
            policy = policies[night["policy"]]
            try:
                model.night(number, night, rules, policy)
                refused = False
            except Refused:
                model.users, model.record, model.owners = before
                refused = True
            try:
                incomplete = sync.night(number, night, rules, policy)
            except InputError as error:
                assert refused, str(error)
            else:
                assert not refused, f"night {number} was not refused"
                assert incomplete == model.is_incomplete
            assert access(n8n) == model.users, f"night {number}"
            assert recorded(record, n8n.users) == model.entries(), f"night {number}"
            assert items(n8n) == owned


def test_entry_of_an_open_invitation_ends_with_the_grace_period_in_the_run_that_deletes_the_account() -> None:
    """With missing_users=wait, the account is demoted first. A later run deletes it, after the end of the grace period."""
    good = {"teams": ["a"], "boss": "", "status": "active", "end": "", "old": "", "kind": "good"}

    def night(
        di: Any = None, event: tuple[str, str, str] = ("none", PEOPLE[0], "A"), policy: int = 0
    ) -> dict[str, Any]:
        rows = {**dict.fromkeys(PEOPLE), PEOPLE[3]: di}
        return {"rows": rows, "nameless": None, "missing": None, "event": event, "policy": policy, "exceptions": {}}

    common = {
        "authority": "additive",
        "unmatched": None,
        "invalid": "skip",
        "leaver_match": False,
        "ignored": None,
        "protected": None,
        "transfer": "Archive",
    }
    policies = {**common, "leavers": "staged", "missing": "wait"}, {**common, "leavers": "keep", "missing": "invite"}
    rules = {"a": {"A": ("viewer", ("", ""))}, "b": {"A": ("viewer", ("", ""))}, "uses_end": False, "role": None}
    nights = [night(event=("onboard", OLD, "A")), night(good), night(), night(), night(good, policy=1)]
    check_month(nights, rules, policies, False)
