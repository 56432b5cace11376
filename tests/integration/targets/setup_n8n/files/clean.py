#!/usr/bin/env python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete all items of the test server whose email or name contains a marker, with the API of n8n."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request


def call(method, path, attempts=60):
    """Return the answer of n8n, or None for status 404. n8n unpublishes a workflow after its answer, so a call may be repeated."""
    request = urllib.request.Request(
        f"{os.environ['N8N_URL']}/api/v1{path}", method=method, headers={"X-N8N-API-KEY": os.environ["N8N_API_KEY"]}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        if error.code == 404:
            return None
        if attempts and "still being unpublished" in text:
            time.sleep(0.5)
            return call(method, path, attempts - 1)
        raise SystemExit(f"{method} {path} answered {error.code}: {text}") from None


def listing(path, query=""):
    """Return all items of a listing by id."""
    found, cursor = {}, ""
    while cursor is not None:
        page = call("GET", f"{path}?limit=250&{query}" + (f"&cursor={cursor}" if cursor else ""))
        found.update((item["id"], item) for item in page["data"])
        cursor = page["nextCursor"]
    return found


def published(id_):
    """Return whether n8n refuses to delete a workflow because it is published. n8n 2.8 deletes it."""
    return call("GET", "/roles") is not None and call("GET", f"/workflows/{id_}")["active"]


def main():
    """Delete the items, and print their number."""
    marker, deleted = sys.argv[1].lower(), 0
    for path, key in (("/workflows", "name"), ("/credentials", "name"), ("/projects", "name"), ("/users", "email")):
        # Pages of users have no fixed order and may overlap, so the listing is read until it has no such item.
        while ids := [
            id_ for id_, item in listing(path).items() if marker in item[key].lower() and item.get("type") != "personal"
        ]:
            for id_ in ids:
                if path == "/workflows" and published(id_):
                    call("POST", f"{path}/{id_}/deactivate")
                call("DELETE", f"{path}/{id_}")
                deleted += 1
    for roles in (call("GET", "/roles") or {}).values():
        for role in roles:
            if marker in role["displayName"].lower():
                call("DELETE", f"/roles/{role['slug']}")
                deleted += 1
    print(f"{deleted} deleted")


if __name__ == "__main__":
    main()
