# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invitations that n8n refuses for another reason than the address: all others are sent, with few requests."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import BATCH, Invitation
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.plugins.module_utils._text import shortened
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n

Refusal = Callable[[dict[str, str]], bool]
ROLES = ("global:member", "global:admin", "global:chatUser")


def invite_with_refusals(
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    is_refused: Refusal,
    text: str = "An error",
    status: int = 400,
    roles: int = 1,
) -> tuple[FakeN8n, Outcome, int]:
    """Invite users on a server that refuses some calls. Return the server, the outcome, and the number of calls."""
    n8n = FakeN8n()
    invite, calls = n8n.invite, [0]

    def invite_or_refuse(users: dict[str, str], again: bool) -> dict[str, Invitation]:
        calls[0] += 1
        if is_refused(users):
            raise ApiError(f"n8n rejected the request to invite {shortened(users)}: {text}", status, text)
        return invite(users, again)

    monkeypatch.setattr(n8n, "invite", invite_or_refuse)
    changes = [Change("invite_user", email_of(number), after=ROLES[number % roles]) for number in range(count)]
    plan = Plan.of(read(n8n, ReadRequest(all_users=True, projects=True)), changes)
    return n8n, apply(plan, n8n, lambda links: None), calls[0]


def email_of(number: int) -> str:
    return f"p{number:03}@example.com"


def any_of(numbers: list[int]) -> Refusal:
    refused = set(map(email_of, numbers))
    return lambda users: bool(users.keys() & refused)


def check(n8n: FakeN8n, outcome: Outcome, count: int, refused: list[int]) -> None:
    named = [user for error in outcome.errors for user in error["users"]]
    assert sorted(named) == sorted(map(email_of, refused))
    assert n8n.instance_roles().keys() == {OLIVIA, *map(email_of, set(range(count)) - set(refused))}


@pytest.mark.parametrize("roles", [1, 3])
@pytest.mark.parametrize(
    ("count", "refused", "most_calls"),
    [
        (2, [0, 1], 5),
        (4, [0, 2, 3], 8),
        (16, list(range(1, 16)), 20),
        (20, [0, 10, 19], 32),
        (BATCH, [3, 200], 60),
        # The first, the middle and the last one.
        (BATCH, [0, BATCH // 2, BATCH - 1], 60),
        (BATCH, list(range(0, BATCH, 50)), 120),
    ],
)
def test_only_refused_users_are_left_out(
    monkeypatch: pytest.MonkeyPatch, count: int, refused: list[int], most_calls: int, roles: int
) -> None:
    n8n, outcome, calls = invite_with_refusals(monkeypatch, count, any_of(refused), roles=roles)
    check(n8n, outcome, count, refused)
    assert calls <= most_calls + 2 * roles


@pytest.mark.parametrize("seed", range(30))
def test_only_refused_users_are_left_out_at_random(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    dice = random.Random(seed)
    count = dice.randint(1, 60)
    refused = sorted(dice.sample(range(count), dice.randint(0, count // 2)))
    n8n, outcome, _calls = invite_with_refusals(monkeypatch, count, any_of(refused), roles=dice.choice([1, 3]))
    check(n8n, outcome, count, refused)


@pytest.mark.parametrize("roles", [1, 3])
@pytest.mark.parametrize(
    ("status", "text", "most_calls"),
    [
        (403, "Forbidden", 1),
        (403, "Maximum number of users reached", 1),
        # n8n before 2.36 returns HTTP 400 for these.
        (400, "Maximum number of users reached", 1),
        (400, "SSO is enabled, so users are managed by the Identity Provider and cannot be added through invites", 1),
        (401, "unauthorized", 1),
        # A reason that the collection does not know.
        (400, "Not on Sundays", 19),
    ],
)
def test_refusal_of_all_users_needs_few_calls(
    monkeypatch: pytest.MonkeyPatch, status: int, text: str, most_calls: int, roles: int
) -> None:
    n8n, outcome, calls = invite_with_refusals(monkeypatch, BATCH, lambda users: True, text, status, roles)
    check(n8n, outcome, BATCH, list(range(BATCH)))
    assert len(outcome.errors) == 1 and calls <= most_calls + (roles if roles > 1 else 0)


def test_role_without_license_keeps_no_other_role_out(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "Cannot invite admin user without advanced permissions. Please upgrade to a license that includes this feature."
    )
    n8n, outcome, calls = invite_with_refusals(
        monkeypatch, BATCH, lambda users: "global:admin" in users.values(), text, roles=3
    )
    check(n8n, outcome, BATCH, list(range(1, BATCH, 3)))
    assert calls == 4 and len(outcome.errors) == 1
