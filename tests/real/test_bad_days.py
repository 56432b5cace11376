# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad days on the real n8n: what a task says then, and that it has written nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from n8n_server.server import OWNER, Server

# Makes the collection importable.
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
# One task of every module, and what would come of it.
TASKS: dict[str, dict[str, Any]] = {
    "n8n_user": {"email": "new@example.com"},
    "n8n_project": {"name": "New"},
    "n8n_project_member": {"project": "Sales", "user": ADA, "role": "admin"},
    "n8n_access": {"users": [{"email": "new@example.com", "projects": {"Sales": "viewer"}}]},
    "n8n_offboard": {"users": [ADA]},
}


@pytest.fixture
def company(n8n: Server) -> Server:
    """Ada, who is active, is a viewer in Sales; Bo is invited; two projects are called Twin."""
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
    """The same, for tests that switch off what their own look at the server needs."""
    yield company
    company.reset()


def user_id(n8n: Server, email: str) -> str:
    return str(n8n.get(f"/users/{email}")["id"])


def project_id(n8n: Server, name: str) -> str:
    return next(str(project["id"]) for project in n8n.everything("/projects") if project["name"] == name)


def everything(n8n: Server) -> object:
    """What a task could change."""
    users = sorted((user["email"], user["role"]) for user in n8n.everything("/users", includeRole="true"))
    return users, sorted(project["id"] for project in n8n.everything("/projects")), n8n.memberships()


def run(module_name: str, **args: Any) -> dict[str, Any]:
    """Run a module as Ansible does; the connection is in the environment."""
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
    return module_runs.main(module, **{"retries": 1, **args})


def refused(module_name: str, *words: str, **args: Any) -> None:
    """Run a module for good and in check mode, and assert that it fails with these words and no traceback."""
    for check_mode in (True, False):
        failed = run(module_name, check_mode=check_mode, diff=True, **args)
        assert failed.get("failed"), failed
        for word in words:
            assert word in failed["msg"]
        assert not failed.get("changed") and "exception" not in failed


def refused_by_n8n(module_name: str, *words: str, **args: Any) -> None:
    """The same of what only n8n refuses, so that check mode does not know it."""
    assert not run(module_name, check_mode=True, **args).get("failed")
    failed = run(module_name, diff=True, **args)
    assert failed.get("failed") and not failed.get("changed") and "exception" not in failed, failed
    for word in words:
        assert word in failed["msg"]


def refused_before_or_by_n8n(module_name: str, seen: str, by_n8n: str, **args: Any) -> None:
    """Check mode sees it in the list of roles. A single write is sent without a look there, and n8n refuses it."""
    for check_mode, word in ((True, seen), (False, by_n8n)):
        failed = run(module_name, check_mode=check_mode, diff=True, **args)
        assert failed.get("failed") and not failed.get("changed") and "exception" not in failed, failed
        assert word in failed["msg"]


