# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the record and the summary of a run of the role sync. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._changes.actions import ACTIONS
from .._state.roles import CHAT_USER, MEMBER
from .._text import shortened
from .plan_file import NOT_APPROVED, ApprovedPlan, approval_error, dates_of

# The states of a run.
UNREACHABLE = "unreachable"  # n8n could not be reached before the first write.
REFUSED = "refused"  # The run failed for another reason before the first write.
PLANNED = "planned"  # The plan was not applied, or not yet.
INCOMPLETE = "incomplete"  # Some changes failed.
DONE = "done"
# The maximum number of names in a line.
MAX_NAMES = 10
# The reason of a failed task of which some changes were made, or were not needed.
_PARTLY_DONE = "incomplete"

_HEADLINES = {
    PLANNED: "Planned. Nothing was changed.",
    UNREACHABLE: "n8n could not be reached. Nothing was changed.",
    REFUSED: "Refused before the first write. Nothing was changed.",
    INCOMPLETE: "Incomplete: some changes failed. Run again to make the remaining changes.",
    DONE: "Done.",
}
_NOTHING_TO_DO = "No changes were needed."
_DONE_WITH_EXCEPTIONS = "Done, except for what is impossible or was changed by others at the same time."
_UNMATCHED_PEOPLE = {
    "keep": "Matched by no rule (keep)",
    "remove_memberships": "Matched by no rule (remove_memberships)",
    "demote": "Matched by no rule (demote)",
}
# The keys of the record that are those of n8n_access.
_FROM_MODULE = (
    "impossible",
    "blocked",
    "lifted",
    "upcoming",
    "missing_users",
    "refused_addresses",
    "address_changes",
    "unmatched_users",
)
_UNMATCHED = {
    "rules": "Rules that match no person",
    "protected_users": "Patterns of sync_protected_users that match no user",
    "ignored_users": "Patterns of sync_ignored_users that match no user",
    "denied_projects": "Denied projects that do not exist",
}


def sync_summary(
    inputs: Mapping[str, Any],
    planned: Mapping[str, Any],
    applied: Mapping[str, Any],
    time: str,
    approved: ApprovedPlan | None = None,
) -> dict[str, Any]:
    """Return the record and the summary of a run, before its plan is applied or afterwards.

    `inputs` is the result of sync_input. `planned` and `applied` are the results of the tasks that plan and apply. Each
    of them is empty if it did not run yet. `approved` is the plan that the run is to carry out, or None for any plan.

    - `record`: the content of the file of sync_plan_path.
    - `result`: the last result of n8n_access together with the record.
    - `lines`: the summary for a person.
    - `apply`: whether the plan is still to be applied.
    - `applied`: whether the task that applies the plan ran.
    - `plan_changed`: whether the plan that was to be applied differs from the plan that was shown.
    """
    ran = bool(applied) and not applied.get("skipped")
    difference = approval_error(approved, planned, time) if approved else ""
    if difference:
        planned = {**planned, "msg": difference, "reason": NOT_APPROVED}
    if ran:
        last = applied
    else:
        last = {"msg": inputs["refusal"]} if inputs["refusal"] else planned
    # The task that plans does not report a change, except in check mode.
    has_changes = any(bool(last.get(key)) for key in ("plan", "changed", "record_changed"))
    record = _record(inputs, last, _state(last, ran, has_changes), time)
    return {
        "record": record,
        "result": {**last, **record, "failed": bool(record["error"])},
        "lines": _lines(inputs, record, has_changes),
        "apply": record["state"] == PLANNED,
        "applied": ran,
        "plan_changed": ran and applied.get("digest", planned.get("digest")) != planned.get("digest"),
    }


def _state(last: Mapping[str, Any], ran: bool, has_changes: bool) -> str:
    # A task that failed and returned neither its changes nor the reason may have made any change.
    tells = "done" in last or "reason" in last
    # A run can change the record of leavers only. In check mode, a task returns a plan that it has not carried out.
    made = last.get("done") or last.get("errors") or (last.get("changed") and not last.get("plan"))
    untouched = not ran or (tells and not made)
    # What is impossible for single leavers does not prevent the rest of the plan.
    if "msg" not in last or (not ran and last.get("reason") == _PARTLY_DONE):
        return PLANNED if untouched and has_changes else DONE
    if not untouched or last.get("reason") == _PARTLY_DONE:
        return INCOMPLETE
    return UNREACHABLE if last.get("reason") == UNREACHABLE else REFUSED


