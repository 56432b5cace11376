# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the progress of a long plan on the terminal."""

from __future__ import annotations

import threading
import time

from ansible.utils.display import Display

from ..module_utils._changes.actions import ACTIONS

# The number of seconds without any line, and the least number of seconds between two lines.
QUIET, INTERVAL = 2.0, 10.0


class DisplayedProgress:
    """Shows how many changes of a plan are processed, if the plan takes longer than QUIET seconds."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._next = 0.0

    def __call__(self, made: int, planned: int, action: str) -> None:
        """Show a line on stderr if it is time for one. `made` is 0 at the start of the plan."""
        with self._lock:
            now = time.monotonic()
            if not action:
                self._next = now + QUIET
            elif now >= self._next:
                self._next = now + INTERVAL
                # Workers of ansible-core 2.19 and later have no terminal, and Display sends the line to the main process.
                Display().display(
                    f"{self._module}: {made:,} of {planned:,} changes, {ACTIONS[action].activity}", stderr=True
                )
