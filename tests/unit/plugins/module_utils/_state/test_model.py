# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for what n8n says."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Member, Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.names import (
    invitation_refusal,
    project_name,
    requested_email,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role, is_demotion, plain_slug, role_slug
from ansible_collections.lifecycle.n8n.tests.unit.addresses import INVITED, REFUSED
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import invites
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import (
    ADA,
    PERSONAL,
    ROLES,
    SALES,
    TWIN_1,
    example_state,
)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.L+n8n@Example.CO.UK ", "ada.l+n8n@example.co.uk"),
        ("o'brien@example.com", "o'brien@example.com"),
        # An account may have an address that n8n does not invite, and is looked up all the same.
        ("john#EXT#@example.com", "john#ext#@example.com"),
    ],
)
def test_an_email_is_kept_in_lower_case(text: str, email: str) -> None:
    assert requested_email(text, "here") == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "ada@@example.com",
        "adä@example.com",
        "ada.@example.com",
        "ada@example.com, bob@example.com",
        7,
        ["a@example.com"],
    ],
)
def test_what_is_no_email_is_refused_where_it_stands(text: object) -> None:
    with pytest.raises(InputError, match=r"^users\[3\]: .* is (no|not an) email address"):
        requested_email(text, "users[3]")


@pytest.mark.parametrize("email", INVITED)
def test_an_address_that_n8n_invites(email: str) -> None:
    assert invitation_refusal(email) == ""
    assert invites(email)


@pytest.mark.parametrize(("email", "reason"), REFUSED.items())
def test_an_address_that_n8n_refuses_comes_with_the_reason(email: str, reason: str) -> None:
    assert reason in invitation_refusal(email)
    assert not invites(email)


def test_the_name_of_a_guest_in_entra_id_comes_with_what_to_use() -> None:
    refusal = invitation_refusal("john_partner.com#ext#@contoso.onmicrosoft.com")
    assert (
        refusal.startswith("n8n does not accept # before the @")
        and "guest in Entra ID: use the mail address" in refusal
    )


@given(st.from_regex(r"\A[a1'._+#ü-]{0,4}@([a1_ü-]{0,3}\.){0,3}[a1ü-]{0,3}\Z"))
@example("a" * 64 + "@b.co")
@example("a" * 65 + "@b.co")
def test_the_rule_for_addresses_is_that_of_both_libraries(email: str) -> None:
    assert (invitation_refusal(email) == "") == invites(email)


@pytest.mark.parametrize("name", ["Sales", "  Sales ", 'a "b" / ü', "x" * 255])
def test_a_project_name_is_kept_as_it_is(name: str) -> None:
    assert project_name(name, "name") == name


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "not blank"), ("  \t", "not blank"), (None, "not blank"), ("x" * 256, "has 256 characters")],
)
def test_a_name_that_n8n_refuses_or_nobody_finds_is_refused(name: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        project_name(name, "name")


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
def test_a_role_is_a_short_word_a_slug_or_a_display_name(text: str, kind: str, slug: str) -> None:
    assert role_slug(text, kind, ROLES, "role") == slug


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "boss",
            "project",
            r'role: unknown or unassignable role "boss". Valid roles: project:admin, project:auditor-a1b2c3, ',
        ),
        ("boss", "global", "Valid roles: global:admin, global:chatUser, global:member"),
        ("Viewer", "project", "unknown or unassignable role"),
        ("project:viewer", "global", "unknown or unassignable role"),
        ("project:nope", "project", "unknown or unassignable role"),
        ("project:personalOwner", "project", "unknown or unassignable role"),
        ("Same", "project", "Use the slug of one: project:twin-1 or project:twin-2"),
        ("Gold", "project", 'license of this n8n does not include the role "project:gold-d4e5f6"'),
    ],
)
def test_a_role_that_nobody_can_be_given_is_refused(text: str, kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        role_slug(text, kind, ROLES, "role")


def test_where_the_server_lists_no_roles_only_words_and_slugs_are_known() -> None:
    assert role_slug("project:auditor-a1b2c3", "project", None, "role") == "project:auditor-a1b2c3"
    for unknown in ("Auditor", "project:veiwer", "project:personalOwner"):
        with pytest.raises(InputError, match="does not list its roles, so use the slug of a custom role"):
            role_slug(unknown, "project", None, "role")


@pytest.mark.parametrize(
    ("text", "plain"), [("viewer", True), ("project:x-1", True), ("Auditor", False), ("global:member", False)]
)
def test_only_other_roles_have_to_be_asked_for(text: str, plain: bool) -> None:
    assert (plain_slug(text, "project") is not None) is plain


@pytest.mark.parametrize(
    ("before", "after", "less"),
    [
        ("project:admin", "project:viewer", True),
        ("project:viewer", "project:editor", False),
        ("global:member", "global:chatUser", True),
        ("global:member", "global:admin", False),
        ("project:auditor-a1b2c3", "project:admin", True),
        ("project:viewer", "project:viewer", False),
    ],
)
def test_a_demotion_is_what_may_allow_less(before: str, after: str, less: bool) -> None:
    assert is_demotion(before, after) is less


def test_users_are_found_by_id_and_by_email_in_any_case() -> None:
    assert example_state().find_user("u-ada") == example_state().find_user(" ADA@example.com") == ADA
    assert example_state().find_user("nobody@example.com") is None
    assert example_state().find_user("") is None


def test_an_id_is_matched_before_a_name() -> None:
    impostor = Project("p-other", SALES.id)
    assert example_state(projects=(impostor, SALES)).find_project(SALES.id) == SALES


def test_a_name_that_two_projects_share_is_an_error_with_their_ids() -> None:
    with pytest.raises(InputError, match=re.escape('Project "Twin" exists 2 times, with the ids p-twin-1, p-twin-2')):
        example_state().find_project("Twin")
    assert example_state().find_project("p-twin-1") == TWIN_1


def test_a_personal_project_has_no_members_to_manage() -> None:
    with pytest.raises(InputError, match="is the personal project of one user"):
        example_state().find_project(PERSONAL[1].id)
    assert example_state().find_project(PERSONAL[1].name) is None
    assert example_state().personal_project(ADA) == PERSONAL[1]


def test_what_n8n_says_becomes_what_modules_return() -> None:
    user = {
        "id": "1",
        "email": "Ada@Example.com",
        "role": "global:member",
        "isPending": True,
        "firstName": "A",
        "inviteAcceptUrl": "secret",
        "createdAt": "2026-11-01T02:03:04.567Z",
    }
    assert User.from_api(user).created_at == "2026-11-01T02:03:04.567Z"
    assert User.from_api(user).to_result() == {
        "id": "1",
        "email": "ada@example.com",
        "role": "global:member",
        "is_pending": True,
        "first_name": "A",
        "last_name": None,
    }
    project = {"id": "p", "name": " S ", "type": "team", "creatorId": "1", "scopes": []}
    assert Project.from_api(project).to_result() == {"id": "p", "name": " S ", "type": "team"}
    assert Member.from_api({"id": "1", "email": "A@b.co", "role": "project:viewer"}).to_result() == {
        "id": "1",
        "email": "a@b.co",
        "role": "project:viewer",
    }
    role = Role.from_api(
        {"slug": "project:x", "displayName": "X", "roleType": "project", "licensed": False, "systemRole": False}
    )
    assert (role.slug, role.name, role.kind, role.licensed, role.custom) == ("project:x", "X", "project", False, True)


def test_nothing_was_read_is_not_nothing_is_there() -> None:
    assert State("https://n8n.example.com").roles is None
