# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define how a run reports its progress."""

from __future__ import annotations

from collections.abc import Callable

# A function that gets the number of processed changes, the number of planned changes, and the action of the last
# change. The first call has the number 0 and no action. Several threads may call it at once.
Progress = Callable[[int, int, str], None]


def no_progress(made: int, planned: int, action: str) -> None:
    """Report nothing."""
