#!/usr/bin/env python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the users and members of the test server as JSON, read with the API of n8n, and the number of pages."""

from __future__ import annotations

import json
import re
from collections import Counter

from clean import listing

PAGE = 250


def pages(items):
    """Return the number of pages of a listing of `items`. An empty listing has one page."""
    return max(1, -(-len(items) // PAGE))


def groups(users, teams):
    """Return the emails in each group of the inventory by its name. No name of a project ends in a role."""

    def safe(text):
        return re.sub(r"\W", "_", text)

    counts = Counter(safe(team["name"]) for team in teams)
    found = {"pending": [user["email"] for user in users if user["isPending"]]}
    for user in users:
        found.setdefault(safe(f"role_{user['role']}"), []).append(user["email"])
    for team in teams:
        name = safe(f"project_{team['name']}")
        if counts[safe(team["name"])] > 1:
            name = f"{name}_{team['id']}"
        found[name] = [member["email"] for member in team["members"]]
        for member in team["members"]:
            found.setdefault(safe(f"{name}_{member['role'].split(':')[1]}"), []).append(member["email"])
    return found


def main():
    """Print all users, projects, and members in the order of the collection."""
    users = sorted(listing("/users", "includeRole=true").values(), key=lambda user: user["email"])
    projects = sorted(listing("/projects").values(), key=lambda project: (project["name"], project["id"]))
    teams = [project for project in projects if project["type"] == "team"]
    for team in teams:
        members = listing(f"/projects/{team['id']}/users").values()
        team["members"] = [
            {name: member[name] for name in ("id", "email", "role")}
            for member in sorted(members, key=lambda member: member["email"])
        ]
    memberships = [(team, member) for team in teams for member in team["members"]]
    state = {
        "users": [
            {
                "id": user["id"],
                "email": user["email"],
                "role": user["role"],
                "is_pending": user["isPending"],
                "first_name": user["firstName"],
                "last_name": user["lastName"],
                "projects": [
                    {"id": team["id"], "name": team["name"], "role": member["role"]}
                    for team, member in memberships
                    if member["id"] == user["id"]
                ],
            }
            for user in users
        ],
        "projects": [{name: team[name] for name in ("id", "name", "type", "members")} for team in teams],
        "members": [{**member, "project": team["name"], "project_id": team["id"]} for team, member in memberships],
        "memberships": [
            {
                "id": team["id"],
                "name": team["name"],
                "role": member["role"],
                "user": member["email"],
                "user_id": member["id"],
            }
            for user in users
            for team, member in memberships
            if member["id"] == user["id"]
        ],
        "groups": groups(users, teams),
        "personal": {project["creatorId"]: project["id"] for project in projects if project not in teams},
        "pages": {
            "users": pages(users),
            "projects": pages(projects),
            "members": sum(pages(team["members"]) for team in teams),
        },
    }
    print(json.dumps(state))


if __name__ == "__main__":
    main()
