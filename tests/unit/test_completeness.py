# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every plugin and role has documentation, tests and list entries, and the tarball contains no other files."""

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
# The modules that connect to n8n. They are in the action group, and they run in Ansible's own process.
CONNECTING = [
    name
    for name in MODULES
    if "  - lifecycle.n8n.connection\n" in (ROOT / f"plugins/modules/{name}.py").read_text("utf-8")
]
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
    """Return the documentation of a plugin: its module-level strings, or the YAML file of a filter."""
    sidecar = (ROOT / source).with_suffix(".yml")
    if sidecar.is_file():
        return dict(yaml.safe_load(sidecar.read_text("utf-8")))
    return {name: yaml.safe_load(text) for name, text in constants(source).items() if name.isupper()}


def test_action_group_lists_all_modules_that_connect() -> None:
    assert load("meta/runtime.yml")["action_groups"]["n8n"] == CONNECTING
    assert set(MODULES) - set(CONNECTING) == {"n8n_evidence"}


def test_each_module_that_connects_has_action_plugin_and_there_is_no_other() -> None:
    assert sorted(path.name for path in ROOT.glob("plugins/action/*.*")) == [f"{name}.py" for name in CONNECTING]


@pytest.mark.parametrize("name", CONNECTING)
def test_action_plugin_runs_the_module_of_its_name(name: str) -> None:
    plugins = "ansible_collections.lifecycle.n8n.plugins"
    action, module = (import_module(f"{plugins}.{kind}.{name}") for kind in ("action", "modules"))
    assert action.ActionModule.definition is module.MODULE
    # All action plugins have the same code, so none of them has code of its own.
    (own_class,) = (node for node in ast.parse(Path(action.__file__).read_text("utf-8")).body if is_code(node))
    assert isinstance(own_class, ast.ClassDef) and len([node for node in own_class.body if is_code(node)]) == 1


def is_code(node: ast.stmt) -> bool:
    """Return whether a statement is neither an import nor a docstring."""
    return not isinstance(node, (ast.ImportFrom, ast.Expr))


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
def test_module_or_plugin_has_integration_target(name: str) -> None:
    targets = {path.name for path in ROOT.glob("tests/integration/targets/*")}
    # A plugin can have the name of a module, so the name of its target can start with its type.
    assert targets & {name, *(f"{kind}_{name}" for kind in KINDS)}


@pytest.mark.parametrize("name", ROLES)
def test_role_is_documented_and_tested(name: str) -> None:
    required_files = {f"roles/{name}/README.md", f"roles/{name}/meta/argument_specs.yml", f"playbooks/{name}.yml"}
    assert {path for path in required_files if not (ROOT / path).is_file()} == set()
    assert list(ROOT.glob(f"extensions/molecule/{name}*/molecule.yml"))


# Templates that pass a role variable to a module unchanged, or omit it if it is undefined or empty.
EMPTY = " | default('')"
FULL_PATH = f"{EMPTY} | lifecycle.n8n.n8n_full_path(playbook_dir)"
TEMPLATES = (
    "{name}",
    "{name} | default(omit, true)",
    f"{{name}}{FULL_PATH} | default(omit, true)",
    "omit if {name} in ['', none] else {name}",
    f"omit if {{name}}{EMPTY} in ['', none] else {{name}}",
    "omit if offboard_action != 'staged' or {name} in ['', none] else {name}",
    "{name} | default(omit, true) if offboard_action == 'staged' else omit",
)
# Variables for numbers can be empty strings, which the number types of Ansible refuse.
NUMBERS = ("int", "float")


