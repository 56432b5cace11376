# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Companies that no n8n needs to hold: eight people, five hundred, and people with the worst of names."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

CUSTOM = "project:data-steward-k2x9qa"
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Company:
    """What n8n's public API says of a company."""

    users: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def user(
        self, email: str, first: str | None, last: str | None = None, role: str = "global:member", **projects: str
    ) -> None:
        """Add a user (pending without a first name), with a role in each of `projects`, which are named by id."""
        entry = {
            "id": f"u-{len(self.users)}",
            "email": email,
            "firstName": first,
            "lastName": last,
            "isPending": first is None,
        }
        self.users.append({**entry, "role": role})
        self.projects.append(
            {"id": f"personal-{len(self.users)}", "type": "personal", "name": email, "creatorId": entry["id"]}
        )
        for project, slug in projects.items():
            self.members[project].append({**entry, "role": slug if ":" in slug else f"project:{slug}"})

    def project(self, project_id: str, name: str) -> None:
        """Add a team project without members."""
        self.projects.append({"id": project_id, "type": "team", "name": name})
        self.members[project_id] = []

    @property
    def roles(self) -> dict[str, list[dict[str, Any]]]:
        """What GET /roles says: custom roles alone are enough for a report."""
        return {
            "project": [{"slug": CUSTOM, "displayName": "Data steward", "roleType": "project", "systemRole": False}]
        }


def small() -> Company:
    """Return eight people in four projects, with something to find of each kind."""
    company = Company()
    for project_id, name in {
        "sal": "Sales",
        "sup": "Support",
        "dat": "Data & Reporting",
        "arc": "Archive 2024",
    }.items():
        company.project(project_id, name)
    company.user("ada@example.com", "Ada", "Lovelace", "global:admin", sal="admin", sup="admin", dat="admin")
    company.user("alan@example.com", None, sal="viewer")
    company.user("barbara@example.com", "Barbara", "Liskov", dat=CUSTOM)
    company.user("dennis@example.com", "Dennis", "Ritchie", dat="editor", arc="viewer")
    company.user("grace@example.com", "Grace", "Hopper", sup="editor", sal="editor")
    company.user("linus@example.com", "Linus", "Torvalds", sup="admin", sal="viewer")
    company.user("margaret@example.com", "Margaret", "Hamilton", "global:chatUser")
    company.user("olivia@example.com", "Olivia", "Owner", "global:owner")
    return company


def large(people: int = 500, projects: int = 40) -> Company:
    """Return many people in many projects, the same ones every time."""
    chance = random.Random(42)
    first = "Ada Alan Barbara Claude Dennis Edsger Frances Grace Hedy Ivan Jean Katherine Linus Margaret Niklaus Radia".split()
    last = "Allen Backus Cerf Dijkstra Engelbart Floyd Goldberg Hopper Iverson Johnson Knuth Lamport Milner Naur Perlman".split()
    areas = "Sales Support Finance Logistics Marketing People Legal Platform Research Quality".split()
    places = ["Americas", "Europe, Middle East & Africa", "Asia Pacific", "worldwide"]
    company = Company()
    names = [f"{area} {place}" for area in areas for place in places]
    for number in range(projects):
        company.project(f"p{number}", names[number] if number < len(names) else f"Project {number}")
    for number in range(people):
        given, family = chance.choice(first), chance.choice(last)
        wanted = chance.sample(range(projects), min(projects, chance.choice((0, 1, 1, 2, 2, 3, 4, 5))))
        roles = {
            f"p{index}": chance.choices(("admin", "editor", "viewer", CUSTOM), (1, 5, 6, 1))[0] for index in wanted
        }
        role = (
            "global:owner"
            if number == 0
            else chance.choices(("global:member", "global:admin", "global:chatUser"), (60, 1, 4))[0]
        )
        pending = number > 0 and chance.random() < 0.06
        email = f"{given}.{family}{number}@example.com".lower()
        company.user(email, None if pending else given, None if pending else family, role, **roles)
    return company


def nasty() -> Company:
    """Return people and projects whose names are code, markup, formulas, templates or hardly anything."""
    company = Company()
    company.project("x1", f"{SCRIPT}\"'><img src=x onerror=alert(2)>")
    company.project("x2", "=1+1|`code`\r\nsecond *line* {{ 7 * 7 }}")
    company.project("x3", "{% raw %}" + "long" * 60)
    company.user("a@example.com", SCRIPT, 'O\'Brien "Bob" & </td>', x1="admin", x2="viewer")
    company.user("b@example.com", "{{ 7 * 7 }}", "{{ lookup('ansible.builtin.pipe', 'echo pwned') }}", x2="editor")
    company.user("c@example.com", '=HYPERLINK("https://example.org")', "@SUM(1)", x3="admin")
    company.user("d@example.com", "\u202eevil", "https://example.org [a](b) | **c** www.example.org", x3="viewer")
    company.user("+e@example.com", " ", "\t-2+3\n\u2028end", "global:no-such-<b>role")
    company.user("zoë@example.com", "Zoë", "Müller-Ø 山田", "global:owner")
    return company
