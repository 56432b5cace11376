# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task has the same result in Ansible's own process and as a module that is sent to its host."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from n8n_server.server import Server

FILES = Path(__file__).parent / "in_process"
OWN_PROCESS = "runs in Ansible's own process"
# The projects of the company, with members.
PROJECTS: Mapping[str, Mapping[str, str]] = {
    "Sales": {"ada@example.com": "project:admin", "cy@example.com": "project:viewer"},
    "Ops": {"ada@example.com": "project:admin"},
    "{{ 1 + 1 }}": {"cy@example.com": "project:viewer"},
    "NO": {"ada@example.com": "project:admin"},
    "007": {"ada@example.com": "project:admin"},
}
INVALID_KEY = "invalid-key-that-nobody-is-to-see"
# Texts that differ between two runs wherever a module runs.
VARYING = {
    "id": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "short id": r"\b[A-Za-z0-9]{16}\b",
    "token": r"(?<=token=)[\w.-]+",
    "job": r"\bj\d+\.\d+\b|(?<=async_dir/)j\d+|\bj\d{6,}\b",
    "omitted": r"(?<=__omit_place_holder__)[0-9a-f]+",
    "time": r"\b20[2-8]\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "digest": r"\b[0-9a-f]{12,64}\b",
    "address": r"(?<= at 0x)[0-9a-f]+",
}
# Lines of -vvvv that differ on purpose: about the way to the module, and about what without_known_differences() removes.
NOT_COMPARED = re.compile(
    r"^<|^extra_vars: |^Using module file |^Pipelining is enabled|^Trying secret |"
    rf"{OWN_PROCESS}|\"requests\": \d+|\"(?:ansible_facts|discovered_interpreter_python)\": |^[\s{{}}\[\],]*$"
)
HEADING = re.compile(r"TASK \[|task path: ")


def create_company(n8n: Server) -> None:
    """Delete all data. Ada and Cy are active users, Bo is pending, and two projects have the name Twin."""
    n8n.reset()
    emails = ("ada@example.com", "bo@example.com", "cy@example.com")
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in emails])
    users = {entry["user"]["email"]: entry["user"] for entry in invited}
    for name in ("ada", "cy"):
        n8n.accept(users[f"{name}@example.com"]["inviteAcceptUrl"], name.capitalize(), "L")
    create_twins(n8n)
    for name, members in PROJECTS.items():
        project = n8n.api("POST", "/projects", {"name": name})
        relations = [{"userId": users[email]["id"], "role": role} for email, role in members.items()]
        if relations:
            n8n.api("POST", f"/projects/{project['id']}/users", {"relations": relations})


def create_twins(n8n: Server) -> None:
    """Create two projects of one name, with ids in the order of creation, because n8n creates random ids."""
    ids: list[str] = []
    while len(ids) < 2:
        ids.append(n8n.api("POST", "/projects", {"name": "Twin"})["id"])
        if ids != sorted(ids):
            for project_id in ids:
                n8n.api("DELETE", f"/projects/{project_id}")
            ids = []


@dataclass(frozen=True)
class Run:
    """What a run of a playbook has shown: the events of callbacks by task and host, the output, and the files."""

    events: Mapping[tuple[str, str], Sequence[dict[str, Any]]]
    output: str
    files: Mapping[str, str]
    access: object = None


