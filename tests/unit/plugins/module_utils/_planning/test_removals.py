# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list takes from those whom it does not name, and from whom it takes nothing all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import CHAT_USER
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan, projects_without_admin
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    DEMOTE,
    KEEP,
    REMOVE_MEMBERSHIPS,
    ListPolicy,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.company import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    SALES,
    SUPPORT,
    company,
    member,
)

Entries = list[dict[str, Any]]
STRICT = ListPolicy(AUTHORITATIVE)
MAX = User("u-max", "max@example.com", "global:member")
THIRD = Project("p-third", "Third")


def crowd() -> State:
    """Grace administrates all three projects, and nobody of these is the owner, whose key it is."""
    return replace(
        company(),
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


def made(
    users: Entries | None, projects: Entries | None = None, policy: ListPolicy = STRICT, state: State | None = None
) -> Plan:
    return plan(state or crowd(), desired_access(users, projects, policy, allow_empty=True))


def removed(planned: Plan) -> set[tuple[str | None, str | None]]:
    """Return who leaves what, where nothing else is planned."""
    assert {change.action for change in planned.changes} <= {"remove_member"}
    assert len(set(planned.changes)) == len(planned.changes)
    return {(change.user, change.project) for change in planned.changes}


def of(*pairs: str) -> set[tuple[str, str]]:
    """Return pairs of an email and a project, as "ada Sales"."""
    return {(f"{who}@example.com", project) for who, project in map(str.split, pairs)}


def user(who: str, **projects: str) -> dict[str, Any]:
    return {"email": f"{who}@example.com", "projects": projects}


def project(name: str, authority: str | None = None, **members: str) -> dict[str, Any]:
    return {
        "name": name,
        "authority": authority,
        "members": {f"{who}@example.com": role for who, role in members.items()},
    }


# Authority


@pytest.mark.parametrize(
    ("users", "projects", "gone"),
    [
        # From a project named with members, whoever is not named there.
        (None, [project("Sales", grace="admin")], of("ada Sales", "max Sales")),
        (None, [project("Sales", grace="admin", max="viewer")], of("ada Sales")),
        # From a listed user with projects, the projects not listed.
        ([user("ada", Sales="editor")], None, of("ada Support", "ada Third")),
        ([user("ada")], None, of("ada Sales", "ada Support", "ada Third")),
        ([{"email": "ada@example.com"}], None, of()),
        ([{"email": "ada@example.com", "projects": None}], None, of()),
        # A project named without members says nothing of them, or of somebody who is not listed.
        (None, [{"name": "Sales"}], of()),
        ([user("ada", Support="viewer", Third="admin")], [{"name": "Sales"}], of("ada Sales")),
        # Both views together: what either says holds.
        (
            [user("ada", Sales="editor")],
            [project("Sales", grace="admin"), project("Support", ada="viewer", grace="admin")],
            of("max Sales", "linus Support", "ada Third"),
        ),
    ],
)
def test_an_authoritative_list_removes_whom_it_does_not_name(
    users: Entries | None, projects: Entries | None, gone: set[tuple[str, str]]
) -> None:
    assert removed(made(users, projects)) == gone
    # Additive never removes.
    assert removed(made(users, projects, ListPolicy())) == of()


@pytest.mark.parametrize(
    ("default", "sales", "gone"),
    [
        (ADDITIVE, AUTHORITATIVE, of("ada Sales", "max Sales")),
        (AUTHORITATIVE, ADDITIVE, of("ada Support", "linus Support")),
        (AUTHORITATIVE, AUTHORITATIVE, of("ada Sales", "max Sales", "ada Support", "linus Support")),
        (ADDITIVE, ADDITIVE, of()),
    ],
)
def test_a_project_may_have_an_authority_of_its_own(default: str, sales: str, gone: set[tuple[str, str]]) -> None:
    projects = [project("Sales", sales, grace="admin"), project("Support", grace="admin")]
    assert removed(made(None, projects, ListPolicy(default))) == gone


@pytest.mark.parametrize(
    ("default", "sales", "gone"),
    [
        (ADDITIVE, AUTHORITATIVE, of("ada Sales")),
        (AUTHORITATIVE, ADDITIVE, of("ada Support", "ada Third")),
    ],
)
def test_the_authority_of_a_project_holds_for_the_projects_of_a_user_too(
    default: str, sales: str, gone: set[tuple[str, str]]
) -> None:
    assert removed(made([user("ada")], [{"name": "Sales", "authority": sales}], ListPolicy(default))) == gone


def test_a_project_is_meant_by_any_of_its_names() -> None:
    for entry in (
        {"id": SALES.id},
        {"name": "Revenue", "previous_names": ["Sales"]},
        {"name": "Revenue", "id": SALES.id},
    ):
        planned = made(None, [{**entry, "members": {GRACE.id: "admin", "MAX@example.com": "viewer"}}])
        assert [(change.user, change.project) for change in planned.changes if change.action == "remove_member"] == [
            ("ada@example.com", "Sales")
        ]


def test_reasons_say_which_list_and_which_rule() -> None:
    denied = {**user("ada", Support="viewer"), "granted_by": {"denied": {"Third": "trainees", SALES.id: "no sales"}}}
    planned = made([denied], [project("Sales", grace="admin")])
    assert {(change.user, change.project): change.reason for change in planned.changes} == {
        ("ada@example.com", "Sales"): 'is not listed as a member of the project, denied by rule "no sales"',
        ("max@example.com", "Sales"): "is not listed as a member of the project",
        ("ada@example.com", "Third"): 'the project is not listed for the user, denied by rule "trainees"',
    }


# People whom the list names nowhere


@pytest.mark.parametrize("authority", [ADDITIVE, AUTHORITATIVE])
def test_unlisted_users_leave_all_projects_and_keep_their_instance_role(authority: str) -> None:
    policy = ListPolicy(authority, REMOVE_MEMBERSHIPS)
    # Linus is listed, and Max is named in a project only.
    users, projects = [{"email": "linus@example.com"}], [{"name": "Sales", "members": {MAX.id: "viewer"}}]
    planned = made(users, projects, policy, replace(crowd(), own_user_id=GRACE.id))
    assert removed(planned) == of("ada Sales", "ada Support", "ada Third")
    assert {change.reason for change in planned.changes} == {"is not listed"}
    assert removed(made(users, projects, ListPolicy(authority, KEEP))) == (
        of() if authority == ADDITIVE else of("ada Sales")
    )


def test_an_unlisted_user_leaves_also_what_is_additive() -> None:
    policy = ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS)
    planned = made([user("grace", Sales="admin", Support="admin", Third="admin")], [project("Sales", ADDITIVE)], policy)
    assert ("max@example.com", "Sales") in removed(planned)


