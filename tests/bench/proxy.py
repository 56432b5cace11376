# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy for n8n that adds latency, counts requests, and can return answers from memory."""

from __future__ import annotations

import http.client
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

# Status, content type, and body.
Answer = tuple[int, str, bytes]
Answers = dict[tuple[str, tuple[tuple[str, str], ...]], Answer]


@dataclass
class Proxy:
    """A running proxy: its address, and the number of requests to it."""

    url: str
    requests: int = 0


@contextmanager
def running_proxy(url: str, seconds: float, answers: Answers | None = None) -> Iterator[Proxy]:
    """Run a proxy for the server at `url` that answers each request `seconds` later.

    With `answers`, the proxy stores the answer to each GET request there, and returns it to later requests.
    """
    target = urlsplit(url)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Otherwise the body of an answer is delayed (algorithm of Nagle and delayed acknowledgement).
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            self.upstream = http.client.HTTPConnection(target.hostname or "", target.port)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def do_GET(self) -> None:  # http.server needs these names
            with lock:
                proxy.requests += 1
            requested = urlsplit(self.path)
            # The order of parameters does not change the page.
            page = (requested.path, tuple(sorted(parse_qsl(requested.query))))
            time.sleep(seconds)
            answer = answers.get(page) if answers is not None else None
            if answer is None:
                answer = self._forward()
                if answers is not None:
                    answers[page] = answer
            self._answer(*answer)

        def do_POST(self) -> None:
            with lock:
                proxy.requests += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(seconds)
            self._answer(*self._forward(body))

        do_PUT = do_PATCH = do_DELETE = do_POST

        def _forward(self, body: bytes = b"") -> Answer:
            headers = {name: self.headers[name] for name in ("X-N8N-API-KEY", "Content-Type") if self.headers[name]}
            # n8n closes a connection after 5 s without a request (default of Node.js). Then it is readable here.
            if self.upstream.sock and select.select([self.upstream.sock], [], [], 0)[0]:
                self.upstream.close()
            self.upstream.request(self.command, self.path, body or None, headers)
            answer = self.upstream.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            if content_type:
                self.send_header("Content-Type", content_type)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
