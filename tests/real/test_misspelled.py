# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelled users and projects that are to be absent, in playbooks on the real n8n."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from documents.document_checks import run as run_command
from n8n_server.server import Server

ANNA = "anna.berg@example.com"


def test_misspelled_user_or_project_that_is_to_be_absent_causes_a_warning(n8n: Server, tmp_path: Path) -> None:
    """Each task has another misspelling, because Ansible shows the same warning only once."""
    n8n.api("POST", "/users", [{"email": ANNA, "role": "global:member"}])
    n8n.api("POST", "/projects", {"name": "Sales"})
    offboard = {"action": "staged", "state_path": str(tmp_path / "leavers.json")}
    tasks = [
        ("anna.brg@example.com", "n8n_project_member", {"project": "Sales", "state": "absent"}, "user"),
        ("anna.bergg@example.com", "n8n_user", {"state": "absent"}, "email"),
        ("ana.berg@example.com", "n8n_offboard", {}, "users"),
        ("berg.anna@example.com", "n8n_offboard", offboard, "users"),
        ("Anna.Berg@exmaple.com", "n8n_offboard", {"action": "demote"}, "users"),
        ("anna.berg@example.de", "n8n_offboard", {"action": "delete", "data_tables": "delete"}, "users"),
        ("Slaes", "n8n_project", {"state": "absent"}, "name"),
        ("sales ", "n8n_project_member", {"user": ANNA, "state": "absent"}, "project"),
        ("anna-berg@example.com", "n8n_access", {"projects": {"Sales": {"state": "absent"}}}, "user entry"),
        ("Salees", "n8n_access", {"state": "absent"}, "project of an entry"),
        ("nana.berg@example.com", "offboard", {}, "role"),
    ]
    plays = []
    for misspelled, module, options, option in tasks:
        if option == "role":
            task = {
                "import_role": {"name": "lifecycle.n8n.offboard"},
                "vars": {"offboard_users": [misspelled], "offboard_action": "remove_memberships"},
            }
        elif option == "user entry":
            task = {f"lifecycle.n8n.{module}": {"users": [{"email": misspelled, **options}]}}
        elif option == "project of an entry":
            task = {f"lifecycle.n8n.{module}": {"users": [{"email": ANNA, "projects": {misspelled: options}}]}}
        else:
            task = {f"lifecycle.n8n.{module}": {**options, option: [misspelled] if option == "users" else misspelled}}
        plays.append(task)
    variables = {"ansible_python_interpreter": sys.executable}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": plays}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    code, output = run_command("ansible-playbook play.yml", tmp_path)
    words = " ".join(output.split())
    assert code == 0 and "changed=0 " in words, output
    for misspelled, *_rest in tasks:
        if "@" in misspelled:
            warning = f"User {misspelled.lower()} does not exist. Did you mean {ANNA}?"
        else:
            warning = f'Project "{misspelled}" does not exist. Did you mean "Sales"?'
        assert " ".join(warning.split()) in words, (misspelled, output)
