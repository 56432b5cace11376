# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules make of people: examples, everything that is refused, and what holds for any rules and people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import ORDER, plain_slug
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.rules import assign

Dict = dict[str, Any]

ADA = {"email": "Ada@Example.com ", "department": "Sales", "level": 4, "groups": ["managers", "staff"]}
GRACE = {"email": "grace@example.com", "department": "Sales EMEA", "level": 2, "groups": ["staff"]}
LINUS = {"email": "linus@example.org", "department": "Catering", "groups": []}
PEOPLE = [LINUS, GRACE, ADA]


def rule(name: str, match: object = None, **gives: object) -> Dict:
    """Return a rule, for everybody unless it says whom."""
    return {"name": name, "match": {} if match is None else match, **gives}


def of_ada(*rules: Dict, role_order: Sequence[str] = ()) -> Dict:
    """Return what rules make of Ada."""
    return assign([ADA], list(rules), role_order=role_order).users[0]


# What comes out


def test_people_get_what_their_rules_give() -> None:
    found = assign(
        PEOPLE,
        [
            rule("Staff", {"groups": "staff"}, role="member", projects={"Handbook": "viewer"}),
            rule("Sales", {"department": "Sales*"}, projects={"Sales": "viewer"}),
            rule("Managers", {"department": "Sales*", "groups": ["managers", "x"]}, projects={"Sales": "admin"}),
            rule("Nothing to read", {"level": 4}, deny=["Handbook", "Attic"]),
        ],
    )
    assert found.users == [
        {
            "email": "ada@example.com",
            "role": "member",
            "projects": {"Sales": "admin"},
            "granted_by": {
                "role": "Staff",
                "projects": {"Sales": "Managers"},
                "denied": {"Attic": "Nothing to read", "Handbook": "Nothing to read"},
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
        # One role, written in two ways: as the first rule by name has it
        (
            [rule("b", projects={"P": "editor"}), rule("a", projects={"P": "project:editor"})],
            {"projects": {"P": "project:editor"}, "granted_by": {"projects": {"P": "a"}}},
        ),
        (
            [rule("a", projects={"P": "admin"}), rule("b", deny=["P"])],
            {"projects": {}, "granted_by": {"denied": {"P": "b"}}},
        ),
        (
            [rule("b", deny=["P"]), rule("a", deny=["P", "P"]), rule("c", projects={"P": "admin"})],
            {"projects": {}, "granted_by": {"denied": {"P": "a"}}},
        ),
        ([rule("a", projects={"P": "x"}, deny=["P"])], {"projects": {}, "granted_by": {"denied": {"P": "a"}}}),
        # What is denied need not be told from what else is denied
        (
            [rule("a", projects={"P": "X"}), rule("b", projects={"P": "viewer"}), rule("c", deny=["P"])],
            {"projects": {}, "granted_by": {"denied": {"P": "c"}}},
        ),
        # Names are as they are
        (
            [rule("a", projects={" P ": "viewer", 2026: "viewer"}, deny=["p", 7])],
            {
                "projects": {" P ": "viewer", "2026": "viewer"},
                "granted_by": {"projects": {" P ": "a", "2026": "a"}, "denied": {"7": "a", "p": "a"}},
            },
        ),
    ],
)
def test_what_a_person_gets(rules: list[Dict], expected: Dict) -> None:
    assert of_ada(*rules) == {"email": "ada@example.com", **expected}


@pytest.mark.parametrize(
    ("role_order", "role", "by"),
    [
        (["Auditor", "project:viewer"], "editor", "b"),
        (["project:editor", "Auditor"], "Auditor", "a"),
        (["Auditor", "member", "editor"], "editor", "b"),
    ],
)
def test_role_order_tells_which_role_is_more(role_order: list[str], role: str, by: str) -> None:
    rules = (rule("a", projects={"P": "Auditor"}), rule("b", projects={"P": "editor"}))
    assert of_ada(*rules, role_order=role_order)["projects"] == {"P": role}
    assert of_ada(*rules, role_order=role_order)["granted_by"]["projects"] == {"P": by}


def test_people_share_nothing_that_can_be_changed() -> None:
    first, second = assign([ADA, GRACE], [rule("a", projects={"P": "viewer"}, deny=["Q"])]).users
    first["projects"]["P"] = first["granted_by"]["projects"]["P"] = first["granted_by"]["denied"]["Q"] = "changed"
    assert "changed" not in str(second)


def test_what_comes_out_is_plain_text() -> None:
    class Tagged(str):
        """Text as Ansible has it, which knows where it comes from."""

    def kinds(found: object) -> set[type]:
        if isinstance(found, dict):
            return set().union(*(kinds(key) | kinds(value) for key, value in found.items()))
        return set().union(*map(kinds, found)) if isinstance(found, list) else {type(found)}

    rules = [rule(Tagged("a"), role=Tagged("member"), projects={Tagged("P"): Tagged("viewer")}, deny=[Tagged("Q")])]
    found = assign([{"email": Tagged("ada@example.com")}], rules)
    assert kinds(found.users) == {str}
    assert kinds(assign([{"email": Tagged("ada@example.com")}], []).without_rule) == {str}


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
def test_the_email_may_be_elsewhere(person: Dict, attribute: str) -> None:
    assert assign([person], [rule("a")], attribute).users[0]["email"] == "ada@example.com"


def test_nobody_and_nothing() -> None:
    assert assign([], []).users == assign((), [rule("a")]).users == []
    assert assign((), [rule("a")]).unmatched_rules == ["a"]
    assert assign(PEOPLE, []).without_rule == ["ada@example.com", "grace@example.com", "linus@example.org"]


# What is refused


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("text", "rules must be a list of rules, but is text"),
        (None, "rules must be a list of rules, but is nothing"),
        ({"name": "a"}, "rules must be a list of rules, but is a dictionary"),
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
        ([rule("a", colour="red")], r'unknown key "colour". Valid keys: name, match, role, projects, deny\.$'),
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
        ([rule("a", projects={7: "viewer", "7": "viewer"})], 'projects: "7" is listed twice'),
        ([rule("a", projects={"P": None})], r'\("a"\): projects: "P" has no role'),
        ([rule("a", projects={"P": " "})], r'\("a"\): projects: "P" has no role'),
        ([rule("a", projects={"P": 7})], r'\("a"\): projects, the role in "P" must be text, but is a number'),
        ([rule("a", projects={"P": "global:admin"})], r'the role in "P": "global:admin" is an instance role'),
        ([rule("a", projects={"P": "project:personalOwner"})], "cannot be assigned"),
        ([rule("a", deny="P")], r'\("a"\): deny must be a list of projects, but is text'),
        ([rule("a", deny=[" "])], r'\("a"\): deny: a project needs a name that is not blank'),
        ([rule("a", deny=[None])], r'\("a"\): deny: a project name must be text, but is nothing'),
    ],
)
def test_rules_that_are_wrong_are_refused_with_their_name_and_key(rules: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([], rules)


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("ada@example.com", "people must be a list of people, but is text"),
        (None, "people must be a list of people, but is nothing"),
        ({"email": "ada@example.com"}, "people must be a list of people, but is a dictionary"),
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
def test_people_who_are_wrong_are_refused_with_their_place(people: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign(people, [])


@pytest.mark.parametrize(
    ("role_order", "email_attribute", "message"),
    [
        ("viewer", "email", "role_order must be a list of roles, but is text"),
        (None, "email", "role_order must be a list of roles, but is nothing"),
        (["viewer", 7], "email", r"role_order\[1\] must be text, but is a number"),
        (["editor", "viewer"], "email", "but n8n ranks"),
        ([], "", "email_attribute must be text, but is blank"),
        ([], None, "email_attribute must be text, but is nothing"),
    ],
)
def test_options_that_are_wrong_are_refused(role_order: object, email_attribute: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assign([ADA], [], email_attribute, role_order)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    rules = [rule("a", {"x": None}, role="owner", projects={"": "viewer", "P": ""}, deny="P", odd=1), {"role": []}]
    with pytest.raises(InputError) as error:
        assign([{"name": "Bob"}, {"email": "x"}], rules, role_order=["editor", "viewer"])
    assert str(error.value).count("\n") + 1 == 12


def test_thousands_without_an_email_are_counted() -> None:
    with pytest.raises(InputError, match="And 1980 more") as error:
        assign([{"name": f"Person {number}"} for number in range(2000)], [])
    assert str(error.value).count("\n") == ErrorCollector.LONGEST


def test_roles_of_unknown_order_are_told_with_rules_people_and_way_out() -> None:
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


# What holds for any rules and people

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


def is_on(person: Dict, by: Dict) -> bool:
    """What a match says, read in the simplest way."""
    return all(
        set(wanted if isinstance(wanted, list) else [wanted])
        & set(person[key] if isinstance(person.get(key), list) else [person.get(key)])
        for key, wanted in by["match"].items()
    )


def height(role: str | None, kind: str) -> int:
    return -1 if role is None else ORDER[kind].index(plain_slug(role, kind) or role)


def everything_given(people: list[Dict], rules: list[Dict]) -> dict[str, Dict]:
    return {user["email"]: user for user in assign(people, rules).users}


@given(st.data(), people_of_any_kind, some_rules)
def test_the_order_of_rules_and_people_does_not_matter(
    data: st.DataObject, people: list[Dict], rules: list[Dict]
) -> None:
    expected = assign(people, rules)
    assert assign(data.draw(st.permutations(people)), data.draw(st.permutations(rules))) == expected
    assert [user["email"] for user in expected.users] == sorted(user["email"] for user in expected.users)


@given(people_of_any_kind, some_rules)
def test_everybody_is_on_a_rule_or_on_none(people: list[Dict], rules: list[Dict]) -> None:
    found = assign(people, rules)
    emails = {person["email"].lower(): person for person in people}
    assert sorted([*(user["email"] for user in found.users), *found.without_rule]) == sorted(emails)
    assert found.without_rule == sorted(
        email for email, person in emails.items() if not any(is_on(person, by) for by in rules)
    )


@given(people_of_any_kind, some_rules)
def test_every_grant_is_the_highest_and_by_the_first_rule_that_gives_it(people: list[Dict], rules: list[Dict]) -> None:
    persons = {person["email"].lower(): person for person in people}
    for email, user in everything_given(people, rules).items():
        on = sorted((by for by in rules if is_on(persons[email], by)), key=lambda by: str(by["name"]))
        denied = {project: by["name"] for by in reversed(on) for project in by.get("deny", ())}
        assert user["granted_by"].get("denied", {}) == denied
        assert not set(denied) & set(user["projects"])
        places = [("global", user.get("role"), user["granted_by"].get("role"), [by.get("role") for by in on])]
        for project in set(PROJECTS) - set(denied):
            given_by = user["granted_by"].get("projects", {}).get(project)
            places.append(
                ("project", user["projects"].get(project), given_by, [by.get("projects", {}).get(project) for by in on])
            )
        for kind, role, rule_name, offers in places:
            heights = [height(offer, kind) for offer in offers]
            assert height(role, kind) == max(heights)
            if role is None:
                assert rule_name is None
            else:
                first = heights.index(max(heights))
                assert (rule_name, role) == (on[first]["name"], offers[first])


@given(people_of_any_kind, some_rules, some_rules)
def test_one_more_rule_takes_away_only_what_it_denies(people: list[Dict], rules: list[Dict], more: list[Dict]) -> None:
    for number, extra in enumerate(more):
        added = {**extra, "name": f"more {number}"}
        before, after = everything_given(people, rules), everything_given(people, [*rules, added])
        assert set(before) <= set(after)
        for email, user in before.items():
            assert height(after[email].get("role"), "global") >= height(user.get("role"), "global")
            for project in set(user["projects"]) - set(extra.get("deny", ())):
                assert height(after[email]["projects"].get(project), "project") >= height(
                    user["projects"][project], "project"
                )


@given(people_of_any_kind, some_rules)
def test_n8n_access_takes_what_comes_out(people: list[Dict], rules: list[Dict]) -> None:
    users = assign(people, rules).users
    desired = desired_access(users, None)
    assert [(user.user, user.role, user.rule) for user in desired.users] == [
        (user["email"], user.get("role"), user["granted_by"].get("role", "")) for user in users
    ]
    assert [(member.user, member.project, member.role, member.rule) for member in desired.members] == [
        (user["email"], project, role, user["granted_by"]["projects"][project])
        for user in users
        for project, role in user["projects"].items()
    ]
    assert [user.denied for user in desired.users] == [user["granted_by"].get("denied", {}) for user in users]


@given(people_of_any_kind, some_rules)
def test_people_and_rules_are_left_as_they_are(people: list[Dict], rules: list[Dict]) -> None:
    before = repr((people, rules))
    assign(people, rules)
    assert repr((people, rules)) == before
