# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unicode on the real n8n: project names in two normalization forms, and emails with non-ASCII characters."""

from __future__ import annotations

import unicodedata
from importlib import import_module
from typing import Any

import pytest
from n8n_server.server import Server, ServerError
from test_errors import access_state, company, project_id, assert_refused, run, user_id

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign

__all__ = ["company"]

ADA = "ada@example.com"
NFC, NFD = (unicodedata.normalize(form, "Café Zürich") for form in ("NFC", "NFD"))
FORMS = pytest.mark.parametrize(("form", "other"), [(NFC, NFD), (NFD, NFC)], ids=["NFC", "NFD"])


def run_unchanged(n8n: Server, module_name: str, **args: Any) -> dict[str, Any]:
    """Run a module, assert that it changes nothing, and return its result."""
    before = access_state(n8n)
    result = run(module_name, **args)
    assert not result.get("failed") and not result["changed"], result
    assert access_state(n8n) == before
    return result


@FORMS
def test_name_in_other_form_identifies_same_project(company: Server, form: str, other: str) -> None:
    made = run("n8n_project", name=form)["project"]
    assert made["name"] == form and project_id(company, form) == made["id"]
    assert run_unchanged(company, "n8n_project", name=other)["project"]["id"] == made["id"]
    run_unchanged(company, "n8n_project", id=made["id"], name=other)
    assert run("n8n_project_member", project=other, user=ADA, role="viewer")["changed"]
    person = {"email": ADA, "projects": {other: "viewer"}}
    run_unchanged(company, "n8n_access", users=[person], projects=[{"name": form}])
    found = run_unchanged(company, "n8n_project_info", name=other, members=True)["projects"]
    assert [(project["id"], len(project["members"])) for project in found] == [(made["id"], 2)]
    assert run("n8n_project", name=other, state="absent")["changed"]
    assert all(project["id"] != made["id"] for project in company.everything("/projects"))


@FORMS
def test_names_in_both_forms_identify_two_projects_if_both_exist(company: Server, form: str, other: str) -> None:
    ids = [company.api("POST", "/projects", {"name": name})["id"] for name in (form, other)]
    assert run_unchanged(company, "n8n_project", name=form)["project"]["id"] == ids[0]
    third = company.api("POST", "/projects", {"name": form})["id"]
    assert_refused("n8n_project", "exists 3 times", *ids, third, name=form)
    assert_refused("n8n_access", "exists 3 times", *ids, third, users=[{"email": ADA, "projects": {form: "viewer"}}])
    assert len(run("n8n_project_info", name=form)["projects"]) == 3


@FORMS
def test_deny_in_one_form_removes_members_from_project_in_other_form(company: Server, form: str, other: str) -> None:
    key = company.api("POST", "/projects", {"name": form})["id"]
    members = {"relations": [{"userId": user_id(company, ADA), "role": "project:viewer"}]}
    company.api("POST", f"/projects/{key}/users", members)
    rules = [
        {"name": "give", "match": {}, "projects": {form: "viewer", "Sales": "viewer"}},
        {"name": "deny", "match": {}, "deny": [other]},
    ]
    users = assign([{"email": ADA}], rules).users
    args = {"users": users, "authority": "authoritative", "max_removal_percent": 100, "create_projects": False}
    removed = [change["project_id"] for change in run("n8n_access", **args)["plan"]]
    assert key in removed and project_id(company, "Sales") not in removed
    run_unchanged(company, "n8n_access", **args)


@pytest.mark.parametrize(
    "email", ["\u212aim@example.com", "kim@example.\u212aom", "k\u0130m@example.com", "kim@exämple.com"]
)
def test_non_ascii_email_is_refused(company: Server, email: str) -> None:
    with pytest.raises(ServerError, match="answered 400"):
        company.api("POST", "/users", [{"email": email, "role": "global:member"}])
    company.api("POST", "/users", [{"email": "kim@example.com", "role": "global:member"}])
    before = access_state(company)
    word = "and an email in n8n has ASCII characters only"
    assert_refused("n8n_user", word, email=email, state="absent")
    assert_refused("n8n_project_member", word, project="Sales", user=email, role="admin")
    assert_refused("n8n_access", word, users=[{"email": email, "role": "admin"}], protected_users=[email])
    assert_refused("n8n_offboard", word, users=[email])
    assert access_state(company) == before
