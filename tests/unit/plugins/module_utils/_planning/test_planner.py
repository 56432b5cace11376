# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is, and what shall be, and exactly the changes between the two."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.actions import ACTIONS, ITEM
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.describe import describe_change
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.planner import plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned import OwnedItem, OwnedItems
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.memberships import export
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.desired import (
    AUTHORITATIVE,
    REMOVE_MEMBERSHIPS,
    DesiredMember,
    DesiredProject,
    ListPolicy,
    DesiredUser,
    DesiredState,
)

from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.company import (
    ADA,
    GRACE,
    LINUS,
    PERSONAL,
    ROLES,
    SALES,
    SUPPORT,
    company,
    member,
)

Row = tuple[object, ...]


def rows(made: Plan) -> list[Row]:
    """Return a plan as short rows: action, user, project, before, after."""
    return [(change.action, change.user, change.project, change.before, change.after) for change in made.changes]


def one_user(state: State, user: str, role: str | None = None, present: bool = True, **more: bool) -> Plan:
    return plan(state, DesiredState(users=(DesiredUser(user, role, present, "role"),), missing_users="invite", **more))


def one_project(state: State, **desired: object) -> Plan:
    return plan(state, DesiredState(projects=(DesiredProject(**desired),), create_projects=True))


def one_member(
    state: State, project: str, user: str, role: str | None, present: bool = True, allow_no_admin: bool = False
) -> Plan:
    return plan(
        state,
        DesiredState(members=(DesiredMember(project, user, role, present, "role"),), allow_no_admin=allow_no_admin),
    )


def access(
    state: State, users: list[dict[str, object]], missing_users: str = "invite", create_projects: bool = True
) -> Plan:
    return plan(state, desired_access(users, missing_users=missing_users, create_projects=create_projects))


# One user


@pytest.mark.parametrize(
    ("user", "role", "expected"),
    [
        ("new@example.com", None, [("invite_user", "new@example.com", None, None, "global:member")]),
        ("new@example.com", "admin", [("invite_user", "new@example.com", None, None, "global:admin")]),
        ("ada@example.com", None, []),
        ("ada@example.com", "member", []),
        ("u-ada", "global:member", []),
        ("ada@example.com", "admin", [("change_user_role", "ada@example.com", None, "global:member", "global:admin")]),
        ("linus@example.com", "member", []),
        (
            "linus@example.com",
            "admin",
            [("change_user_role", "linus@example.com", None, "global:member", "global:admin")],
        ),
        ("olivia@example.com", "owner", []),
    ],
)
def test_present_invites_whoever_is_missing_and_corrects_the_role(
    user: str, role: str | None, expected: list[Row]
) -> None:
    assert rows(one_user(company(), user, role)) == expected


@pytest.mark.parametrize(
    ("user", "role", "message"),
    [
        (
            "olivia@example.com",
            "member",
            "is the owner of this n8n, whose instance role global:owner cannot be changed",
        ),
        ("ada@example.com", "owner", "cannot be made global:owner"),
        ("new@example.com", "owner", "cannot be invited as global:owner"),
        ("ada@example.com", "boss", 'unknown or unassignable role "boss"'),
        ("u-nobody", None, 'User "u-nobody" does not exist'),
    ],
)
def test_a_role_that_cannot_be_is_refused(user: str, role: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        one_user(company(), user, role)


def test_the_role_of_the_keys_own_user_is_not_changed() -> None:
    with pytest.raises(InputError, match="ada@example.com is the user whose API key is used"):
        one_user(company(own_user_id=ADA.id), "ada@example.com", "admin")


def test_a_pending_invitation_is_sent_again_only_when_asked() -> None:
    again = one_user(company(), "linus@example.com", resend_invite=True)
    assert rows(again) == [("invite_user", "linus@example.com", None, "global:member", "global:member")]
    assert rows(one_user(company(), "ada@example.com", resend_invite=True)) == []


def test_a_user_who_owns_nothing_is_deleted_and_the_memberships_are_shown_to_go_too() -> None:
    assert rows(one_user(company(), "ada@example.com", present=False)) == [
        ("delete_user", "ada@example.com", None, "global:member", None),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None),
        ("remove_member", "ada@example.com", "Support", "project:viewer", None),
    ]
    assert rows(one_user(company(), "nobody@example.com", present=False)) == []


