# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither the output of ansible-playbook (-vvv --diff) nor its files contain API keys or links, even after failures."""

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
INVALID_KEY = "a-wrong-key-that-nobody-is-to-see"


@pytest.fixture
def ansible_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for all files that Ansible writes by default."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("LOCAL_TEMP", "REMOTE_TEMP", "LOG_PATH"):
        monkeypatch.setenv(f"ANSIBLE_{name}", str(folder / name.lower()))
    monkeypatch.setenv("HOME", str(folder))
    return folder


def run_tasks(tmp_path: Path, *tasks: dict[str, Any], **keywords: Any) -> str:
    """Run tasks in a play that continues after failures, and return the output."""
    file = tmp_path / "play.yml"
    named = [{"name": f"Task {number}", "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    file.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": named}]), "utf-8"
    )
    return run_playbook(str(file))


def run_playbook(*words: str) -> str:
    """Run ansible-playbook, and return its output."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-vvv", "--diff", *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def content_of(folder: Path) -> str:
    """Return the content of all files in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def secrets(n8n: Server, links: dict[str, str]) -> set[str]:
    """Return the secret texts: API keys, invitation links, and the parts of links that give access to an account."""
    found = {n8n.api_key, n8n.api_key.rpartition(".")[2], INVALID_KEY}
    for link in links.values():
        found |= {link, urlsplit(link).query}
        found |= {part.partition("=")[2] for part in urlsplit(link).query.split("&") if part.startswith("token=")}
    assert all(len(secret) > 20 for secret in found)
    return found


def leaked_secrets(text: str, secret_texts: set[str]) -> set[str]:
    """Return the secrets in a text, as plain text or in JSON encoding."""
    return {
        secret
        for secret in secret_texts
        if secret in text or json.dumps(secret)[1:-1] in text or secret.replace("&", "\\u0026") in text
    }


@pytest.mark.parametrize("in_process", [True, False])
def test_no_secrets_are_leaked_with_key_from_environment(
    n8n: Server, tmp_path: Path, ansible_home: Path, monkeypatch: pytest.MonkeyPatch, in_process: bool
) -> None:
    # Ansible keeps the files that contain the options of the modules.
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    file = tmp_path / "links.json"
    n8n.api("POST", "/projects", {"name": "Sales"})
    output = run_tasks(
        tmp_path,
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com"}},
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com", "resend_invite": True}, "register": "di"},
        {"ansible.builtin.debug": {"var": "di"}},
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "invites_path": str(file)}, "register": "access"},
        {"ansible.builtin.debug": {"var": "access"}},
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "invites_path": str(file)}, "check_mode": True},
        vars={"n8n_in_process": in_process},
    )
    assert output.count("changed: [localhost]") == 3
    links = json.loads(file.read_text("utf-8"))
    assert len(links) == 3 and stat.S_IMODE(file.stat().st_mode) == 0o600
    # On versions that keep the link of a pending invitation, this link is also the earlier link of Di.
    (again,) = n8n.api("POST", "/users", [{"email": "di@example.com", "role": "global:member"}])
    secret_texts = secrets(n8n, {**links, "di@example.com": again["user"]["inviteAcceptUrl"]})
    assert leaked_secrets(output, secret_texts) == set()
    # A task in Ansible's own process needs no such file.
    assert ("di@example.com" in content_of(ansible_home / "remote_temp")) != in_process
    assert leaked_secrets(content_of(ansible_home), secret_texts) == set()
    # This assertion verifies that the test detects secrets.
    assert leaked_secrets(file.read_text("utf-8"), secret_texts)


def test_no_secrets_are_leaked_with_key_as_option(
    n8n: Server, tmp_path: Path, ansible_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("N8N_API_KEY")
    key_with_few_scopes = n8n.login(OWNER).api_key(["user:list", "user:read"])
    monkeypatch.setenv("FEW_SCOPES", key_with_few_scopes)
    output = run_tasks(
        tmp_path,
        {"lifecycle.n8n.n8n_user": {"email": "di@example.com", "api_key": "{{ key }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "ed@example.com"}},
        # Failures: missing scopes, an invalid key, an unreachable server, and a key with invalid characters.
        {"lifecycle.n8n.n8n_access": {"users": PEOPLE, "api_key": "{{ few }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": "{{ few }}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": INVALID_KEY}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "url": "http://127.0.0.1:9", "retries": 0}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "api_key": f"{INVALID_KEY} {INVALID_KEY}"}},
        {"lifecycle.n8n.n8n_user": {"email": "fay@example.com", "url": "http://user:{{ key }}@127.0.0.1:9"}},
        vars={
            "key": f"{{{{ lookup('ansible.builtin.file', '{_write_file(tmp_path / 'key', n8n.api_key)}') }}}}",
            "few": "{{ lookup('ansible.builtin.env', 'FEW_SCOPES') }}",
        },
        module_defaults={"group/lifecycle.n8n.n8n": {"api_key": "{{ key }}"}},
    )
    assert output.count("changed: [localhost]") == 2 and output.count("...ignoring") == 6
    for words in (
        "(HTTP 403)",
        "(HTTP 401)",
        "could not be reached",
        "other characters that no API key has",
        "contains a user name or password",
    ):
        assert words in output
    secret_texts = {n8n.api_key, key_with_few_scopes, INVALID_KEY}
    assert leaked_secrets(output, secret_texts) == set()
    assert "di@example.com" in content_of(ansible_home)
    assert leaked_secrets(content_of(ansible_home), secret_texts) == set()


def test_no_secrets_are_leaked_by_roles(n8n: Server, tmp_path: Path, ansible_home: Path) -> None:
    file = tmp_path / "links.json"
    people = _write_file(
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
    output = "".join(
        run_playbook(f"lifecycle.n8n.{role}", "-e", f"@{people}", *check)
        for role in ("onboard", "offboard")
        for check in (("--check",), ())
    )
    secret_texts = secrets(n8n, json.loads(file.read_text("utf-8")))
    assert len(secret_texts) >= 9
    assert leaked_secrets(output + content_of(ansible_home), secret_texts) == set()
    assert [user["email"] for user in n8n.everything("/users")] == [OWNER]


def _write_file(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    os.chmod(path, 0o600)
    return str(path)
