# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the diagram into the checkout, or compare it with the imports (--check): python -m diagram [--check]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from suite.staging import BUILD, stage_collection

from .drawing import draw
from .packages import DiagramError, packages_of

ROOT = Path(__file__).resolve().parents[2]
DIAGRAM = "docs/docsite/images/packages.svg"


def main() -> int:
    """Return 1 and print the reason if the diagram cannot be drawn or, with --check, is not up to date."""
    parser = argparse.ArgumentParser(prog="diagram", description="Draw the packages and the imports between them.")
    parser.add_argument(
        "--check", action="store_true", help="compare only; requires that Python can import the collection"
    )
    check = parser.parse_args().check
    if not check:
        # Python can import a collection only by its full name, so the staged copy is read.
        stage_collection(ROOT)
        sys.path.insert(0, str(BUILD))
    file = ROOT / DIAGRAM
    try:
        drawn = draw(packages_of(ROOT))
    except DiagramError as error:
        print(error)
        return 1
    if check:
        if file.is_file() and file.read_text("utf-8") == drawn:
            return 0
        print(f"{DIAGRAM} is not up to date. Run `make diagram`, and commit the file.")
        return 1
    file.parent.mkdir(exist_ok=True)
    file.write_text(drawn, encoding="utf-8")
    print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
