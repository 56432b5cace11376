# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How names appear in messages."""

from __future__ import annotations

import json
from collections.abc import Iterable


def quoted(name: object) -> str:
    """Return a project's name in quotes, in which no name can look like more than a name."""
    return json.dumps(name, ensure_ascii=False)


def shortened(names: Iterable[str], most: int = 3) -> str:
    """Return the first of many names, and how many more there are."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
