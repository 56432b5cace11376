# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users that the filter n8n_sync_input returns, as the list of n8n_access: one plan for all people."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_sync_input import n8n_sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_input import SyncOptions, sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_summary import sync_summary
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._recording.record import ImpossibleDepartures
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

NOW = datetime(2026, 12, 15, tzinfo=timezone.utc)
RULES = [
    {"name": "Staff", "match": {"team": "Staff"}, "projects": {"Sales": "viewer"}},
    {"name": "Managers", "match": {"team": "Staff", "level": "4"}, "projects": {"Sales": "admin"}, "until": "end"},
    {"name": "Guests", "match": {"team": "Guests"}, "deny": ["Sales"]},
]
EXCEPTIONS = [
    {"email": "eve@example.com", "project": "Sales", "role": "editor", "until": "2026-12-31", "reason": "cover"},
    {"email": "cleo@example.com", "project": "Sales", "role": "editor", "until": "2026-11-30", "reason": "cover"},
]


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    for name in ("ada", "bo", "cleo"):
        fake.add_user(f"{name}@example.com")
    return fake


def plan_of(n8n: FakeN8n, people: list[dict[str, Any]], options: SyncOptions, **params: Any) -> list[str]:
    """Apply the list, and return what changes in projects and invitations, with the reasons of removals."""
    found = sync_input(people, RULES, options, NOW)
    assert found["refusal"] == ""
    done = check_apply_reapply(
        n8n_access,
        n8n,
        users=found["users"],
        authority=options.authority or "additive",
        unmatched_users=found["unmatched"],
        ignored_users=found["ignored_patterns"],
        now="2026-12-15",
        max_removal_percent=100,
        **params,
    )
    return sorted(
        f"{change['action']} {change['user'].partition('@')[0]} {change.get('after') or change.get('reason')}"
        for change in done["plan"]
    )


def person(name: str, team: str, **attributes: str) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "team": team, "level": "", "end": "", "state": "", **attributes}


def test_additive_list_gives_and_removes_only_what_it_names(n8n: FakeN8n) -> None:
    n8n.add_team_project("Sales", ada="editor", bo="editor", cleo="editor")
    n8n.add_team_project("Archive", ada="editor", bo="editor", cleo="editor")
    people = [
        person("ada", "Guests"),
        person("bo", "Staff", level="4", end="2027-01-31"),
        person("cleo", "Catering"),
        person("eve", "Catering"),
        person("new", "Guests"),
    ]
    assert plan_of(n8n, people, SyncOptions(exceptions=EXCEPTIONS)) == [
        "add_member eve project:editor",
        "change_member_role bo project:admin",
        "invite_user eve global:member",
        'remove_member ada is denied by rule "Guests"',
        "remove_member cleo the grant ended on 2026-11-30, by exception: cover",
    ]


def test_protected_row_of_authoritative_list_is_left_untouched(n8n: FakeN8n) -> None:
    n8n.add_team_project("Sales", ada="editor", bo="editor", cleo="editor")
    people = [person("ada", "Staff"), person("bo", "Staff"), {**person("bo", "Guests")}, person("cleo", "Catering")]
    options = SyncOptions(authority="authoritative", invalid_people="skip")
    assert plan_of(n8n, people, options) == [
        "change_member_role ada project:viewer",
        "remove_member cleo no rule matches",
    ]


@pytest.mark.parametrize("authority", ["additive", "authoritative"])
@pytest.mark.parametrize(
    ("exception", "reason"),
    [
        ({"role": "editor", "until": "2026-11-30"}, "the grant ended on 2026-11-30, by exception: cover"),
        ({"deny": True}, "is denied by exception: cover"),
    ],
)
@pytest.mark.parametrize("unmatched", ["keep", "remove_memberships"])
def test_exception_of_unmatched_person_removes_one_membership_if_others_are_kept(
    n8n: FakeN8n, authority: str, exception: dict[str, Any], reason: str, unmatched: str
) -> None:
    n8n.add_team_project("Sales", cleo="editor")
    n8n.add_team_project("Archive", cleo="editor")
    options = SyncOptions(
        authority=authority,
        unmatched=unmatched,
        exceptions=[{"email": "cleo@example.com", "project": "Sales", "reason": "cover", **exception}],
    )
    people = [person("ada", "Staff"), person("cleo", "Catering")]
    done = plan_of(n8n, people, options)
    given, *removals = done
    assert given == "add_member ada project:viewer"
    # A removal at the end of a grant has its reason, so that the removal limits find that it was announced.
    ended = reason if unmatched == "keep" or "until" in exception else "no rule matches"
    others = ["remove_member cleo no rule matches"] if unmatched == "remove_memberships" else []
    assert removals == sorted([f"remove_member cleo {ended}", *others])


def test_exception_that_begins_later_is_upcoming_for_unmatched_person(n8n: FakeN8n) -> None:
    exceptions = [{"email": "cleo@example.com", "project": "Sales", "role": "editor", "from": "2026-12-20"}]
    options = SyncOptions(authority="authoritative", exceptions=exceptions)
    found = sync_input([person("ada", "Staff"), person("cleo", "Catering")], RULES, options, NOW)
    done = run(n8n_access, n8n, True, users=found["users"], unmatched_users=found["unmatched"], now="2026-12-15")
    assert [(entry["user"], entry["begins"]) for entry in done["upcoming"]] == [("cleo@example.com", "2026-12-20")]


