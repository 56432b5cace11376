# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list of n8n_access manages: ignored projects and users, previous emails of two accounts, and new invitations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.onboarding import users_losing_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Workflow
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA, BO, OLD, NEW = (f"{name}@example.com" for name in ("ada", "bo", "old", "new"))


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    return fake


def present(email: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "status": "present", "projects": {}, **more}


def store(path: Path, **leavers: str) -> str:
    """Store a record of leavers with these ids and emails, whose grace period is over."""
    entries = [
        {
            "id": user_id,
            "email": f"{name}@example.com",
            "since": "2026-09-01T00:00:00Z",
            "role": "global:member",
            "memberships": [],
            "staged_by": "sync",
        }
        for name, user_id in leavers.items()
    ]
    path.write_text(json.dumps({"format": 1, "url": "http://n8n.invalid", "leavers": entries}), "utf-8")
    return str(path)


@pytest.mark.parametrize("by_user", [True, False])
def test_ignored_project_that_is_named_by_id_is_an_error(n8n: FakeN8n, by_user: bool) -> None:
    """Only n8n knows the name of such a project, so the error comes after the reading and before the first write."""
    key = n8n.add_team_project("Locked vault")
    lists = (
        {"users": [present(ADA, projects={key: "viewer"})]}
        if by_user
        else {"projects": [{"id": key, "members": {ADA: "viewer"}}]}
    )
    with pytest.raises(InputError, match='"Locked vault" matches ignored_projects.*Remove the project there'):
        run(n8n_access, n8n, ignored_projects=["Locked*"], **lists)
    assert n8n.writes == []


def test_memberships_that_a_demotion_removes_from_ignored_projects_do_not_count(n8n: FakeN8n) -> None:
    for name in "abc":
        n8n.add_team_project(f"Locked {name}", ada="viewer")
    for number in range(10):
        n8n.add_user(f"user{number}@example.com")
    users = [present(f"user{number}@example.com") for number in range(10)]
    options = {"users": users, "unlisted_users": "demote", "ignored_projects": ["Locked*"], "max_removals": 1}
    done = check_apply_reapply(n8n_access, n8n, **options)
    assert [change["action"] for change in done["plan"]] == ["change_user_role", *["remove_member"] * 3]


def test_new_record_is_refused_for_the_staged_account_under_a_previous_email(n8n: FakeN8n, tmp_path: Path) -> None:
    n8n.add_user(OLD, "global:chatUser")
    users = [present(NEW, previous_emails=[OLD]), present(ADA)]
    options = {"users": users, "unlisted_users": "staged", "state_path": str(tmp_path / "leavers.json")}
    with pytest.raises(InputError, match=f"look staged: {OLD}"):
        run(n8n_access, n8n, **options)


def test_new_record_is_created_although_an_ignored_user_looks_staged(n8n: FakeN8n, tmp_path: Path) -> None:
    n8n.add_user(BO, "global:chatUser")
    path = tmp_path / "leavers.json"
    options = {"users": [present(ADA), present(BO)], "ignored_users": ["bo@*"], "unlisted_users": "staged"}
    done = run(n8n_access, n8n, state_path=str(path), **options)
    assert path.exists() and any("creates it" in warning for warning in done["warnings"])


@pytest.mark.parametrize("leaves", [False, True])
def test_resources_of_the_old_account_go_to_the_new_one_unless_that_one_leaves(
    n8n: FakeN8n, tmp_path: Path, leaves: bool
) -> None:
    n8n.add_team_project("Archive")
    ids = {name: n8n.add_user(f"{name}@example.com", "global:chatUser") for name in ("old", "new")}
    for name, email in (("old", OLD), ("new", NEW)):
        n8n.owned[n8n.personal_project_id(email)] = [Workflow("workflow", f"w-{name}", "Bills")]
    status = "leaver" if leaves else "present"
    done = check_apply_reapply(
        n8n_access,
        n8n,
        users=[present(ADA), {"email": NEW, "status": status, "previous_emails": [OLD]}],
        unlisted_users="staged",
        state_path=store(tmp_path / "leavers.json", **(ids if leaves else {"old": ids["old"]})),
        transfer_to="Archive",
        max_removal_percent=100,
    )
    moved = {
        change["item"]["id"]: change["project"] for change in done["plan"] if change["action"] == "transfer_workflow"
    }
    assert moved == ({"w-old": "Archive", "w-new": "Archive"} if leaves else {"w-old": f"<{NEW}>"})
    assert OLD not in n8n.instance_roles() and (NEW in n8n.instance_roles()) == (not leaves)


