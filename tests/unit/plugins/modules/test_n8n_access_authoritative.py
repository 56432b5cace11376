# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the fake with authoritative lists: removals, renamings, removal limits, approval, and failed runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.info_results import export
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import EVERYTHING
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain, check_apply_reapply, run

ADA, BO, CY, DI, EVE, FAY = (f"{name}@example.com" for name in ("ada", "bo", "cy", "di", "eve", "fay"))
BROKEN = ApiError("n8n refused: it is broken.", 501, "broken")
FAILED = {"plan", "summary", "digest", "requests", "conflicts", "done", "errors", "not_tried"}


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    for email in (ADA, BO, CY, DI):
        fake.add_user(email)
    fake.add_user(EVE, pending=True)
    fake.add_team_project("Sales", ada="admin", bo="editor", cy="viewer", di="viewer", eve="viewer")
    fake.add_team_project("Support", bo="admin", cy="viewer")
    fake.after_each_write = check_admins_remain(fake)
    return fake


def strict(**options: Any) -> dict[str, Any]:
    """Return options of an authoritative task without removal limits, with `options` taking precedence."""
    return {"authority": "authoritative", "max_removal_percent": 100, **options}


def project(name: str, _previous: str = "", **members: str) -> dict[str, Any]:
    members_of_sales = {f"{who}@example.com": role for who, role in members.items()}
    return {"name": name, "previous_names": [_previous] if _previous else [], "members": members_of_sales}


def test_lists_are_applied_to_empty_instance_once() -> None:
    n8n = FakeN8n()
    n8n.after_each_write = check_admins_remain(n8n)
    users = [{"email": ADA, "role": "admin"}, {"email": BO, "projects": {"Support": "editor"}}]
    projects = [
        project("Sales", ada="admin", bo="viewer"),
        project("Support", ada="admin", bo="editor", olivia="viewer"),
    ]
    done = check_apply_reapply(n8n_access, n8n, **strict(users=users, projects=projects))
    # The removal limits do not count the membership of the creator.
    assert run(n8n_access, FakeN8n(), authority="authoritative", users=users, projects=projects, max_removals=0)[
        "changed"
    ]
    assert {key: count for key, count in done["summary"].items() if count} == {
        "invite_user": 2,
        "create_project": 2,
        "add_member": 4,
        "change_member_role": 1,
        "remove_member": 1,
    }
    assert n8n.memberships() == {
        "Sales": {ADA: "project:admin", BO: "project:viewer"},
        "Support": {ADA: "project:admin", BO: "project:editor", OLIVIA: "project:viewer"},
    }


def test_export_with_uninvitable_email_is_unchanged(n8n: FakeN8n) -> None:
    n8n.add_user("root@localhost")
    n8n.roles_in[n8n.add_team_project("Ops")][n8n.id_of("root@localhost")] = "project:viewer"
    present = export(read(n8n, EVERYTHING))
    assert run(n8n_access, n8n, **strict(**present, unlisted_users="remove_memberships"))["plan"] == []
    done = check_apply_reapply(n8n_access, n8n, users=[{"email": "ROOT@localhost", "projects": {"Sales": "viewer"}}])
    assert [(change["action"], change["user"]) for change in done["plan"]] == [("add_member", "root@localhost")]


def test_swapped_project_names_are_refused_before_first_write(n8n: FakeN8n) -> None:
    sales, support = (next(p.id for p in n8n.all_projects.values() if p.name == name) for name in ("Sales", "Support"))
    swapped = [{"id": sales, "name": "Support"}, {"id": support, "name": "Sales"}]
    with pytest.raises(InputError, match="rename it in one run, and this project in the next run"):
        run(n8n_access, n8n, projects=swapped)
    assert n8n.writes == []
    for project_id, name in ((sales, "Former sales"), (support, "Sales"), (sales, "Support")):
        check_apply_reapply(n8n_access, n8n, projects=[{"id": project_id, "name": name}])
    assert [n8n.all_projects[key].name for key in (sales, support)] == ["Support", "Sales"]


