# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provides the running n8n to every test, reset to the owner and the personal project of the owner."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from n8n_server.server import Server


@pytest.fixture(autouse=True)
def n8n(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Reset and return the n8n that the environment variables name. The test and its processes get the new API key."""
    server = Server.from_environment()
    server.reset()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server
