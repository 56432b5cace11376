# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelled variables of roles."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.misspelled import (
    misspelled,
    misspelled_error,
)

KNOWN = ["offboard_users", "offboard_action", "offboard_state_path"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("offboard_acton", "offboard_action"),
        ("offboard_actoin", "offboard_action"),
        ("offboard_action_", "offboard_action"),
        ("offboard_statepath", "offboard_state_path"),
        ("offboard_user", "offboard_users"),
        ("offboard_usres", "offboard_users"),
        ("offboard_actions12", None),
        ("offboard_team", None),
        ("offboard_action", None),
    ],
)
def test_names_within_two_letters_are_misspelled(name: str, meant: str | None) -> None:
    assert misspelled([name], KNOWN) == ([(name, meant)] if meant else [])


def test_error_names_each_variable_and_the_one_that_is_meant() -> None:
    lines = misspelled_error(["offboard_user", "offboard_acton", "offboard_users"], KNOWN).splitlines()
    assert [line.split(". ")[:2] for line in lines] == [
        [
            "The role has no variable offboard_acton",
            "Rename it to offboard_action, or use a name without this prefix if it is a variable of your own.",
        ],
        [
            "The role has no variable offboard_user",
            "Rename it to offboard_users, or use a name without this prefix if it is a variable of your own.",
        ],
    ]
    assert misspelled_error(KNOWN, KNOWN) == "" and misspelled_error(["offboard_x"], []) == ""
