# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks HTTP with n8n: the key, retries, paging, many calls at once, and errors in words. Knows no user or project."""

from __future__ import annotations

import base64
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin

from .._errors import ApiError, ConnectionFailed, InputError, N8nError, LostResponse
from .hints import scopes_remedy, hint_for
from .options import Connection

try:
    import requests
    from urllib3 import disable_warnings
    from urllib3.exceptions import ConnectTimeoutError, InsecureRequestWarning, NewConnectionError
except ImportError as missing:
    REQUESTS_IMPORT_ERROR: ImportError | None = missing
else:
    REQUESTS_IMPORT_ERROR = None
Item = TypeVar("Item")
Answer = TypeVar("Answer")
# More is refused with 400 (seen on 2.8.4 and 2.40.7).
PAGE = 250
# What a gateway says while n8n restarts behind it, and what n8n says when it is asked too often.
TRY_AGAIN = (429, 502, 503, 504)
# Sending these twice does what sending them once does.
REPEATABLE = ("GET", "PUT", "PATCH", "DELETE")
LONGEST_WAIT = 120.0
# Said with 200 to everything while n8n migrates its database (read in 2.8.4 and 2.40.7).
STARTING = b"n8n is starting up. Please wait"


@dataclass(frozen=True)
class Listing:
    """All pages of a listing. `repeats` counts what came more than once: then something else may not have come at all."""

    items: tuple[dict[str, Any], ...]
    repeats: int
    pages: int


