# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the invitations of a plan in few calls, so that one refused invitation does not affect other users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from .._changes.change import Change
from .._errors import ApiError, N8nError
from .._server.api import Api, Invitation, batches
from .._server.hints import has_shared_reason, is_about_address
from .._state.model import User
from .batches import refusal_of
from .invitation_warnings import InvitationWarnings, mail_error
from .recheck import Recheck
from .tracker import ChangeTracker

# The most single invitations that are sent to find out whether n8n refuses all invitations for one reason.
SINGLE_TRIES = 16


class InvitationSender:
    """Invites users, and invites pending users again. The outcome of each invitation goes into the tracker."""

    def __init__(
        self,
        api: Api,
        tracker: ChangeTracker,
        recheck: Recheck,
        on_invite_links: Callable[[dict[str, str]], None] | None,
    ) -> None:
        self.api = api
        self.tracker = tracker
        self.recheck = recheck
        self._on_invite_links = on_invite_links
        self._warnings = InvitationWarnings()
        # The messages of refusals that are known to concern only some of the users of a call.
        self._reasons_of_some: set[str] = set()

    def invite(self, changes: Sequence[Change]) -> None:
        """Make the changes with one call for each BATCH of them."""
        for again in (False, True):
            for batch in batches(change for change in changes if (change.before is not None) == again):
                self._batch(batch, again)
        self.tracker.outcome.notes.extend(self._warnings.notes())

    def _batch(self, changes: Sequence[Change], again: bool) -> None:
        refusal = refusal_of(partial(self._send, changes, again))
        # n8n returns HTTP 500 if another task invites the same user (seen on 2.40.7).
        for attempt in range(self.api.client.connection.retries):
            if not isinstance(refusal, ApiError) or refusal.status != 500 or again:
                break
            remaining = self._not_yet_invited(changes)
            if not remaining:
                return
            if attempt and len(remaining) == len(changes):
                break
            self.api.client.pause(attempt)
            changes = remaining
            refusal = refusal_of(partial(self._send, changes, again))
        if refusal is not None:
            self._split_and_send(changes, refusal, again)

    def _split_and_send(self, changes: Sequence[Change], refusal: N8nError, again: bool) -> None:
        """Find the invitations that n8n refuses, because one of them fails the whole call, and send the others.

        The invitations are split by role, then in halves. If n8n refuses every part for the same reason as the whole,
        and the reason is not an address, either the refusal concerns all invitations, or each part has a refused one.
        """
        parts = _parts(changes, refusal)
        if not parts:
            self.tracker.failed(changes, refusal)
            return
        refusals = [refusal_of(partial(self._send, part, again)) for part in parts]
        is_same = all(_has_same_message(error, refusal) for error in refusals)
        if is_same and not _may_be_about_some(refusal):
            self.tracker.failed(changes, refusal)
            return
        if is_same and not _is_about_address(refusal) and _message(refusal) not in self._reasons_of_some:
            self._send_some_singly(changes, refusal, again)
            return
        for part, error in zip(parts, refusals):
            if error is not None:
                self._split_and_send(part, error, again)

    def _send_some_singly(self, changes: Sequence[Change], refusal: N8nError, again: bool) -> None:
        """Send up to SINGLE_TRIES of the invitations one by one, and then the others together.

        If n8n refuses all of the single invitations for the same reason, the refusal concerns all invitations. Without
        that rule, it would cause two requests for each of them.
        """
        tried = _spread(changes, SINGLE_TRIES)
        refusals = {change: refusal_of(partial(self._send, [change], again)) for change in tried}
        if all(_has_same_message(error, refusal) for error in refusals.values()):
            self.tracker.failed(changes, refusal)
            return
        self._reasons_of_some.add(_message(refusal))
        for change, error in refusals.items():
            if error is not None:
                self.tracker.failed([change], error)
        remaining = [change for change in changes if change not in refusals]
        error = refusal_of(partial(self._send, remaining, again)) if remaining else None
        if error is not None:
            self._split_and_send(remaining, error, again)

    def _send(self, changes: Sequence[Change], again: bool) -> None:
        invited = self.api.invite({change.user or "": change.after or "" for change in changes}, again)
        links: dict[str, str] = {}
        for change in changes:
            email = change.user or ""
            invitation = invited.get(email)
            if invitation is None:
                self._check_omitted_user(change)
                continue
            if not invitation.user_id or (again and invitation.error):
                self.tracker.failed([change], _not_invited(email, invitation))
                continue
            # This also applies to an error: n8n creates the accounts first, so the error is about the mail that
            # follows.
            self.tracker.outcome.user_ids[email] = invitation.user_id
            self.tracker.done([change])
            if invitation.is_lost:
                self._warnings.response_lost.add(email)
            elif invitation.error:
                self._warnings.mail_failed[email] = invitation.error
            elif invitation.url:
                links[email] = invitation.url
            elif not invitation.email_sent:
                self._warnings.nothing_sent.add(email)
        self._store_links(links)

    def _store_links(self, links: dict[str, str]) -> None:
        if self._on_invite_links is None:
            self._warnings.links_discarded.update(links)
            return
        try:
            self._on_invite_links(links)
        except N8nError as error:
            # The users are invited in spite of the error.
            self.tracker.outcome.errors.append({"error": str(error), "users": sorted(links), "changes": []})

    def _not_yet_invited(self, changes: Sequence[Change]) -> list[Change]:
        """Return the invitations that are still to be made. An account that another task has created is accepted."""
        try:
            users = {user.email: user for user in self.recheck.users([change.user or "" for change in changes])}
        except N8nError:
            # The original refusal is then the error to report.
            return list(changes)
        for change in changes:
            if change.user in users:
                self._record_existing_user(change, users[change.user])
        return [change for change in changes if change.user not in users]

    def _check_omitted_user(self, change: Change) -> None:
        """Check a user who is not in the response: n8n omits users who became active after the plan was made."""
        try:
            user = self.api.find_user(change.user or "")
            if user is None:
                raise N8nError(f"n8n did not invite {change.user}, and returned no reason.")
        except N8nError as error:
            self.tracker.failed([change], error)
            return
        self._record_existing_user(change, user)

    def _record_existing_user(self, change: Change, user: User) -> None:
        self.tracker.outcome.user_ids[user.email] = user.id
        message = f"{user.email} is already a user, with the role {user.role}"
        self.tracker.conflict(change, message, is_already_made=user.role == change.after)


