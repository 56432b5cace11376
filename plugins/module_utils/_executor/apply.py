# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a plan in order and in few calls, and track the changes that were made if a call fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._changes.actions import STEPS
from .._changes.change import Change
from .._changes.handover import HandoverOutcome
from .._changes.outcome import Outcome
from .._changes.plan import Plan
from .._errors import N8nError
from .._server.api import Api, batches
from .._state.model import Project
from .._state.roles import PROJECT_ADMIN
from .batches import apply_batch
from .calls import CALLS
from .handover_run import run_handover
from .invitations import InvitationSender
from .progress import Progress, no_progress
from .recheck import MEMBERS_PER_CHECK, USERS_PER_CHECK, Recheck
from .tracker import ChangeTracker
from .verification import Verification


def apply(
    plan: Plan,
    api: Api,
    on_invite_links: Callable[[dict[str, str]], None] | None,
    progress: Progress = no_progress,
) -> Outcome:
    """Make the changes of `plan` and return the outcome of each of them. No response of n8n raises an error.

    A failed change does not stop the changes that do not depend on it. `on_invite_links` gets the invitation links
    (secrets) by email as soon as n8n has returned them, because n8n does not return them again. None means that no
    option keeps the links.
    """
    run = PlanRun(plan, api, on_invite_links, ChangeTracker(len(plan.changes), progress))
    for step, changes in plan.steps():
        run.step(step, changes)
    return run.outcome.sorted_by_plan(plan)


