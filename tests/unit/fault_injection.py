# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every call to a fake goes through: it is counted, and fails or is forestalled where a test says so."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import N8nError, LostResponse
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api

What = ParamSpec("What")
Answer = TypeVar("Answer")
Of = TypeVar("Of", bound="FaultInjection")


class FaultInjection(Api):
    """Counts calls and lets them go wrong. Calls and writes are numbered from 1, each kind by itself."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        # Calls by method; all writes count as "write" as well, whatever comes of them.
        self.calls: Counter[str] = Counter()
        # The writes that were carried out, in order, each the method and its arguments.
        self.writes: list[tuple[Any, ...]] = []
        # Writes, by number, that fail; that are carried out with their answer lost.
        self.fail: dict[int, N8nError] = {}
        self.lose: set[int] = set()
        # What somebody else does just before a call, by method (or "write") and number.
        self.before_call: dict[tuple[str, int], Callable[[], object]] = {}
        self.after_each_write: Callable[[], object] = lambda: None
        self.lock = threading.RLock()

    def count(self, kind: str) -> int:
        """Note one more call of that kind, and return its number."""
        self.calls[kind] += 1
        self.before_call.pop((kind, self.calls[kind]), lambda: None)()
        return self.calls[kind]


def reading(method: Callable[Concatenate[Of, What], Answer]) -> Callable[Concatenate[Of, What], Answer]:
    """Make a method one call that reads."""

    @functools.wraps(method)
    def call(self: Of, /, *what: What.args, **named: What.kwargs) -> Answer:
        with self.lock:
            self.client.requests += 1
            self.count(method.__name__)
            return method(self, *what, **named)

    return call


def writing(method: Callable[Concatenate[Of, What], Answer]) -> Callable[Concatenate[Of, What], Answer]:
    """Make a method one call that writes, all or nothing."""

    @functools.wraps(method)
    def call(self: Of, /, *what: What.args, **named: What.kwargs) -> Answer:
        with self.lock:
            assert not self.client.read_only, f"check mode was about to write: {method.__name__}"
            self.client.requests += 1
            self.count(method.__name__)
            number = self.count("write")
            if number in self.fail:
                raise self.fail[number]
            answer = method(self, *what, **named)
            self.writes.append((method.__name__, *what))
            self.after_each_write()
            if number in self.lose:
                raise LostResponse(f"The answer to {method.__name__} was lost.")
            return answer

    return call
