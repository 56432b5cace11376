# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unreachable server: the error of each module, lookup and inventory names the URL, the cause and the remedy."""

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
# The options of tasks of each module. All other modules need no options. n8n_evidence does not connect to a server.
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
    if path.stem != "n8n_evidence"
    for options in OPTIONS.get(path.stem, [{}])
]
LOOKUPS = sorted(path.stem for path in PLUGINS.glob("lookup/n8n_*.py"))


@pytest.fixture
def unreachable_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a port on which no server listens."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def assert_names_url_cause_and_remedy(message: str, url: str) -> None:
    text = " ".join(message.split())
    assert f"{url} could not be reached: " in text and "refused" in text and KEY not in text
    assert "Check that n8n runs there, that url is correct, and that the host that runs the task can reach it." in text


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("name", "options"), TASKS)
def test_module_reports_unreachable_server(
    unreachable_url: str, name: str, options: dict[str, Any], check_mode: bool
) -> None:
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}")
    failed = module_runs.main(module, check_mode=check_mode, url=unreachable_url, api_key=KEY, retries=0, **options)
    assert failed["failed"] and not failed["changed"] and "exception" not in failed
    assert_names_url_cause_and_remedy(failed["msg"], unreachable_url)
    assert not Path("leavers.json").exists()


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookup_reports_unreachable_server(unreachable_url: str, name: str) -> None:
    source = import_module(f"ansible_collections.lifecycle.n8n.plugins.lookup.{name}")
    plugin = source.LookupModule(loader=DataLoader(), templar=Templar(DataLoader()))
    configure(plugin, "lookup", source)
    with pytest.raises(AnsibleError) as failed:
        plugin.run([ADA], {}, url=unreachable_url, api_key=KEY, retries=0)
    assert_names_url_cause_and_remedy(str(failed.value), unreachable_url)


def test_inventory_reports_unreachable_server(unreachable_url: str, tmp_path: Path) -> None:
    file = tmp_path / "people.n8n.yml"
    file.write_text(
        f"plugin: lifecycle.n8n.n8n\nurl: {unreachable_url}\napi_key: {KEY}\nretries: 0\n", encoding="utf-8"
    )
    plugin = inventory_plugin.InventoryModule()
    configure(plugin, "inventory", inventory_plugin)
    # The plugin loader of Ansible sets this attribute.
    plugin._redirected_names = []
    with pytest.raises(AnsibleError) as failed:
        plugin.parse(InventoryData(), DataLoader(), str(file))
    assert_names_url_cause_and_remedy(str(failed.value), unreachable_url)