def run_playbook(folder: Path, playbook: str, *words: str) -> Run:
    """Run a playbook in a new copy of the files, and return what it has shown."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(FILES, folder)
    (folder / "files").mkdir()
    (folder / "password").write_text("in-process", "utf-8")
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        # ansible-core 2.21 and later returns the options of modules only with this setting.
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_ASYNC_DIR": str(folder / "jobs"),
        # Ansible prints sets, such as the valid booleans. Their order depends on this number.
        "PYTHONHASHSEED": "0",
        "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "password"),
        "RECORDED_RESULTS": str(folder / "results"),
    }
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(folder / "hosts.yml"), *words, playbook],
        # Relative paths of options are relative to the folder of the playbook, not to this one.
        cwd=folder.parent,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    events: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in (folder / "results").read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["action"].endswith("async_status"):
            # How often Ansible asks for the state of a task in the background depends on time.
            event["result"].pop("attempts", None)
        if event["event"] == "async poll" or (event["event"] == "retry" and event["action"].endswith("async_status")):
            continue
        events.setdefault((event["task"], event["host"]), []).append(event)
    files = {str(file.relative_to(folder)): file.read_text("utf-8") for file in sorted((folder / "files").rglob("*.*"))}
    return Run(events, done.stdout, files)


def access_of(n8n: Server) -> object:
    """Return the users, projects and members."""
    users = sorted((user["email"], user["role"]) for user in n8n.everything("/users", includeRole="true"))
    return users, sorted(project["name"] for project in n8n.everything("/projects")), n8n.memberships()


def run_both_ways(
    n8n: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, playbook: str, **variables: object
) -> Sequence[Run]:
    """Run a playbook in process and out of process, each time with the same company and the same files."""
    runs = []
    for in_process in (True, False):
        create_company(n8n)
        for name, value in n8n.environment().items():
            monkeypatch.setenv(name, value)
        given = json.dumps({**variables, "n8n_in_process": in_process})
        run = run_playbook(folder, str(folder / playbook), "-vvvv", "--diff", "-e", given)
        runs.append(replace(run, access=access_of(n8n)))
    return runs


def same_ids(text: str) -> str:
    """Return the text with the texts that vary between runs replaced by their kind and number of appearance."""
    seen: dict[str, str] = {}
    pattern = "|".join(f"(?P<{kind.replace(' ', '_')}>{expression})" for kind, expression in VARYING.items())
    return re.sub(pattern, lambda found: seen.setdefault(found[0], f"<{found.lastgroup} {len(seen)}>"), text)


def without_known_differences(value: Any) -> Any:
    """Return the values of an event without those that differ on purpose."""
    if isinstance(value, list):
        return [without_known_differences(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_known_differences(item) for key, item in value.items()}
    if "record_changes" in kept:
        # They are sorted by ids, which are random.
        kept["record_changes"] = len(kept["record_changes"])
    facts = kept.get("ansible_facts")
    if isinstance(facts, dict):
        # Ansible looks for a Python on the host only before it sends a module.
        facts.pop("discovered_interpreter_python", None)
        if not facts:
            del kept["ansible_facts"]
    return kept


def comparable_events(events: Sequence[dict[str, Any]]) -> Any:
    """Return the events of a task on a host without what differs on purpose.

    Later items of a loop and further attempts use names and roles that were read before, or read them again. The threads
    of a task that fails may have sent more requests before the error stops them.
    """
    kept = without_known_differences(list(events))
    if all(event["event"] in ("ok", "diff") for event in events):
        return kept
    return json.loads(re.sub(r'"requests": \d+', '"requests": 0', json.dumps(kept)))


def comparable(run: Run) -> dict[str, list[str]]:
    """Return the lines of what a run has shown, by task and host, and of all that it has left behind."""
    shown = {f"{task} ({host})": comparable_events(run.events[task, host]) for task, host in sorted(run.events)}
    everything = json.loads(same_ids(json.dumps({**shown, "files": run.files, "access": run.access})))
    # Ids that are keys have been replaced, so the keys are sorted now.
    lines = {key: json.dumps(value, indent=1, sort_keys=True).splitlines() for key, value in everything.items()}
    # Several hosts finish in any order.
    output = re.sub("|".join(VARYING.values()), "<varying>", run.output).splitlines()
    kept = [line.rstrip(",") for line in output if not NOT_COMPARED.search(line)]
    # With the strategy free, Ansible repeats the heading of a task if the hosts reach the task at different times.
    headings = {line for line in kept if HEADING.match(line)}
    return {**lines, "output": sorted([*headings, *(line for line in kept if line not in headings)])}


def differences(here: Run, sent: Run) -> str:
    """Return what differs between a run in process and one out of process."""
    pair = comparable(here), comparable(sent)
    assert pair[0].keys() == pair[1].keys()
    found = []
    for key in pair[0]:
        lines = difflib.unified_diff(pair[0][key], pair[1][key], "in process", "sent", n=2, lineterm="")
        found += [f"{key}: {line}" for line in lines]
    return "\n".join(found)


def failed_tasks(run: Run) -> set[str]:
    """Return the names of the tasks that failed on at least one host."""
    return {task for (task, _host), events in run.events.items() if any("failed" in event["event"] for event in events)}


def test_results_are_the_same_in_process_and_out_of_process(
    n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, sent = run_both_ways(n8n, tmp_path / "same", monkeypatch, "playbook")
    assert differences(here, sent) == ""
    refused = {task for task, _host in here.events if task.startswith("Refuse")}
    assert failed_tasks(here) == failed_tasks(sent) == refused
    actions = {event["action"] for events in here.events.values() for event in events}
    assert len({action.rpartition(".")[2] for action in actions if "n8n_" in action}) == 9
    assert here.output.count(OWN_PROCESS) > 100 and OWN_PROCESS not in sent.output


def method_to_become() -> str | None:
    """Return a program with which root can become root without a password, or None."""
    return next((name for name in ("sudo", "su") if os.geteuid() == 0 and shutil.which(name)), None)


def test_tasks_that_leave_the_process_have_the_same_results(
    n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    # A virtual environment is another Python than the one that has created it.
    variables: dict[str, object] = {"other_python": os.path.realpath(sys.executable)}
    if method := method_to_become():
        variables["method_to_become"] = method
    else:
        record_property("become is skipped", "the user is not root, or neither sudo nor su exists")
    here, sent = run_both_ways(n8n, tmp_path / "same", monkeypatch, "leaves_process.yml", **variables)
    # How often Ansible prints that it waits depends on time.
    assert differences(replace(here, output=""), replace(sent, output="")) == ""
    assert failed_tasks(here) == {task for task, _host in here.events if task.startswith("Refuse")}
    assert OWN_PROCESS not in here.output and OWN_PROCESS not in sent.output


def test_no_secrets_are_printed_or_passed_to_callbacks(
    n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "same"
    monkeypatch.setenv("INVALID_KEY", INVALID_KEY)
    for in_process in (True, False):
        create_company(n8n)
        monkeypatch.setenv("N8N_API_KEY", n8n.api_key)
        run = run_playbook(
            folder, str(folder / "secrets.yml"), "-vvvv", "--diff", "-e", json.dumps({"n8n_in_process": in_process})
        )
        assert failed_tasks(run) == {task for task, _host in run.events if task.startswith("Refuse")}
        assert (OWN_PROCESS in run.output) == in_process
        links = [*json.loads(run.files["files/links.json"]).values(), run.files["files/link.txt"]]
        assert len(links) == 2
        secrets = {n8n.api_key, n8n.api_key.rpartition(".")[2], INVALID_KEY, *links}
        secrets |= {urlsplit(link).query for link in links} | {
            urlsplit(link).query.rpartition("=")[2] for link in links
        }
        shown = run.output + json.dumps(list(run.events.values()), ensure_ascii=False)
        assert {secret for secret in secrets if secret in shown or json.dumps(secret)[1:-1] in shown} == set()
        assert shown.count("gil@example.com") > 1


@pytest.mark.parametrize("options", ["email=ada@example.com memberships=yes", "email=ada@example.com id=1"])
def test_ad_hoc_commands_print_the_same(n8n: Server, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    create_company(n8n)
    monkeypatch.setenv("N8N_API_KEY", n8n.api_key)
    command = [str(Path(sys.executable).parent / "ansible"), "localhost", "-m", "lifecycle.n8n.n8n_user_info", "-a"]
    outputs = [
        subprocess.run(
            [*command, options, "-v", "-e", json.dumps({"n8n_in_process": in_process})],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        for in_process in (True, False)
    ]
    assert outputs[0] == outputs[1]
    assert ("Ada" in outputs[0]) == ("memberships" in options)
