# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the record and the summary of a run of the role sync. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._changes.actions import ACTIONS
from .._text import shortened

# The states of a run.
UNREACHABLE = "unreachable"  # n8n could not be reached before the first write.
REFUSED = "refused"  # The run failed for another reason before the first write.
PLANNED = "planned"  # The plan was not applied, or not yet.
INCOMPLETE = "incomplete"  # Some changes failed.
DONE = "done"
# The maximum number of names in a line.
MAX_NAMES = 10

_HEADLINES = {
    PLANNED: "Planned. Nothing was changed.",
    UNREACHABLE: "n8n could not be reached. Nothing was changed.",
    REFUSED: "Refused before the first write. Nothing was changed.",
    INCOMPLETE: "Incomplete: some changes failed. Run again to make the remaining changes.",
    DONE: "Done.",
}
_NOTHING_TO_DO = "No changes were needed."
_UNMATCHED = {
    "rules": "Rules that match no person",
    "protected_users": "Patterns of sync_protected_users that match no user",
    "ignored_users": "Patterns of sync_ignored_users that match no user",
    "denied_projects": "Denied projects that do not exist",
}


def sync_summary(
    inputs: Mapping[str, Any], planned: Mapping[str, Any], applied: Mapping[str, Any], time: str
) -> dict[str, Any]:
    """Return the record and the summary of a run, before its plan is applied or afterwards.

    `inputs` is the result of sync_input. `planned` and `applied` are the results of the tasks that plan and apply. Each
    of them is empty if it did not run yet.

    - `record`: the content of the file of sync_plan_path.
    - `result`: the last result of n8n_access together with the record.
    - `lines`: the summary for a person.
    - `apply`: whether the plan is still to be applied.
    - `applied`: whether the task that applies the plan ran.
    - `plan_changed`: whether the plan that was to be applied differs from the plan that was shown.
    """
    ran = bool(applied) and not applied.get("skipped")
    if ran:
        last = applied
    else:
        last = {"msg": inputs["refusal"]} if inputs["refusal"] else planned
    record = _record(inputs, last, _state(last, ran, bool(planned.get("plan"))), time)
    return {
        "record": record,
        "result": {**last, **record, "failed": bool(record["error"])},
        "lines": _lines(inputs, record),
        "apply": record["state"] == PLANNED,
        "applied": ran,
        "plan_changed": ran and applied.get("digest", planned.get("digest")) != planned.get("digest"),
    }


def _state(last: Mapping[str, Any], ran: bool, has_plan: bool) -> str:
    # A task that failed and returned neither its changes nor the reason may have made any change.
    tells = "done" in last or "reason" in last
    untouched = not ran or (tells and not last.get("done") and not last.get("errors"))
    if "msg" not in last:
        return PLANNED if untouched and has_plan else DONE
    if not untouched:
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
            # The module gets the people without a rule as patterns, too. The record lists only the patterns of the
            # variable.
            "ignored_users": [
                pattern for pattern in unmatched.get("ignored_users", []) if pattern in inputs["ignored_users"]
            ],
            "denied_projects": unmatched.get("denied_projects", []),
        },
        "leavers": _leavers(plan, {user["email"] for user in inputs["users"]}),
        "pending": last.get("pending", []),
        "plan": plan,
        "done": last.get("done", []),
        "errors": last.get("errors", []),
        "not_tried": last.get("not_tried", []),
        "conflicts": last.get("conflicts", []),
    }


def _leavers(plan: Iterable[Mapping[str, Any]], listed: set[str]) -> list[str]:
    """Return the emails of the users outside the list who lose access by a plan.

    A project that the plan creates has no id yet. The only user whom a plan removes from such a project is the user of the API key.
    """
    changed = {change["user"] for change in plan if change["action"] == "change_user_role" or change.get("project_id")}
    return sorted(user for user in changed - listed if user)


def _lines(inputs: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    state = record["state"]
    lines = [_NOTHING_TO_DO if state == DONE and not record["plan"] else _HEADLINES[state]]
    counts = [_counted(count, _label(action)) for action, count in record["summary"].items() if count]
    if counts:
        lines.append(f"{'Changes' if state == DONE else 'Planned'}: {', '.join(counts)}")
    if state == INCOMPLETE:
        failed = sum(len(error["changes"]) for error in record["errors"])
        lines.append(
            f"{_counted(len(record['done']), 'change')} {_were(record['done'])} made, {failed} failed, and "
            f"{len(record['not_tried'])} {_were(record['not_tried'])} not tried."
        )
    reasons = [conflict["reason"] for conflict in record["conflicts"]]
    pending = [f"{entry['user']} {entry['invited_at']}" for entry in record["pending"]]
    lines += _listed("Not changed, because another user or task changed it at the same time", reasons, "; ")
    lines += _listed("Invited and pending, with the time of the first invitation", pending)
    lines.append(f"People: {inputs['people']} in the list, {len(inputs['users'])} of them matched by a rule")
    lines += _listed("Matched by no rule, so neither invited nor treated as leavers", record["people_without_rule"])
    for kind, words in _UNMATCHED.items():
        lines += _listed(words, record["unmatched"][kind])
    lines += _listed("Leavers", record["leavers"])
    if state in (PLANNED, REFUSED) and record["digest"]:
        lines.append(f"Digest of the plan, for sync_approve: {record['digest']}")
    return lines


def _label(action: str) -> str:
    return ACTIONS[action].label if action in ACTIONS and ACTIONS[action].label else action


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _were(changes: Sequence[Any]) -> str:
    return "was" if len(changes) == 1 else "were"


def _listed(words: str, texts: Sequence[str], separator: str = ", ") -> list[str]:
    """Return one line with the first of the texts and the number of further texts; no line if there are no texts."""
    return [f"{words}: {shortened(texts, MAX_NAMES, separator)}"] if texts else []
