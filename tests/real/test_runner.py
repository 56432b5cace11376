# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of an automation platform, run with ansible-runner: each in a new folder, with one shared folder that remains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.document_checks import blocks, everything, run
from n8n_server.server import Server

ROOT = Path(__file__).resolve().parents[2]
ADA, GRACE = "ada@example.com", "grace@example.com"


@dataclass(frozen=True)
class Job:
    """A finished job, with the folder of its artifacts."""

    code: int
    output: str
    artifacts: Path

    def events(self) -> list[dict[str, Any]]:
        files = self.artifacts.glob("job_events/*-*.json")
        return [json.loads(file.read_text("utf-8")) for file in files]

    def passed_on(self) -> dict[str, Any]:
        """Return what a platform gives to the next jobs of a workflow: the values of set_stats."""
        found = [event for event in self.events() if event["event"] == "playbook_on_stats"]
        assert len(found) == 1, self.output
        return dict(found[0]["event_data"]["artifact_data"])


@pytest.fixture
def run_job(tmp_path: Path) -> Callable[..., Job]:
    """Return a function that runs a playbook of the collection in a new private data folder."""
    number = iter(range(100))

    def run_playbook(playbook: str, *options: str, **variables: Any) -> Job:
        folder = tmp_path / f"job{next(number)}"
        for name in ("env", "inventory", "project"):
            (folder / name).mkdir(parents=True)
        (folder / "inventory/hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
        (folder / "env/extravars").write_text(json.dumps(variables), encoding="utf-8")
        (folder / "env/cmdline").write_text(" ".join(options), encoding="utf-8")
        command = [sys.executable, "-m", "ansible_runner", "run", str(folder), "-p", f"lifecycle.n8n.{playbook}"]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            [*command, "--ident", "job"],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Job(done.returncode, done.stdout, folder / "artifacts/job")

    return run_playbook


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return the folder that all jobs can use."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def sales(n8n: Server) -> str:
    """Create Sales with the members Ada and Grace, and return its id."""
    project = n8n.api("POST", "/projects", {"name": "Sales"})
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, GRACE)])
    relations = [{"userId": entry["user"]["id"], "role": "project:editor"} for entry in invited]
    n8n.api("POST", f"/projects/{project['id']}/users", {"relations": relations})
    return str(project["id"])


def approval(way: str, planned: Job, plan: Path) -> dict[str, Any]:
    """Return the variables of the job that carries out the approved plan."""
    if way == "file":
        return {"offboard_approved_plan": str(plan)}
    # The template of the job has this text. The platform adds what the plan job has passed on.
    return {
        **planned.passed_on(),
        "offboard_approve": "{{ n8n_digest[inventory_hostname] }}",
        "offboard_only_approved": True,
    }


@pytest.mark.parametrize("way", ["file", "digest"])
def test_apply_job_carries_out_the_plan_of_another_job(
    way: str, sales: str, n8n: Server, run_job: Callable[..., Job], shared: Path
) -> None:
    plan, evidence = shared / "plan.json", shared / "evidence.jsonl"
    before = everything(n8n)
    planned = run_job(
        "offboard",
        "--check",
        offboard_users=[ADA],
        offboard_plan_path=str(plan),
        offboard_evidence_path=str(evidence),
    )
    assert planned.code == 0, planned.output
    assert everything(n8n) == before and not evidence.exists()
    digest = json.loads(plan.read_text("utf-8"))["digest"]
    assert digest and planned.passed_on()["n8n_digest"] == {"localhost": digest}
    assert planned.passed_on()["n8n_plan"]["localhost"]["path"] == str(plan)

    applied = run_job(
        "offboard",
        offboard_users=[ADA],
        offboard_evidence_path=str(evidence),
        awx_job_id=7,
        awx_user_name="olivia",
        **approval(way, planned, plan),
    )
    assert applied.code == 0, applied.output
    assert set(n8n.memberships()["Sales"]) & {ADA, GRACE} == {GRACE}
    line = json.loads(evidence.read_text("utf-8"))
    assert (line["state"], line["digest"], line["job"]["id"], line["job"]["user"]) == ("done", digest, "7", "olivia")


