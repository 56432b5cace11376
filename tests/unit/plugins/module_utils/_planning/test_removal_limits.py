# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test RemovalLimits: counted changes, limits for the instance and for projects, and approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.removal_limits import (
    RemovalLimitExceeded,
    RemovalLimits,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItems
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    AUTHORITATIVE,
    DEMOTE,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import OLIVIA, PERSONAL, URL

AUTHORITATIVE_POLICY = ListPolicy(AUTHORITATIVE)
Roles = dict[str, str]


def email(name: str) -> str:
    return f"{name}@example.com"


def state_with(projects: dict[str, Roles], instance: Roles | None = None) -> State:
    """Return a state of projects with members. Olivia is the owner, the API key user, and admin of all projects."""
    names = sorted({user for roles in projects.values() for user in roles} | set(instance or {}))
    users = {user: User(f"u-{user}", email(user), f"global:{(instance or {}).get(user, 'member')}") for user in names}
    return State(
        URL,
        OLIVIA.id,
        (OLIVIA, *users.values()),
        (*(Project(f"p-{name}", name) for name in projects), PERSONAL[0]),
        {
            f"p-{name}": (
                Member(OLIVIA.id, OLIVIA.email, "project:admin"),
                *(Member(users[user].id, users[user].email, slug(role)) for user, role in roles.items()),
            )
            for name, roles in projects.items()
        },
    )


def slug(role: str) -> str:
    return role if ":" in role else f"project:{role}"


def members_with_role(size: int, role: str = "viewer", start: int = 0) -> Roles:
    return {f"p{number:02}": role for number in range(start, start + size)}


def plan_projects(
    before: State, projects: dict[str, Roles], policy: ListPolicy = AUTHORITATIVE_POLICY, users: Roles | None = None
) -> Plan:
    """Plan these members of projects, and these instance roles."""
    members = [
        {"name": name, "members": {email(user): role for user, role in of.items()}} for name, of in projects.items()
    ]
    user_entries = [{"email": email(user), "role": role} for user, role in (users or {}).items()]
    return plan(before, desired_access(user_entries, members, policy, allow_empty=True))


def limit_error(planned: Plan, policy: ListPolicy = AUTHORITATIVE_POLICY, **limits: Any) -> str:
    """Return the message of the exceeded limit, or an empty text."""
    try:
        RemovalLimits(**limits).check(planned, policy)
    except RemovalLimitExceeded as error:
        return str(error)
    return ""


# Limits for the instance


@pytest.mark.parametrize(
    ("size", "removed", "percent", "exceeded"),
    [
        # The default is 20 percent. Each user counts as one, and each membership.
        (10, 4, None, False),
        (10, 5, None, True),
        (9, 4, None, True),
        (20, 8, 20, False),
        (20, 9, 20, True),
        (8, 2, 12.5, False),
        (8, 2, 12.4, True),
        (3, 2, 33.3, True),
        (3, 2, 33.4, False),
        # 100 percent is no limit, and 0 percent allows no removal.
        (10, 10, 100, False),
        (10, 1, 0, True),
        (10, 0, 0, False),
        (10, 9, 45, False),
        (10, 10, 49.9, True),
    ],
)
def test_more_removals_than_max_removal_percent_exceed_the_limit(
    size: int, removed: int, percent: float | None, exceeded: bool
) -> None:
    # The limit for each project does not apply to projects of three members.
    before = {f"A{start}": members_with_role(min(3, size - start), start=start) for start in range(0, size, 3)}
    kept = set(members_with_role(size - removed))
    after = {name: {user: role for user, role in roles.items() if user in kept} for name, roles in before.items()}
    planned = plan_projects(state_with(before), after)
    total = 2 * size
    assert planned.summary["remove_member"] == removed
    message = limit_error(planned, **({} if percent is None else {"max_removal_percent": percent}))
    assert bool(message) is exceeded
    if exceeded:
        assert (
            f"{removed} removals and demotions of {total} memberships and users ({removed * 100 / total:.1f} %)"
            in message
        )
        assert f"are more than max_removal_percent ({20 if percent is None else percent:g})" in message


