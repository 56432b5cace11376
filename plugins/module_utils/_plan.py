# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is: ordered changes, their digest, their counts, and access as it is before and after them. PURE."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from ._handover import Handover
from ._model import PROJECT_ADMIN, Member, Project, State, User, is_demotion, project_key, the_one
from ._possessions import Possession

# What a change does, in the order of a plan.
ACTIONS = (
    "invite_user",
    "create_project",
    "rename_project",
    "add_member",
    "change_member_role",
    "unpublish_workflow",
    "transfer_credential",
    "transfer_workflow",
    "transfer_table",
    "copy_table",
    "delete_table",
    "change_user_role",
    "remove_member",
    "delete_user",
    "delete_project",
    "delete_credential",
    "delete_workflow",
)
# Those that are about something that somebody owns.
ABOUT_ITEMS = (
    "unpublish_workflow",
    "transfer_credential",
    "transfer_workflow",
    "transfer_table",
    "copy_table",
    "delete_table",
    "delete_credential",
    "delete_workflow",
)
# The steps in which a plan is carried out. No step needs a later one, and no project is without an admin in between:
# roles are given before others are taken. A user who becomes global:chatUser loses every team membership by that, so
# whatever the plan gives to such a user comes behind it. What somebody owns is handed over while the account is as it was.
STEPS = (
    "invite",
    "create",
    "rename",
    "give",
    "hand_over",
    "change_users",
    "change_users_again",
    "give_back",
    "take",
    "delete_users",
    "delete_projects",
)
_STEP = {
    "invite_user": "invite",
    "create_project": "create",
    "rename_project": "rename",
    # One call to n8n does both.
    "add_member": "give",
    "change_member_role": "give",
    "change_user_role": "change_users",
    "remove_member": "take",
    "delete_user": "delete_users",
    "delete_project": "delete_projects",
    **dict.fromkeys(ABOUT_ITEMS, "hand_over"),
}
# Behind the step in which a user becomes a chat user.
_LATE_STEP = {"change_users": "change_users_again", "give": "give_back"}
_STEP_RANK = {step: rank for rank, step in enumerate(STEPS)}
_ACTION_RANK = {action: rank for rank, action in enumerate(ACTIONS)}
# Those that give somebody a role in a project.
GIVES = ("add_member", "change_member_role")
# Those that are about a project itself, not about somebody in it.
PROJECT_ACTIONS = ("create_project", "rename_project", "delete_project")
# The actions that summary always counts, also where there are none of them.
COUNTED = (
    "invite_user",
    "create_project",
    "rename_project",
    "add_member",
    "change_member_role",
    "change_user_role",
    "remove_member",
)


@dataclass(frozen=True)
class Change:
    """One difference between what is and what shall be.

    `user` is an email and `project` a name; the ids stand beside them where n8n has given one already. `before` and
    `after` are role slugs, or names of projects. A change that is `carried_by` an action needs no call: n8n makes it as
    part of that action on the same user or project, and it is listed because somebody loses something by it. One that is
    `late` is for somebody who becomes a chat user by the same plan, and comes behind that.

    Where it is about an `item`, `user` is whose it is, if a user's, `project` is where it goes, and `owner` is the id of the
    user or project whose it is; the changes of one owner are made in the order of their `number`.
    """

    action: str
    user: str | None = None
    project: str | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""
    user_id: str | None = None
    project_id: str | None = None
    carried_by: str = ""
    late: bool = False
    item: Possession | None = None
    owner: str = ""
    number: int = 0

    @property
    def step(self) -> str:
        """In which of STEPS it is made."""
        step = _STEP[self.carried_by or self.action]
        return _LATE_STEP[step] if self.late else step

    @property
    def bearer(self) -> str:
        """Whom or what it happens to: the user, or the project that goes."""
        return self.user or self.owner

    @property
    def goes_with_role(self) -> bool:
        """Whether the membership goes, if only for a moment, because its user becomes a chat user."""
        return self.late or self.carried_by == "change_user_role"

    @property
    def project_key(self) -> str:
        """What tells its project from all others."""
        return project_key(self.project_id or "", self.project or "")

    @property
    def is_lost_admin(self) -> bool:
        """Whether an admin of a project is none any more after it."""
        taken = self.action == "remove_member" or (self.action == "change_member_role" and self.after != PROJECT_ADMIN)
        return taken and self.before == PROJECT_ADMIN

    def is_new_admin_of(self, key: str) -> bool:
        """Whether it makes somebody an admin of the project of that key."""
        return self.project_key == key and self.after == PROJECT_ADMIN and self.action in GIVES

    def to_result(self) -> dict[str, Any]:
        """Return the entry of `plan`."""
        return {
            "action": self.action,
            "user": self.user,
            "user_id": self.user_id,
            "project": self.project,
            "project_id": self.project_id,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            **({"item": self.item.to_result()} if self.item else {}),
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "user": self.user_id or self.user,
            "project": self.project_id or self.project,
            "before": self.before,
            "after": self.after,
            **({"item": self.item.id} if self.item else {}),
        }


