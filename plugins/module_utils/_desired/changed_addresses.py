# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the accounts of listed users whose email has changed. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._state.model import State
from .desired import DesiredState, ListPolicy
from .protection import Protection

_REMEDY = (
    "Ask the user to change the email in the settings of n8n, or change it in the directory if single sign-on manages the "
    "account. The public API cannot do this."
)


def with_present_accounts(state: State, desired: DesiredState) -> tuple[DesiredState, list[dict[str, Any]]]:
    """Return the list with the accounts that its users have under a previous address, and the value `address_changes`.

    If no account has the email of a user and exactly one has a previous email, that account is the user's. If both
    exist, the old account stays one of its own, and `moved_accounts` says to whom its resources go. The owner, the
    user of the key, and protected and ignored users are only reported: a person who has one of these accounts and no
    other one gets nothing and is not invited.
    """
    accounts: dict[str, str] = {}
    moved: dict[str, str] = {}
    reported: set[str] = set()
    changes = []
    protection = Protection(desired.policy or ListPolicy(), state)
    for entry in desired.users:
        previous = [user for user in map(state.find_user, entry.previous_emails) if user is not None]
        account = state.find_user(entry.user)
        for user in previous:
            note = _REMEDY
            if protection.is_left_alone(user):
                note = f"This account is not managed. {_REMEDY}"
                if account is None:
                    note = f"This account is not managed. {entry.user} is not invited. {_REMEDY}"
                    reported.add(entry.user)
            elif account is not None:
                moved[user.id] = account.email
                note = (
                    f"Both accounts exist. {user.email} is handled as a leaver, whose resources go to {account.email}, unless that "
                    "user leaves too."
                )
            elif len(previous) == 1:
                accounts[entry.user] = user.email
            else:
                note = (
                    "Several accounts have previous emails of this user, and none is used. Delete all but one of them."
                )
            changes.append({"user": entry.user, "account": user.email, "user_id": user.id, "remedy": note})
    return _with_accounts(desired.without_grants(reported), accounts, moved), sorted(
        changes, key=lambda change: (change["user"], change["account"])
    )


def _with_accounts(desired: DesiredState, accounts: Mapping[str, str], moved: Mapping[str, str]) -> DesiredState:
    return replace(
        desired,
        users=tuple(
            replace(user, user=accounts[user.user], listed_email=user.user) if user.user in accounts else user
            for user in desired.users
        ),
        members=tuple(replace(member, user=accounts.get(member.user, member.user)) for member in desired.members),
        moved_accounts=moved,
    )
