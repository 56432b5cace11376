# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test properties of plans for any state, lists, and policy, and of the server after the plan is applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import OWNER, PROJECT_ADMIN
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change, reduces_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import AccessSnapshot, Plan
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    AUTHORITIES,
    KEEP,
    UNLISTED,
    ListPolicy,
    DesiredState,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import EVERYTHING
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain

EMAILS = [OLIVIA, *(f"{name}@example.com" for name in ("ada", "bob", "cyd", "dan"))]
PROJECT_ROLES = ["viewer", "editor", "admin"]
GLOBAL_ROLES = ["member", "admin", "chatUser"]
# The names in the lists. In n8n, D may have the name "Old", and C the name "Was C".
NAMES = ["A", "B", "C", "D"]
PATTERNS = ["ada@*", "BOB@example.com", "*d*@example.com", "olivia@*", "nobody*"]


@dataclass
class Case:
    """The state of the fake server, and the lists for it."""

    instance_roles: dict[str, str]
    teams: dict[str, dict[str, str]]
    users: dict[str, dict[str, Any]]
    projects: dict[str, dict[str, Any]]
    policy: ListPolicy = ListPolicy()
    # The position of the user of the API key: 0 is the owner, 1 the first of `instance_roles`.
    key_user: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def n8n(self) -> FakeN8n:
        n8n = FakeN8n()
        for email, role in self.instance_roles.items():
            n8n.add_user(email, f"global:{role}")
        for name, roles in self.teams.items():
            key = self.ids[name] = n8n.add_team_project(name)
            n8n.roles_in[key] = {n8n.id_of(email): f"project:{role}" for email, role in roles.items()}
        return n8n

    def desired(self) -> DesiredState:
        users = [{"email": email, **entry} for email, entry in self.users.items()]
        projects = []
        for name, entry in self.projects.items():
            by_id = self.ids.get("Was C") if name == "C" else None
            former = ["Old"] if name == "D" else []
            projects.append({"name": name, "id": by_id, "previous_names": former, **entry})
        return desired_access(users, projects, self.policy, allow_empty=True)

    def ignores(self, email: str) -> bool:
        return any(fnmatchcase(email, pattern.lower()) for pattern in self.policy.ignored)

    def protects(self, email: str) -> bool:
        return any(fnmatchcase(email, pattern.lower()) for pattern in self.policy.protected)

    def shuffled(self, random: Random) -> Case:
        """Return the same case with all lists in another order."""

        def shuffled_copy(rows: dict[str, Any]) -> dict[str, Any]:
            keys = list(rows)
            random.shuffle(keys)
            return {key: shuffled_copy(rows[key]) if isinstance(rows[key], dict) else rows[key] for key in keys}

        return replace(self, users=shuffled_copy(self.users), projects=shuffled_copy(self.projects))


def some_roles(values: list[str], roles: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(values), st.sampled_from(roles))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    instance_roles = draw(some_roles(EMAILS[1:], GLOBAL_ROLES))
    all_users = [OLIVIA, *instance_roles]
    existing = draw(st.lists(st.sampled_from(["A", "B", "C", "Was C", "Old"]), unique=True))
    if "C" in existing and "Was C" in existing:
        existing.remove("Was C")
    teams = {name: draw(some_roles(all_users, PROJECT_ROLES)) for name in existing}
    # One role for each membership, so that both lists agree.
    roles = {(email, name): draw(st.sampled_from(PROJECT_ROLES)) for email in EMAILS for name in NAMES}
    users: dict[str, dict[str, Any]] = {}
    for email in draw(st.lists(st.sampled_from(EMAILS), unique=True)):
        users[email] = {}
        if draw(st.booleans()):
            users[email]["role"] = draw(st.sampled_from(GLOBAL_ROLES))
        if draw(st.booleans()):
            listed = draw(st.lists(st.sampled_from(NAMES), unique=True))
            users[email]["projects"] = {name: roles[email, name] for name in listed}
    projects: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        projects[name] = {"authority": draw(st.sampled_from([None, *AUTHORITIES]))}
        if draw(st.booleans()):
            listed = draw(st.lists(st.sampled_from(EMAILS), unique=True))
            projects[name]["members"] = {email: roles[email, name] for email in listed}
    policy = ListPolicy(
        draw(st.sampled_from(AUTHORITIES)),
        draw(st.sampled_from(UNLISTED)),
        tuple(draw(st.lists(st.sampled_from(PATTERNS), unique=True, max_size=2))),
        tuple(draw(st.lists(st.sampled_from(PATTERNS), unique=True, max_size=1))),
    )
    return Case(instance_roles, teams, users, projects, policy, draw(st.integers(0, len(instance_roles))))


