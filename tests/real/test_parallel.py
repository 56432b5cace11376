# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that run at the same time, on the real n8n: with the lock of one controller, and of controllers without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from documents.stories import run as run_command
from n8n_server.server import OWNER, Server
from real.between import Between

pytestmark = pytest.mark.database
TESTS = Path(__file__).resolve().parents[1]
FORKS = 20
# Runs one module as Ansible does; its options are in the first argument.
RUN = """
import json, sys
from importlib import import_module
import unit.conftest
from ansible_collections.lifecycle.n8n.tests.unit import module_runs
task = json.loads(sys.argv[1])
module = import_module("ansible_collections.lifecycle.n8n.plugins.modules." + task.pop("module"))
print(json.dumps(module_runs.main(module, **task)))
"""
Task = dict[str, Any]


def start(task: Task, home: Path | None = None) -> subprocess.Popen[str]:
    """Start a task in a process of its own. With another home folder it shares no lock with other tasks."""
    environment = {**os.environ, **({"HOME": str(home)} if home else {})}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(task)], cwd=TESTS, env=environment, stdout=subprocess.PIPE, text=True
    )


def at_once(tasks: Sequence[Task], folder: Path | None = None) -> list[dict[str, Any]]:
    """Return the results of tasks that run at the same time; with `folder` they share no lock."""
    started = [start(task, folder / str(number) if folder else None) for number, task in enumerate(tasks)]
    return [json.loads(process.communicate(timeout=300)[0]) for process in started]


def meanwhile(task: Task, folder: Path) -> dict[str, Any]:
    """Return the result of a task of another controller, which runs while another task waits for its write."""
    (result,) = at_once([task], folder)
    return result


@pytest.fixture
def between(n8n: Server) -> Any:
    with Between(n8n.url) as opened:
        yield opened


def invite(n8n: Server, *emails: str) -> dict[str, str]:
    """Invite users and return the ids by email."""
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    return {made["user"]["email"]: made["user"]["id"] for made in invited}


def accepted(n8n: Server, *emails: str) -> dict[str, str]:
    """Let users accept their invitations, and return the ids by email."""
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    for made in invited:
        n8n.accept(made["user"]["inviteAcceptUrl"], "Given", "Name")
    return {made["user"]["email"]: made["user"]["id"] for made in invited}


def project(n8n: Server, name: str, **roles: str) -> str:
    """Create a project whose members are those of `roles` alone, and return the id; ada is ada@example.com."""
    key = str(n8n.api("POST", "/projects", {"name": name})["id"])
    ids = {who: n8n.get(f"/users/{who}@example.com")["id"] for who in roles}
    relations = [{"userId": ids[who], "role": f"project:{role}"} for who, role in roles.items()]
    n8n.api("POST", f"/projects/{key}/users", {"relations": relations})
    n8n.api("DELETE", f"/projects/{key}/users/{n8n.get(f'/users/{OWNER}')['id']}")
    return key


def named(n8n: Server, name: str) -> list[str]:
    return [item["id"] for item in n8n.everything("/projects") if item["name"] == name]


def people(count: int) -> list[str]:
    return [f"p{number:02}@example.com" for number in range(count)]


