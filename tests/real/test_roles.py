# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behavior of all roles: empty survey answers, paths, variable names in messages, and an unreachable server."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.document_checks import everything, run
from n8n_server.server import Server

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("offboard", "onboard", "report", "sync")
ADA, GRACE, LINUS = (f"{name}@example.com" for name in ("ada", "grace", "linus"))
PEOPLE = [{"email": ADA, "department": "Sales"}, {"email": GRACE, "department": "Sales"}]
RULES = [{"name": "sales", "match": {"department": "Sales"}, "projects": {"Sales": "editor"}}]
REQUIRED: dict[str, dict[str, Any]] = {
    "offboard": {"offboard_users": [ADA]},
    "onboard": {"onboard_users": [{"email": ADA, "projects": {"Sales": "editor"}}]},
    "report": {"report_path": "report.html"},
    "sync": {"sync_people": PEOPLE, "sync_rules": RULES},
}


def variables_of(role: str) -> dict[str, Any]:
    """Return the argument specs of the variables of a role."""
    specs = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8"))
    return dict(specs["argument_specs"]["main"]["options"])


@pytest.fixture(autouse=True)
def sales(n8n: Server) -> str:
    """Create Sales with the admin Olivia, the owner, and the editors Ada, Grace and Linus. Return its id."""
    project = n8n.api("POST", "/projects", {"name": "Sales"})
    invited = n8n.api("POST", "/users", [{"email": email, "role": "global:member"} for email in (ADA, GRACE, LINUS)])
    relations = [{"userId": entry["user"]["id"], "role": "project:editor"} for entry in invited]
    n8n.api("POST", f"/projects/{project['id']}/users", {"relations": relations})
    return str(project["id"])


def run_collection_playbook(role: str, folder: Path, *words: str, **variables: Any) -> tuple[int, str]:
    """Run a playbook of the collection in a folder, and return its exit code and output."""
    (folder / "variables.json").write_text(json.dumps({**REQUIRED[role], **variables}), encoding="utf-8")
    return run(" ".join((f"ansible-playbook lifecycle.n8n.{role} -e @variables.json", *words)), folder)


def files_of_the_collection() -> set[str]:
    """Return the files of the collection that ansible-playbook runs, without tests, which write files at the same time."""
    folders = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)
    found = next(
        path for path in (Path(folder, "ansible_collections/lifecycle/n8n") for folder in folders) if path.is_dir()
    )
    shipped = [path for name in ("docs", "meta", "playbooks", "plugins", "roles") for path in (found / name).rglob("*")]
    return {str(path) for path in (*found.glob("[!.]*"), *shipped) if "__pycache__" not in path.parts}


# ---- Empty survey answers


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("role", ROLES)
def test_empty_answer_is_treated_as_omitted(role: str, empty: str | None, n8n: Server, tmp_path: Path) -> None:
    empty_values = {
        name: empty
        for name, spec in variables_of(role).items()
        if spec["type"] in ("str", "path", "raw", "list") and "choices" not in spec and name not in REQUIRED[role]
    }
    code, output = run_collection_playbook(role, tmp_path, "--check", **empty_values)
    assert code == 0, output
    without = run_collection_playbook(role, tmp_path, "--check")
    assert without[0] == 0 and [line for line in output.splitlines() if line[:8].strip().startswith('"')] == [
        line for line in without[1].splitlines() if line[:8].strip().startswith('"')
    ]


def test_empty_numbers_use_defaults(n8n: Server, tmp_path: Path) -> None:
    empty = ""
    code, output = run_collection_playbook(
        "sync",
        tmp_path,
        sync_people=PEOPLE[:1],
        sync_leavers="remove_memberships",
        sync_max_removal_percent=empty,
        sync_max_removals=empty,
    )
    assert code == 2 and "more than sync_max_removal_percent (20)" in output, output
    # A pending user would be deleted at once.
    link = n8n.api("POST", "/users", [{"email": ADA, "role": "global:member"}])[0]["user"]["inviteAcceptUrl"]
    n8n.accept(link, "Ada", "Lovelace")
    code, output = run_collection_playbook(
        "offboard",
        tmp_path,
        offboard_action="staged",
        offboard_state_path="staged.json",
        offboard_grace_days=empty,
        offboard_now="2026-01-01",
    )
    assert code == 0, output
    # The default grace period of 30 days ends on 2026-01-31.
    words = {"offboard_action": "staged", "offboard_state_path": "staged.json", "offboard_grace_days": empty}
    # n8n before 2.36 does not show whether Ada owns data tables.
    words["offboard_data_tables"] = "delete"
    assert (
        "delete ada@example.com"
        not in run_collection_playbook("offboard", tmp_path, "--check", offboard_now="2026-01-30", **words)[1]
    )
    assert (
        "delete ada@example.com"
        in run_collection_playbook("offboard", tmp_path, "--check", offboard_now="2026-01-31", **words)[1]
    )


