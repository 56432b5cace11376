# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the input of n8n_access in the role sync: users, patterns of ignored users, and the error for empty lists."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_input import SyncOptions, sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError

NOW = datetime(2026, 12, 15, tzinfo=timezone.utc)
ADA, LINUS = {"email": "Ada@example.com", "team": "Sales"}, {"email": "linus@example.com", "team": "Catering"}
SALES = {"name": "Sales", "match": {"team": "Sales"}, "role": "member"}
UNMATCHED = {"name": "Unmatched", "match": {"team": "Slaes"}}
# The value of default(omit) in ansible-core before 2.19.
OMITTED = "__omit_place_holder__0123456789abcdef"


def test_people_are_divided_into_users_and_people_without_a_rule() -> None:
    options = SyncOptions(ignored_users=["*@partner.example.com"])
    assert sync_input([ADA, LINUS], [SALES, UNMATCHED], options) == {
        "people": 2,
        "users": [
            {
                "email": "ada@example.com",
                "role": "member",
                "projects": {},
                "granted_by": {"role": "Sales", "row": 1},
                "status": "present",
            },
            {"email": "linus@example.com", "status": "unmatched"},
        ],
        "without_rule": ["linus@example.com"],
        "unmatched_rules": ["Unmatched"],
        "unused_exceptions": [],
        "unmatched": "keep",
        "warnings": [],
        "invalid_people": [],
        "protected_rows": [],
        "leavers_suspended": False,
        "ignored_users": ["*@partner.example.com"],
        "ignored_patterns": ["*@partner.example.com"],
        "announced": [],
        "is_rehearsal": False,
        "refusal": "",
    }


@pytest.mark.parametrize(
    ("rule", "exceptions", "place"),
    [
        ({"projects": {"Locked vault": "viewer"}}, None, r'rules\[1\] \("Other"\): "Locked vault"'),
        ({"deny": ["Locked vault"]}, [], r'rules\[1\] \("Other"\): "Locked vault"'),
        ({"role": "member"}, [{"email": "eve@example.com", "project": "LOCKED", "deny": True}], r"exceptions\[0\]"),
    ],
)
@pytest.mark.parametrize("patterns", [["Locked*", "LOCKED"], "Locked*, LOCKED"])
def test_ignored_project_in_a_rule_or_exception_is_an_error_even_if_no_person_matches(
    rule: Any, exceptions: Any, place: str, patterns: Any
) -> None:
    """Otherwise the run would fail in the night in which the first person matches."""
    rules = [SALES, {"name": "Other", "match": {"team": "Nobody"}, **rule}]
    with pytest.raises(InputError, match=f"{place}.* matches ignored_projects"):
        sync_input([ADA], rules, SyncOptions(exceptions=exceptions, ignored_projects=patterns))


@pytest.mark.parametrize("patterns", [None, "", [], OMITTED, [OMITTED], ["Sales"]])
def test_rules_without_ignored_projects_are_accepted(patterns: Any) -> None:
    rules = [{**SALES, "projects": {"Marketing": "viewer"}, "deny": OMITTED}]
    options = SyncOptions(exceptions=[OMITTED], ignored_projects=patterns)
    assert sync_input([ADA], rules, options)["users"]


@pytest.mark.parametrize(
    ("plan", "announced"),
    [
        ({"upcoming": [{"user": "new"}], "announced": []}, []),
        ({"upcoming": [{"user": "new"}], "announced": None}, []),
        ({"upcoming": [{"user": "new"}]}, [{"user": "new"}]),
    ],
)
def test_upcoming_grants_count_only_without_announced_grants(plan: Any, announced: Any) -> None:
    found = sync_input([ADA], [SALES], SyncOptions(previous_plan=json.dumps(plan)))
    assert found["announced"] == announced


def test_upcoming_grants_of_the_previous_plan_are_announced() -> None:
    new, old = ({"user": "ada@example.com", "project": "Sales", "ends": ends} for ends in ("2026-12-01", "2026-11-01"))
    text = json.dumps({"upcoming": [new, 7], "announced": [new, old], "plan": []})
    assert sync_input([ADA], [SALES], SyncOptions(previous_plan=text))["announced"] == [new, old]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"upcoming": 7}', None])
def test_file_that_is_not_a_plan_announces_nothing(text: Any) -> None:
    assert sync_input([ADA], [SALES], SyncOptions(previous_plan=text))["announced"] == []


