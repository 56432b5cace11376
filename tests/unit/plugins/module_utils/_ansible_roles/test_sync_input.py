# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role sync gives to n8n_access: users by rules, patterns, and the refusal of a list without people."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_input import sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError

ADA, LINUS = {"email": "Ada@example.com", "team": "Sales"}, {"email": "linus@example.com", "team": "Catering"}
SALES = {"name": "Sales", "match": {"team": "Sales"}, "role": "member"}
IDLE = {"name": "Idle", "match": {"team": "Slaes"}}
# What ansible-core before 2.19 makes of default(omit).
OMITTED = "__omit_place_holder__0123456789abcdef"


def test_people_are_users_or_without_a_rule() -> None:
    assert sync_input([ADA, LINUS], [SALES, IDLE], ignored_users=["*@partner.example.com"]) == {
        "people": 2,
        "users": [{"email": "ada@example.com", "role": "member", "projects": {}, "granted_by": {"role": "Sales"}}],
        "without_rule": ["linus@example.com"],
        "unmatched_rules": ["Idle"],
        "ignored_users": ["*@partner.example.com"],
        "ignored_patterns": ["*@partner.example.com", "linus@example.com"],
        "refusal": "",
    }


@pytest.mark.parametrize("nothing", [None, "", OMITTED])
def test_an_option_that_is_not_given_has_its_default(nothing: Any) -> None:
    given = sync_input([ADA], [SALES], nothing, nothing, nothing)
    assert given == sync_input([ADA], [SALES], "email", [], [])


def test_options_are_passed_on() -> None:
    rules = [{**SALES, "role": role, "name": role} for role in ("clerk", "auditor")]
    given = sync_input([{"mail": "a@example.com", "team": "Sales"}], rules, "mail", ["clerk", "auditor"])
    assert given["users"][0]["role"] == "auditor"
    with pytest.raises(InputError, match="Add both to role_order"):
        sync_input([ADA], rules)


@pytest.mark.parametrize(
    ("ignored", "patterns"),
    [
        ("*@a.example, *@b.example ,", ["*@a.example", "*@b.example"]),
        (" ", []),
        (["*@a.example", OMITTED], ["*@a.example"]),
        (("a@example.com",), ["a@example.com"]),
    ],
)
def test_ignored_users_are_a_list_or_a_text_with_commas(ignored: Any, patterns: list[str]) -> None:
    given = sync_input([ADA], [SALES], ignored_users=ignored)
    assert given["ignored_users"] == given["ignored_patterns"] == patterns


@pytest.mark.parametrize("email", ["*@example.com", "a?b@example.com"])
def test_an_email_that_looks_like_a_pattern_stands_for_itself(email: str) -> None:
    given = sync_input([{"email": email}, ADA], [SALES])
    assert given["without_rule"] == [email] and given["ignored_users"] == []
    (pattern,) = given["ignored_patterns"]
    assert fnmatchcase(email, pattern)
    assert not any(fnmatchcase(other, pattern) for other in ("x@example.com", "axb@example.com", "a@example.com"))


@pytest.mark.parametrize(
    ("people", "allow_empty", "refusal"),
    [
        (
            [],
            False,
            "sync_people is empty, and nothing was changed. Set sync_allow_empty: true if this is intended.",
        ),
        (
            [ADA, LINUS],
            False,
            "No rule matches any of the 2 people, and nothing was changed. Set sync_allow_empty: true if this is intended.",
        ),
        ([], True, ""),
        ([ADA], True, ""),
    ],
)
def test_no_users_at_all_are_refused_unless_intended(people: list[Any], allow_empty: bool, refusal: str) -> None:
    assert sync_input(people, [IDLE], allow_empty=allow_empty)["refusal"] == refusal


@pytest.mark.parametrize(("people", "rules"), [(None, []), ("text", []), ([], None), ([{"team": "Sales"}], [])])
def test_what_is_wrong_in_people_and_rules_is_an_error(people: Any, rules: Any) -> None:
    with pytest.raises(InputError):
        sync_input(people, rules)
