# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the lists of n8n_access: the desired state, the errors with their positions, and the read request."""

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
AUTHORITATIVE_POLICY = ListPolicy(AUTHORITATIVE)


def desired_state_of(
    users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()
) -> DesiredState:
    return desired_access(users, projects, policy)


def read_request_of(
    users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()
) -> ReadRequest:
    return access_request(desired_access(users, projects, policy, allow_empty=True))


def test_users_list_is_converted_to_users_and_members() -> None:
    desired = desired_state_of(
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


def test_projects_list_is_converted_to_projects_and_members_by_email_or_id() -> None:
    desired = desired_state_of(
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


@pytest.mark.parametrize(("projects", "listed"), [({}, True), (None, False), ("omitted", False)])
def test_empty_dictionary_counts_as_listed_and_null_does_not(projects: object, listed: bool) -> None:
    entry = {"email": "a@example.com", **({} if projects == "omitted" else {"projects": projects})}
    assert desired_state_of([entry]).users[0].lists_projects is listed
    members = {} if projects == "omitted" else {"members": projects}
    assert desired_state_of(projects=[{"name": "Sales", **members}]).projects[0].lists_members is listed


@pytest.mark.parametrize(
    ("of_project", "of_list", "authority"),
    [
        (None, ADDITIVE, ADDITIVE),
        (None, AUTHORITATIVE, AUTHORITATIVE),
        (ADDITIVE, AUTHORITATIVE, ADDITIVE),
        (AUTHORITATIVE, ADDITIVE, AUTHORITATIVE),
    ],
)
def test_authority_of_a_project_overrides_that_of_the_list(
    of_project: str | None, of_list: str, authority: str
) -> None:
    project = {"name": "Sales", "authority": of_project, "members": {"a@example.com": "viewer"}}
    desired = desired_state_of(projects=[project], policy=ListPolicy(of_list))
    assert desired.authority(desired.projects[0]) == authority
    assert desired.authority(None) == of_list


def test_rules_are_read_from_granted_by() -> None:
    granted_by = {
        "role": "staff",
        "projects": {"Sales": "sellers", "Other": "nobody"},
        "denied": {"Support": "trainees"},
    }
    entry = {"email": "a@example.com", "role": "member", "projects": {"Sales": "viewer"}, "granted_by": granted_by}
    desired = desired_state_of([entry])
    assert (desired.users[0].rule, desired.users[0].denied) == ("staff", {"Support": "trainees"})
    assert [member.rule for member in desired.members] == ["sellers"]
    assert desired_state_of([{"email": "a@example.com", "granted_by": {}}]).users[0].rule == ""


def error_of(users: Entries | None = None, projects: Entries | None = None, policy: ListPolicy = ListPolicy()) -> str:
    with pytest.raises(InputError) as error:
        desired_access(users, projects, policy)
    return str(error.value)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ([{"email": "bob"}], 'users[0]: "bob" is not an email address'),
        ([{}], "users[0]: email is blank. Set an email address."),
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
def test_invalid_user_entry_is_rejected_with_its_position(users: Entries, message: str) -> None:
    assert message in error_of(users)


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ({"name": None, "id": " "}, "projects[0]: id is blank. Set the id of a project, or use name."),
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
def test_invalid_project_entry_is_rejected_with_its_position(project: dict[str, Any], message: str) -> None:
    assert message in error_of(projects=[project])


NAME_REUSED = (
    '"B" is in previous_names of projects[0] ("A") and is also the name of projects[1] ("B"). If both are one project, '
    "list it once, under its new name. If one project should get the name of another, "
    "rename one in this run and the other in the next, without these previous_names."
)
LISTED_TWICE = '{1} and {2} are both project "{0}". List it once'


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
        # Two roles for one membership, one in each list.
        (
            [{"email": "bob@example.com", "projects": {"A": "viewer"}}],
            [{"name": "A", "members": {"Bob@example.com": "project:editor"}}],
            'projects[0] ("A"), member bob@example.com has the role project:editor, but users[0] (bob@example.com), project "A" has the role '
            "viewer. Use the same role in both.",
        ),
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer"}}],
            [{"id": "p-1", "name": "A", "members": {"bob@example.com": "editor"}}],
            'member bob@example.com has the role editor, but users[0] (bob@example.com), project "p-1" has the role viewer',
        ),
        # Two roles for one membership, by the name and by the id of one project.
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer", "A": "editor"}}],
            [{"id": "p-1", "name": "A"}],
            'project "p-1" has the role viewer, but users[0] (bob@example.com), project "A" has the role editor',
        ),
        # Two names for one project.
        ([], [{"name": "A"}, {"name": "A"}], LISTED_TWICE.format("A", 'projects[0] ("A")', 'projects[1] ("A")')),
        (
            [],
            [{"name": "A"}, {"name": "A", "id": "p-1"}],
            LISTED_TWICE.format("A", 'projects[0] ("A")', 'projects[1] ("A")'),
        ),
        ([], [{"id": "p-1"}, {"id": "p-1"}], LISTED_TWICE.format("p-1", 'projects[0] ("p-1")', 'projects[1] ("p-1")')),
        (
            [],
            [{"id": "p-1", "name": "A"}, {"id": "p-1", "name": "B"}],
            LISTED_TWICE.format("p-1", 'projects[0] ("A")', 'projects[1] ("B")'),
        ),
        (
            [],
            [{"id": "p-1"}, {"name": "p-1"}],
            LISTED_TWICE.format("p-1", 'projects[0] ("p-1")', 'projects[1] ("p-1")'),
        ),
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"name": "B"}],
            NAME_REUSED,
        ),
        (
            [],
            [{"name": "B"}, {"name": "A", "previous_names": ["B"]}],
            NAME_REUSED.replace("projects[0]", "projects[2]").replace("[1]", "[0]").replace("[2]", "[1]"),
        ),
        # Only one entry has an id, which may be the id of the other project.
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"id": "p-1", "name": "B"}],
            NAME_REUSED,
        ),
        (
            [],
            [{"name": "A", "previous_names": ["B"]}, {"name": "C", "previous_names": ["B"]}],
            LISTED_TWICE.format("B", 'projects[0] ("A")', 'previous_names of projects[1] ("C")'),
        ),
        (
            [],
            [{"name": "A", "previous_names": ["A"]}],
            LISTED_TWICE.format("A", 'projects[0] ("A")', 'previous_names of projects[0] ("A")'),
        ),
        (
            [{"email": "bob@example.com", "projects": {"B": "viewer"}}],
            [{"name": "A", "previous_names": ["B"]}],
            LISTED_TWICE.format("B", 'previous_names of projects[0] ("A")', 'users[0] (bob@example.com), project "B"'),
        ),
    ],
)
def test_contradiction_is_rejected_with_both_positions(users: Entries, projects: Entries, message: str) -> None:
    assert message in error_of(users, projects)


