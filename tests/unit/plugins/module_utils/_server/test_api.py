# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the requests of Api, their results, invalid responses, and writes whose response is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import (
    ApiError,
    ConnectionFailed,
    IncompleteReading,
    N8nError,
    LostResponse,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import BATCH, Invitation, Api, batches
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    Response,
    ScriptedServer,
    page,
    error_response,
    json_response,
    text_response,
)

LINK = "https://n8n.example.com/signup?token=secret"
NO_USER = error_response(404, "Could not find user with id: x")
ROLES = json_response(
    {
        "global": [
            {
                "slug": "global:member",
                "displayName": "Member",
                "roleType": "global",
                "systemRole": True,
                "licensed": True,
            }
        ],
        "project": [
            {"slug": "project:auditor-a1b2c3", "displayName": "Auditor", "roleType": "project", "systemRole": False}
        ],
    }
)


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"u-{name}", "email": f"{name}@example.com", "role": "global:member", "isPending": False, **more}


def invited(email: str, error: str = "", **more: Any) -> dict[str, Any]:
    return {
        "user": {"id": "u-" + email.lower().partition("@")[0], "email": email, "role": "global:member", **more},
        "error": error,
    }


# Users


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("u-1", "u-1"),
        ("ann+x@example.com", "ann%2Bx%40example.com"),
        ("a/b", "a%2Fb"),
        ("ü ñ", "%C3%BC%20%C3%B1"),
        ('it\'s "quoted"', "it%27s%20%22quoted%22"),
        ("a?b#c&d=e;f", "a%3Fb%23c%26d%3De%3Bf"),
        ("50%2F", "50%252F"),
        ("a\\b", "a%5Cb"),
    ],
)
def test_path_parts_are_percent_encoded(reference: str, part: str, server: ScriptedServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on(f"GET /users/{part}", json_response(user("ann")))
    server.on(f"GET /projects/{part}/users", page())
    assert api.find_user(reference) == User("u-ann", "ann@example.com", "global:member")
    api.members(reference)
    api.set_members(reference, {"u-1": "project:viewer"})
    api.remove_member(reference, reference)
    api.rename_project(reference, "New")
    api.delete_project(reference)
    api.set_user_role(reference, "global:admin")
    api.delete_user(reference)
    assert server.request_lines == [
        f"GET /users/{part}",
        f"GET /projects/{part}/users",
        f"POST /projects/{part}/users",
        f"DELETE /projects/{part}/users/{part}",
        f"PUT /projects/{part}",
        f"DELETE /projects/{part}",
        f"PATCH /users/{part}/role",
        f"DELETE /users/{part}",
    ]


def test_users_are_requested_with_their_roles(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", page(user("ann")))
    server.on("GET /users/u-ann", json_response(user("ann", email="Ann@Example.com", isPending=True, firstName="Ann")))
    assert api.list_users().items == (user("ann"),)
    assert api.find_user("u-ann") == User("u-ann", "ann@example.com", "global:member", True, "Ann")
    assert [request.query.get("includeRole") for request in server.requests] == ["true", "true"]


@pytest.mark.parametrize(
    "response",
    [
        error_response(404, "Could not find user with id: nobody@example.com"),
        error_response(400, 'request/params/id must match format "identifier"'),
    ],
)
def test_unknown_user_is_none(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("*", response)
    assert api.find_user("nobody@example.com") is None


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (NOT_FOUND, 404),
        (error_response(400, "request/query/includeRole must be boolean"), 400),
        (error_response(401, "unauthorized"), 401),
    ],
)
def test_other_error_response_for_a_user_is_an_error(
    response: Response, status: int, server: ScriptedServer, api: Api
) -> None:
    server.on("*", response)
    with pytest.raises(ApiError, match="n8n refused to read the user ann@example.com") as caught:
        api.find_user("ann@example.com")
    assert caught.value.status == status


# A path cannot encode a single dot, so n8n returns the list of users.
@pytest.mark.parametrize(
    "response",
    [
        page(user("ann")),
        json_response([]),
        json_response({}),
        json_response("ann"),
        NO_CONTENT,
        text_response("<html>"),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.find_user("."),
        lambda api: api.find_user("u-1"),
        lambda api: api.create_project("Sales"),
    ],
    ids=["dot", "user", "project"],
)
def test_response_of_another_structure_is_an_error(
    call: Callable[[Api], Any], response: Response, server: ScriptedServer, api: Api
) -> None:
    server.on("*", response)
    with pytest.raises(ConnectionFailed, match="is not that of the public API of n8n"):
        call(api)


@pytest.mark.parametrize(
    "response",
    [json_response([{"slug": "x"}]), json_response({"global": [{}]}), json_response({"global": None}), NO_CONTENT],
)
def test_roles_of_another_structure_are_an_error(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", response)
    with pytest.raises(ConnectionFailed, match="/api/v1/roles is not that of the public API of n8n"):
        api.find_roles()


@pytest.mark.parametrize(
    "response", [json_response({"user": 1}), json_response(["x"]), json_response([{"user": "x"}]), json_response(7)]
)
def test_invitations_of_another_structure_are_an_error(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("POST /users", response)
    with pytest.raises(ConnectionFailed, match="/api/v1/users is not that of the public API of n8n"):
        api.invite({"ann@example.com": "global:member"})


# Projects, members, roles


def test_projects_and_members_are_read_from_listings(server: ScriptedServer, api: Api) -> None:
    server.on("GET /projects", page({"id": "p-1", "name": " Sales ", "type": "team", "creatorId": "u-ann"}))
    server.on("GET /projects/p-1/users", page({"id": "u-ann", "email": "Ann@example.com", "role": "project:admin"}))
    assert [Project.from_api(item) for item in api.list_projects().items] == [
        Project("p-1", " Sales ", "team", "u-ann")
    ]
    assert api.members("p-1") == (Member("u-ann", "ann@example.com", "project:admin"),)


def test_members_of_several_projects_are_returned_by_project(server: ScriptedServer, api: Api) -> None:
    for number in range(10):
        member = {"id": f"u-{number}", "email": "x@example.com", "role": "project:viewer"}
        server.on(f"GET /projects/p-{number}/users", page(member))
    found = api.members_of([f"p-{number}" for number in range(10)])
    assert {key: [member.id for member in members] for key, members in found.items()} == {
        f"p-{number}": [f"u-{number}"] for number in range(10)
    }


# If an item is on two pages, another item may be missing.
OVERLAPPING_PAGES = (page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "b"}))
COMPLETE_PAGES = (page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "c"}))
LISTINGS = pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/projects", lambda api: api.list_projects()),
        ("/projects/p/users", lambda api: api.members("p")),
        ("/workflows", lambda api: api.resources.owned_items(["p"], is_instance_admin=True)),
        ("/credentials", lambda api: api.resources.owned_items(["p"], is_instance_admin=True)),
        ("/data-tables", lambda api: api.resources.owned_items(["p"], is_instance_admin=True)),
    ],
    ids=["projects", "members", "workflows", "credentials", "data tables"],
)


