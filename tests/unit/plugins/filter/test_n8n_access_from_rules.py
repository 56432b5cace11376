# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter n8n_access_from_rules: all results, and errors as AnsibleFilterError."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from jinja2 import StrictUndefined

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_access_from_rules import FilterModule, n8n_access_from_rules

PEOPLE = [{"mail": "Ada@example.com", "team": "Sales"}, {"mail": "grace@example.com"}]
RULES = [
    {"name": "a", "match": {"team": "Sales"}, "projects": {"P": "viewer"}},
    {"name": "b", "match": {"team": "Sales"}, "projects": {"P": "Auditor"}},
]


# An undefined variable, as ansible-core before 2.19 passes it to a filter.
UNDEFINED = StrictUndefined(name="nobody")


def test_each_result_has_documented_content() -> None:
    options: dict[str, object] = {"email_attribute": "mail", "role_order": ["viewer", "Auditor"]}
    assert n8n_access_from_rules(PEOPLE, RULES, **options) == [
        {"email": "ada@example.com", "projects": {"P": "Auditor"}, "granted_by": {"projects": {"P": "b"}}}
    ]
    assert n8n_access_from_rules(PEOPLE, RULES, **options, result="without_rule") == ["grace@example.com"]
    unmatched = [*RULES, {"name": "0", "match": {"team": "Slaes"}}, {"name": "c", "match": {"mail": []}}]
    assert n8n_access_from_rules(PEOPLE, unmatched, **options, result="unmatched_rules") == ["0", "c"]
    assert n8n_access_from_rules([], RULES, **options, result="unmatched_rules") == ["a", "b"]
    exceptions = [
        {"email": "eve@example.com", "project": "P", "role": "viewer"},
        {"email": "grace@example.com", "project": "P", "role": "viewer", "until": "2026-12-31"},
    ]
    options["exceptions"] = exceptions
    assert n8n_access_from_rules(PEOPLE, RULES, **options, now="2027-01-01", result="without_rule") == [
        "grace@example.com"
    ]
    assert n8n_access_from_rules(PEOPLE, RULES, **options, now="2026-12-31", result="without_rule") == []
    assert n8n_access_from_rules(PEOPLE, RULES, **options, result="unused_exceptions") == [
        {"email": "eve@example.com", "project": "P", "reason": "the person is not listed"}
    ]
    (warning,) = n8n_access_from_rules(PEOPLE, [{"name": "d", "match": {"tema": "x"}}], **options, result="warnings")
    assert warning == ('No person has the attribute "tema", which the match of rule "d" names. Did you mean "team"?')
    assert FilterModule().filters() == {"n8n_access_from_rules": n8n_access_from_rules}


def test_warnings_are_shown_with_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, message: shown.append(message))
    rules = [{"name": "d", "match": {"tema": "x"}}]
    for result in ("without_rule", "warnings"):
        returned = n8n_access_from_rules(PEOPLE, rules, "mail", result=result)
        assert shown == []
    assert n8n_access_from_rules(PEOPLE, rules, "mail") == [] and shown == returned


@pytest.mark.parametrize(
    ("people", "rules", "options", "message"),
    [
        (PEOPLE, RULES, {}, r'people\[0\] has no email.*Did you mean "mail"'),
        (PEOPLE, RULES, {"email_attribute": "mail"}, "Add both to role_order"),
        (PEOPLE, RULES, {"email_attribute": "mail", "result": "without_rule"}, "Add both to role_order"),
        (PEOPLE, [{"name": "a"}], {"email_attribute": "mail"}, r'rules\[0\] \("a"\): match is required'),
        (PEOPLE, None, {"email_attribute": "mail"}, "rules: a list of rules is required, but this is nothing"),
        (UNDEFINED, RULES, {}, "'nobody' is undefined"),
        (PEOPLE, UNDEFINED, {}, "'nobody' is undefined"),
        ([UNDEFINED], RULES, {}, "'nobody' is undefined"),
        ([{"email": UNDEFINED}], RULES, {}, "'nobody' is undefined"),
        ([{"email": "a@example.com", "team": UNDEFINED}], RULES, {}, "'nobody' is undefined"),
        (PEOPLE, [UNDEFINED], {}, "'nobody' is undefined"),
        (PEOPLE, [{"name": "a", "match": UNDEFINED}], {}, "'nobody' is undefined"),
        (PEOPLE, [{"name": "a", "match": {"team": UNDEFINED}}], {}, "'nobody' is undefined"),
        (PEOPLE, [{"name": "a", "match": {}, "role": UNDEFINED}], {}, "'nobody' is undefined"),
        (PEOPLE, [{"name": "a", "match": {}, "deny": [UNDEFINED]}], {}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"email_attribute": UNDEFINED}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"role_order": UNDEFINED}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"exceptions": UNDEFINED}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"exceptions": [{"email": UNDEFINED}]}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"now": UNDEFINED}, "'nobody' is undefined"),
        (PEOPLE, RULES, {"now": "soon"}, 'now: "soon" is not a date'),
        (PEOPLE, RULES, {"result": UNDEFINED}, "'nobody' is undefined"),
        (object(), RULES, {}, "people: a list of people is required, but this is something else"),
        (
            PEOPLE,
            RULES,
            {"result": "leavers"},
            'result must be users, .* unused_exceptions or warnings, but is "leavers"',
        ),
        (
            PEOPLE,
            RULES,
            {"result": ["users"]},
            "result must be users, without_rule, unmatched_rules, unused_exceptions or warnings",
        ),
    ],
)
def test_invalid_input_raises_filter_error(
    people: object, rules: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(AnsibleFilterError, match=f"n8n_access_from_rules: (?s:.*){message}"):
        n8n_access_from_rules(people, rules, **options)
