# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that the company is on: filled, emptied, and brought out of line by the API alone."""

from __future__ import annotations

from n8n_server.server import Server

from .company import Company

# What n8n takes in one call without trouble.
BATCH = 250


class Site:
    """One server and the company; the ids are those that the server has given."""

    def __init__(self, n8n: Server, company: Company) -> None:
        self.n8n = n8n
        self.company = company
        self.user_ids: dict[str, str] = {}
        self.project_ids: dict[str, str] = {}

    def empty(self) -> None:
        """Leave nobody but the owner, who gets a new key."""
        self.n8n.reset()

    def fill_without_members(self) -> None:
        """Make users and projects in an empty server."""
        emails = self.company.emails()
        for start in range(0, len(emails), BATCH):
            body = [{"email": email, "role": "global:member"} for email in emails[start : start + BATCH]]
            for answer in self.n8n.api("POST", "/users", body):
                self.user_ids[answer["user"]["email"]] = answer["user"]["id"]
        for name in self.company.names():
            self.project_ids[name] = self.n8n.api("POST", "/projects", {"name": name})["id"]

    def fill(self) -> None:
        """Make all of it in an empty server; the owner, who creates the projects, stays in none."""
        self.fill_without_members()
        owner = next(
            user["id"] for user in self.n8n.everything("/users", includeRole="true") if user["role"] == "global:owner"
        )
        for name, of_project in self.company.members().items():
            self._give(name, of_project)
            self.n8n.api("DELETE", f"/projects/{self.project_ids[name]}/users/{owner}")

    def drift(self) -> None:
        """Bring a filled server out of line, as the company's `drifted` says."""
        then = self.company.drifted()
        for name, now in self.company.members().items():
            self._give(name, {email: role for email, role in then[name].items() if now.get(email) != role})
            for email in now.keys() - then[name].keys():
                self.n8n.api("DELETE", f"/projects/{self.project_ids[name]}/users/{self.user_ids[email]}")

    def look_up(self) -> None:
        """Find out the ids of a server that somebody else has filled."""
        self.user_ids = {user["email"]: user["id"] for user in self.n8n.everything("/users")}
        self.project_ids = {
            project["name"]: project["id"] for project in self.n8n.everything("/projects") if project["type"] == "team"
        }

    def check(self) -> None:
        """Raise AssertionError unless the members are those of the company."""
        wanted = {
            name: {email: f"project:{role}" for email, role in of_project.items()}
            for name, of_project in self.company.members().items()
        }
        assert self.n8n.memberships() == wanted, "the server does not have the members that the list says"

    def _give(self, name: str, roles: dict[str, str]) -> None:
        relations = [{"userId": self.user_ids[email], "role": f"project:{role}"} for email, role in roles.items()]
        for start in range(0, len(relations), BATCH):
            body = {"relations": relations[start : start + BATCH]}
            self.n8n.api("POST", f"/projects/{self.project_ids[name]}/users", body)
