# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers for a company the way n8n does to those who read, so that a report of any people is written by the real playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .sample_users import Company

DATE = "2026-01-31"
KEY = "a-key-that-no-report-names"


@contextmanager
def pretended(company: Company) -> Iterator[dict[str, str]]:
    """Serve `company` on loopback, and yield the variables that tell a playbook of it."""
    served: dict[str, Any] = {
        "/users": {"data": company.users},
        "/projects": {"data": company.projects},
        "/roles": company.roles,
    }
    served |= {f"/projects/{project_id}/users": {"data": members} for project_id, members in company.members.items()}

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = served.get(urlsplit(self.path).path.removeprefix("/api/v1"))
            body = json.dumps(found or {"message": "not found"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {"N8N_URL": f"http://127.0.0.1:{server.server_port}", "N8N_API_KEY": KEY}
        finally:
            server.shutdown()


def write_report(path: Path, n8n: dict[str, str], *words: str, report_format: str = "html", check: bool = False) -> str:
    """Write a report with the collection's playbook and return what ansible-playbook said; raises if it failed."""
    variables = {"report_path": str(path), "report_format": report_format, "report_date": DATE}
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "lifecycle.n8n.report",
        "-e",
        json.dumps(variables),
        *words,
    ]
    env = {**os.environ, **n8n, "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    done = subprocess.run(
        command + ["--check"] * check, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def report(path: Path, company: Company, report_format: str) -> Path:
    """Write the report of `company` to `path`, and return that."""
    with pretended(company) as n8n:
        write_report(path, n8n, report_format=report_format)
    return path
