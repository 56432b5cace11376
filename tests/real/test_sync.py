# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role sync on days that its guide does not tell of: somebody else writes, n8n refuses, people are missing from a page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.scim import PEOPLE, TOKEN, scim
from documents.stories import blocks, everything, run
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

# Does what meddle.py says when the role is about to carry the plan out that it has shown.
CALLBACK = """
import subprocess
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "meddler"

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.get_name().endswith("Apply the plan"):
            subprocess.run([{python!r}, {script!r}], check=True)
"""
MEDDLE = """
import sys
sys.path.insert(0, {tests!r})
from n8n_server.server import Server

n8n = Server.from_environment()
project = next(project for project in n8n.everything("/projects") if project["name"] == "Support")
user = n8n.get("/users/ada@example.com")
n8n.api("DELETE", f"/projects/{{project['id']}}/users/{{user['id']}}")
"""


class Nightly:
    """Runs the playbook of the collection on a list of people, as a job does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "plan.json"

    def sync(self, *people: dict[str, Any], check: bool = False, **settings: Any) -> tuple[int, str, dict[str, Any]]:
        """Return how it ended, what it printed, and what it wrote for the auditor."""
        variables = {"sync_people": people, "sync_rules": RULES, "sync_plan_path": str(self.path), **settings}
        (self.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        self.path.unlink(missing_ok=True)
        command = f"ansible-playbook lifecycle.n8n.sync -e @variables.json{' --check' if check else ''}"
        code, output = run(command, self.folder)
        return code, output, json.loads(self.path.read_text("utf-8"))


@pytest.fixture
def nightly(tmp_path: Path) -> Nightly:
    return Nightly(tmp_path)


def test_a_plan_that_has_become_another_is_not_carried_out_unseen(
    nightly: Nightly, n8n: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where neither plan takes anything away."""
    assert nightly.sync(ADA, GRACE)[0] == 0
    plugins = nightly.folder / "callbacks"
    plugins.mkdir()
    meddle = nightly.folder / "meddle.py"
    meddle.write_text(MEDDLE.format(tests=str(TESTS)), encoding="utf-8")
    (plugins / "meddler.py").write_text(CALLBACK.format(python=sys.executable, script=str(meddle)), encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(plugins))
    code, output, record = nightly.sync(ADA, GRACE, LINUS)
    assert code == 2, output
    assert "Nothing was changed: the plan differs from the approved one" in record["error"]
    assert record["state"] == "refused" and record["done"] == []
    # The plan as it has become was shown, behind the one that was to be carried out.
    assert "add ada@example.com" not in output.partition("Apply the plan")[0]
    assert "add ada@example.com" in output.partition("Apply the plan")[2]
    assert [change["user"] for change in record["plan"]].count("ada@example.com") == 1
    assert "linus@example.com" not in n8n.memberships()["Support"]
    # The next run has nobody in its way.
    monkeypatch.delenv("ANSIBLE_CALLBACK_PLUGINS")
    code, output, record = nightly.sync(ADA, GRACE, LINUS)
    assert code == 0 and record["state"] == "done", output
    assert n8n.memberships()["Support"].keys() == {OWNER, "ada@example.com", "grace@example.com", "linus@example.com"}


def test_what_n8n_refuses_is_said_and_the_next_run_does_it(nightly: Nightly, n8n: Server) -> None:
    n8n.quota("maxTeamProjects", 1)
    code, output, record = nightly.sync(ADA, GRACE)
    assert code == 2, output
    assert record["state"] == "incomplete"
    assert {change["action"] for change in record["done"]} == {"invite_user", "create_project", "add_member"}
    assert "number of team projects in the license is used up" in record["error"]
    # Both are made at once, and either may be the one that is too many.
    assert [len(error["changes"]) for error in record["errors"]] == [1]
    lost = record["errors"][0]["changes"][0]["project"]
    assert {change["project"] for change in record["not_tried"]} == {lost}
    assert lost not in {change["project"] for change in record["done"]}
    assert len(record["done"]) + len(record["errors"]) + len(record["not_tried"]) == len(record["plan"])
    assert f"Of these, {len(record['done'])} made, 1 failed, {len(record['not_tried'])} not tried" in output
    n8n.quota("maxTeamProjects", -1)
    code, output, record = nightly.sync(ADA, GRACE)
    assert code == 0 and record["state"] == "done", output
    assert {change["project"] for change in record["plan"]} == {lost}
    assert n8n.memberships()["Support"].keys() >= {"ada@example.com", "grace@example.com"}
    assert n8n.memberships()["Sales"].keys() >= {"ada@example.com"}


