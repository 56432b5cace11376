# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test listings of several pages."""

from __future__ import annotations


import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.paging import read_pages
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ConnectionFailed
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    RESET,
    ScriptedServer,
    page,
    text_response,
)


def test_listing_follows_the_cursor_to_the_end(server: ScriptedServer, client: Client) -> None:
    server.on(
        "GET /users",
        page({"id": "a"}, {"id": "b"}, cursor="1"),
        page(cursor="2"),
        page({"id": "c"}),
        page({"id": "never"}),
    )
    listing = read_pages(client, "/users", "list users", "list_users", {"includeRole": "true"})
    assert [item["id"] for item in listing.items] == ["a", "b", "c"]
    assert (listing.repeats, listing.pages) == (0, 3)
    query = {"includeRole": "true", "limit": "250"}
    assert [request.query for request in server.requests] == [query, {**query, "cursor": "1"}, {**query, "cursor": "2"}]


def test_items_on_several_pages_are_listed_once_and_counted(server: ScriptedServer, client: Client) -> None:
    server.on("GET /users", page({"id": "a"}, {"id": "b"}, cursor="1"), page({"id": "b"}, {"id": "a"}, {"id": "c"}))
    listing = read_pages(client, "/users", "list users", "list_users")
    assert [item["id"] for item in listing.items] == ["a", "b", "c"]
    assert listing.repeats == 2


@pytest.mark.parametrize("cursors", [("x", "x"), ("x", "y", "x")])
def test_repeated_cursor_is_an_error(cursors: tuple[str, ...], server: ScriptedServer, client: Client) -> None:
    server.on("GET /users", *(page({"id": f"u-{number}"}, cursor=cursor) for number, cursor in enumerate(cursors)))
    with pytest.raises(ConnectionFailed, match="returned the same page cursor twice"):
        read_pages(client, "/users", "list users", "list_users")
    assert client.requests == len(cursors)


def test_transient_faults_on_later_pages_are_retried(server: ScriptedServer, client: Client) -> None:
    server.on("GET /users", page({"id": "a"}, cursor="1"), RESET, text_response("", 503), page({"id": "b"}))
    assert [item["id"] for item in read_pages(client, "/users", "list users", "list_users").items] == ["a", "b"]
    assert client.requests == 4
