# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the report of the role report: users, projects, memberships, and findings for an access review. PURE."""

from __future__ import annotations

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


def report_model(access: Mapping[str, Any], roles: Iterable[Mapping[str, Any]], date: str) -> dict[str, Any]:
    """Return the model from which all formats of a report are rendered.

    `access` is the result of n8n_access_info, `roles` are those of n8n_role_info, and `date` is the day of the report.
    In the result, `report` is the content of the report. The other keys help templates to render it.
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
