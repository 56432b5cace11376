# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the options for gateways in front of n8n: further headers, and client certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, ConnectionFailed, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import (
    Connection,
    short_header_values,
    with_masked_headers,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.transport_errors import failure_of
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
    page,
    text_response,
)

SECRET = "topsecret-value"
PEM_END = b"-----END PRIVATE KEY-----\n"


def get_users(client: Client) -> Any:
    return client.get("/users", "list users", "list_users")


def connection(**options: Any) -> Connection:
    return Connection.from_options({"url": "https://n8n.example.com", "api_key": "k", **options})


@pytest.fixture
def strict_server(no_proxy: None, certificate: Path) -> Iterator[ScriptedServer]:
    """A server that requires a client certificate."""
    with ScriptedServer(certificate, client_authority=certificate) as started:
        yield started


@pytest.fixture
def pair(certificate: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The certificate and its private key, in files of their own."""
    key, end, cert = certificate.read_bytes().partition(PEM_END)
    files = tmp_path / "client.pem", tmp_path / "client.key"
    files[0].write_bytes(cert)
    files[1].write_bytes(key + end)
    return files


# Headers


def test_headers_are_sent_with_each_request(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    server.on("GET /users", page())
    with connect(server.url, headers={"CF-Access-Client-Id": " id ", "X-Number": 7}) as client:
        client.in_parallel(lambda _number: get_users(client), range(3))
    for request in server.requests:
        assert (request.headers["CF-Access-Client-Id"], request.headers["X-Number"]) == ("id", "7")


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X-N8N-API-KEY": SECRET}, "headers has X-N8N-API-KEY, which the collection sets itself"),
        ({"host": SECRET}, "headers has host, which the collection sets itself"),
        ({"X-A": SECRET, "x-a": SECRET}, "headers has x-a twice"),
        ({f"X-A: {SECRET}": ""}, "headers has a name that no header can have"),
        ({"": SECRET}, "headers has a name that no header can have"),
        ({7: SECRET}, "headers has a name that no header can have"),
        ({"X-A": f"{SECRET}\r\nX-B: c"}, "The value of X-A in headers has line breaks"),
        ({"X-A": f"{SECRET}ü"}, "other characters that no header can have"),
        ({"X-A": None}, "The value of X-A in headers must be text"),
        ({"X-A": True}, "The value of X-A in headers must be text. Quote it."),
        ({"X-A": " "}, "The value of X-A in headers must be text"),
        ({"X-A": [SECRET]}, "The value of X-A in headers must be text"),
    ],
)
def test_invalid_headers_are_rejected_without_their_values(headers: dict[Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        connection(headers=headers)
    assert SECRET not in str(caught.value)


def test_values_of_headers_are_in_no_message_and_no_representation(
    server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    server.on("GET /users", error_response(400, f"unknown token {SECRET}, code 12, not 123"))
    with pytest.raises(ApiError, match=r'"unknown token \*{3}, code \*{3}, not 123"'):
        get_users(connect(server.url, headers={"X-Token": SECRET, "X-Code": "12"}))
    assert SECRET not in repr(connection(headers={"X-Token": SECRET}))


def test_results_show_names_of_headers_only() -> None:
    mask = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    options = {"url": "u", "headers": {"X-Token": SECRET, "X-Code": 1}}
    assert with_masked_headers(options) == {"url": "u", "headers": {"X-Token": mask, "X-Code": mask}}
    assert with_masked_headers({"headers": f"X-Token={SECRET}"}) == {"headers": mask}
    assert with_masked_headers({"headers": None}) == {"headers": None}


def test_only_short_values_stay_where_they_occur_elsewhere() -> None:
    assert short_header_values({"X-Token": SECRET, "X-Code": 12, "X-Seven": "1234567", "X-Eight": "12345678"}) == {
        "12",
        "1234567",
    }
    assert short_header_values(None) == short_header_values("X-Token=1") == set()


# Client certificates


def test_client_certificate_is_presented(
    strict_server: ScriptedServer, connect: Callable[..., Client], certificate: Path, pair: tuple[Path, Path]
) -> None:
    strict_server.on("GET /users", page())
    trust = {"ca_path": str(certificate)}
    assert get_users(connect(strict_server.url, client_cert=str(pair[0]), client_key=str(pair[1]), **trust))
    # The certificate and its key may be in one file.
    assert get_users(connect(strict_server.url, client_cert=str(certificate), **trust))


def test_missing_client_certificate_is_an_error_with_the_remedy(
    strict_server: ScriptedServer, connect: Callable[..., Client], certificate: Path, waits: list[float]
) -> None:
    # The server may close the connection before its alert is read. Then the message says so, too.
    with pytest.raises(ConnectionFailed, match="requires a client certificate. Set client_cert and client_key"):
        get_users(connect(strict_server.url, ca_path=str(certificate)))
    assert strict_server.requests == []


@pytest.mark.parametrize(
    "alert", ["tlsv13 alert certificate required", "tlsv1 alert unknown ca", "sslv3 alert bad certificate"]
)
def test_alert_about_the_certificate_is_not_tried_again(alert: str) -> None:
    error = requests.exceptions.SSLError(f"[SSL: ALERT] {alert} (_ssl.c:2580)")
    failure = failure_of(error, connection())
    assert isinstance(failure, ConnectionFailed) and "requires a client certificate" in str(failure)


def test_refused_client_certificate_is_an_error_that_names_it(
    strict_server: ScriptedServer,
    connect: Callable[..., Client],
    certificate: Path,
    other_certificate: Path,
    waits: list[float],
) -> None:
    with pytest.raises(ConnectionFailed, match=f"does not accept client_cert {other_certificate}"):
        get_users(connect(strict_server.url, ca_path=str(certificate), client_cert=str(other_certificate)))


def test_page_of_a_gateway_about_the_certificate_is_understood(
    server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    server.on("GET /users", text_response("<h1>400 No required SSL certificate was sent</h1>", 400))
    with pytest.raises(ConnectionFailed, match="requires a client certificate"):
        get_users(connect(server.url))


def test_redirect_to_a_login_names_the_options_for_gateways(
    server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    server.on("GET /users", text_response("", 302, location="https://login.example.com/?token=abc"))
    with pytest.raises(ConnectionFailed, match="redirects to https://login.example.com/.*set headers or client_cert"):
        get_users(connect(server.url))


def test_unusable_client_certificates_are_rejected(
    certificate: Path, other_certificate: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    text, locked = tmp_path / "text", tmp_path / "locked.key"
    text.write_text("no certificate", "utf-8")
    key = serialization.load_pem_private_key(pair[1].read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    cases: list[tuple[dict[str, str], str]] = [
        ({"client_cert": "/missing.pem"}, "client_cert /missing.pem cannot be read .*: No such file"),
        ({"client_cert": str(tmp_path)}, "cannot be"),
        ({"client_cert": str(text)}, "cannot be used: .*both in PEM format"),
        ({"client_cert": str(pair[0])}, "cannot be used"),
        ({"client_cert": str(pair[0]), "client_key": "/missing.key"}, "with client_key /missing.key cannot be read"),
        ({"client_cert": str(pair[0]), "client_key": str(other_certificate)}, "cannot be used: KEY_VALUES_MISMATCH"),
        ({"client_cert": str(pair[0]), "client_key": str(locked)}, "a key without a password"),
        ({"client_key": str(pair[1])}, "client_key is set and client_cert is not"),
    ]
    for options, message in cases:
        with pytest.raises(InputError, match=message):
            connection(**options)
