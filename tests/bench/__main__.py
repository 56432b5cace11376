# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m bench`: measures on a throwaway n8n, and prints tables for the docs."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from n8n_server.server import running
from suite.staging import ROOT, stage_collection

from . import access, guide, planner, reading
from .company import Company
from .site import Site
from .tables import machine, progress

PARTS = ("reading", "access", "planner")


def main() -> None:
    """Measure what is asked for."""
    options = _options()
    stage_collection(ROOT)
    machine(
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before, Python "
        f"{platform.python_version()}, ansible-core {version('ansible-core')}, requests {version('requests')}."
    )
    if {"reading", "access"} & options.parts:
        _with_n8n(options.parts, Company(100, 10, 5) if options.small else Company(1000, 50, 5))
    if "planner" in options.parts:
        planner.measure((1, 2) if options.small else planner.SIZES)
    if options.guide:
        guide.write()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure speed side by side with what somebody would do instead."
    )
    parser.add_argument("--small", action="store_true", help="a small company, to try the benchmark itself")
    parser.add_argument("--guide", action="store_true", help="write what was measured into the guide on speed as well")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"unless named, all: {' '.join(PARTS)}")
    options = parser.parse_args()
    options.parts = set(options.parts or PARTS)
    if unknown := options.parts - set(PARTS):
        parser.error(f"no such part: {' '.join(sorted(unknown))}. There are: {' '.join(PARTS)}")
    if options.small and options.guide:
        parser.error("what is small is not for the guide")
    return options


def _with_n8n(parts: set[str], company: Company) -> None:
    progress("Starting an n8n")
    with running() as n8n, tempfile.TemporaryDirectory() as folder:
        machine(f"n8n {n8n.version} with SQLite.")
        progress(f"{company.users:,} users, {company.projects} projects, {company.memberships:,} memberships")
        site = Site(n8n, company)
        site.fill()
        if "reading" in parts:
            reading.measure(site, Path(folder))
        if "access" in parts:
            access.measure(site, Path(folder))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
