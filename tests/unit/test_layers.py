# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers: who may import whom. Read from the source, so that a file that cannot be imported is judged too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.lifecycle.n8n"
SOURCES = sorted(path.relative_to(ROOT / "plugins") for path in ROOT.glob("plugins/**/*.py"))

# Layer -> the private files of the collection that it may import; on top of that everyone may import _errors.
# A layer is a file of module_utils or plugin_utils, or the folder of any other plugin.
LAYERS: dict[str, set[str]] = {
    "_errors": set(),
    "_options": set(),
    "_naming": set(),
    "_possessions": set(),
    "_model": {"_possessions"},
    "_wish": {"_model"},
    "_change": {"_possessions", "_model"},
    "_sentences": {"_change"},
    "_plan": {"_change", "_sentences", "_handover", "_losses", "_model"},
    "_outcome": {"_change", "_plan", "_handover", "_model"},
    "_losses": {"_change", "_model"},
    "_farewell": {"_change", "_disposal", "_handover", "_losses", "_possessions", "_similar", "_wish", "_model"},
    "_residual": {"_possessions", "_model"},
    "_shield": {"_wish", "_model"},
    "_access": {"_wish", "_shield", "_model"},
    "_unmatched": {"_wish", "_shield", "_plan", "_model"},
    "_draft": {"_change", "_sentences", "_wish", "_shield", "_similar", "_losses", "_farewell", "_handover", "_model"},
    "_removals": {"_change", "_sentences", "_draft", "_wish", "_losses", "_model"},
    "_planner": {"_change", "_draft", "_removals", "_wish", "_plan", "_losses", "_model"},
    "_brakes": {"_change", "_sentences", "_wish", "_shield", "_plan"},
    "_input": set(),
    "_omitted": {"_input"},
    "_similar": set(),
    "_matching": {"_input"},
    "_people": {"_input", "_matching", "_model", "_omitted"},
    "_ranking": {"_model"},
    "_rules": {"_input", "_matching", "_omitted", "_people", "_ranking", "_model"},
    "_refusals": set(),
    "_client": {"_options", "_refusals"},
    "_calls": {"_client"},
    "_belongings": {"_calls", "_client", "_possessions"},
    "_resources": {"_belongings", "_calls", "_client", "_refusals", "_sentences", "_model"},
    "_handover": {"_model", "_possessions"},
    "_disposal": {"_handover", "_model", "_possessions"},
    "_delivery": {"_belongings", "_handover", "_model", "_possessions"},
    "_demotion": {"_change", "_losses", "_model"},
    "_leavers": {
        "_change",
        "_demotion",
        "_disposal",
        "_farewell",
        "_handover",
        "_losses",
        "_model",
        "_plan",
        "_possessions",
        "_similar",
        "_stages",
        "_wish",
    },
    "_departed": {"_change", "_handover", "_leavers", "_model", "_plan", "_residual", "_staging"},
    "_reading": {"_calls", "_client", "_refusals", "_resources", "_wish", "_model"},
    "_who": {"_model"},
    "_files": set(),
    "_locks": set(),
    "_staging": {"_sentences", "_model"},
    "_stages": {"_change", "_model", "_staging"},
    "_record": {"_files", "_locks", "_staging"},
    "_comeback": {"_change", "_model", "_sentences", "_shield", "_staging", "_wish"},
    "_invites": {"_files", "_locks"},
    "_invitations": {"_sentences", "_shield", "_staging", "_wish", "_model"},
    "_progress": {"_files"},
    "_ledger": {"_change", "_sentences", "_outcome", "_model"},
    "_second_look": {"_change", "_handover", "_ledger", "_model", "_plan", "_resources"},
    "_verify": {"_change", "_ledger", "_model", "_plan", "_resources", "_second_look", "_sentences"},
    "report": {"_model"},
    "onboarding": {"_model"},
    "sync_input": {"_omitted", "_rules"},
    "sync_summary": set(),
    "_apply": {
        "_change",
        "_delivery",
        "_handover",
        "_inviter",
        "_ledger",
        "_model",
        "_outcome",
        "_plan",
        "_resources",
        "_second_look",
        "_verify",
    },
    "_inviter": {"_change", "_invitations", "_ledger", "_model", "_refusals", "_resources", "_second_look"},
    "_module": {
        "_omitted",
        "_similar",
        "_options",
        "_client",
        "_locks",
        "_refusals",
        "_resources",
        "_reading",
        "_apply",
        "_naming",
        "_outcome",
        "_plan",
        "_wish",
        "_model",
    },
    "_connection": {"_omitted", "_options", "_client", "_resources", "_reading", "_wish", "_model"},
    "modules": {
        "_module",
        "_access",
        "_brakes",
        "_comeback",
        "_departed",
        "_disposal",
        "_invitations",
        "_invites",
        "_leavers",
        "_model",
        "_outcome",
        "_plan",
        "_planner",
        "_progress",
        "_record",
        "_residual",
        "_stages",
        "_staging",
        "_unmatched",
        "_who",
        "_wish",
    },
    "lookup": {"_connection", "_wish", "_who"},
    "inventory": {"_connection", "_model", "_options", "_wish", "_who"},
    "filter": {
        "_naming",
        "_omitted",
        "_rules",
        "_sentences",
        "onboarding",
        "report",
        "sync_input",
        "sync_summary",
    },
    "doc_fragments": set(),
}
PURE = {
    "_access",
    "_brakes",
    "_change",
    "_comeback",
    "_demotion",
    "_departed",
    "_disposal",
    "_draft",
    "_errors",
    "_farewell",
    "_handover",
    "_input",
    "_invitations",
    "_leavers",
    "_ledger",
    "_losses",
    "_matching",
    "_model",
    "_naming",
    "_omitted",
    "_outcome",
    "_people",
    "_plan",
    "_planner",
    "_possessions",
    "_ranking",
    "_refusals",
    "_removals",
    "_residual",
    "_rules",
    "_sentences",
    "_shield",
    "_similar",
    "_stages",
    "_staging",
    "_unmatched",
    "_who",
    "_wish",
    "onboarding",
    "report",
    "sync_input",
    "sync_summary",
}
# What a pure file may import from the standard library: nothing that sees the clock, a disk, a network or a thread.
HARMLESS = {
    "__future__",
    "collections",
    "copy",
    "dataclasses",
    # Its clock is not asked, see below.
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


def tree(source: Path) -> ast.Module:
    # The oldest Python that modules run on; a newer grammar is a syntax error here.
    return ast.parse((ROOT / "plugins" / source).read_text("utf-8"), filename=str(source), feature_version=(3, 9))


def layer(source: Path) -> str:
    return source.stem if source.parts[0] in ("module_utils", "plugin_utils") else source.parts[0]


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


def own(name: str) -> str | None:
    """Return the private file of ours that the dotted `name` is in, if any."""
    if not name.startswith(f"{COLLECTION}."):
        return None
    return next((part for part in name.split(".") if part in LAYERS), name)


def test_there_is_something_to_judge() -> None:
    assert SOURCES


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_imports_only_the_layers_below(source: Path) -> None:
    assert layer(source) in LAYERS, "a new layer: say in LAYERS what it may import"
    allowed = LAYERS[layer(source)] | {"_errors"}
    assert {used for used in map(own, imports(source)) if used} <= allowed


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_requests_is_imported_by_the_client_alone(source: Path) -> None:
    web = {name for name in imports(source) if name.split(".")[0] in ("requests", "urllib3", "http", "socket")}
    web |= {name for name in imports(source) if name.startswith(("urllib.request", "ansible.module_utils.urls"))}
    assert not web or layer(source) == "_client"


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_ansible_module_is_known_to_one_file(source: Path) -> None:
    assert layer(source) == "_module" or not {name for name in imports(source) if name.endswith("AnsibleModule")}


@pytest.mark.parametrize("source", [source for source in SOURCES if layer(source) in PURE], ids=str)
def test_pure_files_do_no_io(source: Path) -> None:
    foreign = {name for name in imports(source) if own(name) is None}
    assert {name for name in foreign if name.split(".")[0] not in HARMLESS} == set()


@pytest.mark.parametrize("source", [source for source in SOURCES if layer(source) in PURE], ids=str)
def test_pure_files_ask_no_clock(source: Path) -> None:
    called = {node.func for node in ast.walk(tree(source)) if isinstance(node, ast.Call)}
    asked = {function.attr for function in called if isinstance(function, ast.Attribute)}
    assert not asked & {"now", "utcnow", "today"}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_parses_on_the_oldest_python_with_modern_annotations(source: Path) -> None:
    assert "__future__.annotations" in set(imports(source))
