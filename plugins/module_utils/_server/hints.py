# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the remedies for requests that n8n refuses. PURE."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The messages of n8n for an email address that it does not invite.
_ADDRESS_PATTERN = r'invalid email|match format "email"'
# The messages of n8n that do not depend on the user concerned.
_SHARED_REASONS = r"licen[sc]e|maximum number of users|quota|managed by the identity provider|managed automatically"
# The messages of n8n and their remedies (messages seen on 2.8.4 and 2.40.7).
_REMEDIES = (
    (r"not licensed to use role", "Choose a role that the license of this n8n includes."),
    (
        r"your license does not allow for feat:advancedPermissions|without advanced permissions",
        "A change of instance roles and an invitation of an admin need an n8n license with advanced permissions.",
    ),
    (
        r"your license does not allow for feat:projectRole",
        "Team projects need an n8n license that includes them. n8n_user works without it, except for the "
        "deletion of active users, which needs delete_resources=true.",
    ),
    (r"licen[sc]e", "This needs an n8n license with that feature."),
    (
        r"managed by the Identity Provider|managed automatically",
        "Single sign-on manages this. Change it in the identity provider, or turn this off in the single sign-on settings of n8n.",
    ),
    (
        r"Maximum number of users",
        "The number of users in the license is used up. Remove a user, or get a larger license.",
    ),
    (
        _ADDRESS_PATTERN,
        "n8n does not accept an email address. Correct the address.",
    ),
    (r"quota", "The number of team projects in the license is used up. Remove a project, or get a larger license."),
)


def hint_for(status: int, server_message: str, url: str) -> str:
    """Return the remedy for a refusal of the server at `url` with this HTTP status and message; "" if none is known."""
    for mark, hint in _REMEDIES:
        if re.search(mark, server_message, re.IGNORECASE):
            return hint
    if status == 401:
        return f"Check that api_key belongs to {url} and has neither expired nor been deleted."
    if status == 429:
        return "n8n limits the number of requests. Decrease concurrency, or run the task later."
    if status in (502, 503, 504):
        return f"Check that n8n runs at {url}, and run the task again once it has started."
    if status == 405 or (status == 404 and server_message == "not found"):
        return "This collection needs n8n 2.8.0 or later. Check the version of this n8n."
    return ""


def is_about_address(server_message: str) -> bool:
    """Return whether n8n refused an email address with this message."""
    return re.search(_ADDRESS_PATTERN, server_message, re.IGNORECASE) is not None


def has_shared_reason(server_message: str) -> bool:
    """Return whether n8n refused with this message for a reason that all users share: the license or single sign-on."""
    return re.search(_SHARED_REASONS, server_message, re.IGNORECASE) is not None


def scopes_remedy(needed: Sequence[str], granted: Sequence[str] | None) -> str:
    """Return the remedy for missing scopes: either the key lacks some of the scopes `needed`, or its user lacks a role.

    `granted` are the scopes of the key, or None if n8n does not list them.
    """
    if granted is None:
        it = "it" if len(needed) == 1 else "them"
        return f"The key needs the scope{_names(needed)}, and its user needs a role with {it}, such as owner or admin."
    lacking = [scope for scope in needed if not has_scope(scope, granted)]
    if not lacking:
        return f"The key has the scope{_names(needed)}, but the role of its user does not allow this. Use the key of an owner or admin."
    these = "this scope" if len(lacking) == 1 else "these scopes"
    return f"The key lacks the scope{_names(lacking)}. Create a key with {these} under Settings > n8n API."


def _names(scopes: Sequence[str]) -> str:
    """Return the end of a phrase that begins with "the scope": one name, or the plural and all names."""
    *others, last = scopes
    return f"s {', '.join(others)} and {last}" if others else f" {last}"


def has_scope(scope: str, granted: Sequence[str]) -> bool:
    """Return whether `granted` includes one of the scopes that `scope` names ("this or that")."""
    return any(name in granted for name in scope.split(" or "))
