# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synchronization with an LDAP directory as in the guide, including a directory with more users than one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from directory import LIMIT, Directory
from documents.document_checks import blocks, everything, follow, run
from n8n_server.server import OWNER, Server

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/docsite/rst/guide_sync_ldap.rst"
CSV_GUIDE = ROOT / "docs/docsite/rst/guide_sync.rst"


def write_files_of(document: Path, folder: Path) -> None:
    """Write the files of a document."""
    for block in blocks(document):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")


def sync(folder: Path, *words: str) -> tuple[int, str, dict[str, Any]]:
    """Run the playbook of the guide, and return its exit code, output and record."""
    path = folder / "plan.json"
    path.unlink(missing_ok=True)
    code, output = run(" ".join(("ansible-playbook ldap.yml -e sync_plan_path=$PWD/plan.json", *words)), folder)
    return code, output, json.loads(path.read_text("utf-8")) if path.exists() else {}


def test_guide_commands_produce_shown_output(directory: Directory, n8n: Server, tmp_path: Path) -> None:
    follow(GUIDE, n8n, tmp_path)
    assert n8n.memberships() == {
        "Sales": {OWNER: "project:admin", "ada@example.com": "project:editor"},
        "Support": {
            "ada@example.com": "project:viewer",
            "grace@example.com": "project:admin",
            "linus@example.com": "project:editor",
        },
    }


def test_directory_changes_are_applied_to_n8n(directory: Directory, n8n: Server, tmp_path: Path) -> None:
    """A user who changes the group changes the project, and a user removed from the directory loses all projects."""
    write_files_of(GUIDE, tmp_path)
    assert sync(tmp_path)[0] == 0
    directory.set_group("sales", ["ada", "linus"])
    directory.set_group("support", ["grace"])
    directory.set_group("leads", ["grace"])
    assert sync(tmp_path, "-e sync_max_removal_percent=100")[0] == 0
    members = n8n.memberships()
    assert members["Sales"]["linus@example.com"] == "project:editor"
    assert members["Support"]["linus@example.com"] == "project:viewer"
    directory.set_group("sales", ["linus"])
    directory.remove("ada")
    code, output, record = sync(tmp_path, "-e sync_max_removal_percent=100")
    assert code == 0, output
    assert record["leavers"] == ["ada@example.com"]
    assert "Leavers: ada@example.com" in output
    assert not any("ada@example.com" in people for people in n8n.memberships().values())
    code, output, _record = sync(tmp_path)
    assert code == 0 and "changed=0 " in output, output


def test_users_beyond_response_limit_are_read_in_pages(directory: Directory, n8n: Server, tmp_path: Path) -> None:
    """Pages contain all users. A truncated response stops the run, so that missing users do not become leavers."""
    write_files_of(GUIDE, tmp_path)
    many = LIMIT + 200
    directory.add({f"p{number}": {"mail": f"p{number}@example.com"} for number in range(many)})
    directory.set_group("sales", ["ada", *(f"p{number}" for number in range(many))])
    code, output, record = sync(tmp_path)
    assert code == 0, output
    assert f"People: {many + 4} in the list, {many + 3} of them matched by a rule" in output
    assert record["summary"]["invite_user"] == many + 3
    assert set(n8n.memberships()["Sales"]) >= {f"p{number}@example.com" for number in range(many)}
    before = everything(n8n)
    code, output, _record = sync(tmp_path)
    assert code == 0 and "changed=0 " in output, output
    playbook = tmp_path / "ldap.yml"
    paged = playbook.read_text("utf-8")
    assert "page_size: 500" in paged
    playbook.write_text(paged.replace("page_size: 500", "page_size: 0"), encoding="utf-8")
    code, output, record = sync(tmp_path)
    assert code == 2 and "Size limit exceeded" in output, output
    assert record == {}
    assert everything(n8n) == before


def test_user_with_two_emails_is_refused_by_name(directory: Directory, n8n: Server, tmp_path: Path) -> None:
    write_files_of(GUIDE, tmp_path)
    directory.add_email("linus", "torvalds@example.com")
    code, output, _record = sync(tmp_path)
    assert code == 2 and "uid=linus,ou=people,dc=example,dc=com" in output, output
    assert n8n.memberships() == {}


# The tasks that read a CSV file with a module, in place of sync_people_path.
READ_CSV = """
- name: Read the list
  community.general.read_csv:
    path: "{{ playbook_dir }}/people.csv"
  register: people

- name: Apply the people and rules
  ansible.builtin.include_role:
    name: lifecycle.n8n.sync
  vars:
    sync_people: "{{ people.list }}"
    sync_create_projects: true
    sync_plan_path: plan.json
"""


def test_people_of_a_csv_file_are_those_of_the_module_read_csv(n8n: Server, tmp_path: Path) -> None:
    """The file has a byte order mark and a quoted comma. Both ways result in the same plan."""
    write_files_of(CSV_GUIDE, tmp_path)
    playbook = tmp_path / "sync.yml"
    people = 'email,name,department,title\nada@example.com,"Lovelace, Ada",Sales,Lead\n'
    (tmp_path / "people.csv").write_text(people, encoding="utf-8-sig")
    plans = []
    for tasks in (None, yaml.safe_load(READ_CSV)):
        (play,) = yaml.safe_load(playbook.read_text("utf-8"))
        if tasks:
            play["tasks"] = tasks
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        code, output = run("ansible-playbook sync.yml --check", tmp_path)
        assert code == 0, output
        plans.append(json.loads((tmp_path / "plan.json").read_text("utf-8"))["plan"])
        (tmp_path / "plan.json").unlink()
    assert plans[0] == plans[1] and len(plans[0]) == 5


@pytest.mark.parametrize("guide", [GUIDE, CSV_GUIDE], ids=lambda path: path.stem)
def test_guide_playbooks_pass_syntax_check(guide: Path, tmp_path: Path) -> None:
    write_files_of(guide, tmp_path)
    plays = [path.name for path in tmp_path.glob("*.yml") if "hosts:" in path.read_text("utf-8")]
    assert plays
    code, output = run(f"ansible-playbook --syntax-check {' '.join(plays)}", tmp_path)
    assert code == 0, output
