# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all calls share: whole listings, answers of the right shape, writes whose answer is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from .._errors import ApiError, IncompleteReading, N8nError, LostResponse
from .client import Client, Listing

Found = TypeVar("Found")
# How often a listing is read whose pages overlap.
LISTING_ATTEMPTS = 3


class Calls:
    """The client, and what every group of calls needs besides."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def _complete(
        self,
        path: str,
        operation: str,
        scope: str,
        params: Mapping[str, Any] | None = None,
        keep: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> Listing:
        """Return a whole listing. Where something came twice, something else may not have come at all: look again."""
        for _look in range(LISTING_ATTEMPTS):
            listing = self.client.listing(path, operation, scope, params, keep)
            if not listing.repeats:
                return listing
        raise IncompleteReading(
            f"{self.client.connection.url} was asked to {operation} and gave the same on different pages, {LISTING_ATTEMPTS} times in a row, "
            "so something else may be missing: run the task again when fewer people are at work."
        )

    def _parsed(self, parse: Callable[[Any], Found], data: Any, path: str) -> Found:
        """Return `parse` of an answer; raises ConnectionFailed where the answer has another shape than n8n's."""
        try:
            return parse(data)
        except (AttributeError, KeyError, TypeError):
            raise self.client.not_n8n_error(path) from None

    def _send_once(
        self, send: Callable[[], Found], read_again: Callable[[], Found | None], repeat_500: bool = False
    ) -> Found:
        """Return what `send` returns. Where its answer is lost, `read_again` decides whether to send it once more.

        `read_again` returns what `send` would have returned if n8n has carried it out, and None if it has not. With
        `repeat_500` the same holds for HTTP 500, which n8n answers where the database aborts one of two transactions.
        """
        failure: N8nError
        for attempt in range(self.client.connection.retries + 1):
            try:
                return send()
            except LostResponse as error:
                failure = error
            except ApiError as error:
                if error.status != 500 or not repeat_500:
                    raise
                failure = error
            self.client.pause(attempt)
            found = read_again()
            if found is not None:
                return found
        raise failure


def quoted_part(text: str) -> str:
    """Return `text` as one part of a path."""
    return quote(text, safe="")
