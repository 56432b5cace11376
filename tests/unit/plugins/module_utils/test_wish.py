# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for: checked, complete, and without contradictions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, Problems
from ansible_collections.lifecycle.n8n.plugins.module_utils._access import access_needs, access_wish
from ansible_collections.lifecycle.n8n.plugins.module_utils._leavers import leaver_references
from ansible_collections.lifecycle.n8n.plugins.module_utils._wish import (
    MemberWish,
    UserWish,
    user_reference,
)


def wish_of(*users: dict[str, Any]) -> Any:
    return access_wish(users, create_users=True, create_projects=True)


def test_a_list_becomes_users_projects_and_members() -> None:
    wish = wish_of(
        {"email": "Ada@Example.com", "role": "member", "projects": {"Sales": "editor"}}, {"email": "b@example.com"}
    )
    assert wish.users == (
        UserWish("ada@example.com", "member", where="users[0] (ada@example.com)", lists_projects=True),
        UserWish("b@example.com", None, where="users[1] (b@example.com)"),
    )
    assert wish.members == (
        MemberWish("Sales", "ada@example.com", "editor", where='users[0] (ada@example.com), project "Sales"'),
    )


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (
            [{"email": "bob@example.com"}, {"email": "BoB@example.com "}],
            r"users\[1\] and users\[0\] are both bob@example.com",
        ),
        ([{"email": "bob"}], r'users\[0\]: "bob" is no email address'),
        ([{}], r"users\[0\]: .* is no email address"),
        ([{"email": "b@example.com", "projects": {"Sales": None}}], 'project "Sales": a membership needs a role'),
        ([{"email": "b@example.com", "projects": {" ": "viewer"}}], "name that is not blank"),
        ([{"email": "b@example.com", "projects": ["Sales"]}], "is no dictionary"),
    ],
)
def test_a_list_that_is_wrong_is_refused_where_it_is_wrong(users: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        wish_of(*users)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as error:
        wish_of({"email": "x"}, {"email": "y"}, {"email": "ok@example.com", "projects": {"": "viewer", "B": ""}})
    assert str(error.value).count("\n") == 3


def test_a_hundred_errors_are_counted_and_not_all_shown() -> None:
    with pytest.raises(InputError, match="And 80 more") as error:
        wish_of(*({"email": f"wrong-{number}"} for number in range(100)))
    assert str(error.value).count("\n") == Problems.LONGEST


def test_only_what_is_needed_is_read() -> None:
    without_projects = access_needs(wish_of({"email": "a@example.com", "role": "member"}))
    assert (without_projects.projects, without_projects.members) == (False, None)
    with_projects = access_needs(wish_of({"email": "a@example.com", "projects": {"B": "viewer", "A": "viewer"}}))
    assert (with_projects.projects, with_projects.members, with_projects.roles) == (True, ("A", "B"), False)
    assert access_needs(wish_of({"email": "a@example.com", "projects": {"B": "Auditor"}})).roles is True


@pytest.mark.parametrize("role", ["chatUser", "global:chatUser"])
def test_somebody_who_becomes_a_chat_user_makes_all_projects_matter(role: str) -> None:
    needs = access_needs(wish_of({"email": "a@example.com", "role": role, "projects": {"B": "viewer"}}))
    assert (needs.projects, needs.members) == (True, ())


def test_leavers_are_emails_ids_or_dictionaries_each_once() -> None:
    entries = ["Ada@example.com", {"email": "ADA@example.com", "name": "Ada"}, "5f84-id", "ada@example.com "]
    assert leaver_references(entries) == ("ada@example.com", "5f84-id")


@pytest.mark.parametrize("entry", ["", None, "  ", {"name": "Ada"}, {"email": ""}, "a@b", ["ada@example.com"]])
def test_a_leaver_who_is_not_named_is_refused(entry: object) -> None:
    with pytest.raises(InputError, match=r"users\[1\]: "):
        leaver_references(["ada@example.com", entry])


def test_a_reference_is_an_email_or_an_id() -> None:
    assert user_reference(" Ada@Example.com", "user") == "ada@example.com"
    assert user_reference("5F84-Id", "user") == "5F84-Id"
    with pytest.raises(InputError, match="email: "):
        user_reference("5F84-Id", "email", is_email=True)
