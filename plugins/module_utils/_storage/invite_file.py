# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Store invitation links in a file, because they are secrets and may not be in any result or log."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from .._errors import InputError, N8nError
from .atomic import replace_file, write_problem
from .lock import folder_lock


class InviteFile:
    """A JSON object of emails and links that only its owner can read. Links are added, and are never removed."""

    def __init__(self, path: str) -> None:
        """Check that links can be stored in the file before any link is created; raises InputError."""
        if not os.path.isabs(path):
            # A relative path would start at the working folder of the module, which is not suitable for secrets.
            raise InputError(f"Invitation links cannot be written to {path}. Set the full path of the file.")
        # Messages name the target of a symbolic link.
        self.path = os.path.realpath(path)
        problem = write_problem(path)
        if problem:
            raise InputError(f"Invitation links cannot be written to {path}: {problem}.")
        # The emails whose links are in the file.
        self.emails = frozenset(self._read())

    def _read(self) -> dict[str, str]:
        if not os.path.lexists(self.path):
            return {}
        try:
            with open(self.path, encoding="utf-8") as file:
                links = json.load(file)
            if not isinstance(links, dict):
                raise ValueError("it has no JSON object")
        except (OSError, ValueError) as error:
            raise InputError(
                f"Invitation links cannot be added to {self.path}, which exists and is not a file of links: {error}. "
                "Move the file, or set another path."
            ) from None
        return links

    def add(self, links: Mapping[str, str]) -> None:
        """Add links by email. The file is replaced as a whole, so it is never partly written or without its mode."""
        if not links:
            return
        # The file is read again under the lock, because another task may have added links since, or may be about to.
        try:
            with folder_lock(self.path):
                everything = {**self._read(), **links}
                text = json.dumps(everything, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
                replace_file(self.path, text, 0o600)
        except (OSError, N8nError) as error:
            raise N8nError(
                f"The links of {len(links)} invitation{'s' if len(links) > 1 else ''} could not be written to {self.path}: {error}. "
                "The users are invited. Send these invitations again with n8n_user and resend_invite=true."
            ) from None
