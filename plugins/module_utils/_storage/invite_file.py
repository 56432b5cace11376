# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that keeps invitation links, which are secrets, out of every result and log."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from .._errors import InputError, N8nError
from .atomic import replace_file, writable
from .lock import folder_lock


class InviteFile:
    """A JSON object of emails and links that only its owner can read. New links are added, none is ever dropped."""

    def __init__(self, path: str) -> None:
        """Check that links can be kept there, before any is made; raises InputError."""
        if not os.path.isabs(path):
            # It would be relative to the working folder of the module, which is not a place for secrets.
            raise InputError(f"Invitation links cannot be kept in {path}: give the full path of the file.")
        # Messages name what a symbolic link points to.
        self.path = os.path.realpath(path)
        why = writable(path)
        if why:
            raise InputError(f"Invitation links cannot be kept in {path}: {why}.")
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
                f"Invitation links cannot be added to {self.path}, which exists and is not a file of links: {error}. Move it "
                "away, or give another path."
            ) from None
        return links

    def add(self, links: Mapping[str, str]) -> None:
        """Add links by email. The file is replaced as a whole and is never seen half written or with another mode."""
        if not links:
            return
        # Read anew under the lock: another task may have added links since, and may be about to.
        try:
            with folder_lock(self.path):
                everything = {**self._read(), **links}
                text = json.dumps(everything, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
                replace_file(self.path, text, 0o600)
        except (OSError, N8nError) as error:
            raise N8nError(
                f"The links of {len(links)} invitation{'s' if len(links) > 1 else ''} could not be kept in {self.path}: {error}. "
                "The users are invited. Send these invitations again with n8n_user and resend_invite=true."
            ) from None
