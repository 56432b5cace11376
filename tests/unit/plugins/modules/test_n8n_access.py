# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_access on the fake, and main() of all modules on it."""

from __future__ import annotations

import json
import stat
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.lifecycle.n8n.plugins.module_utils import _module
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import client as _client
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_admins_remain, check_apply_reapply, main, run

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
MODULES: dict[str, dict[str, Any]] = {
    "n8n_user": {"email": ADA},
    "n8n_project": {"name": "Sales"},
    "n8n_project_member": {"project": "Sales", "user": ADA, "role": "viewer"},
    "n8n_access": {"users": [{"email": ADA}]},
    "n8n_offboard": {"users": [ADA]},
}

# The name in messages, in quotes and with escaped quotes.
QUOTED_NAME = r'"Sales \"ü\""'


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(BO)
    fake.add_team_project("Support", bo="viewer")
    fake.after_each_write = check_admins_remain(fake)
    return fake


def test_equal_paths_are_refused_before_the_first_write(n8n: FakeN8n, tmp_path: Path) -> None:
    """The path in the message is normalized. No file is created or changed."""
    paths = {"state_path": f"{tmp_path}/x", "invites_path": f"{tmp_path}/folder/../x"}
    with pytest.raises(InputError) as error:
        run(n8n_access, n8n, users=[{"email": ADA}], unlisted_users="staged", **paths)
    assert str(error.value) == (
        f'state_path and invites_path are the same path "{tmp_path}/x". Set another path for each file.'
    )
    assert n8n.writes == [] and list(tmp_path.iterdir()) == []


def test_users_projects_and_memberships_are_created_and_changed(n8n: FakeN8n) -> None:
    users = [
        {"email": "ADA@Example.com", "role": "member", "projects": {'Sales "ü"': "editor", "Support": "viewer"}},
        {"email": BO, "projects": {"Support": "project:admin"}},
    ]
    done = check_apply_reapply(n8n_access, n8n, users=users)
    assert n8n.instance_roles() == {OLIVIA: "global:owner", BO: "global:member", ADA: "global:member"}
    assert n8n.memberships() == {
        "Support": {OLIVIA: "project:admin", BO: "project:admin", ADA: "project:viewer"},
        'Sales "ü"': {OLIVIA: "project:admin", ADA: "project:editor"},
    }
    assert [change["action"] for change in done["plan"]] == [
        "invite_user",
        "create_project",
        "add_member",
        "add_member",
        "change_member_role",
    ]
    assert {key: count for key, count in done["summary"].items() if count} == {
        "invite_user": 1,
        "create_project": 1,
        "add_member": 2,
        "change_member_role": 1,
    }
    assert done["diff"] == {
        "before": f'member of "Support": {BO}: project:viewer\n',
        "after": f"user {ADA}: global:member\nproject {QUOTED_NAME}\nmember of {QUOTED_NAME}: {ADA}: project:editor\n"
        f'member of {QUOTED_NAME}: {OLIVIA}: project:admin\nmember of "Support": {ADA}: project:viewer\n'
        f'member of "Support": {BO}: project:admin\n',
    }
    assert done["conflicts"] == [] and len(done["digest"]) == 64


def test_empty_user_list_changes_nothing(n8n: FakeN8n) -> None:
    done = run(n8n_access, n8n, users=[])
    assert not done["changed"] and done["plan"] == [] and not n8n.writes


def test_additions_and_role_changes_of_project_are_one_call(n8n: FakeN8n) -> None:
    for number in range(40):
        n8n.add_user(f"p{number}@example.com")
    users = [{"email": f"p{number}@example.com", "projects": {"Support": "viewer"}} for number in range(40)]
    run(n8n_access, n8n, users=[*users, {"email": BO, "projects": {"Support": "editor"}}])
    assert len(n8n.writes) == 1 and len(n8n.writes[0][2]) == 41