@LISTINGS
def test_overlapping_pages_are_read_again(
    path: str, call: Callable[[Api], Any], server: ScriptedServer, api: Api
) -> None:
    server.on("*", page())
    server.on("GET /roles", ROLES)
    server.on(f"GET {path}", *OVERLAPPING_PAGES, *COMPLETE_PAGES)
    call(api)
    assert server.request_lines.count(f"GET {path}") == 4


@LISTINGS
def test_pages_that_overlap_repeatedly_are_an_incomplete_reading(
    path: str, call: Callable[[Api], Any], server: ScriptedServer, api: Api
) -> None:
    server.on("*", page())
    server.on("GET /roles", ROLES)
    server.on(f"GET {path}", *OVERLAPPING_PAGES * 3, *COMPLETE_PAGES)
    with pytest.raises(IncompleteReading, match="the same entries on different pages, 3 times in a row"):
        call(api)
    assert server.request_lines.count(f"GET {path}") == 6


def test_instance_and_project_roles_are_read(server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", ROLES)
    assert api.find_roles() == (
        Role("global:member", "Member", "global"),
        Role("project:auditor-a1b2c3", "Auditor", "project", custom=True),
    )


# n8n up to 2.34 responds with 404. n8n 2.35 has POST /roles and no GET.
@pytest.mark.parametrize("response", [NOT_FOUND, error_response(405, "GET method not allowed")])
def test_roles_are_none_if_n8n_does_not_list_them(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", response)
    assert api.find_roles() is None


def test_forbidden_listing_of_roles_is_an_error(server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", error_response(403, "Forbidden"))
    with pytest.raises(ApiError, match="role:list"):
        api.find_roles()


# Writing


def test_invitations_are_one_request_with_a_result_for_each_email(server: ScriptedServer, api: Api) -> None:
    server.on(
        "POST /users",
        json_response(
            [invited("Bob@Example.com", inviteAcceptUrl=LINK), {"user": {"email": "ann@example.com"}, "error": "no"}],
            201,
        ),
    )
    found = api.invite(
        {"ann@example.com": "global:member", "bob@example.com": "global:admin", "eve@example.com": "global:member"}
    )
    assert found == {"bob@example.com": Invitation("u-bob", "", LINK), "ann@example.com": Invitation("", "no")}
    assert server.requests[0].body[1] == {"email": "bob@example.com", "role": "global:admin"}


def test_invitation_does_not_show_its_link_in_repr() -> None:
    assert LINK not in repr(Invitation("u-1", "", LINK))


def test_empty_response_to_an_invitation_is_an_empty_result(server: ScriptedServer, api: Api) -> None:
    server.on("POST /users", json_response([], 201))
    assert api.invite({"active@example.com": "global:member"}) == {}


def test_error_of_a_large_invitation_names_some_emails(server: ScriptedServer, api: Api) -> None:
    server.on("POST /users", error_response(400, "Maximum number of users reached"))
    with pytest.raises(
        ApiError, match="n8n refused to invite 0@example.com, 1@example.com, 2@example.com and 7 more: "
    ):
        api.invite({f"{number}@example.com": "global:member" for number in range(10)})


def test_writes_send_the_body_that_n8n_requires(server: ScriptedServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on("POST /projects", json_response({"id": "p-1", "name": "Säles", "type": "team"}, 201))
    assert api.create_project("Säles") == Project("p-1", "Säles")
    api.rename_project("p-1", "New")
    api.set_members("p-1", {"u-1": "project:viewer", "u-2": "project:admin"})
    api.set_user_role("u-1", "global:chatUser")
    assert [request.body for request in server.requests] == [
        {"name": "Säles"},
        {"name": "New"},
        {"relations": [{"userId": "u-1", "role": "project:viewer"}, {"userId": "u-2", "role": "project:admin"}]},
        {"newRoleName": "global:chatUser"},
    ]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Request to delete a user failed because the user to delete was not found in DB"),
        (400, "Request to delete a user failed because the user to delete was not found in DB"),
        (404, 'Could not find project with ID "p-1"'),
    ],
)
def test_deletion_of_a_missing_user_or_project_succeeds(
    status: int, message: str, server: ScriptedServer, api: Api
) -> None:
    server.on("*", RESET, error_response(status, message))
    api.delete_user("u-1")
    api.delete_project("p-1")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "not found"),
        (400, "Cannot delete your own user"),
        (403, "Forbidden"),
        (409, "Could not find a replacement"),
    ],
)
def test_other_error_response_to_a_deletion_is_an_error(
    status: int, message: str, server: ScriptedServer, api: Api
) -> None:
    server.on("*", error_response(status, message))
    for delete in (api.delete_user, api.delete_project):
        with pytest.raises(ApiError, match=message):
            delete("x-1")