def play(folder: Path, hosts: Sequence[str], task: Task, forks: int = FORKS) -> tuple[int, str]:
    """Run one task for each of `hosts`, all at once, as the inventory of people does; `inventory_hostname` is the host."""
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"all": {"hosts": dict.fromkeys(hosts, {}), "vars": variables}}
    (folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
    plays = [{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [task]}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    return run_command(f"ansible-playbook -i hosts.yml -f {forks} play.yml", folder)


# One controller


@pytest.mark.parametrize("forks", [5, 20])
def test_one_task_per_person_and_a_project_that_does_not_exist_yet(n8n: Server, tmp_path: Path, forks: int) -> None:
    hosts = people(20)
    users = [{"email": "{{ inventory_hostname }}", "projects": {"New": "editor"}}]
    path = tmp_path / "invites.json"
    code, output = play(
        tmp_path, hosts, {"lifecycle.n8n.n8n_access": {"users": users, "invites_path": str(path)}}, forks
    )
    assert code == 0, output
    assert len(named(n8n, "New")) == 1
    assert n8n.memberships()["New"] == {OWNER: "project:admin", **dict.fromkeys(hosts, "project:editor")}
    assert sorted(json.loads(path.read_text("utf-8"))) == hosts


def test_staged_leavers_are_all_in_the_record(n8n: Server, tmp_path: Path) -> None:
    hosts = people(8)
    accepted(n8n, *hosts)
    names = [host.partition("@")[0] for host in hosts]
    project(n8n, "Sales", **{**dict.fromkeys(names, "viewer"), names[0]: "admin"})
    record = tmp_path / "leavers.json"
    task = {
        "lifecycle.n8n.n8n_offboard": {
            "users": ["{{ inventory_hostname }}"],
            "action": "staged",
            "state_path": str(record),
            "successor": OWNER,
        }
    }
    code, output = play(tmp_path, hosts, task)
    assert code == 0, output
    kept = {entry["email"]: entry["memberships"] for entry in json.loads(record.read_text("utf-8"))["leavers"]}
    assert sorted(kept) == hosts and all(len(memberships) == 1 for memberships in kept.values())
    roles = {user["email"]: user["role"] for user in n8n.everything("/users", includeRole="true")}
    assert {roles[host] for host in hosts} == {"global:chatUser"}
    restored = [{"email": host} for host in hosts]
    (done,) = at_once([{"module": "n8n_access", "users": restored, "restore": True, "state_path": str(record)}])
    assert not done.get("failed"), done
    assert set(hosts) <= n8n.memberships()["Sales"].keys()


def test_the_same_task_twice_at_once(n8n: Server) -> None:
    listed = [{"email": email, "projects": {"One": "viewer", "Two": "editor"}} for email in people(5)]
    first, second = at_once([{"module": "n8n_access", "users": listed}] * 2)
    assert not first.get("failed") and not second.get("failed")
    # One follows the other and finds nothing to do.
    assert sorted([first["changed"], second["changed"]]) == [False, True]
    assert not first["conflicts"] and not second["conflicts"]


def test_admins_who_are_removed_by_a_task_each(n8n: Server) -> None:
    accepted(n8n, *(f"{who}@example.com" for who in ("ada", "bo", "cy")))
    key = project(n8n, "Sales", ada="admin", bo="admin", cy="admin")
    gone = [f"{who}@example.com" for who in ("ada", "bo", "cy")]
    results = at_once(
        [{"module": "n8n_project_member", "project": key, "user": email, "state": "absent"} for email in gone]
    )
    assert len(n8n.memberships()["Sales"]) == 1
    (refused,) = [result for result in results if result.get("failed")]
    assert "would be left without an admin" in refused["msg"]


# Controllers that share no lock


def test_a_project_that_two_controllers_create(n8n: Server, between: Between, tmp_path: Path) -> None:
    """The second task finds that the name is free, and creates the project once the first one is there."""
    other: list[dict[str, Any]] = []
    task = {"module": "n8n_project", "name": "New"}
    between.meanwhile[1] = lambda: other.append(meanwhile(task, tmp_path))
    (mine,) = at_once([{**task, "url": between.url}])
    if n8n.version.startswith("2.8."):
        # n8n up to 2.35 does not show the data tables of projects, so nothing is deleted.
        assert mine["failed"] and all(key in mine["msg"] for key in named(n8n, "New")) and len(named(n8n, "New")) == 2
        return
    assert named(n8n, "New") == [other[0]["project"]["id"]] == [mine["project"]["id"]]
    assert other[0]["changed"] and not mine["changed"] and not mine.get("failed")


@pytest.mark.parametrize("count", [8])
def test_a_project_that_many_controllers_create(n8n: Server, tmp_path: Path, count: int) -> None:
    tasks = [
        {"module": "n8n_access", "users": [{"email": email, "projects": {"New": "viewer"}}]} for email in people(count)
    ]
    results = at_once(tasks, tmp_path)
    failed = [result for result in results if result.get("failed")]
    if n8n.version.startswith("2.8."):
        # Nothing is deleted there, and each project that there is has been told by its id.
        told = "".join(result["msg"] for result in failed)
        assert all("exists" in result["msg"] for result in failed)
        assert len(named(n8n, "New")) == 1 or all(key in told for key in named(n8n, "New"))
        return
    # A task that reads while two projects have the name cannot know which one is meant, and has changed nothing.
    assert all("exists" in result["msg"] and not result["changed"] for result in failed), failed
    assert len(named(n8n, "New")) == 1
    assert not [result for result in at_once(tasks, tmp_path) if result.get("failed")]
    assert n8n.memberships()["New"] == {OWNER: "project:admin", **dict.fromkeys(people(count), "project:viewer")}


def test_a_project_that_is_in_use_already_is_not_deleted(n8n: Server, between: Between) -> None:
    def another_controller() -> None:
        n8n.api("POST", "/projects", {"name": "New"})

    def a_colleague() -> None:
        key = sorted(n8n.everything("/projects"), key=lambda item: item["createdAt"])[-1]["id"]
        workflow = n8n.api("POST", "/workflows", {"name": "Bills", "nodes": [], "connections": {}, "settings": {}})
        n8n.api("PUT", f"/workflows/{workflow['id']}/transfer", {"destinationProjectId": key})

    between.meanwhile[1] = another_controller
    between.after[1] = a_colleague
    (mine,) = at_once([{"module": "n8n_project", "name": "New", "url": between.url}])
    assert mine["failed"] and "now has content" in mine["msg"], mine
    assert len(named(n8n, "New")) == 2 and all(key in mine["msg"] for key in named(n8n, "New"))
    assert len(n8n.everything("/workflows")) == 1


@pytest.mark.parametrize("state", [{"state": "absent"}, {"role": "viewer"}])
def test_the_last_admin_is_restored(n8n: Server, between: Between, tmp_path: Path, state: dict[str, str]) -> None:
    accepted(n8n, "ada@example.com", "bo@example.com")
    key = project(n8n, "Sales", ada="admin", bo="admin")
    task = {"module": "n8n_project_member", "project": key, **state}
    other: list[dict[str, Any]] = []
    between.meanwhile[1] = lambda: other.append(meanwhile({**task, "user": "bo@example.com"}, tmp_path))
    (mine,) = at_once([{**task, "user": "ada@example.com", "url": between.url}])
    assert not other[0].get("failed") and mine["failed"] and "another task removed the other admins" in mine["msg"]
    assert n8n.memberships()["Sales"]["ada@example.com"] == "project:admin"


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "staged", "delete"])
def test_a_leaver_is_not_restored(n8n: Server, between: Between, tmp_path: Path, action: str) -> None:
    accepted(n8n, "ada@example.com", "bo@example.com")
    key = project(n8n, "Sales", ada="admin", bo="admin")
    shared = {"data_tables": "delete"} if action == "delete" else {}
    if action == "staged":
        shared["state_path"] = str(tmp_path / "leavers.json")
    other = {"module": "n8n_project_member", "project": key, "user": "bo@example.com", "state": "absent"}
    task = {"module": "n8n_offboard", "users": ["ada@example.com"], "action": action, **shared}
    between.meanwhile[1] = lambda: meanwhile(other, tmp_path)
    (mine,) = at_once([{**task, "url": between.url}])
    assert mine["failed"], mine
    if action in ("remove_memberships", "delete"):
        assert f'Project "Sales" ({key}) has no project:admin now' in mine["msg"]
        assert "ada@example.com" not in n8n.memberships()["Sales"]
    else:
        # n8n itself keeps the last admin from becoming a chat user.
        assert "only project admin" in mine["msg"]


