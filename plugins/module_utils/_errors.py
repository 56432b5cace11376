# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the errors, each with a message that names the object, the cause, and the remedy."""

from __future__ import annotations

from typing import Any


class N8nError(Exception):
    """An error that this collection reports. Its text is written for the person who runs the task."""

    # The value of `reason` in the result of a failed task. It is for programs, which must not search messages for
    # words.
    reason = "failed"

    def result(self) -> dict[str, Any]:
        """Return the keys that a failed task reports besides the message."""
        return {}


class InputError(N8nError):
    """The request of the user is wrong, contradictory or refused. Nothing has been written."""

    reason = "invalid"


class UnseenError(InputError):
    """The key may not list items that would be destroyed."""


class ConnectionFailed(N8nError):
    """The server could not be reached, or it is not an n8n server that this collection supports."""

    reason = "unreachable"


class LostResponse(ConnectionFailed):
    """A write was sent and its response was lost. Only another reading shows whether n8n carried it out."""

    reason = "unanswered"


class LockError(N8nError):
    """Another task holds a lock for too long, or no folder can store the lock. Nothing has been written."""

    reason = "locked"


class IncompleteReading(N8nError):
    """n8n did not show everything that exists, so a missing object may exist."""

    reason = "incomplete_reading"


class ApiError(N8nError):
    """n8n refused a call: `status` is the HTTP status, and `server_message` is the message of n8n.

    If the key or its user may not make the call, `scope` is the scope that the call needs, and `refused` is the message
    without the remedy.
    """

    reason = "refused"
    # The status codes of a gateway if n8n behind it does not respond. n8n itself returns 503 while it starts.
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
    """Collects errors, so that a list is refused once, with all errors in it."""

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
        """Add a message, unless it has already been added."""
        self._messages[message] = None

    def raise_if_any(self, scopes_hint: str = "") -> None:
        """Raise InputError with all messages, if there are any.

        `scopes_hint` is the remedy for resources that the key may not list.
        """
        if not self._messages:
            return
        shown = list(self._messages)[: self.LONGEST]
        if len(self._messages) > self.LONGEST:
            shown.append(f"And {len(self._messages) - self.LONGEST} more.")
        if self._unseen and scopes_hint:
            shown.append(scopes_hint)
        raise InputError("\n".join(shown))
