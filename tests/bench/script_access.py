# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alternative to n8n_access: a script that applies a list with as few requests as possible.

It reads once. It does not check the list, failed requests, or changes by other clients.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .script_api import Item, call, read_all

PARALLEL, BATCH = 8, 250


def main(list_path: str) -> None:
    """Apply the list, and print the number of changes."""
    people: list[Item] = json.loads(Path(list_path).read_text(encoding="utf-8"))
    desired: dict[str, dict[str, str]] = {}
    for person in people:
        for project, role in person["projects"].items():
            desired.setdefault(project, {})[person["email"]] = f"project:{role}"
    with ThreadPoolExecutor(PARALLEL) as pool:
        users, teams, members = read_all(pool)
        ids = {user["email"]: user["id"] for user in users}
        owner = next(user["email"] for user in users if user["role"] == "global:owner")
        invitations = [
            {"email": person["email"], "role": f"global:{person['role']}"}
            for person in people
            if person["email"] not in ids
        ]
        for answers in pool.map(lambda batch: call("POST", "/users", json=batch), batches(invitations)):
            ids.update({answer["user"]["email"]: answer["user"]["id"] for answer in answers})
        project_ids = {project["name"]: project["id"] for project in teams}
        new = [name for name in desired if name not in project_ids]
        for project in pool.map(lambda name: call("POST", "/projects", json={"name": name}), new):
            project_ids[project["name"]] = project["id"]
            members[project["id"]] = [{"email": owner, "role": "project:admin"}]
        posts, deletes = [], []
        listed = {person["email"] for person in people}
        for name, roles in desired.items():
            path = f"/projects/{project_ids[name]}/users"
            present = {member["email"]: member["role"] for member in members[project_ids[name]]}
            relations = [
                {"userId": ids[email], "role": role} for email, role in roles.items() if present.get(email) != role
            ]
            posts += [(path, batch) for batch in batches(relations)]
            removed = [email for email in present if email not in roles and (email in listed or name in new)]
            deletes += [f"{path}/{ids[email]}" for email in removed]
        list(pool.map(lambda post: call("POST", post[0], json={"relations": post[1]}), posts))
        list(pool.map(lambda path: call("DELETE", path), deletes))
    print(len(invitations) + len(new) + sum(len(batch) for _path, batch in posts) + len(deletes))


def batches(items: list[Any]) -> list[list[Any]]:
    """Return `items` in lists of at most BATCH."""
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


if __name__ == "__main__":
    main(sys.argv[1])
