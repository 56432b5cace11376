# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the client against a server with faults. Messages of n8n are those of 2.8.4 and 2.40.7."""

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
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    CLOSED,
    NO_CONTENT,
    NOT_FOUND,
    RESET,
    NO_RESPONSE,
    Response,
    ScriptedServer,
    interrupted,
    page,
    error_response,
    refused_url,
    json_response,
    text_response,
)

USERS = page({"id": "u-1"}, {"id": "u-2"})
FORBIDDEN = error_response(403, "Forbidden")
# Transient faults, and the error message of each if it persists.
TRANSIENT = {
    "reset": (RESET, "Connection reset by peer"),
    "closed": (CLOSED, "could not be reached"),
    "reset in the body": (interrupted(USERS, "reset"), "could not be reached"),
    "closed in the body": (interrupted(USERS, "close"), "could not be reached|cut short"),
    "truncated JSON": (text_response('{"data": [{"id": "u-', content_type="application/json"), "incomplete or damaged"),
    "invalid encoding of the body": (
        text_response("not gzip", content_type="application/json", Content_Encoding="gzip"),
        "could not be reached",
    ),
    "429": (text_response("Too many requests", 429), "HTTP 429"),
    "502": (text_response("<h1>Bad Gateway</h1>", 502), r"gateway in front of n8n.*HTTP 502"),
    "503": (text_response("", 503), "HTTP 503"),
    "503 of n8n": (error_response(503, "Database is not ready!"), "Database is not ready.*HTTP 503"),
    "504": (text_response("", 504), "HTTP 504"),
    "n8n is starting up": (text_response("n8n is starting up. Please wait"), "starting up"),
}


def get_users(client: Client) -> Any:
    return client.get("/users", "list users", "list_users")


def post_project(client: Client) -> Any:
    return client.send("POST", "/projects", 'create project "Sales"', "create_project", body={"name": "Sales"})


def assert_backed_off(waits: list[float], tries: int) -> None:
    """Assert that waits start at half a second and double each time, with a random reduction of up to one half."""
    assert len(waits) == tries
    for attempt, waited in enumerate(waits):
        assert 0.25 * 2**attempt <= waited <= 0.5 * 2**attempt


# Retries


