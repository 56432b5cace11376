# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a task and the real n8n: passes on what is asked, but for the writes that go wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import requests

# What a write meets: n8n never gets it, and the answer is an error each time that it is sent; or n8n carries it out, and
# the answer is lost.
REFUSED, LOST = "refused", "lost"


class Between:
    """Passes requests on to the n8n at `url`. Writes are numbered from 1."""

    def __init__(self, url: str) -> None:
        self.n8n = url
        self.writes: list[str] = []
        # What goes wrong, and what somebody else does just before, by the number of the write.
        self.mishaps: dict[int, str] = {}
        self._refused: list[tuple[str, str, bytes]] = []
        self.meanwhile: dict[int, Callable[[], object]] = {}
        # What somebody else does right after n8n has carried a write out.
        self.after: dict[int, Callable[[], object]] = {}
        # Nothing is answered any more, as where n8n has died.
        self.is_dead = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Between:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def start_again(self) -> None:
        """Forget the writes so far, and which of them were refused."""
        self.writes.clear()
        self._refused.clear()

    def dies_before(self, number: int) -> None:
        """Let n8n die just before it gets that write."""

        def die() -> None:
            self.is_dead = True

        self.meanwhile[number] = die

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                mishap = None
                if self.command != "GET":
                    between.writes.append(f"{self.command} {self.path}")
                    between.meanwhile.pop(len(between.writes), lambda: None)()
                    mishap = between.mishaps.get(len(between.writes))
                if between.is_dead:
                    self.close_connection = True
                    return
                sent = (self.command, self.path, body)
                if mishap == REFUSED:
                    between._refused.append(sent)
                if sent in between._refused:
                    self.answer(500, b'{"message": "This write fails."}')
                    return
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() in ("x-n8n-api-key", "content-type")
                }
                with requests.Session() as session:
                    session.trust_env = False
                    found = session.request(self.command, between.n8n + self.path, data=body or None, headers=headers)
                if self.command != "GET":
                    between.after.pop(len(between.writes), lambda: None)()
                if mishap == LOST:
                    self.close_connection = True
                    return
                self.answer(found.status_code, found.content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

        return Handler
