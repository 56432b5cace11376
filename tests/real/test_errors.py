# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid input and failures on the real n8n: the error names the cause, and the task writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from n8n_server.server import OWNER, Server

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.tests.unit import module_runs
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.conftest import (
    certificate,
    no_proxy,
    server,
    tls_server,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
    json_response,
    text_response,
)

__all__ = ["certificate", "no_proxy", "server", "tls_server"]

ADA, BO = "ada@example.com", "bo@example.com"
COMMUNITY = "feat:projectRole:admin"
# The options of one task of every module.
TASKS: dict[str, dict[str, Any]] = {
    "n8n_user": {"email": "new@example.com"},
    "n8n_project": {"name": "New"},
    "n8n_project_member": {"project": "Sales", "user": ADA, "role": "admin"},
    "n8n_access": {"users": [{"email": "new@example.com", "projects": {"Sales": "viewer"}}]},
    "n8n_offboard": {"users": [ADA]},
}


@pytest.fixture
def company(n8n: Server) -> Server:
    """Ada is an active user and a viewer in Sales, Bo is pending, and two projects have the name Twin."""
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, BO)])
    links = {made["user"]["email"]: made["user"]["inviteAcceptUrl"] for made in invited}
    n8n.accept(links[ADA], "Ada", "L")
    for name in ("Sales", "Twin", "Twin"):
        project = n8n.api("POST", "/projects", {"name": name})
        relations = {"relations": [{"userId": user_id(n8n, ADA), "role": "project:viewer"}]}
        n8n.api("POST", f"/projects/{project['id']}/users", relations)
    return n8n


@pytest.fixture
def features(company: Server) -> Iterator[Server]:
    """The same server, reset after a test that turns off features that the test itself reads."""
    yield company
    company.reset()


def user_id(n8n: Server, email: str) -> str:
    return str(n8n.get(f"/users/{email}")["id"])


def project_id(n8n: Server, name: str) -> str:
    return next(str(project["id"]) for project in n8n.everything("/projects") if project["name"] == name)


def access_state(n8n: Server) -> object:
    """Return all users, projects and memberships, which tasks can change."""
    users = sorted((user["email"], user["role"]) for user in n8n.everything("/users", includeRole="true"))
    return users, sorted(project["id"] for project in n8n.everything("/projects")), n8n.memberships()


def run(module_name: str, **args: Any) -> dict[str, Any]:
    """Run a module as Ansible does. The environment variables contain the connection."""
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
    return module_runs.main(module, **{"retries": 1, **args})


def assert_refused(module_name: str, *words: str, **args: Any) -> None:
    """Run a module with and without check mode. Assert that it fails with these words and without a traceback."""
    for check_mode in (True, False):
        failed = run(module_name, check_mode=check_mode, diff=True, **args)
        assert failed.get("failed"), failed
        for word in words:
            assert word in failed["msg"]
        assert not failed.get("changed") and "exception" not in failed


def assert_refused_by_n8n(module_name: str, *words: str, **args: Any) -> None:
    """Assert that check mode succeeds and that n8n refuses the write with these words."""
    assert not run(module_name, check_mode=True, **args).get("failed")
    failed = run(module_name, diff=True, **args)
    assert failed.get("failed") and not failed.get("changed") and "exception" not in failed, failed
    for word in words:
        assert word in failed["msg"]


def assert_refused_in_check_mode_and_by_n8n(module_name: str, seen: str, by_n8n: str, **args: Any) -> None:
    """Assert that check mode finds the error in the list of roles and that n8n refuses the single write.

    Without check mode, the module sends a single write without reading the roles.
    """
    for check_mode, word in ((True, seen), (False, by_n8n)):
        failed = run(module_name, check_mode=check_mode, diff=True, **args)
        assert failed.get("failed") and not failed.get("changed") and "exception" not in failed, failed
        assert word in failed["msg"]


