# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the commands and examples of the README, the guides and the plugins, and compares their output."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.document_checks import NOT_RUN, blocks, follow, everything, is_run, run
from documents.scim import TOKEN, scim
from n8n_server.server import OWNER, Server

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/docsite/rst/*.rst"))]
# tests/slapd runs this guide, because it needs an LDAP directory.
LDAP_GUIDE = ROOT / "docs/docsite/rst/guide_sync_ldap.rst"
# The commands of this guide run the tests themselves. tests/unit/test_contributing.py checks the names in it.
CONTRIBUTING_GUIDE = ROOT / "docs/docsite/rst/guide_contributing.rst"
# tests/real/test_several_servers.py runs this guide, because it needs several servers.
SEVERAL_SERVERS_GUIDE = ROOT / "docs/docsite/rst/guide_several_servers.rst"
CHECKED = [document for document in DOCUMENTS if document not in (LDAP_GUIDE, CONTRIBUTING_GUIDE)]
STORIES = [document for document in CHECKED if document != SEVERAL_SERVERS_GUIDE]
CONNECTING = ROOT / "docs/docsite/rst/guide_connecting.rst"
# The blocks of these documents are examples that do not depend on each other.
ROLE_DOCUMENTS = sorted(ROOT.glob("roles/*/README.md"))
EXAMPLES = sorted(path for kind in ("modules", "filter", "lookup") for path in ROOT.glob(f"plugins/{kind}/*.py"))
INVENTORIES = sorted(ROOT.glob("plugins/inventory/*.py"))


def invite(n8n: Server, *emails: str) -> dict[str, dict[str, Any]]:
    """Invite users and return {email: user}."""
    answers = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    return {answer["user"]["email"]: answer["user"] for answer in answers}


def create_project(n8n: Server, project: str, roles: dict[str, str]) -> None:
    """Create a project whose admin is the owner, with the additional members {email: role}."""
    key = n8n.api("POST", "/projects", {"name": project})["id"]
    relations = [{"userId": n8n.get(f"/users/{email}")["id"], "role": role} for email, role in roles.items()]
    if relations:
        n8n.api("POST", f"/projects/{key}/users", {"relations": relations})


def create_sales_with_two_members(n8n: Server) -> dict[str, dict[str, Any]]:
    """Create Sales with two members: Ada, an active user who owns a workflow, and Grace, a pending user."""
    users = invite(n8n, "ada@example.com", "grace@example.com")
    key = n8n.accept(users["ada@example.com"]["inviteAcceptUrl"], "Ada", "Lovelace").api_key()
    workflow = {"name": "Invoices", "nodes": [], "connections": {}, "settings": {}}
    Server(n8n.url, n8n.version, key).api("POST", "/workflows", workflow)
    create_project(n8n, "Sales", {"ada@example.com": "project:editor", "grace@example.com": "project:viewer"})
    create_project(n8n, "Support", {"ada@example.com": "project:viewer"})
    return users


def create_sales_with_two_active_members(n8n: Server) -> None:
    """Create Sales as above. Grace is an active user, too."""
    users = create_sales_with_two_members(n8n)
    n8n.accept(users["grace@example.com"]["inviteAcceptUrl"], "Grace", "Hopper")


def create_sales_and_nonmember(n8n: Server) -> None:
    """Create a project and a user who is not a member of it."""
    invite(n8n, "ada@example.com")
    create_project(n8n, "Sales", {})


def create_company(n8n: Server) -> None:
    """Create the projects Sales and Support, and active users, of whom only Alan is a member of a project."""
    names = ("ada", "grace", "linus", "dennis", "barbara", "alan", "frances", "margaret.heafield")
    users = invite(n8n, *(f"{name}@example.com" for name in names))
    for name in names:
        n8n.accept(users[f"{name}@example.com"]["inviteAcceptUrl"], name.partition(".")[0].title(), "Example")
    create_project(n8n, "Sales", {})
    create_project(n8n, "Support", {"alan@example.com": "project:viewer"})