# Writes whose response is lost


UNPUBLISHING = error_response(409, "Workflow is still being unpublished. Please try again in a few moments.")


def test_deletion_waits_until_workflows_are_unpublished(server: ScriptedServer, api: Api, waits: list[float]) -> None:
    server.on("DELETE /users/u-1", UNPUBLISHING, UNPUBLISHING, NO_CONTENT)
    api.delete_user("u-1")
    assert len(waits) == 2
    server.on("DELETE /users/u-1", UNPUBLISHING)
    with pytest.raises(ApiError, match="still being unpublished"):
        api.delete_user("u-1")
    assert len(server.request_lines) == 6


def create(api: Api) -> Any:
    return api.create_project("Sales").id


def set_members(api: Api) -> Any:
    return api.set_members("p-1", {"u-ann": "project:viewer", "u-bob": "project:admin"})


def invite(api: Api) -> Any:
    return sorted(entry.user_id for entry in api.invite({"ann@example.com": "global:member"}).values())


SALES = {"id": "p-1", "name": "Sales", "type": "team"}
ANN = {"id": "u-ann", "email": "ann@example.com", "role": "project:viewer"}
BOB = {"id": "u-bob", "email": "bob@example.com", "role": "project:admin"}
MEMBERS = page(ANN, BOB)
# For each write: the call, the write and read requests, the reading after a completed write, the readings after
# a write that was not made, the response to the write, and the result.
WRITES = {
    "project": (
        create,
        "POST /projects",
        "GET /projects",
        page(SALES, {**SALES, "id": "p-2", "name": "Other"}),
        [page(), page({**SALES, "name": "sales"}), page({**SALES, "type": "personal"})],
        json_response(SALES, 201),
        "p-1",
    ),
    "members": (
        set_members,
        "POST /projects/p-1/users",
        "GET /projects/p-1/users",
        MEMBERS,
        [page(), page(ANN), page(ANN, {**BOB, "role": "project:viewer"})],
        Response(201),
        None,
    ),
    "invitation": (
        invite,
        "POST /users",
        "GET /users/ann%40example.com",
        json_response(user("ann", isPending=True)),
        [NO_USER],
        json_response([invited("ann@example.com", inviteAcceptUrl=LINK)], 201),
        ["u-ann"],
    ),
}
NOT_MADE = [(kind, before) for kind, write in WRITES.items() for before in write[4]]


