# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a plan to a file for a person who approves it, and compare the file with a plan that is made later. PURE."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._changes.change import identity
from .._changes.plan import digest_of
from .._errors import InputError
from .._state.dates import first_moment, last_moment, moment, utc
from .._text import quoted, shortened

# The keys of a result that the file of a plan contains, and that are lists.
_LISTS = (
    "plan",
    "record_changes",
    "upcoming",
    "pending",
    "missing_users",
    "impossible",
    "done",
    "errors",
    "not_tried",
    "conflicts",
)
# The largest number of changes in a message.
_MOST = 5
# The reason of a task that refused a plan, because it is not the approved one or exceeds a limit.
NOT_APPROVED = "not_approved"


@dataclass(frozen=True)
class ApprovedPlan:
    """The plan in a file. `digest` is computed from its changes. `dates` has moments with what happens then."""

    path: str
    server: str
    time: datetime
    digest: str
    entries: tuple[Mapping[str, Any], ...]
    dates: tuple[tuple[datetime, str], ...]


def plan_record(result: Mapping[str, Any], time: str) -> dict[str, Any]:
    """Return the content of the file of a plan. `result` is that of a module that plans, and `time` is in UTC."""
    return {
        "server": result.get("server", ""),
        "time": time,
        "error": result.get("msg", ""),
        "digest": result.get("digest", ""),
        "summary": result.get("summary", {}),
        **{key: list(result.get(key, ())) for key in _LISTS},
        "dates": dates_of(result),
    }


def dates_of(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what will happen at which moment, so that a plan made later may differ: {at, what}, in order."""
    found = [
        {
            "at": utc(read(grant[key], key).when),
            "what": f"the grant of {grant['user']} in {quoted(grant['project'])} {key}",
        }
        for grant in result.get("upcoming", ())
        for key, read in (("begins", first_moment), ("ends", last_moment))
        if grant[key]
    ]
    leavers = [(leaver["user"], leaver.get("due")) for leaver in result.get("leavers", ())]
    leavers += [(user["email"], (user.get("staged") or {}).get("due")) for user in result.get("users", ())]
    found += [{"at": due, "what": f"the grace period of {email} ends"} for email, due in leavers if due]
    return sorted(found, key=lambda date: (date["at"], date["what"]))


def approved_plan(text: object, path: str) -> ApprovedPlan:
    """Return the plan in the text of a file; raises InputError if it is damaged or not a plan."""
    try:
        content = json.loads(text if isinstance(text, str) else "")
        entries = tuple(dict(entry) for entry in content["plan"])
        server, changes = str(content["server"]), [str(change) for change in content["record_changes"]]
        dates = tuple((moment(date["at"], "at"), str(date["what"])) for date in content["dates"])
        digest = digest_of(server, entries, changes)
        made = moment(content["time"], "time")
    except (InputError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{path} is not a plan, or is damaged. Use a file that a role of this collection has written to its plan_path."
        ) from None
    if content.get("digest") not in ("", digest):
        raise InputError(
            f"The plan in {path} was changed after it was written: its digest is {content.get('digest')}, but its changes have the "
            f"digest {digest}. Make a new plan, and have it approved."
        )
    if not server or not content.get("digest"):
        cause = f": {content['error']}" if content.get("error") else "."
        raise InputError(
            f"{path} has no plan, because the run that wrote it failed{cause} Make a new plan, and have it approved."
        )
    return ApprovedPlan(path, server, made, digest, entries, dates)


def approval_error(approved: ApprovedPlan, result: Mapping[str, Any], now: str) -> str:
    """Return why the plan in `result` is not the approved one, with dates that have passed since and with what differs.

    Return "" if it is the approved one, or has no changes. `now` is the present time in UTC.
    """
    planned, digest = result.get("plan"), result.get("digest")
    if planned is None or digest == approved.digest or not (planned or result.get("record_changes")):
        return ""
    if result.get("server") != approved.server:
        return f"The approved plan {approved.path} is for {approved.server}, and this server is {result.get('server')}. Nothing was changed."
    present = moment(now, "now")
    passed = [f"{what} at {utc(when)}" for when, what in approved.dates if approved.time < when <= present]
    new = _missing(planned, approved.entries)
    gone = _missing(approved.entries, planned)
    parts = [
        f"Nothing was changed: the plan differs from the approved one in {approved.path}, which was made at {utc(approved.time)}."
    ]
    parts += [f"Since then, {'; '.join(passed)}."] if passed else []
    parts += [f"Not approved: {_listed(new)}."] if new else []
    parts += [f"Approved and not planned any more: {_listed(gone)}."] if gone else []
    if not new and not gone:
        parts.append("The changes of the record of leavers, or the order of changes, differ.")
    return " ".join([*parts, "Review the new plan, and have it approved."])


def unknown_users_error(users: Iterable[Mapping[str, Any]]) -> str:
    """Return the error about leavers who are not users of n8n, or "". `users` is that of a result of n8n_offboard."""
    unknown = [
        f"{user['email']}{' (did you mean ' + user['similar'] + '?)' if user['similar'] else ''}"
        for user in users
        if not user["found"]
    ]
    if not unknown:
        return ""
    return (
        f"These leavers are not users of n8n: {', '.join(unknown)}. Nothing was changed. Correct offboard_users, or set "
        "offboard_unknown=report."
    )


def _missing(entries: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the entries of a plan that another plan does not have."""
    known = {_key(entry) for entry in others}
    return [entry for entry in entries if _key(entry) not in known]


def _key(entry: Mapping[str, Any]) -> str:
    return json.dumps(identity(entry), sort_keys=True)


def _listed(entries: Iterable[Mapping[str, Any]]) -> str:
    return shortened(map(_described, entries), _MOST, "; ")


def _described(entry: Mapping[str, Any]) -> str:
    """Return a change in words, for example: remove_member ada@example.com in "Sales"."""
    place = f" in {quoted(entry['project'])}" if entry["project"] else ""
    role = f" ({entry['after']})" if entry["after"] else ""
    return f"{entry['action']} {entry['user'] or ''}{place}{role}".replace("  ", " ")
