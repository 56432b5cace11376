# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the results into the guide on speed, between its comments `.. begin: TITLE` and `.. end`."""

from __future__ import annotations

import textwrap

from suite.staging import ROOT

from .tables import MACHINE, TABLES, Table

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_speed.rst"
WIDTH = 126


def write(parts: set[str]) -> None:
    """Write all printed tables, and the machine of each part. Raise ValueError if the guide has no place for one."""
    text = GUIDE.read_text(encoding="utf-8")
    for part in parts:
        text = _replaced(text, f"machine of {part}", textwrap.fill(" ".join(MACHINE), WIDTH))
    for table in TABLES:
        text = _replaced(text, table.head[0], _block(table))
    GUIDE.write_text(text, encoding="utf-8")


def _replaced(text: str, title: str, block: str) -> str:
    before, begin, rest = text.partition(f".. begin: {title}\n")
    _old, end, after = rest.partition(".. end\n")
    if not end:
        raise ValueError(f"{GUIDE} has no place for: {title}")
    return f"{before}{begin}\n{block}\n\n{end}{after}"


def _block(table: Table) -> str:
    rows = [" | ".join(row).rstrip() for row in (table.head, *table.rows)]
    lines = [
        ".. csv-table::",
        "   :header-rows: 1",
        "   :delim: |",
        "",
        *(f"   {row}" for row in rows),
        "",
        "Goals:",
        "",
    ]
    for goal in table.goals:
        lines += textwrap.wrap(
            f"- {goal}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(lines)
