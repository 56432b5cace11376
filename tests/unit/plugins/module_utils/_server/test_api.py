# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent for each thing that the API can do, and what is made of the answers, bad ones included."""

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
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.misbehaving import (
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    Answer,
    MisbehavingServer,
    page,
    refusal,
    reply,
    text,
)

LINK = "https://n8n.example.com/signup?token=secret"
NO_USER = refusal(404, "Could not find user with id: x")
ROLES = reply(
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
def test_every_part_of_a_path_is_quoted(reference: str, part: str, server: MisbehavingServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on(f"GET /users/{part}", reply(user("ann")))
    server.on(f"GET /projects/{part}/users", page())
    assert api.find_user(reference) == User("u-ann", "ann@example.com", "global:member")
    api.members(reference)
    api.set_members(reference, {"u-1": "project:viewer"})
    api.remove_member(reference, reference)
    api.rename_project(reference, "New")
    api.delete_project(reference)
    api.set_user_role(reference, "global:admin")
    api.delete_user(reference)
    assert server.asked == [
        f"GET /users/{part}",
        f"GET /projects/{part}/users",
        f"POST /projects/{part}/users",
        f"DELETE /projects/{part}/users/{part}",
        f"PUT /projects/{part}",
        f"DELETE /projects/{part}",
        f"PATCH /users/{part}/role",
        f"DELETE /users/{part}",
    ]


def test_users_are_asked_for_with_their_roles(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", page(user("ann")))
    server.on("GET /users/u-ann", reply(user("ann", email="Ann@Example.com", isPending=True, firstName="Ann")))
    assert api.list_users().items == (user("ann"),)
    assert api.find_user("u-ann") == User("u-ann", "ann@example.com", "global:member", True, "Ann")
    assert [request.query.get("includeRole") for request in server.requests] == ["true", "true"]


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "Could not find user with id: nobody@example.com"),
        refusal(400, 'request/params/id must match format "identifier"'),
    ],
)
def test_a_user_whom_n8n_does_not_know_is_none(answer: Answer, server: MisbehavingServer, api: Api) -> None:
    server.on("*", answer)
    assert api.find_user("nobody@example.com") is None


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NOT_FOUND, 404),
        (refusal(400, "request/query/includeRole must be boolean"), 400),
        (refusal(401, "unauthorized"), 401),
    ],
)
def test_any_other_refusal_to_show_a_user_is_an_error(
    answer: Answer, status: int, server: MisbehavingServer, api: Api
) -> None:
    server.on("*", answer)
    with pytest.raises(ApiError, match="n8n refused to read the user ann@example.com") as caught:
        api.find_user("ann@example.com")
    assert caught.value.status == status


# A dot alone is what a path cannot quote: n8n answers with the list of users.
@pytest.mark.parametrize("answer", [page(user("ann")), reply([]), reply({}), reply("ann"), NO_CONTENT, text("<html>")])
@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.find_user("."),
        lambda api: api.find_user("u-1"),
        lambda api: api.create_project("Sales"),
    ],
    ids=["dot", "user", "project"],
)
def test_an_answer_of_another_shape_is_a_clear_error(
    call: Callable[[Api], Any], answer: Answer, server: MisbehavingServer, api: Api
) -> None:
    server.on("*", answer)
    with pytest.raises(ConnectionFailed, match="is not the public API of an n8n"):
        call(api)


@pytest.mark.parametrize(
    "answer", [reply([{"slug": "x"}]), reply({"global": [{}]}), reply({"global": None}), NO_CONTENT]
)
def test_roles_of_another_shape_are_a_clear_error(answer: Answer, server: MisbehavingServer, api: Api) -> None:
    server.on("GET /roles", answer)
    with pytest.raises(ConnectionFailed, match="/api/v1/roles is not the public API of an n8n"):
        api.find_roles()


@pytest.mark.parametrize("answer", [reply({"user": 1}), reply(["x"]), reply([{"user": "x"}]), reply(7)])
def test_invitations_of_another_shape_are_a_clear_error(answer: Answer, server: MisbehavingServer, api: Api) -> None:
    server.on("POST /users", answer)
    with pytest.raises(ConnectionFailed, match="/api/v1/users is not the public API of an n8n"):
        api.invite({"ann@example.com": "global:member"})


# Projects, members, roles


def test_projects_and_members_are_what_the_listings_say(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /projects", page({"id": "p-1", "name": " Sales ", "type": "team", "creatorId": "u-ann"}))
    server.on("GET /projects/p-1/users", page({"id": "u-ann", "email": "Ann@example.com", "role": "project:admin"}))
    assert [Project.from_api(item) for item in api.list_projects().items] == [
        Project("p-1", " Sales ", "team", "u-ann")
    ]
    assert api.members("p-1") == (Member("u-ann", "ann@example.com", "project:admin"),)


def test_members_of_several_projects_come_by_project(server: MisbehavingServer, api: Api) -> None:
    for number in range(10):
        member = {"id": f"u-{number}", "email": "x@example.com", "role": "project:viewer"}
        server.on(f"GET /projects/p-{number}/users", page(member))
    found = api.members_of([f"p-{number}" for number in range(10)])
    assert {key: [member.id for member in members] for key, members in found.items()} == {
        f"p-{number}": [f"u-{number}"] for number in range(10)
    }


# Where something comes twice, something else may not have come at all.
OVERLAPPING = (page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "b"}))
WHOLE = (page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "c"}))


