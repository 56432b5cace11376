# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the model of a report: content, order, findings, and the names and letters of roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.report import (
    csv_cell,
    markdown_text,
    report_model,
)

STEWARD, CLERK = "project:steward-x1", "project:clerk-y2"


def person(email: str, role: str = "global:member", **projects: str) -> dict[str, Any]:
    """Return an entry of `people` of n8n_access_info. `projects` maps project ids to roles."""
    memberships = [{"id": key, "name": key.title(), "role": slug} for key, slug in projects.items()]
    return {
        "id": f"u-{email}",
        "email": email,
        "role": role,
        "is_pending": False,
        "first_name": None,
        "last_name": None,
        "projects": memberships,
    }


def access(*people: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return a result of n8n_access_info. `names` maps ids of additional projects to their names."""
    members: dict[str, dict[str, str]] = {key: {} for key in names}
    titles = dict(names)
    for entry in people:
        for project in entry["projects"]:
            project["name"] = titles.setdefault(project["id"], project["name"])
            members.setdefault(project["id"], {})[entry["email"]] = project["role"]
    projects = [{"id": key, "name": titles[key], "members": found} for key, found in members.items()]
    return {"server": "https://n8n.example.com", "people": list(people), "projects": projects}


def model(*people: dict[str, Any], roles: Any = (), **names: str) -> dict[str, Any]:
    return report_model(access(*people, **names), roles, "2026-01-31")


def test_report_of_an_empty_server_has_all_keys() -> None:
    found = model()
    assert found["report"] == {
        "server": "https://n8n.example.com",
        "date": "2026-01-31",
        "counts": {
            "people": 0,
            "projects": 0,
            "memberships": 0,
            "pending_invitations": 0,
            "people_without_project": 0,
            "projects_without_admin": 0,
            "people_with_several_admin_roles": 0,
        },
        "findings": {
            "pending_invitations": [],
            "people_without_project": [],
            "projects_without_admin": [],
            "people_with_several_admin_roles": [],
        },
        "roles": [],
        "people": [],
        "projects": [],
    }
    assert (found["people"], found["role_names"], found["project_roles"]) == ({}, {}, {})
    assert found["instance_admin_roles"] == ["global:owner", "global:admin"]


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("Ada", None, "Ada"),
        (None, "Lovelace", "Lovelace"),
        (None, None, ""),
        (" ", " ", ""),
    ],
)
def test_name_is_joined_from_first_and_last_name(first: str | None, last: str | None, name: str) -> None:
    found = model({**person("a@example.com", sales="project:viewer"), "first_name": first, "last_name": last})
    assert found["people"]["a@example.com"] == {
        "email": "a@example.com",
        "name": name,
        "first_name": first,
        "last_name": last,
        "role": "global:member",
        "is_pending": False,
        "projects": [{"id": "sales", "name": "Sales", "role": "project:viewer"}],
    }
    assert found["report"]["people"] == list(found["people"].values())
    assert found["report"]["projects"] == [
        {
            "id": "sales",
            "name": "Sales",
            "members": [{"email": "a@example.com", "name": name, "role": "project:viewer", "is_pending": False}],
        }
    ]


def test_projects_are_sorted_by_name_without_case_and_members_by_email() -> None:
    viewers = {"b": "project:viewer", "a": "project:viewer", "c": "project:viewer", "d": "project:viewer"}
    found = model(
        person("b@example.com", **viewers),
        person("a@example.com", **viewers),
        a="sales",
        b="Sales",
        c="Archive",
        d="Sales",
    )
    assert [project["id"] for project in found["report"]["projects"]] == ["c", "a", "b", "d"]
    assert [project["id"] for project in found["report"]["people"][0]["projects"]] == ["c", "a", "b", "d"]
    assert [member["email"] for member in found["report"]["projects"][0]["members"]] == [
        "a@example.com",
        "b@example.com",
    ]
    # People keep the order of n8n_access_info.
    assert [entry["email"] for entry in found["report"]["people"]] == ["b@example.com", "a@example.com"]


def test_findings_and_counts_cover_people_and_projects() -> None:
    found = model(
        person("ada@example.com", "global:admin", b="project:admin"),
        person("grace@example.com", "global:owner"),
        person("linus@example.com", a="project:admin", b="project:admin", c="project:editor"),
        {**person("marie@example.com", c="project:viewer"), "is_pending": True},
        person("otto@example.com", a="project:admin", b="project:viewer"),
        a="Sales",
        b="Archive",
        c="Support",
        empty="Empty",
    )["report"]
    assert found["findings"] == {
        "pending_invitations": ["marie@example.com"],
        "people_without_project": ["grace@example.com"],
        "projects_without_admin": [{"id": "empty", "name": "Empty"}, {"id": "c", "name": "Support"}],
        "people_with_several_admin_roles": [
            {"email": "ada@example.com", "role": "global:admin", "projects": ["Archive"]},
            {"email": "linus@example.com", "role": "global:member", "projects": ["Archive", "Sales"]},
        ],
    }
    assert found["counts"] == {
        "people": 5,
        "projects": 4,
        "memberships": 7,
        "pending_invitations": 1,
        "people_without_project": 1,
        "projects_without_admin": 2,
        "people_with_several_admin_roles": 2,
    }
    assert [member["is_pending"] for member in found["projects"][3]["members"]] == [False, True]


def test_role_names_come_from_n8n_for_custom_roles_only() -> None:
    roles = [
        {"slug": "global:member", "name": "Mitglied", "custom": False},
        {"slug": STEWARD, "name": "Data steward", "custom": True},
        {"slug": "project:unused", "name": "Unused", "custom": True},
    ]
    found = model(person("a@example.com", a=STEWARD, b=CLERK, c="project:chatUser"), roles=roles)
    assert found["report"]["roles"] == [
        {"slug": "global:member", "name": "Member"},
        {"slug": "project:chatUser", "name": "Chat user"},
        {"slug": CLERK, "name": "clerk-y2"},
        {"slug": STEWARD, "name": "Data steward"},
    ]
    assert found["role_names"] == {role["slug"]: role["name"] for role in found["report"]["roles"]}


@pytest.mark.parametrize(
    ("roles", "letters"),
    [
        (
            ["project:viewer", "project:admin", "project:editor"],
            {"project:admin": "A", "project:editor": "E", "project:viewer": "V"},
        ),
        ([STEWARD, "project:chatUser"], {"project:chatUser": "U", STEWARD: "C"}),
        ([STEWARD, CLERK, "project:viewer"], {"project:viewer": "V", CLERK: "C1", STEWARD: "C2"}),
    ],
)
def test_project_roles_have_letters_in_the_order_of_the_legend(roles: list[str], letters: dict[str, str]) -> None:
    found = model(person("a@example.com", **{f"p{number}": role for number, role in enumerate(roles)}))["project_roles"]
    assert [(slug, role["letter"]) for slug, role in found.items()] == list(letters.items())


def test_model_is_serializable_as_json_and_its_input_is_unchanged() -> None:
    given = access(person("a@example.com", b="project:viewer", a="project:admin"), b="B", a="A")
    before = json.dumps(given)
    assert json.loads(json.dumps(report_model(given, [], "2026-01-31")))["report"]["counts"]["memberships"] == 2
    assert json.dumps(given) == before


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, '""'),
        ("", '""'),
        ("Ada, Countess", '"Ada, Countess"'),
        ('the "first"', '"the ""first"""'),
        ("two\nlines", '"two\nlines"'),
        ("a=1", '"a=1"'),
        *((f"{start}1", f'"\'{start}1"') for start in "=+-@＝＋－＠\t\r\n"),
        (' ="x"', '"\' =""x"""'),
    ],
)
def test_csv_cell_is_quoted_and_never_a_formula(value: str | None, cell: str) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("Sales & Co", r"Sales \& Co"),
        ("a|b\n# c\u2028", r"a\|b \# c"),
        ("<b>`x`</b>", r"\<b\>\`x\`\</b\>"),
        ("https://www.example.org", r"https\://www\.example.org"),
        ("WWW.example.org", r"WWW\.example.org"),
        ("\u202etxt.exe", "txt.exe"),
    ],
)
def test_markdown_text_has_no_markup_and_one_line(value: str | None, text: str) -> None:
    assert markdown_text(value) == text


