# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Format names in messages."""

from __future__ import annotations

import json
from collections.abc import Iterable


def quoted(name: object) -> str:
    """Return the name of a project in quotes and escaped, so that no name can look like other parts of a message."""
    return json.dumps(name, ensure_ascii=False)


def shortened(names: Iterable[str], most: int = 3, separator: str = ", ") -> str:
    """Return the first of many names, and the number of further names."""
    listed = list(names)
    return separator.join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
