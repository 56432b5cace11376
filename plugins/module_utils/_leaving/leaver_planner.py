# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the removal of the access of leavers in bulk, and the handover of their resources. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .._changes.change import Change
from .._changes.handover import Handover
from .._changes.plan import Plan, projects_without_admin
from .._desired.desired import DEMOTE
from .._errors import ErrorCollector, InputError, UnseenError
from .._planning.deletion import handover_target, user_deletion
from .._planning.handover_planner import HandoverTarget, plan_handover
from .._planning.projects import similar_project_hint
from .._planning.removal_changes import (
    check_leaver,
    instance_admin_note,
    last_admin_error,
    membership_removals,
    new_admin,
)
from .._state.model import State, User
from .._state.owned_items import TABLE, OwnedItems, listed
from .._state.roles import CHAT_USER, role_slug
from .._state.similar_names import SimilarEmails, missing_user_note
from .demotion import check_demote_role, demotion, kept_role_note
from .pending_deletion import impossible, pending_deletion
from .leaver_options import DELETE, STAGED, Leaver, LeaverOptions, changed_email_notes, check_leaver_options


def plan_leavers(state: State, leavers: Sequence[Leaver], leaver_options: LeaverOptions) -> Plan:
    """Return the changes that remove the access of leavers and hand their resources over to the destination.

    Raises InputError with everything that is wrong: leavers who are the owner or the key's own user, a project that
    would be left without an admin and has no successor, resources without a destination, and an invalid destination.
    """
    planner = _LeaverPlanner(state, leaver_options)
    users = [leaver.user for leaver in leavers if leaver.user is not None]
    planner.check(users)
    for user in users:
        with planner.problems:
            planner.plan_leaver(user)
    leaving = {user.id for user in users}
    planner.plan_successors(leaving)
    planner.problems.raise_if_any(state.scopes_hint)
    found = [(leaver.reference, leaver.user) for leaver in leavers]
    planner.notes += changed_email_notes(state, leaver_options.entries, found)
    planner.note_creation(users)
    planner.note_similar([leaver.reference for leaver in leavers if leaver.user is None], users)
    made = Plan.of(state, planner.changes, planner.notes, planner.handovers, leaving)
    return replace(made, impossible=tuple(planner.impossible))


