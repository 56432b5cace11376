# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of n8n_access: what they ask for, what is refused in them and where, and what has to be read for them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import access_request, desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL, NONE, Members
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, ErrorCollector
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    ADDITIVE,
    AUTHORITATIVE,
    DEMOTE,
    REMOVE_MEMBERSHIPS,
    DesiredMember,
    DesiredProject,
    ListPolicy,
    DesiredUser,
    DesiredState,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest

Entries = list[dict[str, Any]]
STRICT = ListPolicy(AUTHORITATIVE)


def wish_of(
    users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()
) -> DesiredState:
    return desired_access(users, projects, policy)


def needs_of(
    users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()
) -> ReadRequest:
    return access_request(desired_access(users, projects, policy, allow_empty=True))


def test_a_list_of_people_becomes_users_and_members() -> None:
    desired = wish_of(
        [{"email": "Ada@Example.com", "role": "member", "projects": {"Sales": "editor"}}, {"email": "b@example.com"}]
    )
    assert desired.users == (
        DesiredUser("ada@example.com", "member", source="users[0] (ada@example.com)", lists_projects=True),
        DesiredUser("b@example.com", None, source="users[1] (b@example.com)"),
    )
    assert desired.members == (
        DesiredMember("Sales", "ada@example.com", "editor", source='users[0] (ada@example.com), project "Sales"'),
    )
    assert (desired.missing_users, desired.create_projects, desired.policy) == ("invite", True, ListPolicy())


def test_a_list_of_projects_becomes_projects_and_members_who_may_be_ids() -> None:
    desired = wish_of(
        projects=[
            {"name": " Sales", "previous_names": ["Old", "Older"], "members": {"Ada@Example.com": "editor"}},
            {"id": "p-1", "name": None, "authority": AUTHORITATIVE, "members": {"5F84-Id": "viewer"}},
            {"id": "p-2", "name": "Two", "members": None},
        ]
    )
    assert desired.projects == (
        DesiredProject(" Sales", None, ("Old", "Older"), source='projects[0] (" Sales")', lists_members=True),
        DesiredProject(None, "p-1", source='projects[1] ("p-1")', lists_members=True, authority=AUTHORITATIVE),
        DesiredProject("Two", "p-2", source='projects[2] ("Two")'),
    )
    assert desired.members == (
        DesiredMember(" Sales", "ada@example.com", "editor", source='projects[0] (" Sales"), member ada@example.com'),
        DesiredMember("p-1", "5F84-Id", "viewer", source='projects[1] ("p-1"), member 5F84-Id'),
    )


@pytest.mark.parametrize(("projects", "told"), [({}, True), (None, False), ("left out", False)])
def test_an_empty_dictionary_is_a_statement_and_nothing_is_none(projects: object, told: bool) -> None:
    entry = {"email": "a@example.com", **({} if projects == "left out" else {"projects": projects})}
    assert wish_of([entry]).users[0].lists_projects is told
    members = {} if projects == "left out" else {"members": projects}
    assert wish_of(projects=[{"name": "Sales", **members}]).projects[0].lists_members is told


@pytest.mark.parametrize(
    ("of_project", "of_list", "authority"),
    [
        (None, ADDITIVE, ADDITIVE),
        (None, AUTHORITATIVE, AUTHORITATIVE),
        (ADDITIVE, AUTHORITATIVE, ADDITIVE),
        (AUTHORITATIVE, ADDITIVE, AUTHORITATIVE),
    ],
)
def test_a_project_has_the_authority_of_the_list_unless_it_has_its_own(
    of_project: str | None, of_list: str, authority: str
) -> None:
    project = {"name": "Sales", "authority": of_project, "members": {"a@example.com": "viewer"}}
    desired = wish_of(projects=[project], policy=ListPolicy(of_list))
    assert desired.authority(desired.projects[0]) == authority
    assert desired.authority(None) == of_list


def test_what_gave_what_is_taken_from_granted_by() -> None:
    granted_by = {
        "role": "staff",
        "projects": {"Sales": "sellers", "Other": "nobody"},
        "denied": {"Support": "trainees"},
    }
    entry = {"email": "a@example.com", "role": "member", "projects": {"Sales": "viewer"}, "granted_by": granted_by}
    desired = wish_of([entry])
    assert (desired.users[0].rule, desired.users[0].denied) == ("staff", {"Support": "trainees"})
    assert [member.rule for member in desired.members] == ["sellers"]
    assert wish_of([{"email": "a@example.com", "granted_by": {}}]).users[0].rule == ""


