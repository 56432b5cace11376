# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock a server, or a folder with files of the user, against other tasks that run at the same time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .._errors import LockError

# The number of seconds that a task waits for another task.
MAX_WAIT = 600.0
_PAUSE = 0.05
# The errors of flock for a lock that another process holds.
_HELD = (errno.EACCES, errno.EAGAIN)


@contextmanager
def server_lock(url: str) -> Iterator[bool]:
    """Hold the lock of the server at `url` against all other tasks of this user on this host.

    The value tells whether this process was also the last one that held the lock, so that no other one has written since.

    Raises LockError if another process holds the lock for MAX_WAIT seconds, or if no folder can store the lock. The
    operating system releases the lock when the process ends, however the process ends.
    """
    handle = _locked_file(url)
    try:
        is_untouched = _holder(handle).startswith(f"process {os.getpid()} ")
        if not is_untouched:
            _write_holder(handle)
        yield is_untouched
    finally:
        os.close(handle)


@contextmanager
def folder_lock(path: str) -> Iterator[None]:
    """Hold the lock of the folder of the file `path`, so that no other task reads or replaces the file in between.

    The folder itself is locked, because the file is replaced by another file, and a lock file beside it would stay
    behind. Raises LockError as server_lock does. A process must not request the lock of a folder that it already holds.
    """
    folder = os.path.dirname(os.path.realpath(path))
    handle = _locked_folder(folder)
    try:
        yield
    finally:
        os.close(handle)


def _locked_folder(folder: str) -> int:
    try:
        handle = os.open(folder, os.O_RDONLY)
        return _locked(handle, folder)
    except OSError:
        # NFS cannot lock folders, and a folder may be writable and not readable. In these cases, the lock applies only
        # between the tasks of this user.
        handle = _locked_file(folder)
        _write_holder(handle)
        return handle


def _locked(handle: int, subject: str) -> int:
    """Return the handle with the lock, or close it and raise an error.

    The error is LockError after MAX_WAIT seconds, or OSError if locks are not available.
    """
    try:
        _wait_for(handle, subject)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _wait_for(handle: int, subject: str) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in _HELD:
                raise
        if time.monotonic() > deadline:
            raise LockError(
                f"Another task holds the lock of {subject}: {_holder(handle)}. This task waited {MAX_WAIT:g} "
                "seconds. Run it again when the other task has ended, or end that process if it hangs."
            )
        time.sleep(_PAUSE * random.uniform(0.5, 1.5))


def _holder(handle: int) -> str:
    """Return the process that holds a lock, if the lock names it."""
    try:
        return os.pread(handle, 200, 0).decode(errors="replace") or "a process that has just acquired the lock"
    except OSError:
        # A folder has no content to read.
        return "a process that reads or writes a file in the same folder"


def _locked_file(subject: str) -> int:
    """Open and lock the file for `subject` in a folder that all tasks of this user on this host share."""
    folders = (
        os.path.join(os.path.expanduser("~"), ".ansible", "lifecycle.n8n"),
        # A user in a container may have no home folder.
        os.path.join(tempfile.gettempdir(), f"lifecycle.n8n-{os.geteuid()}"),
    )
    name = f"{hashlib.sha256(subject.encode()).hexdigest()[:32]}.lock"
    problems = []
    for folder in folders:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            # Any user can create a folder with that name in /tmp.
            if os.path.islink(folder) or os.lstat(folder).st_uid != os.geteuid():
                raise OSError(errno.EPERM, "another user owns the folder")
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            return _locked(os.open(os.path.join(folder, name), flags, 0o600), subject)
        except OSError as error:
            problems.append(f"{folder}: {error.strerror}")
    raise LockError(
        f"The lock of {subject} cannot be created in any folder ({'; '.join(problems)}). Make one of these "
        "folders writable."
    )


def _write_holder(handle: int) -> None:
    """Write into the lock which process holds it, for processes that wait. A full disk does not fail the task."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} since {_now()}".encode(), 0)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
