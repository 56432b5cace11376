# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the filter n8n_people_from_file: formats, delimiters, and errors with the name of the file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from jinja2 import StrictUndefined

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_people_from_file import FilterModule, n8n_people_from_file

ADA, BOB = {"email": "ada@example.com", "team": "Sales"}, {"email": "bob@example.com", "team": ""}
JSON_LIST = '[{"email": "ada@example.com", "team": "Sales"}, {"email": "bob@example.com", "team": ""}]'
YAML_LIST = "- {email: ada@example.com, team: Sales}\n- email: bob@example.com\n  team: ''\n"


def test_filter_has_name_of_file() -> None:
    assert FilterModule().filters() == {"n8n_people_from_file": n8n_people_from_file}


@pytest.mark.parametrize("name", ["people.csv", "PEOPLE.CSV", "people.txt", ""])
@pytest.mark.parametrize(
    "text",
    [
        "email,team\nada@example.com,Sales\nbob@example.com,\n",
        "email;team\r\nada@example.com;Sales\r\nbob@example.com;",
        "email\tteam\rada@example.com\tSales\rbob@example.com\t\r",
        "\ufeffemail,team\n\n ada@example.com , Sales\n,\n   \nbob@example.com,\n\n",
        'email, team\n"ada@example.com", "Sales"\nbob@example.com,""\n',
    ],
)
def test_csv_rows_are_dictionaries_of_text(text: str, name: str) -> None:
    assert n8n_people_from_file(text, name) == [ADA, BOB]


def test_csv_value_in_quotes_may_have_delimiters_quotes_and_lines() -> None:
    text = '"last, first";email\n"Lovelace; ""Ada""\nCountess";ada@example.com\n'
    assert n8n_people_from_file(text, "p.csv") == [
        {"last, first": 'Lovelace; "Ada"\nCountess', "email": "ada@example.com"}
    ]


def test_csv_with_one_column_and_csv_without_rows_are_accepted() -> None:
    assert n8n_people_from_file("email\nada@example.com\n") == [{"email": "ada@example.com"}]
    assert n8n_people_from_file("email,team\n") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (JSON_LIST, "p.json"),
        (JSON_LIST, ""),
        (JSON_LIST, "p.yml"),
        ("\ufeff" + JSON_LIST, "p.json"),
        ('{"people": %s}' % JSON_LIST, "p.json"),
        ('{"schemas": ["x"], "totalResults": 2, "Resources": %s}' % JSON_LIST, ""),
        ('{"staff": %s, "count": 2}' % JSON_LIST, "p.json"),
        (YAML_LIST, "p.yml"),
        (YAML_LIST, "p.yaml"),
        (YAML_LIST, ""),
        ("# Comment\n---\n" + YAML_LIST, ""),
        ("people: # all\n" + YAML_LIST, ""),
    ],
)
def test_json_and_yaml_are_a_list_or_a_dictionary_with_one_list(text: str, name: str) -> None:
    assert n8n_people_from_file(text, name) == [ADA, BOB]


def test_values_of_yaml_keep_their_type() -> None:
    text = "- {email: a@example.com, level: 4, groups: [x], end: 2027-01-31}"
    assert n8n_people_from_file(text, "p.yml") == [
        {"email": "a@example.com", "level": 4, "groups": ["x"], "end": date(2027, 1, 31)}
    ]
    assert n8n_people_from_file("[]", "p.json") == []


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (7, "p.csv", "p.csv: the content must be text, but is a number"),
        (" \n", "p.csv", "p.csv is empty. Write people"),
        ("\ufeff", "", "the file of people is empty"),
        ("email\nada\udce4@example.com", "p.csv", "p.csv, line 2: this is not text in UTF-8. Save the file"),
        ("e\x00m", "p.csv", "p.csv, line 1: this is not text in UTF-8"),
        (
            "a,b\n1,2\n\n1,2,3\n4\n",
            "p.csv",
            "p.csv, line 4: the row has 3 cells, but the header has 2, separated by commas.*line 5: .* 1 cells",
        ),
        ('a;b\n"x\ny";2\n1\n', "p.csv", "p.csv, line 4: the row has 1 cells, .* separated by semicolons"),
        ('a,b\n1,2\n"x,2\n3,4\n', "p.csv", "p.csv, line 3: this is not valid CSV .*Close each double quote"),
        ('a,b\n"x"y,2\n', "p.csv", "p.csv, line 2: this is not valid CSV"),
        (",,\n", "p.csv", "p.csv: the first row must have the name of each column"),
        ("a,,b\n", "p.csv", "p.csv, line 1: column 2 has no name"),
        ("a,b,a\n", "p.csv", 'p.csv, line 1: two columns are named "a"'),
        ("ada@example.com,Sales\n", "p.csv", "Add a first row with the names of columns"),
        ('[\n{"a": 1,}]', "p.json", "p.json, line 2: this is not valid JSON"),
        pytest.param("[" * 100000, "p.json", "p.json", id="deep"),
        ("a: [", "p.yml", r"p.yml, line 1: this is not valid YAML"),
        ("- a: b: c\n", "p.yml", "p.yml, line 1: this is not valid YAML .*quotes"),
        ("- !unknown x\n", "p.yml", "p.yml, line 1: this is not valid YAML"),
        ("- {end: 2026-02-30}", "p.yml", "p.yml: YAML contains an invalid value .* Put it in quotes"),
        ("text", "p.yml", r"p.yml \(YAML\) is text. It must be a list of people"),
        ("- text", "p.yml", r"p.yml \(YAML\) has text as its first element, but a person must be a dictionary"),
        ('{"a": 1}', "p.json", r"p.json \(JSON\) is a dictionary with no list"),
        ('{"a": [], "b": []}', "p.json", r"several lists \(a, b\)"),
        ('{"people": ["x"]}', "p.json", r'p.json \(JSON\), "people" has text as its first element'),
        ('{"totalResults": 3, "Resources": [{}]}', "p.json", "has 1 of 3 people .* Export all pages into one file"),
        ('{"@odata.nextLink": "x", "value": [{}]}', "p.json", "is one page of several"),
        (StrictUndefined(name="missing"), "p.json", "'missing' is undefined"),
        ("a", StrictUndefined(name="missing"), "'missing' is undefined"),
    ],
)
def test_invalid_file_is_rejected_with_its_name(text: Any, name: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"(?s)^n8n_people_from_file: .*{message}"):
        n8n_people_from_file(text, name)
