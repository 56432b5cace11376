# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that shows how far a run has come: a line a step, refused early, and never a reason to stop."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.progress_file import ProgressFile

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (\d+) of (\d+) \((\w+)\)")


def test_every_step_is_a_line_behind_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    file.write_text("an earlier run\n", encoding="utf-8")
    tell = ProgressFile(str(file))
    assert file.read_text("utf-8") == "an earlier run\n"
    tell(250, 300, "invite_user")
    tell(300, 300, "add_member")
    first, *lines = file.read_text("utf-8").splitlines()
    assert first == "an earlier run"
    assert [found.groups() for found in map(LINE.fullmatch, lines) if found] == [
        ("250", "300", "invite_user"),
        ("300", "300", "add_member"),
    ]


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    file = tmp_path / "progress"
    tell = ProgressFile(str(file))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: tell(number, 200, "remove_member"), range(200)))
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) == 200 and all(LINE.fullmatch(line) for line in lines)


def test_nothing_is_made_before_there_is_progress(tmp_path: Path) -> None:
    ProgressFile(str(tmp_path / "progress"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is a folder"),
        ("nowhere/progress", "nowhere is not a writable folder"),
        ("file/progress", "file is not a writable folder"),
    ],
)
def test_where_no_file_can_be_it_is_refused(path: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"Progress cannot be written to .*: .*{why}\.$"):
        ProgressFile(str(tmp_path / path))


@pytest.mark.parametrize(("locked", "kind"), [(".", "folder"), ("progress", "file")])
def test_what_may_not_be_written_to_is_refused(
    locked: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "progress"
    file.touch()
    # Modes would stop no test that root runs.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path / locked)
    with pytest.raises(InputError, match=f"is not a writable {kind}"):
        ProgressFile(str(file))


def test_a_file_that_cannot_be_written_any_more_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    tell = ProgressFile(str(folder / "progress"))
    folder.rmdir()
    tell(1, 2, "invite_user")
    assert not folder.exists()
