# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the record of leavers of a task, and update it after the changes of the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from .._changes.change import Change
from .._changes.outcome import Outcome
from .._changes.plan import Plan
from .._desired.option_names import with_names
from .._errors import N8nError
from .._executor.task import Task
from .._leaving.departures import LeaverHandling
from .._leaving.grace_period import entries_to_keep, entry_of
from .._leaving.leaver_options import Leaver
from .._leaving.leaver_record import DELETED_BY_OTHERS, OFFBOARD, SYNC, LeaverRecord, RecordEntry
from .._leaving.restore import (
    RestoredUser,
    describe_missing,
    missing_access,
    restore_check_request,
    restores_same,
)
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
    done = list(done)
    request = replace(request, owned_items=False, folders=False)
    try:
        state: State | None = task.read(request)
    except N8nError as error:
        state = None
        task.warnings.append(str(error))
    try:
        keep_staged(task, file, done, state, request)
    except N8nError as error:
        # The changes stay in place, and the next run updates the record.
        task.warnings.append(str(error))


def keep_staged(
    task: Task, file: RecordFile[LeaverRecord], done: Iterable[Change], state: State | None, request: ReadRequest
) -> None:
    """Put the entries of users who lost access by the changes `done` back into the record if they are missing.

    `state` is the state after the changes, or None if it is unknown. The other task may restore the users between that
    reading and this step, so the state is read again with `request` after an entry was put back.
    """
    added = file.add_missing(entries_to_keep(file.record, done, state))
    if added and state is not None:
        still_missing = entries_to_keep(file.record, done, task.read(request))
        file.store(file.record.without(entry.id for entry in added if entry not in still_missing))


def update_after_deletions(
    task: Task, file: RecordFile[LeaverRecord], handling: LeaverHandling, done: Iterable[Change]
) -> None:
    """Update the record after deletions of a list.

    An entry whose grace period is over ends. The entry of a pending user stays under the email until then.
    """
    deleted = {change.user_id or "": change for change in done if change.action == "delete_user"}
    if not deleted:
        return
    grace_period = handling.grace_period

    def is_expired(entry: RecordEntry) -> bool:
        is_due = grace_period is not None and grace_period.now >= entry.due(grace_period.grace_days)
        return is_due and entry.staged_by == SYNC

    record = file.record.without(deleted)
    kept = [
        replace(file.record.leavers[key], email=change.user or file.record.leavers[key].email, is_deleted=True)
        for key, change in deleted.items()
        if change.only_pending and key in file.record.leavers and not is_expired(file.record.leavers[key])
    ]
    try:
        file.store(record.adding(kept))
    except N8nError as error:
        task.warnings.append(str(error))


def by_offboard(record: LeaverRecord, leavers: Iterable[Leaver]) -> LeaverRecord:
    """Return the record in which the entries of these leavers are entries of n8n_offboard, with the same dates.

    A leaver whose account was deleted has an entry under the email. If the account exists, an earlier run that was about
    to delete it has stopped before.
    """
    entries = [
        (record.leavers.get(leaver.user.id) if leaver.user else record.of_email(leaver.reference), leaver.user)
        for leaver in leavers
    ]
    return record.adding(
        replace(entry, staged_by=OFFBOARD, is_deleted=entry.is_deleted and user is None)
        for entry, user in entries
        if entry is not None
    )


def ended_entries(file: RecordFile[LeaverRecord], state: State) -> tuple[list[str], list[str]]:
    """Return the ids of entries that end because of a deleted or a new account, and a note on each of them."""
    existing = {user.id for user in state.users}
    ended, notes = [], []
    for entry in file.record.leavers.values():
        reason = ""
        account = state.find_user(entry.email)
        if entry.is_deleted and account is not None and account.id != entry.id:
            reason = "a new account with this address exists"
        elif not entry.is_deleted and entry.id not in existing:
            reason = DELETED_BY_OTHERS
        if reason:
            ended.append(entry.id)
            notes.append(entry.end_note(file.path, reason))
    return ended, notes


def creation_note(file: RecordFile[LeaverRecord], plan: Plan) -> str:
    """Return a note that the run creates the record for the entries of deleted users; "" if it does not."""
    deletes = any(change.action == "delete_user" for change in plan.changes)
    return f"The record of leavers {file.path} does not exist. This run creates it." if file.is_new and deletes else ""


def with_deletions(record: LeaverRecord, plan: Plan, now: datetime) -> LeaverRecord:
    """Return the record in which the users whom n8n_offboard deletes have entries that stay under their emails.

    It is stored before the first change, so that a run that stops after a deletion does not forget the user.
    """
    deleted = deleted_users(plan)
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


def deleted_users(plan: Plan) -> set[str]:
    """Return the ids of the users whom a plan deletes."""
    return {change.user_id or "" for change in plan.changes if change.action == "delete_user"}


def update_after_offboarding(
    task: Task,
    file: RecordFile[LeaverRecord],
    before: LeaverRecord,
    plan: Plan,
    done: Iterable[Change],
    state: State | None,
    request: ReadRequest,
    ended: Iterable[str] = (),
) -> None:
    """Update the record after n8n_offboard.

    `before` is the record without the planned deletions, `done` are the changes that were made, and `state` is the
    state after them, which was read with `request`, or None if it is unknown. Users who were not deleted have their
    entries of `before`. `ended` are the ids of other entries that end.
    """
    try:
        if not task.check_mode:
            keep_staged(task, file, done, state, replace(request, owned_items=False, folders=False))
        deleted = {change.user_id for change in done if change.action == "delete_user"}
        not_deleted = {user.id for user in state.users} if state else deleted_users(plan) - deleted
        not_deleted &= deleted_users(plan)
        kept = [before.leavers[key] for key in sorted(not_deleted) if key in before.leavers]
        file.store(file.record.without([*ended, *not_deleted]).adding(kept))
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


def impossible_result(plan: Plan, names: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Return what is impossible for leavers, with the names of options that the users of a role know."""
    return [{**entry, "reason": with_names(entry["reason"], names or {})} for entry in plan.impossible]


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
    stored = file.stored()
    for restored in restored_users:
        missing = missing_access(restored, state)
        if not missing and restored.staged.id not in stored:
            continue
        file.add_missing([restored.entry])
        if _has_failed(task, missing):
            task.warnings.append(
                f"The access of {restored.email} could not be restored completely, so the entry stays in the record {file.path}. "
                f"Missing: {', '.join(map(describe_missing, missing))}. The next run tries again."
            )
            continue
        _add_conflicts(task.outcome, missing)
        removed = f" removed access at the same time: {', '.join(map(describe_missing, missing))}"
        task.warnings.append(
            f"{restored.email} was restored, but another task{removed if missing else ' staged the user at the same time'}. "
            f"The user stays in the record {file.path}. Make sure that no other task stages this user. Then run this task again."
        )


def _add_conflicts(outcome: Outcome, missing: Iterable[Change]) -> None:
    """Add a conflict for all access that is missing, also if no change of this task gave that access."""
    reason = "another task removed this access at the same time"
    for change in missing:
        if not outcome.move_to_conflicts(partial(restores_same, change), reason):
            outcome.conflicts.append({**change.to_result(), "reason": f"not changed: {reason}"})


def _has_failed(task: Task, missing: Iterable[Change]) -> bool:
    """Return whether access is missing because a planned change was not made."""
    done = task.outcome.done
    planned = [change for change in (task.plan.changes if task.plan else ()) if change not in done]
    return any(restores_same(access, change) for access in missing for change in planned)
