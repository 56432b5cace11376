# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for: checked, complete, and without contradictions."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import leaver_references
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import listed_user, user_reference


def test_a_hundred_problems_are_counted_and_not_all_shown() -> None:
    problems = ErrorCollector()
    for number in range(100):
        with problems:
            raise InputError(f"This is wrong: {number}.")
    with pytest.raises(InputError, match="And 80 more") as error:
        problems.raise_if_any()
    assert str(error.value).count("\n") == ErrorCollector.LONGEST


def test_one_problem_is_said_once_and_what_is_no_input_error_is_not_swallowed() -> None:
    problems = ErrorCollector()
    problems.raise_if_any()
    for _time in range(2):
        problems.add("This is wrong.")
    with pytest.raises(InputError, match=r"^This is wrong\.$"):
        problems.raise_if_any()
    with pytest.raises(KeyError), problems:
        raise KeyError("a mistake of ours")


def test_leavers_are_emails_ids_or_dictionaries_each_once() -> None:
    entries = ["Ada@example.com", {"email": "ADA@example.com", "name": "Ada"}, "5f84-id", "ada@example.com "]
    assert leaver_references(entries) == ("ada@example.com", "5f84-id")


@pytest.mark.parametrize(
    "entry", ["", None, "  ", {"name": "Ada"}, {"email": ""}, "a@", "a@b@c", "a @b", ["ada@example.com"]]
)
def test_a_leaver_who_is_not_named_is_refused(entry: object) -> None:
    with pytest.raises(InputError, match=r"users\[1\]: "):
        leaver_references(["ada@example.com", entry])


def test_a_reference_is_an_email_or_an_id() -> None:
    assert user_reference(" Ada@Example.com", "user") == "ada@example.com"
    assert user_reference("5F84-Id", "user") == "5F84-Id"
    with pytest.raises(InputError, match="email: "):
        user_reference("5F84-Id", "email", is_email=True)


def test_one_of_all_users_may_have_an_email_that_n8n_would_not_invite() -> None:
    assert listed_user(" Root@Localhost", "users[0]") == "root@localhost"
    assert listed_user("5F84-Id", "users[0]") == "5F84-Id"
    # One alone is asked for, and of such an email n8n says that it cannot be a user's, whoever is there.
    with pytest.raises(InputError, match='user: "root@localhost" is not an email address'):
        user_reference("root@localhost", "user")
