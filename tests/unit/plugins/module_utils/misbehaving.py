# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server that behaves as badly as a test tells it to, and remembers everything it was asked."""

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
class Answer:
    """One answer. `conduct` is what it does instead of, or after sending `sent` bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    conduct: str = "answer"
    sent: int = 0


# The connection is reset without an answer, is closed without one, or stays open without one.
RESET = Answer(conduct="reset")
HANGUP = Answer(conduct="hang up")
SILENCE = Answer(conduct="silence")


def reply(data: Any, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON; an underscore in the name of a header is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(data).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


def refusal(status: int, words: str, **headers: str) -> Answer:
    """Answer with an error as n8n words it."""
    return reply({"message": words}, status, **headers)


def text(body: str, status: int = 200, kind: str = "text/html", **headers: str) -> Answer:
    """Answer with what is not valid JSON, or says that it is not."""
    return Answer(
        status,
        body.encode(),
        {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def page(*items: Mapping[str, Any], cursor: str | None = None) -> Answer:
    """Answer with one page of a listing."""
    return reply({"data": items, "nextCursor": cursor})


def broken(answer: Answer, conduct: str, sent: int = 10) -> Answer:
    """Answer with the first `sent` bytes of a body, announced in full, before `conduct`."""
    return Answer(answer.status, answer.body, answer.headers, conduct, sent)


NO_CONTENT = Answer(204)
NOT_FOUND = refusal(404, "not found")


@dataclass(frozen=True)
class Request:
    """One request as it came. `path` is as on the wire, behind /api/v1; `connection` numbers the TCP connections."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    connection: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class MisbehavingServer:
    """Answers "METHOD /path" (behind /api/v1) in turn, the last answer for good; the rest is not found."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.requests: list[Request] = []
        self._answers: dict[str, Sequence[Answer]] = {}
        self._asked: Counter[str] = Counter()
        self._connections = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self._handler())
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.001}, daemon=True)

    def __enter__(self) -> MisbehavingServer:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    def on(self, what: str, *answers: Answer) -> None:
        """Script the answers to `what`: "GET /users", or "*" for everything that has no script of its own."""
        self._answers[what] = answers
        self._asked[what] = 0

    @property
    def asked(self) -> list[str]:
        """The requests in the order they came, as "GET /users"."""
        return [str(request) for request in self.requests]

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            what = str(request) if str(request) in self._answers else "*"
            answers = self._answers.get(what, (NOT_FOUND,))
            self._asked[what] += 1
            return answers[min(self._asked[what], len(answers)) - 1]

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
                """Say nothing."""

            def answer(self) -> None:
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
                self.give(server._answer(request))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def give(self, answer: Answer) -> None:
                if answer.conduct == "answer" or answer.sent:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    if answer.status != 204:
                        self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body[: answer.sent] if answer.sent else answer.body)
                if answer.conduct == "answer":
                    return
                self.close_connection = True
                if answer.conduct == "silence":
                    server._over.wait(10)
                elif answer.conduct == "reset":
                    # Lingering for 0 seconds sends RST; socketserver, which sends FIN first, loses the descriptor.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if answer.conduct != "silence":
                    os.close(self.connection.detach())

        return Handler


class _Http(ThreadingHTTPServer):
    request_queue_size = 64


def refused_url() -> tuple[str, socket.socket]:
    """Return a URL where connections are refused as long as the socket, which is bound and does not listen, is kept."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{taken.getsockname()[1]}", taken
