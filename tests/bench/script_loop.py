# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alternative to a loop of n8n_project_member: a script that sends the same requests, one at a time.

It does not check names that are not unique, the last admin, or failed requests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .script_api import Item, call, pages


def main(list_path: str) -> None:
    """Apply the list of memberships, and print the number of changes."""
    memberships: list[Item] = json.loads(Path(list_path).read_text(encoding="utf-8"))["memberships"]
    ids = {project["name"]: project["id"] for project in pages("/projects")} if memberships else {}
    print(sum(_apply(item, ids[item["project"]]) for item in memberships))


def _apply(item: Item, project_id: str) -> bool:
    """Make the user of the item a member, or remove the member. Return whether this is a change."""
    user_id = call("GET", f"/users/{item['email']}")["id"]
    path = f"/projects/{project_id}/users"
    present = {member["id"]: member["role"] for member in pages(path)}
    desired = item["role"] if item["state"] == "present" else None
    if present.get(user_id) == desired:
        return False
    if desired is None:
        call("DELETE", f"{path}/{user_id}")
    else:
        call("POST", path, json={"relations": [{"userId": user_id, "role": desired}]})
    return True


if __name__ == "__main__":
    main(sys.argv[1])