def refusal_of(users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()) -> str:
    with pytest.raises(InputError) as error:
        desired_access(users, projects, policy)
    return str(error.value)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ([{"email": "bob"}], 'users[0]: "bob" is not an email address'),
        ([{}], 'users[0]: "None" is not an email address'),
        ([{"email": "b@example.com", "projects": {"Sales": None}}], 'project "Sales": a membership requires a role'),
        ([{"email": "b@example.com", "projects": {"Sales": " "}}], 'project "Sales": a membership requires a role'),
        ([{"email": "b@example.com", "projects": {" ": "viewer"}}], "name that is not blank"),
        ([{"email": "b@example.com", "projects": ["Sales"]}], "must be a dictionary"),
        (
            [{"email": "b@example.com", "granted_by": {"projects": ["x"]}}],
            "users[0], granted_by must be a dictionary",
        ),
        ([{"email": "b@example.com", "granted_by": {"denied": "x"}}], "users[0], granted_by must be a dictionary"),
    ],
)
def test_a_person_who_is_wrong_is_refused_where_it_is_wrong(users: Entries, message: str) -> None:
    assert message in refusal_of(users)


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ({"name": "  "}, "projects[0]: a project needs a name that is not blank"),
        ({"name": "x" * 256}, "has 256 characters"),
        ({"name": "A", "previous_names": ["B", ""]}, "projects[0], previous_names: a project needs a name"),
        ({"name": "A", "members": {"a@": "viewer"}}, 'projects[0] ("A"), members: "a@" is not an email address'),
        (
            {"name": "A", "members": {" ": "viewer"}},
            'projects[0] ("A"), members: the email or id of a user is required',
        ),
        ({"name": "A", "members": {"a@example.com": None}}, "member a@example.com: a membership requires a role"),
    ],
)
def test_a_project_that_is_wrong_is_refused_where_it_is_wrong(project: dict[str, Any], message: str) -> None:
    assert message in refusal_of(projects=[project])


PASSED_ON = (
    '"B" is in previous_names of projects[0] ("A") and is also the name of projects[1] ("B"). If both are one project, '
    "list it once, under its new name. If one project should get the name of another, "
    "rename one in this run and the other in the next, without these previous_names."
)
TWO_NAMES = '"{}" is one project under two names: {} and {}. List it once'


@pytest.mark.parametrize(
    ("users", "projects", "message"),
    [
        # Two spellings of one email.
        (
            [{"email": "bob@example.com"}, {"email": "BoB@example.com "}],
            [],
            "users[1] and users[0] are both bob@example.com",
        ),
        (
            [],
            [{"name": "A", "members": {"bob@example.com": "viewer", "BoB@Example.com": "viewer"}}],
            'projects[0] ("A"): the members "bob@example.com" and "BoB@Example.com" are both bob@example.com.',
        ),
        # Two roles for one membership, said in both views.
        (
            [{"email": "bob@example.com", "projects": {"A": "viewer"}}],
            [{"name": "A", "members": {"Bob@example.com": "project:editor"}}],
            'projects[0] ("A"), member bob@example.com says project:editor, but users[0] (bob@example.com), project "A" says '
            "viewer. Use the same role in both.",
        ),
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer"}}],
            [{"id": "p-1", "name": "A", "members": {"bob@example.com": "editor"}}],
            'member bob@example.com says editor, but users[0] (bob@example.com), project "p-1" says viewer',
        ),
        # By the name and by the id of one entry, in one view.
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer", "A": "editor"}}],
            [{"id": "p-1", "name": "A"}],
            'project "p-1" says viewer, but users[0] (bob@example.com), project "A" says editor',
        ),
        # One project under two names.
        ([], [{"name": "A"}, {"name": "A"}], TWO_NAMES.format("A", 'projects[0] ("A")', 'projects[1] ("A")')),
        (
            [],
            [{"name": "A"}, {"name": "A", "id": "p-1"}],
            TWO_NAMES.format("A", 'projects[0] ("A")', 'projects[1] ("A")'),
        ),
        ([], [{"id": "p-1"}, {"id": "p-1"}], TWO_NAMES.format("p-1", 'projects[0] ("p-1")', 'projects[1] ("p-1")')),
        (
            [],
            [{"id": "p-1", "name": "A"}, {"id": "p-1", "name": "B"}],
            TWO_NAMES.format("p-1", 'projects[0] ("A")', 'projects[1] ("B")'),
        ),
        ([], [{"id": "p-1"}, {"name": "p-1"}], TWO_NAMES.format("p-1", 'projects[0] ("p-1")', 'projects[1] ("p-1")')),
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"name": "B"}],
            PASSED_ON,
        ),
        (
            [],
            [{"name": "B"}, {"name": "A", "previous_names": ["B"]}],
            PASSED_ON.replace("projects[0]", "projects[2]").replace("[1]", "[0]").replace("[2]", "[1]"),
        ),
        # Where only one has an id, it may be that of the other.
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"id": "p-1", "name": "B"}],
            PASSED_ON,
        ),
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"name": "C", "previous_names": ["B"]}],
            TWO_NAMES.format("B", 'projects[0] ("A")', 'previous_names of projects[1] ("C")'),
        ),
        (
            [],
            [{"name": "A", "previous_names": ["A"]}],
            TWO_NAMES.format("A", 'projects[0] ("A")', 'previous_names of projects[0] ("A")'),
        ),
        (
            [{"email": "bob@example.com", "projects": {"B": "viewer"}}],
            [{"name": "A", "previous_names": ["B"]}],
            TWO_NAMES.format("B", 'previous_names of projects[0] ("A")', 'users[0] (bob@example.com), project "B"'),
        ),
    ],
)
def test_a_contradiction_is_refused_with_both_places(users: Entries, projects: Entries, message: str) -> None:
    assert message in refusal_of(users, projects)


