# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts every call to a fake, and injects failures and concurrent changes for a test."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import N8nError, LostResponse
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Fake = TypeVar("Fake", bound="FaultInjection")


class FaultInjection(Api):
    """Counts calls and injects failures. The numbers of calls start at 1 for each method and for all writes."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        # Calls by method. Every write also counts as "write", even if it fails.
        self.calls: Counter[str] = Counter()
        # The applied writes in order, each with the method and its arguments.
        self.writes: list[tuple[Any, ...]] = []
        # The numbers of writes that fail, and of applied writes whose response is lost.
        self.fail: dict[int, N8nError] = {}
        self.lose: set[int] = set()
        # Functions that run before a call, by method (or "write") and number.
        self.before_call: dict[tuple[str, int], Callable[[], object]] = {}
        self.after_each_write: Callable[[], object] = lambda: None
        self.lock = threading.RLock()

    def count(self, kind: str) -> int:
        """Count a call of this kind, and return its number."""
        self.calls[kind] += 1
        self.before_call.pop((kind, self.calls[kind]), lambda: None)()
        return self.calls[kind]


def reading(method: Callable[Concatenate[Fake, Arguments], Result]) -> Callable[Concatenate[Fake, Arguments], Result]:
    """Turn a method into a reading call."""

    @functools.wraps(method)
    def call(self: Fake, /, *arguments: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        with self.lock:
            self.client.requests += 1
            self.count(method.__name__)
            return method(self, *arguments, **keywords)

    return call


def writing(method: Callable[Concatenate[Fake, Arguments], Result]) -> Callable[Concatenate[Fake, Arguments], Result]:
    """Turn a method into a writing call, which either succeeds or has no effect."""

    @functools.wraps(method)
    def call(self: Fake, /, *arguments: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        with self.lock:
            assert not self.client.read_only, f"check mode was about to write: {method.__name__}"
            self.client.requests += 1
            self.count(method.__name__)
            number = self.count("write")
            if number in self.fail:
                raise self.fail[number]
            result = method(self, *arguments, **keywords)
            self.writes.append((method.__name__, *arguments))
            self.after_each_write()
            if number in self.lose:
                raise LostResponse(f"The answer to {method.__name__} was lost.")
            return result

    return call