def test_an_unlisted_admin_of_the_instance_is_told_of() -> None:
    state = replace(
        crowd(), users=(OLIVIA, ADA, replace(GRACE, role="global:member"), LINUS, replace(MAX, role="global:admin"))
    )
    planned = made([user("grace"), {"email": "ada@example.com"}], None, ListPolicy(ADDITIVE, REMOVE_MEMBERSHIPS), state)
    assert removed(planned) == of("max Sales", "max Third", "linus Support")
    assert planned.notes == (
        "max@example.com is not listed and keeps the instance role global:admin, which has access to everything.",
    )


def test_unlisted_users_are_demoted_with_all_that_goes_by_it() -> None:
    chatting = User("u-chat", "chat@example.com", CHAT_USER)
    state = crowd()
    state = replace(
        state,
        users=(*state.users, chatting),
        members={**state.members, SALES.id: (*state.members[SALES.id], member(chatting, "project:chatUser"))},
    )
    planned = made([user("grace"), {"email": "ada@example.com"}], None, ListPolicy(ADDITIVE, DEMOTE), state)
    assert [(change.action, change.user, change.project, change.implied_by) for change in planned.changes] == [
        ("change_user_role", "linus@example.com", None, ""),
        ("change_user_role", "max@example.com", None, ""),
        ("remove_member", "max@example.com", "Sales", "change_user_role"),
        ("remove_member", "linus@example.com", "Support", "change_user_role"),
        ("remove_member", "max@example.com", "Third", "change_user_role"),
        # Who is a chat user already loses nothing by it.
        ("remove_member", "chat@example.com", "Sales", ""),
    ]


