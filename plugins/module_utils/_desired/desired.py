# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state: users, projects and members that a task asks for, checked and without contradictions. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._errors import InputError
from .._state.names import check_ascii, requested_email, stored_email
from .._state.roles import CHAT_USER, plain_slug
from .handover_options import HandoverOptions

# What a list says of those whom it does not name.
ADDITIVE, AUTHORITATIVE = AUTHORITIES = ("additive", "authoritative")
# What becomes of people whom a list names nowhere.
KEEP, REMOVE_MEMBERSHIPS, DEMOTE = UNLISTED = ("keep", "remove_memberships", "demote")


@dataclass(frozen=True)
class DesiredUser:
    """That a user is there with that instance role (None: whatever it is), or is not there.

    `lists_projects` says that the user's projects are told, all of them where the list is authoritative. `rule` is what
    gave the role, and `denied` has, by project (its id, or its name in form NFC), the rules that deny it.
    """

    user: str
    role: str | None = None
    present: bool = True
    source: str = "user"
    lists_projects: bool = False
    rule: str = ""
    denied: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DesiredProject:
    """That a project is there, by its id or name, under that name, or is not there.

    `lists_members` says that its members are told, all of them where `authority` (None: that of the list) is
    authoritative.
    """

    name: str | None = None
    id: str | None = None
    previous_names: tuple[str, ...] = ()
    present: bool = True
    source: str = "project"
    lists_members: bool = False
    authority: str | None = None

    @property
    def reference(self) -> str:
        """What the wish calls the project: its id, else its name."""
        return self.id or self.name or ""


@dataclass(frozen=True)
class DesiredMember:
    """That a user is a member of a project (its id or name) with that role, or is none."""

    project: str
    user: str
    role: str | None = None
    present: bool = True
    source: str = "member"
    rule: str = ""


@dataclass(frozen=True)
class ListPolicy:
    """How a list of many people is meant: what it says of those whom it does not name, and whom it never touches.

    `protected` and `ignored` are patterns of emails. A list never takes a role from the owner, the key's own user or the
    last admin of a project: a single module that is asked for just that says why it cannot be, a list leaves it alone
    and says so.
    """

    authority: str = ADDITIVE
    unlisted_users: str = KEEP
    protected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class DesiredState:
    """Everything that one task asks for; `policy` are those of a list, None for the one wish of a single module."""

    users: tuple[DesiredUser, ...] = ()
    projects: tuple[DesiredProject, ...] = ()
    members: tuple[DesiredMember, ...] = ()
    create_users: bool = False
    create_projects: bool = False
    resend_invite: bool = False
    allow_no_admin: bool = False
    handover_options: HandoverOptions = HandoverOptions()
    policy: ListPolicy | None = None

    @property
    def people(self) -> tuple[DesiredUser | DesiredMember, ...]:
        """Everything that is said of somebody."""
        return (*self.users, *self.members)

    def authority(self, project: DesiredProject | None) -> str:
        """Return what the list says of those whom it does not name in a project, whose entry may be None."""
        return (project.authority if project else None) or (self.policy.authority if self.policy else ADDITIVE)

    @property
    def needs_role_lookup(self) -> bool:
        """Whether it names a role that only the server can tell: a custom one by its display name."""
        roles = [("global", desired.role) for desired in self.users] + [
            ("project", desired.role) for desired in self.members
        ]
        return any(role is not None and plain_slug(role, kind) is None for kind, role in roles)

    @property
    def makes_chat_users(self) -> bool:
        """Whether somebody is to become global:chatUser, which takes every team membership away."""
        told = any(
            desired.present and desired.role in (CHAT_USER, CHAT_USER.partition(":")[2]) for desired in self.users
        )
        return told or (self.policy is not None and self.policy.unlisted_users == DEMOTE)


def user_reference(text: object, source: str, is_email: bool = False) -> str:
    """Return an email in lower case, or an id as it is; raises InputError for what is blank or no email to ask n8n for."""
    reference = _not_blank(text, source)
    return requested_email(reference, source) if is_email or "@" in reference else reference


def listed_user(text: object, source: str) -> str:
    """Return an email in lower case, or an id as it is, of one of all users; raises InputError for what is neither."""
    reference = _not_blank(text, source)
    return stored_email(reference, source) if "@" in reference else reference


def _not_blank(text: object, source: str) -> str:
    reference = "" if text is None else str(text).strip()
    if not reference:
        raise InputError(f"{source}: the email or id of a user is required, but this value is blank.")
    return check_ascii(reference, source)