@pytest.mark.parametrize(
    ("user", "owned_items", "message"),
    [
        ("olivia@example.com", None, "is the owner of this n8n and cannot be removed"),
        (
            "grace@example.com",
            None,
            r'Project "Support" \(p-support\) would be left without an admin: grace@example.com',
        ),
        (
            "ada@example.com",
            OwnedItems((OwnedItem("workflow", "w1", "Bills"),)),
            r'ada@example.com owns workflow "Bills" \(w1\), which the deletion would destroy',
        ),
        ("ada@example.com", OwnedItems(unseen="nobody can see."), "ada@example.com is not deleted: nobody can see."),
    ],
)
def test_a_user_whose_deletion_would_cost_something_is_not_deleted(
    user: str, owned_items: OwnedItems | None, message: str
) -> None:
    state = company()
    if owned_items:
        state = replace(state, owned_items={**state.owned_items, PERSONAL[1].id: owned_items})
    with pytest.raises(InputError, match=message):
        one_user(state, user, present=False)


def test_a_user_whose_personal_project_is_not_seen_is_not_deleted() -> None:
    with pytest.raises(InputError, match="n8n does not show the personal project of this user"):
        one_user(company(projects=(SALES, SUPPORT)), "ada@example.com", present=False)


def test_somebody_pending_has_made_nothing_but_may_have_been_given_something() -> None:
    gone = ("delete_user", "linus@example.com", None, "global:member", None)
    assert (
        rows(one_user(company(projects=(SALES, SUPPORT), owned_items={}), "linus@example.com", present=False))[0]
        == gone
    )
    state, mine = company(), PERSONAL[3].id
    unseen = replace(state, owned_items={mine: OwnedItems(tables_unseen="nobody can see.")})
    assert rows(one_user(unseen, "linus@example.com", present=False))[0] == gone
    given = replace(state, owned_items={mine: OwnedItems((OwnedItem("workflow", "w1", "Bills"),))})
    with pytest.raises(InputError, match="linus@example.com owns workflow"):
        one_user(given, "linus@example.com", present=False)


def test_the_keys_own_user_is_not_deleted() -> None:
    with pytest.raises(InputError, match="is the user whose API key is used and cannot be removed"):
        one_user(company(own_user_id=ADA.id), "ada@example.com", present=False)


# One project


def test_a_project_is_created_once() -> None:
    assert rows(one_project(company(), name="New")) == [("create_project", None, "New", None, "New")]
    assert rows(one_project(company(), name="Sales")) == []
    assert rows(one_project(company(), name=" Sales")) == [("create_project", None, " Sales", None, " Sales")]


