# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the data that a task has to read before it can plan. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Members(Enum):
    """A value that no filter can return by accident. A filter can return an empty list by accident."""

    ALL = "all"


# The members of all projects, and of no projects. An empty tuple never means all projects.
ALL = Members.ALL
NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadRequest:
    """The data that has to be read: the named users or all users, the projects, and members of projects.

    The members are those of the named projects, or ALL or NONE. With `projects_optional`, no projects are read if the
    license has no team projects, instead of an error. `owned_items` requests the items that the named users own, and
    `owned_by_projects` the items that these projects own. `folders` requests their folders, with one request for each
    owner. `destinations` (projects, or emails of users) requests the existing items of the destinations. `also` are the
    calls that the task makes afterwards: an error about missing scopes also names the scopes for these calls.
    `unique_names` are names that each mean one project. While one of them means a new project and another one, because
    two tasks have created it at the same time, the projects are read again. With `recent_projects`, the projects only serve
    to find names and ids, so a listing that an earlier task of this process has read is sufficient.
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
    destinations: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unique_names: tuple[str, ...] = ()
    recent_projects: bool = False

    @property
    def calls(self) -> tuple[str, ...]:
        """Return the calls that the key has to be allowed, by the names in scopes.SCOPES, except for folders."""
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
