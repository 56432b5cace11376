# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that Unicode or a template changes, on the real n8n: names in two forms, and emails that are not ASCII."""

from __future__ import annotations

import unicodedata
from importlib import import_module
from typing import Any

import pytest
from n8n_server.server import Server, ServerError
from test_bad_days import company, everything, project_id, refused, run, user_id

# Makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.rules import assign

__all__ = ["company"]

ADA = "ada@example.com"
NFC, NFD = (unicodedata.normalize(form, "Café Zürich") for form in ("NFC", "NFD"))
FORMS = pytest.mark.parametrize(("form", "other"), [(NFC, NFD), (NFD, NFC)], ids=["NFC", "NFD"])


def unchanged(n8n: Server, module_name: str, **args: Any) -> dict[str, Any]:
    """Run a module and assert that it finds everything as it is to be."""
    before = everything(n8n)
    result = run(module_name, **args)
    assert not result.get("failed") and not result["changed"], result
    assert everything(n8n) == before
    return result


@FORMS
def test_n8n_keeps_names_as_they_come_and_the_other_form_is_the_same_project(
    company: Server, form: str, other: str
) -> None:
    made = run("n8n_project", name=form)["project"]
    assert made["name"] == form and project_id(company, form) == made["id"]
    assert unchanged(company, "n8n_project", name=other)["project"]["id"] == made["id"]
    unchanged(company, "n8n_project", id=made["id"], name=other)
    assert run("n8n_project_member", project=other, user=ADA, role="viewer")["changed"]
    person = {"email": ADA, "projects": {other: "viewer"}}
    unchanged(company, "n8n_access", users=[person], projects=[{"name": form}])
    found = unchanged(company, "n8n_project_info", name=other, members=True)["projects"]
    assert [(project["id"], len(project["members"])) for project in found] == [(made["id"], 2)]
    assert run("n8n_project", name=other, state="absent")["changed"]
    assert all(project["id"] != made["id"] for project in company.everything("/projects"))


@FORMS
def test_both_forms_are_two_projects_where_n8n_has_both(company: Server, form: str, other: str) -> None:
    ids = [company.api("POST", "/projects", {"name": name})["id"] for name in (form, other)]
    assert unchanged(company, "n8n_project", name=form)["project"]["id"] == ids[0]
    third = company.api("POST", "/projects", {"name": form})["id"]
    refused("n8n_project", "exists 3 times", *ids, third, name=form)
    refused("n8n_access", "exists 3 times", *ids, third, users=[{"email": ADA, "projects": {form: "viewer"}}])
    assert len(run("n8n_project_info", name=form)["projects"]) == 3


@FORMS
def test_deny_in_one_form_removes_from_the_other(company: Server, form: str, other: str) -> None:
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
    unchanged(company, "n8n_access", **args)


@pytest.mark.parametrize(
    "email", ["\u212aim@example.com", "kim@example.\u212aom", "k\u0130m@example.com", "kim@exämple.com"]
)
def test_n8n_has_ascii_emails_only_and_a_lookalike_is_refused(company: Server, email: str) -> None:
    with pytest.raises(ServerError, match="answered 400"):
        company.api("POST", "/users", [{"email": email, "role": "global:member"}])
    company.api("POST", "/users", [{"email": "kim@example.com", "role": "global:member"}])
    before = everything(company)
    word = "and an email in n8n has ASCII characters only"
    refused("n8n_user", word, email=email, state="absent")
    refused("n8n_project_member", word, project="Sales", user=email, role="admin")
    refused("n8n_access", word, users=[{"email": email, "role": "admin"}], protected_users=[email])
    refused("n8n_offboard", word, users=[email])
    assert everything(company) == before
