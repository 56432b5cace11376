# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a plan needs, and makes sure that the reading is complete: absence is never concluded from a hole in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from .._errors import ApiError, IncompleteReading
from .._state.model import Project, State, User
from .._state.read_request import Needs
from .._state.roles import SEES_ALL, Role
from .api import SCOPES, Resources
from .client import Listing
from .hints import has_scope, scopes_remedy
from .paging import LOOKS

# The licence feature without which n8n answers no question about projects (words of 2.8.4 and 2.40.7).
TEAMS = "feat:projectRole"


def read(resources: Resources, needs: Needs) -> State:
    """Return the state that `needs` asks for.

    Raises IncompleteReading where n8n does not show everything, ApiError where it refuses to; if the key lacks scopes, the
    error names all of them.
    """
    try:
        return _read(resources, needs)
    except ApiError as error:
        granted = resources.granted_scopes() if error.scope else None
        # Where the key has the scope, the role of its user is the cause.
        if not error.scope or (granted is not None and has_scope(error.scope, granted)):
            raise
        refused = {error.scope, *(resources.refused_scopes(needs.calls) if granted is None else ())}
        hint = scopes_remedy(_missing(needs, granted, refused), granted)
        raise ApiError(f"{error.refused} {hint}", error.status, error.words, error.scope, error.refused) from None


def _missing(needs: Needs, granted: Sequence[str] | None, refused: Set[str]) -> list[str]:
    """Return all scopes that are missing for `needs`, if n8n tells; else those that it refused."""
    needed = {SCOPES[call] for call in needs.calls}
    return sorted(refused | {scope for scope in needed if granted is not None and not has_scope(scope, granted)})


def _scopes_hint(resources: Resources, needs: Needs, refused: Iterable[str]) -> str:
    """Return what to do about refused listings of possessions; "" where the task does not need one of these."""
    wanted = {SCOPES[call] for call in needs.calls} & set(refused)
    granted = resources.granted_scopes() if wanted else None
    return scopes_remedy(_missing(needs, granted, wanted), granted) if wanted else ""


def _read(resources: Resources, needs: Needs) -> State:
    state = State(resources.client.connection.url, resources.client.myself)
    if needs.all_users and needs.projects:
        state = _whole_instance(resources, state, needs.community_will_do)
    elif needs.all_users:
        state = replace(state, users=_all_users(resources, state, needs.users))
    else:
        state = replace(state, users=_named_users(resources, needs.users))
        if needs.projects:
            state = replace(state, projects=_projects(resources, needs.community_will_do))
    if needs.members is not None:
        state = replace(state, members=resources.members_of(_team_projects(state, needs.members)))
    if needs.roles:
        state = replace(state, roles=resources.find_roles())
    return _with_possessions(resources, state, needs)


def roles_if_shown(resources: Resources) -> tuple[Role, ...] | None:
    """Return the roles that can be given, or None where the server or the key's scopes do not show them."""
    try:
        return resources.find_roles()
    except ApiError as error:
        if error.status == 403:
            return None
        raise


def _team_projects(state: State, wanted: tuple[str, ...]) -> list[str]:
    """Return the ids of the team projects that `wanted` may mean, by id or by name; of all if it names none."""
    if not wanted:
        return [project.id for project in state.projects if project.is_team]
    meant = (project for name in wanted for project in (*state.find_projects(name), *state.projects_named(name)))
    return list(dict.fromkeys(project.id for project in meant if project.is_team))


def _named_users(resources: Resources, references: Iterable[str]) -> tuple[User, ...]:
    found = resources.client.in_parallel(resources.find_user, list(references))
    return tuple({user.id: user for user in found if user is not None}.values())


def _all_users(resources: Resources, state: State, wanted: Sequence[str]) -> tuple[User, ...]:
    """Return all users. Their pages may overlap; then, of those `wanted` who did not come, each is asked for.

    Where nobody in particular is wanted, personal projects tell whether everybody came, if n8n shows them.
    """
    listing = resources.list_users()
    if not listing.repeats:
        return tuple(_users(listing).values())
    if wanted:
        state = replace(state, users=tuple(_users(listing).values()))
        return state.users + _named_users(resources, [name for name in wanted if state.find_user(name) is None])
    try:
        return _whole_instance(resources, state, community_will_do=True).users
    except ApiError as error:
        # A key that is for users alone.
        if error.status != 403:
            raise
        return _without_projects(resources, listing)


