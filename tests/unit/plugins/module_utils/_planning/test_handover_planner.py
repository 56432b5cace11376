# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of possessions: what is moved, copied, destroyed or refused, in which order, and who loses by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import (
    BY_OIDC,
    HandoverTarget,
    plan_handover,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.handover import (
    Handover,
    check_nothing_left,
    free_name,
    unpublished,
    working_name,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import (
    Credential,
    OwnedItem,
    OwnedItems,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import scopes_of

ADA, BO = "ada@example.com", "bo@example.com"
HOME = Project("home-ada", "Ada <ada@example.com>", "personal", "u-ada")
BO_HOME = Project("home-bo", "Bo <bo@example.com>", "personal", "u-bo")
OPS, SALES = Project("p-ops", "Ops"), Project("p-sales", "Sales")
MAIL = Credential("credential", "c-1", "Mail", HOME.id)
BANK = Credential("credential", "c-2", "Bank", HOME.id)
BILLS = Workflow("workflow", "w-1", "Bills", HOME.id, published=True, credentials=("c-1",), calls=("w-2",))
LEDGER = Workflow("workflow", "w-2", "Ledger", HOME.id)
ALONE = Workflow("workflow", "w-3", "Alone", HOME.id, archived=True)
ORDERS = Table("data table", "AbCdEfGh12345678", "Orders", HOME.id, columns=(("s", "string"),))
UNSEEN = "nobody can see."


def company(
    *items: OwnedItem,
    pending: bool = False,
    name: str | None = None,
    there: tuple[OwnedItem, ...] = (),
    **more: Any,
) -> State:
    """Ada, who owns `items`, Bo, and two teams; Ops owns what is `there`."""
    return State(
        "http://n8n.invalid",
        users=(User("u-ada", ADA, "global:member", pending, name), User("u-bo", BO, "global:member")),
        projects=(HOME, BO_HOME, OPS, SALES),
        owned_items={HOME.id: OwnedItems(items, **more), OPS.id: OwnedItems(there), SALES.id: OwnedItems(items)},
    )


def steps(handover: Handover) -> list[str]:
    return [f"{step.action} {step.item.id}" for step in handover.steps]


def test_credentials_move_before_what_uses_them_and_what_belongs_together_moves_together() -> None:
    other = Workflow("workflow", "w-0", "A bank", HOME.id, credentials=("c-2", "c-9"))
    state = company(ALONE, LEDGER, BILLS, MAIL, other, BANK)
    found = plan_handover(state, HOME, HandoverTarget(OPS))
    assert steps(found) == [
        "transfer_credential c-2",
        "transfer_workflow w-0",
        "transfer_credential c-1",
        "transfer_workflow w-1",
        "transfer_workflow w-2",
        "transfer_workflow w-3",
    ]
    assert (found.owner, found.along) == (ADA, ())
    assert {step.action for step in found.steps} == {"transfer_credential", "transfer_workflow"}


def test_workflows_that_share_a_credential_or_call_in_a_circle_are_one_group() -> None:
    first = Workflow("workflow", "w-1", "One", HOME.id, credentials=("c-1",), calls=("w-3",))
    second = Workflow("workflow", "w-2", "Two", HOME.id, published=True, credentials=("c-1", "c-2"))
    third = Workflow("workflow", "w-3", "Three", HOME.id, calls=("w-1", "w-3"))
    found = plan_handover(company(first, second, third, MAIL, BANK), HOME, HandoverTarget(OPS))
    assert [step.item.id for step in found.steps] == ["c-2", "c-1", "w-2", "w-1", "w-3"]


def test_the_same_possessions_in_another_order_give_the_same_steps() -> None:
    items = (ALONE, LEDGER, BILLS, MAIL, BANK, ORDERS)
    plans = [plan_handover(company(*order), HOME, HandoverTarget(OPS, "copy")) for order in (items, items[::-1])]
    assert plans[0].steps == plans[1].steps
    assert steps(plans[0])[-1] == f"copy_table {ORDERS.id}"


def test_a_team_project_gives_away_what_it_owns() -> None:
    found = plan_handover(company(BILLS), SALES, HandoverTarget(BO_HOME))
    assert (found.owner, steps(found)) == ('project "Sales" (p-sales)', ["transfer_workflow w-1"])


@pytest.mark.parametrize(
    ("items", "target", "message"),
    [
        (
            (MAIL, BILLS),
            HandoverTarget(),
            r'ada@example.com owns credential "Mail" \(c-1\), workflow "Bills" \(w-1\), which the deletion would destroy. '
            "Set transfer_to to move these resources, or delete_resources: true",
        ),
        (
            (ORDERS,),
            HandoverTarget(),
            r'ada@example.com owns data table "Orders" \(AbCd.*\), and n8n\'s API cannot move data',
        ),
        ((ORDERS,), HandoverTarget(OPS), "data_tables: copy .* data_tables: delete to allow their destruction"),
        (
            (MAIL, ORDERS),
            HandoverTarget(data_tables="delete"),
            r"ada@example.com owns credential \"Mail\" \(c-1\), which",
        ),
        ((), HandoverTarget(OPS, delete_resources=True), "transfer_to and delete_resources are mutually exclusive"),
        ((), HandoverTarget(data_tables="copy"), "data_tables: copy requires transfer_to"),
        ((), HandoverTarget(HOME), "transfer_to: ada@example.com cannot be both the source and the destination"),
    ],
)
def test_what_nobody_said_may_be_destroyed_is_refused_by_name(
    items: tuple[OwnedItem, ...], target: HandoverTarget, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plan_handover(company(*items), HOME, target)


def test_all_that_stands_against_it_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        plan_handover(company(MAIL, ORDERS, unseen=UNSEEN), HOME, HandoverTarget())
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("unseen", "target", "refused"),
    [
        ({"unseen": UNSEEN}, HandoverTarget(), True),
        ({"unseen": UNSEEN}, HandoverTarget(OPS), True),
        ({"unseen": UNSEEN}, HandoverTarget(data_tables="delete"), True),
        ({"unseen": UNSEEN}, HandoverTarget(delete_resources=True), False),
        ({"tables_unseen": UNSEEN}, HandoverTarget(), True),
        ({"tables_unseen": UNSEEN}, HandoverTarget(OPS), True),
        ({"tables_unseen": UNSEEN}, HandoverTarget(OPS, "copy"), True),
        ({"tables_unseen": UNSEEN}, HandoverTarget(OPS, "delete"), False),
        ({"tables_unseen": UNSEEN}, HandoverTarget(data_tables="delete"), False),
        ({"tables_unseen": UNSEEN}, HandoverTarget(delete_resources=True), False),
        ({}, HandoverTarget(), False),
    ],
)
def test_what_the_server_does_not_show_is_destroyed_only_where_that_was_said(
    unseen: dict[str, str], target: HandoverTarget, refused: bool
) -> None:
    if refused:
        with pytest.raises(InputError, match=UNSEEN):
            plan_handover(company(**unseen), HOME, target)
    else:
        assert plan_handover(company(**unseen), HOME, target).steps == ()


def test_whoever_is_invited_only_has_no_tables_that_could_be_unseen() -> None:
    found = plan_handover(company(tables_unseen=UNSEEN, pending=True), HOME, HandoverTarget())
    # Who signed in by OIDC looks the same, and that is said where it matters.
    assert found.steps == () and found.notes == (BY_OIDC.format(ADA),)
    for state, target, deleting in (
        (company(pending=True), HandoverTarget(), True),
        (company(tables_unseen=UNSEEN, pending=True), HandoverTarget(delete_resources=True), True),
        (company(tables_unseen=UNSEEN, pending=True), HandoverTarget(OPS), False),
    ):
        assert plan_handover(state, HOME, target, deleting).notes == ()
    with pytest.raises(InputError, match="Mail"):
        plan_handover(company(MAIL, tables_unseen=UNSEEN, pending=True), HOME, HandoverTarget())


def test_whoever_is_shown_as_invited_and_has_a_name_has_come() -> None:
    with pytest.raises(InputError, match=UNSEEN):
        plan_handover(company(tables_unseen=UNSEEN, pending=True, name="Ada"), HOME, HandoverTarget())


def test_whoever_stays_keeps_what_nobody_is_to_get() -> None:
    state = company(MAIL, ORDERS, unseen=UNSEEN, tables_unseen=UNSEEN)
    assert plan_handover(state, HOME, HandoverTarget(), deleting=False).steps == ()
    seen = company(MAIL, tables_unseen=UNSEEN)
    assert steps(plan_handover(seen, HOME, HandoverTarget(OPS), deleting=False)) == ["transfer_credential c-1"]
    for refused in (company(MAIL, unseen=UNSEEN), company(ORDERS)):
        with pytest.raises(InputError):
            plan_handover(refused, HOME, HandoverTarget(OPS), deleting=False)


def test_what_may_be_destroyed_goes_with_the_owner_and_is_unpublished_before() -> None:
    found = plan_handover(company(MAIL, BILLS, LEDGER, ORDERS), HOME, HandoverTarget(delete_resources=True))
    assert steps(found) == ["unpublish_workflow w-1"]
    assert [item.id for item in found.along] == ["c-1", "w-1", "w-2", ORDERS.id]
    expected = found.expected().to_result()
    assert [entry["id"] for entry in expected["deleted"]] == ["c-1", "w-1", "w-2", ORDERS.id]
    assert expected["transferred"] == expected["copied"] == []


def test_tables_that_may_be_destroyed_are_deleted_one_by_one_while_the_rest_moves() -> None:
    found = plan_handover(company(MAIL, ORDERS), HOME, HandoverTarget(OPS, "delete"))
    assert steps(found) == ["transfer_credential c-1", f"delete_table {ORDERS.id}"]
    assert found.expected().to_result() == {
        "transferred": [{"type": "credential", "id": "c-1", "name": "Mail"}],
        "copied": [],
        "deleted": [{"type": "data table", "id": ORDERS.id, "name": "Orders"}],
        "lost_shares": [],
    }


def test_a_copy_of_a_table_says_what_mentions_it() -> None:
    by_name = replace(LEDGER, tables=("Orders",))
    by_id = replace(BILLS, tables=(ORDERS.id,))
    moved = Workflow("workflow", "w-9", "Moved", OPS.id, tables=(ORDERS.id, "Orders"))
    named = Workflow("workflow", "w-8", "Other's Orders", OPS.id, tables=("Orders",))
    state = company(by_name, by_id, ORDERS, used_by=(moved, named))
    found = plan_handover(state, HOME, HandoverTarget(OPS, "copy"))
    (copied,) = found.expected().copied
    assert copied == {
        "type": "data table",
        "id": ORDERS.id,
        "name": "Orders",
        "new_id": None,
        "new_name": "Orders",
        "rows": None,
        "workflows": [
            {"id": "w-1", "name": "Bills"},
            {"id": "w-2", "name": "Ledger"},
            {"id": "w-9", "name": "Moved"},
        ],
    }
    assert scopes_of(call for step in found.steps for call in step.definition.calls) == {
        "workflow:move",
        "dataTableRow:read",
        "dataTable:create",
        "dataTableRow:create",
        "dataTable:update",
        "dataTable:delete",
    }


def test_a_name_that_is_taken_says_whence_the_copy_came() -> None:
    def table(key: str, name: str) -> Table:
        return Table("data table", key, name)

    there = (table("t-1", "Orders"), table("t-2", f"Rows (copy of {ORDERS.id})"))
    two = (ORDERS, table("t-3", "Free"), table("t-4", "Free"))
    found = plan_handover(company(*two, there=there), HOME, HandoverTarget(OPS, "copy"))
    assert [(step.item.id, step.after) for step in found.steps] == [
        ("t-3", "Free"),
        ("t-4", "Free (from ada@example.com)"),
        (ORDERS.id, "Orders (from ada@example.com)"),
    ]
    assert all(step.unfinished is None for step in found.steps)


def test_an_unfinished_copy_is_known_by_the_id_in_its_name() -> None:
    left = Table("data table", "t-1", f"Orders (copy of {ORDERS.id})")
    (step,) = plan_handover(company(ORDERS, there=(left,)), HOME, HandoverTarget(OPS, "copy")).steps
    assert (step.after, step.unfinished) == ("Orders", left)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ((), "N"),
        (("N",), "N (from a)"),
        (("N", "N (from a)"), "N (from a, 2)"),
        (("N", "N (from a)", "N (from a, 2)"), "N (from a, 3)"),
    ],
)
def test_names_are_numbered_where_need_be(taken: tuple[str, ...], name: str) -> None:
    assert free_name("N", "a", taken) == name


