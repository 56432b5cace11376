# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants with dates and grants removed by name in the lists of n8n_access, where several entries compete."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA, BO = "ada@example.com", "bo@example.com"
ABSENT = {"state": "absent"}


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_user(BO)
    return fake


def changes(result: dict[str, Any]) -> list[str]:
    return sorted(f"{change['action']} {(change['user'] or '').partition('@')[0]}".strip() for change in result["plan"])


def test_project_that_another_user_gets_is_created_although_the_first_entry_is_absent(n8n: FakeN8n) -> None:
    users = [{"email": ADA, "projects": {"New": ABSENT}}, {"email": BO, "projects": {"New": "viewer"}}]
    assert changes(check_apply_reapply(n8n_access, n8n, users=users)) == ["add_member bo", "create_project"]


def test_role_and_absence_in_a_project_that_does_not_exist_yet_are_refused(n8n: FakeN8n) -> None:
    users = [{"email": ADA, "projects": {"New": ABSENT}}]
    with pytest.raises(InputError, match="ada@example.com cannot both have the role viewer and be absent in project"):
        run(n8n_access, n8n, users=users, projects=[{"name": "New", "members": {ADA: "viewer"}}])
    assert not n8n.writes


@pytest.mark.parametrize(
    ("entry", "warning"),
    [
        (ABSENT, 'Project "Slaes" does not exist. .*"Sales"'),
        ({**ABSENT, "granted_by": "rule"}, ""),
        ({"role": "viewer", "until": "2026-11-30"}, ""),
        ({**ABSENT, "from": "2026-12-31"}, ""),
    ],
)
def test_absence_in_an_unknown_project_warns_of_a_similar_name(n8n: FakeN8n, entry: Any, warning: str) -> None:
    n8n.add_team_project("Sales", ada="viewer")
    done = run(n8n_access, n8n, users=[{"email": ADA, "projects": {"Slaes": entry}}], now="2026-12-01", check_mode=True)
    assert not done["changed"] and bool(done["warnings"]) == bool(warning)
    assert re.search(warning, "".join(done["warnings"]))


def test_absence_of_an_unknown_member_warns_of_a_similar_email(n8n: FakeN8n) -> None:
    n8n.add_team_project("Sales", ada="viewer")
    done = run(n8n_access, n8n, projects=[{"name": "Sales", "members": {"aad@example.com": ABSENT}}])
    assert not done["changed"] and "ada@example.com" in done["warnings"][0]
    done = run(n8n_access, n8n, projects=[{"name": "Sales", "members": {"zoe.miller@example.com": ABSENT}}])
    assert not done["changed"] and not done["warnings"]
