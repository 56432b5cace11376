# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the action group that sets the connection options once for a play."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the action group."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/lifecycle.n8n.n8n) in C(module_defaults) to set the connection options once for a play.
    support: full
    membership:
      - lifecycle.n8n.n8n
"""
