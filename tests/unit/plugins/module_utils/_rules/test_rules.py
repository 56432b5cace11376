# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the evaluation of rules: examples, errors, and properties of any rules and people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import ORDER, plain_slug
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign

Dict = dict[str, Any]

ADA = {"email": "Ada@Example.com ", "department": "Sales", "level": 4, "groups": ["managers", "staff"]}
GRACE = {"email": "grace@example.com", "department": "Sales EMEA", "level": 2, "groups": ["staff"]}
LINUS = {"email": "linus@example.org", "department": "Catering", "groups": []}
PEOPLE = [LINUS, GRACE, ADA]
DENIED = {"state": "absent"}


def rule(name: str, match: object = None, **grants: object) -> Dict:
    """Return a rule. Without `match`, it matches all people."""
    return {"name": name, "match": {} if match is None else match, **grants}


def user_from_rules(*rules: Dict, role_order: Sequence[str] = ()) -> Dict:
    """Return the user entry of Ada."""
    return assign([ADA], list(rules), role_order=role_order).users[0]


# Users


def test_people_receive_the_grants_of_their_rules() -> None:
    found = assign(
        PEOPLE,
        [
            rule("Staff", {"groups": "staff"}, role="member", projects={"Handbook": "viewer"}),
            rule("Sales", {"department": "Sales*"}, projects={"Sales": "viewer"}),
            rule("Managers", {"department": "Sales*", "groups": ["managers", "x"]}, projects={"Sales": "admin"}),
            rule("No handbook", {"level": 4}, deny=["Handbook", "Archive"]),
        ],
    )
    assert found.users == [
        {
            "email": "ada@example.com",
            "role": "member",
            "projects": {"Archive": DENIED, "Handbook": DENIED, "Sales": "admin"},
            "granted_by": {
                "role": "Staff",
                "projects": {"Sales": "Managers"},
                "denied": {"Archive": "No handbook", "Handbook": "No handbook"},
            },
        },
        {
            "email": "grace@example.com",
            "role": "member",
            "projects": {"Handbook": "viewer", "Sales": "viewer"},
            "granted_by": {"role": "Staff", "projects": {"Handbook": "Staff", "Sales": "Sales"}},
        },
    ]
    assert found.without_rule == ["linus@example.org"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("a")], {"projects": {}, "granted_by": {}}),
        ([rule("a", role=None, projects=None, deny=None)], {"projects": {}, "granted_by": {}}),
        ([rule("a", role="", projects={}, deny=[])], {"projects": {}, "granted_by": {}}),
        ([rule("a", role="member")], {"role": "member", "projects": {}, "granted_by": {"role": "a"}}),
        ([rule("a", role="Own role")], {"role": "Own role", "projects": {}, "granted_by": {"role": "a"}}),
        (
            [rule("a", role="member"), rule("b", role="chatUser"), rule("c", role="global:admin")],
            {"role": "global:admin", "projects": {}, "granted_by": {"role": "c"}},
        ),
        # Two spellings of one role: that of the first rule by name is kept
        (
            [rule("b", projects={"P": "editor"}), rule("a", projects={"P": "project:editor"})],
            {"projects": {"P": "project:editor"}, "granted_by": {"projects": {"P": "a"}}},
        ),
        (
            [rule("a", projects={"P": "admin"}), rule("b", deny=["P"])],
            {"projects": {"P": DENIED}, "granted_by": {"denied": {"P": "b"}}},
        ),
        (
            [rule("b", deny=["P"]), rule("a", deny=["P", "P"]), rule("c", projects={"P": "admin"})],
            {"projects": {"P": DENIED}, "granted_by": {"denied": {"P": "a"}}},
        ),
        (
            [rule("a", projects={"P": "x"}, deny=["P"])],
            {"projects": {"P": DENIED}, "granted_by": {"denied": {"P": "a"}}},
        ),
        # Roles of unknown order in a denied project are not an error
        (
            [rule("a", projects={"P": "X"}), rule("b", projects={"P": "viewer"}), rule("c", deny=["P"])],
            {"projects": {"P": DENIED}, "granted_by": {"denied": {"P": "c"}}},
        ),
        # Project names are not stripped, and numbers are converted to text
        (
            [rule("a", projects={" P ": "viewer", "2026": "viewer"}, deny=["p", "7"])],
            {
                "projects": {" P ": "viewer", "2026": "viewer", "7": DENIED, "p": DENIED},
                "granted_by": {"projects": {" P ": "a", "2026": "a"}, "denied": {"7": "a", "p": "a"}},
            },
        ),
    ],
)
def test_user_entry_contains_the_grants_and_their_rules(rules: list[Dict], expected: Dict) -> None:
    assert user_from_rules(*rules) == {"email": "ada@example.com", **expected}


