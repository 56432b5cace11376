# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe a change of a plan as a sentence. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._text import quoted
from .actions import ACTIONS, ITEM, PROJECT
from .change import Change


def describe_change(change: Mapping[str, Any]) -> str:
    """Return an entry of `plan` as a sentence with its reason; raises KeyError if `change` is not such an entry."""
    # These values are names that users chose. All other values are roles.
    named = ACTIONS[change["action"]].subject_type in (PROJECT, ITEM)
    names = ("project", "before", "after") if named else ("project",)
    shown = {**change, **{name: quoted(change[name]) for name in names if name in change}}
    if "item" in change:
        item = change["item"]
        # If a project owns the item, the sentence names that project.
        shown["user"] = change["user"] or f"project {shown['before']}"
        shown["item"] = f"{item['type']} {quoted(item['name'])} ({item['id']})"
    template = ACTIONS[change["action"]].sentence
    # The present role and the reason share one pair of brackets.
    return (
        f"{template.removesuffix(')').format_map(shown)}{'; ' if template.endswith(')') else ' ('}{change['reason']})"
    )


def unlisted_data_notes(changes: Iterable[Change]) -> list[str]:
    """Return notes on data that deletions destroy and no plan can name: one for all users and one for all projects."""
    planned = {change.action for change in changes}
    return [
        f"n8n deletes more than its API lists, so the plan cannot list all of it. {action.unlisted_data_note} If you need any of these, "
        "move or copy them in n8n before the deletion."
        for name, action in ACTIONS.items()
        if action.unlisted_data_note and name in planned
    ]
