# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the code: permitted imports, input and output, and sizes of files and classes.

import-linter checks the permitted imports between packages, which are listed in pyproject.toml.
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
# These files and the files of these folders do not use the clock, the disk, the network or threads.
PURE = (
    "_ansible_roles",
    "_state",
    "_desired",
    "_rules",
    "_changes",
    "_planning",
    "_leaving",
    "_errors.py",
    "_text.py",
    "hints.py",
    "tracker.py",
)
PURE += ("invitation_warnings.py",)
# Modules of the standard library that pure files can import.
PERMITTED_IMPORTS = {
    "__future__",
    "collections",
    "copy",
    "csv",
    "dataclasses",
    # test_pure_files_do_not_read_the_clock covers the functions that read the clock.
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
MAX_LINES_PER_FILE, MAX_LINES_PER_CLASS, MAX_FILES_PER_FOLDER, MAX_TOP_LEVEL_FILES = 300, 200, 12, 4


def tree(source: Path) -> ast.Module:
    # Modules run on Python 3.9 and later, so newer grammar is a syntax error.
    return ast.parse((ROOT / "plugins" / source).read_text("utf-8"), filename=str(source), feature_version=(3, 9))


def is_pure(source: Path) -> bool:
    return source.parts[0] == "module_utils" and any(part in PURE for part in source.parts[1:])


def imports(source: Path) -> Iterator[str]:
    """Yield the full dotted name of each import of `source`, with resolved relative imports."""
    package = [COLLECTION, "plugins", *source.parent.parts]
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{name}.{alias.name}" for alias in node.names)


def test_source_files_are_found() -> None:
    assert len(SOURCES) > 80 and sum(map(is_pure, SOURCES)) > 35


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_only_client_imports_http_libraries(source: Path) -> None:
    web = {name for name in imports(source) if name.split(".")[0] in ("requests", "urllib3", "http", "socket")}
    web |= {name for name in imports(source) if name.startswith(("urllib.request", "ansible.module_utils.urls"))}
    assert not web or source.parent.name == "_server" and source.stem in ("client", "sessions", "transport_errors")


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_private_files_do_not_import_ansible(source: Path) -> None:
    """Only `_ansible_module` imports Ansible, and `main()` imports it. All other code runs without Ansible."""
    known = {name for name in imports(source) if name.split(".")[0] == "ansible"}
    if source.name == "_module.py":
        known -= {
            "ansible.module_utils.basic.missing_required_lib",
            "ansible.module_utils.common.parameters.env_fallback",
        }
    assert source.parts[0] not in ("module_utils", "modules") or source.name == "_ansible_module.py" or not known


@pytest.mark.parametrize("source", [source for source in SOURCES if source.parts[0] == "plugin_utils"], ids=str)
def test_code_in_the_process_of_ansible_does_not_use_ansible_module(source: Path) -> None:
    """AnsibleModule reads its options from the process, and ends the process."""
    assert [name for name in imports(source) if name.startswith("ansible.module_utils.basic")] == []


@pytest.mark.parametrize("source", list(filter(is_pure, SOURCES)), ids=str)
def test_pure_files_import_no_io_modules(source: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(source)} - {"ansible_collections"}
    assert foreign <= PERMITTED_IMPORTS


@pytest.mark.parametrize("source", list(filter(is_pure, SOURCES)), ids=str)
def test_pure_files_do_not_read_the_clock(source: Path) -> None:
    called = {node.func for node in ast.walk(tree(source)) if isinstance(node, ast.Call)}
    method_names = {function.attr for function in called if isinstance(function, ast.Attribute)}
    assert not method_names & {"now", "utcnow", "today"}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_file_parses_on_python_3_9_and_postpones_annotations(source: Path) -> None:
    assert "__future__.annotations" in set(imports(source))


@pytest.mark.parametrize("source", [source for source in SOURCES if source.parts[0] == "module_utils"], ids=str)
def test_files_and_classes_do_not_exceed_limits(source: Path) -> None:
    assert len((ROOT / "plugins" / source).read_text("utf-8").splitlines()) <= MAX_LINES_PER_FILE
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_LINES_PER_CLASS, node.name


def test_folders_do_not_exceed_limits() -> None:
    top_level_files = sorted(path.name for path in PRIVATE.glob("*.py"))
    assert len(top_level_files) <= MAX_TOP_LEVEL_FILES, top_level_files
    for folder in (path for path in PRIVATE.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert len(list(folder.glob("*.py"))) <= MAX_FILES_PER_FOLDER, folder.name


def test_no_folder_has_an_init_file() -> None:
    """Ansible bundles a module with its imports and needs no such file."""
    assert not list(ROOT.glob("plugins/**/__init__.py"))
