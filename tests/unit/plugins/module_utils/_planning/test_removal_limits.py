# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The brakes: what they count, against what, and that strictly more than the limit trips them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.removal_limits import (
    RemovalLimitExceeded,
    RemovalLimits,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    AUTHORITATIVE,
    DEMOTE,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.company import OLIVIA, PERSONAL, URL

STRICT = ListPolicy(AUTHORITATIVE)
Roles = dict[str, str]


def email(who: str) -> str:
    return f"{who}@example.com"


def state_of(projects: dict[str, Roles], instance: Roles | None = None) -> State:
    """Return a company of `projects`: name -> {who: role}. Olivia, the owner, whose key it is, administrates them all."""
    people = sorted({who for roles in projects.values() for who in roles} | set(instance or {}))
    users = {who: User(f"u-{who}", email(who), f"global:{(instance or {}).get(who, 'member')}") for who in people}
    return State(
        URL,
        OLIVIA.id,
        (OLIVIA, *users.values()),
        (*(Project(f"p-{name}", name) for name in projects), PERSONAL[0]),
        {
            f"p-{name}": (
                Member(OLIVIA.id, OLIVIA.email, "project:admin"),
                *(Member(users[who].id, users[who].email, slug(role)) for who, role in roles.items()),
            )
            for name, roles in projects.items()
        },
    )


def slug(role: str) -> str:
    return role if ":" in role else f"project:{role}"


def crowd(size: int, role: str = "viewer", start: int = 0) -> Roles:
    return {f"p{number:02}": role for number in range(start, start + size)}


def planned(before: State, projects: dict[str, Roles], policy: ListPolicy = STRICT, users: Roles | None = None) -> Plan:
    """Plan these members of projects, and these instance roles."""
    members = [
        {"name": name, "members": {email(who): role for who, role in of.items()}} for name, of in projects.items()
    ]
    people = [{"email": email(who), "role": role} for who, role in (users or {}).items()]
    return plan(before, desired_access(people, members, policy, allow_empty=True))


def words(made: Plan, policy: ListPolicy = STRICT, **limits: Any) -> str:
    """Return why the brakes trip, or "" where they do not."""
    try:
        RemovalLimits(**limits).check(made, policy)
    except RemovalLimitExceeded as error:
        return str(error)
    return ""


# Strictly more than the limit


@pytest.mark.parametrize(
    ("size", "gone", "percent", "trips"),
    [
        # 20 percent unless said otherwise.
        (10, 2, None, False),
        (10, 3, None, True),
        (9, 2, None, True),
        (20, 4, 20, False),
        (20, 5, 20, True),
        (8, 1, 12.5, False),
        (8, 1, 12.4, True),
        (3, 1, 33.3, True),
        (3, 1, 33.4, False),
        # No limit, and nothing at all.
        (10, 10, 100, False),
        (10, 1, 0, True),
        (10, 0, 0, False),
        (10, 9, 99, False),
        (10, 10, 99.9, True),
    ],
)
def test_more_than_the_percentage_of_all_memberships_trips(
    size: int, gone: int, percent: float | None, trips: bool
) -> None:
    made = planned(state_of({"A": crowd(size)}), {"A": crowd(size - gone)})
    assert made.summary["remove_member"] == gone
    said = words(made, **({} if percent is None else {"max_removal_percent": percent}))
    assert bool(said) is trips
    if trips:
        assert f"{gone} removals and demotions of {size} memberships ({gone * 100 / size:.1f} %)" in said
        assert f"are more than max_removal_percent ({20 if percent is None else percent:g})" in said


@pytest.mark.parametrize(("count", "of", "percent"), [(999, 3000, 33.3), (77, 11000, 0.7)])
def test_exactly_the_percentage_does_not_trip_however_a_computer_reckons(count: int, of: int, percent: float) -> None:
    assert count * 100 > percent * of
    exactly, one_more = (RemovalLimits(max_removal_percent=percent)._too_many(many, of) for many in (count, count + 1))
    assert (exactly, one_more) == (False, True)


@pytest.mark.parametrize(("gone", "limit", "trips"), [(3, 3, False), (4, 3, True), (1, 0, True), (0, 0, False)])
def test_more_than_max_removals_trips_whatever_the_percentage(gone: int, limit: int, trips: bool) -> None:
    made = planned(state_of({"A": crowd(10)}), {"A": crowd(10 - gone)})
    said = words(made, max_removals=limit, max_removal_percent=100)
    assert (f"{gone} removals and demotions are more than max_removals ({limit})" in said) is trips
    assert words(made, max_removal_percent=100) == ""


# Project by project


