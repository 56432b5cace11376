# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who leave: who succeeds them, who gets what they own, and leaving in two steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leavers import plan_leavers
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    Leaver,
    find_leavers,
    leaver_request,
    leaver_references,
    successors,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import PROJECT_ADMIN, Role
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
    Credential,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.grace_period import GracePeriod
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    GRACE,
    LINUS,
    OLIVIA,
    PERSONAL,
    ROLES,
    SALES,
    SUPPORT,
    TWIN_1,
    URL,
    example_state,
    member,
)

ACTIONS = ("remove_memberships", "demote", "delete")
HOME, HERS = PERSONAL[1], PERSONAL[2]
NOTHING = Role("global:nothing-a1b2c3", "Nothing", "global", custom=True, scopes=frozenset())
BILLS = Workflow("workflow", "w-1", "Bills", HOME.id, published=True, credentials=("c-1",))
MAIL = Credential("credential", "c-1", "Mail", HOME.id, (Share(HERS.id, "credential:user"),))
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", HOME.id)
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
STAGED = RecordEntry(ADA.id, ADA.email, NOW, ADA.role, ((SALES.id, SALES.name, PROJECT_ADMIN),))


def leave(state: State, *references: str, **policy: Any) -> Plan:
    return plan_leavers(state, find_leavers(state, references), LeaverOptions(**policy))


def refusal(state: State, *references: str, **policy: Any) -> str:
    with pytest.raises(InputError) as refused:
        leave(state, *references, **policy)
    return str(refused.value)


def rows(made: Plan) -> list[tuple[object, ...]]:
    return [(change.action, change.user, change.project, change.before, change.after) for change in made.changes]


def having(*items: Any, **changes: Any) -> State:
    state = example_state(**changes)
    return replace(state, owned_items={**state.owned_items, HOME.id: OwnedItems(items)})


def sole_admin(*projects: Any) -> State:
    """The example_state where Ada alone is admin of these projects, and nobody else is in them."""
    state = example_state()
    alone = {project.id: (member(ADA, PROJECT_ADMIN),) for project in projects}
    return replace(state, members={**state.members, **alone})


# Successors


@pytest.mark.parametrize("action", [*ACTIONS, "staged"])
@pytest.mark.parametrize("successor", ["grace@example.com", " GRACE@example.com "])
def test_one_successor_for_all_projects(action: str, successor: str) -> None:
    state = sole_admin(SALES, TWIN_1)
    made = leave(state, ADA.email, action=action, successors=successors(successor), grace_period=grace_period(action))
    assert rows(made)[:2] == [
        ("add_member", "grace@example.com", "Sales", None, PROJECT_ADMIN),
        ("add_member", "grace@example.com", "Twin", None, PROJECT_ADMIN),
    ]
    assert made.changes[0].reason == "succeeds ada@example.com"
    # In Support, which has an admin, nobody succeeds.
    assert {row[2] for row in rows(made) if row[1] == "grace@example.com"} == {"Sales", "Twin"}


def test_successors_by_project_by_name_and_by_id_and_for_all_others() -> None:
    named = {"Sales": OLIVIA.email, TWIN_1.id: GRACE.email}
    made = leave(sole_admin(SALES, TWIN_1), ADA.email, successors=successors(named))
    assert [row[1:3] for row in rows(made)[:2]] == [(OLIVIA.email, "Sales"), (GRACE.email, "Twin")]


def test_a_member_who_succeeds_is_promoted() -> None:
    state = sole_admin()
    state = replace(
        state, members={**state.members, SALES.id: (member(ADA, PROJECT_ADMIN), member(LINUS, "project:viewer"))}
    )
    made = leave(state, ADA.email, successors=successors(LINUS.email))
    assert rows(made)[0] == ("change_member_role", LINUS.email, "Sales", "project:viewer", PROJECT_ADMIN)


def test_nobody_succeeds_where_an_admin_stays() -> None:
    made = leave(example_state(), ADA.email, successors=successors(GRACE.email))
    assert {row[0] for row in rows(made)} == {"remove_member"}