@pytest.mark.parametrize(
    ("role_order", "role", "rule_name"),
    [
        (["Auditor", "project:viewer"], "editor", "b"),
        (["project:editor", "Auditor"], "Auditor", "a"),
        (["Auditor", "member", "editor"], "editor", "b"),
    ],
)
def test_role_order_determines_the_highest_role(role_order: list[str], role: str, rule_name: str) -> None:
    rules = (rule("a", projects={"P": "Auditor"}), rule("b", projects={"P": "editor"}))
    assert user_from_rules(*rules, role_order=role_order)["projects"] == {"P": role}
    assert user_from_rules(*rules, role_order=role_order)["granted_by"]["projects"] == {"P": rule_name}


def test_user_entries_share_no_mutable_values() -> None:
    first, second = assign([ADA, GRACE], [rule("a", projects={"P": "viewer"}, deny=["Q"])]).users
    first["projects"]["P"] = first["granted_by"]["projects"]["P"] = first["granted_by"]["denied"]["Q"] = "changed"
    assert "changed" not in str(second)


def test_result_contains_only_plain_strings() -> None:
    class Tagged(str):
        """A subclass of str, like the tagged strings of Ansible."""

    def types_in(found: object) -> set[type]:
        if isinstance(found, dict):
            return set().union(*(types_in(key) | types_in(value) for key, value in found.items()))
        return set().union(*map(types_in, found)) if isinstance(found, list) else {type(found)}

    rules = [rule(Tagged("a"), role=Tagged("member"), projects={Tagged("P"): Tagged("viewer")}, deny=[Tagged("Q")])]
    found = assign([{"email": Tagged("ada@example.com")}], rules)
    assert types_in(found.users) == {str}
    assert types_in(assign([{"email": Tagged("ada@example.com")}], []).without_rule) == {str}


@pytest.mark.parametrize(
    ("person", "attribute"),
    [
        ({"mail": "ADA@example.com"}, "mail"),
        ({"mail": ["ada@example.com"]}, "mail"),
        ({"mail": ["ada@example.com", "x"]}, "mail.0"),
        ({"emails": [{"value": "ada@example.com"}, {"value": "x"}]}, "emails.0.value"),
        ({"emails": [{"value": "ada@example.com"}]}, "emails.value"),
        ({"work.mail": "ada@example.com"}, "work.mail"),
    ],
)
def test_email_attribute_may_be_a_path(person: Dict, attribute: str) -> None:
    assert assign([person], [rule("a")], attribute).users[0]["email"] == "ada@example.com"


def test_empty_people_or_rules_are_accepted() -> None:
    assert assign([], []).users == assign((), [rule("a")]).users == []
    assert assign((), [rule("a")]).unmatched_rules == ["a"]
    assert assign(PEOPLE, []).without_rule == ["ada@example.com", "grace@example.com", "linus@example.org"]


