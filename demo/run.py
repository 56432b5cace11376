# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo of a small company on a throwaway n8n, from the first plan to the report (`make demo`)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from n8n_server.install import InstallError
from n8n_server.server import LICENSE_NOTE, Server, ServerError, running
from suite.staging import BUILD, environment, stage_collection

DEMO = Path(__file__).resolve().parent
INVITES = "invites.json"
REPORT = BUILD / "demo-report.html"


def main() -> int:
    """Run the demo. Return 0 if all steps succeeded."""
    started = time.monotonic()
    say(
        "This demo manages a small company on a throwaway n8n, from the first plan to the nightly run and the last leaver.",
        LICENSE_NOTE,
    )
    stage_collection(DEMO.parent)
    say("Starting n8n ...")
    try:
        with running() as n8n, tempfile.TemporaryDirectory(prefix="n8n-demo-") as folder:
            say(f"n8n {n8n.version} answers at {n8n.url}. Its only user is the owner.")
            Demo(n8n, Path(folder)).run()
    except (InstallError, ServerError, DemoError) as error:
        say(f"The demo failed: {error}")
        return 1
    say(
        f"That took {time.monotonic() - started:.0f} seconds. To use your own server:",
        "    ansible-galaxy collection install .        # in this folder; the modules need the Python library requests",
        "    export N8N_URL=https://n8n.example.com N8N_API_KEY=...   # a key of an owner or admin: Settings > n8n API",
        "    ansible-playbook lifecycle.n8n.onboard -e @people.yml --check --diff",
        "where people.yml looks like demo/company.yml. With --check, nothing is written.",
    )
    return 0


class DemoError(Exception):
    """Raised if a playbook does not have the result that the demo describes."""