@pytest.mark.parametrize(
    "lost", [RESET, text_response("", 502), error_response(503, "Database is not ready!")], ids=["reset", "502", "503"]
)
@pytest.mark.parametrize("kind", WRITES)
def test_completed_write_is_not_sent_again(
    kind: str, lost: Response, server: ScriptedServer, api: Api, waits: list[float]
) -> None:
    call, post, get, after, _before, response, result = WRITES[kind]
    server.on(post, lost, response)
    server.on(get, after)
    assert call(api) == result
    assert server.request_lines == [post, get]
    assert len(waits) == 1


@pytest.mark.parametrize(("kind", "before"), NOT_MADE)
def test_write_that_was_not_made_is_sent_again(kind: str, before: Response, server: ScriptedServer, api: Api) -> None:
    call, post, get, _after, _befores, response, result = WRITES[kind]
    server.on(post, text_response("", 502), response)
    server.on(get, before)
    assert call(api) == result
    assert server.request_lines == [post, get, post]


@pytest.mark.parametrize("kind", WRITES)
def test_write_without_response_fails_after_its_retries(kind: str, server: ScriptedServer, api: Api) -> None:
    call, post, get, _after, befores, _answer, _result = WRITES[kind]
    server.on(post, text_response("", 502))
    server.on(get, befores[0])
    with pytest.raises(LostResponse, match="HTTP 502"):
        call(api)
    # The client also checks whether the last attempt was successful.
    assert server.request_lines == [post, get, post, get, post, get]


@pytest.mark.parametrize("kind", WRITES)
def test_write_is_not_sent_again_if_n8n_cannot_be_read(kind: str, server: ScriptedServer, api: Api) -> None:
    call, post, get, *_rest = WRITES[kind]
    server.on(post, text_response("", 502))
    server.on(get, text_response("", 502))
    with pytest.raises(N8nError, match="HTTP 502"):
        call(api)
    assert server.request_lines == [post, get, get, get]


def test_project_is_not_created_again_if_the_listing_is_incomplete(server: ScriptedServer, api: Api) -> None:
    server.on("POST /projects", RESET, json_response(SALES, 201))
    server.on("GET /projects", *OVERLAPPING_PAGES * 3)
    with pytest.raises(IncompleteReading):
        api.create_project("Sales")
    assert server.request_lines.count("POST /projects") == 1


def test_lost_write_is_checked_without_retries(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    call, post, get, _after, befores, *_rest = WRITES["project"]
    server.on(post, RESET)
    server.on(get, befores[0])
    with pytest.raises(LostResponse, match='The operation was: create project "Sales"'):
        Api(connect(server.url, retries=0)).create_project("Sales")
    assert server.request_lines == [post, get]


# Batches


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (BATCH, [BATCH]), (BATCH + 1, [BATCH, 1]), (2 * BATCH, [BATCH] * 2)]
)
def test_batches_have_the_maximum_size_and_keep_the_order(count: int, sizes: list[int]) -> None:
    created = batches(range(count))
    assert [len(batch) for batch in created] == sizes
    assert [item for batch in created for item in batch] == list(range(count))
