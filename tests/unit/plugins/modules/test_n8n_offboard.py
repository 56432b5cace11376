# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_offboard on the fake: its actions, validation and failed writes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain, check_apply_reapply, run

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
ACTIONS = ("remove_memberships", "demote", "delete")


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_user(BO, "global:admin")
    fake.add_user(CY, pending=True)
    fake.add_team_project("Sales", ada="admin", bo="editor")
    fake.add_team_project("Support", ada="viewer", cy="viewer")
    fake.after_each_write = check_admins_remain(fake)
    return fake


@pytest.mark.parametrize("action", ACTIONS)
def test_action_is_applied_to_two_leavers(n8n: FakeN8n, action: str) -> None:
    done = check_apply_reapply(
        n8n_offboard, n8n, users=["ADA@example.com", {"email": BO}, "nobody@example.com"], action=action
    )
    assert n8n.memberships() == {
        "Sales": {OLIVIA: "project:admin"},
        "Support": {OLIVIA: "project:admin", CY: "project:viewer"},
    }
    roles = {
        "remove_memberships": ("global:member", "global:admin"),
        "demote": ("global:chatUser",) * 2,
        "delete": (None,) * 2,
    }
    assert (n8n.instance_roles().get(ADA), n8n.instance_roles().get(BO)) == roles[action]
    assert [(user["email"], user["found"], user["changed"], user["action"]) for user in done["users"]] == [
        (ADA, True, True, action),
        (BO, True, True, action),
        ("nobody@example.com", False, False, action),
    ]
    assert [(membership["name"], membership["role"]) for membership in done["users"][0]["memberships"]] == [
        ("Sales", "project:admin"),
        ("Support", "project:viewer"),
    ]
    assert done["summary"]["remove_member"] == 3


def test_number_of_calls_is_limited_for_200_leavers(n8n: FakeN8n) -> None:
    people = [f"p{number}@example.com" for number in range(200)]
    sales = next(key for key, project in n8n.all_projects.items() if project.name == "Sales")
    for email in people:
        n8n.roles_in[sales][n8n.add_user(email)] = "project:viewer"
    run(n8n_offboard, n8n, users=people, action="demote")
    # All listings are read before and after the writes. Users and the members of Sales are also read before the writes
    # of each 25 leavers.
    listings = {
        **dict.fromkeys(("list_projects", "workflows", "credentials", "tables", "variables"), 2),
        "list_users": 2 + 8,
    }
    reads = {**listings, "members": 4 + 8, "missing_scopes": 1, "find_roles": 1}
    assert n8n.calls == {**reads, "set_user_role": 200, "write": 200}
    assert n8n.client.requests == 200 + sum(reads.values())


def test_user_listed_twice_is_removed_once(n8n: FakeN8n) -> None:
    done = run(n8n_offboard, n8n, users=[ADA, n8n.id_of(ADA), ADA.upper(), {"email": ADA}])
    assert [user["email"] for user in done["users"]] == [ADA] and len(n8n.writes) == 2


@pytest.mark.parametrize("action", ["remove_memberships", "demote"])
def test_user_without_access_is_unchanged(n8n: FakeN8n, action: str) -> None:
    n8n.add_user("di@example.com", "global:chatUser")
    done = run(n8n_offboard, n8n, users=["di@example.com"], action=action)
    assert not done["changed"] and not done["users"][0]["changed"] and done["users"][0]["memberships"] == []


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("users", "words"),
    [
        ([ADA, OLIVIA], "is the owner of this n8n and cannot be removed"),
        ([ADA, "bo@"], 'users[1]: "bo@" is not an email address'),
        ([ADA, ""], "users[1]: the email or id of a user is required, but this value is blank"),
        ([ADA, {"mail": BO}], "users[1]: "),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_invalid_input_is_refused_before_first_write(
    n8n: FakeN8n, users: list[Any], words: str, action: str, check_mode: bool
) -> None:
    with pytest.raises(InputError) as refused:
        run(n8n_offboard, n8n, check_mode=check_mode, users=users, action=action)
    assert words in str(refused.value) and n8n.calls["write"] == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_removal_of_last_admin_is_refused(n8n: FakeN8n, action: str) -> None:
    sales = next(roles for key, roles in n8n.roles_in.items() if n8n.all_projects[key].name == "Sales")
    del sales[n8n.owner_id]
    with pytest.raises(
        InputError, match='Project "Sales" .* would be left without an admin: ada@example.com is its last'
    ):
        run(n8n_offboard, n8n, users=[BO, ADA], action=action)
    assert n8n.calls["write"] == 0


def test_resource_owner_prevents_deletion_of_all_leavers(n8n: FakeN8n) -> None:
    n8n.owned[n8n.personal_project_id(ADA)] = [OwnedItem("credential", "c1", "Bank")]
    with pytest.raises(InputError, match=r'ada@example.com owns credential "Bank" \(c1\)'):
        run(n8n_offboard, n8n, users=[ADA, BO], action="delete")
    assert n8n.calls["write"] == 0
    assert run(n8n_offboard, n8n, users=[ADA, BO], action="demote")["changed"]


def test_floor_deletes_only_pending_users(n8n: FakeN8n) -> None:
    n8n.floor = True
    with pytest.raises(InputError, match="does not show the data tables of other users"):
        run(n8n_offboard, n8n, users=[ADA], action="delete")
    assert run(n8n_offboard, n8n, users=[CY], action="delete")["changed"] and CY not in n8n.instance_roles()


@pytest.mark.parametrize("action", ACTIONS)
def test_failed_write_stops_only_changes_of_its_user(n8n: FakeN8n, action: str) -> None:
    n8n.fail[1] = ApiError("n8n refused: it is broken.", 501, "broken")
    failed = run(n8n_offboard, n8n, users=[ADA, BO], action=action)
    (error,) = failed["errors"]
    assert "it is broken" in failed["msg"] and len(error["users"]) == 1 and failed["changed"]
    (other,) = {ADA, BO} - set(error["users"])
    assert {change["user"] for change in failed["done"]} >= {other}
    assert {change["user"] for change in failed["not_tried"]} <= set(error["users"])
    assert {user["email"]: user["changed"] for user in failed["users"]} == {other: True, error["users"][0]: False} or (
        action == "remove_memberships"
    )
    assert [user["email"] for user in failed["users"]] == [ADA, BO]
    assert run(n8n_offboard, n8n, users=[ADA, BO], action=action)["changed"]
    assert n8n.memberships()["Sales"] == {OLIVIA: "project:admin"}


def test_demote_without_license_fails(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:advancedPermissions")
    failed = run(n8n_offboard, n8n, users=[ADA, BO], action="demote")
    assert "Your license does not allow for feat:advancedPermissions" in failed["msg"] and not failed["changed"]
    assert len(failed["errors"]) == 2 and len(failed["not_tried"]) == 3


def test_missing_scope_is_refused_before_first_write(n8n: FakeN8n) -> None:
    n8n.scopes_off.add("user:changeRole")
    with pytest.raises(InputError, match="The key lacks the scope user:changeRole. Create .* nothing was changed"):
        run(n8n_offboard, n8n, check_mode=True, users=[ADA], action="demote")