@dataclass
class Access:
    """Who has which instance role, and who is in which project with which role; users are told by their emails."""

    users: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    creator: str | None = None

    @classmethod
    def of(cls, state: State) -> Access:
        """Return the access that `state` has read."""
        return cls(
            users={user.email: user.role for user in state.users},
            names={project.id: project.name for project in state.projects if project.is_team},
            members={key: {member.email: member.role for member in members} for key, members in state.members.items()},
            creator=next((user.email for user in state.users if user.id == state.myself), None),
        )

    def after(self, changes: Iterable[Change]) -> Access:
        """Return the access that there is once `changes` are made."""
        then = Access(
            dict(self.users), dict(self.names), {key: dict(of) for key, of in self.members.items()}, self.creator
        )
        for change in changes:
            then._make(change)
        return then

    def _make(self, change: Change) -> None:
        user, key, after = change.user or "", change.project_key, change.after or ""
        if change.action in ("invite_user", "change_user_role"):
            self.users[user] = after
        elif change.action == "delete_user":
            self.users.pop(user, None)
        elif change.action == "rename_project":
            self.names[key] = after
        elif change.action == "create_project":
            self.names[key] = after
            # Whoever creates a project becomes its admin.
            self.members[key] = {self.creator: PROJECT_ADMIN} if self.creator else {}
        elif change.action == "delete_project":
            self.names.pop(key, None)
            self.members.pop(key, None)
        elif change.action == "remove_member":
            self.members.get(key, {}).pop(user, None)
        elif change.action in GIVES:
            self.members.setdefault(key, {})[user] = after


