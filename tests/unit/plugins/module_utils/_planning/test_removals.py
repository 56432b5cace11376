# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test removals by authoritative lists and unlisted_users, and the users who are not removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import CHAT_USER
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan, projects_without_admin
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.any_plan import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    DEMOTE,
    KEEP,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    SALES,
    SUPPORT,
    example_state,
    member,
)

Entries = list[dict[str, Any]]
AUTHORITATIVE_POLICY = ListPolicy(AUTHORITATIVE)
MAX = User("u-max", "max@example.com", "global:member")
THIRD = Project("p-third", "Third")


def example_projects_state() -> State:
    """Return a state of three projects with Grace as admin. The owner is the user of the API key and not a member."""
    return replace(
        example_state(),
        users=(OLIVIA, ADA, GRACE, LINUS, MAX),
        projects=(SALES, SUPPORT, THIRD),
        members={
            SALES.id: (member(GRACE, "project:admin"), member(ADA, "project:editor"), member(MAX, "project:viewer")),
            SUPPORT.id: (
                member(GRACE, "project:admin"),
                member(ADA, "project:viewer"),
                member(LINUS, "project:viewer"),
            ),
            THIRD.id: (member(GRACE, "project:admin"), member(ADA, "project:admin"), member(MAX, "project:editor")),
        },
    )


def plan_lists(
    users: Entries | None,
    projects: Entries | None = None,
    policy: ListPolicy = AUTHORITATIVE_POLICY,
    state: State | None = None,
) -> Plan:
    return plan(state or example_projects_state(), desired_access(users, projects, policy, allow_empty=True))


def removals_of(planned: Plan) -> set[tuple[str | None, str | None]]:
    """Return user and project of each removal. Assert that the plan has no other changes."""
    assert {change.action for change in planned.changes} <= {"remove_member"}
    assert len(set(planned.changes)) == len(planned.changes)
    return {(change.user, change.project) for change in planned.changes}


def pairs(*texts: str) -> set[tuple[str, str]]:
    """Return pairs of an email and a project, as "ada Sales"."""
    return {(f"{name}@example.com", project) for name, project in map(str.split, texts)}


def user(name: str, **projects: str) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "projects": projects}


def project(name: str, authority: str | None = None, **members: str) -> dict[str, Any]:
    return {
        "name": name,
        "authority": authority,
        "members": {f"{name}@example.com": role for name, role in members.items()},
    }


# Authority


@pytest.mark.parametrize(
    ("users", "projects", "expected"),
    [
        # Members are listed for a project: unlisted members are removed from it.
        (None, [project("Sales", grace="admin")], pairs("ada Sales", "max Sales")),
        (None, [project("Sales", grace="admin", max="viewer")], pairs("ada Sales")),
        # Projects are listed for a user: the user is removed from other projects.
        ([user("ada", Sales="editor")], None, pairs("ada Support", "ada Third")),
        ([user("ada")], None, pairs("ada Sales", "ada Support", "ada Third")),
        ([{"email": "ada@example.com"}], None, pairs()),
        ([{"email": "ada@example.com", "projects": None}], None, pairs()),
        # A project without listed members affects only users with listed projects.
        (None, [{"name": "Sales"}], pairs()),
        ([user("ada", Support="viewer", Third="admin")], [{"name": "Sales"}], pairs("ada Sales")),
        # Both lists apply.
        (
            [user("ada", Sales="editor")],
            [project("Sales", grace="admin"), project("Support", ada="viewer", grace="admin")],
            pairs("max Sales", "linus Support", "ada Third"),
        ),
    ],
)
def test_authoritative_list_removes_unlisted_memberships(
    users: Entries | None, projects: Entries | None, expected: set[tuple[str, str]]
) -> None:
    assert removals_of(plan_lists(users, projects)) == expected
    # An additive list removes no memberships.
    assert removals_of(plan_lists(users, projects, ListPolicy())) == pairs()


@pytest.mark.parametrize(
    ("default", "sales", "expected"),
    [
        (ADDITIVE, AUTHORITATIVE, pairs("ada Sales", "max Sales")),
        (AUTHORITATIVE, ADDITIVE, pairs("ada Support", "linus Support")),
        (AUTHORITATIVE, AUTHORITATIVE, pairs("ada Sales", "max Sales", "ada Support", "linus Support")),
        (ADDITIVE, ADDITIVE, pairs()),
    ],
)
def test_authority_of_a_project_applies_to_its_members(
    default: str, sales: str, expected: set[tuple[str, str]]
) -> None:
    projects = [project("Sales", sales, grace="admin"), project("Support", grace="admin")]
    assert removals_of(plan_lists(None, projects, ListPolicy(default))) == expected


