# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the suggestions for misspelled emails and project names."""

from __future__ import annotations

import time

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.similar_names import (
    SimilarEmails,
    missing_project_note,
    missing_user_note,
    similar_name,
)

LONG = "a.very.long.domain.of.a.large.company.example.com"


@pytest.mark.parametrize(
    ("email", "existing", "similar"),
    [
        ("adda@example.com", "ada@example.com", True),
        ("ada@example.com", "adda@example.com", True),
        ("ad@example.com", "ada@example.com", False),
        ("aad@example.com", "ada@example.com", True),
        ("jhon@example.com", "john@example.com", True),
        ("jon.smith@example.com", "john.smith@example.com", True),
        ("john.smyth@example.com", "john.smith@example.com", True),
        ("john_smith@example.com", "john.smith@example.com", True),
        ("smith.john@example.com", "john.smith@example.com", True),
        ("johnsmith@example.com", "john.smith@example.com", True),
        ("ADDA@Example.com", "ada@example.com", True),
        # The domain is misspelled.
        ("ada@exmaple.com", "ada@example.com", True),
        ("ada@example.co", "ada@example.com", True),
        ("ada@example.org", "ada@example.com", True),
        # Emails that are similar only because of their domain.
        ("bo@example.com", "ada@example.com", False),
        ("bo@example.com", "cy@example.com", False),
        (f"bo@{LONG}", f"ada@{LONG}", False),
        (f"grace@{LONG}", f"linus@{LONG}", False),
        # Names of different users.
        ("bo@example.com", "jo@example.com", False),
        ("jan@example.com", "jon@example.com", False),
        ("anna@example.com", "anne@example.com", False),
        ("a.smith@example.com", "b.smith@example.com", False),
        ("ada.smith@example.com", "eva.smith@example.com", False),
        ("ada.jones@example.com", "ada.smith@example.com", False),
        ("dev1@example.com", "dev2@example.com", False),
        ("dev@example.com", "dev2@example.com", False),
        # One name with different domains, and two misspellings in one email.
        ("ada@example.com", "ada@company.com", False),
        ("adda@exmaple.com", "ada@example.com", False),
        # Texts that are not emails.
        ("", "ada@example.com", False),
        ("ada", "ada@example.com", False),
        ("root@localhost", "ada@example.com", False),
    ],
)
def test_similar_emails_are_found(email: str, existing: str, similar: bool) -> None:
    emails = SimilarEmails([existing, "nobody.near@elsewhere.example.net"])
    assert emails.find(email) == (existing if similar else "")
    # Similarity is symmetric.
    assert SimilarEmails([email]).find(existing) == (email if similar else "")


@pytest.mark.parametrize(
    ("name", "existing", "similar"),
    [
        ("sales", "Sales", True),
        (" Sales ", "Sales", True),
        ("SalesEMEA", "Sales EMEA", True),
        ("Sales  EMEA", "Sales EMEA", True),
        ("Ma\u0308rkte", "M\u00e4rkte", True),
        ("Sals", "Sales", True),
        ("Salse", "Sales", True),
        ("Suport", "Support", True),
        ("Marketting", "Marketing", True),
        ("Sales", "Support", False),
        ("Team A", "Team B", False),
        ("Project X", "Project Y", False),
        ("Archive 2024", "Archive 2025", False),
        ("Sales", "Sales 2", False),
        ("Sales EMEA", "Sales APAC", False),
        ("Ops", "Dev", False),
        ("IT", "HR", False),
    ],
)
def test_similar_project_names_are_found(name: str, existing: str, similar: bool) -> None:
    assert similar_name(name, [existing, "Something else"]) == (existing if similar else "")


def test_equal_names_are_not_similar() -> None:
    assert similar_name("Sales", ["Sales"]) == "" and SimilarEmails(["ada@example.com"]).find("ada@example.com") == ""
    assert similar_name("Sales", []) == "" and SimilarEmails([]).find("ada@example.com") == ""


def test_notes_suggest_the_similar_name() -> None:
    emails = SimilarEmails(["ada@example.com"])
    assert missing_user_note("adda@example.com", emails) == (
        "User adda@example.com does not exist. Did you mean ada@example.com?"
    )
    assert missing_user_note("bo@example.com", emails) == ""
    assert missing_project_note("Salse", ["Sales"]) == 'Project "Salse" does not exist. Did you mean "Sales"?'
    assert missing_project_note("Salse", ["Support"]) == ""


def test_search_for_similar_emails_is_fast_for_many_users() -> None:
    started = time.monotonic()
    emails = SimilarEmails(f"person.{number}@example.com" for number in range(20_000))
    assert not any(emails.find(f"former.{number}@example.com") for number in range(1_000))
    # 20 million comparisons would take minutes.
    assert time.monotonic() - started < 15
