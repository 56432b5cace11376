# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the connection options: defaults, validation, and errors without secrets."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import (
    CONNECTION_OPTIONS,
    Connection,
    with_variables,
)
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.conftest import NOW, jwt


def connection(**options: Any) -> Connection:
    return Connection.from_options({"url": "https://n8n.example.com", "api_key": "k", **options})


def test_table_and_connection_have_the_same_options_and_defaults() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Connection)}
    options = {name: row for name, row in CONNECTION_OPTIONS.items() if name != "api_key_path"}
    assert list(fields) == list(options)
    for name, row in options.items():
        assert row.get("default") == (None if fields[name] in (dataclasses.MISSING, ()) else fields[name])


def test_no_option_has_a_default_that_hides_its_environment_variable() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if "default" in row and "env" in row] == []


def test_only_the_api_key_and_headers_are_secret() -> None:
    assert [name for name, row in CONNECTION_OPTIONS.items() if row.get("no_log")] == ["api_key", "headers"]


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


def test_missing_url_is_reported_before_a_missing_key() -> None:
    with pytest.raises(InputError, match="No n8n server is configured"):
        Connection.from_options({})


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


# Keys in files


@pytest.mark.parametrize("content", ["topsecret", "  topsecret\n", "topsecret\r\n\n"])
def test_key_is_read_from_a_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, "utf-8")
    assert connection(api_key="of the environment", api_key_path=str(path)).api_key == "topsecret"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "api_key_path .*key cannot be read on the host that runs the task: No such file"),
        (b"", "api_key_path .*key is an empty file"),
        (b" \n", "api_key_path .*key is an empty file"),
        (b"topsecret and more", "api_key_path .*key contains spaces or other characters"),
        (b"topsecret\xff", "api_key_path .*key is not a text file"),
    ],
)
def test_unusable_file_of_the_key_is_an_error_without_its_content(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        connection(api_key_path=str(path))
    assert "topsecret" not in str(caught.value)


def test_folder_instead_of_the_file_of_the_key_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="api_key_path .* cannot be read .*: Is a directory"):
        connection(api_key_path=str(tmp_path))


# Expiry


@pytest.mark.parametrize(
    ("expires", "note"),
    [
        (NOW + timedelta(days=14), "The API key expires on 2026-03-15 at 12:00 UTC."),
        (NOW + timedelta(seconds=1), "The API key expires on 2026-03-01 at 12:00 UTC."),
        (NOW, "The API key expired on 2026-03-01 at 12:00 UTC."),
        (NOW + timedelta(days=14, seconds=1), None),
    ],
)
def test_key_that_expires_soon_causes_a_warning(expires: datetime, note: str | None) -> None:
    found = connection(api_key=jwt({"sub": "u", "exp": int(expires.timestamp())})).expiry_note(NOW)
    assert found == (note and f"{note} Create a new one in n8n under Settings > n8n API.")


@pytest.mark.parametrize(
    "claims", [{}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": 1e30}, {"exp": -1e30}, [], 7]
)
def test_key_without_a_date_causes_no_warning(claims: Any) -> None:
    assert connection(api_key=jwt(claims)).expiry_note(NOW) is None
    assert connection(api_key="no-jwt").expiry_note(NOW) is None


# Levels


@pytest.mark.parametrize(
    ("given", "variables", "options"),
    [
        ({}, {}, {}),
        ({"url": "t"}, {"url": "v", "api_key": "v"}, {"url": "t", "api_key": "v", "api_key_path": None}),
        ({"api_key_path": "t"}, {"url": "v", "api_key": "v"}, {"url": "v", "api_key": None, "api_key_path": "t"}),
        ({"api_key": "t"}, {"url": "v", "api_key_path": "v"}, {"url": "v", "api_key": "t", "api_key_path": None}),
        ({}, {"url": "v", "api_key_path": "v"}, {"url": "v", "api_key": None, "api_key_path": "v"}),
        ({"url": "t"}, {"retries": 1}, {"url": "t", "retries": 1}),
    ],
)
def test_task_precedes_variables_and_each_level_replaces_the_key_of_lower_ones(
    given: dict[str, Any], variables: dict[str, Any], options: dict[str, Any]
) -> None:
    assert with_variables(given, variables) == options


@pytest.mark.parametrize("prefix", ["", "n8n_"])
def test_two_keys_at_one_level_are_an_error(prefix: str) -> None:
    keys = {"api_key": "topsecret", "api_key_path": "/key"}
    levels = ({}, keys) if prefix else (keys, {})
    with pytest.raises(InputError, match=f"^{prefix}api_key and {prefix}api_key_path are both set") as caught:
        with_variables(*levels)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("given", [{}, {"api_key": None}, {"retries": 1}])
def test_url_of_a_variable_needs_a_key_that_is_not_of_the_environment(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="n8n_url is set and n8n_api_key is not. Set n8n_api_key or n8n_api_key_path"):
        with_variables(given, {"url": "v"})
