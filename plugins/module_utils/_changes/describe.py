# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a change of a plan reads. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._text import quoted
from .actions import ACTIONS, ITEM, PROJECT
from .change import Change


def describe_change(change: Mapping[str, Any]) -> str:
    """Return an entry of `plan` as a sentence with its reason; raises KeyError for what is no such entry."""
    # Whatever is a name of somebody's choice, and no role.
    named = ACTIONS[change["action"]].about in (PROJECT, ITEM)
    names = ("project", "before", "after") if named else ("project",)
    shown = {**change, **{name: quoted(change[name]) for name in names if name in change}}
    if "item" in change:
        item = change["item"]
        # Of a project's own, it says which.
        shown["user"] = change["user"] or f"project {shown['before']}"
        shown["item"] = f"{item['type']} {quoted(item['name'])} ({item['id']})"
    template = ACTIONS[change["action"]].sentence
    # One pair of brackets has the role of now and the reason.
    return (
        f"{template.removesuffix(')').format_map(shown)}{'; ' if template.endswith(')') else ' ('}{change['reason']})"
    )


def never_listed_notes(changes: Iterable[Change]) -> list[str]:
    """Return what deletions take that no plan can name, once for all users and once for all projects."""
    planned = {change.action for change in changes}
    return [
        f"n8n deletes more than its API lists, so the plan cannot list all of it. {action.never_listed} If you need any of these, "
        "move or copy them in n8n before the deletion."
        for name, action in ACTIONS.items()
        if action.never_listed and name in planned
    ]
