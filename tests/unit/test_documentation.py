# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of all modules uses the same descriptions for shared keys, and matches the options in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.lifecycle.n8n.plugins.doc_fragments import connection, handover
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HANDOVER_OPTIONS
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import CONNECTION_OPTIONS

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
PLUGINS = sorted(path for kind in ("lookup", "inventory") for path in ROOT.glob(f"plugins/{kind}/*.py"))

# Returned keys that have the same meaning in all modules, with all their fields.
SHARED = {
    "conflicts",
    "copied",
    "deleted",
    "digest",
    "done",
    "errors",
    "impossible",
    "is_pending",
    "first_name",
    "last_name",
    "lost_shares",
    "not_tried",
    "plan",
    "reason",
    "record_changes",
    "requests",
    "residual_access",
    "server",
    "summary",
    "transferred",
}
# Returned keys that have the same name and different meanings in several modules.
DIFFERENT = {
    "action",
    "id",
    "name",
    "type",
    "role",
    "email",
    "user",
    "users",
    "project",
    "projects",
    "memberships",
    "members",
}
# Keys and fields whose descriptions differ between modules after the first sentence, because their values differ.
VALUES = {"plan.action", "reason", "not_tried", "digest"}
# The values of `reason`, in the order in which the modules document them.
REASONS = [
    "unreachable",
    "invalid",
    "refused",
    "incomplete_reading",
    "not_approved",
    "incomplete",
    "unanswered",
    "conflict",
    "locked",
    "failed",
]


def block(source: Path, name: str) -> dict[str, Any]:
    """Return a documentation block of a plugin without its fragments."""
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            if [target.id for target in node.targets if isinstance(target, ast.Name)] == [name]:
                return dict(yaml.safe_load(str(node.value.value)))
    raise AssertionError(f"{source} has no {name}")


def documented_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each returned key with its documentation. The name of a field of a shared key includes the key."""
    for key, value in values.items():
        yield key, value
        for field, documentation in documented_keys(value.get("contains", {})):
            yield f"{key}.{field}" if key in SHARED else field, documentation


def sentences(value: Mapping[str, Any]) -> list[str]:
    description = value["description"]
    return [description] if isinstance(description, str) else list(description)


def documented_return_values() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the documentation of returned values, by key and module."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for module in MODULES:
        for key, value in documented_keys(block(ROOT / f"plugins/modules/{module}.py", "RETURN")):
            found.setdefault(key, {})[module] = value
    return found


RETURNED = documented_return_values()
SEVERAL = sorted(key for key, modules in RETURNED.items() if len(modules) > 1)


def test_keys_of_several_modules_are_classified() -> None:
    assert {key for key in SEVERAL if "." not in key} == {*SHARED, *DIFFERENT} & set(SEVERAL)
    assert SHARED <= set(SEVERAL)


@pytest.mark.parametrize("key", [key for key in SEVERAL if key.partition(".")[0] in SHARED])
def test_shared_keys_have_equal_descriptions(key: str) -> None:
    first, *others = RETURNED[key].values()
    for other in others:
        assert (other["type"], other.get("elements")) == (first["type"], first.get("elements"))
        if key in VALUES:
            assert sentences(other)[0] == sentences(first)[0]
        else:
            assert sentences(other) == sentences(first)


@pytest.mark.parametrize("key", ["plan", "errors", "not_tried", "done", "digest", "summary", "conflicts", "server"])
def test_shared_keys_are_returned_in_same_cases(key: str) -> None:
    assert len({value["returned"] for value in RETURNED[key].values()}) == 1


def test_reasons_have_same_meaning_in_all_modules() -> None:
    meanings: dict[str, str] = {}
    for module, value in RETURNED["reason"].items():
        found = [re.match(r"V\((\w+)\) ", sentence) for sentence in sentences(value)[1:]]
        names = [match[1] for match in found if match]
        assert len(names) == len(found) and names == [reason for reason in REASONS if reason in names], module
        for name, sentence in zip(names, sentences(value)[1:]):
            assert meanings.setdefault(name, sentence) == sentence
    assert sorted(meanings) == sorted(REASONS)


def test_connection_fragment_matches_connection_options() -> None:
    documented = yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)["options"]
    assert list(documented) == list(CONNECTION_OPTIONS)
    for name, row in CONNECTION_OPTIONS.items():
        documentation = {key: value for key, value in documented[name].items() if key != "description"}
        assert documentation == {key: row[key] for key in ("type", "default") if key in row}
        text = " ".join(documented[name]["description"])
        # The first set variable takes precedence, and the text names the variables in this order.
        assert tuple(re.findall(r"E\((\w+)\)", text)) == row.get("env", ())
        assert f"If this option is not set, the variable C(n8n_{name}) is used" in text


def test_plugins_read_same_variables_as_modules() -> None:
    added = yaml.safe_load(connection.ModuleDocFragment.PLUGINS)["options"]
    assert list(added) == list(CONNECTION_OPTIONS)
    for name, keys in added.items():
        # In the documentation of plugins, the last set variable takes precedence.
        variables = [entry["name"] for entry in reversed(keys.pop("env", []))]
        assert variables == list(CONNECTION_OPTIONS[name].get("env", ()))
        assert keys == {"vars": [{"name": f"n8n_{name}"}]}


@pytest.mark.parametrize("source", PLUGINS, ids=lambda source: str(source.relative_to(ROOT)))
def test_plugins_extend_both_connection_fragments(source: Path) -> None:
    fragments = block(source, "DOCUMENTATION")["extends_documentation_fragment"]
    assert {"lifecycle.n8n.connection", "lifecycle.n8n.connection.plugins"} <= set(fragments)


def test_handover_fragment_matches_handover_options() -> None:
    documented = yaml.safe_load(handover.ModuleDocFragment.DOCUMENTATION)["options"]
    assert {
        name: {key: value for key, value in documentation.items() if key != "description"}
        for name, documentation in documented.items()
    } == HANDOVER_OPTIONS


@pytest.mark.parametrize("name", MODULES)
def test_modules_take_handover_options_from_the_shared_table(name: str) -> None:
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}")
    spec: Mapping[str, Any] = getattr(module, "ARGUMENT_SPEC", {})
    fragments = block(ROOT / f"plugins/modules/{name}.py", "DOCUMENTATION").get("extends_documentation_fragment", [])
    present = {option: spec[option] for option in HANDOVER_OPTIONS if option in spec}
    shared = {option: HANDOVER_OPTIONS[option] for option in present}
    assert present == (HANDOVER_OPTIONS if "lifecycle.n8n.handover" in fragments else shared)