def test_nothing_in_the_record_and_the_output_is_a_secret(nightly: Nightly, n8n: Server) -> None:
    invites = nightly.folder / "invites.json"
    code, output, _record = nightly.sync(ADA, GRACE, sync_invites_path=str(invites))
    assert code == 0, output
    links = json.loads(invites.read_text("utf-8"))
    assert links.keys() == {"ada@example.com", "grace@example.com"}
    written = nightly.path.read_text("utf-8") + output
    assert not any(secret in written for secret in (*links.values(), n8n.api_key))
    assert nightly.path.stat().st_mode & 0o777 == 0o600


def test_names_are_text_and_no_templates(nightly: Nightly, n8n: Server) -> None:
    """Whoever names a project in n8n, or is in the list, does not get Ansible to run anything."""
    invited = n8n.api("POST", "/users", [{"email": "leaver@example.com", "role": "global:member"}])
    project = n8n.api("POST", "/projects", {"name": "{{ 70 + 7 }}"})
    member = {"userId": invited[0]["user"]["id"], "role": "project:viewer"}
    n8n.api("POST", f"/projects/{project['id']}/users", {"relations": [member]})
    # From a task, as a list is that somebody else has written.
    people = [ADA, {**GRACE, "email": "{{60+6}}@example.com"}, {"email": "{{50+5}}@example.com"}]
    (nightly.folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    tasks = [
        {"ansible.builtin.command": "cat people.json", "register": "people"},
        {"ansible.builtin.include_role": {"name": "lifecycle.n8n.sync"}},
    ]
    variables = {
        **STRICT,
        "sync_people": "{{ people.stdout | from_json }}",
        "sync_rules": RULES,
        "sync_plan_path": str(nightly.path),
    }
    play = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]
    (nightly.folder / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", nightly.folder)
    record = json.loads(nightly.path.read_text("utf-8"))
    # n8n itself takes no such email.
    assert code == 2 and "\n{{60+6}}@example.com: n8n does not accept { } before the @" in record["error"], output
    assert record["people_without_rule"] == ["{{50+5}}@example.com"] and record["done"] == []
    del people[1]
    (nightly.folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", nightly.folder)
    record = json.loads(nightly.path.read_text("utf-8"))
    assert code == 0 and record["people_without_rule"] == ["{{50+5}}@example.com"], output
    assert "{{ 70 + 7 }}" in [change["project"] for change in record["done"]]
    assert 'remove leaver@example.com from \\"{{ 70 + 7 }}\\"' in output


def test_what_matches_nothing_is_listed_and_is_no_error(nightly: Nightly, n8n: Server) -> None:
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
        code, output, record = nightly.sync(ADA, check=check, **settings)
        assert code == 0 and all(line in output for line in lines), output
        assert record["unmatched"] == {
            "rules": ["Slaes", "support"],
            "protected_users": ["eve@example.com"],
            "ignored_users": ["*@partner.example.com"],
            "denied_projects": ["Arhcive"],
        }
    # A person without a rule is no pattern of the user's, and a run that is refused says what it knows.
    linus = {**LINUS, "department": "Legal"}
    code, output, record = nightly.sync(linus, sync_rules=RULES[:1])
    assert code == 2 and record["unmatched"]["rules"] == ["sales"] and record["unmatched"]["ignored_users"] == []


def test_omitted_values_of_people_and_rules_match_nobody(nightly: Nightly, n8n: Server) -> None:
    """The role gets them as Ansible leaves them, in variables of a play."""
    omitted = "{{ not_there | default(omit) }}"
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
            "vars": {"sync_people": [ada], "sync_rules": rules},
            "roles": ["lifecycle.n8n.sync"],
        }
        (nightly.folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        code, output = run("ansible-playbook play.yml", nightly.folder)
        assert code == expected, output
        assert "Traceback" not in output and "omit_place_holder" not in output
        users = {user["email"]: user["role"] for user in n8n.everything("/users", includeRole="true")}
        assert users.get("ada@example.com") == "global:member"


def test_somebody_missing_from_a_page_stops_the_run(
    n8n: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
