# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the dates of rules: as dates, and as attributes of people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign

# The value of default(omit) in ansible-core before 2.19.
OMITTED = "__omit_place_holder__0123456789abcdef"
ADA = {"email": "ada@example.com", "start": "2026-12-01", "end": "", "ends": ["2027-01-31"]}


def rule(name: str = "a", **keys: Any) -> dict[str, Any]:
    """Return a rule for all people, which gives the role viewer in project P."""
    return {"name": name, "match": {}, "projects": {"P": "viewer"}, **keys}


def project_of(*rules: dict[str, Any], person: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return the grants of Ada in project P."""
    (user,) = assign([person or ADA], list(rules), **options).users
    return user["projects"]["P"]


@pytest.mark.parametrize(
    ("keys", "dates"),
    [
        ({"from": "2026-12-01"}, {"from": "2026-12-01"}),
        ({"until": date(2027, 1, 31)}, {"until": "2027-01-31"}),
        (
            {"from": " 2026-12-01 ", "until": "2027-01-31T12:00:00+02:00"},
            {"from": "2026-12-01", "until": "2027-01-31T10:00:00Z"},
        ),
        ({"from": "start", "until": "2027-01-31"}, {"from": "2026-12-01", "until": "2027-01-31"}),
        ({"from": "start", "until": "end"}, {"from": "2026-12-01"}),
        ({"from": "start", "until": "ends"}, {"from": "2026-12-01", "until": "2027-01-31"}),
    ],
)
def test_dates_of_rule_are_dates_of_grant(keys: dict[str, Any], dates: dict[str, str]) -> None:
    assert project_of(rule(**keys)) == {"role": "viewer", **dates, "granted_by": "a"}
    denial = project_of({**rule(**keys, deny=["P"]), "projects": None})
    assert denial == {"state": "absent", **dates, "granted_by": "a"}


@pytest.mark.parametrize("keys", [{"from": ""}, {"from": None, "until": " "}, {"until": "end"}])
def test_grant_without_date_has_simple_form(keys: dict[str, Any]) -> None:
    assert assign([ADA], [rule(**keys)]).users == [
        {"email": "ada@example.com", "projects": {"P": "viewer"}, "granted_by": {"projects": {"P": "a"}}}
    ]


def test_each_person_has_own_dates() -> None:
    people = [{"email": f"p{number}@example.com", "end": f"2027-01-0{number}"} for number in (1, 2)]
    users = assign([*people, {"email": "p3@example.com"}], [rule(until="end")]).users
    assert [user["projects"]["P"] for user in users] == [
        {"role": "viewer", "until": "2027-01-01", "granted_by": "a"},
        {"role": "viewer", "until": "2027-01-02", "granted_by": "a"},
        "viewer",
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"from": 7}, r'rules\[0\] \("a"\): from must be a date or the name of an attribute, but is a number'),
        ({"until": ["end"]}, "until must be a date or the name of an attribute, but is a list"),
        ({"until": "2026-13-01"}, r'rules\[0\] \("a"\): until: "2026-13-01" is not a date'),
        ({"until": "2026-12-01T10:00"}, "has a time without a time zone"),
        ({"from": "2026-12-02", "until": "2026-12-01"}, r"from \(2026-12-02\) is after until \(2026-12-01\)"),
        ({"from": OMITTED}, r'rules\[0\] \("a"\): from is omitted, and without it the rule would give more'),
        ({"until": OMITTED}, "until is omitted"),
        ({"from": "2026-12-01", "role": "member"}, r'rules\[0\] \("a"\): .* cannot give an instance role'),
        ({"from": "2026-12-01", "projects": {}}, "apply to projects and deny, and the rule has neither"),
        ({"until": "contract_end"}, r'until: "contract_end" is neither a date .* nor an attribute of any person'),
        ({"until": "stat"}, 'Did you mean "start"'),
    ],
)
def test_invalid_date_of_rule_is_rejected(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([ADA], [rule(**keys)])


def test_attribute_of_date_is_not_required_without_people() -> None:
    assert assign([], [rule(until="contract_end")]).users == []


@pytest.mark.parametrize(
    ("person", "message"),
    [
        ({"end": "31.01.2027"}, r'people\[0\] \(name: Ada\): end: "31.01.2027" is not a date'),
        ({"end": 20270131}, "is not a date"),
        ({"end": ["2027-01-31", "2027-02-28"]}, "end has 2 values, but a date is one value"),
        ({"start": "2027-02-01", "end": "2027-01-31"}, r"start \(2027-02-01\) is after end \(2027-01-31\)"),
        ({"start": "x"}, r'start: "x" is not a date'),
    ],
)
def test_invalid_date_of_matched_person_is_rejected(person: dict[str, Any], message: str) -> None:
    people = [{"email": "ada@example.com", "name": "Ada", "start": "", "end": "", **person}]
    rules = [rule(**{"from": "start", "until": "end"})]
    with pytest.raises(InputError, match=message):
        assign(people, rules)
    rules[0]["match"] = {"name": "Grace"}
    assert assign(people, rules).without_rule == ["ada@example.com"]
