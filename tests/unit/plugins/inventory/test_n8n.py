# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: hosts, groups and variables, several servers, and the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display

from ansible_collections.lifecycle.n8n.plugins.inventory import n8n as plugin
from ansible_collections.lifecycle.n8n.tests.unit.controller import KEY, TEMPLATE, company, configure, member, user
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    page,
    error_response,
)

Read = Callable[..., InventoryData]
BROKEN = ("compose:", "  broken: nobody_knows_me + 1")
ONCE = {"GET /users": 2, "GET /projects": 2, **{f"GET /projects/p{number}/users": 1 for number in range(1, 5)}}


@pytest.fixture
def n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve a company whose URL and API key are in the environment variables."""
    with company() as server:
        monkeypatch.setenv("N8N_URL", server.url)
        monkeypatch.setenv("N8N_API_KEY", KEY)
        monkeypatch.setenv("NO_PROXY", "*")
        yield server


@pytest.fixture
def read(n8n: ScriptedServer, tmp_path: Path) -> Read:
    """Return a function that parses a file with these lines into a new or an existing inventory."""

    def parse(*lines: str, cache: bool = True, into: InventoryData | None = None) -> InventoryData:
        file = tmp_path / "people.n8n.yml"
        file.write_text("\n".join(["plugin: lifecycle.n8n.n8n", *lines]), encoding="utf-8")
        module, inventory = plugin.InventoryModule(), into or InventoryData()
        configure(module, "inventory", plugin)
        # The plugin loader of Ansible sets this attribute.
        module._redirected_names = []
        module.parse(inventory, DataLoader(), str(file), cache=cache)
        if module.get_option("cache"):
            module.update_cache_if_changed()
        return inventory

    return parse


def groups(inventory: InventoryData) -> dict[str, list[str]]:
    return {
        name: sorted(host.name for host in group.hosts)
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


def test_repeated_user_is_one_host(n8n: ScriptedServer, read: Read) -> None:
    inventory = read()
    assert sorted(inventory.hosts) == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert Counter(n8n.request_lines) == ONCE
    template_group = "project____1___1_______raw___"
    assert groups(inventory) == {
        "role_global_member": ["ada@example.com", "bob@example.com", "eve@example.com"],
        "pending": ["eve@example.com"],
        "project_Sales": ["ada@example.com", "bob@example.com"],
        "project_Sales_admin": ["ada@example.com"],
        "project_Sales_viewer": ["bob@example.com"],
        "project_Twin_p2": ["eve@example.com"],
        "project_Twin_p2_editor": ["eve@example.com"],
        "project_Twin_p3": [],
        template_group: ["ada@example.com"],
        f"{template_group}_viewer": ["ada@example.com"],
    }


def test_host_variables_have_values_of_n8n(read: Read) -> None:
    variables = (
        read("compose:", "  names: n8n_projects | map(attribute='name') | join(', ')").hosts["ada@example.com"].vars
    )
    assert {name: value for name, value in variables.items() if name.startswith("n8n_")} == {
        "n8n_id": "u-ada",
        "n8n_role": "global:member",
        "n8n_is_pending": False,
        "n8n_projects": [
            {"id": "p1", "name": "Sales", "role": "project:admin"},
            {"id": "p4", "name": TEMPLATE, "role": "project:viewer"},
        ],
    }
    assert variables["names"] == f"Sales, {TEMPLATE}"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the warnings of the plugin, except those about projects with the same name."""
    messages: list[str] = []

    def warning(_display: object, text: str) -> None:
        if "would share a group" not in text:
            messages.append(text)

    monkeypatch.setattr(Display, "warning", warning)
    return messages


@pytest.fixture
def cached(tmp_path: Path) -> list[str]:
    """Return the lines that turn on the cache, so that a server is read once."""
    return ["cache: true", "cache_plugin: jsonfile", f"cache_connection: {tmp_path / 'cache'}"]