@pytest.mark.parametrize("check_mode", [True, False])
def test_removals_that_a_rehearsal_showed_as_upcoming_count_in_the_next_run(n8n: FakeN8n, check_mode: bool) -> None:
    """The plan of a run in check mode for another time announces nothing. The plan of a real run does."""
    n8n.add_team_project("Sales", ada="viewer", bo="viewer")
    rules = [{"name": "Staff", "match": {"team": "Staff"}, "projects": {"Sales": "viewer"}, "until": "end"}]
    people = [person(name, "Staff", end="2026-12-14") for name in ("ada", "bo")]
    given = n8n_sync_input(people, rules, now="2026-12-10", check_mode=check_mode)
    assert given["is_rehearsal"] == check_mode
    first = run(n8n_access, n8n, check_mode, users=given["users"], announced=given["announced"], now="2026-12-10")
    record = sync_summary(given, first, {}, "2026-12-15T00:00:00Z")["record"]
    assert [entry["user"] for entry in record["upcoming"]] == ["ada@example.com", "bo@example.com"]
    given = n8n_sync_input(people, rules, now="2026-12-15", previous_plan=json.dumps(record))
    options = {"users": given["users"], "announced": given["announced"], "now": "2026-12-15"}
    done = run(n8n_access, n8n, **options, max_removals=1, max_removal_percent=100)
    assert ("2 removals" in done.get("msg", "")) == check_mode
    assert bool(n8n.writes) != check_mode


def test_refused_address_and_unknown_role_of_an_exception_name_the_row(n8n: FakeN8n) -> None:
    n8n.add_team_project("Sales")
    exceptions = [{"email": "ada@example.com", "project": "Sales", "role": "kng", "reason": "cover"}]
    people = [person("bo", "Catering"), person("ada", "Catering"), person("no#", "Staff")]
    found = sync_input(people, RULES, SyncOptions(exceptions=exceptions), NOW)
    with pytest.raises(InputError) as error:
        run(n8n_access, n8n, users=found["users"])
    assert 'row 2 (ada@example.com), project "Sales", exception: cover: ' in str(error.value)
    assert "row 3 (no#@example.com): n8n does not accept # before the @" in str(error.value)


@pytest.mark.parametrize(
    ("leavers", "is_sole_admin", "role"),
    [
        ("keep", False, "global:admin"),
        ("remove_memberships", False, "global:member"),
        ("remove_memberships", True, "global:admin"),
        ("demote", False, "global:chatUser"),
    ],
)
def test_list_of_instance_roles_lowers_leavers_who_lose_their_memberships(
    n8n: FakeN8n, leavers: str, is_sole_admin: bool, role: str
) -> None:
    bo = n8n.id_of("bo@example.com")
    n8n.set_user_role(bo, "global:admin")
    project = n8n.add_team_project("Sales", bo="admin" if is_sole_admin else "viewer")
    if is_sole_admin:
        n8n.remove_member(project, n8n.owner_id)
    rules = [*RULES, {"name": "Boss", "match": {"team": "Boss"}, "role": "admin"}]
    options = SyncOptions(authority="authoritative", leaver_match={"state": "gone"})
    people = [person("ada", "Staff"), person("bo", "Staff", state="gone"), person("cleo", "Staff")]
    found = sync_input(people, rules, options, NOW)
    task = Task(n8n, False, wants_diff=True)
    params = {name: row.get("default") for name, row in n8n_access.ARGUMENT_SPEC.items()}
    params.update(users=found["users"], authority="authoritative", unlisted_users=leavers, max_removal_percent=100)
    with contextlib.suppress(ImpossibleDepartures):
        n8n_access.run(params, task)
    assert n8n.users[bo].role == role
    assert bool(task.findings["impossible"]) == is_sole_admin
    assert not any("keeps the instance role" in warning for warning in task.warnings)


def test_unmatched_admin_without_memberships_is_named_in_a_warning(n8n: FakeN8n) -> None:
    n8n.set_user_role(n8n.id_of("cleo@example.com"), "global:admin")
    n8n.add_team_project("Sales", cleo="editor")
    boss = {"name": "Boss", "match": {"level": "9"}, "role": "admin"}
    for rules, is_warning in ((RULES, True), ([*RULES, boss], False)):
        options = SyncOptions(authority="authoritative")
        found = sync_input([person("ada", "Staff"), person("cleo", "Catering")], rules, options, NOW)
        more = {"authority": "authoritative", "unmatched_users": found["unmatched"], "max_removal_percent": 100}
        done = run(n8n_access, n8n, True, users=found["users"], **more)
        expected = "cleo@example.com is matched by no rule and keeps the instance role global:admin, which gives access"
        assert any(warning.startswith(expected) for warning in done["warnings"]) == is_warning


@pytest.mark.parametrize(
    ("rules", "is_invited"),
    [
        ([{"deny": ["Sales"]}], False),
        ([{"projects": {"Sales": "viewer"}, "from": "2027-01-01"}], False),
        ([{}], True),
        ([{}, {"deny": ["Sales"]}], True),
        ([{}, {"projects": {"Sales": "viewer"}, "from": "2027-01-01"}], True),
        ([{"role": "member"}, {"deny": ["Sales"]}], True),
    ],
)
def test_person_is_invited_unless_all_rules_deny_or_are_not_active(
    n8n: FakeN8n, rules: list[dict[str, Any]], is_invited: bool
) -> None:
    written = [{"name": f"Rule {number}", "match": {"team": "Staff"}, **rule} for number, rule in enumerate(rules)]
    found = sync_input([person("new", "Staff")], written, SyncOptions(), NOW)
    done = run(n8n_access, n8n, True, users=found["users"], now="2026-12-15")
    invited = ["new@example.com"] if is_invited else []
    assert [change["user"] for change in done["plan"] if change["action"] == "invite_user"] == invited