def test_no_url_and_no_key(company: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(company)
    for variable in ("N8N_API_KEY", "N8N_URL"):
        monkeypatch.delenv(variable)
        for name, args in TASKS.items():
            refused(name, f"{variable} on the host that runs the module", **args)
    assert everything(company) == before


def test_a_wrong_key(company: Server) -> None:
    before = everything(company)
    for name, args in TASKS.items():
        refused(name, "(HTTP 401)", f"Check that api_key belongs to {company.url}", **args, api_key="not-a-key")
        refused(name, "contains spaces or other characters", **args, api_key="not a key")
    assert everything(company) == before


def test_a_key_without_the_scope(company: Server) -> None:
    before = everything(company)
    owner = company.login(OWNER)
    scopes = owner.call("GET", "/api-keys/scopes")
    tells_scopes = company.version.startswith("2.4")
    told = "The key lacks the scope {}. Create a key with this scope" if tells_scopes else "The key needs the scope {}"

    def without(scope: str, module_name: str, by_n8n: bool = False, **args: Any) -> None:
        key = owner.api_key([granted for granted in scopes if granted != scope])
        # What only a write needs is known before it where n8n tells the scopes of a key.
        known = by_n8n and tells_scopes
        words = (told.format(scope), *(() if known else ("(HTTP 403)",)))
        (refused_by_n8n if by_n8n and not known else refused)(module_name, *words, api_key=key, **args)

    without("user:read", "n8n_user", email="new@example.com")
    without("user:create", "n8n_user", by_n8n=True, email="new@example.com")
    without("user:changeRole", "n8n_user", by_n8n=True, email=ADA, role="admin")
    without("user:delete", "n8n_user", by_n8n=True, email=BO, state="absent")
    without("project:list", "n8n_project", name="New")
    without("project:create", "n8n_project", by_n8n=True, name="New")
    without("user:list", "n8n_access", **TASKS["n8n_access"])
    without("project:list", "n8n_offboard", **TASKS["n8n_offboard"])
    assert everything(company) == before


READS = ["user:list", "user:read", "project:list"]
MOVES = ["credential:move", "workflow:move"]
COPIES = ["dataTable:create", "dataTable:delete", "dataTable:update", "dataTableRow:create", "dataTableRow:read"]
LISTS = ["credential:list", "dataTable:list", "workflow:list"]


def test_all_missing_scopes_are_named_at_once(company: Server, tmp_path: Path) -> None:
    before = everything(company)
    owner = company.login(OWNER)
    tells_scopes = company.version.startswith("2.4")

    def lacking(granted: list[str], module_name: str, reading: list[str], writing: list[str], **args: Any) -> None:
        """Assert that a key with the scopes `granted` is told all others; an older n8n tells those of the reading."""
        *others, last = sorted(reading + (writing if tells_scopes else []))
        named = f"scopes {', '.join(others)} and {last}" if others else f"scope {last}"
        said = (
            f"The key lacks the {named}. Create a key with"
            if tells_scopes
            else f"The key needs the {named}, and its user needs"
        )
        failed = [
            run(module_name, check_mode=check_mode, api_key=owner.api_key(granted), **args)
            for check_mode in (True, False)
        ]
        for result in failed:
            assert result.get("failed") and said in result["msg"] and result["msg"].count("scopes") == bool(others)

    user, project = {"email": ADA, "state": "absent"}, {"name": "Sales", "state": "absent"}
    lacking(READS, "n8n_user", LISTS, ["user:delete"], **user)
    lacking(READS, "n8n_user", LISTS, ["user:delete", *MOVES], transfer_to=BO, **user)
    lacking(READS, "n8n_user", LISTS, ["user:delete", *MOVES, *COPIES], transfer_to=BO, data_tables="copy", **user)
    # On 2.8.4 n8n looks at the licence first, which has no variables here.
    variables = ["variable:list"] if tells_scopes else []
    lacking(READS, "n8n_project", [*LISTS, *variables], ["project:delete"], **project)
    lacking(READS, "n8n_offboard", LISTS, ["user:delete"], users=[ADA, BO], action="delete")
    lacking([*READS, "user:delete"], "n8n_offboard", LISTS, [], users=[ADA, BO], action="delete")
    # Nothing of what comes first may be read either.
    other = ["tag:list"]
    everywhere = ["project:list", "user:list"]
    lacking(other, "n8n_user", [*everywhere, "user:read", *LISTS], ["user:delete"], **user)
    lacking(other, "n8n_project", [*everywhere, *LISTS, *variables], ["project:delete"], **project)
    member = "project:manageMembers or project:update"
    listings = {"users": [ADA], "retries": 0}
    if tells_scopes:
        everywhere.append("user:read")
    lacking(other, "n8n_offboard", [*everywhere, *LISTS], ["user:delete"], action="delete", **listings)
    lacking(other, "n8n_offboard", [*everywhere, *LISTS], [member], **listings)
    lacking(other, "n8n_offboard", [*everywhere, *LISTS], [member, "user:changeRole"], action="demote", **listings)
    listed = {"users": [{"email": ADA, "projects": {}}], "authority": "authoritative"}
    lacking(other, "n8n_access", everywhere, [], **listed)
    assert everything(company) == before


def test_a_misspelled_name_that_is_to_be_absent(company: Server, tmp_path: Path) -> None:
    before = everything(company)
    user, project = f"User adda@example.com does not exist. Did you mean {ADA}?", "does not exist. Did you mean"

    def unchanged(module_name: str, **args: Any) -> str:
        """Run a module for good and in check mode; assert that it changes nothing, and return its warnings."""
        module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
        said = []
        for check_mode in (True, False):
            result, warnings = module_runs.main_and_warnings(module, check_mode=check_mode, **args)
            assert not result.get("failed") and not result["changed"], result
            said.append(warnings)
        assert said[0] == said[1]
        return said[0]

    absent = {"state": "absent"}
    assert unchanged("n8n_user", email="Adda@example.com", **absent) == user
    assert unchanged("n8n_user", email="zoe@example.com", **absent) == ""
    assert unchanged("n8n_user", id="00000000-0000-4000-8000-000000000000", **absent) == ""
    for name in ("sales", " Sales ", "Salse"):
        assert unchanged("n8n_project", name=name, **absent) == f'Project "{name}" {project} "Sales"?'
        member = {"project": name, "user": ADA, **absent}
        assert unchanged("n8n_project_member", **member) == f'Project "{name}" {project} "Sales"?'
    assert unchanged("n8n_project", name="Support", **absent) == ""
    assert unchanged("n8n_project_member", project="Sales", user="adda@example.com", **absent) == user
    assert unchanged("n8n_project_member", project="Sales", user=BO, **absent) == ""
    staged = {"action": "staged", "state_path": str(tmp_path / "leavers.json")}
    for more in ({}, {"action": "demote"}, {"action": "delete"}, staged):
        assert unchanged("n8n_offboard", users=["adda@example.com", "zoe@example.com"], **more) == user
    # The existing user leaves too, so nothing is misspelled.
    assert user not in warnings_of("n8n_offboard", users=["adda@example.com", ADA], check_mode=True)
    # Without the scope that lists the users there is no hint, and no error.
    owner = company.login(OWNER)
    key = owner.api_key([scope for scope in owner.call("GET", "/api-keys/scopes") if scope != "user:list"])
    assert unchanged("n8n_user", email="adda@example.com", api_key=key, **absent) == ""
    assert everything(company) == before


def warnings_of(module_name: str, **args: Any) -> str:
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module_name}")
    return module_runs.main_and_warnings(module, **args)[1]