@pytest.mark.parametrize(("count", "of", "percent"), [(999, 3000, 33.3), (77, 11000, 0.7)])
def test_exact_percentage_is_within_the_limit_despite_rounding_errors(count: int, of: int, percent: float) -> None:
    assert count * 100 > percent * of
    exactly, one_more = (RemovalLimits(max_removal_percent=percent)._too_many(many, of) for many in (count, count + 1))
    assert (exactly, one_more) == (False, True)


@pytest.mark.parametrize(("removed", "limit", "exceeded"), [(3, 3, False), (4, 3, True), (1, 0, True), (0, 0, False)])
def test_more_removals_than_max_removals_exceed_the_limit_at_any_percentage(
    removed: int, limit: int, exceeded: bool
) -> None:
    planned = plan_projects(state_with({"A": members_with_role(10)}), {"A": members_with_role(10 - removed)})
    message = limit_error(planned, max_removals=limit, max_removal_percent=100)
    assert (f"{removed} removals and demotions are more than max_removals ({limit})" in message) is exceeded
    assert limit_error(planned, max_removal_percent=100) == ""


# Limits for each project


@pytest.mark.parametrize(
    ("size", "removed", "exceeded"),
    [
        # The limit does not apply to projects of three members, or to one removal.
        (3, 3, False),
        (4, 1, False),
        (4, 2, True),
        (10, 2, False),
        (10, 3, True),
    ],
)
def test_percentage_applies_to_projects_of_four_members_with_two_removals(
    size: int, removed: int, exceeded: bool
) -> None:
    big = members_with_role(40, start=50)
    planned = plan_projects(
        state_with({"Small": members_with_role(size), "Big": big}),
        {"Small": members_with_role(size - removed), "Big": big},
    )
    message = limit_error(planned)
    assert bool(message) is exceeded
    if exceeded:
        # The limit for the instance is not exceeded.
        assert (
            f'Nothing was changed: in project "Small", {removed} of {size} members ({removed * 100 / size:.1f} %)'
            in message
        )


def test_all_projects_over_the_limit_are_listed_and_counted_by_id() -> None:
    before = state_with(
        {"A": members_with_role(5), "B": members_with_role(5, start=20), "C": members_with_role(40, start=40)}
    )
    message = limit_error(plan_projects(before, {"A": members_with_role(3), "B": members_with_role(3, start=20)}))
    assert 'in project "A", 2 of 5 members' in message and 'in project "B", 2 of 5 members' in message
    assert message.count(";") == 1
    same_names = State(
        before.url,
        before.own_user_id,
        before.users,
        tuple(Project(project.id, "Team", project.type, project.creator_id) for project in before.projects),
        before.members,
    )
    entries = [
        {
            "id": key,
            "name": "Team",
            "members": {email(user): "viewer" for user in members_with_role(4, start=start)},
        }
        for key, start in (("p-A", 0), ("p-B", 20))
    ]
    # One of five members is removed from each project.
    assert limit_error(plan(same_names, desired_access(None, entries, AUTHORITATIVE_POLICY))) == ""


# Counted changes


@pytest.mark.parametrize(
    ("before", "after", "is_counted"),
    [
        ("admin", "editor", True),
        ("editor", "viewer", True),
        ("viewer", "chatUser", True),
        ("viewer", "editor", False),
        ("editor", "admin", False),
        # A change between roles of unknown order is counted.
        ("viewer", "project:auditor-a1b2c3", True),
        ("project:auditor-a1b2c3", "admin", True),
        ("project:auditor-a1b2c3", "project:writer-d4e5f6", True),
        ("project:auditor-a1b2c3", "project:auditor-a1b2c3", False),
    ],
)
def test_project_demotion_is_counted_and_promotion_is_not(before: str, after: str, is_counted: bool) -> None:
    # Demotions are counted in additive lists, too.
    planned = plan_projects(state_with({"A": {"ada": before}}), {"A": {"ada": after}}, ListPolicy())
    assert len(planned.changes) == (before != after and slug(before) != after)
    assert bool(limit_error(planned, ListPolicy(), max_removals=0, max_removal_percent=100)) is is_counted