def test_limit_of_zero_is_enforced(n8n: Server, tmp_path: Path) -> None:
    strict = {"sync_people": PEOPLE[:1], "sync_leavers": "remove_memberships", "sync_max_removal_percent": 100}
    code, output = run_collection_playbook("sync", tmp_path, sync_max_removals=0, **strict)
    assert code == 2 and "more than sync_max_removals (0)" in output, output


@pytest.mark.parametrize(
    ("role", "variable"),
    [
        ("offboard", "offboard_action"),
        ("offboard", "offboard_data_tables"),
        ("report", "report_format"),
        ("sync", "sync_authority"),
        ("sync", "sync_leavers"),
    ],
)
def test_empty_choice_is_refused_with_list_of_choices(role: str, variable: str, n8n: Server, tmp_path: Path) -> None:
    before = everything(n8n)
    code, output = run_collection_playbook(role, tmp_path, **{variable: ""})
    assert code == 2 and f"value of {variable} must be one of" in output, output
    assert all(choice in output for choice in variables_of(role)[variable]["choices"])
    assert everything(n8n) == before


@pytest.mark.parametrize("empty", ["", None])
def test_report_without_path_is_refused(empty: str | None, tmp_path: Path) -> None:
    code, output = run_collection_playbook("report", tmp_path, report_path=empty)
    # ansible-core 2.16 itself refuses null for a required variable.
    assert code == 2 and ("report_path is empty" in output or (empty is None and "'report_path'" in output)), output


# ---- Paths


def path_variables(role: str) -> dict[str, str]:
    """Return relative paths for all path variables of a role."""
    paths = {name: f"{name}.out" for name, spec in variables_of(role).items() if spec["type"] == "path"}
    # The role reads these files. The tests of people from files and of approved plans set them.
    for name in ("sync_people_path", f"{role}_approved_plan"):
        paths.pop(name, None)
    return {**paths, **({"offboard_action": "staged"} if role == "offboard" else {})}


def written_files(role: str) -> set[str]:
    """Return the files that a run with `path_variables` writes."""
    unwritten = {"onboard_state_path.out"}
    return {value for value in path_variables(role).values() if value.endswith(".out")} - unwritten


NEW = {"onboard_users": [{"email": "new@example.com", "projects": {"Sales": "editor"}}]}
NEW_PERSON = {"sync_people": [*PEOPLE, {"email": "new@example.com", "department": "Sales"}]}
CHANGES = {"onboard": NEW, "sync": NEW_PERSON}


@pytest.mark.parametrize("role", ROLES)
def test_paths_are_relative_to_current_folder_with_collection_playbook(role: str, tmp_path: Path) -> None:
    before = files_of_the_collection()
    real = tmp_path / "real"
    real.mkdir()
    # The current folder is a symbolic link, as /tmp is on some systems.
    (tmp_path / "linked").symlink_to(real)
    code, output = run_collection_playbook(
        role, tmp_path / "linked", **{**CHANGES.get(role, {}), **path_variables(role)}
    )
    assert code == 0, output
    assert written_files(role) <= {path.name for path in real.iterdir()}
    assert files_of_the_collection() == before


