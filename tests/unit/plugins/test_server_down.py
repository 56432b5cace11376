# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is down: each module, lookup and inventory names the URL, the cause and the remedy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.lifecycle.n8n.plugins.inventory import n8n as inventory_plugin
from ansible_collections.lifecycle.n8n.tests.unit import module_runs
from ansible_collections.lifecycle.n8n.tests.unit.controller import KEY, configure

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
ADA = "ada@example.com"
# Options of one task of every module; those that are not here need none.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "n8n_access": [{"users": [{"email": ADA}]}],
    "n8n_offboard": [
        {"users": [ADA]},
        {"users": [ADA], "action": "delete", "transfer_to": "Sales"},
        {"users": [ADA], "action": "staged", "state_path": "leavers.json"},
    ],
    "n8n_project": [{"name": "Sales"}, {"name": "Sales", "state": "absent", "transfer_to": ADA}],
    "n8n_project_member": [{"project": "Sales", "user": ADA, "state": state} for state in ("present", "absent")],
    "n8n_user": [{"email": ADA}, {"email": ADA, "state": "absent", "transfer_to": "Sales"}],
    "n8n_user_info": [{}, {"email": ADA}, {"memberships": True}],
}
TASKS = [
    (path.stem, options)
    for path in sorted(PLUGINS.glob("modules/n8n_*.py"))
    for options in OPTIONS.get(path.stem, [{}])
]
LOOKUPS = sorted(path.stem for path in PLUGINS.glob("lookup/n8n_*.py"))


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The URL of a port at which no server listens."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def says_what_to_do(message: str, url: str) -> None:
    said = " ".join(message.split())
    assert f"{url} could not be reached: " in said and "refused" in said and KEY not in said
    assert "Check that n8n runs there, that url is correct, and that the host that runs the task can reach it." in said


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("name", "options"), TASKS)
def test_a_module(down: str, name: str, options: dict[str, Any], check_mode: bool) -> None:
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}")
    failed = module_runs.main(module, check_mode=check_mode, url=down, api_key=KEY, retries=0, **options)
    assert failed["failed"] and not failed["changed"] and "exception" not in failed
    says_what_to_do(failed["msg"], down)
    assert not Path("leavers.json").exists()


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup(down: str, name: str) -> None:
    source = import_module(f"ansible_collections.lifecycle.n8n.plugins.lookup.{name}")
    plugin = source.LookupModule(loader=DataLoader(), templar=Templar(DataLoader()))
    configure(plugin, "lookup", source)
    with pytest.raises(AnsibleError) as failed:
        plugin.run([ADA], {}, url=down, api_key=KEY, retries=0)
    says_what_to_do(str(failed.value), down)


def test_the_inventory(down: str, tmp_path: Path) -> None:
    file = tmp_path / "people.n8n.yml"
    file.write_text(f"plugin: lifecycle.n8n.n8n\nurl: {down}\napi_key: {KEY}\nretries: 0\n", encoding="utf-8")
    plugin = inventory_plugin.InventoryModule()
    configure(plugin, "inventory", inventory_plugin)
    # Its loader sets this.
    plugin._redirected_names = []
    with pytest.raises(AnsibleError) as failed:
        plugin.parse(InventoryData(), DataLoader(), str(file))
    says_what_to_do(str(failed.value), down)
