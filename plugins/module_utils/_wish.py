# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody asked for, checked and without contradictions, and what has to be read to plan it. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import InputError
from ._model import CHAT_USER, email_address, is_plain_role, project_name


@dataclass(frozen=True)
class UserWish:
    """That a user is there with that instance role (None: whatever it is), or is not there."""

    user: str
    role: str | None = None
    present: bool = True
    where: str = "user"


@dataclass(frozen=True)
class ProjectWish:
    """That a project is there, by its id or name, under that name, or is not there."""

    name: str | None = None
    id: str | None = None
    previous_names: tuple[str, ...] = ()
    present: bool = True
    where: str = "project"


@dataclass(frozen=True)
class MemberWish:
    """That a user is a member of a project (its id or name) with that role, or is none."""

    project: str
    user: str
    role: str | None = None
    present: bool = True
    where: str = "member"


@dataclass(frozen=True)
class Wish:
    """Everything that one task asks for.

    `is_list` marks a list of many people, which never takes a role from the owner or the key's own user: a single
    module that is asked for just that says why it cannot be, a list leaves it alone and says so.
    """

    users: tuple[UserWish, ...] = ()
    projects: tuple[ProjectWish, ...] = ()
    members: tuple[MemberWish, ...] = ()
    create_users: bool = False
    create_projects: bool = False
    resend_invite: bool = False
    allow_no_admin: bool = False
    is_list: bool = False

    @property
    def names_roles(self) -> bool:
        """Whether it names a role that only the server can tell: a custom one by its display name."""
        roles = [("global", wish.role) for wish in self.users] + [("project", wish.role) for wish in self.members]
        return any(role is not None and not is_plain_role(role, kind) for kind, role in roles)

    @property
    def makes_chat_users(self) -> bool:
        """Whether somebody is to become global:chatUser, which takes every team membership away."""
        return any(wish.present and wish.role in (CHAT_USER, CHAT_USER.partition(":")[2]) for wish in self.users)


@dataclass(frozen=True)
class Needs:
    """What has to be read: the users named, or all; the projects; the members of those named (empty: of all, None: of none).

    `community_will_do` reads no projects where the licence has no team projects, instead of failing. `possessions` asks
    for what the named users own, `possessions_of_projects` for what these projects own.
    """

    users: tuple[str, ...] = ()
    all_users: bool = False
    projects: bool = False
    community_will_do: bool = False
    members: tuple[str, ...] | None = None
    roles: bool = False
    possessions: bool = False
    possessions_of_projects: tuple[str, ...] = ()


EVERYTHING = Needs(all_users=True, projects=True, members=())


class Problems:
    """Collects what is wrong, so that a list is refused once, with all that is wrong in it."""

    LONGEST = 20

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}

    def __enter__(self) -> Problems:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InputError):
            self.add(str(error))
            return True
        return False

    def add(self, message: str) -> None:
        """Remember one message, once."""
        self._messages[message] = None

    def refuse(self) -> None:
        """Raise InputError with all of them, if there are any."""
        if not self._messages:
            return
        shown = list(self._messages)[: self.LONGEST]
        if len(self._messages) > self.LONGEST:
            shown.append(f"And {len(self._messages) - self.LONGEST} more.")
        raise InputError("\n".join(shown))


def access_wish(users: Sequence[Mapping[str, Any]], create_users: bool, create_projects: bool) -> Wish:
    """Return the wish for n8n_access's `users`; raises InputError with all that is wrong or contradictory in them."""
    problems = Problems()
    seen: dict[str, str] = {}
    wishes: list[UserWish] = []
    members: list[MemberWish] = []
    for number, entry in enumerate(users):
        where = f"users[{number}]"
        with problems:
            email = email_address(entry.get("email"), where)
            if email in seen:
                raise InputError(f"{where} and {seen[email]} are both {email}: say once what holds for a person.")
            seen[email] = where
            who = f"{where} ({email})"
            wishes.append(UserWish(email, _text(entry.get("role")), where=who))
            projects = entry.get("projects") or {}
            if not isinstance(projects, Mapping):
                raise InputError(f"{where}: projects of {email} is no dictionary of project names and roles.")
            for project, role in projects.items():
                with problems:
                    name = project_name(project, f"{where}, projects of {email}")
                    if _text(role) is None:
                        raise InputError(f'{where}: {email} needs a role in project "{name}".')
                    members.append(MemberWish(name, email, _text(role), where=f'{who}, project "{name}"'))
    problems.refuse()
    return Wish(
        users=tuple(wishes),
        members=tuple(members),
        create_users=create_users,
        create_projects=create_projects,
        is_list=True,
    )


def access_needs(wish: Wish) -> Needs:
    """Return what n8n_access has to read: all users, and of the projects those that are named.

    Who becomes global:chatUser loses memberships elsewhere too, so then all projects are read. Without any project
    named none is read, so that the community edition will do.
    """
    named = tuple(sorted({member.project for member in wish.members}))
    members = () if wish.makes_chat_users else named or None
    return Needs(
        users=tuple(user.user for user in wish.users),
        all_users=True,
        projects=members is not None,
        members=members,
        roles=wish.names_roles,
    )


def leavers(entries: Sequence[Any]) -> tuple[str, ...]:
    """Return the users (lower-case emails, or ids) that n8n_offboard's `users` names, each once.

    An entry is an email, an id, or a dictionary with an email. Raises InputError for anything else.
    """
    problems = Problems()
    found: dict[str, None] = {}
    for number, entry in enumerate(entries):
        where = f"users[{number}]"
        with problems:
            if isinstance(entry, Mapping):
                if not entry.get("email"):
                    raise InputError(
                        f"{where}: a person who leaves is named by an email, and this dictionary has none."
                    )
                found[email_address(entry.get("email"), where)] = None
            else:
                found[user_reference(entry, where)] = None
    problems.refuse()
    return tuple(found)


def user_reference(text: object, where: str, is_email: bool = False) -> str:
    """Return an email in lower case, or an id as it is; raises InputError for what is blank or no email."""
    reference = "" if text is None else str(text).strip()
    if not reference:
        raise InputError(f"{where}: a user is named by an email or an id, and this is blank.")
    return email_address(reference, where) if is_email or "@" in reference else reference


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None
