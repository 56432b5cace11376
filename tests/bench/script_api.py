# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of the scripts of the benchmark. They use only requests, and one session for each thread."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

API = os.environ["N8N_URL"] + "/api/v1"
THREAD = threading.local()
Item = dict[str, Any]


def call(method: str, path: str, **options: Any) -> Any:
    """Return the answer to one request."""
    if not hasattr(THREAD, "session"):
        THREAD.session = requests.Session()
        THREAD.session.headers["X-N8N-API-KEY"] = os.environ["N8N_API_KEY"]
    answer = THREAD.session.request(method, API + path, timeout=60, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def pages(path: str, **params: Any) -> list[Item]:
    """Return the items of all pages of a listing."""
    found: list[Item] = []
    params["limit"] = 250
    while True:
        page = call("GET", path, params=params)
        found += page["data"]
        if not page["nextCursor"]:
            return found
        params["cursor"] = page["nextCursor"]


def read_all(pool: ThreadPoolExecutor) -> tuple[list[Item], list[Item], dict[str, list[Item]]]:
    """Return all users, all team projects, and the members by the id of the project, read in parallel."""
    futures = [pool.submit(pages, "/users", includeRole="true"), pool.submit(pages, "/projects")]
    users, projects = (future.result() for future in futures)
    teams = [project for project in projects if project["type"] == "team"]
    paths = [f"/projects/{project['id']}/users" for project in teams]
    return users, teams, dict(zip((project["id"] for project in teams), pool.map(pages, paths)))
