# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test plan_handover(): moved, copied, and deleted items, their order, lost shares, errors, and notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.handover_planner import (
    OIDC_NOTE,
    HandoverTarget,
    plan_handover,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.handover import Handover
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import (
    Credential,
    OwnedItem,
    Share,
    Table,
    Workflow,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import scopes_of
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_handover import (
    ADA,
    ADA_PROJECT,
    ALONE,
    BANK,
    BILLS,
    BO,
    BO_PROJECT,
    LEDGER,
    MAIL,
    OPS,
    ORDERS,
    SALES,
    state_with_items,
)

HIDDEN = "the key may not list them."


def steps(handover: Handover) -> list[str]:
    return [f"{step.action} {step.item.id}" for step in handover.steps]


def test_credentials_move_before_their_workflows_and_related_items_move_together() -> None:
    other = Workflow("workflow", "w-0", "A bank", ADA_PROJECT.id, credentials=("c-2", "c-9"))
    state = state_with_items(ALONE, LEDGER, BILLS, MAIL, other, BANK)
    found = plan_handover(state, ADA_PROJECT, HandoverTarget(OPS))
    assert steps(found) == [
        "transfer_credential c-2",
        "transfer_workflow w-0",
        "transfer_credential c-1",
        "transfer_workflow w-1",
        "transfer_workflow w-2",
        "transfer_workflow w-3",
    ]
    assert (found.owner, found.items_deleted_with_owner) == (ADA, ())
    assert {step.action for step in found.steps} == {"transfer_credential", "transfer_workflow"}


def test_workflows_with_a_shared_credential_or_cyclic_calls_move_together() -> None:
    first = Workflow("workflow", "w-1", "One", ADA_PROJECT.id, credentials=("c-1",), calls=("w-3",))
    second = Workflow("workflow", "w-2", "Two", ADA_PROJECT.id, published=True, credentials=("c-1", "c-2"))
    third = Workflow("workflow", "w-3", "Three", ADA_PROJECT.id, calls=("w-1", "w-3"))
    found = plan_handover(state_with_items(first, second, third, MAIL, BANK), ADA_PROJECT, HandoverTarget(OPS))
    assert [step.item.id for step in found.steps] == ["c-2", "c-1", "w-2", "w-1", "w-3"]


def test_order_of_items_does_not_affect_the_steps() -> None:
    items = (ALONE, LEDGER, BILLS, MAIL, BANK, ORDERS)
    plans = [
        plan_handover(state_with_items(*order), ADA_PROJECT, HandoverTarget(OPS, "copy"))
        for order in (items, items[::-1])
    ]
    assert plans[0].steps == plans[1].steps
    assert steps(plans[0])[-1] == f"copy_table {ORDERS.id}"


def test_items_of_a_team_project_are_transferred() -> None:
    found = plan_handover(state_with_items(BILLS), SALES, HandoverTarget(BO_PROJECT))
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
        ((), HandoverTarget(ADA_PROJECT), "transfer_to: ada@example.com cannot be both the source and the destination"),
    ],
)
def test_items_that_would_be_destroyed_are_rejected_by_name(
    items: tuple[OwnedItem, ...], target: HandoverTarget, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plan_handover(state_with_items(*items), ADA_PROJECT, target)


def test_all_errors_are_reported_together() -> None:
    with pytest.raises(InputError) as caught:
        plan_handover(state_with_items(MAIL, ORDERS, unseen=HIDDEN), ADA_PROJECT, HandoverTarget())
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("hidden", "target", "refused"),
    [
        ({"unseen": HIDDEN}, HandoverTarget(), True),
        ({"unseen": HIDDEN}, HandoverTarget(OPS), True),
        ({"unseen": HIDDEN}, HandoverTarget(data_tables="delete"), True),
        ({"unseen": HIDDEN}, HandoverTarget(delete_resources=True), False),
        ({"tables_unseen": HIDDEN}, HandoverTarget(), True),
        ({"tables_unseen": HIDDEN}, HandoverTarget(OPS), True),
        ({"tables_unseen": HIDDEN}, HandoverTarget(OPS, "copy"), True),
        ({"tables_unseen": HIDDEN}, HandoverTarget(OPS, "delete"), False),
        ({"tables_unseen": HIDDEN}, HandoverTarget(data_tables="delete"), False),
        ({"tables_unseen": HIDDEN}, HandoverTarget(delete_resources=True), False),
        ({}, HandoverTarget(), False),
    ],
)
def test_hidden_items_prevent_the_handover_unless_deletion_is_allowed(
    hidden: dict[str, str], target: HandoverTarget, refused: bool
) -> None:
    if refused:
        with pytest.raises(InputError, match=HIDDEN):
            plan_handover(state_with_items(**hidden), ADA_PROJECT, target)
    else:
        assert plan_handover(state_with_items(**hidden), ADA_PROJECT, target).steps == ()


