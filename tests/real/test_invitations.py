# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that n8n refuses to invite, and undelivered invitations, on the real n8n."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible.module_utils import basic
from documents.document_checks import run as run_command
from n8n_server.install import LOCKS
from n8n_server.server import OWNER, Server, running
from real.fault_proxy import FaultProxy
from test_errors import assert_refused, run
from test_fake_n8n import FakeInstance, RealInstance, assert_same_outcome

# This import makes the collection importable.
import_module("unit.conftest")
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.apply import apply
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.client import Client
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.names import invitation_refusal
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.options import Connection
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import EVERYTHING
from ansible_collections.lifecycle.n8n.tests.unit.sample_emails import INVITED, REFUSED

GUEST = "john_partner.com#ext#@contoso.onmicrosoft.com"
ADA, BO, CY = (f"{name}@example.com" for name in ("ada", "bo", "cy"))
# No program listens on this port.
MAIL_PORT = "9"
NO_CONNECTION = f"connect ECONNREFUSED 127.0.0.1:{MAIL_PORT}"
MAIL_FAILS = {
    "N8N_EMAIL_MODE": "smtp",
    "N8N_SMTP_HOST": "127.0.0.1",
    "N8N_SMTP_PORT": MAIL_PORT,
    "N8N_SMTP_SSL": "false",
    "N8N_SMTP_SENDER": "n8n@example.com",
}
NOTHING_IS_SENT = {"N8N_INVITE_LINKS_EMAIL_ONLY": "true"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def emails(n8n: Server) -> set[str]:
    return {user["email"] for user in n8n.everything("/users")} - {OWNER}


def test_address_validation_matches_n8n(n8n: Server) -> None:
    for email in (*INVITED, *REFUSED, GUEST):
        answer = requests.post(
            f"{n8n.url}/api/v1/users",
            headers={"X-N8N-API-KEY": n8n.api_key},
            json=[{"email": email, "role": "global:member"}],
            timeout=60,
        )
        assert answer.status_code == (400 if invitation_refusal(email) else 201), (email, answer.text)
        assert (email in INVITED) == (answer.status_code == 201), email


def test_error_names_every_refused_address_before_first_write(n8n: Server) -> None:
    users = [{"email": ADA}, {"email": GUEST}, {"email": BO}, {"email": "o'@example.com"}]
    members = {"a@example.c1": "viewer"}
    assert_refused(
        "n8n_access",
        f"users[1] ({GUEST}): n8n does not accept # before the @",
        "users[3] (o'@example.com): n8n does not accept an apostrophe right before the @",
        'projects[0] ("Sales"), member a@example.c1: n8n does not accept the top-level domain "c1"',
        users=users,
        projects=[{"name": "Sales", "members": members}],
    )
    assert_refused("n8n_user", f"email ({GUEST}): n8n does not accept # before the @", email=GUEST)
    assert emails(n8n) == set() and n8n.memberships() == {}


def test_unexpectedly_refused_address_does_not_block_other_invitations(n8n: Server) -> None:
    """The test creates the plan itself, because the module refuses a list with such addresses."""
    people = {f"p{number:03}@example.com" for number in range(60)}
    wrong = {"q#@example.com", "p030!@example.com", "a@example.c", "z@example"}
    with Client(Connection(n8n.url, n8n.api_key)) as client:
        api = Api(client)
        changes = [Change("invite_user", email, after="global:member") for email in people | wrong]
        plan = Plan.of(read(api, EVERYTHING), changes)
        before = client.requests
        outcome = apply(plan, api, lambda links: None)
        assert client.requests - before <= 45
    assert sorted(error["users"] for error in outcome.errors) == [[email] for email in sorted(wrong)]
    for error in outcome.errors:
        assert error["users"][0] in error["error"] and "Correct the address" in error["error"]
    assert emails(n8n) == people


@contextmanager
def additional_server(n8n: Server, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run another n8n of the same version with these environment variables."""
    with running(LOCKS / n8n.version, extra_environment=environment) as server:
        yield server


@pytest.fixture
def run_and_return_warning(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that runs a module and returns its only warning, and asserts that the output has no link."""
    warnings: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda self, warning, **more: warnings.append(warning))

    def run_and_return_warning(module_name: str, **args: Any) -> str:
        warnings.clear()
        result = run(module_name, **args)
        assert result["changed"] and not result.get("failed"), result
        (warning,) = warnings
        assert not any(mark in f"{result} {warning}" for mark in ("token=", "inviteeId"))
        return warning

    return run_and_return_warning


def use_in_environment(n8n: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in n8n.environment().items():
        monkeypatch.setenv(name, value)


def test_unsaved_links_cause_warning(n8n: Server, run_and_return_warning: Callable[..., str]) -> None:
    words = run_and_return_warning("n8n_access", users=[{"email": BO}, {"email": ADA}])
    assert words.startswith(f"n8n sent no mail to {ADA}, {BO}. It returned invitation links, and no option")
    words = run_and_return_warning("n8n_user", email=CY)
    assert words.startswith(f"n8n sent no mail to {CY}. ") and "resend_invite=true" in words


def test_every_run_returns_pending_users(n8n: Server) -> None:
    users = [{"email": ADA}, {"email": CY}]
    assert run("n8n_access", users=users)["pending"] == []
    invited = {user["email"]: user for user in n8n.everything("/users")}
    for check_mode in (True, False):
        pending = run("n8n_access", check_mode=check_mode, users=[*users, {"email": OWNER}])["pending"]
        assert [(entry["user"], entry["user_id"]) for entry in pending] == [
            (email, invited[email]["id"]) for email in (ADA, CY)
        ]
        for entry in pending:
            assert TIME.fullmatch(entry["invited_at"])
            assert entry["invited_at"][:-1] == invited[entry["user"]]["createdAt"].partition(".")[0]
    (again,) = n8n.api("POST", "/users", [{"email": ADA, "role": "global:member"}])
    # The time is the time of the first invitation.
    assert run("n8n_access", users=users)["pending"] == pending
    n8n.accept(again["user"]["inviteAcceptUrl"], "Ada", "L")
    assert [entry["user"] for entry in run("n8n_access", users=users)["pending"]] == [CY]


def test_invitation_without_mail_and_link_causes_warning(
    n8n: Server, monkeypatch: pytest.MonkeyPatch, run_and_return_warning: Callable[..., str]
) -> None:
    with additional_server(n8n, NOTHING_IS_SENT) as server:
        use_in_environment(server, monkeypatch)
        words = run_and_return_warning(
            "n8n_access", users=[{"email": ADA, "projects": {"Sales": "viewer"}}, {"email": BO}]
        )
        assert words.startswith(f"The accounts of {ADA}, {BO} are pending. n8n sent no mail and returned no link")
        assert "unset N8N_INVITE_LINKS_EMAIL_ONLY" in words
        assert server.memberships()["Sales"][ADA] == "project:viewer"
        assert ADA in run_and_return_warning("n8n_user", email=ADA, resend_invite=True, return_invite_url=True)
        fake = FakeInstance(floor=n8n.version.startswith("2.8."))
        fake.fake.links_by_mail_only = True
        server.reset()
        assert_same_outcome(
            RealInstance(server), fake, "no links", (lambda instance: instance.invite(ada="member", bo="chatUser"),) * 2
        )


def test_unreachable_mail_server_causes_warning(
    n8n: Server, monkeypatch: pytest.MonkeyPatch, run_and_return_warning: Callable[..., str]
) -> None:
    with additional_server(n8n, MAIL_FAILS) as server:
        use_in_environment(server, monkeypatch)
        words = run_and_return_warning(
            "n8n_access", users=[{"email": ADA, "projects": {"Sales": "viewer"}}, {"email": BO}]
        )
        assert words.startswith(
            f"The accounts of {ADA}, {BO} are pending, and n8n could not send the invitation mail: {NO_CONNECTION}. "
        )
        assert server.memberships()["Sales"][ADA] == "project:viewer"
        again = run("n8n_access", users=[{"email": ADA}, {"email": BO}])
        assert not again["changed"] and [entry["user"] for entry in again["pending"]] == [ADA, BO]
        failed = run("n8n_user", email=ADA, resend_invite=True)
        assert failed["failed"] and f"could not send the invitation of {ADA} again: {NO_CONNECTION}" in failed["msg"]
        fake = FakeInstance(floor=n8n.version.startswith("2.8."))
        fake.fake.mail_errors[""] = NO_CONNECTION
        server.reset()
        assert_same_outcome(
            RealInstance(server),
            fake,
            "mail fails",
            (lambda instance: instance.invite(ada="member", bo="chatUser"),) * 2,
        )


def processes_of(pid: int) -> list[int]:
    """Return a process and all its descendants. Ansible starts its workers and modules in sessions of their own."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for thread in threads for child in thread.read_text(encoding="ascii").split()]
    return [pid, *(found for child in children for found in processes_of(int(child)))]


def run_and_kill(n8n: Server, command: str, folder: Path) -> None:
    """Run a command, and kill it with all its processes as soon as n8n has applied its first write."""
    started: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        for pid in processes_of(started[0].pid):
            os.kill(pid, signal.SIGKILL)

    with FaultProxy(n8n.url) as proxy:
        proxy.after_write[1] = kill
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        environment = {**os.environ, "PATH": path, "N8N_URL": proxy.url}
        started.append(subprocess.Popen(command.split(), cwd=folder, env=environment, stdout=subprocess.DEVNULL))
        assert started[0].wait(timeout=120) == -signal.SIGKILL
        assert len(proxy.writes) == 1


def test_link_lost_with_a_killed_task_is_reported_by_the_next_run(n8n: Server, tmp_path: Path) -> None:
    """The tasks are killed between the response of n8n and the writing of the link."""
    path = tmp_path / "links.json"
    people = [{"email": ADA}, {"email": BO}]
    tasks = {
        "onboard": {"import_role": {"name": "lifecycle.n8n.onboard"}},
        "user": {"lifecycle.n8n.n8n_user": {"email": CY, "return_invite_url": True}},
    }
    for name, task in tasks.items():
        variables = {
            "ansible_python_interpreter": sys.executable,
            "onboard_users": people,
            "onboard_invites_path": str(path),
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]}
        (tmp_path / f"{name}.yml").write_text(json.dumps([play]), encoding="utf-8")
        run_and_kill(n8n, f"ansible-playbook {name}.yml", tmp_path)
    assert emails(n8n) == {ADA, BO, CY} and not path.exists()
    code, output = run_command("ansible-playbook onboard.yml", tmp_path)
    words = " ".join(output.split())
    assert code == 0 and f"No invitation link of {ADA}, {BO} is in {path}" in words and "resend_invite=true" in words
    assert f"pending: {ADA}, first invited " in words and f"pending: {BO}, first invited " in words
    code, output = run_command("ansible-playbook user.yml", tmp_path)
    assert code == 0 and f"{CY} was invited before and is pending." in " ".join(output.split())
    # The remedy of the warning.
    for email in (ADA, CY):
        result = run("n8n_user", email=email, resend_invite=True, return_invite_url=True)
        n8n.accept(result["user"]["invite_url"], "Given", "Name")
    code, output = run_command("ansible-playbook onboard.yml", tmp_path)
    assert f"No invitation link of {BO} is in" in " ".join(output.split())
    code, output = run_command("ansible-playbook user.yml", tmp_path)
    assert "was invited before" not in output
