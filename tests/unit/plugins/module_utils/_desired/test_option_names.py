# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that roles can replace the names of options in messages with the names of their variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.option_names import with_names

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
RECORD_EFFECTS = PLUGINS / "module_utils" / "_leaving" / "record_effects.py"
NAMES = {
    "action": "offboard_action",
    "approve": "sync_approve",
    "max_removals": "sync_max_removals",
    "state_path": "offboard_state_path",
    "transfer_to": "offboard_transfer_to",
    "users": "offboard_users",
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Set transfer_to to move these resources.", "Set offboard_transfer_to to move these resources."),
        ("transfer_to: x@example.com", "offboard_transfer_to: x@example.com"),
        ("more than max_removals (3)", "more than sync_max_removals (3)"),
        ("with approve: 3d5a.", "with sync_approve: 3d5a."),
        ("action=staged requires state_path.", "offboard_action=staged requires offboard_state_path."),
        ("users[3]: blank", "offboard_users[3]: blank"),
        ("argument 'max_removals' is of type str", "argument 'sync_max_removals' is of type str"),
        ("Elements value for option 'users' is", "Elements value for option 'offboard_users' is"),
    ],
)
def test_option_is_replaced_with_the_variable(message: str, expected: str) -> None:
    assert with_names(message, NAMES) == expected
    assert with_names(message, {}) == message


@pytest.mark.parametrize(
    "message",
    [
        'Project "transfer_to" does not exist',
        'n8n refused it: "max_removals, say \\" approve: it" (HTTP 400)',
        'n8n refused to list users: "unauthorized" (HTTP 401).',
        'n8n refused to change "users: [x" in users: "no" (HTTP 400).',
        "transfer_to@example.com is the owner",
        "users at state_path.example.com",
        "cannot be kept in /srv/state_path/transfer_to",
        "it takes action, and users approve",
        "the_state_path and state_paths",
    ],
)
def test_text_that_is_not_an_option_is_unchanged(message: str) -> None:
    assert with_names(message, NAMES) == message


# Options whose names are English words, in a form that with_names does not replace.
WORDS = re.compile(r"\b(?:approve|successor|restore)\b(?![=:\[])")
VALUES = re.compile(r"\baction (?:remove_memberships|demote|delete|staged)\b")


def messages(source: Path) -> Iterator[str]:
    """Yield the strings of a file without its documentation. Each value that an f-string inserts is an x."""
    parsed = ast.parse(source.read_text("utf-8"))
    documentation = {id(node.value) for node in ast.walk(parsed) if isinstance(node, ast.Expr)}
    documentation |= {id(node.value) for node in parsed.body if isinstance(node, ast.Assign)}
    for node in ast.walk(parsed):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            if id(node) not in documentation:
                yield node.value


@pytest.mark.parametrize("source", sorted(PLUGINS.glob("module*/**/*.py")), ids=lambda source: source.stem)
def test_messages_name_options_in_a_form_that_is_replaced(source: Path) -> None:
    assert [text for text in messages(source) if WORDS.search(text) or VALUES.search(text)] == []


# The only messages in which "WORD: " is an option although it does not begin the message.
OPTIONS_WITHIN_MESSAGES = {"with approve:", "Only restore:"}


def test_english_words_in_messages_are_replaced_only_as_options() -> None:
    options: set[str] = set()
    for file in PLUGINS.parent.glob("roles/*/vars/main.yml"):
        for variable, value in yaml.safe_load(file.read_text("utf-8")).items():
            options |= value.keys() if variable.endswith("_option_names") else set()
    words = {option: f"<{option}>" for option in options if "_" not in option}
    assert {"now", "users", "action", "people", "rules", "approve", "restore"} <= words.keys()
    found = set()
    # The files of doc_fragments contain documentation only.
    for source in (file for file in PLUGINS.rglob("*.py") if file.parent.name != "doc_fragments"):
        for text in messages(source):
            found |= set(re.findall(r"\S+ <\w+>:|\s<\w+>:", with_names(text, words)))
    assert {text.replace("<", "").replace(">", "") for text in found} == OPTIONS_WITHIN_MESSAGES


@pytest.mark.parametrize(
    ("role", "remedy"),
    [
        ("onboard", "Only onboard_restore: true restores"),
        ("sync", "Only the role onboard with onboard_restore: true restores"),
    ],
)
def test_remedy_for_a_listed_user_in_the_record_can_be_followed_in_each_role(role: str, remedy: str) -> None:
    """The role sync has no variable for the option restore, so its messages name the role that has it."""
    file = PLUGINS.parent / "roles" / role / "vars" / "main.yml"
    names = yaml.safe_load(file.read_text("utf-8"))[f"__{role}_option_names"]
    note = next(text for text in messages(RECORD_EFFECTS) if "Only restore:" in text)
    assert remedy in with_names(note, names)
