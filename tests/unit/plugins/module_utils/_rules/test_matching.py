# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test how values of rules match attributes of people, and how attributes are found."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.matching import Values, find_attribute, matcher

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCIM = {
    "userName": "ada",
    "name": {"familyName": "Lovelace", "givenName": "Ada"},
    "emails": [{"value": "Ada@Example.com", "primary": True}, {"value": "ada@home.example"}],
    "groups": [{"value": "1", "display": "Sales"}, {"value": "2", "display": "Managers"}, "odd"],
    "name.nickName": "Countess",
    ENTERPRISE: {"department": "Engines", "manager": {"displayName": "Charles"}},
}


def matches_value(wanted: object, has: object) -> bool:
    return matcher(wanted, "match.x").matches(Values.of({"x": has}, "x"))


@pytest.mark.parametrize(
    ("wanted", "has", "expected"),
    [
        ("Sales", "Sales", True),
        ("Sales", "sales", False),
        ("Sales", "Sales EMEA", False),
        ("Zürich", "Zürich", True),
        # Composed and decomposed letters
        ("Z\u00fcrich", "Zu\u0308rich", True),
        ("Zu\u0308rich", "Z\u00fcrich", True),
        (["Basel", "Zu\u0308rich"], ["Z\u00fcrich"], True),
        ("Z?rich*", "Zu\u0308rich West", True),
        ("Zu\u0308*", "Z\u00fcrich", True),
        ("~Z[\u00fcu]rich$", "Zu\u0308rich", True),
        ("~Zu\u0308", "Z\u00fcrich", True),
        ("Zurich", "Zu\u0308rich", False),
        # Numbers and text
        (4711, "4711", True),
        ("4711", 4711, True),
        (4711, 4711, True),
        (1.5, "1.5", True),
        (0, 0, True),
        (1, True, False),
        (date(2026, 1, 2), "2026-01-02", True),
        # Booleans
        (True, True, True),
        (True, "TRUE", True),
        ("True", True, True),
        ("TRUE", "true", True),
        (False, False, True),
        (False, "False", True),
        (True, False, False),
        (False, "", False),
        # Lists in the rule or in the attribute
        (["Sales", "Support"], "Support", True),
        (["Sales", "Support"], "HR", False),
        ("Sales", ["HR", "Sales"], True),
        ([1, "b"], ["a", "1"], True),
        (["a"], ["b", "c"], False),
        ([], "Sales", False),
        (("a",), [("b", ["a"])], True),
        ("a", {"a"}, True),
        # Wildcards match the whole value
        ("Sales*", "Sales EMEA", True),
        ("Sales*", "Sales", True),
        ("Sales*", "Inside Sales", False),
        ("*Sales", "Inside Sales", True),
        ("*a*c*", "abcd", True),
        ("S?les", "Sales", True),
        ("S?les", "Sles", False),
        ("*", "anything", True),
        ("*", "two\nlines", True),
        ("a*", "a\n", True),
        ("a?", "a\n\n", False),
        ("[ab]*", "a1", False),
        ("[ab]*", "[ab]1", True),
        ("!a*", "b", False),
        ("a.c*", "abc", False),
        ("4?11", 4711, True),
        ("s*", "Sales", False),
        (["x*", "S*"], "Sales", True),
        ("tr*", True, True),
        # Regular expressions match from the beginning
        ("~Sales|Support", "Support EMEA", True),
        ("~Sales$", "Sales EMEA", False),
        ("~ales", "Sales", False),
        ("~(?i)sales", "SALES", True),
        ("~.*[0-9]{2}", "a12", True),
        ("~47", 4711, True),
        ("a~", "a~", True),
        # Missing and empty values
        ("*", None, False),
        ("*", "", False),
        ("*", " ", False),
        ("~", None, None),
        ("~.*", "", False),
        ("*", [], False),
        ("*", [None, ""], False),
        ("*", {"a": "b"}, False),
        ("*", [{"a": "b"}], False),
        ("None", None, False),
    ],
)
def test_value_matches_attribute(wanted: object, has: object, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(InputError):
            matches_value(wanted, has)
    else:
        assert matches_value(wanted, has) is expected


def test_missing_attribute_never_matches() -> None:
    assert not matcher("*", "match.x").matches(Values.of({"y": "a"}, "x"))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, "match.x is blank"),
        ("", "match.x is blank"),
        ("  ", "match.x is blank"),
        (["a", None], "match.x is blank"),
        ({"a": "b"}, "but is a dictionary"),
        (["a", ["b"]], "but is a list"),
        ("~", "match.x: ~ must be followed by a regular expression"),
        ("~ ", "match.x: ~ must be followed by a regular expression"),
        ("~(", r'match.x: "~\(" is not a valid regular expression \(missing \)'),
        (["a", "~["], r'match.x: "~\[" is not a valid regular expression'),
        ("~a{99999999999999999999}", "is not a valid regular expression"),
    ],
)
def test_invalid_value_of_a_rule_is_an_error(wanted: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        matcher(wanted, "match.x")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("userName", "ada"),
        ("name.familyName", "Lovelace"),
        ("name.nickName", "Countess"),
        ("name", {"familyName": "Lovelace", "givenName": "Ada"}),
        ("emails.0.value", "Ada@Example.com"),
        ("emails.1.value", "ada@home.example"),
        ("emails.2.value", None),
        ("emails.-1.value", None),
        ("emails.0", {"value": "Ada@Example.com", "primary": True}),
        ("emails.value", ["Ada@Example.com", "ada@home.example"]),
        ("emails.primary", [True]),
        ("groups.display", ["Sales", "Managers"]),
        ("groups.name", None),
        (f"{ENTERPRISE}.department", "Engines"),
        (f"{ENTERPRISE}.manager.displayName", "Charles"),
        (f"{ENTERPRISE}.team", None),
        ("userName.x", None),
        ("nothing", None),
        ("nothing.at.all", None),
        (".", None),
    ],
)
def test_attribute_is_found_by_its_path(path: str, expected: object) -> None:
    assert find_attribute(SCIM, path) == expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ({"a.b": 1, "a": {"b": 2}}, 1),
        ({"a.b": None, "a": {"b": 2}}, None),
        ({"a": {"b": 2}}, 2),
        ({"A.b": 1}, None),
    ],
)
def test_exact_key_has_priority_over_a_path(person: dict[str, Any], expected: object) -> None:
    assert find_attribute(person, "a.b") == expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ({"a.b": {"c": 1}, "a": {"b.c": 2}}, 1),
        ({"a.b": {"x": 1}, "a": {"b.c": 2}}, 2),
        ({"a.b": {"x": 1}, "a": {"b": [{"c": 3}]}}, [3]),
    ],
)
def test_longest_key_with_a_value_has_priority(person: dict[str, Any], expected: object) -> None:
    assert find_attribute(person, "a.b.c") == expected


@given(st.text(), st.text())
def test_text_without_wildcards_matches_only_itself(wanted: str, has: str) -> None:
    plain = wanted.strip() and not wanted.startswith("~") and not set("*?") & set(wanted)
    if plain and wanted.lower() not in ("true", "false"):
        assert matches_value(wanted, wanted)
        assert matches_value(wanted, has) is (wanted == has)


@given(st.text(alphabet="ab*?[].", min_size=1, max_size=8), st.text(alphabet="ab[].", min_size=1, max_size=12))
def test_wildcards_match_like_a_recursive_implementation(pattern: str, text: str) -> None:
    def matches_recursively(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return matches_recursively(left[1:], right) or bool(right and matches_recursively(left, right[1:]))
        return bool(right) and left[0] in ("?", right[0]) and matches_recursively(left[1:], right[1:])

    assert matches_value(pattern, text) is matches_recursively(pattern, text)
