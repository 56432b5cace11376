# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small SCIM 2.0 service on loopback (RFC 7643 and 7644), which gives two people a page, whatever it is asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-that-no-output-names"
PER_PAGE = 2
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def person(name: str, department: str, *groups: str, active: bool | str | None = True) -> dict[str, Any]:
    """Return a user as SCIM has them, without `active` if it is None."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": f"id-of-{name}",
        "userName": f"{name}@example.com",
        **({} if active is None else {"active": active}),
        "emails": [{"value": f"{name}@example.com", "primary": True}],
        "groups": [{"value": f"id-of-{group}", "display": group} for group in groups],
        ENTERPRISE: {"department": department},
    }


PEOPLE = (
    person("ada", "Sales"),
    person("grace", "Support", "Team leads", active="True"),
    person("linus", "Support", active=None),
    person("alan", "Legal"),
    person("margaret", "Sales", active=False),
    # As some services send it.
    person("barbara", "Sales", active="False"),
    person("frances", "Sales", active="false"),
    person("edsger", "Support", active="no"),
    person("tony", "Support", active="0"),
    person("niklaus", "Sales", active=""),
)


@contextmanager
def scim(people: tuple[dict[str, Any], ...] = PEOPLE, missing: int = 0) -> Iterator[str]:
    """Serve `people` and yield the service's address; the last `missing` are counted and on no page."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = parse_qs(address.query)
            known = self.headers["Authorization"] == f"Bearer {TOKEN}"
            start = int(asked.get("startIndex", ["1"])[0])
            shown = people[: len(people) - missing][start - 1 :][: min(PER_PAGE, int(asked.get("count", ["100"])[0]))]
            found = {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": len(people),
                "startIndex": start,
                "itemsPerPage": len(shown),
                "Resources": shown,
            }
            self._send(401 if not known else 200 if address.path == "/scim/v2/Users" else 404, found if known else {})

        def _send(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/scim+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/scim/v2"
        finally:
            server.shutdown()