def test_names_are_never_longer_than_n8n_takes() -> None:
    longest = "x" * 128
    assert free_name(longest, "a", ()) == longest
    cut = free_name(longest, "a", (longest,))
    assert (len(cut), cut[-9:]) == (128, "x (from a)"[-9:])
    assert working_name(replace(ORDERS, name=longest)).endswith(f"x (copy of {ORDERS.id})")
    assert len(working_name(replace(ORDERS, name=longest))) == 128


def test_shares_that_a_move_drops_are_listed_with_who_has_them_and_what_fails() -> None:
    mail = replace(
        MAIL,
        shares=(
            Share(BO_HOME.id, "credential:user"),
            Share(OPS.id, "credential:user"),
            Share("gone", "credential:user"),
        ),
    )
    bills = replace(BILLS, shares=(Share(SALES.id, "workflow:editor"),))
    using = (
        Workflow("workflow", "w-8", "Bo's", BO_HOME.id, credentials=("c-1",)),
        Workflow("workflow", "w-9", "Bo's other", BO_HOME.id),
        Workflow("workflow", "w-7", "Ops'", OPS.id, credentials=("c-1",)),
    )
    found = plan_handover(company(mail, bills, used_by=using), HOME, HandoverTarget(OPS))
    credential = {"type": "credential", "id": "c-1", "name": "Mail", "role": "credential:user"}
    bo = {"project_id": BO_HOME.id, "project": None, "user": BO, "workflows": [{"id": "w-8", "name": "Bo's"}]}
    gone = {"project_id": "gone", "project": "", "user": None, "workflows": []}
    workflow = {"type": "workflow", "id": "w-1", "name": "Bills", "role": "workflow:editor"}
    sales = {"project_id": SALES.id, "project": "Sales", "user": None, "workflows": []}
    # Ops becomes the owner, and loses nothing.
    assert list(found.lost_shares) == [{**credential, **bo}, {**credential, **gone}, {**workflow, **sales}]
    assert found.expected().to_result()["lost_shares"] == list(found.lost_shares)
    destroyed = plan_handover(company(bills), HOME, HandoverTarget(delete_resources=True))
    assert [share["project"] for share in destroyed.lost_shares] == ["Sales"]


