# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write everything that callback plugins receive about results to a file, as one line of JSON for each event."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: notification
short_description: Write the results of tasks to a file
description:
  - Writes each event as a line of JSON to the file that the environment variable RECORDED_RESULTS names.
"""


class CallbackModule(CallbackBase):
    """Records the events of results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, event: str, result: Any) -> None:
        entry = {
            "event": event,
            "task": result._task.get_name(),
            "action": result._task.action,
            "host": result._host.get_name(),
            "result": dict(result._result),
            "is_changed": result.is_changed(),
            "is_failed": result.is_failed(),
            "is_skipped": result.is_skipped(),
            # These exist in ansible-core 2.19 and later.
            "exception": repr(getattr(result, "exception", None)),
            "warnings": [repr(warning) for warning in getattr(result, "warnings", ())],
            "deprecations": [repr(deprecation) for deprecation in getattr(result, "deprecations", ())],
        }
        with open(os.environ["RECORDED_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=repr) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that did not fail."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._record("failed and ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task that was skipped."""
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a host that is not reachable."""
        self._record("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Record an item of a loop that did not fail."""
        self._record("item ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Record an item of a loop that failed."""
        self._record("item failed", result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """Record an item of a loop that was skipped."""
        self._record("item skipped", result)

    def v2_runner_retry(self, result: Any) -> None:
        """Record an attempt after which another one follows."""
        self._record("retry", result)

    def v2_runner_on_async_poll(self, result: Any) -> None:
        """Record a question for the state of a task in the background."""
        self._record("async poll", result)

    def v2_runner_on_async_ok(self, result: Any) -> None:
        """Record a task in the background that did not fail."""
        self._record("async ok", result)

    def v2_runner_on_async_failed(self, result: Any) -> None:
        """Record a task in the background that failed."""
        self._record("async failed", result)

    def v2_on_file_diff(self, result: Any) -> None:
        """Record a task with a diff."""
        self._record("diff", result)
