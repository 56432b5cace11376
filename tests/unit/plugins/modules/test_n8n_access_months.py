# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random months of nightly runs of n8n_access: the access after each night is that of a model of a few lines.

The model shares no code with the planner.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._state.owned_items import Workflow
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

PEOPLE = [f"{name}@example.com" for name in ("ada", "bo", "cy", "di")]
PROJECTS = ["A", "B"]
ROLES = ["viewer", "editor"]
START = date(2026, 11, 1)
GRACE_DAYS = 3
CHAT, MEMBER = "global:chatUser", "global:member"


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


# A grant of a list: a role, the absence of a membership, or a role from one day until another (numbers of days).
GRANTS = st.one_of(
    st.sampled_from(ROLES),
    st.just({"state": "absent"}),
    st.tuples(st.sampled_from(ROLES), st.integers(0, 8), st.integers(0, 4)).map(
        lambda drawn: {"role": drawn[0], "from": day(drawn[1]), "until": day(drawn[1] + drawn[2])}
    ),
)
ENTRIES = st.one_of(
    st.none(),
    st.just({"status": "leaver"}),
    st.just({"status": "unmatched"}),
    st.dictionaries(st.sampled_from(PROJECTS), GRANTS).map(
        lambda projects: {"status": "present", "projects": projects}
    ),
)
EVENTS = st.tuples(
    st.sampled_from(["nothing", "add", "promote", "offboard", "restore", "accept"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(PROJECTS),
)
NIGHTS = st.lists(
    st.tuples(st.fixed_dictionaries({email: ENTRIES for email in PEOPLE}), EVENTS), min_size=2, max_size=7
)
POLICIES = st.fixed_dictionaries(
    {
        "authority": st.sampled_from(["additive", "authoritative"]),
        "unlisted_users": st.sampled_from(["keep", "remove_memberships", "demote", "staged"]),
        "unmatched_users": st.sampled_from(["keep", "remove_memberships", "demote"]),
    }
)


class Model:
    """The expected users: {email: [instance role, {project: role}, is pending]}, and the record of leavers."""

    def __init__(self) -> None:
        self.users: dict[str, list[Any]] = {}
        # {email: [since (number of a day), instance role, memberships, staged by, is deleted]}
        self.record: dict[str, list[Any]] = {}

    def night(self, number: int, entries: dict[str, Any], policy: dict[str, str]) -> None:
        """Apply one night."""
        for email, entry in list(self.record.items()):
            listed = entries.get(email) is not None
            expired = number >= entry[0] + GRACE_DAYS if entry[3] == "sync" else not listed
            if email not in self.users and (not entry[4] or expired):
                del self.record[email]
        for email in PEOPLE:
            entry = entries.get(email)
            status = entry["status"] if entry else "leaver"
            recorded = self.record.get(email)
            back: dict[str, str] = {}
            role = None
            if recorded and recorded[3] == "sync" and status != "leaver":
                del self.record[email]
                role = recorded[1]
                if policy["authority"] == "additive" and (status == "present" or policy["unmatched_users"] == "keep"):
                    removed = self.removed(number, (entry or {}).get("projects") or {})
                    back = {key: value for key, value in recorded[2].items() if key not in removed}
                recorded = None
            action = {"present": "none", "unmatched": policy["unmatched_users"], "leaver": policy["unlisted_users"]}[
                status
            ]
            if recorded:
                if email in self.users:
                    self.stay_staged(number, email, recorded, status == "leaver" and action == "staged")
                continue
            if email not in self.users:
                if status != "leaver" and (back or (status == "present" and self.gives(number, entry["projects"]))):
                    self.users[email] = [role or MEMBER, {}, True]
                else:
                    continue
            elif role and action != "demote":
                self.users[email][0] = role
            if action == "none" or (action == "keep" and status == "unmatched"):
                self.grant(number, email, back, entry.get("projects") if entry else None, policy["authority"])
            elif action != "keep":
                self.leave(number, email, action)

    @staticmethod
    def gives(number: int, projects: dict[str, Any]) -> bool:
        """Return whether an entry is a reason for an invitation: it names no project, or a role in force."""
        return not projects or any(
            isinstance(grant, str) or ("role" in grant and grant["from"] <= day(number) <= grant["until"])
            for grant in projects.values()
        )

    @staticmethod
    def removed(number: int, projects: dict[str, Any]) -> set[str]:
        """Return the projects that an entry removes: it names their absence, or a role that is over."""
        return {
            project
            for project, grant in projects.items()
            if not isinstance(grant, str) and ("state" in grant or grant["until"] < day(number))
        }

    def grant(self, number: int, email: str, back: dict[str, str], projects: Any, authority: str) -> None:
        now = day(number)
        memberships = self.users[email][1]
        given: dict[str, str] = {}
        removed: set[str] = set()
        for project, grant in (projects or {}).items():
            if isinstance(grant, str):
                given[project] = grant
            elif "state" in grant or grant["until"] < now:
                removed.add(project)
            elif grant["from"] <= now:
                given[project] = grant["role"]
        if authority == "authoritative" and projects is not None:
            memberships.clear()
        memberships.update({**back, **given})
        for project in removed:
            memberships.pop(project, None)

    def leave(self, number: int, email: str, action: str) -> None:
        role, memberships, pending = self.users[email]
        if action == "remove_memberships":
            memberships.clear()
            return
        if action == "staged":
            self.record[email] = [number, role, dict(memberships), "sync", pending]
        if pending:
            del self.users[email]
        else:
            self.users[email] = [CHAT, {}, False]

    def stay_staged(self, number: int, email: str, recorded: list[Any], may_delete: bool) -> None:
        role, memberships, pending = self.users[email]
        has_access = role != CHAT or bool(memberships)
        if not has_access and may_delete and number >= recorded[0] + GRACE_DAYS:
            del self.users[email], self.record[email]
        elif has_access:
            kept = {key: value for key, value in recorded[2].items() if key not in memberships}
            recorded[:3] = [number, role if role != CHAT else recorded[1], {**memberships, **kept}]
            self.users[email] = [CHAT, {}, pending]


def apply_event(n8n: FakeN8n, model: Model, number: int, event: tuple[str, str, str], record: Path) -> None:
    """Let another user change something in n8n, or let an operator offboard or restore a user."""
    kind, email, project = event
    user = model.users.get(email)
    if user is None or (kind != "accept" and user[2]):
        return
    if kind == "add" and email in model.users:
        n8n.set_members(project_id(n8n, project), {n8n.id_of(email): "project:viewer"})
        user[1][project] = "viewer"
    elif kind == "promote":
        n8n.set_user_role(n8n.id_of(email), MEMBER)
        user[0] = MEMBER
    elif kind == "accept":
        n8n.accept(email)
        user[2] = False
    elif kind == "offboard" and email not in model.record:
        run(n8n_offboard, n8n, users=[email], action="staged", state_path=str(record), now=day(number))
        model.record[email] = [number, user[0], dict(user[1]), "offboard", False]
        model.users[email] = [CHAT, {}, False]
    elif kind == "restore" and email in model.record:
        run(n8n_access, n8n, users=[{"email": email}], restore=True, state_path=str(record), max_removal_percent=100)
        _since, role, memberships, _by, _deleted = model.record.pop(email)
        # Memberships that another user has added since stay.
        model.users[email] = [role, {**user[1], **memberships}, False]


def project_id(n8n: FakeN8n, name: str) -> str:
    return next(key for key, project in n8n.all_projects.items() if project.name == name)


def access(n8n: FakeN8n) -> dict[str, Any]:
    memberships = n8n.memberships()
    return {
        user.email: [
            user.role,
            {
                project: members[user.email].partition(":")[2]
                for project, members in memberships.items()
                if user.email in members
            },
            user.is_pending,
        ]
        for user in n8n.users.values()
        if user.email != OLIVIA
    }


def recorded(path: Path) -> dict[str, Any]:
    entries = json.loads(path.read_text("utf-8"))["leavers"]
    return {
        entry["email"]: [
            (date.fromisoformat(entry["since"][:10]) - START).days,
            entry["role"],
            {item["name"]: item["role"].partition(":")[2] for item in entry["memberships"]},
            entry["staged_by"],
            entry.get("deleted", False),
        ]
        for entry in entries
    }


def items(n8n: FakeN8n) -> set[str]:
    return {item.id for key in n8n.owned if key in n8n.all_projects for item in n8n.owned[key]}


@given(nights=NIGHTS, policy=POLICIES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_access_after_each_night_is_that_of_the_model(nights: list[Any], policy: dict[str, str]) -> None:
    n8n, model = FakeN8n(), Model()
    for name in (*PROJECTS, "Archive"):
        n8n.add_team_project(name)
    for email in PEOPLE[:2]:
        n8n.add_user(email)
        model.users[email] = [MEMBER, {}, False]
        n8n.owned[n8n.personal_project_id(email)] = [Workflow("workflow", f"w-{email}", "Bills")]
    owned = items(n8n)
    with TemporaryDirectory() as folder:
        record = Path(folder) / "leavers.json"
        record.write_text('{"format": 1, "url": "http://n8n.invalid", "leavers": []}', encoding="utf-8")
        for number, (entries, event) in enumerate(nights):
            apply_event(n8n, model, number, event, record)
            model.night(number, entries, policy)
            options: dict[str, Any] = {
                **policy,
                "users": [
                    {"email": OLIVIA, "status": "present"},
                    *({"email": email, **entry} for email, entry in entries.items() if entry is not None),
                ],
                "state_path": str(record),
                "now": day(number),
                "max_removal_percent": 100,
                "grace_days": GRACE_DAYS,
                **({"transfer_to": "Archive"} if policy["unlisted_users"] == "staged" else {}),
            }
            planned = run(n8n_access, n8n, check_mode=True, **options)
            done = run(n8n_access, n8n, **options)
            assert planned["digest"] == done["digest"] and planned["diff"] == done["diff"]
            assert access(n8n) == model.users
            assert recorded(record) == model.record
            assert items(n8n) == owned
            writes = len(n8n.writes)
            again = run(n8n_access, n8n, **options)
            assert not again["changed"] and len(n8n.writes) == writes
