# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of leavers in runs of n8n_access and n8n_offboard: entries by id and by email, and entries that end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

ADA, OLD, BO = "ada@example.com", "old@example.com", "bo@example.com"
LIST: dict[str, Any] = {"now": "2026-11-10", "max_removal_percent": 100}
CUSTOM = "keeper-a1b2c3"


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_team_project("Sales")
    return fake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leavers.json"


def store(path: Path, user_id: str, email: str = ADA, **entry: Any) -> None:
    """Store a record with one entry, which has no staged_by unless it is given."""
    full = {"id": user_id, "email": email, "since": "2026-11-01T00:00:00Z", "role": "global:member", "memberships": []}
    path.write_text(json.dumps({"format": 1, "url": "http://n8n.invalid", "leavers": [{**full, **entry}]}), "utf-8")


def entries(path: Path) -> list[tuple[str, str, str]]:
    """Return the email, the day and the maker of each entry."""
    leavers = json.loads(path.read_text("utf-8"))["leavers"]
    return [(entry["email"], entry["since"][:10], entry["staged_by"]) for entry in leavers]


def person(email: str = ADA, **more: Any) -> dict[str, Any]:
    return {"email": email, "status": "present", "projects": {"Sales": "viewer"}, **more}


def test_other_account_of_an_offboarded_person_loses_its_access(n8n: FakeN8n, path: Path) -> None:
    """The account under the present email was deleted by n8n_offboard. The old account gets an entry of its own."""
    n8n.add_user(OLD)
    store(path, "u-deleted", deleted=True, staged_by="offboard")
    done = check_apply_reapply(n8n_access, n8n, users=[person(previous_emails=[OLD])], state_path=str(path), **LIST)
    assert [entry["user"] for entry in done["blocked"]] == [ADA]
    assert n8n.instance_roles()[OLD] == "global:chatUser" and OLD not in n8n.memberships()["Sales"]
    assert entries(path) == [(ADA, "2026-11-01", "offboard"), (OLD, "2026-11-10", "offboard")]


def test_person_whose_account_was_offboarded_under_a_previous_email_is_not_invited(n8n: FakeN8n, path: Path) -> None:
    n8n.add_user(BO)
    store(path, "u-deleted", OLD, deleted=True, staged_by="offboard")
    users = [person(previous_emails=[OLD]), person(BO)]
    done = run(n8n_access, n8n, users=users, unlisted_users="demote", state_path=str(path), **LIST)
    assert [(change["action"], change["user"]) for change in done["plan"]] == [("add_member", BO)]
    assert [entry["user"] for entry in done["blocked"]] == [ADA]
    assert entries(path) == [(OLD, "2026-11-01", "offboard")]
    # The entry ends when the list has neither the person nor the previous email.
    run(n8n_access, n8n, users=[person(BO)], unlisted_users="demote", state_path=str(path), **LIST)
    assert entries(path) == []


def test_entry_ends_for_a_listed_user_who_changed_the_email(n8n: FakeN8n, path: Path) -> None:
    user_id = n8n.add_user("countess@example.com", "global:chatUser")
    store(path, user_id, staged_by="sync")
    users = [person("countess@example.com", previous_emails=[ADA])]
    done = check_apply_reapply(n8n_access, n8n, users=users, state_path=str(path), **LIST)
    assert [entry["email"] for entry in done["lifted"]] == ["countess@example.com"] and not done["conflicts"]
    assert n8n.instance_roles()["countess@example.com"] == "global:member" and entries(path) == []


def test_leaver_who_takes_the_address_of_a_joiner_gets_nothing(n8n: FakeN8n, path: Path) -> None:
    """A chat user can change the own email in n8n without a confirmation."""
    user_id = n8n.add_user("joiner@example.com", "global:chatUser")
    key = n8n.add_team_project("Finance")
    store(path, user_id, role="global:admin", staged_by="sync")
    users = [person("joiner@example.com", projects={"Finance": "admin"}), person(ADA, status="leaver")]
    options = {"users": users, "unlisted_users": "staged", "state_path": str(path), **LIST}
    done = run(n8n_access, n8n, **options)
    assert (
        done["plan"] == [] and done["lifted"] == [] and n8n.instance_roles()["joiner@example.com"] == "global:chatUser"
    )
    assert any(ADA in warning and "previous emails" in warning for warning in done["warnings"])
    # Access that another user gives to the account is removed, and the record keeps the former address.
    n8n.set_members(key, {user_id: "project:viewer"})
    for _night in range(2):
        run(n8n_access, n8n, **options)
    assert "joiner@example.com" not in n8n.memberships()["Finance"] and [entry[0] for entry in entries(path)] == [ADA]