def _not_invited(email: str, invitation: Invitation) -> N8nError:
    """Return the error for an invitation without an account, or for one that could not be sent again."""
    if invitation.user_id:
        return N8nError(
            f"n8n could not send the invitation of {email} again: {mail_error(invitation.error)}. The account is pending as "
            "before. Correct the mail settings of n8n, and run the task again."
        )
    return N8nError(f"n8n could not invite {email}: {mail_error(invitation.error) or 'it returned no id'}.")


def _parts(changes: Sequence[Change], refusal: N8nError) -> list[list[Change]]:
    """Return smaller parts of invitations that n8n refused together; none if smaller parts make no difference."""
    if not isinstance(refusal, ApiError):
        return []
    by_role: dict[str | None, list[Change]] = {}
    for change in changes:
        by_role.setdefault(change.after, []).append(change)
    if len(by_role) > 1 and refusal.status < 500 and not _is_about_address(refusal):
        return list(by_role.values())
    if len(changes) > 1 and _may_be_about_some(refusal):
        middle = len(changes) // 2
        return [list(changes[:middle]), list(changes[middle:])]
    return []


def _may_be_about_some(refusal: N8nError) -> bool:
    """Return whether n8n may have refused a call because of some of its users. Other refusals concern all of them.

    If one account cannot be created, n8n creates none of them (read in 2.40.7).
    """
    if not isinstance(refusal, ApiError) or has_shared_reason(refusal.server_message):
        return False
    return refusal.status in (400, 409, 422) or "during user creation" in refusal.server_message


def _spread(changes: Sequence[Change], count: int) -> list[Change]:
    """Return at most `count` of the changes, at equal distances, with the first and the last one."""
    if len(changes) <= count:
        return list(changes)
    return [changes[number * (len(changes) - 1) // (count - 1)] for number in range(count)]


def _message(refusal: N8nError) -> str:
    """Return the message of n8n in a refusal, without the request, or "" for any other error."""
    return refusal.server_message if isinstance(refusal, ApiError) else ""


def _has_same_message(error: N8nError | None, refusal: N8nError) -> bool:
    """Return whether n8n refused a part for the same reason as the whole."""
    return isinstance(error, ApiError) and isinstance(refusal, ApiError) and _message(error) == _message(refusal)


def _is_about_address(refusal: N8nError) -> bool:
    return isinstance(refusal, ApiError) and is_about_address(refusal.server_message)
