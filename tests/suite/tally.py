# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many tests passed and failed, and how to read that from what a tool leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Tally:
    """A count of tests; skipped ones are in neither number."""

    passed: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """How many tests said something."""
        return self.passed + self.failed

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def from_junit(files: Iterable[Path]) -> Tally:
    """Count the test cases in JUnit XML, as pytest and `ansible-test sanity --junit` write it."""
    tally = Tally()
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                tally += Tally(failed=1)
            elif case.find("skipped") is None:
                tally += Tally(passed=1)
    return tally


def from_integration(data: Path, output: str) -> Tally:
    """Count the targets of `ansible-test integration`: passed ones are in its JSON, failed ones only in its output."""
    passed = sum(len(json.loads(file.read_text("utf-8"))["targets"]) for file in data.glob("integration-*.json"))
    failed = re.search(r"The (\d+) integration test\(s\) listed below", output)
    return Tally(passed, int(failed[1]) if failed else 0)
