# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options: what is accepted, what is refused, and that a refusal tells no secret."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import CONNECTION_OPTIONS, Connection


def connection(**options: Any) -> Connection:
    return Connection.from_options({"url": "https://n8n.example.com", "api_key": "k", **options})


def test_the_table_and_the_connection_have_the_same_options_and_defaults() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Connection)}
    assert list(fields) == list(CONNECTION_OPTIONS)
    for name, row in CONNECTION_OPTIONS.items():
        assert row.get("default") == (None if fields[name] is dataclasses.MISSING else fields[name])


def test_no_option_has_both_a_default_and_a_variable_that_it_would_hide() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if "default" in row and "env" in row] == []


def test_only_the_key_is_a_secret() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if row.get("no_log")] == ["api_key"]


def test_options_left_out_or_null_have_their_defaults() -> None:
    plain = Connection("https://n8n.example.com", "k")
    assert connection() == plain
    assert connection(**{name: None for name in CONNECTION_OPTIONS if name not in ("url", "api_key")}) == plain


def test_options_given_are_kept(tmp_path: Path) -> None:
    given = {
        "validate_certs": False,
        "ca_path": str(tmp_path),
        "timeout": 0.5,
        "retries": 0,
        "concurrency": 1,
        "state": "absent",
    }
    made = connection(**given)
    assert {name: getattr(made, name) for name in given if name != "state"} == {
        name: value for name, value in given.items() if name != "state"
    }


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://n8n.example.com", "https://n8n.example.com"),
        ("https://n8n.example.com/", "https://n8n.example.com"),
        ("https://n8n.example.com///", "https://n8n.example.com"),
        ("https://n8n.example.com/api/v1", "https://n8n.example.com"),
        ("https://n8n.example.com/api/v1/", "https://n8n.example.com"),
        ("https://n8n.example.com/n8n", "https://n8n.example.com/n8n"),
        ("https://n8n.example.com/n8n/api/v1/", "https://n8n.example.com/n8n"),
        ("  http://localhost:5678\n", "http://localhost:5678"),
        ("http://[::1]:5678/", "http://[::1]:5678"),
        ("HTTPS://n8n.example.com", "HTTPS://n8n.example.com"),
        ("https://bücher.example", "https://bücher.example"),
    ],
)
def test_a_url_is_taken_with_or_without_what_comes_behind_it(url: str, base: str) -> None:
    assert connection(url=url).url == base


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "No n8n server configured. .*N8N_URL"),
        ("", "No n8n server configured"),
        (" \n", "No n8n server configured"),
        ("n8n.example.com", "is not the address of a server"),
        ("localhost:5678", "is not the address of a server"),
        ("ftp://n8n.example.com", "is not the address of a server"),
        ("https://", "is not the address of a server"),
        ("https:///api/v1", "is not the address of a server"),
        ("https://n8n.example.com:0", "is not the address of a server"),
        ("https://n8n.example.com:70000", "is not the address of a server"),
        ("https://n8n.example.com:port", "is not the address of a server"),
        ("https://[::1", "is not the address of a server"),
        ("https://n8n. example.com", "is not the address of a server"),
        ("https://n8n.example.com/a\nb", "is not the address of a server"),
        ("https://n8n.example.com?x=secret", "has a query or a fragment"),
        ("https://n8n.example.com/#/secret", "has a query or a fragment"),
        ("https://me:secret@n8n.example.com", "user name or password"),
        ("https://me:sec/ret@n8n.example.com", "user name or password"),
        ("https://me:sec#ret@n8n.example.com", "user name or password"),
        ("me:secret@n8n.example.com", "user name or password"),
    ],
)
def test_a_wrong_url_is_refused_without_telling_a_secret(url: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        connection(url=url)
    assert "secret" not in str(caught.value) and "ret@" not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", "  ", "\n"])
def test_a_missing_key_says_where_to_put_it_and_where_it_is_made(key: str | None) -> None:
    with pytest.raises(InputError, match="Set api_key or N8N_API_KEY.*Settings > n8n API"):
        connection(api_key=key)


@pytest.mark.parametrize("key", ["eyJ.abc.def", "  eyJ.abc.def\n", "\teyJ.abc.def\r\n"])
def test_the_space_around_a_key_is_no_part_of_it(key: str) -> None:
    assert connection(api_key=key).api_key == "eyJ.abc.def"


@pytest.mark.parametrize("odd", ["\n", "\r\n", " ", "\t", "\x00", "ü", "\u200b", "\x7f", "\xa0"])
def test_a_key_with_odd_characters_is_refused_and_never_quoted(odd: str) -> None:
    with pytest.raises(InputError, match="api_key contains spaces or other characters") as caught:
        connection(api_key=f"topsecret{odd}evenmore")
    assert "topsecret" not in str(caught.value) and "evenmore" not in str(caught.value)
    assert "topsecret" not in repr(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("timeout", 0.0, "timeout is 0: give the seconds"),
        ("timeout", -1.0, "timeout is -1: "),
        ("timeout", float("nan"), "timeout is nan: "),
        ("timeout", float("inf"), "timeout is inf: "),
        ("timeout", 1e12, "at most 86400"),
        ("retries", -1, "retries is -1: give 0 for one try"),
        ("concurrency", 0, "concurrency is 0: "),
        ("concurrency", -8, "concurrency is -8: "),
        ("ca_path", "/nowhere/ca.pem", "ca_path /nowhere/ca.pem does not exist"),
    ],
)
def test_numbers_and_paths_out_of_bounds_are_refused(option: str, value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        connection(**{option: value})


def test_the_key_is_in_no_representation() -> None:
    made = connection(api_key="topsecret")
    assert made.api_key == "topsecret"
    assert "topsecret" not in f"{made} {made!r}"