# Errors


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("text", "rules: a list of rules is required, but this is text"),
        (None, "rules: a list of rules is required, but this is nothing"),
        ({"name": "a"}, "rules: a list of rules is required, but this is a dictionary"),
        ([rule("a"), "b"], r"rules\[1\] is text, but a rule must be a dictionary"),
        ([{"match": {}}], r"rules\[0\]: name must be text, but is nothing"),
        ([rule(" ")], r"rules\[0\]: name must be text, but is blank"),
        ([{"name": 7, "match": {}}], r"rules\[0\]: name must be text, but is a number"),
        ([rule("a"), rule("b"), rule("a")], r'rules\[2\] and rules\[0\] are both named "a"'),
        ([{"name": "a"}], r'rules\[0\] \("a"\): match is required. Use \{\} to match all people'),
        ([{"name": "a", "match": None}], r'rules\[0\] \("a"\): match is required'),
        ([rule("a", ["x"])], r'rules\[0\] \("a"\): match must be a dictionary, but is a list'),
        ([rule("a", "*")], r'rules\[0\] \("a"\): match must be a dictionary, but is text'),
        ([rule("a", {7: "x"})], "the name of an attribute in match must be text, but is a number"),
        ([rule("a", {" ": "x"})], "the name of an attribute in match must be text, but is blank"),
        ([rule("a", {"dept": None})], r'rules\[0\] \("a"\): match.dept is blank'),
        ([rule("a", {"dept": "~("})], r'rules\[0\] \("a"\): match.dept: "~\(" is not a valid regular expression'),
        ([rule("a", {"dept": {"is": "x"}})], r'rules\[0\] \("a"\): match.dept .* but is a dictionary'),
        ([rule("a", project={"P": "viewer"})], r'\("a"\): unknown key "project". .* Did you mean "projects"\?'),
        ([rule("a", dney=["P"])], r'\("a"\): unknown key "dney". .* Did you mean "deny"\?'),
        (
            [rule("a", colour="red")],
            r'unknown key "colour". Valid keys: name, match, role, projects, deny, from, until\.$',
        ),
        ([{**rule("a"), 7: 1}], 'unknown key "7"'),
        ([rule("a", role=["member"])], r'\("a"\): role must be text, but is a list'),
        ([rule("a", role=True)], r'\("a"\): role must be text, but is true or false'),
        ([rule("a", role="owner")], r'\("a"\): role: the role "owner" cannot be assigned'),
        ([rule("a", role="global:owner")], r'\("a"\): role: the role "global:owner" cannot be assigned'),
        ([rule("a", role="project:viewer")], r'\("a"\): role: "project:viewer" is a project role'),
        ([rule("a", projects=["P"])], r'\("a"\): projects must be a dictionary, but is a list'),
        ([rule("a", projects={"": "viewer"})], r'\("a"\): projects: a project needs a name that is not blank'),
        ([rule("a", projects={"x" * 256: "viewer"})], r"projects: .* has 256 characters"),
        ([rule("a", projects={True: "viewer"})], "a project name must be text, but is true or false. Put it in quotes"),
        ([rule("a", projects={1.1: "viewer"})], "a project name must be text, but is a number. Put it in quotes"),
        (
            [rule("a", projects={7: "viewer"})],
            "projects: a project name must be text, but is a number. Put it in quotes",
        ),
        ([rule("a", deny=[7])], "deny: a project name must be text, but is a number. Put it in quotes"),
        ([rule("a", projects={"é": "viewer", "e\u0301": "viewer"})], "is listed twice"),
        ([rule("a", projects={"P": None})], r'\("a"\): projects: "P" has no role'),
        ([rule("a", projects={"P": " "})], r'\("a"\): projects: "P" has no role'),
        ([rule("a", projects={"P": 7})], r'\("a"\): projects, the role in "P" must be text, but is a number'),
        ([rule("a", projects={"P": "global:admin"})], r'the role in "P": "global:admin" is an instance role'),
        ([rule("a", projects={"P": "project:personalOwner"})], "cannot be assigned"),
        ([rule("a", deny="P")], r'\("a"\): deny: a list of projects is required, but this is text'),
        ([rule("a", deny=[" "])], r'\("a"\): deny: a project needs a name that is not blank'),
        ([rule("a", deny=[None])], r'\("a"\): deny: a project name must be text, but is nothing'),
    ],
)
def test_invalid_rule_is_rejected_with_its_name_and_key(rules: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([], rules)


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("ada@example.com", "people: a list of people is required, but this is text"),
        (None, "people: a list of people is required, but this is nothing"),
        ({"email": "ada@example.com"}, "people: a list of people is required, but this is a dictionary"),
        ([ADA, "bob"], r"people\[1\] is text, but a person must be a dictionary"),
        (
            [ADA, {"name": "Bob"}],
            r"people\[1\] \(name: Bob\) has no email, the attribute set by email_attribute\.$",
        ),
        ([{"email": None, "name": {"formatted": "Bob"}}], r"people\[0\] \(name.formatted: Bob\) has no email"),
        ([{"email": " ", "id": 7}], r"people\[0\] \(id: 7\) has no email"),
        ([{"email": []}], r"people\[0\] has no email"),
        ([{"mail": "b@example.com"}], r'people\[0\] has no email, .* Did you mean "mail"\?'),
        (
            [{"email": ["b@example.com", "c@example.com"]}],
            r"people\[0\] has 2 values in email. Set email_attribute to email\.0",
        ),
        ([{"email": 7}], r"people\[0\]: email is a number, not an email address"),
        ([{"email": {"value": "b@example.com"}}], r"people\[0\]: email is a dictionary, not an email address"),
        ([{"email": "bob", "cn": "Bob"}], r'people\[0\] \(cn: Bob\): "bob" is not an email address'),
        (
            [ADA, {"email": "b@example.com"}, {"email": "ADA@example.com", "name": "Ada"}],
            r"people\[2\] \(name: Ada\) and people\[0\] are both ada@example.com",
        ),
    ],
)
def test_invalid_person_is_rejected_with_its_position(people: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign(people, [])


@pytest.mark.parametrize(
    ("role_order", "email_attribute", "message"),
    [
        ("viewer", "email", "role_order: a list of roles is required, but this is text"),
        (None, "email", "role_order: a list of roles is required, but this is nothing"),
        (["viewer", 7], "email", r"role_order\[1\] must be text, but is a number"),
        (["editor", "viewer"], "email", "but n8n ranks"),
        ([], "", "email_attribute must be text, but is blank"),
        ([], None, "email_attribute must be text, but is nothing"),
    ],
)
def test_invalid_option_is_rejected(role_order: object, email_attribute: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([ADA], [], email_attribute, role_order)


def test_all_errors_are_reported_together() -> None:
    rules = [rule("a", {"x": None}, role="owner", projects={"": "viewer", "P": ""}, deny="P", odd=1), {"role": []}]
    with pytest.raises(InputError) as error:
        assign([{"name": "Bob"}, {"email": "x"}], rules, role_order=["editor", "viewer"])
    assert str(error.value).count("\n") + 1 == 12


def test_long_list_of_errors_is_shortened_with_a_count() -> None:
    with pytest.raises(InputError, match="And 1980 more") as error:
        assign([{"name": f"Person {number}"} for number in range(2000)], [])
    assert str(error.value).count("\n") == ErrorCollector.LONGEST


def test_roles_of_unknown_order_are_rejected_with_rules_people_and_remedy() -> None:
    rules = [
        rule("b", projects={"P": "editor", "Q": "editor"}, role="Guest"),
        rule("a", projects={"P": "Auditor", "Q": "viewer"}, role="member"),
        rule("c", {"groups": "managers"}, projects={"P": "viewer"}),
    ]
    with pytest.raises(InputError) as error:
        assign(PEOPLE, rules)
    assert str(error.value).splitlines() == [
        'ada@example.com and 2 more: rule "a" gives "Auditor" in project "P", rule "b" gives "editor", and '
        "the order of these roles is unknown. Add both to role_order, lowest first.",
        'ada@example.com and 2 more: rule "a" gives "member" on the instance, rule "b" gives "Guest", and '
        "the order of these roles is unknown. Add both to role_order, lowest first.",
    ]
    with pytest.raises(InputError, match='^linus@example.org: rule "a"'):
        assign([LINUS], rules)


# Properties of any rules and people

DEPARTMENTS, GROUPS, PROJECTS = ("Sales", "Support", "HR"), ("staff", "managers"), ("P", "Q", "R")
people_of_any_kind = st.lists(
    st.fixed_dictionaries(
        {"number": st.integers(0, 30)},
        optional={
            "department": st.sampled_from([*DEPARTMENTS, None, ""]),
            "groups": st.lists(st.sampled_from(GROUPS), unique=True),
        },
    ),
    unique_by=lambda person: person["number"],
    max_size=6,
).map(lambda people: [{"email": f"P{person['number']:02}@example.com", **person} for person in people])
matches = st.fixed_dictionaries(
    {},
    optional={
        "department": st.sampled_from(DEPARTMENTS) | st.lists(st.sampled_from(DEPARTMENTS), max_size=2),
        "groups": st.sampled_from(GROUPS),
    },
)
some_rules = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcdefgh"), "match": matches},
        optional={
            "role": st.sampled_from(["chatUser", "member", "admin", "global:member", "global:admin"]),
            "projects": st.dictionaries(
                st.sampled_from(PROJECTS), st.sampled_from(["viewer", "editor", "admin", "project:editor"])
            ),
            "deny": st.lists(st.sampled_from(PROJECTS), max_size=1),
        },
    ),
    unique_by=lambda rule: rule["name"],
    max_size=6,
)


