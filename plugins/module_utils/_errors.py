# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, each with a message that names the thing, the cause and the way out."""

from __future__ import annotations

from typing import Any


class N8nError(Exception):
    """Anything that this collection reports as an error; its text is meant for the person who runs the task."""

    # What the failed task returns as `reason`, for programs, which must not search messages for words.
    reason = "failed"

    def result(self) -> dict[str, Any]:
        """Return what a failed task reports beside the message."""
        return {}


class InputError(N8nError):
    """What was asked for is wrong, contradictory or refused. Nothing has been written."""

    reason = "invalid"


class UnseenError(InputError):
    """The key may not list what would be destroyed."""


class ConnectionFailed(N8nError):
    """The server could not be reached, or it is not an n8n that this collection can work with."""

    reason = "unreachable"


class LostResponse(ConnectionFailed):
    """A write was sent and its answer was lost: whether n8n carried it out has to be read from n8n."""

    reason = "unanswered"


class LockError(N8nError):
    """Another task holds a lock for too long, or there is no place for a lock. Nothing has been written."""

    reason = "locked"


class IncompleteReading(N8nError):
    """n8n did not show everything there is, so nothing may be concluded from what is absent."""

    reason = "incomplete_reading"


class ApiError(N8nError):
    """n8n refused a call: `status` is the HTTP status, `server_message` is what n8n said.

    Where the key or its user may not make the call, `scope` is the scope that the call needs, and `refused` is the message
    without the remedy.
    """

    reason = "refused"
    # A gateway says these while the n8n behind it does not answer, and n8n says 503 while it starts.
    _NOT_REACHED = (502, 503, 504)

    def __init__(self, message: str, status: int, server_message: str, scope: str = "", refused: str = "") -> None:
        super().__init__(message)
        self.status = status
        if status in self._NOT_REACHED:
            self.reason = ConnectionFailed.reason
        self.server_message = server_message
        self.scope = scope
        self.refused = refused or message


class ErrorCollector:
    """Collects what is wrong, so that a list is refused once, with all that is wrong in it."""

    LONGEST = 20

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}
        self._unseen = False

    def __enter__(self) -> ErrorCollector:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InputError):
            self.add(str(error))
            self._unseen = self._unseen or isinstance(error, UnseenError)
            return True
        return False

    def add(self, message: str) -> None:
        """Remember one message, once."""
        self._messages[message] = None

    def raise_if_any(self, scopes_hint: str = "") -> None:
        """Raise InputError with all of them, if there are any; `scopes_hint` is the remedy for what the key may not list."""
        if not self._messages:
            return
        shown = list(self._messages)[: self.LONGEST]
        if len(self._messages) > self.LONGEST:
            shown.append(f"And {len(self._messages) - self.LONGEST} more.")
        if self._unseen and scopes_hint:
            shown.append(scopes_hint)
        raise InputError("\n".join(shown))
