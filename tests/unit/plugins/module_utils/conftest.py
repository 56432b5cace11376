# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted HTTP server, clients for it, and a clock that does not wait."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import client as _client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server import transport_errors
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import ScriptedServer

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)


def jwt(claims: Any) -> str:
    """Return an API key in the format of n8n, with `claims` in it."""
    return "head." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".signature"


@pytest.fixture
def key() -> str:
    """An API key of the user u-me."""
    return jwt({"sub": "u-me", "iss": "n8n", "aud": "public-api"})


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait of the client. The clock is fixed, and waits return at once."""
    waited: list[float] = []
    for module in (_client, transport_errors):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=waited.append, time=NOW.timestamp))
    return waited


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove certificates and disable proxies of the environment in which the tests run."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server(no_proxy: None) -> Iterator[ScriptedServer]:
    """A server that has no responses until a test sets them."""
    with ScriptedServer() as started:
        yield started


@pytest.fixture
def other_server(no_proxy: None) -> Iterator[ScriptedServer]:
    """A second server, which must not receive the API key."""
    with ScriptedServer() as started:
        yield started


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its private key in the same file."""
    return _self_signed(tmp_path_factory.mktemp("tls") / "certificate.pem")


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another self-signed certificate, which no server trusts."""
    return _self_signed(tmp_path_factory.mktemp("tls") / "other.pem")


def _self_signed(path: Path) -> Path:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "n8n of the tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(no_proxy: None, certificate: Path) -> Iterator[ScriptedServer]:
    """A server with a self-signed certificate."""
    with ScriptedServer(certificate) as started:
        yield started


@pytest.fixture
def connect(key: str, waits: list[float]) -> Iterator[Callable[..., Client]]:
    """A function that opens clients: `connect(url, read_only=True, retries=0)`. The default is 2 retries."""
    opened: list[Client] = []

    def open_client(url: str, read_only: bool = False, **options: Any) -> Client:
        connection = Connection.from_options({"url": url, "api_key": key, "retries": 2, **options})
        opened.append(Client(connection, read_only))
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def client(server: ScriptedServer, connect: Callable[..., Client]) -> Client:
    """A client of the scripted server."""
    return connect(server.url)


@pytest.fixture
def api(client: Client) -> Api:
    """The API of the scripted server."""
    return Api(client)