def test_an_unlisted_last_admin_stays_admin_and_keeps_the_instance_role() -> None:
    state = crowd()
    alone = {**state.members, SUPPORT.id: (member(MAX, "project:admin"), member(ADA, "project:viewer"))}
    planned = made(
        [{"email": f"{who}@example.com"} for who in ("ada", "grace", "linus")],
        None,
        ListPolicy(ADDITIVE, DEMOTE),
        replace(state, members=alone),
    )
    assert removed(planned) == of("max Sales", "max Third")
    assert planned.notes == (
        'max@example.com stays project:admin of "Support", because no other user would be. List another project:admin.',
    )


def test_admins_who_cannot_all_be_demoted_stay_together_so_that_the_next_run_finds_nothing_to_do() -> None:
    users: Entries = [
        {"email": "ada@example.com", "role": "chatUser"},
        *({"email": f"{who}@example.com"} for who in ("max", "linus")),
    ]
    planned = made(users, None, ListPolicy(ADDITIVE, DEMOTE))
    # Of Third, Ada and Grace are the admins, and of the other two Grace alone is.
    assert planned.changes == ()
    assert (
        'grace@example.com stays project:admin of "Third", because no other user would be. List another project:admin.'
        in planned.notes
    )
    assert any(
        "ada@example.com is the last project:admin of a project and keeps global:member" in note
        for note in planned.notes
    )


# A chat user


@pytest.mark.parametrize(
    ("users", "projects"),
    [
        ([{**user("ada"), "role": "chatUser"}], None),
        ([{"email": "ada@example.com", "role": "chatUser"}], [project("Sales", grace="admin", max="viewer")]),
    ],
)
def test_what_goes_with_becoming_a_chat_user_is_taken_once(users: Entries, projects: Entries | None) -> None:
    planned = made(users, projects)
    assert [(change.action, change.project, change.implied_by) for change in planned.changes] == [
        ("change_user_role", None, ""),
        *(("remove_member", name, "change_user_role") for name in ("Sales", "Support", "Third")),
    ]


# Who is left alone

EVERYTHING_GOES = (
    [user("grace", Sales="admin", Support="admin", Third="admin")],
    [project(name, grace="admin") for name in ("Sales", "Support", "Third")],
)
EVERYBODY = of("ada Sales", "ada Support", "ada Third", "max Sales", "max Third", "linus Support")


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
        # The whole email, not a part of it.
        ("ada", ()),
        ("", ()),
    ],
)
def test_patterns_of_emails_leave_people_where_they_are(
    kind: str, pattern: str, stay: tuple[str, ...], unlisted: str
) -> None:
    planned = made(*EVERYTHING_GOES, ListPolicy(AUTHORITATIVE, unlisted, **{kind: (pattern,)}))
    kept = {pair for pair in EVERYBODY if pair[0].partition("@")[0] in stay}
    assert removed(planned) == EVERYBODY - kept
    # Of the protected it is said, and of the ignored only where they are listed.
    told = {note.partition("@")[0] for note in planned.notes}
    assert told == set(stay) if kind == "protected" else told <= {"grace"}


def test_a_protected_user_may_get_more_and_never_less() -> None:
    policy = ListPolicy(AUTHORITATIVE, protected=("ada@*",))
    wants = [{**user("ada", Sales="admin", Support="viewer", Third="viewer"), "role": "chatUser"}]
    planned = made(wants, None, policy)
    assert [(change.action, change.project, change.after) for change in planned.changes] == [
        ("change_member_role", "Sales", "project:admin")
    ]
    assert planned.notes == (
        'users[0] (ada@example.com): ada@example.com is protected ("ada@*") and keeps global:member '
        "instead of global:chatUser.",
        'users[0] (ada@example.com), project "Third": ada@example.com is protected ("ada@*") and keeps project:admin '
        "instead of project:viewer.",
    )
    # Where the order of two roles is not known, either may be less.
    custom = made([user("ada", Sales="project:auditor-a1b2c3", Support="viewer", Third="admin")], None, policy)
    assert custom.changes == () and len(custom.notes) == 1