def test_invalid_and_uninvitable_emails_are_refused(n8n: FakeN8n) -> None:
    users = [{"email": "fay@example.com"}, {"email": "root@localhost"}, {"email": "ignored@localhost"}]
    projects = [project("Sales"), {"name": "Ops", "members": {"ada@example,com": "viewer", "adm@localhost": "viewer"}}]
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, users=users, projects=projects, ignored_users=["ignored@*"])
    assert str(refused.value).splitlines() == [
        'projects[1] ("Ops"), members: "ada@example,com" is not an email address.',
    ]
    del projects[1]["members"]["ada@example,com"]
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, users=users, projects=projects, ignored_users=["ignored@*"])
    assert str(refused.value).splitlines() == [
        "n8n refuses to invite these email addresses. Correct each address, or remove its user from the list:",
        "users[1] (root@localhost): its domain has no dot.",
        'projects[1] ("Ops"), member adm@localhost: its domain has no dot.',
    ]
    assert n8n.writes == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_error_names_each_refused_email_with_position(n8n: FakeN8n, check_mode: bool) -> None:
    users = [{"email": f"p{number}{'#EXT#' if number % 2 else ''}@example.com"} for number in range(60)]
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, check_mode=check_mode, users=users)
    lines = str(refused.value).splitlines()
    assert len(lines) == 31 and n8n.writes == []
    for number, line in zip(range(1, 60, 2), lines[1:]):
        assert line.startswith(f"users[{number}] (p{number}#ext#@example.com): n8n does not accept # before the @")


def test_uninvitable_pending_user_is_refused_before_first_write(n8n: FakeN8n) -> None:
    n8n.add_user("fay!@example.com", pending=True)
    with pytest.raises(
        InputError, match="^n8n refuses .*\n.*email .fay!@example.com.: n8n does not accept ! before the @"
    ):
        run(n8n_user, n8n, email="fay!@example.com", resend_invite=True)
    assert n8n.writes == []


def test_role_change_renaming_and_removals_in_one_task(n8n: FakeN8n) -> None:
    users = [{"email": CY, "projects": {"Support": "editor"}}]
    projects = [project("Revenue", "Sales", ada="admin", bo="admin"), project("Support", bo="admin", cy="editor")]
    done = check_apply_reapply(
        n8n_access, n8n, **strict(users=users, projects=projects, unlisted_users="remove_memberships")
    )
    assert [(change["action"], change["user"], change["project"]) for change in done["plan"]] == [
        ("rename_project", None, "Sales"),
        ("change_member_role", BO, "Sales"),
        ("change_member_role", CY, "Support"),
        ("remove_member", CY, "Sales"),
        ("remove_member", DI, "Sales"),
        ("remove_member", EVE, "Sales"),
    ]
    assert done["diff"]["before"].splitlines() == [
        'project "Sales"',
        f'member of "Sales": {BO}: project:editor',
        f'member of "Sales": {CY}: project:viewer',
        f'member of "Sales": {DI}: project:viewer',
        f'member of "Sales": {EVE}: project:viewer',
        f'member of "Support": {CY}: project:viewer',
    ]
    assert done["diff"]["after"].splitlines() == [
        'project "Revenue"',
        f'member of "Revenue": {BO}: project:admin',
        f'member of "Support": {CY}: project:editor',
    ]
    # Olivia is the owner and the user of the API key, and stays.
    assert n8n.memberships() == {
        "Revenue": {OLIVIA: "project:admin", ADA: "project:admin", BO: "project:admin"},
        "Support": {OLIVIA: "project:admin", BO: "project:admin", CY: "project:editor"},
    }


def test_unlisted_users_are_demoted(n8n: FakeN8n) -> None:
    users = [{"email": email} for email in (ADA, BO, EVE)]
    done = check_apply_reapply(n8n_access, n8n, users=users, unlisted_users="demote", max_removal_percent=100)
    assert done["summary"]["change_user_role"] == 2 and done["summary"]["remove_member"] == 3
    assert {n8n.instance_roles()[email] for email in (CY, DI)} == {"global:chatUser"}
    assert n8n.memberships()["Support"] == {OLIVIA: "project:admin", BO: "project:admin"}


def test_protected_and_ignored_users_keep_memberships(n8n: FakeN8n) -> None:
    before = n8n.memberships()
    options = strict(projects=[project("Sales", bo="viewer")], protected_users=["B?@*", " ADA@example.com"])
    done = check_apply_reapply(n8n_access, n8n, **options, ignored_users=["[cd]*"])
    assert [change["user"] for change in done["plan"]] == [EVE]
    del before["Sales"][EVE]
    assert n8n.memberships() == before


# Exported access


def exported(n8n: FakeN8n) -> dict[str, Any]:
    """Return what n8n_access_info returns."""
    return export(read(n8n, EVERYTHING))