def test_two_who_leave_one_project_have_one_successor() -> None:
    state = sole_admin()
    state = replace(
        state, members={**state.members, SALES.id: (member(ADA, PROJECT_ADMIN), member(LINUS, PROJECT_ADMIN))}
    )
    made = leave(state, ADA.email, LINUS.email, successors=successors(GRACE.email))
    (new,) = [change for change in made.changes if change.action == "add_member"]
    assert new.reason == "succeeds ada@example.com, linus@example.com"


@pytest.mark.parametrize("action", ACTIONS)
def test_every_project_without_a_successor_is_listed(action: str) -> None:
    said = refusal(sole_admin(SALES, SUPPORT, TWIN_1), ADA.email, action=action)
    for project in (SALES, SUPPORT, TWIN_1):
        assert f'Project "{project.name}" ({project.id}) would be left without an admin' in said
    assert said.count("Or set successor=EMAIL.") == 3
    # A successor for one of them is none for the others.
    said = refusal(sole_admin(SALES, SUPPORT), ADA.email, action=action, successors={"Sales": GRACE.email})
    assert '"Support"' in said and '"Sales"' not in said


@pytest.mark.parametrize(
    ("successor", "words"),
    [
        ("nobody@example.com", 'successor: user "nobody@example.com" does not exist in this n8n.'),
        (ADA.email, "successor: ada@example.com is also leaving."),
        ({"Sales": ADA.email}, "successor: ada@example.com is also leaving."),
        ({"Nowhere": GRACE.email}, 'successor: project "Nowhere" does not exist.'),
        ({"Twin": GRACE.email}, 'Project "Twin" exists 2 times, with the ids p-twin-1, p-twin-2'),
        ({HERS.id: GRACE.email}, "is the personal project of one user"),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_bad_successor_stops_all_also_where_nobody_needs_one(successor: Any, words: str, action: str) -> None:
    for state in (example_state(), sole_admin(SALES)):
        assert words in refusal(state, ADA.email, action=action, successors=successors(successor))


@pytest.mark.parametrize("option", ["grace", 5, ["grace@example.com"], {"Sales": None}, {"Sales": ""}, {"Sales": "x"}])
def test_what_is_no_successor(option: object) -> None:
    with pytest.raises(InputError, match="successor.* is not an email address"):
        successors(option)


@pytest.mark.parametrize("option", [None, "", {}])
def test_no_successor(option: object) -> None:
    assert successors(option) == {}


# Where it goes


def test_what_a_leaver_owns_moves_before_the_account_changes() -> None:
    for action in ("demote", "delete"):
        made = leave(having(BILLS, MAIL), ADA.email, action=action, handover_options=HandoverOptions("Support"))
        assert [row[0] for row in rows(made)][:3] == [
            "transfer_credential",
            "transfer_workflow",
            {"demote": "change_user_role", "delete": "delete_user"}[action],
        ]
        assert "removes access of grace@example.com" in made.changes[0].reason


def test_what_an_admin_of_the_instance_goes_on_seeing_is_said() -> None:
    made = leave(example_state(), GRACE.email, ADA.email, successors=successors(OLIVIA.email))
    assert made.notes == (
        "grace@example.com leaves and keeps the instance role global:admin, which has access to everything.",
    )
    assert leave(example_state(), GRACE.email, action="demote", successors=successors(OLIVIA.email)).notes == ()


def test_a_demotion_that_leaves_something_says_what() -> None:
    made = leave(having(BILLS, MAIL), ADA.email, action="demote")
    assert made.notes == (
        'ada@example.com owns workflow "Bills" (w-1), credential "Mail" (c-1), which this user can still read. Set transfer_to '
        "to move it.",
    )
    assert made.handovers == {}


@pytest.mark.parametrize("action", ["demote", "delete"])
@pytest.mark.parametrize(
    ("transfer_to", "words"),
    [
        ("Nowhere", 'Project "Nowhere" does not exist'),
        ("nobody@example.com", 'User "nobody@example.com" does not exist'),
        ("linus@example.com", "transfer_to: linus@example.com is also leaving and cannot receive resources."),
        (PERSONAL[3].id, "transfer_to: linus@example.com is also leaving and cannot receive resources."),
        ("ada@example.com", "transfer_to: ada@example.com is also leaving and cannot receive resources."),
    ],
)
def test_a_bad_destination_stops_all(action: str, transfer_to: str, words: str) -> None:
    # Also where nobody owns anything.
    for state in (example_state(), having(BILLS)):
        assert words in refusal(
            state, ADA.email, LINUS.email, action=action, handover_options=HandoverOptions(transfer_to)
        )


def test_a_destination_that_cannot_be_seen_stops_all() -> None:
    state = having(BILLS)
    state = replace(state, projects=tuple(project for project in state.projects if project != HERS))
    assert "n8n does not show the personal project of grace@example.com" in refusal(
        state, ADA.email, action="delete", handover_options=HandoverOptions(GRACE.email)
    )


@pytest.mark.parametrize(
    "handover_options",
    [
        HandoverOptions("Support"),
        HandoverOptions(data_tables="delete"),
        HandoverOptions(delete_resources=True),
        HandoverOptions("Nowhere"),
    ],
)
def test_who_only_leaves_projects_gives_nothing_away(handover_options: HandoverOptions) -> None:
    assert "have no effect if users lose only memberships" in refusal(
        having(BILLS), ADA.email, handover_options=handover_options
    )


def test_who_is_demoted_is_not_robbed() -> None:
    assert "delete_resources applies only to deleted users" in refusal(
        having(BILLS), ADA.email, action="demote", handover_options=HandoverOptions(delete_resources=True)
    )


@pytest.mark.parametrize("action", ["demote", "delete", "staged"])
def test_a_copy_without_a_destination_stops_all(action: str) -> None:
    said = refusal(
        example_state(),
        ADA.email,
        action=action,
        handover_options=HandoverOptions(data_tables="copy"),
        grace_period=grace_period(action),
    )
    assert "data_tables: copy requires transfer_to" in said


def test_tables_are_not_deleted_of_somebody_who_stays_and_gives_nothing_away() -> None:
    said = refusal(having(ORDERS), ADA.email, action="demote", handover_options=HandoverOptions(data_tables="delete"))
    assert "data_tables" in said and "transfer_to" in said


def test_two_with_a_table_of_one_name_give_two_names() -> None:
    theirs = replace(ORDERS, id="AbCdEfGh87654321", owner_id=PERSONAL[3].id)
    state = having(ORDERS)
    state = replace(state, owned_items={**state.owned_items, PERSONAL[3].id: OwnedItems((theirs,))})
    made = leave(state, ADA.email, LINUS.email, action="delete", handover_options=HandoverOptions("Support", "copy"))
    assert [change.after for change in made.changes if change.action == "copy_table"] == [
        "Orders",
        "Orders (from linus@example.com)",
    ]


# Custom roles


@pytest.mark.parametrize("word", ["Nothing", "nothing-a1b2c3", NOTHING.slug])
def test_a_stricter_role_comes_in_two_steps_as_only_the_first_takes_keys(word: str) -> None:
    state = example_state(roles=(*ROLES, NOTHING))
    assert leaver_request([ADA.email], LeaverOptions("demote", word)).roles
    made = leave(state, ADA.email, action="demote", demote_role=word)
    assert rows(made) == [
        ("change_user_role", ADA.email, None, "global:member", "global:chatUser"),
        ("remove_member", ADA.email, "Sales", PROJECT_ADMIN, None),
        ("remove_member", ADA.email, "Support", "project:viewer", None),
        ("change_user_role", ADA.email, None, "global:chatUser", NOTHING.slug),
    ]
    assert [step for step, _changes in made.steps()] == ["change_user_roles", "change_user_roles_again"]


@pytest.mark.parametrize(
    ("role", "left"),
    [("global:chatUser", [("change_user_role", "global:chatUser", NOTHING.slug)]), (NOTHING.slug, [])],
)
def test_the_second_step_alone_is_made_where_the_first_was(role: str, left: list[tuple[str, ...]]) -> None:
    state = example_state(roles=(*ROLES, NOTHING))
    users = tuple(replace(user, role=role) if user == ADA else user for user in state.users)
    made = leave(replace(state, users=users, members={}), ADA.email, action="demote", demote_role="Nothing")
    assert [(row[0], row[3], row[4]) for row in rows(made)] == left


def with_scopes(role: str, **scopes: str) -> State:
    """The example_state where Ada has `role`, and where n8n says what roles allow."""
    named = {"member": "chatHub:message workflow:list", "chatUser": "chatHub:message", "admin": "user:delete", **scopes}
    roles = tuple(
        Role(
            f"global:{name}",
            name,
            "global",
            custom=name not in ("member", "chatUser", "admin"),
            scopes=frozenset(of.split()),
        )
        for name, of in named.items()
    )
    users = tuple(replace(user, role=role) if user == ADA else user for user in example_state().users)
    return example_state(roles=roles, users=users)


@pytest.mark.parametrize(
    ("has", "demote_role", "scopes", "becomes"),
    [
        ("global:chatUser", "chatUser", "", []),
        ("global:member", "chatUser", "", ["global:chatUser"]),
        ("global:admin", "own-a1b2c3", "", ["global:chatUser", "global:own-a1b2c3"]),
        ("global:chatUser", "global:own-a1b2c3", "", ["global:own-a1b2c3"]),
        ("global:own-a1b2c3", "global:own-a1b2c3", "", []),
        # No role allows less than one without scopes.
        ("global:own-a1b2c3", "chatUser", "", []),
        ("global:own-a1b2c3", "chatUser", "chatHub:message", ["global:chatUser"]),
        ("global:own-a1b2c3", "chatUser", "user:list", ["global:chatUser"]),
    ],
)
def test_nobody_gains_by_a_demotion(has: str, demote_role: str, scopes: str, becomes: list[str]) -> None:
    state = with_scopes(has, **{"own-a1b2c3": scopes})
    made = leave(state, ADA.email, action="demote", demote_role=demote_role)
    assert [row[4] for row in rows(made) if row[0] == "change_user_role"] == becomes
    assert {row[2] for row in rows(made) if row[0] == "remove_member"} == {"Sales", "Support"}
    is_kept = (has, demote_role, scopes) == ("global:own-a1b2c3", "chatUser", "")
    kept = "ada@example.com keeps the instance role global:own-a1b2c3, because this role has no scopes."
    assert any(note.startswith(kept) and "API keys are kept" in note for note in made.notes) is is_kept


def test_who_keeps_a_role_that_allows_nothing_is_deleted_when_the_days_are_over() -> None:
    state = with_scopes("global:own-a1b2c3", **{"own-a1b2c3": ""})
    for members, days, actions in ((state.members, 1, {"remove_member"}), ({}, 1, set()), ({}, 30, {"delete_user"})):
        made = leave(
            replace(state, members=members),
            ADA.email,
            action="staged",
            grace_period=grace_period("staged", STAGED, days=days),
        )
        assert {row[0] for row in rows(made)} == actions


def test_where_nobody_knows_what_a_role_allows_it_is_taken() -> None:
    state = with_scopes("global:own-a1b2c3")
    for roles in (None, ROLES):
        made = leave(replace(state, roles=roles), ADA.email, action="demote")
        assert rows(made)[0] == ("change_user_role", ADA.email, None, "global:own-a1b2c3", "global:chatUser")


def test_a_role_with_scopes_is_refused_and_its_scopes_are_named() -> None:
    scopes = " ".join([*(f"workflow:{number:02}" for number in range(11)), "user:changeRole"])
    state = with_scopes("global:admin", **{"own-a1b2c3": scopes, "two-a1b2c3": "user:list"})
    refused = refusal(state, ADA.email, action="demote", demote_role="own-a1b2c3")
    assert "demote_role: global:own-a1b2c3 has the scopes user:changeRole, workflow:00, " in refused
    assert "workflow:08 and 2 more, which leavers would keep." in refused
    assert "has the scopes user:list, which" in refusal(state, ADA.email, action="demote", demote_role="two-a1b2c3")
    for role in ("member", "admin"):
        assert f"demote_role: global:{role} has the scopes" in refusal(
            state, ADA.email, action="demote", demote_role=role
        )


def test_where_scopes_cannot_be_seen_only_chat_users_are_made() -> None:
    refused = refusal(example_state(roles=None), ADA.email, action="demote", demote_role="global:nothing-a1b2c3")
    assert "does not show the scopes of global:nothing-a1b2c3" in refused and "Set demote_role=chatUser" in refused
    unknown = example_state(roles=(*ROLES, replace(NOTHING, scopes=None)))
    assert "may have scopes" in refusal(unknown, ADA.email, action="demote", demote_role="Nothing")


@pytest.mark.parametrize("word", ["owner", "admin", "boss", "project:viewer", ""])
def test_a_role_that_nobody_can_be_given_stops_all(word: str) -> None:
    assert "demote_role: " in refusal(example_state(roles=ROLES), ADA.email, action="demote", demote_role=word)


# Two steps


def grace_period(
    action: str = "staged", *staged: RecordEntry, days: float = 0, is_new: bool = False, **more: Any
) -> Any:
    """What is recorded, some days after NOW; nothing for who does not leave in two steps."""
    record = LeaverRecord(URL, {one.id: one for one in staged})
    return (
        GracePeriod(record, is_new, NOW + timedelta(days=days), path="leavers.json", **more)
        if action == "staged"
        else None
    )


def recorded(leaver_options: LeaverOptions) -> list[RecordEntry]:
    assert leaver_options.grace_period is not None
    return list(leaver_options.grace_period.record.leavers.values())


def after_the_first_step(*items: Any) -> State:
    state = having(*items)
    users = tuple(replace(user, role="global:chatUser") if user == ADA else user for user in state.users)
    members = {key: tuple(one for one in of if one.id != ADA.id) for key, of in state.members.items()}
    return replace(state, users=users, members=members)


def test_the_first_step_takes_the_role_and_the_memberships_and_records_them() -> None:
    state, leaver_options = having(BILLS), LeaverOptions("staged", grace_period=grace_period(is_new=True))
    people = find_leavers(state, [ADA.email, "nobody@example.com"])
    made = plan_leavers(state, people, leaver_options)
    assert rows(made) == rows(leave(state, ADA.email, action="demote"))
    (staged,) = recorded(leaver_options.recording(made, people))
    both = ((SALES.id, "Sales", PROJECT_ADMIN), (SUPPORT.id, "Support", "project:viewer"))
    assert staged == RecordEntry(ADA.id, ADA.email, NOW, "global:member", both)
    assert made.notes == (
        "The record of leavers leavers.json does not exist. This run creates it.",
        'ada@example.com owns workflow "Bills" (w-1), which this user can still read until the account is deleted.',
        "After the grace period, the deletion would fail as it would now: ada@example.com owns workflow "
        '"Bills" (w-1), which the deletion would destroy. Set transfer_to to move these resources, or '
        "delete_resources: true to allow their destruction.",
    )


@pytest.mark.parametrize(
    "handover_options", [HandoverOptions(), HandoverOptions("Support"), HandoverOptions(delete_resources=True)]
)
@pytest.mark.parametrize("days", [0, 1, 29, 29.999])
def test_until_the_days_are_over_nothing_more_goes(handover_options: HandoverOptions, days: float) -> None:
    state, leaver_options = after_the_first_step(BILLS), LeaverOptions("staged", handover_options=handover_options)
    leaver_options = replace(leaver_options, grace_period=grace_period("staged", STAGED, days=days))
    people = find_leavers(state, [ADA.email])
    made = plan_leavers(state, people, leaver_options)
    assert made.changes == () and leaver_options.recording(made, people) == leaver_options


@pytest.mark.parametrize(("days", "grace_days"), [(30, 30), (31, 30), (3000, 30), (0, 0), (7, 7)])
def test_when_the_days_are_over_everything_is_handed_over_and_the_account_goes(days: int, grace_days: int) -> None:
    made = leave(
        after_the_first_step(BILLS, MAIL),
        ADA.email,
        action="staged",
        handover_options=HandoverOptions("Support"),
        grace_period=grace_period("staged", STAGED, days=days, grace_days=grace_days),
    )
    assert [row[0] for row in rows(made)] == ["transfer_credential", "transfer_workflow", "delete_user"]


@pytest.mark.parametrize(
    ("items", "handover_options", "words"),
    [
        ((), HandoverOptions(), ""),
        ((BILLS,), HandoverOptions("Support"), ""),
        ((BILLS, ORDERS), HandoverOptions(delete_resources=True), ""),
        ((BILLS, ORDERS), HandoverOptions("Support", "copy"), ""),
        ((BILLS, ORDERS), HandoverOptions("Support"), "Set data_tables: copy"),
        ((BILLS,), HandoverOptions(data_tables="delete"), "Set transfer_to"),
    ],
)
def test_what_the_last_day_would_refuse_is_said_on_the_first(
    items: Any, handover_options: HandoverOptions, words: str
) -> None:
    made = leave(
        having(*items), ADA.email, action="staged", handover_options=handover_options, grace_period=grace_period()
    )
    said = [note for note in made.notes if note.startswith("After the grace period, the deletion would fail")]
    assert len(said) == bool(words) and all(words in note for note in said)


def test_when_the_days_are_over_nothing_is_destroyed_that_nobody_said_may_be() -> None:
    said = refusal(
        after_the_first_step(BILLS), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=30)
    )
    assert 'ada@example.com owns workflow "Bills" (w-1), which the deletion would destroy' in said


BACK = ((SUPPORT.id, "Support", "project:editor"), (SALES.id, "Sales", PROJECT_ADMIN))


@pytest.mark.parametrize("days", [0, 29, 30, 3000])
@pytest.mark.parametrize(
    ("role", "records"),
    [("global:chatUser", "global:member"), ("global:admin", "global:admin"), ("global:member", "global:member")],
)
def test_who_has_access_again_loses_it_again_and_the_days_begin_anew(days: int, role: str, records: str) -> None:
    state = after_the_first_step(BILLS)
    users = tuple(replace(user, role=role) if user.id == ADA.id else user for user in state.users)
    members = {**state.members, SUPPORT.id: (*state.members[SUPPORT.id], member(ADA, "project:editor"))}
    state, people = replace(state, users=users, members=members), [Leaver(ADA.id, users[1])]
    leaver_options = LeaverOptions(
        "staged", handover_options=HandoverOptions("Support"), grace_period=grace_period("staged", STAGED, days=days)
    )
    made = plan_leavers(state, people, leaver_options)
    assert {row[0] for row in rows(made)} <= {"change_user_role", "remove_member"}
    assert ("remove_member", ADA.email, "Support", "project:editor", None) in rows(made)
    # What she has now, and what she had then and has not now.
    assert recorded(leaver_options.recording(made, people)) == [
        RecordEntry(ADA.id, ADA.email, NOW + timedelta(days=days), records, BACK)
    ]
    assert any(
        "ada@example.com is in the record leavers.json since 2026-11-21T09:30:00Z and still has access" in note
        for note in made.notes
    )


def test_who_has_nothing_but_another_role_begins_anew() -> None:
    made = leave(
        after_the_first_step(), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=300)
    )
    assert [row[0] for row in rows(made)] == ["delete_user"]
    state = after_the_first_step()
    users = tuple(replace(user, role="global:member") if user.id == ADA.id else user for user in state.users)
    made = leave(
        replace(state, users=users), ADA.email, action="staged", grace_period=grace_period("staged", STAGED, days=300)
    )
    assert [(row[0], row[4]) for row in rows(made)] == [("change_user_role", "global:chatUser")]


