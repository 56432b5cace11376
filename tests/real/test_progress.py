# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a long plan on the terminal: a line on stderr after two seconds, also in a role, and none in check mode."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from bench.proxy import running_proxy
from n8n_server.server import Server

# With one request at a time, each of these projects takes two writes.
PROJECTS = [f"Project {number}" for number in range(8)]
LATENCY = 0.4


def onboard(url: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook of the role onboard with a list of one user who is a member of all projects."""
    user = {"email": "ada@example.com", "projects": {name: "viewer" for name in PROJECTS}}
    variables = {"onboard_users": [user], "onboard_create_projects": True, "n8n_concurrency": 1}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.run(
        ["ansible-playbook", "lifecycle.n8n.onboard", "-e", json.dumps(variables), *options],
        cwd=folder,
        env={**os.environ, "PATH": path, "N8N_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_long_plan_shows_progress_on_stderr(n8n: Server, tmp_path: Path) -> None:
    line = re.compile(r"^n8n_access: \d+ of 17 changes, \w+", re.MULTILINE)
    with running_proxy(n8n.url, LATENCY) as proxy:
        planned = onboard(proxy.url, tmp_path, "--check")
        assert planned.returncode == 0, planned.stdout
        assert not line.search(planned.stderr + planned.stdout)
        done = onboard(proxy.url, tmp_path)
        assert done.returncode == 0, done.stdout
        # The writes take 17 times the latency, which is more than two seconds.
        assert line.search(done.stderr), done.stderr
        assert not line.search(done.stdout)


def test_short_plan_shows_no_progress(n8n: Server, tmp_path: Path) -> None:
    done = onboard(n8n.url, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "n8n_access:" not in done.stderr
