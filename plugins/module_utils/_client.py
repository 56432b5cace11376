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

from ._errors import ApiError, ConnectionFailed, InputError, N8nError, Unanswered
from ._options import Connection

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
    def myself(self) -> str | None:
        """The id of the user whom the key belongs to; None for a key of an old form, which does not tell."""
        try:
            payload = self.connection.api_key.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return str(claims["sub"]) if claims["sub"] else None
        except (IndexError, KeyError, TypeError, ValueError):
            return None

    def get(self, path: str, doing: str, scope: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to a GET. See `send` for the arguments and the errors."""
        return self.send("GET", path, doing, scope, params=params)

    def listing(self, path: str, doing: str, scope: str, params: Mapping[str, Any] | None = None) -> Listing:
        """Return all pages of a listing, each id once; raises ConnectionFailed where paging does not end."""
        found: dict[str, dict[str, Any]] = {}
        cursors: set[str] = set()
        repeats = pages = 0
        query: dict[str, Any] = {**(params or {}), "limit": PAGE}
        while True:
            page = self.get(path, doing, scope, params=query)
            items, cursor = self._page(page, path)
            pages += 1
            for item in items:
                repeats += item["id"] in found
                found[item["id"]] = item
            if not cursor:
                return Listing(tuple(found.values()), repeats, pages)
            if cursor in cursors:
                raise ConnectionFailed(
                    f"{self._where(path)} answers with a page cursor that it gave before, so its pages never end: is a "
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
        doing: str,
        scope: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed answer of n8n, None where it has no body.

        `path` comes behind /api/v1, its parts quoted. `doing` completes the sentence "n8n refused to ..."; `scope` is
        the scope that the key needs for it. Raises ApiError where n8n refuses, ConnectionFailed where it cannot be
        reached or is no n8n, and its child Unanswered where a POST may or may not have been carried out.
        """
        if self.read_only and method != "GET":
            raise N8nError(f"Check mode must not write, and was about to {doing}. This is a bug of lifecycle.n8n.")
        for attempt in range(self.connection.retries + 1):
            last = attempt == self.connection.retries
            try:
                answer = self._once(method, path, params, body)
            # A plain OSError is what requests raises for a REQUESTS_CA_BUNDLE that is not there.
            except (requests.exceptions.RequestException, OSError) as error:
                # EOF is a connection that was cut, which may pass; the rest of TLS's errors stay.
                if isinstance(error, requests.exceptions.SSLError) and "EOF occurred" not in str(error):
                    raise ConnectionFailed(self._tls(error)) from None
                if not isinstance(error, _PASSING) or (last and (method in REPEATABLE or _never_sent(error))):
                    raise ConnectionFailed(self._unreachable(error, attempt + 1)) from None
                if method not in REPEATABLE and not _never_sent(error):
                    raise Unanswered(f"{self._unreachable(error, 1)} It was about to {doing}.") from None
                self.pause(attempt)
                continue
            if answer.status_code in TRY_AGAIN and not last and (method in REPEATABLE or answer.status_code == 429):
                self.pause(attempt, answer.headers.get("Retry-After"))
                continue
            if answer.status_code in TRY_AGAIN and method not in REPEATABLE and answer.status_code != 429:
                raise Unanswered(self._refusal(answer, doing, scope).args[0])
            if not 200 <= answer.status_code < 300:
                raise self._refusal(answer, doing, scope)
            try:
                return self._json(answer, path)
            except _CutShort as error:
                if method not in REPEATABLE:
                    raise Unanswered(f"{error} It was about to {doing}.") from None
                if last:
                    raise
                self.pause(attempt)
        raise AssertionError("the last try returns or raises")

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

    def _once(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> requests.Response:
        with self._count:
            self.requests += 1
        answer = self._session().request(
            method,
            self._where(path),
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

    def _where(self, path: str) -> str:
        return f"{self.connection.url}/api/v1{path}"

    def _json(self, answer: requests.Response, path: str) -> Any:
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            # No word of the body: the answer to an invitation has a secret in it.
            if "json" in answer.headers.get("Content-Type", ""):
                raise _CutShort(f"The answer of {self._where(path)} is cut short or damaged: it is no JSON.") from None
            raise self.no_n8n(path) from None

    def _page(self, page: Any, path: str) -> tuple[list[dict[str, Any]], str | None]:
        items = page.get("data") if isinstance(page, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
            raise self.no_n8n(path)
        cursor = page.get("nextCursor")
        return items, str(cursor) if cursor else None

    def no_n8n(self, path: str) -> ConnectionFailed:
        """Return the error for an answer that has another shape than n8n's."""
        return ConnectionFailed(
            f"What answers at {self._where(path)} is not the public API of an n8n: check url, and that the API is not "
            "switched off (N8N_PUBLIC_API_DISABLED)."
        )

    def _tls(self, error: Exception) -> str:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            return f"{self.connection.url} could not be asked over TLS: {_reason(error)}. Is it https that it speaks?"
        return (
            f"The TLS certificate of {self.connection.url} does not verify: {_reason(error)}. Give the certificate of "
            "its authority as ca_path, or set validate_certs: false where that risk is acceptable."
        )

    def _unreachable(self, error: Exception, tries: int) -> str:
        cause = _reason(error)
        # A timeout in the middle of a body comes as another error.
        if isinstance(error, requests.exceptions.Timeout) or "timed out" in cause:
            cause = f"no answer within {self.connection.timeout:g} s (timeout)"
        how_often = f" after {tries} tries" if tries > 1 else ""
        return f"{self.connection.url} could not be asked{how_often}: {cause}."

    def _refusal(self, answer: requests.Response, doing: str, scope: str) -> N8nError:
        """Return the error for an answer that is not 2xx: what was refused, n8n's words, and the way out."""
        status = answer.status_code
        if 300 <= status < 400:
            target = urljoin(answer.url, answer.headers.get("Location", "")).split("?")[0]
            return ConnectionFailed(
                f"{self.connection.url} redirects to {re.sub(r'/api/v1/.*$', '', target)}. The API key is not sent to "
                "another address by itself: put that one into url."
            )
        words = self._words(answer)
        if words is None and status in TRY_AGAIN:
            words = "the gateway in front of n8n gave no answer of n8n's"
        elif words is None:
            return self.no_n8n(answer.url.split("/api/v1", 1)[-1].split("?")[0])
        text = f'n8n refused to {doing}: "{words}" (HTTP {status}).'
        way_out = self._way_out(status, words, scope)
        return ApiError(f"{text} {way_out}".rstrip(), status, words)

    def _words(self, answer: requests.Response) -> str | None:
        if answer.content == STARTING:
            return STARTING.decode()
        try:
            words = answer.json()["message"]
        except (ValueError, KeyError, TypeError):
            return None
        return str(words).replace(self.connection.api_key, "***")[:500]

    def _way_out(self, status: int, words: str, scope: str) -> str:
        for mark, way_out in _WAYS_OUT:
            if re.search(mark, words, re.IGNORECASE):
                return way_out
        if status == 401:
            return f"Check that api_key belongs to {self.connection.url} and has neither expired nor been deleted."
        if status == 403:
            return self._missing_scope(scope)
        if status == 405 or (status == 404 and words == "not found"):
            return "This collection needs n8n 2.8.0 or later: is this one older?"
        return ""

    def _missing_scope(self, scope: str) -> str:
        """Say whether it is the scope that the key lacks; GET /discover tells on 2.14 and later."""
        try:
            answer = self._once("GET", "/discover", None, None)
            granted = answer.json()["data"]["scopes"]
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError):
            granted = None
        if not isinstance(granted, list):
            return f"The key needs the scope {scope}, and its user a role that allows it (an owner or admin has it)."
        if any(name in granted for name in scope.split(" or ")):
            return f"The key has the scope {scope}; its user's role does not allow this: use the key of an owner or admin."
        return f"The key lacks the scope {scope}: make one that has it under Settings > n8n API."


class _CutShort(ConnectionFailed):
    """The answer says that it is JSON, and is not."""


# What n8n says, and what a person can do about it (words seen on 2.8.4 and 2.40.7).
_WAYS_OUT = (
    (r"not licensed to use role", "Choose a role that the licence of this n8n includes."),
    (
        r"your license does not allow for feat:advancedPermissions|without advanced permissions",
        "Changing instance roles and inviting admins need an n8n licence with advanced permissions.",
    ),
    (
        r"your license does not allow for feat:projectRole",
        "Team projects need an n8n licence that has them; n8n_user works without, as long as nobody is deleted.",
    ),
    (r"licen[sc]e", "This needs an n8n licence with that feature."),
    (
        r"managed by the Identity Provider|managed automatically",
        "Single sign-on manages this: change it in the identity provider, or stop n8n from taking it from there.",
    ),
    (r"Maximum number of users", "The licence's number of users is used up: remove somebody, or enlarge the licence."),
    (r"quota", "The licence's number of team projects is used up: remove one, or enlarge the licence."),
)

if REQUESTS_IMPORT_ERROR is None:
    _PASSING: tuple[type[Exception], ...] = (
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