@pytest.mark.parametrize("unlisted", ["keep", "remove_memberships", "demote"])
@pytest.mark.parametrize("authority", ["additive", "authoritative"])
def test_export_is_applied_without_writes(n8n: FakeN8n, authority: str, unlisted: str) -> None:
    for name in ("Twin", "Twin", "   ", "Twin"):
        n8n.add_team_project(name, ada="viewer")
    n8n.add_team_project("Nobody's")
    key = n8n.create_project(n8n.add_team_project("Named like the other's id")).id
    n8n.roles_in[key] = {}
    n8n.writes.clear()
    everything = exported(n8n)
    for lists in (everything, {"users": everything["users"]}, {"projects": everything["projects"]}):
        if unlisted == "demote" and "users" not in lists:
            # The list of projects does not contain users without a project.
            continue
        done = run(n8n_access, n8n, **lists, authority=authority, unlisted_users=unlisted)
        assert not done["changed"] and done["plan"] == [] and n8n.writes == []
    assert exported(n8n) == everything


# Removal limits


def with_three_removals(**options: Any) -> dict[str, Any]:
    """Return options that remove three of six members of Sales. The limit does not count Olivia, who is protected."""
    return {"authority": "authoritative", "projects": [project("Sales", ada="admin", bo="editor")], **options}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            {},
            "3 removals and demotions of 12 memberships and users (25.0 %) are more than max_removal_percent (20); in project "
            '"Sales", 3 of 5 members (60.0 %) are more than max_removal_percent (20). Review the plan.',
        ),
        ({"max_removal_percent": 50}, 'Nothing was changed: in project "Sales", 3 of 5 members (60.0 %)'),
        (
            {"max_removal_percent": 100, "max_removals": 2},
            "3 removals and demotions are more than max_removals (2). Review the plan.",
        ),
        ({"approve": "0" * 64}, f"approve={'0' * 64} is the digest of another plan."),
    ],
)
def test_exceeded_removal_limit_stops_before_first_write_and_returns_plan(
    n8n: FakeN8n, limits: dict[str, Any], words: str, check_mode: bool
) -> None:
    failed = run(n8n_access, n8n, check_mode=check_mode, **with_three_removals(**limits))
    assert words in failed["msg"] and f"approve: {failed['digest']}" in failed["msg"]
    assert n8n.calls["write"] == 0 and not failed["changed"]
    assert failed.keys() >= FAILED
    assert (failed["done"], failed["errors"], failed["conflicts"]) == ([], [], [])
    assert failed["not_tried"] == failed["plan"] and [change["user"] for change in failed["plan"]] == [CY, DI, EVE]
    assert failed["diff"] == {"before": "", "after": ""}
    assert failed["summary"]["remove_member"] == 3


def test_digest_approves_only_its_own_plan(n8n: FakeN8n) -> None:
    digest = run(n8n_access, n8n, check_mode=True, **with_three_removals())["digest"]
    # A new member changes the plan.
    members_of_sales = n8n.roles_in[next(key for key, found in n8n.all_projects.items() if found.name == "Sales")]
    members_of_sales[n8n.add_user(FAY)] = "project:viewer"
    failed = run(n8n_access, n8n, **with_three_removals(approve=digest))
    assert "is the digest of another plan" in failed["msg"] and not n8n.writes
    done = check_apply_reapply(n8n_access, n8n, **with_three_removals(approve=failed["digest"]))
    assert done["digest"] == failed["digest"] and done["plan"] == failed["plan"]
    assert set(n8n.memberships()["Sales"]) == {OLIVIA, ADA, BO}


def test_partial_reading_is_completed_if_plan_removes_access(n8n: FakeN8n) -> None:
    n8n.add_team_project("Big", **dict.fromkeys(("ada", "bo", "cy", "di", "eve"), "viewer"))
    lower_role = {"projects": {"Support": "viewer"}}
    # The plan removes no access, so only the members of Support are read.
    run(n8n_access, n8n, check_mode=True, users=[{"email": CY, **lower_role}])
    assert n8n.calls["members"] == 1
    # The limit counts all twelve memberships of the instance, not the two of the listed project.
    done = run(n8n_access, n8n, users=[{"email": BO, **lower_role}])
    assert done["changed"] and [change["after"] for change in done["plan"]] == ["project:viewer"]
    failed = run(n8n_access, n8n, users=[{"email": BO, "projects": {"Sales": "viewer"}}], max_removal_percent=5)
    assert "1 removals and demotions of 17 memberships and users (5.9 %)" in failed["msg"]
    assert run(n8n_access, n8n, users=[{"email": BO, "projects": {"Sales": "viewer"}}])["changed"]


