# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in the guide for contributors exist, and the diagram shows all packages and imports."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from diagram.drawing import draw
from diagram.packages import PURPOSES, DiagramError, Package, Packages, count_imports, layers_of

GUIDE = (ROOT / "docs/docsite/rst/guide_contributing.rst").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
WALKTHROUGH = GUIDE.partition("\nFollow one membership")[2].partition("\nAdd an action\n")[0]
STEPS = [re.sub(r"\s+", " ", step) for step in re.split(r"\n#\. ", WALKTHROUGH)[1:]]


def defined_in(source: Path) -> set[str]:
    """Return the names of all functions and classes of a file, and of methods with and without their class."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{method.name}" for method in node.body if isinstance(method, ast.FunctionDef))
    return found


DEFINED = {path: defined_in(path) for path in ROOT.glob("plugins/**/*.py")}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.partition("``: ")[0].strip("`"))
def test_files_and_functions_of_walkthrough_exist(step: str) -> None:
    """The files of a step define its functions. Any file can define its methods."""
    files = [ROOT / "plugins" / name for name in re.findall(r"``([\w/]+\.py)``", step)]
    assert files and [str(file) for file in files if not file.is_file()] == []
    defined_in_files = set().union(*(DEFINED[file] for file in files))
    defined_in_plugins = set().union(*DEFINED.values())
    functions = re.findall(r"``([\w.]+)\(\)``", step)
    known = defined_in_files | {name for name in defined_in_plugins if "." in name} | {"run", "run_module"}
    assert [name for name in functions if name not in known] == []


def test_walkthrough_is_found_completely() -> None:
    assert len(STEPS) > 10 and len(re.findall(r"\(\)``", WALKTHROUGH)) > 30


def test_paths_in_guide_exist() -> None:
    named = set(re.findall(r"``((?:tests|plugins|extensions|module_utils)/[\w./]+)``", GUIDE))
    missing = [name for name in named if not (ROOT / name).exists() and not (ROOT / "plugins" / name).exists()]
    assert len(named) > 20 and missing == []


def test_targets_stages_and_tests_in_guide_exist() -> None:
    text = GUIDE + CONTRIBUTING
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|[\n`]|   )make ([a-z-]+)", text)) <= targets
    stages = set(
        re.findall(r"^def ([a-z]+)\(runner", (ROOT / "tests/suite/stages.py").read_text("utf-8"), re.MULTILINE)
    )
    named = {name for group in re.findall(r'STAGES=("[^"]+"|\w+)', text) for name in group.strip('"').split()}
    assert named <= stages
    tests = "".join(path.read_text("utf-8") for path in ROOT.glob("tests/*/**/test_*.py"))
    assert [name for name in set(re.findall(r"\btest_\w+(?=[\n\" ])", text)) if f"def {name}(" not in tests] == []


def test_guide_contains_purpose_of_each_package() -> None:
    table = re.sub(r"\s+", " ", GUIDE)
    assert [purpose for purpose in PURPOSES.values() if purpose not in table] == []


def packages() -> Packages:
    top, left, bottom = Package("modules"), Package("lookup"), Package("module_utils._errors", is_file=True)
    imports = count_imports(
        ["modules", "lookup", "module_utils._errors"],
        [
            ("modules.a", "module_utils._errors"),
            ("modules.b", "module_utils._errors"),
            ("modules.a", "modules.b"),
            ("lookup.a", "module_utils._errors"),
        ],
    )
    return Packages(((top, left), (bottom,)), imports, ("A < B",))


def test_imports_are_counted_between_packages() -> None:
    assert packages().imports == {("lookup", "module_utils._errors"): 1, ("modules", "module_utils._errors"): 2}
    with pytest.raises(DiagramError, match="_new is in no layer"):
        count_imports(["modules"], [("modules.a", "_new")])


def test_layers_are_read_from_contract() -> None:
    contracts = [{"type": "forbidden"}, {"type": "layers", "layers": ["modules | lookup", "module_utils._errors"]}]
    assert layers_of(contracts) == [["modules", "lookup"], ["module_utils._errors"]]


def test_diagram_shows_every_package_and_import() -> None:
    diagram = draw(packages())
    assert diagram == draw(packages())
    # Parsing verifies that the SVG is well formed and its text is escaped.
    texts = [element.text for element in ElementTree.fromstring(diagram).iter() if element.tag.endswith("}text")]
    assert {"modules", "lookup", "module_utils/_errors.py", "1", "2", "- A < B."} <= set(texts)
    assert "modules imports _errors (2)." in diagram and "_errors.py imports no other package." in diagram


def test_package_without_purpose_is_refused() -> None:
    with pytest.raises(DiagramError, match="plugin_new has no purpose"):
        draw(Packages(((Package("plugin_new"),),), {}))
