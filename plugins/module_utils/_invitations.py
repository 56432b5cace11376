# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invitations that users have not accepted, and invitations that do not reach their users. PURE."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._errors import InputError
from ._model import State
from ._sentences import few
from ._shield import Shield
from ._staging import moment, utc
from ._wish import Terms, Wish

# How many names a warning shows.
MOST_NAMES = 20
_LINK = re.compile(r"\w+://\S+")
_RESEND = "send these invitations again with n8n_user and resend_invite=true"


def pending_users(state: State, wish: Wish) -> list[dict[str, Any]]:
    """Return the listed users who exist and have not accepted their invitation, by email, as results show them."""
    shield = Shield(wish.terms or Terms(), state)
    found = {}
    for entry in wish.people:
        user = state.find_user(entry.user)
        if entry.present and user is not None and user.never_came and not shield.ignores(user.email):
            found[user.email] = {"user": user.email, "user_id": user.id, "invited_at": _utc(user.created_at)}
    return [found[email] for email in sorted(found)]


def missing_links_note(pending: Iterable[Mapping[str, Any]], linked: Container[str], path: str) -> str:
    """Return a warning about pending users who have no link in the file at `path`; "" where each of them has one.

    `linked` are the emails in that file. A task that is stopped right after an invitation leaves a user without a link.
    """
    missing = [entry["user"] for entry in pending if entry["user"] not in linked]
    if not missing:
        return ""
    return (
        f"No invitation link of {_names(missing)} is in {path}. These users are pending. Unless n8n sends invitations by mail, "
        f"{_RESEND} and return_invite_url=true."
    )


@dataclass
class Unreached:
    """The users of one run whose accounts exist and who did not get their invitation, each kind by itself."""

    # n8n returned a link, and no option keeps links.
    link_dropped: set[str] = field(default_factory=set)
    # n8n sent no mail and returned no link.
    nothing_sent: set[str] = field(default_factory=set)
    # The mail server failed: its words by user.
    mail_failed: dict[str, str] = field(default_factory=dict)
    # The answer of n8n was lost, and the links with it.
    answer_lost: set[str] = field(default_factory=set)

    def notes(self) -> list[str]:
        """Return one warning for each kind, with names and the remedy, and without any link."""
        notes = []
        if self.link_dropped:
            notes.append(
                f"n8n sent no mail to {_names(self.link_dropped)}. It returned invitation links, and no option of this task keeps "
                "them. To get new links, run n8n_user with resend_invite=true and return_invite_url=true for each of these "
                "users. To keep the links of later invitations, set invites_path of n8n_access, or onboard_invites_path or "
                "sync_invites_path of the role."
            )
        if self.nothing_sent:
            notes.append(
                f"The accounts of {_names(self.nothing_sent)} are pending. n8n sent no mail and returned no link, so these users "
                "cannot accept their invitations. Set up a mail server in n8n, or unset N8N_INVITE_LINKS_EMAIL_ONLY. Then "
                f"{_RESEND}."
            )
        if self.mail_failed:
            # Some mail servers say something else of each address.
            words = few(sorted({mail_error(error) for error in self.mail_failed.values()}))
            notes.append(
                f"The accounts of {_names(self.mail_failed)} are pending, and n8n could not send the invitation mail: {words}. "
                f"Correct the mail settings of n8n. Then {_RESEND}."
            )
        if self.answer_lost:
            notes.append(
                f"{_names(self.answer_lost)} were invited. The answer of n8n was lost, and the invitation links with it. Unless n8n "
                f"sent mail to these users, {_RESEND}."
            )
        return notes


def mail_error(words: str) -> str:
    """Return what a mail server said, without a full stop at its end and without any link, which would be a secret."""
    return _LINK.sub("(a link)", words).strip().rstrip(".")


def _names(emails: Iterable[str]) -> str:
    return few(sorted(emails), MOST_NAMES)


def _utc(text: str | None) -> str | None:
    """Return a time of n8n in UTC to the second; a text that is not a time is returned as it is."""
    try:
        return utc(moment(text, "createdAt"))
    except InputError:
        return text