# The preparation that documents and examples require. All others start on an empty n8n.
PREPARATION: dict[str, Callable[[Server], object]] = {
    "guide_nightly_run": create_company,
    "guide_offboarding": create_sales_with_two_active_members,
    "guide_who_is_where": create_sales_with_two_members,
    "n8n": create_sales_with_two_members,
    "n8n_access_info": create_sales_with_two_members,
    "n8n_leaver_lines": create_sales_with_two_members,
    "n8n_offboard": create_sales_with_two_members,
    "n8n_plan_lines": create_sales_and_nonmember,
    "n8n_project_info": create_sales_with_two_members,
    "n8n_project_member": create_sales_and_nonmember,
    "n8n_project_members": create_sales_with_two_members,
    "n8n_user_info": create_sales_with_two_members,
    "n8n_user_projects": create_sales_with_two_members,
}


def examples(source: Path) -> str:
    """Return the examples of a plugin."""
    assigned = [node for node in ast.parse(source.read_text("utf-8")).body if isinstance(node, ast.Assign)]
    return str(next(ast.literal_eval(node.value) for node in assigned if ast.unparse(node.targets[0]) == "EXAMPLES"))


def key_with_listed_scopes(n8n: Server, module: str) -> str:
    """Return a key of the owner with the scopes that the guide lists for a module or plugin.

    The examples of filters use n8n_access.
    """
    table = CONNECTING.read_text("utf-8").partition("docsite.guide_scopes:")[2].partition("\nLicenses\n")[0]
    rows = {name: row for row in table.split("\n   * - ``") for name in row.partition("\n")[0].split("``")}
    row = rows.get(module, rows["n8n_access"]).partition("\n\n")[0]
    if "handover scopes" in row:
        row += next(text for text in table.split("\n\n") if text.startswith("Handover scopes:"))
    scopes = set(re.findall(r"``(\w+:\w+)``", row))
    owner = n8n.login(OWNER)
    if "project:manageMembers" not in owner.call("GET", "/api-keys/scopes"):
        scopes = {scope.replace("project:manageMembers", "project:update") for scope in scopes}
    if version(n8n) < (2, 36):
        scopes -= {"role:list", "folder:list"}
    # n8n does not create a key without scopes.
    return owner.api_key(sorted(scopes or {"tag:list"}))


@pytest.fixture(autouse=True)
def scim_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the users of the guide with SCIM. The environment variables contain its URL and token."""
    with scim() as url:
        monkeypatch.setenv("SCIM_URL", url)
        monkeypatch.setenv("SCIM_TOKEN", TOKEN)
        yield


@pytest.mark.parametrize("document", STORIES, ids=lambda path: path.stem)
def test_document_commands_produce_shown_output(document: Path, n8n: Server, tmp_path: Path) -> None:
    PREPARATION.get(document.stem, lambda server: None)(n8n)
    follow(document, n8n, tmp_path)


@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_plugin_examples_run_with_listed_scopes(
    source: Path, n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the examples in check mode, and then with a key that has only the scopes that the guide lists."""
    PREPARATION.get(source.stem, lambda server: None)(n8n)
    play = "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
    (tmp_path / "people.csv").write_text("email,department\nada@example.com,Sales\n", encoding="utf-8")
    (tmp_path / "play.yml").write_text(play + textwrap.indent(examples(source), "    "), encoding="utf-8")
    before = everything(n8n)
    unseen = "may hide data tables of other users" if version(n8n) < (2, 36) else None
    code, output = run("ansible-playbook play.yml --check --diff", tmp_path)
    assert code == 0 or (source.stem == "n8n_offboard" and unseen and unseen in output), output
    assert everything(n8n) == before
    monkeypatch.setenv("N8N_API_KEY", key_with_listed_scopes(n8n, source.stem))
    code, output = run("ansible-playbook play.yml", tmp_path)
    if source.stem in ("n8n_project", "n8n_offboard") and unseen:
        # The last examples delete, and this server does not show enough for a deletion.
        assert code == 2 and unseen in output, output
    else:
        assert code == 0, output


