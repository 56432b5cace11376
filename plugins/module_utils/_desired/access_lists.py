# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the lists of n8n_access into a desired state without contradictions, and into a read request. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import check_ascii, project_name, stored_email, to_nfc
from .._state.read_request import ALL, NONE, ReadRequest
from .._state.roles import plain_slug
from .desired import (
    ADDITIVE,
    AUTHORITATIVE,
    KEEP,
    DesiredMember,
    DesiredProject,
    ListPolicy,
    DesiredUser,
    DesiredState,
    listed_user,
)
from .protection import Protection


def desired_access(
    users: Sequence[Mapping[str, Any]] | None,
    projects: Sequence[Mapping[str, Any]] | None = None,
    policy: ListPolicy = ListPolicy(),
    create_users: bool = True,
    create_projects: bool = True,
    allow_empty: bool = False,
) -> DesiredState:
    """Return the desired state for the lists of n8n_access; raises InputError with all errors and contradictions.

    `allow_empty` allows lists that name no users, even if that removes the access of all users.
    """
    lists = _ListReader()
    for option, patterns in (("protected_users", policy.protected), ("ignored_users", policy.ignored)):
        for number, pattern in enumerate(patterns):
            with lists.problems:
                check_ascii(pattern, f"{option}[{number}]")
    for number, project in enumerate(projects or ()):
        lists.project(project, f"projects[{number}]")
    for number, user in enumerate(users or ()):
        lists.user(user, f"users[{number}]")
    lists.problems.raise_if_any()
    desired = DesiredState(
        users=tuple(lists.users.values()),
        projects=tuple(lists.projects),
        members=tuple(lists.members),
        create_users=create_users,
        create_projects=create_projects,
        policy=policy,
    )
    if not allow_empty:
        _check_not_empty(desired, policy)
    return desired