def plan_case(case: Case) -> tuple[State, Plan, DesiredState]:
    """Return the complete state with the user of the API key, the plan, and the desired state."""
    n8n = case.n8n()
    state = replace(read(n8n, EVERYTHING), own_user_id=n8n.id_of([OLIVIA, *case.instance_roles][case.key_user]))
    desired = case.desired()
    return state, plan(state, desired), desired


def own_email(state: State) -> str:
    user = state.find_user(state.own_user_id or "")
    return user.email if user else ""


def is_authoritative(desired: DesiredState, name: str) -> bool:
    """Return whether the list is authoritative for the project of this name."""
    return desired.authority(next((entry for entry in desired.projects if entry.name == name), None)) == AUTHORITATIVE


@settings(max_examples=200, deadline=None)
@given(cases())
def test_plan_leads_to_the_desired_state(case: Case) -> None:
    state, planned, desired = plan_case(case)
    planned_state = AccessSnapshot.of(state).after(planned.changes)
    by_name = {planned_state.names[key]: key for key in planned_state.names}
    notes = " ".join(planned.notes)
    named = set(case.users).union(*(entry.get("members") or {} for entry in case.projects.values()))
    wanted = {
        (email, name): role
        for email, entry in case.users.items()
        for name, role in (entry.get("projects") or {}).items()
    } | {
        (email, name): role
        for name, entry in case.projects.items()
        for email, role in (entry.get("members") or {}).items()
    }
    for email, entry in case.users.items():
        if not case.ignores(email):
            assert email in planned_state.users
            assert "role" not in entry or planned_state.users[email] == f"global:{entry['role']}" or email in notes
    for (email, name), role in wanted.items():
        if not case.ignores(email):
            assert planned_state.members[by_name[name]].get(email) == f"project:{role}" or email in notes
    # Each other membership is in a note, or the lists do not manage it.
    for key, members in planned_state.members.items():
        name = planned_state.names.get(key, "")
        for email in members:
            if key not in by_name.values() or case.ignores(email) or (email, name) in wanted or email in notes:
                continue
            # If the list is additive, the user of the API key stays a member of each created project.
            assert key in state.members or not is_authoritative(
                desired, name
            ), f"{email} should not be a member of the new project {name}"
            if key not in state.members:
                continue
            # A list need not name the owner and the user of the key.
            if email not in named and email not in (OLIVIA, own_email(state)):
                assert case.policy.unlisted_users == KEEP
            entry = case.projects.get(name, {})
            assert not (is_authoritative(desired, name) and entry.get("members") is not None)
            assert not (is_authoritative(desired, name) and case.users.get(email, {}).get("projects") is not None)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_plan_removes_only_access_that_the_policy_allows_to_remove(case: Case) -> None:
    state, planned, desired = plan_case(case)
    additive = all(desired.authority(entry) == ADDITIVE for entry in (None, *desired.projects))
    for change in planned.changes:
        email = change.user or ""
        assert not case.ignores(email), "ignored users are not in the plan"
        if change.action == "remove_member" and additive and case.policy.unlisted_users == KEEP:
            assert change.implied_by == "change_user_role"
        if reduces_access(change):
            assert not case.protects(email), "protected users lose no access"
            # The user of the API key can lose access only to a new project. Another owner loses no access.
            if email == own_email(state) or state.find_user(email).role == OWNER:
                assert email == own_email(state) and change.project_id is None
    assert len({(change.action, change.user, change.project_key) for change in planned.changes}) == len(planned.changes)


