# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run on two servers and on a third one that is down: what is done, what fails, and what the evidence says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.document_checks import follow, run
from jsonschema import Draft202012Validator
from n8n_server.processes import free_ports
from n8n_server.server import Server, running

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = Draft202012Validator(json.loads((ROOT / "docs/evidence.schema.json").read_text("utf-8")))
ADA, GRACE = "ada@example.com", "grace@example.com"
SALES = {ADA: "project:editor", GRACE: "project:viewer", "olivia@example.com": "project:admin"}
GUIDE = ROOT / "docs/docsite/rst/guide_several_servers.rst"
WITHOUT_ADA = {email: role for email, role in SALES.items() if email != ADA}


@pytest.fixture(scope="module")
def second_server() -> Iterator[Server]:
    """Start another n8n of the same version."""
    version = Server.from_environment().version
    with running(ROOT / "tests/n8n_server/locks" / version) as server:
        yield server


@pytest.fixture
def servers(n8n: Server, second_server: Server, tmp_path: Path) -> dict[str, Server]:
    """Return the two servers, each with Ada and Grace in Sales. The inventory has a third one that is down."""
    second_server.reset()
    for server in (n8n, second_server):
        project = server.api("POST", "/projects", {"name": "Sales"})
        invited = server.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, GRACE)])
        relations = [{"userId": entry["user"]["id"], "role": SALES[entry["user"]["email"]]} for entry in invited]
        server.api("POST", f"/projects/{project['id']}/users", {"relations": relations})
    (closed_port,) = free_ports(1)
    key_file = tmp_path / "test.key"
    key_file.write_text(f"{second_server.api_key}\n", encoding="utf-8")
    key_file.chmod(0o600)
    write_inventory(
        tmp_path,
        production={"n8n_url": n8n.url, "n8n_api_key": n8n.api_key},
        test={"n8n_url": second_server.url, "n8n_api_key_path": str(key_file)},
        staging={"n8n_url": f"http://127.0.0.1:{closed_port}", "n8n_api_key": "key-of-staging", "n8n_retries": 0},
    )
    return {"production": n8n, "test": second_server}


def write_inventory(folder: Path, **hosts: dict[str, Any]) -> None:
    """Write the inventory. Its connection variables belong to other plays on the same hosts."""
    other_plays = {"ansible_connection": "ssh", "ansible_become": True, "ansible_python_interpreter": "/nowhere/python"}
    inventory = {"servers": {"hosts": hosts, "vars": other_plays}}
    (folder / "servers.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")


def offboard(folder: Path, *words: str, user: str = ADA, **variables: Any) -> tuple[int, str]:
    """Run the playbook offboard on the group of the inventory, and return its exit code and output."""
    file = folder / f"variables-{user}.json"
    given = {
        "n8n_servers": "servers",
        "offboard_users": [user],
        "offboard_evidence_path": "evidence.jsonl",
        "n8n_state_path": "leavers-{{ inventory_hostname }}.json",
        **variables,
    }
    file.write_text(json.dumps(given), encoding="utf-8")
    return run(f"ansible-playbook lifecycle.n8n.offboard -i servers.yml -e @{file.name} {' '.join(words)}", folder)


