# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the one table of connection options, and the checked connection that results from them."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._errors import InputError

# One row for each option: its argument spec in Ansible, and the environment variables that replace it. An option with
# an environment variable has no default, because a default would take precedence over the variable.
CONNECTION_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "url": {"type": "str", "env": ("N8N_URL", "N8N_API_URL")},
    "api_key": {"type": "str", "env": ("N8N_API_KEY",), "no_log": True},
    "api_key_path": {"type": "path", "no_log": False},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "headers": {"type": "dict", "no_log": True},
    "timeout": {"type": "float", "default": 30.0},
    "retries": {"type": "int", "default": 4},
    "concurrency": {"type": "int", "default": 8},
}
# Two ways to give the key. A level, such as the task, has at most one of them, and it replaces both of lower levels.
_KEY_OPTIONS = ("api_key", "api_key_path")
# The client sets these headers itself.
_OWN_HEADERS = ("accept", "connection", "content-length", "content-type", "host", "transfer-encoding", "x-n8n-api-key")
# A shorter value of a header, such as "1", is masked only as a whole word, and never in the results of a module.
_MIN_SECRET = 8
# What Ansible writes in place of a secret.
_MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_EXPIRES_SOON = timedelta(days=14)
# One day. Sockets accept neither infinite nor extremely large numbers.
MAX_TIMEOUT = 86400
_WHERE = "on the host where the task runs (for lookups and inventories: on the controller)"


@dataclass(frozen=True)
class Connection:
    """A server and the options of the connection to it, after validation. No representation of it contains a secret.

    `headers` has a name and a value for each further header.
    """

    url: str
    api_key: str = field(repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout: float = 30.0
    retries: int = 4
    concurrency: int = 8

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Connection:
        """Return the connection of `options`, which are named as in the table; raises InputError if any is invalid."""
        values: dict[str, Any] = {name: options.get(name) for name in CONNECTION_OPTIONS}
        for name, row in CONNECTION_OPTIONS.items():
            if values[name] is None and "default" in row:
                values[name] = row["default"]
        values["url"] = _base_url(values["url"])
        path = values.pop("api_key_path")
        values["api_key"] = _key_in(path) if path else _key(values["api_key"])
        values["headers"] = _headers(values["headers"] or {})
        connection = cls(**values)
        connection._check()
        return connection

    @property
    def own_user_id(self) -> str | None:
        """Return the id of the user of the key; None for a key of an old form, which does not contain it."""
        return str(self._claims.get("sub") or "") or None

    def expiry_note(self, now: datetime) -> str | None:
        """Return a warning with the date if the key expires within 14 days after `now`, or has expired."""
        expires = self._claims.get("exp")
        if isinstance(expires, bool) or not isinstance(expires, (int, float)):
            return None
        try:
            date = datetime.fromtimestamp(expires, timezone.utc)
        except (OverflowError, OSError, ValueError):
            return None
        if date - now > _EXPIRES_SOON:
            return None
        verb = "expired" if date <= now else "expires"
        return f"The API key {verb} on {date:%Y-%m-%d} at {date:%H:%M} UTC. Create a new one in n8n under Settings > n8n API."

    @property
    def _claims(self) -> Mapping[str, Any]:
        """Return what the key says about itself (JWT); nothing for a key of an old form."""
        try:
            payload = self.api_key.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError):
            return {}
        return claims if isinstance(claims, dict) else {}

    def masked(self, text: str) -> str:
        """Return `text` without the key and without the values of headers."""
        for secret in sorted({self.api_key, *(value for _name, value in self.headers)}, key=len, reverse=True):
            word = re.escape(secret)
            text = re.sub(word if len(secret) >= _MIN_SECRET else rf"(?<!\w){word}(?!\w)", "***", text)
        return text

    def _check(self) -> None:
        if not 0 < self.timeout <= MAX_TIMEOUT:
            raise InputError(f"timeout is {self.timeout:g}, but must be more than 0 and at most {MAX_TIMEOUT} seconds.")
        if self.retries < 0:
            raise InputError(f"retries is {self.retries}, but must be 0 or more.")
        if self.concurrency < 1:
            raise InputError(f"concurrency is {self.concurrency}, but must be 1 or more.")
        if self.ca_path and not os.path.exists(self.ca_path):
            raise InputError(
                f"ca_path {self.ca_path} does not exist on the host that runs the task. Use a file or folder with "
                "certificates of trusted certificate authorities."
            )
        if self.client_cert:
            _check_certificate(self.client_cert, self.client_key)
        elif self.client_key:
            raise InputError(
                "client_key is set and client_cert is not. Set client_cert to the certificate of this key."
            )