@pytest.mark.parametrize(
    ("default", "sales", "expected"),
    [
        (ADDITIVE, AUTHORITATIVE, pairs("ada Sales")),
        (AUTHORITATIVE, ADDITIVE, pairs("ada Support", "ada Third")),
    ],
)
def test_authority_of_a_project_applies_to_listed_projects_of_a_user(
    default: str, sales: str, expected: set[tuple[str, str]]
) -> None:
    assert (
        removals_of(plan_lists([user("ada")], [{"name": "Sales", "authority": sales}], ListPolicy(default))) == expected
    )


def test_project_is_found_by_id_name_or_previous_name() -> None:
    for entry in (
        {"id": SALES.id},
        {"name": "Revenue", "previous_names": ["Sales"]},
        {"name": "Revenue", "id": SALES.id},
    ):
        planned = plan_lists(None, [{**entry, "members": {GRACE.id: "admin", "MAX@example.com": "viewer"}}])
        assert [(change.user, change.project) for change in planned.changes if change.action == "remove_member"] == [
            ("ada@example.com", "Sales")
        ]


def test_reason_names_the_list_and_the_rule() -> None:
    denied = {**user("ada", Support="viewer"), "granted_by": {"denied": {"Third": "trainees", SALES.id: "no sales"}}}
    planned = plan_lists([denied], [project("Sales", grace="admin")])
    assert {(change.user, change.project): change.reason for change in planned.changes} == {
        ("ada@example.com", "Sales"): 'is not listed as a member of the project, denied by rule "no sales"',
        ("max@example.com", "Sales"): "is not listed as a member of the project",
        ("ada@example.com", "Third"): 'the project is not listed for the user, denied by rule "trainees"',
    }


# Unlisted users


@pytest.mark.parametrize("authority", [ADDITIVE, AUTHORITATIVE])
def test_unlisted_users_are_removed_from_projects_and_keep_their_instance_role(authority: str) -> None:
    policy = ListPolicy(authority, REMOVE_MEMBERSHIPS)
    # Linus is in the list of users, and Max is listed as a member of a project.
    users, projects = [{"email": "linus@example.com"}], [{"name": "Sales", "members": {MAX.id: "viewer"}}]
    planned = plan_lists(users, projects, policy, replace(example_projects_state(), own_user_id=GRACE.id))
    assert removals_of(planned) == pairs("ada Sales", "ada Support", "ada Third")
    assert {change.reason for change in planned.changes} == {"is not listed"}
    assert removals_of(plan_lists(users, projects, ListPolicy(authority, KEEP))) == (
        pairs() if authority == ADDITIVE else pairs("ada Sales")
    )


def test_unlisted_user_is_removed_from_additive_projects() -> None:
    policy = ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS)
    planned = plan_lists(
        [user("grace", Sales="admin", Support="admin", Third="admin")], [project("Sales", ADDITIVE)], policy
    )
    assert ("max@example.com", "Sales") in removals_of(planned)


def test_unlisted_instance_admin_is_noted() -> None:
    state = replace(
        example_projects_state(),
        users=(OLIVIA, ADA, replace(GRACE, role="global:member"), LINUS, replace(MAX, role="global:admin")),
    )
    planned = plan_lists(
        [user("grace"), {"email": "ada@example.com"}], None, ListPolicy(ADDITIVE, REMOVE_MEMBERSHIPS), state
    )
    assert removals_of(planned) == pairs("max Sales", "max Third", "linus Support")
    assert planned.notes == (
        "max@example.com is not listed and keeps the instance role global:admin, which gives access to all projects.",
    )


def test_unlisted_users_are_demoted_and_lose_their_memberships() -> None:
    chatting = User("u-chat", "chat@example.com", CHAT_USER)
    state = example_projects_state()
    state = replace(
        state,
        users=(*state.users, chatting),
        members={**state.members, SALES.id: (*state.members[SALES.id], member(chatting, "project:chatUser"))},
    )
    planned = plan_lists([user("grace"), {"email": "ada@example.com"}], None, ListPolicy(ADDITIVE, DEMOTE), state)
    assert [(change.action, change.user, change.project, change.implied_by) for change in planned.changes] == [
        ("change_user_role", "linus@example.com", None, ""),
        ("change_user_role", "max@example.com", None, ""),
        ("remove_member", "max@example.com", "Sales", "change_user_role"),
        ("remove_member", "linus@example.com", "Support", "change_user_role"),
        ("remove_member", "max@example.com", "Third", "change_user_role"),
        # A user who is a chat user already keeps the instance role.
        ("remove_member", "chat@example.com", "Sales", ""),
    ]


