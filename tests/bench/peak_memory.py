# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module as a program, and print its peak memory at the end: `python -m bench.peak_memory MODULE ARGUMENT...`."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

# ru_maxrss would include the memory of the parent at the time of the fork.
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def main() -> None:
    """Run the module. The last line on stderr is the peak memory of the process, as in /proc/self/status."""
    module = sys.argv[1]
    sys.argv[:2] = [module]
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        peak = PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
        print(f"\n{peak[0] if peak else ''}", file=sys.stderr)


if __name__ == "__main__":
    main()
