# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect modules to AnsibleModule, as the only private file."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._desired.option_names import with_names


class N8nModule(AnsibleModule):
    """A module whose messages of Ansible about options use the option names in `option_names`."""

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """Fail with `msg`."""
        names = self.params.get("option_names")
        super().fail_json(with_names(msg, names) if isinstance(names, dict) else msg, **kwargs)
