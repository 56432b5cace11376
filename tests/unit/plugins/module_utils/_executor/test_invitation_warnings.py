# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pending users of a list, and the warnings about users whom no invitation reaches."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.invitation_warnings import (
    InvitationWarnings,
    mail_error,
    missing_links_note,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.findings import pending_users
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import ListPolicy


def user(name: str, pending: bool = True, created: str | None = "2026-11-01T02:03:04.567Z", **more: str) -> User:
    return User(f"{name}-id", f"{name}@example.com", "global:member", is_pending=pending, created_at=created, **more)


def test_pending_users_are_those_of_the_list_each_once_by_email() -> None:
    state = State(
        "https://n8n.example.com",
        users=(
            user("di"),
            user("ada"),
            user("bo", pending=False),
            # Signed in by single sign-on, which leaves a name and no password.
            user("cy", first_name="Cy"),
            user("eve"),
            user("ignored"),
            user("unlisted"),
        ),
    )
    listed = [{"email": f"{name}@example.com"} for name in ("new", "di", "bo", "cy", "ignored")]
    members = {"eve-id": "viewer", "ADA@example.com": "viewer", "di@example.com": "viewer"}
    desired = desired_access(listed, [{"name": "Sales", "members": members}], ListPolicy(ignored=("ignored@*",)))
    assert pending_users(state, desired) == [
        {"user": f"{name}@example.com", "user_id": f"{name}-id", "invited_at": "2026-11-01T02:03:04Z"}
        for name in ("ada", "di", "eve")
    ]


@pytest.mark.parametrize(
    ("created", "invited_at"),
    [
        ("2026-11-01T02:03:04.567Z", "2026-11-01T02:03:04Z"),
        ("2026-11-01T02:03:04Z", "2026-11-01T02:03:04Z"),
        ("2026-11-01T02:03:04.567+02:00", "2026-11-01T00:03:04Z"),
        ("some day", "some day"),
        (None, None),
    ],
)
def test_the_first_invitation_is_told_in_utc(created: str | None, invited_at: str | None) -> None:
    state = State("https://n8n.example.com", users=(user("ada", created=created),))
    (entry,) = pending_users(state, desired_access([{"email": "ada@example.com"}]))
    assert entry["invited_at"] == invited_at


def test_a_kind_of_trouble_is_one_warning_with_names_and_a_remedy() -> None:
    unreached = InvitationWarnings()
    assert unreached.notes() == []
    people = {f"p{number:02}@example.com" for number in range(22)}
    unreached.link_dropped |= people
    unreached.nothing_sent |= people
    unreached.answer_lost |= people
    unreached.mail_failed = dict.fromkeys(people, "connect ECONNREFUSED.")
    notes = unreached.notes()
    assert len(notes) == 4
    for note in notes:
        assert "resend_invite=true" in note
        assert "p00@example.com, p01@example.com, " in note and "p19@example.com and 2 more" in note
        assert "p20@example.com" not in note


def test_a_mail_server_that_says_something_else_of_each_user_is_one_warning() -> None:
    unreached = InvitationWarnings(
        mail_failed={f"p{number}@example.com": f"550 p{number} is unknown." for number in range(9)}
    )
    (note,) = unreached.notes()
    assert "mail: 550 p0 is unknown, 550 p1 is unknown, 550 p2 is unknown and 6 more. Correct" in note


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("connect ECONNREFUSED 127.0.0.1:25", "connect ECONNREFUSED 127.0.0.1:25"),
        ("Refused: http://n8n.invalid/signup?token=abc is spam.", "Refused: (a link) is spam"),
        ("", ""),
    ],
)
def test_what_a_mail_server_says_is_shown_without_links(words: str, shown: str) -> None:
    assert mail_error(words) == shown


def test_pending_users_without_a_link_in_the_file_are_named() -> None:
    pending = [{"user": f"{name}@example.com"} for name in ("ada", "bo")]
    assert missing_links_note(pending, {"ada@example.com", "bo@example.com"}, "/invites.json") == ""
    assert missing_links_note([], (), "/invites.json") == ""
    note = missing_links_note(pending, {"ada@example.com"}, "/invites.json")
    assert note == (
        "No invitation link of bo@example.com is in /invites.json. These users are pending. Unless n8n sends invitations by "
        "mail, send these invitations again with n8n_user and resend_invite=true and return_invite_url=true."
    )