def _record(inputs: Mapping[str, Any], last: Mapping[str, Any], state: str, time: str) -> dict[str, Any]:
    unmatched = last.get("unmatched", {})
    plan = last.get("plan", [])
    return {
        "server": last.get("server", ""),
        "time": time,
        "state": state,
        "error": last.get("msg", ""),
        "digest": last.get("digest", ""),
        "summary": last.get("summary", {}),
        "people_without_rule": inputs["without_rule"],
        "unmatched": {
            "rules": inputs["unmatched_rules"],
            "protected_users": unmatched.get("protected_users", []),
            # The module gets the emails of invalid rows as patterns, too. The record lists only the patterns of the
            # variable.
            "ignored_users": [
                pattern for pattern in unmatched.get("ignored_users", []) if pattern in inputs["ignored_users"]
            ],
            "denied_projects": unmatched.get("denied_projects", []),
        },
        "leavers": [leaver["user"] for leaver in last.get("leavers", [])],
        "leavers_suspended": inputs["leavers_suspended"],
        **{key: last.get(key, []) for key in _FROM_MODULE},
        "announced": _announced(inputs, last.get("upcoming", []), state),
        "invalid_people": inputs["invalid_people"],
        "unused_exceptions": inputs["unused_exceptions"],
        "warnings": list(dict.fromkeys([*inputs["warnings"], *map(str, last.get("warnings", []))])),
        "pending": last.get("pending", []),
        "dates": dates_of(last),
        "grants": _grants(inputs["users"]),
        "record_changes": last.get("record_changes", []),
        "plan": plan,
        "done": last.get("done", []),
        "errors": last.get("errors", []),
        "not_tried": last.get("not_tried", []),
        "conflicts": last.get("conflicts", []),
    }


