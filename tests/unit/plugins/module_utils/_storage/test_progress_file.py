# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the progress file: one line for each step, rejected paths, and ignored write errors."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.progress_file import ProgressFile

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (\d+) of (\d+) \((\w+)\)")


def test_each_step_is_appended_as_a_line(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    file.write_text("an earlier run\n", encoding="utf-8")
    write_progress = ProgressFile(str(file))
    assert file.read_text("utf-8") == "an earlier run\n"
    write_progress(250, 300, "invite_user")
    write_progress(300, 300, "add_member")
    first, *lines = file.read_text("utf-8").splitlines()
    assert first == "an earlier run"
    assert [found.groups() for found in map(LINE.fullmatch, lines) if found] == [
        ("250", "300", "invite_user"),
        ("300", "300", "add_member"),
    ]


def test_lines_of_parallel_threads_are_complete(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    write_progress = ProgressFile(str(file))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_progress(number, 200, "remove_member"), range(200)))
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) == 200 and all(LINE.fullmatch(line) for line in lines)


def test_file_is_not_created_without_progress(tmp_path: Path) -> None:
    ProgressFile(str(tmp_path / "progress"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is a folder"),
        ("missing/progress", "missing is not a writable folder"),
        ("file/progress", "file is not a writable folder"),
    ],
)
def test_invalid_path_is_rejected(path: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"Progress cannot be written to .*: .*{reason}\.$"):
        ProgressFile(str(tmp_path / path))


@pytest.mark.parametrize(("unwritable", "kind"), [(".", "folder"), ("progress", "file")])
def test_unwritable_folder_or_file_is_rejected(
    unwritable: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "progress"
    file.touch()
    # File modes have no effect if root runs the tests.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path / unwritable)
    with pytest.raises(InputError, match=f"is not a writable {kind}"):
        ProgressFile(str(file))


def test_write_error_during_the_run_is_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write_progress = ProgressFile(str(folder / "progress"))
    folder.rmdir()
    write_progress(1, 2, "invite_user")
    assert not folder.exists()