def test_the_community_edition(features: Server) -> None:
    before = everything(features)
    features.feature(COMMUNITY, False)
    for name, args in TASKS.items():
        if name != "n8n_user":
            refused(
                name,
                "Your license does not allow for feat:projectRole:admin",
                "Team projects need an n8n license",
                **args,
            )
    refused(
        "n8n_user", "is not deleted: n8n does not show the personal project of this user", email=ADA, state="absent"
    )
    features.feature(COMMUNITY, True)
    assert everything(features) == before
    # What is there works: somebody is invited, and stays invited.
    features.feature(COMMUNITY, False)
    for check_mode, changed in ((True, True), (False, True), (False, False)):
        assert run("n8n_user", check_mode=check_mode, email="New@example.com", role="member")["changed"] is changed
    assert not run("n8n_access", users=[{"email": "new@example.com", "role": "member"}])["changed"]
    assert features.get("/users/new@example.com", includeRole="true")["role"] == "global:member"


def test_without_advanced_permissions(features: Server) -> None:
    before = everything(features)
    features.feature("feat:advancedPermissions", False)
    # Where n8n lists its roles, what is not licensed is found out before anything is written.
    lists_roles = not features.version.startswith("2.8.")
    admin = {"email": "new@example.com", "role": "admin"}
    if lists_roles:
        for name, args in (
            ("n8n_user", admin),
            ("n8n_user", {"email": ADA, "role": "admin"}),
            ("n8n_access", {"users": [admin]}),
        ):
            seen = 'of this n8n does not include the role "global:admin"'
            refused_before_or_by_n8n(name, seen, "need an n8n license with advanced permissions", **args)
    else:
        advanced = "need an n8n license with advanced permissions"
        refused_by_n8n("n8n_user", "Cannot invite admin user without advanced permissions", advanced, **admin)
        refused_by_n8n(
            "n8n_user", "Your license does not allow for feat:advancedPermissions", advanced, email=ADA, role="admin"
        )
    refused_by_n8n(
        "n8n_offboard", "Your license does not allow for feat:advancedPermissions", users=[BO], action="demote"
    )
    assert everything(features) == before


def test_quotas(features: Server) -> None:
    before = everything(features)
    features.quota("maxTeamProjects", 1)
    refused_by_n8n(
        "n8n_project", "maximum of 1 team projects", "number of team projects in the license is used up", name="New"
    )
    assert everything(features) == before
    # Whatever the number, n8n then closes its users to the API.
    features.quota("users", 100)
    refused("n8n_user", "/users path can only be used with a valid license", "(HTTP 403)", email="new@example.com")
    features.quota("users", -1)
    assert everything(features) == before


