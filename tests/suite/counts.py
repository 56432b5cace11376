# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of passed and failed tests, and functions that read them from the reports of tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class TestCounts:
    """The numbers of passed and failed tests. Skipped tests are not counted."""

    passed: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """The number of tests that passed or failed."""
        return self.passed + self.failed

    def __add__(self, other: TestCounts) -> TestCounts:
        return TestCounts(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def from_junit(files: Iterable[Path]) -> TestCounts:
    """Count the test cases in JUnit XML files of pytest and `ansible-test sanity --junit`."""
    counts = TestCounts()
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                counts += TestCounts(failed=1)
            elif case.find("skipped") is None:
                counts += TestCounts(passed=1)
    return counts


def from_integration(data: Path, output: str) -> TestCounts:
    """Count the targets of `ansible-test integration`. Its JSON files contain only passed targets."""
    passed = sum(len(json.loads(file.read_text("utf-8"))["targets"]) for file in data.glob("integration-*.json"))
    failed = re.search(r"The (\d+) integration test\(s\) listed below", output)
    return TestCounts(passed, int(failed[1]) if failed else 0)
