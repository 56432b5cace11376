# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the attributes that rules name and no person has, and values that are almost those of leavers."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import PeopleOptions, assign
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.matching import has_attribute


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", True),
        ("name.family", True),
        ("name.given", False),
        ("empty", True),
        ("empty.x", False),
        ("none", True),
        ("urn:2.0:User.team", True),
        ("urn:2.0:User", True),
        ("urn:2.0:User.manager", False),
        ("emails.0.value", True),
        ("emails.value", True),
        ("emails.1.value", False),
        ("emails.1", False),
        ("emails.0", True),
        ("emails.kind", False),
        ("groups.display", False),
        ("caf\u00e9", True),
        ("cafe\u0301", True),
        ("missing", False),
    ],
)
def test_attribute_exists_if_its_key_exists(path: str, expected: bool) -> None:
    person = {
        "name": {"family": ""},
        "empty": "",
        "none": None,
        "urn:2.0:User": {"team": "x"},
        "emails": [{"value": None}],
        "groups": [],
        "cafe\u0301": 1,
    }
    assert has_attribute(person, path) is expected


def rule(name: str, match: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"name": name, "match": match, "projects": {"P": "viewer"}, **keys}


def test_unknown_attribute_of_match_causes_one_warning_with_the_nearest_attribute() -> None:
    people = [{"email": "a@example.com", "org": {"department": ""}}, {"email": "b@example.com", "title": "x"}]
    rules = [
        rule("A", {"org.departmnt": "x"}),
        rule("B", {"org.departmnt": "y", "title": "x"}),
        rule("C", {"zzz": "x"}),
    ]
    assert assign(people, rules).warnings == [
        'No person has the attribute "org.departmnt", which the match of rule "A" and 1 more names. '
        'Did you mean "org.department"?',
        'No person has the attribute "zzz", which the match of rule "C" names.',
    ]
    assert assign([], rules).warnings == []


@pytest.mark.parametrize("value", ["", None, [], "active"])
def test_key_without_a_value_counts_as_attribute(value: Any) -> None:
    people = [{"email": "a@example.com"}, {"email": "b@example.com", "status": value, "end": ""}]
    options = PeopleOptions(leaver_match={"status": "terminated"})
    assert len(assign(people, [rule("A", {}, until="end")], options=options).users) == 2


def test_unknown_attribute_of_leavers_and_of_dates_is_an_error() -> None:
    people = [{"email": "a@example.com", "sttus": "", "ends": ""}]
    options = PeopleOptions(leaver_match={"status": "terminated"})
    with pytest.raises(InputError) as error:
        assign(people, [rule("A", {}, until="end")], options=options)
    assert str(error.value).splitlines() == [
        'leaver_match: no person has the attribute "status". Did you mean "sttus"? If no listed person leaves, add the '
        "attribute to the people with an empty value.",
        'rules[0] ("A"): until: "end" is neither a date such as 2026-12-01 nor an attribute of any person. '
        'Did you mean "ends"?',
    ]
    assert assign([], [rule("A", {}, until="end")], options=options).users == []


def almost(value: str, wanted: str = "terminated", attribute: str = "status") -> str:
    return (
        f'1 person has the value "{value}" in the attribute "{attribute}". This differs from "{wanted}" in leaver_match only in '
        "upper and lower case or spaces, so this person is not a leaver. Correct the list, or add the value to leaver_match."
    )


def leaver_warnings(match: dict[str, Any], *people: dict[str, Any]) -> list[str]:
    rows = [{"email": f"p{number}@example.com", **person} for number, person in enumerate(people)]
    # The rules have a value in another case too, which causes no warning.
    rules = [rule("A", {"status": "ACTIVE"})]
    return assign(rows, rules, options=PeopleOptions(leaver_match=match)).warnings


@pytest.mark.parametrize("value", ["Terminated", "TERMINATED", " terminated", "terminated  ", "\tTerminated\u00a0"])
@pytest.mark.parametrize("wanted", ["terminated", ["left", "terminated"]])
def test_value_that_differs_from_that_of_leavers_in_case_or_spaces_causes_a_warning(value: str, wanted: Any) -> None:
    found = leaver_warnings({"status": wanted}, {"status": value}, {"status": "active"})
    assert found == [almost(value.replace("\t", "\\t"))]


def test_warning_about_values_of_leavers_counts_people() -> None:
    people = [{"status": value} for value in ("Terminated", "Terminated", "terminated", "terminated ", "active")]
    assert leaver_warnings({"status": "terminated"}, *people) == [
        '2 people have the value "Terminated" in the attribute "status". This differs from "terminated" in leaver_match only in '
        "upper and lower case or spaces, so these people are not leavers. Correct the list, or add the value to leaver_match.",
        almost("terminated "),
    ]
    assert leaver_warnings({"status": " terminated"}, {"status": "terminated"}) == [almost("terminated", " terminated")]


@pytest.mark.parametrize(
    ("match", "person"),
    [
        ({"status": "terminated"}, {"status": "terminated"}),
        ({"status": "terminated"}, {"status": "terminating"}),
        ({"status": "terminated"}, {"status": ["Terminated", "terminated"]}),
        ({"status": ["Terminated", "terminated"]}, {"status": "Terminated"}),
        ({"status": "~(?i)terminated"}, {"status": "Terminated"}),
        ({"status": True}, {"status": "TRUE"}),
        # The other attribute excludes the person in any case.
        ({"status": "terminated", "company": "A"}, {"status": "Terminated", "company": "B"}),
    ],
)
def test_other_values_of_leavers_cause_no_warning(match: dict[str, Any], person: dict[str, Any]) -> None:
    assert leaver_warnings(match, person) == []


def test_each_attribute_that_prevents_the_match_of_a_leaver_causes_a_warning() -> None:
    match = {"status": "terminated", "company": "A", "type": "staff"}
    person = {"status": "Terminated", "company": "A", "type": ["Staff", "other"]}
    assert leaver_warnings(match, person) == [almost("Terminated"), almost("Staff", "staff", "type")]