@pytest.mark.parametrize("empty", [None, "", OMITTED])
def test_empty_option_has_its_default(empty: Any) -> None:
    options = SyncOptions(empty, empty, empty, False, empty, empty, empty, empty, empty, empty)
    explicit = SyncOptions("email", [], [], False, [], None, "", "fail", "additive", "keep")
    assert sync_input([ADA], [SALES], options) == sync_input([ADA], [SALES], explicit)


def test_email_attribute_and_role_order_are_applied() -> None:
    rules = [{**SALES, "role": role, "name": role} for role in ("clerk", "auditor")]
    options = SyncOptions("mail", ["clerk", "auditor"])
    found = sync_input([{"mail": "a@example.com", "team": "Sales"}], rules, options)
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
    found = sync_input([ADA], [SALES], SyncOptions(ignored_users=ignored))
    assert found["ignored_users"] == found["ignored_patterns"] == patterns


@pytest.mark.parametrize("email", ["*@example.com", "a?b@example.com"])
def test_email_with_wildcards_matches_only_itself(email: str) -> None:
    rows = [{"email": email}, {"email": email}, ADA]
    found = sync_input(rows, [SALES], SyncOptions(invalid_people="skip"))
    assert found["protected_rows"] == [email] and found["ignored_users"] == []
    (pattern,) = found["ignored_patterns"]
    assert fnmatchcase(email, pattern)
    assert not any(fnmatchcase(other, pattern) for other in ("x@example.com", "axb@example.com", "a@example.com"))