@pytest.mark.parametrize("option", ["ignored_users", "protected_users"])
def test_leaver_does_not_escape_by_an_address_that_a_pattern_matches(n8n: FakeN8n, path: Path, option: str) -> None:
    n8n.add_user(BO)
    store(path, n8n.add_user("ada@contractors.example.com", "global:chatUser"), staged_by="sync")
    options = {"unlisted_users": "staged", "state_path": str(path), option: ["*@contractors.example.com"], **LIST}
    done = run(n8n_access, n8n, users=[person(BO)], **options, data_tables="delete", grace_days=1)
    assert [leaver["user"] for leaver in done["leavers"]] == ["ada@contractors.example.com"]
    assert "ada@contractors.example.com" not in n8n.instance_roles()


def test_returning_user_whose_custom_roles_do_not_exist_does_not_stop_the_list(n8n: FakeN8n, path: Path) -> None:
    user_id = n8n.add_user(ADA, "global:chatUser")
    n8n.add_user(BO)
    other = n8n.add_team_project("Support")
    memberships = [{"id": other, "name": "Support", "role": f"project:{CUSTOM}"}]
    store(path, user_id, role=f"global:{CUSTOM}", memberships=memberships, staged_by="sync")
    done = check_apply_reapply(n8n_access, n8n, users=[person(), person(BO)], state_path=str(path), **LIST)
    assert {change["user"] for change in done["plan"]} == {ADA, BO} and entries(path) == []
    assert len([warning for warning in done["warnings"] if "no longer exists" in warning]) == 2


def test_ignored_project_gets_no_member_back_from_the_record(n8n: FakeN8n, path: Path) -> None:
    user_id = n8n.add_user(ADA, "global:chatUser")
    key = n8n.add_team_project("Locked vault")
    memberships = [{"id": key, "name": "Locked vault", "role": "project:viewer"}]
    store(path, user_id, memberships=memberships, staged_by="sync")
    options = {"users": [person()], "ignored_projects": ["Locked*"], "state_path": str(path), **LIST}
    done = check_apply_reapply(n8n_access, n8n, **options)
    assert ADA in n8n.memberships()["Sales"] and ADA not in n8n.memberships()["Locked vault"]
    assert any("Locked vault" in warning and "project:viewer" in warning for warning in done["warnings"])


def test_offboarding_an_account_that_was_made_anew_keeps_one_entry(n8n: FakeN8n, path: Path) -> None:
    """With two entries under one email, a restore would end only one of them."""
    path.write_text('{"format": 1, "url": "http://n8n.invalid", "leavers": []}', "utf-8")
    options = {"users": [ADA], "action": "delete", "delete_resources": True, "state_path": str(path)}
    n8n.add_user(ADA)
    assert not any("ends" in warning for warning in run(n8n_offboard, n8n, **options)["warnings"])
    n8n.add_user(ADA)
    planned, done = run(n8n_offboard, n8n, check_mode=True, **options), run(n8n_offboard, n8n, **options)
    assert planned["diff"] == done["diff"] and planned["warnings"] == done["warnings"]
    assert any(ADA in warning and "new account" in warning for warning in done["warnings"])
    assert [(email, by) for email, _since, by in entries(path)] == [(ADA, "offboard")]


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "staged"])
def test_offboarding_reports_the_entry_of_an_account_that_was_deleted_by_hand(
    n8n: FakeN8n, path: Path, action: str
) -> None:
    n8n.add_user(BO)
    store(path, "u-deleted")
    done = run(n8n_offboard, n8n, users=[BO], action=action, state_path=str(path))
    assert any(ADA in warning and "deleted by other means" in warning for warning in done["warnings"])
    assert ADA not in [email for email, _since, _by in entries(path)]


def test_deletion_says_that_it_creates_the_record(n8n: FakeN8n, path: Path) -> None:
    n8n.add_user(ADA)
    options = {"users": [ADA], "delete_resources": True, "state_path": str(path)}
    done = run(n8n_offboard, n8n, action="delete", **options)
    assert [warning for warning in done["warnings"] if str(path) in warning and "creates it" in warning]
    assert [email for email, _since, _by in entries(path)] == [ADA]


def test_offboarding_a_user_whose_open_invitation_sync_deleted_changes_the_maker(n8n: FakeN8n, path: Path) -> None:
    """Otherwise the entry would end when the person is listed again."""
    store(path, "u-deleted", deleted=True, staged_by="sync")
    run(n8n_offboard, n8n, users=[ADA], state_path=str(path))
    assert entries(path) == [(ADA, "2026-11-01", "offboard")]


PARKED = "global:parked"


def park(n8n: FakeN8n, path: Path, now: str = "2026-11-01") -> dict[str, Any]:
    """Stage Ada with a custom role without scopes."""
    options = {"users": [ADA], "action": "staged", "demote_role": PARKED, "data_tables": "delete"}
    return run(n8n_offboard, n8n, state_path=str(path), now=now, **options)


