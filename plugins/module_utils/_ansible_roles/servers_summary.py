# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarize the run of a role over several servers. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._changes.actions import ACTIONS
from .evidence import UNREACHABLE


def servers_lines(results: Mapping[str, Mapping[str, Any]], failures: Mapping[str, str], check_mode: bool) -> list[str]:
    """Return one line for each server, with the servers that could not be reached first.

    `results` has the last result of a role, and `failures` the messages of hosts that failed, both by host.
    """
    hosts = list(dict.fromkeys([*results, *failures]))
    lost = [host for host in hosts if _is_unreachable(results.get(host, {}))]
    lines = [f"{_named(host, results)} could not be reached, so the access there is unknown." for host in lost]
    for host in hosts:
        if host not in lost:
            result = results.get(host, {})
            made = _counted(result.get("plan", ()) if check_mode else result.get("done", ()))
            done = f"{'planned' if check_mode else 'done'}: {made}" if made else "no changes"
            failure = f"failed: {failures[host]}" if host in failures else ""
            lines.append(f"{_named(host, results)}: {'; '.join(filter(None, [done, failure]))}")
    return lines


def _is_unreachable(result: Mapping[str, Any]) -> bool:
    return result.get("reason") == UNREACHABLE and not result.get("done") and not result.get("errors")


def _named(host: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    server = results.get(host, {}).get("server")
    return f"{host} ({server})" if server else host


def _counted(changes: Any) -> str:
    counts: dict[str, int] = {}
    for change in changes:
        label = ACTIONS[change["action"]].label if change["action"] in ACTIONS else str(change["action"])
        counts[label] = counts.get(label, 0) + 1
    return ", ".join(f"{count} {label}{'' if count == 1 else 's'}" for label, count in counts.items())
