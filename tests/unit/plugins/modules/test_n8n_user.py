# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_user on the fake: invitation, role and deletion of one user."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_user
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA = "ada@example.com"


@pytest.fixture
def n8n() -> FakeN8n:
    return FakeN8n()


def test_user_is_invited_and_deleted(n8n: FakeN8n) -> None:
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
    deleted = check_apply_reapply(n8n_user, n8n, email=ADA, state="absent")
    assert deleted["user"] == done["user"]
    assert deleted["diff"] == {"before": "user ada@example.com: global:member\n", "after": ""}
    assert n8n.instance_roles() == {OLIVIA: "global:owner"}


def test_check_mode_returns_no_id_for_invited_user(n8n: FakeN8n) -> None:
    planned = run(n8n_user, n8n, check_mode=True, email=ADA, role="admin")
    assert (planned["user"]["id"], planned["user"]["role"], planned["user"]["is_pending"]) == (
        None,
        "global:admin",
        True,
    )


@pytest.mark.parametrize("role", ["admin", "global:admin"])
@pytest.mark.parametrize("reference", ["email", "id"])
def test_role_is_changed(n8n: FakeN8n, role: str, reference: str) -> None:
    user_id = n8n.add_user(ADA)
    done = check_apply_reapply(n8n_user, n8n, **{reference: {"email": ADA, "id": user_id}[reference]}, role=role)
    assert done["user"]["role"] == n8n.instance_roles()[ADA] == "global:admin"


def test_role_is_kept_if_omitted(n8n: FakeN8n) -> None:
    n8n.add_user(ADA, "global:admin")
    assert not run(n8n_user, n8n, email=ADA)["changed"]
    assert n8n.instance_roles()[ADA] == "global:admin"


def test_pending_invitation_is_resent_only_with_resend_invite(n8n: FakeN8n) -> None:
    n8n.add_user(ADA, pending=True)
    assert not run(n8n_user, n8n, email=ADA, return_invite_url=True)["changed"]
    planned = run(n8n_user, n8n, check_mode=True, email=ADA, resend_invite=True, return_invite_url=True)
    assert planned["changed"] and "invite_url" not in planned["user"] and not n8n.writes
    links = []
    for _time in range(2):
        done = run(n8n_user, n8n, email=ADA, resend_invite=True, return_invite_url=True)
        assert done["changed"] and done["user"]["id"] == n8n.id_of(ADA)
        links.append(done["user"]["invite_url"])
    assert links[0] != links[1] == n8n.links[ADA]


def test_role_is_changed_with_resent_invitation(n8n: FakeN8n) -> None:
    n8n.add_user(ADA, pending=True)
    done = run(n8n_user, n8n, email=ADA, role="admin", resend_invite=True)
    # n8n keeps the role of a pending invitation, so the role change is a separate call.
    assert [write[0] for write in n8n.writes] == ["invite", "set_user_role"]
    assert done["user"]["role"] == n8n.instance_roles()[ADA] == "global:admin"