def test_a_second_half_of_the_first_step_that_is_missing_keeps_nobody_from_being_deleted() -> None:
    state = replace(after_the_first_step(), roles=(*ROLES, NOTHING))
    policy: dict[str, Any] = {"action": "staged", "demote_role": "Nothing"}
    for days, action in ((1, "change_user_role"), (30, "delete_user")):
        made = leave(state, ADA.email, **policy, grace_period=grace_period("staged", STAGED, days=days))
        assert [row[0] for row in rows(made)] == [action]
        assert [note for note in made.notes if "n8n deletes more than its API lists" not in note] == []


@pytest.mark.parametrize(
    ("state", "policy", "says"),
    [
        (example_state(), {"action": "remove_memberships"}, 0),
        (example_state(), {"action": "demote"}, 0),
        (example_state(), {"action": "delete", "successors": {"": GRACE.email}}, 1),
        (after_the_first_step(), {"action": "staged", "grace_period": grace_period("staged", STAGED, days=29)}, 0),
        (after_the_first_step(), {"action": "staged", "grace_period": grace_period("staged", STAGED, days=30)}, 1),
    ],
)
def test_a_plan_that_deletes_says_once_what_no_plan_can_name(state: Any, policy: dict[str, Any], says: int) -> None:
    made = leave(state, ADA.email, LINUS.email, **policy)
    notes = [note for note in made.notes if note.startswith("n8n deletes more than its API lists")]
    assert len(notes) == says and all("The deletion of a user also deletes their agents" in note for note in notes)


