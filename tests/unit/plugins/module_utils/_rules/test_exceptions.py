# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test exceptions: their effect, their errors, and exceptions without effect."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import PeopleOptions, assign

NOW = datetime(2026, 12, 15, tzinfo=timezone.utc)
OMITTED = "__omit_place_holder__0123456789abcdef"
ADA, BOB = {"email": "ada@example.com", "team": "Sales"}, {"email": "bob@example.com", "team": "Catering"}
SALES = {"name": "Sales", "match": {"team": "Sales"}, "projects": {"P": "viewer"}}


def exception(**keys: Any) -> dict[str, Any]:
    """Return an exception that gives Ada the role editor in project P."""
    return {"email": "Ada@example.com", "project": "P", "role": "editor", **keys}


def denial(**keys: Any) -> dict[str, Any]:
    """Return an exception that denies Ada project P."""
    return {"email": "ada@example.com", "project": "P", "deny": True, **keys}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([exception()], {"role": "editor", "granted_by": "exception"}),
        ([exception(deny=False, reason="cover")], {"role": "editor", "granted_by": "exception: cover"}),
        (
            [exception(reason="parental leave cover", approved_by="grace@example.com", until="2026-12-31")],
            [
                {
                    "role": "editor",
                    "until": "2026-12-31",
                    "granted_by": "exception: parental leave cover (approved by grace@example.com)",
                },
                {"role": "viewer", "granted_by": "Sales"},
            ],
        ),
        ([denial(approved_by="Bo")], {"state": "absent", "granted_by": "exception (approved by Bo)"}),
        (
            [denial(**{"from": "2027-01-01"})],
            [
                {"state": "absent", "from": "2027-01-01", "granted_by": "exception"},
                {"role": "viewer", "granted_by": "Sales"},
            ],
        ),
        # Identical exceptions
        ([exception(), exception()], {"role": "editor", "granted_by": "exception"}),
        # A grant and a denial one after the other, in any order of the list
        (
            [exception(**{"from": "2027-02-01"}), denial(until="2027-01-31")],
            [
                {"state": "absent", "until": "2027-01-31", "granted_by": "exception"},
                {"role": "editor", "from": "2027-02-01", "granted_by": "exception"},
                {"role": "viewer", "granted_by": "Sales"},
            ],
        ),
    ],
)
def test_exception_has_precedence_over_rules(given: list[dict[str, Any]], expected: Any) -> None:
    (user,) = assign([ADA], [SALES], exceptions=given, now=NOW).users
    assert user == {"email": "ada@example.com", "projects": {"P": expected}, "granted_by": {}}


def test_exception_overrides_deny_of_rule() -> None:
    rules = [SALES, {"name": "No", "match": {}, "deny": ["P"]}]
    (user,) = assign([ADA], rules, exceptions=[exception()], now=NOW).users
    assert user["projects"] == {"P": {"role": "editor", "granted_by": "exception"}}


@pytest.mark.parametrize(
    ("keys", "is_matched"),
    [({}, True), ({"until": "2026-12-15"}, True), ({"until": "2026-12-14"}, False), ({"from": "2026-12-16"}, False)],
)
def test_person_without_rule_is_matched_only_by_active_exception(keys: dict[str, Any], is_matched: bool) -> None:
    found = assign([ADA, BOB], [SALES], exceptions=[exception(email="bob@example.com", **keys)], now=NOW)
    assert ([user["email"] for user in found.users] == ["ada@example.com", "bob@example.com"]) is is_matched
    assert found.without_rule == ([] if is_matched else ["bob@example.com"])
    assert found.unused_exceptions == []
    if is_matched:
        assert list(found.users[1]["projects"]) == ["P"]


def test_exceptions_of_leavers_and_unlisted_people_are_reported() -> None:
    given = [exception(email="eve@example.com"), exception(project="Q"), denial(), exception(email="bob@example.com")]
    options = PeopleOptions(leaver_match={"team": "Sales"})
    found = assign([ADA, BOB], [SALES], exceptions=given, now=NOW, options=options)
    assert found.unused_exceptions == [
        {"email": "ada@example.com", "project": "P", "reason": "the person is a leaver"},
        {"email": "ada@example.com", "project": "Q", "reason": "the person is a leaver"},
        {"email": "eve@example.com", "project": "P", "reason": "the person is not listed"},
    ]
    assert found.leavers == ["ada@example.com"] and [user["email"] for user in found.users] == ["bob@example.com"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text", "exceptions: a list of exceptions is required, but this is text"),
        (["ada"], r"exceptions\[0\] is text, but an exception must be a dictionary"),
        ([{"project": "P", "role": "editor"}], r'exceptions\[0\] \(project "P"\): email is required'),
        ([exception(email="")], "email is required"),
        ([exception(project=None)], r"exceptions\[0\] \(Ada@example.com\): project is required"),
        ([exception(rol="x")], r'exceptions\[0\]: unknown key "rol".*Did you mean "role"'),
        ([exception(email="ada")], r'exceptions\[0\] \(ada, project "P"\): email: "ada" is not an email address'),
        ([exception(deny=True)], r'\(Ada@example.com, project "P"\): set either role or deny: true, not both\.'),
        ([exception(role="")], r"set either role or deny: true\."),
        ([exception(role=None, deny=False)], "set either role or deny"),
        ([exception(role=None, deny="yes")], "deny must be true or false, but is text"),
        ([exception(role="global:admin")], 'role: "global:admin" is an instance role'),
        ([exception(until="soon")], r'exceptions\[0\] \(Ada@example.com, project "P"\): until: "soon" is not a date'),
        ([exception(**{"from": "2027-01-01", "until": "2026-01-01"})], "from .* is after until"),
        ([exception(until=OMITTED)], "until is omitted, and without it the exception would apply longer"),
        ([exception(reason=["x"])], "reason must be text, but is a list"),
        (
            [exception(until="2026-12-31"), denial(**{"from": "2026-12-31"})],
            r'exceptions\[0\] \(Ada@example.com, project "P"\) and exceptions\[1\] .*: the role "editor" and deny apply',
        ),
        ([exception(), exception(role="admin")], 'the role "editor" and the role "admin" apply at the same time'),
    ],
)
def test_invalid_exception_is_rejected_with_its_place(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([ADA], [SALES], exceptions=given, now=NOW)


@pytest.mark.parametrize("empty", [None, "", [], (), OMITTED, [OMITTED]])
def test_exceptions_may_be_empty(empty: Any) -> None:
    assert assign([ADA], [SALES], exceptions=empty) == assign([ADA], [SALES])


def test_exceptions_of_two_spellings_of_a_role_agree() -> None:
    (user,) = assign([ADA], [], exceptions=[exception(), exception(role="project:editor", reason="x")], now=NOW).users
    assert user["projects"]["P"] == {"role": "editor", "granted_by": "exception"}
