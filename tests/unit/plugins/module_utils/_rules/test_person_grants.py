# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the combination of several grants of one person in one project."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.grants import effective_grant, read_grants
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign

ADA = {"email": "ada@example.com"}
ORDER = ("viewer", "editor", "admin")
FIRST_DAY = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)


def grant(name: str, role: str, **dates: str) -> dict[str, Any]:
    return {"name": name, "match": {}, "projects": {"P": role}, **dates}


def denial(name: str, **dates: str) -> dict[str, Any]:
    return {"name": name, "match": {}, "deny": ["P"], **dates}


def user_from(*rules: dict[str, Any], role_order: Any = ()) -> dict[str, Any]:
    return assign([ADA], list(rules), role_order=role_order).users[0]


@pytest.mark.parametrize(
    ("rules", "expected", "granted_by"),
    [
        (
            [grant("a", "editor"), grant("b", "admin", until="2026-12-31")],
            [{"role": "admin", "until": "2026-12-31", "granted_by": "b"}, {"role": "editor", "granted_by": "a"}],
            {},
        ),
        # A dated grant of a lower or the same role has no effect
        ([grant("a", "viewer", until="2026-12-31"), grant("b", "editor")], "editor", {"projects": {"P": "b"}}),
        ([grant("a", "editor", until="2026-12-31"), grant("b", "editor")], "editor", {"projects": {"P": "b"}}),
        (
            [grant("a", "editor", until="2026-12-31"), grant("b", "editor", until="2026-12-30")],
            {"role": "editor", "until": "2026-12-31", "granted_by": "a"},
            {},
        ),
        (
            [grant("a", "admin"), denial("b", until="2026-12-31")],
            [{"state": "absent", "until": "2026-12-31", "granted_by": "b"}, {"role": "admin", "granted_by": "a"}],
            {},
        ),
        # The end of a role removes the membership, and the end of a denial does not
        (
            [grant("a", "admin", until="2026-12-30"), denial("b", until="2026-12-31")],
            [
                {"state": "absent", "until": "2026-12-31", "granted_by": "b"},
                {"role": "admin", "until": "2026-12-30", "granted_by": "a"},
            ],
            {},
        ),
        ([grant("a", "admin", until="2026-12-30"), denial("b")], {"state": "absent"}, {"denied": {"P": "b"}}),
    ],
)
def test_grants_are_ordered_by_precedence(rules: list[Any], expected: Any, granted_by: dict[str, Any]) -> None:
    assert user_from(*rules) == {"email": "ada@example.com", "projects": {"P": expected}, "granted_by": granted_by}


@pytest.mark.parametrize(
    ("rules", "is_clear"),
    [
        ([grant("a", "X"), grant("b", "Y")], False),
        ([grant("a", "X", until="2026-12-31"), grant("b", "Y", **{"from": "2027-01-01"})], True),
        ([grant("a", "X", until="2026-12-31"), grant("b", "Y", **{"from": "2026-12-31"})], False),
        ([grant("a", "X", until="2026-12-31"), grant("b", "Y", until="9999-12-31")], False),
        ([grant("a", "X"), grant("b", "Y"), denial("c")], True),
        ([grant("a", "X"), grant("b", "Y"), denial("c", until="2026-12-31")], False),
        ([grant("a", "low"), grant("b", "Y"), grant("c", "high")], False),
        ([grant("a", "low"), grant("b", "high")], True),
    ],
)
def test_roles_of_unknown_order_are_an_error_only_at_the_same_time(rules: list[Any], is_clear: bool) -> None:
    if is_clear:
        assert user_from(*rules, role_order=["low", "high"])
    else:
        with pytest.raises(InputError, match='ada@example.com: rule "[abc]" gives .* in project "P"'):
            user_from(*rules, role_order=["low", "high"])


def test_role_that_is_higher_than_two_of_unknown_order_is_clear_while_it_is_given() -> None:
    rules = [grant("a", "admin"), grant("b", "X"), grant("c", "Y")]
    orders = {"role_order": ["X", "admin"]}
    with pytest.raises(InputError, match="the order of these roles is unknown"):
        user_from(*rules, **orders)
    rules[2]["until"] = "2026-12-31"
    rules[2]["projects"] = {"P": "viewer"}
    assert user_from(*rules, **orders)["projects"] == {"P": "admin"}


days = st.none() | st.integers(0, 5)
some_grants = st.lists(st.tuples(st.sampled_from([*ORDER, "deny"]), days, days), min_size=1, max_size=5)


@given(some_grants, st.integers(0, 6))
def test_first_grant_in_force_is_the_right_one_on_each_day(grants: list[Any], day: int) -> None:
    """The list of grants has the same effect on each day as the rules of this day have without dates."""
    rules, in_force = [], []
    for number, (role, first, last) in enumerate(grants):
        if first is not None and last is not None and first > last:
            first, last = last, first
        dates = {key: f"2026-12-0{1 + value}" for key, value in (("from", first), ("until", last)) if value is not None}
        name = str(number)
        rules.append(denial(name, **dates) if role == "deny" else grant(name, role, **dates))
        if (first is None or first <= day) and (last is None or day <= last):
            in_force.append(role)
    found = effective_grant(read_grants(user_from(*rules)["projects"]["P"], "P"), FIRST_DAY + timedelta(days=day))
    active = found if found is not None and found.phase(FIRST_DAY + timedelta(days=day)) == "active" else None
    if "deny" in in_force:
        assert active is not None and active.absent
    elif in_force:
        assert active is not None and active.role == max(in_force, key=ORDER.index)
    else:
        assert active is None
