# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the locks of servers and folders: waiting, errors, and the paths of lock files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._storage import lock as _locks
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import LockError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.lock import folder_lock, server_lock

URL = "https://n8n.example.com"
TESTS = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_locks.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(_locks, "MAX_WAIT", 0.2)
    return tmp_path / "home"


HOLD_LOCK = """
import sys
import unit.conftest
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.lock import server_lock
with server_lock(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_process(url: str) -> Iterator[int]:
    """Let another process hold the lock of a server. Yield the id of the process."""
    environment = {**os.environ, "TMPDIR": _locks.tempfile.gettempdir()}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, url],
        cwd=TESTS,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"locked\n"
        yield process.pid


def test_timeout_error_names_the_process_with_the_lock() -> None:
    with other_process(URL) as process, pytest.raises(LockError) as caught:
        with server_lock(URL):
            raise AssertionError("two tasks hold one lock")
    assert f"Another task holds the lock of {URL}: process {process} since 20" in str(caught.value)
    with server_lock(URL):
        pass


def test_locks_of_different_servers_are_independent() -> None:
    with other_process(URL), server_lock(f"{URL}:8443"):
        pass


def test_lock_of_a_killed_process_is_released() -> None:
    with other_process(URL) as process:
        os.kill(process, 9)
        with server_lock(URL):
            pass


def test_lock_folder_is_readable_only_by_its_owner(home: Path) -> None:
    with server_lock(URL):
        folder = home / ".ansible" / "lifecycle.n8n"
        assert folder.stat().st_mode & 0o777 == 0o700
        (file,) = folder.iterdir()
        assert file.read_text("utf-8").startswith(f"process {os.getpid()} since ")


def test_lock_is_in_the_temporary_folder_without_a_home_folder(home: Path, tmp_path: Path) -> None:
    home.write_text("not a folder", "utf-8")
    with server_lock(URL):
        assert list((tmp_path / f"lifecycle.n8n-{os.geteuid()}").iterdir())


@pytest.mark.parametrize("is_link", [True, False])
def test_lock_folder_of_another_user_is_rejected(
    is_link: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("not a folder", "utf-8")
    (tmp_path / "other_folder").mkdir()
    if is_link:
        (tmp_path / f"lifecycle.n8n-{os.geteuid()}").symlink_to(tmp_path / "other_folder")
    else:
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(LockError, match="another user owns the folder"), server_lock(URL):
        raise AssertionError("the lock of another user was acquired")


def test_files_of_one_folder_share_a_lock(tmp_path: Path) -> None:
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with folder_lock(str(tmp_path / "one.json")):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(30)
        with pytest.raises(LockError, match="a process that reads or writes a file in the same folder"):
            with folder_lock(str(tmp_path / "two.json")):
                raise AssertionError("two threads hold one lock")
    finally:
        done.set()
        thread.join()
    # The folder contains no lock file.
    assert not [path for path in tmp_path.iterdir() if path.suffix]


def test_folder_lock_is_in_the_lock_folder_if_folders_cannot_be_locked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = _locks.fcntl.flock

    def flock(handle: int, operation: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(9, "Bad file descriptor")
        lock(handle, operation)

    monkeypatch.setattr(_locks.fcntl, "flock", flock)
    with folder_lock(str(tmp_path / "one.json")):
        assert len(list((home / ".ansible" / "lifecycle.n8n").iterdir())) == 1
