# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are never seen half written, and the record of leavers in one."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import atomic as _files
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.atomic import replace_file, writable
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.record_file import RecordFile
from ansible_collections.lifecycle.n8n.plugins.module_utils._leaving.leaver_record import LeaverRecord, RecordEntry
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import utc

URL = "https://n8n.example.com"
ADA = RecordEntry("u-ada", "ada@example.com", datetime(2026, 11, 21, tzinfo=timezone.utc), "global:member")
RECORD = LeaverRecord(URL, {ADA.id: ADA})


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def broken(*_what: Any, **_how: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("one, ü\n", "two\n", ""):
        replace_file(str(path), text, 0o640)
        assert path.read_text(encoding="utf-8") == text and mode(path) == 0o640
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["replace", "chmod"])
def test_where_a_write_fails_the_old_file_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "file"
    replace_file(str(path), "old", 0o600)
    monkeypatch.setattr(_files.os, call, broken)
    with pytest.raises(OSError, match="No space left"):
        replace_file(str(path), "new", 0o600)
    assert path.read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["file"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    link.symlink_to(target)
    replace_file(str(link), "text", 0o600)
    assert link.is_symlink() and target.read_text(encoding="utf-8") == "text"


def test_where_a_file_can_be_written(tmp_path: Path) -> None:
    assert writable(str(tmp_path / "file")) == ""
    assert writable(str(tmp_path)) == f"{tmp_path} is a folder"
    assert "is not a writable folder" in writable(str(tmp_path / "nowhere" / "file"))


def test_a_new_record_is_made_when_somebody_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert (file.is_new, file.record, path.exists()) == (True, LeaverRecord(URL), False)
    file.keep(LeaverRecord(URL))
    assert (file.is_new, path.exists()) == (True, False)
    file.keep(RECORD)
    assert (file.is_new, path.exists()) == (False, True)
    file.keep(LeaverRecord(URL))
    again = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert (again.is_new, again.record) == (False, LeaverRecord(URL))


@pytest.mark.parametrize("read_only", [True, False])
def test_it_tells_what_has_changed_and_in_check_mode_what_would(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text, read_only)
    assert file.diff() == {"before": "", "after": ""}
    file.keep(RECORD)
    assert file.record == RECORD and path.exists() is not read_only
    lines = file.diff()["after"].splitlines()
    assert file.diff()["before"] == "" and len(lines) == len(RECORD.leavers)
    assert lines[0].startswith(f"staged leaver {ADA.email} since {utc(ADA.since)}: {ADA.role}")
    file.keep(LeaverRecord(URL))
    assert file.diff() == {"before": "", "after": ""}


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    RecordFile(str(path), URL, LeaverRecord.from_text).keep(RECORD)
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    assert file.record == RECORD and mode(path) == 0o644
    file.keep(RECORD.without([ADA.id]))
    assert RecordFile(str(path), URL, LeaverRecord.from_text).record == LeaverRecord(URL)


def test_the_same_record_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    file.keep(RECORD)
    before = path.stat().st_ino
    file.keep(RECORD)
    assert path.stat().st_ino == before


def test_whoever_made_it_private_keeps_it_private(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    RecordFile(str(path), URL, LeaverRecord.from_text).keep(RECORD)
    path.chmod(0o600)
    RecordFile(str(path), URL, LeaverRecord.from_text).keep(LeaverRecord(URL))
    assert mode(path) == 0o600


def test_a_record_that_cannot_be_kept_is_found_out_at_once(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "leavers.json"):
        with pytest.raises(InputError, match="The record of leavers cannot be kept in "):
            RecordFile(str(path), URL, LeaverRecord.from_text)


def test_a_record_that_cannot_be_read_deletes_nobody(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    path.write_bytes(b'{"format": 1, "url": "\xff')
    with pytest.raises(InputError, match="cannot be read: .*No user is deleted"):
        RecordFile(str(path), URL, LeaverRecord.from_text)
    # A link to what is gone is no new record.
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "gone.json")
    with pytest.raises(InputError, match="cannot be read: .*No user is deleted"):
        RecordFile(str(link), URL, LeaverRecord.from_text)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=f"The record {path} is damaged"):
        RecordFile(str(path), URL, LeaverRecord.from_text)


def test_a_full_disk_leaves_the_record_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "leavers.json"
    file = RecordFile(str(path), URL, LeaverRecord.from_text)
    file.keep(RECORD)
    monkeypatch.setattr(_files.os, "replace", broken)
    with pytest.raises(N8nError, match=f"could not be kept in {path}: .*No space left"):
        file.keep(LeaverRecord(URL))
    assert file.record == RECORD and RecordFile(str(path), URL, LeaverRecord.from_text).record == RECORD


def test_an_entry_that_another_task_has_removed_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "leavers.json"
    mine = RecordFile(str(path), URL, LeaverRecord.from_text)
    mine.keep(RECORD)
    other = RecordFile(str(path), URL, LeaverRecord.from_text)
    other.keep(RECORD.without([ADA.id]))
    mine.put_back([ADA])
    assert RecordFile(str(path), URL, LeaverRecord.from_text).record == RECORD
    later = RecordEntry(ADA.id, ADA.email, datetime(2026, 11, 22, tzinfo=timezone.utc), "global:admin")
    other.keep(other.record.adding([later]))
    kept = path.read_bytes()
    mine.put_back([ADA])
    assert path.read_bytes() == kept
