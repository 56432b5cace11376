# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory: one host a user, whatever n8n repeats, names that stay names, and a cache that spares the reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader

from ansible_collections.lifecycle.n8n.plugins.inventory import n8n as plugin
from ansible_collections.lifecycle.n8n.tests.unit.controller import KEY, TEMPLATE, company, configure
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.misbehaving import MisbehavingServer, refusal

Read = Callable[..., InventoryData]
BROKEN = ("compose:", "  broken: nobody_knows_me + 1")
ONCE = {"GET /users": 2, "GET /projects": 2, **{f"GET /projects/p{number}/users": 1 for number in range(1, 5)}}


@pytest.fixture
def n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingServer]:
    """A company that the environment names."""
    with company() as server:
        monkeypatch.setenv("N8N_URL", server.url)
        monkeypatch.setenv("N8N_API_KEY", KEY)
        monkeypatch.setenv("NO_PROXY", "*")
        yield server


@pytest.fixture
def read(n8n: MisbehavingServer, tmp_path: Path) -> Read:
    """Return the inventory that a file with these lines makes."""

    def parse(*lines: str, cache: bool = True) -> InventoryData:
        file = tmp_path / "people.n8n.yml"
        file.write_text("\n".join(["plugin: lifecycle.n8n.n8n", *lines]), encoding="utf-8")
        module, inventory = plugin.InventoryModule(), InventoryData()
        configure(module, "inventory", plugin)
        # Its loader sets this.
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


def test_one_host_a_user_also_when_users_repeat(n8n: MisbehavingServer, read: Read) -> None:
    inventory = read()
    assert sorted(inventory.hosts) == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert Counter(n8n.asked) == ONCE
    named_like_a_template = "project____1___1_______raw___"
    assert groups(inventory) == {
        "role_global_member": ["ada@example.com", "bob@example.com", "eve@example.com"],
        "pending": ["eve@example.com"],
        "project_Sales": ["ada@example.com", "bob@example.com"],
        "project_Sales_admin": ["ada@example.com"],
        "project_Sales_viewer": ["bob@example.com"],
        "project_Twin_p2": ["eve@example.com"],
        "project_Twin_p2_editor": ["eve@example.com"],
        "project_Twin_p3": [],
        named_like_a_template: ["ada@example.com"],
        f"{named_like_a_template}_viewer": ["ada@example.com"],
    }


def test_variables_are_what_n8n_says(read: Read) -> None:
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


def test_numbers_and_switches_in_the_file_may_be_templates(n8n: MisbehavingServer, read: Read) -> None:
    n8n.on("GET /users", refusal(502, "no"))
    with pytest.raises(AnsibleParserError, match="n8n refused to list users"):
        read('retries: "{{ 1 - 1 }}"', 'validate_certs: "{{ 1 == 1 }}"', 'timeout: "{{ 2 * 15 }}"')
    assert n8n.asked.count("GET /users") == 1


def test_a_second_run_is_out_of_the_cache(
    n8n: MisbehavingServer, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["cache: true", "cache_plugin: jsonfile", f"cache_connection: {tmp_path / 'cache'}"]
    first = read(*lines)
    monkeypatch.setenv("N8N_URL", f"{n8n.url}/api/v1/")
    second = read(*lines)
    assert Counter(n8n.asked) == ONCE
    assert groups(first) == groups(second)
    assert [host.vars for host in first.hosts.values()] == [host.vars for host in second.hosts.values()]
    kept = [file.read_text("utf-8") for file in (tmp_path / "cache").iterdir()]
    assert len(kept) == 1 and KEY not in kept[0]
    n8n.on("GET /users", refusal(401, "unauthorized"))
    with pytest.raises(AnsibleParserError, match="Check that api_key belongs to"):
        read(*lines, cache=False)
    monkeypatch.setenv("N8N_URL", f"{n8n.url}/elsewhere")
    with pytest.raises(AnsibleParserError):
        read(*lines)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["url: ''"], "It is not said which n8n to use"),
        (["api_key: ''"], "There is no API key"),
        (["concurrency: 0"], "concurrency is 0"),
        (['url: "{{ nobody_knows_me }}"'], "nobody_knows_me"),
        (["plugin: lifecycle.n8n.other"], "lifecycle.n8n.other"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_asked(
    n8n: MisbehavingServer, read: Read, lines: list[str], says: str
) -> None:
    with pytest.raises(AnsibleParserError, match=says):
        read(*lines)
    assert n8n.asked == []


def test_with_strict_what_cannot_be_composed_is_an_error(read: Read) -> None:
    with pytest.raises(AnsibleParserError, match="Could not set broken"):
        read("strict: true", *BROKEN)


def test_without_strict_it_is_left_out(read: Read) -> None:
    assert "broken" not in read(*BROKEN).hosts["bob@example.com"].vars


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("people.n8n.yml", True),
        ("people.n8n.yaml", True),
        ("n8n.people.yml", False),
        ("peoplen8n.yml", False),
        ("people.n8n.json", False),
    ],
)
def test_files_are_told_by_their_names(tmp_path: Path, name: str, accepted: bool) -> None:
    (tmp_path / name).touch()
    assert plugin.InventoryModule().verify_file(str(tmp_path / name)) is accepted
    assert plugin.InventoryModule().verify_file(str(tmp_path / "missing.n8n.yml")) is False
