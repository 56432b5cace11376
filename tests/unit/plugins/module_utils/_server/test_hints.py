# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the hints in error messages. Messages of n8n are those of 2.8.4 and 2.40.7."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
)


def get_users(client: Client) -> Any:
    return client.get("/users", "list users", "list_users")


LICENSE = "Your license does not allow for {0}. To enable {0}, please upgrade to a license that supports this feature."


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (400, "request/query/limit must be <= 250", r"\(HTTP 400\)\.$"),
        (401, "unauthorized", "Check that api_key belongs to http.* expired"),
        (401, "'X-N8N-API-KEY' header required", "Check that api_key belongs to"),
        (403, LICENSE.format("feat:projectRole:admin"), "Team projects need an n8n license"),
        (403, LICENSE.format("feat:advancedPermissions"), "need an n8n license with advanced permissions"),
        (403, LICENSE.format("feat:folders"), "This needs an n8n license with that feature"),
        (
            403,
            "Cannot invite admin user without advanced permissions. Please upgrade to a license that includes "
            "this feature.",
            "need an n8n license with advanced permissions",
        ),
        (400, 'Your instance is not licensed to use role "project:editor".', "Choose a role that the license"),
        (403, "Maximum number of users reached", "number of users in the license is used up"),
        (400, "Maximum number of users reached", "number of users in the license is used up"),
        (
            400,
            "Attempted to create a new project but quota is already exhausted. You may have a maximum of 1 team "
            "projects.",
            "number of team projects in the license is used up",
        ),
        (
            400,
            "SSO is enabled, so users are managed by the Identity Provider and cannot be added through invites",
            "Single sign-on manages this",
        ),
        (403, "Project roles are managed automatically and cannot be changed manually", "Single sign-on manages this"),
        (403, "Instance roles are managed automatically and cannot be changed manually", "Single sign-on manages this"),
        (404, "not found", "needs n8n 2.8.0 or later"),
        (405, "GET method not allowed", "needs n8n 2.8.0 or later"),
        (404, 'Could not find project with ID "x"', r"\(HTTP 404\)\.$"),
        (409, "Cannot delete a user with published workflows", r"\(HTTP 409\)\.$"),
        (500, "Internal server error", r"\(HTTP 500\)\.$"),
    ],
)
def test_error_has_the_message_of_n8n_and_a_hint(
    status: int, message: str, hint: str, server: ScriptedServer, client: Client
) -> None:
    server.on("GET /users", error_response(status, message))
    with pytest.raises(ApiError, match=hint) as caught:
        get_users(client)
    assert str(caught.value).startswith(f'n8n refused to list users: "{message}" (HTTP {status}).')
    assert (caught.value.status, caught.value.server_message) == (status, message)
    assert client.requests == 1
