# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the connection options: defaults, validation, and errors without secrets."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import CONNECTION_OPTIONS, Connection


def connection(**options: Any) -> Connection:
    return Connection.from_options({"url": "https://n8n.example.com", "api_key": "k", **options})


def test_table_and_connection_have_the_same_options_and_defaults() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Connection)}
    assert list(fields) == list(CONNECTION_OPTIONS)
    for name, row in CONNECTION_OPTIONS.items():
        assert row.get("default") == (None if fields[name] is dataclasses.MISSING else fields[name])


def test_no_option_has_a_default_that_hides_its_environment_variable() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if "default" in row and "env" in row] == []


def test_only_the_api_key_is_secret() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if row.get("no_log")] == ["api_key"]


def test_omitted_or_null_options_have_their_defaults() -> None:
    plain = Connection("https://n8n.example.com", "k")
    assert connection() == plain
    assert connection(**{name: None for name in CONNECTION_OPTIONS if name not in ("url", "api_key")}) == plain


def test_option_values_are_kept(tmp_path: Path) -> None:
    options = {
        "validate_certs": False,
        "ca_path": str(tmp_path),
        "timeout": 0.5,
        "retries": 0,
        "concurrency": 1,
        "state": "absent",
    }
    created = connection(**options)
    assert {name: getattr(created, name) for name in options if name != "state"} == {
        name: value for name, value in options.items() if name != "state"
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
def test_url_is_normalized(url: str, base: str) -> None:
    assert connection(url=url).url == base


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (None, "No n8n server is configured. .*N8N_URL"),
        ("", "No n8n server is configured"),
        (" \n", "No n8n server is configured"),
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
def test_invalid_url_is_rejected_without_showing_secrets(url: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        connection(url=url)
    assert "secret" not in str(caught.value) and "ret@" not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", "  ", "\n"])
def test_missing_api_key_is_an_error_with_instructions(key: str | None) -> None:
    with pytest.raises(InputError, match="Set api_key, or the environment variable N8N_API_KEY .*Settings > n8n API"):
        connection(api_key=key)


@pytest.mark.parametrize("key", ["eyJ.abc.def", "  eyJ.abc.def\n", "\teyJ.abc.def\r\n"])
def test_whitespace_around_the_api_key_is_removed(key: str) -> None:
    assert connection(api_key=key).api_key == "eyJ.abc.def"


@pytest.mark.parametrize("character", ["\n", "\r\n", " ", "\t", "\x00", "ü", "\u200b", "\x7f", "\xa0"])
def test_api_key_with_invalid_characters_is_rejected_without_showing_it(character: str) -> None:
    with pytest.raises(InputError, match="api_key contains spaces or other characters") as caught:
        connection(api_key=f"topsecret{character}evenmore")
    assert "topsecret" not in str(caught.value) and "evenmore" not in str(caught.value)
    assert "topsecret" not in repr(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("timeout", 0.0, "timeout is 0, but must be more than 0 and at most 86400 seconds"),
        ("timeout", -1.0, "timeout is -1, "),
        ("timeout", float("nan"), "timeout is nan, "),
        ("timeout", float("inf"), "timeout is inf, "),
        ("timeout", 1e12, "at most 86400"),
        ("retries", -1, "retries is -1, but must be 0 or more"),
        ("concurrency", 0, "concurrency is 0, "),
        ("concurrency", -8, "concurrency is -8, "),
        ("ca_path", "/missing/ca.pem", "ca_path /missing/ca.pem does not exist"),
    ],
)
def test_invalid_number_or_path_is_rejected(option: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        connection(**{option: value})


def test_api_key_is_not_in_repr() -> None:
    created = connection(api_key="topsecret")
    assert created.api_key == "topsecret"
    assert "topsecret" not in f"{created} {created!r}"
