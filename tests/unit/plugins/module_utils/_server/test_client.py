# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a server that misbehaves. What n8n says here are its own words, seen on 2.8.4 and 2.40.7."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import client as _client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import transport_errors
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.paging import read_pages
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import (
    ApiError,
    ConnectionFailed,
    InputError,
    N8nError,
    LostResponse,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.conftest import jwt
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.misbehaving import (
    HANGUP,
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    SILENCE,
    Answer,
    MisbehavingServer,
    broken,
    page,
    refusal,
    refused_url,
    reply,
    text,
)

USERS = page({"id": "u-1"}, {"id": "u-2"})
FORBIDDEN = refusal(403, "Forbidden")
# What passes by itself, and how it shows when it does not.
PASSING = {
    "reset": (RESET, "Connection reset by peer"),
    "hung up": (HANGUP, "could not be reached"),
    "reset in the body": (broken(USERS, "reset"), "could not be reached"),
    "hung up in the body": (broken(USERS, "hang up"), "could not be reached|cut short"),
    "JSON that is cut short": (text('{"data": [{"id": "u-', kind="application/json"), "incomplete or damaged"),
    "a body that is not as encoded": (
        text("no gzip at all", kind="application/json", Content_Encoding="gzip"),
        "could not be reached",
    ),
    "429": (text("Too many requests", 429), "HTTP 429"),
    "502": (text("<h1>Bad Gateway</h1>", 502), r"gateway in front of n8n.*HTTP 502"),
    "503": (text("", 503), "HTTP 503"),
    "503 of n8n's": (refusal(503, "Database is not ready!"), "Database is not ready.*HTTP 503"),
    "504": (text("", 504), "HTTP 504"),
    "n8n that migrates its database": (text("n8n is starting up. Please wait"), "starting up"),
}


def get_users(client: Client) -> Any:
    return client.get("/users", "list users", "user:list")


def post_project(client: Client) -> Any:
    return client.send("POST", "/projects", 'create project "Sales"', "project:create", body={"name": "Sales"})


def assert_backed_off(waits: list[float], tries: int) -> None:
    """Each wait is half a second at first, then twice as long each time, or less by up to a half."""
    assert len(waits) == tries
    for attempt, waited in enumerate(waits):
        assert 0.25 * 2**attempt <= waited <= 0.5 * 2**attempt


# Trying again


@pytest.mark.parametrize("kind", PASSING)
def test_a_get_is_tried_again_until_the_trouble_has_passed(
    kind: str, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    bad, _words = PASSING[kind]
    server.on("GET /users", bad, bad, USERS)
    assert get_users(client)["data"] == [{"id": "u-1"}, {"id": "u-2"}]
    assert client.requests == len(server.requests) == 3
    assert_backed_off(waits, 2)


@pytest.mark.parametrize("kind", PASSING)
def test_a_get_gives_up_after_its_retries_and_says_why(
    kind: str, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    bad, words = PASSING[kind]
    server.on("GET /users", bad)
    with pytest.raises(N8nError, match=words) as caught:
        get_users(client)
    assert client.requests == len(server.requests) == 3
    assert_backed_off(waits, 2)
    assert not isinstance(caught.value, LostResponse)
    assert "object at 0x" not in str(caught.value) and "HTTPConnection" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_may_be_repeated_is(method: str, server: MisbehavingServer, client: Client, waits: list[float]) -> None:
    server.on(f"{method} /x", RESET, text("", 502), NO_CONTENT)
    assert client.send(method, "/x", "do it", "scope") is None
    assert server.asked == [f"{method} /x"] * 3


@pytest.mark.parametrize(
    "bad",
    [
        RESET,
        HANGUP,
        broken(reply({"id": "p-1"}), "reset"),
        broken(reply({"id": "p-1"}), "hang up"),
        text('{"id": ', kind="application/json"),
        text("", 502),
        text("", 503),
        text("", 504),
        refusal(503, "Database is not ready!"),
        text("n8n is starting up. Please wait"),
    ],
    ids=["reset", "hung up", "body reset", "body hung up", "cut JSON", "502", "503", "504", "503 JSON", "starting up"],
)
def test_a_post_whose_answer_is_lost_is_not_sent_again(
    bad: Answer, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on("POST /projects", bad, reply({"id": "p-2"}))
    with pytest.raises(LostResponse, match='create project "Sales"'):
        post_project(client)
    assert server.asked == ["POST /projects"]
    assert waits == []


def test_a_post_that_was_not_let_in_is_sent_again(
    server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on(
        "POST /projects",
        refusal(429, "Too many requests"),
        refusal(429, "Too many requests"),
        reply({"id": "p-1"}, 201),
    )
    assert post_project(client) == {"id": "p-1"}
    assert [request.body for request in server.requests] == [{"name": "Sales"}] * 3
    assert_backed_off(waits, 2)


def test_a_post_that_is_never_let_in_is_a_refusal(
    server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on("POST /projects", refusal(429, "Too many requests"))
    with pytest.raises(ApiError, match="Too many requests") as caught:
        post_project(client)
    assert caught.value.status == 429
    assert client.requests == 3


def test_without_retries_everything_is_tried_once(
    server: MisbehavingServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    server.on("GET /users", RESET, USERS)
    with pytest.raises(ConnectionFailed, match=f"{server.url} could not be reached: "):
        get_users(connect(server.url, retries=0))
    assert len(server.requests) == 1
    assert waits == []


@pytest.mark.parametrize("call", [get_users, post_project])
def test_a_refused_connection_is_tried_again_whatever_the_method(
    call: Callable[[Client], Any], direct: None, connect: Callable[..., Client], waits: list[float]
) -> None:
    url, taken = refused_url()
    client = connect(url)
    with taken, pytest.raises(ConnectionFailed) as caught:
        call(client)
    assert str(caught.value).startswith(f"{url} could not be reached: ")
    assert str(caught.value).endswith(" It was tried 3 times.")
    assert "refused" in str(caught.value)
    assert "Check that n8n runs there, that url is correct, and that the host that runs the task can reach it." in str(
        caught.value
    )
    assert not isinstance(caught.value, LostResponse)
    assert client.requests == 3
    assert_backed_off(waits, 2)


def test_a_name_that_does_not_resolve_is_said(
    direct: None, connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_arguments: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(
        ConnectionFailed, match="http://n8n.invalid could not be reached: .*not known.*tried 3 times"
    ) as caught:
        post_project(connect("http://n8n.invalid"))
    assert not isinstance(caught.value, LostResponse)


@pytest.mark.parametrize("bad", [SILENCE, broken(USERS, "silence")], ids=["no answer", "half an answer"])
def test_a_slow_answer_is_a_timeout_that_names_its_seconds(
    bad: Answer, server: MisbehavingServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    server.on("GET /users", bad)
    with pytest.raises(
        ConnectionFailed, match=r"no answer within 0.4 s \(timeout\). Check .* increase timeout. It was tried 2 times"
    ):
        get_users(connect(server.url, timeout=0.4, retries=1))
    assert len(server.requests) == 2


def test_a_post_that_times_out_may_have_been_carried_out(
    server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    server.on("POST /projects", SILENCE)
    with pytest.raises(LostResponse, match="timeout"):
        post_project(connect(server.url, timeout=0.4))
    assert len(server.requests) == 1


def test_a_connection_that_never_came_about_has_carried_nothing() -> None:
    assert transport_errors._never_sent(requests.exceptions.ConnectTimeout())
    assert not transport_errors._never_sent(requests.exceptions.ReadTimeout())
    assert not transport_errors._never_sent(requests.exceptions.ConnectionError())


# Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("120", 120.0),
        ("Sun, 01 Mar 2026 12:00:09 GMT", 9.0),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(
    header: str, seconds: float, status: int, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", refusal(status, "Too many requests", Retry_After=header), USERS)
    get_users(client)
    assert waits == [seconds]


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "\xb2", "Sun, 99 Mar 2026 12:00:09 GMT"])
def test_a_retry_after_that_makes_no_sense_is_ignored(
    header: str, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", refusal(429, "Too many requests", Retry_After=header), USERS)
    get_users(client)
    assert_backed_off(waits, 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("121", "121"), ("86400", "86400"), ("9" * 400, "inf"), ("Sun, 01 Mar 2026 13:00:00 GMT", "3600")],
)
def test_an_absurdly_long_retry_after_is_an_error_that_says_how_long(
    header: str, seconds: str, server: MisbehavingServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", refusal(429, "Too many requests", Retry_After=header), USERS)
    with pytest.raises(ConnectionFailed, match=f"pause of {seconds} seconds"):
        get_users(client)
    assert client.requests == 1
    assert waits == []


def test_the_backoff_ends_at_half_a_minute(client: Client, waits: list[float]) -> None:
    client.pause(20)
    assert 15 <= waits[0] <= 30


# Where the key goes


def test_the_key_goes_in_its_header_to_the_path_below_the_base(
    server: MisbehavingServer, connect: Callable[..., Client], key: str
) -> None:
    server.on("GET /n8n/api/v1/users", USERS)
    get_users(connect(f"{server.url}/n8n/api/v1/"))
    [request] = server.requests
    assert request.headers["X-N8N-API-KEY"] == key
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", [get_users, post_project])
def test_a_redirect_is_not_followed_and_its_target_is_named(
    status: int,
    call: Callable[[Client], Any],
    server: MisbehavingServer,
    other_server: MisbehavingServer,
    client: Client,
) -> None:
    server.on("*", text("", status, Location=f"{other_server.url}/n8n/api/v1/users?limit=250"))
    with pytest.raises(
        ConnectionFailed, match=f"redirects to {other_server.url}/n8n\\. .*put that one into url"
    ) as caught:
        call(client)
    assert not isinstance(caught.value, LostResponse)
    assert other_server.requests == []
    assert client.requests == len(server.requests) == 1


def test_a_redirect_without_host_is_named_in_full(server: MisbehavingServer, client: Client) -> None:
    server.on("*", text("", 302, Location="/login?next=x"))
    with pytest.raises(ConnectionFailed, match=f"redirects to {server.url}/login\\."):
        get_users(client)


def errors_of(client: Client, server: MisbehavingServer, answers: list[Answer]) -> list[N8nError]:
    caught = []
    for answer in answers:
        server.on("*", answer)
        for call in (get_users, post_project):
            with pytest.raises(N8nError) as info:
                call(client)
            caught.append(info.value)
    return caught


def test_the_key_is_in_no_error_and_no_representation(server: MisbehavingServer, client: Client, key: str) -> None:
    said = f"who is {key}?"
    errors = errors_of(
        client,
        server,
        [
            *(bad for bad, _words in PASSING.values()),
            *(refusal(status, said) for status in (400, 401, 403, 404, 409, 429, 500, 503)),
            # Cut at a length where half of the key would be left over.
            refusal(400, "x" * 480 + key),
            text(said, 500),
            text(said, 200),
        ],
    )
    printed = [repr(error) for error in errors] + [repr(client), repr(client.connection), str(client.connection)]
    for part in (key, key[:20], key[-20:]):
        assert [line for line in printed if part in line] == []


# Reading answers


@pytest.mark.parametrize(
    "answer",
    [
        text("<html>Welcome</html>"),
        text("pong", kind="text/plain"),
        reply([]),
        reply("pong"),
        reply({}),
        reply({"data": {}}),
        reply({"data": None, "nextCursor": None}),
        reply({"data": ["u-1"]}),
        reply({"data": [{"name": "no id"}]}),
        NO_CONTENT,
        Answer(200),
        text("<h1>Not Found</h1>", 404),
        text("<h1>Oops</h1>", 500),
        reply({"error": "no such route"}, 404),
        reply(["no", "such", "route"], 404),
    ],
    ids=lambda answer: f"{answer.status} {answer.body.decode()}",
)
def test_what_is_no_n8n_is_said_to_be_none(answer: Answer, server: MisbehavingServer, client: Client) -> None:
    server.on("GET /users", answer)
    with pytest.raises(ConnectionFailed, match=f"{server.url}/api/v1/users is not the public API of an n8n: check url"):
        read_pages(client, "/users", "list users", "user:list")
    assert client.requests == 1


def test_an_empty_answer_to_a_write_is_none(server: MisbehavingServer, client: Client) -> None:
    server.on("POST /projects", Answer(201))
    assert post_project(client) is None


@pytest.mark.parametrize("body", [{"name": 'Sales / EMEA "x" ü'}, [{"email": "ü@example.com"}]])
def test_a_body_arrives_as_it_was_meant(body: Any, server: MisbehavingServer, client: Client) -> None:
    server.on("POST /x", reply(body, 201))
    assert client.send("POST", "/x", "do it", "scope", body=body) == body
    assert server.requests[0].body == body


# Paging


def test_a_listing_follows_the_cursor_to_the_end(server: MisbehavingServer, client: Client) -> None:
    server.on(
        "GET /users",
        page({"id": "a"}, {"id": "b"}, cursor="1"),
        page(cursor="2"),
        page({"id": "c"}),
        page({"id": "never"}),
    )
    listing = read_pages(client, "/users", "list users", "user:list", {"includeRole": "true"})
    assert [item["id"] for item in listing.items] == ["a", "b", "c"]
    assert (listing.repeats, listing.pages) == (0, 3)
    asked = {"includeRole": "true", "limit": "250"}
    assert [request.query for request in server.requests] == [asked, {**asked, "cursor": "1"}, {**asked, "cursor": "2"}]


def test_what_comes_on_several_pages_is_listed_once_and_counted(server: MisbehavingServer, client: Client) -> None:
    server.on("GET /users", page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "b"}, {"id": "a"}, {"id": "c"}))
    listing = read_pages(client, "/users", "list users", "user:list")
    assert [item["id"] for item in listing.items] == ["a", "b", "c"]
    assert listing.repeats == 2


@pytest.mark.parametrize("cursors", [("x", "x"), ("x", "y", "x")])
def test_a_cursor_that_comes_again_is_an_error(
    cursors: tuple[str, ...], server: MisbehavingServer, client: Client
) -> None:
    server.on("GET /users", *(page({"id": f"u-{number}"}, cursor=cursor) for number, cursor in enumerate(cursors)))
    with pytest.raises(ConnectionFailed, match="page cursor that it gave before"):
        read_pages(client, "/users", "list users", "user:list")
    assert client.requests == len(cursors)


def test_trouble_on_a_later_page_is_passed_over(server: MisbehavingServer, client: Client) -> None:
    server.on("GET /users", page({"id": "a"}, cursor="1"), RESET, text("", 503), page({"id": "b"}))
    assert [item["id"] for item in read_pages(client, "/users", "list users", "user:list").items] == ["a", "b"]
    assert client.requests == 4


# What n8n refuses

LICENCE = "Your license does not allow for {0}. To enable {0}, please upgrade to a license that supports this feature."


@pytest.mark.parametrize(
    ("status", "words", "way_out"),
    [
        (400, "request/query/limit must be <= 250", r"\(HTTP 400\)\.$"),
        (401, "unauthorized", "Check that api_key belongs to http.* expired"),
        (401, "'X-N8N-API-KEY' header required", "Check that api_key belongs to"),
        (403, LICENCE.format("feat:projectRole:admin"), "Team projects need an n8n license"),
        (403, LICENCE.format("feat:advancedPermissions"), "need an n8n license with advanced permissions"),
        (403, LICENCE.format("feat:folders"), "This needs an n8n license with that feature"),
        (
            403,
            "Cannot invite admin user without advanced permissions. Please upgrade to a license that includes "
            "this feature.",
            "need an n8n license with advanced permissions",
        ),
        (400, 'Your instance is not licensed to use role "project:editor".', "Choose a role that the license"),
        (403, "Maximum number of users reached", "number of users in the license is used up"),
        (400, "Maximum number of users reached", "number of users in the license is used up"),
        (
            400,
            "Attempted to create a new project but quota is already exhausted. You may have a maximum of 1 team "
            "projects.",
            "number of team projects in the license is used up",
        ),
        (
            400,
            "SSO is enabled, so users are managed by the Identity Provider and cannot be added through invites",
            "Single sign-on manages this",
        ),
        (403, "Project roles are managed automatically and cannot be changed manually", "Single sign-on manages this"),
        (403, "Instance roles are managed automatically and cannot be changed manually", "Single sign-on manages this"),
        (404, "not found", "needs n8n 2.8.0 or later"),
        (405, "GET method not allowed", "needs n8n 2.8.0 or later"),
        (404, 'Could not find project with ID "x"', r"\(HTTP 404\)\.$"),
        (409, "Cannot delete a user with published workflows", r"\(HTTP 409\)\.$"),
        (500, "Internal server error", r"\(HTTP 500\)\.$"),
    ],
)
def test_a_refusal_has_the_words_of_n8n_and_the_way_out(
    status: int, words: str, way_out: str, server: MisbehavingServer, client: Client
) -> None:
    server.on("GET /users", refusal(status, words))
    with pytest.raises(ApiError, match=way_out) as caught:
        get_users(client)
    assert str(caught.value).startswith(f'n8n refused to list users: "{words}" (HTTP {status}).')
    assert (caught.value.status, caught.value.server_message) == (status, words)
    assert client.requests == 1


def test_long_words_are_cut(server: MisbehavingServer, client: Client) -> None:
    server.on("GET /users", refusal(400, "x" * 10_000))
    with pytest.raises(ApiError) as caught:
        get_users(client)
    assert len(str(caught.value)) < 600


ANY_SCOPE = "project:manageMembers or project:update"


@pytest.mark.parametrize(
    ("scope", "discovered", "said"),
    [
        (
            "user:list",
            reply({"data": {"scopes": ["user:read"]}}),
            "The key lacks the scope user:list: make one that has it",
        ),
        ("user:list", reply({"data": {"scopes": []}}), "The key lacks the scope user:list"),
        (
            "user:list",
            reply({"data": {"scopes": ["user:list"]}}),
            "The key has the scope user:list; its user's role does not",
        ),
        (
            ANY_SCOPE,
            reply({"data": {"scopes": ["project:update"]}}),
            f"The key has the scope {ANY_SCOPE}; its user's role",
        ),
        (ANY_SCOPE, reply({"data": {"scopes": ["project:list"]}}), f"The key lacks the scope {ANY_SCOPE}"),
        *(
            ("user:list", answer, "The key needs the scope user:list, and its user a role that allows it")
            for answer in (
                NOT_FOUND,
                RESET,
                FORBIDDEN,
                text("<html>"),
                reply([]),
                reply({"data": None}),
                reply({"data": {"scopes": None}}),
                reply({"data": {"scopes": 7}}),
                text("", 302, Location="/login"),
            )
        ),
    ],
)
def test_forbidden_names_the_scope_and_says_whether_the_key_has_it(
    scope: str, discovered: Answer, said: str, server: MisbehavingServer, client: Client
) -> None:
    server.on("GET /users", FORBIDDEN)
    server.on("GET /discover", discovered)
    with pytest.raises(ApiError) as caught:
        client.get("/users", "list users", scope)
    assert str(caught.value).startswith(f'n8n refused to list users: "Forbidden" (HTTP 403). {said}')
    assert server.asked == ["GET /users", "GET /discover"]
    assert client.requests == 2


# Check mode


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get"])
def test_a_read_only_client_sends_nothing_but_get(
    method: str, server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    client = connect(server.url, read_only=True)
    with pytest.raises(N8nError, match="Check mode must not write, and tried to delete user u-1"):
        client.send(method, "/users/u-1", "delete user u-1", "user:delete")
    assert server.requests == []
    assert client.requests == 0


def test_a_read_only_client_reads(server: MisbehavingServer, connect: Callable[..., Client]) -> None:
    server.on("GET /users", USERS)
    assert get_users(connect(server.url, read_only=True))


# Many calls at once


def test_answers_come_in_the_order_of_the_items_whatever_takes_longest(connect: Callable[..., Client]) -> None:
    done = [threading.Event() for _number in range(5)]
    done[4].set()

    def backwards(number: int) -> int:
        # Nobody is done before whoever comes next in the list, and the last is done at once.
        assert done[min(number + 1, 4)].wait(5)
        done[number].set()
        return number * 10

    assert connect("http://localhost", concurrency=5).in_parallel(backwards, range(5)) == [0, 10, 20, 30, 40]


def test_as_many_calls_run_at_once_as_allowed_and_no_more(connect: Callable[..., Client]) -> None:
    full = threading.Barrier(3)
    client = connect("http://localhost", concurrency=3)
    # Each three have to be there at once, or the barrier breaks; nine times out of three threads.
    names = client.in_parallel(lambda _item: (full.wait(5), threading.current_thread().name)[1], range(9))
    assert len(set(names)) == 3


@pytest.mark.parametrize(("concurrency", "count"), [(1, 3), (8, 1), (8, 0)])
def test_no_thread_is_started_where_none_is_needed(
    concurrency: int, count: int, connect: Callable[..., Client]
) -> None:
    names = connect("http://localhost", concurrency=concurrency).in_parallel(
        lambda _item: threading.current_thread().name, range(count)
    )
    assert names == [threading.current_thread().name] * count


def test_the_first_error_of_many_calls_is_raised(connect: Callable[..., Client]) -> None:
    def odd(number: int) -> int:
        if number % 2:
            raise N8nError(f"failed on {number}")
        return number

    with pytest.raises(N8nError, match="failed on 1"):
        connect("http://localhost").in_parallel(odd, range(6))


def test_one_connection_is_kept_alive_for_each_thread(
    server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    server.on("*", USERS)
    together = threading.Barrier(4)
    client = connect(server.url, concurrency=4)

    def ask(_number: int) -> None:
        together.wait(5)
        get_users(client)

    get_users(client)
    get_users(client)
    client.in_parallel(ask, range(20))
    assert client.requests == len(server.requests) == 22
    assert len({request.connection for request in server.requests}) == 5


def test_every_request_is_counted_whichever_thread_sends_it(
    server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    server.on("*", RESET, text("", 502), USERS)
    client = connect(server.url, concurrency=8, retries=4)
    client.in_parallel(lambda _number: get_users(client), range(40))
    assert client.requests == len(server.requests) == 42


def test_leaving_the_client_closes_its_connections(server: MisbehavingServer, connect: Callable[..., Client]) -> None:
    server.on("*", USERS)
    with connect(server.url) as client:
        client.in_parallel(lambda _number: get_users(client), range(3))
    with pytest.raises(RuntimeError):
        client.in_parallel(lambda _number: get_users(client), range(3))


# TLS


def test_an_unknown_certificate_is_an_error_with_both_ways_out(
    tls_server: MisbehavingServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be verified: .*self.signed.*ca_path.*validate_certs: false"):
        get_users(connect(tls_server.url))
    assert tls_server.requests == []
    assert waits == []


def test_ca_path_makes_a_certificate_known(
    tls_server: MisbehavingServer, connect: Callable[..., Client], certificate: Path
) -> None:
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, ca_path=str(certificate)))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_no_certificates_of_the_environment_overrule_validate_certs_false(
    variable: str,
    tls_server: MisbehavingServer,
    connect: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setenv(variable, certifi.where())
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, validate_certs=False))
    assert [str(warning.message) for warning in recwarn if "Unverified" in str(warning.message)] == []


def test_no_certificates_of_the_environment_overrule_ca_path(
    tls_server: MisbehavingServer, connect: Callable[..., Client], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, ca_path=str(certificate)))


def test_certificates_of_the_environment_that_are_not_there_are_named(
    tls_server: MisbehavingServer, connect: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(ConnectionFailed, match="gone.pem"):
        get_users(connect(tls_server.url))


def test_a_ca_path_without_certificates_is_an_error(
    tls_server: MisbehavingServer, connect: Callable[..., Client], tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("no certificate", "utf-8")
    with pytest.raises(ConnectionFailed, match="TLS connection to"):
        get_users(connect(tls_server.url, ca_path=str(tmp_path / "empty.pem")))


def test_https_to_a_server_of_http_is_said(server: MisbehavingServer, connect: Callable[..., Client]) -> None:
    with pytest.raises(ConnectionFailed, match="Check that the port serves HTTPS"):
        get_users(connect(server.url.replace("http:", "https:")))


@pytest.mark.parametrize("bad", [RESET, HANGUP], ids=["reset", "hung up"])
def test_a_connection_lost_over_tls_is_like_any_other(
    bad: Answer, tls_server: MisbehavingServer, connect: Callable[..., Client], certificate: Path
) -> None:
    client = connect(tls_server.url, ca_path=str(certificate))
    tls_server.on("GET /users", bad, USERS)
    tls_server.on("POST /projects", bad, USERS)
    assert get_users(client)
    with pytest.raises(LostResponse):
        post_project(client)
    assert tls_server.asked == ["GET /users", "GET /users", "POST /projects"]


def test_a_tls_stream_that_ends_too_early_is_a_lost_connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # What urllib3 makes of a write to a kept connection that the other side has just closed.
    ended = requests.exceptions.SSLError("EOF occurred in violation of protocol (_ssl.c:2417)")

    def once(*_arguments: Any) -> None:
        client.requests += 1
        raise ended

    monkeypatch.setattr(client, "_request", once)
    with pytest.raises(ConnectionFailed):
        get_users(client)
    assert client.requests == 3
    with pytest.raises(LostResponse):
        post_project(client)
    assert client.requests == 4


# The key's own user


def test_myself_is_the_subject_of_the_key(client: Client) -> None:
    assert client.own_user_id == "u-me"


@pytest.mark.parametrize(
    "key",
    [
        "n8n_api_0123456789abcdef",
        "a.b.c",
        "...",
        "x.!!!.y",
        jwt(["sub"]),
        jwt({"iss": "n8n"}),
        jwt({"sub": None}),
        jwt(7),
    ],
)
def test_a_key_that_does_not_tell_has_no_myself(key: str, connect: Callable[..., Client]) -> None:
    assert connect("http://localhost", api_key=key).own_user_id is None


# Without requests


def test_without_requests_the_file_can_be_imported_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    for original in (transport_errors, _client):
        spec = importlib.util.spec_from_file_location(original.__name__, str(original.__file__))
        assert spec and spec.loader
        alone = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, alone)
        spec.loader.exec_module(alone)
    assert isinstance(alone.REQUESTS_IMPORT_ERROR, ImportError)
    with pytest.raises(InputError, match="requests is not installed"):
        alone.Client(Connection.from_options({"url": "http://localhost", "api_key": "k"}))