def test_an_ignored_user_who_is_listed_is_left_alone_and_that_is_said() -> None:
    policy = ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS, ignored=("ada@*", "new@*"))
    users = [{**user("ada", Sales="admin"), "role": "admin"}, {**user("new", Sales="viewer"), "role": "admin"}]
    planned = made(
        users, [project(name, grace="admin", max="viewer", new="viewer") for name in ("Sales", "Third")], policy
    )
    assert {change.user for change in planned.changes}.isdisjoint({"ada@example.com", "new@example.com"})
    assert planned.notes == tuple(
        f"{who}@example.com is listed, but matches ignored_users and is not changed." for who in ("ada", "new")
    )


def test_an_ignored_admin_is_an_admin() -> None:
    planned = made(None, [project("Sales", max="viewer")], ListPolicy(AUTHORITATIVE, ignored=("grace@*",)))
    assert removed(planned) == of("ada Sales") and planned.notes == ()


@pytest.mark.parametrize("own_user_id", [OLIVIA, MAX])
def test_the_owner_and_the_keys_own_user_stay(own_user_id: User) -> None:
    state = crowd()
    everywhere = {key: (*members, member(OLIVIA, "project:viewer")) for key, members in state.members.items()}
    state = replace(state, members=everywhere, own_user_id=own_user_id.id)
    planned = made(*EVERYTHING_GOES, ListPolicy(AUTHORITATIVE, DEMOTE), state)
    assert {change.user for change in planned.changes} == {"ada@example.com", "linus@example.com"} | (
        {"max@example.com"} - {own_user_id.email}
    )
    assert (
        'olivia@example.com is the owner of this n8n and stays in "Sales", "Support", "Third", although not listed there.'
        in (planned.notes)
    )
    assert (own_user_id is MAX) == (
        'max@example.com is the user whose API key is used and stays in "Sales", "Third", although not listed there.'
        in planned.notes
    )


def test_projects_in_which_somebody_stays_are_counted_and_not_all_told() -> None:
    projects = tuple(Project(f"p-{number}", f"P{number}") for number in range(5))
    state = replace(crowd(), projects=projects, members={of.id: (member(OLIVIA, "project:admin"),) for of in projects})
    planned = made(None, [{"name": of.name, "members": {}} for of in projects], STRICT, state)
    assert planned.notes == (
        'olivia@example.com is the owner of this n8n and stays in "P0", "P1", "P2" and 2 more, although not listed there.',
    )


# Last admins


@pytest.mark.parametrize(
    ("members", "gone", "note"),
    [
        # Grace alone, and both of two.
        ({"ada": "viewer"}, of("linus Support"), 'grace@example.com stays project:admin of "Support"'),
        ({}, of("ada Support", "linus Support"), 'grace@example.com stays project:admin of "Support"'),
        # Whoever is named admin takes over, also one who is yet to be invited.
        ({"ada": "admin"}, None, ""),
        ({"new": "admin"}, None, ""),
    ],
)
def test_the_last_admin_stays_where_the_list_names_no_other(
    members: dict[str, str], gone: set[tuple[str, str]] | None, note: str
) -> None:
    planned = made(None, [project("Support", **members)])
    if gone is None:
        assert planned.notes == () and ("grace@example.com", "Support") in {
            (change.user, change.project) for change in planned.changes if change.action == "remove_member"
        }
    else:
        assert removed(planned) == gone and [text.startswith(note) for text in planned.notes] == [True]
    assert projects_without_admin(planned.state, planned.changes) == []


def test_of_several_last_admins_all_stay() -> None:
    planned = made(None, [project("Third", max="editor")])
    assert removed(planned) == of()
    assert planned.notes == (
        'ada@example.com, grace@example.com stay project:admin of "Third", because no other user would be. List another project:admin.',
    )


def test_a_demotion_and_a_removal_together_leave_no_project_without_an_admin() -> None:
    planned = made([user("ada", Third="viewer"), user("grace", Sales="admin", Support="admin")])
    assert removed(planned) == of("ada Sales", "ada Support")
    assert len(planned.notes) == 1 and planned.notes[0].startswith(
        "ada@example.com, grace@example.com stay project:admin"
    )


# Whoever creates a project


def creation(
    policy: ListPolicy, entry: dict[str, Any], state: State | None = None
) -> tuple[list[tuple[object, ...]], Plan]:
    planned = made(None, [{"name": "New", **entry}], policy, state)
    return [(change.action, change.user, change.before, change.after) for change in planned.changes], planned


