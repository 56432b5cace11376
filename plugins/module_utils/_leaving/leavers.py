# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who leave, in bulk: what becomes of their access, and of what they own. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._changes.change import Change
from .._changes.handover import Handover
from .._changes.plan import Plan, projects_without_admin
from .._desired.desired import listed_user
from .._desired.handover_options import HandoverOptions, deletion_calls
from .._errors import InputError, ErrorCollector, UnseenError
from .._planning.deletion import handover_target, user_deletion
from .._planning.handover_planner import HandoverTarget, plan_handover
from .._planning.removal_changes import instance_admin_note, check_leaver, membership_removals, last_admin_error
from .._state.model import State, User
from .._state.names import stored_email
from .._state.owned import OwnedItems, listed
from .._state.read_request import ReadRequest
from .._state.roles import CHAT_USER, PROJECT_ADMIN, INSTANCE_ADMIN_ROLES, role_slug
from .._state.similar_names import SimilarEmails, missing_user_note
from .demotion import demotion, has_custom_role, kept_role_note, scopes_note
from .grace_period import GracePeriod

REMOVE_MEMBERSHIPS, DEMOTE, DELETE, STAGED = "remove_memberships", "demote", "delete", "staged"
# What can become of a leaver's access, from what is easily undone to what is not.
ACTIONS = (REMOVE_MEMBERSHIPS, DEMOTE, DELETE, STAGED)


@dataclass(frozen=True)
class Leaver:
    """Somebody who leaves; `user` is None where n8n knows nobody of that email or id."""

    reference: str
    user: User | None


@dataclass(frozen=True)
class LeaverOptions:
    """What becomes of leavers. `successors` are emails by project (its id or name), "" for all other projects."""

    action: str = REMOVE_MEMBERSHIPS
    demote_role: str = "chatUser"
    handover_options: HandoverOptions = HandoverOptions()
    successors: Mapping[str, str] = field(default_factory=dict)
    grace_period: GracePeriod | None = None

    def recording(self, plan: Plan, leavers: Sequence[Leaver]) -> LeaverOptions:
        """Return the same with the record as it is to be before the first change of `plan` is made."""
        if self.grace_period is None:
            return self
        users = [leaver.user for leaver in leavers if leaver.user is not None]
        return replace(self, grace_period=self.grace_period.after(plan.state, users, plan.changes))


def leaver_references(entries: Sequence[Any]) -> tuple[str, ...]:
    """Return the users (lower-case emails, or ids) that n8n_offboard's `users` names, each once.

    An entry is an email, an id, or a dictionary with an email. Raises InputError for anything else.
    """
    problems = ErrorCollector()
    found: dict[str, None] = {}
    for number, entry in enumerate(entries):
        place = f"users[{number}]"
        with problems:
            if isinstance(entry, Mapping):
                if not entry.get("email"):
                    raise InputError(
                        f"{place}: a person who leaves is named by an email, and this dictionary has none."
                    )
                found[stored_email(entry.get("email"), place)] = None
            else:
                found[listed_user(entry, place)] = None
    problems.raise_if_any()
    return tuple(found)


def successors(option: object) -> dict[str, str]:
    """Return the successors of n8n_offboard's `successor`: one email, or emails by project; raises InputError."""
    if option is None or option == "":
        return {}
    if isinstance(option, Mapping):
        return {
            str(project): stored_email(email, f'successor: project "{project}"') for project, email in option.items()
        }
    return {"": stored_email(option, "successor")}


def check_leaver_options(leaver_options: LeaverOptions) -> None:
    """Raise InputError for options that do not go together."""
    if leaver_options.action == REMOVE_MEMBERSHIPS and leaver_options.handover_options != HandoverOptions():
        raise InputError(
            "transfer_to, data_tables and delete_resources are for who loses more than memberships: use them with "
            "action=demote, action=delete or action=staged."
        )
    handover_options = leaver_options.handover_options
    if leaver_options.action == DEMOTE and handover_options.delete_resources:
        raise InputError("delete_resources is for who is deleted: use it with action=delete or action=staged.")
    if handover_options.transfer_to is None and handover_options.data_tables == "copy":
        raise InputError("data_tables: copy needs transfer_to, which says where the copies go.")
    if (
        handover_options.transfer_to is None
        and handover_options.data_tables == "delete"
        and leaver_options.action == DEMOTE
    ):
        raise InputError(
            "data_tables: delete is for who is deleted, or gives away what they own: with action=demote it needs transfer_to."
        )