class Demo:
    """The steps of the demo. Each step is a command that a user could type."""

    def __init__(self, n8n: Server, folder: Path) -> None:
        self.n8n = n8n
        self.folder = folder
        self.number = 0

    def run(self) -> None:
        """Run all steps in order. Raise DemoError if a step has another result than described."""
        onboard = ("lifecycle.n8n.onboard", "-e", "@company.yml", "-e", f"onboard_invites_path={self.folder / INVITES}")
        offboard = ("lifecycle.n8n.offboard", "-e", "@leavers.yml")
        self.step(
            "company.yml lists users, projects and roles. Check mode shows what would change, and writes nothing.",
            *onboard,
            "--check",
            "--diff",
        )
        self.expect(len(self.n8n.memberships()) == 0, "check mode wrote something")
        self.step(
            "The same command without --check invites six users, creates three projects and adds ten memberships.",
            *onboard,
        )
        invited = len((self.folder / INVITES).read_text("utf-8").splitlines()) - 2
        say(
            f"The links of the {invited} invited users are in a file that only its owner can read. No output contains them."
        )
        again = self.step("A second run changes nothing.", *onboard)
        self.expect("changed=0 " in again, "the second run changed something")
        self.step("move.yml moves Grace from Sales to Support, and makes Linus admin of Support.", "move.yml", "--diff")
        before = self.n8n.memberships()
        export = ("lifecycle.n8n.sync", "-e", "@export.yml")
        self.step(
            "A nightly run synchronizes n8n with a directory. The export is empty, so the run stops.", *export, code=2
        )
        self.expect(self.n8n.memberships() == before, "a user lost a membership")
        workflow = self.create_workflow_as_margaret()
        self.step(
            "leavers.yml lists leavers. n8n would destroy the workflow of Margaret, so no account is deleted.",
            *offboard,
            code=2,
        )
        self.show_month()
        self.expect("Support" in self.owners_of(workflow), "the workflow is not in Support")
        say("The workflow is in Support and has the same id. The members of Support can open it.")
        self.show_members()
        report = ("lifecycle.n8n.report", "-e", f'report_path="{REPORT}"')
        self.step("A report for an access review shows who has access to what.", *report)
        say(f"Open it in a browser: {REPORT.as_uri()}")

    def show_month(self) -> None:
        """Run three nights of a month: Katherine joins, Barbara and Margaret leave, and the contract of Dennis ends."""
        self.night(
            "december-01.csv is the export of the directory. Katherine is new, so she is invited. The run announces the "
            "end of the contract of Dennis.",
            "2026-12-01",
            "december-01.csv",
            "--diff",
        )
        title = (
            "Two weeks later, the contract of Dennis is over, and Barbara and Margaret leave. Margaret loses all access, "
            "and the record leavers.json keeps it. Barbara never accepted her invitation, so her account is deleted."
        )
        self.night(title, "2026-12-15", "december-15.csv", "--diff")
        again = self.night("The same night again changes nothing.", "2026-12-15", "december-15.csv")
        self.expect("changed=0 " in again, "the second run changed something")
        title = "30 days later, the workflow of Margaret moves to Support, and then her account is deleted."
        self.night(title, "2027-01-15", "december-15.csv", "--diff")
        emails = {user["email"] for user in self.n8n.everything("/users")}
        self.expect("margaret@example.com" not in emails, "the account of Margaret still exists")

    def night(self, title: str, day: str, people: str, *words: str) -> str:
        """Run the role sync as a scheduler does, with a date instead of the present time."""
        paths = [f"sync_state_path={self.folder / 'leavers.json'}", f"sync_invites_path={self.folder / INVITES}"]
        variables = [f"sync_people_path={people}", f"sync_now={day}", *paths]
        extra = [word for variable in variables for word in ("-e", variable)]
        return self.step(title, "lifecycle.n8n.sync", "-e", "@night.yml", *extra, *words)

    def create_workflow_as_margaret(self) -> str:
        """Accept the invitation of Margaret and create a workflow, as she would in a browser. Return its id."""
        links = json.loads((self.folder / INVITES).read_text("utf-8"))
        margaret = self.n8n.accept(links["margaret@example.com"], "Margaret", "Hamilton")
        key = margaret.api_key()
        workflow = {"name": "Sort the tickets", "nodes": [], "connections": {}, "settings": {}}
        created = Server(self.n8n.url, self.n8n.version, key).api("POST", "/workflows", workflow)
        say(
            'Meanwhile, Margaret accepted her invitation and created the workflow "Sort the tickets" in her personal project.'
        )
        return str(created["id"])

    def owners_of(self, workflow: str) -> set[str]:
        """Return the names of the projects that own a workflow."""
        shared = self.n8n.get(f"/workflows/{workflow}")["shared"]
        return {
            project["name"]
            for project in self.n8n.everything("/projects")
            if project["id"] in {share["projectId"] for share in shared}
        }

    def step(self, title: str, *words: str, code: int = 0) -> str:
        """Run ansible-playbook with `words`, print the command and its output, and return the output.

        Raise DemoError unless the exit code is `code`.
        """
        self.number += 1
        arguments = " ".join("'" + word + "'" if " " in word else word for word in words)
        say(
            f"{self.number}. {title}",
            f"$ ansible-playbook {arguments.replace(str(self.folder), '.').replace(str(BUILD), '.build')}",
        )
        command = [str(Path(sys.executable).with_name("ansible-playbook")), *words]
        settings = {
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        env = {**environment(), **self.n8n.environment(), **settings}
        lines = []
        with subprocess.Popen(
            command,
            cwd=DEMO,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as playbook:
            for line in playbook.stdout or ():
                lines.append(line)
                print(f"  {line}".rstrip(), flush=True)
        self.expect(playbook.returncode == code, f"the exit code of ansible-playbook was {playbook.returncode}")
        return "".join(lines)

    def show_members(self) -> None:
        """Print the members of every project, as n8n returns them."""
        self.number += 1
        say(f"{self.number}. The members of each project, as n8n returns them:")
        for project, members in sorted(self.n8n.memberships().items()):
            print(f"  {project}")
            for email, role in sorted(members.items()):
                print(f"    {email:<24}{role}", flush=True)
        leavers = {"barbara@example.com", "margaret@example.com"}
        remaining = leavers & {email for members in self.n8n.memberships().values() for email in members}
        self.expect(not remaining, f"{remaining} are still members")

    def expect(self, condition: bool, problem: str) -> None:
        """Raise DemoError with `problem` unless `condition` is true."""
        if not condition:
            raise DemoError(f"in step {self.number} {problem}")


def say(*lines: str) -> None:
    """Print a paragraph."""
    print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