NEW = ("create_project", None, None, "New")
ADA_IN = ("add_member", "ada@example.com", None, "project:admin")
OLIVIA_OUT = ("remove_member", "olivia@example.com", "project:admin", None)


@pytest.mark.parametrize(
    ("default", "own", "members", "planned"),
    [
        # Authoritative: as the list says, if it names another admin.
        (AUTHORITATIVE, None, {"ada": "admin"}, [NEW, ADA_IN, OLIVIA_OUT]),
        (ADDITIVE, AUTHORITATIVE, {"ada": "admin"}, [NEW, ADA_IN, OLIVIA_OUT]),
        (
            AUTHORITATIVE,
            None,
            {"ada": "admin", "olivia": "viewer"},
            [NEW, ADA_IN, ("change_member_role", "olivia@example.com", "project:admin", "project:viewer")],
        ),
        (AUTHORITATIVE, None, {"ada": "admin", "olivia": "admin"}, [NEW, ADA_IN]),
        (AUTHORITATIVE, None, {"ada": "viewer"}, [NEW, ("add_member", "ada@example.com", None, "project:viewer")]),
        (AUTHORITATIVE, None, {"olivia": "viewer"}, [NEW]),
        (AUTHORITATIVE, None, {}, [NEW]),
        # Additive: whoever creates it stays its admin.
        (ADDITIVE, None, {"ada": "admin"}, [NEW, ADA_IN]),
        (AUTHORITATIVE, ADDITIVE, {"ada": "admin"}, [NEW, ADA_IN]),
        (ADDITIVE, None, {"ada": "admin", "olivia": "viewer"}, [NEW, ADA_IN]),
    ],
)
def test_the_creator_of_a_project_stays_its_admin_unless_the_list_says_otherwise(
    default: str, own: str | None, members: dict[str, str], planned: list[tuple[object, ...]]
) -> None:
    entry = project("New", own, **members)
    assert creation(ListPolicy(default), entry)[0] == planned


def test_the_creator_leaves_also_where_people_alone_are_listed() -> None:
    planned = made([user("max", New="admin", Sales="viewer", Third="editor")])
    assert [(change.action, change.user) for change in planned.changes] == [
        ("create_project", None),
        ("add_member", "max@example.com"),
        ("remove_member", "olivia@example.com"),
    ]
    assert planned.changes[-1].reason == "created the project and is not listed"


@pytest.mark.parametrize("kind", ["protected", "ignored"])
@pytest.mark.parametrize("members", [{"ada": "admin"}, {"ada": "admin", "olivia": "viewer"}])
def test_a_creator_whom_a_pattern_names_stays(kind: str, members: dict[str, str]) -> None:
    rows, planned = creation(ListPolicy(AUTHORITATIVE, **{kind: ("olivia@*",)}), project("New", **members))
    assert rows == [NEW, ADA_IN]
    # Of an ignored one who is not listed there is nothing to say.
    assert len(planned.notes) == (0 if kind == "ignored" and "olivia" not in members else 1)


def test_a_creator_who_is_not_the_owner_goes_just_so() -> None:
    rows, _planned = creation(STRICT, project("New", ada="admin"), replace(crowd(), own_user_id=GRACE.id))
    assert rows == [NEW, ADA_IN, ("remove_member", "grace@example.com", "project:admin", None)]


# A key of an old form


@pytest.mark.parametrize(
    ("policy", "projects"),
    [
        (STRICT, None),
        (ListPolicy(ADDITIVE, REMOVE_MEMBERSHIPS), None),
        (ListPolicy(ADDITIVE, DEMOTE), None),
        (ListPolicy(), [{"name": "Sales", "authority": AUTHORITATIVE}]),
    ],
)
def test_a_key_that_does_not_tell_whose_it_is_takes_nothing_from_anybody(
    policy: ListPolicy, projects: Entries | None
) -> None:
    state = replace(crowd(), own_user_id=None)
    with pytest.raises(InputError, match="This API key has an old format that does not identify its user"):
        made([user("ada", Sales="editor")], projects, policy, state)
    # Where nothing is taken it will do.
    additive = [{**entry, "authority": ADDITIVE} for entry in projects or ()]
    assert removed(made([user("ada", Sales="editor")], additive, ListPolicy(), state)) == of()
