# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the attributes of modules: one part for modules that change objects, and one for modules that only read."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of check mode, diff and idempotency."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return the planned changes without sending a write request to the server.
    support: full
  diff_mode:
    description: Returns the access of users before and after the change. In check mode, it returns the access that they would have.
    support: full
  idempotent:
    description: A second run without a change in between changes nothing.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: The module only reads, so check mode makes no difference.
    support: full
  diff_mode:
    description: The module changes nothing, so it returns no diff.
    support: none
  idempotent:
    description: The module changes nothing.
    support: full
"""
