# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_project_member on the fake: adding, changing and removing one member."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project_member
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA = "ada@example.com"
SALES_AND_ADA: dict[str, Any] = {"project": "Sales", "user": ADA}


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_user("bo@example.com", pending=True)
    fake.add_team_project("Sales", bo="viewer")
    fake.add_team_project("Support", ada="viewer")
    return fake


def test_member_is_added_changed_and_removed(n8n: FakeN8n) -> None:
    others = {"Support": {OLIVIA: "project:admin", ADA: "project:viewer"}}
    sales = {OLIVIA: "project:admin", "bo@example.com": "project:viewer"}
    for role in ("viewer", "project:editor", "admin"):
        done = check_apply_reapply(n8n_project_member, n8n, project="Sales", user="ADA@Example.com", role=role)
        slug = f"project:{role.rpartition(':')[2]}"
        assert done["member"] == {"id": n8n.id_of(ADA), "email": ADA, "role": slug}
        assert done["project"]["name"] == "Sales"
        assert done["diff"]["after"] == f'member of "Sales": {ADA}: {slug}\n'
        assert n8n.memberships() == {**others, "Sales": {**sales, ADA: slug}}
    done = check_apply_reapply(n8n_project_member, n8n, **SALES_AND_ADA, state="absent")
    assert done["member"]["role"] == "project:admin" and n8n.memberships() == {**others, "Sales": sales}


def test_ids_identify_user_and_project(n8n: FakeN8n) -> None:
    sales = next(key for key, project in n8n.all_projects.items() if project.name == "Sales")
    check_apply_reapply(n8n_project_member, n8n, project=sales, user=n8n.id_of(ADA), role="viewer")
    assert n8n.memberships()["Sales"][ADA] == "project:viewer"


def test_pending_user_can_be_member(n8n: FakeN8n) -> None:
    check_apply_reapply(n8n_project_member, n8n, project="Support", user="bo@example.com", role="admin")


