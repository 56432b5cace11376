# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the argument `now` of filters, and the clock."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ..module_utils._desired.omitted import is_omitted
from ..module_utils._state.dates import moment


def present_time(now: Any) -> datetime:
    """Return the moment that `now` means, or the present one if it is not given; raises InputError for other text."""
    if now is None or now == "" or is_omitted(now):
        return datetime.now(timezone.utc)
    return moment(now, "now")