def passed_variables(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield the module, the option and the role variable for each variable that a role passes unchanged to a module."""
    for task in load(f"roles/{name}/tasks/main.yml"):
        for step in (task, *task.get("block", ())):
            for module in MODULES:
                for option, value in (step.get(f"lifecycle.n8n.{module}") or {}).items():
                    for variable in set(re.findall(rf"\b{name}_\w+", str(value))):
                        if str(value) in [f"{{{{ {template.format(name=variable)} }}}}" for template in TEMPLATES]:
                            yield module, option, variable


@pytest.mark.parametrize("name", ROLES)
def test_role_variable_has_type_of_module_option(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    passed = [(module, option, variables[name]) for module, option, name in passed_variables(name) if name in variables]
    assert passed or name == "report"
    for module, option, variable in passed:
        option_spec = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{module}").ARGUMENT_SPEC[option]
        assert (option, variable["type"]) == (option, "raw" if option_spec["type"] in NUMBERS else option_spec["type"])


# Variables without choices for which the role itself handles "" and null.
RESOLVED = {
    *(f"{role}_{name}" for role in ("offboard", "onboard", "sync") for name in ("approved_plan", "evidence_path")),
    "offboard_approve",
    "offboard_plan_path",
    "onboard_approve",
    "onboard_plan_path",
    "offboard_state_path",
    "onboard_state_path",
    "report_date",
    "report_path",
    "sync_approve",
    "sync_exceptions",
    "sync_leaver_match",
    "sync_people_path",
    "sync_previous_emails_attribute",
    "sync_state_path",
    "sync_email_attribute",
    "sync_ignored_users",
    "sync_plan_path",
    "sync_role_order",
}


@pytest.mark.parametrize("name", ROLES)
def test_empty_survey_answer_is_omitted(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    nullable = {
        variable
        for variable, spec in variables.items()
        if spec["type"] in ("str", "path", "raw", "list") and "choices" not in spec
    }
    # ansible-core 2.16 refuses null for a variable with a default, unless the type is raw.
    assert {
        variable for variable in nullable if "default" in variables[variable] and variables[variable]["type"] != "raw"
    } == set()
    # These variables are required. An empty value is an error or lists no users.
    nullable -= {f"{name}_users", "sync_people", "sync_rules"}
    texts = [
        path.read_text("utf-8") for folder in ("tasks", "vars") for path in (ROOT / "roles" / name).glob(f"{folder}/*")
    ]
    handled = {
        variable
        for variable in nullable
        for template in TEMPLATES[1:]
        if any(f'"{{{{ {template.format(name=variable)} }}}}"' in text for text in texts)
    }
    assert nullable - RESOLVED == handled


@pytest.mark.parametrize("name", ROLES)
def test_every_path_variable_is_converted_to_full_path(name: str) -> None:
    variables = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    lines = [
        line
        for folder in ("tasks", "vars")
        for path in (ROOT / "roles" / name).glob(f"{folder}/*")
        for line in path.read_text("utf-8").splitlines()
        if "{{" in line
    ]
    for variable in (variable for variable, spec in variables.items() if spec["type"] == "path"):
        # The names of files in messages are not uses.
        uses = [line for line in lines if re.search(rf"(?<!_){variable}\b(?!:)", line)]
        assert uses and all("| lifecycle.n8n.n8n_full_path(playbook_dir)" in line for line in uses), variable


@pytest.mark.parametrize("name", ["onboard", "offboard", "sync"])
def test_option_names_of_role_are_its_variables(name: str) -> None:
    own = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    names = load(f"roles/{name}/vars/main.yml")[f"__{name}_option_names"]
    # These options belong to other roles, which messages name.
    others = {
        "onboard": {"action": "offboard_action"},
        "sync": {"restore": "the role onboard with onboard_restore"},
    }
    assert {option: variable for option, variable in names.items() if variable not in own} == others.get(name, {})
    # Each option that gets a role variable has the name of this variable in messages.
    for _module, option, variable in passed_variables(name):
        if variable in own and (name, option) != ("sync", "users"):
            assert names[option] == variable


@pytest.mark.parametrize("name", ROLES)
def test_boolean_variables_are_converted_in_templates(name: str) -> None:
    # With -e, the value can be "false", "no" or "0". A template without `bool` treats these strings as true.
    options = load(f"roles/{name}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    files = [path for folder in ("tasks", "vars", "templates") for path in (ROOT / "roles" / name).glob(f"{folder}/*")]
    for option in (option for option, spec in options.items() if spec["type"] == "bool"):
        uses = [
            line
            for path in files
            for line in path.read_text("utf-8").splitlines()
            if re.search(rf"(?<!_){option} ", line)
        ]
        assert uses and [line for line in uses if not re.search(rf"{{{{ {option} }}}}|{option} \| bool\b", line)] == []


def test_tarball_contains_only_shipped_files() -> None:
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    present |= {".build", ".ci", ".coverage", ".venv", "demo", "extensions", "tests", "lifecycle-n8n-0.1.0.tar.gz"}
    ignored = load("galaxy.yml")["build_ignore"]
    assert {name for name in present if not any(fnmatch(name, pattern) for pattern in ignored)} <= SHIPPED