def _without_projects(resources: Resources, listing: Listing) -> tuple[User, ...]:
    """Return all users where n8n shows nothing else that could tell who they are; `listing` is what was read already.

    Who comes twice comes in place of somebody else, so there are as many users as came with repeats. Several looks are
    put together until there are that many.
    """
    found: dict[str, User] = {}
    count = 0
    for look in range(LOOKS):
        if look:
            listing = resources.list_users()
        if not listing.repeats:
            return tuple(_users(listing).values())
        found.update(_users(listing))
        count = max(count, len(listing.items) + listing.repeats)
        if len(found) >= count:
            return tuple(found.values())
    raise IncompleteReading(
        f"n8n at {resources.client.connection.url} gave the same users on different pages, {LOOKS} times in a row, so that "
        f"{count - len(found)} of {count} may be missing. Nothing was changed: run the task again, and if this stays, use a "
        "key that may list projects, where the licence has them: they tell who is missing."
    )


def _users(listing: Listing) -> dict[str, User]:
    return {item["id"]: User.from_api(item) for item in listing.items}


def _projects(resources: Resources, community_will_do: bool = False) -> tuple[Project, ...]:
    try:
        return tuple(Project.from_api(item) for item in resources.list_projects().items)
    except ApiError as error:
        if community_will_do and error.status == 403 and TEAMS in error.words:
            return ()
        raise


def _whole_instance(resources: Resources, state: State, community_will_do: bool) -> State:
    """Return all users and projects, checked against each other, but for the community edition, which shows no projects.

    Every user, pending ones too, has one personal project with that user's id as creatorId (seen on 2.8.4 and 2.40.7).
    """
    listing, projects = _both(resources, community_will_do)
    if community_will_do and not projects:
        return replace(state, users=_without_projects(resources, listing))
    users = _users(listing)
    if _owners(projects.values()) != set(users):
        # Somebody may have come or gone between the two listings; another look tells.
        listing, projects = _both(resources, community_will_do)
        users.update(_users(listing))
        unlisted = sorted(_owners(projects.values()) - set(users))
        users.update({user.id: user for user in _named_users(resources, unlisted)})
        # Who was there at the first look and has no personal project any more has been deleted in between, if n8n agrees.
        for user_id in sorted(set(users) - _owners(projects.values())):
            if resources.find_user(user_id) is None:
                del users[user_id]
    missing = _owners(projects.values()) ^ set(users)
    if missing:
        raise IncompleteReading(
            f"n8n at {state.url} lists {len(users)} users and {len(_owners(projects.values()))} personal projects, which do "
            f"not match ({', '.join(sorted(missing)[:5])}). Nothing was changed: run the task again, and if this stays, look "
            "at these users in n8n."
        )
    return replace(state, users=tuple(users.values()), projects=tuple(projects.values()))


def _both(resources: Resources, community_will_do: bool) -> tuple[Listing, dict[str, Project]]:
    """Return the listing of users, and projects by id, both read at once."""
    listings: list[Listing] = []
    projects: dict[str, Project] = {}

    def look(what: str) -> None:
        if what == "users":
            listings.append(resources.list_users())
        else:
            projects.update({project.id: project for project in _projects(resources, community_will_do)})

    resources.client.in_parallel(look, ("users", "projects"))
    return listings[0], projects


def _owners(projects: Iterable[Project]) -> set[str]:
    return {project.creator_id for project in projects if not project.is_team and project.creator_id}


def _with_possessions(resources: Resources, state: State, needs: Needs) -> State:
    sources: list[str] = []
    for reference in needs.users if needs.possessions else ():
        user = state.find_user(reference)
        project = state.personal_project(user) if user else None
        if project is not None:
            sources.append(project.id)
    if needs.possessions_of_projects:
        sources.extend(_team_projects(state, needs.possessions_of_projects))
    if not sources:
        return state
    myself = state.find_user(state.myself) if state.myself else None
    if myself is None and state.myself:
        myself = resources.find_user(state.myself)
    sees_all = myself is not None and myself.role in SEES_ALL
    possessions = resources.possessions([*sources, *_destination(state, needs.destination)], sees_all)
    hint = _scopes_hint(resources, needs, next(iter(possessions.values())).refused)
    # Folders hold workflows, so who has none of these has no folder that anybody would miss.
    with_folders = [key for key in sources if needs.folders and possessions[key].items]
    for key, folders in zip(with_folders, resources.client.in_parallel(resources.folders, with_folders)):
        possessions[key] = replace(possessions[key], folders=folders)
    return replace(state, possessions=possessions, scopes_hint=hint)


def _destination(state: State, reference: str | None) -> list[str]:
    """Return the id of the project that a destination may mean, if there is one; which it is the planner tells."""
    if reference is None:
        return []
    user = state.find_user(reference) if "@" in reference else None
    project = state.personal_project(user) if user else None
    return [project.id] if project else [project.id for project in state.find_projects(reference)]