def test_invitation_is_not_resent_to_active_user(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    assert not run(n8n_user, n8n, email=ADA, resend_invite=True)["changed"]


@pytest.mark.parametrize("wanted", [True, False])
def test_link_is_returned_only_with_return_invite_url(n8n: FakeN8n, wanted: bool) -> None:
    done = run(n8n_user, n8n, email=ADA, return_invite_url=wanted)
    assert done["user"].get("invite_url") == (n8n.links[ADA] if wanted else None)
    assert wanted or n8n.links[ADA] not in str(done)
    warned = [f"n8n sent no mail to {ADA}. " in warning for warning in done["warnings"]]
    assert warned == ([] if wanted else [True])


def test_link_is_not_returned_if_n8n_sends_mail(n8n: FakeN8n) -> None:
    n8n.sends_mail = True
    done = run(n8n_user, n8n, email=ADA, return_invite_url=True)
    assert "invite_url" not in done["user"] and done["warnings"] == []


@pytest.mark.parametrize("floor", [True, False])
def test_state_present_reads_no_projects(floor: bool) -> None:
    n8n = FakeN8n(floor)
    n8n.features_off.add("feat:projectRole:admin")
    assert run(n8n_user, n8n, email=ADA, role="member")["changed"]
    assert not run(n8n_user, n8n, email=ADA, role="member")["changed"]
    assert n8n.calls["list_projects"] == n8n.calls["members"] == 0


def test_change_to_chat_user_removes_memberships(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    n8n.add_team_project("Sales", ada="editor")
    check_apply_reapply(n8n_user, n8n, email=ADA, role="chatUser")
    assert n8n.memberships() == {"Sales": {OLIVIA: "project:admin"}}


def test_change_of_last_admin_to_chat_user_is_refused(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    sales = n8n.add_team_project("Sales", ada="admin")
    del n8n.roles_in[sales][n8n.owner_id]
    with pytest.raises(N8nError, match="only project admin|last project:admin"):
        result = run(n8n_user, n8n, email=ADA, role="chatUser")
        raise N8nError(result.get("msg", "it went through"))
    assert n8n.instance_roles()[ADA] == "global:member" and n8n.memberships() == {"Sales": {ADA: "project:admin"}}


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
def test_invalid_input_is_refused_before_first_write(
    n8n: FakeN8n, params: dict[str, Any], words: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        run(n8n_user, n8n, check_mode=check_mode, **params)
    assert words in str(refused.value)
    assert n8n.calls["write"] == 0


def test_owner_role_of_owner_is_unchanged(n8n: FakeN8n) -> None:
    assert not run(n8n_user, n8n, email=OLIVIA, role="owner")["changed"]


@pytest.mark.parametrize("params", [{"email": ADA}, {"id": "nobody"}])
def test_absent_of_missing_user_is_unchanged(n8n: FakeN8n, params: dict[str, Any]) -> None:
    done = run(n8n_user, n8n, **params, state="absent")
    assert not done["changed"] and "user" not in done


@pytest.mark.parametrize(
    ("params", "listings"),
    [({"email": ADA}, 1), ({"email": "zoe@example.com"}, 1), ({"id": "nobody"}, 0)],
)
def test_users_are_listed_only_for_missing_email(n8n: FakeN8n, params: dict[str, Any], listings: int) -> None:
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
    n8n.add_user(ADA)
    writing = {"user:delete", *writing}
    n8n.scopes_off = {*off, *writing, "variable:list"}
    warned = sorted(off if floor else off | writing)
    words = f"The key {'needs' if floor else 'lacks'} the scopes {', '.join(warned[:-1])} and {warned[-1]}"
    for check_mode in (True, False):
        with pytest.raises((ApiError, InputError), match=words):
            run(n8n_user, n8n, check_mode=check_mode, email=ADA, state="absent", **params)
    assert not n8n.calls["write"]


def test_deletion_of_resource_owner_is_refused(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    n8n.owned[n8n.personal_project_id(ADA)] = [
        OwnedItem("workflow", "w1", "Bills"),
        OwnedItem("data table", "t1", "Rows"),
    ]
    for check_mode in (True, False):
        with pytest.raises(
            InputError,
            match=r'(?s)owns workflow "Bills" .w1., which the deletion would destroy.*data table "Rows" .t1.',
        ):
            run(n8n_user, n8n, check_mode=check_mode, email=ADA, state="absent")
    assert ADA in n8n.instance_roles() and not n8n.calls["write"]


def test_deletion_is_refused_if_resources_are_not_visible() -> None:
    n8n = FakeN8n(floor=True)
    n8n.add_user(ADA)
    with pytest.raises(InputError, match="may hide data tables of other users"):
        run(n8n_user, n8n, email=ADA, state="absent")
    n8n.add_user("bo@example.com", pending=True)
    assert run(n8n_user, n8n, email="bo@example.com", state="absent")["changed"]


def test_community_edition_deletes_only_pending_users(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    n8n.add_user("bo@example.com", pending=True)
    n8n.features_off.add("feat:projectRole:admin")
    with pytest.raises(InputError, match="n8n does not show the personal project of this user"):
        run(n8n_user, n8n, email=ADA, state="absent")
    check_apply_reapply(n8n_user, n8n, email="bo@example.com", state="absent")


def test_deletion_of_last_admin_is_refused(n8n: FakeN8n) -> None:
    n8n.add_user(ADA)
    sales = n8n.add_team_project("Sales", ada="admin")
    del n8n.roles_in[sales][n8n.owner_id]
    with pytest.raises(
        InputError, match='Project "Sales" .* would be left without an admin: ada@example.com is its last'
    ):
        run(n8n_user, n8n, email=ADA, state="absent")
    n8n.roles_in[sales][n8n.owner_id] = "project:admin"
    done = check_apply_reapply(n8n_user, n8n, email=ADA, state="absent")
    assert n8n.memberships() == {"Sales": {OLIVIA: "project:admin"}}
    assert "member of" in done["diff"]["before"]


def test_failed_mail_causes_warning_and_keeps_account(n8n: FakeN8n) -> None:
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


def test_undelivered_invitation_causes_warning(n8n: FakeN8n) -> None:
    n8n.links_by_mail_only = True
    for kept in (False, True):
        done = run(n8n_user, n8n, email=ADA, resend_invite=True, return_invite_url=kept)
        (warning,) = done["warnings"]
        assert "n8n sent no mail and returned no link" in warning and ADA in warning
        assert "invite_url" not in done["user"]


def test_unlicensed_role_is_refused_in_check_mode_and_by_n8n(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:advancedPermissions")
    with pytest.raises(InputError, match='the license of this n8n does not include the role "global:admin"'):
        run(n8n_user, n8n, check_mode=True, email=ADA, role="admin")
    assert n8n.calls["write"] == 0
    assert "without advanced permissions" in run(n8n_user, n8n, email=ADA, role="admin")["msg"] and not n8n.writes


def test_concurrent_invitation_with_other_role_fails(n8n: FakeN8n) -> None:
    n8n.before_call[("invite", 1)] = lambda: n8n.add_user(ADA, "global:admin")
    with pytest.raises(
        N8nError,
        match="Another user or task changed this at the same time: .*has.*global:admin|is already a user, with the role global:admin",
    ):
        run(n8n_user, n8n, email=ADA)
    assert not run(n8n_user, n8n, email=ADA)["changed"]


def test_user_quota_makes_n8n_refuse_user_requests(n8n: FakeN8n) -> None:
    n8n.quotas["users"] = 5
    with pytest.raises(ApiError, match="valid license"):
        run(n8n_user, n8n, email=ADA)


def test_refused_address_of_a_single_user_has_a_remedy_without_a_list(n8n: FakeN8n) -> None:
    with pytest.raises(InputError) as error:
        run(n8n_user, n8n, email="di!x@example.com")
    assert str(error.value).startswith(
        "n8n refuses to invite this email address. Correct the address:\nemail (di!x@example.com): "
    )


@pytest.mark.parametrize("reference", ["email", "id"])
def test_link_lost_with_an_earlier_task_is_reported(n8n: FakeN8n, reference: str) -> None:
    """A task that is stopped right after the invitation returns no link, and no later task returns it either."""
    user_id = n8n.add_user(ADA, pending=True)
    user = {reference: {"email": ADA, "id": user_id}[reference]}
    for check_mode in (True, False):
        done = run(n8n_user, n8n, check_mode, **user, return_invite_url=True)
        assert not done["changed"] and "invite_url" not in done["user"]
        (warning,) = done["warnings"]
        assert warning.startswith(f"{ADA} was invited before and is pending. ") and "resend_invite=true" in warning
        assert run(n8n_user, n8n, check_mode, **user)["warnings"] == []
    again = run(n8n_user, n8n, **user, return_invite_url=True, resend_invite=True)
    assert again["user"]["invite_url"] and again["warnings"] == []
    n8n.accept(ADA)
    assert run(n8n_user, n8n, **user, return_invite_url=True)["warnings"] == []


def test_no_lost_link_is_reported_for_a_new_or_deleted_user(n8n: FakeN8n) -> None:
    assert run(n8n_user, n8n, email=ADA, return_invite_url=True)["warnings"] == []
    deleted = run(n8n_user, n8n, email=ADA, state="absent", return_invite_url=True)
    assert not any("was invited before" in warning for warning in deleted["warnings"])
