# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the attributes of modules: of those that change objects, of those that only read, and of all of them."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of check mode, diff and idempotency, and of the keywords that decide where a module runs."""

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

    # Where a module runs. All modules extend this part, too.
    EXECUTION = r"""
options: {}
attributes:
  action:
    description: Has an action plugin. It runs a local task in the process of Ansible, and sends the module to the host of any other task.
    support: full
  async:
    description: Supports the keyword C(async). The module then runs in a process of its own.
    support: full
  become:
    description: Supports the keyword C(become). The module then runs in a process of its own.
    support: full
  connection:
    description: Uses the connection of the host, unless the connection is local.
    support: full
  delegation:
    description: Supports the keyword C(delegate_to).
    support: full
"""