@pytest.mark.parametrize(
    ("users", "projects"),
    [
        # Said twice, in short and in full.
        (
            [{"email": "bob@example.com", "projects": {"A": "viewer"}}],
            [{"name": "A", "members": {"Bob@Example.com": "project:viewer"}}],
        ),
        # Two entries of one name, each with its id, are two projects, as an export has them.
        ([], [{"id": "p-1", "name": "Twin"}, {"id": "p-2", "name": "Twin"}, {"id": "p-3", "name": "Twin"}]),
        # The name that twins share is the name of none, so these are not known to be one membership.
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer"}}],
            [{"id": "p-1", "name": "Twin"}, {"id": "p-2", "name": "Twin", "members": {"bob@example.com": "editor"}}],
        ),
        # What a custom role is, only n8n can tell.
        (
            [{"email": "bob@example.com", "projects": {"A": "Auditor"}}],
            [{"name": "A", "members": {"bob@example.com": "project:auditor-a1b2c3"}}],
        ),
        # A name that goes from one project to another, each with its id.
        ([], [{"id": "p-1", "name": "A", "previous_names": ["B"]}, {"id": "p-2", "name": "B"}]),
        (
            [{"email": "bob@example.com", "projects": {"B": "viewer"}}],
            [{"id": "p-2", "name": "B"}, {"id": "p-1", "name": "A", "previous_names": ["B"]}],
        ),
        # A blank name with an id is that of a project which has no better one.
        ([], [{"id": "p-1", "name": "   "}]),
        # Somebody by the email and by the id: only n8n knows that they are one.
        ([], [{"name": "A", "members": {"bob@example.com": "viewer", "u-bob": "viewer"}}]),
    ],
)
def test_what_is_no_contradiction_is_not_refused(users: Entries, projects: Entries) -> None:
    assert len(wish_of(users, projects).projects) == len(projects)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = refusal_of(
        [{"email": "x"}, {"email": "ok@example.com", "projects": {"": "viewer", "B": ""}}],
        [{"name": ""}, {"name": "A", "members": {"y@": "viewer", "ok@example.com": ""}}],
    )
    assert said.count("\n") == 5


def test_a_hundred_errors_are_counted_and_not_all_shown() -> None:
    said = refusal_of([{"email": f"wrong-{number}"} for number in range(100)])
    assert "And 80 more" in said and said.count("\n") == ErrorCollector.LONGEST


# Nobody at all

NOBODY: dict[str, tuple[Entries | None, Entries | None]] = {
    "no users": ([], None),
    "neither": ([], []),
    "no members": (None, [{"name": "A", "members": {}}]),
    "only ignored ones": ([{"email": "svc-1@example.com"}], [{"name": "A", "members": {"SVC-2@example.com": "admin"}}]),
}
TAKING = {
    "authority=authoritative": ListPolicy(AUTHORITATIVE, ignored=("svc-*",)),
    "unlisted_users=remove_memberships": ListPolicy(unlisted_users=REMOVE_MEMBERSHIPS, ignored=("svc-*",)),
    "unlisted_users=demote": ListPolicy(unlisted_users=DEMOTE, ignored=("svc-*",)),
}


