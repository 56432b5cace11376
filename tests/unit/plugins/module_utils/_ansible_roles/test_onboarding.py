# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of the role onboard: which plans remove access; and lines about pending users."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.onboarding import (
    pending_lines,
    users_losing_access,
)

ADA, GRACE = "ada@example.com", "grace@example.com"


def role(user: str, after: str) -> dict[str, Any]:
    return {"action": "change_user_role", "user": user, "before": "global:member", "after": after}


def removal(user: str) -> dict[str, Any]:
    return {"action": "remove_member", "user": user, "project": "Sales", "before": "project:viewer", "after": None}


@pytest.mark.parametrize(
    ("plan", "restored", "losing"),
    [
        ([], [], []),
        ([role(ADA, "global:member"), role(GRACE, "global:admin")], [], []),
        ([{"action": "invite_user", "user": ADA, "after": "global:chatUser"}], [], []),
        ([role(GRACE, "global:chatUser"), role(ADA, "global:chatUser")], [], [ADA, GRACE]),
        ([role(ADA, "global:chatUser")], [ADA], []),
        ([role(ADA, "global:chatUser")], [GRACE], [ADA]),
        ([role(ADA, "global:chatUser"), removal(ADA)], [ADA], [ADA]),
        ([role(ADA, "global:chatUser"), removal(GRACE)], [ADA], []),
    ],
)
def test_users_who_become_chat_users_lose_access(
    plan: list[dict[str, Any]], restored: list[str], losing: list[str]
) -> None:
    assert users_losing_access(plan, [{"email": email} for email in restored]) == losing
    # A generator is read once.
    assert users_losing_access(iter(plan), iter([{"email": email} for email in restored])) == losing


def test_pending_users_have_a_line_each() -> None:
    pending = [{"user": ADA, "user_id": "u-1", "invited_at": "2026-01-31T00:00:00Z"}]
    assert pending_lines(pending) == ["pending: ada@example.com, first invited 2026-01-31T00:00:00Z"]
    assert pending_lines([]) == []
