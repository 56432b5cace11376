# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test which plans of the role onboard remove access, and the lines about pending users."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.onboarding import (
    pending_lines,
    users_losing_access,
)

ADA, GRACE = "ada@example.com", "grace@example.com"


def role_change(user: str, after: str) -> dict[str, Any]:
    return {"action": "change_user_role", "user": user, "before": "global:member", "after": after}


def removal(user: str) -> dict[str, Any]:
    return {"action": "remove_member", "user": user, "project": "Sales", "before": "project:viewer", "after": None}


@pytest.mark.parametrize(
    ("plan", "restored", "expected"),
    [
        ([], [], []),
        ([role_change(ADA, "global:member"), role_change(GRACE, "global:admin")], [], []),
        ([{"action": "invite_user", "user": ADA, "after": "global:chatUser"}], [], []),
        # The list ends this membership by name.
        ([removal(ADA)], [], []),
        ([role_change(GRACE, "global:chatUser"), role_change(ADA, "global:chatUser")], [], [ADA, GRACE]),
        ([role_change(ADA, "global:chatUser")], [ADA], []),
        ([role_change(ADA, "global:chatUser")], [GRACE], [ADA]),
        ([role_change(ADA, "global:chatUser"), removal(ADA)], [ADA], [ADA]),
        ([role_change(ADA, "global:chatUser"), removal(GRACE)], [ADA], []),
    ],
)
def test_change_to_chat_user_removes_access_unless_the_user_is_restored(
    plan: list[dict[str, Any]], restored: list[str], expected: list[str]
) -> None:
    assert users_losing_access(plan, [{"email": email} for email in restored]) == expected
    # The arguments may be iterators, which can be read only once.
    assert users_losing_access(iter(plan), iter([{"email": email} for email in restored])) == expected


def test_each_pending_user_is_one_line() -> None:
    pending = [{"user": ADA, "user_id": "u-1", "invited_at": "2026-01-31T00:00:00Z"}]
    assert pending_lines(pending) == ["pending: ada@example.com, first invited 2026-01-31T00:00:00Z"]
    assert pending_lines([]) == []