class _ListReader:
    """The entries that were read from both lists so far."""

    def __init__(self) -> None:
        self.problems = ErrorCollector()
        self.users: dict[str, DesiredUser] = {}
        self.projects: list[DesiredProject] = []
        self.members: list[DesiredMember] = []
        # The entry for every id and name of a project in `projects`, and for the previous names. Ids have precedence
        # over names. A name that several entries have, each with its own id, belongs to none of them. Names are in
        # Unicode form NFC here.
        self._entry_by_name: dict[str, DesiredProject | None] = {}
        self._entry_by_previous_name: dict[str, DesiredProject] = {}
        self._member_by_key: dict[tuple[str, str], DesiredMember] = {}

    def project(self, entry: Mapping[str, Any], source: str) -> None:
        """Read an entry of `projects`."""
        with self.problems:
            project_id, members = _text(entry.get("id")), entry.get("members")
            name = entry.get("name")
            if project_id is None and name is None and entry.get("id") is not None:
                raise InputError(f"{source}: id is blank. Set the id of a project, or use name.")
            if project_id is None:
                name = project_name(name, source)
            desired = DesiredProject(
                name,
                project_id,
                tuple(
                    project_name(previous, f"{source}, previous_names")
                    for previous in entry.get("previous_names") or ()
                ),
                source=f'{source} ("{name or project_id}")',
                lists_members=members is not None,
                authority=entry.get("authority"),
            )
            self._register_names(desired)
            self.projects.append(desired)
            self._members_of(desired, members or {})

    def _register_names(self, desired: DesiredProject) -> None:
        """Record the id and the names of an entry; raises InputError if another entry means the same project.

        Two entries conflict if they have the same id, name, or previous name, or if the name of one is a previous name of
        the other. Two entries with different ids may have the same name, which then identifies no entry.
        """
        own = to_nfc(desired.name or "")
        for name in filter(None, (desired.id, own)):
            other, former = self._entry_by_name.get(name), self._entry_by_previous_name.get(name)
            if other is not None and _may_be_same_project(desired, other):
                raise InputError(_listed_twice_error(name, other.source, desired.source))
            if former is not None and _may_be_same_project(desired, former):
                raise InputError(_name_conflict_error(name, former.source, desired.source))
        previous_names = [to_nfc(name) for name in desired.previous_names]
        for name in previous_names:
            other, former = self._entry_by_name.get(name), self._entry_by_previous_name.get(name) or (
                desired if name == own else None
            )
            if other is not None and _may_be_same_project(desired, other):
                raise InputError(_name_conflict_error(name, desired.source, other.source))
            if former is not None and _may_be_same_project(desired, former):
                raise InputError(_listed_twice_error(name, former.source, f"previous_names of {desired.source}"))
        if own:
            other = self._entry_by_name.setdefault(own, desired)
            if other is not None and other is not desired and other.id != own:
                self._entry_by_name[own] = None
        if desired.id:
            self._entry_by_name[desired.id] = desired
        self._entry_by_previous_name.update(dict.fromkeys(previous_names, desired))

    def _members_of(self, project: DesiredProject, members: Mapping[str, Any]) -> None:
        original_spelling: dict[str, str] = {}
        for person, role in members.items():
            with self.problems:
                user = listed_user(person, f"{project.source}, members")
                if user in original_spelling:
                    raise InputError(
                        f'{project.source}: the members "{original_spelling[user]}" and "{person}" are both {user}.'
                    )
                original_spelling[user] = str(person)
                source = f"{project.source}, member {user}"
                self._member(DesiredMember(project.reference, user, _role(role, source), source=source))

    def user(self, entry: Mapping[str, Any], source: str) -> None:
        """Read an entry of `users`."""
        with self.problems:
            email = stored_email(entry.get("email"), source)
            if email in self.users:
                first = self.users[email].source.partition(" ")[0]
                raise InputError(f"{source} and {first} are both {email}. List each user once.")
            projects, rules = entry.get("projects"), entry.get("granted_by") or {}
            # The entries that rules make from people have other indexes than these people have in their own list.
            who = email if rules else f"{source} ({email})"
            self.users[email] = DesiredUser(
                email,
                _text(entry.get("role")),
                source=who,
                lists_projects=projects is not None,
                rule=str(rules.get("role") or ""),
                denied=_rule_by_project(rules.get("denied"), f"{source}, granted_by"),
            )
            if not isinstance(projects or {}, Mapping):
                raise InputError(f"{source}: projects of {email} must be a dictionary of project names and roles.")
            granted_by = _rule_by_project(rules.get("projects"), f"{source}, granted_by")
            for project, role in (projects or {}).items():
                with self.problems:
                    name = project_name(project, f"{source}, projects of {email}")
                    place = f'{who}, project "{name}"'
                    key = to_nfc(name)
                    if key in self._entry_by_previous_name and key not in self._entry_by_name:
                        raise InputError(
                            _listed_twice_error(
                                name, f"previous_names of {self._entry_by_previous_name[key].source}", place
                            )
                        )
                    self._member(
                        DesiredMember(name, email, _role(role, place), source=place, rule=granted_by.get(key, ""))
                    )

    def _member(self, desired: DesiredMember) -> None:
        name = to_nfc(desired.project)
        entry = self._entry_by_name.get(name)
        first = self._member_by_key.setdefault((to_nfc(entry.reference) if entry else name, desired.user), desired)
        if first is not desired:
            roles = [plain_slug(role, "project") for role in (first.role or "", desired.role or "")]
            # Only n8n can tell whether another name means the same custom role.
            if None not in roles and roles[0] != roles[1]:
                raise InputError(
                    f"{first.source} has the role {first.role}, but {desired.source} has the role {desired.role}. Use the "
                    "same role in both."
                )
        self.members.append(desired)


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
        or (policy.authority == AUTHORITATIVE and any(user.lists_projects for user in desired.users))
    )
    named = {member.project for member in desired.members}
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
    denies = any(user.denied for user in desired.users)
    return ReadRequest(
        users=tuple(dict.fromkeys(person.user for person in desired.people)),
        all_users=True,
        projects=projects or denies,
        projects_optional=not projects,
        members=members,
        roles=desired.needs_role_lookup,
        also=("find_user",),
    )


def _may_be_same_project(first: DesiredProject, second: DesiredProject) -> bool:
    """Return whether two entries may mean one project, which is impossible with two different ids."""
    return not (first.id and second.id and first.id != second.id)


def _listed_twice_error(name: str, first: str, second: str) -> str:
    return f'{first} and {second} are both project "{name}". List it once, under its new name.'


def _name_conflict_error(name: str, former: str, present: str) -> str:
    return (
        f'"{name}" is in previous_names of {former} and is also the name of {present}. If both are one project, list it once, '
        "under its new name. If one project should get the name of another, rename one in this run and the other in the "
        "next, without these previous_names."
    )


def _role(role: object, source: str) -> str:
    text = _text(role)
    if text is None:
        raise InputError(f"{source}: a membership requires a role.")
    return text


def _rule_by_project(rules: object, source: str) -> Mapping[str, str]:
    if not isinstance(rules or {}, Mapping):
        raise InputError(f"{source} must be a dictionary of project names and rules.")
    given = rules if isinstance(rules, Mapping) else {}
    return {to_nfc(str(name)): str(rule) for name, rule in given.items()}


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None