def test_a_record_of_later_is_an_error() -> None:
    said = refusal(
        after_the_first_step(),
        ADA.email,
        LINUS.email,
        action="staged",
        grace_period=grace_period("staged", STAGED, days=-1),
    )
    assert (
        "The record leavers.json says that ada@example.com leaves since 2026-11-21T09:30:00Z, which is later than now "
        "(2026-11-20T09:30:00Z)"
    ) in said
    # Whoever is not named may be as late as they like.
    assert leave(
        example_state(), LINUS.email, action="staged", grace_period=grace_period("staged", STAGED, days=-1)
    ).changes


@pytest.mark.parametrize(
    "handover_options", [HandoverOptions(), HandoverOptions("Support"), HandoverOptions(delete_resources=True)]
)
@pytest.mark.parametrize("grace_days", [0, 30])
def test_without_a_record_the_days_of_a_chat_user_begin_and_the_plan_says_so(
    handover_options: HandoverOptions, grace_days: int
) -> None:
    state = after_the_first_step()
    leaver_options = LeaverOptions(
        "staged",
        handover_options=handover_options,
        grace_period=grace_period(is_new=True, days=300, grace_days=grace_days),
    )
    people = find_leavers(state, [LINUS.email, ADA.email])
    made = plan_leavers(state, people, leaver_options)
    assert {row[1] for row in rows(made)} == {LINUS.email} and "delete_user" not in {row[0] for row in rows(made)}
    assert made.notes[0] == (
        "The record of leavers leavers.json does not exist. This run creates it. ada@example.com already looks staged: no "
        "projects, and no more than the instance role global:chatUser. The grace period begins now, and this run deletes no user. "
        "If these users were staged before, use the last version of the record: it has the dates of staging and the former access."
    )
    since = {staged.email: staged.since for staged in recorded(leaver_options.recording(made, people))}
    assert since == dict.fromkeys((ADA.email, LINUS.email), NOW + timedelta(days=300))


