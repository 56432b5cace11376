# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: its content, a second run without changes, and names that no reader of a format interprets as code."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

from reporting.fake_responses import DATE, KEY, pretended, report, write_report
from reporting.sample_users import CUSTOM, SCRIPT, large, nasty, small

FORMATS = ("html", "csv", "json", "markdown")


@pytest.fixture(scope="module")
def nasty_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the report of users and projects with special characters in their names, in each format."""
    folder = tmp_path_factory.mktemp("nasty")
    return {name: report(folder / name, nasty(), name).read_bytes().decode("utf-8") for name in FORMATS}


@pytest.fixture(scope="module")
def small_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the report of a small company in JSON and Markdown."""
    folder = tmp_path_factory.mktemp("small")
    return {name: report(folder / name, small(), name).read_text("utf-8") for name in ("json", "markdown")}


def test_json_has_findings_and_equal_memberships_by_user_and_project(small_reports: dict[str, str]) -> None:
    found = json.loads(small_reports["json"])
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


def test_csv_has_row_for_each_membership_and_each_user_without_project(tmp_path: Path) -> None:
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


def test_csv_follows_rfc_4180_and_escapes_formulas(nasty_reports: dict[str, str]) -> None:
    lines = nasty_reports["csv"].split("\r\n")
    assert lines[0] == "email,first_name,last_name,instance_role,pending,project,project_id,project_role"
    assert lines[-1] == ""
    rows = list(csv.DictReader(nasty_reports["csv"].splitlines(keepends=True), strict=True))
    assert not [
        cell for row in rows for cell in row.values() if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    rows_by_email = {row["email"]: row for row in rows}
    assert rows_by_email["c@example.com"]["first_name"] == '\'=HYPERLINK("https://example.org")'
    assert rows_by_email["c@example.com"]["last_name"] == "'@SUM(1)"
    assert rows_by_email["a@example.com"]["last_name"] == 'O\'Brien "Bob" & </td>'
    assert rows_by_email["b@example.com"]["project"] == "'=1+1|`code`\r\nsecond *line* {{ 7 * 7 }}"
    assert "'+e@example.com" in rows_by_email


def test_markdown_escapes_markup_in_names(nasty_reports: dict[str, str]) -> None:
    text = nasty_reports["markdown"]
    assert not re.search(r"(?<!\\)[<>`]", text)
    assert r"\<script\>alert(1)\</script\>" in text
    assert r"https\://example.org \[a\](b) \| \*\*c\*\* www\.example.org" in text
    assert r"=1+1\|\`code\` second \*line\* \{\{ 7 \* 7 \}\}" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    # A pipe that ends a cell has no preceding backslash. All rows have the same number of these pipes.
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert len(rows) == 2 + 5 + 2 + 6


def test_markdown_lists_findings(small_reports: dict[str, str]) -> None:
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
        assert line in small_reports["markdown"].splitlines()


@pytest.mark.parametrize("name", FORMATS)
def test_names_are_not_evaluated_as_templates(nasty_reports: dict[str, str], name: str) -> None:
    text = nasty_reports[name].replace("\\", "").replace("&#39;", "'")
    assert "{{ 7 * 7 }}" in text
    assert "{{ lookup('ansible.builtin.pipe', 'echo pwned') }}" in text
    assert "{% raw %}long" in text


@pytest.mark.parametrize("name", FORMATS)
def test_report_does_not_contain_api_key(nasty_reports: dict[str, str], name: str) -> None:
    assert KEY not in nasty_reports[name]


def test_html_allows_only_its_own_script(nasty_reports: dict[str, str]) -> None:
    page = nasty_reports["html"]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1, "there is one script in it, and names have none"
    expected = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    allowed = re.search(r"script-src 'sha256-([^']+)'", page)
    assert allowed and allowed[1] == expected, f"report.html.j2 has to allow sha256-{expected}"
    assert SCRIPT not in page
    assert not re.search(
        r"<img|\b(?:src|srcset|action)\s*=\s*[\"']|@import|url\(", re.sub(r"<bdi.*?</bdi>|title=\"[^\"]*\"", "", page)
    )


@pytest.mark.parametrize("name", ["html", "csv"])
def test_second_run_is_unchanged_and_check_mode_writes_no_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "report"
    with pretended(small()) as n8n:
        output = write_report(path, n8n, report_format=name, check=True)
        assert "changed=1 " in output and "not written in check mode" in output
        assert not path.exists()
        assert "changed=1 " in write_report(path, n8n, report_format=name)
        assert path.stat().st_mode & 0o777 == 0o600
        assert "changed=0 " in write_report(path, n8n, report_format=name)


def test_diff_is_shown_for_markdown_and_not_for_html(tmp_path: Path) -> None:
    with pretended(small()) as n8n:
        assert "+| Sales | " in write_report(tmp_path / "report.md", n8n, "--diff", report_format="markdown")
        assert "<table" not in write_report(tmp_path / "report.html", n8n, "--diff")


def test_report_without_projects_has_single_row(tmp_path: Path) -> None:
    company = large(people=1, projects=0)
    assert report(tmp_path / "csv", company, "csv").read_text("utf-8").count("\n") == 2
    report(tmp_path / "html", company, "html")
    assert "There are no projects." in (tmp_path / "html").read_text("utf-8")
