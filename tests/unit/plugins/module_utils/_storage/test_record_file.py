# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the file of the record of leavers: creation, changes, errors, and concurrent tasks."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import atomic as _files
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.record_file import RecordFile
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import utc

URL = "https://n8n.example.com"
ADA = RecordEntry("u-ada", "ada@example.com", datetime(2026, 11, 21, tzinfo=timezone.utc), "global:member")
RECORD = LeaverRecord(URL, {ADA.id: ADA})


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def fail(*_arguments: Any, **_options: Any) -> None:
    raise OSError(28, "No space left on device")


def test_record_file_is_created_with_its_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert (file.is_new, file.record, path.exists()) == (True, LeaverRecord(URL), False)
    file.store(LeaverRecord(URL))
    assert (file.is_new, path.exists()) == (True, False)
    file.store(RECORD)
    assert (file.is_new, path.exists()) == (False, True)
    file.store(LeaverRecord(URL))
    again = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert (again.is_new, again.record) == (False, LeaverRecord(URL))


@pytest.mark.parametrize("read_only", [True, False])
def test_diff_has_one_line_for_each_changed_entry(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text, read_only)
    assert file.diff() == {"before": "", "after": ""}
    file.store(RECORD)
    assert file.record == RECORD and path.exists() is not read_only
    lines = file.diff()["after"].splitlines()
    assert file.diff()["before"] == "" and len(lines) == len(RECORD.leavers)
    assert lines[0].startswith(f"staged leaver {ADA.email} since {utc(ADA.since)}: {ADA.role}")
    file.store(LeaverRecord(URL))
    assert file.diff() == {"before": "", "after": ""}


def test_kept_record_is_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    RecordFile(str(path), URL, LeaverRecord.from_text).store(RECORD)
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert file.record == RECORD and mode(path) == 0o644
    file.store(RECORD.without([ADA.id]))
    assert RecordFile(str(path), URL, LeaverRecord.from_text).record == LeaverRecord(URL)


def test_unchanged_record_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    file.store(RECORD)
    before = path.stat().st_ino
    file.store(RECORD)
    assert path.stat().st_ino == before


def test_mode_of_the_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    RecordFile(str(path), URL, LeaverRecord.from_text).store(RECORD)
    path.chmod(0o600)
    RecordFile(str(path), URL, LeaverRecord.from_text).store(LeaverRecord(URL))
    assert mode(path) == 0o600


def test_unwritable_path_is_rejected_before_the_run(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "leavers.json"):
        with pytest.raises(InputError, match="The record of leavers cannot be written to "):
            RecordFile(str(path), URL, LeaverRecord.from_text)


def test_unreadable_or_damaged_record_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    path.write_bytes(b'{"format": 1, "url": "\xff')
    with pytest.raises(InputError, match="cannot be read: .*No user is deleted"):
        RecordFile(str(path), URL, LeaverRecord.from_text)
    # A symbolic link without a target does not count as a new record.
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "missing.json")
    with pytest.raises(InputError, match="cannot be read: .*No user is deleted"):
        RecordFile(str(link), URL, LeaverRecord.from_text)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=f"The record {path} is damaged"):
        RecordFile(str(path), URL, LeaverRecord.from_text)


def test_write_error_keeps_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    file.store(RECORD)
    monkeypatch.setattr(_files.os, "replace", fail)
    with pytest.raises(N8nError, match=f"could not be written to {path}: .*No space left"):
        file.store(LeaverRecord(URL))
    assert file.record == RECORD and RecordFile(str(path), URL, LeaverRecord.from_text).record == RECORD


def test_entry_removed_by_another_task_is_put_back_unless_replaced(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    first = RecordFile(str(path), URL, LeaverRecord.from_text)
    first.store(RECORD)
    second = RecordFile(str(path), URL, LeaverRecord.from_text)
    second.store(RECORD.without([ADA.id]))
    first.add_missing([ADA])
    assert RecordFile(str(path), URL, LeaverRecord.from_text).record == RECORD
    later = RecordEntry(ADA.id, ADA.email, datetime(2026, 11, 22, tzinfo=timezone.utc), "global:admin")
    second.store(second.record.adding([later]))
    kept = path.read_bytes()
    first.add_missing([ADA])
    assert path.read_bytes() == kept