def test_unlisted_last_admin_keeps_membership_and_instance_role() -> None:
    state = example_projects_state()
    members = {**state.members, SUPPORT.id: (member(MAX, "project:admin"), member(ADA, "project:viewer"))}
    planned = plan_lists(
        [{"email": f"{name}@example.com"} for name in ("ada", "grace", "linus")],
        None,
        ListPolicy(ADDITIVE, DEMOTE),
        replace(state, members=members),
    )
    assert removals_of(planned) == pairs("max Sales", "max Third")
    assert planned.notes == (
        'max@example.com stays project:admin of "Support", because the project would have no other admin. List another project:admin.',
    )


def test_all_last_admins_are_kept_so_that_the_result_is_idempotent() -> None:
    users: Entries = [
        {"email": "ada@example.com", "role": "chatUser"},
        *({"email": f"{name}@example.com"} for name in ("max", "linus")),
    ]
    planned = plan_lists(users, None, ListPolicy(ADDITIVE, DEMOTE))
    # Ada and Grace are the admins of Third. Grace is the only admin of the other projects.
    assert planned.changes == ()
    assert (
        'grace@example.com stays project:admin of "Third", because the project would have no other admin. List another project:admin.'
        in planned.notes
    )
    assert any(
        "ada@example.com is the last project:admin of a project and keeps global:member" in note
        for note in planned.notes
    )


# Chat users


@pytest.mark.parametrize(
    ("users", "projects"),
    [
        ([{**user("ada"), "role": "chatUser"}], None),
        ([{"email": "ada@example.com", "role": "chatUser"}], [project("Sales", grace="admin", max="viewer")]),
    ],
)
def test_memberships_of_a_new_chat_user_are_removed_once(users: Entries, projects: Entries | None) -> None:
    planned = plan_lists(users, projects)
    assert [(change.action, change.project, change.implied_by) for change in planned.changes] == [
        ("change_user_role", None, ""),
        *(("remove_member", name, "change_user_role") for name in ("Sales", "Support", "Third")),
    ]


# Protected and ignored users

ONLY_GRACE = (
    [user("grace", Sales="admin", Support="admin", Third="admin")],
    [project(name, grace="admin") for name in ("Sales", "Support", "Third")],
)
ALL_MEMBERSHIPS = pairs("ada Sales", "ada Support", "ada Third", "max Sales", "max Third", "linus Support")


@pytest.mark.parametrize("unlisted", [KEEP, REMOVE_MEMBERSHIPS])
@pytest.mark.parametrize("kind", ["protected", "ignored"])
@pytest.mark.parametrize(
    ("pattern", "stay"),
    [
        ("nobody@*", ()),
        ("ada@example.com", ("ada",)),
        (" ADA@*", ("ada",)),
        ("*@example.com", ("ada", "max", "linus")),
        ("[am]*", ("ada", "max")),
        ("m?x@example.com", ("max",)),
        # A pattern must match the whole email.
        ("ada", ()),
        ("", ()),
    ],
)
def test_users_who_match_a_pattern_are_not_removed(
    kind: str, pattern: str, stay: tuple[str, ...], unlisted: str
) -> None:
    planned = plan_lists(*ONLY_GRACE, ListPolicy(AUTHORITATIVE, unlisted, **{kind: (pattern,)}))
    kept = {pair for pair in ALL_MEMBERSHIPS if pair[0].partition("@")[0] in stay}
    assert removals_of(planned) == ALL_MEMBERSHIPS - kept
    # Notes name all protected users, and ignored users only if they are listed.
    noted = {note.partition("@")[0] for note in planned.notes}
    assert noted == set(stay) if kind == "protected" else noted <= {"grace"}


def test_protected_user_is_promoted_but_not_demoted() -> None:
    policy = ListPolicy(AUTHORITATIVE, protected=("ada@*",))
    users = [{**user("ada", Sales="admin", Support="viewer", Third="viewer"), "role": "chatUser"}]
    planned = plan_lists(users, None, policy)
    assert [(change.action, change.project, change.after) for change in planned.changes] == [
        ("change_member_role", "Sales", "project:admin")
    ]
    assert planned.notes == (
        'users[0] (ada@example.com): ada@example.com is protected ("ada@*") and keeps global:member '
        "instead of global:chatUser.",
        'users[0] (ada@example.com), project "Third": ada@example.com is protected ("ada@*") and keeps project:admin '
        "instead of project:viewer.",
    )
    # A change between roles of unknown order may be a demotion.
    custom = plan_lists([user("ada", Sales="project:auditor-a1b2c3", Support="viewer", Third="admin")], None, policy)
    assert custom.changes == () and len(custom.notes) == 1


