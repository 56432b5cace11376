# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read complete listings, and send writes whose response may be lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from .._errors import ApiError, ConnectionFailed, IncompleteReading, LostResponse, N8nError
from .client import Client

Result = TypeVar("Result")
# n8n refuses a larger page with 400 (seen on 2.8.4 and 2.40.7).
PAGE = 250
# The number of times that a listing is read if its pages overlap.
LISTING_ATTEMPTS = 3


@dataclass(frozen=True)
class Listing:
    """All pages of a listing.

    `repeats` is the number of items that were returned more than once. If it is not 0, other items may be missing.
    """

    items: tuple[dict[str, Any], ...]
    repeats: int
    pages: int


def read_pages(
    client: Client,
    path: str,
    operation: str,
    scope: str,
    params: Mapping[str, Any] | None = None,
    reduce_item: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Listing:
    """Return all pages of a listing, each id once; raises ConnectionFailed if paging does not end.

    `reduce_item` returns the part of an item that is kept. Large items should not be kept as a whole.
    """
    found: dict[str, dict[str, Any]] = {}
    cursors: set[str] = set()
    repeats = pages = 0
    query: dict[str, Any] = {**(params or {}), "limit": PAGE}
    while True:
        page = client.get(path, operation, scope, params=query)
        items, cursor = _page(client, page, path)
        pages += 1
        for item in items:
            repeats += item["id"] in found
            found[item["id"]] = reduce_item(item) if reduce_item else item
        if not cursor:
            return Listing(tuple(found.values()), repeats, pages)
        if cursor in cursors:
            raise ConnectionFailed(
                f"{client.url_of(path)} returned the same page cursor twice, so the list has no end. Check whether a "
                "proxy in front of n8n has a cache."
            )
        cursors.add(cursor)
        query["cursor"] = cursor


def read_complete(
    client: Client,
    path: str,
    operation: str,
    scope: str,
    params: Mapping[str, Any] | None = None,
    reduce_item: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Listing:
    """Return a complete listing. If an item occurs twice, another item may be missing, so it is read again."""
    for _attempt in range(LISTING_ATTEMPTS):
        listing = read_pages(client, path, operation, scope, params, reduce_item)
        if not listing.repeats:
            return listing
    raise IncompleteReading(
        f"n8n at {client.connection.url} returned the same entries on different pages, {LISTING_ATTEMPTS} times in a row "
        f"({operation}), so other entries may be missing. Run the task again when fewer users work in n8n."
    )


def parsed(client: Client, parse: Callable[[Any], Result], data: Any, path: str) -> Result:
    """Return the result of `parse` for a response; raises ConnectionFailed if the response has an unexpected form."""
    try:
        return parse(data)
    except (AttributeError, KeyError, TypeError):
        raise client.not_n8n_error(path) from None


def send_once(
    client: Client, send: Callable[[], Result], read_again: Callable[[], Result | None], repeat_500: bool = False
) -> Result:
    """Return the result of `send`. If its response is lost, `read_again` decides whether to send it again.

    `read_again` returns the result of `send` if n8n has carried out the request, and None if it has not. With
    `repeat_500`, the same applies to HTTP 500, which n8n returns if the database aborts one of two transactions.
    """
    failure: N8nError
    for attempt in range(client.connection.retries + 1):
        try:
            return send()
        except LostResponse as error:
            failure = error
        except ApiError as error:
            if error.status != 500 or not repeat_500:
                raise
            failure = error
        client.pause(attempt)
        found = read_again()
        if found is not None:
            return found
    raise failure


def quoted_part(text: str) -> str:
    """Return `text` quoted as one part of a path."""
    return quote(text, safe="")


def _page(client: Client, page: Any, path: str) -> tuple[list[dict[str, Any]], str | None]:
    items = page.get("data") if isinstance(page, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise client.not_n8n_error(path)
    cursor = page.get("nextCursor")
    return items, str(cursor) if cursor else None