def test_a_workflow_that_leaves_a_borrowed_credential_behind_is_noted() -> None:
    lent = Credential("credential", "c-9", "Lent", BO_HOME.id, (Share(HOME.id, "credential:user"),))
    everywhere = replace(lent, id="c-8", shares=(*lent.shares, Share(OPS.id, "credential:user")))
    of_ops = replace(lent, id="c-7", owner_id=OPS.id)
    bills = replace(BILLS, credentials=("c-9", "c-8", "c-7", "c-1"))
    found = plan_handover(company(bills, MAIL, borrowed=(lent, everywhere, of_ops)), HOME, HandoverTarget(OPS))
    assert found.notes == (
        'workflow "Bills" (w-1) uses credential "Lent" (c-9) of bo@example.com, which is not shared with '
        "the destination. Share it with the destination in n8n, or the workflow fails.",
    )


def test_one_that_uses_what_is_not_even_shared_with_its_owner_is_noted_as_well() -> None:
    theirs = Credential("credential", "c-9", "Theirs", BO_HOME.id)
    state = company(replace(BILLS, credentials=("c-9",)), borrowed=(theirs,))
    (note,) = plan_handover(state, HOME, HandoverTarget(OPS)).notes
    assert note.startswith(
        'workflow "Bills" (w-1) uses credential "Theirs" (c-9) of bo@example.com, which is not shared'
    )
    # Nothing moves, or it goes to where it may use it: Bo's, or the space of somebody who may use everything.
    admin = replace(state, users=(state.users[0], User("u-bo", BO, "global:admin")))
    others = (company(BILLS, borrowed=(replace(theirs, owner_id=SALES.id),)), SALES)
    assert plan_handover(state, HOME, HandoverTarget(delete_resources=True)).notes == ()
    for kept, destination in ((state, BO_HOME), (admin, BO_HOME), others):
        assert plan_handover(kept, HOME, HandoverTarget(destination)).notes == ()


