# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find options and hosts that have the same path, so that no file replaces another one."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._text import quoted


def equal_paths_error(paths: Mapping[str, str | None]) -> str:
    """Return the error message for options with the same path, or ""; `paths` has the paths by the names of the options."""
    names: dict[str, list[str]] = {}
    for name, path in paths.items():
        if path:
            names.setdefault(os.path.abspath(os.path.expanduser(os.path.expandvars(path))), []).append(name)
    return "\n".join(
        f"{', '.join(same[:-1])} and {same[-1]} are the same path {quoted(path)}. Set another path for each file."
        for path, same in names.items()
        if len(same) > 1
    )


def shared_paths_error(paths: Mapping[str, Mapping[str, str | None]]) -> str:
    """Return the error message for files of several hosts with the same path, or "".

    `paths` has the full paths by the names of variables, by host. A record and a plan of two hosts may not be the same
    file either.
    """
    users: dict[str, dict[str, list[str]]] = {}
    for host, of_host in paths.items():
        for name, path in of_host.items():
            if path:
                users.setdefault(os.path.abspath(path), {}).setdefault(host, []).append(name)
    return "\n".join(
        f"{' and '.join(sorted({name for names in hosts.values() for name in names}))} is {quoted(path)} on "
        f"{', '.join(sorted(hosts)[:-1])} and {max(hosts)}. Each server needs a file of its own. Put "
        "{{ inventory_hostname }} into the path."
        for path, hosts in users.items()
        if len(hosts) > 1
    )
