# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure on a throwaway n8n, and print tables for the documentation: `python -m bench`."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from n8n_server.server import Server, running
from suite.staging import ROOT, stage_collection

from . import access, guide, loops, planner, reading
from .company import Company
from .filled_server import FilledServer
from .tables import machine, progress

PARTS = ("reading", "access", "planner", "loops")


def main() -> None:
    """Measure the requested parts."""
    options = _options()
    stage_collection(ROOT)
    machine(
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start, Python "
        f"{platform.python_version()}, ansible-core {version('ansible-core')}, requests {version('requests')}."
    )
    if {"reading", "access", "loops"} & options.parts:
        _with_n8n(options)
    if "planner" in options.parts:
        planner.measure((1, 2) if options.small else planner.SIZES)
    if options.guide:
        guide.write(options.parts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure the speed of the collection, compared with alternatives."
    )
    parser.add_argument("--small", action="store_true", help="use a small company, to test the benchmark itself")
    parser.add_argument("--guide", action="store_true", help="also write the results into the guide on speed")
    parser.add_argument(
        "--items", type=int, metavar="N", help="measure loops with N items instead of 100 and 1,000 (at most 1,000)"
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of {' '.join(PARTS)}")
    options = parser.parse_args()
    options.parts = set(options.parts or PARTS)
    if unknown := options.parts - set(PARTS):
        parser.error(f"unknown part: {' '.join(sorted(unknown))}. Valid parts: {' '.join(PARTS)}")
    if options.guide and (options.small or options.items):
        parser.error("--guide is mutually exclusive with --small and --items")
    if options.items is not None and not 2 <= options.items <= loops.COMPANY.memberships:
        parser.error(f"--items must be from 2 to {loops.COMPANY.memberships}")
    return options


def _with_n8n(options: argparse.Namespace) -> None:
    progress("Starting n8n")
    with running() as n8n, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        machine(f"n8n {n8n.version} with SQLite.")
        if {"reading", "access"} & options.parts:
            _with_company(options.parts, n8n, Company(100, 10, 5) if options.small else Company(1000, 50, 5), folder)
            n8n.reset()
        if "loops" in options.parts:
            items = options.items or (loops.SMALL_SIZE if options.small else None)
            if items:
                loops.measure(n8n, folder, (items,), times=1)
            else:
                loops.measure(n8n, folder)


def _with_company(parts: set[str], n8n: Server, company: Company, folder: Path) -> None:
    progress(f"{company.users:,} users, {company.projects} projects, {company.memberships:,} memberships")
    filled = FilledServer(n8n, company)
    filled.fill()
    if "reading" in parts:
        reading.measure(filled, folder)
    if "access" in parts:
        access.measure(filled, folder)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
