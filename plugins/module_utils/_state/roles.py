# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of n8n: their slugs, their order, and the names by which users choose them. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import InputError
from .names import composed

OWNER = "global:owner"
CHAT_USER = "global:chatUser"
MEMBER = "global:member"
PROJECT_ADMIN = "project:admin"
# Who has one of these sees and manages everything on the instance.
INSTANCE_ADMIN_ROLES = (OWNER, "global:admin")
# An instance has one owner, and so has a personal project: nobody can be given these.
UNASSIGNABLE_ROLES = (OWNER, "project:personalOwner")
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
        return self.slug not in UNASSIGNABLE_ROLES and self.licensed is not False

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


def plain_slug(text: str, kind: str) -> str | None:
    """Return the full slug of a short word of n8n's own, or of a slug; None for what only the server can tell."""
    return _SHORT[kind].get(text, text if text.startswith(f"{kind}:") else None)


def role_slug(text: str, kind: str, known: Iterable[Role] | None, source: str) -> str:
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
                f'{source}: several roles are named "{text}". Use the slug of one: {" or ".join(matches)}.'
            )
        slug = matches[0] if matches else None
    role = next((role for role in roles if role.slug == slug), None)
    if slug == "project:personalOwner" or slug is None or (known is not None and role is None):
        offered = sorted(role.slug for role in roles if role.slug not in UNASSIGNABLE_ROLES)
        choice = ", ".join(offered or _ALWAYS[kind])
        hint = "" if known is not None else " (this n8n does not list its roles, so use the slug of a custom role)"
        raise InputError(f'{source}: unknown or unassignable role "{text}". Valid roles: {choice}{hint}.')
    if role is not None and role.licensed is False:
        raise InputError(f'{source}: the license of this n8n does not include the role "{slug}".')
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