def test_pending_user_is_assumed_to_own_no_data_tables() -> None:
    found = plan_handover(state_with_items(tables_unseen=HIDDEN, pending=True), ADA_PROJECT, HandoverTarget())
    # A user who signed in by OIDC looks pending, so a note is needed if data tables are hidden.
    assert found.steps == () and found.notes == (OIDC_NOTE.format(ADA),)
    for state, target, deleting in (
        (state_with_items(pending=True), HandoverTarget(), True),
        (state_with_items(tables_unseen=HIDDEN, pending=True), HandoverTarget(delete_resources=True), True),
        (state_with_items(tables_unseen=HIDDEN, pending=True), HandoverTarget(OPS), False),
    ):
        assert plan_handover(state, ADA_PROJECT, target, deleting).notes == ()
    with pytest.raises(InputError, match="Mail"):
        plan_handover(state_with_items(MAIL, tables_unseen=HIDDEN, pending=True), ADA_PROJECT, HandoverTarget())


def test_pending_user_with_a_name_may_own_data_tables() -> None:
    with pytest.raises(InputError, match=HIDDEN):
        plan_handover(state_with_items(tables_unseen=HIDDEN, pending=True, name="Ada"), ADA_PROJECT, HandoverTarget())


def test_user_who_is_not_deleted_keeps_items_without_transfer_to() -> None:
    state = state_with_items(MAIL, ORDERS, unseen=HIDDEN, tables_unseen=HIDDEN)
    assert plan_handover(state, ADA_PROJECT, HandoverTarget(), deleting=False).steps == ()
    visible = state_with_items(MAIL, tables_unseen=HIDDEN)
    assert steps(plan_handover(visible, ADA_PROJECT, HandoverTarget(OPS), deleting=False)) == [
        "transfer_credential c-1"
    ]
    for refused in (state_with_items(MAIL, unseen=HIDDEN), state_with_items(ORDERS)):
        with pytest.raises(InputError):
            plan_handover(refused, ADA_PROJECT, HandoverTarget(OPS), deleting=False)


def test_delete_resources_unpublishes_workflows_before_the_deletion_of_the_owner() -> None:
    found = plan_handover(
        state_with_items(MAIL, BILLS, LEDGER, ORDERS), ADA_PROJECT, HandoverTarget(delete_resources=True)
    )
    assert steps(found) == ["unpublish_workflow w-1"]
    assert [item.id for item in found.items_deleted_with_owner] == ["c-1", "w-1", "w-2", ORDERS.id]
    expected = found.expected().to_result()
    assert [entry["id"] for entry in expected["deleted"]] == ["c-1", "w-1", "w-2", ORDERS.id]
    assert expected["transferred"] == expected["copied"] == []


def test_data_tables_delete_deletes_tables_and_transfers_other_items() -> None:
    found = plan_handover(state_with_items(MAIL, ORDERS), ADA_PROJECT, HandoverTarget(OPS, "delete"))
    assert steps(found) == ["transfer_credential c-1", f"delete_table {ORDERS.id}"]
    assert found.expected().to_result() == {
        "transferred": [{"type": "credential", "id": "c-1", "name": "Mail"}],
        "copied": [],
        "deleted": [{"type": "data table", "id": ORDERS.id, "name": "Orders"}],
        "lost_shares": [],
    }


def test_copied_table_lists_the_workflows_that_use_it() -> None:
    by_name = replace(LEDGER, tables=("Orders",))
    by_id = replace(BILLS, tables=(ORDERS.id,))
    moved = Workflow("workflow", "w-9", "Moved", OPS.id, tables=(ORDERS.id, "Orders"))
    named = Workflow("workflow", "w-8", "Other's Orders", OPS.id, tables=("Orders",))
    state = state_with_items(by_name, by_id, ORDERS, used_by=(moved, named))
    found = plan_handover(state, ADA_PROJECT, HandoverTarget(OPS, "copy"))
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


