# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role sync in cases that its guide does not show: concurrent changes, refusals of n8n, and incomplete pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.document_checks import blocks, everything, run
from documents.scim import PEOPLE, TOKEN, scim
from n8n_server.server import OWNER, Server

TESTS = Path(__file__).resolve().parents[1]
SCIM_GUIDE = TESTS.parent / "docs/docsite/rst/guide_sync_scim.rst"
RULES = [
    {"name": "sales", "match": {"department": "Sales"}, "projects": {"Sales": "editor", "Support": "viewer"}},
    {"name": "support", "match": {"department": "Support"}, "projects": {"Support": "editor"}},
]
ADA = {"email": "ada@example.com", "department": "Sales"}
GRACE = {"email": "grace@example.com", "department": "Support"}
LINUS = {"email": "linus@example.com", "department": "Support"}
STRICT = {"sync_authority": "authoritative", "sync_leavers": "remove_memberships", "sync_max_removal_percent": 100}

# Runs concurrent_change.py before the role applies the plan that it has shown.
CALLBACK = """
import subprocess
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "concurrent_change"

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.get_name().endswith("Apply the plan"):
            subprocess.run([{python!r}, {script!r}], check=True)
"""
CONCURRENT_CHANGE = """
import sys
sys.path.insert(0, {tests!r})
from n8n_server.server import Server

n8n = Server.from_environment()
project = next(project for project in n8n.everything("/projects") if project["name"] == "Support")
user = n8n.get("/users/ada@example.com")
n8n.api("DELETE", f"/projects/{{project['id']}}/users/{{user['id']}}")
"""


class SyncRun:
    """Runs the playbook of the collection with a list of people, as a scheduled job does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "plan.json"

    def sync(self, *people: dict[str, Any], check: bool = False, **settings: Any) -> tuple[int, str, dict[str, Any]]:
        """Return the exit code, the output and the record of the run."""
        variables = {"sync_people": people, "sync_rules": RULES, "sync_plan_path": str(self.path)}
        variables |= {"sync_create_projects": True, **settings}
        (self.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        self.path.unlink(missing_ok=True)
        command = f"ansible-playbook lifecycle.n8n.sync -e @variables.json{' --check' if check else ''}"
        code, output = run(command, self.folder)
        return code, output, json.loads(self.path.read_text("utf-8"))


@pytest.fixture
def sync_run(tmp_path: Path) -> SyncRun:
    return SyncRun(tmp_path)


def test_plan_that_differs_from_shown_plan_is_refused(
    sync_run: SyncRun, n8n: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role refuses a changed plan even if neither plan removes access."""
    assert sync_run.sync(ADA, GRACE)[0] == 0
    plugins = sync_run.folder / "callbacks"
    plugins.mkdir()
    script = sync_run.folder / "concurrent_change.py"
    script.write_text(CONCURRENT_CHANGE.format(tests=str(TESTS)), encoding="utf-8")
    (plugins / "concurrent_change_callback.py").write_text(
        CALLBACK.format(python=sys.executable, script=str(script)), encoding="utf-8"
    )
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(plugins))
    code, output, record = sync_run.sync(ADA, GRACE, LINUS)
    assert code == 2, output
    assert "Nothing was changed: the plan differs from the approved one" in record["error"]
    assert record["state"] == "refused" and record["done"] == []
    # The output shows the changed plan after the approved plan.
    assert "add ada@example.com" not in output.partition("Apply the plan")[0]
    assert "add ada@example.com" in output.partition("Apply the plan")[2]
    assert [change["user"] for change in record["plan"]].count("ada@example.com") == 1
    assert "linus@example.com" not in n8n.memberships()["Support"]
    # The next run has no concurrent change.
    monkeypatch.delenv("ANSIBLE_CALLBACK_PLUGINS")
    code, output, record = sync_run.sync(ADA, GRACE, LINUS)
    assert code == 0 and record["state"] == "done", output
    assert n8n.memberships()["Support"].keys() == {OWNER, "ada@example.com", "grace@example.com", "linus@example.com"}


def test_next_run_makes_change_that_n8n_refused(sync_run: SyncRun, n8n: Server) -> None:
    n8n.quota("maxTeamProjects", 1)
    code, output, record = sync_run.sync(ADA, GRACE)
    assert code == 2, output
    assert record["state"] == "incomplete"
    assert {change["action"] for change in record["done"]} == {"invite_user", "create_project", "add_member"}
    assert "number of team projects in the license is used up" in record["error"]
    # n8n creates both projects concurrently, and either of them can exceed the limit.
    assert [len(error["changes"]) for error in record["errors"]] == [1]
    failed_project = record["errors"][0]["changes"][0]["project"]
    assert {change["project"] for change in record["not_tried"]} == {failed_project}
    assert failed_project not in {change["project"] for change in record["done"]}
    assert len(record["done"]) + len(record["errors"]) + len(record["not_tried"]) == len(record["plan"])
    done, not_tried = len(record["done"]), len(record["not_tried"])
    made = "1 change was" if done == 1 else f"{done} changes were"
    assert f"{made} made, 1 failed, and {not_tried} {'was' if not_tried == 1 else 'were'} not tried." in output
    n8n.quota("maxTeamProjects", -1)
    code, output, record = sync_run.sync(ADA, GRACE)
    assert code == 0 and record["state"] == "done", output
    assert {change["project"] for change in record["plan"]} == {failed_project}
    assert n8n.memberships()["Support"].keys() >= {"ada@example.com", "grace@example.com"}
    assert n8n.memberships()["Sales"].keys() >= {"ada@example.com"}