def test_300_users_are_invited_in_batches(n8n: FakeN8n) -> None:
    users = [{"email": f"P{number}@example.com", "projects": {"Sales": "viewer"}} for number in range(300)]
    done = check_apply_reapply(n8n_access, n8n, users=users)
    assert done["summary"]["invite_user"] == done["summary"]["add_member"] == 300
    # The writes are two batches of invitations, one project, and two batches of members.
    assert n8n.calls["write"] == 5
    assert len(n8n.memberships()["Sales"]) == 301


def test_projects_are_not_read_if_none_is_listed(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:projectRole:admin")
    assert check_apply_reapply(n8n_access, n8n, users=[{"email": ADA}])["changed"]


def test_user_missing_from_overlapping_pages_is_not_invited_again(n8n: FakeN8n) -> None:
    n8n.not_listed.add(BO)
    done = run(n8n_access, n8n, users=[{"email": BO, "projects": {"Support": "viewer"}}])
    assert not done["changed"]
    assert not run(n8n_access, n8n, users=[{"email": BO}])["changed"]


def test_links_are_only_in_invites_file(n8n: FakeN8n, tmp_path: Path) -> None:
    file = tmp_path / "links.json"
    users = [{"email": ADA}, {"email": CY}]
    run(n8n_access, n8n, check_mode=True, users=users, invites_path=str(file))
    assert not file.exists()
    done = run(n8n_access, n8n, users=users, invites_path=str(file))
    assert json.loads(file.read_text("utf-8")) == n8n.links and n8n.links.keys() == {ADA, CY}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(link in str(done) for link in n8n.links.values())
    run(n8n_access, n8n, users=[{"email": "di@example.com"}], invites_path=str(file))
    assert json.loads(file.read_text("utf-8")) == n8n.links and len(n8n.links) == 3


def test_unsaved_links_cause_warning(n8n: FakeN8n) -> None:
    done = run(n8n_access, n8n, users=[{"email": ADA}, {"email": CY}])
    (warning,) = done["warnings"]
    assert warning.startswith(f"n8n sent no mail to {ADA}, {CY}. ") and "invites_path" in warning
    assert not any(link in str(done) for link in n8n.links.values())


def test_every_run_returns_listed_pending_users(n8n: FakeN8n) -> None:
    n8n.add_user(CY, pending=True)
    users = [{"email": email} for email in (ADA, BO, CY)]
    cy, ada = (
        {"user": email, "user_id": user_id, "invited_at": "2026-11-01T02:03:04Z"}
        for email, user_id in ((CY, n8n.id_of(CY)), (ADA, None))
    )
    for check_mode in (True, False):
        # Users whom this run invites are in the plan instead.
        assert run(n8n_access, n8n, check_mode=check_mode, users=users)["pending"] == [cy]
    again = run(n8n_access, n8n, users=users)
    assert again["pending"] == [{**ada, "user_id": n8n.id_of(ADA)}, cy]
    assert not again["changed"] and again["warnings"] == []
    n8n.accept(CY)
    assert [entry["user"] for entry in run(n8n_access, n8n, users=users)["pending"]] == [ADA]
    assert run(n8n_access, n8n, users=users, ignored_users=["ada@*"])["pending"] == []


def test_failed_run_returns_pending_users(n8n: FakeN8n) -> None:
    n8n.add_user(CY, pending=True)
    n8n.fail[1] = ApiError("n8n refused: it is broken.", 501, "broken")
    users = [{"email": CY, "projects": {"Support": "viewer"}}]
    failed = run(n8n_access, n8n, users=users)
    assert failed["msg"] and [entry["user"] for entry in failed["pending"]] == [CY]
    limited = run(n8n_access, n8n, users=users, authority="authoritative", unlisted_users="demote", max_removals=0)
    assert limited["msg"] and [entry["user"] for entry in limited["pending"]] == [CY]


def test_links_are_saved_if_later_write_fails(n8n: FakeN8n, tmp_path: Path) -> None:
    n8n.fail[2] = ApiError("n8n refused: it is broken.", 501, "broken")
    file = tmp_path / "links.json"
    failed = run(n8n_access, n8n, users=[{"email": ADA, "projects": {"Support": "viewer"}}], invites_path=str(file))
    assert failed["changed"] and [change["action"] for change in failed["done"]] == ["invite_user"]
    assert failed["errors"][0]["users"] == [ADA] and failed["not_tried"] == [] and failed["plan"] and failed["digest"]
    assert "1 of 2 changes were made, 1 failed" in failed["msg"]
    assert json.loads(file.read_text("utf-8")) == n8n.links
    assert not any(link in str(failed) for link in n8n.links.values())


def test_unwritable_invites_path_is_refused_before_first_call(n8n: FakeN8n, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a writable folder"):
        run(n8n_access, n8n, users=[{"email": ADA}], invites_path=str(tmp_path / "nowhere" / "links.json"))
    assert not n8n.calls


def test_error_names_all_invalid_input(n8n: FakeN8n) -> None:
    n8n.add_team_project("Twin")
    n8n.add_team_project("Twin")
    users = [
        {"email": "ada", "projects": {"Support": "viewer"}},
        {"email": BO, "projects": {" ": "viewer", "Support": ""}},
        {"email": BO.upper()},
    ]
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, users=users)
    for words in (
        '"ada" is not an email address',
        "not blank",
        "a membership requires a role",
        "List each user once",
    ):
        assert words in str(refused.value)
    users = [
        {"email": ADA},
        {"email": CY, "role": "boss"},
        {"email": BO, "role": "owner", "projects": {"Twin": "viewer", "Support": "chief", "Nowhere": "viewer"}},
    ]
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, users=users, missing_users="fail", create_projects=False)
    for words in (
        f'User "{ADA}" does not exist',
        'unknown or unassignable role "boss"',
        "cannot become global:owner",
        'Project "Twin" exists 2 times',
        'unknown or unassignable role "chief"',
        'Project "Nowhere" does not exist',
    ):
        assert words in str(refused.value)
    assert n8n.calls["write"] == 0