def leaver_request(references: Sequence[str], leaver_options: LeaverOptions) -> ReadRequest:
    """Return what has to be read, once for all leavers."""
    also: tuple[str, ...] = ("find_user",) if leaver_options.action == DELETE else ("find_user", "remove_member")
    if leaver_options.action in (DEMOTE, STAGED):
        also += ("change_user_role",)
    if leaver_options.action in (DELETE, STAGED):
        also += deletion_calls("user", leaver_options.handover_options)
    return ReadRequest(
        users=tuple(references),
        all_users=True,
        projects=True,
        members=(),
        roles=leaver_options.action in (DEMOTE, STAGED) and leaver_options.demote_role not in ("chatUser", CHAT_USER),
        owned_items=True,
        # Only what goes leaves folders behind.
        folders=leaver_options.handover_options.transfer_to is not None
        or leaver_options.handover_options.delete_resources,
        destination=leaver_options.handover_options.transfer_to,
        also=also,
    )


def find_leavers(state: State, references: Sequence[str]) -> list[Leaver]:
    """Return the leavers, each once, also where somebody is named by email and by id."""
    found: dict[str, Leaver] = {}
    for reference in references:
        user = state.find_user(reference)
        found.setdefault(user.id if user else reference, Leaver(reference, user))
    return list(found.values())


def wants_roles(leavers: Sequence[Leaver], leaver_options: LeaverOptions) -> bool:
    """Whether it has to be asked what roles allow, if n8n tells, to know who gains by a demotion."""
    demoting = leaver_options.action in (DEMOTE, STAGED)
    return demoting and any(leaver.user is not None and has_custom_role(leaver.user) for leaver in leavers)


def plan_leavers(state: State, leavers: Sequence[Leaver], leaver_options: LeaverOptions) -> Plan:
    """Return the changes that take the leavers' access away, and what they own to where it goes.

    Raises InputError with everything that makes it impossible: the owner or the key's own user among them, a project
    that would be left without an admin and has no successor, possessions without a destination, and a bad destination.
    """
    planner = _LeaverPlanner(state, leaver_options)
    users = [leaver.user for leaver in leavers if leaver.user is not None]
    planner.check(users)
    for user in users:
        with planner.problems:
            planner.leave(user)
    leaving = {user.id for user in users}
    planner.succeed(leaving)
    planner.problems.raise_if_any(state.scopes_hint)
    planner.note_creation(users)
    planner.note_similar([leaver.reference for leaver in leavers if leaver.user is None], users)
    return Plan.of(state, planner.changes, planner.notes, planner.handovers, leaving)


