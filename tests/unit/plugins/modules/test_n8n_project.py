# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""n8n_project on the fake: creation, renaming and deletion of projects."""

from __future__ import annotations

from typing import Any

import json

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import OwnedItem
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_project
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import check_apply_reapply, run

NAME = ' Sales & "Söhne" / EMEA '


@pytest.fixture
def n8n() -> FakeN8n:
    return FakeN8n()


def test_project_is_created_and_deleted(n8n: FakeN8n) -> None:
    done = check_apply_reapply(n8n_project, n8n, name=NAME)
    assert n8n.memberships() == {NAME: {OLIVIA: "project:admin"}}
    assert done["project"]["name"] == NAME and done["project"]["id"] in n8n.all_projects
    assert done["diff"]["after"] == f"project {json.dumps(NAME, ensure_ascii=False)}\n"
    deleted = check_apply_reapply(n8n_project, n8n, name=NAME, state="absent")
    assert deleted["project"] == done["project"] and n8n.memberships() == {}


def test_check_mode_returns_no_id_for_new_project(n8n: FakeN8n) -> None:
    planned = run(n8n_project, n8n, check_mode=True, name=NAME)
    assert planned["project"] == {"id": None, "name": NAME, "type": "team"}


@pytest.mark.parametrize("reference", [{"id": None}, {"previous_names": ["Older", "Old"]}])
def test_project_is_renamed_by_id_or_previous_name(n8n: FakeN8n, reference: dict[str, Any]) -> None:
    old = n8n.add_team_project("Old")
    done = check_apply_reapply(n8n_project, n8n, name="New", **{key: value or old for key, value in reference.items()})
    assert done["project"] == {"id": old, "name": "New", "type": "team"}
    assert list(n8n.memberships()) == ["New"]


def test_previous_name_is_ignored_if_name_exists(n8n: FakeN8n) -> None:
    old, new = n8n.add_team_project("Old"), n8n.add_team_project("New")
    done = run(n8n_project, n8n, name="New", previous_names=["Old"])
    assert not done["changed"] and done["project"]["id"] == new and old in n8n.all_projects


def test_names_are_compared_exactly(n8n: FakeN8n) -> None:
    n8n.add_team_project("Sales")
    for name in ("sales", "Sales ", " Sales"):
        assert run(n8n_project, n8n, name=name)["changed"]
    assert len(n8n.memberships()) == 4


def test_personal_project_does_not_match_name(n8n: FakeN8n) -> None:
    assert run(n8n_project, n8n, check_mode=True, name=f"<{OLIVIA}>")["changed"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"name": ""}, "name: a project needs a name that is not blank"),
        ({"name": " \t"}, "name: a project needs a name that is not blank"),
        ({"name": "x" * 256}, "has 256 characters, but n8n accepts at most 255"),
        ({"id": "nothing"}, 'Project "nothing" does not exist'),
        ({"id": "nothing", "name": "New"}, 'Project "nothing" does not exist'),
        ({"id": " "}, "id is blank. Set the id of a project, or use name."),
        ({"name": "Twin"}, 'Project "Twin" exists 2 times, with the ids '),
        ({"name": "Twin", "state": "absent"}, 'Project "Twin" exists 2 times, with the ids '),
        ({"name": "New", "previous_names": ["Old", "Twin"]}, 'several projects have a previous name of "New"'),
        ({"name": "New", "previous_names": [""]}, "previous_names: a project needs a name that is not blank"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_invalid_input_is_refused_before_first_write(
    n8n: FakeN8n, params: dict[str, Any], words: str, check_mode: bool
) -> None:
    for name in ("Old", "Twin", "Twin"):
        n8n.add_team_project(name)
    with pytest.raises(InputError) as refused:
        run(n8n_project, n8n, check_mode=check_mode, **params)
    assert words in str(refused.value)
    assert n8n.calls["write"] == 0


def test_id_identifies_one_of_projects_with_same_name(n8n: FakeN8n) -> None:
    first, second = n8n.add_team_project("Twin"), n8n.add_team_project("Twin")
    done = check_apply_reapply(n8n_project, n8n, id=second, state="absent")
    assert done["project"]["id"] == second and first in n8n.all_projects


def test_renaming_to_existing_name_is_refused(n8n: FakeN8n) -> None:
    old, new = n8n.add_team_project("Old"), n8n.add_team_project("New")
    with pytest.raises(InputError, match=f'cannot be renamed to "New": project {new} has that name already'):
        run(n8n_project, n8n, id=old, name="New")
    assert n8n.calls["write"] == 0


@pytest.mark.parametrize("params", [{"name": "Sales"}, {"id": "nothing"}])
def test_absent_of_missing_project_is_unchanged(n8n: FakeN8n, params: dict[str, Any]) -> None:
    done = run(n8n_project, n8n, **params, state="absent")
    assert not done["changed"] and "project" not in done


def test_deletion_of_project_with_resources_is_refused(n8n: FakeN8n) -> None:
    sales = n8n.add_team_project("Sales")
    n8n.owned[sales] = [OwnedItem("credential", "c1", "Bank")]
    for check_mode in (True, False):
        with pytest.raises(
            InputError, match=r'Project "Sales" \(.*\) owns credential "Bank" \(c1\), which the deletion would destroy'
        ):
            run(n8n_project, n8n, check_mode=check_mode, name="Sales", state="absent")
    assert n8n.calls["write"] == 0


def test_deletion_is_refused_if_resources_are_not_visible() -> None:
    n8n = FakeN8n(floor=True)
    n8n.add_team_project("Sales")
    with pytest.raises(
        InputError, match='Project "Sales" .* is not deleted: .*does not show the data tables of other users'
    ):
        run(n8n_project, n8n, name="Sales", state="absent")


def test_deletion_of_personal_project_is_refused(n8n: FakeN8n) -> None:
    with pytest.raises(InputError, match="a personal project"):
        run(n8n_project, n8n, id=n8n.personal_project_id(OLIVIA), state="absent")
    assert n8n.calls["write"] == 0


def test_missing_license_is_reported(n8n: FakeN8n) -> None:
    n8n.features_off.add("feat:projectRole:admin")
    with pytest.raises(ApiError, match="Your license does not allow for feat:projectRole:admin"):
        run(n8n_project, n8n, name="Sales")


def test_exceeded_quota_is_reported(n8n: FakeN8n) -> None:
    n8n.quotas["maxTeamProjects"] = 0
    failed = run(n8n_project, n8n, name="Sales")
    assert "You may have a maximum of 0 team projects" in failed["msg"] and not failed["changed"]


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("option", ["name", "id"])
def test_missing_name_and_id_are_refused(option: str, state: str) -> None:
    n8n = FakeN8n()
    with pytest.raises(InputError, match="name or id is required"):
        run(n8n_project, n8n, **{option: None}, state=state)
    assert not n8n.writes
