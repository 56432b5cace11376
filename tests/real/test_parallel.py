# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Concurrent tasks on the real n8n, on one controller with its lock and on controllers that share no lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from documents.document_checks import run as run_command
from n8n_server.server import OWNER, Server
from real.fault_proxy import FaultProxy

pytestmark = pytest.mark.database
TESTS = Path(__file__).resolve().parents[1]
FORKS = 20
# Runs one module as Ansible does, with the options in the first argument.
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
    """Start a task in a separate process. With a separate home folder it shares no lock with other tasks."""
    environment = {**os.environ, **({"HOME": str(home)} if home else {})}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(task)], cwd=TESTS, env=environment, stdout=subprocess.PIPE, text=True
    )


def run_concurrently(tasks: Sequence[Task], folder: Path | None = None) -> list[dict[str, Any]]:
    """Return the results of concurrent tasks. With `folder` they share no lock."""
    started = [start(task, folder / str(number) if folder else None) for number, task in enumerate(tasks)]
    return [json.loads(process.communicate(timeout=300)[0]) for process in started]


def run_on_other_controller(task: Task, folder: Path) -> dict[str, Any]:
    """Return the result of a task on another controller, which runs before the proxy forwards a write."""
    (result,) = run_concurrently([task], folder)
    return result


@pytest.fixture
def proxy(n8n: Server) -> Any:
    with FaultProxy(n8n.url) as opened:
        yield opened


def invite(n8n: Server, *emails: str) -> dict[str, str]:
    """Invite users and return the ids by email."""
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    return {made["user"]["email"]: made["user"]["id"] for made in invited}


def invite_and_accept(n8n: Server, *emails: str) -> dict[str, str]:
    """Invite users, accept their invitations, and return the ids by email."""
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    for made in invited:
        n8n.accept(made["user"]["inviteAcceptUrl"], "Given", "Name")
    return {made["user"]["email"]: made["user"]["id"] for made in invited}


def create_project(n8n: Server, name: str, **roles: str) -> str:
    """Create a project with only the members in `roles`, and return the id. The key ada stands for ada@example.com."""
    key = str(n8n.api("POST", "/projects", {"name": name})["id"])
    ids = {who: n8n.get(f"/users/{who}@example.com")["id"] for who in roles}
    relations = [{"userId": ids[who], "role": f"project:{role}"} for who, role in roles.items()]
    n8n.api("POST", f"/projects/{key}/users", {"relations": relations})
    n8n.api("DELETE", f"/projects/{key}/users/{n8n.get(f'/users/{OWNER}')['id']}")
    return key


def project_ids(n8n: Server, name: str) -> list[str]:
    return [item["id"] for item in n8n.everything("/projects") if item["name"] == name]


def emails_of(count: int) -> list[str]:
    return [f"p{number:02}@example.com" for number in range(count)]


