# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of any company, any list and any terms: properties of the plan, and of n8n once it is carried out."""

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
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.reading import read
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
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import admins_stay

EMAILS = [OLIVIA, *(f"{name}@example.com" for name in ("ada", "bob", "cyd", "dan"))]
PROJECT_ROLES = ["viewer", "editor", "admin"]
GLOBAL_ROLES = ["member", "admin", "chatUser"]
# The names that a list uses. D may be called "Old" in n8n, and C "Was C".
NAMES = ["A", "B", "C", "D"]
PATTERNS = ["ada@*", "BOB@example.com", "*d*@example.com", "olivia@*", "nobody*"]


@dataclass
class Case:
    """A company as it is made on the fake, and the lists for it."""

    people: dict[str, str]
    teams: dict[str, dict[str, str]]
    users: dict[str, dict[str, Any]]
    projects: dict[str, dict[str, Any]]
    policy: ListPolicy = ListPolicy()
    # Who of `people` the key belongs to.
    me: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def n8n(self) -> FakeN8n:
        n8n = FakeN8n()
        for email, role in self.people.items():
            n8n.person(email, f"global:{role}")
        for name, roles in self.teams.items():
            key = self.ids[name] = n8n.team(name)
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

    def pattern_for(self, email: str) -> bool:
        return any(fnmatchcase(email, pattern.lower()) for pattern in self.policy.protected)

    def shuffled(self, random: Random) -> Case:
        """Return the same with everything in another order."""

        def mixed(rows: dict[str, Any]) -> dict[str, Any]:
            keys = list(rows)
            random.shuffle(keys)
            return {key: mixed(rows[key]) if isinstance(rows[key], dict) else rows[key] for key in keys}

        return replace(self, users=mixed(self.users), projects=mixed(self.projects))


def some(values: list[str], roles: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(values), st.sampled_from(roles))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    people = draw(some(EMAILS[1:], GLOBAL_ROLES))
    everybody = [OLIVIA, *people]
    taken = draw(st.lists(st.sampled_from(["A", "B", "C", "Was C", "Old"]), unique=True))
    if "C" in taken and "Was C" in taken:
        taken.remove("Was C")
    teams = {name: draw(some(everybody, PROJECT_ROLES)) for name in taken}
    # One role for each membership, so that both views agree.
    roles = {(email, name): draw(st.sampled_from(PROJECT_ROLES)) for email in EMAILS for name in NAMES}
    users: dict[str, dict[str, Any]] = {}
    for email in draw(st.lists(st.sampled_from(EMAILS), unique=True)):
        users[email] = {}
        if draw(st.booleans()):
            users[email]["role"] = draw(st.sampled_from(GLOBAL_ROLES))
        if draw(st.booleans()):
            mine = draw(st.lists(st.sampled_from(NAMES), unique=True))
            users[email]["projects"] = {name: roles[email, name] for name in mine}
    projects: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        projects[name] = {"authority": draw(st.sampled_from([None, *AUTHORITIES]))}
        if draw(st.booleans()):
            there = draw(st.lists(st.sampled_from(EMAILS), unique=True))
            projects[name]["members"] = {email: roles[email, name] for email in there}
    policy = ListPolicy(
        draw(st.sampled_from(AUTHORITIES)),
        draw(st.sampled_from(UNLISTED)),
        tuple(draw(st.lists(st.sampled_from(PATTERNS), unique=True, max_size=2))),
        tuple(draw(st.lists(st.sampled_from(PATTERNS), unique=True, max_size=1))),
    )
    return Case(people, teams, users, projects, policy, draw(st.integers(0, len(people))))


def drawn_up(case: Case) -> tuple[State, Plan, DesiredState]:
    """Return the whole state with one of the people as the key's user, and the plan and wish for it."""
    n8n = case.n8n()
    state = replace(read(n8n, EVERYTHING), own_user_id=n8n.id_of([OLIVIA, *case.people][case.me]))
    desired = case.desired()
    return state, plan(state, desired), desired


def own_user_id(state: State) -> str:
    user = state.find_user(state.own_user_id or "")
    return user.email if user else ""


def strictly(desired: DesiredState, name: str) -> bool:
    """Whether the list is authoritative in the project that it calls so."""
    return desired.authority(next((entry for entry in desired.projects if entry.name == name), None)) == AUTHORITATIVE