@pytest.mark.parametrize("kind", TRANSIENT)
def test_get_is_retried_until_a_transient_fault_ends(
    kind: str, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    fault, _message = TRANSIENT[kind]
    server.on("GET /users", fault, fault, USERS)
    assert get_users(client)["data"] == [{"id": "u-1"}, {"id": "u-2"}]
    assert client.requests == len(server.requests) == 3
    assert_backed_off(waits, 2)


@pytest.mark.parametrize("kind", TRANSIENT)
def test_get_fails_after_its_retries_with_the_reason(
    kind: str, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    fault, message = TRANSIENT[kind]
    server.on("GET /users", fault)
    with pytest.raises(N8nError, match=message) as caught:
        get_users(client)
    assert client.requests == len(server.requests) == 3
    assert_backed_off(waits, 2)
    assert not isinstance(caught.value, LostResponse)
    assert "object at 0x" not in str(caught.value) and "HTTPConnection" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_idempotent_requests_are_retried(
    method: str, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on(f"{method} /x", RESET, text_response("", 502), NO_CONTENT)
    assert client.send(method, "/x", "test", "list_users") is None
    assert server.request_lines == [f"{method} /x"] * 3


@pytest.mark.parametrize(
    "fault",
    [
        RESET,
        CLOSED,
        interrupted(json_response({"id": "p-1"}), "reset"),
        interrupted(json_response({"id": "p-1"}), "close"),
        text_response('{"id": ', content_type="application/json"),
        text_response("", 502),
        text_response("", 503),
        text_response("", 504),
        error_response(503, "Database is not ready!"),
        text_response("n8n is starting up. Please wait"),
    ],
    ids=[
        "reset",
        "closed",
        "body reset",
        "body closed",
        "truncated JSON",
        "502",
        "503",
        "504",
        "503 JSON",
        "starting up",
    ],
)
def test_post_whose_response_is_lost_is_not_retried(
    fault: Response, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on("POST /projects", fault, json_response({"id": "p-2"}))
    with pytest.raises(LostResponse, match='create project "Sales"'):
        post_project(client)
    assert server.request_lines == ["POST /projects"]
    assert waits == []


def test_rate_limited_post_is_retried(server: ScriptedServer, client: Client, waits: list[float]) -> None:
    server.on(
        "POST /projects",
        error_response(429, "Too many requests"),
        error_response(429, "Too many requests"),
        json_response({"id": "p-1"}, 201),
    )
    assert post_project(client) == {"id": "p-1"}
    assert [request.body for request in server.requests] == [{"name": "Sales"}] * 3
    assert_backed_off(waits, 2)


def test_permanently_rate_limited_post_is_an_api_error(
    server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on("POST /projects", error_response(429, "Too many requests"))
    with pytest.raises(ApiError, match="Too many requests") as caught:
        post_project(client)
    assert caught.value.status == 429
    assert client.requests == 3


def test_request_is_sent_once_without_retries(
    server: ScriptedServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    server.on("GET /users", RESET, USERS)
    with pytest.raises(ConnectionFailed, match=f"{server.url} could not be reached: "):
        get_users(connect(server.url, retries=0))
    assert len(server.requests) == 1
    assert waits == []


@pytest.mark.parametrize("call", [get_users, post_project])
def test_refused_connection_is_retried_for_each_method(
    call: Callable[[Client], Any], no_proxy: None, connect: Callable[..., Client], waits: list[float]
) -> None:
    url, bound_socket = refused_url()
    client = connect(url)
    with bound_socket, pytest.raises(ConnectionFailed) as caught:
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


def test_unresolvable_host_name_is_reported(
    no_proxy: None, connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_arguments: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(
        ConnectionFailed, match="http://n8n.invalid could not be reached: .*not known.*tried 3 times"
    ) as caught:
        post_project(connect("http://n8n.invalid"))
    assert not isinstance(caught.value, LostResponse)


@pytest.mark.parametrize(
    "fault", [NO_RESPONSE, interrupted(USERS, "no response")], ids=["no response", "partial response"]
)
def test_slow_response_is_a_timeout_with_its_seconds(
    fault: Response, server: ScriptedServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    server.on("GET /users", fault)
    with pytest.raises(
        ConnectionFailed, match=r"no response within 0.4 s \(timeout\). Check .* increase timeout. It was tried 2 times"
    ):
        get_users(connect(server.url, timeout=0.4, retries=1))
    assert len(server.requests) == 2


def test_post_that_times_out_is_a_lost_response(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("POST /projects", NO_RESPONSE)
    with pytest.raises(LostResponse, match="timeout"):
        post_project(connect(server.url, timeout=0.4))
    assert len(server.requests) == 1


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
def test_retry_after_is_obeyed(
    header: str, seconds: float, status: int, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", error_response(status, "Too many requests", Retry_After=header), USERS)
    get_users(client)
    assert waits == [seconds]


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "\xb2", "Sun, 99 Mar 2026 12:00:09 GMT"])
def test_invalid_retry_after_is_ignored(
    header: str, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", error_response(429, "Too many requests", Retry_After=header), USERS)
    get_users(client)
    assert_backed_off(waits, 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("121", "121"), ("86400", "86400"), ("9" * 400, "inf"), ("Sun, 01 Mar 2026 13:00:00 GMT", "3600")],
)
def test_long_retry_after_is_an_error_with_its_seconds(
    header: str, seconds: str, server: ScriptedServer, client: Client, waits: list[float]
) -> None:
    server.on("GET /users", error_response(429, "Too many requests", Retry_After=header), USERS)
    with pytest.raises(ConnectionFailed, match=f"pause of {seconds} seconds"):
        get_users(client)
    assert client.requests == 1
    assert waits == []


def test_backoff_is_limited_to_30_seconds(client: Client, waits: list[float]) -> None:
    client.pause(20)
    assert 15 <= waits[0] <= 30


# The API key


def test_api_key_is_sent_in_its_header(server: ScriptedServer, connect: Callable[..., Client], key: str) -> None:
    server.on("GET /n8n/api/v1/users", USERS)
    get_users(connect(f"{server.url}/n8n/api/v1/"))
    [request] = server.requests
    assert request.headers["X-N8N-API-KEY"] == key
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", [get_users, post_project])
def test_redirect_is_an_error_that_names_the_target(
    status: int,
    call: Callable[[Client], Any],
    server: ScriptedServer,
    other_server: ScriptedServer,
    client: Client,
) -> None:
    server.on("*", text_response("", status, Location=f"{other_server.url}/n8n/api/v1/users?limit=250"))
    with pytest.raises(
        ConnectionFailed, match=f"redirects to {other_server.url}/n8n\\. .*Set url to this address"
    ) as caught:
        call(client)
    assert not isinstance(caught.value, LostResponse)
    assert other_server.requests == []
    assert client.requests == len(server.requests) == 1


def test_target_of_a_relative_redirect_is_absolute(server: ScriptedServer, client: Client) -> None:
    server.on("*", text_response("", 302, Location="/login?next=x"))
    with pytest.raises(ConnectionFailed, match=f"redirects to {server.url}/login\\."):
        get_users(client)


def errors_of(client: Client, server: ScriptedServer, responses: list[Response]) -> list[N8nError]:
    caught = []
    for response in responses:
        server.on("*", response)
        for call in (get_users, post_project):
            with pytest.raises(N8nError) as info:
                call(client)
            caught.append(info.value)
    return caught


def test_api_key_is_not_in_errors_or_repr(server: ScriptedServer, client: Client, key: str) -> None:
    message = f"Invalid key {key}."
    errors = errors_of(
        client,
        server,
        [
            *(fault for fault, _message in TRANSIENT.values()),
            *(error_response(status, message) for status in (400, 401, 403, 404, 409, 429, 500, 503)),
            # The message is truncated in the middle of the key.
            error_response(400, "x" * 480 + key),
            text_response(message, 500),
            text_response(message, 200),
        ],
    )
    printed = [repr(error) for error in errors] + [repr(client), repr(client.connection), str(client.connection)]
    for part in (key, key[:20], key[-20:]):
        assert [line for line in printed if part in line] == []


# Responses


@pytest.mark.parametrize(
    "response",
    [
        text_response("<html>Welcome</html>"),
        text_response("pong", content_type="text/plain"),
        json_response([]),
        json_response("pong"),
        json_response({}),
        json_response({"data": {}}),
        json_response({"data": None, "nextCursor": None}),
        json_response({"data": ["u-1"]}),
        json_response({"data": [{"name": "no id"}]}),
        NO_CONTENT,
        Response(200),
        text_response("<h1>Not Found</h1>", 404),
        text_response("<h1>Error</h1>", 500),
        json_response({"error": "not found"}, 404),
        json_response(["not", "found"], 404),
    ],
    ids=lambda response: f"{response.status} {response.body.decode()}",
)
def test_response_of_another_server_is_an_error(response: Response, server: ScriptedServer, client: Client) -> None:
    server.on("GET /users", response)
    with pytest.raises(
        ConnectionFailed, match=f"{server.url}/api/v1/users is not that of the public API of n8n. Check url"
    ):
        read_pages(client, "/users", "list users", "list_users")
    assert client.requests == 1


def test_empty_response_to_a_write_is_none(server: ScriptedServer, client: Client) -> None:
    server.on("POST /projects", Response(201))
    assert post_project(client) is None


@pytest.mark.parametrize("body", [{"name": 'Sales / EMEA "x" ü'}, [{"email": "ü@example.com"}]])
def test_body_is_sent_and_received_as_json(body: Any, server: ScriptedServer, client: Client) -> None:
    server.on("POST /x", json_response(body, 201))
    assert client.send("POST", "/x", "test", "create_project", body=body) == body
    assert server.requests[0].body == body


# Error responses


def test_long_message_is_truncated(server: ScriptedServer, client: Client) -> None:
    server.on("GET /users", error_response(400, "x" * 10_000))
    with pytest.raises(ApiError) as caught:
        get_users(client)
    assert len(str(caught.value)) < 600


ANY_SCOPE = "project:manageMembers or project:update"


@pytest.mark.parametrize(
    ("call", "discovered", "message"),
    [
        (
            "list_users",
            json_response({"data": {"scopes": ["user:read"]}}),
            "The key lacks the scope user:list. Create a key with this scope",
        ),
        ("list_users", json_response({"data": {"scopes": []}}), "The key lacks the scope user:list"),
        (
            "list_users",
            json_response({"data": {"scopes": ["user:list"]}}),
            "The key has the scope user:list, but the role of its user does not",
        ),
        (
            "set_members",
            json_response({"data": {"scopes": ["project:update"]}}),
            f"The key has the scope {ANY_SCOPE}, but the role of its user",
        ),
        ("set_members", json_response({"data": {"scopes": ["project:list"]}}), f"The key lacks the scope {ANY_SCOPE}"),
        *(
            ("list_users", response, "The key needs the scope user:list, and its user needs a role with it")
            for response in (
                NOT_FOUND,
                RESET,
                FORBIDDEN,
                text_response("<html>"),
                json_response([]),
                json_response({"data": None}),
                json_response({"data": {"scopes": None}}),
                json_response({"data": {"scopes": 7}}),
                text_response("", 302, Location="/login"),
            )
        ),
    ],
)
def test_forbidden_request_names_the_scope_and_whether_the_key_has_it(
    call: str, discovered: Response, message: str, server: ScriptedServer, client: Client
) -> None:
    server.on("GET /users", FORBIDDEN)
    server.on("GET /discover", discovered)
    with pytest.raises(ApiError) as caught:
        client.get("/users", "list users", call)
    assert str(caught.value).startswith(f'n8n refused to list users: "Forbidden" (HTTP 403). {message}')
    assert server.request_lines == ["GET /users", "GET /discover"]
    assert client.requests == 2


# Check mode


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get"])
def test_read_only_client_sends_only_get_requests(
    method: str, server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    client = connect(server.url, read_only=True)
    with pytest.raises(N8nError, match="The module tried to delete user u-1"):
        client.send(method, "/users/u-1", "delete user u-1", "delete_user")
    assert server.requests == []
    assert client.requests == 0


def test_read_only_client_can_read(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("GET /users", USERS)
    assert get_users(connect(server.url, read_only=True))


# Parallel calls


def test_results_have_the_order_of_the_items(connect: Callable[..., Client]) -> None:
    done = [threading.Event() for _number in range(5)]
    done[4].set()

    def finish_in_reverse_order(number: int) -> int:
        # Each call waits for the next item, and the last call finishes first.
        assert done[min(number + 1, 4)].wait(5)
        done[number].set()
        return number * 10

    assert connect("http://localhost", concurrency=5).in_parallel(finish_in_reverse_order, range(5)) == [
        0,
        10,
        20,
        30,
        40,
    ]


def test_number_of_parallel_calls_is_the_concurrency(connect: Callable[..., Client]) -> None:
    barrier = threading.Barrier(3)
    client = connect("http://localhost", concurrency=3)
    # The barrier requires three parallel calls. Nine calls use three threads.
    names = client.in_parallel(lambda _item: (barrier.wait(5), threading.current_thread().name)[1], range(9))
    assert len(set(names)) == 3


@pytest.mark.parametrize(("concurrency", "count"), [(1, 3), (8, 1), (8, 0)])
def test_single_calls_run_in_the_current_thread(concurrency: int, count: int, connect: Callable[..., Client]) -> None:
    names = connect("http://localhost", concurrency=concurrency).in_parallel(
        lambda _item: threading.current_thread().name, range(count)
    )
    assert names == [threading.current_thread().name] * count


def test_first_error_of_parallel_calls_is_raised(connect: Callable[..., Client]) -> None:
    def fail_if_odd(number: int) -> int:
        if number % 2:
            raise N8nError(f"failed on {number}")
        return number

    with pytest.raises(N8nError, match="failed on 1"):
        connect("http://localhost").in_parallel(fail_if_odd, range(6))


def test_each_thread_keeps_one_connection(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("*", USERS)
    barrier = threading.Barrier(4)
    client = connect(server.url, concurrency=4)

    def request_users(_number: int) -> None:
        barrier.wait(5)
        get_users(client)

    get_users(client)
    get_users(client)
    client.in_parallel(request_users, range(20))
    assert client.requests == len(server.requests) == 22
    assert len({request.connection for request in server.requests}) == 5


def test_requests_of_all_threads_are_counted(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("*", RESET, text_response("", 502), USERS)
    client = connect(server.url, concurrency=8, retries=4)
    client.in_parallel(lambda _number: get_users(client), range(40))
    assert client.requests == len(server.requests) == 42


def test_context_manager_closes_the_connections(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("*", USERS)
    before = set(threading.enumerate())
    with connect(server.url) as client:
        client.in_parallel(lambda _number: get_users(client), range(3))
        assert _new_pool_threads(before)
    assert not _new_pool_threads(before)


def test_end_of_a_task_ends_its_threads_and_keeps_the_own_connection(
    server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    server.on("*", USERS)
    before = set(threading.enumerate())
    with connect(server.url) as client:
        get_users(client)
        client.in_parallel(lambda _number: get_users(client), range(3))
        client.sessions.end_threads()
        assert not _new_pool_threads(before)
        get_users(client)
        first, *parallel, last = [request.connection for request in server.requests]
        assert first == last and first not in parallel
        # Another task may need threads again.
        client.in_parallel(lambda _number: get_users(client), range(3))


def test_aborted_client_sends_no_further_request(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("*", USERS)
    with connect(server.url) as client:
        get_users(client)
        client.sessions.abort()
        with pytest.raises(ConnectionFailed, match="interrupted"):
            get_users(client)
    assert len(server.requests) == 1


def _new_pool_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    new = set(threading.enumerate()) - before
    return [thread for thread in new if thread.name.startswith("ThreadPoolExecutor")]


# TLS


def test_unknown_certificate_is_an_error_with_two_remedies(
    tls_server: ScriptedServer, connect: Callable[..., Client], waits: list[float]
) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be verified: .*self.signed.*ca_path.*validate_certs: false"):
        get_users(connect(tls_server.url))
    assert tls_server.requests == []
    assert waits == []


def test_certificate_in_ca_path_is_accepted(
    tls_server: ScriptedServer, connect: Callable[..., Client], certificate: Path
) -> None:
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, ca_path=str(certificate)))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_validate_certs_false_overrides_certificates_of_the_environment(
    variable: str,
    tls_server: ScriptedServer,
    connect: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.setenv(variable, certifi.where())
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, validate_certs=False))
    assert [str(warning.message) for warning in recwarn if "Unverified" in str(warning.message)] == []


def test_ca_path_overrides_certificates_of_the_environment(
    tls_server: ScriptedServer, connect: Callable[..., Client], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    tls_server.on("GET /users", USERS)
    assert get_users(connect(tls_server.url, ca_path=str(certificate)))


def test_missing_certificate_file_of_the_environment_is_reported(
    tls_server: ScriptedServer, connect: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConnectionFailed, match="missing.pem"):
        get_users(connect(tls_server.url))


def test_ca_path_without_certificates_is_an_error(
    tls_server: ScriptedServer, connect: Callable[..., Client], tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("no certificate", "utf-8")
    with pytest.raises(ConnectionFailed, match="TLS connection to"):
        get_users(connect(tls_server.url, ca_path=str(tmp_path / "empty.pem")))


def test_https_url_of_an_http_server_is_reported(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    with pytest.raises(ConnectionFailed, match="Check that the port serves HTTPS"):
        get_users(connect(server.url.replace("http:", "https:")))


@pytest.mark.parametrize("fault", [RESET, CLOSED], ids=["reset", "closed"])
def test_lost_tls_connection_is_handled_like_a_lost_connection(
    fault: Response, tls_server: ScriptedServer, connect: Callable[..., Client], certificate: Path
) -> None:
    client = connect(tls_server.url, ca_path=str(certificate))
    tls_server.on("GET /users", fault, USERS)
    tls_server.on("POST /projects", fault, USERS)
    assert get_users(client)
    with pytest.raises(LostResponse):
        post_project(client)
    assert tls_server.request_lines == ["GET /users", "GET /users", "POST /projects"]


def test_unexpected_end_of_a_tls_stream_is_a_lost_connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The error of urllib3 for a write to a kept connection that the server has closed.
    error = requests.exceptions.SSLError("EOF occurred in violation of protocol (_ssl.c:2417)")

    def fail(*_arguments: Any) -> None:
        client.requests += 1
        raise error

    monkeypatch.setattr(client, "_request", fail)
    with pytest.raises(ConnectionFailed):
        get_users(client)
    assert client.requests == 3
    with pytest.raises(LostResponse):
        post_project(client)
    assert client.requests == 4


# The user of the API key


def test_own_user_id_is_the_subject_of_the_key(client: Client) -> None:
    assert client.connection.own_user_id == "u-me"


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
def test_own_user_id_is_none_for_other_keys(key: str, connect: Callable[..., Client]) -> None:
    assert connect("http://localhost", api_key=key).connection.own_user_id is None


# Missing requests library


def test_missing_requests_library_is_an_error_after_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    for original in (transport_errors, _client):
        spec = importlib.util.spec_from_file_location(original.__name__, str(original.__file__))
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    assert isinstance(module.REQUESTS_IMPORT_ERROR, ImportError)
    with pytest.raises(InputError, match="requests is not installed"):
        module.Client(Connection.from_options({"url": "http://localhost", "api_key": "k"}))
