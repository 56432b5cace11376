# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small state of n8n for unit tests. Olivia is the owner and the user of the API key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItems
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role

URL = "https://n8n.example.com"
OLIVIA = User("u-olivia", "olivia@example.com", "global:owner", first_name="Olivia", last_name="Owner")
ADA = User("u-ada", "ada@example.com", "global:member", first_name="Ada", last_name="L")
GRACE = User("u-grace", "grace@example.com", "global:admin")
LINUS = User("u-linus", "linus@example.com", "global:member", is_pending=True)
USERS = (OLIVIA, ADA, GRACE, LINUS)
SALES = Project("p-sales", "Sales")
SUPPORT = Project("p-support", "Support")
TEAM_1, TEAM_2 = Project("p-team-1", "Team"), Project("p-team-2", "Team")
PERSONAL = tuple(Project(f"p-of-{user.id}", f"{user.email} <{user.email}>", "personal", user.id) for user in USERS)
ROLES = (
    *(Role(f"global:{name}", name.title(), "global") for name in ("owner", "admin", "member", "chatUser")),
    *(
        Role(f"project:{name}", f"Project {name.title()}", "project")
        for name in ("admin", "editor", "viewer", "personalOwner")
    ),
    Role("project:auditor-a1b2c3", "Auditor", "project", custom=True),
    Role("project:same-1", "Same", "project", custom=True),
    Role("project:same-2", "Same", "project", custom=True),
    Role("project:gold-d4e5f6", "Gold", "project", licensed=False, custom=True),
)


def member(user: User, role: str) -> Member:
    """Return the membership of `user`."""
    return Member(user.id, user.email, role)


def example_state(**changes: object) -> State:
    """Return the state. Ada and Olivia are admins of Sales, Linus is a viewer, and Grace is the admin of Support."""
    members = {
        SALES.id: (member(OLIVIA, "project:admin"), member(ADA, "project:admin"), member(LINUS, "project:viewer")),
        SUPPORT.id: (member(GRACE, "project:admin"), member(ADA, "project:viewer")),
        TEAM_1.id: (),
        TEAM_2.id: (),
    }
    no_items: Mapping[str, OwnedItems] = {project.id: OwnedItems() for project in (*PERSONAL, SALES, SUPPORT)}
    state = State(
        url=URL,
        own_user_id=OLIVIA.id,
        users=USERS,
        projects=(SALES, SUPPORT, TEAM_1, TEAM_2, *PERSONAL),
        members=members,
        owned_items=no_items,
    )
    return replace(state, **changes)