def test_copy_is_named_after_its_owner_if_the_name_is_taken() -> None:
    def table(key: str, name: str) -> Table:
        return Table("data table", key, name)

    ops_items = (table("t-1", "Orders"), table("t-2", f"Rows (copy of {ORDERS.id})"))
    two = (ORDERS, table("t-3", "Free"), table("t-4", "Free"))
    found = plan_handover(state_with_items(*two, ops_items=ops_items), ADA_PROJECT, HandoverTarget(OPS, "copy"))
    assert [(step.item.id, step.after) for step in found.steps] == [
        ("t-3", "Free"),
        ("t-4", "Free (from ada@example.com)"),
        (ORDERS.id, "Orders (from ada@example.com)"),
    ]
    assert all(step.unfinished is None for step in found.steps)


def test_unfinished_copy_is_found_by_the_id_in_its_name() -> None:
    unfinished_copy = Table("data table", "t-1", f"Orders (copy of {ORDERS.id})")
    (step,) = plan_handover(
        state_with_items(ORDERS, ops_items=(unfinished_copy,)), ADA_PROJECT, HandoverTarget(OPS, "copy")
    ).steps
    assert (step.after, step.unfinished) == ("Orders", unfinished_copy)


def test_lost_shares_are_listed_with_their_users_and_affected_workflows() -> None:
    mail = replace(
        MAIL,
        shares=(
            Share(BO_PROJECT.id, "credential:user"),
            Share(OPS.id, "credential:user"),
            Share("hidden", "credential:user"),
        ),
    )
    bills = replace(BILLS, shares=(Share(SALES.id, "workflow:editor"),))
    using = (
        Workflow("workflow", "w-8", "Bo's", BO_PROJECT.id, credentials=("c-1",)),
        Workflow("workflow", "w-9", "Bo's other", BO_PROJECT.id),
        Workflow("workflow", "w-7", "Ops'", OPS.id, credentials=("c-1",)),
    )
    found = plan_handover(state_with_items(mail, bills, used_by=using), ADA_PROJECT, HandoverTarget(OPS))
    credential = {"type": "credential", "id": "c-1", "name": "Mail", "role": "credential:user"}
    bo = {"project_id": BO_PROJECT.id, "project": None, "user": BO, "workflows": [{"id": "w-8", "name": "Bo's"}]}
    hidden = {"project_id": "hidden", "project": "", "user": None, "workflows": []}
    workflow = {"type": "workflow", "id": "w-1", "name": "Bills", "role": "workflow:editor"}
    sales = {"project_id": SALES.id, "project": "Sales", "user": None, "workflows": []}
    # Ops becomes the owner, so its share is not lost.
    assert list(found.lost_shares) == [{**credential, **bo}, {**credential, **hidden}, {**workflow, **sales}]
    assert found.expected().to_result()["lost_shares"] == list(found.lost_shares)
    destroyed = plan_handover(state_with_items(bills), ADA_PROJECT, HandoverTarget(delete_resources=True))
    assert [share["project"] for share in destroyed.lost_shares] == ["Sales"]


def test_workflow_that_loses_a_shared_credential_is_noted() -> None:
    shared_credential = Credential(
        "credential", "c-9", "Shared", BO_PROJECT.id, (Share(ADA_PROJECT.id, "credential:user"),)
    )
    everywhere = replace(
        shared_credential, id="c-8", shares=(*shared_credential.shares, Share(OPS.id, "credential:user"))
    )
    of_ops = replace(shared_credential, id="c-7", owner_id=OPS.id)
    bills = replace(BILLS, credentials=("c-9", "c-8", "c-7", "c-1"))
    found = plan_handover(
        state_with_items(bills, MAIL, borrowed=(shared_credential, everywhere, of_ops)),
        ADA_PROJECT,
        HandoverTarget(OPS),
    )
    assert found.notes == (
        'workflow "Bills" (w-1) uses credential "Shared" (c-9) of bo@example.com, which is not shared with '
        "the destination. Share the credential with the destination in n8n. Otherwise the workflow fails.",
    )