def run_playbook(folder: Path, hosts: Sequence[str], task: Task, forks: int = FORKS) -> tuple[int, str]:
    """Run a task on all `hosts` at once. As in the inventory of users, `inventory_hostname` is the email of a user."""
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"all": {"hosts": dict.fromkeys(hosts, {}), "vars": variables}}
    (folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
    plays = [{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [task]}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    return run_command(f"ansible-playbook -i hosts.yml -f {forks} play.yml", folder)


# One controller


@pytest.mark.parametrize("forks", [5, 20])
def test_tasks_for_each_user_create_missing_project_once(n8n: Server, tmp_path: Path, forks: int) -> None:
    hosts = emails_of(20)
    users = [{"email": "{{ inventory_hostname }}", "projects": {"New": "editor"}}]
    path = tmp_path / "invites.json"
    code, output = run_playbook(
        tmp_path, hosts, {"lifecycle.n8n.n8n_access": {"users": users, "invites_path": str(path)}}, forks
    )
    assert code == 0, output
    assert len(project_ids(n8n, "New")) == 1
    assert n8n.memberships()["New"] == {OWNER: "project:admin", **dict.fromkeys(hosts, "project:editor")}
    assert sorted(json.loads(path.read_text("utf-8"))) == hosts


def test_tasks_for_each_leaver_record_all_staged_leavers(n8n: Server, tmp_path: Path) -> None:
    hosts = emails_of(8)
    invite_and_accept(n8n, *hosts)
    names = [host.partition("@")[0] for host in hosts]
    create_project(n8n, "Sales", **{**dict.fromkeys(names, "viewer"), names[0]: "admin"})
    record = tmp_path / "leavers.json"
    task = {
        "lifecycle.n8n.n8n_offboard": {
            "users": ["{{ inventory_hostname }}"],
            "action": "staged",
            "state_path": str(record),
            "successor": OWNER,
        }
    }
    code, output = run_playbook(tmp_path, hosts, task)
    assert code == 0, output
    recorded = {entry["email"]: entry["memberships"] for entry in json.loads(record.read_text("utf-8"))["leavers"]}
    assert sorted(recorded) == hosts and all(len(memberships) == 1 for memberships in recorded.values())
    roles = {user["email"]: user["role"] for user in n8n.everything("/users", includeRole="true")}
    assert {roles[host] for host in hosts} == {"global:chatUser"}
    restored = [{"email": host} for host in hosts]
    (done,) = run_concurrently(
        [{"module": "n8n_access", "users": restored, "restore": True, "state_path": str(record)}]
    )
    assert not done.get("failed"), done
    assert set(hosts) <= n8n.memberships()["Sales"].keys()


def test_second_of_two_equal_tasks_changes_nothing(n8n: Server) -> None:
    listed = [{"email": email, "projects": {"One": "viewer", "Two": "editor"}} for email in emails_of(5)]
    first, second = run_concurrently([{"module": "n8n_access", "users": listed}] * 2)
    assert not first.get("failed") and not second.get("failed")
    # The tasks run in turn, and the second task has nothing to change.
    assert sorted([first["changed"], second["changed"]]) == [False, True]
    assert not first["conflicts"] and not second["conflicts"]


def test_tasks_that_remove_all_admins_keep_last_admin(n8n: Server) -> None:
    invite_and_accept(n8n, *(f"{who}@example.com" for who in ("ada", "bo", "cy")))
    key = create_project(n8n, "Sales", ada="admin", bo="admin", cy="admin")
    emails = [f"{who}@example.com" for who in ("ada", "bo", "cy")]
    results = run_concurrently(
        [{"module": "n8n_project_member", "project": key, "user": email, "state": "absent"} for email in emails]
    )
    assert len(n8n.memberships()["Sales"]) == 1
    (refused,) = [result for result in results if result.get("failed")]
    assert "would be left without an admin" in refused["msg"]


# Controllers that share no lock


def test_project_created_by_two_controllers_exists_once(n8n: Server, proxy: FaultProxy, tmp_path: Path) -> None:
    """Both tasks find the name unused. The proxied task creates its project after the other task."""
    other_results: list[dict[str, Any]] = []
    task = {"module": "n8n_project", "name": "New"}
    proxy.before_write[1] = lambda: other_results.append(run_on_other_controller(task, tmp_path))
    (result,) = run_concurrently([{**task, "url": proxy.url}])
    if n8n.version.startswith("2.8."):
        # n8n up to 2.35 does not show the data tables of projects, so nothing is deleted.
        assert (
            result["failed"]
            and all(key in result["msg"] for key in project_ids(n8n, "New"))
            and len(project_ids(n8n, "New")) == 2
        )
        return
    assert project_ids(n8n, "New") == [other_results[0]["project"]["id"]] == [result["project"]["id"]]
    assert other_results[0]["changed"] and not result["changed"] and not result.get("failed")


@pytest.mark.parametrize("count", [8])
def test_project_created_by_many_controllers_exists_once(n8n: Server, tmp_path: Path, count: int) -> None:
    tasks = [
        {"module": "n8n_access", "users": [{"email": email, "projects": {"New": "viewer"}}]}
        for email in emails_of(count)
    ]
    results = run_concurrently(tasks, tmp_path)
    failed = [result for result in results if result.get("failed")]
    if n8n.version.startswith("2.8."):
        # This version deletes no project, and the errors name each project by its id.
        messages = "".join(result["msg"] for result in failed)
        assert all("exists" in result["msg"] for result in failed)
        assert len(project_ids(n8n, "New")) == 1 or all(key in messages for key in project_ids(n8n, "New"))
        return
    # A task that reads two projects of this name fails as ambiguous and changes nothing.
    assert all("exists" in result["msg"] and not result["changed"] for result in failed), failed
    assert len(project_ids(n8n, "New")) == 1
    assert not [result for result in run_concurrently(tasks, tmp_path) if result.get("failed")]
    assert n8n.memberships()["New"] == {OWNER: "project:admin", **dict.fromkeys(emails_of(count), "project:viewer")}


def test_task_that_reads_two_new_projects_of_one_name_reads_again(n8n: Server) -> None:
    """Another task created the second project, and deletes it right away."""
    first, second = (n8n.api("POST", "/projects", {"name": "New"})["id"] for _number in range(2))
    timer = threading.Timer(1.5, lambda: n8n.api("DELETE", f"/projects/{second}"))
    timer.start()
    (result,) = run_concurrently([{"module": "n8n_project", "name": "New"}])
    timer.join()
    assert not result.get("failed") and not result["changed"] and result["project"]["id"] == first, result
    n8n.api("POST", "/projects", {"name": "New"})
    (result,) = run_concurrently([{"module": "n8n_project", "name": "New"}])
    assert result["failed"] and "exists 2 times" in result["msg"]


def test_duplicate_project_with_content_is_not_deleted(n8n: Server, proxy: FaultProxy) -> None:
    def other_controller() -> None:
        n8n.api("POST", "/projects", {"name": "New"})

    def other_user() -> None:
        key = sorted(n8n.everything("/projects"), key=lambda item: item["createdAt"])[-1]["id"]
        workflow = n8n.api("POST", "/workflows", {"name": "Bills", "nodes": [], "connections": {}, "settings": {}})
        n8n.api("PUT", f"/workflows/{workflow['id']}/transfer", {"destinationProjectId": key})

    proxy.before_write[1] = other_controller
    proxy.after_write[1] = other_user
    (result,) = run_concurrently([{"module": "n8n_project", "name": "New", "url": proxy.url}])
    assert result["failed"] and "now has content" in result["msg"], result
    assert len(project_ids(n8n, "New")) == 2 and all(key in result["msg"] for key in project_ids(n8n, "New"))
    assert len(n8n.everything("/workflows")) == 1


@pytest.mark.parametrize("state", [{"state": "absent"}, {"role": "viewer"}])
def test_concurrently_removed_last_admin_is_restored(
    n8n: Server, proxy: FaultProxy, tmp_path: Path, state: dict[str, str]
) -> None:
    invite_and_accept(n8n, "ada@example.com", "bo@example.com")
    key = create_project(n8n, "Sales", ada="admin", bo="admin")
    task = {"module": "n8n_project_member", "project": key, **state}
    other_results: list[dict[str, Any]] = []
    proxy.before_write[1] = lambda: other_results.append(
        run_on_other_controller({**task, "user": "bo@example.com"}, tmp_path)
    )
    (result,) = run_concurrently([{**task, "user": "ada@example.com", "url": proxy.url}])
    assert (
        not other_results[0].get("failed")
        and result["failed"]
        and "another task removed the other admins" in result["msg"]
    )
    assert n8n.memberships()["Sales"]["ada@example.com"] == "project:admin"


@pytest.mark.parametrize("action", ["remove_memberships", "demote", "staged", "delete"])
def test_leaver_who_became_last_admin_is_not_restored(
    n8n: Server, proxy: FaultProxy, tmp_path: Path, action: str
) -> None:
    invite_and_accept(n8n, "ada@example.com", "bo@example.com")
    key = create_project(n8n, "Sales", ada="admin", bo="admin")
    shared = {"data_tables": "delete"} if action == "delete" else {}
    if action == "staged":
        shared["state_path"] = str(tmp_path / "leavers.json")
    other_task = {"module": "n8n_project_member", "project": key, "user": "bo@example.com", "state": "absent"}
    task = {"module": "n8n_offboard", "users": ["ada@example.com"], "action": action, **shared}
    proxy.before_write[1] = lambda: run_on_other_controller(other_task, tmp_path)
    (result,) = run_concurrently([{**task, "url": proxy.url}])
    assert result["failed"], result
    if action in ("remove_memberships", "delete"):
        assert f'Project "Sales" ({key}) has no project:admin now' in result["msg"]
        assert "ada@example.com" not in n8n.memberships()["Sales"]
    else:
        # n8n itself refuses to make the last admin a chat user.
        assert "only project admin" in result["msg"]


def test_controllers_share_record_without_lost_entries(n8n: Server, tmp_path: Path) -> None:
    hosts = emails_of(8)
    invite_and_accept(n8n, *hosts)
    record = tmp_path / "leavers.json"
    task = {"module": "n8n_offboard", "action": "staged", "state_path": str(record)}
    results = run_concurrently([{**task, "users": [host]} for host in hosts], tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert sorted(entry["email"] for entry in json.loads(record.read_text("utf-8"))["leavers"]) == hosts


def test_controllers_share_invitations_file_without_lost_links(n8n: Server, tmp_path: Path) -> None:
    path = tmp_path / "invites.json"
    tasks = [
        {"module": "n8n_access", "users": [{"email": email}], "invites_path": str(path)} for email in emails_of(12)
    ]
    results = run_concurrently(tasks, tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert sorted(json.loads(path.read_text("utf-8"))) == emails_of(12)


def test_concurrent_invitations_and_deletions_of_one_user_succeed(n8n: Server, tmp_path: Path) -> None:
    for state in ("present", "absent"):
        tasks = [{"module": "n8n_user", "email": "new@example.com", "state": state}] * 6
        assert not [result for result in run_concurrently(tasks, tmp_path) if result.get("failed")]
        found = [user for user in n8n.everything("/users") if user["email"] == "new@example.com"]
        assert len(found) == (state == "present")


@pytest.mark.parametrize(("when", "number"), [("before", 1), ("before", 2), ("after", 2)])
def test_concurrent_restore_and_staging_keep_record_consistent(
    n8n: Server, proxy: FaultProxy, tmp_path: Path, when: str, number: int
) -> None:
    """Both tasks use the same time, so the new entry of the record equals the old entry."""
    invite_and_accept(n8n, "ada@example.com")
    create_project(n8n, "Sales", **{OWNER.partition("@")[0]: "admin", "ada": "editor"})
    record = tmp_path / "leavers.json"
    stage = {"module": "n8n_offboard", "users": ["ada@example.com"], "action": "staged", "state_path": str(record)}
    restore = {"module": "n8n_access", "users": [{"email": "ada@example.com"}], "restore": True}
    stage |= {"now": "2026-01-01", "url": proxy.url}
    restore |= {"state_path": str(record), "url": proxy.url}
    (staged,) = run_concurrently([stage])
    assert not staged.get("failed") and "ada@example.com" not in n8n.memberships()["Sales"]
    proxy.reset()
    hooks = proxy.before_write if when == "before" else proxy.after_write
    hooks[number] = lambda: run_on_other_controller(stage, tmp_path)
    (result,) = run_concurrently([restore])
    role = n8n.get("/users/ada@example.com?includeRole=true")["role"]
    has_everything = role == "global:member" and n8n.memberships()["Sales"].get("ada@example.com") == "project:editor"
    assert has_everything != ("ada@example.com" in record.read_text("utf-8")), result
    assert bool(result["conflicts"]) != has_everything, result
    (again,) = run_concurrently([restore])
    assert not again.get("failed") and n8n.memberships()["Sales"]["ada@example.com"] == "project:editor"


def test_link_lost_with_killed_task_is_reported_by_next_run(n8n: Server, proxy: FaultProxy, tmp_path: Path) -> None:
    task = {
        "module": "n8n_access",
        "users": [{"email": "ada@example.com"}],
        "invites_path": str(tmp_path / "invites.json"),
    }
    started: list[subprocess.Popen[str]] = []

    def kill_task() -> None:
        while not started:
            time.sleep(0.01)
        started[0].kill()
        started[0].wait()

    proxy.after_write[1] = kill_task
    started.append(start({**task, "url": proxy.url}))
    started[0].communicate(timeout=300)
    assert started[0].returncode == -signal.SIGKILL and not (tmp_path / "invites.json").exists()
    (again,) = run_concurrently([task])
    assert "No invitation link of ada@example.com is in" in str(again["warnings"])
    assert [entry["user"] for entry in again["pending"]] == ["ada@example.com"]


# Databases


def test_many_new_projects_of_one_list_are_created(n8n: Server) -> None:
    """n8n 2.40.7 on PostgreSQL refuses one of two concurrent creations, and the task creates all projects."""
    names = [f"Team {number:02}" for number in range(15)]
    for attempt in range(3):
        listed = [{"name": f"{name} {attempt}", "members": {OWNER: "admin"}} for name in names]
        (done,) = run_concurrently([{"module": "n8n_access", "projects": listed}])
        assert not done.get("failed") and len(done["done"]) == len(names), done.get("msg")


def test_projects_are_created_despite_concurrent_creations(n8n: Server) -> None:
    """The task creates all projects, although n8n refuses some requests because of concurrent creations."""
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


def test_members_are_added_despite_concurrent_additions(n8n: Server, tmp_path: Path) -> None:
    """If two requests write the same memberships concurrently, n8n refuses one of them with HTTP 500."""
    emails = emails_of(40)
    invite(n8n, *emails)
    key = str(n8n.api("POST", "/projects", {"name": "Sales"})["id"])
    orders = [emails, emails[::-1]] * 3
    tasks = [
        {"module": "n8n_access", "projects": [{"id": key, "members": dict.fromkeys(order, "viewer")}]}
        for order in orders
    ]
    results = run_concurrently(tasks, tmp_path)
    assert not [result for result in results if result.get("failed")]
    assert n8n.memberships()["Sales"] == {OWNER: "project:admin", **dict.fromkeys(emails, "project:viewer")}
