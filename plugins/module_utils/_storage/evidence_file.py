# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Append lines of evidence to a file that several runs share."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from .._errors import InputError, N8nError
from .atomic import write_problem
from .lock import folder_lock


def check_evidence_path(path: str) -> None:
    """Raise InputError if lines cannot be appended to the file at `path`."""
    problem = write_problem(path)
    if not problem and os.path.lexists(path) and not os.access(path, os.W_OK):
        problem = "the file is not writable"
    if problem:
        raise InputError(f"The evidence cannot be written to {path}: {problem}.")


def append_entry(path: str, entry: Mapping[str, Any]) -> None:
    """Append one line of JSON to a file with mode 0600, under a lock, so that lines of parallel runs do not mix.

    A last line without its end, which a full disk may have left, is ended first. Raises N8nError if the line cannot be
    written.
    """
    line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        with folder_lock(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "r+b") as file:
                os.fchmod(file.fileno(), 0o600)
                size = file.seek(0, os.SEEK_END)
                if size:
                    file.seek(size - 1)
                    line = line if file.read(1) == b"\n" else f"\n{line}"
                file.seek(0, os.SEEK_END)
                file.write(line.encode("utf-8", errors="surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise N8nError(
            f"The evidence could not be written to {path}: {error.strerror}. Nothing else in this run depends on it."
        ) from None
