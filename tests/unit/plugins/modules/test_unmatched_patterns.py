# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access returns the patterns and denied projects that match nothing, even if the task fails."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA, BO = "ada@example.com", "bo@example.com"
NO_UNMATCHED: dict[str, list[str]] = {"protected_users": [], "ignored_users": [], "denied_projects": []}


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(BO)
    fake.add_team_project("Sales", bo="viewer")
    return fake


def unmatched(n8n: FakeN8n, **params: Any) -> Any:
    """Return the value `unmatched` of a task, and assert that it is the same in check mode."""
    planned, applied = (run(n8n_access, n8n, check_mode, **params)["unmatched"] for check_mode in (True, False))
    assert planned == applied
    return applied


def test_patterns_match_existing_and_listed_users(n8n: FakeN8n) -> None:
    patterns = [
        " BO@example.com",
        "ada@*",
        "*@partner.example.com",
        "eve@example.com",
        "eve@example.com",
        "b[xyz]@*",
        "",
    ]
    for option in ("protected_users", "ignored_users"):
        found = unmatched(n8n, users=[{"email": ADA}], **{option: patterns})
        assert found == {**NO_UNMATCHED, option: ["*@partner.example.com", "eve@example.com", "b[xyz]@*"]}


def test_task_without_patterns_returns_empty_lists(n8n: FakeN8n) -> None:
    assert unmatched(n8n, users=[]) == NO_UNMATCHED


def test_denied_projects_match_existing_and_new_projects(n8n: FakeN8n) -> None:
    nfc, nfd = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
    key = n8n.add_team_project(nfc)
    denied = {name: "R" for name in ("Sales", "Slaes", nfd, key, "New", "Renamed", "Attic")}
    users = [{"email": ADA, "granted_by": {"denied": denied}}, {"email": BO, "projects": {"New": "viewer"}}]
    projects = [{"name": "Renamed", "previous_names": ["Sales"]}]
    planned = run(n8n_access, n8n, True, users=users, projects=projects)["unmatched"]
    assert planned == {**NO_UNMATCHED, "denied_projects": ["Attic", "Slaes"]}


@pytest.mark.parametrize(
    "value",
    [
        {"state": "absent", "until": "2026-12-31", "granted_by": "R"},
        {"state": "absent", "until": "2026-11-01", "granted_by": "R"},
        {"state": "absent", "from": "2027-01-01", "granted_by": "R"},
        {"state": "absent", "granted_by": "exception: cover"},
        [
            {"state": "absent", "granted_by": "exception", "from": "2027-01-01"},
            {"role": "viewer", "until": "2026-11-01"},
        ],
    ],
)
def test_denied_projects_include_those_of_exceptions_and_of_denials_with_dates(n8n: FakeN8n, value: object) -> None:
    users = [{"email": ADA, "projects": {"Sales": value, "Attic": value}}]
    assert unmatched(n8n, users=users, now="2026-12-01")["denied_projects"] == ["Attic"]


def test_projects_that_are_only_given_or_not_denied_by_a_rule_are_no_denied_projects(n8n: FakeN8n) -> None:
    ended = {"role": "viewer", "until": "2026-11-01", "granted_by": "R"}
    users = [{"email": ADA, "projects": {"Attic": ended, "Cellar": {"state": "absent"}}}]
    assert unmatched(n8n, users=users, now="2026-12-01") == NO_UNMATCHED


def test_denied_projects_are_read_if_no_other_project_is_listed(n8n: FakeN8n) -> None:
    users = [{"email": BO, "granted_by": {"denied": {"Sales": "R", "Attic": "R"}}}]
    assert unmatched(n8n, users=users) == {**NO_UNMATCHED, "denied_projects": ["Attic"]}
    # n8n without this license lists no projects.
    n8n.features_off.add("feat:projectRole:admin")
    assert unmatched(n8n, users=users)["denied_projects"] == ["Attic", "Sales"]


def test_failed_task_returns_unmatched_patterns(n8n: FakeN8n) -> None:
    failed = run(
        n8n_access,
        n8n,
        projects=[{"name": "Sales", "members": {}}],
        authority="authoritative",
        allow_empty=True,
        max_removals=0,
        protected_users=["eve@example.com"],
    )
    assert "msg" in failed and failed["unmatched"] == {**NO_UNMATCHED, "protected_users": ["eve@example.com"]}