@pytest.mark.parametrize(
    ("before", "after", "is_counted"),
    [
        ("admin", "member", True),
        ("member", "chatUser", True),
        ("member", "admin", False),
        ("member", "global:no-scopes-a1b2c3", True),
        ("no-scopes-a1b2c3", "admin", True),
    ],
)
def test_demotion_of_the_instance_role_is_counted(before: str, after: str, is_counted: bool) -> None:
    planned = plan_projects(state_with({"A": members_with_role(3)}, {"ada": before}), {}, ListPolicy(), {"ada": after})
    assert bool(limit_error(planned, ListPolicy(), max_removals=0, max_removal_percent=100)) is is_counted
    # One of three memberships and four users is less than 20 percent.
    assert bool(limit_error(planned, ListPolicy(), max_removal_percent=14)) is is_counted


def test_memberships_lost_by_a_change_to_chat_user_are_counted() -> None:
    before = state_with({"A": {"ada": "viewer"}, "B": {"ada": "viewer"}, "C": {"ada": "editor"}})
    planned = plan_projects(before, {"C": {"ada": "viewer"}}, ListPolicy(), {"ada": "chatUser"})
    # Counted: the instance role, two lost memberships, and one membership with a lower role.
    assert limit_error(planned, ListPolicy(), max_removals=4, max_removal_percent=100) == ""
    assert "4 removals and demotions are more than max_removals (3)" in limit_error(
        planned, ListPolicy(), max_removals=3
    )


def test_membership_that_is_added_again_with_its_role_is_not_counted() -> None:
    planned = plan_projects(
        state_with({"A": {"ada": "viewer"}}), {"A": {"ada": "viewer"}}, ListPolicy(), {"ada": "chatUser"}
    )
    assert limit_error(planned, ListPolicy(), max_removals=1, max_removal_percent=100) == ""


def test_invitations_additions_and_renames_are_not_counted() -> None:
    entries = [
        {
            "name": "B",
            "previous_names": ["A"],
            "members": {email(user): "admin" for user in members_with_role(5)},
        },
        {"name": "C"},
    ]
    planned = plan(
        state_with({"A": members_with_role(2)}),
        desired_access([{"email": "new@example.com"}], entries, AUTHORITATIVE_POLICY),
    )
    assert sum(planned.summary.values()) > 5 and limit_error(planned, max_removals=0, max_removal_percent=0) == ""


@pytest.mark.parametrize("kind", ["protected", "ignored"])
def test_memberships_of_protected_and_ignored_users_are_not_counted(kind: str) -> None:
    policy = ListPolicy(AUTHORITATIVE, **{kind: ("p0*",)})
    # The ten users who cannot be removed are not part of the total.
    planned = plan_projects(state_with({"A": {**members_with_role(10), "ada": "viewer"}}), {"A": {}}, policy)
    assert [change.user for change in planned.changes] == ["ada@example.com"]
    assert "1 removals and demotions of 2 memberships and users (50.0 %)" in limit_error(planned, policy)
    # They are not part of the size of the project either.
    trio = {"ada": "viewer", "bo": "viewer", "cy": "viewer"}
    small = plan_projects(
        state_with({"A": {**members_with_role(9), **trio}, "B": members_with_role(40, start=50)}), {"A": {}}, policy
    )
    assert small.summary["remove_member"] == 3 and limit_error(small, policy) == ""


def test_memberships_of_the_owner_and_the_api_key_user_are_not_counted() -> None:
    planned = plan_projects(state_with({"A": {"ada": "viewer"}, "B": {}, "C": {}, "D": {}, "E": {}}), {"A": {}})
    # Olivia's five memberships are not counted.
    assert "1 removals and demotions of 2 memberships and users" in limit_error(planned)
    new = plan_projects(state_with({"A": {"ada": "viewer"}}), {"New": {"ada": "admin"}})
    assert new.changes[-1].user == OLIVIA.email and limit_error(new, max_removals=0, max_removal_percent=0) == ""


