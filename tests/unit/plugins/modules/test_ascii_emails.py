# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emails with characters that become ASCII in lower case: every option refuses them, so no other user is changed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.names import email_key
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign
from ansible_collections.lifecycle.n8n.plugins.modules import (
    n8n_access,
    n8n_offboard,
    n8n_project,
    n8n_project_member,
    n8n_user,
    n8n_user_info,
)
from ansible_collections.lifecycle.n8n.plugins.plugin_utils._plugin_support import users_in
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

KIM = "kim@example.com"
# The email, and a part of the error message.
EMAILS = {
    "\u212aim@example.com": r"character 1 is .* \(U\+212A KELVIN SIGN\)",
    "kim@example.\u212aom": r"character 13 is .* \(U\+212A KELVIN SIGN\)",
    "k\u0130m@example.com": r"character 2 is .* \(U\+0130 LATIN CAPITAL LETTER I WITH DOT ABOVE\)",
    "\u017fam@example.com": r"\(U\+017F LATIN SMALL LETTER LONG S\)",
    "\uff4bim@example.com": r"\(U\+FF4B FULLWIDTH LATIN SMALL LETTER K\)",
    "kim\uff20example.com": r"\(U\+FF20 FULLWIDTH COMMERCIAL AT\)",
    "kim@example\u3002com": r"\(U\+3002 IDEOGRAPHIC FULL STOP\)",
    "kim@ex\u00e4mple.com": r"\(U\+00E4 .*ASCII form, which begins with xn--",
    "kim\u200b@example.com": r"\(U\+200B ZERO WIDTH SPACE\)",
}
EMAIL_OPTIONS: list[tuple[ModuleType, Any]] = [
    (n8n_user, lambda email: {"email": email}),
    (n8n_user, lambda email: {"email": email, "state": "absent"}),
    (n8n_user_info, lambda email: {"email": email}),
    (n8n_project_member, lambda email: {"project": "Sales", "user": email, "role": "viewer"}),
    (n8n_access, lambda email: {"users": [{"email": email}]}),
    (n8n_access, lambda email: {"projects": [{"name": "Sales", "members": {email: "viewer"}}]}),
    (n8n_access, lambda email: {"users": [], "protected_users": [email]}),
    (n8n_access, lambda email: {"users": [], "ignored_users": ["*@partner.example.com", email]}),
    (n8n_offboard, lambda email: {"users": [email]}),
    (n8n_offboard, lambda email: {"users": [{"email": email}]}),
    (n8n_offboard, lambda email: {"users": ["bo@example.com"], "successor": email}),
    (n8n_offboard, lambda email: {"users": ["bo@example.com"], "successor": {"Sales": email}}),
]


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    for name in ("kim", "sam", "bo"):
        fake.add_user(f"{name}@example.com")
    fake.add_team_project("Sales", kim="viewer")
    return fake


@pytest.mark.parametrize(("email", "message"), EMAILS.items(), ids=map(ascii, EMAILS))
@pytest.mark.parametrize(("module", "params"), EMAIL_OPTIONS)
def test_non_ascii_email_is_refused_in_every_option(
    n8n: FakeN8n, module: ModuleType, params: Any, email: str, message: str
) -> None:
    for check_mode in (True, False):
        with pytest.raises(InputError, match=message):
            run(module, n8n, check_mode, **params(email))
    assert not n8n.writes


@pytest.mark.parametrize(("email", "message"), EMAILS.items(), ids=map(ascii, EMAILS))
def test_non_ascii_email_is_refused_in_rules_and_lookups(email: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"people\[0\]: .*{message}"):
        assign([{"email": email}], [])
    with pytest.raises(AnsibleError, match=message):
        users_in([email])


@pytest.mark.parametrize("email", [email for email in EMAILS if "@" in email], ids=ascii)
def test_non_ascii_email_is_refused_as_transfer_destination(n8n: FakeN8n, email: str) -> None:
    for module, params in (
        (n8n_offboard, {"users": ["bo@example.com"], "action": "demote"}),
        (n8n_project, {"name": "Sales", "state": "absent"}),
        (n8n_user, {"email": "bo@example.com", "state": "absent"}),
    ):
        with pytest.raises(InputError, match=r"transfer_to: .*character \d+ is"):
            run(module, n8n, **params, transfer_to=email)


def test_project_name_with_at_sign_and_accents_is_accepted_as_destination(n8n: FakeN8n) -> None:
    n8n.add_team_project("Büro @ Zürich")
    run(n8n_project, n8n, name="Sales", state="absent", transfer_to="Büro @ Zürich")
    assert "Sales" not in n8n.memberships()


def test_ascii_emails_are_compared_in_lower_case() -> None:
    assert email_key(" KIM@Example.COM ") == KIM
    state = State("u", users=(User("1", KIM, "global:member"),))
    assert state.find_user("KIM@example.com") is not None and state.find_user("\u212aim@example.com") is None
