# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the entries of the lists of n8n_access, and finds contradictions between them. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._errors import ErrorCollector, InputError
from .._state.names import project_name, stored_email, to_nfc
from .._state.roles import plain_slug
from .desired import PRESENT, DesiredMember, DesiredProject, DesiredUser, listed_user
from .grants import ACTIVE, OVER, Grant, effective_grant, given_by, grant_end, read_grants


class ListReader:
    """The entries that were read from both lists so far. `now` decides which grants with dates are in force."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.problems = ErrorCollector()
        self.users: dict[str, DesiredUser] = {}
        self.projects: list[DesiredProject] = []
        self.members: list[DesiredMember] = []
        # The entry for every id and name of a project in `projects`, and for the previous names. Ids have precedence
        # over names. A name that several entries have, each with its own id, belongs to none of them. Names are in
        # Unicode form NFC here.
        self._called: dict[str, DesiredProject | None] = {}
        self._entry_by_previous_name: dict[str, DesiredProject] = {}
        # The users by their previous emails.
        self._previous: dict[str, str] = {}
        self._given: dict[tuple[str, str], DesiredMember] = {}

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
            self._name(desired)
            self.projects.append(desired)
            self._members_of(desired, members or {})

    def _name(self, desired: DesiredProject) -> None:
        own = to_nfc(desired.name or "")
        for name in filter(None, (desired.id, own)):
            other, former = self._called.get(name), self._entry_by_previous_name.get(name)
            if other is not None and _may_be_same_project(desired, other):
                raise InputError(_listed_twice_error(name, other.source, desired.source))
            if former is not None and _may_be_same_project(desired, former):
                raise InputError(_name_conflict_error(name, former.source, desired.source))
        previous_names = [to_nfc(name) for name in desired.previous_names]
        for name in previous_names:
            other, former = self._called.get(name), self._entry_by_previous_name.get(name) or (
                desired if name == own else None
            )
            if other is not None and _may_be_same_project(desired, other):
                raise InputError(_name_conflict_error(name, desired.source, other.source))
            if former is not None and _may_be_same_project(desired, former):
                raise InputError(_listed_twice_error(name, former.source, f"previous_names of {desired.source}"))
        if own:
            other = self._called.setdefault(own, desired)
            if other is not None and other is not desired and other.id != own:
                self._called[own] = None
        if desired.id:
            self._called[desired.id] = desired
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
                self._member(self._desired_member(project.reference, user, role, source))

    def user(self, entry: Mapping[str, Any], source: str) -> None:
        """Read an entry of `users`."""
        with self.problems:
            email = stored_email(entry.get("email"), source)
            if email in self.users:
                first = self.users[email].source.partition(" ")[0]
                raise InputError(f"{source} and {first} are both {email}. List each user once.")
            projects, rules = entry.get("projects"), entry.get("granted_by") or {}
            # The entries that rules make from people have other indexes than these people have in their own list.
            row = f"row {rules['row']} ({email})" if "row" in rules else email
            who = row if rules else f"{source} ({email})"
            if not isinstance(projects or {}, Mapping):
                raise InputError(f"{source}: projects of {email} must be a dictionary of project names and roles.")
            denied = _rules(rules.get("denied"), f"{source}, granted_by")
            granted_by = {**denied, **_rules(rules.get("projects"), f"{source}, granted_by")}
            members: list[DesiredMember] = []
            place_of_projects = f"{source}, projects of {email}"
            for project, role in (projects or {}).items():
                with self.problems:
                    name = project_name(project, place_of_projects)
                    place = f'{who}, project "{name}"'
                    key = to_nfc(name)
                    if key in self._entry_by_previous_name and key not in self._called:
                        raise InputError(
                            _listed_twice_error(
                                name, f"previous_names of {self._entry_by_previous_name[key].source}", place
                            )
                        )
                    members.append(self._desired_member(name, email, role, place, granted_by.get(key, "")))
            role, status = _text(entry.get("role")), _text(entry.get("status")) or ""
            self.users[email] = DesiredUser(
                email,
                role,
                source=who,
                lists_projects=projects is not None,
                rule=str(rules.get("role") or ""),
                denied=denied,
                status=status,
                highest_role=_text(entry.get("highest_role")),
                # An entry that only removes, or gives something later, is no reason for an invitation.
                gives_access=status in ("", PRESENT)
                and (bool(role) or not projects or "account" in rules or any(one.present for one in members)),
                previous_emails=self._previous_emails(email, entry.get("previous_emails") or (), source),
            )
            for member in members:
                with self.problems:
                    self._member(member)

    def _previous_emails(self, email: str, previous: Any, source: str) -> tuple[str, ...]:
        found = dict.fromkeys(stored_email(one, f"{source}, previous_emails") for one in previous)
        for one in found:
            other = self._previous.setdefault(one, email)
            if other != email:
                raise InputError(
                    f"{one} is in previous_emails of both {other} and {email}. One address belongs to one user."
                )
        return tuple(one for one in found if one != email)

    def check_previous_emails(self) -> None:
        """Add a problem for each address that is the email of one user and a previous email of another."""
        for previous, email in self._previous.items():
            if previous in self.users and previous != email:
                self.problems.add(
                    f"{previous} is the email of {self.users[previous].source} and in previous_emails of {email}. One address "
                    "belongs to one user."
                )

    def _desired_member(self, project: str, user: str, value: Any, source: str, rule: str = "") -> DesiredMember:
        if isinstance(value, str) and value.strip():
            # Most memberships are only a role, and a list may have 100,000 of them.
            return DesiredMember(project, user, value.strip(), source=source, rule=rule)
        grants = read_grants(value, source)
        grant = effective_grant(grants, self.now)
        if grant is None:
            return DesiredMember(project, user, present=False, source=source, grants=grants, is_upcoming=True)
        rule = grant.rule or rule
        dated = grants if any(one.begins or one.ends for one in grants) else ()
        in_force = grant.phase(self.now) == ACTIVE
        if in_force and not grant.absent:
            ended = tuple(one for one in grants if one.phase(self.now) == OVER and not one.absent)
            return DesiredMember(project, user, grant.role, source=source, rule=rule, grants=dated, ended_grants=ended)
        return DesiredMember(
            project,
            user,
            present=False,
            source=source,
            rule=rule,
            grants=dated,
            reason=_removal_reason(grant, rule),
            ended=grant.ends.text if grant.ends and not in_force else "",
        )

    def _member(self, desired: DesiredMember) -> None:
        name = to_nfc(desired.project)
        entry = self._called.get(name)
        first = self._given.setdefault((to_nfc(entry.reference) if entry else name, desired.user), desired)
        if first is not desired and first.present and desired.present:
            roles = [plain_slug(role, "project") for role in (first.role or "", desired.role or "")]
            # Only n8n can tell whether another name means the same custom role.
            if None not in roles and roles[0] != roles[1]:
                raise InputError(
                    f"{first.source} has the role {first.role}, but {desired.source} has the role {desired.role}. Use the "
                    "same role in both."
                )
        self.members.append(desired)


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


def _removal_reason(grant: Grant, rule: str) -> str:
    if grant.absent:
        return f"is denied {given_by(rule)}" if rule else "is listed with state: absent"
    ended = grant_end(grant.ends.text) if grant.ends else "should not be a member"
    return f"{ended}, {given_by(rule)}" if rule else ended


def _rules(rules: object, source: str) -> Mapping[str, str]:
    if not isinstance(rules or {}, Mapping):
        raise InputError(f"{source} must be a dictionary of project names and rules.")
    given = rules if isinstance(rules, Mapping) else {}
    return {to_nfc(str(name)): str(rule) for name, rule in given.items()}


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None
