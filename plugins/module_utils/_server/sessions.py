# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep one HTTP session for each thread, and run calls in parallel threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .options import Connection
from .transport_errors import REQUESTS_IMPORT_ERROR

if REQUESTS_IMPORT_ERROR is None:
    import requests

Item = TypeVar("Item")
Result = TypeVar("Result")


class Sessions:
    """The sessions of one connection: one for the thread of the task, and one for each parallel thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._open: list[requests.Session] = []
        self._pool: ThreadPoolExecutor | None = None
        self.is_aborted = False

    def of_this_thread(self) -> requests.Session:
        """Return the session of this thread."""
        session: requests.Session | None = getattr(self._thread, "session", None)
        if session is None:
            session = self._thread.session = requests.Session()
            own = {"X-N8N-API-KEY": self._connection.api_key, "Accept": "application/json"}
            session.headers.update({**dict(self._connection.headers), **own})
            with self._lock:
                self._open.append(session)
        return session

    def in_parallel(self, call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the results of `call` for `items`, in order. The connection limits the number of parallel calls."""
        todo = list(items)
        if len(todo) < 2 or self._connection.concurrency == 1:
            return [call(item) for item in todo]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._connection.concurrency)
        return list(self._pool.map(call, todo))

    def end_threads(self) -> None:
        """End the parallel threads, and close their sessions. The session of this thread stays open."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None
        own = getattr(self._thread, "session", None)
        for session in self._open:
            if session is not own:
                session.close()
        self._open = [own] if own else []

    def close(self) -> None:
        """End the threads, and close all sessions."""
        self.end_threads()
        for session in self._open:
            session.close()

    def abort(self) -> None:
        """Allow no further request, because the task is interrupted. Requests on the way end by themselves."""
        self.is_aborted = True
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        for session in self._open:
            session.close()
