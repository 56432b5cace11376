# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the options that select leavers and successors, and the read request for them."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_options import (
    LeaverOptions,
    find_leavers,
    leaver_references,
    leaver_request,
    successors,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.example_state import example_state


@pytest.mark.parametrize("option", ["grace", 5, ["grace@example.com"], {"Sales": "x"}])
def test_invalid_successor_option_is_an_error(option: object) -> None:
    with pytest.raises(InputError, match="successor.* is not an email address"):
        successors(option)


@pytest.mark.parametrize("email", [None, "", " "])
def test_blank_successor_of_a_project_is_an_error(email: object) -> None:
    with pytest.raises(InputError) as error:
        successors({"Sales": email})
    assert str(error.value) == 'successor: project "Sales": email is blank. Set an email address.'


@pytest.mark.parametrize("option", [None, "", {}])
def test_empty_successor_option_means_no_successor(option: object) -> None:
    assert successors(option) == {}


def test_leavers_are_listed_by_email_id_or_dictionary() -> None:
    entries = [
        "ADA@example.com",
        {"email": "Grace@example.com", "name": "Grace"},
        "u-linus",
        " u-linus ",
        "ada@example.com",
    ]
    assert leaver_references(entries) == ("ada@example.com", "grace@example.com", "u-linus")


@pytest.mark.parametrize(
    "entry", [None, "", " ", {}, {"mail": "ada@example.com"}, {"email": None}, {"email": "ada"}, "a@"]
)
def test_invalid_leaver_entry_is_an_error(entry: object) -> None:
    with pytest.raises(InputError, match=r"users\[1\]: "):
        leaver_references(["ada@example.com", entry])


def test_leaver_listed_twice_is_found_once() -> None:
    leavers = find_leavers(example_state(), ["ada@example.com", "u-ada", "nobody@example.com"])
    assert [leaver.reference for leaver in leavers] == ["ada@example.com", "nobody@example.com"]


def test_deletion_requires_users_projects_members_and_items() -> None:
    request = leaver_request(["a@example.com"], LeaverOptions("delete"))
    assert (request.all_users, request.projects, request.members, request.owned_items) == (True, True, ALL, True)


def test_each_leaver_is_listed_once() -> None:
    entries = ["Ada@example.com", {"email": "ADA@example.com", "name": "Ada"}, "5f84-id", "ada@example.com "]
    assert leaver_references(entries) == ("ada@example.com", "5f84-id")


@pytest.mark.parametrize(
    "entry", ["", None, "  ", {"name": "Ada"}, {"email": ""}, {"email": " "}, "a@", "a@b@c", "a @b"]
)
def test_leaver_without_email_or_id_is_an_error(entry: object) -> None:
    with pytest.raises(InputError, match=r"users\[1\]: "):
        leaver_references(["ada@example.com", entry])


@pytest.mark.parametrize(
    ("entry", "kind"), [(["ada@example.com"], "a list"), (7, "a number"), (1.5, "a number"), (True, "true or false")]
)
def test_leaver_of_another_type_is_an_error_that_names_the_type(entry: object, kind: str) -> None:
    with pytest.raises(InputError) as error:
        leaver_references(["ada@example.com", entry])
    assert str(error.value) == f"users[1] is {kind}, but must be an email, an id, or a dictionary with an email."