def test_role_is_kept_if_omitted(n8n: FakeN8n) -> None:
    done = run(n8n_project_member, n8n, project="Support", user=ADA)
    assert not done["changed"] and done["member"]["role"] == "project:viewer"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"role": None}, "role is required to add user"),
        ({"role": "boss"}, 'unknown or unassignable role "boss". Valid roles: project:admin'),
        ({"role": "global:member"}, 'unknown or unassignable role "global:member"'),
        ({"role": "personalOwner"}, 'unknown or unassignable role "personalOwner"'),
        ({"role": "viewer", "project": "Nowhere"}, 'Project "Nowhere" does not exist'),
        ({"role": "viewer", "user": "nobody@example.com"}, 'User "nobody@example.com" does not exist'),
        ({"role": "viewer", "project": " "}, "project: a project needs a name that is not blank"),
        ({"role": "viewer", "user": " "}, "user: the email or id of a user is required, but this value is blank"),
        ({"role": "viewer", "user": "ada@"}, 'user: "ada@" is not an email address'),
        ({"role": "viewer", "project": "Twin"}, 'Project "Twin" exists 2 times, with the ids '),
        ({"user": OLIVIA, "role": "viewer"}, "would be left without an admin"),
        ({"user": OLIVIA, "state": "absent"}, "would be left without an admin"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_invalid_input_is_refused_before_first_write(
    n8n: FakeN8n, params: dict[str, Any], words: str, check_mode: bool
) -> None:
    for _twin in range(2):
        n8n.add_team_project("Twin")
    with pytest.raises(InputError) as refused:
        run(n8n_project_member, n8n, check_mode=check_mode, **{**SALES_AND_ADA, **params})
    assert words in str(refused.value)
    assert n8n.calls["write"] == 0


def test_member_of_personal_project_is_refused(n8n: FakeN8n) -> None:
    with pytest.raises(InputError, match="Only team projects have members"):
        run(n8n_project_member, n8n, project=n8n.personal_project_id(OLIVIA), user=ADA, role="viewer")


@pytest.mark.parametrize("params", [{"user": "nobody@example.com"}, {"project": "Nowhere"}, {}])
def test_absent_of_missing_membership_is_unchanged(n8n: FakeN8n, params: dict[str, Any]) -> None:
    assert not run(n8n_project_member, n8n, **{**SALES_AND_ADA, **params}, state="absent")["changed"]


@pytest.mark.parametrize("params", [{"state": "absent"}, {"role": "viewer"}])
def test_last_admin_is_removed_with_allow_no_admin(n8n: FakeN8n, params: dict[str, Any]) -> None:
    check_apply_reapply(n8n_project_member, n8n, project="Sales", user=OLIVIA, allow_no_admin=True, **params)
    assert "project:admin" not in n8n.memberships()["Sales"].values()


@pytest.mark.parametrize("floor", [True, False])
def test_unlicensed_role_is_refused(floor: bool) -> None:
    n8n = FakeN8n(floor)
    n8n.add_user(ADA)
    n8n.add_team_project("Sales")
    n8n.features_off.add("feat:projectRole:editor")
    if not floor:
        # n8n lists its roles, and check mode reads them.
        with pytest.raises(N8nError, match="does not include the role"):
            run(n8n_project_member, n8n, check_mode=True, **SALES_AND_ADA, role="editor")
    # n8n refuses a single write completely, so the module does not read the roles before it.
    assert "not licensed to use role" in run(n8n_project_member, n8n, **SALES_AND_ADA, role="editor")["msg"]
    assert n8n.calls["find_roles"] == (0 if floor else 1) and not n8n.writes


@pytest.mark.parametrize(
    ("role", "words", "params"),
    [
        ("project:editor", "the role of .* is now project:editor", {"state": "absent"}),
        ("project:editor", "the role of .* is now project:editor", {"role": "viewer"}),
        (None, "is no longer a member", {"role": "viewer"}),
    ],
)
def test_concurrent_change_is_kept_and_fails(
    n8n: FakeN8n, role: str | None, words: str, params: dict[str, Any]
) -> None:
    run(n8n_project_member, n8n, **SALES_AND_ADA, role="admin")
    (sales,) = (roles for key, roles in n8n.roles_in.items() if n8n.all_projects[key].name == "Sales")

    def other_client() -> None:
        sales.pop(n8n.id_of(ADA))
        sales.update({n8n.id_of(ADA): role} if role else {})

    # The second reading of members from this point precedes the write.
    n8n.before_call[("members", n8n.calls["members"] + 2)] = other_client
    with pytest.raises(
        N8nError, match=f"Another user or task changed this at the same time: .*{words}.*Run the task again"
    ):
        run(n8n_project_member, n8n, **SALES_AND_ADA, **params)
    assert sales.get(n8n.id_of(ADA)) == role


@pytest.mark.parametrize(("role", "params"), [(None, {"state": "absent"}), ("project:viewer", {"role": "viewer"})])
def test_change_made_by_other_task_is_unchanged(n8n: FakeN8n, role: str | None, params: dict[str, Any]) -> None:
    run(n8n_project_member, n8n, **SALES_AND_ADA, role="editor")
    (sales,) = (roles for key, roles in n8n.roles_in.items() if n8n.all_projects[key].name == "Sales")

    def other_task() -> None:
        sales.pop(n8n.id_of(ADA))
        sales.update({n8n.id_of(ADA): role} if role else {})

    n8n.before_call[("members", n8n.calls["members"] + 2)] = other_task
    writes = len(n8n.writes)
    result = run(n8n_project_member, n8n, **SALES_AND_ADA, **params)
    assert not result["changed"] and "msg" not in result and len(n8n.writes) == writes
    assert sales.get(n8n.id_of(ADA)) == role


def test_member_who_became_last_admin_is_kept(n8n: FakeN8n) -> None:
    run(n8n_project_member, n8n, **SALES_AND_ADA, role="admin")
    (sales,) = (roles for key, roles in n8n.roles_in.items() if n8n.all_projects[key].name == "Sales")
    n8n.before_call[("members", n8n.calls["members"] + 2)] = lambda: sales.pop(n8n.owner_id)
    with pytest.raises(N8nError, match="has become the last admin of the project"):
        run(n8n_project_member, n8n, **SALES_AND_ADA, state="absent")
    assert sales[n8n.id_of(ADA)] == "project:admin"


def test_unknown_email_is_an_error_that_suggests_a_similar_email(n8n: FakeN8n) -> None:
    with pytest.raises(InputError, match=r'User "adda@example.com" does not exist\..* Did you mean ada@example.com\?'):
        run(n8n_project_member, n8n, project="Sales", user="adda@example.com", role="viewer")
    assert n8n.calls["list_users"] == 1 and n8n.calls["write"] == 0


def test_unknown_email_is_an_error_without_a_suggestion_if_n8n_does_not_list_users(
    n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise N8nError("n8n refused to list users.")

    monkeypatch.setattr(n8n, "list_users", refuse)
    with pytest.raises(InputError) as error:
        run(n8n_project_member, n8n, project="Sales", user="adda@example.com", role="viewer")
    assert 'User "adda@example.com" does not exist.' in str(error.value) and "Did you mean" not in str(error.value)