def test_listed_ignored_user_is_not_changed_and_noted() -> None:
    policy = ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS, ignored=("ada@*", "new@*"))
    users = [{**user("ada", Sales="admin"), "role": "admin"}, {**user("new", Sales="viewer"), "role": "admin"}]
    planned = plan_lists(
        users, [project(name, grace="admin", max="viewer", new="viewer") for name in ("Sales", "Third")], policy
    )
    assert {change.user for change in planned.changes}.isdisjoint({"ada@example.com", "new@example.com"})
    assert planned.notes == tuple(
        f"{name}@example.com is listed, but matches ignored_users and is not changed." for name in ("ada", "new")
    )


def test_ignored_admin_counts_as_admin() -> None:
    planned = plan_lists(None, [project("Sales", max="viewer")], ListPolicy(AUTHORITATIVE, ignored=("grace@*",)))
    assert removals_of(planned) == pairs("ada Sales") and planned.notes == ()


@pytest.mark.parametrize("own_user_id", [OLIVIA, MAX])
def test_owner_and_api_key_user_are_not_removed(own_user_id: User) -> None:
    state = example_projects_state()
    members = {key: (*members, member(OLIVIA, "project:viewer")) for key, members in state.members.items()}
    state = replace(state, members=members, own_user_id=own_user_id.id)
    planned = plan_lists(*ONLY_GRACE, ListPolicy(AUTHORITATIVE, DEMOTE), state)
    assert {change.user for change in planned.changes} == {"ada@example.com", "linus@example.com"} | (
        {"max@example.com"} - {own_user_id.email}
    )
    assert (
        'olivia@example.com is the owner of this n8n and stays a member of "Sales", "Support", "Third", although the list does not contain these memberships.'
        in (planned.notes)
    )
    assert (own_user_id is MAX) == (
        'max@example.com is the user whose API key is used and stays a member of "Sales", "Third", although the list does not contain these memberships.'
        in planned.notes
    )


def test_long_list_of_projects_in_a_note_is_shortened() -> None:
    projects = tuple(Project(f"p-{number}", f"P{number}") for number in range(5))
    state = replace(
        example_projects_state(),
        projects=projects,
        members={of.id: (member(OLIVIA, "project:admin"),) for of in projects},
    )
    planned = plan_lists(None, [{"name": of.name, "members": {}} for of in projects], AUTHORITATIVE_POLICY, state)
    assert planned.notes == (
        'olivia@example.com is the owner of this n8n and stays a member of "P0", "P1", "P2" and 2 more, although the list does not contain these memberships.',
    )


# Last admins


@pytest.mark.parametrize(
    ("members", "expected", "note"),
    [
        # Grace is the only admin and no other admin is listed.
        ({"ada": "viewer"}, pairs("linus Support"), 'grace@example.com stays project:admin of "Support"'),
        ({}, pairs("ada Support", "linus Support"), 'grace@example.com stays project:admin of "Support"'),
        # A listed admin replaces Grace, even if this user has yet to be invited.
        ({"ada": "admin"}, None, ""),
        ({"new": "admin"}, None, ""),
    ],
)
def test_last_admin_is_kept_if_no_other_admin_is_listed(
    members: dict[str, str], expected: set[tuple[str, str]] | None, note: str
) -> None:
    planned = plan_lists(None, [project("Support", **members)])
    if expected is None:
        assert planned.notes == () and ("grace@example.com", "Support") in {
            (change.user, change.project) for change in planned.changes if change.action == "remove_member"
        }
    else:
        assert removals_of(planned) == expected and [text.startswith(note) for text in planned.notes] == [True]
    assert projects_without_admin(planned.state, planned.changes) == []


def test_all_admins_are_kept_if_no_other_admin_is_listed() -> None:
    planned = plan_lists(None, [project("Third", max="editor")])
    assert removals_of(planned) == pairs()
    assert planned.notes == (
        'ada@example.com, grace@example.com stay project:admin of "Third", because the project would have no other admin. List another project:admin.',
    )


def test_demotion_and_removal_together_keep_an_admin() -> None:
    planned = plan_lists([user("ada", Third="viewer"), user("grace", Sales="admin", Support="admin")])
    assert removals_of(planned) == pairs("ada Sales", "ada Support")
    assert len(planned.notes) == 1 and planned.notes[0].startswith(
        "ada@example.com, grace@example.com stay project:admin"
    )


# Creators of projects