@pytest.mark.parametrize(
    ("people", "allow_empty", "refusal"),
    [
        (
            [],
            False,
            "The list of people is empty, and nothing was changed. Set sync_allow_empty: true if this is intended.",
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
    assert sync_input(people, [UNMATCHED], SyncOptions(allow_empty=allow_empty))["refusal"] == refusal


@pytest.mark.parametrize(("people", "rules"), [(None, []), ("text", []), ([], None), ([{"team": "Sales"}], [])])
def test_invalid_people_or_rules_are_an_error(people: Any, rules: Any) -> None:
    with pytest.raises(InputError):
        sync_input(people, rules)


# Status


def statuses(found: dict[str, Any]) -> dict[str, str]:
    """Return the status of each user."""
    return {user["email"].partition("@")[0]: user["status"] for user in found["users"]}


def test_each_person_has_a_status() -> None:
    people = [
        {"email": f"{name}@example.com", "team": team, "state": state}
        for name, team, state in (
            ("a", "Sales", ""),
            ("b", "Sales", "terminated"),
            ("c", "Catering", "terminated"),
            ("d", "Catering", ""),
            ("e", "Temps", ""),
            ("f", "Guests", ""),
            ("g", "Catering", ""),
        )
    ]
    rules = [
        SALES,
        {"name": "Temps", "match": {"team": "Temps"}, "projects": {"P": "viewer"}, "until": "2026-01-31"},
        {"name": "Guests", "match": {"team": "Guests"}, "deny": ["P"]},
    ]
    exceptions = [
        {"email": "g@example.com", "project": "P", "role": "viewer"},
        {"email": "b@example.com", "project": "P", "role": "viewer"},
    ]
    found = sync_input(people, rules, SyncOptions(exceptions=exceptions, leaver_match={"state": "terminated"}))
    assert statuses(found) == {
        "a": "present",
        "b": "leaver",
        "c": "leaver",
        "d": "unmatched",
        "e": "present",
        "f": "present",
        "g": "present",
    }
    assert found["users"][1] == {"email": "b@example.com", "status": "leaver"}
    assert found["without_rule"] == ["d@example.com"]
    assert [entry["email"] for entry in found["unused_exceptions"]] == ["b@example.com"]
    # An entry without a grant in force must not cause an invitation.
    desired = {user.user: user for user in desired_access(found["users"], now=NOW).users}
    assert [name for name, user in desired.items() if user.gives_access] == ["a@example.com", "g@example.com"]


@pytest.mark.parametrize(
    "keys", [{}, {"unmatched": "remove_memberships"}, {"authority": "authoritative", "unmatched": "keep"}]
)
@pytest.mark.parametrize(
    ("exception", "is_upcoming", "ended"),
    [
        ({"role": "editor", "until": "2026-01-31"}, False, "2026-01-31"),
        ({"role": "editor", "from": "2027-01-31"}, True, ""),
        ({"state": "absent"}, False, ""),
    ],
)
def test_exception_that_gives_no_role_now_does_not_make_a_person_matched(
    exception: dict[str, Any], is_upcoming: bool, ended: str, keys: dict[str, Any]
) -> None:
    written = {"deny": True} if "state" in exception else exception
    exceptions = [{"email": "linus@example.com", "project": "P", **written}]
    found = sync_input([ADA, LINUS], [SALES], SyncOptions(exceptions=exceptions, **keys), NOW)
    projects = {"P": {**exception, "granted_by": "exception"}}
    expected = {"email": "linus@example.com", "status": "unmatched", "projects": projects, "granted_by": {"row": 2}}
    assert found["without_rule"] == ["linus@example.com"] and found["users"][1] == expected
    desired = desired_access(found["users"], now=NOW)
    assert not desired.users[1].gives_access
    assert [(one.present, one.is_upcoming, one.ended) for one in desired.members] == [(False, is_upcoming, ended)]


def test_list_in_which_exceptions_only_deny_is_refused() -> None:
    exceptions = [{"email": "ada@example.com", "project": "P", "deny": True}]
    assert sync_input([ADA], [UNMATCHED], SyncOptions(exceptions=exceptions))["refusal"].startswith("No rule matches")


@pytest.mark.parametrize(
    ("leaver_match", "message"),
    [
        ({}, "leaver_match is {}, which would make all people leavers"),
        ("terminated", "leaver_match must be a dictionary, but is text"),
        ({"team": None}, "leaver_match.team is blank"),
        ({"team": OMITTED}, "leaver_match.team is omitted, and without it"),
        ({"status": "terminated"}, 'leaver_match: no person has the attribute "status"'),
    ],
)
def test_invalid_leaver_match_is_rejected(leaver_match: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sync_input([ADA], [SALES], SyncOptions(leaver_match=leaver_match))


@pytest.mark.parametrize("option", ["invalid_people", "authority", "unmatched"])
def test_invalid_choice_is_rejected(option: str) -> None:
    with pytest.raises(InputError, match=f'{option}="x" is not valid. Valid values: '):
        sync_input([ADA], [SALES], SyncOptions(**{option: "x"}))


# Instance roles

MATCHED_BY_PROJECT = {"name": "Catering", "match": {"team": "Catering"}, "projects": {"P": "viewer"}}
EVE = {"email": "eve@example.com", "team": ""}


@pytest.mark.parametrize(
    ("authority", "unmatched", "effective", "lowered"),
    [
        ("additive", None, "keep", []),
        ("additive", "demote", "demote", []),
        ("authoritative", None, "remove_memberships", ["eve", "linus"]),
        ("authoritative", "demote", "demote", ["eve", "linus"]),
        ("authoritative", "keep", "keep", ["linus"]),
    ],
)
def test_people_without_instance_role_are_lowered_if_rules_give_instance_roles(
    authority: str, unmatched: str | None, effective: str, lowered: list[str]
) -> None:
    options = SyncOptions(authority=authority, unmatched=unmatched)
    found = sync_input([ADA, EVE, LINUS], [SALES, MATCHED_BY_PROJECT], options)
    assert found["unmatched"] == effective
    assert [user["email"].partition("@")[0] for user in found["users"] if "highest_role" in user] == lowered
    assert {user["highest_role"] for user in found["users"] if "highest_role" in user} <= {"member"}
    found = sync_input([ADA, EVE, LINUS], [MATCHED_BY_PROJECT], options)
    assert not any("highest_role" in user for user in found["users"])


# Previous addresses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Old@example.com", ["old@example.com"]),
        (["old@example.com", "older@example.com"], ["old@example.com", "older@example.com"]),
        ("old@example.com;older@example.com, ADA@example.com", ["old@example.com", "older@example.com"]),
        (" ", None),
        (None, None),
        ([], None),
        ("ada@example.com", None),
    ],
)
def test_previous_emails_are_read_from_the_attribute(value: Any, expected: list[str] | None) -> None:
    person = {**ADA, "hr": {"aliases": value}}
    (user,) = sync_input([person], [SALES], SyncOptions(previous_emails_attribute="hr.aliases"))["users"]
    assert user.get("previous_emails") == expected


def test_people_of_each_status_have_previous_emails() -> None:
    people = [{**person, "old": f"old-{person['email']}"} for person in (ADA, LINUS, EVE)]
    options = SyncOptions(leaver_match={"team": "Catering"}, previous_emails_attribute="old")
    users = sync_input(people, [SALES], options)["users"]
    assert [user["previous_emails"] for user in users] == [
        ["old-ada@example.com"],
        ["old-eve@example.com"],
        ["old-linus@example.com"],
    ]


def test_missing_attribute_of_previous_emails_causes_a_warning() -> None:
    found = sync_input([{**ADA, "alias": ""}], [SALES], SyncOptions(previous_emails_attribute="aliases"))
    assert found["warnings"] == [
        'No person has the attribute "aliases", which previous_emails_attribute names. Did you mean "alias"?'
    ]


# Invalid people


def test_invalid_rows_fail_together_with_their_numbers() -> None:
    people = [ADA, {"name": "Bob " * 20, "team": "Sales"}, {"email": "linus"}, {**ADA, "n": 1, "o": 2, "p": 3, "q": 4}]
    with pytest.raises(InputError) as error:
        sync_input(people, [SALES])
    lines = str(error.value).splitlines()
    assert lines == [
        "row 4 (email: Ada@example.com, team: Sales, n: 1, o: 2, p: 3) and row 1 (email: Ada@example.com, team: Sales) are "
        "both ada@example.com. List each person once.",
        f"row 2 (name: {('Bob ' * 20)[:40]}..., team: Sales) has no email, the attribute set by email_attribute.",
        'row 3 (email: linus): "linus" is not an email address.',
    ]


def test_omitted_value_in_the_text_of_an_attribute_is_an_error_that_names_the_row() -> None:
    with pytest.raises(InputError, match="^row 2.name: the text contains an omitted value"):
        sync_input([LINUS, {**ADA, "name": f"Ada {OMITTED}"}], [SALES])


def test_skipped_row_with_readable_email_protects_only_its_user() -> None:
    people = [ADA, {"email": "bob@[example].com", "team": "Sales"}, {**LINUS, "name": "1"}, {**LINUS, "name": "2"}]
    found = sync_input(people, [SALES], SyncOptions(invalid_people="skip", ignored_users="x@example.com"))
    assert statuses(found) == {"ada": "present"}
    assert found["protected_rows"] == ["bob@[example].com", "linus@example.com"]
    assert found["ignored_users"] == ["x@example.com"]
    assert found["ignored_patterns"] == ["x@example.com", "bob@[[]example].com", "linus@example.com"]
    assert found["leavers_suspended"] is False
    assert [(row["row"], row["email"]) for row in found["invalid_people"]] == [
        (2, "bob@[example].com"),
        (3, "linus@example.com"),
        (4, "linus@example.com"),
    ]
    assert found["invalid_people"][2]["problem"] == (
        "its email linus@example.com is also the email of row 3 (name: 1, email: linus@example.com, team: Catering)."
    )


@pytest.mark.parametrize(
    "row",
    [{"team": "Sales"}, {"email": ""}, {"email": "a@b@c"}, {"email": "@b"}, {"email": 7}, "text"],
)
def test_skipped_row_without_readable_email_suspends_leavers(row: Any) -> None:
    found = sync_input([ADA, row], [SALES], SyncOptions(invalid_people="skip"))
    assert found["leavers_suspended"] is True and found["protected_rows"] == []
    assert [(entry["row"], entry["email"]) for entry in found["invalid_people"]] == [(2, None)]
    assert found["invalid_people"][0]["text"].startswith("row 2")


@pytest.mark.parametrize(
    ("email", "protected", "suspends"),
    [
        ("Ada Lovelace <ada@example.com>", ["ada lovelace <ada@example.com>", "ada@example.com"], False),
        ("mailto:ada@example.com", ["ada@example.com", "mailto:ada@example.com"], False),
        ("ada@example.com\u200b", ["ada@example.com", "ada@example.com\u200b"], False),
        # These rows do not tell which of several users they are about.
        ("ada@x.example; ada@y.example", ["ada@x.example", "ada@y.example"], True),
        (["ada@x.example", "ada@y.example"], ["ada@x.example", "ada@y.example"], True),
        (["ada@x.example", 7], ["ada@x.example"], True),
    ],
)
def test_skipped_row_protects_each_email_in_the_text(email: Any, protected: list[str], suspends: bool) -> None:
    found = sync_input([EVE, {**ADA, "email": email}], [SALES], SyncOptions(invalid_people="skip"))
    assert found["protected_rows"] == protected and found["leavers_suspended"] is suspends
    assert {one for one in protected if one.partition("@")[0] == "ada" and one.isascii()} <= set(
        found["ignored_patterns"]
    )


@pytest.mark.parametrize("old", ["Ada <ada@old.example>", "mailto:ada@old.example", ["ada@old.example\u200b"]])
def test_skipped_row_protects_each_email_in_the_text_of_previous_emails(old: Any) -> None:
    options = SyncOptions(previous_emails_attribute="old", invalid_people="skip")
    found = sync_input([EVE, {**ADA, "old": old}], [SALES], options)
    assert {"ada@example.com", "ada@old.example"} <= set(found["protected_rows"])
    assert {"ada@example.com", "ada@old.example"} <= set(found["ignored_patterns"])


def test_skipped_row_with_email_that_no_account_can_have_does_not_suspend_leavers() -> None:
    people = [ADA, {"email": "kim@ex\u00e4mple.com"}]
    found = sync_input(people, [SALES], SyncOptions(invalid_people="skip"))
    assert found["leavers_suspended"] is False and found["protected_rows"] == ["kim@ex\u00e4mple.com"]
    # n8n_access refuses patterns with such characters.
    assert found["ignored_patterns"] == []


def test_skipped_row_of_a_leaver_does_not_suspend_leavers() -> None:
    options = SyncOptions(invalid_people="skip", leaver_match={"team": "Catering"})
    found = sync_input([ADA, {"team": "Catering"}], [SALES], options)
    assert found["leavers_suspended"] is False and len(found["invalid_people"]) == 1


def test_skipped_row_with_invalid_date_protects_its_user() -> None:
    people = [ADA, {**LINUS, "end": "soon"}, {"email": "eve@example.com", "team": "Gone", "end": "never"}]
    rules = [SALES, {**MATCHED_BY_PROJECT, "match": {"team": ["Catering", "Gone"]}, "until": "end"}]
    options = SyncOptions(invalid_people="skip", leaver_match={"team": "Gone"})
    found = sync_input(people, rules, options)
    assert statuses(found) == {"ada": "present", "eve": "leaver"}
    assert found["protected_rows"] == ["linus@example.com"]
    assert found["invalid_people"][0]["problem"].startswith('end: "soon" is not a date')


@pytest.mark.parametrize(
    ("first", "second", "problems"),
    [
        (
            {"old": "linus@example.com"},
            {},
            [
                "its previous email linus@example.com is also the email of row 2 (email: linus@example.com, team: Catering).",
                "its email linus@example.com is also a previous email of row 1",
            ],
        ),
        (
            {"old": "shared@example.com"},
            {"old": "x@example.com shared@example.com"},
            [
                "its previous email shared@example.com is also a previous email of row 2",
                "its previous email shared@example.com is also a previous email of row 1",
            ],
        ),
    ],
)
def test_conflicting_previous_emails_make_both_rows_invalid(first: Any, second: Any, problems: list[str]) -> None:
    people = [{**ADA, **first}, {**LINUS, **second}, EVE]
    options = SyncOptions(previous_emails_attribute="old", invalid_people="skip")
    found = sync_input(people, [SALES], options)
    assert statuses(found) == {"eve": "unmatched"}
    for row, problem in zip(found["invalid_people"], problems, strict=True):
        assert row["problem"].startswith(problem)
    assert {"ada@example.com", "linus@example.com"} <= set(found["protected_rows"])
    assert found["leavers_suspended"] is False
    with pytest.raises(InputError, match="row 1 .*: its previous email"):
        sync_input(people, [SALES], SyncOptions(previous_emails_attribute="old"))


def test_invalid_previous_email_makes_the_row_invalid() -> None:
    people = [{**ADA, "old": "unknown, older@example.com"}]
    options = SyncOptions(previous_emails_attribute="old", invalid_people="skip")
    found = sync_input(people, [SALES], options)
    assert found["invalid_people"][0]["problem"] == 'old: "unknown" is not an email address.'
    assert found["protected_rows"] == ["ada@example.com", "older@example.com"]
