# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random months of the role sync, and a model of the access after each night.

The model shares no code with the planner or with the rules. Unit tests play the months on the fake, and a test of the
real n8n plays some of them there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_input import SyncOptions, sync_input
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._recording.record import ImpossibleDepartures
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.dates import moment
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.model import User
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_access, n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import OLIVIA, FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

PEOPLE = [f"{name}@example.com" for name in ("ada", "bo", "cy", "di")]
# The address that Ada had before.
OLD = "old@example.com"
ACCOUNTS = [*PEOPLE, OLD]
PROJECTS = ["A", "B"]
# The name of the project that the list does not manage.
LOCKED = "Locked"
START = date(2026, 11, 1)
GRACE_DAYS = 3
CHAT, MEMBER, ADMIN = "global:chatUser", "global:member", "global:admin"
# A custom role without scopes, to which an operator can demote leavers.
PARKED = "global:parked"
DEMOTED = [CHAT, PARKED]
RANK = [*DEMOTED, MEMBER, ADMIN]
PROJECT_ROLES = ["viewer", "editor"]


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


# Days of a grant, from and until: both "" without dates.
DATES = st.one_of(
    st.just(("", "")),
    st.tuples(st.integers(0, 7), st.integers(0, 3)).map(lambda drawn: (day(drawn[0]), day(drawn[0] + drawn[1]))),
)
# What a rule or an exception says about a project: a role, or None for a denial, and its dates.
STATEMENTS = st.tuples(st.sampled_from([*PROJECT_ROLES, None]), DATES)
# The rules by the team that they match. `end` is a date of the person, which the rule "a" can use.
RULES = st.fixed_dictionaries(
    {
        "a": st.dictionaries(st.sampled_from(PROJECTS), STATEMENTS, min_size=1),
        "b": st.dictionaries(st.sampled_from(PROJECTS), STATEMENTS, min_size=1),
        "uses_end": st.booleans(),
        "role": st.sampled_from([None, None, MEMBER, ADMIN]),
    }
)
ROWS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "teams": st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2),
            "boss": st.sampled_from(["", "", "yes"]),
            "status": st.sampled_from(["active", "active", "active", "terminated"]),
            "end": st.sampled_from(["", "", "", "never", *map(day, range(1, 6))]),
            "old": st.sampled_from(["", "", OLD]),
            "kind": st.sampled_from(["good"] * 7 + ["twice"]),
        }
    ),
)
EXCEPTIONS = st.dictionaries(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PROJECTS)), STATEMENTS, max_size=2)
EVENTS = st.tuples(
    st.sampled_from(
        [
            "none",
            "add",
            "add",
            "promote",
            "accept",
            "offboard",
            "park",
            "dismiss",
            "restore",
            "delete",
            "create",
            "create",
            "onboard",
            "rename",
        ]
    ),
    st.sampled_from(ACCOUNTS),
    st.sampled_from([*PROJECTS, LOCKED]),
)
POLICIES = st.fixed_dictionaries(
    {
        "authority": st.sampled_from(["additive", "authoritative"]),
        "leavers": st.sampled_from(["keep", "remove_memberships", "demote", "staged", "staged"]),
        "unmatched": st.sampled_from([None, "keep", "remove_memberships", "demote"]),
        "missing": st.sampled_from(["invite", "invite", "wait", "fail"]),
        "invalid": st.sampled_from(["skip", "skip", "fail"]),
        "leaver_match": st.booleans(),
        "ignored": st.sampled_from([None, None, "d*@example.com"]),
        "protected": st.sampled_from([None, None, "cy@example.com"]),
        "transfer": st.sampled_from(["Archive", "Archive", None]),
    }
)
NIGHTS = st.lists(
    st.fixed_dictionaries(
        {
            "rows": st.fixed_dictionaries({email: ROWS for email in PEOPLE}),
            "nameless": st.sampled_from([None] * 6 + ["active", "terminated"]),
            "missing": st.sampled_from([None] * 8 + ["status", "end"]),
            "event": EVENTS,
            "policy": st.integers(0, 1),
            "exceptions": EXCEPTIONS,
        }
    ),
    min_size=2,
    max_size=7,
)