def test_project_listed_only_for_ignored_user_is_not_created(n8n: FakeN8n) -> None:
    n8n.add_user(CY)
    users = [
        {"email": CY, "projects": {"Sales": "viewer"}},
        {"email": ADA, "projects": {"Sales": "viewer", "Support": "viewer"}},
    ]
    options = {"users": users, "ignored_users": ["cy@*", "ada@*"]}
    assert run(n8n_access, n8n, **options)["plan"] == []
    # The unlisted project is not reported as missing.
    assert run(n8n_access, n8n, **options, create_projects=False, missing_users="fail")["plan"] == []
    assert set(n8n.memberships()) == {"Support"}
    # The project is created for another user, and ignored users do not become members of it.
    users.append({"email": BO, "projects": {"Sales": "viewer"}})
    run(n8n_access, n8n, **options, projects=[{"name": "Ops", "members": {n8n.id_of(CY): "admin"}}])
    assert n8n.memberships()["Sales"].keys() == {OLIVIA, BO} and n8n.memberships()["Ops"].keys() == {OLIVIA}


def test_name_of_personal_project_is_refused(n8n: FakeN8n) -> None:
    name = f"<{BO}>"
    users = [{"email": BO, "projects": {name: "viewer"}}]
    for options in ({}, {"create_projects": False}):
        with pytest.raises(InputError, match=f'^Project "{name}" is a personal project'):
            run(n8n_access, n8n, users=users, **options)
    # An existing or listed team project of this name takes precedence.
    run(n8n_access, n8n, users=users, projects=[{"name": name}])
    assert n8n.memberships()[name] == {OLIVIA: "project:admin", BO: "project:viewer"}
    assert run(n8n_access, n8n, users=users)["plan"] == []


