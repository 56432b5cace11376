# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No key and no invitation link in what ansible-playbook prints (-vvv --diff) or leaves behind, failures included."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from n8n_server.server import OWNER, Server

PEOPLE = [{"email": f"{name}@example.com", "projects": {"Sales": "viewer"}} for name in ("ada", "bo", "cy")]
WRONG = "a-wrong-key-that-nobody-is-to-see"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for everything that Ansible writes by itself."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("LOCAL_TEMP", "REMOTE_TEMP", "LOG_PATH"):
        monkeypatch.setenv(f"ANSIBLE_{name}", str(folder / name.lower()))
    monkeypatch.setenv("HOME", str(folder))
    return folder


def play(tmp_path: Path, *tasks: dict[str, Any], **keywords: Any) -> str:
    """Run tasks as a play that goes on after failures; return all that was printed."""
    file = tmp_path / "play.yml"
    named = [{"name": f"Task {number}", "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    file.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": named}]), "utf-8"
    )
    return ansible(str(file))


def ansible(*words: str) -> str:
    """Run ansible-playbook; return what it printed."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-vvv", "--diff", *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def written(folder: Path) -> str:
    """Everything in the files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def secrets(n8n: Server, links: dict[str, str]) -> set[str]:
    """What nobody may see: keys, whole links, and of a link what gives the account away."""
    found = {n8n.api_key, n8n.api_key.rpartition(".")[2], WRONG}
    for link in links.values():
        found |= {link, urlsplit(link).query}
        found |= {part.partition("=")[2] for part in urlsplit(link).query.split("&") if part.startswith("token=")}
    assert all(len(secret) > 20 for secret in found)
    return found


def leaks(text: str, hidden: set[str]) -> set[str]:
    """Which secrets are in a text, as they are or as JSON writes them."""
    return {
        secret
        for secret in hidden
        if secret in text or json.dumps(secret)[1:-1] in text or secret.replace("&", "\\u0026") in text
    }


def test_the_key_comes_from_the_environment(
    n8n: Server, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is sent to where a module runs, its options in it, stays there.
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    file = tmp_path / "links.json"
    n8n.api("POST", "/projects", {"name": "Sales"})
    printed = play(
        tmp_path,
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com"}},
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com", "resend_invite": True}, "register": "di"},
        {"ansible.builtin.debug": {"var": "di"}},
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "invites_path": str(file)}, "register": "access"},
        {"ansible.builtin.debug": {"var": "access"}},
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "invites_path": str(file)}, "check_mode": True},
    )
    assert printed.count("changed: [localhost]") == 3
    links = json.loads(file.read_text("utf-8"))
    assert len(links) == 3 and stat.S_IMODE(file.stat().st_mode) == 0o600
    # Where a link is the same for as long as the invitation is pending, Di's is known too.
    (again,) = n8n.api("POST", "/users", [{"email": "di@example.com", "role": "global:member"}])
    hidden = secrets(n8n, {**links, "di@example.com": again["user"]["inviteAcceptUrl"]})
    assert leaks(printed, hidden) == set()
    assert "di@example.com" in written(home / "remote_temp")
    assert leaks(written(home), hidden) == set()
    # The test would see one.
    assert leaks(file.read_text("utf-8"), hidden)


def test_the_key_is_an_option(n8n: Server, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N8N_API_KEY")
    few = n8n.login(OWNER).api_key(["user:list", "user:read"])
    monkeypatch.setenv("FEW_SCOPES", few)
    printed = play(
        tmp_path,
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com", "api_key": "{{ key }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "ed@example.com"}},
        # Failures: a scope that is missing, a wrong key, nobody there, a key that is damaged.
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "api_key": "{{ few }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": "{{ few }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": WRONG}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "url": "http://127.0.0.1:9", "retries": 0}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": f"{WRONG} {WRONG}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "url": "http://user:{{ key }}@127.0.0.1:9"}},
        vars={
            "key": f"{{{{ lookup('ansible.builtin.file', '{_file(tmp_path / 'key', n8n.api_key)}') }}}}",
            "few": "{{ lookup('ansible.builtin.env', 'FEW_SCOPES') }}",
        },
        module_defaults={"group/lifecycle.n8n.n8n": {"api_key": "{{ key }}"}},
    )
    assert printed.count("changed: [localhost]") == 2 and printed.count("...ignoring") == 6
    for words in (
        "(HTTP 403)",
        "(HTTP 401)",
        "could not be reached",
        "other characters that no API key has",
        "contains a user name or password",
    ):
        assert words in printed
    hidden = {n8n.api_key, few, WRONG}
    assert leaks(printed, hidden) == set()
    assert "di@example.com" in written(home)
    assert leaks(written(home), hidden) == set()


def test_the_roles(n8n: Server, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "links.json"
    people = _file(
        tmp_path / "people.yml",
        yaml.safe_dump(
            {
                "onboard_users": PEOPLE,
                "onboard_create_projects": True,
                "onboard_invites_path": str(file),
                "offboard_users": [person["email"] for person in PEOPLE],
                "offboard_action": "delete",
            }
        ),
    )
    printed = "".join(
        ansible(f"lifecycle.n8n.{role}", "-e", f"@{people}", *check)
        for role in ("onboard", "offboard")
        for check in (("--check",), ())
    )
    hidden = secrets(n8n, json.loads(file.read_text("utf-8")))
    assert len(hidden) >= 9
    assert leaks(printed + written(home), hidden) == set()
    assert [user["email"] for user in n8n.everything("/users")] == [OWNER]


def _file(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    os.chmod(path, 0o600)
    return str(path)
