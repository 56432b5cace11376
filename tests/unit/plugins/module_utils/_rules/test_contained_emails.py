# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emails in a text that is not itself an email."""

from __future__ import annotations

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.contained_emails import contained_emails

ADA, BO = "ada@example.com", "bo@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "Ada@Example.com",
        "Ada Lovelace <ada@example.com>",
        "Zo\u00eb Lovelace <Ada@Example.com>",
        "Ada<ada@example.com>",
        "<ada@example.com>",
        "< ada@example.com >",
        "Ada Lovelace < ada @ example.com >",
        "<ada@example .com>",
        "Ada Lovelace (ada@example.com)",
        "Ada Lovelace 'ada@example.com'.",
        '"Ada Lovelace" ada@example.com',
        "\u201eada@example.com\u201c",
        "mailto:ada@example.com",
        "mailto:ada@example.com?subject=Hello",
        "MAILTO: ada@example.com",
        "ada@example.com\u200b",
        "\ufeffada@example.com",
        "\u2060ada@example.com\u00ad",
        "\u00a0ada@example.com\u3000",
        "ada@example.com\x00",
        "ada@exam\u200bple.com",
        "ada@example.com\ufe0f",
        "\u3164ada@example.com",
        "ada@ example.com",
        "ada @example.com",
        "Ada Lovelace ada@example.com",
        "ada@example.com, ada@ex\u00e4mple.com",
        "@ ada@example.com",
    ],
)
def test_one_email_in_a_text_is_found(text: str) -> None:
    # Further findings are texts that are an email only because of the blanks in them.
    found = contained_emails(text)
    assert ADA in found
    assert set(found) <= {ADA, "ada@example", ".com"}


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com; bo@example.com",
        "ada@example.com,bo@example.com",
        "ada@example.com bo@example.com",
        "ada@example.com/bo@example.com",
        "ada@example.com | bo@example.com",
        "ada@example.com|bo@example.com",
        "<ada@example.com bo@example.com>",
        "Ada <ada@example.com>, Bo <bo@example.com>",
        "ada@example.com\nbo@example.com",
    ],
)
def test_all_emails_in_a_text_are_found(text: str) -> None:
    assert contained_emails(text) == (ADA, BO)


# The third text has a KELVIN SIGN. Its lower case is the letter k, and the email of another person.
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ada",
        "\u212aim@example.com",
        "kim@ex\u00e4mple.com",
        "a@b@c",
        "@example.com",
        "ada@",
        "@",
        "bob@[example].com",
    ],
)
def test_text_without_email_contains_none(text: str) -> None:
    assert contained_emails(text) == ()
