# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the lists of n8n_access into a desired state without contradictions, and into a read request. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .._errors import ErrorCollector, InputError
from .._state.dates import LATEST
from .._state.model import State
from .._state.names import check_ascii, to_nfc
from .._state.read_request import ALL, NONE, ReadRequest
from .._text import quoted
from .desired import ADDITIVE, AUTHORITATIVE, INVITE, KEEP, UNMATCHED, DesiredState, ListPolicy
from .list_reader import ListReader
from .protection import Protection


def desired_access(
    users: Sequence[Mapping[str, Any]] | None,
    projects: Sequence[Mapping[str, Any]] | None = None,
    policy: ListPolicy = ListPolicy(),
    missing_users: str = INVITE,
    create_projects: bool = True,
    allow_empty: bool = False,
    now: datetime = LATEST,
) -> DesiredState:
    """Return the desired state for the lists of n8n_access; raises InputError with all errors and contradictions.

    `allow_empty` allows lists that name no users, even if that removes the access of all users. `now` decides which
    grants with dates are in force.
    """
    lists = ListReader(now)
    for option, patterns in (("protected_users", policy.protected), ("ignored_users", policy.ignored)):
        for number, pattern in enumerate(patterns):
            with lists.problems:
                check_ascii(pattern, f"{option}[{number}]")
    for number, project in enumerate(projects or ()):
        lists.project(project, f"projects[{number}]")
    for number, user in enumerate(users or ()):
        lists.user(user, f"users[{number}]")
    lists.check_previous_emails()
    _check_ignored_projects(lists, policy)
    lists.problems.raise_if_any()
    desired = DesiredState(
        users=tuple(lists.users.values()),
        projects=tuple(lists.projects),
        members=tuple(lists.members),
        missing_users=missing_users,
        create_projects=create_projects,
        policy=policy,
    )
    if not allow_empty:
        _check_not_empty(desired, policy)
    return desired


def _check_ignored_projects(lists: ListReader, policy: ListPolicy) -> None:
    """Add a problem for each entry that names a project of ignored_projects."""
    if not policy.ignored_projects:
        return
    protection = Protection(policy)
    named = [(name, project.source) for project in lists.projects for name in (project.name, *project.previous_names)]
    named += [(member.project, member.source) for member in lists.members]
    for name, source in named:
        if name and protection.ignores_project(name):
            lists.problems.add(ignored_project_error(name, source))


def refuse_ignored_projects(state: State, desired: DesiredState) -> None:
    """Raise InputError for each entry whose project is named by its id, and has a name that matches ignored_projects."""
    protection = Protection(desired.policy or ListPolicy(), state)
    ignored = {project.id: project.name for project in state.projects if protection.ignores_project(project.name)}
    named = [(project.id, project.source) for project in desired.projects]
    named += [(member.project, member.source) for member in desired.members]
    problems = ErrorCollector()
    for key, source in named:
        if key in ignored:
            problems.add(ignored_project_error(ignored[key], source))
    problems.raise_if_any()


def ignored_project_error(name: str, source: str) -> str:
    """Return the message for a project that a list or rule names and that `ignored_projects` excludes."""
    return (
        f"{source}: {quoted(name)} matches ignored_projects, so the list cannot manage it. Remove the project there, or "
        "change the patterns."
    )


def _check_not_empty(desired: DesiredState, policy: ListPolicy) -> None:
    protection = Protection(policy)
    if any(not protection.ignores(person.user) for person in desired.people):
        return
    removing_options = [
        *(["authority=authoritative"] if policy.authority == AUTHORITATIVE else ()),
        *(
            f"authority=authoritative of {entry.source}"
            for entry in desired.projects
            if entry.authority == AUTHORITATIVE
        ),
        *([f"unlisted_users={policy.unlisted_users}"] if policy.unlisted_users != KEEP else ()),
    ]
    if removing_options:
        raise InputError(
            f"The lists name no users, and {removing_options[0]} would remove all access. No request was sent. "
            "Set allow_empty=true if this is intended."
        )


def access_request(desired: DesiredState) -> ReadRequest:
    """Return the read request of n8n_access: all users, and the projects that the lists name.

    A user who becomes global:chatUser loses memberships in other projects too, and so does, with an authoritative
    list, a user who is listed with projects. In these cases, all projects are read. If no project is named, none is
    read, so that the community edition is sufficient.
    """
    policy = desired.policy or ListPolicy()
    everywhere = (
        desired.makes_chat_users
        or policy.unlisted_users != KEEP
        or any(user.status == UNMATCHED for user in desired.users)
        or (policy.authority == AUTHORITATIVE and any(user.lists_projects for user in desired.users))
    )
    named = {member.project for member in desired.members if not member.is_upcoming}
    in_nfc = {to_nfc(name) for name in named}
    for project in desired.projects:
        called = set(filter(None, (project.id, project.name, *project.previous_names)))
        # If the list neither removes nor names members of a project, its members make no difference. The entry of a
        # member may use the name that the project is to get.
        if project.lists_members or desired.authority(project) != ADDITIVE or in_nfc & set(map(to_nfc, called)):
            named |= called
    members = ALL if everywhere else tuple(sorted(named))
    projects = members != NONE or bool(desired.projects)
    # The result says whether a denied project exists.
    denies = bool(desired.denied_projects)
    return ReadRequest(
        users=tuple(dict.fromkeys(person.user for person in desired.people)),
        all_users=True,
        projects=projects or denies,
        projects_optional=not projects,
        members=members,
        roles=desired.needs_role_lookup,
        also=("find_user",),
        unique_names=desired.project_references,
    )
