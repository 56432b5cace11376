# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the plugins: their layers in pyproject.toml, their purposes, and the imports between them."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The purpose of each package. The guide for contributors has the same sentences.
PURPOSES = {
    "action": "Run each module in Ansible's own process, or send it to a host.",
    "modules": "Define the options and results of each module, and run it.",
    "lookup": "Return members of projects and projects of users to templates.",
    "inventory": "Make users hosts, in groups by project and role.",
    "filter": "Convert data in playbooks and roles: rules, plans, reports, and paths.",
    "plugin_utils": "Decide where a module runs, and connect lookups and the inventory to the client.",
    "module_utils._module": "Define what a module consists of, and run a task: its options in, its result or error out.",
    "module_utils._ansible_module": "Connect modules in a process of their own to AnsibleModule.",
    "module_utils._recording": "Open the record of leavers of a task, and update it after the changes.",
    "module_utils._executor": "Carry out a plan, check again before each write, and track each change.",
    "module_utils._leaving": "Plan the removal of leavers: demotion, grace period, record, and restore.",
    "module_utils._storage": "Read and write files: locks, records, and invitation links.",
    "module_utils._planning": "Compare the desired state with the present state, and produce changes.",
    "module_utils._server": "Send HTTP requests to n8n, read complete lists, and keep data between the items of a loop.",
    "module_utils._ansible_roles": "Compute the input, the policy, and the summaries of the roles.",
    "module_utils._rules": "Read people, rules, and exceptions, and compute the access of each person.",
    "module_utils._desired": "Check lists and options, and describe the desired state.",
    "module_utils._changes": "Describe a plan: its changes, their order, sentences, and outcome.",
    "module_utils._state": "Model the present state: users, projects, members, roles, and their items.",
    "module_utils._text": "Format names in messages.",
    "module_utils._errors": "Define the errors that fail a task.",
}


class DiagramError(Exception):
    """Raised if the diagram cannot be drawn. The message says what to do."""


@dataclass(frozen=True)
class Package:
    """A package or a file of the plugins, with its dotted name below `plugins`."""

    name: str
    is_file: bool = False

    @property
    def path(self) -> str:
        """The path below `plugins`."""
        return self.name.replace(".", "/") + (".py" if self.is_file else "")

    @property
    def purpose(self) -> str:
        """The purpose of the package in one sentence."""
        if self.name not in PURPOSES:
            raise DiagramError(
                f"{self.name} has no purpose. Add a sentence to tests/diagram/packages.py and the guide."
            )
        return PURPOSES[self.name]


@dataclass(frozen=True)
class Packages:
    """All packages by layer, from the top, and the numbers of imports between them."""

    layers: tuple[tuple[Package, ...], ...]
    imports: Mapping[tuple[str, str], int]
    # The names of the other contracts.
    rules: tuple[str, ...] = ()

    @property
    def all(self) -> list[Package]:
        """All packages in the order of the layers."""
        return [package for layer in self.layers for package in layer]


def packages_of(collection: Path) -> Packages:
    """Return the packages of a collection that Python can import and whose contracts are in its pyproject.toml."""
    import grimp

    linter = tomllib.loads((collection / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    root = str(linter["root_package"])
    graph = grimp.build_graph(root, cache_dir=None)
    layers = layers_of(linter["contracts"])
    return Packages(
        layers=tuple(
            tuple(Package(name, is_file=not graph.find_children(f"{root}.{name}")) for name in layer)
            for layer in layers
        ),
        imports=count_imports(
            [name for layer in layers for name in layer],
            (
                (importer.removeprefix(f"{root}."), imported.removeprefix(f"{root}."))
                for importer in graph.modules
                for imported in graph.find_modules_directly_imported_by(importer)
            ),
        ),
        rules=tuple(str(contract["name"]) for contract in linter["contracts"] if contract["type"] != "layers"),
    )


def layers_of(contracts: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return the names of the packages in each layer of the contract of the type layers."""
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[name.strip() for name in layer.split("|")] for layer in layers]


def count_imports(names: Sequence[str], imports: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the number of imports from one package to another by the names of both packages."""

    def package_of(module: str) -> str:
        for name in names:
            if module == name or module.startswith(f"{name}."):
                return name
        raise DiagramError(f"{module} is in no layer. Add its package to the layers in pyproject.toml.")

    pairs = ((package_of(importer), package_of(imported)) for importer, imported in imports)
    return dict(sorted(Counter(pair for pair in pairs if pair[0] != pair[1]).items()))