def test_apply_job_changes_nothing_if_n8n_has_changed_since_the_approval(
    sales: str, n8n: Server, run_job: Callable[..., Job], shared: Path
) -> None:
    plan = shared / "plan.json"
    planned = run_job("offboard", "--check", offboard_users=[ADA], offboard_plan_path=str(plan))
    assert planned.code == 0, planned.output
    ada = n8n.get(f"/users/{ADA}")["id"]
    support = n8n.api("POST", "/projects", {"name": "Support"})["id"]
    n8n.api("POST", f"/projects/{support}/users", {"relations": [{"userId": ada, "role": "project:viewer"}]})
    before = everything(n8n)
    applied = run_job("offboard", offboard_users=[ADA], **approval("digest", planned, plan))
    assert applied.code != 0 and "the approved one" in applied.output, applied.output
    assert everything(n8n) == before


def test_events_and_artifacts_contain_no_secrets(n8n: Server, run_job: Callable[..., Job], shared: Path) -> None:
    n8n.api("POST", "/projects", {"name": "Sales"})
    links = shared / "links.json"
    job = run_job(
        "onboard",
        "-vvv",
        "--diff",
        onboard_users=[{"email": email, "projects": {"Sales": "viewer"}} for email in (ADA, GRACE)],
        onboard_invites_path=str(links),
        onboard_plan_path=str(shared / "plan.json"),
        onboard_evidence_path=str(shared / "evidence.jsonl"),
    )
    assert job.code == 0, job.output
    written = json.loads(links.read_text("utf-8"))
    assert set(written) == {ADA, GRACE}
    secrets = [n8n.api_key, *(link.rpartition("token=")[2] for link in written.values())]
    assert all(len(secret) > 20 for secret in secrets)
    # ansible-runner itself writes the environment of the job, where the key is, to the file "command".
    files = [path for path in job.artifacts.rglob("*") if path.is_file() and path.name != "command"]
    files += [shared / "plan.json", shared / "evidence.jsonl"]
    assert job.events() and {"stdout", "plan.json", "evidence.jsonl"} <= {path.name for path in files}
    for file in files:
        text = file.read_text("utf-8")
        assert not any(secret in text for secret in secrets), file


def playbook_command(workflow: str) -> str:
    """Return the ansible-playbook command of a workflow for pull requests."""
    content = yaml.safe_load((ROOT / f"docs/pull_request/{workflow}.yml").read_text("utf-8"))
    steps = content["jobs"][workflow]["steps"]
    found = [step["run"] for step in steps if step.get("run", "").startswith("ansible-playbook ")]
    assert len(found) == 1, found
    return str(found[0])


def test_workflows_for_pull_requests_apply_only_the_plan(n8n: Server, tmp_path: Path) -> None:
    """Run their commands with the repository of the guide. A change of the list after the plan stops the second one."""
    for block in blocks(ROOT / "docs/docsite/rst/guide_platform.rst"):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    before = everything(n8n)
    _code, output = run(playbook_command("plan"), tmp_path)
    assert (tmp_path / "plan.json").exists(), output
    assert everything(n8n) == before and ADA in (tmp_path / "plan.txt").read_text("utf-8")

    people = tmp_path / "people.csv"
    reviewed = people.read_text("utf-8")
    people.write_text(f"{reviewed}linus@example.com,Sales\n", encoding="utf-8")
    code, output = run(playbook_command("apply"), tmp_path)
    assert code != 0 and "differs from the approved one" in output, output
    assert everything(n8n) == before

    people.write_text(reviewed, encoding="utf-8")
    code, output = run(playbook_command("apply"), tmp_path)
    assert code == 0, output
    assert {ADA, GRACE} <= set(n8n.memberships()["Sales"])