@pytest.mark.parametrize(("unlisted", "counted"), [(REMOVE_MEMBERSHIPS, 2), (DEMOTE, 4)])
def test_removals_of_unlisted_users_are_counted(unlisted: str, counted: int) -> None:
    policy = ListPolicy(unlisted_users=unlisted)
    planned = plan_projects(state_with({"A": members_with_role(10)}), {"A": members_with_role(8)}, policy)
    assert limit_error(planned, policy, max_removals=counted, max_removal_percent=100) == ""
    assert f"{counted} removals and demotions are more" in limit_error(planned, policy, max_removals=counted - 1)


# Validation, approval, and required readings


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
def test_invalid_max_removal_percent_is_an_error(percent: float) -> None:
    with pytest.raises(InputError, match="max_removal_percent is .*, but must be from 0 to 100"):
        RemovalLimits(max_removal_percent=percent)


def test_negative_max_removals_is_an_error() -> None:
    with pytest.raises(InputError, match="max_removals is -1, but must be 0"):
        RemovalLimits(max_removals=-1)


def test_limits_do_not_apply_to_the_approved_plan() -> None:
    before = state_with({"A": members_with_role(4)})
    planned, other = plan_projects(before, {"A": members_with_role(2)}), plan_projects(
        before, {"A": members_with_role(1)}
    )
    message = limit_error(planned)
    assert f"run the task again with approve: {planned.digest}, which approves exactly this plan" in message
    for approve in (planned.digest, f" {planned.digest.upper()}\n"):
        assert limit_error(planned, approve=approve, max_removals=0) == ""
        assert f"approve={approve} is the digest of another plan." in limit_error(other, approve=approve)
    # Approval is not needed if no limit is exceeded.
    assert limit_error(plan_projects(before, {"A": members_with_role(4)}), approve=planned.digest) == ""


def test_approval_does_not_apply_to_another_server() -> None:
    before = state_with({"A": members_with_role(4)})
    other_server = State("https://other.example.com", before.own_user_id, before.users, before.projects, before.members)
    assert limit_error(plan_projects(other_server, {"A": {}}), approve=plan_projects(before, {"A": {}}).digest)


@pytest.mark.parametrize(
    ("missing", "percent", "role", "needed"),
    [
        ("", 20, "viewer", False),
        ("B", 20, "viewer", True),
        ("projects", 20, "viewer", True),
        # No access is reduced, or no limit applies.
        ("B", 20, "admin", False),
        ("projects", 20, "admin", False),
        ("B", 100, "viewer", False),
    ],
)
def test_all_members_are_needed_if_access_is_reduced_and_some_were_not_read(
    missing: str, percent: float, role: str, needed: bool
) -> None:
    before = state_with({"A": {"ada": "editor"}, "B": members_with_role(9)}, {"ada": "member"})
    members = {key: of for key, of in before.members.items() if key != "p-B" or not missing}
    if missing == "projects":
        seen = State(before.url, before.own_user_id, before.users)
        planned = plan_projects(seen, {}, ListPolicy(), {"ada": {"viewer": "chatUser", "admin": "admin"}[role]})
    else:
        seen = State(before.url, before.own_user_id, before.users, before.projects, members)
        planned = plan_projects(seen, {"A": {"ada": role}}, ListPolicy())
    assert planned.changes
    assert RemovalLimits(max_removal_percent=percent).needs_all_members(planned, ListPolicy()) is needed


NOW = datetime(2026, 12, 2, tzinfo=timezone.utc)
ENDED = {"role": "viewer", "until": "2026-12-01"}


def ended_grants() -> Plan:
    """Return a plan in which the grants of two of ten members of A end."""
    users = [{"email": email(f"p{number:02}"), "projects": {"A": ENDED}} for number in range(2)]
    return plan(state_with({"A": members_with_role(10)}), desired_access(users, policy=ListPolicy(), now=NOW))


def announced(name: str, project: str = "A", ends: str = "2026-12-01") -> dict[str, Any]:
    return {"user": email(name), "project": project, "role": "viewer", "begins": None, "ends": ends}


