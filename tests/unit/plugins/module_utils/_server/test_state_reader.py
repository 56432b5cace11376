# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the readings of the server: their requests, and that incomplete readings are errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, IncompleteReading
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read, roles_if_shown
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.resource_api import NOT_ADMIN_MESSAGE
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL, Members, NONE, ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    NOT_FOUND,
    Response,
    ScriptedServer,
    page,
    error_response,
    json_response,
)

EVERYTHING = ReadRequest(all_users=True, projects=True)
NO_USER = error_response(404, "Could not find user with id: x")


def user(name: str, role: str = "global:member", pending: bool = False) -> dict[str, Any]:
    return {"id": f"u-{name}", "email": f"{name}@example.com", "role": role, "isPending": pending}


def personal_project(name: str) -> dict[str, Any]:
    """Return the personal project of a user."""
    return {
        "id": f"personal-{name}",
        "name": f"{name} <{name}@example.com>",
        "type": "personal",
        "creatorId": f"u-{name}",
    }


def team(name: str) -> dict[str, Any]:
    return {"id": f"p-{name}", "name": name, "type": "team", "creatorId": "u-deleted"}


def users_page(*names: str) -> Response:
    return page(*(user(name) for name in names))


def projects_page(*names: str) -> Response:
    return page(team("Sales"), *(personal_project(name) for name in names))


def names_in(state: State) -> set[str]:
    return {found.id.partition("-")[2] for found in state.users}


def personal_in(state: State) -> set[str]:
    return {found.id.partition("-")[2] for found in state.projects if not found.is_team}


# All users and projects


def test_consistent_reading_needs_no_further_request(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), user("bob", pending=True)))
    server.on("GET /projects", projects_page("ann", "bob"))
    state = read(api, EVERYTHING)
    assert names_in(state) == personal_in(state) == {"ann", "bob"}
    assert (state.url, state.own_user_id) == (server.url, "u-me")
    assert sorted(server.request_lines) == ["GET /projects", "GET /users"]


def test_repeated_users_are_listed_once(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), user("bob"), cursor="1"), page(user("bob"), user("cyd")))
    server.on("GET /projects", projects_page("ann", "bob", "cyd"))
    state = read(api, EVERYTHING)
    assert [found.id for found in state.users] == ["u-ann", "u-bob", "u-cyd"]
    # Both listings are read in parallel, so their order is not fixed.
    assert sorted(server.request_lines) == ["GET /projects", "GET /users", "GET /users"]