@pytest.mark.parametrize(
    ("users", "projects"),
    [
        # One membership in both lists, with the short and the full name of one role.
        (
            [{"email": "bob@example.com", "projects": {"A": "viewer"}}],
            [{"name": "A", "members": {"Bob@Example.com": "project:viewer"}}],
        ),
        # Projects with one name and different ids are different projects. An export can contain them.
        ([], [{"id": "p-1", "name": "Team"}, {"id": "p-2", "name": "Team"}, {"id": "p-3", "name": "Team"}]),
        # A shared name identifies no project, so these entries are not known to be one membership.
        (
            [{"email": "bob@example.com", "projects": {"p-1": "viewer"}}],
            [{"id": "p-1", "name": "Team"}, {"id": "p-2", "name": "Team", "members": {"bob@example.com": "editor"}}],
        ),
        # Only n8n knows whether these names refer to one custom role.
        (
            [{"email": "bob@example.com", "projects": {"A": "Auditor"}}],
            [{"name": "A", "members": {"bob@example.com": "project:auditor-a1b2c3"}}],
        ),
        # A name that passes from one project to another, where both entries have ids.
        ([], [{"id": "p-1", "name": "A", "previous_names": ["B"]}, {"id": "p-2", "name": "B"}]),
        (
            [{"email": "bob@example.com", "projects": {"B": "viewer"}}],
            [{"id": "p-2", "name": "B"}, {"id": "p-1", "name": "A", "previous_names": ["B"]}],
        ),
        # A project with an id may have a blank name in n8n.
        ([], [{"id": "p-1", "name": "   "}]),
        # Only n8n knows that this email and this id belong to one user.
        ([], [{"name": "A", "members": {"bob@example.com": "viewer", "u-bob": "viewer"}}]),
    ],
)
def test_lists_without_contradictions_are_accepted(users: Entries, projects: Entries) -> None:
    assert len(desired_state_of(users, projects).projects) == len(projects)


def test_all_errors_are_reported_together() -> None:
    message = error_of(
        [{"email": "x"}, {"email": "ok@example.com", "projects": {"": "viewer", "B": ""}}],
        [{"name": ""}, {"name": "A", "members": {"y@": "viewer", "ok@example.com": ""}}],
    )
    assert message.count("\n") == 5


def test_long_list_of_errors_is_shortened_with_a_count() -> None:
    message = error_of([{"email": f"wrong-{number}"} for number in range(100)])
    assert "And 80 more" in message and message.count("\n") == ErrorCollector.LONGEST


# Lists without users

EMPTY_LISTS: dict[str, tuple[Entries | None, Entries | None]] = {
    "no users": ([], None),
    "no users and no projects": ([], []),
    "no members": (None, [{"name": "A", "members": {}}]),
    "only ignored users": (
        [{"email": "svc-1@example.com"}],
        [{"name": "A", "members": {"SVC-2@example.com": "admin"}}],
    ),
}
REMOVING_POLICIES = {
    "authority=authoritative": ListPolicy(AUTHORITATIVE, ignored=("svc-*",)),
    "unlisted_users=remove_memberships": ListPolicy(unlisted_users=REMOVE_MEMBERSHIPS, ignored=("svc-*",)),
    "unlisted_users=demote": ListPolicy(unlisted_users=DEMOTE, ignored=("svc-*",)),
}


