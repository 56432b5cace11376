# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the record of leavers of a task, and update it after the changes of the task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from .._changes.change import Change
from .._changes.outcome import Outcome
from .._changes.plan import Plan
from .._errors import N8nError
from .._executor.task import Task
from .._leaving.departures import LeaverHandling
from .._leaving.grace_period import entry_of, newly_staged
from .._leaving.leaver_record import DELETED_BY_OTHERS, OFFBOARD, LeaverRecord
from .._leaving.restore import RestoredUser, is_about, missing_access, restore_check_request
from .._state.model import State
from .._state.read_request import ReadRequest
from .._storage.record_file import RecordFile


def open_record(task: Task, path: str) -> RecordFile[LeaverRecord]:
    """Return the record of leavers in `path` for the server of `task`, whose diff then shows the changed entries.

    Raises InputError if the file cannot be read or written, is damaged, or belongs to another server.
    """
    file = RecordFile(path, task.url, LeaverRecord.from_text, task.check_mode)
    task.extra_diff = file.diff
    return file


def update_staged(task: Task, file: RecordFile[LeaverRecord], done: Iterable[Change], request: ReadRequest) -> None:
    """Make sure that the record has the users whom this task has staged.

    `done` are the changes that were made, and `request` is what the task read before. Another task that shares no lock
    with this one may have removed an entry, because it restored the user at the same time.
    """
    try:
        file.add_missing(newly_staged(file.record, done, task.read(replace(request, owned_items=False, folders=False))))
    except N8nError as error:
        # The changes stay in place, and the next run updates the record.
        task.warnings.append(str(error))


def update_after_deletions(
    task: Task, file: RecordFile[LeaverRecord], handling: LeaverHandling, done: Iterable[Change]
) -> None:
    """Update the record after deletions of a list.

    An entry whose grace period is over ends. The entry of a pending user stays under the email until then.
    """
    deleted = {change.user_id or "": change for change in done if change.action == "delete_user"}
    if not deleted:
        return
    record = file.record.without(key for key, change in deleted.items() if not change.only_pending)
    kept = [
        replace(file.record.leavers[key], email=change.user or file.record.leavers[key].email, is_deleted=True)
        for key, change in deleted.items()
        if change.only_pending and key in file.record.leavers
    ]
    try:
        file.store(record.adding(kept))
    except N8nError as error:
        task.warnings.append(str(error))


def by_offboard(record: LeaverRecord, ids: Iterable[str]) -> LeaverRecord:
    """Return the record in which the entries of these users are entries of n8n_offboard, with the same dates.

    The accounts exist, also those that an earlier run was about to delete when it stopped.
    """
    return record.adding(
        replace(record.leavers[key], staged_by=OFFBOARD, is_deleted=False) for key in ids if key in record.leavers
    )


def with_deletions(record: LeaverRecord, plan: Plan, now: datetime) -> LeaverRecord:
    """Return the record in which the users whom n8n_offboard deletes have entries that stay under their emails.

    It is stored before the first change, so that a run that stops after a deletion does not forget the user.
    """
    deleted = _planned_deletions(plan)
    return record.adding(
        replace(
            record.leavers.get(user.id) or entry_of(plan.state, user, now),
            # The email may have changed since the staging.
            email=user.email,
            is_deleted=True,
            staged_by=OFFBOARD,
        )
        for user in plan.state.users
        if user.id in deleted
    )


def _planned_deletions(plan: Plan) -> set[str]:
    return {change.user_id or "" for change in plan.changes if change.action == "delete_user"}


