# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of roles: names, and errors as AnsibleFilterError. Tests of module_utils cover the results."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from jinja2 import StrictUndefined

from ansible_collections.lifecycle.n8n.plugins.filter import (
    n8n_onboarding_removals,
    n8n_report_model,
    n8n_sync_input,
    n8n_sync_summary,
)

ACCESS: dict[str, Any] = {"server": "https://n8n.example.com", "people": [], "projects": []}
RULES = [{"name": "Sales", "match": {"team": "Sales"}, "role": "member"}]
PEOPLE = [{"email": "ada@example.com", "team": "Sales"}]
UNDEFINED = StrictUndefined(name="undefined_variable")


@pytest.mark.parametrize("file", [n8n_onboarding_removals, n8n_report_model, n8n_sync_input, n8n_sync_summary])
def test_filter_has_name_of_file(file: Any) -> None:
    name = file.__name__.rpartition(".")[2]
    assert file.FilterModule().filters() == {name: getattr(file, name)}


def test_report_model_contains_date() -> None:
    found = n8n_report_model.n8n_report_model(ACCESS, [], "2026-01-31")
    assert found["report"]["date"] == "2026-01-31"
    assert n8n_report_model.n8n_report_model(ACCESS)["report"]["date"] == ""


@pytest.mark.parametrize(
    ("access", "roles"),
    [
        ("text", []),
        (None, []),
        ({"people": []}, []),
        ({**ACCESS, "people": [{}]}, []),
        (ACCESS, [{"name": "x"}]),
        (ACCESS, 7),
    ],
)
def test_report_model_refuses_invalid_input(access: Any, roles: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_report_model needs the result of n8n_access_info"):
        n8n_report_model.n8n_report_model(access, roles, "")


def test_onboarding_removals_exclude_restored_users() -> None:
    demotion = {"action": "change_user_role", "user": "ada@example.com", "after": "global:chatUser"}
    assert n8n_onboarding_removals.n8n_onboarding_removals({"plan": [demotion]}) == ["ada@example.com"]
    restored = {"plan": [demotion], "restored": [{"email": "ada@example.com"}]}
    assert n8n_onboarding_removals.n8n_onboarding_removals(restored) == []


@pytest.mark.parametrize("result", ["text", None, [], {}, {"plan": [{}]}, {"plan": 7}, {"plan": [], "restored": [{}]}])
def test_onboarding_removals_refuses_invalid_input(result: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_onboarding_removals needs the result of n8n_access"):
        n8n_onboarding_removals.n8n_onboarding_removals(result)


def test_sync_input_is_accepted_by_sync_summary() -> None:
    sync_input = n8n_sync_input.n8n_sync_input(PEOPLE, RULES, "email", [], "a@example.com, b@example.com", False, None)
    assert sync_input["ignored_patterns"] == ["a@example.com", "b@example.com"] and sync_input["refusal"] == ""
    for applied in (None, {}, {"skipped": True}):
        found = n8n_sync_summary.n8n_sync_summary(
            sync_input, {"plan": [], "changed": False}, applied, "2026-01-31T00:00:00Z"
        )
        assert found["record"]["state"] == "done"


@pytest.mark.parametrize(
    ("people", "rules", "options", "message"),
    [
        (PEOPLE, RULES, {"email_attribute": "mail"}, "the attribute set by sync_email_attribute"),
        (PEOPLE, [{"name": "a"}], {}, r'sync_rules\[0\] \("a"\): match is required'),
        (7, RULES, {}, "sync_people: a list of people is required, but this is a number"),
        (PEOPLE, 7, {}, "sync_rules: a list of rules is required, but this is a number"),
        (PEOPLE, RULES, {"role_order": 7}, "sync_role_order: a list of roles is required, but this is a number"),
        (
            PEOPLE,
            RULES,
            {"ignored_users": 7},
            "sync_ignored_users: a list of patterns .* required, but this is a number",
        ),
        (UNDEFINED, RULES, {}, "'undefined_variable' is undefined"),
        (PEOPLE, UNDEFINED, {}, "'undefined_variable' is undefined"),
        (PEOPLE, RULES, {"role_order": UNDEFINED}, "'undefined_variable' is undefined"),
        (PEOPLE, RULES, {"ignored_users": UNDEFINED}, "'undefined_variable' is undefined"),
        (PEOPLE, RULES, {"allow_empty": UNDEFINED}, "'undefined_variable' is undefined"),
    ],
)
def test_errors_of_sync_input_name_role_variables(
    people: Any, rules: Any, options: dict[str, Any], message: str
) -> None:
    options_of_role = ("people", "rules", "email_attribute", "role_order", "ignored_users")
    names = {option: f"sync_{option}" for option in options_of_role}
    with pytest.raises(AnsibleFilterError, match=f"n8n_sync_input: (?s:.)*{message}"):
        n8n_sync_input.n8n_sync_input(people, rules, **options, option_names=names)


@pytest.mark.parametrize(
    ("options", "is_rehearsal"),
    [
        ({"check_mode": True, "now": "2026-12-24"}, True),
        ({"check_mode": True}, False),
        ({"check_mode": True, "now": ""}, False),
        ({"now": "2026-12-24"}, False),
    ],
)
def test_check_mode_for_another_time_is_a_rehearsal(options: dict[str, Any], is_rehearsal: bool) -> None:
    assert n8n_sync_input.n8n_sync_input(PEOPLE, RULES, **options)["is_rehearsal"] is is_rehearsal


def test_messages_in_result_of_sync_input_name_role_variables() -> None:
    names = {
        "email_attribute": "sync_email_attribute",
        "previous_emails_attribute": "sync_previous_emails_attribute",
        "exceptions": "sync_exceptions",
        "leaver_match": "sync_leaver_match",
    }
    options: dict[str, Any] = {"previous_emails_attribute": "old", "invalid_people": "skip", "option_names": names}
    found = n8n_sync_input.n8n_sync_input([*PEOPLE, {"team": "Sales"}], RULES, **options)
    assert found["warnings"][0] == 'No person has the attribute "old", which sync_previous_emails_attribute names.'
    assert found["invalid_people"] == [
        {
            "row": 2,
            "email": None,
            "problem": "has no email, the attribute set by sync_email_attribute.",
            "text": "row 2 (team: Sales) has no email, the attribute set by sync_email_attribute.",
        }
    ]
    for invalid, message in (
        ({"exceptions": [{}]}, r"sync_exceptions\[0\]: email is required"),
        ({"leaver_match": {}}, "sync_leaver_match is {}"),
        ({"now": "soon"}, 'now: "soon" is not a date'),
    ):
        with pytest.raises(AnsibleFilterError, match=message):
            n8n_sync_input.n8n_sync_input(PEOPLE, RULES, **{**options, **invalid})


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the warnings that Ansible shows."""
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, message: warnings.append(message))
    return warnings


def test_sync_input_shows_its_warnings(shown: list[str]) -> None:
    rules = [*RULES, {"name": "Misspelled", "match": {"taem": "Sales"}}]
    names = {"previous_emails_attribute": "sync_previous_emails_attribute", "now": "sync_now"}
    rows = [*PEOPLE, {"team": "Sales"}, {"email": "ada"}]
    found = n8n_sync_input.n8n_sync_input(
        rows,
        rules,
        option_names=names,
        previous_emails_attribute="old",
        invalid_people="skip",
        now="2026-12-24",
    )
    assert (
        shown
        == found["warnings"]
        == [
            'No person has the attribute "taem", which the match of rule "Misspelled" names. Did you mean "team"?',
            'No person has the attribute "old", which sync_previous_emails_attribute names.',
            "Users whom the list does not name are not treated as leavers in this run, because row 2, row 3 have no readable "
            "email. Correct the list.",
            "sync_now=2026-12-24T00:00:00Z: this run acts as if this were the present time.",
        ]
    )


@pytest.mark.parametrize("options", [{}, {"now": ""}, {"now": None}, {"now": "2026-12-24", "check_mode": True}])
def test_sync_input_without_cause_shows_no_warning(shown: list[str], options: dict[str, Any]) -> None:
    assert n8n_sync_input.n8n_sync_input(PEOPLE, RULES, **options)["warnings"] == shown == []


@pytest.mark.parametrize(("sync_input", "planned"), [("text", {}), (None, {}), ({}, {}), ({"refusal": ""}, "text")])
def test_sync_summary_refuses_invalid_input(sync_input: Any, planned: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_sync_summary needs the result of n8n_sync_input"):
        n8n_sync_summary.n8n_sync_summary(sync_input, planned)