def test_workflows_of_others_that_use_what_goes_by_way_of_a_share_are_noted() -> None:
    by_share = Workflow(
        "workflow", "w-9", "Bo's", BO_HOME.id, (Share(HOME.id, "workflow:editor"),), credentials=("c-1",)
    )
    notes = [
        plan_handover(company(MAIL, used_by=(by_share,)), HOME, target).notes
        for target in (HandoverTarget(OPS), HandoverTarget(delete_resources=True))
    ]
    uses = 'workflow "Bo\'s" (w-9) of bo@example.com uses credential "Mail" (c-1) of ada@example.com without a share of its own'
    ways = (
        "Give the workflow another credential in n8n, or share this one with it from the destination",
        "Give the workflow another credential in n8n",
    )
    assert notes == [(f"{uses}. {way}. Otherwise it fails.",) for way in ways]
    # What has a share of its own loses that share, and lost_shares says so; the destination has what it gets.
    shared = replace(MAIL, shares=(Share(BO_HOME.id, "credential:user"),))
    with_ops = replace(by_share, shares=(*by_share.shares, Share(OPS.id, "workflow:editor")))
    of_ops = replace(by_share, owner_id=OPS.id)
    for state in (
        company(shared, used_by=(by_share,)),
        company(MAIL, used_by=(with_ops,)),
        company(MAIL, used_by=(of_ops,)),
        company(LEDGER, used_by=(by_share,)),
        replace(
            company(MAIL, used_by=(by_share,)),
            users=(User("u-ada", ADA, "global:member"), User("u-bo", BO, "global:owner")),
        ),
    ):
        assert plan_handover(state, HOME, HandoverTarget(OPS)).notes == ()


