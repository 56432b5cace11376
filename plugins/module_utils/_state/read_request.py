# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task has to read before it can plan. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Members(Enum):
    """A value that no filter can become by accident, as an empty one would."""

    ALL = "all"


# The members of all projects, and of none. An empty tuple never means everything.
ALL = Members.ALL
NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadRequest:
    """What has to be read: the users named, or all; the projects; the members of those named, or ALL or NONE.

    `projects_optional` reads no projects where the licence has no team projects, instead of failing. `owned_items` asks
    for what the named users own, `owned_by_projects` for what these projects own, `folders` for their folders, at a
    request each, and `destination` (a project, or the email of a user) for what is there already. `also` are the calls that
    the task makes afterwards: an error about missing scopes names what these need, too.
    """

    users: tuple[str, ...] = ()
    all_users: bool = False
    projects: bool = False
    projects_optional: bool = False
    members: tuple[str, ...] | Members = NONE
    roles: bool = False
    owned_items: bool = False
    owned_by_projects: tuple[str, ...] = ()
    folders: bool = False
    destination: str | None = None
    also: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls that have to be allowed to the key, by the names in scopes.SCOPES; folders are not among them."""
        owned = self.owned_items or bool(self.owned_by_projects)
        return (
            *(("list_users",) if self.all_users else ()),
            *(("find_user",) if self.users and not self.all_users else ()),
            *(("list_projects",) if self.projects else ()),
            *(("members",) if self.members != NONE else ()),
            *(("find_roles",) if self.roles else ()),
            *(("workflows", "credentials", "tables") if owned else ()),
            *(("variables",) if self.owned_by_projects else ()),
            *self.also,
        )


EVERYTHING = ReadRequest(all_users=True, projects=True, members=ALL)
