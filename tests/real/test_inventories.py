# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories of two real servers: server_name separates them, and without it a warning explains the conflict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents.document_checks import run
from n8n_server.server import OWNER, Server, running

LOCKS = Path(__file__).resolve().parents[1] / "n8n_server" / "locks"
ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))


@pytest.fixture
def other(n8n: Server) -> Iterator[Server]:
    """Run a second n8n. Ada is a user of both, Bo of the first and Cy of the second. Both have a project Sales."""
    with running(LOCKS / n8n.version) as server:
        for one, emails in ((n8n, (ADA, BO)), (server, (ADA, CY))):
            people = one.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
            sales = one.api("POST", "/projects", {"name": "Sales"})["id"]
            roles = {ADA: "project:editor"} if one is n8n else {}
            relations = [
                {"userId": person["user"]["id"], "role": roles.get(person["user"]["email"], "project:viewer")}
                for person in people
            ]
            one.api("POST", f"/projects/{sales}/users", {"relations": relations})
        yield server


def inventory(folder: Path, **servers: tuple[Server, str]) -> tuple[dict[str, Any], str]:
    """Return the output and warnings of ansible-inventory for one file for each server, with its server_name."""
    sources = []
    for name, (server, server_name) in servers.items():
        file = folder / f"{name}.n8n.yml"
        lines = ["plugin: lifecycle.n8n.n8n", f"url: {server.url}", f"api_key: {server.api_key}"]
        lines += [f"server_name: {server_name}"] if server_name else []
        file.write_text("\n".join(lines), encoding="utf-8")
        sources += ["-i", file.name]
    code, output = run(f"ansible-inventory {' '.join(sources)} --list --output list.json", folder)
    assert code == 0, output
    return json.loads((folder / "list.json").read_text("utf-8")), " ".join(output.split())


def test_servers_with_server_name_have_separate_groups_and_variables(
    n8n: Server, other: Server, tmp_path: Path
) -> None:
    found, warnings = inventory(tmp_path, first=(n8n, "emea"), second=(other, "apac"))
    assert sorted(found["emea_project_Sales"]["hosts"]) == [ADA, BO, OWNER]
    assert sorted(found["apac_project_Sales"]["hosts"]) == [ADA, CY, OWNER]
    variables = found["_meta"]["hostvars"]
    for server, name, role in ((n8n, "emea", "project:editor"), (other, "apac", "project:viewer")):
        ada = variables[ADA]["n8n_by_server"][name]
        assert ada["id"] == server.get(f"/users/{ADA}")["id"] and ada["is_pending"] is True
        assert [(project["name"], project["role"]) for project in ada["projects"]] == [("Sales", role)]
    assert sorted(variables[ADA]["n8n_by_server"]) == sorted(variables[OWNER]["n8n_by_server"]) == ["apac", "emea"]
    assert list(variables[BO]["n8n_by_server"]) == ["emea"] and list(variables[CY]["n8n_by_server"]) == ["apac"]
    assert "n8n_id" not in variables[ADA] and "project_Sales" not in found and "server_name" not in warnings


def test_servers_without_server_name_share_groups_and_cause_warning(n8n: Server, other: Server, tmp_path: Path) -> None:
    found, warnings = inventory(tmp_path, first=(n8n, ""), second=(other, ""))
    assert sorted(found["project_Sales"]["hosts"]) == [ADA, BO, CY, OWNER]
    assert warnings.count("have no server_name") == 1 and "Set server_name in each file." in warnings
    assert n8n.url in warnings and other.url in warnings
    assert n8n.api_key not in warnings and other.api_key not in warnings
    _found, warnings = inventory(tmp_path, first=(n8n, ""), second=(n8n, ""))
    assert "server_name" not in warnings
    found, warnings = inventory(tmp_path, first=(n8n, "emea"), second=(other, "emea"))
    assert f'server_name "emea" is set for two servers, {n8n.url} and {other.url}' in warnings
    assert sorted(found["emea_project_Sales"]["hosts"]) == [ADA, BO, OWNER]