def test_one_record_of_two_controllers(n8n: Server, tmp_path: Path) -> None:
    hosts = people(8)
    accepted(n8n, *hosts)
    record = tmp_path / "leavers.json"
    task = {"module": "n8n_offboard", "action": "staged", "state_path": str(record)}
    results = at_once([{**task, "users": [host]} for host in hosts], tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert sorted(entry["email"] for entry in json.loads(record.read_text("utf-8"))["leavers"]) == hosts


def test_one_file_of_invitations_of_many_controllers(n8n: Server, tmp_path: Path) -> None:
    path = tmp_path / "invites.json"
    tasks = [{"module": "n8n_access", "users": [{"email": email}], "invites_path": str(path)} for email in people(12)]
    results = at_once(tasks, tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert sorted(json.loads(path.read_text("utf-8"))) == people(12)


def test_a_user_whom_two_controllers_invite_and_delete(n8n: Server, tmp_path: Path) -> None:
    for state in ("present", "absent"):
        tasks = [{"module": "n8n_user", "email": "new@example.com", "state": state}] * 6
        assert not [result for result in at_once(tasks, tmp_path) if result.get("failed")]
        there = [user for user in n8n.everything("/users") if user["email"] == "new@example.com"]
        assert len(there) == (state == "present")


@pytest.mark.parametrize("number", [1, 2])
def test_a_user_whom_one_controller_restores_and_another_one_stages(
    n8n: Server, between: Between, tmp_path: Path, number: int
) -> None:
    """Both have the same time, so that the new entry of the record equals the old one."""
    accepted(n8n, "ada@example.com")
    project(n8n, "Sales", **{OWNER.partition("@")[0]: "admin", "ada": "editor"})
    record = tmp_path / "leavers.json"
    stage = {"module": "n8n_offboard", "users": ["ada@example.com"], "action": "staged", "state_path": str(record)}
    restore = {"module": "n8n_access", "users": [{"email": "ada@example.com"}], "restore": True}
    stage |= {"now": "2026-01-01", "url": between.url}
    restore |= {"state_path": str(record), "url": between.url}
    (staged,) = at_once([stage])
    assert not staged.get("failed") and "ada@example.com" not in n8n.memberships()["Sales"]
    between.start_again()
    between.meanwhile[number] = lambda: meanwhile(stage, tmp_path)
    (mine,) = at_once([restore])
    role = n8n.get("/users/ada@example.com?includeRole=true")["role"]
    has_everything = role == "global:member" and n8n.memberships()["Sales"].get("ada@example.com") == "project:editor"
    assert has_everything != ("ada@example.com" in record.read_text("utf-8")), mine
    assert bool(mine["conflicts"]) != has_everything, mine
    (again,) = at_once([restore])
    assert not again.get("failed") and n8n.memberships()["Sales"]["ada@example.com"] == "project:editor"


def test_a_link_that_is_lost_as_the_task_is_killed(n8n: Server, between: Between, tmp_path: Path) -> None:
    task = {
        "module": "n8n_access",
        "users": [{"email": "ada@example.com"}],
        "invites_path": str(tmp_path / "invites.json"),
    }
    started: list[subprocess.Popen[str]] = []

    def kill() -> None:
        while not started:
            time.sleep(0.01)
        started[0].kill()
        started[0].wait()

    between.after[1] = kill
    started.append(start({**task, "url": between.url}))
    started[0].communicate(timeout=300)
    assert started[0].returncode == -signal.SIGKILL and not (tmp_path / "invites.json").exists()
    (again,) = at_once([task])
    assert "No invitation link of ada@example.com is in" in str(again["warnings"])
    assert [entry["user"] for entry in again["pending"]] == ["ada@example.com"]


# Databases


def test_many_new_projects_in_one_list(n8n: Server) -> None:
    """n8n on PostgreSQL refuses one of two creations at the same time (2.40.7)."""
    names = [f"Team {number:02}" for number in range(15)]
    for attempt in range(3):
        listed = [{"name": f"{name} {attempt}", "members": {OWNER: "admin"}} for name in names]
        (done,) = at_once([{"module": "n8n_access", "projects": listed}])
        assert not done.get("failed") and len(done["done"]) == len(names), done.get("msg")


def test_creations_of_others_meanwhile(n8n: Server) -> None:
    """What n8n refuses because of another creation is created all the same."""
    process = start({"module": "n8n_access", "projects": [{"name": f"Mine {number}"} for number in range(30)]})
    for number in range(400):
        if process.poll() is not None:
            break
        requests.post(
            f"{n8n.url}/api/v1/projects",
            json={"name": f"Theirs {number}"},
            headers={"X-N8N-API-KEY": n8n.api_key},
            timeout=60,
        )
    done = json.loads(process.communicate(timeout=300)[0])
    assert not done.get("failed") and len(done["done"]) == 30, done.get("msg")
    assert len([item for item in n8n.everything("/projects") if item["name"].startswith("Mine ")]) == 30


def test_members_whom_many_tasks_add_to_one_project(n8n: Server, tmp_path: Path) -> None:
    """Two calls that write the same memberships at the same time: n8n refuses one of them with HTTP 500."""
    emails = people(40)
    invite(n8n, *emails)
    key = str(n8n.api("POST", "/projects", {"name": "Sales"})["id"])
    orders = [emails, emails[::-1]] * 3
    tasks = [
        {"module": "n8n_access", "projects": [{"id": key, "members": dict.fromkeys(order, "viewer")}]}
        for order in orders
    ]
    results = at_once(tasks, tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert n8n.memberships()["Sales"] == {OWNER: "project:admin", **dict.fromkeys(emails, "project:viewer")}
