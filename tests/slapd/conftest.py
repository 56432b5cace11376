# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provides an LDAP directory of a small company, and the running n8n, reset to its owner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from directory import Directory, running
from n8n_server.server import Server


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    """Return a directory with four users in three groups, and one entry without an email."""
    with running(tmp_path_factory.mktemp("slapd")) as found:
        departments = {"ada": "Sales", "grace": "Support", "linus": "Support", "alan": "Legal"}
        found.add(
            {
                uid: {"mail": f"{uid}@example.com", "departmentNumber": department}
                for uid, department in departments.items()
            }
        )
        found.add({"scanner": {"departmentNumber": "Sales"}})
        found.set_group("sales", ["ada"])
        found.set_group("support", ["grace", "linus"])
        found.set_group("leads", ["grace", "ada"])
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def n8n(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Reset and return the n8n that the environment variables name. The test and its processes get the new API key."""
    server = Server.from_environment()
    server.reset()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server
