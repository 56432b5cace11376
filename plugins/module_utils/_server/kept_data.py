# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what the tasks of one process have read about the server, for later tasks of the same process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .._state.model import Member, Project
from .._state.roles import Role

# The number of seconds for which later tasks use the data.
MAX_AGE = 30.0
# The number of seconds for which a reading of members counts as one right before a write. To store a file may take longer.
MAX_READING_AGE = 5.0


class KeptData:
    """The scopes of the key, the roles, and the projects that were read last, for tasks that need names and ids only.

    `scopes` and `roles` are None if n8n does not list them. `are_roles_read` tells that n8n was asked for roles.
    `is_from_earlier_task` tells that an earlier task may have read them, and `is_used` that the present task used them.
    """

    def __init__(self) -> None:
        self.scopes: list[str] | None = None
        self.roles: tuple[Role, ...] | None = None
        self.are_roles_read = False
        self.projects: tuple[Project, ...] = ()
        self.is_from_earlier_task = False
        self.is_used = False
        self._since = time.monotonic()

    @property
    def is_outdated(self) -> bool:
        """Return whether the data may be older than MAX_AGE."""
        return time.monotonic() - self._since > MAX_AGE


@dataclass(frozen=True)
class MembersReading:
    """The members of a project, with the number of requests and the time right after they were read."""

    project_id: str = ""
    members: tuple[Member, ...] = ()
    requests: int = -1
    time: float = field(default_factory=time.monotonic)

    def is_current(self, project_id: str, requests: int) -> bool:
        """Return whether this is the reading of that project, and no other request came after it."""
        is_recent = time.monotonic() - self.time < MAX_READING_AGE
        return is_recent and (self.project_id, self.requests) == (project_id, requests)