def test_workflow_with_a_credential_that_is_not_shared_with_its_owner_is_noted() -> None:
    other_credential = Credential("credential", "c-9", "Other", BO_PROJECT.id)
    state = state_with_items(replace(BILLS, credentials=("c-9",)), borrowed=(other_credential,))
    (note,) = plan_handover(state, ADA_PROJECT, HandoverTarget(OPS)).notes
    assert note.startswith(
        'workflow "Bills" (w-1) uses credential "Other" (c-9) of bo@example.com, which is not shared'
    )
    # No note: the workflow does not move, or the destination can use the credential.
    admin = replace(state, users=(state.users[0], User("u-bo", BO, "global:admin")))
    others = (state_with_items(BILLS, borrowed=(replace(other_credential, owner_id=SALES.id),)), SALES)
    assert plan_handover(state, ADA_PROJECT, HandoverTarget(delete_resources=True)).notes == ()
    for other_state, destination in ((state, BO_PROJECT), (admin, BO_PROJECT), others):
        assert plan_handover(other_state, ADA_PROJECT, HandoverTarget(destination)).notes == ()


def test_workflows_of_others_that_use_an_item_without_a_share_are_noted() -> None:
    by_share = Workflow(
        "workflow", "w-9", "Bo's", BO_PROJECT.id, (Share(ADA_PROJECT.id, "workflow:editor"),), credentials=("c-1",)
    )
    notes = [
        plan_handover(state_with_items(MAIL, used_by=(by_share,)), ADA_PROJECT, target).notes
        for target in (HandoverTarget(OPS), HandoverTarget(delete_resources=True))
    ]
    uses = 'workflow "Bo\'s" (w-9) of bo@example.com uses credential "Mail" (c-1) of ada@example.com without a share of its own'
    remedies = (
        "Select another credential for the workflow in n8n, or share this credential with it from the destination",
        "Select another credential for the workflow in n8n",
    )
    assert notes == [(f"{uses}. {remedy}. Otherwise the workflow fails.",) for remedy in remedies]
    # No note: lost_shares contains lost shares, and the destination can use its own items.
    shared = replace(MAIL, shares=(Share(BO_PROJECT.id, "credential:user"),))
    with_ops = replace(by_share, shares=(*by_share.shares, Share(OPS.id, "workflow:editor")))
    of_ops = replace(by_share, owner_id=OPS.id)
    for state in (
        state_with_items(shared, used_by=(by_share,)),
        state_with_items(MAIL, used_by=(with_ops,)),
        state_with_items(MAIL, used_by=(of_ops,)),
        state_with_items(LEDGER, used_by=(by_share,)),
        replace(
            state_with_items(MAIL, used_by=(by_share,)),
            users=(User("u-ada", ADA, "global:member"), User("u-bo", BO, "global:owner")),
        ),
    ):
        assert plan_handover(state, ADA_PROJECT, HandoverTarget(OPS)).notes == ()


@pytest.mark.parametrize(
    ("recipient", "text"),
    [
        (User("u-bo", BO, "global:chatUser"), "transfer_to: bo@example.com is a chat user and can only read"),
        (
            User("u-bo", BO, "global:member", is_pending=True),
            "transfer_to: bo@example.com has not accepted the invitation",
        ),
        (User("u-bo", BO, "global:member"), ""),
    ],
)
def test_recipient_who_cannot_edit_the_items_is_noted(recipient: User, text: str) -> None:
    def notes(*items: OwnedItem) -> tuple[str, ...]:
        state = state_with_items(*items)
        return plan_handover(
            replace(state, users=(state.users[0], recipient)), ADA_PROJECT, HandoverTarget(BO_PROJECT)
        ).notes

    assert [note[: len(text)] for note in notes(MAIL)] == ([text] if text else [])
    assert notes() == ()


def test_folders_that_do_not_move_are_noted() -> None:
    folder = OwnedItem("folder", "f-1", "Old", ADA_PROJECT.id)
    moving = plan_handover(state_with_items(BILLS, folders=(folder,)), ADA_PROJECT, HandoverTarget(OPS))
    assert moving.notes == (
        'n8n cannot move folders: the workflows in folder "Old" (f-1) of ada@example.com move without them.',
    )
    assert (
        plan_handover(state_with_items(folders=(folder,)), ADA_PROJECT, HandoverTarget())
        .notes[0]
        .endswith("go with them.")
    )