def test_csv_has_line_for_each_membership_and_each_person_without_project() -> None:
    found = model(person("a@example.com", s="project:viewer", t="project:admin"), person("b@example.com"))["csv"]
    assert found == [
        "email,first_name,last_name,instance_role,pending,project,project_id,project_role",
        '"a@example.com","","","global:member","false","S","s","project:viewer"',
        '"a@example.com","","","global:member","false","T","t","project:admin"',
        '"b@example.com","","","global:member","false","","",""',
    ]


def test_markdown_lines_name_people_projects_and_roles() -> None:
    ada = {**person("ada@example.com", "global:admin", s="project:admin"), "first_name": "Ada"}
    found = model(ada, {**person("bo@example.com"), "is_pending": True}, t="T")["markdown"]
    assert found == {
        "summary": r"https\://n8n.example.com, 2026-01-31: 2 people, 2 projects, 1 memberships.",
        "findings": {
            "pending_invitations": ["- **bo@example.com**, Member"],
            "people_without_project": ["- **bo@example.com, invited**, Member"],
            "projects_without_admin": ["- **T** (t)"],
            "people_with_several_admin_roles": ["- **Ada (ada@example.com)**: Admin of the instance; Admin of S"],
        },
        "projects": ["| S | Ada (ada@example.com) | Admin |", "| T | no members | |"],
        "people": ["| Ada (ada@example.com) | Admin | S (Admin) |", "| bo@example.com, invited | Member |  |"],
    }


def test_titles_and_nouns_agree_with_the_counts() -> None:
    found = model(person("a@example.com", s="project:viewer"), person("b@example.com"), t="T")
    assert found["sections"]["people_without_project"] == {
        "title": "People without any project",
        "label": "person without any project",
        "count": 1,
        "empty_text": "Every person is a member of a project.",
    }
    assert found["sections"]["projects_without_admin"]["label"] == "projects without an admin"
    assert found["sections"]["pending_invitations"]["label"] == "pending invitations"
    assert found["nouns"] == {"people": "people", "projects": "projects", "memberships": "membership"}
    assert found["member_counts"] == {"s": "1 member", "t": "no members"}