def test_several_chat_users_are_named_in_one_note() -> None:
    state = after_the_first_step()
    users = tuple(replace(user, role="global:chatUser") if user.id == LINUS.id else user for user in state.users)
    members = {key: tuple(one for one in of if one.id != LINUS.id) for key, of in state.members.items()}
    made = leave(
        replace(state, users=users, members=members),
        LINUS.email,
        ADA.email,
        action="staged",
        grace_period=grace_period(is_new=True),
    )
    assert made.changes == () and len(made.notes) == 1
    assert "ada@example.com, linus@example.com already look staged" in made.notes[0]


def test_a_record_that_gets_no_entry_is_not_announced() -> None:
    assert (
        leave(example_state(), "nobody@example.com", action="staged", grace_period=grace_period(is_new=True)).notes
        == ()
    )


def test_who_looks_staged_and_is_not_in_the_record_begins_now_and_it_is_said() -> None:
    other = replace(STAGED, id=LINUS.id, email=LINUS.email)
    state, leaver_options = after_the_first_step(), LeaverOptions(
        "staged", grace_period=grace_period("staged", other, days=300)
    )
    people = find_leavers(state, [ADA.email])
    made = plan_leavers(state, people, leaver_options)
    assert made.changes == () and len(made.notes) == 1
    assert "and no projects, but is not in the record leavers.json. The grace period begins now." in made.notes[0]
    found = recorded(leaver_options.recording(made, people))
    assert found == [other, RecordEntry(ADA.id, ADA.email, NOW + timedelta(days=300), "global:chatUser")]
    # From then on there is nothing to say.
    again = plan_leavers(state, people, leaver_options.recording(made, people))
    assert again.changes == () and again.notes == ()


