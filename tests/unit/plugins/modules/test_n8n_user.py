# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_user on the fake."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import OwnedItem
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_user
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA = "ada@example.com"


@pytest.fixture
def n8n() -> FakeN8n:
    return FakeN8n()


def test_invites_and_deletes_again(n8n: FakeN8n) -> None:
    done = check_apply_reapply(n8n_user, n8n, email="ADA@Example.com")
    assert done["user"] == {
        "id": n8n.id_of(ADA),
        "email": ADA,
        "role": "global:member",
        "is_pending": True,
        "first_name": None,
        "last_name": None,
    }
    assert done["diff"] == {"before": "", "after": "user ada@example.com: global:member\n"}
    gone = check_apply_reapply(n8n_user, n8n, email=ADA, state="absent")
    assert gone["user"] == done["user"]
    assert gone["diff"] == {"before": "user ada@example.com: global:member\n", "after": ""}
    assert n8n.people() == {OLIVIA: "global:owner"}


def test_check_mode_has_no_id_for_the_invited(n8n: FakeN8n) -> None:
    would = run(n8n_user, n8n, check_mode=True, email=ADA, role="admin")
    assert (would["user"]["id"], would["user"]["role"], would["user"]["is_pending"]) == (None, "global:admin", True)


@pytest.mark.parametrize("role", ["admin", "global:admin"])
@pytest.mark.parametrize("named", ["email", "id"])
def test_corrects_the_role(n8n: FakeN8n, role: str, named: str) -> None:
    user_id = n8n.person(ADA)
    done = check_apply_reapply(n8n_user, n8n, **{named: {"email": ADA, "id": user_id}[named]}, role=role)
    assert done["user"]["role"] == n8n.people()[ADA] == "global:admin"


def test_a_role_left_out_is_kept(n8n: FakeN8n) -> None:
    n8n.person(ADA, "global:admin")
    assert not run(n8n_user, n8n, email=ADA)["changed"]
    assert n8n.people()[ADA] == "global:admin"


def test_a_pending_invitation_is_sent_again_only_if_asked(n8n: FakeN8n) -> None:
    n8n.person(ADA, pending=True)
    assert not run(n8n_user, n8n, email=ADA, return_invite_url=True)["changed"]
    would = run(n8n_user, n8n, check_mode=True, email=ADA, resend_invite=True, return_invite_url=True)
    assert would["changed"] and "invite_url" not in would["user"] and not n8n.writes
    links = []
    for _time in range(2):
        done = run(n8n_user, n8n, email=ADA, resend_invite=True, return_invite_url=True)
        assert done["changed"] and done["user"]["id"] == n8n.id_of(ADA)
        links.append(done["user"]["invite_url"])
    assert links[0] != links[1] == n8n.links[ADA]


def test_what_is_sent_again_brings_the_new_role(n8n: FakeN8n) -> None:
    n8n.person(ADA, pending=True)
    done = run(n8n_user, n8n, email=ADA, role="admin", resend_invite=True)
    # n8n keeps the role of a pending invitation, so it takes a call of its own.
    assert [write[0] for write in n8n.writes] == ["invite", "set_user_role"]
    assert done["user"]["role"] == n8n.people()[ADA] == "global:admin"


