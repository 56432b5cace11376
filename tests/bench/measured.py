# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m bench.measured MODULE ARGUMENT...` runs a module as a program, and says last of all what memory it took."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

# ru_maxrss would count what the parent had when it forked.
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def main() -> None:
    """Run it; the last line on stderr is what the process had in memory at most, in the words of Linux."""
    module = sys.argv[1]
    sys.argv[:2] = [module]
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        peak = PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
        print(f"\n{peak[0] if peak else ''}", file=sys.stderr)


if __name__ == "__main__":
    main()