def is_matched(person: Dict, rule: Dict) -> bool:
    """Return whether the rule matches, by the simplest implementation."""
    return all(
        set(wanted if isinstance(wanted, list) else [wanted])
        & set(person[key] if isinstance(person.get(key), list) else [person.get(key)])
        for key, wanted in rule["match"].items()
    )


def height(role: str | None, kind: str) -> int:
    """Return the rank of a role, -1 for no role."""
    return -1 if role is None else ORDER[kind].index(plain_slug(role, kind) or role)


def users_by_email(people: list[Dict], rules: list[Dict]) -> dict[str, Dict]:
    return {user["email"]: user for user in assign(people, rules).users}


@given(st.data(), people_of_any_kind, some_rules)
def test_order_of_rules_and_people_does_not_affect_the_result(
    data: st.DataObject, people: list[Dict], rules: list[Dict]
) -> None:
    expected = assign(people, rules)
    assert assign(data.draw(st.permutations(people)), data.draw(st.permutations(rules))) == expected
    assert [user["email"] for user in expected.users] == sorted(user["email"] for user in expected.users)


@given(people_of_any_kind, some_rules)
def test_each_person_is_a_user_or_without_a_rule(people: list[Dict], rules: list[Dict]) -> None:
    found = assign(people, rules)
    emails = {person["email"].lower(): person for person in people}
    assert sorted([*(user["email"] for user in found.users), *found.without_rule]) == sorted(emails)
    assert found.without_rule == sorted(
        email for email, person in emails.items() if not any(is_matched(person, rule) for rule in rules)
    )


