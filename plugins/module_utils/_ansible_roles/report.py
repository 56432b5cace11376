# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the report of the role report: users, projects, memberships, and findings for an access review. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from .._state.roles import INSTANCE_ADMIN_ROLES, PROJECT_ADMIN

# The names of n8n's own roles. A custom role has the name that n8n shows for it.
NAMES = {
    "global:owner": "Owner",
    "global:admin": "Admin",
    "global:member": "Member",
    "global:chatUser": "Chat user",
    "project:admin": "Admin",
    "project:editor": "Editor",
    "project:viewer": "Viewer",
    "project:chatUser": "Chat user",
}
# The letters of project roles in the matrix, in the order of the legend. Custom roles follow with the letter C.
LETTERS = {"project:admin": "A", "project:editor": "E", "project:viewer": "V", "project:chatUser": "U"}

# The findings with their singular, plural, and the text if there are none.
_SECTIONS = {
    "pending_invitations": ("pending invitation", "pending invitations", "All invitations are accepted."),
    "people_without_project": (
        "person without any project",
        "people without any project",
        "Every person is a member of a project.",
    ),
    "projects_without_admin": ("project without an admin", "projects without an admin", "Every project has an admin."),
    "people_with_several_admin_roles": (
        "person with more than one admin role",
        "people with more than one admin role",
        "No person has more than one admin role.",
    ),
}
_SINGULAR = {"people": "person", "projects": "project", "memberships": "membership", "members": "member"}
_CSV_COLUMNS = "email,first_name,last_name,instance_role,pending,project,project_id,project_role"
# A spreadsheet interprets such a value as a formula.
_FORMULA = re.compile(r"\s*[=+@＝＋＠－-]|[\t\r\n]")
# The characters that end a line or a cell, or change the direction of text.
_BREAKS = re.compile("[\x00-\x20\x7f\x85\u2028-\u202e\u2066-\u2069]+")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!:&^$]|(?<=www)[.]", re.IGNORECASE)


def report_model(access: Mapping[str, Any], roles: Iterable[Mapping[str, Any]], date: str) -> dict[str, Any]:
    """Return the model from which all formats of a report are rendered.

    `access` is the result of n8n_access_info, `roles` are those of n8n_role_info, and `date` is the day of the report.
    In the result, `report` is the content of the report. The other keys help templates to render it. `csv` and
    `markdown` are escaped.
    """
    people = [_person(person) for person in access["people"]]
    by_email = {person["email"]: person for person in people}
    projects = [_project(project, by_email) for project in _by_name(access["projects"])]
    findings = _findings(people, projects)
    memberships = [member for project in projects for member in project["members"]]
    used = {entry["role"] for entry in (*people, *memberships)}
    custom = {role["slug"]: role["name"] for role in roles if role["custom"]}
    names = {slug: _role_name(slug, custom) for slug in sorted(used, key=lambda slug: (slug.lower(), slug))}
    report = {
        "server": access["server"],
        "date": date,
        "counts": {
            "people": len(people),
            "projects": len(projects),
            "memberships": len(memberships),
            **{finding: len(found) for finding, found in findings.items()},
        },
        "findings": findings,
        "roles": [{"slug": slug, "name": name} for slug, name in names.items()],
        "people": people,
        "projects": projects,
    }
    return {
        "report": report,
        "csv": _csv_lines(people),
        "markdown": _markdown(report, by_email, names),
        "sections": {finding: _section(finding, len(found)) for finding, found in findings.items()},
        "nouns": {
            kind: _counted(report["counts"][kind], kind).partition(" ")[2]
            for kind in ("people", "projects", "memberships")
        },
        "member_counts": {project["id"]: _counted(len(project["members"]), "members") for project in projects},
        "people": by_email,
        "role_names": names,
        "project_roles": _project_roles({member["role"] for member in memberships}, names),
        "instance_admin_roles": list(INSTANCE_ADMIN_ROLES),
    }


def _person(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "email": person["email"],
        "name": f"{person['first_name'] or ''} {person['last_name'] or ''}".strip(),
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "role": person["role"],
        "is_pending": person["is_pending"],
        "projects": _by_name(person["projects"]),
    }


