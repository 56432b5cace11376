# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read for a plan, and that a reading is complete or fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, IncompleteReading
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import State
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.reading import read, roles_if_shown
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.resource_api import KEY_SEES_LITTLE
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL, Members, NONE, ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.misbehaving import (
    NOT_FOUND,
    Answer,
    MisbehavingServer,
    page,
    refusal,
    reply,
)

EVERYTHING = ReadRequest(all_users=True, projects=True)
NO_USER = refusal(404, "Could not find user with id: x")


def user(name: str, role: str = "global:member", pending: bool = False) -> dict[str, Any]:
    return {"id": f"u-{name}", "email": f"{name}@example.com", "role": role, "isPending": pending}


def home(name: str) -> dict[str, Any]:
    """Return somebody's personal project."""
    return {"id": f"home-{name}", "name": f"{name} <{name}@example.com>", "type": "personal", "creatorId": f"u-{name}"}


def team(name: str) -> dict[str, Any]:
    return {"id": f"p-{name}", "name": name, "type": "team", "creatorId": "u-gone"}


def users(*names: str) -> Answer:
    return page(*(user(name) for name in names))


def homes(*names: str) -> Answer:
    return page(team("Sales"), *(home(name) for name in names))


def names_in(state: State) -> set[str]:
    return {found.id.partition("-")[2] for found in state.users}


def personal_in(state: State) -> set[str]:
    return {found.id.partition("-")[2] for found in state.projects if not found.is_team}


# The whole instance


def test_a_reading_that_matches_takes_no_further_request(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), user("bob", pending=True)))
    server.on("GET /projects", homes("ann", "bob"))
    state = read(api, EVERYTHING)
    assert names_in(state) == personal_in(state) == {"ann", "bob"}
    assert (state.url, state.own_user_id) == (server.url, "u-me")
    assert sorted(server.asked) == ["GET /projects", "GET /users"]


def test_users_that_repeat_are_there_once(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), user("bob"), cursor="1"), page(user("bob"), user("cyd")))
    server.on("GET /projects", homes("ann", "bob", "cyd"))
    state = read(api, EVERYTHING)
    assert [found.id for found in state.users] == ["u-ann", "u-bob", "u-cyd"]
    # Both listings are read at once, so that either may be first.
    assert sorted(server.asked) == ["GET /projects", "GET /users", "GET /users"]


