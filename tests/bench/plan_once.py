# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the access of a company once, without a server, and print the time."""

from __future__ import annotations

import json
import sys
import time

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.removal_limits import RemovalLimits
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import MEMBER, OWNER
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.list_planner import plan_list as plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import AUTHORITATIVE, ListPolicy

from .company import Company

URL = "https://n8n.example.com"


def main(size: int, state_name: str) -> None:
    """Print the processor seconds from the list to the plan, and from there to the result with a diff."""
    people, state = Company.of_size(size).people(), _state(size, state_name)
    start = time.process_time()
    policy = ListPolicy(AUTHORITATIVE)
    planned = plan(state, desired_access(people, policy=policy))
    plan_end = time.process_time()
    RemovalLimits().check(planned, policy)
    result = (planned.to_result(), planned.summary, planned.digest, planned.diff(planned.changes))
    end = time.process_time()
    print(json.dumps({"planning": plan_end - start, "result": end - plan_end, "changes": len(result[0])}))


def _state(size: int, state_name: str) -> State:
    owner = User("owner", "owner@example.com", OWNER)
    if state_name == "empty":
        return State(URL, owner.id, users=(owner,), projects=(_personal(owner),))
    company = Company.of_size(size)
    users = (owner, *(User(f"id of {email}", email, MEMBER) for email in company.emails()))
    ids = {user.email: user.id for user in users}
    teams = tuple(Project(f"id of {name}", name) for name in company.names())
    members = company.members() if state_name == "unchanged" else company.drifted()
    return State(
        URL,
        owner.id,
        users=users,
        projects=(*teams, *map(_personal, users)),
        members={
            f"id of {name}": tuple(Member(ids[email], email, f"project:{role}") for email, role in of_project.items())
            for name, of_project in members.items()
        },
    )


def _personal(user: User) -> Project:
    return Project(f"personal {user.id}", f"<{user.email}>", type="personal", creator_id=user.id)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