def plan_new_project(
    policy: ListPolicy, entry: dict[str, Any], state: State | None = None
) -> tuple[list[tuple[object, ...]], Plan]:
    planned = plan_lists(None, [{"name": "New", **entry}], policy, state)
    return [(change.action, change.user, change.before, change.after) for change in planned.changes], planned


NEW = ("create_project", None, None, "New")
ADA_ADDED = ("add_member", "ada@example.com", None, "project:admin")
OLIVIA_REMOVED = ("remove_member", "olivia@example.com", "project:admin", None)


@pytest.mark.parametrize(
    ("default", "own", "members", "planned"),
    [
        # Authoritative: the creator is changed as listed, if another admin is listed.
        (AUTHORITATIVE, None, {"ada": "admin"}, [NEW, ADA_ADDED, OLIVIA_REMOVED]),
        (ADDITIVE, AUTHORITATIVE, {"ada": "admin"}, [NEW, ADA_ADDED, OLIVIA_REMOVED]),
        (
            AUTHORITATIVE,
            None,
            {"ada": "admin", "olivia": "viewer"},
            [NEW, ADA_ADDED, ("change_member_role", "olivia@example.com", "project:admin", "project:viewer")],
        ),
        (AUTHORITATIVE, None, {"ada": "admin", "olivia": "admin"}, [NEW, ADA_ADDED]),
        (AUTHORITATIVE, None, {"ada": "viewer"}, [NEW, ("add_member", "ada@example.com", None, "project:viewer")]),
        (AUTHORITATIVE, None, {"olivia": "viewer"}, [NEW]),
        (AUTHORITATIVE, None, {}, [NEW]),
        # Additive: the creator stays admin.
        (ADDITIVE, None, {"ada": "admin"}, [NEW, ADA_ADDED]),
        (AUTHORITATIVE, ADDITIVE, {"ada": "admin"}, [NEW, ADA_ADDED]),
        (ADDITIVE, None, {"ada": "admin", "olivia": "viewer"}, [NEW, ADA_ADDED]),
    ],
)
def test_creator_stays_project_admin_unless_the_list_is_authoritative(
    default: str, own: str | None, members: dict[str, str], planned: list[tuple[object, ...]]
) -> None:
    entry = project("New", own, **members)
    assert plan_new_project(ListPolicy(default), entry)[0] == planned


def test_creator_is_removed_from_a_project_listed_for_a_user() -> None:
    planned = plan_lists([user("max", New="admin", Sales="viewer", Third="editor")])
    assert [(change.action, change.user) for change in planned.changes] == [
        ("create_project", None),
        ("add_member", "max@example.com"),
        ("remove_member", "olivia@example.com"),
    ]
    assert planned.changes[-1].reason == "created the project and is not listed"


@pytest.mark.parametrize("kind", ["protected", "ignored"])
@pytest.mark.parametrize("members", [{"ada": "admin"}, {"ada": "admin", "olivia": "viewer"}])
def test_protected_or_ignored_creator_is_not_removed(kind: str, members: dict[str, str]) -> None:
    rows, planned = plan_new_project(ListPolicy(AUTHORITATIVE, **{kind: ("olivia@*",)}), project("New", **members))
    assert rows == [NEW, ADA_ADDED]
    # An ignored creator who is not listed needs no note.
    assert len(planned.notes) == (0 if kind == "ignored" and "olivia" not in members else 1)


def test_creator_who_is_not_the_owner_is_removed() -> None:
    rows, _planned = plan_new_project(
        AUTHORITATIVE_POLICY, project("New", ada="admin"), replace(example_projects_state(), own_user_id=GRACE.id)
    )
    assert rows == [NEW, ADA_ADDED, ("remove_member", "grace@example.com", "project:admin", None)]


# API keys without a user id


@pytest.mark.parametrize(
    ("policy", "projects"),
    [
        (AUTHORITATIVE_POLICY, None),
        (ListPolicy(ADDITIVE, REMOVE_MEMBERSHIPS), None),
        (ListPolicy(ADDITIVE, DEMOTE), None),
        (ListPolicy(), [{"name": "Sales", "authority": AUTHORITATIVE}]),
    ],
)
def test_api_key_without_user_id_cannot_remove_access(policy: ListPolicy, projects: Entries | None) -> None:
    state = replace(example_projects_state(), own_user_id=None)
    with pytest.raises(InputError, match="This API key has an old format that does not identify its user"):
        plan_lists([user("ada", Sales="editor")], projects, policy, state)
    # Such a key is sufficient for changes that remove no access.
    additive = [{**entry, "authority": ADDITIVE} for entry in projects or ()]
    assert removals_of(plan_lists([user("ada", Sales="editor")], additive, ListPolicy(), state)) == pairs()