def test_a_project_is_renamed_by_its_previous_name_or_its_id() -> None:
    renamed = [("rename_project", None, "Sales", "Sales", "Revenue")]
    assert rows(one_project(company(), name="Revenue", previous_names=("Old", "Sales"))) == renamed
    assert rows(one_project(company(), name="Revenue", id="p-sales")) == renamed
    assert rows(one_project(company(), name="Sales", previous_names=("Support",))) == []
    assert rows(one_project(company(), id="p-twin-1")) == []


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        ({"name": "Twin"}, 'Project "Twin" exists 2 times'),
        ({"id": "p-nope"}, 'Project "p-nope" does not exist'),
        ({"id": "Sales"}, 'Project "Sales" does not exist'),
        (
            {"id": "p-sales", "name": "Support"},
            "cannot be renamed to .Support.: project p-support has that name already",
        ),
        ({"name": "New", "previous_names": ("Sales", "Support")}, "several projects have a previous name"),
        ({"id": PERSONAL[0].id, "name": "Mine"}, "is the personal project of one user"),
    ],
)
def test_a_project_that_is_not_clear_is_refused(desired: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        one_project(company(), **desired)


def test_a_project_that_owns_nothing_is_deleted() -> None:
    assert rows(one_project(company(), name="Sales", present=False)) == [
        ("delete_project", None, "Sales", "Sales", None)
    ]
    assert rows(one_project(company(), name="Nope", present=False)) == []


@pytest.mark.parametrize(
    ("owned_items", "message"),
    [
        (
            OwnedItems((OwnedItem("credential", "c1", "Mail"),)),
            r'owns credential "Mail" \(c1\), which the deletion would destroy',
        ),
        (OwnedItems(unseen="nobody can see."), r'Project "Sales" \(p-sales\) is not deleted: nobody can see.'),
    ],
)
def test_a_project_that_owns_something_is_not_deleted(owned_items: OwnedItems, message: str) -> None:
    with pytest.raises(InputError, match=message):
        one_project(company(owned_items={SALES.id: owned_items}), name="Sales", present=False)


# One member


@pytest.mark.parametrize(
    ("user", "role", "expected"),
    [
        ("grace@example.com", "editor", [("add_member", "grace@example.com", "Sales", None, "project:editor")]),
        ("linus@example.com", "viewer", []),
        ("linus@example.com", None, []),
        (
            "linus@example.com",
            "editor",
            [("change_member_role", "linus@example.com", "Sales", "project:viewer", "project:editor")],
        ),
        (
            "ada@example.com",
            "viewer",
            [("change_member_role", "ada@example.com", "Sales", "project:admin", "project:viewer")],
        ),
        (
            "olivia@example.com",
            "viewer",
            [("change_member_role", "olivia@example.com", "Sales", "project:admin", "project:viewer")],
        ),
    ],
)
def test_a_member_is_added_or_gets_another_role(user: str, role: str | None, expected: list[Row]) -> None:
    assert rows(one_member(company(), "Sales", user, role)) == expected


def test_a_member_is_removed_and_nobody_is_missed() -> None:
    gone = [("remove_member", "linus@example.com", "Sales", "project:viewer", None)]
    assert rows(one_member(company(), "p-sales", "u-linus", None, present=False)) == gone
    for project, user in (("Sales", "grace@example.com"), ("Nope", "ada@example.com"), ("Sales", "nobody@example.com")):
        assert rows(one_member(company(), project, user, None, present=False)) == []


@pytest.mark.parametrize(
    ("project", "user", "role", "message"),
    [
        ("Nope", "ada@example.com", "viewer", '^Project "Nope" does not exist. Create it'),
        ("Sales", "nobody@example.com", "viewer", '^User "nobody@example.com" does not exist. Invite'),
        ("Twin", "ada@example.com", "viewer", 'Project "Twin" exists 2 times'),
        ("Sales", "grace@example.com", None, "role is required to add user"),
        ("Sales", "grace@example.com", "boss", 'role: unknown or unassignable role "boss"'),
    ],
)
def test_a_member_who_cannot_be_is_refused(project: str, user: str, role: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        one_member(company(), project, user, role)


@pytest.mark.parametrize(("role", "present"), [("editor", True), (None, False)])
def test_the_last_admin_stays_unless_it_is_said(role: str | None, present: bool) -> None:
    with pytest.raises(InputError, match="grace@example.com is its last project:admin. Make another user"):
        one_member(company(), "Support", "grace@example.com", role, present)
    assert len(rows(one_member(company(), "Support", "grace@example.com", role, present, allow_no_admin=True))) == 1


def test_a_project_that_was_almost_named_is_suggested() -> None:
    with pytest.raises(InputError, match='Project "SUPORT " does not exist. Did you mean "Support"?'):
        one_member(company(), "SUPORT ", "ada@example.com", "viewer")


def test_names_cannot_pretend_to_be_more_than_names() -> None:
    made = one_project(company(), name='A"\nuser x: global:admin')
    assert made.diff(made.changes)["after"].splitlines()[0] == 'project "A\\"\\nuser x: global:admin"'
    assert describe_change(made.to_result()[0]).count("\n") == 0


def test_a_pending_admin_is_an_admin() -> None:
    state = company()
    pending = {**state.members, SUPPORT.id: (member(GRACE, "project:admin"), member(LINUS, "project:admin"))}
    assert (
        len(rows(one_member(replace(state, members=pending), "Support", "grace@example.com", None, present=False))) == 1
    )


# A list of people


def test_a_list_is_planned_in_an_order_in_which_no_step_needs_a_later_one() -> None:
    made = access(
        company(),
        [
            {"email": "new@example.com", "projects": {"New": "admin", "Sales": "viewer"}},
            {"email": "Ada@example.com", "role": "admin", "projects": {"Sales": "editor", "New": "viewer"}},
        ],
    )
    assert rows(made) == [
        ("invite_user", "new@example.com", None, None, "global:member"),
        ("create_project", None, "New", None, "New"),
        ("add_member", "ada@example.com", "New", None, "project:viewer"),
        ("add_member", "new@example.com", "New", None, "project:admin"),
        ("add_member", "new@example.com", "Sales", None, "project:viewer"),
        ("change_member_role", "ada@example.com", "Sales", "project:admin", "project:editor"),
        ("change_user_role", "ada@example.com", None, "global:member", "global:admin"),
    ]
    assert made.summary == {
        "invite_user": 1,
        "create_project": 1,
        "rename_project": 0,
        "add_member": 3,
        "change_member_role": 1,
        "change_user_role": 1,
        "remove_member": 0,
    }


def test_what_may_not_be_created_is_missing() -> None:
    users: list[dict[str, object]] = [{"email": "new@example.com", "projects": {"New": "viewer"}}]
    with pytest.raises(InputError) as error:
        access(company(), users, missing_users="fail", create_projects=False)
    assert [re.split("[:.] ", line)[0] for line in str(error.value).splitlines()] == [
        'User "new@example.com" does not exist',
        'Project "New" does not exist',
    ]


def test_a_list_leaves_the_owner_and_the_keys_own_user_alone_and_says_so() -> None:
    made = access(
        company(own_user_id=GRACE.id),
        [
            {"email": "olivia@example.com", "role": "member"},
            {"email": "grace@example.com", "role": "member", "projects": {"Support": "viewer"}},
        ],
    )
    assert rows(made) == []
    assert len(made.notes) == 3 and "keeps project:admin" in made.notes[2]


def test_a_list_does_not_take_the_last_admin() -> None:
    alone = access(company(), [{"email": "grace@example.com", "projects": {"Support": "viewer"}}])
    assert rows(alone) == []
    assert alone.notes == (
        'grace@example.com stays project:admin of "Support", because no other user would be. List another project:admin.',
    )
    swapped = access(
        company(),
        [
            {"email": "grace@example.com", "projects": {"Support": "viewer"}},
            {"email": "ada@example.com", "projects": {"Support": "admin"}},
        ],
    )
    assert len(rows(swapped)) == 2


def test_a_list_leaves_the_owner_alone_also_where_the_key_is_somebody_elses() -> None:
    made = access(company(own_user_id=GRACE.id), [{"email": "olivia@example.com", "projects": {"Sales": "viewer"}}])
    assert rows(made) == []
    assert made.notes == (
        'users[0] (olivia@example.com), project "Sales": olivia@example.com is the owner of this n8n and keeps '
        "project:admin instead of project:viewer.",
    )


def test_becoming_a_chat_user_shows_what_goes_by_it_and_gives_back_what_is_listed() -> None:
    made = access(company(), [{"email": "ada@example.com", "role": "chatUser", "projects": {"Support": "viewer"}}])
    assert rows(made) == [
        ("change_user_role", "ada@example.com", None, "global:member", "global:chatUser"),
        ("remove_member", "ada@example.com", "Sales", "project:admin", None),
        ("add_member", "ada@example.com", "Support", "project:viewer", "project:viewer"),
    ]
    assert [change.implied_by for change in made.changes] == ["", "change_user_role", ""]
    assert [change.step for change in made.changes] == [
        "change_user_roles",
        "change_user_roles",
        "set_member_roles_again",
    ]


def test_the_last_admin_cannot_become_a_chat_user_even_if_the_list_gives_the_project_back() -> None:
    made = access(company(), [{"email": "grace@example.com", "role": "chatUser", "projects": {"Support": "admin"}}])
    assert rows(made) == []
    assert made.notes == (
        "users[0] (grace@example.com): grace@example.com is the last project:admin of a project and keeps global:admin "
        "instead of global:chatUser.",
    )


def test_becoming_a_chat_user_says_what_cannot_be_undone() -> None:
    made = access(company(), [{"email": "ada@example.com", "role": "chatUser"}])
    assert "n8n also deletes the user's API keys" in made.changes[0].reason


def test_the_creator_of_a_new_project_is_its_admin_already() -> None:
    made = access(company(), [{"email": "olivia@example.com", "projects": {"New": "admin"}}])
    assert rows(made) == [("create_project", None, "New", None, "New")]
    assert 'member of "New": olivia@example.com: project:admin' in made.diff(made.changes)["after"]


def test_one_project_under_two_names_is_one_project() -> None:
    twice: dict[str, object] = {"email": "grace@example.com", "projects": {"Sales": "viewer", "p-sales": "viewer"}}
    assert rows(access(company(), [twice])) == [("add_member", "grace@example.com", "Sales", None, "project:viewer")]
    twice["projects"] = {"Sales": "viewer", "p-sales": "editor"}
    with pytest.raises(
        InputError,
        match="both project:viewer and project:editor in project .Sales. .p-sales.: users.0. .grace@example.com., project .Sales.",
    ):
        access(company(), [twice])


def test_a_custom_role_is_found_by_its_display_name() -> None:
    made = access(company(roles=ROLES), [{"email": "grace@example.com", "projects": {"Sales": "Auditor"}}])
    assert rows(made) == [("add_member", "grace@example.com", "Sales", None, "project:auditor-a1b2c3")]


# The plan itself


def test_the_digest_is_about_the_server_and_the_changes_and_nothing_else() -> None:
    users: list[dict[str, object]] = [{"email": "ada@example.com", "projects": {"Sales": "viewer"}}]
    state = company()
    digest = access(state, users).digest
    backwards = replace(state, users=state.users[::-1], projects=state.projects[::-1])
    assert digest == access(backwards, users, missing_users="fail").digest
    assert digest == access(state, [{"email": "ADA@example.com", "projects": {"p-sales": "project:viewer"}}]).digest
    assert digest != access(replace(state, url="https://other.example.com"), users).digest
    assert digest != access(state, [{"email": "ada@example.com", "projects": {"Sales": "editor"}}]).digest


def test_the_diff_has_a_line_for_each_fact_and_nobody_who_is_not_touched() -> None:
    made = access(company(), [{"email": "ada@example.com", "role": "admin", "projects": {"Sales": "viewer"}}])
    diff = made.diff(made.changes)
    assert diff["before"] == 'user ada@example.com: global:member\nmember of "Sales": ada@example.com: project:admin\n'
    assert diff["after"] == 'user ada@example.com: global:admin\nmember of "Sales": ada@example.com: project:viewer\n'


def test_twins_are_told_apart_in_the_diff() -> None:
    made = one_member(company(), "p-twin-2", "ada@example.com", "viewer")
    assert made.diff(made.changes)["after"] == 'member of "Twin" (p-twin-2): ada@example.com: project:viewer\n'


def test_every_action_has_a_sentence() -> None:
    for action in ACTIONS:
        entry = {
            "action": action,
            "user": "a@example.com",
            "project": "P",
            "before": "b",
            "after": "c",
            "reason": "why",
            **({"item": {"type": "workflow", "id": "w1", "name": "W"}} if ACTIONS[action].about == ITEM else {}),
        }
        assert describe_change(entry).endswith((" (why)", " (was b; why)"))


# A list of projects


def listed(state: State, *projects: dict[str, object], users: list[dict[str, object]] | None = None) -> Plan:
    return plan(state, desired_access(users, projects, ListPolicy()))


def test_projects_are_created_renamed_and_filled_in_one_plan() -> None:
    made = listed(
        company(),
        {"name": "New", "members": {"new@example.com": "viewer", ADA.id: "admin"}},
        {"name": "Revenue", "previous_names": ["Turnover", "Sales"], "members": {"linus@example.com": "editor"}},
        {"id": "p-support", "name": "Help"},
        {"id": "p-twin-1", "members": {"ada@example.com": "viewer"}},
    )
    assert rows(made) == [
        ("invite_user", "new@example.com", None, None, "global:member"),
        ("create_project", None, "New", None, "New"),
        ("rename_project", None, "Sales", "Sales", "Revenue"),
        ("rename_project", None, "Support", "Support", "Help"),
        ("add_member", "ada@example.com", "New", None, "project:admin"),
        ("add_member", "new@example.com", "New", None, "project:viewer"),
        ("add_member", "ada@example.com", "Twin", None, "project:viewer"),
        ("change_member_role", "linus@example.com", "Sales", "project:viewer", "project:editor"),
    ]


def test_people_may_name_a_project_by_its_id_or_by_what_it_is_called_from_now_on() -> None:
    users: list[dict[str, object]] = [
        {"email": "grace@example.com", "projects": {"Revenue": "viewer"}},
        {"email": "linus@example.com", "projects": {"p-sales": "editor"}},
    ]
    for entry in ({"name": "Revenue", "previous_names": ["Sales"]}, {"name": "Revenue", "id": "p-sales"}):
        assert [(change.action, change.project_id) for change in listed(company(), entry, users=users).changes] == [
            (action, "p-sales") for action in ("rename_project", "add_member", "change_member_role")
        ]


@pytest.mark.parametrize(
    "names",
    [
        {"p-support": "Old Support", "p-sales": "Support"},
        {"p-support": "Sales", "p-sales": "Support"},
        {"p-support": "Twin", "p-sales": "Support", "p-twin-1": "Sales", "p-twin-2": "Other"},
    ],
    ids=["chain", "swap", "ring"],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_name_that_another_project_has_is_refused(names: dict[str, str], backwards: bool) -> None:
    entries: list[dict[str, object]] = [{"id": key, "name": name} for key, name in names.items()]
    with pytest.raises(InputError) as caught:
        listed(company(), *(reversed(entries) if backwards else entries))
    assert (
        'Project "Sales" (p-sales) cannot be renamed to "Support": project p-support has that name already. If that project '
        "should get another name, rename it in one run, and this project in the next run."
    ) in str(caught.value)


def test_a_name_that_a_project_is_about_to_lose_is_refused() -> None:
    users: list[dict[str, object]] = [{"email": "grace@example.com", "projects": {"Sales": "viewer"}}]
    with pytest.raises(
        InputError,
        match=r'^users\[0\] \(grace@example.com\), project "Sales": projects\[0\] \("Revenue"\) renames project "Sales" to "Revenue"\. '
        r"Use the new name in both places\.$",
    ):
        listed(company(), {"id": "p-sales", "name": "Revenue"}, users=users)


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        # One project under two names, as only n8n can tell.
        (
            [{"name": "Sales"}, {"id": "p-sales"}],
            'projects[0] ("Sales") and projects[1] ("p-sales") are both project p-sales, "Sales". List it once.',
        ),
        (
            [{"id": "p-sales", "name": "Revenue"}, {"name": "New", "previous_names": ["Sales"]}],
            'projects[0] ("Revenue") and projects[1] ("New") are both project p-sales, "Sales". List it once.',
        ),
        # One name for two projects.
        (
            [{"id": "p-sales", "name": "Twins"}, {"id": "p-support", "name": "Twins"}],
            'Project "Support" (p-support) cannot be renamed to "Twins": project p-sales has that name already.',
        ),
        (
            [{"id": "p-support", "name": "Help"}, {"name": "Support"}],
            'are both project p-support, "Support". List it once. If another project should get this name, '
            "rename this project in one run, and the other one in the next run.",
        ),
        (
            [{"id": "p-support", "name": "Support"}, {"id": "p-sales", "name": "Support"}],
            'Project "Sales" (p-sales) cannot be renamed to "Support": project p-support has that name already.',
        ),
        # Only a project that has none keeps a blank name.
        ([{"id": "p-sales", "name": "  "}], "a project needs a name that is not blank"),
        ([{"id": "p-gone", "name": "Sales"}], 'Project "p-gone" does not exist'),
        ([{"name": "Twin", "members": {"ada@example.com": "viewer"}}], 'Project "Twin" exists 2 times'),
        ([{"name": "Sales", "members": {"u-nobody": "viewer"}}], 'User "u-nobody" does not exist'),
        (
            [{"name": "Sales", "members": {"ada@example.com": "boss"}}],
            'member ada@example.com: unknown or unassignable role "boss"',
        ),
        # One membership by email and by id.
        (
            [{"name": "Sales", "members": {"ada@example.com": "viewer", "u-ada": "editor"}}],
            "ada@example.com cannot be both project:viewer and project:editor in project",
        ),
    ],
)
def test_a_list_of_projects_that_is_not_clear_is_refused(projects: list[dict[str, object]], message: str) -> None:
    with pytest.raises(InputError) as error:
        listed(company(), *projects)
    assert message in str(error.value)


def test_the_name_that_twins_share_is_the_name_of_none() -> None:
    twins = [{"id": "p-twin-1", "name": "Twin"}, {"id": "p-twin-2", "name": "Twin"}]
    assert rows(listed(company(), *twins)) == []
    with pytest.raises(InputError, match='Project "Twin" exists 2 times'):
        listed(company(), *twins, users=[{"email": "ada@example.com", "projects": {"Twin": "viewer"}}])


def test_what_was_exported_changes_nothing_however_it_is_meant() -> None:
    state = company()
    nameless = Project("p-blank", "   ")
    state = replace(
        state,
        projects=(*state.projects, nameless),
        members={**state.members, nameless.id: (member(ADA, "project:admin"), member(LINUS, "project:auditor-a1b2c3"))},
    )
    exported = export(state)
    for users, projects in ((True, True), (True, False), (False, True)):
        for policy in (ListPolicy(), ListPolicy(AUTHORITATIVE), ListPolicy(AUTHORITATIVE, REMOVE_MEMBERSHIPS)):
            desired = desired_access(
                exported["users"] if users else None, exported["projects"] if projects else None, policy
            )
            assert plan(state, desired).changes == ()