def test_what_is_no_n8n(server: ScriptedServer) -> None:
    for answer in (
        text_response("<h1>It works!</h1>"),
        text_response("<h1>Not found</h1>", 404),
        json_response({"hello": "world"}),
        json_response([]),
    ):
        server.on("*", answer)
        for name, args in TASKS.items():
            refused(name, "is not that of the public API of n8n. Check url", **args, url=server.url, api_key="a-key")
    assert {request.method for request in server.requests} == {"GET"}
    refused("n8n_user", "could not be reached", email=ADA, url="http://127.0.0.1:9", api_key="a-key", retries=0)
    refused("n8n_user", "is not the address of a server", email=ADA, url="n8n.example.com", api_key="a-key")


def copy(n8n: Server, stub: ScriptedServer) -> dict[str, Any]:
    """Let `stub` show what n8n shows; return the connection to it."""
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


def test_an_n8n_that_is_older(company: Server, server: ScriptedServer) -> None:
    connection = copy(company, server)
    for project in company.everything("/projects"):
        server.on(f"GET /projects/{project['id']}/users", error_response(405, "GET method not allowed"))
    for name in ("n8n_project_member", "n8n_access", "n8n_offboard"):
        refused(name, "This collection needs n8n 2.8.0 or later", "(HTTP 405)", **TASKS[name], **connection)
    assert {request.method for request in server.requests} == {"GET"}


def test_single_sign_on_that_manages_roles(company: Server, server: ScriptedServer) -> None:
    connection = copy(company, server)
    way_out = "Single sign-on manages this. Change it in the identity provider"
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
    refused_by_n8n("n8n_project_member", projects, way_out, role="editor", **member)
    refused_by_n8n("n8n_project_member", projects, way_out, state="absent", **member)
    refused_by_n8n("n8n_user", instance, way_out, email=ADA, role="admin", **connection)
    refused_by_n8n("n8n_user", invites, way_out, **TASKS["n8n_user"], **connection)
    refused_by_n8n("n8n_access", invites, way_out, **TASKS["n8n_access"], **connection)


def test_roles_that_cannot_be_given(features: Server) -> None:
    before = everything(features)
    member = {"project": "Sales", "user": ADA}
    listed = [{"email": ADA, "projects": {"Sales": "chief"}}]
    for name, args in (("n8n_project_member", {**member, "role": "chief"}), ("n8n_access", {"users": listed})):
        refused(name, 'unknown or unassignable role "chief". Valid roles: ', "viewer", **args)
    refused("n8n_user", 'unknown or unassignable role "boss". Valid roles: ', email=ADA, role="boss")
    refused("n8n_user", "cannot become global:owner", email=ADA, role="owner")
    refused("n8n_project_member", "project:no-such-role", **member, role="project:no-such-role")
    # Where n8n does not list its roles, what looks like a custom one is n8n's to refuse.
    slug, lists_roles = "project:nobody-a1b2c3", not features.version.startswith("2.8.")
    (refused if lists_roles else refused_by_n8n)("n8n_project_member", slug, **member, role=slug)
    features.feature("feat:projectRole:editor", False)
    if lists_roles:
        seen = 'of this n8n does not include the role "project:editor"'
        license_remedy = "Choose a role that the license of this n8n includes."
        refused_before_or_by_n8n("n8n_project_member", seen, license_remedy, **member, role="editor")
    else:
        words = ("Your instance is not licensed to use role", "Choose a role that the license of this n8n includes.")
        refused_by_n8n("n8n_project_member", *words, **member, role="editor")
    assert everything(features) == before


def test_emails_and_names_that_are_none(company: Server) -> None:
    before = everything(company)
    for email in ("ada", "ada@", "@example.com", "ada@example", "a b@example.com"):
        refused("n8n_user", f'"{email}" is not an email address', email=email)
        words = {"ada@example": "domain has no dot"}
        refused("n8n_access", "users[0]", words.get(email, "is not an email address"), users=[{"email": email}])
        if email in ("ada@", "@example.com", "a b@example.com"):
            # Of an account that is there an email may be anything that looks like one.
            refused("n8n_offboard", f'users[0]: "{email}" is not an email address', users=[email])
        if "@" in email:
            refused(
                "n8n_project_member",
                f'user: "{email}" is not an email address',
                project="Sales",
                user=email,
                role="viewer",
            )
    for name in ("", "  ", "\t"):
        refused("n8n_project", "a project needs a name that is not blank", name=name)
        refused("n8n_project_member", "a project needs a name that is not blank", project=name, user=ADA, role="viewer")
        refused(
            "n8n_access",
            "a project needs a name that is not blank",
            users=[{"email": ADA, "projects": {name: "viewer"}}],
        )
    refused("n8n_project", "n8n accepts at most 255", name="x" * 256)
    assert everything(company) == before


