# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send HTTP requests to n8n: the key, retries, parallel calls, and errors, without knowledge of users and projects."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin

from .._errors import ApiError, ConnectionFailed, InputError, LostResponse, N8nError
from .._state.scopes import SCOPES
from .hints import hint_for, scopes_remedy
from .kept_data import KeptData
from .options import Connection
from .sessions import Sessions
from .transport_errors import REQUESTS_IMPORT_ERROR, TransientError, certificate_remedy, failure_of, seconds_of

if REQUESTS_IMPORT_ERROR is None:
    import requests
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

Item = TypeVar("Item")
Result = TypeVar("Result")
# The status codes of a gateway while n8n restarts behind it, and of n8n if it gets too many requests.
RETRY_STATUSES = (429, 502, 503, 504)
# The methods for which two equal requests have the same effect as one.
REPEATABLE = ("GET", "PUT", "PATCH", "DELETE")
MAX_WAIT = 120.0
# n8n returns this text with status 200 to every request while it migrates its database (read in 2.8.4 and 2.40.7).
STARTUP_BODY = b"n8n is starting up. Please wait"


class Client:
    """One server and one key. With `read_only`, the client refuses to send any method except GET.

    `requests` is the number of requests that the present task has sent. `has_written` tells whether any of them may have
    changed something.
    """

    def __init__(self, connection: Connection, read_only: bool = False) -> None:
        if REQUESTS_IMPORT_ERROR is not None:
            raise InputError(
                "The Python library requests is not installed on the host that runs the task. Install it with pip."
            )
        self.connection = connection
        self.read_only = read_only
        self.requests = 0
        self.has_written = False
        self._count = threading.Lock()
        self.sessions = Sessions(connection)
        self.kept = KeptData()
        if not connection.validate_certs:
            # A user who has switched off the validation does not need one warning for each request.
            disable_warnings(InsecureRequestWarning)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.sessions.close()

    def start_task(self, read_only: bool) -> None:
        """Prepare for another task of this process, which uses the open connections, and what earlier tasks have read."""
        self.read_only, self.requests, self.has_written = read_only, 0, False
        self.kept.is_from_earlier_task, self.kept.is_used = True, False
        if self.kept.is_outdated:
            self.forget()

    @property
    def may_be_outdated(self) -> bool:
        """Return whether a failure of the present task may have its cause in what an earlier task has read."""
        return self.kept.is_from_earlier_task and self.kept.is_used and not self.has_written

    def forget(self) -> None:
        """Read the scopes, the roles and the projects again when they are needed."""
        self.kept = KeptData()

    def get(self, path: str, operation: str, call: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the response to a GET. See `send` for the arguments and the errors."""
        return self.send("GET", path, operation, call, params=params)

    def in_parallel(self, call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the results of `call` for `items`, in order. The connection limits the number of parallel calls."""
        return self.sessions.in_parallel(call, items)

    def send(
        self,
        method: str,
        path: str,
        operation: str,
        call: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed response of n8n, or None if it has no body.

        `path` follows /api/v1, and its parts are quoted. `operation` completes the sentence "n8n refused to ...".
        `call` is the name of the call in SCOPES, which has the scope that the key needs. Raises ApiError if n8n refuses
        the request, and ConnectionFailed if the server cannot be reached or is not n8n. Raises its subclass
        LostResponse if a POST may have been carried out.
        """
        if self.read_only and method != "GET":
            raise N8nError(f"The module tried to {operation} in check mode. This is a bug in lifecycle.n8n.")
        for attempt in range(self.connection.retries + 1):
            try:
                return self._attempt(method, path, operation, SCOPES[call], params, body)
            except TransientError as transient:
                if method not in REPEATABLE and not transient.not_sent:
                    raise LostResponse(f"{transient.error} The operation was: {operation}.") from None
                if attempt == self.connection.retries:
                    raise transient.after(attempt + 1) from None
                self.pause(attempt, transient.retry_after)
        raise AssertionError("the last try returns or raises")

    def _attempt(
        self, method: str, path: str, operation: str, scope: str, params: Mapping[str, Any] | None, body: Any
    ) -> Any:
        """Return the parsed response to one request; raises TransientError if another try may succeed."""
        try:
            response = self._request(method, path, params, body)
        # requests raises a plain OSError for a REQUESTS_CA_BUNDLE that does not exist.
        except (requests.exceptions.RequestException, OSError) as error:
            raise failure_of(error, self.connection) from None
        if response.status_code in RETRY_STATUSES:
            refusal = self._refusal(response, operation, scope)
            raise TransientError(
                refusal, not_sent=response.status_code == 429, retry_after=response.headers.get("Retry-After")
            )
        if not 200 <= response.status_code < 300:
            raise self._refusal(response, operation, scope)
        return self._json(response, path)

    def pause(self, attempt: int, retry_after: str | None = None) -> None:
        """Wait before try `attempt` + 2: as long as the server requests, else twice as long each time, with jitter."""
        seconds = seconds_of(retry_after)
        if seconds is None:
            seconds = min(0.5 * 2**attempt, 30.0) * random.uniform(0.5, 1.0)
        elif seconds > MAX_WAIT:
            raise ConnectionFailed(
                f"{self.connection.url} requires a pause of {seconds:.0f} seconds (Retry-After). Run the task later."
            )
        time.sleep(seconds)

    def _request(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> requests.Response:
        if self.sessions.is_aborted:
            raise ConnectionFailed("The task was interrupted.")
        with self._count:
            self.requests += 1
            self.has_written = self.has_written or method != "GET"
        response = self.sessions.of_this_thread().request(
            method,
            self.url_of(path),
            params=params,
            json=body,
            timeout=self.connection.timeout,
            # Passed with each request: a REQUESTS_CA_BUNDLE in the environment overrides the setting of a session.
            verify=(self.connection.ca_path or True) if self.connection.validate_certs else False,
            cert=_certificate(self.connection),
            # With a redirect, the header with the key would be sent to the target of the redirect.
            allow_redirects=False,
        )
        if response.content == STARTUP_BODY:
            response.status_code = 503
        return response

    def url_of(self, path: str) -> str:
        """Return the full URL of a path of the API."""
        return f"{self.connection.url}/api/v1{path}"

    def _json(self, response: requests.Response, path: str) -> Any:
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            # The message does not quote the body, because the response to an invitation contains a secret.
            if "json" in response.headers.get("Content-Type", ""):
                failure = ConnectionFailed(
                    f"The response of {self.url_of(path)} is incomplete or damaged: it is not valid JSON."
                )
                raise TransientError(failure) from None
            raise self.not_n8n_error(path) from None

    def not_n8n_error(self, path: str) -> ConnectionFailed:
        """Return the error for a response that does not have the form of n8n's responses."""
        return ConnectionFailed(
            f"The response of {self.url_of(path)} is not that of the public API of n8n. Check url, and check that the API is not "
            "switched off (N8N_PUBLIC_API_DISABLED)."
        )

    def _refusal(self, response: requests.Response, operation: str, scope: str) -> N8nError:
        """Return the error for a response other than 2xx: the refused operation, the message of n8n, and the remedy."""
        status = response.status_code
        if 300 <= status < 400:
            target = urljoin(response.url, response.headers.get("Location", "")).split("?")[0]
            return ConnectionFailed(
                f"{self.connection.url} redirects to {re.sub(r'/api/v1/.*$', '', target)}. The API key is not sent to "
                "another address. Set url to this address. If it is the login of a gateway, set headers or client_cert."
            )
        server_message = _message_of(response, self.connection)
        if server_message is None and b"SSL certificate" in response.content:
            return ConnectionFailed(certificate_remedy(self.connection))
        if server_message is None and status in RETRY_STATUSES:
            server_message = "the gateway in front of n8n returned no answer from n8n"
        elif server_message is None:
            return self.not_n8n_error(response.url.split("/api/v1", 1)[-1].split("?")[0])
        hint = hint_for(status, server_message, self.connection.url)
        refused = f'n8n refused to {operation}: "{server_message}" (HTTP {status}).'
        if status == 403 and not hint:
            hint = scopes_remedy([scope], self.granted_scopes())
            return ApiError(f"{refused} {hint}", status, server_message, scope, refused)
        return ApiError(f"{refused} {hint}".rstrip(), status, server_message)

    def granted_scopes(self) -> list[str] | None:
        """Return the scopes of the key, or None if n8n does not list them (GET /discover, 2.14 and later)."""
        if self.kept.scopes is not None:
            self.kept.is_used = True
            return self.kept.scopes
        try:
            granted = self._request("GET", "/discover", None, None).json()["data"]["scopes"]
        except (requests.exceptions.RequestException, OSError, ValueError, KeyError, TypeError):
            return None
        self.kept.scopes = granted if isinstance(granted, list) else None
        return self.kept.scopes


def _certificate(connection: Connection) -> str | tuple[str, str] | None:
    cert, key = connection.client_cert, connection.client_key
    return (cert, key) if cert and key else cert


def _message_of(response: requests.Response, connection: Connection) -> str | None:
    if response.content == STARTUP_BODY:
        return STARTUP_BODY.decode()
    try:
        server_message = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return None
    return connection.masked(str(server_message))[:500]