class PlanRun:
    """One run of a plan: each public method other than step() carries out one step, and the tracker has the outcome."""

    def __init__(
        self, plan: Plan, api: Api, on_invite_links: Callable[[dict[str, str]], None] | None, tracker: ChangeTracker
    ) -> None:
        self.api = api
        self.tracker = tracker
        self.outcome = tracker.outcome
        self.recheck = Recheck(plan, api, tracker)
        self.verification = Verification(plan, api, tracker)
        self.invitation_sender = InvitationSender(api, tracker, self.recheck, on_invite_links)
        self._handovers = plan.handovers

    def step(self, step: str, changes: Sequence[Change]) -> None:
        """Make the changes of one step with the executor that STEPS names."""
        executor: Callable[[Sequence[Change]], None] = getattr(self, STEPS[step])
        executor(changes)

    def invite_users(self, changes: Sequence[Change]) -> None:
        """Invite users, and invite pending users again."""
        self.invitation_sender.invite(self.tracker.take_ready(changes))

    def write_projects(self, changes: Sequence[Change]) -> None:
        """Create or rename projects."""
        ready = self.tracker.take_ready(changes)
        # n8n computes in one thread, and on PostgreSQL it refuses one of two creations at the same time (HTTP 500, seen
        # on 2.40.7). So the calls follow one after the other.
        for change in self.recheck.changes_with_free_names(ready):
            self._apply_one(change)
        self.verification.verify_project_names(ready)

    def set_member_roles(self, changes: Sequence[Change]) -> None:
        """Add members and change their roles, several projects at a time."""
        ready = self.tracker.take_ready(changes)
        self.api.client.in_parallel(self._set_roles, _by_project(ready))
        self.verification.verify_admins(ready)

    def remove_members(self, changes: Sequence[Change]) -> None:
        """Remove members, several projects at a time."""
        ready = self.tracker.take_ready(changes)
        self.api.client.in_parallel(self._remove_from_project, _removal_batches(ready))
        self.verification.verify_admins(ready)

    def write_with_implied(self, changes: Sequence[Change]) -> None:
        """Change or delete users, or delete projects, each with the changes that n8n makes as part of it.

        Each batch has at most USERS_PER_CHECK of them.
        """
        by_subject: dict[str, list[Change]] = {}
        for change in changes:
            by_subject.setdefault(change.subject, []).append(change)
        of_each = list(by_subject.values())
        for start in range(0, len(of_each), USERS_PER_CHECK):
            self._apply_with_implied(
                [change for own_changes in of_each[start : start + USERS_PER_CHECK] for change in own_changes]
            )

    def _apply_one(self, change: Change) -> None:
        """Make a change with the one call that it needs, and record the outcome."""
        try:
            created = CALLS[change.action](self.api, self.tracker.with_ids(change))
            if isinstance(created, Project):
                self._note_project(change, created)
            elif change.definition.is_irreversible:
                self._note_handover(change)
        except N8nError as error:
            self.tracker.failed([change], error)
        else:
            self.tracker.done([change])

    def _set_roles(self, changes: Sequence[Change]) -> None:
        """Add members and change roles in one project, with one call for each BATCH of them."""
        # New admins come first, so a project also keeps an admin in between. All members are read again before each
        # call, because n8n overwrites the role that a user has at that time.
        for batch in batches(sorted(changes, key=lambda change: change.after != PROJECT_ADMIN)):
            current = self.recheck.unchanged_members(batch)
            if current:
                apply_batch(self.api.client, self.tracker, current, self._set_members, self.recheck.remaining_members)

    def _set_members(self, changes: Sequence[Change]) -> None:
        ids = {self.tracker.user_id(change): change.after or "" for change in changes}
        self.api.set_members(self.tracker.project_id(changes[0]), ids)
        self.tracker.done(changes)

    def _remove_from_project(self, changes: Sequence[Change]) -> None:
        """Remove members from one project. The number of changes has to be small enough for one recheck."""
        for change in self.recheck.unchanged_members(changes):
            self._apply_one(change)

    def _apply_with_implied(self, changes: Sequence[Change]) -> None:
        """Change or delete users together with the memberships that n8n removes along with it, if these are as planned.

        If another task has changed one of these memberships, no change of this user is made.
        """
        tracker = self.tracker
        implied_removals = [change for change in changes if change.implied_by and change.item is None]
        items = [change for change in changes if change.implied_by and change.item is not None]
        direct_changes = [change for change in changes if not change.implied_by]
        rechecked = self.api.client.in_parallel(self.recheck.unchanged_members, _by_project(implied_removals))
        current = [change for project_changes in rechecked for change in project_changes]
        outdated_removals = set(implied_removals).difference(current)
        # These users remain the last admins, because no other admin could be added. Another error reports this already.
        tracker.mark_untried_users(outdated_removals)
        skipped_users = {change.user for change in outdated_removals if not tracker.has_failed_user(change.user)}
        for change in (*direct_changes, *current, *items):
            if change.user in skipped_users:
                tracker.conflict(change, f"a membership of {change.user} has changed since the plan was made")
        ready = tracker.take_ready(change for change in direct_changes if change.user not in skipped_users)
        self.api.client.in_parallel(self._apply_one, self.recheck.safe_deletions(self.recheck.instance_roles(ready)))
        done_subjects = {change.subject for change in direct_changes if tracker.is_done(change)}
        conflicting_subjects = {change.subject for change in direct_changes if tracker.has_conflict(change)}
        implied_changes = [change for change in (*current, *items) if change.user not in skipped_users]
        tracker.done([change for change in implied_changes if change.subject in done_subjects])
        for change in implied_changes:
            if change.subject in conflicting_subjects:
                tracker.conflict(change, f"the role of {change.user} has changed since the plan was made")
        tracker.not_tried(
            [change for change in implied_changes if change.subject not in (*done_subjects, *conflicting_subjects)]
        )
        self.verification.verify_admins(implied_changes)

    def hand_over(self, changes: Sequence[Change]) -> None:
        """Hand over the resources of each owner one after the other, for several owners at a time."""
        by_owner: dict[str, list[Change]] = {}
        for change in self.tracker.take_ready(changes):
            by_owner.setdefault(change.owner, []).append(change)

        def hand_over_owner(owner: str) -> None:
            own_changes = by_owner[owner]
            handover_outcome = run_handover(self._handovers[owner], self.api)
            self.outcome.handover_outcomes[owner] = handover_outcome
            self.outcome.notes.extend(handover_outcome.notes)
            made = len(own_changes) - len(handover_outcome.not_done)
            self.tracker.done(own_changes[:made])
            if handover_outcome.error is not None:
                self.tracker.mark_handover_incomplete(owner)
                self.tracker.failed(own_changes[made : made + 1], handover_outcome.error)
                self.tracker.not_tried(own_changes[made + 1 :])

        self.api.client.in_parallel(hand_over_owner, list(by_owner))
        self.recheck.note_unpublished([self._handovers[owner] for owner in by_owner])

    def _note_project(self, change: Change, project: Project) -> None:
        """Record the created project."""
        self.outcome.projects[change.project_key] = project
        if project.id not in self.api.created_project_ids:
            # The project was found after a lost response or HTTP 500. Another task may have created it, so its members
            # are read again before a change.
            self.tracker.use_existing_project(change, project)

    def _note_handover(self, change: Change) -> None:
        """Record the items that were deleted with their owner."""
        if change.owner in self._handovers:
            handover_outcome = self.outcome.handover_outcomes.setdefault(
                change.owner, HandoverOutcome(self._handovers[change.owner])
            )
            handover_outcome.owner_deleted()


def _by_project(changes: Sequence[Change]) -> list[list[Change]]:
    by_project: dict[str, list[Change]] = {}
    for change in changes:
        by_project.setdefault(change.project_key, []).append(change)
    return list(by_project.values())


def _removal_batches(changes: Sequence[Change]) -> list[list[Change]]:
    """Return batches of removals by project, with all admins of one project together, as one may have to stay."""
    pieces = []
    for project_changes in _by_project(changes):
        admins = [change for change in project_changes if change.removes_admin]
        others = [change for change in project_changes if not change.removes_admin]
        pieces += [admins] if admins else []
        pieces += [others[start : start + MEMBERS_PER_CHECK] for start in range(0, len(others), MEMBERS_PER_CHECK)]
    return pieces
