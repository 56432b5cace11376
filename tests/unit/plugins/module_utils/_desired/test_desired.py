# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test references to users in options and lists."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import listed_user, user_reference


def test_user_reference_is_an_email_or_an_id() -> None:
    assert user_reference(" Ada@Example.com", "user") == "ada@example.com"
    assert user_reference("5F84-Id", "user") == "5F84-Id"
    with pytest.raises(InputError, match="email: "):
        user_reference("5F84-Id", "email", is_email=True)
    for part_of_path in (".", " .. "):
        with pytest.raises(InputError, match='user is "[.]+", which is neither an email nor an id'):
            user_reference(part_of_path, "user")


def test_listed_user_may_have_an_email_that_n8n_does_not_invite() -> None:
    assert listed_user(" Root@Localhost", "users[0]") == "root@localhost"
    assert listed_user("5F84-Id", "users[0]") == "5F84-Id"
    # A single user is requested by email, and n8n rejects requests with such an email.
    with pytest.raises(InputError, match='user: "root@localhost" is not an email address'):
        user_reference("root@localhost", "user")