COMPLETE = pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/projects", lambda api: api.list_projects()),
        ("/projects/p/users", lambda api: api.members("p")),
        ("/workflows", lambda api: api.resources.owned_items(["p"], sees_all=True)),
        ("/credentials", lambda api: api.resources.owned_items(["p"], sees_all=True)),
        ("/data-tables", lambda api: api.resources.owned_items(["p"], sees_all=True)),
    ],
    ids=["projects", "members", "workflows", "credentials", "data tables"],
)


@COMPLETE
def test_pages_that_overlap_are_read_again(
    path: str, call: Callable[[Api], Any], server: MisbehavingServer, api: Api
) -> None:
    server.on("*", page())
    server.on("GET /roles", ROLES)
    server.on(f"GET {path}", *OVERLAPPING, *WHOLE)
    call(api)
    assert server.asked.count(f"GET {path}") == 4


@COMPLETE
def test_pages_that_overlap_again_and_again_are_an_incomplete_reading(
    path: str, call: Callable[[Api], Any], server: MisbehavingServer, api: Api
) -> None:
    server.on("*", page())
    server.on("GET /roles", ROLES)
    server.on(f"GET {path}", *OVERLAPPING * 3, *WHOLE)
    with pytest.raises(IncompleteReading, match="the same on different pages, 3 times in a row"):
        call(api)
    assert server.asked.count(f"GET {path}") == 6


def test_roles_come_from_both_kinds(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /roles", ROLES)
    assert api.find_roles() == (
        Role("global:member", "Member", "global"),
        Role("project:auditor-a1b2c3", "Auditor", "project", custom=True),
    )


# 404 up to 2.34; 2.35 has POST /roles and no GET.
@pytest.mark.parametrize("answer", [NOT_FOUND, refusal(405, "GET method not allowed")])
def test_roles_of_a_server_that_does_not_list_them_are_none(
    answer: Answer, server: MisbehavingServer, api: Api
) -> None:
    server.on("GET /roles", answer)
    assert api.find_roles() is None


def test_a_refusal_to_list_roles_is_an_error(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /roles", refusal(403, "Forbidden"))
    with pytest.raises(ApiError, match="role:list"):
        api.find_roles()


# Writing


def test_an_invitation_is_one_call_and_its_answer_is_told_by_email(server: MisbehavingServer, api: Api) -> None:
    server.on(
        "POST /users",
        reply(
            [invited("Bob@Example.com", inviteAcceptUrl=LINK), {"user": {"email": "ann@example.com"}, "error": "no"}],
            201,
        ),
    )
    found = api.invite(
        {"ann@example.com": "global:member", "bob@example.com": "global:admin", "eve@example.com": "global:member"}
    )
    assert found == {"bob@example.com": Invitation("u-bob", "", LINK), "ann@example.com": Invitation("", "no")}
    assert server.requests[0].body[1] == {"email": "bob@example.com", "role": "global:admin"}


def test_an_invitation_shows_its_link_in_no_representation() -> None:
    assert LINK not in repr(Invitation("u-1", "", LINK))


def test_nobody_invited_is_an_empty_answer(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /users", reply([], 201))
    assert api.invite({"active@example.com": "global:member"}) == {}


def test_the_error_of_a_large_invitation_names_a_few(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /users", refusal(400, "Maximum number of users reached"))
    with pytest.raises(
        ApiError, match="n8n refused to invite 0@example.com, 1@example.com, 2@example.com and 7 more: "
    ):
        api.invite({f"{number}@example.com": "global:member" for number in range(10)})


def test_the_writes_send_what_n8n_wants(server: MisbehavingServer, api: Api) -> None:
    server.on("*", NO_CONTENT)
    server.on("POST /projects", reply({"id": "p-1", "name": "Säles", "type": "team"}, 201))
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
    ("status", "words"),
    [
        (404, "Request to delete a user failed because the user to delete was not found in DB"),
        (400, "Request to delete a user failed because the user to delete was not found in DB"),
        (404, 'Could not find project with ID "p-1"'),
    ],
)
def test_what_is_gone_already_is_deleted(status: int, words: str, server: MisbehavingServer, api: Api) -> None:
    server.on("*", RESET, refusal(status, words))
    api.delete_user("u-1")
    api.delete_project("p-1")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "not found"),
        (400, "Cannot delete your own user"),
        (403, "Forbidden"),
        (409, "Could not find a place for it"),
    ],
)
def test_any_other_refusal_to_delete_is_an_error(status: int, words: str, server: MisbehavingServer, api: Api) -> None:
    server.on("*", refusal(status, words))
    for delete in (api.delete_user, api.delete_project):
        with pytest.raises(ApiError, match=words):
            delete("x-1")


