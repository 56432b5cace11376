# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the warnings about users who receive no invitation."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.invitation_warnings import (
    InvitationWarnings,
    mail_error,
    missing_links_note,
)


def test_each_kind_of_failure_is_one_warning_with_names_and_remedy() -> None:
    warnings = InvitationWarnings()
    assert warnings.notes() == []
    emails = {f"p{number:02}@example.com" for number in range(22)}
    warnings.links_discarded |= emails
    warnings.nothing_sent |= emails
    warnings.response_lost |= emails
    warnings.mail_failed = dict.fromkeys(emails, "connect ECONNREFUSED.")
    notes = warnings.notes()
    assert len(notes) == 4
    for note in notes:
        assert "resend_invite=true" in note
        assert "p00@example.com, p01@example.com, " in note and "p19@example.com and 2 more" in note
        assert "p20@example.com" not in note


def test_different_mail_errors_are_one_warning() -> None:
    warnings = InvitationWarnings(
        mail_failed={f"p{number}@example.com": f"550 p{number} is unknown." for number in range(9)}
    )
    (note,) = warnings.notes()
    assert "mail: 550 p0 is unknown, 550 p1 is unknown, 550 p2 is unknown and 6 more. Correct" in note


def test_remedy_for_dropped_links_names_one_option() -> None:
    (note,) = InvitationWarnings(links_discarded={"ada@example.com"}).notes()
    assert note.endswith("users. To keep the links of later invitations, set invites_path.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("connect ECONNREFUSED 127.0.0.1:25", "connect ECONNREFUSED 127.0.0.1:25"),
        ("Refused: http://n8n.invalid/signup?token=abc is spam.", "Refused: (a link) is spam"),
        ("", ""),
    ],
)
def test_mail_error_is_shown_without_links(text: str, shown: str) -> None:
    assert mail_error(text) == shown


def test_pending_users_without_a_link_in_the_file_are_named() -> None:
    pending = [{"user": f"{name}@example.com"} for name in ("ada", "bo")]
    assert missing_links_note(pending, {"ada@example.com", "bo@example.com"}, "/invites.json") == ""
    assert missing_links_note([], (), "/invites.json") == ""
    note = missing_links_note(pending, {"ada@example.com"}, "/invites.json")
    assert note == (
        "No invitation link of bo@example.com is in /invites.json. These users are pending. Unless n8n sends invitations by "
        "mail, send these invitations again with n8n_user and resend_invite=true and return_invite_url=true."
    )
