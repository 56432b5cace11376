# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real n8n deletes and never lists: every plan of a deletion says so, once."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from n8n_server.server import OWNER, Server, ServerError, running

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard, n8n_project, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
USERS, PROJECTS = (
    "The deletion of a user also deletes their agents",
    "The deletion of a project also deletes its agents",
)


def run(module: Any, n8n: Server, **args: Any) -> str:
    """Run a module that changes something, in check mode and for good; return its warnings, which are the same."""
    said = []
    for check_mode in (True, False):
        result, warnings = module_runs.main_and_warnings(
            module, check_mode=check_mode, url=n8n.url, api_key=n8n.api_key, **args
        )
        assert not result.get("failed") and result["changed"], result
        said.append(warnings)
    assert said[0] == said[1]
    return said[0]


def tables(n8n: Server) -> dict[str, str]:
    """On an n8n that does not show the data tables of other users, the task has to say that they may go."""
    return {"data_tables": "delete"} if n8n.version.startswith("2.8.") else {}


def test_every_plan_of_a_deletion_says_it_once(n8n: Server, tmp_path: Path) -> None:
    n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, BO, CY)])
    n8n.api("POST", "/projects", {"name": "Sales"})
    staged = {"users": [CY], "action": "staged", "state_path": str(tmp_path / "leavers.json"), "grace_days": 1}
    assert USERS not in run(n8n_offboard, n8n, now="2026-11-01", **staged)
    assert run(n8n_offboard, n8n, now="2026-11-02", **staged).count(USERS) == 1
    assert run(n8n_offboard, n8n, users=[ADA, BO], action="delete").count(USERS) == 1
    n8n.api("POST", "/users", [{"email": ADA, "role": "global:member"}])
    assert run(n8n_user, n8n, email=ADA, state="absent").count(USERS) == 1
    said = run(n8n_project, n8n, name="Sales", state="absent", **tables(n8n))
    assert said.count(PROJECTS) == 1 and USERS not in said


def test_agents_go_without_a_trace(n8n: Server) -> None:
    if n8n.version.startswith("2.8."):
        pytest.skip("2.8 has no agents")
    with running(extra_environment={"N8N_ENABLED_MODULES": "agents"}) as server:
        made = server.api("POST", "/users", [{"email": ADA, "role": "global:member"}])[0]["user"]
        ada = server.accept(made["inviteAcceptUrl"], "Ada", "L")
        homes = {item.get("creatorId"): item["id"] for item in server.everything("/projects")}
        sales = server.api("POST", "/projects", {"name": "Sales"})["id"]
        owner = server.login(OWNER)
        agents = []
        for project, person in ((homes[made["id"]], ada), (sales, owner)):
            path = f"/projects/{project}/agents/v2"
            agents.append(f"{path}/{person.call('POST', path, {'name': 'Helper'})['id']}")
            assert person.call("GET", agents[-1])["name"] == "Helper"
        # Nothing in the API leads to an agent, so the plan has nothing but the words.
        assert USERS in run(n8n_user, server, email=ADA, state="absent")
        assert PROJECTS in run(n8n_project, server, name="Sales", state="absent")
        for agent in agents:
            with pytest.raises(ServerError):
                owner.call("GET", agent)