def test_missing_url_or_key_is_refused(company: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = access_state(company)
    for variable in ("N8N_API_KEY", "N8N_URL"):
        monkeypatch.delenv(variable)
        for name, args in TASKS.items():
            assert_refused(name, f"{variable} on the host where the task runs", **args)
    assert access_state(company) == before


def test_invalid_key_is_refused(company: Server) -> None:
    before = access_state(company)
    for name, args in TASKS.items():
        assert_refused(name, "(HTTP 401)", f"Check that api_key belongs to {company.url}", **args, api_key="not-a-key")
        assert_refused(name, "contains spaces or other characters", **args, api_key="not a key")
    assert access_state(company) == before


def test_key_without_required_scope_is_refused(company: Server) -> None:
    before = access_state(company)
    owner = company.login(OWNER)
    scopes = owner.call("GET", "/api-keys/scopes")
    tells_scopes = company.version.startswith("2.4")
    scope_message = (
        "The key lacks the scope {}. Create a key with this scope" if tells_scopes else "The key needs the scope {}"
    )

    def assert_refused_without(scope: str, module_name: str, by_n8n: bool = False, **args: Any) -> None:
        key = owner.api_key([granted for granted in scopes if granted != scope])
        # If n8n lists the scopes of a key, a missing scope of a write is known before the write.
        known = by_n8n and tells_scopes
        words = (scope_message.format(scope), *(() if known else ("(HTTP 403)",)))
        (assert_refused_by_n8n if by_n8n and not known else assert_refused)(module_name, *words, api_key=key, **args)

    assert_refused_without("user:read", "n8n_user", email="new@example.com")
    assert_refused_without("user:create", "n8n_user", by_n8n=True, email="new@example.com")
    assert_refused_without("user:changeRole", "n8n_user", by_n8n=True, email=ADA, role="admin")
    assert_refused_without("user:delete", "n8n_user", by_n8n=True, email=BO, state="absent")
    assert_refused_without("project:list", "n8n_project", name="New")
    assert_refused_without("project:create", "n8n_project", by_n8n=True, name="New")
    assert_refused_without("user:list", "n8n_access", **TASKS["n8n_access"])
    assert_refused_without("project:list", "n8n_offboard", **TASKS["n8n_offboard"])
    assert access_state(company) == before


READS = ["user:list", "user:read", "project:list"]
MOVES = ["credential:move", "workflow:move"]
COPIES = ["dataTable:create", "dataTable:delete", "dataTable:update", "dataTableRow:create", "dataTableRow:read"]
LISTS = ["credential:list", "dataTable:list", "workflow:list"]


def test_error_names_all_missing_scopes(company: Server, tmp_path: Path) -> None:
    before = access_state(company)
    owner = company.login(OWNER)
    tells_scopes = company.version.startswith("2.4")

    def assert_missing_scopes(
        granted: list[str], module_name: str, reading: list[str], writing: list[str], **args: Any
    ) -> None:
        """Assert that the error names all missing scopes, or with an older n8n those of the reading."""
        *others, last = sorted(reading + (writing if tells_scopes else []))
        named = f"scopes {', '.join(others)} and {last}" if others else f"scope {last}"
        message = (
            f"The key lacks the {named}. Create a key with"
            if tells_scopes
            else f"The key needs the {named}, and its user needs"
        )
        failed = [
            run(module_name, check_mode=check_mode, api_key=owner.api_key(granted), **args)
            for check_mode in (True, False)
        ]
        for result in failed:
            assert result.get("failed") and message in result["msg"] and result["msg"].count("The key") == 1

    user, project = {"email": ADA, "state": "absent"}, {"name": "Sales", "state": "absent"}
    assert_missing_scopes(READS, "n8n_user", LISTS, ["user:delete"], **user)
    assert_missing_scopes(READS, "n8n_user", LISTS, ["user:delete", *MOVES], transfer_to=BO, **user)
    assert_missing_scopes(
        READS, "n8n_user", LISTS, ["user:delete", *MOVES, *COPIES], transfer_to=BO, data_tables="copy", **user
    )
    # n8n 2.8.4 checks the license first, and this license does not include variables.
    variables = ["variable:list"] if tells_scopes else []
    assert_missing_scopes(READS, "n8n_project", [*LISTS, *variables], ["project:delete"], **project)
    assert_missing_scopes(READS, "n8n_offboard", LISTS, ["user:delete"], users=[ADA, BO], action="delete")
    assert_missing_scopes([*READS, "user:delete"], "n8n_offboard", LISTS, [], users=[ADA, BO], action="delete")
    # The key cannot read users or projects either.
    other = ["tag:list"]
    everywhere = ["project:list", "user:list"]
    assert_missing_scopes(other, "n8n_user", [*everywhere, "user:read", *LISTS], ["user:delete"], **user)
    assert_missing_scopes(other, "n8n_project", [*everywhere, *LISTS, *variables], ["project:delete"], **project)
    member = "project:manageMembers or project:update"
    listings = {"users": [ADA], "retries": 0}
    if tells_scopes:
        everywhere.append("user:read")
    assert_missing_scopes(other, "n8n_offboard", [*everywhere, *LISTS], ["user:delete"], action="delete", **listings)
    assert_missing_scopes(other, "n8n_offboard", [*everywhere, *LISTS], [member], **listings)
    assert_missing_scopes(
        other, "n8n_offboard", [*everywhere, *LISTS], [member, "user:changeRole"], action="demote", **listings
    )
    listed = {"users": [{"email": ADA, "projects": {}}], "authority": "authoritative"}
    assert_missing_scopes(other, "n8n_access", everywhere, [], **listed)
    assert access_state(company) == before


def test_absent_with_misspelled_name_warns_and_changes_nothing(company: Server, tmp_path: Path) -> None:
    before = access_state(company)
    user, project = f"User adda@example.com does not exist. Did you mean {ADA}?", "does not exist. Did you mean"

    def run_unchanged(module_name: str, **args: Any) -> str:
        """Run a module with and without check mode, assert that it changes nothing, and return its warnings."""
        module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
        all_warnings = []
        for check_mode in (True, False):
            result, warnings = module_runs.main_and_warnings(module, check_mode=check_mode, **args)
            assert not result.get("failed") and not result["changed"], result
            all_warnings.append(warnings)
        assert all_warnings[0] == all_warnings[1]
        return all_warnings[0]

    absent = {"state": "absent"}
    assert run_unchanged("n8n_user", email="Adda@example.com", **absent) == user
    assert run_unchanged("n8n_user", email="zoe@example.com", **absent) == ""
    assert run_unchanged("n8n_user", id="00000000-0000-4000-8000-000000000000", **absent) == ""
    for name in ("sales", " Sales ", "Salse"):
        assert run_unchanged("n8n_project", name=name, **absent) == f'Project "{name}" {project} "Sales"?'
        member = {"project": name, "user": ADA, **absent}
        assert run_unchanged("n8n_project_member", **member) == f'Project "{name}" {project} "Sales"?'
    assert run_unchanged("n8n_project", name="Support", **absent) == ""
    assert run_unchanged("n8n_project_member", project="Sales", user="adda@example.com", **absent) == user
    assert run_unchanged("n8n_project_member", project="Sales", user=BO, **absent) == ""
    staged = {"action": "staged", "state_path": str(tmp_path / "leavers.json")}
    for more in ({}, {"action": "demote"}, {"action": "delete"}, staged):
        assert run_unchanged("n8n_offboard", users=["adda@example.com", "zoe@example.com"], **more) == user
    # The existing user is also a leaver, so the other email is not a misspelling of it.
    assert user not in warnings_of("n8n_offboard", users=["adda@example.com", ADA], check_mode=True)
    # Without the scope that lists users, there is no hint and no error.
    owner = company.login(OWNER)
    key = owner.api_key([scope for scope in owner.call("GET", "/api-keys/scopes") if scope != "user:list"])
    assert run_unchanged("n8n_user", email="adda@example.com", api_key=key, **absent) == ""
    assert access_state(company) == before


def warnings_of(module_name: str, **args: Any) -> str:
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
    return module_runs.main_and_warnings(module, **args)[1]


def test_community_edition_supports_only_user_invitations(features: Server) -> None:
    before = access_state(features)
    features.feature(COMMUNITY, False)
    for name, args in TASKS.items():
        if name != "n8n_user":
            assert_refused(
                name,
                "Your license does not allow for feat:projectRole:admin",
                "Team projects need an n8n license",
                **args,
            )
    assert_refused(
        "n8n_user", "is not deleted: n8n does not show the personal project of this user", email=ADA, state="absent"
    )
    features.feature(COMMUNITY, True)
    assert access_state(features) == before
    # Invitations work on the community edition, and a second run changes nothing.
    features.feature(COMMUNITY, False)
    for check_mode, changed in ((True, True), (False, True), (False, False)):
        assert run("n8n_user", check_mode=check_mode, email="New@example.com", role="member")["changed"] is changed
    assert not run("n8n_access", users=[{"email": "new@example.com", "role": "member"}])["changed"]
    assert features.get("/users/new@example.com", includeRole="true")["role"] == "global:member"


def test_admin_role_without_advanced_permissions_is_refused(features: Server) -> None:
    before = access_state(features)
    features.feature("feat:advancedPermissions", False)
    # If n8n lists its roles, an unlicensed role is found before the first write.
    lists_roles = not features.version.startswith("2.8.")
    admin = {"email": "new@example.com", "role": "admin"}
    if lists_roles:
        for name, args in (
            ("n8n_user", admin),
            ("n8n_user", {"email": ADA, "role": "admin"}),
            ("n8n_access", {"users": [admin]}),
        ):
            seen = 'of this n8n does not include the role "global:admin"'
            assert_refused_in_check_mode_and_by_n8n(name, seen, "need an n8n license with advanced permissions", **args)
    else:
        advanced = "need an n8n license with advanced permissions"
        assert_refused_by_n8n("n8n_user", "Cannot invite admin user without advanced permissions", advanced, **admin)
        assert_refused_by_n8n(
            "n8n_user", "Your license does not allow for feat:advancedPermissions", advanced, email=ADA, role="admin"
        )
    assert_refused_by_n8n(
        "n8n_offboard", "Your license does not allow for feat:advancedPermissions", users=[ADA], action="demote"
    )
    assert access_state(features) == before


def test_exceeded_quotas_are_refused(features: Server) -> None:
    before = access_state(features)
    features.quota("maxTeamProjects", 1)
    assert_refused_by_n8n(
        "n8n_project", "maximum of 1 team projects", "number of team projects in the license is used up", name="New"
    )
    assert access_state(features) == before
    # With any limit of users, n8n refuses API requests for users.
    features.quota("users", 100)
    assert_refused(
        "n8n_user", "/users path can only be used with a valid license", "(HTTP 403)", email="new@example.com"
    )
    features.quota("users", -1)
    assert access_state(features) == before


def test_server_that_is_not_n8n_is_refused(server: ScriptedServer) -> None:
    for answer in (
        text_response("<h1>It works!</h1>"),
        text_response("<h1>Not found</h1>", 404),
        json_response({"hello": "world"}),
        json_response([]),
    ):
        server.on("*", answer)
        for name, args in TASKS.items():
            assert_refused(
                name, "is not that of the public API of n8n. Check url", **args, url=server.url, api_key="a-key"
            )
    assert {request.method for request in server.requests} == {"GET"}
    assert_refused("n8n_user", "could not be reached", email=ADA, url="http://127.0.0.1:9", api_key="a-key", retries=0)
    assert_refused("n8n_user", "is not the address of a server", email=ADA, url="n8n.example.com", api_key="a-key")


def copy_responses(n8n: Server, stub: ScriptedServer) -> dict[str, Any]:
    """Let `stub` return the same responses as n8n, and return the connection to it."""
    for path in (
        "/users",
        "/projects",
        *(f"/projects/{project['id']}/users" for project in n8n.everything("/projects")),
    ):
        stub.on(f"GET {path}", json_response(n8n.get(path, **({"includeRole": "true"} if path == "/users" else {}))))
    for email in (ADA, BO):
        user = n8n.get(f"/users/{email}", includeRole="true")
        for reference in (email.replace("@", "%40"), user["id"]):
            stub.on(f"GET /users/{reference}", json_response(user))
    return {"url": stub.url, "api_key": n8n.api_key}


def test_unsupported_n8n_version_is_refused(company: Server, server: ScriptedServer) -> None:
    connection = copy_responses(company, server)
    for project in company.everything("/projects"):
        server.on(f"GET /projects/{project['id']}/users", error_response(405, "GET method not allowed"))
    for name in ("n8n_project_member", "n8n_access", "n8n_offboard"):
        assert_refused(name, "This collection needs n8n 2.8.0 or later", "(HTTP 405)", **TASKS[name], **connection)
    assert {request.method for request in server.requests} == {"GET"}


def test_roles_managed_by_single_sign_on_are_refused(company: Server, server: ScriptedServer) -> None:
    connection = copy_responses(company, server)
    remedy = "Single sign-on manages this. Change it in the identity provider"
    projects = "Project roles are managed automatically and cannot be changed manually"
    instance = "Instance roles are managed automatically and cannot be changed manually"
    invites = "SSO is enabled, so users are managed by the Identity Provider and cannot be added through invites"
    sales = project_id(company, "Sales")
    server.on(f"POST /projects/{sales}/users", error_response(403, projects))
    server.on(f"DELETE /projects/{sales}/users/{user_id(company, ADA)}", error_response(403, projects))
    server.on(f"PATCH /users/{user_id(company, ADA)}/role", error_response(403, instance))
    server.on("POST /users", error_response(400, invites))
    server.on("GET /users/new%40example.com", error_response(404, "Could not find user with id: new@example.com"))
    member = {"project": "Sales", "user": ADA, **connection}
    assert_refused_by_n8n("n8n_project_member", projects, remedy, role="editor", **member)
    assert_refused_by_n8n("n8n_project_member", projects, remedy, state="absent", **member)
    assert_refused_by_n8n("n8n_user", instance, remedy, email=ADA, role="admin", **connection)
    assert_refused_by_n8n("n8n_user", invites, remedy, **TASKS["n8n_user"], **connection)
    assert_refused_by_n8n("n8n_access", invites, remedy, **TASKS["n8n_access"], **connection)


def test_unassignable_roles_are_refused(features: Server) -> None:
    before = access_state(features)
    member = {"project": "Sales", "user": ADA}
    listed = [{"email": ADA, "projects": {"Sales": "chief"}}]
    for name, args in (("n8n_project_member", {**member, "role": "chief"}), ("n8n_access", {"users": listed})):
        assert_refused(name, 'unknown or unassignable role "chief". Valid roles: ', "viewer", **args)
    assert_refused("n8n_user", 'unknown or unassignable role "boss". Valid roles: ', email=ADA, role="boss")
    assert_refused("n8n_user", "cannot become global:owner", email=ADA, role="owner")
    assert_refused("n8n_project_member", "project:no-such-role", **member, role="project:no-such-role")
    # If n8n does not list its roles, n8n itself refuses an unknown custom role.
    slug, lists_roles = "project:nobody-a1b2c3", not features.version.startswith("2.8.")
    (assert_refused if lists_roles else assert_refused_by_n8n)("n8n_project_member", slug, **member, role=slug)
    features.feature("feat:projectRole:editor", False)
    if lists_roles:
        seen = 'of this n8n does not include the role "project:editor"'
        license_remedy = "Choose a role that the license of this n8n includes."
        assert_refused_in_check_mode_and_by_n8n("n8n_project_member", seen, license_remedy, **member, role="editor")
    else:
        words = ("Your instance is not licensed to use role", "Choose a role that the license of this n8n includes.")
        assert_refused_by_n8n("n8n_project_member", *words, **member, role="editor")
    assert access_state(features) == before


def test_invalid_emails_and_blank_names_are_refused(company: Server) -> None:
    before = access_state(company)
    for email in ("ada", "ada@", "@example.com", "ada@example", "a b@example.com"):
        assert_refused("n8n_user", f'"{email}" is not an email address', email=email)
        words = {"ada@example": "domain has no dot"}
        assert_refused("n8n_access", "users[0]", words.get(email, "is not an email address"), users=[{"email": email}])
        if email in ("ada@", "@example.com", "a b@example.com"):
            # The email of an existing account can have any form of an email address.
            assert_refused("n8n_offboard", f'users[0]: "{email}" is not an email address', users=[email])
        if "@" in email:
            assert_refused(
                "n8n_project_member",
                f'user: "{email}" is not an email address',
                project="Sales",
                user=email,
                role="viewer",
            )
    for name in ("", "  ", "\t"):
        assert_refused("n8n_project", "a project needs a name that is not blank", name=name)
        assert_refused(
            "n8n_project_member", "a project needs a name that is not blank", project=name, user=ADA, role="viewer"
        )
        assert_refused(
            "n8n_access",
            "a project needs a name that is not blank",
            users=[{"email": ADA, "projects": {name: "viewer"}}],
        )
    assert_refused("n8n_project", "n8n accepts at most 255", name="x" * 256)
    assert access_state(company) == before


def test_missing_and_ambiguous_objects_are_refused(company: Server) -> None:
    before = access_state(company)
    twin_ids = sorted(str(project["id"]) for project in company.everything("/projects") if project["name"] == "Twin")
    words = f'Project "Twin" exists 2 times, with the ids {", ".join(twin_ids)}. Use the id instead of the name.'
    assert_refused("n8n_project", words, name="Twin")
    assert_refused("n8n_project", words, name="Twin", state="absent")
    assert_refused("n8n_project_member", words, project="Twin", user=ADA, role="admin")
    assert_refused("n8n_access", words, users=[{"email": ADA, "projects": {"Twin": "admin"}}])
    assert_refused("n8n_project_member", 'Project "Nowhere" does not exist', project="Nowhere", user=ADA, role="viewer")
    assert_refused(
        "n8n_project_member",
        'User "no@example.com" does not exist',
        project="Sales",
        user="no@example.com",
        role="viewer",
    )
    for reference in ("nobody", "11111111-1111-4111-8111-111111111111"):
        assert_refused("n8n_user", f'User "{reference}" does not exist', id=reference)
        assert not run("n8n_user", id=reference, state="absent")["changed"]
        assert not run("n8n_project_member", project="Sales", user=reference, state="absent")["changed"]
    assert not run("n8n_project", name="Nowhere", state="absent")["changed"]
    assert access_state(company) == before


def test_removal_of_owner_key_user_or_last_admin_is_refused(company: Server) -> None:
    before = access_state(company)
    for args in ({"email": OWNER}, {"id": user_id(company, OWNER)}):
        assert_refused("n8n_user", "is the owner of this n8n and cannot be removed", **args, state="absent")
    for action in ("remove_memberships", "demote", "delete"):
        assert_refused(
            "n8n_offboard", "is the owner of this n8n and cannot be removed", users=[BO, OWNER], action=action
        )
    assert_refused("n8n_user", "cannot be changed", email=OWNER, role="member")
    for args in ({"state": "absent"}, {"role": "viewer"}):
        assert_refused(
            "n8n_project_member",
            'Project "Sales"',
            "would be left without an admin",
            project="Sales",
            user=OWNER,
            **args,
        )
    assert access_state(company) == before
    company.api("PATCH", f"/users/{user_id(company, ADA)}/role", {"newRoleName": "global:admin"})
    before = access_state(company)
    key_of_ada = company.login(ADA).api_key()
    assert_refused(
        "n8n_user",
        "is the user whose API key is used and cannot be removed",
        email=ADA,
        state="absent",
        api_key=key_of_ada,
    )
    assert_refused(
        "n8n_offboard", "is the user whose API key is used and cannot be removed", users=[ADA], api_key=key_of_ada
    )
    assert_refused(
        "n8n_offboard",
        "is the owner of this n8n and cannot be removed",
        users=[OWNER],
        action="delete",
        api_key=key_of_ada,
    )
    assert access_state(company) == before


def test_deletion_of_resource_owners_is_refused(company: Server) -> None:
    made = company.api("POST", "/workflows", {"name": "Bills", "nodes": [], "connections": {}, "settings": {}})
    company.api("PUT", f"/workflows/{made['id']}/transfer", {"destinationProjectId": project_id(company, "Sales")})
    ada = Server(company.url, company.version, company.login(ADA).api_key())
    workflow_of_ada = ada.api("POST", "/workflows", {"name": "Hers", "nodes": [], "connections": {}, "settings": {}})[
        "id"
    ]
    before = access_state(company)
    assert_refused(
        "n8n_project",
        f'owns workflow "Bills" ({made["id"]}), which the deletion would destroy',
        name="Sales",
        state="absent",
    )
    assert_refused("n8n_user", f'owns workflow "Hers" ({workflow_of_ada})', email=ADA, state="absent")
    assert_refused("n8n_offboard", f'owns workflow "Hers" ({workflow_of_ada})', users=[BO, ADA], action="delete")
    assert access_state(company) == before


def test_unverifiable_tls_certificate_is_refused(tls_server: ScriptedServer, certificate: Path) -> None:
    for name, args in TASKS.items():
        assert_refused(
            name,
            "TLS certificate of",
            "cannot be verified",
            "ca_path",
            "validate_certs: false",
            **args,
            url=tls_server.url,
            api_key="a-key",
        )
    assert tls_server.requests == []
    tls_server.on("*", json_response({"data": [], "nextCursor": None}))
    for trust in ({"ca_path": str(certificate)}, {"validate_certs": False}):
        assert run("n8n_project", name="New", check_mode=True, url=tls_server.url, api_key="a-key", **trust)["changed"]
    assert_refused(
        "n8n_user",
        "ca_path /nowhere does not exist",
        email=ADA,
        url=tls_server.url,
        api_key="a-key",
        ca_path="/nowhere",
    )