def evidence(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the evidence, each of which the schema allows."""
    lines = [json.loads(line) for line in (folder / "evidence.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        VALIDATOR.validate(line)
    return lines


def test_servers_are_done_although_one_is_down(servers: dict[str, Server], tmp_path: Path) -> None:
    production, test = servers.values()
    code, output = offboard(tmp_path)
    assert code == 2, output
    assert [server.memberships() for server in (production, test)] == [{"Sales": WITHOUT_ADA}] * 2
    closed = yaml.safe_load((tmp_path / "servers.yml").read_text("utf-8"))["servers"]["hosts"]["staging"]["n8n_url"]
    assert f'"staging ({closed}) could not be reached, so the access there is unknown."' in output
    assert f'"production ({production.url}): done: 1 removed membership"' in output
    assert f'"test ({test.url}): done: 1 removed membership"' in output
    lines = {line["host"]: line for line in evidence(tmp_path)}
    assert {host: (line["state"], len(line["done"])) for host, line in lines.items()} == {
        "production": ("done", 1),
        "test": ("done", 1),
        "staging": ("unreachable", 0),
    }
    assert [line["server"] for line in lines.values() if line["host"] == "staging"] == [closed]
    assert [entry["user"] for entry in lines["staging"]["unknown"]] == [None]
    code, output = offboard(tmp_path)
    assert code == 2 and f'"production ({production.url}): no changes"' in output, output
    assert len(evidence(tmp_path)) == 6


def test_check_mode_plans_for_all_servers_and_leaves_no_evidence(servers: dict[str, Server], tmp_path: Path) -> None:
    code, output = offboard(tmp_path, "--check")
    assert code == 2 and output.count(": planned: 1 removed membership") == 2, output
    assert [server.memberships() for server in servers.values()] == [{"Sales": SALES}] * 2
    assert not (tmp_path / "evidence.jsonl").exists()


def test_limit_runs_on_one_server_and_ends_with_0(servers: dict[str, Server], tmp_path: Path) -> None:
    code, output = offboard(tmp_path, "--limit", "test")
    assert code == 0, output
    assert servers["production"].memberships() == {"Sales": SALES}
    assert servers["test"].memberships() == {"Sales": WITHOUT_ADA}
    assert [(line["host"], line["state"]) for line in evidence(tmp_path)] == [("test", "done")]


def test_server_with_wrong_key_fails_alone_and_no_key_is_shown(servers: dict[str, Server], tmp_path: Path) -> None:
    production, test = servers.values()
    write_inventory(
        tmp_path,
        production={"n8n_url": production.url, "n8n_api_key": "a-key-that-is-wrong"},
        test={"n8n_url": test.url, "n8n_api_key": test.api_key},
    )
    code, output = offboard(tmp_path, "-vvv")
    assert code == 2 and f"production ({production.url}): the access was not read, so it is unknown; failed: " in output
    assert production.memberships() == {"Sales": SALES} and test.memberships() == {"Sales": WITHOUT_ADA}
    assert {line["host"]: line["state"] for line in evidence(tmp_path)} == {"production": "refused", "test": "done"}
    shown = output + (tmp_path / "evidence.jsonl").read_text("utf-8")
    assert [key for key in ("a-key-that-is-wrong", production.api_key, test.api_key) if key in shown] == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"n8n_state_path": "leavers.json"}, "Put {{ inventory_hostname }} into the path."),
        ({"n8n_servers": "sever"}, "No host of the inventory matches n8n_servers."),
    ],
)
def test_wrong_paths_and_groups_are_refused_before_any_change(
    variables: dict[str, str], message: str, servers: dict[str, Server], tmp_path: Path
) -> None:
    code, output = offboard(tmp_path, **variables)
    assert code != 0 and message in output, output
    assert [server.memberships() for server in servers.values()] == [{"Sales": SALES}] * 2


def test_two_runs_at_once_append_whole_lines(servers: dict[str, Server], tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(offboard, tmp_path, user=user) for user in (ADA, GRACE)]
        assert [(code, output) for code, output in (each.result() for each in runs) if code != 2] == []
    done = {(line["host"], change["user"]) for line in evidence(tmp_path) for change in line["done"]}
    assert done == {(host, user) for host in ("production", "test") for user in (ADA, GRACE)}
    assert len(evidence(tmp_path)) == 6
    assert [list(server.memberships()["Sales"]) for server in servers.values()] == [["olivia@example.com"]] * 2


def test_commands_of_the_guide_produce_shown_output(n8n: Server, second_server: Server, tmp_path: Path) -> None:
    """The reader has the keys of the servers, and Sales on two of them. The third server is down."""
    second_server.reset()
    (closed_port,) = free_ports(1)
    (tmp_path / "keys").mkdir()
    for host, key in (("production", n8n.api_key), ("test", second_server.api_key), ("old", "key-of-old")):
        (tmp_path / "keys" / host).write_text(f"{key}\n", encoding="utf-8")
    for server in (n8n, second_server):
        server.api("POST", "/projects", {"name": "Sales"})
    urls = {
        "https://n8n.example.com": n8n.url,
        "https://n8n-test.example.com": second_server.url,
        "https://n8n-old.example.com": f"http://127.0.0.1:{closed_port}",
    }
    follow(GUIDE, n8n, tmp_path, urls)
    assert {line["host"] for line in evidence(tmp_path) if {None} == {item["user"] for item in line["unknown"]}} == {
        "old"
    }
    assert {line["host"]: line["state"] for line in evidence(tmp_path) if line["role"] == "offboard"} == {
        "production": "done",
        "test": "done",
        "old": "unreachable",
    }