class Client:
    """One server and one key. Opened with `read_only` it refuses to send anything but GET."""

    def __init__(self, connection: Connection, read_only: bool = False) -> None:
        if REQUESTS_IMPORT_ERROR is not None:
            raise InputError("The Python library requests is missing where the task runs: install it with pip.")
        self.connection = connection
        self.read_only = read_only
        self.requests = 0
        self._count = threading.Lock()
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._scopes: list[str] | None = None
        self._pool: ThreadPoolExecutor | None = None
        if not connection.validate_certs:
            # Whoever switched validation off need not be told once for every request.
            disable_warnings(InsecureRequestWarning)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._pool:
            self._pool.shutdown()
        for session in self._sessions:
            session.close()

    @property
    def own_user_id(self) -> str | None:
        """The id of the user whom the key belongs to; None for a key of an old form, which does not tell."""
        try:
            payload = self.connection.api_key.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return str(claims["sub"]) if claims["sub"] else None
        except (IndexError, KeyError, TypeError, ValueError):
            return None

    def get(self, path: str, operation: str, scope: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to a GET. See `send` for the arguments and the errors."""
        return self.send("GET", path, operation, scope, params=params)

    def listing(
        self,
        path: str,
        operation: str,
        scope: str,
        params: Mapping[str, Any] | None = None,
        keep: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> Listing:
        """Return all pages of a listing, each id once; raises ConnectionFailed where paging does not end.

        `keep` returns what is kept of an item; of large ones that is better not everything.
        """
        found: dict[str, dict[str, Any]] = {}
        cursors: set[str] = set()
        repeats = pages = 0
        query: dict[str, Any] = {**(params or {}), "limit": PAGE}
        while True:
            page = self.get(path, operation, scope, params=query)
            items, cursor = self._page(page, path)
            pages += 1
            for item in items:
                repeats += item["id"] in found
                found[item["id"]] = keep(item) if keep else item
            if not cursor:
                return Listing(tuple(found.values()), repeats, pages)
            if cursor in cursors:
                raise ConnectionFailed(
                    f"{self._url(path)} answers with a page cursor that it gave before, so its pages never end: is a "
                    "proxy with a cache in front of n8n?"
                )
            cursors.add(cursor)
            query["cursor"] = cursor

    def in_parallel(self, call: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Return `call` of each of `items`, in their order, with as many at once as the connection allows."""
        todo = list(items)
        if len(todo) < 2 or self.connection.concurrency == 1:
            return [call(item) for item in todo]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.connection.concurrency)
        return list(self._pool.map(call, todo))

    def send(
        self,
        method: str,
        path: str,
        operation: str,
        scope: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed answer of n8n, None where it has no body.

        `path` comes behind /api/v1, its parts quoted. `operation` completes the sentence "n8n refused to ..."; `scope` is
        the scope that the key needs for it. Raises ApiError where n8n refuses, ConnectionFailed where it cannot be
        reached or is no n8n, and its child Unanswered where a POST may or may not have been carried out.
        """
        if self.read_only and method != "GET":
            raise N8nError(f"Check mode must not write, and was about to {operation}. This is a bug of lifecycle.n8n.")
        for attempt in range(self.connection.retries + 1):
            try:
                return self._attempt(method, path, operation, scope, params, body)
            except _TransientError as transient:
                if method not in REPEATABLE and not transient.unsent:
                    raise LostResponse(f"{transient.error} It was about to {operation}.") from None
                if attempt == self.connection.retries:
                    raise transient.after(attempt + 1) from None
                self.pause(attempt, transient.retry_after)
        raise AssertionError("the last try returns or raises")

    def _attempt(
        self, method: str, path: str, operation: str, scope: str, params: Mapping[str, Any] | None, body: Any
    ) -> Any:
        """Return the parsed answer to one request; raises _Passing for what another try may mend."""
        try:
            answer = self._request(method, path, params, body)
        # A plain OSError is what requests raises for a REQUESTS_CA_BUNDLE that is not there.
        except (requests.exceptions.RequestException, OSError) as error:
            # EOF is a connection that was cut, which may pass; the rest of TLS's errors stay.
            if isinstance(error, requests.exceptions.SSLError) and "EOF occurred" not in str(error):
                raise ConnectionFailed(self._tls(error)) from None
            failure = ConnectionFailed(self._unreachable(error))
            if isinstance(error, _TRANSIENT):
                raise _TransientError(failure, unsent=_never_sent(error)) from None
            raise failure from None
        if answer.status_code in TRY_AGAIN:
            refusal = self._refusal(answer, operation, scope)
            raise _TransientError(
                refusal, unsent=answer.status_code == 429, retry_after=answer.headers.get("Retry-After")
            )
        if not 200 <= answer.status_code < 300:
            raise self._refusal(answer, operation, scope)
        return self._json(answer, path)

    def pause(self, attempt: int, retry_after: str | None = None) -> None:
        """Wait before try `attempt` + 2: as long as the server asks for, else twice as long each time, with jitter."""
        seconds = _seconds(retry_after)
        if seconds is None:
            seconds = min(0.5 * 2**attempt, 30.0) * random.uniform(0.5, 1.0)
        elif seconds > LONGEST_WAIT:
            raise ConnectionFailed(
                f"{self.connection.url} asks to be left alone for {seconds:.0f} seconds (Retry-After): run the task later."
            )
        time.sleep(seconds)

    def _request(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> requests.Response:
        with self._count:
            self.requests += 1
        answer = self._session().request(
            method,
            self._url(path),
            params=params,
            json=body,
            timeout=self.connection.timeout,
            # Given with each request: a REQUESTS_CA_BUNDLE in the environment would overrule the session's setting.
            verify=(self.connection.ca_path or True) if self.connection.validate_certs else False,
            # A key in a header of its own would travel along to wherever the redirect points.
            allow_redirects=False,
        )
        if answer.content == STARTING:
            answer.status_code = 503
        return answer

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._thread, "session", None)
        if session is None:
            session = self._thread.session = requests.Session()
            session.headers.update({"X-N8N-API-KEY": self.connection.api_key, "Accept": "application/json"})
            with self._count:
                self._sessions.append(session)
        return session

    def _url(self, path: str) -> str:
        return f"{self.connection.url}/api/v1{path}"

    def _json(self, answer: requests.Response, path: str) -> Any:
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            # No word of the body: the answer to an invitation has a secret in it.
            if "json" in answer.headers.get("Content-Type", ""):
                failure = ConnectionFailed(f"The answer of {self._url(path)} is cut short or damaged: it is no JSON.")
                raise _TransientError(failure) from None
            raise self.not_n8n_error(path) from None

    def _page(self, page: Any, path: str) -> tuple[list[dict[str, Any]], str | None]:
        items = page.get("data") if isinstance(page, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
            raise self.not_n8n_error(path)
        cursor = page.get("nextCursor")
        return items, str(cursor) if cursor else None

    def not_n8n_error(self, path: str) -> ConnectionFailed:
        """Return the error for an answer that has another shape than n8n's."""
        return ConnectionFailed(
            f"What answers at {self._url(path)} is not the public API of an n8n: check url, and that the API is not "
            "switched off (N8N_PUBLIC_API_DISABLED)."
        )

    def _tls(self, error: Exception) -> str:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            return f"{self.connection.url} could not be reached over TLS: {_reason(error)}. Check that the port serves HTTPS."
        return (
            f"The TLS certificate of {self.connection.url} does not verify: {_reason(error)}. Give the certificate of "
            "its authority as ca_path, or set validate_certs: false where that risk is acceptable."
        )

    def _unreachable(self, error: Exception) -> str:
        cause = _reason(error)
        remedy = "Check that n8n runs there, that url is right, and that the host of the task can reach it."
        # A timeout in the middle of a body comes as another error.
        if isinstance(error, requests.exceptions.Timeout) or "timed out" in cause:
            cause = f"no answer within {self.connection.timeout:g} s (timeout)"
            remedy += " If n8n only answers slowly, raise timeout."
        return f"{self.connection.url} could not be reached: {cause}. {remedy}"

    def _refusal(self, answer: requests.Response, operation: str, scope: str) -> N8nError:
        """Return the error for an answer that is not 2xx: what was refused, n8n's words, and the way out."""
        status = answer.status_code
        if 300 <= status < 400:
            target = urljoin(answer.url, answer.headers.get("Location", "")).split("?")[0]
            return ConnectionFailed(
                f"{self.connection.url} redirects to {re.sub(r'/api/v1/.*$', '', target)}. The API key is not sent to "
                "another address by itself: put that one into url."
            )
        server_message = self._words(answer)
        if server_message is None and status in TRY_AGAIN:
            server_message = "the gateway in front of n8n gave no answer of n8n's"
        elif server_message is None:
            return self.not_n8n_error(answer.url.split("/api/v1", 1)[-1].split("?")[0])
        hint = hint_for(status, server_message, self.connection.url)
        refused = f'n8n refused to {operation}: "{server_message}" (HTTP {status}).'
        if status == 403 and not hint:
            hint = scopes_remedy([scope], self.granted_scopes())
            return ApiError(f"{refused} {hint}", status, server_message, scope, refused)
        return ApiError(f"{refused} {hint}".rstrip(), status, server_message)

    def _words(self, answer: requests.Response) -> str | None:
        if answer.content == STARTING:
            return STARTING.decode()
        try:
            server_message = answer.json()["message"]
        except (ValueError, KeyError, TypeError):
            return None
        return str(server_message).replace(self.connection.api_key, "***")[:500]

    def granted_scopes(self) -> list[str] | None:
        """Return the scopes of the key, or None where n8n does not tell (GET /discover, 2.14 and later)."""
        if self._scopes is not None:
            return self._scopes
        try:
            granted = self._request("GET", "/discover", None, None).json()["data"]["scopes"]
        except (requests.exceptions.RequestException, OSError, ValueError, KeyError, TypeError):
            return None
        self._scopes = granted if isinstance(granted, list) else None
        return self._scopes


class _TransientError(Exception):
    """A failure that another try may mend. `unsent` says that n8n has certainly not carried the request out."""

    def __init__(self, error: N8nError, unsent: bool = False, retry_after: str | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.unsent = unsent
        self.retry_after = retry_after

    def after(self, tries: int) -> N8nError:
        """Return the error that is final after so many tries."""
        if tries > 1:
            self.error.args = (f"{self.error} It was tried {tries} times.",)
        return self.error


if REQUESTS_IMPORT_ERROR is None:
    _TRANSIENT: tuple[type[Exception], ...] = (
        requests.exceptions.ConnectionError,
        requests.exceptions.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    )


def _never_sent(error: Exception) -> bool:
    """Whether the request cannot have reached n8n: no connection came about."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, (NewConnectionError, ConnectTimeoutError))


def _reason(error: Exception) -> str:
    """Return the innermost cause in words, without the object addresses that the libraries print."""
    cause = error
    while causes := [part for part in (*cause.args, getattr(cause, "reason", None)) if isinstance(part, Exception)]:
        cause = causes[-1]
    text = re.sub(r"<[^>]*object at 0x[0-9a-f]+>:? ?|HTTPS?Connection(Pool)?\([^)]*\):? ?", "", str(cause))
    return text.strip().rstrip(".") or type(error).__name__


def _seconds(retry_after: str | None) -> float | None:
    """Return how long a Retry-After header asks to wait: it has seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
