# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in front of n8n: answers as n8n does after a round trip as long as is said, and from memory where that is asked for."""

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

# Status, type of content, and body.
Answer = tuple[int, str, bytes]
Answers = dict[tuple[str, tuple[tuple[str, str], ...]], Answer]


@dataclass
class Proxy:
    """A running one: its address, and how many requests it was sent."""

    url: str
    requests: int = 0


@contextmanager
def passing_on(url: str, seconds: float, answers: Answers | None = None) -> Iterator[Proxy]:
    """Run a server that answers as the one at `url` does, each time so many seconds later.

    With `answers` a GET is asked of it once, kept there, and answered from there from then on.
    """
    there = urlsplit(url)
    count = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else the headers and the body of an answer wait for each other (Nagle and delayed acknowledgement).
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            self.upstream = http.client.HTTPConnection(there.hostname or "", there.port)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def do_GET(self) -> None:  # the names that http.server asks for
            with count:
                proxy.requests += 1
            asked = urlsplit(self.path)
            # The same page, whatever the order in which a client names its parameters.
            page = (asked.path, tuple(sorted(parse_qsl(asked.query))))
            time.sleep(seconds)
            answer = answers.get(page) if answers is not None else None
            if answer is None:
                answer = self._ask()
                if answers is not None:
                    answers[page] = answer
            self._answer(*answer)

        def do_POST(self) -> None:
            with count:
                proxy.requests += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(seconds)
            self._answer(*self._ask(body))

        do_PUT = do_PATCH = do_DELETE = do_POST

        def _ask(self, body: bytes = b"") -> Answer:
            headers = {name: self.headers[name] for name in ("X-N8N-API-KEY", "Content-Type") if self.headers[name]}
            # n8n closes a connection that was not used for 5 s (Node.js's default), and a client only finds out by looking.
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

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