@pytest.mark.parametrize("role", ROLES)
def test_paths_are_relative_to_playbook_folder_with_user_playbook(role: str, tmp_path: Path) -> None:
    before = files_of_the_collection()
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {**REQUIRED[role], **CHANGES.get(role, {}), **path_variables(role)},
        "roles": [f"lifecycle.n8n.{role}"],
    }
    (project / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    code, output = run("ansible-playbook ../project/play.yml", elsewhere)
    assert code == 0, output
    assert written_files(role) <= {path.name for path in project.iterdir()}
    assert list(elsewhere.iterdir()) == [] and files_of_the_collection() == before


# ---- Names in messages

UNWRITABLE_PATH = "/nowhere/at/all.json"
# Invalid variables of each role, and a part of the error message.
REFUSALS: dict[str, list[tuple[dict[str, Any], str]]] = {
    "offboard": [
        ({"offboard_transfer_to": "Sales"}, "offboard_transfer_to, offboard_data_tables and offboard_delete_resources"),
        ({"offboard_action": "demote", "offboard_delete_resources": True}, "offboard_delete_resources applies only to"),
        (
            {"offboard_action": "delete", "offboard_data_tables": "copy"},
            "offboard_data_tables: copy requires offboard_transfer_to",
        ),
        (
            {"offboard_action": "demote", "offboard_data_tables": "delete"},
            "With offboard_action=demote it requires offboard_transfer_to",
        ),
        (
            {"offboard_action": "delete", "offboard_transfer_to": "Sales", "offboard_delete_resources": True},
            "offboard_transfer_to and offboard_delete_resources are mutually exclusive",
        ),
        ({"offboard_action": "delete", "offboard_transfer_to": "Nowhere"}, "offboard_transfer_to must be a project"),
        (
            {"offboard_action": "delete", "offboard_transfer_to": ADA},
            "offboard_transfer_to: ada@example.com is also leaving",
        ),
        (
            {"offboard_action": "demote", "offboard_demote_role": "admin"},
            "offboard_demote_role: global:admin ",
        ),
        ({"offboard_action": "demote", "offboard_demote_role": "king"}, "offboard_demote_role"),
        ({"offboard_action": "staged"}, "offboard_action=staged requires offboard_state_path"),
        ({"offboard_action": "staged", "offboard_state_path": UNWRITABLE_PATH}, UNWRITABLE_PATH),
        (
            {"offboard_action": "staged", "offboard_state_path": "a", "offboard_grace_days": -1},
            "offboard_grace_days: -1",
        ),
        (
            {"offboard_action": "staged", "offboard_state_path": "a", "offboard_grace_days": "many"},
            "offboard_grace_days",
        ),
        ({"offboard_action": "staged", "offboard_state_path": "a", "offboard_now": "soon"}, "offboard_now: "),
        ({"offboard_successor": "nobody@example.com"}, "offboard_successor: user "),
        ({"offboard_successor": {"Nowhere": GRACE}}, "offboard_successor: project "),
        ({"offboard_successor": ADA}, "offboard_successor: ada@example.com is also leaving"),
        ({"offboard_users": [{"name": "Ada"}]}, "offboard_users[0]"),
    ],
    "onboard": [
        ({"onboard_restore": True}, "onboard_restore=true requires onboard_state_path"),
        ({"onboard_restore": True, "onboard_state_path": "gone.json"}, "onboard_restore=true requires it"),
        ({"onboard_users": [{"email": GRACE, "projects": {"Research": "editor"}}]}, "with onboard_create_projects"),
        ({"onboard_users": [{"email": "nobody"}]}, "onboard_users[0]"),
        ({"onboard_users": [{"email": ADA, "role": "king"}]}, "onboard_users[0] (ada@example.com)"),
        ({"onboard_invites_path": UNWRITABLE_PATH}, UNWRITABLE_PATH),
        ({"onboard_state_path": UNWRITABLE_PATH}, UNWRITABLE_PATH),
    ],
    "sync": [
        ({"sync_max_removals": "many"}, "sync_max_removals"),
        ({"sync_max_removals": -1}, "sync_max_removals is -1"),
        ({"sync_max_removal_percent": 200}, "sync_max_removal_percent is 200"),
        ({"sync_people": PEOPLE[:1], "sync_leavers": "demote"}, "run the task again with sync_approve: "),
        (
            {"sync_people": PEOPLE[:1], "sync_leavers": "demote", "sync_approve": "old"},
            "sync_approve=old is the digest of another plan",
        ),
        ({"sync_people": []}, "sync_allow_empty: true"),
        (
            {"sync_rules": [{**RULES[0], "projects": {"Research": "editor"}}], "sync_create_projects": False},
            "with sync_create_projects",
        ),
        ({"sync_invites_path": UNWRITABLE_PATH}, UNWRITABLE_PATH),
        ({"sync_email_attribute": "mail"}, "the attribute set by sync_email_attribute"),
        ({"sync_rules": [{"name": "sales"}]}, "sync_rules[0]"),
        ({"sync_role_order": ["a", "a"]}, "sync_role_order"),
        ({"sync_rules": [{**RULES[0], "role": "king"}]}, "unknown or unassignable role"),
    ],
}


def module_options_in(text: str) -> list[str]:
    """Return the names of module options of n8n_access and n8n_offboard in a text."""
    options = set()
    for module in ("n8n_access", "n8n_offboard"):
        documented = re.search(
            r'DOCUMENTATION = r"""(.*?)"""', (ROOT / f"plugins/modules/{module}.py").read_text("utf-8"), re.S
        )
        assert documented
        options |= yaml.safe_load(documented[1])["options"].keys()
    # If a template fails, ansible-core shows the lines of the role, which set this option.
    options.discard("option_names")
    texts = [option for option in options if "_" in option]
    words = [option for option in options if "_" not in option]
    found = re.findall(rf"(?<![\w.@/])(?:{'|'.join(texts)})(?![\w@])", text)
    return found + re.findall(rf"(?<![\w.@/\"])(?:{'|'.join(words)})(?:=|: |\[\d)", text)


@pytest.mark.parametrize("role", REFUSALS)
def test_error_messages_name_role_variables(role: str, n8n: Server, tmp_path: Path) -> None:
    before = everything(n8n)
    tasks = []
    for number, (variables, _words) in enumerate(REFUSALS[role]):
        attempt = {
            "ansible.builtin.include_role": {"name": f"lifecycle.n8n.{role}"},
            "vars": {**REQUIRED[role], **variables},
        }
        message = {"ansible.builtin.debug": {"msg": f"case {number} was refused"}}
        tasks.append({"block": [attempt], "rescue": [message]})
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", tmp_path)
    assert code == 0, output
    rest = output
    for number, (variables, words) in enumerate(REFUSALS[role]):
        text_before, refused, rest = rest.partition(f"case {number} was refused")
        assert refused and words in text_before, f"{variables}: {words}\n{text_before}"
        assert module_options_in(text_before) == [], f"{variables}\n{text_before}"
        assert "Traceback" not in text_before and "MODULE FAILURE" not in text_before
    assert everything(n8n) == before


def test_warnings_name_role_variables(n8n: Server, sales: str, tmp_path: Path) -> None:
    staged = {"offboard_action": "staged", "offboard_state_path": "staged.json"}
    code, output = run_collection_playbook("offboard", tmp_path, **staged)
    assert code == 0 and module_options_in(output) == [], output
    code, output = run_collection_playbook(
        "onboard", tmp_path, "--check", onboard_state_path="staged.json", onboard_create_projects=True
    )
    assert code == 0 and "Only onboard_restore: true restores" in output.replace("\n", " "), output
    assert module_options_in(output) == []
    code, output = run_collection_playbook("sync", tmp_path, "--check", sync_ignored_users=[ADA])
    assert code == 0 and "matches sync_ignored_users" in output.replace("\n", " "), output
    assert module_options_in(output) == []


# ---- Unreachable server


@pytest.mark.parametrize("role", ROLES)
def test_unreachable_server_is_reported(role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("N8N_URL", "http://127.0.0.1:9")
    tasks = [{"ansible.builtin.include_role": {"name": f"lifecycle.n8n.{role}"}}]
    reason_task = {"ansible.builtin.debug": {"msg": f"reason {{{{ {role}_result.reason }}}}"}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {**REQUIRED[role], "sync_plan_path": "plan.json"},
        "module_defaults": {"group/lifecycle.n8n.n8n": {"retries": 0}},
        "tasks": [{"block": tasks, **({"always": [reason_task]} if role != "report" else {})}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    code, output = run("ansible-playbook play.yml", tmp_path)
    assert code == 2 and "n8n could not be reached. " in output, output
    assert "Refused" not in output and "http://127.0.0.1:9 could not be reached: " in output
    assert role == "report" or "reason unreachable" in output
    assert role != "sync" or json.loads((tmp_path / "plan.json").read_text("utf-8"))["state"] == "unreachable"
    assert not (tmp_path / "report.html").exists()
