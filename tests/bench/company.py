# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The company that is measured: who is in which project with which role, and what a server has that is a little off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# The most that n8n gives in one answer.
PAGE = 250
ANOTHER_ROLE = {"viewer": "editor", "editor": "viewer"}
# By the name of the project: the emails of its members and their roles.
Members = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Company:
    """So many people and projects, everybody being in `each` of these."""

    users: int
    projects: int
    each: int

    @classmethod
    def of_size(cls, size: int) -> Company:
        """Return the company of a size; that of 8 has 10,000 people, 1,000 projects and 100,000 memberships."""
        return cls(users=1250 * size, projects=125 * size, each=10)

    @property
    def memberships(self) -> int:
        """How many there are."""
        return self.users * self.each

    @property
    def pages(self) -> int:
        """How many pages a server has that has the company, and an owner who is in no team project."""
        people = 1 + self.users
        # Everybody's personal project is in the list of projects, too.
        listings = (people, people + self.projects, *[self.memberships // self.projects] * self.projects)
        return sum(math.ceil(items / PAGE) for items in listings)

    @property
    def drifting(self) -> int:
        """How many memberships a server is off by that has drifted."""
        pairs = zip(self.members().values(), self.drifted().values())
        return sum(len({email for email, _role in now.items() ^ then.items()}) for now, then in pairs)

    def emails(self) -> list[str]:
        """Return the emails of all."""
        return [f"user{number:05}@example.com" for number in range(self.users)]

    def names(self) -> list[str]:
        """Return the names of all projects."""
        return [f"Project {number:04}" for number in range(self.projects)]

    def people(self) -> list[dict[str, Any]]:
        """Return the list of people as n8n_access takes it."""
        step, names = self.projects // self.each, self.names()
        return [
            {
                "email": email,
                "role": "member",
                "projects": {
                    names[(number + turn * step) % self.projects]: self._role(number, turn) for turn in range(self.each)
                },
            }
            for number, email in enumerate(self.emails())
        ]

    def _role(self, number: int, turn: int) -> str:
        if turn == 0 and number < self.projects:
            return "admin"
        return "editor" if (number + turn) % 3 == 0 else "viewer"

    def members(self) -> Members:
        """Return the same list project by project."""
        found: Members = {name: {} for name in self.names()}
        for person in self.people():
            for name, role in person["projects"].items():
                found[name][person["email"]] = role
        return found

    def drifted(self) -> Members:
        """Return the members of a server that is 1 % off: some are missing, some have another role, some are strangers."""
        found, emails = self.members(), self.emails()
        # Nobody takes the place of an admin.
        flat = [
            (name, email)
            for name, of_project in found.items()
            for email, role in of_project.items()
            if role in ANOTHER_ROLE
        ]
        for turn, (name, email) in enumerate(flat[len(flat) % 100 // 2 :: 100]):
            of_project = found[name]
            if turn % 3 == 0:
                del of_project[email]
            elif turn % 3 == 1:
                of_project[email] = ANOTHER_ROLE[of_project[email]]
            else:
                of_project[next(stranger for stranger in reversed(emails) if stranger not in of_project)] = "viewer"
        return found