def test_record_and_output_contain_no_secrets(sync_run: SyncRun, n8n: Server) -> None:
    invites = sync_run.folder / "invites.json"
    code, output, _record = sync_run.sync(ADA, GRACE, sync_invites_path=str(invites))
    assert code == 0, output
    links = json.loads(invites.read_text("utf-8"))
    assert links.keys() == {"ada@example.com", "grace@example.com"}
    written = sync_run.path.read_text("utf-8") + output
    assert not any(secret in written for secret in (*links.values(), n8n.api_key))
    assert sync_run.path.stat().st_mode & 0o777 == 0o600


def test_names_are_not_evaluated_as_templates(sync_run: SyncRun, n8n: Server) -> None:
    """Names of projects in n8n and values of the list are not evaluated as templates by Ansible."""
    invited = n8n.api("POST", "/users", [{"email": "leaver@example.com", "role": "global:member"}])
    project = n8n.api("POST", "/projects", {"name": "{{ 70 + 7 }}"})
    member = {"userId": invited[0]["user"]["id"], "role": "project:viewer"}
    n8n.api("POST", f"/projects/{project['id']}/users", {"relations": [member]})
    # The list comes from the result of a task, so Ansible treats it as untrusted.
    people = [ADA, {**GRACE, "email": "{{60+6}}@example.com"}, {"email": "{{50+5}}@example.com"}]
    (sync_run.folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    tasks = [
        {"ansible.builtin.command": "cat people.json", "register": "people"},
        {"ansible.builtin.include_role": {"name": "lifecycle.n8n.sync"}},
    ]
    variables = {
        **STRICT,
        "sync_people": "{{ people.stdout | from_json }}",
        "sync_rules": RULES,
        "sync_plan_path": str(sync_run.path),
        "sync_create_projects": True,
    }
    play = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]
    (sync_run.folder / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", sync_run.folder)
    record = json.loads(sync_run.path.read_text("utf-8"))
    # n8n itself does not accept such an email.
    assert (
        code == 2 and "\nrow 2 ({{60+6}}@example.com): n8n does not accept { } before the @" in record["error"]
    ), output
    assert record["people_without_rule"] == ["{{50+5}}@example.com"] and record["done"] == []
    del people[1]
    (sync_run.folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", sync_run.folder)
    record = json.loads(sync_run.path.read_text("utf-8"))
    assert code == 0 and record["people_without_rule"] == ["{{50+5}}@example.com"], output
    assert "{{ 70 + 7 }}" in [change["project"] for change in record["done"]]
    assert 'remove leaver@example.com from \\"{{ 70 + 7 }}\\"' in output


def test_unmatched_patterns_are_listed_without_error(sync_run: SyncRun, n8n: Server) -> None:
    n8n.api("POST", "/projects", {"name": "Archive"})
    settings = {
        "sync_rules": [
            *RULES,
            {"name": "Slaes", "match": {"department": "Slaes"}, "deny": ["Sales"]},
            {"name": "no archive", "match": {}, "deny": ["Archive", "Arhcive"]},
        ],
        "sync_protected_users": ["ada@*", "eve@example.com"],
        "sync_ignored_users": [OWNER, "*@partner.example.com"],
    }
    lines = (
        "Rules that match no person: Slaes, support",
        "Patterns of sync_protected_users that match no user: eve@example.com",
        "Patterns of sync_ignored_users that match no user: *@partner.example.com",
        "Denied projects that do not exist: Arhcive",
    )
    for check in (True, False):
        code, output, record = sync_run.sync(ADA, check=check, **settings)
        assert code == 0 and all(line in output for line in lines), output
        assert record["unmatched"] == {
            "rules": ["Slaes", "support"],
            "protected_users": ["eve@example.com"],
            "ignored_users": ["*@partner.example.com"],
            "denied_projects": ["Arhcive"],
        }
    # A refused run reports its unmatched patterns, and these do not include people without a rule.
    linus = {**LINUS, "department": "Legal"}
    code, output, record = sync_run.sync(linus, sync_rules=RULES[:1])
    assert code == 2 and record["unmatched"]["rules"] == ["sales"] and record["unmatched"]["ignored_users"] == []


def test_omitted_values_of_people_and_rules_match_no_user(sync_run: SyncRun, n8n: Server) -> None:
    """Variables of a play contain the omitted values in the form in which Ansible keeps them."""
    omitted = "{{ undefined_variable | default(omit) }}"
    admin = {"name": "leads", "match": {"reports": "*"}, "role": "admin"}
    ada = {**ADA, "reports": omitted, "groups": [omitted]}
    for rules, expected in (
        ([*RULES, admin], 0),
        ([*RULES, {**admin, "match": {"reports": omitted}}], 2),
        ([*RULES, {**admin, "match": omitted}], 2),
        ([*RULES, {**admin, "match": {}, "role": omitted, "projects": omitted, "deny": omitted}], 0),
    ):
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"sync_people": [ada], "sync_rules": rules, "sync_create_projects": True},
            "roles": ["lifecycle.n8n.sync"],
        }
        (sync_run.folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        code, output = run("ansible-playbook play.yml", sync_run.folder)
        assert code == expected, output
        assert "Traceback" not in output and "omit_place_holder" not in output
        users = {user["email"]: user["role"] for user in n8n.everything("/users", includeRole="true")}
        assert users.get("ada@example.com") == "global:member"


def test_incomplete_page_stops_run(n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in blocks(SCIM_GUIDE):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    before = everything(n8n)
    with scim(missing=1) as url:
        monkeypatch.setenv("SCIM_URL", url)
        code, output = run("ansible-playbook scim.yml -vvv", tmp_path)
    assert code == 2 and f"{len(PEOPLE) - 1} of {len(PEOPLE)} people were read. Nothing was changed." in output, output
    assert TOKEN not in output
    assert everything(n8n) == before
