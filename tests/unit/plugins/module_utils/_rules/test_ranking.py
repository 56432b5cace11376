# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the ranking of roles by the order of n8n and by role_order."""

from __future__ import annotations

from itertools import permutations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.ranking import Ranking


def ranking(*role_order: str) -> Ranking:
    problems = ErrorCollector()
    created = Ranking.of(role_order, problems)
    problems.raise_if_any()
    return created


@pytest.mark.parametrize(
    ("role_order", "kind", "roles", "highest"),
    [
        ([], "project", ["viewer", "editor", "admin"], ["admin"]),
        ([], "project", ["chatUser", "viewer"], ["viewer"]),
        ([], "global", ["chatUser", "member", "admin"], ["admin"]),
        ([], "global", ["chatUser", "global:member"], ["global:member"]),
        ([], "project", ["viewer", "Auditor"], ["viewer", "Auditor"]),
        ([], "project", ["Auditor"], ["Auditor"]),
        (["viewer", "Auditor"], "project", ["viewer", "Auditor"], ["Auditor"]),
        (["viewer", "Auditor"], "project", ["editor", "Auditor"], ["editor", "Auditor"]),
        (["viewer", "Auditor", "editor"], "project", ["viewer", "Auditor", "editor"], ["editor"]),
        # Transitive over a role that is in both orders
        (["editor", "Auditor"], "project", ["viewer", "Auditor"], ["Auditor"]),
        (["Auditor", "project:viewer"], "project", ["admin", "Auditor"], ["admin"]),
        (["Auditor", "project:viewer"], "project", ["chatUser", "Auditor"], ["chatUser", "Auditor"]),
        # A role that is higher than two roles without a known order
        (["viewer", "Auditor", "admin"], "project", ["editor", "Auditor", "admin"], ["admin"]),
        # Instance roles, project roles, and custom roles in one order
        (["Guest", "member", "global:admin", "viewer", "Auditor"], "global", ["Guest", "member"], ["member"]),
        (["Guest", "member", "global:admin", "viewer", "Auditor"], "project", ["viewer", "Auditor"], ["Auditor"]),
        (
            ["project:a-abc123", "project:b-abc123"],
            "project",
            ["project:a-abc123", "project:b-abc123"],
            ["project:b-abc123"],
        ),
    ],
)
def test_highest_roles_do_not_depend_on_the_order_of_input(
    role_order: list[str], kind: str, roles: list[str], highest: list[str]
) -> None:
    for shuffled in permutations(roles):
        assert sorted(ranking(*role_order).highest(shuffled, kind)) == sorted(highest)


def test_first_spelling_of_a_role_is_kept() -> None:
    assert ranking().highest(["project:editor", "editor", "viewer"], "project") == ["project:editor"]


@pytest.mark.parametrize(
    ("role_order", "message"),
    [
        (["editor", "viewer"], "has project:editor before project:viewer, but n8n ranks"),
        (["Auditor", "Auditor"], 'has "Auditor" twice'),
        (["viewer", "project:viewer"], 'has "project:viewer" twice'),
        (["member", "admin", "viewer"], r"project:admin before project:viewer.* full slugs .* \(global:admin"),
        (["member", "admin", "viewer", "admin"], 'has "project:admin" twice'),
    ],
)
def test_invalid_role_order_is_an_error(role_order: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ranking(*role_order)