@given(people_of_any_kind, some_rules)
def test_each_grant_is_the_highest_and_from_the_first_rule_that_grants_it(
    people: list[Dict], rules: list[Dict]
) -> None:
    persons = {person["email"].lower(): person for person in people}
    for email, user in users_by_email(people, rules).items():
        matching = sorted(
            (rule for rule in rules if is_matched(persons[email], rule)), key=lambda rule: str(rule["name"])
        )
        denied = {project: rule["name"] for rule in reversed(matching) for project in rule.get("deny", ())}
        assert user["granted_by"].get("denied", {}) == denied
        assert all(user["projects"][project] == DENIED for project in denied)
        grants_to_check = [
            ("global", user.get("role"), user["granted_by"].get("role"), [rule.get("role") for rule in matching])
        ]
        for project in set(PROJECTS) - set(denied):
            given_by = user["granted_by"].get("projects", {}).get(project)
            grants_to_check.append(
                (
                    "project",
                    user["projects"].get(project),
                    given_by,
                    [rule.get("projects", {}).get(project) for rule in matching],
                )
            )
        for kind, role, rule_name, offers in grants_to_check:
            heights = [height(offer, kind) for offer in offers]
            assert height(role, kind) == max(heights)
            if role is None:
                assert rule_name is None
            else:
                first = heights.index(max(heights))
                assert (rule_name, role) == (matching[first]["name"], offers[first])


@given(people_of_any_kind, some_rules, some_rules)
def test_additional_rule_removes_only_what_it_denies(people: list[Dict], rules: list[Dict], more: list[Dict]) -> None:
    for number, extra in enumerate(more):
        added = {**extra, "name": f"more {number}"}
        before, after = users_by_email(people, rules), users_by_email(people, [*rules, added])
        assert set(before) <= set(after)
        for email, user in before.items():
            assert height(after[email].get("role"), "global") >= height(user.get("role"), "global")
            for project in set(user["projects"]) - set(extra.get("deny", ())):
                if user["projects"][project] == DENIED:
                    assert after[email]["projects"][project] == DENIED
                    continue
                assert height(after[email]["projects"].get(project), "project") >= height(
                    user["projects"][project], "project"
                )


@given(people_of_any_kind, some_rules)
def test_result_is_valid_input_of_n8n_access(people: list[Dict], rules: list[Dict]) -> None:
    users = assign(people, rules).users
    desired = desired_access(users, None)
    assert [(user.user, user.role, user.rule) for user in desired.users] == [
        (user["email"], user.get("role"), user["granted_by"].get("role", "")) for user in users
    ]
    assert [
        (member.user, member.project, member.role, member.rule) for member in desired.members if member.present
    ] == [
        (user["email"], project, role, user["granted_by"]["projects"][project])
        for user in users
        for project, role in user["projects"].items()
        if role != DENIED
    ]
    assert [(member.user, member.project) for member in desired.members if not member.present] == [
        (user["email"], project) for user in users for project in user["granted_by"].get("denied", {})
    ]
    assert [user.denied for user in desired.users] == [user["granted_by"].get("denied", {}) for user in users]


@given(people_of_any_kind, some_rules)
def test_people_and_rules_are_not_modified(people: list[Dict], rules: list[Dict]) -> None:
    before = repr((people, rules))
    assign(people, rules)
    assert repr((people, rules)) == before
