# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect modules to AnsibleModule, as the only private file: options, messages, and the environment."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ._desired.option_names import with_names
from ._server.options import CONNECTION_OPTIONS


class N8nModule(AnsibleModule):
    """A module whose messages, including those of Ansible about options, use the option names in `option_names`."""

    def named(self, message: str) -> str:
        """Return `message` with the names of options that the users of a role know."""
        names = self.params.get("option_names")
        return with_names(message, names) if isinstance(names, dict) else message

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """Fail with `msg`."""
        super().fail_json(self.named(msg), **kwargs)

    def warn(self, warning: str, **kwargs: Any) -> None:
        """Warn with `warning`."""
        super().warn(self.named(warning), **kwargs)

    def named_within(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return `result` with these names in its messages: why changes failed, and why some were not made."""
        message_of = {"errors": "error", "conflicts": "reason"}
        return {
            **result,
            **{
                key: [{**entry, message: self.named(entry[message])} for entry in result[key]]
                for key, message in message_of.items()
                if key in result
            },
        }


def connection_spec() -> dict[str, dict[str, Any]]:
    """Return the connection options for an argument spec, with the environment of the host that runs the module."""
    spec: dict[str, dict[str, Any]] = {}
    for name, row in CONNECTION_OPTIONS.items():
        spec[name] = {key: value for key, value in row.items() if key != "env"}
        if "env" in row:
            spec[name]["fallback"] = (env_fallback, list(row["env"]))
    return spec