def test_a_user_missing_from_the_first_listing_is_there_in_the_second(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"), users("ann", "bob"))
    server.on("GET /projects", homes("ann", "bob"))
    assert names_in(read(api, EVERYTHING)) == {"ann", "bob"}
    assert sorted(server.asked) == ["GET /projects"] * 2 + ["GET /users"] * 2


def test_what_the_two_looks_show_of_users_is_put_together(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann", "bob"), users("bob", "cyd"))
    server.on("GET /projects", homes("ann", "bob", "cyd"))
    assert names_in(read(api, EVERYTHING)) == {"ann", "bob", "cyd"}
    assert len(server.requests) == 4


def test_a_user_whom_no_listing_shows_is_asked_for(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"))
    server.on("GET /projects", homes("ann", "bob"))
    server.on("GET /users/u-bob", reply(user("bob", "global:admin")))
    state = read(api, EVERYTHING)
    assert names_in(state) == {"ann", "bob"}
    assert server.asked[4:] == ["GET /users/u-bob"]


def test_a_user_deleted_between_the_looks_is_gone(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann", "bob"), users("ann"))
    server.on("GET /projects", homes("ann"))
    server.on("GET /users/u-bob", NO_USER)
    assert names_in(read(api, EVERYTHING)) == {"ann"}


def test_a_user_who_came_between_the_two_listings_is_there(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"), users("ann", "new"))
    server.on("GET /projects", homes("ann", "new"))
    state = read(api, EVERYTHING)
    assert names_in(state) == personal_in(state) == {"ann", "new"}


@pytest.mark.parametrize(
    ("listed", "owning", "asked"),
    [
        (("ann",), ("ann", "ghost"), {"GET /users/u-ghost": NO_USER}),
        (("ann", "homeless"), ("ann",), {"GET /users/u-homeless": reply(user("homeless"))}),
        ((), ("ann",), {"GET /users/u-ann": NO_USER}),
    ],
    ids=["a personal project without a user", "a user without a personal project", "no users at all"],
)
def test_listings_that_do_not_match_are_an_incomplete_reading(
    listed: tuple[str, ...],
    owning: tuple[str, ...],
    asked: dict[str, Answer],
    server: MisbehavingServer,
    api: Api,
) -> None:
    server.on("GET /users", users(*listed))
    server.on("GET /projects", homes(*owning))
    for what, answer in asked.items():
        server.on(what, answer)
    odd = (set(listed) ^ set(owning)).pop()
    with pytest.raises(IncompleteReading, match=rf"\(u-{odd}\).*Nothing was changed"):
        read(api, EVERYTHING)
    assert server.asked.count("GET /users") == server.asked.count("GET /projects") == 2


def test_projects_that_stay_incomplete_are_no_reading(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"))
    server.on("GET /projects", *(page(home("ann"), cursor="1"), page(home("ann"))) * 3)
    with pytest.raises(IncompleteReading):
        read(api, EVERYTHING)


def test_the_creator_of_a_team_project_need_not_exist(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"))
    server.on("GET /projects", page(home("ann"), team("Sales"), {**team("Ops"), "creatorId": None}))
    assert len(read(api, EVERYTHING).projects) == 3


def test_a_personal_project_that_names_nobody_cannot_be_matched(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann"))
    server.on("GET /projects", page({**home("ann"), "creatorId": None}))
    server.on("GET /users/u-ann", reply(user("ann")))
    with pytest.raises(IncompleteReading):
        read(api, EVERYTHING)


# Users without projects (the community edition shows no projects)


def test_all_users_are_read_without_any_project(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann", "bob"))
    state = read(api, ReadRequest(users=("ann@example.com", "nobody@example.com"), all_users=True))
    assert names_in(state) == {"ann", "bob"}
    assert server.asked == ["GET /users"]


def test_where_pages_overlap_the_wanted_who_did_not_come_are_asked_for(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", page(user("ann"), cursor="1"), page(user("ann")))
    server.on("GET /users/bob%40example.com", reply(user("bob")))
    server.on("GET /users/nobody%40example.com", NO_USER)
    wanted = ("ann@example.com", "bob@example.com", "nobody@example.com")
    assert names_in(read(api, ReadRequest(users=wanted, all_users=True))) == {"ann", "bob"}
    assert sorted(server.asked[2:]) == ["GET /users/bob%40example.com", "GET /users/nobody%40example.com"]


OVERLAP = (page(user("ann"), user("bob"), cursor="1"), page(user("bob")))
NO_TEAMS = refusal(403, "Your license does not allow for feat:projectRole:admin. To enable it, please upgrade.")
NO_SCOPE = refusal(403, "Forbidden")


def test_where_pages_overlap_projects_tell_who_of_all_is_missing(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", *OVERLAP * 3)
    server.on("GET /projects", homes("ann", "bob", "cyd"))
    server.on("GET /users/u-cyd", reply(user("cyd")))
    state = read(api, ReadRequest(all_users=True))
    assert names_in(state) == {"ann", "bob", "cyd"}
    # They are not asked for, and whoever goes on with this state is not to think that they were.
    assert state.projects == ()


@pytest.mark.parametrize("projects", [NO_TEAMS, NO_SCOPE], ids=["community edition", "a key for users"])
@pytest.mark.parametrize(
    ("looks", "found"),
    [
        # One in which nobody came twice; several that together have as many as came in one; and too few.
        ((users("ann", "cyd", "dan"),), {"ann", "cyd", "dan"}),
        ((page(user("cyd"), cursor="1"), page(user("bob"), user("cyd"))), {"ann", "bob", "cyd"}),
        ((*OVERLAP, *OVERLAP, *OVERLAP), None),
    ],
    ids=["clean", "together", "never"],
)
def test_where_pages_overlap_and_no_projects_are_shown_users_are_looked_at_again(
    looks: tuple[Answer, ...],
    found: set[str] | None,
    projects: Answer,
    server: MisbehavingServer,
    api: Api,
) -> None:
    # After the first look comes one together with the projects.
    server.on("GET /users", *OVERLAP * 2, *looks)
    server.on("GET /projects", projects)
    if found is None:
        with pytest.raises(IncompleteReading, match="3 times in a row, so that 1 of 3 may be missing"):
            read(api, ReadRequest(all_users=True))
    else:
        assert names_in(read(api, ReadRequest(all_users=True))) == found


def test_the_community_edition_shows_who_leaves_also_where_pages_overlap(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", *OVERLAP, users("ann", "bob", "cyd"))
    server.on("GET /projects", NO_TEAMS)
    leaving = ReadRequest(users=("cyd@example.com",), all_users=True, projects=True, projects_optional=True)
    assert names_in(read(api, leaving)) == {"ann", "bob", "cyd"}
    assert server.asked.count("GET /projects") == 1


def test_users_who_do_not_repeat_take_no_further_request_without_projects(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users", users("ann", "bob"))
    server.on("GET /projects", NO_TEAMS)
    read(api, ReadRequest(all_users=True, projects=True, projects_optional=True))
    assert sorted(server.asked) == ["GET /projects", "GET /users"]


def test_named_users_are_asked_for_one_by_one_and_are_there_once(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /users/ann%40example.com", reply(user("ann")))
    server.on("GET /users/u-ann", reply(user("ann")))
    server.on("GET /users/nobody%40example.com", NO_USER)
    state = read(api, ReadRequest(users=("ann@example.com", "nobody@example.com", "u-ann")))
    assert [found.id for found in state.users] == ["u-ann"]
    assert len(server.requests) == 3


def test_what_is_not_needed_is_not_read(server: MisbehavingServer, api: Api) -> None:
    state = read(api, ReadRequest())
    assert state == State(server.url, "u-me")
    assert server.requests == []


# Members, roles


@pytest.mark.parametrize(
    ("wanted", "read_of"),
    [
        (ALL, {"p-Sales", "p-Ops", "p-Twin", "p-Twin2"}),
        (("Sales",), {"p-Sales"}),
        (("p-Ops", "Ops"), {"p-Ops"}),
        (("Twin",), {"p-Twin", "p-Twin2"}),
        (("home-ann", "ann <ann@example.com>", "nowhere"), set()),
    ],
)
def test_members_are_read_of_the_team_projects_that_are_named(
    wanted: tuple[str, ...] | Members, read_of: set[str], server: MisbehavingServer, api: Api
) -> None:
    server.on("*", page({"id": "u-ann", "email": "ann@example.com", "role": "project:viewer"}))
    twin = {**team("Twin"), "id": "p-Twin2"}
    server.on("GET /projects", page(team("Sales"), team("Ops"), team("Twin"), twin, home("ann")))
    state = read(api, ReadRequest(projects=True, members=wanted))
    assert set(state.members) == read_of
    assert len(server.requests) == 1 + len(read_of)


@pytest.mark.parametrize(("members", "count"), [(NONE, 0), ((), 0), (ALL, 1)])
def test_an_empty_filter_means_no_members(
    members: tuple[str, ...] | Members, count: int, server: MisbehavingServer, api: Api
) -> None:
    server.on("GET /projects", page(team("Sales")))
    server.on("GET /projects/p-Sales/users", page())
    assert len(read(api, ReadRequest(projects=True, members=members)).members) == count


def test_roles_are_read_where_they_are_needed(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /roles", reply({"global": [{"slug": "global:member"}], "project": []}))
    assert [role.slug for role in read(api, ReadRequest(roles=True)).roles or ()] == ["global:member"]


@pytest.mark.parametrize("answer", [NOT_FOUND, refusal(403, "Forbidden")])
def test_roles_that_are_not_shown_are_none_where_that_will_do(
    answer: Answer, server: MisbehavingServer, api: Api
) -> None:
    server.on("GET /roles", answer)
    assert roles_if_shown(api) is None


def test_any_other_refusal_to_show_roles_is_an_error(server: MisbehavingServer, api: Api) -> None:
    server.on("GET /roles", refusal(401, "unauthorized"))
    with pytest.raises(ApiError):
        roles_if_shown(api)


# Possessions


@pytest.fixture
def owned(server: MisbehavingServer) -> None:
    """Ann, Bob (pending) and a team; the key is the owner's; Ann has a data table, and so has the team."""
    server.on("GET /users/u-me", reply(user("me", "global:owner")))
    server.on("GET /users/ann%40example.com", reply(user("ann")))
    server.on("GET /users/bob%40example.com", reply(user("bob", pending=True)))
    server.on("GET /users/nobody%40example.com", NO_USER)
    server.on("GET /projects", homes("ann", "bob"))
    server.on("GET /roles", reply({"global": [], "project": []}))
    for path in ("/workflows", "/credentials", "/variables"):
        server.on(f"GET {path}", page())
    tables = [{"id": "d-1", "name": "A", "projectId": "home-ann"}, {"id": "d-2", "name": "S", "projectId": "p-Sales"}]
    server.on("GET /data-tables", page(*tables))


@pytest.mark.parametrize(
    ("read_request", "found"),
    [
        (ReadRequest(users=("ann@example.com",), projects=True, owned_items=True), {"home-ann": ["d-1"]}),
        (ReadRequest(users=("ann@example.com",), projects=True), {}),
        # Bob is pending, and may have been given something all the same.
        (
            ReadRequest(users=("bob@example.com", "nobody@example.com"), projects=True, owned_items=True),
            {"home-bob": []},
        ),
        (ReadRequest(projects=True, owned_by_projects=("Sales",)), {"p-Sales": ["d-2"]}),
        (ReadRequest(projects=True, owned_by_projects=("p-Sales",)), {"p-Sales": ["d-2"]}),
        (ReadRequest(projects=True, owned_by_projects=("home-ann", "nowhere")), {}),
        (
            ReadRequest(users=("ann@example.com",), projects=True, owned_items=True, owned_by_projects=("Sales",)),
            {"home-ann": ["d-1"], "p-Sales": ["d-2"]},
        ),
        # Without projects nobody knows where Ann's things are: not read, which is not none.
        (ReadRequest(users=("ann@example.com",), owned_items=True), {}),
    ],
)
def test_possessions_are_read_of_users_and_named_teams(
    read_request: ReadRequest, found: dict[str, list[str]], owned: None, api: Api
) -> None:
    state = read(api, read_request)
    assert {key: [item.id for item in owned_items.items] for key, owned_items in state.owned_items.items()} == found
    assert [owned_items.unseen for owned_items in state.owned_items.values() if owned_items.unseen] == []


LEAVING = ReadRequest(users=("ann@example.com",), projects=True, owned_items=True)


@pytest.mark.parametrize(
    "me",
    [reply(user("me", "global:member")), reply(user("me", "global:auditor-1")), NO_USER],
    ids=["member", "custom", "unknown"],
)
def test_a_key_that_does_not_see_all_leaves_possessions_in_doubt(
    me: Answer, owned: None, server: MisbehavingServer, api: Api
) -> None:
    server.on("GET /users/u-me", me)
    assert read(api, LEAVING).owned_items["home-ann"].unseen == KEY_SEES_LITTLE


def test_a_key_that_does_not_tell_whose_it_is_leaves_possessions_in_doubt(
    owned: None, server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    state = read(Api(connect(server.url, api_key="n8n_api_0123456789")), LEAVING)
    assert state.own_user_id is None
    assert state.owned_items["home-ann"].unseen == KEY_SEES_LITTLE


def test_the_keys_own_user_is_not_asked_for_again_where_all_users_were_read(
    owned: None, server: MisbehavingServer, api: Api
) -> None:
    server.on("GET /users", page(user("ann"), user("me", "global:admin")))
    server.on("GET /projects", homes("ann", "me"))
    state = read(api, ReadRequest(users=("ann@example.com",), all_users=True, projects=True, owned_items=True))
    assert state.owned_items["home-ann"].unseen == ""
    assert "GET /users/u-me" not in server.asked


def test_a_whole_reading_sends_nothing_but_get(
    owned: None, server: MisbehavingServer, connect: Callable[..., Client]
) -> None:
    read(Api(connect(server.url, read_only=True)), LEAVING)
    assert {read_request.method for read_request in server.requests} == {"GET"}
