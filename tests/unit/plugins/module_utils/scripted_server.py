# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server that sends scripted responses and faults, and records all requests."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BASE = "/api/v1"


@dataclass(frozen=True)
class Response:
    """One response. `fault` replaces it, or follows after `sent` bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    sent: int = 0


# The server resets the connection, closes it, or keeps it open, without a response.
RESET = Response(fault="reset")
CLOSED = Response(fault="close")
NO_RESPONSE = Response(fault="no response")


def json_response(data: Any, status: int = 200, **headers: str) -> Response:
    """Return a JSON response. An underscore in the name of a header is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, json.dumps(data).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


def error_response(status: int, message: str, **headers: str) -> Response:
    """Return an error response in the form of n8n."""
    return json_response({"message": message}, status, **headers)


def text_response(body: str, status: int = 200, content_type: str = "text/html", **headers: str) -> Response:
    """Return a response with any text."""
    return Response(
        status,
        body.encode(),
        {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def page(*items: Mapping[str, Any], cursor: str | None = None) -> Response:
    """Return one page of a listing."""
    return json_response({"data": items, "nextCursor": cursor})


def interrupted(response: Response, fault: str, sent: int = 10) -> Response:
    """Return a response with the complete length, which ends with `fault` after `sent` bytes."""
    return Response(response.status, response.body, response.headers, fault, sent)


NO_CONTENT = Response(204)
NOT_FOUND = error_response(404, "not found")


@dataclass(frozen=True)
class Request:
    """One recorded request. `path` is the encoded path after /api/v1. `connection` numbers the TCP connections."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    connection: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ScriptedServer:
    """Sends the responses of each "METHOD /path" in turn, and repeats the last one. Other requests are not found.

    With `client_authority`, a client needs a certificate of this authority.
    """

    def __init__(self, certificate: Path | None = None, client_authority: Path | None = None) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, Sequence[Response]] = {}
        self._counts: Counter[str] = Counter()
        self._connections = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self._handler())
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if client_authority:
                context.load_verify_locations(client_authority)
                context.verify_mode = ssl.CERT_REQUIRED
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.001}, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def on(self, request_line: str, *responses: Response) -> None:
        """Set the responses to a request, such as "GET /users". "*" stands for all other requests."""
        self._scripts[request_line] = responses
        self._counts[request_line] = 0

    @property
    def request_lines(self) -> list[str]:
        """All requests in order, such as "GET /users"."""
        return [str(request) for request in self.requests]

    def _next_response(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(request)
            request_line = str(request) if str(request) in self._scripts else "*"
            responses = self._scripts.get(request_line, (NOT_FOUND,))
            self._counts[request_line] += 1
            return responses[min(self._counts[request_line], len(responses)) - 1]

    def _connected(self) -> int:
        with self._lock:
            self._connections += 1
            return self._connections

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.number = server._connected()

            def log_message(self, *_arguments: Any) -> None:
                """Log nothing."""

            def respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                path = parts.path[len(BASE) :] if parts.path.startswith(f"{BASE}/") else parts.path
                request = Request(
                    self.command,
                    path,
                    dict(parse_qsl(parts.query)),
                    dict(self.headers.items()),
                    json.loads(body) if body else None,
                    self.number,
                )
                self.send(server._next_response(request))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

            def send(self, response: Response) -> None:
                if not response.fault or response.sent:
                    self.send_response(response.status)
                    for name, value in response.headers.items():
                        self.send_header(name, value)
                    if response.status != 204:
                        self.send_header("Content-Length", str(len(response.body)))
                    self.end_headers()
                    self.wfile.write(response.body[: response.sent] if response.sent else response.body)
                if not response.fault:
                    return
                self.close_connection = True
                if response.fault == "no response":
                    server._closing.wait(10)
                elif response.fault == "reset":
                    # Closing with a linger time of 0 sends RST. socketserver would send FIN first.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if response.fault != "no response":
                    os.close(self.connection.detach())

        return Handler


class _Http(ThreadingHTTPServer):
    request_queue_size = 64


def refused_url() -> tuple[str, socket.socket]:
    """Return a URL that refuses connections while the returned socket is open."""
    unused_socket = socket.socket()
    unused_socket.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{unused_socket.getsockname()[1]}", unused_socket
