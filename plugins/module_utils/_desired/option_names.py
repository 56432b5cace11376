# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces the names of options in messages of roles by the variables that the user of the role can set. PURE.

A message names an option in one of two forms, so that this file can find it. An option whose name contains an
underscore stands by itself: `state_path`. An option whose name is also an English word stands in front of a value or an
index: `approve=...`, `successor: ...`, `users[0]`. Text between double quotes is data of the user and is never changed.
What n8n refused, such as "n8n refused to list users:", contains no option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_REFUSED = rf'n8n refused to (?:{_QUOTED}|[^":\n])*:'
# A name next to these characters is part of an email address, a path or a host name.
_NOT_BEFORE, _NOT_BEHIND = r"(?<![\w.@/-])", r"(?![\w@/-]|\.\w)"


def with_names(message: str, names: Mapping[str, str]) -> str:
    """Return `message` with the options in `names` under the names that users know."""
    if not names:
        return message

    def named(found: re.Match[str]) -> str:
        return names.get(found[0], found[0])

    return re.sub("|".join((_QUOTED, _REFUSED, *map(_pattern, names))), named, message)


def named_result(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a task with these names in its messages: the error, why changes failed or were not made."""
    message_of = {"errors": "error", "conflicts": "reason"}
    named = {
        key: [{**entry, message: with_names(entry[message], names)} for entry in values[key]]
        for key, message in message_of.items()
        if key in values
    }
    return {**values, **named, **({"msg": with_names(values["msg"], names)} if "msg" in values else {})}


def _pattern(option: str) -> str:
    name = f"{_NOT_BEFORE}{re.escape(option)}{_NOT_BEHIND}"
    # Ansible itself puts the names of options between single quotes.
    return name if "_" in option else f"{name}(?=[=:\\[])|(?<='){name}(?=')"