def test_invalid_role_of_rule_is_reported_once_with_rule(n8n: FakeN8n) -> None:
    granted_by = {"role": "Staff", "projects": {"Support": 'All of "us"'}}
    users: list[dict[str, Any]] = [
        {"email": f"u{number}@example.com", "role": "membr", "projects": {"Support": "edtor"}, "granted_by": granted_by}
        for number in range(30)
    ]
    users.append({"email": BO, "role": "membr", "projects": {"Support": "edtor"}})
    with pytest.raises(InputError) as refused:
        run(n8n_access, n8n, users=users)
    assert [line.partition(". Valid roles")[0] for line in str(refused.value).splitlines()] == [
        'rule "Staff", role: unknown or unassignable role "membr"',
        f'users[30] ({BO}): unknown or unassignable role "membr"',
        'rule "All of \\"us\\"", project "Support": unknown or unassignable role "edtor"',
        f'users[30] ({BO}), project "Support": unknown or unassignable role "edtor"',
    ]
    assert n8n.writes == []


def test_owner_keeps_role_with_warning(n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_module, "Api", lambda client: n8n)
    warnings: list[str] = []
    # In the process of the controller code, the result does not contain warnings.
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda self, warning: warnings.append(warning))
    args: dict[str, Any] = {
        "url": "http://n8n.invalid",
        "api_key": "key",
        "users": [{"email": OLIVIA, "role": "member"}],
    }
    done = main(n8n_access, **args)
    assert not done["changed"] and [OLIVIA in warning and "keeps" in warning for warning in warnings] == [True]


