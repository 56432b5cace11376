# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the departure of one user of a list: removals, demotion, deletion, and what is impossible. PURE."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from functools import cached_property
from typing import Any

from .._changes.change import Change
from .._desired.desired import DEMOTE, KEEP, REMOVE_MEMBERSHIPS, STAGED
from .._errors import InputError, UnseenError
from .._planning.context import PlanContext
from .._planning.deletion import handover_target, user_deletion
from .._planning.handover_planner import HandoverTarget
from .._planning.projects import similar_project_hint
from .._planning.removal_changes import instance_admin_note, membership_removals
from .._state.model import User
from .._state.roles import CHAT_USER
from .._state.similar_names import SimilarEmails
from .._text import quoted
from .demotion import demotion
from .departures import UNLISTED_REASON, Departure, LeaverHandling
from .grace_period import removes_access
from .pending_deletion import impossible, pending_deletion


class DeparturePlanner:
    """Adds the changes of departures to `context`. `departing` are the ids of all users who depart.

    `impossible` has what cannot be done for leavers: entries with user, user_id, project, project_id and reason.
    """

    def __init__(self, handling: LeaverHandling, departing: Set[str], context: PlanContext | None = None) -> None:
        self.handling = handling
        self.departing = departing
        self._context = context
        self.impossible: list[dict[str, Any]] = []
        self._leavers: set[str] = set()
        # The names of the data tables that this run brings to the destination.
        self._taken: frozenset[str] = frozenset()

    @property
    def context(self) -> PlanContext:
        """Return the plan so far."""
        if self._context is None:
            raise AssertionError("this planner only answers questions")
        return self._context

    def is_leaver(self, user_id: str | None) -> bool:
        """Return whether a user counts as a leaver."""
        return user_id in self._leavers

    def may_delete(self, departure: Departure) -> bool:
        """Return whether this run may delete the user, so that the resources of the user have to be known."""
        if departure.action == STAGED and self._is_due(departure):
            return True
        return departure.action in (DEMOTE, STAGED) and self._is_open_invitation(departure.user)

    def plan(self, departure: Departure) -> None:
        """Add the changes for one departure."""
        user, context = departure.user, self.context
        if departure.action == KEEP:
            return
        if context.protection.reason_for(user):
            _note_kept_memberships(context, departure)
            context.departing.discard(user.id)
            return
        if departure.is_leaver or departure.entry is not None:
            self._leavers.add(user.id)
        if departure.action == REMOVE_MEMBERSHIPS:
            self._remove_memberships(departure)
            return
        if user.id in context.keep_role:
            self._remove_memberships(departure)
        elif self._is_open_invitation(user) and self._delete_pending(departure):
            return
        else:
            self._demote_or_delete(departure)

    def _remove_memberships(self, departure: Departure) -> None:
        user, context = departure.user, self.context
        context.changes += [
            change
            for change in membership_removals(context.state, user, departure.reason)
            if not context.is_ignored_project(change.project or "")
        ]
        note = instance_admin_note(user, departure.reason)
        if note:
            context.note(note)

    def _demote_or_delete(self, departure: Departure) -> None:
        user, context = departure.user, self.context
        # A role without scopes is no reason to keep it, because API keys stay with it.
        changes = demotion(replace(context.state, roles=None), user, CHAT_USER, departure.reason)
        grace_period = self.handling.grace_period
        if (
            departure.action == STAGED
            and grace_period is not None
            and self._is_due(departure)
            and not removes_access(changes)
        ):
            self._delete(departure, f"{departure.reason}, and the grace period is over")
            return
        if departure.entry is not None and removes_access(changes):
            context.note(
                f"{user.email} is in the record of leavers and has access again. This run removes it, and the grace period "
                "begins anew."
            )
        context.changes += changes

    def _delete(self, departure: Departure, reason: str) -> bool:
        """Plan the deletion of a user, and return whether it is possible."""
        user, context = departure.user, self.context
        if not self.handling.can_delete:
            self.impossible.append(
                impossible(
                    user,
                    f"{user.email} is not deleted, because the key lacks the scope user:delete. Use a key with this scope.",
                )
            )
            return False
        try:
            changes, handover = user_deletion(context.state, user, reason, self._target(user))
        except InputError as error:
            hint = f" {context.state.scopes_hint}" if isinstance(error, UnseenError) else ""
            self.impossible.append(impossible(user, f"{error}{hint}"))
            return False
        context.changes += changes
        context.hand_over(user.id, handover)
        if handover is not None:
            names = {change.after for change in handover.changes if change.action == "copy_table" and change.after}
            self._taken |= names
        return True

    def _delete_pending(self, departure: Departure) -> bool:
        """Plan the deletion of a user with an open invitation who owns nothing, and return whether it is planned."""
        user, context = departure.user, self.context
        changes, handover, obstacle = pending_deletion(context.state, user, departure.reason, self.handling.can_delete)
        if obstacle:
            self.impossible.append(impossible(user, obstacle))
            return False
        context.changes += changes
        context.hand_over(user.id, handover)
        return True

    def _is_due(self, departure: Departure) -> bool:
        grace_period, entry = self.handling.grace_period, departure.entry
        return (
            grace_period is not None
            and entry is not None
            and departure.is_leaver
            and grace_period.now >= entry.due(grace_period.grace_days)
        )

    def _is_open_invitation(self, user: User) -> bool:
        return user.never_signed_in and self.handling.deletes_pending

    def _target(self, user: User) -> HandoverTarget:
        moved_to = self.context.desired.moved_accounts.get(user.id)
        account = self.context.state.find_user(moved_to) if moved_to else None
        # If the new account of the person leaves too, the resources go where those of all other leavers go.
        if moved_to and account is not None and not self._departs(account.id):
            options = replace(self.handling.handover_options, transfer_to=moved_to)
            return replace(handover_target(self.context.state, options), reserved_names=self._taken)
        return replace(self._shared_target, reserved_names=self._taken)

    @cached_property
    def _shared_target(self) -> HandoverTarget:
        """Return the target for all users. A destination who departs or is in the record counts as none."""
        target = handover_target(self.context.state, self.handling.handover_options)
        destination = target.destination
        if destination is not None and not destination.is_team and self._departs(destination.creator_id or ""):
            return replace(target, destination=None)
        return target

    def _departs(self, user_id: str) -> bool:
        return user_id in self.departing or user_id in self.handling.record.leavers

    def check_options(self) -> None:
        """Add a problem for a destination or a successor that does not exist."""
        context = self.context
        with context.problems:
            _ = self._shared_target
        for project, email in self.handling.successors.items():
            if context.state.find_user(email) is None:
                hint = SimilarEmails(user.email for user in context.state.users).hint(email)
                context.problems.add(f'successor: user "{email}" does not exist in this n8n. {hint}'.rstrip())
            if project and not context.state.find_projects(project):
                hint = similar_project_hint(context.state, project)
                context.problems.add(f'successor: project "{project}" does not exist. {hint}'.rstrip())

    def successor(self, key: str) -> User | None:
        """Return the user who becomes admin of a project; None without a successor, or if that user departs."""
        state, successors = self.context.state, self.handling.successors
        named = [
            email for project, email in successors.items() if project and key in _keys(state.find_projects(project))
        ]
        email = next(iter([*([successors[key]] if key in successors else []), *named]), successors.get(""))
        user = state.find_user(email) if email else None
        return user if user is not None and not self._departs(user.id) else None

    def add_sole_admin(self, change: Change, key: str, name: str) -> None:
        """Add a leaver who stays the last admin of a project."""
        reason = (
            f"{change.user} stays project:admin of {quoted(name)} ({key}), because no other user would be. Make another user admin, "
            "or set successor=EMAIL."
        )
        entry = {
            "user": change.user,
            "user_id": change.user_id,
            "project": name,
            "project_id": key,
            "reason": reason,
        }
        if entry not in self.impossible:
            self.impossible.append(entry)


def _keys(projects: tuple[Any, ...]) -> set[str]:
    return {project.id for project in projects}


def _note_kept_memberships(context: PlanContext, departure: Departure) -> None:
    """Add a note about the memberships that a protected user keeps.

    A list need not name the owner, or the user of the key, who is an admin of each project that this collection has
    created. A note about them is needed only if the list names them or the members of the project.
    """
    user = departure.user
    is_expected = departure.reason == UNLISTED_REASON and bool(context.state.protected_as(user))
    for project, _member in context.state.memberships(user):
        entry = context.entry_by_project.get(project.key)
        lists_members = entry is not None and entry.lists_members
        if not context.is_ignored_project(project.name) and (lists_members or not is_expected):
            context.note_kept_member(user, project.name)
