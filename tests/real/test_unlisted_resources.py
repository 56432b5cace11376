# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources that the real n8n deletes without listing them: every deletion plan warns about them once."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from n8n_server.server import OWNER, Server, ServerError, running

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard, n8n_project, n8n_user
from ansible_collections.lifecycle.n8n.tests.unit import module_runs

ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
USER_WARNING, PROJECT_WARNING = (
    "The deletion of a user also deletes their agents",
    "The deletion of a project also deletes its agents",
)


def run(module: Any, n8n: Server, **args: Any) -> str:
    """Run a module with and without check mode, assert a change and equal warnings, and return the warnings."""
    all_warnings = []
    # Only a run outside check mode warns that `now` is set.
    rehearsal = re.compile(r"now=.*\n?")
    for check_mode in (True, False):
        result, warnings = module_runs.main_and_warnings(
            module, check_mode=check_mode, url=n8n.url, api_key=n8n.api_key, **args
        )
        assert not result.get("failed") and result["changed"], result
        all_warnings.append(rehearsal.sub("", warnings).strip())
    assert all_warnings[0] == all_warnings[1]
    return all_warnings[0]


def table_options(n8n: Server) -> dict[str, str]:
    """Return the option that a deletion requires if n8n does not show the data tables of other users."""
    return {"data_tables": "delete"} if n8n.version.startswith("2.8.") else {}


def test_every_deletion_plan_warns_once(n8n: Server, tmp_path: Path) -> None:
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, BO, CY)])
    # A pending user would be deleted at once.
    n8n.accept(next(entry["user"]["inviteAcceptUrl"] for entry in invited if entry["user"]["email"] == CY), "Cy", "Y")
    n8n.api("POST", "/projects", {"name": "Sales"})
    staged = {"users": [CY], "action": "staged", "state_path": str(tmp_path / "leavers.json"), "grace_days": 1}
    staged |= table_options(n8n)
    assert USER_WARNING not in run(n8n_offboard, n8n, now="2026-11-01", **staged)
    assert run(n8n_offboard, n8n, now="2026-11-02", **staged).count(USER_WARNING) == 1
    assert run(n8n_offboard, n8n, users=[ADA, BO], action="delete").count(USER_WARNING) == 1
    n8n.api("POST", "/users", [{"email": ADA, "role": "global:member"}])
    assert run(n8n_user, n8n, email=ADA, state="absent").count(USER_WARNING) == 1
    all_warnings = run(n8n_project, n8n, name="Sales", state="absent", **table_options(n8n))
    assert all_warnings.count(PROJECT_WARNING) == 1 and USER_WARNING not in all_warnings


def test_agents_are_deleted_without_being_listed(n8n: Server) -> None:
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
        # The API does not list agents, so the plan contains only the warning.
        assert USER_WARNING in run(n8n_user, server, email=ADA, state="absent")
        assert PROJECT_WARNING in run(n8n_project, server, name="Sales", state="absent")
        for agent in agents:
            with pytest.raises(ServerError):
                owner.call("GET", agent)
