# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-builder finds the Python packages that the collection requires in an execution environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_ansible_builder_finds_the_packages_of_the_collection(tmp_path: Path) -> None:
    """Copy the files of the collection that ansible-builder reads to where an execution environment has collections."""
    installed = tmp_path / "ansible_collections/lifecycle/n8n"
    shutil.copytree(ROOT / "meta", installed / "meta")
    shutil.copy(ROOT / "galaxy.yml", installed)
    command = [sys.executable, "-m", "ansible_builder", "introspect", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert [requirement.partition("#")[0].strip() for requirement in found["python"]] == ["requests"]
    assert found["system"] == []