@pytest.mark.parametrize(
    ("size", "gone", "trips"),
    [
        # Of three members, or where one goes, a percentage says nothing.
        (3, 3, False),
        (4, 1, False),
        (4, 2, True),
        (10, 2, False),
        (10, 3, True),
    ],
)
def test_a_project_of_more_than_three_of_whom_two_or_more_go_trips_by_itself(size: int, gone: int, trips: bool) -> None:
    big = crowd(40, start=50)
    made = planned(state_of({"Small": crowd(size), "Big": big}), {"Small": crowd(size - gone), "Big": big})
    said = words(made)
    assert bool(said) is trips
    if trips:
        # Over the instance it is not too much.
        assert f'Nothing was changed: in project "Small", {gone} of {size} members ({gone * 100 / size:.1f} %)' in said


def test_every_project_that_trips_is_told_and_twins_are_judged_apart() -> None:
    before = state_of({"A": crowd(5), "B": crowd(5, start=20), "C": crowd(40, start=40)})
    said = words(planned(before, {"A": crowd(3), "B": crowd(3, start=20)}))
    assert 'in project "A", 2 of 5 members' in said and 'in project "B", 2 of 5 members' in said
    assert said.count(";") == 1
    twins = State(
        before.url,
        before.own_user_id,
        before.users,
        tuple(Project(project.id, "Twin", project.type, project.creator_id) for project in before.projects),
        before.members,
    )
    entries = [
        {"id": key, "name": "Twin", "members": {email(who): "viewer" for who in crowd(4, start=start)}}
        for key, start in (("p-A", 0), ("p-B", 20))
    ]
    # One of five leaves each, not two of five one of them.
    assert words(plan(twins, desired_access(None, entries, STRICT))) == ""


# What counts


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("admin", "editor", True),
        ("editor", "viewer", True),
        ("viewer", "chatUser", True),
        ("viewer", "editor", False),
        ("editor", "admin", False),
        # Where the order of two roles is not known it counts.
        ("viewer", "project:auditor-a1b2c3", True),
        ("project:auditor-a1b2c3", "admin", True),
        ("project:auditor-a1b2c3", "project:writer-d4e5f6", True),
        ("project:auditor-a1b2c3", "project:auditor-a1b2c3", False),
    ],
)
def test_a_demotion_in_a_project_counts_and_a_promotion_does_not(before: str, after: str, counts: bool) -> None:
    # Also in an additive list.
    made = planned(state_of({"A": {"ada": before}}), {"A": {"ada": after}}, ListPolicy())
    assert len(made.changes) == (before != after and slug(before) != after)
    assert bool(words(made, ListPolicy(), max_removals=0, max_removal_percent=100)) is counts


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("admin", "member", True),
        ("member", "chatUser", True),
        ("member", "admin", False),
        ("member", "global:nothing-a1b2c3", True),
        ("nothing-a1b2c3", "admin", True),
    ],
)
def test_a_demotion_of_the_instance_role_counts(before: str, after: str, counts: bool) -> None:
    made = planned(state_of({"A": crowd(3)}, {"ada": before}), {}, ListPolicy(), {"ada": after})
    assert bool(words(made, ListPolicy(), max_removals=0, max_removal_percent=100)) is counts
    # One of three memberships is more than 20 percent.
    assert bool(words(made, ListPolicy())) is counts


def test_what_goes_with_becoming_a_chat_user_counts_too() -> None:
    before = state_of({"A": {"ada": "viewer"}, "B": {"ada": "viewer"}, "C": {"ada": "editor"}})
    made = planned(before, {"C": {"ada": "viewer"}}, ListPolicy(), {"ada": "chatUser"})
    # The role, two memberships, and the third, given back with less.
    assert words(made, ListPolicy(), max_removals=4, max_removal_percent=100) == ""
    assert "4 removals and demotions are more than max_removals (3)" in words(made, ListPolicy(), max_removals=3)


def test_what_is_given_back_as_it_was_does_not_count() -> None:
    made = planned(state_of({"A": {"ada": "viewer"}}), {"A": {"ada": "viewer"}}, ListPolicy(), {"ada": "chatUser"})
    assert words(made, ListPolicy(), max_removals=1, max_removal_percent=100) == ""


def test_invitations_additions_and_renames_do_not_count() -> None:
    entries = [
        {"name": "B", "previous_names": ["A"], "members": {email(who): "admin" for who in crowd(5)}},
        {"name": "C"},
    ]
    made = plan(state_of({"A": crowd(2)}), desired_access([{"email": "new@example.com"}], entries, STRICT))
    assert sum(made.summary.values()) > 5 and words(made, max_removals=0, max_removal_percent=0) == ""


