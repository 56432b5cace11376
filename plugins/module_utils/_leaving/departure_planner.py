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
from .._desired.desired import KEEP, REMOVE_MEMBERSHIPS, STAGED, DesiredMember, DesiredState
from .._desired.handover_options import HandoverOptions
from .._errors import InputError, UnseenError
from .._planning.context import PlanContext
from .._planning.deletion import handover_target, user_deletion
from .._planning.handover_planner import HandoverTarget
from .._planning.projects import similar_project_hint
from .._planning.removal_changes import instance_admin_note, membership_removals
from .._state.model import State, User
from .._state.names import to_nfc
from .._state.roles import CHAT_USER
from .._state.similar_names import SimilarEmails
from .._text import quoted
from .demotion import demotion
from .departures import UNLISTED_REASON, UNMATCHED_REASON, Departure, LeaverHandling
from .grace_period import removes_access
from .pending_deletion import impossible, pending_deletion

_LEAVES = "is a leaver, matched by no rule, or in the record of leavers."


class DeparturePlanner:
    """Adds the changes of departures to `context`. `departing` are the ids of the leavers, and of other users whom this
    run changes as a whole.

    `impossible` has what cannot be done for leavers: entries with user, user_id, project, project_id and reason.
    """

    def __init__(self, handling: LeaverHandling, departing: Set[str], context: PlanContext) -> None:
        self.handling = handling
        self.departing = departing
        self.context = context
        self.impossible: list[dict[str, Any]] = []
        self._leavers: set[str] = set()
        # The names of the data tables that this run brings to the destination.
        self._taken: frozenset[str] = frozenset()

    def is_leaver(self, user_id: str | None) -> bool:
        """Return whether a user counts as a leaver."""
        return user_id in self._leavers

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
        elif self.handling.is_open_invitation(user) and self._delete_pending(departure):
            return
        else:
            self._demote_or_delete(departure)

    def _remove_memberships(self, departure: Departure) -> None:
        user, context = departure.user, self.context
        context.changes += [
            self._with_ended_grant(change)
            for change in membership_removals(context.state, user, departure.reason)
            if not context.is_ignored_project(change.project or "")
        ]
        reason = "is matched by no rule" if departure.reason == UNMATCHED_REASON else departure.reason
        note = instance_admin_note(user, reason)
        lowered = ("change_user_role", user.id)
        if note and all((change.action, change.user_id) != lowered for change in context.changes):
            context.note(note)

    def _with_ended_grant(self, change: Change) -> Change:
        member = self._ended_grants.get((change.project_id, change.user_id))
        return replace(change, reason=member.reason, ended=member.ended) if member else change

    @cached_property
    def _ended_grants(self) -> dict[tuple[str | None, str | None], DesiredMember]:
        return _ended_grants(self.context.state, self.context.desired)

    def _demote_or_delete(self, departure: Departure) -> None:
        user, context = departure.user, self.context
        entry = departure.entry
        # A role without scopes is no reason to keep it, because API keys stay with it. The demoted role of an entry is,
        # because the user became a chat user before.
        role = user.role if entry is not None and entry.is_demoted(user.role) else CHAT_USER
        changes = demotion(replace(context.state, roles=None), user, role, departure.reason)
        if departure.action == STAGED and self.handling.is_due(departure) and not removes_access(changes, entry):
            self._delete(departure, f"{departure.reason}, and the grace period is over")
            return
        if entry is not None and removes_access(changes, entry):
            context.note(
                f"{user.email} is in the record of leavers and has access again. This run removes it, and the grace period "
                "starts again."
            )
        context.changes += changes

    def _delete(self, departure: Departure, reason: str) -> None:
        """Plan the deletion of a user."""
        user, context = departure.user, self.context
        if not self.handling.can_delete:
            self.impossible.append(
                impossible(
                    user.email,
                    user.id,
                    f"{user.email} is not deleted, because the key lacks the scope user:delete. Use a key with this scope.",
                )
            )
            return
        try:
            changes, handover = user_deletion(context.state, user, reason, self._target(user))
        except InputError as error:
            hint = f" {context.state.scopes_hint}" if isinstance(error, UnseenError) else ""
            self.impossible.append(impossible(user.email, user.id, f"{error}{hint}"))
            return
        context.changes += changes
        context.hand_over(user.id, handover)
        if handover is not None:
            names = {change.after for change in handover.changes if change.action == "copy_table" and change.after}
            self._taken |= names

    def _delete_pending(self, departure: Departure) -> bool:
        """Plan the deletion of a user with an open invitation who owns nothing, and return whether it is planned."""
        user, context = departure.user, self.context
        changes, handover, obstacle = pending_deletion(context.state, user, departure.reason, self.handling.can_delete)
        if obstacle:
            self.impossible.append(impossible(user.email, user.id, obstacle))
            return False
        context.changes += changes
        context.hand_over(user.id, handover)
        return True

    def _target(self, user: User) -> HandoverTarget:
        moved_to = self.context.desired.moved_accounts.get(user.id)
        account = self.context.state.find_user(moved_to) if moved_to else None
        # If the new account of the person leaves too, the resources go where those of all other leavers go.
        if moved_to and account is not None and not self._departs(account):
            options = replace(self.handling.handover_options, transfer_to=moved_to)
            target = handover_target(self.context.state, options)
            return replace(target, reserved_names=self._taken, can_destroy=False)
        return replace(self._shared_target, reserved_names=self._taken)

    @property
    def _options(self) -> HandoverOptions:
        """Return the options, without a destination that this run creates. Leavers who need it are deleted by a later run."""
        options = self.handling.handover_options
        created = {to_nfc(project.name) for project in self.context.new_projects.values()}
        is_created = options.transfer_to is not None and to_nfc(options.transfer_to) in created
        return replace(options, transfer_to=None) if is_created else options

    @cached_property
    def _shared_target(self) -> HandoverTarget:
        """Return the target for all users. A destination who is a leaver or in the record counts as none."""
        target = replace(handover_target(self.context.state, self._options), can_destroy=False)
        destination = target.destination
        if destination is None or destination.is_team:
            return target
        owner = self.context.state.find_user(destination.creator_id or "")
        if owner is None or not self._departs(owner):
            return target
        unusable = f"The owner of the destination transfer_to, {owner.email}, {_LEAVES} Set another destination."
        return replace(target, destination=None, unusable=unusable)

    def _departs(self, user: User) -> bool:
        # The owner and other protected users lose nothing, although the list does not name them.
        is_changed = user.id in self.departing and not self.context.protection.reason_for(user)
        return is_changed or user.id in self.handling.record.leavers

    def check_options(self) -> None:
        """Add a problem for a destination or a successor that does not exist."""
        context = self.context
        with context.problems:
            handover_target(context.state, self._options)
        for project, email in self.handling.successors.items():
            if context.state.find_user(email) is None:
                hint = SimilarEmails(user.email for user in context.state.users).hint(email)
                context.problems.add(f'successor: user "{email}" does not exist in this n8n. {hint}'.rstrip())
            if project and not context.state.find_projects(project):
                hint = similar_project_hint(context.state, project)
                context.problems.add(f'successor: project "{project}" does not exist. {hint}'.rstrip())

    def successor(self, key: str) -> User | None:
        """Return the user who becomes admin of a project; None without a successor, or if that user departs."""
        user = self._named_successor(key)
        return user if user is not None and not self._departs(user) else None

    def _named_successor(self, key: str) -> User | None:
        state, successors = self.context.state, self.handling.successors
        named = [
            email for project, email in successors.items() if project and key in _keys(state.find_projects(project))
        ]
        email = next(iter([*([successors[key]] if key in successors else []), *named]), successors.get(""))
        return state.find_user(email) if email else None

    def add_sole_admin(self, change: Change, key: str, name: str) -> None:
        """Add a leaver who stays the last admin of a project."""
        named = self._named_successor(key)
        cause = (
            f" In successor={named.email}, this user {_LEAVES}" if named is not None and self._departs(named) else ""
        )
        entry = _sole_admin(change, key, name, cause)
        if entry not in self.impossible:
            self.impossible.append(entry)


def _sole_admin(change: Change, key: str, name: str, cause: str) -> dict[str, Any]:
    """Return the entry about a leaver who stays the last admin of a project; `cause` says why there is no successor."""
    reason = (
        f"{change.user} stays project:admin of {quoted(name)} ({key}), because no other user would be.{cause} Make another user "
        f"admin, or set successor=EMAIL{' to the email of another user' if cause else ''}."
    )
    return impossible(change.user, change.user_id, reason, name, key)


def _ended_grants(state: State, desired: DesiredState) -> dict[tuple[str | None, str | None], DesiredMember]:
    """Return the entries whose grants have ended, by project and user."""
    ended = ((member, state.find_user(member.user)) for member in desired.members if member.ended)
    return {
        (project.id, user.id): member
        for member, user in ended
        if user is not None
        for project in state.find_projects(member.project)
    }


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