def test_nothing_is_sent_again_to_active_users(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    assert not run(n8n_user, n8n, email=ADA, resend_invite=True)["changed"]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_link_is_a_secret(n8n: FakeN8n, wanted: bool) -> None:
    done = run(n8n_user, n8n, email=ADA, return_invite_url=wanted)
    assert done["user"].get("invite_url") == (n8n.links[ADA] if wanted else None)
    assert wanted or n8n.links[ADA] not in str(done)
    named = [f"n8n sent no mail to {ADA}. " in warning for warning in done["warnings"]]
    assert named == ([] if wanted else [True])


def test_there_is_no_link_where_n8n_sends_mail(n8n: FakeN8n) -> None:
    n8n.sends_mail = True
    done = run(n8n_user, n8n, email=ADA, return_invite_url=True)
    assert "invite_url" not in done["user"] and done["warnings"] == []


@pytest.mark.parametrize("floor", [True, False])
def test_present_reads_no_project(floor: bool) -> None:
    n8n = FakeN8n(floor)
    n8n.features_off.add("feat:projectRole:admin")
    assert run(n8n_user, n8n, email=ADA, role="member")["changed"]
    assert not run(n8n_user, n8n, email=ADA, role="member")["changed"]
    assert n8n.calls["list_projects"] == n8n.calls["members"] == 0


def test_becoming_a_chat_user_takes_memberships_along(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    n8n.team("Sales", ada="editor")
    check_apply_reapply(n8n_user, n8n, email=ADA, role="chatUser")
    assert n8n.memberships() == {"Sales": {OLIVIA: "project:admin"}}


def test_a_last_admin_is_not_made_a_chat_user(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    sales = n8n.team("Sales", ada="admin")
    del n8n.roles_in[sales][n8n.owner_id]
    with pytest.raises(N8nError, match="only project admin|last project:admin"):
        result = run(n8n_user, n8n, email=ADA, role="chatUser")
        raise N8nError(result.get("msg", "it went through"))
    assert n8n.people()[ADA] == "global:member" and n8n.memberships() == {"Sales": {ADA: "project:admin"}}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"email": "ada"}, 'email: "ada" is not an email address'),
        ({"email": " "}, "email is blank. Set an email address."),
        ({"id": "nobody"}, 'User "nobody" does not exist'),
        ({"email": ADA, "role": "boss"}, 'unknown or unassignable role "boss". Valid roles: '),
        ({"email": ADA, "role": "owner"}, "An instance has only one owner"),
        (
            {"email": OLIVIA, "role": "member"},
            "is the owner of this n8n, whose instance role global:owner cannot be changed",
        ),
        ({"email": OLIVIA, "state": "absent"}, "is the owner of this n8n and cannot be removed"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_wrong_input_is_refused_before_anything_is_written(
    n8n: FakeN8n, params: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        run(n8n_user, n8n, check_mode=check_mode, **params)
    assert words in str(refused.value)
    assert n8n.calls["write"] == 0


def test_an_owner_is_an_owner(n8n: FakeN8n) -> None:
    assert not run(n8n_user, n8n, email=OLIVIA, role="owner")["changed"]


@pytest.mark.parametrize("params", [{"email": ADA}, {"id": "nobody"}])
def test_absent_of_nobody_is_unchanged(n8n: FakeN8n, params: dict[str, Any]) -> None:
    done = run(n8n_user, n8n, **params, state="absent")
    assert not done["changed"] and "user" not in done


@pytest.mark.parametrize(
    ("params", "listings"),
    [({"email": ADA}, 1), ({"email": "zoe@example.com"}, 1), ({"id": "nobody"}, 0)],
)
def test_only_a_user_who_does_not_exist_costs_a_listing(n8n: FakeN8n, params: dict[str, Any], listings: int) -> None:
    run(n8n_user, n8n, **params, state="absent")
    assert n8n.calls == {"find_user": 1, **({"list_users": listings} if listings else {})}


LISTS = {"credential:list", "dataTable:list", "workflow:list"}


@pytest.mark.parametrize("floor", [False, True])
@pytest.mark.parametrize(
    ("params", "writing"),
    [
        ({}, set()),
        ({"transfer_to": OLIVIA}, {"credential:move", "workflow:move"}),
        ({"data_tables": "delete"}, {"dataTable:delete"}),
    ],
)
@pytest.mark.parametrize("off", [LISTS, {*LISTS, "project:list"}, {*LISTS, "user:read"}])
def test_one_error_names_all_missing_scopes(
    floor: bool, params: dict[str, Any], writing: set[str], off: set[str]
) -> None:
    n8n = FakeN8n(floor)
    n8n.person(ADA)
    writing = {"user:delete", *writing}
    n8n.scopes_off = {*off, *writing, "variable:list"}
    named = sorted(off if floor else off | writing)
    words = f"The key {'needs' if floor else 'lacks'} the scopes {', '.join(named[:-1])} and {named[-1]}"
    for check_mode in (True, False):
        with pytest.raises((ApiError, InputError), match=words):
            run(n8n_user, n8n, check_mode=check_mode, email=ADA, state="absent", **params)
    assert not n8n.calls["write"]


def test_who_owns_something_is_not_deleted(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    n8n.owned[n8n.personal(ADA)] = [OwnedItem("workflow", "w1", "Bills"), OwnedItem("data table", "t1", "Rows")]
    for check_mode in (True, False):
        with pytest.raises(
            InputError,
            match=r'(?s)owns workflow "Bills" .w1., which the deletion would destroy.*data table "Rows" .t1.',
        ):
            run(n8n_user, n8n, check_mode=check_mode, email=ADA, state="absent")
    assert ADA in n8n.people() and not n8n.calls["write"]


def test_who_may_own_something_is_not_deleted() -> None:
    n8n = FakeN8n(floor=True)
    n8n.person(ADA)
    with pytest.raises(InputError, match="does not show the data tables of other users"):
        run(n8n_user, n8n, email=ADA, state="absent")
    n8n.person("bo@example.com", pending=True)
    assert run(n8n_user, n8n, email="bo@example.com", state="absent")["changed"]


def test_on_the_community_edition_only_pending_users_are_deleted(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    n8n.person("bo@example.com", pending=True)
    n8n.features_off.add("feat:projectRole:admin")
    with pytest.raises(InputError, match="n8n does not show the personal project of this user"):
        run(n8n_user, n8n, email=ADA, state="absent")
    check_apply_reapply(n8n_user, n8n, email="bo@example.com", state="absent")


def test_a_last_admin_is_not_deleted(n8n: FakeN8n) -> None:
    n8n.person(ADA)
    sales = n8n.team("Sales", ada="admin")
    del n8n.roles_in[sales][n8n.owner_id]
    with pytest.raises(
        InputError, match='Project "Sales" .* would be left without an admin: ada@example.com is its last'
    ):
        run(n8n_user, n8n, email=ADA, state="absent")
    n8n.roles_in[sales][n8n.owner_id] = "project:admin"
    done = check_apply_reapply(n8n_user, n8n, email=ADA, state="absent")
    assert n8n.memberships() == {"Sales": {OLIVIA: "project:admin"}}
    assert "member of" in done["diff"]["before"]


def test_a_mail_that_could_not_be_sent_is_a_warning_and_the_account_is_there(n8n: FakeN8n) -> None:
    n8n.mail_errors[ADA] = "mailbox on fire"
    done = run(n8n_user, n8n, email=ADA)
    assert done["changed"] and done["user"]["id"] == n8n.id_of(ADA)
    (warning,) = done["warnings"]
    assert "could not send the invitation mail: mailbox on fire. " in warning and ADA in warning
    failed = run(n8n_user, n8n, email=ADA, resend_invite=True)
    assert "could not send the invitation of ada@example.com again: mailbox on fire." in failed["msg"]
    assert not failed["changed"]
    del n8n.mail_errors[ADA]
    n8n.sends_mail = True
    assert run(n8n_user, n8n, email=ADA, resend_invite=True)["warnings"] == []


def test_an_invitation_that_reaches_nobody_is_a_warning(n8n: FakeN8n) -> None:
    n8n.links_by_mail_only = True
    for kept in (False, True):
        done = run(n8n_user, n8n, email=ADA, resend_invite=True, return_invite_url=kept)
        (warning,) = done["warnings"]
        assert "n8n sent no mail and returned no link" in warning and ADA in warning
        assert "invite_url" not in done["user"]


def test_an_unlicensed_role_is_refused_in_check_mode_and_by_n8n(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:advancedPermissions")
    with pytest.raises(InputError, match='the license of this n8n does not include the role "global:admin"'):
        run(n8n_user, n8n, check_mode=True, email=ADA, role="admin")
    assert n8n.calls["write"] == 0
    assert "without advanced permissions" in run(n8n_user, n8n, email=ADA, role="admin")["msg"] and not n8n.writes


def test_somebody_else_has_invited_meanwhile(n8n: FakeN8n) -> None:
    n8n.meanwhile[("invite", 1)] = lambda: n8n.person(ADA, "global:admin")
    with pytest.raises(
        N8nError,
        match="Another user or task changed this at the same time: .*has.*global:admin|is already a user, with the role global:admin",
    ):
        run(n8n_user, n8n, email=ADA)
    assert not run(n8n_user, n8n, email=ADA)["changed"]


def test_a_user_quota_closes_the_users(n8n: FakeN8n) -> None:
    n8n.quotas["users"] = 5
    with pytest.raises(ApiError, match="valid license"):
        run(n8n_user, n8n, email=ADA)


def test_refused_address_of_a_single_user_has_a_remedy_without_a_list(n8n: FakeN8n) -> None:
    with pytest.raises(InputError) as error:
        run(n8n_user, n8n, email="di!x@example.com")
    assert str(error.value).startswith(
        "n8n refuses to invite this email address. Correct the address:\nemail (di!x@example.com): "
    )