@pytest.mark.parametrize("nobody", NOBODY.values(), ids=NOBODY)
@pytest.mark.parametrize("words", TAKING)
def test_nobody_at_all_is_an_error_where_it_takes_access_away(
    nobody: tuple[Entries | None, Entries | None], words: str
) -> None:
    said = refusal_of(*nobody, TAKING[words])
    assert (
        said.startswith(f"The lists name no users, and {words} would remove all access") and "allow_empty=true" in said
    )
    desired_access(*nobody, TAKING[words], allow_empty=True)
    desired_access(*nobody, ListPolicy(ignored=("svc-*",)))


def test_nobody_at_all_is_an_error_where_one_project_alone_is_authoritative() -> None:
    projects: Entries = [{"name": "A"}, {"name": "B", "members": {}, "authority": AUTHORITATIVE}]
    assert 'authority=authoritative of projects[1] ("B") would remove' in refusal_of([], projects)


@pytest.mark.parametrize(
    ("users", "projects"),
    [([{"email": "a@example.com"}], None), (None, [{"name": "A", "members": {"u-1": "viewer"}}])],
)
def test_one_person_is_somebody(users: Entries | None, projects: Entries | None) -> None:
    desired_access(users, projects, ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS))


# What has to be read

ADA: dict[str, Any] = {"email": "a@example.com"}
SALES: dict[str, Any] = {"name": "Sales", "id": "p-1", "previous_names": ["Old"]}
NAMES = ("Old", "Sales", "p-1")


@pytest.mark.parametrize(
    ("users", "projects", "policy", "read"),
    [
        # Without any project named none is read.
        ([ADA], None, ListPolicy(), (False, NONE)),
        ([ADA], None, STRICT, (False, NONE)),
        ([ADA], [], ListPolicy(), (False, NONE)),
        ([{**ADA, "projects": {}}], None, ListPolicy(), (False, NONE)),
        # Of projects that are named, the members.
        ([{**ADA, "projects": {"B": "viewer", "A": "viewer"}}], None, ListPolicy(), (True, ("A", "B"))),
        (None, [{**SALES, "members": {"a@example.com": "viewer"}}], ListPolicy(), (True, NAMES)),
        (None, [{**SALES, "members": {}}], STRICT, (True, NAMES)),
        # Where nobody is named in it and nobody is taken from it, only that the project is there.
        (None, [SALES], ListPolicy(), (True, NONE)),
        (None, [SALES], STRICT, (True, NAMES)),
        (None, [{**SALES, "authority": AUTHORITATIVE}], ListPolicy(), (True, NAMES)),
        (None, [{**SALES, "authority": ADDITIVE}], STRICT, (True, NONE)),
        # By whatever name they are called now.
        ([{**ADA, "projects": {"Sales": "viewer"}}], [SALES], ListPolicy(), (True, NAMES)),
        ([{**ADA, "projects": {"B": "viewer"}}], [SALES], ListPolicy(), (True, ("B",))),
        # Who is authoritatively somewhere is so nowhere else; who is named nowhere is so everywhere.
        ([{**ADA, "projects": {"A": "viewer"}}], None, STRICT, (True, ALL)),
        ([{**ADA, "projects": {}}], None, STRICT, (True, ALL)),
        ([ADA], None, ListPolicy(unlisted_users=REMOVE_MEMBERSHIPS), (True, ALL)),
        ([ADA], None, ListPolicy(unlisted_users=DEMOTE), (True, ALL)),
        # A chat user loses every membership.
        ([{**ADA, "role": "chatUser", "projects": {"B": "viewer"}}], None, ListPolicy(), (True, ALL)),
        ([{**ADA, "role": "global:chatUser"}], None, ListPolicy(), (True, ALL)),
    ],
)
def test_what_is_read_is_what_can_make_a_difference(
    users: Entries | None, projects: Entries | None, policy: ListPolicy, read: tuple[bool, tuple[str, ...] | Members]
) -> None:
    request = needs_of(users, projects, policy)
    assert (request.projects, request.members, request.all_users) == (*read, True)


def test_roles_are_read_only_for_names_that_n8n_alone_knows() -> None:
    assert needs_of([{**ADA, "projects": {"B": "viewer"}}]).roles is False
    assert needs_of([{**ADA, "projects": {"B": "Auditor"}}]).roles is True
    assert needs_of([{**ADA, "role": "Auditor"}]).roles is True
    assert needs_of(projects=[{"name": "B", "members": {"u-1": "Auditor"}}]).roles is True


def test_everybody_named_is_asked_for_once() -> None:
    request = needs_of([{**ADA, "projects": {"B": "viewer"}}], [{"name": "C", "members": {"u-1": "viewer"}}])
    assert request.users == ("a@example.com", "u-1")
