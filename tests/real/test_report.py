# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: what is in it, that it says the same twice, and that no name in it is code to whatever reads it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

from reporting.companies import CUSTOM, SCRIPT, large, nasty, small
from reporting.pretend import DATE, KEY, pretended, report, write_report

FORMATS = ("html", "csv", "json", "markdown")


@pytest.fixture(scope="module")
def of_nasty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the report of people with the worst of names, in each format."""
    folder = tmp_path_factory.mktemp("nasty")
    return {name: report(folder / name, nasty(), name).read_bytes().decode("utf-8") for name in FORMATS}


@pytest.fixture(scope="module")
def of_small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the report of a small company, as JSON and as Markdown."""
    folder = tmp_path_factory.mktemp("small")
    return {name: report(folder / name, small(), name).read_text("utf-8") for name in ("json", "markdown")}


def test_findings_and_both_ways_round(of_small: dict[str, str]) -> None:
    found = json.loads(of_small["json"])
    assert found["date"] == DATE
    assert found["counts"] == {
        "people": 8,
        "projects": 4,
        "memberships": 11,
        "pending_invitations": 1,
        "people_without_project": 2,
        "projects_without_admin": 1,
        "people_with_several_admin_roles": 1,
    }
    assert found["findings"] == {
        "pending_invitations": ["alan@example.com"],
        "people_without_project": ["margaret@example.com", "olivia@example.com"],
        "projects_without_admin": [{"id": "arc", "name": "Archive 2024"}],
        "people_with_several_admin_roles": [
            {"email": "ada@example.com", "role": "global:admin", "projects": ["Data & Reporting", "Sales", "Support"]}
        ],
    }
    assert {"slug": CUSTOM, "name": "Data steward"} in found["roles"]
    by_person = {
        (person["email"], project["id"], project["role"])
        for person in found["people"]
        for project in person["projects"]
    }
    by_project = {
        (member["email"], project["id"], member["role"])
        for project in found["projects"]
        for member in project["members"]
    }
    assert by_person == by_project
    assert len(by_person) == 11
    assert [project["name"] for project in found["projects"]] == [
        "Archive 2024",
        "Data & Reporting",
        "Sales",
        "Support",
    ]
    assert [person["email"] for person in found["people"]] == sorted(person["email"] for person in found["people"])


def test_csv_has_a_row_a_membership_and_one_for_whoever_has_none(tmp_path: Path) -> None:
    rows = list(csv.DictReader(report(tmp_path / "report.csv", small(), "csv").open(encoding="utf-8", newline="")))
    assert len(rows) == 11 + 2
    assert rows[0] == {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "instance_role": "global:admin",
        "pending": "false",
        "project": "Data & Reporting",
        "project_id": "dat",
        "project_role": "project:admin",
    }
    assert {row["email"]: row["project"] for row in rows}["olivia@example.com"] == ""
    assert [row["pending"] for row in rows if row["email"] == "alan@example.com"] == ["true"]


def test_csv_is_rfc_4180_and_no_cell_is_a_formula(of_nasty: dict[str, str]) -> None:
    lines = of_nasty["csv"].split("\r\n")
    assert lines[0] == "email,first_name,last_name,instance_role,pending,project,project_id,project_role"
    assert lines[-1] == ""
    rows = list(csv.DictReader(of_nasty["csv"].splitlines(keepends=True), strict=True))
    assert not [
        cell for row in rows for cell in row.values() if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    of = {row["email"]: row for row in rows}
    assert of["c@example.com"]["first_name"] == '\'=HYPERLINK("https://example.org")'
    assert of["c@example.com"]["last_name"] == "'@SUM(1)"
    assert of["a@example.com"]["last_name"] == 'O\'Brien "Bob" & </td>'
    assert of["b@example.com"]["project"] == "'=1+1|`code`\r\nsecond *line* {{ 7 * 7 }}"
    assert "'+e@example.com" in of


def test_markdown_takes_no_name_for_markup(of_nasty: dict[str, str]) -> None:
    text = of_nasty["markdown"]
    assert not re.search(r"(?<!\\)[<>`]", text)
    assert r"\<script\>alert(1)\</script\>" in text
    assert r"https\://example.org \[a\](b) \| \*\*c\*\* www\.example.org" in text
    assert r"=1+1\|\`code\` second \*line\* \{\{ 7 \* 7 \}\}" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    # A pipe that ends a cell has no backslash in front; each table has as many of them in all of its rows.
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert len(rows) == 2 + 5 + 2 + 6


def test_markdown_tells_what_was_found(of_small: dict[str, str]) -> None:
    for line in (
        "### Pending invitations: 1",
        "- **alan@example.com**, Member",
        "- **Olivia Owner (olivia@example.com)**, Owner",
        "- **Archive 2024** (arc)",
        r"- **Ada Lovelace (ada@example.com)**: Admin of the instance; Admin of Data \& Reporting, Sales, Support",
        r"| Data \& Reporting | Barbara Liskov (barbara@example.com) | Data steward |",
        "| Sales | alan@example.com, invited | Viewer |",
        "| Margaret Hamilton (margaret@example.com) | Chat user |  |",
    ):
        assert line in of_small["markdown"].splitlines()


@pytest.mark.parametrize("name", FORMATS)
def test_names_are_no_templates(of_nasty: dict[str, str], name: str) -> None:
    text = of_nasty[name].replace("\\", "").replace("&#39;", "'")
    assert "{{ 7 * 7 }}" in text
    assert "{{ lookup('ansible.builtin.pipe', 'echo pwned') }}" in text
    assert "{% raw %}long" in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_key_is_nowhere(of_nasty: dict[str, str], name: str) -> None:
    assert KEY not in of_nasty[name]


def test_html_lets_its_own_script_run_and_nothing_else(of_nasty: dict[str, str]) -> None:
    page = of_nasty["html"]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1, "there is one script in it, and names have none"
    wanted = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    allowed = re.search(r"script-src 'sha256-([^']+)'", page)
    assert allowed and allowed[1] == wanted, f"report.html.j2 has to allow sha256-{wanted}"
    assert SCRIPT not in page
    assert not re.search(
        r"<img|\b(?:src|srcset|action)\s*=\s*[\"']|@import|url\(", re.sub(r"<bdi.*?</bdi>|title=\"[^\"]*\"", "", page)
    )


@pytest.mark.parametrize("name", ["html", "csv"])
def test_a_second_run_changes_nothing_and_check_mode_writes_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "report"
    with pretended(small()) as n8n:
        said = write_report(path, n8n, report_format=name, check=True)
        assert "changed=1 " in said and "not written in check mode" in said
        assert not path.exists()
        assert "changed=1 " in write_report(path, n8n, report_format=name)
        assert path.stat().st_mode & 0o777 == 0o600
        assert "changed=0 " in write_report(path, n8n, report_format=name)


def test_the_difference_is_shown_where_it_can_be_read(tmp_path: Path) -> None:
    with pretended(small()) as n8n:
        assert "+| Sales | " in write_report(tmp_path / "report.md", n8n, "--diff", report_format="markdown")
        assert "<table" not in write_report(tmp_path / "report.html", n8n, "--diff")


def test_nobody_at_all(tmp_path: Path) -> None:
    company = large(people=1, projects=0)
    assert report(tmp_path / "csv", company, "csv").read_text("utf-8").count("\n") == 2
    report(tmp_path / "html", company, "html")
    assert "There are no projects." in (tmp_path / "html").read_text("utf-8")
