# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the file of evidence: lines are appended as a whole, and existing lines stay."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.equal_paths import shared_paths_error
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.evidence_file import (
    append_entry,
    check_evidence_path,
)
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_evidence
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def lines(path: Path) -> list[object]:
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_lines_are_appended_and_only_the_owner_can_read_them(path: Path) -> None:
    for number in range(2):
        append_entry(str(path), {"number": number, "name": "Größe\n☃"})
    assert lines(path) == [{"number": number, "name": "Größe\n☃"} for number in range(2)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_mode_of_an_existing_file_is_corrected(path: Path) -> None:
    path.write_text('{"old": 1}\n', "utf-8")
    path.chmod(0o644)
    append_entry(str(path), {"new": 2})
    assert lines(path) == [{"old": 1}, {"new": 2}] and path.stat().st_mode & 0o777 == 0o600


def test_incomplete_last_line_does_not_damage_the_next_one(path: Path) -> None:
    path.write_text('{"old": 1}\n{"interrupted', "utf-8")
    append_entry(str(path), {"new": 2})
    assert path.read_text("utf-8").splitlines() == ['{"old": 1}', '{"interrupted', '{"new":2}']


def test_target_of_a_link_gets_the_line(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    path.symlink_to(target)
    append_entry(str(path), {"number": 1})
    assert path.is_symlink() and lines(target) == [{"number": 1}]


def _append(path: str, number: int) -> None:
    for _time in range(20):
        append_entry(path, {"number": number, "text": "x" * 20000})


def test_lines_of_parallel_runs_do_not_mix(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_append, args=(str(path), number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    found = lines(path)
    assert len(found) == 80 and all(isinstance(line, dict) and len(line["text"]) == 20000 for line in found)


def test_unusable_path_is_an_error(tmp_path: Path) -> None:
    for unusable in (tmp_path, tmp_path / "missing" / "evidence.jsonl"):
        with pytest.raises(InputError, match=f"The evidence cannot be written to {unusable}: .*folder"):
            check_evidence_path(str(unusable))


def test_full_disk_is_an_error_that_names_the_file() -> None:
    with pytest.raises(N8nError, match="The evidence could not be written to /dev/full: No space left"):
        append_entry("/dev/full", {"number": 1})


def test_module_appends_in_real_runs_only(path: Path) -> None:
    assert main(n8n_evidence, check_mode=True, path=str(path), entry={"number": 1})["changed"]
    assert not path.exists()
    done = main(n8n_evidence, path=str(path), entry={"number": 1})
    assert done["changed"] and done["path"] == str(path) and lines(path) == [{"number": 1}]


@pytest.mark.parametrize("check_mode", [True, False])
def test_module_reports_an_unusable_path(tmp_path: Path, check_mode: bool) -> None:
    failed = main(n8n_evidence, check_mode, path=str(tmp_path), entry={})
    assert (
        failed["failed"] and failed["msg"] == f"The evidence cannot be written to {tmp_path}: {tmp_path} is a folder."
    )


def test_files_that_hosts_would_share_are_named() -> None:
    paths = {
        "production": {"sync_state_path": "/srv/leavers.json", "sync_plan_path": ""},
        "test": {"sync_state_path": "/srv/../srv/leavers.json", "sync_plan_path": None},
        "staging": {"sync_state_path": "/srv/staging.json", "sync_plan_path": "/srv/leavers.json"},
    }
    assert shared_paths_error(paths) == (
        'sync_plan_path and sync_state_path is "/srv/leavers.json" on production, staging and test. Each server needs a file of '
        "its own. Put {{ inventory_hostname }} into the path."
    )
    assert shared_paths_error({"a": {"x": "/1"}, "b": {"x": "/2"}, "c": {}}) == ""
