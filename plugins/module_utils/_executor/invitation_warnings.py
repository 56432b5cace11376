# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create warnings about users whose accounts exist and who did not get their invitations. PURE."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._text import shortened

# The maximum number of names in a warning.
MAX_NAMES = 20
_RESEND = "send these invitations again with n8n_user and resend_invite=true"
_LINK = re.compile(r"\w+://\S+")


def missing_links_note(pending: Iterable[Mapping[str, Any]], linked: Container[str], path: str) -> str:
    """Return a warning about pending users without a link in the file at `path`; "" if each of them has a link.

    `linked` are the emails in that file. A task that is stopped right after an invitation leaves a user without a link.
    """
    missing = [entry["user"] for entry in pending if entry["user"] not in linked]
    if not missing:
        return ""
    return (
        f"No invitation link of {_names(missing)} is in {path}. These users are pending. Unless n8n sends invitations by mail, "
        f"{_RESEND} and return_invite_url=true."
    )


def lost_link_note(email: str) -> str:
    """Return a warning about a pending user whose link a task was to return, and whom an earlier task has invited."""
    return (
        f"{email} was invited before and is pending. n8n does not return the link of an earlier invitation. Unless n8n sends "
        "invitations by mail, or the link was kept, run this task again with resend_invite=true."
    )


@dataclass
class InvitationWarnings:
    """The users of one run whose accounts exist and who did not get their invitation, grouped by cause."""

    # n8n returned a link, and no option keeps links.
    links_discarded: set[str] = field(default_factory=set)
    # n8n sent no mail and returned no link.
    nothing_sent: set[str] = field(default_factory=set)
    # The mail server returned an error. The values are its messages by user.
    mail_failed: dict[str, str] = field(default_factory=dict)
    # The response of n8n was lost together with the links.
    response_lost: set[str] = field(default_factory=set)

    def notes(self) -> list[str]:
        """Return one warning for each cause, with names and the remedy, and without any link."""
        notes = []
        if self.links_discarded:
            notes.append(
                f"n8n sent no mail to {_names(self.links_discarded)}. It returned invitation links, and no option of this task keeps "
                "them. To get new links, run n8n_user with resend_invite=true and return_invite_url=true for each of these "
                "users. To keep the links of later invitations, set invites_path."
            )
        if self.nothing_sent:
            notes.append(
                f"The accounts of {_names(self.nothing_sent)} are pending. n8n sent no mail and returned no link, so these users "
                "cannot accept their invitations. Set up a mail server in n8n, or unset N8N_INVITE_LINKS_EMAIL_ONLY. Then "
                f"{_RESEND}."
            )
        if self.mail_failed:
            # Some mail servers return a different message for each address.
            words = shortened(sorted({mail_error(error) for error in self.mail_failed.values()}))
            notes.append(
                f"The accounts of {_names(self.mail_failed)} are pending, and n8n could not send the invitation mail: {words}. "
                f"Correct the mail settings of n8n. Then {_RESEND}."
            )
        if self.response_lost:
            notes.append(
                f"{_names(self.response_lost)} were invited. The response of n8n was lost. The invitation links in it "
                f"are lost too. Unless n8n sent mail to these users, {_RESEND}."
            )
        return notes


def mail_error(words: str) -> str:
    """Return the message of a mail server without a full stop at its end and without links, which would be secrets."""
    return _LINK.sub("(a link)", words).strip().rstrip(".")


def _names(emails: Iterable[str]) -> str:
    return shortened(sorted(emails), MAX_NAMES)
