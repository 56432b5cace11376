#!/usr/bin/env python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes from the n8n of the tests all whose email or name contains a word, by n8n's own API."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request


def call(method, path, patience=60):
    """Return the answer of n8n, None where it has no such thing. It unpublishes behind its answer, and takes its time."""
    request = urllib.request.Request(
        f"{os.environ['N8N_URL']}/api/v1{path}", method=method, headers={"X-N8N-API-KEY": os.environ["N8N_API_KEY"]}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        words = error.read().decode()
        if error.code == 404:
            return None
        if patience and "still being unpublished" in words:
            time.sleep(0.5)
            return call(method, path, patience - 1)
        raise SystemExit(f"{method} {path} answered {error.code}: {words}") from None


def listing(path, query=""):
    """Return everything of one kind, by id."""
    found, cursor = {}, ""
    while cursor is not None:
        page = call("GET", f"{path}?limit=250&{query}" + (f"&cursor={cursor}" if cursor else ""))
        found.update((item["id"], item) for item in page["data"])
        cursor = page["nextCursor"]
    return found


def published(id_):
    """Return whether a workflow is published, so that n8n does not delete it; on 2.8 it does."""
    return call("GET", "/roles") is not None and call("GET", f"/workflows/{id_}")["active"]


def main():
    """Delete, and say how much."""
    mark, deleted = sys.argv[1].lower(), 0
    for path, key in (("/workflows", "name"), ("/credentials", "name"), ("/projects", "name"), ("/users", "email")):
        # Pages of users come in no order and may overlap: look until there is nothing left.
        while doomed := [
            id_ for id_, item in listing(path).items() if mark in item[key].lower() and item.get("type") != "personal"
        ]:
            for id_ in doomed:
                if path == "/workflows" and published(id_):
                    call("POST", f"{path}/{id_}/deactivate")
                call("DELETE", f"{path}/{id_}")
                deleted += 1
    for roles in (call("GET", "/roles") or {}).values():
        for role in roles:
            if mark in role["displayName"].lower():
                call("DELETE", f"/roles/{role['slug']}")
                deleted += 1
    print(f"{deleted} deleted")


if __name__ == "__main__":
    main()
