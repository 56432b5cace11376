# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the line of evidence about a run of a role on one server. PURE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The states of a run: everything done, some of it failed or was impossible, nothing was changed, n8n was not reached.
DONE, INCOMPLETE, REFUSED, UNREACHABLE = "done", "incomplete", "refused", "unreachable"
STATES = (DONE, INCOMPLETE, REFUSED, UNREACHABLE)
FORMAT = 1
_NOT_CARRIED_OUT = "The run stopped before its first write, because a check of the role failed."
# What a line names of the job of an automation platform.
JOB = ("id", "template", "user")
# The largest number of changes that is passed on to later jobs.
MOST_CHANGES = 200
# The remaining access that n8n does not show completely.
_UNKNOWN = ("api_keys", "unseen")


def evidence_entry(
    result: Mapping[str, Any],
    role: str,
    host: str,
    time: str,
    user: str,
    server: str,
    job: Mapping[str, Any],
    error: str = "",
) -> dict[str, Any]:
    """Return the line about the last result of the module that a role ran on the server of an inventory host.

    `user` is the user of the operating system who ran Ansible. `server` is the URL if the result has none. `job` has the id,
    the template and the user of the job of an automation platform, or empty texts. `error` is the reason for
    which the role did not carry out a plan.
    """
    done, errors = list(result.get("done", ())), list(result.get("errors", ()))
    state = _state(result, done, errors)
    remaining = [
        {"user": leaver["email"], **access}
        for leaver in result.get("users", ())
        for access in leaver.get("residual_access", ())
    ]
    return {
        "format": FORMAT,
        "time": time,
        "role": role,
        "host": host,
        "server": result.get("server") or server,
        "user": user,
        "job": {key: str(job.get(key) or "") for key in JOB} if any(job.values()) else None,
        "state": state,
        "error": "" if state == DONE else error or result.get("error") or result.get("msg") or _NOT_CARRIED_OUT,
        "digest": result.get("digest", ""),
        "done": done,
        "failed": errors,
        "not_tried": list(result.get("not_tried", ())),
        "conflicts": list(result.get("conflicts", ())),
        "impossible": list(result.get("impossible", ())),
        "remaining_access": [access for access in remaining if access["type"] not in _UNKNOWN],
        "unknown": _unknown(result, remaining),
    }


def _state(result: Mapping[str, Any], done: list[Any], errors: list[Any]) -> str:
    if result.get("state") in STATES:
        # The role sync has decided.
        return str(result["state"])
    if _is_not_carried_out(result):
        return REFUSED
    if not result.get("failed") and not result.get("msg"):
        return DONE
    if done or errors or result.get("reason") in (INCOMPLETE, None):
        # A task that failed without a reason may have made any change.
        return INCOMPLETE
    return UNREACHABLE if result["reason"] == UNREACHABLE else REFUSED


def _is_not_carried_out(result: Mapping[str, Any]) -> bool:
    """Return whether nothing was planned, or a plan was made and neither carried out nor tried."""
    if result.get("failed") or result.get("msg"):
        return False
    is_plan = bool(result.get("plan") or result.get("record_changes"))
    return "plan" not in result or (
        is_plan and not (result.get("done") or result.get("changed") or result.get("conflicts"))
    )


def was_read(result: Mapping[str, Any]) -> bool:
    """Return whether a plan was made, which needs a complete reading. Only plans have a digest, empty ones too."""
    return bool(result.get("digest"))


def _unknown(result: Mapping[str, Any], remaining: list[dict[str, Any]]) -> list[dict[str, Any]]:
    unknown = [{"user": access["user"], "reason": access["name"]} for access in remaining if access["type"] in _UNKNOWN]
    if not was_read(result):
        unknown.append(
            {"user": None, "reason": "Nothing is known about the access on this server, because it was not read."}
        )
    return unknown


def passed_on(result: Mapping[str, Any], host: str, plan_path: str) -> dict[str, Any]:
    """Return what a role passes on to later jobs: the digest, the summary and the first changes, by inventory host."""
    plan = result.get("plan", ())
    return {
        "n8n_digest": {host: result.get("digest", "")},
        "n8n_summary": {host: dict(result.get("summary", {}))},
        "n8n_plan": {host: {"changes": _without_templates(plan[:MOST_CHANGES]), "count": len(plan), "path": plan_path}},
    }


def _without_templates(value: Any) -> Any:
    """Return a value whose texts are no templates. A later job gets it as a variable, and would resolve a template."""
    if isinstance(value, Mapping):
        return {key: _without_templates(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_templates(item) for item in value]
    return re.sub(r"\{(?=[{%#])", "{ ", value) if isinstance(value, str) else value
