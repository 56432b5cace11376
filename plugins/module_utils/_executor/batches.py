# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send changes in few calls, and find the changes that n8n refuses if it refuses a whole call because of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from .._changes.change import Change
from .._errors import ApiError, N8nError
from .._server.client import Client
from .tracker import ChangeTracker


def apply_batch(
    client: Client,
    tracker: ChangeTracker,
    changes: Sequence[Change],
    send: Callable[[Sequence[Change]], None],
    still_to_do: Callable[[Sequence[Change]], Sequence[Change]],
) -> None:
    """Make changes with one call. If n8n refuses it, make one call for each role, because one change fails all others.

    `still_to_do` reads the state again after a refusal. n8n returns HTTP 500 if another task writes the same rows, and
    for users who no longer exist (seen on 2.40.7). The changes that are still to be made are then sent again.
    """
    refusal = refusal_of(partial(send, changes))
    remaining = changes
    attempts = 0
    while _is_internal(refusal) and attempts < client.connection.retries:
        remaining = still_to_do(remaining)
        if not remaining:
            return
        client.pause(attempts)
        attempts += 1
        refusal = refusal_of(partial(send, remaining))
    if refusal is None:
        return
    changes = remaining
    remaining = still_to_do(changes) if isinstance(refusal, ApiError) and not attempts else changes
    roles: dict[str | None, list[Change]] = {}
    for change in remaining:
        roles.setdefault(change.after, []).append(change)
    # An internal error does not depend on roles.
    is_broken = not isinstance(refusal, ApiError) or refusal.status >= 500
    if len(remaining) == len(changes) and (is_broken or len(roles) == 1):
        tracker.failed(changes, refusal)
        return
    for part in roles.values():
        error = refusal_of(partial(send, part))
        if error is not None:
            tracker.failed(part, error)


def refusal_of(send: Callable[[], None]) -> N8nError | None:
    """Return the error that `send` raises, or None if it raises no error."""
    try:
        send()
    except N8nError as error:
        return error
    return None


def _is_internal(refusal: N8nError | None) -> bool:
    return isinstance(refusal, ApiError) and refusal.status == 500
