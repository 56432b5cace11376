# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state that a plan needs, and verify that it is complete, because absence requires a complete reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from .._errors import ApiError, IncompleteReading, InputError
from .._state.dates import moment
from .._state.model import Project, State, User
from .._state.names import to_nfc
from .._state.read_request import NONE, Members, ReadRequest
from .._state.roles import INSTANCE_ADMIN_ROLES, Role
from .._state.scopes import scopes_of
from .api import Api
from .hints import has_scope, scopes_remedy
from .paging import LISTING_ATTEMPTS, Listing

# Without this feature of the license, n8n refuses every request about projects (seen on 2.8.4 and 2.40.7).
TEAMS = "feat:projectRole"
# The time for which a project counts as new, and the most readings of projects until the names of new ones are unique.
_NEW = timedelta(seconds=10)
_NAME_READINGS = 4


def read(api: Api, request: ReadRequest) -> State:
    """Return the state that `request` asks for.

    Raises IncompleteReading if n8n does not show everything, and ApiError if it refuses a request. If the key lacks
    scopes, the error names all of them.
    """
    try:
        return _read(api, request)
    except ApiError as error:
        granted = api.granted_scopes() if error.scope else None
        # If the key has the scope, the cause is the role of its user.
        if not error.scope or (granted is not None and has_scope(error.scope, granted)):
            raise
        refused = {error.scope, *(api.refused_scopes(request.calls) if granted is None else ())}
        hint = scopes_remedy(_missing(request, granted, refused), granted)
        raise ApiError(
            f"{error.refused} {hint}", error.status, error.server_message, error.scope, error.refused
        ) from None


def _missing(request: ReadRequest, granted: Sequence[str] | None, refused: Set[str]) -> list[str]:
    """Return all missing scopes for `request` if n8n lists the scopes of the key. Else return the refused scopes."""
    needed = scopes_of(request.calls)
    return sorted(refused | {scope for scope in needed if granted is not None and not has_scope(scope, granted)})


def _scopes_hint(api: Api, request: ReadRequest, refused: Iterable[str]) -> str:
    """Return the remedy for refused listings of resources; "" if the task does not need any of these."""
    wanted = scopes_of(request.calls) & set(refused)
    granted = api.granted_scopes() if wanted else None
    return scopes_remedy(_missing(request, granted, wanted), granted) if wanted else ""


def _read(api: Api, request: ReadRequest) -> State:
    """Return the state that `request` asks for. Members are read after the projects, and owned items after the users."""
    state = State(api.client.connection.url, api.client.connection.own_user_id)
    if request.all_users and request.projects:
        state = _whole_instance(api, state, request)
    elif request.all_users:
        state = replace(state, users=_all_users(api, state, request.users))
    else:
        state = replace(state, users=_named_users(api, request.users))
        if request.projects:
            state = replace(state, projects=_projects(api, request))
    if request.members != NONE:
        state = replace(state, members=api.members_of(_team_projects(state, request.members)))
    if request.roles:
        state = replace(state, roles=api.find_roles())
    return _with_owned_items(api, state, request)


def roles_if_shown(api: Api) -> tuple[Role, ...] | None:
    """Return the assignable roles, or None if the server or the scopes of the key do not show them."""
    try:
        return api.find_roles()
    except ApiError as error:
        if error.status == 403:
            return None
        raise


def _team_projects(state: State, wanted: tuple[str, ...] | Members) -> list[str]:
    """Return the ids of the team projects that `wanted` may mean by id or name, or the ids of ALL team projects."""
    if isinstance(wanted, Members):
        return [project.id for project in state.projects if project.is_team]
    meant = (project for name in wanted for project in (*state.find_projects(name), *state.projects_named(name)))
    return list(dict.fromkeys(project.id for project in meant if project.is_team))


def _named_users(api: Api, references: Iterable[str]) -> tuple[User, ...]:
    found = api.client.in_parallel(api.find_user, list(references))
    return tuple({user.id: user for user in found if user is not None}.values())


