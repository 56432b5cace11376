# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Project names in two Unicode normalization forms, in all modules and functions that compare names."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.access_lists import desired_access
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.paging import Listing
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import Project, State, User
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.roles import Role, role_slug
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.info_results import (
    export,
    group_names,
    members_of_projects,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import EVERYTHING
from ansible_collections.lifecycle.n8n.plugins.modules import (
    n8n_access,
    n8n_offboard,
    n8n_project,
    n8n_project_info,
    n8n_project_member,
)
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

NFC, NFD = (unicodedata.normalize(form, "Café Zürich") for form in ("NFC", "NFD"))
OTHER_FORM = {NFC: NFD, NFD: NFC}
FORMS = pytest.mark.parametrize("form", [NFC, NFD], ids=["NFC", "NFD"])
ADA, BO = "ada@example.com", "bo@example.com"


@pytest.fixture
def n8n() -> FakeN8n:
    fake = FakeN8n()
    fake.add_user(ADA)
    fake.add_user(BO)
    return fake


def assert_unchanged(module: Any, n8n: FakeN8n, **params: Any) -> None:
    """Run a task and assert that it changes nothing."""
    assert not run(module, n8n, **params)["changed"] and not n8n.writes


# Projects


@FORMS
def test_name_in_other_form_identifies_same_project(n8n: FakeN8n, form: str) -> None:
    key = n8n.add_team_project(form, ada="viewer")
    other = OTHER_FORM[form]
    assert_unchanged(n8n_project, n8n, name=other)
    assert_unchanged(n8n_project, n8n, id=key, name=other)
    assert_unchanged(n8n_project, n8n, name=other, previous_names=[form])
    assert_unchanged(n8n_project_member, n8n, project=other, user=ADA, role="viewer")
    assert_unchanged(n8n_access, n8n, users=[{"email": ADA, "projects": {other: "viewer"}}])
    assert_unchanged(n8n_access, n8n, projects=[{"name": other, "members": {ADA: "viewer"}}])
    assert_unchanged(
        n8n_access, n8n, projects=[{"id": key, "name": other}], users=[{"email": ADA, "projects": {form: "viewer"}}]
    )
    assert [project["id"] for project in run(n8n_project_info, n8n, name=other)["projects"]] == [key]
    lists = {"users": [{"email": ADA, "projects": {other: "viewer"}}, {"email": OLIVIA, "projects": {other: "admin"}}]}
    assert_unchanged(n8n_access, n8n, **lists, authority="authoritative")
    check_apply_reapply(n8n_project, n8n, name=other, state="absent")
    assert n8n.memberships() == {}


@FORMS
def test_single_exact_name_takes_precedence_and_others_are_ambiguous(n8n: FakeN8n, form: str) -> None:
    mine, others = n8n.add_team_project(form), n8n.add_team_project(OTHER_FORM[form])
    assert run(n8n_project, n8n, name=form)["project"]["id"] == mine
    assert [project["id"] for project in run(n8n_project_info, n8n, name=form)["projects"]] == [mine]
    second = n8n.add_team_project(form)
    with pytest.raises(InputError, match=", ".join(sorted([mine, others, second]))):
        run(n8n_project, n8n, name=form)
    assert len(run(n8n_project_info, n8n, name=form)["projects"]) == 3
    assert run(n8n_project, n8n, name=OTHER_FORM[form])["project"]["id"] == others


def test_name_in_neither_form_is_ambiguous(n8n: FakeN8n) -> None:
    # The order of the two combining marks does not match either normalization form.
    first, second, third = "x\u0323\u0307", "\u1e8b\u0323", "x\u0307\u0323"
    ids = [n8n.add_team_project(first), n8n.add_team_project(second)]
    with pytest.raises(InputError, match=f"exists 2 times, with the ids {', '.join(sorted(ids))}"):
        run(n8n_project, n8n, name=third)


@FORMS
def test_new_project_listed_in_both_forms_is_created_once(n8n: FakeN8n, form: str) -> None:
    users = [{"email": ADA, "projects": {form: "viewer"}}, {"email": BO, "projects": {OTHER_FORM[form]: "editor"}}]
    done = check_apply_reapply(n8n_access, n8n, users=users)
    assert done["summary"]["create_project"] == 1
    assert n8n.memberships() == {form: {OLIVIA: "project:admin", ADA: "project:viewer", BO: "project:editor"}}
    assert_unchanged(n8n_access, n8n, users=users, projects=[{"name": form}])


@FORMS
def test_members_are_matched_to_new_name_of_project(n8n: FakeN8n, form: str) -> None:
    n8n.add_team_project("Cafe")
    lists: dict[str, Any] = {
        "projects": [{"name": form, "previous_names": ["Cafe"]}],
        "users": [{"email": ADA, "projects": {OTHER_FORM[form]: "viewer"}}],
    }
    done = check_apply_reapply(n8n_access, n8n, **lists)
    assert done["summary"]["rename_project"] == 1 and done["summary"]["create_project"] == 0
    assert n8n.memberships() == {form: {OLIVIA: "project:admin", ADA: "project:viewer"}}


@FORMS
def test_renaming_to_existing_name_in_other_form_is_refused(n8n: FakeN8n, form: str) -> None:
    key, other = n8n.add_team_project("Cafe"), n8n.add_team_project(OTHER_FORM[form])
    with pytest.raises(InputError, match=f"project {other} has that name already"):
        run(n8n_project, n8n, id=key, name=form)


@FORMS
def test_contradictory_lists_in_two_forms_are_refused(form: str) -> None:
    other = OTHER_FORM[form]
    person = {"email": ADA, "projects": {other: "editor"}}
    for lists in (
        {"users": [{"email": ADA, "projects": {form: "viewer", other: "editor"}}]},
        {"projects": [{"name": form, "members": {ADA: "viewer"}}], "users": [person]},
        {"projects": [{"name": form}, {"name": other}]},
        {"projects": [{"name": "B", "previous_names": [form]}], "users": [person]},
        {"projects": [{"name": "B", "previous_names": [form]}, {"name": "C", "previous_names": [other]}]},
        {"projects": [{"name": "B", "previous_names": [form]}, {"name": other}]},
    ):
        with pytest.raises(InputError):
            desired_access(lists.get("users"), lists.get("projects"))


# Rules


@FORMS
def test_deny_in_one_form_applies_to_project_in_other_form(n8n: FakeN8n, form: str) -> None:
    other = OTHER_FORM[form]
    grant = {"name": "A", "match": {}, "projects": {form: "viewer", "Sales": "viewer"}}
    deny = {"name": "B", "match": {}, "deny": [other]}
    users = assign([{"email": ADA}], [grant, deny]).users
    assert users[0]["projects"] == {form: {"state": "absent"}, "Sales": "viewer"}
    assert users[0]["granted_by"]["denied"] == {form: "B"}
    n8n.add_team_project(other, ada="viewer")
    n8n.add_team_project("Sales", ada="viewer")
    done = check_apply_reapply(n8n_access, n8n, users=users, authority="authoritative", max_removal_percent=100)
    assert [change["reason"] for change in done["plan"]] == ['is denied by rule "B"']


@FORMS
def test_rules_compare_normalized_names(form: str) -> None:
    other = OTHER_FORM[form]
    rules = [
        {"name": "A", "match": {form: "x"}, "projects": {form: "viewer"}},
        {"name": "B", "match": {}, "projects": {other: "admin"}},
    ]
    assert assign([{"email": ADA, other: "x"}], rules).users == [
        {"email": ADA, "projects": {form: "admin"}, "granted_by": {"projects": {form: "B"}}}
    ]
    with pytest.raises(InputError, match="is listed twice"):
        assign([], [{"name": "A", "match": {}, "projects": {form: "viewer", other: "viewer"}}])
    custom = [{"name": "A", "match": {}, "role": form}, {"name": "B", "match": {}, "role": "member"}]
    assert assign([{"email": ADA}], custom, role_order=[other, "member"]).users[0]["role"] == "member"
    roles = (Role("global:cafe-abc123", form, "global", custom=True),)
    assert role_slug(other, "global", roles, "role") == "global:cafe-abc123"


# Reading


@FORMS
def test_reading_functions_compare_normalized_names(form: str) -> None:
    other = OTHER_FORM[form]
    one = State("u", users=(User("1", ADA, "global:member"),), projects=(Project("p", form), Project("q", "Sales")))
    assert [project.id for project in one.find_projects(other)] == ["p"]
    assert members_of_projects(one, [other]) == []
    assert [project["name"] for project in export(one)["projects"]] == sorted([form, "Sales"])
    names = group_names([("p", form)], [], lambda text: text)
    assert names == {"p": f"project_{NFC}"}
    assert sorted(group_names([("p", form), ("q", other)], [], lambda text: text).values()) == [
        f"project_{NFC}_p",
        f"project_{NFC}_q",
    ]


@FORMS
def test_export_uses_ids_for_names_that_differ_only_in_form(n8n: FakeN8n, form: str) -> None:
    ids = {n8n.add_team_project(form, ada="viewer"), n8n.add_team_project(OTHER_FORM[form], ada="editor")}
    users = export(read(n8n, EVERYTHING))["users"]
    assert set(next(user for user in users if user["email"] == ADA)["projects"]) == ids
    assert_unchanged(n8n_access, n8n, users=users, authority="authoritative")


# Successors and destinations


@FORMS
def test_successor_is_matched_to_project_in_other_form(n8n: FakeN8n, form: str) -> None:
    key = n8n.add_team_project(form, ada="admin")
    n8n.roles_in[key].pop(n8n.owner_id)
    check_apply_reapply(n8n_offboard, n8n, users=[ADA], successor={OTHER_FORM[form]: BO})
    assert n8n.memberships() == {form: {BO: "project:admin"}}
    with pytest.raises(InputError, match="has two successors"):
        run(n8n_offboard, n8n, users=[BO], successor={form: ADA, OTHER_FORM[form]: OLIVIA})


@FORMS
def test_concurrently_created_project_in_other_form_is_used(
    n8n: FakeN8n, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, readings = n8n.list_projects, []

    def list_with_new_project() -> Listing:
        readings.append(form)
        if len(readings) == 2:
            n8n.add_team_project(OTHER_FORM[form])
        return listed()

    monkeypatch.setattr(n8n, "list_projects", list_with_new_project)
    result = run(n8n_project, n8n, name=form)
    assert not n8n.writes and not result["changed"] and result["project"]["name"] == OTHER_FORM[form]