class Refused(Exception):
    """The run fails before the first write."""


def rows_of(night: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a night as a CSV file has them: text in the same columns of each row."""
    rows = []
    for email, drawn in night["rows"].items():
        if drawn is not None:
            row = {
                "mail": email.title(),
                "boss": drawn["boss"],
                "status": drawn["status"],
                "end": drawn["end"],
                "old": drawn["old"] if email == PEOPLE[0] else "",
                "teams": drawn["teams"],
            }
            rows += [row] * (2 if drawn["kind"] == "twice" else 1)
    if night["nameless"]:
        rows.append({"mail": "", "boss": "", "status": night["nameless"], "end": "", "old": "", "teams": []})
    return [{key: value for key, value in row.items() if key != night["missing"]} for row in rows]


def rules_of(drawn: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules = []
    for team in ("a", "b"):
        for project, (role, (begins, ends)) in drawn[team].items():
            content = {"projects": {project: role}} if role else {"deny": [project]}
            ends = "end" if uses_end(drawn, team) else ends
            rules.append(
                {"name": f"{team} {project}", "match": {"teams": team}, "from": begins, "until": ends, **content}
            )
    if drawn["role"]:
        rules.append({"name": "boss", "match": {"boss": "yes"}, "role": drawn["role"]})
    return rules


def uses_end(drawn: Mapping[str, Any], team: str) -> bool:
    return bool(drawn["uses_end"]) and team == "a"


class Model:
    """The expected users: {email: [instance role, {project: role}, is pending]}, and the record of leavers."""

    def __init__(self) -> None:
        self.users: dict[str, list[Any]] = {}
        # {email: [since (number of a day), instance role, memberships, staged by, is deleted]}
        self.record: dict[str, list[Any]] = {}
        # {email of an account: its email in the record}
        self.recorded_emails: dict[str, str] = {}
        # The emails of users who own a workflow.
        self.owners: set[str] = set()
        self.is_incomplete = False

    def entries(self) -> dict[str, list[Any]]:
        """Return the entries of the record, except those of accounts that were deleted by other means."""
        return {email: entry for email, entry in self.record.items() if entry[4] or email in self.users}

    def night(self, number: int, night: Mapping[str, Any], rules: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
        """Apply one night. Raise Refused if nothing is to change."""
        self.is_incomplete = False
        self.recorded_emails = {key: email for key, email in self.recorded_emails.items() if key in self.record}
        listed, left_alone, suspended = self.read(number, night, rules, policy)
        gives_roles = bool(rules["role"])
        unmatched = policy["unmatched"] or ("remove_memberships" if policy["authority"] == "authoritative" else "keep")
        # The account of each person: the one with the email, or else the one with the previous email.
        account = {}
        for email, entry in listed.items():
            moved = entry["old"] and email not in self.users and entry["old"] in self.users
            account[entry["old"] if moved and entry["old"] not in left_alone else email] = {**entry, "email": email}
        previous = {entry["old"] for entry in listed.values()}
        if not any(entry["status"] == "present" for entry in listed.values()):
            raise Refused
        removes = policy["authority"] == "authoritative" or policy["leavers"] != "keep"
        if removes and not set(account) - left_alone:
            raise Refused
        for email, entry in list(self.record.items()):
            expired = (
                number >= entry[0] + GRACE_DAYS
                if entry[3] == "sync"
                else not suspended and email not in previous and email not in listed and email not in account
            )
            if email in left_alone:
                continue
            if (email not in self.users and (not entry[4] or expired)) or (email in self.users and entry[4]):
                del self.record[email]
        if policy["missing"] == "fail" and any(
            email not in self.users
            and email not in left_alone
            and email not in self.record
            and entry["old"] not in self.record
            and entry["status"] == "present"
            and entry["invites"]
            for email, entry in account.items()
        ):
            raise Refused
        for email in ACCOUNTS:
            if email not in left_alone:
                self.handle(number, email, account.get(email), unmatched, suspended, gives_roles, policy)

    def read(
        self, number: int, night: Mapping[str, Any], rules: Mapping[str, Any], policy: Mapping[str, Any]
    ) -> tuple[dict[str, Any], set[str], bool]:
        """Return the entry of each person, the users to be left alone, and whether unlisted users are kept."""
        rows = rows_of(night)
        columns = {key for row in rows for key in row}
        if rows and (
            (policy["leaver_match"] and "status" not in columns) or (rules["uses_end"] and "end" not in columns)
        ):
            raise Refused
        counts = Counter(row["mail"].lower() for row in rows)
        listed: dict[str, Any] = {}
        bad: set[str] = set()
        suspended = False
        for row in rows:
            email = row["mail"].lower()
            is_leaver = policy["leaver_match"] and row["status"] == "terminated"
            needs_end = rules["uses_end"] and "a" in row["teams"] and not is_leaver
            end = row.get("end", "")
            starts = [begins for _role, (begins, _ends) in rules["a"].values()]
            is_invalid = end == "never" or (bool(end) and max(starts) > end)
            if counts[email] > 1 or not email or (needs_end and is_invalid):
                bad |= {email, row["old"]} - {""}
                suspended = suspended or (not email and not is_leaver)
                if policy["invalid"] == "fail":
                    raise Refused
                continue
            listed[email] = {**self.grants(number, email, row, night["exceptions"], rules), "old": row["old"]}
            if is_leaver:
                listed[email]["status"] = "leaver"
        ignored = {email for email in PEOPLE if policy["ignored"] and email.startswith("d")}
        return listed, bad | ignored, suspended

    @staticmethod
    def grants(
        number: int, email: str, row: Mapping[str, Any], exceptions: Mapping[Any, Any], rules: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the grants of a person: `given` roles, projects `removed`, and all projects `named`."""
        now = day(number)
        given, removed, named = {}, set(), set()
        matched = bool(row["teams"]) or bool(rules["role"] and row["boss"])
        for project in PROJECTS:
            statements = [
                (role, (dates[0], row["end"]) if uses_end(rules, team) else dates)
                for team in row["teams"]
                for name, (role, dates) in rules[team].items()
                if name == project
            ]
            special = [exceptions[email, project]] if (email, project) in exceptions else []
            active = [role for role, (begins, ends) in statements if begins <= now and (not ends or now <= ends)]
            active_special = [role for role, (begins, ends) in special if begins <= now and (not ends or now <= ends)]
            ended = [role for role, (_begins, ends) in [*statements, *special] if role and ends and now > ends]
            matched = matched or any(active_special)
            if active_special or active:
                role = (
                    active_special[0]
                    if active_special
                    else None if None in active else max(active, key=PROJECT_ROLES.index)
                )
                if role:
                    given[project] = role
                else:
                    removed.add(project)
            elif ended:
                removed.add(project)
            if statements or special:
                named.add(project)
        role = rules["role"] if row["boss"] else None
        return {
            "status": "present" if matched else "unmatched",
            "given": given,
            "removed": removed,
            "role": role,
            "invites": bool(given or role),
        }

    def handle(
        self,
        number: int,
        email: str,
        entry: Mapping[str, Any] | None,
        unmatched: str,
        suspended: bool,
        gives_roles: bool,
        policy: Mapping[str, Any],
    ) -> None:
        """Apply one night to one account."""
        is_protected = bool(policy["protected"]) and email == policy["protected"]
        status = entry["status"] if entry else "unlisted"
        action = {
            "present": "none",
            "unmatched": unmatched,
            "leaver": policy["leavers"],
            "unlisted": "keep" if suspended else policy["leavers"],
        }[status]
        additive = policy["authority"] == "additive"
        recorded = self.entry_of(email, entry)
        back: dict[str, str] = {}
        role = entry["role"] if entry and status == "present" else None
        lowers = (
            gives_roles
            and not additive
            and (
                status == "present"
                or (status == "unmatched" and action != "keep")
                or (status == "leaver" and action == "remove_memberships")
            )
        )
        other = self.record.get(entry["email"]) if entry else None
        if recorded and recorded[3] == "sync" and status in ("present", "unmatched") and other in (recorded, None):
            # A leaver could take the address of another person.
            returns = self.recorded_emails.get(email, email) in (email, entry["email"], entry["old"])
        else:
            returns = False
        if returns:
            del self.record[email]
            if not role and action != "demote":
                role = recorded[1]
                if lowers and role == ADMIN:
                    role = MEMBER
            if additive and action in ("none", "keep"):
                back = {
                    key: value
                    for key, value in recorded[2].items()
                    if key not in entry["removed"] and key not in entry["given"] and key != LOCKED
                }
            recorded = None
        if recorded:
            if email in self.users and not is_protected:
                may_delete = status in ("leaver", "unlisted") and action == "staged"
                self.stay_staged(number, email, recorded, may_delete, policy)
            return
        if email not in self.users:
            if status in ("present", "unmatched") and (back or (status == "present" and entry["invites"])):
                if policy["missing"] == "fail":
                    raise Refused
                if policy["missing"] == "wait":
                    return
                self.users[email] = [role or MEMBER, {}, True]
            else:
                return
        user = self.users[email]
        if status in ("present", "unmatched"):
            if role and (not is_protected or RANK.index(role) > RANK.index(user[0])):
                user[0] = role
            elif lowers and not role and user[0] == ADMIN and not is_protected:
                user[0] = MEMBER
        if status == "present":
            self.grant(user, {**back, **entry["given"]}, entry["removed"], additive, is_protected)
        elif status == "unmatched" and action == "keep":
            self.grant(user, back, entry["removed"], True, is_protected)
        elif action != "keep" and not is_protected:
            if lowers and user[0] == ADMIN:
                user[0] = MEMBER
            self.leave(number, email, action, policy)

    def entry_of(self, email: str, entry: Mapping[str, Any] | None) -> list[Any] | None:
        """Return the recorded entry of an account, or of a deleted account of the same person."""
        if entry is None or entry["status"] == "leaver":
            return self.record.get(email)
        if email not in self.users and email not in self.record:
            return self.record.get(entry["old"])
        other = self.record.get(entry["email"])
        if other is None or entry["email"] == email:
            return self.record.get(email)
        if other[3] == "sync":
            # The entry ends, because the person has another account.
            del self.record[entry["email"]]
            return self.record.get(email)
        if email in self.record:
            return self.record[email]
        role, memberships, _pending = self.users[email]
        found = [*other[:3], "offboard", False]
        if role != CHAT or memberships:
            self.record[email] = found
        return found

    @staticmethod
    def grant(user: list[Any], given: Mapping[str, str], removed: set[str], additive: bool, is_protected: bool) -> None:
        memberships = user[1]
        if not is_protected:
            for project in PROJECTS:
                if project in removed or (not additive and project not in given):
                    memberships.pop(project, None)
        for project, role in given.items():
            if not (is_protected and memberships.get(project) == "editor"):
                memberships[project] = role

    def leave(self, number: int, email: str, action: str, policy: Mapping[str, Any]) -> None:
        role, memberships, pending = self.users[email]
        if action == "remove_memberships":
            for project in PROJECTS:
                memberships.pop(project, None)
            return
        deleted = pending and policy["missing"] != "wait" and email not in self.owners
        if action == "staged":
            self.record[email] = [number, role, dict(memberships), "sync", deleted]
        if deleted:
            del self.users[email]
        else:
            self.users[email] = [CHAT, {}, pending]

    def stay_staged(
        self, number: int, email: str, recorded: list[Any], may_delete: bool, policy: Mapping[str, Any]
    ) -> None:
        role, memberships, pending = self.users[email]
        has_access = role not in DEMOTED or bool(memberships)
        if has_access:
            kept = {key: value for key, value in recorded[2].items() if key not in memberships}
            recorded[:3] = [number, recorded[1] if role in DEMOTED else role, {**memberships, **kept}]
        if pending and policy["missing"] != "wait" and email not in self.owners:
            recorded[4] = True
            del self.users[email]
            if recorded[3] == "sync" and number >= recorded[0] + GRACE_DAYS:
                del self.record[email]
        elif has_access:
            self.users[email] = [role if role in DEMOTED else CHAT, {}, pending]
        elif may_delete and number >= recorded[0] + GRACE_DAYS:
            if email in self.owners and not policy["transfer"]:
                self.is_incomplete = True
                return
            del self.users[email], self.record[email]
            self.owners.discard(email)


def apply_event(n8n: Any, model: Model, number: int, event: tuple[str, str, str], record: Path) -> None:
    """Let another user change something in n8n, or let an operator offboard or restore a user."""
    kind, email, project = event
    user = model.users.get(email)
    if kind == "create" and user is None and (email not in model.record or model.record[email][4]):
        n8n.add_user(email)
        model.users[email] = [MEMBER, {}, False]
        return
    if kind == "onboard":
        users = [{"email": email, "projects": {"A": "viewer"}}]
        run(n8n_access, n8n, users=users, state_path=str(record), now=day(number), max_removal_percent=100)
        # Any run with a record ends the entries of accounts that were deleted or created by other means.
        model.record = {key: entry for key, entry in model.record.items() if (key in model.users) != entry[4]}
        if email not in model.record:
            model.users.setdefault(email, [MEMBER, {}, True])[1]["A"] = "viewer"
        return
    if user is None:
        return
    other = {PEOPLE[0]: OLD, OLD: PEOPLE[0]}.get(email, email)
    if kind == "rename" and not user[2] and other not in {*model.users, *model.record} and hasattr(n8n, "rename"):
        # The entry in the record belongs to the id of the account.
        n8n.rename(email, other)
        model.users[other] = model.users.pop(email)
        if email in model.record:
            model.record[other] = model.record.pop(email)
            model.recorded_emails[other] = model.recorded_emails.pop(email, email)
        if email in model.owners:
            model.owners = {*model.owners - {email}, other}
    elif kind == "add" and not user[2]:
        n8n.set_members(project_id(n8n, project), {n8n.id_of(email): "project:viewer"})
        user[1][project] = "viewer"
    elif kind == "promote" and not user[2]:
        n8n.set_user_role(n8n.id_of(email), ADMIN)
        user[0] = ADMIN
    elif kind == "accept" and user[2]:
        n8n.accept(email)
        user[2] = False
    elif kind == "delete":
        n8n.delete_user(n8n.id_of(email))
        del model.users[email]
        model.owners.discard(email)
    elif kind in ("offboard", "park", "dismiss"):
        action = "delete" if kind == "dismiss" else "staged"
        # n8n before 2.36 does not show the scopes of custom roles.
        parks = kind == "park" and PARKED in getattr(n8n, "custom_roles", {})
        run(
            n8n_offboard,
            n8n,
            users=[email],
            action=action,
            demote_role=PARKED if parks else "chatUser",
            transfer_to="Archive",
            # n8n before 2.36 does not show the data tables of other users.
            data_tables="delete",
            state_path=str(record),
            now=day(number),
        )
        # Any run with a record ends the entries of accounts that were deleted or created by other means.
        model.record = {key: entry for key, entry in model.record.items() if (key in model.users) != entry[4]}
        old = model.record.get(email)
        kept = {key: value for key, value in old[2].items() if key not in user[1]} if old else {}
        has_access = user[0] not in DEMOTED or bool(user[1])
        deleted = kind == "dismiss" or (user[2] and email not in model.owners)
        if old is None:
            model.record[email] = [number, user[0], dict(user[1]), "offboard", deleted]
        elif kind == "dismiss" or not has_access:
            old[3:] = ["offboard", deleted]
        else:
            model.record[email] = [
                number,
                old[1] if user[0] in DEMOTED else user[0],
                {**user[1], **kept},
                "offboard",
                deleted,
            ]
        if deleted:
            del model.users[email]
            model.owners.discard(email)
        else:
            model.users[email] = [PARKED if parks or user[0] == PARKED else CHAT, {}, user[2]]
    elif kind == "restore" and email in model.record and not model.record[email][4]:
        run(n8n_access, n8n, users=[{"email": email}], restore=True, state_path=str(record), max_removal_percent=100)
        _since, role, memberships, _by, _deleted = model.record.pop(email)
        # Memberships that another user has added since stay.
        model.users[email] = [role, {**user[1], **memberships}, user[2]]
        # Any run with a record ends the entries of accounts that were deleted or created by other means.
        model.record = {key: entry for key, entry in model.record.items() if (key in model.users) != entry[4]}


def project_id(n8n: Any, name: str) -> str:
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


def recorded(path: Path, users: Mapping[str, User] | None = None) -> dict[str, Any]:
    """Return the entries by email. With the present `users` by id, entries of accounts have the emails of the accounts."""
    entries = json.loads(path.read_text("utf-8"))["leavers"]
    emails = {key: user.email for key, user in (users or {}).items()}
    return {
        emails.get(entry["id"], entry["email"]): [
            (date.fromisoformat(entry["since"][:10]) - START).days,
            entry["role"],
            {item["name"]: item["role"].partition(":")[2] for item in entry["memberships"]},
            entry["staged_by"],
            entry.get("deleted", False),
        ]
        for entry in entries
        # The next run ends the entry of an account that was deleted by other means.
        if users is None or entry.get("deleted", False) or entry["id"] in users
    }


def items(n8n: FakeN8n) -> set[str]:
    return {item.id for key in n8n.owned if key in n8n.all_projects for item in n8n.owned[key]}


class Sync:
    """Runs the role sync without Ansible: the filter n8n_sync_input, and n8n_access with its result."""

    def __init__(self, n8n: Any, record: Path, **params: Any) -> None:
        self.n8n = n8n
        self.record = record
        self.params = params

    def night(self, number: int, night: Mapping[str, Any], rules: Mapping[str, Any], policy: Mapping[str, Any]) -> bool:
        """Run a night in check mode, then without it, and then again. Return whether something was impossible.

        Raises InputError if the run fails before the first write.
        """
        exceptions = [
            {
                "email": email,
                "project": project,
                **({"role": role} if role else {"deny": True}),
                "from": begins,
                "until": ends,
            }
            for (email, project), (role, (begins, ends)) in night["exceptions"].items()
        ]
        options = SyncOptions(
            email_attribute="mail",
            ignored_users=[policy["ignored"]] if policy["ignored"] else [],
            exceptions=exceptions,
            leaver_match={"status": "terminated"} if policy["leaver_match"] else None,
            previous_emails_attribute="old",
            invalid_people=policy["invalid"],
            authority=policy["authority"],
            unmatched=policy["unmatched"],
        )
        given = sync_input(rows_of(night), rules_of(rules), options, moment(day(number), "now"))
        if given["refusal"]:
            raise InputError(given["refusal"])
        leaves = policy["leavers"]
        params = {
            "users": given["users"],
            "authority": policy["authority"],
            "unlisted_users": leaves,
            "unmatched_users": given["unmatched"],
            "keep_unlisted": given["leavers_suspended"],
            "state_path": str(self.record),
            "now": day(number),
            "announced": given["announced"],
            "missing_users": policy["missing"],
            "ignored_projects": ["Lock*"],
            "ignored_users": given["ignored_patterns"],
            "protected_users": [policy["protected"]] if policy["protected"] else [],
            "create_projects": False,
            "max_removal_percent": 100,
            **self.params,
            "grace_days": GRACE_DAYS,
            # n8n before 2.36 does not show the data tables of other users.
            **({"data_tables": "delete"} if leaves == "staged" else {}),
            **({"transfer_to": policy["transfer"]} if leaves == "staged" and policy["transfer"] else {}),
        }
        planned, done, again = (self._run(params, check_mode) for check_mode in (True, False, False))
        assert planned.get("digest") == done.get("digest") and planned.get("diff") == done.get("diff")
        assert not again["changed"] and not again["writes"], (again["plan"], again["diff"])
        return bool(done["impossible"])

    def _run(self, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
        # A real n8n does not count the writes.
        written = getattr(self.n8n, "writes", [])
        writes = len(written)
        failed: dict[str, Any] = {}
        options = {name: row.get("default") for name, row in n8n_access.ARGUMENT_SPEC.items()}
        self.n8n.client.read_only = check_mode
        task = Task(self.n8n, check_mode, wants_diff=True)
        try:
            n8n_access.run({**options, **params}, task)
        except ImpossibleDepartures as error:
            failed = error.result()
        finally:
            self.n8n.client.read_only = False
        result = {**task.result(), **task.plan_result(), **failed}
        assert not task.outcome.errors and not task.outcome.conflicts
        return {**result, "writes": written[writes:]}