@pytest.mark.parametrize("kind", ["protected", "ignored"])
def test_the_protected_and_the_ignored_are_left_out_of_both(kind: str) -> None:
    policy = ListPolicy(AUTHORITATIVE, **{kind: ("p0*",)})
    # Ten who cannot go do not make it one of eleven.
    made = planned(state_of({"A": {**crowd(10), "ada": "viewer"}}), {"A": {}}, policy)
    assert [change.user for change in made.changes] == ["ada@example.com"]
    assert "1 removals and demotions of 1 memberships (100.0 %)" in words(made, policy)
    # Nor do they make a small project a big one.
    trio = {"ada": "viewer", "bo": "viewer", "cy": "viewer"}
    small = planned(state_of({"A": {**crowd(9), **trio}, "B": crowd(40, start=50)}), {"A": {}}, policy)
    assert small.summary["remove_member"] == 3 and words(small, policy) == ""


def test_the_owner_and_the_keys_own_user_are_left_out_too() -> None:
    made = planned(state_of({"A": {"ada": "viewer"}, "B": {}, "C": {}, "D": {}, "E": {}}), {"A": {}})
    # Olivia's five memberships are not counted.
    assert "1 removals and demotions of 1 memberships" in words(made)
    new = planned(state_of({"A": {"ada": "viewer"}}), {"New": {"ada": "admin"}})
    assert new.changes[-1].user == OLIVIA.email and words(new, max_removals=0, max_removal_percent=0) == ""


@pytest.mark.parametrize(("unlisted", "counted"), [(REMOVE_MEMBERSHIPS, 2), (DEMOTE, 4)])
def test_unlisted_people_count(unlisted: str, counted: int) -> None:
    policy = ListPolicy(unlisted_users=unlisted)
    made = planned(state_of({"A": crowd(10)}), {"A": crowd(8)}, policy)
    assert words(made, policy, max_removals=counted, max_removal_percent=100) == ""
    assert f"{counted} removals and demotions are more" in words(made, policy, max_removals=counted - 1)


# Limits, approval, and what has to be read


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
def test_a_percentage_that_is_none_is_refused(percent: float) -> None:
    with pytest.raises(InputError, match="max_removal_percent is .*, but must be from 0 to 100"):
        RemovalLimits(max_removal_percent=percent)


def test_less_than_no_removals_are_refused() -> None:
    with pytest.raises(InputError, match="max_removals is -1, but must be 0"):
        RemovalLimits(max_removals=-1)


def test_exactly_the_approved_plan_is_let_through() -> None:
    before = state_of({"A": crowd(4)})
    made, other = planned(before, {"A": crowd(2)}), planned(before, {"A": crowd(1)})
    said = words(made)
    assert f"run the task again with approve: {made.digest}, which approves exactly this plan" in said
    for approve in (made.digest, f" {made.digest.upper()}\n"):
        assert words(made, approve=approve, max_removals=0) == ""
        assert f"approve={approve} is the digest of another plan." in words(other, approve=approve)
    # Where nothing trips nobody has to approve.
    assert words(planned(before, {"A": crowd(4)}), approve=made.digest) == ""


def test_an_approval_says_nothing_of_another_server() -> None:
    before = state_of({"A": crowd(4)})
    elsewhere = State("https://other.example.com", before.own_user_id, before.users, before.projects, before.members)
    assert words(planned(elsewhere, {"A": {}}), approve=planned(before, {"A": {}}).digest)


@pytest.mark.parametrize(
    ("missing", "percent", "role", "needed"),
    [
        ("", 20, "viewer", False),
        ("B", 20, "viewer", True),
        ("projects", 20, "viewer", True),
        # Nothing goes, or whatever goes may.
        ("B", 20, "admin", False),
        ("projects", 20, "admin", False),
        ("B", 100, "viewer", False),
    ],
)
def test_all_members_are_needed_where_some_go_and_others_were_not_read(
    missing: str, percent: float, role: str, needed: bool
) -> None:
    before = state_of({"A": {"ada": "editor"}, "B": crowd(9)}, {"ada": "member"})
    members = {key: of for key, of in before.members.items() if key != "p-B" or not missing}
    if missing == "projects":
        seen = State(before.url, before.own_user_id, before.users)
        made = planned(seen, {}, ListPolicy(), {"ada": {"viewer": "chatUser", "admin": "admin"}[role]})
    else:
        seen = State(before.url, before.own_user_id, before.users, before.projects, members)
        made = planned(seen, {"A": {"ada": role}}, ListPolicy())
    assert made.changes
    assert RemovalLimits(max_removal_percent=percent).needs_all_members(made, ListPolicy()) is needed