@dataclass(frozen=True)
class Plan:
    """Ordered changes to `state`, and notes on what was asked for and is left alone.

    `handovers` has, by the id of the user or project that goes, what becomes of what it owns.
    """

    state: State
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    handovers: Mapping[str, Handover] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        state: State,
        changes: Iterable[Change],
        notes: Iterable[str] = (),
        handovers: Mapping[str, Handover] | None = None,
    ) -> Plan:
        """Return the plan of `changes`, put into the order in which they can be carried out."""
        return cls(state, tuple(sorted(changes, key=_place)), tuple(notes), handovers or {})

    def steps(self) -> Iterator[tuple[str, list[Change]]]:
        """Yield the steps that there are in this plan, in their order, each with its changes."""
        for step, changes in groupby(self.changes, key=lambda change: change.step):
            yield step, list(changes)

    @property
    def digest(self) -> str:
        """SHA-256 over the server and the changes: the same for the same plan, whatever the reasons and options."""
        subject = {"url": self.state.url, "changes": [change._identity() for change in self.changes]}
        return hashlib.sha256(json.dumps(subject, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def summary(self) -> dict[str, int]:
        """How many changes there are of each action."""
        counts = dict.fromkeys(COUNTED, 0)
        for change in self.changes:
            counts[change.action] = counts.get(change.action, 0) + 1
        return counts

    def to_result(self) -> list[dict[str, Any]]:
        """Return what modules return as `plan`."""
        return [change.to_result() for change in self.changes]

    def diff(self, changes: Sequence[Change]) -> dict[str, str]:
        """Return access before and after `changes` of the plan, a line a fact, of nobody but whom and what they touch."""
        before = Access.of(self.state)
        after = before.after(changes)
        return {
            "before": self._touched(changes, before) + _owned(changes, _owner_before),
            "after": self._touched(changes, after) + _owned(changes, _owner_after),
        }

    def _touched(self, changes: Sequence[Change], access: Access) -> str:
        users, projects, members = set(), set(), set()
        shared = Counter(access.names.values())

        def label(key: str) -> str:
            name = access.names.get(key, "")
            return quoted(name) + (f" ({key})" if shared[name] > 1 else "")

        for change in changes:
            key, user = change.project_key, change.user or ""
            if change.item is not None:
                continue
            if change.project is None:
                if user in access.users:
                    users.add(f"user {user}: {access.users[user]}")
                continue
            # Whoever creates a project is in it without a change of its own.
            concerned = access.members.get(key, {}) if change.action == "create_project" else {user: ""}
            if change.action in PROJECT_ACTIONS and key in access.names:
                projects.add(f"project {label(key)}")
            for email in concerned.keys() & access.members.get(key, {}).keys():
                members.add(f"member of {label(key)}: {email}: {access.members[key][email]}")
        return "".join(f"{line}\n" for lines in (users, projects, members) for line in sorted(lines))

    def state_after(self, changes: Iterable[Change]) -> State:
        """Return the state that there is once `changes` are made, of those who are there already."""
        access = Access.of(self.state).after(changes)
        members = {
            key: tuple(
                replace(member, role=access.members[key][member.email])
                for member in of_project
                if member.email in access.members.get(key, {})
            )
            for key, of_project in self.state.members.items()
        }
        users = tuple(
            replace(user, role=access.users[user.email]) for user in self.state.users if user.email in access.users
        )
        return replace(self.state, users=users, members=members)

    def user_after(self, reference: str, ids: Mapping[str, str]) -> User | None:
        """Return the user once the plan is carried out, a deleted one as it was; `ids` are those of the invited."""
        user = self.state.find_user(reference)
        for change in self.changes:
            if change.action == "invite_user" and user is None:
                user = User(ids.get(change.user or "", ""), change.user or "", change.after or "", is_pending=True)
            elif change.action == "change_user_role" and user is not None:
                user = replace(user, role=change.after or "")
        return user

    def project_after(self, project_id: str | None, name: str | None, created: Mapping[str, Project]) -> Project | None:
        """Return the project once the plan is carried out, a deleted one as it was; `created` are those of the run."""
        for change in self.changes:
            if change.action == "create_project":
                return created.get(change.project_key, Project("", change.after or ""))
            if change.action == "rename_project":
                return Project(change.project_id or "", change.after or "")
        if project_id is not None:
            return self.state.find_project(project_id)
        return the_one(name or "", self.state.projects_named(name or ""))

    def member_after(self, project: str, user: str) -> Member | None:
        """Return the member once the plan is carried out, a removed one as it was."""
        found, who = self.state.find_project(project), self.state.find_user(user)
        if found is None or who is None:
            return None
        role = next((member.role for member in self.state.members[found.id] if member.id == who.id), None)
        for change in self.changes:
            role = change.after or change.before
        return Member(who.id, who.email, role) if role else None


# How a change reads, as a sentence.
_SENTENCES = {
    "invite_user": "invite {user} as {after}",
    "create_project": "create project {project}",
    "rename_project": "rename project {before} to {after}",
    "add_member": "add {user} to {project} as {after}",
    "change_member_role": "change {user} in {project} from {before} to {after}",
    "change_user_role": "change {user} from {before} to {after}",
    "remove_member": "remove {user} from {project}, being {before}",
    "delete_user": "delete {user}, being {before}",
    "delete_project": "delete project {project}",
    "unpublish_workflow": "unpublish {item} of {user}",
    "transfer_credential": "move {item} of {user} to {project}",
    "transfer_workflow": "move {item} of {user} to {project}",
    "transfer_table": "move {item} of {user} to {project}",
    "copy_table": "copy {item} of {user} to {project} as {after}",
    "delete_table": "delete {item} of {user}",
    "delete_credential": "delete {item} of {user}",
    "delete_workflow": "delete {item} of {user}",
}


def sentence(change: Mapping[str, Any]) -> str:
    """Return an entry of `plan` as a sentence with its reason; raises KeyError for what is no such entry."""
    # Whatever is a name of somebody's choice, and no role.
    named = change["action"] in PROJECT_ACTIONS or "item" in change
    names = ("project", "before", "after") if named else ("project",)
    shown = {**change, **{name: quoted(change[name]) for name in names if name in change}}
    if "item" in change:
        item = change["item"]
        # Of a project's own, it says which.
        shown["user"] = change["user"] or f"project {shown['before']}"
        shown["item"] = f"{item['type']} {quoted(item['name'])} ({item['id']})"
    return f"{_SENTENCES[change['action']].format_map(shown)} ({change['reason']})"


def quoted(name: object) -> str:
    """Return a project's name in quotes, in which no name can look like more than a name."""
    return json.dumps(name, ensure_ascii=False)


def is_loss(change: Change) -> bool:
    """Whether somebody may do less in a project or on the instance because of a change."""
    if change.action in ("add_member", "change_member_role", "change_user_role") and change.before:
        return is_demotion(change.before, change.after or "")
    return change.action == "remove_member"


def without_admin(state: State, changes: Iterable[Change]) -> list[tuple[str, str, list[Change]]]:
    """Return key and name of each project that `changes` leave without an admin, at the end or in between.

    With each come the changes by which its admins stop being admins. Who becomes a chat user is none for a moment, also
    where the role is given back.
    """
    losing: dict[str, list[Change]] = {}
    made: set[str] = set()
    for change in changes:
        if change.is_lost_admin or (change.late and change.before == PROJECT_ADMIN):
            losing.setdefault(change.project_key, []).append(change)
        elif change.is_new_admin_of(change.project_key) and not change.late:
            made.add(change.project_key)
    left = []
    for key, lost in losing.items():
        going = {change.user_id for change in lost}
        stay = any(member.role == PROJECT_ADMIN and member.id not in going for member in state.members.get(key, ()))
        if not stay and key not in made:
            left.append((key, lost[0].project or "", lost))
    return left


def _owned(changes: Iterable[Change], owner: Callable[[Change], str]) -> str:
    """Return whose the items are that `changes` are about, a line each."""
    lines = {f"{change.item}: {owner(change)}\n" for change in changes if change.item is not None and owner(change)}
    return "".join(sorted(lines))


def _owner_before(change: Change) -> str:
    published = ", published" if change.action == "unpublish_workflow" else ""
    return f"of {change.user or change.before}{published}"


def _owner_after(change: Change) -> str:
    if change.action.startswith("delete_"):
        return ""
    if change.action == "unpublish_workflow":
        return f"of {change.user or change.before}"
    return f"of {quoted(change.project)}" + (f", copied as {quoted(change.after)}" if change.after else "")


def _place(change: Change) -> tuple[Any, ...]:
    """Return where a change comes in a plan."""
    if change.item is not None:
        return (
            _STEP_RANK[change.step],
            bool(change.carried_by),
            0,
            change.user or "",
            change.owner,
            f"{change.number:09}",
        )
    return (
        _STEP_RANK[change.step],
        bool(change.carried_by),
        _ACTION_RANK[change.action],
        change.project or "",
        change.project_id or "",
        change.user or "",
    )