def test_user_missing_from_the_first_listing_is_read_from_the_second(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"), users_page("ann", "bob"))
    server.on("GET /projects", projects_page("ann", "bob"))
    assert names_in(read(api, EVERYTHING)) == {"ann", "bob"}
    assert sorted(server.request_lines) == ["GET /projects"] * 2 + ["GET /users"] * 2


def test_users_of_two_listings_are_merged(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann", "bob"), users_page("bob", "cyd"))
    server.on("GET /projects", projects_page("ann", "bob", "cyd"))
    assert names_in(read(api, EVERYTHING)) == {"ann", "bob", "cyd"}
    assert len(server.requests) == 4


def test_user_missing_from_all_listings_is_requested(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"))
    server.on("GET /projects", projects_page("ann", "bob"))
    server.on("GET /users/u-bob", json_response(user("bob", "global:admin")))
    state = read(api, EVERYTHING)
    assert names_in(state) == {"ann", "bob"}
    assert server.request_lines[4:] == ["GET /users/u-bob"]


def test_user_deleted_between_two_listings_is_not_returned(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann", "bob"), users_page("ann"))
    server.on("GET /projects", projects_page("ann"))
    server.on("GET /users/u-bob", NO_USER)
    assert names_in(read(api, EVERYTHING)) == {"ann"}


def test_user_added_between_two_listings_is_returned(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"), users_page("ann", "new"))
    server.on("GET /projects", projects_page("ann", "new"))
    state = read(api, EVERYTHING)
    assert names_in(state) == personal_in(state) == {"ann", "new"}


@pytest.mark.parametrize(
    ("listed", "owners", "responses"),
    [
        (("ann",), ("ann", "unlisted"), {"GET /users/u-unlisted": NO_USER}),
        (("ann", "noproject"), ("ann",), {"GET /users/u-noproject": json_response(user("noproject"))}),
        ((), ("ann",), {"GET /users/u-ann": NO_USER}),
    ],
    ids=["a personal project without a user", "a user without a personal project", "no users"],
)
def test_inconsistent_listings_are_an_incomplete_reading(
    listed: tuple[str, ...],
    owners: tuple[str, ...],
    responses: dict[str, Response],
    server: ScriptedServer,
    api: Api,
) -> None:
    server.on("GET /users", users_page(*listed))
    server.on("GET /projects", projects_page(*owners))
    for request_line, response in responses.items():
        server.on(request_line, response)
    unmatched = (set(listed) ^ set(owners)).pop()
    with pytest.raises(IncompleteReading, match=rf"\(u-{unmatched}\).*Nothing was changed"):
        read(api, EVERYTHING)
    assert server.request_lines.count("GET /users") == server.request_lines.count("GET /projects") == 2


def test_overlapping_project_pages_are_an_incomplete_reading(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"))
    server.on("GET /projects", *(page(personal_project("ann"), cursor="1"), page(personal_project("ann"))) * 3)
    with pytest.raises(IncompleteReading):
        read(api, EVERYTHING)


def test_creator_of_a_team_project_may_be_missing(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"))
    server.on("GET /projects", page(personal_project("ann"), team("Sales"), {**team("Ops"), "creatorId": None}))
    assert len(read(api, EVERYTHING).projects) == 3


def test_personal_project_without_creator_is_an_incomplete_reading(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann"))
    server.on("GET /projects", page({**personal_project("ann"), "creatorId": None}))
    server.on("GET /users/u-ann", json_response(user("ann")))
    with pytest.raises(IncompleteReading):
        read(api, EVERYTHING)


# Users without projects, as in the community edition


def test_all_users_are_read_without_projects(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann", "bob"))
    state = read(api, ReadRequest(users=("ann@example.com", "nobody@example.com"), all_users=True))
    assert names_in(state) == {"ann", "bob"}
    assert server.request_lines == ["GET /users"]


def test_missing_requested_users_are_looked_up_if_pages_overlap(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), cursor="1"), page(user("ann")))
    server.on("GET /users/bob%40example.com", json_response(user("bob")))
    server.on("GET /users/nobody%40example.com", NO_USER)
    wanted = ("ann@example.com", "bob@example.com", "nobody@example.com")
    assert names_in(read(api, ReadRequest(users=wanted, all_users=True))) == {"ann", "bob"}
    assert sorted(server.request_lines[2:]) == ["GET /users/bob%40example.com", "GET /users/nobody%40example.com"]


OVERLAP = (page(user("ann"), user("bob"), cursor="1"), page(user("bob")))
NO_TEAMS = error_response(403, "Your license does not allow for feat:projectRole:admin. To enable it, please upgrade.")
NO_SCOPE = error_response(403, "Forbidden")


def test_missing_users_are_found_by_projects_if_pages_overlap(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", *OVERLAP * 3)
    server.on("GET /projects", projects_page("ann", "bob", "cyd"))
    server.on("GET /users/u-cyd", json_response(user("cyd")))
    state = read(api, ReadRequest(all_users=True))
    assert names_in(state) == {"ann", "bob", "cyd"}
    # Projects were not requested, so the state must not contain them.
    assert state.projects == ()


@pytest.mark.parametrize("projects", [NO_TEAMS, NO_SCOPE], ids=["community edition", "key without project scopes"])
@pytest.mark.parametrize(
    ("listings", "found"),
    [
        # A listing without repeats, listings that are complete together, and incomplete listings.
        ((users_page("ann", "cyd", "dan"),), {"ann", "cyd", "dan"}),
        ((page(user("cyd"), cursor="1"), page(user("bob"), user("cyd"))), {"ann", "bob", "cyd"}),
        ((*OVERLAP, *OVERLAP, *OVERLAP), None),
    ],
    ids=["complete", "complete together", "incomplete"],
)
def test_users_are_listed_again_if_pages_overlap_and_projects_are_hidden(
    listings: tuple[Response, ...],
    found: set[str] | None,
    projects: Response,
    server: ScriptedServer,
    api: Api,
) -> None:
    # The second listing is read together with the projects.
    server.on("GET /users", *OVERLAP * 2, *listings)
    server.on("GET /projects", projects)
    if found is None:
        with pytest.raises(IncompleteReading, match="3 times in a row, so 1 of 3 users may be missing"):
            read(api, ReadRequest(all_users=True))
    else:
        assert names_in(read(api, ReadRequest(all_users=True))) == found


def test_leavers_are_read_in_the_community_edition_if_pages_overlap(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", *OVERLAP, users_page("ann", "bob", "cyd"))
    server.on("GET /projects", NO_TEAMS)
    leaving = ReadRequest(users=("cyd@example.com",), all_users=True, projects=True, projects_optional=True)
    assert names_in(read(api, leaving)) == {"ann", "bob", "cyd"}
    assert server.request_lines.count("GET /projects") == 1


def test_users_without_repeats_need_no_further_request_without_projects(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users", users_page("ann", "bob"))
    server.on("GET /projects", NO_TEAMS)
    read(api, ReadRequest(all_users=True, projects=True, projects_optional=True))
    assert sorted(server.request_lines) == ["GET /projects", "GET /users"]


def test_single_users_are_requested_and_returned_once(server: ScriptedServer, api: Api) -> None:
    server.on("GET /users/ann%40example.com", json_response(user("ann")))
    server.on("GET /users/u-ann", json_response(user("ann")))
    server.on("GET /users/nobody%40example.com", NO_USER)
    state = read(api, ReadRequest(users=("ann@example.com", "nobody@example.com", "u-ann")))
    assert [found.id for found in state.users] == ["u-ann"]
    assert len(server.requests) == 3


def test_empty_read_request_sends_no_request(server: ScriptedServer, api: Api) -> None:
    state = read(api, ReadRequest())
    assert state == State(server.url, "u-me")
    assert server.requests == []


# Members, roles


@pytest.mark.parametrize(
    ("wanted", "read_of"),
    [
        (ALL, {"p-Sales", "p-Ops", "p-Team", "p-Team2"}),
        (("Sales",), {"p-Sales"}),
        (("p-Ops", "Ops"), {"p-Ops"}),
        (("Team",), {"p-Team", "p-Team2"}),
        (("personal-ann", "ann <ann@example.com>", "missing"), set()),
    ],
)
def test_members_of_the_requested_team_projects_are_read(
    wanted: tuple[str, ...] | Members, read_of: set[str], server: ScriptedServer, api: Api
) -> None:
    server.on("*", page({"id": "u-ann", "email": "ann@example.com", "role": "project:viewer"}))
    second_team = {**team("Team"), "id": "p-Team2"}
    server.on("GET /projects", page(team("Sales"), team("Ops"), team("Team"), second_team, personal_project("ann")))
    state = read(api, ReadRequest(projects=True, members=wanted))
    assert set(state.members) == read_of
    assert len(server.requests) == 1 + len(read_of)


@pytest.mark.parametrize(("members", "count"), [(NONE, 0), ((), 0), (ALL, 1)])
def test_empty_filter_means_no_members(
    members: tuple[str, ...] | Members, count: int, server: ScriptedServer, api: Api
) -> None:
    server.on("GET /projects", page(team("Sales")))
    server.on("GET /projects/p-Sales/users", page())
    assert len(read(api, ReadRequest(projects=True, members=members)).members) == count


def test_roles_are_read_if_requested(server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", json_response({"global": [{"slug": "global:member"}], "project": []}))
    assert [role.slug for role in read(api, ReadRequest(roles=True)).roles or ()] == ["global:member"]


@pytest.mark.parametrize("response", [NOT_FOUND, error_response(403, "Forbidden")])
def test_hidden_roles_are_none(response: Response, server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", response)
    assert roles_if_shown(api) is None


def test_other_error_response_for_roles_is_an_error(server: ScriptedServer, api: Api) -> None:
    server.on("GET /roles", error_response(401, "unauthorized"))
    with pytest.raises(ApiError):
        roles_if_shown(api)


# Owned items


@pytest.fixture
def server_with_items(server: ScriptedServer) -> None:
    """Set up Ann and the project Sales with one data table each, and Bob, who is pending. The owner has the API key."""
    server.on("GET /users/u-me", json_response(user("me", "global:owner")))
    server.on("GET /users/ann%40example.com", json_response(user("ann")))
    server.on("GET /users/bob%40example.com", json_response(user("bob", pending=True)))
    server.on("GET /users/nobody%40example.com", NO_USER)
    server.on("GET /projects", projects_page("ann", "bob"))
    server.on("GET /roles", json_response({"global": [], "project": []}))
    for path in ("/workflows", "/credentials", "/variables"):
        server.on(f"GET {path}", page())
    tables = [
        {"id": "d-1", "name": "A", "projectId": "personal-ann"},
        {"id": "d-2", "name": "S", "projectId": "p-Sales"},
    ]
    server.on("GET /data-tables", page(*tables))


@pytest.mark.parametrize(
    ("read_request", "found"),
    [
        (ReadRequest(users=("ann@example.com",), projects=True, owned_items=True), {"personal-ann": ["d-1"]}),
        (ReadRequest(users=("ann@example.com",), projects=True), {}),
        # Bob is pending. Items can be transferred to pending users.
        (
            ReadRequest(users=("bob@example.com", "nobody@example.com"), projects=True, owned_items=True),
            {"personal-bob": []},
        ),
        (ReadRequest(projects=True, owned_by_projects=("Sales",)), {"p-Sales": ["d-2"]}),
        (ReadRequest(projects=True, owned_by_projects=("p-Sales",)), {"p-Sales": ["d-2"]}),
        (ReadRequest(projects=True, owned_by_projects=("personal-ann", "missing")), {}),
        (
            ReadRequest(users=("ann@example.com",), projects=True, owned_items=True, owned_by_projects=("Sales",)),
            {"personal-ann": ["d-1"], "p-Sales": ["d-2"]},
        ),
        # Without projects, items are not read, because the personal project of Ann is unknown.
        (ReadRequest(users=("ann@example.com",), owned_items=True), {}),
    ],
)
def test_items_of_requested_users_and_projects_are_read(
    read_request: ReadRequest, found: dict[str, list[str]], server_with_items: None, api: Api
) -> None:
    state = read(api, read_request)
    assert {key: [item.id for item in owned_items.items] for key, owned_items in state.owned_items.items()} == found
    assert [owned_items.unseen for owned_items in state.owned_items.values() if owned_items.unseen] == []


LEAVER_REQUEST = ReadRequest(users=("ann@example.com",), projects=True, owned_items=True)


@pytest.mark.parametrize(
    "key_user",
    [json_response(user("me", "global:member")), json_response(user("me", "global:auditor-1")), NO_USER],
    ids=["member", "custom", "unknown"],
)
def test_items_are_unknown_if_the_key_user_is_not_an_instance_admin(
    key_user: Response, server_with_items: None, server: ScriptedServer, api: Api
) -> None:
    server.on("GET /users/u-me", key_user)
    assert read(api, LEAVER_REQUEST).owned_items["personal-ann"].unseen == NOT_ADMIN_MESSAGE


def test_items_are_unknown_if_the_key_has_no_user_id(
    server_with_items: None, server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    state = read(Api(connect(server.url, api_key="n8n_api_0123456789")), LEAVER_REQUEST)
    assert state.own_user_id is None
    assert state.owned_items["personal-ann"].unseen == NOT_ADMIN_MESSAGE


def test_key_user_is_not_requested_again_if_all_users_were_read(
    server_with_items: None, server: ScriptedServer, api: Api
) -> None:
    server.on("GET /users", page(user("ann"), user("me", "global:admin")))
    server.on("GET /projects", projects_page("ann", "me"))
    state = read(api, ReadRequest(users=("ann@example.com",), all_users=True, projects=True, owned_items=True))
    assert state.owned_items["personal-ann"].unseen == ""
    assert "GET /users/u-me" not in server.request_lines


def test_reading_sends_only_get_requests(
    server_with_items: None, server: ScriptedServer, connect: Callable[..., Client]
) -> None:
    read(Api(connect(server.url, read_only=True)), LEAVER_REQUEST)
    assert {read_request.method for read_request in server.requests} == {"GET"}
