# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alternative to n8n_user_info: a script that reads the projects of all users with parallel requests."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .script_api import read_all


def main(parallel: int) -> None:
    """Print the projects of every user."""
    with ThreadPoolExecutor(parallel) as pool:
        users, teams, members = read_all(pool)
    of_user: dict[str, list[dict[str, Any]]] = {user["id"]: [] for user in users}
    for project in teams:
        for person in members[project["id"]]:
            of_user[person["id"]].append({"id": project["id"], "name": project["name"], "role": person["role"]})
    json.dump([{**user, "projects": of_user[user["id"]]} for user in users], sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