def _all_users(api: Api, state: State, wanted: Sequence[str]) -> tuple[User, ...]:
    """Return all users. If the pages overlap, each missing user in `wanted` is read individually.

    If `wanted` is empty, personal projects show whether all users are listed, if n8n shows them.
    """
    listing = api.list_users()
    if not listing.repeats:
        return tuple(_users(listing).values())
    if wanted:
        state = replace(state, users=tuple(_users(listing).values()))
        return state.users + _named_users(api, [name for name in wanted if state.find_user(name) is None])
    try:
        return _whole_instance(api, state, ReadRequest(projects_optional=True)).users
    except ApiError as error:
        # The key has access to users only.
        if error.status != 403:
            raise
        return _without_projects(api, listing)


def _without_projects(api: Api, listing: Listing) -> tuple[User, ...]:
    """Return all users if n8n shows no other data that identifies them; `listing` is the listing that was already read.

    If a user is listed twice, another user is missing, so the number of users includes the repeats. Several listings
    are combined until there are that many users.
    """
    found: dict[str, User] = {}
    count = 0
    for look in range(LISTING_ATTEMPTS):
        if look:
            listing = api.list_users()
        if not listing.repeats:
            return tuple(_users(listing).values())
        found.update(_users(listing))
        count = max(count, len(listing.items) + listing.repeats)
        if len(found) >= count:
            return tuple(found.values())
    raise IncompleteReading(
        f"n8n at {api.client.connection.url} returned overlapping pages of users {LISTING_ATTEMPTS} times in a row. "
        f"{count - len(found)} of {count} users may be missing. Nothing was changed. Run the task again. If the error remains, use a "
        "key with the scope project:list, because personal projects show which users are missing."
    )


def _users(listing: Listing) -> dict[str, User]:
    return {item["id"]: User.from_api(item) for item in listing.items}


def _projects(api: Api, request: ReadRequest) -> tuple[Project, ...]:
    """Return all projects. While a name that has to be unique means a new project and another one, they are read again.

    Of two tasks that create a project of one name, the later one deletes its project right away.
    """
    if request.recent_projects and _are_unique(api.client.kept.projects, request.unique_names):
        api.client.kept.is_used = True
        return api.client.kept.projects
    try:
        for attempt in range(_NAME_READINGS - 1):
            projects = _listed_projects(api)
            if not _has_new_duplicate(projects, request.unique_names):
                return projects
            api.client.pause(attempt)
        return _listed_projects(api)
    except ApiError as error:
        if request.projects_optional and error.status == 403 and TEAMS in error.server_message:
            return ()
        raise


def _listed_projects(api: Api) -> tuple[Project, ...]:
    api.client.kept.projects = tuple(Project.from_api(item) for item in api.list_projects().items)
    return api.client.kept.projects


def _are_unique(projects: tuple[Project, ...], names: Iterable[str]) -> bool:
    """Return whether each of these names or ids means exactly one of the projects."""
    state = State("", None, projects=projects)
    return bool(projects) and all(len(state.find_projects(name)) == 1 for name in names)


def _has_new_duplicate(projects: Iterable[Project], names: Iterable[str]) -> bool:
    """Return whether several team projects have one of these names, and at least one of them was created just now."""
    wanted = set(map(to_nfc, names))
    by_name: dict[str, list[Project]] = {}
    for project in projects:
        if project.is_team and to_nfc(project.name) in wanted:
            by_name.setdefault(to_nfc(project.name), []).append(project)
    return any(len(named) > 1 and any(map(_is_new, named)) for named in by_name.values())


def _is_new(project: Project) -> bool:
    try:
        age = datetime.now(timezone.utc) - moment(project.created_at, "createdAt")
    except InputError:
        return False
    # The clock of the server may be ahead.
    return abs(age) < _NEW


