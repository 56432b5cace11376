# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a change of a plan reads. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._text import quoted
from .change import PROJECT_ACTIONS, Change

# How a change reads, as a sentence.
_SENTENCES = {
    "invite_user": "invite {user} as {after}",
    "create_project": "create project {project}",
    "rename_project": "rename project {before} to {after}",
    "add_member": "add {user} to {project} as {after}",
    "change_member_role": "change {user} in {project} from {before} to {after}",
    "change_user_role": "change {user} from {before} to {after}",
    "remove_member": "remove {user} from {project}, being {before}",
    "delete_user": "delete {user}, being {before}",
    "delete_project": "delete project {project}",
    "unpublish_workflow": "unpublish {item} of {user}",
    "transfer_credential": "move {item} of {user} to {project}",
    "transfer_workflow": "move {item} of {user} to {project}",
    "copy_table": "copy {item} of {user} to {project} as {after}",
    "delete_table": "delete {item} of {user}",
    "delete_credential": "delete {item} of {user}",
    "delete_workflow": "delete {item} of {user}",
    "delete_variable": "delete {item} of {user}",
}


def describe_change(change: Mapping[str, Any]) -> str:
    """Return an entry of `plan` as a sentence with its reason; raises KeyError for what is no such entry."""
    # Whatever is a name of somebody's choice, and no role.
    named = change["action"] in PROJECT_ACTIONS or "item" in change
    names = ("project", "before", "after") if named else ("project",)
    shown = {**change, **{name: quoted(change[name]) for name in names if name in change}}
    if "item" in change:
        item = change["item"]
        # Of a project's own, it says which.
        shown["user"] = change["user"] or f"project {shown['before']}"
        shown["item"] = f"{item['type']} {quoted(item['name'])} ({item['id']})"
    return f"{_SENTENCES[change['action']].format_map(shown)} ({change['reason']})"


# What n8n deletes along with each, and lists nowhere in its API (agents seen, the rest read in the database of 2.40.7).
_NEVER_LISTED = {
    "delete_user": (
        "With a user go their agents, their conversations with the AI assistant, the chats, personal agents and tools of the chat hub, "
        "the API keys, and the access of MCP and OAuth clients. Folders are listed only where the license includes them."
    ),
    "delete_project": (
        "With a project go its agents, its conversations with the AI assistant, its connections to external secrets, and its workflow "
        "reviews. Folders and variables are listed only where the license includes them."
    ),
}


def never_listed_notes(changes: Iterable[Change]) -> list[str]:
    """Return what deletions take that no plan can name, once for all users and once for all projects."""
    actions = {change.action for change in changes}
    return [
        f"n8n deletes more than its API lists, so this plan cannot name it. {what} If any of it is needed, move or copy it in n8n "
        "before the deletion."
        for action, what in _NEVER_LISTED.items()
        if action in actions
    ]
