# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define n8n's roles: their slugs, their order, and the names that users may give for them. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import InputError
from .names import to_nfc

OWNER = "global:owner"
CHAT_USER = "global:chatUser"
MEMBER = "global:member"
PROJECT_ADMIN = "project:admin"
# A user with one of these roles sees and manages everything on the instance.
INSTANCE_ADMIN_ROLES = (OWNER, "global:admin")
# An instance has exactly one owner, and so has a personal project. These roles cannot be assigned to any user.
UNASSIGNABLE_ROLES = (OWNER, "project:personalOwner")
# The short names of n8n's own roles.
_SHORT = {
    "global": {"owner": OWNER, "admin": "global:admin", "member": MEMBER, "chatUser": CHAT_USER},
    "project": {name: f"project:{name}" for name in ("admin", "editor", "viewer", "chatUser")},
}
# The roles that every supported version can assign.
_ALWAYS = {"global": ("member", "admin", "chatUser"), "project": ("viewer", "editor", "admin")}
# The slug of a custom role ends in six characters that n8n generates (seen on 2.40.7).
_CUSTOM = re.compile(r"(global|project):[a-z0-9-]+-[a-z0-9]{6}")
# From few permissions to many. If one of two roles is not listed here, the order of the two is unknown.
ORDER = {
    "global": (CHAT_USER, MEMBER, "global:admin", OWNER),
    "project": ("project:chatUser", "project:viewer", "project:editor", PROJECT_ADMIN),
}


@dataclass(frozen=True)
class Role:
    """A role that GET /roles lists (2.36 and later); `kind` is global or project.

    Without that list, it is unknown which roles the license includes. `scopes` are the permissions of the role, or None
    if n8n does not return them.
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
        """Return whether the role can be assigned: it is not an owner's role, and the license does not exclude it."""
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
    """Return the full slug for a short name of n8n's own roles or a slug; None if only the server knows the role."""
    return _SHORT[kind].get(text, text if text.startswith(f"{kind}:") else None)


def role_slug(text: str, kind: str, known: Iterable[Role] | None, source: str) -> str:
    """Return the full slug of a role; raises InputError if it is unknown, unlicensed, ambiguous, or not assignable.

    `kind` is global or project. `known` are the roles of GET /roles, or None if that list was not read.
    """
    roles = [role for role in known or () if role.kind == kind]
    slug = plain_slug(text, kind)
    if known is None and slug not in _SHORT[kind].values() and not _CUSTOM.fullmatch(slug or ""):
        # The list of roles is not available. The name is not one of n8n's own roles, and does not look like a custom
        # role.
        slug = None
    if slug is None:
        names = (text, to_nfc(text))
        matches = sorted(
            {role.slug for role in roles if to_nfc(role.name) in names or role.slug.partition(":")[2] in names}
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
    """Return n8n's own roles that every supported version has, for a server that does not list roles (before 2.36)."""
    return tuple(
        Role(_SHORT[kind][word], word, kind, licensed=None)
        for kind, words in _ALWAYS.items()
        for word in (*(["owner"] if kind == "global" else []), *words)
    )


def is_demotion(before: str, after: str) -> bool:
    """Return whether `after` may have fewer permissions than `before`. If the order of the two is unknown, it may."""
    for order in ORDER.values():
        if before in order and after in order:
            return order.index(after) < order.index(before)
    return before != after