def _grants(users: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what rules and exceptions give: {user, project, role, granted_by, from, until}.

    `project` is None for an instance role. `from` and `until` are None for a grant without dates.
    """
    found = []
    for user in users:
        origin = user.get("granted_by", {})
        undated = {"from": None, "until": None}
        if user.get("role"):
            rule = origin.get("role")
            found.append({"user": user["email"], "project": None, "role": user["role"], "granted_by": rule, **undated})
        for project, grants in (user.get("projects") or {}).items():
            for grant in grants if isinstance(grants, (list, tuple)) else [grants]:
                entry = {"role": grant} if isinstance(grant, str) else grant
                if entry.get("role") and entry.get("state") != "absent":
                    rule = entry.get("granted_by") or origin.get("projects", {}).get(project)
                    dates = {key: entry.get(key) for key in undated}
                    found.append(
                        {"user": user["email"], "project": project, "role": entry["role"], "granted_by": rule, **dates}
                    )
    return found


def _announced(inputs: Mapping[str, Any], upcoming: Sequence[Mapping[str, Any]], state: str) -> list[Mapping[str, Any]]:
    """Return the grants whose ends this run or an earlier one announced.

    Until a run is done, an announcement of an earlier run stays: the removal at the end of that grant is still to come.
    A rehearsal announces nothing and carries out nothing.
    """
    previous: Sequence[Mapping[str, Any]] = inputs["announced"]
    if inputs["is_rehearsal"]:
        return list(previous)
    earlier = [] if state == DONE else [entry for entry in previous if entry not in upcoming]
    return [*upcoming, *earlier]


def _lines(inputs: Mapping[str, Any], record: Mapping[str, Any], has_changes: bool) -> list[str]:
    state = record["state"]
    partly = record["errors"] or record["not_tried"]
    if state == DONE and not has_changes and not record["impossible"]:
        lines = [_NOTHING_TO_DO]
    elif (state == INCOMPLETE and not partly) or (state == DONE and record["impossible"]):
        lines = [_DONE_WITH_EXCEPTIONS]
    else:
        lines = [_HEADLINES[state]]
    counts = [_counted(count, _label(action)) for action, count in record["summary"].items() if count]
    if counts:
        lines.append(f"{'Changes' if state == DONE else 'Planned'}: {', '.join(counts)}")
    if state == INCOMPLETE and partly:
        failed = sum(len(error["changes"]) for error in record["errors"])
        lines.append(
            f"{_counted(len(record['done']), 'change')} {_were(record['done'])} made, {failed} failed, and "
            f"{len(record['not_tried'])} {_were(record['not_tried'])} not tried."
        )
    reasons = [conflict["reason"] for conflict in record["conflicts"]]
    pending = [f"{entry['user']} {entry['invited_at']}" for entry in record["pending"]]
    lines += _listed("Not changed, because another user or task changed it at the same time", reasons, "; ")
    lines += _listed("Invited and pending, with the time of the first invitation", pending)
    matched = sum(user["status"] == "present" for user in inputs["users"])
    lines.append(f"People: {inputs['people']} in the list, {matched} of them matched by a rule")
    lines += _listed(
        _UNMATCHED_PEOPLE[inputs["unmatched"]], _with_kept_access(record["people_without_rule"], inputs, record)
    )
    invalid = [entry["text"] for entry in record["invalid_people"]]
    invalid += [f"{_place(entry['user'], inputs)}: {entry['reason']}" for entry in record["refused_addresses"]]
    lines += _listed("Invalid rows", invalid, "; ")
    if record["leavers_suspended"]:
        lines.append(
            "A row has no email, so users whom the list does not name were not treated as leavers in this run. Correct the list."
        )
    lines += _listed("No account yet", record["missing_users"])
    lines += _listed("In the record of leavers and still listed", [_blocked(entry) for entry in record["blocked"]])
    lines += _listed("Removed from the record of leavers", [entry["email"] for entry in record["lifted"]])
    lines += _listed("Accounts with a previous email", [_moved(entry) for entry in record["address_changes"]], "; ")
    lines += _listed("Grants that begin or end soon", [_upcoming(entry) for entry in record["upcoming"]], "; ")
    lines += _listed("Exceptions without effect", [_unused(entry) for entry in record["unused_exceptions"]], "; ")
    for kind, words in _UNMATCHED.items():
        lines += _listed(words, record["unmatched"][kind])
    lines += _listed("Leavers", record["leavers"])
    lines += _listed("Impossible", [entry["reason"] for entry in record["impossible"]], " ")
    if state in (PLANNED, REFUSED) and record["digest"]:
        lines.append(f"Digest of the plan, for sync_approve: {record['digest']}")
    return lines


def _with_kept_access(emails: Sequence[str], given: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """Return the unmatched people, each with the access that the person keeps.

    A person whose access is removed normally keeps at most the instance role of a member, which is not mentioned.
    """
    kept = {
        entry["user"]: ", ".join(
            [entry["role"], *(f"{item['role']} of {item['name']}" for item in entry["memberships"])]
        )
        for entry in record["unmatched_users"]
        if given["unmatched"] == "keep" or entry["memberships"] or entry["role"] not in (MEMBER, CHAT_USER)
    }
    return [f"{email} ({kept[email]})" if email in kept else email for email in emails]


def _place(email: str, given: Mapping[str, Any]) -> str:
    """Return the number of the row of a person and the email, or the email alone."""
    rows = (user.get("granted_by", {}).get("row") for user in given["users"] if user["email"] == email)
    row = next(rows, None)
    return email if row is None else f"row {row} ({email})"


def _blocked(entry: Mapping[str, Any]) -> str:
    return f"{entry['user']} (since {entry['since'][:10]}, by {entry['staged_by']})"


def _moved(entry: Mapping[str, Any]) -> str:
    return f"{entry['account']} of {entry['user']}. {entry['remedy']}"


def _upcoming(entry: Mapping[str, Any]) -> str:
    dates = [f"{word} {entry[key]}" for word, key in (("from", "begins"), ("until", "ends")) if entry[key]]
    return f"{entry['user']} {entry['role']} of {entry['project']} {' '.join(dates)}"


def _unused(entry: Mapping[str, Any]) -> str:
    return f"{entry['email']} in {entry['project']}: {entry['reason']}"


def _label(action: str) -> str:
    return ACTIONS[action].label if action in ACTIONS else action


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _were(changes: Sequence[Any]) -> str:
    return "was" if len(changes) == 1 else "were"


def _listed(words: str, texts: Sequence[str], separator: str = ", ") -> list[str]:
    """Return one line with the first of the texts and the number of further texts; no line if there are no texts."""
    return [f"{words}: {shortened(texts, MAX_NAMES, separator)}"] if texts else []
