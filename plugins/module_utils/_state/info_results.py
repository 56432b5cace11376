# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive members of projects, projects of users, and results of info modules from a state that was read. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .model import Member, Project, State, User
from .names import email_key, to_nfc
from .roles import Role

PERSONAL_OWNER = "project:personalOwner"


def users_result(state: State, memberships: bool = False, include_personal: bool = False) -> list[dict[str, Any]]:
    """Return the users of `state` by email, each with its `projects` if `memberships` is true."""
    users = sorted(state.users, key=lambda user: (user.email, user.id))
    if not memberships:
        return [user.to_result() for user in users]
    projects = projects_of_users(state, include_personal)
    return [{**user.to_result(), "projects": projects.get(user.id, [])} for user in users]


def projects_of_users(state: State, include_personal: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Return the projects of every user by user id, as lists of id, name, and role, sorted by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for project in _sorted(state.projects):
        if project.is_team:
            for member in state.members.get(project.id, ()):
                found.setdefault(member.id, []).append({"id": project.id, "name": project.name, "role": member.role})
        elif include_personal and project.creator_id:
            membership = {"id": project.id, "name": project.name, "role": PERSONAL_OWNER}
            found.setdefault(project.creator_id, []).append(membership)
    return found


def projects_with_name(state: State, name: str) -> list[Project]:
    """Return the projects that a name refers to, including personal projects."""
    personal = (project for project in state.projects if not project.is_team)
    return [*state.projects_named(name), *(project for project in personal if to_nfc(project.name) == to_nfc(name))]


def projects_result(state: State, projects: Iterable[Project], members: bool = False) -> list[dict[str, Any]]:
    """Return `projects` sorted by name, each with its `members` if `members` is true."""
    if not members:
        return [project.to_result() for project in _sorted(projects)]
    return [{**project.to_result(), "members": members_result(state, project)} for project in _sorted(projects)]


def members_result(state: State, project: Project) -> list[dict[str, Any]]:
    """Return the members of a project sorted by email. A personal project has one member, its owner."""
    return [
        member.to_result() for member in sorted(_members(state, project), key=lambda member: (member.email, member.id))
    ]


def _members(state: State, project: Project) -> Iterable[Member]:
    if project.is_team:
        return state.members.get(project.id, ())
    return (Member(user.id, user.email, PERSONAL_OWNER) for user in state.users if user.id == project.creator_id)


def members_of_projects(state: State, named: Sequence[str]) -> list[dict[str, Any]]:
    """Return the members of the team projects `named`, one row for each membership.

    The names are ids or names of projects. If there are none, the result covers all team projects.
    """
    meant = {project for name in named for project in state.find_projects(name)} if named else set(state.projects)
    return [
        {**member, "project": project.name, "project_id": project.id}
        for project in _sorted(meant)
        if project.is_team
        for member in members_result(state, project)
    ]


def projects_of_users_named(state: State, named: Sequence[str]) -> list[dict[str, Any]]:
    """Return the team projects of the users `named`, one row for each membership.

    The names are emails or ids of users. If there are none, the result covers all users.
    """
    wanted = {email_key(name) for name in named} | set(named)
    rows = [
        {"id": project.id, "name": project.name, "role": member.role, "user": member.email, "user_id": member.id}
        for project in _sorted(state.projects)
        if project.is_team
        for member in state.members.get(project.id, ())
        if not named or member.email in wanted or member.id in wanted
    ]
    return sorted(rows, key=lambda row: (row["user"], row["user_id"]))


def group_names(
    projects: Iterable[tuple[str, str]], roles: Iterable[tuple[str, str]], safe: Callable[[str], str]
) -> dict[str, str]:
    """Return the name of each project's inventory group by project id, so that no two projects share a group.

    `projects` are ids and names. `roles` are ids of projects and the role slugs that are found in each. `safe` converts
    any text to the name of a group. If names collide, each of these projects gets its id appended to its name.
    """
    found: dict[str, set[str]] = {}
    for project_id, role in roles:
        found.setdefault(project_id, set()).add(role)
    named = dict(projects)
    # The number of times that the id follows the name. One is enough, unless the name of another project or of a role
    # looks like such an id.
    ids = dict.fromkeys(named, 0)
    while True:
        names = {
            project_id: safe("_".join(["project", to_nfc(name), *[project_id] * ids[project_id]]))
            for project_id, name in named.items()
        }
        claims: dict[str, set[str]] = {}
        for project_id, name in names.items():
            for group in (name, *(role_group(name, role, safe) for role in found.get(project_id, ()))):
                claims.setdefault(group, set()).add(project_id)
        shared = {project_id for owners in claims.values() if len(owners) > 1 for project_id in owners}
        if not shared:
            return names
        for project_id in {project_id for project_id in shared if not ids[project_id]} or shared:
            ids[project_id] += 1


def role_group(project_group: str, role: str, safe: Callable[[str], str]) -> str:
    """Return the name of the group of users who have `role` in a project, without n8n's prefix `project:`."""
    return safe(f"{project_group}_{role.partition(':')[2] or role}")


def roles_result(roles: Iterable[Role]) -> list[dict[str, Any]]:
    """Return roles as results: instance roles come first, and n8n's own roles come before custom roles."""
    ranked = sorted(roles, key=lambda role: (role.kind, role.custom, role.slug))
    return [role.to_result() for role in ranked]


def export(state: State) -> dict[str, list[dict[str, Any]]]:
    """Return the present access as `users` and `projects` of n8n_access.

    A project is listed by its id if its name is blank, if another project has the same name in Unicode form NFC, or if
    its name is the id of another project.
    """
    taken = Counter(to_nfc(project.name) for project in state.projects if project.is_team)
    taken.update(project.id for project in state.projects)
    label = {
        project.id: project.name if project.name.strip() and taken[to_nfc(project.name)] == 1 else project.id
        for project in state.projects
    }
    memberships = projects_of_users(state)
    users = [
        {
            "email": user.email,
            "role": user.role,
            "projects": {label[project["id"]]: project["role"] for project in memberships.get(user.id, [])},
        }
        for user in sorted(state.users, key=_by_email)
    ]
    projects = [
        {
            "name": project.name,
            "id": project.id,
            "members": {member["email"]: member["role"] for member in members_result(state, project)},
        }
        for project in _sorted(state.projects)
        if project.is_team
    ]
    return {"users": users, "projects": projects}


def _by_email(user: User) -> tuple[str, str]:
    return (user.email, user.id)


def _sorted(projects: Iterable[Project]) -> list[Project]:
    return sorted(projects, key=lambda project: (project.name, project.id))