def with_variables(given: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options `given` in a task or plugin, and those of `variables` that it does not give.

    Both have the names of options, and `variables` has no None. Raises InputError if one of them has two keys, or if the
    URL is that of a variable and no key is set, because the key of the environment is never sent there.
    """
    for level, prefix in ((given, ""), (variables, "n8n_")):
        if all(level.get(name) is not None for name in _KEY_OPTIONS):
            raise InputError(f"{prefix}api_key and {prefix}api_key_path are both set. Set only one of them.")
    with_key = [level for level in (given, variables) if any(name in level for name in _KEY_OPTIONS)]
    if "url" in variables and "url" not in given and not any(_has_key(level) for level in with_key[:1]):
        raise InputError(
            "n8n_url is set and n8n_api_key is not. Set n8n_api_key or n8n_api_key_path where n8n_url is set. The key in "
            "the environment variable N8N_API_KEY is never sent to the URL of a variable."
        )
    # With None, Ansible does not read the environment either.
    key = {name: with_key[0].get(name) for name in _KEY_OPTIONS} if with_key else {}
    return {**variables, **given, **key}


def with_masked_headers(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a module as results show them: without the values of headers."""
    headers = options.get("headers")
    if not headers:
        return dict(options)
    return {**options, "headers": dict.fromkeys(headers, _MASK) if isinstance(headers, Mapping) else _MASK}


def short_header_values(headers: Any) -> set[str]:
    """Return the values of headers that are too short to be replaced wherever they occur in a result."""
    values = headers.values() if isinstance(headers, Mapping) else ()
    return {str(value) for value in values if len(str(value)) < _MIN_SECRET}


def _has_key(level: Mapping[str, Any]) -> bool:
    return any(level.get(name) is not None for name in _KEY_OPTIONS)


def _base_url(url: str | None) -> str:
    """Return `url` without trailing slashes and without /api/v1, which the client adds."""
    if not url or not url.strip():
        raise InputError(f"No n8n server is configured. Set url, or the environment variable N8N_URL {_WHERE}.")
    url = url.strip()
    try:
        parts = urlsplit(url)
        # The port is validated when it is read.
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    # The whole text is searched: a text that is not a URL may still contain a password, and is quoted below.
    if "@" in url:
        raise InputError("url contains a user name or password. Remove them: only api_key is used.")
    if not valid or re.search(r"\s", url):
        raise InputError(f"url {url!r} is not the address of a server. Use an address such as https://n8n.example.com.")
    if parts.query or parts.fragment:
        raise InputError(
            f"url {url.split('?')[0].split('#')[0]!r} has a query or a fragment. Remove the query and the " "fragment."
        )
    return re.sub(r"/api/v1$", "", url.rstrip("/")).rstrip("/")


def _key(key: str | None) -> str:
    key = (key or "").strip()
    if not key:
        raise InputError(
            f"No API key is configured. Set api_key, or the environment variable N8N_API_KEY {_WHERE}. "
            "Create a key in n8n under Settings > n8n API."
        )
    return _checked_key(key, "api_key")


def _key_in(path: str) -> str:
    try:
        key = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(
            f"api_key_path {path} cannot be read on the host that runs the task: {error.strerror}."
        ) from None
    except ValueError:
        raise InputError(
            f"api_key_path {path} is not a text file. Use a file that contains only the API key."
        ) from None
    if not key:
        raise InputError(f"api_key_path {path} is an empty file. Write the API key into it.")
    return _checked_key(key, f"api_key_path {path}")


def _checked_key(key: str, option: str) -> str:
    # The key in a file may have blanks around it. Any other invalid character would be quoted, with the key, in the
    # error of the HTTP library.
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError(f"{option} contains spaces or other characters that no API key has. Copy the whole key again.")
    return key


def _check_certificate(client_cert: str, client_key: str | None) -> None:
    """Raise InputError if the TLS library cannot use the client certificate, which requests would report as an OSError."""
    option = f"client_cert {client_cert}{f' with client_key {client_key}' if client_key else ''}"
    try:
        # Without a password, OpenSSL would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(client_cert, client_key, password="")
    except ssl.SSLError as error:
        raise InputError(
            f"{option} cannot be used: {error.reason or 'no certificate or no key was found'}. Use a certificate and the private key of it, "
            "both in PEM format, and a key without a password."
        ) from None
    except OSError as error:
        raise InputError(f"{option} cannot be read on the host that runs the task: {error.strerror}.") from None


def _headers(headers: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return further headers; raises InputError without their values, and without names, which may contain a value."""
    checked: dict[str, tuple[str, str]] = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise InputError("headers has a name that no header can have. Write each header as NAME: VALUE.")
        if name.lower() in _OWN_HEADERS:
            raise InputError(f"headers has {name}, which the collection sets itself. Remove it from headers.")
        if name.lower() in checked:
            raise InputError(f"headers has {name} twice. The names of headers do not depend on upper and lower case.")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not str(value).strip():
            raise InputError(f"The value of {name} in headers must be text. Quote it.")
        if not re.fullmatch(r"[\x20-\x7e\t]+", str(value).strip()):
            raise InputError(
                f"The value of {name} in headers has line breaks or other characters that no header can have."
            )
        checked[name.lower()] = (name, str(value).strip())
    return tuple(checked.values())
