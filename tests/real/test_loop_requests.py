# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of requests of each item of a loop of n8n_project_member, with more users than one page has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from n8n_server.server import Server

# n8n returns at most 250 projects in a page, and each user has a personal project.
USERS = 260


def test_only_the_first_item_reads_the_names_of_projects(n8n: Server, tmp_path: Path) -> None:
    emails = [f"user{number}@example.com" for number in range(USERS)]
    for start in range(0, USERS, 100):
        n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails[start : start + 100]])
    n8n.api("POST", "/projects", {"name": "Sales"})
    # Two members are added, one of them as an admin. Then nothing is to be done, and the admin is removed.
    items = [(emails[0], "viewer", "present"), (emails[1], "admin", "present")]
    items += [(emails[0], "viewer", "present"), (emails[1], "admin", "absent")]
    task = {
        "lifecycle.n8n.n8n_project_member": {
            "project": "Sales",
            "user": "{{ item[0] }}",
            "role": "{{ item[1] }}",
            "state": "{{ item[2] }}",
        },
        "loop": items,
        "register": "looped",
    }
    shown = {"ansible.builtin.debug": {"msg": "requests {{ looped.results | map(attribute='requests') | join(' ') }}"}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task, shown]}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["ansible-playbook", "play.yml"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found = re.search(r"requests ([\d ]+)", done.stdout)
    assert found, done.stdout
    # The user, two pages of projects, the members, and the write. Then only user, members and write.
    assert list(map(int, found[1].split())) == [5, 3, 2, 4]