ADA = {
    "id": "u-ada",
    "role": "global:member",
    "is_pending": False,
    "projects": [
        {"id": "p1", "name": "Sales", "role": "project:admin"},
        {"id": "p4", "name": TEMPLATE, "role": "project:viewer"},
    ],
}


def test_servers_with_server_name_have_separate_groups_and_variables(read: Read, warnings: list[str]) -> None:
    with company() as other:
        # On the other server, Ada is not a member of any project. Zoe is a user of that server only.
        other.on("GET /users", page({**user("ada"), "role": "global:admin"}, {**user("zoe"), "isPending": True}))
        personal_projects = [
            {"id": f"h-{n}", "name": n, "type": "personal", "creatorId": f"u-{n}"} for n in ("ada", "zoe")
        ]
        other.on("GET /projects", page({"id": "p1", "name": "Sales", "type": "team"}, *personal_projects))
        other.on("GET /projects/p1/users", page(member("zoe", "editor")))
        options = (
            "strict: true",
            "compose:",
            "  count_{}: n8n_projects | length",
            "keyed_groups:",
            "  - key: n8n_role",
        )
        inventory = read("server_name: emea", *(line.format("emea") for line in options))
        read("server_name: apac", f"url: {other.url}", *(line.format("apac") for line in options), into=inventory)
    ada = {"id": "u-ada", "role": "global:admin", "is_pending": False, "projects": []}
    variables = inventory.hosts["ada@example.com"].vars
    assert variables["n8n_by_server"] == {"emea": ADA, "apac": ada}
    # ansible-core before 2.17 returns the result of a template as text here.
    assert (int(variables["count_emea"]), int(variables["count_apac"])) == (2, 0)
    assert not {"n8n_id", "n8n_role", "n8n_is_pending", "n8n_projects"} & variables.keys()
    assert list(inventory.hosts["zoe@example.com"].vars["n8n_by_server"]) == ["apac"]
    found = groups(inventory)
    assert found["emea_project_Sales"] == ["ada@example.com", "bob@example.com"]
    assert found["apac_project_Sales"] == found["apac_project_Sales_editor"] == found["apac_pending"]
    assert found["apac_pending"] == ["zoe@example.com"] and found["emea_pending"] == ["eve@example.com"]
    assert found["emea_project_Twin_p2"] == ["eve@example.com"]
    assert found["apac_role_global_admin"] == ["ada@example.com"]
    # Group names that the file sets have no prefix.
    assert found["_global_admin"] == ["ada@example.com"]
    unprefixed = {name for name in found if not name.startswith(("_", "emea_", "apac_"))}
    assert unprefixed == set() and warnings == []


def test_servers_without_server_name_cause_one_warning(
    n8n: ScriptedServer, read: Read, warnings: list[str], cached: list[str]
) -> None:
    inventory = read(*cached)
    read(*cached, into=inventory)
    assert warnings == []
    with company() as other:
        for _time in range(2):
            read(f"url: {other.url}", *cached, into=inventory)
        (warning,) = warnings
        assert f"{n8n.url} and {other.url} have no server_name" in warning and "Set server_name in each file" in warning
        # A server with server_name does not cause the warning.
        read("server_name: emea", *cached, into=inventory)
        assert len(warnings) == 1 and "emea" in inventory.hosts["ada@example.com"].vars["n8n_by_server"]
        assert read(f"url: {other.url}", *cached).hosts and len(warnings) == 1


def test_server_name_of_two_servers_is_refused(n8n: ScriptedServer, read: Read, cached: list[str]) -> None:
    inventory = read("server_name: emea", *cached)
    read("server_name: emea", *cached, into=inventory)
    with company() as other:
        words = f'server_name "emea" is set for two servers, {n8n.url} and {other.url}'
        with pytest.raises(AnsibleParserError, match=words):
            read("server_name: emea", f"url: {other.url}", into=inventory)
        assert other.request_lines == []