def test_instance_role_is_not_counted_as_membership_without_project_license(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:projectRole:admin")
    n8n.set_user_role(n8n.id_of(ADA), "global:admin")
    failed = run(n8n_access, n8n, users=[{"email": ADA, "role": "member"}], max_removal_percent=19)
    assert "1 removals and demotions of 5 memberships and users (20.0 %) are more than" in failed["msg"]
    assert run(n8n_access, n8n, users=[{"email": ADA, "role": "member"}], max_removal_percent=100)["changed"]


# Empty lists and invalid input


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {"users": [], "authority": "authoritative"},
        {"users": [], "projects": [], "unlisted_users": "remove_memberships"},
        {"projects": [{"name": "Sales", "members": {}, "authority": "authoritative"}]},
        {"users": [{"email": "svc@example.com"}], "authority": "authoritative", "ignored_users": ["svc@*"]},
    ],
)
def test_empty_lists_are_refused_before_first_call(n8n: FakeN8n, options: dict[str, Any], check_mode: bool) -> None:
    with pytest.raises(InputError, match="The lists name no users.*allow_empty=true"):
        run(n8n_access, n8n, check_mode=check_mode, **options)
    assert not n8n.calls
    # With allow_empty, the removal limits apply.
    run(n8n_access, n8n, check_mode=check_mode, **options, allow_empty=True)
    assert n8n.calls and n8n.calls["write"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_removal_percent": 101}, "max_removal_percent is 101"),
        ({"max_removals": -1}, "max_removals is -1"),
        ({"projects": [project("Sales", ada="viewer")]}, "has the role viewer, but users"),
    ],
)
def test_invalid_options_are_refused_before_first_call(n8n: FakeN8n, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(n8n_access, n8n, users=[{"email": ADA, "projects": {"Sales": "admin"}}], **options)
    assert not n8n.calls


# Incomplete runs


def test_next_run_makes_only_remaining_changes_after_failed_write(n8n: FakeN8n) -> None:
    # One invitation, one renaming, members of Sales, members of Support, and four removals.
    lists = {
        "users": [{"email": BO, "projects": {"Revenue": "editor"}}],
        "projects": [
            project("Revenue", "Sales", ada="admin", bo="editor", fay="viewer"),
            project("Support", ada="admin"),
        ],
    }
    options = strict(**lists, unlisted_users="remove_memberships")
    n8n.fail[4] = BROKEN
    failed = run(n8n_access, n8n, **options)
    assert failed["changed"] and failed.keys() >= FAILED and "it is broken" in failed["msg"]
    assert [(error["users"], [change["action"] for change in error["changes"]]) for error in failed["errors"]] == [
        ([ADA], ["add_member"])
    ]
    parts = [failed["done"], failed["not_tried"], failed["conflicts"], failed["errors"][0]["changes"]]
    assert sorted(map(str, sum(parts, []))) == sorted(map(str, failed["plan"]))
    # Olivia is protected, so Bo is not the last admin of Support and is removed.
    assert failed["not_tried"] == [] and BO not in n8n.memberships()["Support"]
    n8n.writes.clear()
    rest = run(n8n_access, n8n, **options)
    assert [write[0] for write in n8n.writes] == ["set_members"]
    assert [(change["action"], change["user"], change["project"]) for change in rest["plan"]] == [
        ("add_member", ADA, "Support")
    ]
    assert not run(n8n_access, n8n, **options)["changed"]


def test_concurrent_change_is_conflict_and_kept(n8n: FakeN8n) -> None:
    def other_client() -> None:
        sales = n8n.roles_in[next(key for key, found in n8n.all_projects.items() if found.name == "Sales")]
        sales[n8n.id_of(CY)] = "project:editor"

    n8n.before_call["write", 1] = other_client
    done = run(n8n_access, n8n, **with_three_removals(max_removal_percent=100, users=[{"email": FAY}]))
    assert done["changed"] and "failed" not in done
    assert [(entry["user"], entry["reason"]) for entry in done["conflicts"]] == [
        (CY, f"not changed: the role of {CY} is now project:editor")
    ]
    assert n8n.memberships()["Sales"].keys() == {OLIVIA, ADA, BO, CY}
    # The diff shows only applied changes.
    assert CY not in done["diff"]["before"] and DI in done["diff"]["before"]
    assert [change["before"] for change in run(n8n_access, n8n, **with_three_removals())["plan"]] == ["project:editor"]


def test_result_is_json_without_links(n8n: FakeN8n) -> None:
    done = run(n8n_access, n8n, **with_three_removals(max_removal_percent=100, users=[{"email": FAY}]))
    assert not any(link in json.dumps(done) for link in n8n.links.values()) and n8n.links