class _LeaverPlanner:
    """Collects the changes, handovers, notes, and errors for all leavers of a task."""

    def __init__(self, state: State, leaver_options: LeaverOptions) -> None:
        self.state = state
        self.leaver_options = leaver_options
        self.problems = ErrorCollector()
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self.handovers: dict[str, Handover] = {}
        self.target = HandoverTarget()
        self.role = CHAT_USER
        # The emails of leavers who look staged already and are not in the record.
        self.seemingly_staged: list[str] = []
        # The emails of successors by the ids of projects.
        self.successors: dict[str, str] = {}
        self.impossible: list[dict[str, Any]] = []

    def check(self, users: Sequence[User]) -> None:
        """Check the options that are the same for all leavers."""
        leaver_options = self.leaver_options
        with self.problems:
            check_leaver_options(leaver_options)
        if leaver_options.action in (DEMOTE, STAGED):
            with self.problems:
                self.role = role_slug(leaver_options.demote_role, "global", self.state.roles, "demote_role")
                check_demote_role(self.state, self.role)
        with self.problems:
            target = handover_target(self.state, leaver_options.handover_options)
            destination = target.destination
            # check_leaver_options has added the error about copies without a destination.
            self.target = replace(target, is_refused=destination is None and target.data_tables == "copy")
            recipient = None
            if destination is not None and not destination.is_team:
                recipient = self.state.find_user(destination.creator_id or "")
            if recipient is not None and recipient in users:
                self.target = replace(target, is_refused=True)
                raise InputError(f"transfer_to: {recipient.email} is also leaving and cannot receive resources.")
            if recipient is not None and recipient.id in leaver_options.entries:
                self.target = replace(target, is_refused=True)
                raise InputError(
                    f"transfer_to: {recipient.email} is in the record of leavers and cannot receive resources. Set another destination."
                )
        for project, email in leaver_options.successors.items():
            with self.problems:
                if project:
                    self._set_successor(email, project)
                successor = self._find_successor(email)
                if successor in users:
                    raise InputError(f"successor: {email} is also leaving.")
                if successor.id in leaver_options.entries:
                    raise InputError(f"successor: {email} is in the record of leavers. Name another user.")
        if leaver_options.grace_period is not None:
            with self.problems:
                leaver_options.grace_period.check(users)

    def _set_successor(self, email: str, reference: str) -> None:
        """Store the successor in a project.

        An id has precedence over a name, and the two Unicode forms of one name mean one project.
        """
        project = self.state.find_project(reference)
        if project is None:
            hint = similar_project_hint(self.state, reference)
            raise InputError(f'successor: project "{reference}" does not exist. {hint}'.rstrip())
        other = self.successors.get(project.id, email)
        by_id = self.leaver_options.successors.get(project.id)
        if other != email and by_id is None:
            raise InputError(
                f'successor: project "{project.name}" ({project.id}) has two successors, {other} and {email}. Set only one of them.'
            )
        self.successors[project.id] = by_id or email

    def plan_leaver(self, user: User) -> None:
        """Plan the changes for one leaver."""
        check_leaver(self.state, user)
        action, grace_period = self.leaver_options.action, self.leaver_options.grace_period
        if grace_period is not None:
            changes = demotion(self.state, user, self.role)
            action = DELETE if grace_period.is_over(user, changes) else DEMOTE
            self._note(grace_period.note(user, changes))
            if grace_period.seems_staged(user, changes):
                self.seemingly_staged.append(user.email)
        if action == DEMOTE and user.never_signed_in and self._delete_pending(user):
            return
        if action == DELETE:
            changes, handover = user_deletion(self.state, user, "is a leaver", self.target)
            self.changes += changes
            self._hand_over(user, handover)
        elif action == DEMOTE:
            self._demote(user)
        else:
            self.changes += membership_removals(self.state, user, "is a leaver")
            self._note(instance_admin_note(user, "is a leaver"))

    def _delete_pending(self, user: User) -> bool:
        """Plan the deletion of a user with an open invitation who owns nothing, and return whether it is planned."""
        changes, handover, obstacle = pending_deletion(self.state, user, "is a leaver", self.leaver_options.can_delete)
        if obstacle:
            self.impossible.append(impossible(user.email, user.id, obstacle))
            return False
        self.changes += changes
        self._hand_over(user, handover)
        return True

    def _demote(self, user: User) -> None:
        """Plan the demotion of one leaver.

        With DEMOTE, a destination receives the items of the leaver now. With STAGED, it receives them before the deletion.
        """
        source = self.state.personal_project(user)
        owned_items = self.state.owned_items.get(source.id, OwnedItems()) if source else OwnedItems()
        if source and self.target.destination is not None and self.leaver_options.action == DEMOTE:
            handover = plan_handover(self.state, source, self.target, deleting=False, reason="is a leaver")
            self.changes += handover.changes
            self._hand_over(user, handover)
        elif owned_items.items:
            self.notes.append(self._owned_note(user, owned_items))
        if self.leaver_options.action == STAGED:
            self._note_later_deletion_failure(user)
        self.changes += demotion(self.state, user, self.role)
        self._note(kept_role_note(self.state, user, self.role))

    def _owned_note(self, user: User, owned_items: OwnedItems) -> str:
        """Return the note about the resources that stay with a demoted leaver, with the options that move or copy them."""
        these = "it" if len(owned_items.items) == 1 else "these"
        note = f"{user.email} owns {listed(owned_items.items)} and can still read {these}"
        if self.leaver_options.action == STAGED:
            return f"{note} until the account is deleted."
        has_tables = bool(owned_items.of_type(TABLE))
        if len(owned_items.of_type(TABLE)) == len(owned_items.items):
            return f"{note}. To copy data tables, set transfer_to and data_tables=copy."
        tables_remedy = " To copy data tables, also set data_tables=copy." if has_tables else ""
        return f"{note}. To move workflows and credentials, set transfer_to.{tables_remedy}"

    def _note_later_deletion_failure(self, user: User) -> None:
        """Add a note at staging already if the later deletion would fail, while the cause can still be removed."""
        try:
            user_deletion(self.state, user, "is a leaver", self.target)
        except InputError as error:
            hint = f" {self.state.scopes_hint}" if isinstance(error, UnseenError) else ""
            self._note(f"The deletion after the grace period would fail: {error}{hint}".rstrip())

    def _note(self, note: str) -> None:
        if note:
            self.notes.append(note)

    def _hand_over(self, user: User, handover: Handover | None) -> None:
        if handover is not None:
            self.handovers[user.id] = handover
            self.notes += handover.notes
            names = {change.after for change in handover.changes if change.action == "copy_table" and change.after}
            self.target = replace(self.target, reserved_names=self.target.reserved_names | names)

    def note_creation(self, users: Sequence[User]) -> None:
        """Add a first note that the run creates the record, if it does."""
        grace_period = self.leaver_options.grace_period
        if grace_period is not None and grace_period.is_new and users:
            self.notes.insert(0, grace_period.creation_note(self.seemingly_staged, self.role))

    def note_similar(self, unknown: Sequence[str], leaving: Sequence[User]) -> None:
        """Add notes about users with emails similar to unknown emails; the list names the leavers already."""
        emails = [reference for reference in unknown if "@" in reference]
        if not emails:
            return
        named = {user.id for user in leaving}
        others = SimilarEmails(user.email for user in self.state.users if user.id not in named)
        for email in emails:
            self._note(missing_user_note(email, others))

    def plan_successors(self, leaving: set[str]) -> None:
        """Plan that the successor becomes admin of each project that would be left without an admin."""
        for key, name, admin_removals in projects_without_admin(self.state, self.changes):
            email = self.successors.get(key) or self.leaver_options.successors.get("")
            if email is None:
                self.problems.add(f"{last_admin_error(key, name, admin_removals)} Or set successor=EMAIL.")
                continue
            with self.problems:
                self.changes.append(new_admin(self.state, self._find_successor(email), key, name, admin_removals))

    def _find_successor(self, email: str) -> User:
        user = self.state.find_user(email)
        if user is None:
            hint = SimilarEmails(user.email for user in self.state.users).hint(email)
            raise InputError(f'successor: user "{email}" does not exist in this n8n. {hint}'.rstrip())
        return user
