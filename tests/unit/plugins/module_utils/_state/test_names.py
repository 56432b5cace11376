# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the validation of emails and project names."""

from __future__ import annotations


import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.names import (
    invitation_refusal,
    project_name,
    requested_email,
)
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import invites
from ansible_collections.lifecycle.n8n.tests.unit.sample_emails import INVITED, REFUSED


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.L+n8n@Example.CO.UK ", "ada.l+n8n@example.co.uk"),
        ("o'brien@example.com", "o'brien@example.com"),
        # A user may have an address that n8n does not invite.
        ("john#EXT#@example.com", "john#ext#@example.com"),
    ],
)
def test_requested_email_is_stripped_and_lower_case(text: str, email: str) -> None:
    assert requested_email(text, "here") == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "ada@@example.com",
        "adä@example.com",
        "ada.@example.com",
        "ada@example.com, bob@example.com",
        7,
        ["a@example.com"],
    ],
)
def test_invalid_email_is_rejected_with_its_position(text: object) -> None:
    with pytest.raises(InputError, match=r"^users\[3\]: .* is (no|not an) email address"):
        requested_email(text, "users[3]")


@pytest.mark.parametrize("email", INVITED)
def test_valid_address_can_be_invited(email: str) -> None:
    assert invitation_refusal(email) == ""
    assert invites(email)


@pytest.mark.parametrize(("email", "reason"), REFUSED.items())
def test_invalid_address_is_rejected_with_the_reason(email: str, reason: str) -> None:
    assert reason in invitation_refusal(email)
    assert not invites(email)


def test_guest_name_of_entra_id_is_rejected_with_a_remedy() -> None:
    message = invitation_refusal("john_partner.com#ext#@contoso.onmicrosoft.com")
    assert (
        message.startswith("n8n does not accept # before the @")
        and "guest in Entra ID: use the mail address" in message
    )


@given(st.from_regex(r"\A[a1'._+#ü-]{0,4}@([a1_ü-]{0,3}\.){0,3}[a1ü-]{0,3}\Z"))
@example("a" * 64 + "@b.co")
@example("a" * 65 + "@b.co")
def test_validation_of_addresses_agrees_with_both_libraries_of_n8n(email: str) -> None:
    assert (invitation_refusal(email) == "") == invites(email)


@pytest.mark.parametrize("name", ["Sales", "  Sales ", 'a "b" / ü', "x" * 255])
def test_project_name_is_unchanged(name: str) -> None:
    assert project_name(name, "name") == name


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "not blank"), ("  \t", "not blank"), (None, "not blank"), ("x" * 256, "has 256 characters")],
)
def test_blank_or_long_project_name_is_rejected(name: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        project_name(name, "name")
