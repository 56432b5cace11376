# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The company of the benchmark: its users, projects, and members, and the members after drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# The maximum number of items in one answer of n8n.
PAGE = 250
OTHER_ROLE = {"viewer": "editor", "editor": "viewer"}
# The emails and roles of members by the name of the project.
Members = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Company:
    """A number of users and projects. Each user is a member of `projects_per_user` projects."""

    users: int
    projects: int
    projects_per_user: int

    @classmethod
    def of_size(cls, size: int) -> Company:
        """Return the company of a size. Size 8 has 10,000 users, 1,000 projects, and 100,000 memberships."""
        return cls(users=1250 * size, projects=125 * size, projects_per_user=10)

    @property
    def memberships(self) -> int:
        """The number of memberships."""
        return self.users * self.projects_per_user

    @property
    def pages(self) -> int:
        """The number of pages of a server with the company and an owner who is not a member of a team project."""
        people = 1 + self.users
        # The list of projects contains the personal project of each user, too.
        listings = (people, people + self.projects, *[self.memberships // self.projects] * self.projects)
        return sum(math.ceil(items / PAGE) for items in listings)

    @property
    def drift_size(self) -> int:
        """The number of memberships that differ on a server that has drifted."""
        pairs = zip(self.members().values(), self.drifted().values())
        return sum(len({email for email, _role in listed.items() ^ drifted.items()}) for listed, drifted in pairs)

    def emails(self) -> list[str]:
        """Return the emails of all users."""
        return [f"user{number:05}@example.com" for number in range(self.users)]

    def names(self) -> list[str]:
        """Return the names of all projects."""
        return [f"Project {number:04}" for number in range(self.projects)]

    def people(self) -> list[dict[str, Any]]:
        """Return the list of users for n8n_access."""
        step, names = self.projects // self.projects_per_user, self.names()
        return [
            {
                "email": email,
                "role": "member",
                "projects": {
                    names[(number + turn * step) % self.projects]: self._role(number, turn)
                    for turn in range(self.projects_per_user)
                },
            }
            for number, email in enumerate(self.emails())
        ]

    def _role(self, number: int, turn: int) -> str:
        if turn == 0 and number < self.projects:
            return "admin"
        return "editor" if (number + turn) % 3 == 0 else "viewer"

    def members(self) -> Members:
        """Return the members of each project in the list."""
        found: Members = {name: {} for name in self.names()}
        for person in self.people():
            for name, role in person["projects"].items():
                found[name][person["email"]] = role
        return found

    def drifted(self) -> Members:
        """Return the members of a server with 1 % drift: some are missing, some have another role, some are surplus."""
        found, emails = self.members(), self.emails()
        # The admins do not change, so that each project keeps an admin.
        flat = [
            (name, email)
            for name, of_project in found.items()
            for email, role in of_project.items()
            if role in OTHER_ROLE
        ]
        for turn, (name, email) in enumerate(flat[len(flat) % 100 // 2 :: 100]):
            of_project = found[name]
            if turn % 3 == 0:
                del of_project[email]
            elif turn % 3 == 1:
                of_project[email] = OTHER_ROLE[of_project[email]]
            else:
                of_project[next(surplus for surplus in reversed(emails) if surplus not in of_project)] = "viewer"
        return found
