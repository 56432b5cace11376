# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What n8n says, as frozen dataclasses, and the words for it. PURE, and without secrets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ._errors import InputError
from ._possessions import Possessions

OWNER = "global:owner"
CHAT_USER = "global:chatUser"
MEMBER = "global:member"
PROJECT_ADMIN = "project:admin"
# Who has one of these sees and manages everything on the instance.
SEES_ALL = (OWNER, "global:admin")

# An instance has one owner, and so has a personal project: nobody can be given these.
NOT_GIVEN = (OWNER, "project:personalOwner")
# The short words of n8n's own roles.
_SHORT = {
    "global": {"owner": OWNER, "admin": "global:admin", "member": MEMBER, "chatUser": CHAT_USER},
    "project": {name: f"project:{name}" for name in ("admin", "editor", "viewer", "chatUser")},
}
# Those that every supported version can give.
_ALWAYS = {"global": ("member", "admin", "chatUser"), "project": ("viewer", "editor", "admin")}
# The slug of a custom role ends in six characters that n8n makes (seen on 2.40.7).
_CUSTOM = re.compile(r"(global|project):[a-z0-9-]+-[a-z0-9]{6}")
# From little to much; where a role is in neither, nobody knows which of two is more.
ORDER = {
    "global": (CHAT_USER, MEMBER, "global:admin", OWNER),
    "project": ("project:chatUser", "project:viewer", "project:editor", PROJECT_ADMIN),
}
# What fits into a path of SMTP (RFC 5321, 4.5.3.1.3, without its brackets), and into n8n's database.
LONGEST_EMAIL = 254
# n8n calls the personal project of a new user <EMAIL>, and on PostgreSQL a name has at most 255 characters. There 254
# characters are HTTP 500, with SQLite they are accepted (seen on 2.40.7).
_LONGEST_INVITED = 253
# The addresses that GET /users/{email} looks up: letters, digits and these signs, and a domain with a dot (seen on 2.40.7).
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?"
)
# POST /users takes fewer: both isEmail of validator 13.15 and the email of zod 3.25 have to accept an address (read and
# seen on 2.8.4 and 2.40.7). These are the lengths, the signs before the @, and the parts of the domain that both accept.
_LONGEST_LOCAL_PART, _LONGEST_LABEL = 64, 63
_LOCAL_SIGN = re.compile(r"[a-z0-9_'+.-]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_TOP_LEVEL_DOMAIN = re.compile(r"[a-z]{2,}")

# What an account that is there may have as email, such as root@localhost, however it came.
_STORED_EMAIL = re.compile(r"[^@\s()<>\[\]\\,;:\"]+@[^@\s()<>\[\]\\,;:\"]+")


@dataclass(frozen=True)
class User:
    """A user of the instance; `is_pending` until the invitation is accepted.

    `created_at` is when the account was made, as n8n writes it: for a pending user the time of the first invitation.
    """

    id: str
    email: str
    role: str
    is_pending: bool = False
    first_name: str | None = None
    last_name: str | None = None
    created_at: str | None = None

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> User:
        """Return the user of one entry of GET /users?includeRole=true."""
        return cls(
            id=str(data["id"]),
            email=email_key(data.get("email") or ""),
            role=str(data.get("role") or ""),
            is_pending=bool(data.get("isPending")),
            first_name=data.get("firstName"),
            last_name=data.get("lastName"),
            created_at=data.get("createdAt"),
        )

    @property
    def never_came(self) -> bool:
        """Whether nothing shows that the invitation was accepted: whoever accepts it gives a name.

        n8n takes somebody without a password for pending who came by single sign-on (read in 2.8.4). SAML and LDAP leave
        a name; OIDC leaves none with somebody who was invited, so there this cannot be known.
        """
        return self.is_pending and not self.first_name

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `user`."""
        return {
            "id": self.id or None,
            "email": self.email,
            "role": self.role,
            "is_pending": self.is_pending,
            "first_name": self.first_name,
            "last_name": self.last_name,
        }


@dataclass(frozen=True)
class Project:
    """A project: `type` is team or personal. A personal project's `creator_id` is the id of the user whose it is.

    `created_at` is n8n's text of that moment, in UTC, "" where it was not read: two of them compare as the moments do.
    """

    id: str
    name: str
    type: str = "team"
    creator_id: str | None = None
    created_at: str = ""

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Project:
        """Return the project of one entry of GET /projects."""
        creator = data.get("creatorId")
        return cls(
            id=str(data["id"]),
            name=str(data.get("name") or ""),
            type=str(data.get("type") or "team"),
            creator_id=str(creator) if creator else None,
            created_at=str(data.get("createdAt") or ""),
        )

    @property
    def key(self) -> str:
        """What tells it from all others, also before it is created."""
        return project_key(self.id, self.name)

    @property
    def is_team(self) -> bool:
        """Whether people can be its members."""
        return self.type == "team"

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `project`."""
        return {"id": self.id or None, "name": self.name, "type": self.type}


@dataclass(frozen=True)
class Member:
    """A user's membership of a project; `id` is the user's."""

    id: str
    email: str
    role: str

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Member:
        """Return the member of one entry of GET /projects/{id}/users (2.8.0 and later)."""
        return cls(id=str(data["id"]), email=email_key(data.get("email") or ""), role=str(data.get("role") or ""))

    def to_result(self) -> dict[str, Any]:
        """Return what modules return as `member`."""
        return {"id": self.id or None, "email": self.email, "role": self.role}


@dataclass(frozen=True)
class Role:
    """A role that GET /roles lists (2.36 and later); `kind` is global or project. Without a listing, licences are unknown.

    `scopes` are what it allows, None where n8n does not say.
    """

    slug: str
    name: str
    kind: str
    licensed: bool | None = True
    custom: bool = False
    scopes: frozenset[str] | None = None

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> Role:
        """Return the role of one entry of GET /roles."""
        scopes = data.get("scopes")
        return cls(
            slug=str(data["slug"]),
            name=str(data.get("displayName") or data["slug"]),
            kind=str(data.get("roleType") or str(data["slug"]).partition(":")[0]),
            licensed=data.get("licensed") is not False,
            custom=data.get("systemRole") is False,
            scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        )

    @property
    def assignable(self) -> bool:
        """Whether somebody can be given it: it is no owner's, and the licence does not exclude it."""
        return self.slug not in NOT_GIVEN and self.licensed is not False

    def to_result(self) -> dict[str, Any]:
        """Return the entry of `roles`."""
        return {
            "slug": self.slug,
            "name": self.name,
            "type": self.kind,
            "custom": self.custom,
            "licensed": self.licensed,
            "assignable": self.assignable,
        }


@dataclass(frozen=True)
class State:
    """What has been read of an instance. `None` and absent keys are what was not read, never what does not exist."""

    url: str
    myself: str | None = None
    users: tuple[User, ...] = ()
    projects: tuple[Project, ...] = ()
    members: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    roles: tuple[Role, ...] | None = None
    possessions: Mapping[str, Possessions] = field(default_factory=dict)
    # What the key lacks for the task, in words, where n8n refused to list possessions.
    scopes_hint: str = ""

    @cached_property
    def _users(self) -> Mapping[str, User]:
        # Ids last, as they are matched first.
        return {**{user.email: user for user in self.users if user.email}, **{user.id: user for user in self.users}}

    @cached_property
    def _projects(self) -> Mapping[str, Project]:
        return {project.id: project for project in self.projects}

    @cached_property
    def _named(self) -> Mapping[str, tuple[Project, ...]]:
        named: dict[str, tuple[Project, ...]] = {}
        for project in self.projects:
            if project.is_team:
                named[project.name] = (*named.get(project.name, ()), project)
        return named

    @cached_property
    def _composed(self) -> Mapping[str, tuple[Project, ...]]:
        found: dict[str, tuple[Project, ...]] = {}
        for name, projects in self._named.items():
            key = composed(name)
            found[key] = (*found.get(key, ()), *projects)
        return found

    @cached_property
    def _personal(self) -> Mapping[str, Project]:
        return {project.creator_id: project for project in self.projects if not project.is_team and project.creator_id}

    @cached_property
    def personal_names(self) -> frozenset[str]:
        """The names of personal projects in form NFC, which n8n calls like people: Ada Lovelace <ada@example.com>."""
        return frozenset(composed(project.name) for project in self.projects if not project.is_team)

    @cached_property
    def _memberships(self) -> Mapping[str, Mapping[str, Member]]:
        """Members by the id of the user and that of the project, projects in the order in which they were read."""
        found: dict[str, dict[str, Member]] = {}
        for project in self.projects:
            for member in self.members.get(project.id, ()) if project.is_team else ():
                found.setdefault(member.id, {})[project.id] = member
        return found

    def find_user(self, reference: str) -> User | None:
        """Return the user with that id or email (in any case), or None."""
        return self._users.get(reference) or self._users.get(email_key(reference))

    def find_projects(self, reference: str) -> tuple[Project, ...]:
        """Return the projects that a reference may mean: the one of that id, else those that `projects_named` returns."""
        project = self._projects.get(reference)
        return (project,) if project else self.projects_named(reference)

    def projects_named(self, name: str) -> tuple[Project, ...]:
        """Return the team projects that a name means: the one of that exact name, else all of that name in form NFC."""
        exact = self._named.get(name, ())
        return exact if len(exact) == 1 else self._composed.get(composed(name), ())

    def is_named(self, name: str) -> bool:
        """Whether a team project has that exact name."""
        return name in self._named

    def find_member(self, project: Project, user: User) -> Member | None:
        """Return the membership of a user in a team project, or None."""
        return self._memberships.get(user.id, {}).get(project.id)

    def memberships(self, user: User) -> list[tuple[Project, Member]]:
        """Return the team projects of a user, of those whose members were read, with the membership in each."""
        return [(self._projects[key], member) for key, member in self._memberships.get(user.id, {}).items()]

    def find_project(self, reference: str) -> Project | None:
        """Return the team project with that id or exact name, or None; raises InputError where that is not clear."""
        project = the_one(reference, self.find_projects(reference))
        if project is not None and not project.is_team:
            raise InputError(personal(reference))
        return project

    def personal_project(self, user: User) -> Project | None:
        """Return the personal project of a user, or None where it was not read."""
        return self._personal.get(user.id)

    def who_is_protected(self, user: User) -> str:
        """Return who somebody is whom nobody can take a role from: the owner, or the key's own user; "" for others."""
        if user.role == OWNER:
            return "the owner of this n8n"
        return "the user whose API key is used" if user.id == self.myself else ""


def composed(name: str) -> str:
    """Return a name in Unicode's form NFC, in which names are compared: a letter with its accent is one character."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def project_key(project_id: str, name: str) -> str:
    """Return the id, or of a project that is yet to be created what no id looks like."""
    return project_id or f"new {name}"


def personal(project: str) -> str:
    """Return the words for a personal project where somebody is to become its member."""
    return f'Project "{project}" is the personal project of one user: only team projects have members.'


def the_one(name: str, projects: Sequence[Project]) -> Project | None:
    """Return the one project of these, None where there is none; raises InputError where there are several."""
    if len(projects) > 1:
        ids = ", ".join(sorted(project.id for project in projects))
        raise InputError(f'Project "{name}" exists {len(projects)} times, with the ids {ids}: name it by its id.')
    return projects[0] if projects else None


def invitation_refusal(email: str) -> str:
    """Return why n8n refuses to invite an email in lower case, as the rest of a sentence; "" for an email that it accepts."""
    if not _STORED_EMAIL.fullmatch(email):
        return "it is not an email address"
    local, _at, domain = email.partition("@")
    if len(email) > _LONGEST_INVITED:
        return f"it has {len(email)} characters, and n8n accepts at most {_LONGEST_INVITED}"
    if len(local) > _LONGEST_LOCAL_PART:
        return f"it has {len(local)} characters before the @, and n8n accepts at most {_LONGEST_LOCAL_PART}"
    signs = " ".join(dict.fromkeys(_LOCAL_SIGN.sub("", local)))
    if signs:
        guest = (
            ", and the address looks like the sign-in name of a guest in Entra ID: use the mail address of the guest"
        )
        return f"n8n does not accept {signs} before the @{guest if local.endswith('#ext#') else ''}"
    if local.endswith("'"):
        return "n8n does not accept an apostrophe right before the @"
    if "" in local.split("."):
        return "the part before the @ begins or ends with a dot, or has two dots in a row"
    *labels, top = domain.split(".")
    if not labels:
        return "its domain has no dot"
    for label in (*labels, top):
        if not _LABEL.fullmatch(label) or len(label) > _LONGEST_LABEL:
            return (
                f'n8n does not accept "{label}" in a domain: each part of a domain has 1 to {_LONGEST_LABEL} letters, digits and '
                "hyphens, and a hyphen neither begins nor ends it"
            )
    if not _TOP_LEVEL_DOMAIN.fullmatch(top):
        return f'n8n does not accept the top-level domain "{top}": it needs two letters or more and nothing else'
    return ""


def email_key(text: object) -> str:
    """Return an email as emails are compared: in lower case, if it has ASCII characters only.

    The lower case of a KELVIN SIGN is the letter k, which would be the email of another person.
    """
    email = str(text).strip()
    return email.lower() if email.isascii() else email


def check_ascii(text: str, where: str) -> str:
    """Return an email, or a pattern of emails, without blanks around it; raises InputError for a character that n8n refuses.

    n8n accepts ASCII characters only, before and behind the @ (seen on 2.40.7).
    """
    email = text.strip()
    for position, character in enumerate(email, 1):
        if not character.isascii():
            name = unicodedata.name(character, "without a name")
            raise InputError(
                f'{where}: "{email}" is not an email address that n8n accepts: character {position} is "{character}" '
                f"(U+{ord(character):04X} {name}), and an email in n8n has ASCII characters only. Correct the email where it "
                "comes from, and write an international domain in its ASCII form, which begins with xn--."
            )
    return email


def requested_email(text: object, where: str) -> str:
    """Return `text` as an email that n8n can look up, in lower case; raises InputError for any other text."""
    email = check_ascii(str(text if text is not None else ""), where).lower()
    if not _EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL:
        raise InputError(f'{where}: "{text}" is no email address.')
    return email


def stored_email(text: object, where: str) -> str:
    """Return `text` as n8n may have it for an account that is there, in lower case; raises InputError for what is no email.

    Of an account that does not exist yet, `invitation_refusal` says whether n8n invites the address.
    """
    email = check_ascii(str(text if text is not None else ""), where).lower()
    if not _STORED_EMAIL.fullmatch(email):
        raise InputError(f'{where}: "{text}" is no email address.')
    return email


def project_name(text: object, where: str) -> str:
    """Return `text` as a project's name, untrimmed; raises InputError for what n8n refuses or nobody could find again."""
    name = "" if text is None else str(text)
    if not name.strip():
        raise InputError(f"{where}: a project needs a name that is not blank.")
    if len(name) > 255:
        raise InputError(f'{where}: "{name[:40]}..." has {len(name)} characters, and n8n takes 255 at most.')
    return name


def plain_slug(text: str, kind: str) -> str | None:
    """Return the full slug of a short word of n8n's own, or of a slug; None for what only the server can tell."""
    return _SHORT[kind].get(text, text if text.startswith(f"{kind}:") else None)


def role_slug(text: str, kind: str, known: Iterable[Role] | None, where: str) -> str:
    """Return the full slug of a role; `kind` is global or project, `known` what GET /roles says (None: it was not asked).

    Raises InputError for a role that is unknown, not licensed, ambiguous, or not to be given to anybody.
    """
    roles = [role for role in known or () if role.kind == kind]
    slug = plain_slug(text, kind)
    if known is None and slug not in _SHORT[kind].values() and not _CUSTOM.fullmatch(slug or ""):
        # Nobody can be asked, and it is neither n8n's own nor looks like a custom one.
        slug = None
    if slug is None:
        names = (text, composed(text))
        matches = sorted(
            {role.slug for role in roles if composed(role.name) in names or role.slug.partition(":")[2] in names}
        )
        if len(matches) > 1:
            raise InputError(
                f'{where}: the role "{text}" exists several times: name it by its slug, {" or ".join(matches)}.'
            )
        slug = matches[0] if matches else None
    role = next((role for role in roles if role.slug == slug), None)
    if slug == "project:personalOwner" or slug is None or (known is not None and role is None):
        offered = sorted(role.slug for role in roles if role.slug not in NOT_GIVEN)
        choice = ", ".join(offered or _ALWAYS[kind])
        hint = "" if known is not None else " (this n8n does not list its roles: a custom one is named by its slug)"
        raise InputError(f'{where}: there is no role "{text}" to give. Choose from {choice}{hint}.')
    if role is not None and role.licensed is False:
        raise InputError(f'{where}: the licence of this n8n does not include the role "{slug}".')
    return slug


def known_roles() -> tuple[Role, ...]:
    """Return n8n's own roles that every supported version has, for a server that does not list any (before 2.36)."""
    return tuple(
        Role(_SHORT[kind][word], word, kind, licensed=None)
        for kind, words in _ALWAYS.items()
        for word in (*(["owner"] if kind == "global" else []), *words)
    )


def is_demotion(before: str, after: str) -> bool:
    """Whether `after` may allow less than `before`: where the order of two roles is not known, it may."""
    for order in ORDER.values():
        if before in order and after in order:
            return order.index(after) < order.index(before)
    return before != after
