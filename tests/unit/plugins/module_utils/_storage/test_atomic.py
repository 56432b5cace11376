# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the atomic replacement of files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import atomic as _files
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.atomic import replace_file, write_problem


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def fail(*_arguments: Any, **_options: Any) -> None:
    raise OSError(28, "No space left on device")


def test_file_is_created_and_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("one, ü\n", "two\n", ""):
        replace_file(str(path), text, 0o640)
        assert path.read_text(encoding="utf-8") == text and mode(path) == 0o640
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["replace", "chmod"])
def test_failed_write_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "file"
    replace_file(str(path), "old", 0o600)
    monkeypatch.setattr(_files.os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        replace_file(str(path), "new", 0o600)
    assert path.read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["file"]


def test_symbolic_link_is_kept_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    target, link = tmp_path / "other" / "file", tmp_path / "link"
    link.symlink_to(target)
    replace_file(str(link), "text", 0o600)
    assert link.is_symlink() and target.read_text(encoding="utf-8") == "text"


def test_writable_returns_the_reason_for_unwritable_paths(tmp_path: Path) -> None:
    assert write_problem(str(tmp_path / "file")) == ""
    assert write_problem(str(tmp_path)) == f"{tmp_path} is a folder"
    assert "is not a writable folder" in write_problem(str(tmp_path / "missing" / "file"))