@pytest.mark.parametrize("lists", EMPTY_LISTS.values(), ids=EMPTY_LISTS)
@pytest.mark.parametrize("option", REMOVING_POLICIES)
def test_empty_lists_are_rejected_if_they_would_remove_access(
    lists: tuple[Entries | None, Entries | None], option: str
) -> None:
    message = error_of(*lists, REMOVING_POLICIES[option])
    assert (
        message.startswith(f"The lists name no users, and {option} would remove all access")
        and "allow_empty=true" in message
    )
    desired_access(*lists, REMOVING_POLICIES[option], allow_empty=True)
    desired_access(*lists, ListPolicy(ignored=("svc-*",)))


def test_empty_lists_are_rejected_if_one_project_is_authoritative() -> None:
    projects: Entries = [{"name": "A"}, {"name": "B", "members": {}, "authority": AUTHORITATIVE}]
    assert 'authority=authoritative of projects[1] ("B") would remove' in error_of([], projects)


@pytest.mark.parametrize(
    ("users", "projects"),
    [([{"email": "a@example.com"}], None), (None, [{"name": "A", "members": {"u-1": "viewer"}}])],
)
def test_lists_with_one_user_are_not_empty(users: Entries | None, projects: Entries | None) -> None:
    desired_access(users, projects, ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS))


# The read request

ADA: dict[str, Any] = {"email": "a@example.com"}
SALES: dict[str, Any] = {"name": "Sales", "id": "p-1", "previous_names": ["Old"]}
NAMES = ("Old", "Sales", "p-1")


@pytest.mark.parametrize(
    ("users", "projects", "policy", "read"),
    [
        # No project is listed.
        ([ADA], None, ListPolicy(), (False, NONE)),
        ([ADA], None, AUTHORITATIVE_POLICY, (False, NONE)),
        ([ADA], [], ListPolicy(), (False, NONE)),
        ([{**ADA, "projects": {}}], None, ListPolicy(), (False, NONE)),
        # The members of the listed projects are needed.
        ([{**ADA, "projects": {"B": "viewer", "A": "viewer"}}], None, ListPolicy(), (True, ("A", "B"))),
        (None, [{**SALES, "members": {"a@example.com": "viewer"}}], ListPolicy(), (True, NAMES)),
        (None, [{**SALES, "members": {}}], AUTHORITATIVE_POLICY, (True, NAMES)),
        # A project without listed members: only its existence matters, unless it is authoritative.
        (None, [SALES], ListPolicy(), (True, NONE)),
        (None, [SALES], AUTHORITATIVE_POLICY, (True, NAMES)),
        (None, [{**SALES, "authority": AUTHORITATIVE}], ListPolicy(), (True, NAMES)),
        (None, [{**SALES, "authority": ADDITIVE}], AUTHORITATIVE_POLICY, (True, NONE)),
        # Members are needed by every name that the project may have.
        ([{**ADA, "projects": {"Sales": "viewer"}}], [SALES], ListPolicy(), (True, NAMES)),
        ([{**ADA, "projects": {"B": "viewer"}}], [SALES], ListPolicy(), (True, ("B",))),
        # Unlisted memberships can be in any project.
        ([{**ADA, "projects": {"A": "viewer"}}], None, AUTHORITATIVE_POLICY, (True, ALL)),
        ([{**ADA, "projects": {}}], None, AUTHORITATIVE_POLICY, (True, ALL)),
        ([ADA], None, ListPolicy(unlisted_users=REMOVE_MEMBERSHIPS), (True, ALL)),
        ([ADA], None, ListPolicy(unlisted_users=DEMOTE), (True, ALL)),
        # A chat user loses every membership.
        ([{**ADA, "role": "chatUser", "projects": {"B": "viewer"}}], None, ListPolicy(), (True, ALL)),
        ([{**ADA, "role": "global:chatUser"}], None, ListPolicy(), (True, ALL)),
    ],
)
def test_read_request_covers_only_what_the_plan_needs(
    users: Entries | None, projects: Entries | None, policy: ListPolicy, read: tuple[bool, tuple[str, ...] | Members]
) -> None:
    request = read_request_of(users, projects, policy)
    assert (request.projects, request.members, request.all_users) == (*read, True)


def test_roles_are_read_only_for_names_of_custom_roles() -> None:
    assert read_request_of([{**ADA, "projects": {"B": "viewer"}}]).roles is False
    assert read_request_of([{**ADA, "projects": {"B": "Auditor"}}]).roles is True
    assert read_request_of([{**ADA, "role": "Auditor"}]).roles is True
    assert read_request_of(projects=[{"name": "B", "members": {"u-1": "Auditor"}}]).roles is True


def test_each_listed_user_is_requested_once() -> None:
    request = read_request_of([{**ADA, "projects": {"B": "viewer"}}], [{"name": "C", "members": {"u-1": "viewer"}}])
    assert request.users == ("a@example.com", "u-1")
