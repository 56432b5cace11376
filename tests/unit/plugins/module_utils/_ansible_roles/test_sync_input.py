# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the input of n8n_access in the role sync: users, patterns of ignored users, and the error for empty lists."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_input import sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError

ADA, LINUS = {"email": "Ada@example.com", "team": "Sales"}, {"email": "linus@example.com", "team": "Catering"}
SALES = {"name": "Sales", "match": {"team": "Sales"}, "role": "member"}
UNMATCHED = {"name": "Unmatched", "match": {"team": "Slaes"}}
# The value of default(omit) in ansible-core before 2.19.
OMITTED = "__omit_place_holder__0123456789abcdef"


def test_people_are_divided_into_users_and_people_without_a_rule() -> None:
    assert sync_input([ADA, LINUS], [SALES, UNMATCHED], ignored_users=["*@partner.example.com"]) == {
        "people": 2,
        "users": [{"email": "ada@example.com", "role": "member", "projects": {}, "granted_by": {"role": "Sales"}}],
        "without_rule": ["linus@example.com"],
        "unmatched_rules": ["Unmatched"],
        "ignored_users": ["*@partner.example.com"],
        "ignored_patterns": ["*@partner.example.com", "linus@example.com"],
        "refusal": "",
    }


@pytest.mark.parametrize("empty", [None, "", OMITTED])
def test_empty_option_has_its_default(empty: Any) -> None:
    found = sync_input([ADA], [SALES], empty, empty, empty)
    assert found == sync_input([ADA], [SALES], "email", [], [])


def test_email_attribute_and_role_order_are_applied() -> None:
    rules = [{**SALES, "role": role, "name": role} for role in ("clerk", "auditor")]
    found = sync_input([{"mail": "a@example.com", "team": "Sales"}], rules, "mail", ["clerk", "auditor"])
    assert found["users"][0]["role"] == "auditor"
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
def test_ignored_users_are_a_list_or_comma_separated_text(ignored: Any, patterns: list[str]) -> None:
    found = sync_input([ADA], [SALES], ignored_users=ignored)
    assert found["ignored_users"] == found["ignored_patterns"] == patterns


@pytest.mark.parametrize("email", ["*@example.com", "a?b@example.com"])
def test_email_with_wildcards_matches_only_itself(email: str) -> None:
    found = sync_input([{"email": email}, ADA], [SALES])
    assert found["without_rule"] == [email] and found["ignored_users"] == []
    (pattern,) = found["ignored_patterns"]
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
def test_sync_without_users_is_refused_without_allow_empty(people: list[Any], allow_empty: bool, refusal: str) -> None:
    assert sync_input(people, [UNMATCHED], allow_empty=allow_empty)["refusal"] == refusal


@pytest.mark.parametrize(("people", "rules"), [(None, []), ("text", []), ([], None), ([{"team": "Sales"}], [])])
def test_invalid_people_or_rules_are_an_error(people: Any, rules: Any) -> None:
    with pytest.raises(InputError):
        sync_input(people, rules)
