# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that forwards the requests of a task to the real n8n and lets selected writes fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import requests

# REFUSED: n8n does not receive the write, and each attempt returns an error.
# LOST: n8n applies the write, and the task does not receive the response.
REFUSED, LOST = "refused", "lost"


class FaultProxy:
    """Forwards requests to the n8n at `url`. Writes are numbered from 1."""

    def __init__(self, url: str) -> None:
        self.n8n = url
        self.writes: list[str] = []
        # Faults of writes, and functions that run before a write is forwarded, by the number of the write.
        self.faults: dict[int, str] = {}
        self._refused: list[tuple[str, str, bytes]] = []
        self.before_write: dict[int, Callable[[], object]] = {}
        # Functions that run after n8n has applied a write, by the number of the write.
        self.after_write: dict[int, Callable[[], object]] = {}
        # If true, no request gets a response, as if n8n had stopped.
        self.is_stopped = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def reset(self) -> None:
        """Clear the recorded writes and the list of refused writes."""
        self.writes.clear()
        self._refused.clear()

    def stop_before(self, number: int) -> None:
        """Stop responding before the write with this number."""

        def stop() -> None:
            self.is_stopped = True

        self.before_write[number] = stop

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_arguments: object) -> None:
                """Write no log."""

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = None
                if self.command != "GET":
                    proxy.writes.append(f"{self.command} {self.path}")
                    proxy.before_write.pop(len(proxy.writes), lambda: None)()
                    fault = proxy.faults.get(len(proxy.writes))
                if proxy.is_stopped:
                    self.close_connection = True
                    return
                sent = (self.command, self.path, body)
                if fault == REFUSED:
                    proxy._refused.append(sent)
                if sent in proxy._refused:
                    self.respond(500, b'{"message": "This write fails."}')
                    return
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() in ("x-n8n-api-key", "content-type")
                }
                with requests.Session() as session:
                    session.trust_env = False
                    response = session.request(self.command, proxy.n8n + self.path, data=body or None, headers=headers)
                if self.command != "GET":
                    proxy.after_write.pop(len(proxy.writes), lambda: None)()
                if fault == LOST:
                    self.close_connection = True
                    return
                self.respond(response.status_code, response.content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

            def respond(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

        return Handler
