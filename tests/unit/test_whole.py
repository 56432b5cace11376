# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is half there: every plugin and role is documented, tested, listed where it must be, and shipped alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
KINDS = ("lookup", "inventory", "filter")
PLUGINS = sorted(path.relative_to(ROOT) for kind in KINDS for path in ROOT.glob(f"plugins/{kind}/*.py"))
ROLES = sorted(path.name for path in ROOT.glob("roles/*") if path.is_dir())
SHIPPED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "changelogs",
    "docs",
    "galaxy.yml",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def constants(source: Path) -> dict[str, str]:
    """Return the module-level strings of a Python file, by name."""
    return {
        target.id: node.value.value
        for node in ast.parse((ROOT / source).read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def documentation(source: Path) -> dict[str, Any]:
    """Return what documents a plugin: its own strings, or for a filter the YAML file beside it."""
    beside = (ROOT / source).with_suffix(".yml")
    if beside.is_file():
        return dict(yaml.safe_load(beside.read_text("utf-8")))
    return {name: yaml.safe_load(text) for name, text in constants(source).items() if name.isupper()}


def test_the_action_group_lists_exactly_the_modules() -> None:
    assert load("meta/runtime.yml")["action_groups"]["n8n"] == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_module_is_documented(name: str) -> None:
    found = documentation(Path("plugins/modules", f"{name}.py"))
    assert found["DOCUMENTATION"]["module"] == name
    assert found["EXAMPLES"] and found["RETURN"]


@pytest.mark.parametrize("source", PLUGINS, ids=str)
def test_plugin_is_documented(source: Path) -> None:
    found = documentation(source)
    assert found["DOCUMENTATION"]["name"].split(".")[-1] == source.stem
    assert found["EXAMPLES"]


@pytest.mark.parametrize("name", [*MODULES, *(source.stem for source in PLUGINS)])
def test_has_an_integration_target(name: str) -> None:
    targets = {path.name for path in ROOT.glob("tests/integration/targets/*")}
    # A lookup, filter or inventory may share its name with a module; its target says which it is.
    assert targets & {name, *(f"{kind}_{name}" for kind in KINDS)}


@pytest.mark.parametrize("name", ROLES)
def test_role_is_documented_and_tested(name: str) -> None:
    wanted = {f"roles/{name}/README.md", f"roles/{name}/meta/argument_specs.yml", f"playbooks/{name}.yml"}
    assert {path for path in wanted if not (ROOT / path).is_file()} == set()
    assert list(ROOT.glob(f"extensions/molecule/{name}*/molecule.yml"))


# How tasks give a variable of a role to a module: as it is, or not at all where it is not given or empty.
EMPTY = " | default('')"
FULL_PATH = f"{EMPTY} | lifecycle.n8n.n8n_full_path(playbook_dir)"
WAYS = (
    "{name}",
    "{name} | default(omit, true)",
    f"{{name}}{FULL_PATH} | default(omit, true)",
    "omit if {name} in ['', none] else {name}",
    f"omit if {{name}}{EMPTY} in ['', none] else {{name}}",
    "omit if offboard_action != 'staged' or {name} in ['', none] else {name}",
    "{name} | default(omit, true) if offboard_action == 'staged' else omit",
)
# Numbers may be empty texts, which the types of Ansible for numbers refuse.
NUMBERS = ("int", "float")


def passed_on(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield the module, its option and the role's variable wherever a role gives a variable to a module as it is."""
    for task in load(f"roles/{name}/tasks/main.yml"):
        for step in (task, *task.get("block", ())):
            for module in MODULES:
                for option, value in (step.get(f"lifecycle.n8n.{module}") or {}).items():
                    for variable in set(re.findall(rf"\b{name}_\w+", str(value))):
                        if str(value) in [f"{{{{ {way.format(name=variable)} }}}}" for way in WAYS]:
                            yield module, option, variable


@pytest.mark.parametrize("name", ROLES)
def test_a_role_takes_what_the_module_takes(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    told = [(module, option, variables[name]) for module, option, name in passed_on(name) if name in variables]
    assert told or name == "report"
    for module, option, variable in told:
        taken = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module}").ARGUMENT_SPEC[option]
        assert (option, variable["type"]) == (option, "raw" if taken["type"] in NUMBERS else taken["type"])


# Variables without choices in which a role finds "" and null itself.
RESOLVED = {
    "offboard_state_path",
    "report_date",
    "report_path",
    "sync_approve",
    "sync_email_attribute",
    "sync_ignored_users",
    "sync_plan_path",
    "sync_role_order",
}


@pytest.mark.parametrize("name", ROLES)
def test_an_empty_answer_of_a_survey_is_not_given(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    fragile = {
        variable
        for variable, spec in variables.items()
        if spec["type"] in ("str", "path", "raw", "list") and "choices" not in spec
    }
    # ansible-core 2.16 refuses null where there is a default, unless the type is raw.
    assert {
        variable for variable in fragile if "default" in variables[variable] and variables[variable]["type"] != "raw"
    } == set()
    # These have to be given, and an empty one is an error or names no users.
    fragile -= {f"{name}_users", "sync_people", "sync_rules"}
    texts = [
        path.read_text("utf-8") for folder in ("tasks", "vars") for path in (ROOT / "roles" / name).glob(f"{folder}/*")
    ]
    handled = {
        variable
        for variable in fragile
        for way in WAYS[1:]
        if any(f'"{{{{ {way.format(name=variable)} }}}}"' in text for text in texts)
    }
    assert fragile - RESOLVED == handled


@pytest.mark.parametrize("name", ROLES)
def test_every_path_of_a_role_becomes_a_full_path(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    lines = [
        line
        for folder in ("tasks", "vars")
        for path in (ROOT / "roles" / name).glob(f"{folder}/*")
        for line in path.read_text("utf-8").splitlines()
        if "{{" in line
    ]
    for variable in (variable for variable, spec in variables.items() if spec["type"] == "path"):
        uses = [line for line in lines if re.search(rf"(?<!_){variable}\b", line)]
        assert uses and all("| lifecycle.n8n.n8n_full_path(playbook_dir)" in line for line in uses), variable


@pytest.mark.parametrize("name", ["onboard", "offboard", "sync"])
def test_messages_of_a_role_name_its_own_variables(name: str) -> None:
    own = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    names = load(f"roles/{name}/vars/main.yml")[f"__{name}_option_names"]
    others = {"action": "offboard_action"} if name == "onboard" else {}
    assert {option: variable for option, variable in names.items() if variable not in own} == others
    # Whatever the role gives to a module by a variable has the name of that variable.
    for _module, option, variable in passed_on(name):
        if variable in own and (name, option) != ("sync", "users"):
            assert names[option] == variable


@pytest.mark.parametrize("name", ROLES)
def test_a_truth_value_is_never_taken_as_the_text_that_it_may_be(name: str) -> None:
    # With -e it is "false", "no" or "0", and each of these texts is true in a template: a module or `bool` knows better.
    options = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    files = [path for folder in ("tasks", "vars", "templates") for path in (ROOT / "roles" / name).glob(f"{folder}/*")]
    for option in (option for option, spec in options.items() if spec["type"] == "bool"):
        uses = [line for path in files for line in path.read_text("utf-8").splitlines() if f"{option} " in line]
        assert uses and [line for line in uses if not re.search(rf"{{{{ {option} }}}}|{option} \| bool\b", line)] == []


def test_the_tarball_leaves_out_what_users_do_not_need() -> None:
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    present |= {".build", ".ci", ".coverage", ".venv", "demo", "extensions", "tests", "lifecycle-n8n-0.1.0.tar.gz"}
    ignored = load("galaxy.yml")["build_ignore"]
    assert {name for name in present if not any(fnmatch(name, pattern) for pattern in ignored)} <= SHIPPED