def _whole_instance(api: Api, state: State, request: ReadRequest) -> State:
    """Return the state with all users and projects, checked against each other.

    The community edition shows no projects, so there is no such check. Every user, including pending users, has one
    personal project with the id of that user as creatorId (seen on 2.8.4 and 2.40.7).
    """
    listing, projects = _read_users_and_projects(api, request)
    if request.projects_optional and not projects:
        return replace(state, users=_without_projects(api, listing))
    users = _users(listing)
    if _owners(projects.values()) != set(users):
        # A user may have been created or deleted between the two listings. Another listing shows this.
        listing, projects = _read_users_and_projects(api, request)
        users.update(_users(listing))
        unlisted = sorted(_owners(projects.values()) - set(users))
        users.update({user.id: user for user in _named_users(api, unlisted)})
        # A user of the first listing without a personal project in the second listing was deleted in between, if n8n
        # confirms it.
        for user_id in sorted(set(users) - _owners(projects.values())):
            if api.find_user(user_id) is None:
                del users[user_id]
    missing = _owners(projects.values()) ^ set(users)
    if missing:
        raise IncompleteReading(
            f"n8n at {state.url} lists {len(users)} users and {len(_owners(projects.values()))} personal projects, which do "
            f"not match ({', '.join(sorted(missing)[:5])}). Nothing was changed. Run the task again. If this happens again, "
            "check these users in n8n."
        )
    return replace(state, users=tuple(users.values()), projects=tuple(projects.values()))


def _read_users_and_projects(api: Api, request: ReadRequest) -> tuple[Listing, dict[str, Project]]:
    """Return the listing of users, and projects by id. Both are read at the same time."""
    listings: list[Listing] = []
    projects: dict[str, Project] = {}

    def read_listing(what: str) -> None:
        if what == "users":
            listings.append(api.list_users())
        else:
            projects.update({project.id: project for project in _projects(api, request)})

    api.client.in_parallel(read_listing, ("users", "projects"))
    return listings[0], projects


def _owners(projects: Iterable[Project]) -> set[str]:
    return {project.creator_id for project in projects if not project.is_team and project.creator_id}


def _with_owned_items(api: Api, state: State, request: ReadRequest) -> State:
    """Return `state` with the items of the users and team projects in `request`, and of the possible destinations.

    The items of a destination show which names of data tables are not available for copies.
    """
    sources: list[str] = []
    for reference in request.users if request.owned_items else ():
        user = state.find_user(reference)
        project = state.personal_project(user) if user else None
        if project is not None:
            sources.append(project.id)
    if request.owned_by_projects:
        sources.extend(_team_projects(state, request.owned_by_projects))
    if not sources:
        return state
    own_user = state.find_user(state.own_user_id) if state.own_user_id else None
    if own_user is None and state.own_user_id:
        own_user = api.find_user(state.own_user_id)
    is_instance_admin = own_user is not None and own_user.role in INSTANCE_ADMIN_ROLES
    destinations = [key for reference in request.destinations for key in _destination(state, reference)]
    owned_items = api.resources.owned_items([*sources, *destinations], is_instance_admin)
    hint = _scopes_hint(api, request, next(iter(owned_items.values())).refused)
    # Folders contain workflows, so an owner without resources has no folder that matters.
    with_folders = [key for key in dict.fromkeys(sources) if request.folders and owned_items[key].items]
    for key, folders in zip(with_folders, api.client.in_parallel(api.resources.folders, with_folders)):
        owned_items[key] = replace(owned_items[key], folders=folders)
    return replace(state, owned_items=owned_items, scopes_hint=hint)


def _destination(state: State, reference: str) -> list[str]:
    """Return the ids of the projects that a destination may mean, if there are any. The planner selects one of them."""
    user = state.find_user(reference) if "@" in reference else None
    project = state.personal_project(user) if user else None
    return [project.id] if project else [project.id for project in state.find_projects(reference)]
