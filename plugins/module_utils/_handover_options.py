# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to handle the resources of a user or project that is deleted. PURE."""

from __future__ import annotations

from typing import Any

from ._disposal import DATA_TABLES

# Part of the argument specs of n8n_user, n8n_project and n8n_offboard. The fragment `handover` documents it.
HANDOVER_OPTIONS: dict[str, Any] = {
    "transfer_to": {"type": "str"},
    "delete_resources": {"type": "bool", "default": False},
    "data_tables": {"type": "str", "choices": list(DATA_TABLES), "default": DATA_TABLES[0]},
}