@pytest.mark.parametrize(("previous", "protected"), [(OLIVIA, []), (ADA, ["ada@*"])])
def test_person_whose_account_is_only_reported_is_not_invited_under_the_new_email(
    n8n: FakeN8n, previous: str, protected: list[str]
) -> None:
    """The owner, the user of the key and protected users keep their account. A second one would be of no use."""
    n8n.add_team_project("Sales")
    users = [present(NEW, previous_emails=[previous], projects={"Sales": "viewer"})]
    done = run(n8n_access, n8n, users=users, protected_users=protected)
    assert done["plan"] == [] and [change["account"] for change in done["address_changes"]] == [previous]


def test_invitation_is_not_sent_again_to_a_user_in_the_record(n8n: FakeN8n, tmp_path: Path) -> None:
    user_id = n8n.add_user(BO, "global:chatUser", pending=True)
    n8n.add_user(NEW, pending=True)
    path = store(tmp_path / "leavers.json", bo=user_id)
    done = run(n8n_access, n8n, users=[{"email": BO}, {"email": NEW}], resend_invites=True, state_path=path)
    assert [(change["action"], change["user"]) for change in done["plan"]] == [("invite_user", NEW)]


def test_invitation_is_not_sent_again_to_a_user_of_single_sign_on(n8n: FakeN8n) -> None:
    """n8n reports these users as pending, because they have no password. A user with a name has signed in."""
    for email, name in ((BO, "Bo"), (NEW, None)):
        user_id = n8n.add_user(email, pending=True)
        n8n.users[user_id] = replace(n8n.users[user_id], first_name=name)
    options = {"users": [{"email": BO}, {"email": NEW}], "resend_invites": True}
    planned = run(n8n_access, n8n, check_mode=True, **options)
    assert n8n.writes == [] and planned["changed"]
    assert [change["user"] for change in planned["plan"]] == [NEW]
    assert [entry["user"] for entry in planned["pending"]] == [NEW]


def test_additive_list_of_onboard_removes_only_memberships_that_it_ends_by_name(n8n: FakeN8n) -> None:
    """The role onboard carries out such a plan, and refuses one that makes a user a chat user."""
    for name in ("Sales", "Support", "Third"):
        n8n.add_team_project(name, ada="viewer")
    ended = {"Sales": {"role": "editor", "until": "2026-10-31"}, "Support": {"state": "absent"}}
    done = check_apply_reapply(n8n_access, n8n, users=[{"email": ADA, "projects": ended}], max_removal_percent=100)
    assert [change["project"] for change in done["plan"]] == ["Sales", "Support"] and users_losing_access(
        done["plan"]
    ) == []
    assert ADA in n8n.memberships()["Third"]
    planned = run(n8n_access, n8n, check_mode=True, users=[{"email": ADA, "role": "chatUser"}], max_removal_percent=100)
    assert users_losing_access(planned["plan"]) == [ADA]


def test_leaver_who_does_not_exist_comes_with_a_similar_email(n8n: FakeN8n) -> None:
    n8n.add_user("grace.hopper@example.com")
    found = run(n8n_offboard, n8n, users=["grace.hoper@example.com", "u-1", ADA])["users"]
    assert [entry["similar"] for entry in found] == ["grace.hopper@example.com", None, None]


@pytest.mark.parametrize("module", [n8n_access, n8n_offboard])
def test_unknown_project_of_a_successor_comes_with_a_similar_name(n8n: FakeN8n, module: ModuleType) -> None:
    n8n.add_team_project("Sales Department")
    options: dict[str, Any] = {"users": [present(OLIVIA)], "unlisted_users": "demote", "max_removal_percent": 100}
    if module is n8n_offboard:
        options = {"users": [ADA], "action": "demote"}
    with pytest.raises(InputError, match='successor: project "Sales Departmen" does not exist. Did you mean "Sales De'):
        run(module, n8n, successor={"Sales Departmen": OLIVIA}, **options)
