# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the progress of a long run to a file while it runs."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone

from .._errors import InputError
from .atomic import write_problem


class ProgressFile:
    """A text file to which each processed batch of changes adds a line with the time, the counts, and the action.

    The counts are the number of processed changes and the number of planned changes.
    """

    def __init__(self, path: str) -> None:
        """Check that the file can be written before any change is made; raises InputError."""
        self.path = path
        self._lock = threading.Lock()
        problem = write_problem(path)
        if not problem and os.path.exists(path) and not os.access(path, os.W_OK):
            # Lines are appended to an existing file. write_problem() only checks that a file can be replaced.
            problem = f"{path} is not a writable file"
        if problem:
            raise InputError(f"Progress cannot be written to {path}: {problem}.")

    def __call__(self, made: int, planned: int, action: str) -> None:
        """Append a line. A full disk does not stop the task."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            with self._lock, open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{now} {made} of {planned} ({action})\n")
        except OSError:
            pass
