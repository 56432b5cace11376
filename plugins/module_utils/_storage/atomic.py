# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files so that no reader sees a partly written file."""

from __future__ import annotations

import os
import tempfile


def write_problem(path: str) -> str:
    """Return why a file cannot be written at `path`; "" if it can be written."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        return f"{path} is a folder"
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        return f"{folder} is not a writable folder"
    return ""


def replace_file(path: str, text: str, mode: int) -> None:
    """Replace a file as a whole, with that mode from the start; raises OSError, and the old file then stays."""
    # The target of a symbolic link is replaced, not the link.
    target = os.path.realpath(path)
    # mkstemp creates the file with mode 0600.
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(target)}-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise
