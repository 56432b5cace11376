# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives every test the running n8n, emptied: nobody is there but the owner, and nothing but the owner's personal project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from n8n_server.server import Server


@pytest.fixture(autouse=True)
def n8n(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return the n8n that the environment names, reset. The test and what it starts get the new API key."""
    server = Server.from_environment()
    server.reset()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server