# A write whose answer is lost: n8n is asked before it is sent again


STILL = refusal(409, "Workflow is still being unpublished. Please try again in a few moments.")


def test_a_deletion_waits_for_what_is_being_unpublished(
    server: MisbehavingServer, api: Api, waits: list[float]
) -> None:
    server.on("DELETE /users/u-1", STILL, STILL, NO_CONTENT)
    api.delete_user("u-1")
    assert len(waits) == 2
    server.on("DELETE /users/u-1", STILL)
    with pytest.raises(ApiError, match="still being unpublished"):
        api.delete_user("u-1")
    assert len(server.asked) == 6


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
# What writes, what reads it back, the answer after it was carried out, those after it was not, and of the write itself.
WRITES = {
    "project": (
        create,
        "POST /projects",
        "GET /projects",
        page(SALES, {**SALES, "id": "p-2", "name": "Other"}),
        [page(), page({**SALES, "name": "sales"}), page({**SALES, "type": "personal"})],
        reply(SALES, 201),
        "p-1",
    ),
    "members": (
        set_members,
        "POST /projects/p-1/users",
        "GET /projects/p-1/users",
        MEMBERS,
        [page(), page(ANN), page(ANN, {**BOB, "role": "project:viewer"})],
        Answer(201),
        None,
    ),
    "invitation": (
        invite,
        "POST /users",
        "GET /users/ann%40example.com",
        reply(user("ann", isPending=True)),
        [NO_USER],
        reply([invited("ann@example.com", inviteAcceptUrl=LINK)], 201),
        ["u-ann"],
    ),
}
NOT_CARRIED_OUT = [(kind, before) for kind, write in WRITES.items() for before in write[4]]


@pytest.mark.parametrize(
    "lost", [RESET, text("", 502), refusal(503, "Database is not ready!")], ids=["reset", "502", "503"]
)
@pytest.mark.parametrize("kind", WRITES)
def test_what_was_carried_out_is_not_sent_again(
    kind: str, lost: Answer, server: MisbehavingServer, api: Api, waits: list[float]
) -> None:
    call, post, get, after, _before, answer, result = WRITES[kind]
    server.on(post, lost, answer)
    server.on(get, after)
    assert call(api) == result
    assert server.asked == [post, get]
    assert len(waits) == 1


@pytest.mark.parametrize(("kind", "before"), NOT_CARRIED_OUT)
def test_what_was_not_carried_out_is_sent_again(kind: str, before: Answer, server: MisbehavingServer, api: Api) -> None:
    call, post, get, _after, _befores, answer, result = WRITES[kind]
    server.on(post, text("", 502), answer)
    server.on(get, before)
    assert call(api) == result
    assert server.asked == [post, get, post]


@pytest.mark.parametrize("kind", WRITES)
def test_a_write_that_is_never_answered_is_given_up_after_its_retries(
    kind: str, server: MisbehavingServer, api: Api
) -> None:
    call, post, get, _after, befores, _answer, _result = WRITES[kind]
    server.on(post, text("", 502))
    server.on(get, befores[0])
    with pytest.raises(LostResponse, match="HTTP 502"):
        call(api)
    # Whether the last try was carried out is looked at as well.
    assert server.asked == [post, get, post, get, post, get]


@pytest.mark.parametrize("kind", WRITES)
def test_a_write_is_not_sent_again_where_n8n_cannot_be_read(kind: str, server: MisbehavingServer, api: Api) -> None:
    call, post, get, *_rest = WRITES[kind]
    server.on(post, text("", 502))
    server.on(get, text("", 502))
    with pytest.raises(N8nError, match="HTTP 502"):
        call(api)
    assert server.asked == [post, get, get, get]


def test_no_second_project_is_made_where_the_listing_has_holes(server: MisbehavingServer, api: Api) -> None:
    server.on("POST /projects", RESET, reply(SALES, 201))
    server.on("GET /projects", *OVERLAPPING * 3)
    with pytest.raises(IncompleteReading):
        api.create_project("Sales")
    assert server.asked.count("POST /projects") == 1


def test_without_retries_it_is_still_read_whether_a_lost_write_was_carried_out(
    server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    call, post, get, _after, befores, *_rest = WRITES["project"]
    server.on(post, RESET)
    server.on(get, befores[0])
    with pytest.raises(LostResponse, match='The operation was: create project "Sales"'):
        Api(connect(server.url, retries=0)).create_project("Sales")
    assert server.asked == [post, get]


# Batches


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (BATCH, [BATCH]), (BATCH + 1, [BATCH, 1]), (2 * BATCH, [BATCH] * 2)]
)
def test_batches_hold_what_one_call_takes_and_keep_the_order(count: int, sizes: list[int]) -> None:
    made = batches(range(count))
    assert [len(batch) for batch in made] == sizes
    assert [item for batch in made for item in batch] == list(range(count))