def test_unlicensed_role_is_refused_before_first_write(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:projectRole:editor")
    users = [{"email": ADA}, {"email": BO, "projects": {"Support": "editor"}}]
    for check_mode in (True, False):
        with pytest.raises(InputError, match='does not include the role "project:editor"'):
            run(n8n_access, n8n, check_mode=check_mode, users=users)
    assert n8n.calls["write"] == 0


def test_result_contains_server_and_done_changes(n8n: FakeN8n) -> None:
    planned = run(n8n_access, n8n, check_mode=True, users=[{"email": ADA}])
    assert planned["plan"] and planned["done"] == [] and planned["server"]
    done = run(n8n_access, n8n, users=[{"email": ADA}])
    assert done["done"] == done["plan"] == planned["plan"] and done["server"] == planned["server"]


def test_only_approved_plan_is_applied(n8n: FakeN8n) -> None:
    wanted: dict[str, Any] = {"users": [{"email": BO, "projects": {"Support": "editor"}}]}
    digest = run(n8n_access, n8n, check_mode=True, **wanted)["digest"]
    more = {"users": [*wanted["users"], {"email": ADA}]}
    for check_mode in (True, False):
        # This plan removes no access, so no removal limit stops it.
        refused = run(n8n_access, n8n, check_mode=check_mode, approve=digest, only_approved=True, **more)
        assert "differs from the approved one" in refused["msg"] and refused["digest"] in refused["msg"]
        assert refused["not_tried"] == refused["plan"] and refused["done"] == []
    assert n8n.calls["write"] == 0
    done = run(n8n_access, n8n, approve=f" {digest.upper()} ", only_approved=True, **wanted)
    assert done["digest"] == digest and [change["after"] for change in done["done"]] == ["project:editor"]
    # A run without changes succeeds.
    assert not run(n8n_access, n8n, approve=digest, only_approved=True, **wanted)["changed"]


@pytest.mark.parametrize("approve", [None, "", " "])
def test_only_approved_requires_approve(n8n: FakeN8n, approve: str | None) -> None:
    with pytest.raises(InputError, match="only_approved=true requires approve=DIGEST"):
        run(n8n_access, n8n, users=[{"email": ADA}], approve=approve, only_approved=True)
    assert not n8n.calls


@pytest.fixture
def connected_to_fake(n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("N8N_URL", "N8N_API_URL", "N8N_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_module, "Api", lambda client: n8n)


@pytest.mark.usefixtures("connected_to_fake")
@pytest.mark.parametrize("name", MODULES)
class TestMain:
    """main() of every module, from the arguments to the printed JSON."""

    @staticmethod
    def run(name: str, **args: Any) -> dict[str, Any]:
        return main(
            import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}"), **{**MODULES[name], **args}
        )

    def test_missing_url_is_refused(self, name: str) -> None:
        failed = self.run(name, api_key="key")
        assert failed["failed"] and "Set url, or the environment variable N8N_URL" in failed["msg"]

    def test_missing_key_is_refused(self, name: str) -> None:
        failed = self.run(name, url="http://n8n.invalid")
        assert failed["failed"] and "Set api_key, or the environment variable N8N_API_KEY" in failed["msg"]

    def test_missing_requests_library_is_reported(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (_module, _client):
            monkeypatch.setattr(module, "REQUESTS_IMPORT_ERROR", ImportError("No module named 'requests'"))
        failed = self.run(name, url="http://n8n.invalid", api_key="key")
        assert failed["failed"] and "Failed to import the required Python library (requests)" in failed["msg"]

    def test_connection_is_read_from_environment(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("N8N_API_URL", "http://n8n.invalid/api/v1/")
        monkeypatch.setenv("N8N_API_KEY", "a-secret-key")
        done = self.run(name, diff=True)
        assert "could not be reached" not in str(done) and "a-secret-key" not in str(done).replace("'api_key'", "")

    def test_error_message_has_no_traceback(self, name: str, n8n: FakeN8n, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail_to_read(_needs: object) -> None:
            raise N8nError("It is broken: mend it.")

        monkeypatch.setattr(Task, "read", lambda self, request: fail_to_read(request))
        failed = self.run(name, url="http://n8n.invalid", api_key="key")
        assert failed["failed"] and failed["msg"] == "It is broken: mend it."
        assert not failed["changed"] and "exception" not in failed and "diff" not in failed

    def test_check_mode_writes_nothing(self, name: str, n8n: FakeN8n) -> None:
        self.run(name, url="http://n8n.invalid", api_key="key", check_mode=True, diff=True)
        assert n8n.calls["write"] == 0 and n8n.calls


@pytest.mark.usefixtures("connected_to_fake")
def test_failed_run_prints_completed_changes(n8n: FakeN8n) -> None:
    n8n.fail[2] = ApiError("n8n refused: it is broken.", 501, "broken")
    users = [{"email": ADA, "projects": {"Support": "viewer"}}]
    failed = main(n8n_access, url="http://n8n.invalid", api_key="key", diff=True, users=users)
    assert failed["failed"] and failed["changed"] and "it is broken" in failed["msg"]
    assert failed.keys() >= {
        "plan",
        "summary",
        "digest",
        "requests",
        "conflicts",
        "done",
        "errors",
        "not_tried",
        "diff",
    }
    assert n8n.links[ADA] not in json.dumps(failed)


def test_null_lists_are_the_same_error_as_no_lists(n8n: FakeN8n) -> None:
    with pytest.raises(InputError) as error:
        run(n8n_access, n8n, users=None, projects=None)
    assert str(error.value) == "one of the following is required: users, projects"
    assert n8n.client.requests == 0


def test_person_whose_address_is_refused_is_left_out_and_listed() -> None:
    """Without skip_refused_addresses, the address is an error. An account with such an address gets its access."""
    n8n = FakeN8n()
    n8n.add_team_project("A")
    n8n.add_user("old@intranet")
    users = [
        {"email": email, "projects": {"A": "viewer"}} for email in ("new@intranet", "old@intranet", "ada@example.com")
    ]
    with pytest.raises(InputError, match="new@intranet"):
        run(n8n_access, n8n, users=users)
    result = check_apply_reapply(n8n_access, n8n, users=users, skip_refused_addresses=True)
    assert result["refused_addresses"] == [{"user": "new@intranet", "reason": "its domain has no dot"}]
    assert set(n8n.memberships()["A"]) == {OLIVIA, "old@intranet", "ada@example.com"}


def test_member_of_a_project_whose_address_is_refused_is_left_out() -> None:
    n8n = FakeN8n()
    n8n.add_team_project("A")
    projects = [{"name": "A", "members": {"new@intranet": "viewer"}}]
    result = run(n8n_access, n8n, projects=projects, skip_refused_addresses=True)
    assert not result["changed"] and [entry["user"] for entry in result["refused_addresses"]] == ["new@intranet"]
