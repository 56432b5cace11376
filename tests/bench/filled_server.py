# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with the users and projects of the company, which can be filled, emptied, and changed with the API."""

from __future__ import annotations

from n8n_server.server import Server

from .company import Company

# The number of items in one request.
BATCH = 250


class FilledServer:
    """A server and the company, with the ids on the server."""

    def __init__(self, n8n: Server, company: Company) -> None:
        self.n8n = n8n
        self.company = company
        self.user_ids: dict[str, str] = {}
        self.project_ids: dict[str, str] = {}

    def empty(self) -> None:
        """Delete all users except the owner, and create a new API key."""
        self.n8n.reset()

    def fill_without_members(self) -> None:
        """Create the users and projects on an empty server."""
        emails = self.company.emails()
        for start in range(0, len(emails), BATCH):
            body = [{"email": email, "role": "global:member"} for email in emails[start : start + BATCH]]
            for answer in self.n8n.api("POST", "/users", body):
                self.user_ids[answer["user"]["email"]] = answer["user"]["id"]
        for name in self.company.names():
            self.project_ids[name] = self.n8n.api("POST", "/projects", {"name": name})["id"]

    def fill(self) -> None:
        """Create the users, projects, and members on an empty server, and remove the owner from the projects."""
        self.fill_without_members()
        owner = next(
            user["id"] for user in self.n8n.everything("/users", includeRole="true") if user["role"] == "global:owner"
        )
        for name, of_project in self.company.members().items():
            self._set_roles(name, of_project)
            self.n8n.api("DELETE", f"/projects/{self.project_ids[name]}/users/{owner}")

    def drift(self) -> None:
        """Change the members of a filled server to those of `Company.drifted`."""
        drifted = self.company.drifted()
        for name, listed in self.company.members().items():
            self._set_roles(name, {email: role for email, role in drifted[name].items() if listed.get(email) != role})
            for email in listed.keys() - drifted[name].keys():
                self.n8n.api("DELETE", f"/projects/{self.project_ids[name]}/users/{self.user_ids[email]}")

    def look_up(self) -> None:
        """Read the ids of users and projects from the server."""
        self.user_ids = {user["email"]: user["id"] for user in self.n8n.everything("/users")}
        self.project_ids = {
            project["name"]: project["id"] for project in self.n8n.everything("/projects") if project["type"] == "team"
        }

    def check(self) -> None:
        """Raise AssertionError if the members differ from the company."""
        expected = {
            name: {email: f"project:{role}" for email, role in of_project.items()}
            for name, of_project in self.company.members().items()
        }
        assert self.n8n.memberships() == expected, "the members on the server differ from the list"

    def _set_roles(self, name: str, roles: dict[str, str]) -> None:
        relations = [{"userId": self.user_ids[email], "role": f"project:{role}"} for email, role in roles.items()]
        for start in range(0, len(relations), BATCH):
            body = {"relations": relations[start : start + BATCH]}
            self.n8n.api("POST", f"/projects/{self.project_ids[name]}/users", body)