class _LeaverPlanner:
    def __init__(self, state: State, leaver_options: LeaverOptions) -> None:
        self.state = state
        self.leaver_options = leaver_options
        self.problems = ErrorCollector()
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self.handovers: dict[str, Handover] = {}
        self.target = HandoverTarget()
        self.role = CHAT_USER
        # The emails of leavers who look as after the first step and are not in the record.
        self.looking_staged: list[str] = []
        # The emails of successors by the ids of projects.
        self.successors: dict[str, str] = {}

    def check(self, users: Sequence[User]) -> None:
        """Look at what is the same for all."""
        leaver_options = self.leaver_options
        with self.problems:
            check_leaver_options(leaver_options)
        if leaver_options.action in (DEMOTE, STAGED):
            with self.problems:
                self.role = role_slug(leaver_options.demote_role, "global", self.state.roles, "demote_role")
                if self.role in INSTANCE_ADMIN_ROLES:
                    raise InputError(f"demote_role: {self.role} sees everything, so nobody is demoted to it.")
            self._note(scopes_note(self.state, self.role))
        with self.problems:
            self.target = handover_target(self.state, leaver_options.handover_options)
            destination = self.target.destination
            recipient = None
            if destination is not None and not destination.is_team:
                recipient = self.state.find_user(destination.creator_id or "")
            if recipient is not None and recipient in users:
                raise InputError(f"transfer_to: {recipient.email} is leaving, too, and gets nothing.")
        for project, email in leaver_options.successors.items():
            with self.problems:
                if project:
                    self._succeeds(email, project)
                if self._successor(email) in users:
                    raise InputError(f"successor: {email} is leaving, too.")
        if leaver_options.grace_period is not None:
            with self.problems:
                leaver_options.grace_period.check(users)

    def _succeeds(self, email: str, reference: str) -> None:
        """Keep the successor in a project. An id wins over a name, and the two forms of one name name one project."""
        project = self.state.find_project(reference)
        if project is None:
            raise InputError(f'successor: project "{reference}" does not exist.')
        other = self.successors.get(project.id, email)
        by_id = self.leaver_options.successors.get(project.id)
        if other != email and by_id is None:
            raise InputError(
                f'successor: project "{project.name}" ({project.id}) has two successors, {other} and {email}: name one of them.'
            )
        self.successors[project.id] = by_id or email

    def leave(self, user: User) -> None:
        """Plan the changes for one leaver."""
        check_leaver(self.state, user)
        action, grace_period = self.leaver_options.action, self.leaver_options.grace_period
        if grace_period is not None:
            step = demotion(self.state, user, self.role)
            action = DELETE if grace_period.is_over(user, step) else DEMOTE
            self._note(grace_period.note(user, step))
            if grace_period.looks_staged(user, step):
                self.looking_staged.append(user.email)
        if action == DELETE:
            changes, handover = user_deletion(self.state, user, "leaves", self.target)
            self.changes += changes
            self._hand_over(user, handover)
        elif action == DEMOTE:
            self._demote(user)
        else:
            self.changes += membership_removals(self.state, user, "leaves")
            self._note(instance_admin_note(user, "leaves"))

    def _demote(self, user: User) -> None:
        source = self.state.personal_project(user)
        owned_items = self.state.owned_items.get(source.id, OwnedItems()) if source else OwnedItems()
        if source and self.target.destination is not None and self.leaver_options.action == DEMOTE:
            handover = plan_handover(self.state, source, self.target, deleting=False, reason="leaves")
            self.changes += handover.changes
            self._hand_over(user, handover)
        elif owned_items.items:
            later = (
                " until the account is deleted" if self.leaver_options.action == STAGED else ": transfer_to moves it"
            )
            self.notes.append(f"{user.email} owns {listed(owned_items.items)}, which stays readable to them{later}.")
        if self.leaver_options.action == STAGED:
            self._note_last_day(user)
        self.changes += demotion(self.state, user, self.role)
        self._note(kept_role_note(self.state, user, self.role))

    def _note_last_day(self, user: User) -> None:
        """Say in the first step already what the last one would refuse, while there is time to do something about it."""
        try:
            user_deletion(self.state, user, "leaves", self.target)
        except InputError as error:
            hint = f" {self.state.scopes_hint}" if isinstance(error, UnseenError) else ""
            self._note(
                f"When the days are over, the deletion will be refused as it is told now: {error}{hint}".rstrip()
            )

    def _note(self, note: str) -> None:
        if note:
            self.notes.append(note)

    def _hand_over(self, user: User, handover: Handover | None) -> None:
        if handover is not None:
            self.handovers[user.id] = handover
            self.notes += handover.notes
            names = {change.after for change in handover.changes if change.action == "copy_table" and change.after}
            self.target = replace(self.target, taken=self.target.taken | names)

    def note_creation(self, users: Sequence[User]) -> None:
        """Say first of all that the run creates the record, if it does."""
        grace_period = self.leaver_options.grace_period
        if grace_period is not None and grace_period.is_new and users:
            self.notes.insert(0, grace_period.creation_note(self.looking_staged, self.role))

    def note_similar(self, unknown: Sequence[str], leaving: Sequence[User]) -> None:
        """Say which users may be meant by emails that no user has; users who leave are named already."""
        emails = [reference for reference in unknown if "@" in reference]
        if not emails:
            return
        named = {user.id for user in leaving}
        others = SimilarEmails(user.email for user in self.state.users if user.id not in named)
        for email in emails:
            self._note(missing_user_note(email, others))

    def succeed(self, leaving: set[str]) -> None:
        """Plan that somebody becomes admin of each project that would be left without one."""
        for key, name, losing in projects_without_admin(self.state, self.changes):
            email = self.successors.get(key) or self.leaver_options.successors.get("")
            if email is None:
                self.problems.add(f"{last_admin_error(key, name, losing)} Or set successor=EMAIL.")
                continue
            with self.problems:
                recipient = self._successor(email)
                now = next((member for member in self.state.members.get(key, ()) if member.id == recipient.id), None)
                self.changes.append(
                    Change(
                        "change_member_role" if now else "add_member",
                        recipient.email,
                        name,
                        now.role if now else None,
                        PROJECT_ADMIN,
                        f"succeeds {', '.join(sorted(change.user or '' for change in losing))}",
                        user_id=recipient.id,
                        project_id=key,
                    )
                )

    def _successor(self, email: str) -> User:
        user = self.state.find_user(email)
        if user is None:
            hint = SimilarEmails(user.email for user in self.state.users).hint(email)
            raise InputError(f'successor: user "{email}" does not exist in this n8n. {hint}'.rstrip())
        return user
