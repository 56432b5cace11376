# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the record of leavers of a task, and update it after the changes of the task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._changes.change import Change
from .._errors import N8nError
from .._executor.task import Task
from .._leaving.grace_period import newly_staged
from .._leaving.leaver_record import LeaverRecord
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


def update_staged(task: Task, file: RecordFile[LeaverRecord], done: Iterable[Change], state: State) -> None:
    """Make sure that the record has the users who were staged, and remove the entries of users who do not exist.

    `done` are the changes that were made, and `state` is the state after them. Another task that shares no lock with
    this one may have removed an entry, because it restored the user at the same time.
    """
    try:
        if not task.check_mode:
            file.add_missing(newly_staged(file.record, done, state))
        file.store(file.record.without(set(file.record.leavers) - {user.id for user in state.users}))
    except N8nError as error:
        # The changes stay in place, and the next run updates the record.
        task.warnings.append(str(error))


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
        file.add_missing([restored.staged for restored in restored_users])
        task.warnings.append(
            f"The access of the restored users could not be checked, so they stay in the record {file.path}: {error}"
        )
        return
    for restored in restored_users:
        missing = dict(missing_access(restored, state))
        if not missing:
            continue
        file.add_missing([restored.staged])
        task.outcome.move_to_conflicts(
            lambda change: is_about(change, restored, missing), "another task removed this access at the same time"
        )
        task.warnings.append(
            f"{restored.email} was restored, but another task removed access at the same time: {', '.join(missing.values())}. "
            f"The user stays in the record {file.path}. Make sure that no other task stages this user. Then run this task again."
        )
