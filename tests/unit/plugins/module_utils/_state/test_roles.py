# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the slugs of roles, and which role changes are demotions."""

from __future__ import annotations


import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import is_demotion, plain_slug, role_slug
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import ROLES


@pytest.mark.parametrize(
    ("text", "kind", "slug"),
    [
        ("member", "global", "global:member"),
        ("chatUser", "global", "global:chatUser"),
        ("owner", "global", "global:owner"),
        ("viewer", "project", "project:viewer"),
        ("project:editor", "project", "project:editor"),
        ("Auditor", "project", "project:auditor-a1b2c3"),
        ("auditor-a1b2c3", "project", "project:auditor-a1b2c3"),
        ("project:auditor-a1b2c3", "project", "project:auditor-a1b2c3"),
    ],
)
def test_role_is_found_by_short_name_slug_or_display_name(text: str, kind: str, slug: str) -> None:
    assert role_slug(text, kind, ROLES, "role") == slug


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "unknown",
            "project",
            r'role: unknown or unassignable role "unknown". Valid roles: project:admin, project:auditor-a1b2c3, ',
        ),
        ("unknown", "global", "Valid roles: global:admin, global:chatUser, global:member"),
        ("Viewer", "project", "unknown or unassignable role"),
        ("project:viewer", "global", "unknown or unassignable role"),
        ("project:unknown", "project", "unknown or unassignable role"),
        ("project:personalOwner", "project", "unknown or unassignable role"),
        ("Same", "project", "Use the slug of one: project:same-1 or project:same-2"),
        ("Gold", "project", 'license of this n8n does not include the role "project:gold-d4e5f6"'),
    ],
)
def test_unassignable_role_is_rejected(text: str, kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        role_slug(text, kind, ROLES, "role")


def test_only_slugs_of_custom_roles_are_accepted_if_roles_are_unknown() -> None:
    assert role_slug("project:auditor-a1b2c3", "project", None, "role") == "project:auditor-a1b2c3"
    for role in ("Auditor", "project:veiwer", "project:personalOwner"):
        with pytest.raises(InputError, match="does not list its roles, so use the slug of a custom role"):
            role_slug(role, "project", None, "role")


@pytest.mark.parametrize(
    ("text", "plain"), [("viewer", True), ("project:x-1", True), ("Auditor", False), ("global:member", False)]
)
def test_plain_slug_is_none_for_names_of_custom_roles(text: str, plain: bool) -> None:
    assert (plain_slug(text, "project") is not None) is plain


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("project:admin", "project:viewer", True),
        ("project:viewer", "project:editor", False),
        ("global:member", "global:chatUser", True),
        ("global:member", "global:admin", False),
        ("project:auditor-a1b2c3", "project:admin", True),
        ("project:viewer", "project:viewer", False),
    ],
)
def test_role_change_that_may_remove_scopes_is_a_demotion(before: str, after: str, expected: bool) -> None:
    assert is_demotion(before, after) is expected