@pytest.mark.parametrize(
    ("recipient", "words"),
    [
        (User("u-bo", BO, "global:chatUser"), "transfer_to: bo@example.com is a chat user and can only read"),
        (
            User("u-bo", BO, "global:member", is_pending=True),
            "transfer_to: bo@example.com has not accepted the invitation",
        ),
        (User("u-bo", BO, "global:member"), ""),
    ],
)
def test_an_heir_who_cannot_work_with_it_is_named(recipient: User, words: str) -> None:
    def notes(*items: OwnedItem) -> tuple[str, ...]:
        state = company(*items)
        return plan_handover(replace(state, users=(state.users[0], recipient)), HOME, HandoverTarget(BO_HOME)).notes

    assert [note[: len(words)] for note in notes(MAIL)] == ([words] if words else [])
    assert notes() == ()


def test_folders_are_said_not_to_move() -> None:
    folder = OwnedItem("folder", "f-1", "Old", HOME.id)
    moving = plan_handover(company(BILLS, folders=(folder,)), HOME, HandoverTarget(OPS))
    assert moving.notes == (
        'n8n cannot move folders: the workflows in folder "Old" (f-1) of ada@example.com move without them.',
    )
    assert plan_handover(company(folders=(folder,)), HOME, HandoverTarget()).notes[0].endswith("go with them.")


def test_nothing_but_what_was_meant_may_be_left() -> None:
    handover = plan_handover(company(MAIL, BILLS), HOME, HandoverTarget(OPS))
    check_nothing_left(handover, OwnedItems())
    with pytest.raises(N8nError, match=r'ada@example.com is not deleted: workflow "Alone" \(w-3\) would be destroyed'):
        check_nothing_left(handover, OwnedItems((ALONE,)))
    meant = plan_handover(company(MAIL), HOME, HandoverTarget(delete_resources=True))
    check_nothing_left(meant, OwnedItems((MAIL,)))
    with pytest.raises(N8nError, match="Alone"):
        check_nothing_left(meant, OwnedItems((MAIL, ALONE)))


def test_what_n8n_could_not_publish_again_is_noted() -> None:
    handover = plan_handover(company(BILLS, LEDGER), HOME, HandoverTarget(OPS))
    moved = replace(BILLS, owner_id=OPS.id)
    assert unpublished(handover, OwnedItems((moved, LEDGER))) == []
    (note,) = unpublished(handover, OwnedItems((replace(moved, published=False), LEDGER)))
    assert note.startswith('workflow "Bills" (w-1) was published, and n8n could not publish it again')
