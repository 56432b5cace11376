# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for the handover of the resources of a deleted user or project. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import InputError

# The handling of data tables, which no API call can move.
DATA_TABLES = ("refuse", "copy", "delete")
# Part of the argument specs of n8n_user, n8n_project and n8n_offboard. The fragment `handover` documents it.
HANDOVER_OPTIONS: dict[str, Any] = {
    "transfer_to": {"type": "str"},
    "delete_resources": {"type": "bool", "default": False},
    "data_tables": {"type": "str", "choices": list(DATA_TABLES), "default": DATA_TABLES[0]},
}


@dataclass(frozen=True)
class HandoverOptions:
    """The handling of the resources of a user or project: they move to a project or a user, or may be destroyed.

    `transfer_to` is a project, or the email of a user for that user's personal project. `data_tables` is refuse, copy
    or delete, because no API call can move data tables.
    """

    transfer_to: str | None = None
    data_tables: str = "refuse"
    delete_resources: bool = False

    @property
    def destinations(self) -> tuple[str, ...]:
        """Return the project or email in `transfer_to`, if it is set."""
        return () if self.transfer_to is None else (self.transfer_to,)


def handover_options_from(params: Mapping[str, Any]) -> HandoverOptions:
    """Return the handover options of a task; raises InputError for options that are blank or exclude each other."""
    if params["transfer_to"] is not None and params["delete_resources"]:
        raise InputError(
            "transfer_to and delete_resources are mutually exclusive: destroyed resources cannot be moved."
        )
    if params["transfer_to"] is not None and not params["transfer_to"].strip():
        raise InputError("transfer_to is blank. Set a project, or the email of a user.")
    return HandoverOptions(params["transfer_to"], params["data_tables"], params["delete_resources"])