def test_what_is_missing_or_there_twice(company: Server) -> None:
    before = everything(company)
    twins = sorted(str(project["id"]) for project in company.everything("/projects") if project["name"] == "Twin")
    words = f'Project "Twin" exists 2 times, with the ids {", ".join(twins)}. Use the id instead of the name.'
    refused("n8n_project", words, name="Twin")
    refused("n8n_project", words, name="Twin", state="absent")
    refused("n8n_project_member", words, project="Twin", user=ADA, role="admin")
    refused("n8n_access", words, users=[{"email": ADA, "projects": {"Twin": "admin"}}])
    refused("n8n_project_member", 'Project "Nowhere" does not exist', project="Nowhere", user=ADA, role="viewer")
    refused(
        "n8n_project_member",
        'User "no@example.com" does not exist',
        project="Sales",
        user="no@example.com",
        role="viewer",
    )
    for reference in ("nobody", "11111111-1111-4111-8111-111111111111"):
        refused("n8n_user", f'User "{reference}" does not exist', id=reference)
        assert not run("n8n_user", id=reference, state="absent")["changed"]
        assert not run("n8n_project_member", project="Sales", user=reference, state="absent")["changed"]
    assert not run("n8n_project", name="Nowhere", state="absent")["changed"]
    assert everything(company) == before


def test_the_owner_oneself_and_the_last_admin(company: Server) -> None:
    before = everything(company)
    for args in ({"email": OWNER}, {"id": user_id(company, OWNER)}):
        refused("n8n_user", "is the owner of this n8n and cannot be removed", **args, state="absent")
    for action in ("remove_memberships", "demote", "delete"):
        refused("n8n_offboard", "is the owner of this n8n and cannot be removed", users=[BO, OWNER], action=action)
    refused("n8n_user", "cannot be changed", email=OWNER, role="member")
    for args in ({"state": "absent"}, {"role": "viewer"}):
        refused(
            "n8n_project_member",
            'Project "Sales"',
            "would be left without an admin",
            project="Sales",
            user=OWNER,
            **args,
        )
    assert everything(company) == before
    company.api("PATCH", f"/users/{user_id(company, ADA)}/role", {"newRoleName": "global:admin"})
    before = everything(company)
    hers = company.login(ADA).api_key()
    refused(
        "n8n_user",
        "is the user whose API key is used and cannot be removed",
        email=ADA,
        state="absent",
        api_key=hers,
    )
    refused("n8n_offboard", "is the user whose API key is used and cannot be removed", users=[ADA], api_key=hers)
    refused(
        "n8n_offboard", "is the owner of this n8n and cannot be removed", users=[OWNER], action="delete", api_key=hers
    )
    assert everything(company) == before


def test_who_and_what_owns_something(company: Server) -> None:
    made = company.api("POST", "/workflows", {"name": "Bills", "nodes": [], "connections": {}, "settings": {}})
    company.api("PUT", f"/workflows/{made['id']}/transfer", {"destinationProjectId": project_id(company, "Sales")})
    ada = Server(company.url, company.version, company.login(ADA).api_key())
    hers = ada.api("POST", "/workflows", {"name": "Hers", "nodes": [], "connections": {}, "settings": {}})["id"]
    before = everything(company)
    refused(
        "n8n_project",
        f'owns workflow "Bills" ({made["id"]}), which the deletion would destroy',
        name="Sales",
        state="absent",
    )
    refused("n8n_user", f'owns workflow "Hers" ({hers})', email=ADA, state="absent")
    refused("n8n_offboard", f'owns workflow "Hers" ({hers})', users=[BO, ADA], action="delete")
    assert everything(company) == before


def test_tls_that_does_not_verify(tls_server: ScriptedServer, certificate: Path) -> None:
    for name, args in TASKS.items():
        refused(
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
    refused(
        "n8n_user",
        "ca_path /nowhere does not exist",
        email=ADA,
        url=tls_server.url,
        api_key="a-key",
        ca_path="/nowhere",
    )
