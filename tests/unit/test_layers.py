# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part of the code may use besides other parts, and how large it may be.

Which part may import which other part is in pyproject.toml, and import-linter checks it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.lifecycle.n8n"
SOURCES = sorted(path.relative_to(ROOT / "plugins") for path in ROOT.glob("plugins/**/*.py"))
PRIVATE = ROOT / "plugins" / "module_utils"
# Files of these folders, and these files, call nothing and see no clock, disk, network or thread.
PURE = (
    "_ansible_roles",
    "_state",
    "_desired",
    "_changes",
    "_planning",
    "_leaving",
    "_errors.py",
    "_text.py",
    "hints.py",
    "tracker.py",
)
PURE += ("invitation_warnings.py",)
# What pure files may import from the standard library.
HARMLESS = {
    "__future__",
    "collections",
    "copy",
    "dataclasses",
    # Its clock is not read, see below.
    "datetime",
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "typing",
    "unicodedata",
}
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_CLASS, MOST_FILES_OF_A_FOLDER, MOST_LOOSE_FILES = 300, 200, 12, 4


def tree(source: Path) -> ast.Module:
    # The oldest Python that modules run on. A newer grammar is a syntax error here.
    return ast.parse((ROOT / "plugins" / source).read_text("utf-8"), filename=str(source), feature_version=(3, 9))


def is_pure(source: Path) -> bool:
    return source.parts[0] == "module_utils" and any(part in PURE for part in source.parts[1:])


def imports(source: Path) -> Iterator[str]:
    """Yield the full dotted name of everything that `source` imports, relative imports resolved."""
    package = [COLLECTION, "plugins", *source.parent.parts]
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{name}.{alias.name}" for alias in node.names)


def test_there_are_files_of_each_kind() -> None:
    assert len(SOURCES) > 80 and sum(map(is_pure, SOURCES)) > 35


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_requests_is_imported_by_the_client_alone(source: Path) -> None:
    web = {name for name in imports(source) if name.split(".")[0] in ("requests", "urllib3", "http", "socket")}
    web |= {name for name in imports(source) if name.startswith(("urllib.request", "ansible.module_utils.urls"))}
    assert not web or source.parent.name == "_server" and source.stem in ("client", "transport_errors")


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_private_files_do_not_know_ansible(source: Path) -> None:
    """Only `_ansible_module` does, which `main()` imports. So all other code runs and is tested without Ansible."""
    known = {name for name in imports(source) if name.split(".")[0] == "ansible"}
    if source.name == "_module.py":
        known -= {"ansible.module_utils.basic.missing_required_lib"}
    assert source.parts[0] not in ("module_utils", "modules") or source.name == "_ansible_module.py" or not known


@pytest.mark.parametrize("source", list(filter(is_pure, SOURCES)), ids=str)
def test_pure_files_do_no_io(source: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(source)} - {"ansible_collections"}
    assert foreign <= HARMLESS


@pytest.mark.parametrize("source", list(filter(is_pure, SOURCES)), ids=str)
def test_pure_files_read_no_clock(source: Path) -> None:
    called = {node.func for node in ast.walk(tree(source)) if isinstance(node, ast.Call)}
    asked = {function.attr for function in called if isinstance(function, ast.Attribute)}
    assert not asked & {"now", "utcnow", "today"}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_parses_on_the_oldest_python_with_modern_annotations(source: Path) -> None:
    assert "__future__.annotations" in set(imports(source))


@pytest.mark.parametrize("source", [source for source in SOURCES if source.parts[0] == "module_utils"], ids=str)
def test_files_and_classes_are_short(source: Path) -> None:
    assert len((ROOT / "plugins" / source).read_text("utf-8").splitlines()) <= MOST_LINES_OF_A_FILE
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_LINES_OF_A_CLASS, node.name


def test_folders_are_small() -> None:
    loose = sorted(path.name for path in PRIVATE.glob("*.py"))
    assert len(loose) <= MOST_LOOSE_FILES, loose
    for folder in (path for path in PRIVATE.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert len(list(folder.glob("*.py"))) <= MOST_FILES_OF_A_FOLDER, folder.name


def test_no_folder_has_an_init_file() -> None:
    """Ansible packs a module with what it imports, and needs none."""
    assert not list(ROOT.glob("plugins/**/__init__.py"))
