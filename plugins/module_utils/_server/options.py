# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the one table of connection options, and the checked connection that results from them."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._errors import InputError

# One row for each option: its argument spec in Ansible, and the environment variables that replace it. An option with
# an environment variable has no default, because a default would take precedence over the variable.
CONNECTION_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "url": {"type": "str", "env": ("N8N_URL", "N8N_API_URL")},
    "api_key": {"type": "str", "env": ("N8N_API_KEY",), "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
    "retries": {"type": "int", "default": 4},
    "concurrency": {"type": "int", "default": 8},
}
# One day. Sockets accept neither infinite nor extremely large numbers.
MAX_TIMEOUT = 86400
_WHERE = "on the host where the task runs (for lookups and inventories: on the controller)"


@dataclass(frozen=True)
class Connection:
    """A server and the options of the connection to it, after validation. No representation of it contains the key."""

    url: str
    api_key: str = field(repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
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
        connection = cls(**{**values, "url": _base_url(values["url"]), "api_key": _key(values["api_key"])})
        connection._check()
        return connection

    @property
    def own_user_id(self) -> str | None:
        """Return the id of the user of the key; None for a key of an old form, which does not contain it."""
        try:
            payload = self.api_key.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return str(claims["sub"]) if claims["sub"] else None
        except (IndexError, KeyError, TypeError, ValueError):
            return None

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


def check_key_of_variable(is_url_of_variable: bool, has_key: bool) -> None:
    """Raise InputError if the URL comes from the variable n8n_url, and the key would come from the environment."""
    if is_url_of_variable and not has_key:
        raise InputError(
            "n8n_url is set and n8n_api_key is not. Set n8n_api_key where n8n_url is set. The key in the environment "
            "variable N8N_API_KEY is never sent to the URL of a variable."
        )


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
    # The key in a file may have blanks around it. Any other invalid character would be quoted, with the key, in the
    # error of the HTTP library.
    key = (key or "").strip()
    if not key:
        raise InputError(
            f"No API key is configured. Set api_key, or the environment variable N8N_API_KEY {_WHERE}. "
            "Create a key in n8n under Settings > n8n API."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError("api_key contains spaces or other characters that no API key has. Copy the whole key again.")
    return key