@pytest.mark.parametrize("name", ["prod-eu", "2nd", "2024", "a b", "m\u00e4rkte", '"{{ 1 }}"', "a.b"])
def test_server_name_that_is_invalid_in_group_name_is_refused(n8n: ScriptedServer, read: Read, name: str) -> None:
    with pytest.raises(AnsibleParserError, match="cannot be part of a group name. Use letters, digits and underscores"):
        read(f"server_name: {name}")
    assert n8n.request_lines == []


@pytest.mark.parametrize("line", ["server_name:", 'server_name: ""'])
def test_empty_server_name_is_treated_as_omitted(read: Read, line: str) -> None:
    assert "project_Sales" in groups(read(line))


def test_cache_does_not_depend_on_server_name(n8n: ScriptedServer, read: Read, cached: list[str]) -> None:
    read(*cached)
    assert "emea_project_Sales" in groups(read("server_name: emea", *cached)) and Counter(n8n.request_lines) == ONCE


def test_numeric_and_boolean_options_accept_templates(n8n: ScriptedServer, read: Read) -> None:
    n8n.on("GET /users", error_response(502, "no"))
    with pytest.raises(AnsibleParserError, match="n8n refused to list users"):
        read('retries: "{{ 1 - 1 }}"', 'validate_certs: "{{ 1 == 1 }}"', 'timeout: "{{ 2 * 15 }}"')
    assert n8n.request_lines.count("GET /users") == 1


def test_second_run_uses_cache(
    n8n: ScriptedServer, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["cache: true", "cache_plugin: jsonfile", f"cache_connection: {tmp_path / 'cache'}"]
    first = read(*lines)
    monkeypatch.setenv("N8N_URL", f"{n8n.url}/api/v1/")
    second = read(*lines)
    assert Counter(n8n.request_lines) == ONCE
    assert groups(first) == groups(second)
    assert [host.vars for host in first.hosts.values()] == [host.vars for host in second.hosts.values()]
    cache_files = [file.read_text("utf-8") for file in (tmp_path / "cache").iterdir()]
    assert len(cache_files) == 1 and KEY not in cache_files[0]
    n8n.on("GET /users", error_response(401, "unauthorized"))
    with pytest.raises(AnsibleParserError, match="Check that api_key belongs to"):
        read(*lines, cache=False)
    monkeypatch.setenv("N8N_URL", f"{n8n.url}/elsewhere")
    with pytest.raises(AnsibleParserError):
        read(*lines)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["url: ''"], "No n8n server is configured"),
        (["api_key: ''"], "No API key is configured"),
        (["concurrency: 0"], "concurrency is 0"),
        (['url: "{{ nobody_knows_me }}"'], "nobody_knows_me"),
        (["plugin: lifecycle.n8n.other"], "lifecycle.n8n.other"),
    ],
)
def test_invalid_options_are_refused_before_first_request(
    n8n: ScriptedServer, read: Read, lines: list[str], message: str
) -> None:
    with pytest.raises(AnsibleParserError, match=message):
        read(*lines)
    assert n8n.request_lines == []


def test_failed_compose_is_error_with_strict(read: Read) -> None:
    with pytest.raises(AnsibleParserError, match="Could not set broken"):
        read("strict: true", *BROKEN)


def test_failed_compose_is_omitted_without_strict(read: Read) -> None:
    assert "broken" not in read(*BROKEN).hosts["bob@example.com"].vars


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("people.n8n.yml", True),
        ("people.n8n.yaml", True),
        ("n8n.instance_roles.yml", False),
        ("peoplen8n.yml", False),
        ("people.n8n.json", False),
    ],
)
def test_inventory_file_is_accepted_by_name(tmp_path: Path, name: str, accepted: bool) -> None:
    (tmp_path / name).touch()
    assert plugin.InventoryModule().verify_file(str(tmp_path / name)) is accepted
    assert plugin.InventoryModule().verify_file(str(tmp_path / "missing.n8n.yml")) is False
