# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes `ansible_collections.lifecycle.n8n` importable from a checkout in any folder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

COLLECTION = "ansible_collections.lifecycle.n8n"


def _register() -> None:
    """Register the checkout and its parent packages without the folders of an installed collection."""
    parts = COLLECTION.split(".")
    root = Path(__file__).resolve().parents[2]
    for depth in range(1, len(parts) + 1):
        package = ModuleType(".".join(parts[:depth]))
        package.__path__ = [str(root)] if depth == len(parts) else []
        sys.modules[package.__name__] = package


# ansible-test imports this file by its full name and has its own loader.
if not __name__.startswith("ansible_collections."):
    _register()