def changes_by_request(planned: Plan) -> Iterator[list[Change]]:
    """Yield the changes of each request, in the order of the requests."""
    for step, changes in planned.steps():
        if step in ("set_member_roles", "set_member_roles_again"):
            keys = [change.project_key for change in changes]
        elif step == "change_user_roles":
            keys = [change.user or "" for change in changes]
        else:
            keys = [str(number) for number in range(len(changes))]
        for key in dict.fromkeys(keys):
            yield [change for change, change_key in zip(changes, keys) if change_key == key]


@settings(max_examples=200, deadline=None)
@given(cases())
def test_projects_have_an_admin_after_each_request(case: Case) -> None:
    state, planned, _desired = plan_case(case)
    access = AccessSnapshot.of(state)
    with_admin = {key for key in access.names if PROJECT_ADMIN in access.members[key].values()}
    for changes in changes_by_request(planned):
        access = access.after(changes)
        with_admin |= {change.project_key for change in changes if change.action == "create_project"}
        assert [key for key in with_admin if PROJECT_ADMIN not in access.members[key].values()] == []


@settings(max_examples=150, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_state_and_lists_does_not_affect_the_plan(case: Case, random: Random) -> None:
    state, planned, _desired = plan_case(case)

    def shuffled_copy(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(rows, len(rows)))

    other = replace(
        state,
        users=shuffled_copy(state.users),
        projects=shuffled_copy(state.projects),
        members={key: shuffled_copy(state.members[key]) for key in shuffled_copy(tuple(state.members))},
    )
    again = plan(other, case.shuffled(random).desired())
    assert again.to_result() == planned.to_result() and again.digest == planned.digest


@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from([1, 4]))
def test_server_has_the_planned_state_and_the_next_plan_is_empty(case: Case, concurrency: int) -> None:
    n8n = case.n8n()
    n8n.client.connection = replace(n8n.client.connection, concurrency=concurrency)
    desired, everything = case.desired(), read(n8n, EVERYTHING)
    # The read request omits only data that does not affect the plan.
    planned = plan(read(n8n, access_request(desired)), desired)
    assert planned.changes == plan(everything, desired).changes
    planned_state = AccessSnapshot.of(everything).after(planned.changes)
    n8n.after_each_write = check_admins_remain(n8n)
    outcome = apply(planned, n8n, lambda links: None)
    assert (outcome.errors, outcome.not_tried, outcome.conflicts) == ([], [], [])
    assert n8n.instance_roles() == planned_state.users
    personal = {project.id for project in everything.projects if not project.is_team}
    assert n8n.memberships() == {
        planned_state.names[key]: members for key, members in planned_state.members.items() if key not in personal
    }
    again = plan(read(n8n, access_request(desired)), desired)
    # A new admin whose instance role changes first replaces the old admin in the next run.
    if not any(change.after_role_change and change.after == PROJECT_ADMIN for change in planned.changes):
        assert again.changes == ()
        assert again.digest == plan(read(n8n, EVERYTHING), desired).digest


@settings(max_examples=200, deadline=None)
@given(cases(), st.integers(1, 12))
def test_next_run_completes_the_plan_after_a_failed_write(case: Case, number: int) -> None:
    expected, n8n, desired = case.n8n(), case.n8n(), case.desired()
    planned = plan(read(expected, access_request(desired)), desired)
    # A new admin whose instance role changes first replaces the old admin in the next run.
    runs = 1 + any(change.after_role_change and change.after == PROJECT_ADMIN for change in planned.changes)
    for _run in range(runs):
        apply(plan(read(expected, access_request(desired)), desired), expected, lambda links: None)
    n8n.fail[number] = ApiError("n8n rejected the request.", 501, "Not implemented")
    n8n.after_each_write = check_admins_remain(n8n)
    for _run in range(runs + 1):
        apply(plan(read(n8n, access_request(desired)), desired), n8n, lambda links: None)
    assert n8n.instance_roles() == expected.instance_roles()
    actual, wanted = n8n.memberships(), expected.memberships()
    for name in actual.keys() - case.teams.keys():
        # Only the run that creates a project removes its creator, the user of the API key.
        if PROJECT_ADMIN in (actual[name].get(OLIVIA), wanted[name].get(OLIVIA)):
            actual[name][OLIVIA] = wanted[name][OLIVIA] = PROJECT_ADMIN
    assert actual == wanted
