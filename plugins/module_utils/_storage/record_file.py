# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Store the record of leavers in a file without secrets, which is suitable for version control."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from .._errors import InputError, N8nError
from .atomic import replace_file, write_problem
from .lock import folder_lock

RecordType = TypeVar("RecordType", bound="StoredRecord")


class StoredRecord(Protocol):
    """The methods of a record that the file uses. Each entry is about one user, whose id is its `id`."""

    @property
    def leavers(self) -> Mapping[str, Any]:
        """Return the entries by user id."""

    def to_text(self) -> str:
        """Return the content of the file."""

    def lines(self) -> list[str]:
        """Return a line for each entry."""

    def adding(self: RecordType, leavers: Iterable[Any]) -> RecordType:
        """Return the record with these entries."""

    def merged(self: RecordType, before: RecordType, after: RecordType) -> RecordType:
        """Return this record with the differences between `before` and `after`."""


class RecordFile(Generic[RecordType]):
    """The record of leavers of one server in a file. `is_new` tells that the file does not exist yet."""

    def __init__(
        self, path: str, url: str, parse: Callable[[str | None, str, str], RecordType], read_only: bool = False
    ) -> None:
        """Read the record; raises InputError if it is damaged, or cannot be read or written.

        `parse` creates a record from the text of the file (None if the file does not exist), the url, and the path.
        With `read_only`, as in check mode, the file is not written.
        """
        self.path = path
        self.url = url
        self._parse = parse
        self.read_only = read_only
        problem = write_problem(path)
        if problem:
            raise InputError(f"The record of leavers cannot be written to {path}: {problem}.")
        self.is_new = not os.path.lexists(path)
        # Whether the task creates the file even without entries.
        self._is_created = False
        self.record = self._initial = self._read()

    def _read(self) -> RecordType:
        if not os.path.lexists(self.path):
            return self._parse(None, self.url, self.path)
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The record of leavers {self.path} cannot be read: {error}. No user is deleted."
            ) from None
        return self._parse(text, self.url, self.path)

    def store(self, record: RecordType, create: bool = False) -> None:
        """Store `record` if it differs from the present record; raises N8nError if it cannot be written.

        With `create`, a file that does not exist is created in any case. Changes that other tasks have written in the
        meantime stay, because only the differences are written.
        """
        if record == self.record and not (create and self.is_new):
            return
        self._is_created = self._is_created or (create and self.is_new)
        if not self.read_only:
            self._write(lambda found: found.merged(self.record, record))
        self.record = record

    def stored(self) -> Mapping[str, Any]:
        """Return the entries that the file has now. Another task may have changed them since this task wrote it."""
        return self._read().leavers

    def add_missing(self, leavers: Sequence[Any]) -> list[Any]:
        """Add the entries of `leavers` that the file does not have, and return them.

        Another task that shares no lock with this one removes an entry when it restores the user. Such an entry is
        missing from the file although this task knows that the user is staged. Raises N8nError if the file cannot be
        written.
        """
        found = self.stored()
        missing = [leaver for leaver in leavers if leaver.id not in found]
        if missing:
            self._write(lambda record: record.adding(leaver for leaver in missing if leaver.id not in record.leavers))
        self.record = self.record.adding(leavers)
        return missing

    def _write(self, change: Callable[[RecordType], RecordType]) -> None:
        """Replace the content of the file by the result of `change` for its present content."""
        try:
            with folder_lock(self.path):
                # If a user has restricted the mode of the file, the mode stays.
                mode = os.stat(self.path).st_mode & 0o777 if os.path.lexists(self.path) else 0o644
                replace_file(self.path, change(self._read()).to_text(), mode)
        except OSError as error:
            raise N8nError(f"The record of leavers could not be written to {self.path}: {error}.") from None
        self.is_new = False

    def diff(self) -> dict[str, str]:
        """Return the changed entries of the record before and after the run, and the path of a record that the run creates."""
        before = self._initial.lines()
        after = [*([f"record of leavers: {self.path}"] if self._is_created else []), *self.record.lines()]
        return {
            "before": "".join(f"{line}\n" for line in before if line not in after),
            "after": "".join(f"{line}\n" for line in after if line not in before),
        }