@pytest.mark.parametrize("source", INVENTORIES, ids=lambda path: path.stem)
def test_inventory_examples_run_with_listed_scopes(
    source: Path, n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run both examples with a key that has only the listed scopes.

    The second example is a comment in the documentation, because a file contains one inventory.
    """
    PREPARATION.get(source.stem, lambda server: None)(n8n)
    key = key_with_listed_scopes(n8n, source.stem)
    monkeypatch.setenv("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true")
    first, _line, second = examples(source).partition("# ---\n")
    for number, text in enumerate(
        (first, re.sub("^# ?", "", second, flags=re.MULTILINE).replace("https://n8n.example.com", n8n.url))
    ):
        name = f"{number}.{source.stem}.yml"
        (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setenv("N8N_API_KEY", key)
        code, output = run(f"ansible-inventory -i {name} --list", tmp_path)
        assert code == 0 and "ada@example.com" in output, output


def test_each_excluded_command_pattern_is_needed() -> None:
    """Each pattern of NOT_RUN matches a command, and the tests run more than 10 other commands."""
    commands = [command for document in DOCUMENTS for block in blocks(document) for command, _shown in block.commands]
    assert [pattern for pattern in NOT_RUN if not any(re.fullmatch(pattern, command) for command in commands)] == []
    assert len([command for command in commands if is_run(command)]) > 10


@pytest.mark.parametrize("document", [*CHECKED, *ROLE_DOCUMENTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_yaml_blocks_parse_and_playbooks_pass_syntax_check(document: Path, tmp_path: Path) -> None:
    plays = []
    for number, block in enumerate(blocks(document)):
        if not block.language.startswith("yaml"):
            continue
        content = yaml.safe_load(block.text)
        assert content, block.text
        if isinstance(content, list) and "hosts" in content[0]:
            plays.append(f"{number}.yml")
            (tmp_path / plays[-1]).write_text(block.text, encoding="utf-8")
    if plays:
        code, output = run(f"ansible-playbook --syntax-check {' '.join(plays)}", tmp_path)
        assert code == 0, output


def test_readme_names_all_plugins_roles_and_guides() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    plugins = {path.stem for path in EXAMPLES} | {f"`{path.stem}`" for path in INVENTORIES}
    roles = {path.parent.name for path in ROLE_DOCUMENTS}
    guides = {f"docs/docsite/rst/{path.name}" for path in DOCUMENTS[1:]}
    assert {name for name in plugins | roles | guides if name not in readme} == set()


@pytest.mark.parametrize(
    "document",
    [DOCUMENTS[0], ROOT / "CONTRIBUTING.md", *ROLE_DOCUMENTS],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_link_targets_exist(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_errors_in_guide_table_exist_in_collection() -> None:
    """Each error in the first cells of the table is part of a message in the plugins. `...` stands for a value."""
    table = CONNECTING.read_text("utf-8").partition("docsite.guide_errors:")[2]
    cells = re.findall(r"^ +\* - (.+)$", table, re.MULTILINE)
    documented_errors = [error for cell in cells for error in re.findall(r"``(.+?)``", cell)]
    messages = [text for path in ROOT.glob("plugins/*_utils/**/*.py") for text in strings_in(path)]
    assert len(documented_errors) > 10
    assert [error for error in documented_errors if not any(error in message for message in messages)] == []


def strings_in(source: Path) -> Iterator[str]:
    """Yield every string in a Python file, with `...` in place of each inserted value."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def version(n8n: Server) -> tuple[int, ...]:
    return tuple(int(part) for part in n8n.version.split("."))