def update_after_offboarding(
    task: Task,
    file: RecordFile[LeaverRecord],
    before: LeaverRecord,
    plan: Plan,
    done: Iterable[Change],
    state: State,
) -> None:
    """Update the record after n8n_offboard.

    `before` is the record without the planned deletions, `done` are the changes that were made, and `state` is the
    state after them. Users who were not deleted have their entries of `before`. Entries of users who were deleted by
    other means end.
    """
    try:
        if not task.check_mode:
            file.add_missing(newly_staged(file.record, done, state))
        existing = {user.id for user in state.users}
        not_deleted = _planned_deletions(plan) & existing
        missing = [entry for key, entry in file.record.leavers.items() if key not in existing and not entry.is_deleted]
        task.warnings += [entry.end_note(file.path, DELETED_BY_OTHERS) for entry in missing]
        kept = [before.leavers[key] for key in sorted(not_deleted) if key in before.leavers]
        file.store(file.record.without([*(entry.id for entry in missing), *not_deleted]).adding(kept))
    except N8nError as error:
        # The changes stay in place, and the next run updates the record.
        task.warnings.append(str(error))


class ImpossibleDepartures(N8nError):
    """Something was impossible for leavers. Everything else was done. `report` has further keys of the result."""

    reason = "incomplete"

    def __init__(self, message: str, report: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self._report = report or {}

    def result(self) -> dict[str, Any]:
        """Return the keys that a failed task reports besides the message."""
        return self._report


def raise_impossible(plan: Plan, outcome: Outcome, report: dict[str, Any] | None = None) -> None:
    """Raise ImpossibleDepartures if something was impossible for leavers, or if one accepted the invitation."""
    pending = {change.user for change in plan.changes if change.only_pending}
    reasons = [entry["reason"] for entry in plan.impossible] + [
        f"{conflict['user']} accepted the invitation during the run and still has access. The next run demotes this user."
        for conflict in outcome.unreached
        if conflict["action"] == "delete_user" and conflict["user"] in pending
    ]
    if reasons:
        raise ImpossibleDepartures(
            "\n".join(["Some things are impossible. Everything else was done.", *reasons]), report
        )


def remove_restored(
    task: Task, file: RecordFile[LeaverRecord], restored_users: Sequence[RestoredUser], request: ReadRequest
) -> None:
    """Remove the restored users from the record, except for users with conflicts and users whose access is missing.

    Another run can restore the remaining access of these users. `request` is the request with which the task read
    the state before its changes.
    """
    in_conflict = {conflict["user"] for conflict in task.outcome.conflicts}
    settled = [restored for restored in restored_users if restored.email not in in_conflict]
    file.store(file.record.without(restored.staged.id for restored in settled))
    if settled and not task.check_mode:
        _check_restored(task, file, settled, restore_check_request(request, settled))


def _check_restored(
    task: Task, file: RecordFile[LeaverRecord], restored_users: Sequence[RestoredUser], request: ReadRequest
) -> None:
    """Check that users have their restored access, and put the entries of all other users back into the record.

    Another task that shares no lock with this one may stage a user while this task restores the user. This check comes
    after the entry has been removed from the record, so that the later one of the two tasks puts the entry back.
    """
    try:
        state = task.read(request)
    except N8nError as error:
        file.add_missing([restored.entry for restored in restored_users])
        task.warnings.append(
            f"The access of the restored users could not be checked, so they stay in the record {file.path}: {error}"
        )
        return
    for restored in restored_users:
        missing = dict(missing_access(restored, state))
        if not missing:
            continue
        file.add_missing([restored.entry])
        if _has_failed(task, restored, missing):
            task.warnings.append(
                f"The access of {restored.email} could not be restored completely, so the entry stays in the record {file.path}. "
                f"Missing: {', '.join(missing.values())}. The next run tries again."
            )
            continue
        task.outcome.move_to_conflicts(
            lambda change: is_about(change, restored, missing), "another task removed this access at the same time"
        )
        task.warnings.append(
            f"{restored.email} was restored, but another task removed access at the same time: {', '.join(missing.values())}. "
            f"The user stays in the record {file.path}. Make sure that no other task stages this user. Then run this task again."
        )


def _has_failed(task: Task, restored: RestoredUser, missing: Iterable[str]) -> bool:
    """Return whether access of this user is missing because a planned change was not made."""
    done = set(task.outcome.done)
    planned = task.plan.changes if task.plan else ()
    return any(change not in done and is_about(change, restored, missing) for change in planned)
