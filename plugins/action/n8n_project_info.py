# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run n8n_project_info in Ansible's own process, or send it as a module."""

from __future__ import annotations

from ..modules.n8n_project_info import MODULE
from ..plugin_utils._module_action import ModuleAction


class ActionModule(ModuleAction):
    """Runs n8n_project_info."""

    definition = MODULE