def parked_entry(path: Path) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(path.read_text("utf-8"))["leavers"][0]
    return {key: entry.get(key) for key in ("since", "role", "demoted_role")}


def test_list_keeps_the_custom_demote_role_of_a_staged_user(n8n: FakeN8n, path: Path) -> None:
    """The role is no new access, so the date and the former role stay in the record."""
    n8n.custom_roles = {PARKED: "Parked"}
    for email in (ADA, BO):
        n8n.add_user(email)
    park(n8n, path)
    entry = {"since": "2026-11-01T00:00:00Z", "role": "global:member", "demoted_role": PARKED}
    leavers = {"unlisted_users": "staged", "data_tables": "delete", "state_path": str(path), "grace_days": 20}
    assert parked_entry(path) == entry
    for _night in range(2):
        run(n8n_access, n8n, users=[person(BO)], **leavers, **LIST)
        assert not park(n8n, path, "2026-11-10")["changed"]
    assert parked_entry(path) == entry and n8n.instance_roles()[ADA] == PARKED
    run(n8n_access, n8n, users=[person(BO)], **leavers, **{**LIST, "now": "2026-11-21"})
    assert ADA not in n8n.instance_roles()


def test_custom_demote_role_is_recorded_for_a_user_whom_a_list_has_staged(n8n: FakeN8n, path: Path) -> None:
    n8n.custom_roles = {PARKED: "Parked"}
    for email in (ADA, BO):
        n8n.add_user(email)
    leavers = {"unlisted_users": "staged", "data_tables": "delete", "state_path": str(path)}
    run(n8n_access, n8n, users=[person(BO)], **leavers, **LIST)
    park(n8n, path, "2026-11-12")
    assert parked_entry(path) == {"since": "2026-11-10T00:00:00Z", "role": "global:member", "demoted_role": PARKED}
    assert not run(n8n_access, n8n, users=[person(BO)], **leavers, **{**LIST, "now": "2026-11-12"})["changed"]


def test_only_approved_refuses_an_unapproved_change_of_the_record(n8n: FakeN8n, path: Path) -> None:
    """The plan has no change of n8n, because the recorded access is that of a chat user."""
    store(path, n8n.add_user(ADA, "global:chatUser"), role="global:chatUser", staged_by="sync")
    users = [{"email": ADA, "status": "present", "projects": {}}]
    options = {"users": users, "state_path": str(path), "only_approved": True, **LIST}
    refused = run(n8n_access, n8n, approve="0" * 64, **options)
    assert "the plan differs from the approved one" in refused["msg"]
    assert refused["plan"] == [] and len(entries(path)) == 1
    run(n8n_access, n8n, approve=refused["digest"], **options)
    assert entries(path) == []


def test_resend_invites_skips_users_in_the_record_and_users_of_single_sign_on(n8n: FakeN8n, path: Path) -> None:
    """n8n shows a user of single sign-on as pending, but with a first name."""
    store(path, n8n.add_user(ADA, "global:chatUser", pending=True), staged_by="sync")
    signed_in = n8n.add_user(BO, pending=True)
    n8n.users[signed_in] = replace(n8n.users[signed_in], first_name="Bo")
    n8n.add_user(OLD, pending=True)
    users = [{"email": email} for email in (ADA, BO, OLD)]
    done = run(n8n_access, n8n, users=users, resend_invites=True, state_path=str(path), **LIST)
    assert [(change["action"], change["user"]) for change in done["plan"]] == [("invite_user", OLD)]


def test_entry_of_a_deleted_user_belongs_to_the_changed_email(n8n: FakeN8n, path: Path) -> None:
    """The address of the staging may be the address of another user by then."""
    n8n.add_user(OLD)
    run(n8n_offboard, n8n, users=[OLD], action="staged", state_path=str(path), now="2026-11-01")
    n8n.rename(OLD, ADA)
    run(n8n_offboard, n8n, users=[ADA], action="delete", state_path=str(path))
    assert entries(path) == [(ADA, "2026-11-01", "offboard")]
    done = run(n8n_access, n8n, users=[person(), person(OLD)], state_path=str(path), **LIST)
    assert {change["user"] for change in done["plan"]} == {OLD}


def test_restore_does_not_give_access_to_a_new_account_with_a_former_email(n8n: FakeN8n, path: Path) -> None:
    n8n.add_user(OLD, "global:admin")
    run(n8n_offboard, n8n, users=[OLD], action="staged", state_path=str(path), now="2026-11-01")
    n8n.rename(OLD, ADA)
    n8n.add_user(OLD)
    done = run(n8n_access, n8n, users=[{"email": OLD}], restore=True, state_path=str(path), **LIST)
    assert done["restored"] == [] and n8n.instance_roles()[OLD] == "global:member" and len(entries(path)) == 1
