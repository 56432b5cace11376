# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect modules to AnsibleModule, as the only private file."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._desired.option_names import with_names
from ._server.options import short_header_values, with_masked_headers


class N8nModule(AnsibleModule):
    """A module whose messages of Ansible about options use the option names in `option_names`.

    Results contain no value of a header. Short values, such as "1", stay where they occur elsewhere.
    """

    params: dict[str, Any]

    def __init__(self, **definition: Any) -> None:
        super().__init__(**definition)
        self.no_log_values -= short_header_values(self.params.get("headers"))

    def exit_json(self, **kwargs: Any) -> None:
        """Return the result to Ansible."""
        self.params = with_masked_headers(self.params)
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """Fail with `msg`."""
        self.params = with_masked_headers(self.params)
        names = self.params.get("option_names")
        super().fail_json(with_names(msg, names) if isinstance(names, dict) else msg, **kwargs)
