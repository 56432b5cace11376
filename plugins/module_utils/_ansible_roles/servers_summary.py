# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarize the run of a role over several servers. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._changes.actions import ACTIONS
from .evidence import UNREACHABLE, was_read


def servers_lines(
    results: Mapping[str, Mapping[str, Any]], failures: Mapping[str, str], urls: Mapping[str, str], check_mode: bool
) -> list[str]:
    """Return one line for each server, with the servers that could not be reached first.

    `results` has the last result of a role, `failures` the messages of hosts that failed, and `urls` the URLs that the
    inventory has for servers without a result, all of them by host.
    """
    hosts = list(dict.fromkeys([*results, *failures]))
    servers = {host: str(results.get(host, {}).get("server") or urls.get(host) or "") for host in hosts}
    names = {host: f"{host} ({server})" if server else host for host, server in servers.items()}
    lost = [host for host in hosts if _is_unreachable(results.get(host, {}))]
    lines = [f"{names[host]} could not be reached, so the access there is unknown." for host in lost]
    for host in hosts:
        if host not in lost:
            result = results.get(host, {})
            parts = [_made(result, host in failures, check_mode)]
            if host in failures:
                parts.append(f"failed: {failures[host]}")
            lines.append(f"{names[host]}: {'; '.join(filter(None, parts))}")
    return [*lines, *_same_server(servers)]


def _is_unreachable(result: Mapping[str, Any]) -> bool:
    return result.get("reason") == UNREACHABLE and not result.get("done") and not result.get("errors")


def _made(result: Mapping[str, Any], failed: bool, check_mode: bool) -> str:
    """Return what was done on a server, or "" if a failure does not tell."""
    counted = _counted(result.get("plan", ()) if check_mode else result.get("done", ()))
    if counted:
        return f"{'planned' if check_mode else 'done'}: {counted}"
    if not failed:
        return "no changes"
    return "" if was_read(result) else "the access was not read, so it is unknown"


def _same_server(servers: Mapping[str, str]) -> list[str]:
    hosts_of: dict[str, list[str]] = {}
    for host, server in servers.items():
        if server:
            hosts_of.setdefault(server.rstrip("/"), []).append(host)
    return [
        f"{', '.join(hosts[:-1])} and {hosts[-1]} use the same server. Check n8n_url of these hosts."
        for hosts in hosts_of.values()
        if len(hosts) > 1
    ]


def _counted(changes: Any) -> str:
    counts: dict[str, int] = {}
    for change in changes:
        label = ACTIONS[change["action"]].label if change["action"] in ACTIONS else str(change["action"])
        counts[label] = counts.get(label, 0) + 1
    return ", ".join(f"{count} {label}{'' if count == 1 else 's'}" for label, count in counts.items())