def _project(project: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a project with its members by email; `people` are all users by email."""
    members = [
        {"email": email, "name": people[email]["name"], "role": role, "is_pending": people[email]["is_pending"]}
        for email, role in sorted(project["members"].items(), key=lambda member: member[0].lower())
    ]
    return {"id": project["id"], "name": project["name"], "members": members}


def _findings(people: Sequence[Mapping[str, Any]], projects: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the findings that a reviewer checks first."""
    return {
        "pending_invitations": [person["email"] for person in people if person["is_pending"]],
        "people_without_project": [person["email"] for person in people if not person["projects"]],
        "projects_without_admin": [
            {"id": project["id"], "name": project["name"]}
            for project in projects
            if PROJECT_ADMIN not in (member["role"] for member in project["members"])
        ],
        "people_with_several_admin_roles": [
            {"email": person["email"], "role": person["role"], "projects": _administered(person)}
            for person in people
            if len(_administered(person)) + (person["role"] in INSTANCE_ADMIN_ROLES) > 1
        ],
    }


def _administered(person: Mapping[str, Any]) -> list[str]:
    """Return the names of the projects in which a person is an admin."""
    return [project["name"] for project in person["projects"] if project["role"] == PROJECT_ADMIN]


def _role_name(slug: str, custom: Mapping[str, str]) -> str:
    """Return the name of a role. If a role has no name, return the last part of its slug."""
    return NAMES.get(slug) or custom.get(slug, slug.rpartition(":")[2])


def _project_roles(used: Set[str], names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the name and the letter of each project role that a report shows, by slug, in the order of the legend."""
    custom = [slug for slug in names if slug in used and slug not in LETTERS]
    letters = {slug: letter for slug, letter in LETTERS.items() if slug in used}
    letters.update((slug, f"C{number}" if len(custom) > 1 else "C") for number, slug in enumerate(custom, start=1))
    return {slug: {"name": names[slug], "letter": letter} for slug, letter in letters.items()}


def _by_name(projects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return projects sorted by name. Letter case makes no difference."""
    return sorted(map(dict, projects), key=lambda project: (project["name"].lower(), project["id"].lower()))


def csv_cell(value: object) -> str:
    """Return a cell as in RFC 4180. A value that a spreadsheet would interpret as a formula gets the prefix '."""
    text = str(value or "")
    if _FORMULA.match(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def markdown_text(value: object) -> str:
    """Return text on one line, in which no character is interpreted as Markdown or HTML, or ends a cell."""
    return _MARKUP.sub(r"\\\g<0>", _BREAKS.sub(" ", str(value or "")).strip())


def _csv_lines(people: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the heading, and a line for each membership and for each person without a project."""
    lines = [_CSV_COLUMNS]
    for person in people:
        pending = "true" if person["is_pending"] else "false"
        cells = [person["email"], person["first_name"], person["last_name"], person["role"], pending]
        for project in person["projects"] or [{"name": "", "id": "", "role": ""}]:
            lines.append(",".join(map(csv_cell, [*cells, project["name"], project["id"], project["role"]])))
    return lines


def _section(finding: str, count: int) -> dict[str, Any]:
    """Return the title of a finding (in the plural), its label after the count, the count, and the text if it is 0."""
    singular, plural, empty_text = _SECTIONS[finding]
    title = plural[0].upper() + plural[1:]
    return {"title": title, "label": singular if count == 1 else plural, "count": count, "empty_text": empty_text}


def _counted(count: int, plural: str) -> str:
    return f"{count or 'no'} {_SINGULAR[plural] if count == 1 else plural}"


def _markdown(
    report: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the escaped lines of a Markdown report: of the summary, of each finding, and of both tables."""
    text, findings, counts = markdown_text, report["findings"], report["counts"]
    role_of = {email: text(names[person["role"]]) for email, person in people.items()}
    return {
        "summary": (
            f"{text(report['server'])}, {text(report['date'])}: {counts['people']} people, {counts['projects']} projects, "
            f"{counts['memberships']} memberships."
        ),
        "findings": {
            "pending_invitations": [
                f"- **{text(email)}**, {role_of[email]}" for email in findings["pending_invitations"]
            ],
            "people_without_project": [
                f"- **{_markdown_person(people[email])}**, {role_of[email]}"
                for email in findings["people_without_project"]
            ],
            "projects_without_admin": [
                f"- **{text(project['name'])}** ({text(project['id'])})"
                for project in findings["projects_without_admin"]
            ],
            "people_with_several_admin_roles": [
                f"- **{_markdown_person(people[person['email']])}**: {_markdown_admin_roles(person, names)}"
                for person in findings["people_with_several_admin_roles"]
            ],
        },
        "projects": [
            (
                f"| {text(project['name'])} | {_markdown_person(member)} | {text(names[member['role']])} |"
                if member
                else f"| {text(project['name'])} | no members | |"
            )
            for project in report["projects"]
            for member in project["members"] or [None]
        ],
        "people": [
            f"| {_markdown_person(person)} | {role_of[person['email']]} | {_markdown_projects(person, names)} |"
            for person in report["people"]
        ],
    }


def _markdown_person(person: Mapping[str, Any]) -> str:
    email = markdown_text(person["email"])
    name = f"{markdown_text(person['name'])} ({email})" if person["name"] else email
    return name + (", invited" if person["is_pending"] else "")


def _markdown_admin_roles(person: Mapping[str, Any], names: Mapping[str, str]) -> str:
    roles = [f"{names[person['role']]} of the instance"] if person["role"] in INSTANCE_ADMIN_ROLES else []
    if person["projects"]:
        roles.append(f"Admin of {', '.join(map(markdown_text, person['projects']))}")
    return "; ".join(roles)


def _markdown_projects(person: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return ", ".join(
        f"{markdown_text(project['name'])} ({markdown_text(names[project['role']])})" for project in person["projects"]
    )