@settings(max_examples=200, deadline=None)
@given(cases())
def test_carried_out_a_plan_gives_what_was_asked_for(case: Case) -> None:
    state, made, desired = drawn_up(case)
    then = AccessSnapshot.of(state).after(made.changes)
    by_name = {then.names[key]: key for key in then.names}
    told = " ".join(made.notes)
    named = set(case.users).union(*(entry.get("members") or {} for entry in case.projects.values()))
    given = {
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
            assert email in then.users
            assert "role" not in entry or then.users[email] == f"global:{entry['role']}" or email in told
    for (email, name), role in given.items():
        if not case.ignores(email):
            assert then.members[by_name[name]].get(email) == f"project:{role}" or email in told
    # Who is somewhere all the same has a reason that was told, or is not the list's business.
    for key, members in then.members.items():
        name = then.names.get(key, "")
        for email in members:
            if key not in by_name.values() or case.ignores(email) or (email, name) in given or email in told:
                continue
            # A key's user who creates a project stays in it, if the list is additive.
            assert key in state.members or not strictly(
                desired, name
            ), f"{email} should not have stayed in the new {name}"
            if key not in state.members:
                continue
            if email not in named:
                assert case.policy.unlisted_users == KEEP
            entry = case.projects.get(name, {})
            assert not (strictly(desired, name) and entry.get("members") is not None)
            assert not (strictly(desired, name) and case.users.get(email, {}).get("projects") is not None)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_nothing_is_taken_that_the_list_does_not_take(case: Case) -> None:
    state, made, desired = drawn_up(case)
    additive = all(desired.authority(entry) == ADDITIVE for entry in (None, *desired.projects))
    for change in made.changes:
        who = change.user or ""
        assert not case.ignores(who), "ignored people are in no plan"
        if change.action == "remove_member" and additive and case.policy.unlisted_users == KEEP:
            assert change.implied_by == "change_user_role"
        if reduces_access(change):
            assert not case.pattern_for(who), "protected people lose nothing"
            # The key's own user only what comes with a new project, the owner without the key nothing.
            if who == own_user_id(state) or state.find_user(who).role == OWNER:
                assert who == own_user_id(state) and change.project_id is None
    assert len({(change.action, change.user, change.project_key) for change in made.changes}) == len(made.changes)


def in_calls(made: Plan) -> Iterator[list[Change]]:
    """Yield the changes that n8n makes at once, in the order in which they are made."""
    for step, changes in made.steps():
        if step in ("set_member_roles", "set_member_roles_again"):
            keys = [change.project_key for change in changes]
        elif step == "change_user_roles":
            keys = [change.user or "" for change in changes]
        else:
            keys = [str(number) for number in range(len(changes))]
        for key in dict.fromkeys(keys):
            yield [change for change, its in zip(changes, keys) if its == key]


@settings(max_examples=200, deadline=None)
@given(cases())
def test_no_project_is_without_an_admin_on_the_way(case: Case) -> None:
    state, made, _wish = drawn_up(case)
    access = AccessSnapshot.of(state)
    with_admin = {key for key in access.names if PROJECT_ADMIN in access.members[key].values()}
    for changes in in_calls(made):
        access = access.after(changes)
        with_admin |= {change.project_key for change in changes if change.action == "create_project"}
        assert [key for key in with_admin if PROJECT_ADMIN not in access.members[key].values()] == []


@settings(max_examples=150, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_anything_changes_nothing(case: Case, random: Random) -> None:
    state, made, _wish = drawn_up(case)

    def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(rows, len(rows)))

    other = replace(
        state,
        users=mixed(state.users),
        projects=mixed(state.projects),
        members={key: mixed(state.members[key]) for key in mixed(tuple(state.members))},
    )
    again = plan(other, case.shuffled(random).desired())
    assert again.to_result() == made.to_result() and again.digest == made.digest


@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from([1, 4]))
def test_n8n_is_then_as_planned_and_planned_again_there_is_nothing(case: Case, concurrency: int) -> None:
    n8n = case.n8n()
    n8n.client.connection = replace(n8n.client.connection, concurrency=concurrency)
    desired, everything = case.desired(), read(n8n, EVERYTHING)
    # What access_needs leaves out makes no difference.
    made = plan(read(n8n, access_request(desired)), desired)
    assert made.changes == plan(everything, desired).changes
    then = AccessSnapshot.of(everything).after(made.changes)
    n8n.after_each_write = admins_stay(n8n)
    outcome = apply(made, n8n, lambda links: None)
    assert (outcome.errors, outcome.not_tried, outcome.conflicts) == ([], [], [])
    assert n8n.people() == then.users
    personal = {project.id for project in everything.projects if not project.is_team}
    assert n8n.memberships() == {
        then.names[key]: members for key, members in then.members.items() if key not in personal
    }
    again = plan(read(n8n, access_request(desired)), desired)
    # Who becomes a chat user and then an admin takes an old admin's place the next time.
    if not any(change.after_role_change and change.after == PROJECT_ADMIN for change in made.changes):
        assert again.changes == ()
        assert again.digest == plan(read(n8n, EVERYTHING), desired).digest


@settings(max_examples=200, deadline=None)
@given(cases(), st.integers(1, 12))
def test_after_a_write_that_failed_the_next_run_does_the_rest(case: Case, number: int) -> None:
    undisturbed, n8n, desired = case.n8n(), case.n8n(), case.desired()
    made = plan(read(undisturbed, access_request(desired)), desired)
    # Who becomes a chat user and then an admin takes an old admin's place the next time.
    runs = 1 + any(change.after_role_change and change.after == PROJECT_ADMIN for change in made.changes)
    for _run in range(runs):
        apply(plan(read(undisturbed, access_request(desired)), desired), undisturbed, lambda links: None)
    n8n.fail[number] = ApiError("n8n refused: it is broken.", 501, "broken")
    n8n.after_each_write = admins_stay(n8n)
    for _run in range(runs + 1):
        apply(plan(read(n8n, access_request(desired)), desired), n8n, lambda links: None)
    assert n8n.people() == undisturbed.people()
    left, right = n8n.memberships(), undisturbed.memberships()
    for name in left.keys() - case.teams.keys():
        # In a project that an earlier run has created, the key's own user is protected as anywhere: only what one run does
        # from there on takes the creator out.
        if PROJECT_ADMIN in (left[name].get(OLIVIA), right[name].get(OLIVIA)):
            left[name][OLIVIA] = right[name][OLIVIA] = PROJECT_ADMIN
    assert left == right