@pytest.mark.parametrize(
    ("entries", "counted"),
    [
        ([], 2),
        ([announced("p00")], 1),
        ([announced("p00"), announced("p01", "p-A")], 0),
        ([announced("p00", ends="2026-12-02"), announced("p01", "B"), announced("p09"), {"user": 7}], 2),
    ],
)
def test_announced_end_of_a_grant_is_not_counted(entries: list[dict[str, Any]], counted: int) -> None:
    """The announcement names the user, the project by name or id, and the same end."""
    made = ended_grants()
    assert len(made.changes) == 2
    RemovalLimits(counted, 100, announced=entries).check(made, ListPolicy())
    if counted:
        with pytest.raises(RemovalLimitExceeded, match=f"{counted} removals"):
            RemovalLimits(counted - 1, 100, announced=entries).check(made, ListPolicy())


@pytest.mark.parametrize(("role", "counted"), [("editor", False), ("admin", True)])
def test_membership_that_is_lowered_at_the_announced_end_of_its_grant_is_not_counted(role: str, counted: bool) -> None:
    """A role that does not come from the grant that ended is lowered for another reason."""
    grants = [{"role": "editor", "until": "2026-12-01"}, {"role": "viewer"}]
    users = [{"email": email("p00"), "projects": {"A": grants}}]
    made = plan(state_with({"A": {"p00": role}}), desired_access(users, policy=ListPolicy(), now=NOW))
    assert [(change.action, change.after) for change in made.changes] == [("change_member_role", "project:viewer")]
    assert made.changes[0].reason.startswith("the grant ended on 2026-12-01") != counted
    limits = RemovalLimits(0, 100, announced=[announced("p00")])
    if counted:
        with pytest.raises(RemovalLimitExceeded):
            limits.check(made, ListPolicy())
    else:
        limits.check(made, ListPolicy())
    with pytest.raises(RemovalLimitExceeded):
        RemovalLimits(0, 100).check(made, ListPolicy())


def test_denial_of_an_announced_membership_is_counted() -> None:
    users = [{"email": email("p00"), "projects": {"A": {"state": "absent"}}}]
    made = plan(state_with({"A": members_with_role(10)}), desired_access(users, policy=ListPolicy(), now=NOW))
    with pytest.raises(RemovalLimitExceeded):
        RemovalLimits(0, 100, announced=[announced("p00")]).check(made, ListPolicy())


def test_lifted_entry_of_the_record_is_counted() -> None:
    made = replace(ended_grants(), lifted=3)
    RemovalLimits(5, 100).check(made, ListPolicy())
    with pytest.raises(RemovalLimitExceeded, match="5 removals and demotions are more than max_removals .4."):
        RemovalLimits(4, 100).check(made, ListPolicy())


def test_deleted_user_is_counted_besides_the_memberships() -> None:
    policy = ListPolicy(unlisted_users=DEMOTE)
    state = state_with({"A": {"p00": "viewer"}, "B": {"p00": "viewer"}})
    users = tuple(replace(user, is_pending=user.id == "u-p00") for user in state.users)
    personal = Project("p-of-user0", "p00", "personal", "u-p00")
    state = replace(state, users=users, projects=(*state.projects, personal), owned_items={personal.id: OwnedItems()})
    made = plan(state, desired_access([{"email": OLIVIA.email}], policy=policy))
    assert sorted(change.action for change in made.changes) == ["delete_user", "remove_member", "remove_member"]
    RemovalLimits(3, 100).check(made, policy)
    with pytest.raises(RemovalLimitExceeded, match="3 removals"):
        RemovalLimits(2, 100).check(made, policy)


def test_members_of_ignored_projects_are_left_out_of_the_percentage() -> None:
    policy = ListPolicy(AUTHORITATIVE, ignored_projects=("Lock*",))
    state = state_with({"A": members_with_role(4), "Locked": members_with_role(40)})
    users = [{"email": email(f"p{number:02}"), "projects": {"A": "viewer"}} for number in range(2)]
    users += [{"email": email(f"p{number:02}"), "projects": {}} for number in range(2, 4)]
    made = plan(state, desired_access(users, policy=policy))
    assert {change.project for change in made.changes} == {"A"}
    with pytest.raises(RemovalLimitExceeded, match=r"2 removals and demotions of 44 memberships and users"):
        RemovalLimits(max_removal_percent=4).check(made, policy)
