# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw packages as an SVG: boxes in one column, and a vertical line on the right for each imported package.

The line of a package ends with an arrow at its box. A number on the line is at the height of the importing package. The
lines are in the order of the boxes, so that no arrow crosses a line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape

from .packages import Package, Packages

MARGIN, HEAD = 16, 64
BOX_WIDTH, BOX_HEIGHT, GAP, BAND_GAP = 400, 58, 8, 10
LANE, RADIUS = 34, 11
LINE_OF_TEXT, CHARACTERS = 15, 60
# Lines to imported packages start above the middle of a box. Arrows from importing packages end below it.
OUT, IN = 19, 43

HEADER = """\
<!--
Copyright (c) 2026, the lifecycle.n8n contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
`make diagram` draws this from the imports. Do not edit it.
-->
"""
# The image has a background, because the page may be light although the browser prefers dark colors.
STYLE = """\
<style>
  svg { --page: #ffffff; --band: #eef1f4; --box: #ffffff; --edge: #6e7781; --text: #1f2328; --soft: #4d555e; --dot: #0b5cad; --digit: #ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #15191e; --band: #1f252c; --box: #2b333c; --edge: #9aa4af; --text: #f0f3f6; --soft: #c4ccd4; --dot: #79b8ff; --digit: #10151a; }
  }
  text { font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; font-size: 12px; fill: var(--soft); }
  .page { fill: var(--page); }
  .band { fill: var(--band); }
  .box { fill: var(--box); stroke: var(--edge); }
  .title { font-size: 16px; font-weight: 600; fill: var(--text); }
  .name { font-size: 13px; font-weight: 600; fill: var(--text); }
  .line { stroke: var(--edge); stroke-width: 1.5; fill: none; }
  .tip { fill: var(--edge); }
  .dot { fill: var(--dot); }
  .number { font-size: 11px; font-weight: 600; text-anchor: middle; fill: var(--digit); }
</style>
"""


def draw(packages: Packages) -> str:
    """Return the SVG of `packages`. The same packages give the same SVG."""
    return _Drawing(packages).text()


class _Drawing:
    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        imported = {name for _importer, name in packages.imports}
        self.lanes = {
            package.name: MARGIN + BOX_WIDTH + LANE * (number + 1)
            for number, package in enumerate(package for package in packages.all if package.name in imported)
        }
        self.width = MARGIN + BOX_WIDTH + LANE * (len(self.lanes) + 1) + MARGIN
        self.tops: dict[str, int] = {}
        self.bands: list[tuple[int, int]] = []
        top = HEAD
        for layer in packages.layers:
            start = top
            for package in layer:
                self.tops[package.name] = top + GAP
                top += GAP + BOX_HEIGHT
            self.bands.append((start, top + GAP - start))
            top += GAP + BAND_GAP
        self.foot = top
        self.height = top + LINE_OF_TEXT * (len(packages.rules) + 1) + MARGIN

    def text(self) -> str:
        """Return the content of the file."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img">'
        )
        yield HEADER.rstrip("\n")
        yield "<title>The packages of lifecycle.n8n and the imports between them</title>"
        yield f"<desc>{escape(' '.join(self._sentences()))}</desc>"
        yield STYLE.rstrip("\n")
        yield f'<rect class="page" width="{self.width}" height="{self.height}" rx="6"/>'
        yield f'<text class="title" x="{MARGIN}" y="26">Packages in plugins/, and the imports between them</text>'
        yield (
            f'<text x="{MARGIN}" y="46">An arrow leads to the imported package. A number counts imports between files. '
            "Packages import only packages in lower bands.</text>"
        )
        for top, height in self.bands:
            yield f'<rect class="band" x="{MARGIN // 2}" y="{top}" width="{self.width - MARGIN}" height="{height}" rx="6"/>'
        for package in self.packages.all:
            yield from self._row_of(package)
        for package in self.packages.all:
            yield from self._lane_of(package)
        for (importer, imported), count in self._in_order():
            yield from self._number(importer, imported, count)
        for package in self.packages.all:
            yield from self._box(package)
        for number, rule in enumerate(("import-linter also checks:", *(f"- {rule}." for rule in self.packages.rules))):
            yield f'<text x="{MARGIN}" y="{self.foot + LINE_OF_TEXT * (number + 1) - 3}">{escape(rule)}</text>'
        yield "</svg>"

    def _in_order(self) -> list[tuple[tuple[str, str], int]]:
        rank = list(self.tops).index
        return sorted(self.packages.imports.items(), key=lambda item: (rank(item[0][0]), rank(item[0][1])))

    def _sentences(self) -> Iterator[str]:
        for package in self.packages.all:
            imported = [
                f"{name.rpartition('.')[2]} ({count})"
                for (importer, name), count in self._in_order()
                if importer == package.name
            ]
            yield f"{package.path} imports {', '.join(imported) or 'no other package'}."

    def _row_of(self, package: Package) -> Iterator[str]:
        """Yield the horizontal line from a box to the vertical line of the last imported package."""
        ends = [self.lanes[name] for importer, name in self.packages.imports if importer == package.name]
        if ends:
            y = self.tops[package.name] + OUT
            yield f'<path class="line" d="M{MARGIN + BOX_WIDTH} {y}H{max(ends)}"/>'

    def _lane_of(self, package: Package) -> Iterator[str]:
        """Yield the vertical line from the first importing package to the box of this package, with the tip of the arrow."""
        starts = [self.tops[importer] + OUT for importer, name in self.packages.imports if name == package.name]
        if starts:
            x, y, edge = self.lanes[package.name], self.tops[package.name] + IN, MARGIN + BOX_WIDTH
            yield f'<path class="line" d="M{x} {min(starts)}V{y}H{edge + 8}"/>'
            yield f'<path class="tip" d="M{edge} {y}l10 -5v10z"/>'

    def _number(self, importer: str, imported: str, count: int) -> Iterator[str]:
        x, y = self.lanes[imported], self.tops[importer] + OUT
        short = [name.rpartition(".")[2] for name in (importer, imported)]
        yield f"<g><title>{short[0]} imports {short[1]}: {count}</title>"
        yield f'<circle class="dot" cx="{x}" cy="{y}" r="{RADIUS}"/>'
        yield f'<text class="number" x="{x}" y="{y + 4}">{count}</text></g>'

    def _box(self, package: Package) -> Iterator[str]:
        top = self.tops[package.name]
        yield f'<rect class="box" x="{MARGIN}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
        yield f'<text class="name" x="{MARGIN + 10}" y="{top + 19}">{escape(package.path)}</text>'
        for number, line in enumerate(textwrap.wrap(package.purpose, CHARACTERS)):
            y = top + 19 + LINE_OF_TEXT * (number + 1)
            yield f'<text x="{MARGIN + 10}" y="{y}">{escape(line)}</text>'