def test_a_record_that_does_not_know_somebody_begins_now() -> None:
    other = replace(STAGED, id=LINUS.id, email=LINUS.email)
    state = example_state()
    leaver_options = LeaverOptions("staged", grace_period=grace_period("staged", other, days=300))
    people = find_leavers(state, [ADA.email])
    made = plan_leavers(state, people, leaver_options)
    assert "delete_user" not in {row[0] for row in rows(made)}
    assert recorded(leaver_options.recording(made, people))[1].since == NOW + timedelta(days=300)


def test_somebody_else_of_that_email_begins_now() -> None:
    # Deleted by hand and invited again: another account.
    before = replace(STAGED, id="u-before")
    made = leave(example_state(), ADA.email, action="staged", grace_period=grace_period("staged", before, days=300))
    assert "delete_user" not in {row[0] for row in rows(made)}


@pytest.mark.parametrize("days", [-1, -30])
def test_days_are_not_negative(days: int) -> None:
    said = refusal(example_state(), ADA.email, action="staged", grace_period=grace_period(grace_days=days))
    assert f"grace_days: {days} is not valid. The number of days" in said


def test_the_owner_and_oneself_do_not_leave_in_two_steps_either() -> None:
    for staged in (grace_period(), grace_period("staged", replace(STAGED, id=OLIVIA.id), days=300)):
        assert "is the owner" in refusal(example_state(), OLIVIA.email, action="staged", grace_period=staged)
    assert "is the user whose API key is used" in refusal(
        example_state(own_user_id=ADA.id),
        ADA.email,
        action="staged",
        grace_period=grace_period("staged", STAGED, days=300),
    )


# Who leaves


def test_who_leaves_is_named_by_email_id_or_dictionary() -> None:
    entries = [
        "ADA@example.com",
        {"email": "Grace@example.com", "name": "Grace"},
        "u-linus",
        " u-linus ",
        "ada@example.com",
    ]
    assert leaver_references(entries) == ("ada@example.com", "grace@example.com", "u-linus")


@pytest.mark.parametrize(
    "entry", [None, "", " ", {}, {"mail": "ada@example.com"}, {"email": None}, {"email": "ada"}, "a@"]
)
def test_who_is_not_named_by_that_stops_all(entry: object) -> None:
    with pytest.raises(InputError, match=r"users\[1\]: "):
        leaver_references(["ada@example.com", entry])
