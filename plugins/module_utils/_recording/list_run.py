# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a list from what n8n shows, apply the plan, and keep the record of leavers up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .._changes.outcome import Outcome
from .._changes.plan import Plan
from .._desired.access_lists import access_request, refuse_ignored_projects
from .._desired.desired import DesiredState, ListPolicy
from .._errors import InputError
from .._executor.task import Task
from .._desired.changed_addresses import with_present_accounts
from .._leaving.departures import LeaverHandling, manages_leavers, seemingly_staged
from .._leaving.leaver_record import LeaverRecord
from .._leaving.list_planner import ListLeavers, plan_list
from .._leaving.restore import (
    RestoredUser,
    find_restored_users,
    names_custom_roles,
    restore_notes,
    restore_request,
    with_restored_access,
    without_missing_roles,
)
from .._planning.removal_limits import RemovalLimits
from .._state.model import State
from .._state.read_request import ALL, ReadRequest
from .._storage.record_file import RecordFile
from .._text import shortened
from .record import raise_impossible, remove_restored, update_after_deletions, update_staged

# The change of the record by which a run creates it.
_RECORD_CREATION = "create the record"


@dataclass(frozen=True)
class PlannedList:
    """A plan, the list with the present accounts of its users, the leavers, and the users to restore."""

    plan: Plan
    desired: DesiredState
    leavers: ListLeavers
    restored_users: list[RestoredUser]
    address_changes: list[dict[str, Any]]


class ListRun:
    """One run of a list. `file` is the record of leavers, or None."""

    def __init__(
        self,
        task: Task,
        desired: DesiredState,
        handling: LeaverHandling,
        file: RecordFile[LeaverRecord] | None,
        restoring: bool,
    ) -> None:
        self.task = task
        self.desired = desired
        self.handling = handling
        self.file = file
        self.restoring = restoring
        self.request = access_request(desired)
        if file is not None and (file.record.leavers or manages_leavers(desired)):
            self.request = replace(self.request, projects=True, projects_optional=False, members=ALL)
            if restoring:
                self.request = restore_request(self.request, file.record)

    @property
    def policy(self) -> ListPolicy:
        """Return the policy of the list."""
        return self.desired.policy or ListPolicy()

    def plan(self, limits: RemovalLimits) -> PlannedList:
        """Read n8n and return the plan; raises InputError for a list that cannot be applied."""
        state = self.task.read(self.request)
        self._check_new_record(state)
        desired, leavers, _restored_users, _address_changes = self._leavers(state)
        candidates = leavers.deletion_candidates()
        if candidates:
            # Scopes are read first, so that a missing one is a result and not an error.
            can_delete = not self.task.api.missing_scopes({"delete_user"})
            self.handling = replace(self.handling, can_delete=can_delete)
            self.request = self._request_of_resources(candidates, desired)
            state = self.task.read(self.request)
        planned = self._planned(state)
        if limits.needs_all_members(planned.plan, self.policy):
            self.request = replace(self.request, projects=True, projects_optional=True, members=ALL)
            planned = self._planned(self.task.read(self.request))
        return planned

    def _request_of_resources(self, emails: list[str], desired: DesiredState) -> ReadRequest:
        # The resources of an account under a previous address move to the other account of the user.
        moved_to = [desired.moved_accounts[key] for key in sorted(desired.moved_accounts)]
        destinations = (*self.handling.handover_options.destinations, *moved_to)
        return replace(
            self.request,
            users=tuple(emails),
            projects=True,
            projects_optional=False,
            members=ALL,
            owned_items=True,
            folders=bool(destinations),
            destinations=destinations,
        )

    def _leavers(self, state: State) -> tuple[DesiredState, ListLeavers, list[RestoredUser], list[dict[str, Any]]]:
        refuse_ignored_projects(state, self.desired)
        desired, address_changes = with_present_accounts(state, self.desired)
        restored_users: list[RestoredUser] = []
        if self.file is not None and self.restoring:
            restored_users = find_restored_users(self.file.record, desired, state)
            if names_custom_roles(restored_users):
                restored_users = without_missing_roles(restored_users, self.task.roles_if_shown())
            desired = with_restored_access(desired, restored_users, state)
        restored = {user.staged.id for user in restored_users} if self.restoring else None
        leavers = ListLeavers.of(state, desired, self.handling, restored)
        if names_custom_roles(leavers.effects.lifted):
            leavers = ListLeavers.of(state, desired, self.handling, restored, self.task.roles_if_shown())
        return desired, leavers, restored_users, address_changes

    def _planned(self, state: State) -> PlannedList:
        desired, leavers, restored_users, address_changes = self._leavers(state)
        plan = plan_list(state, desired, leavers)
        if self.restoring and self.file is not None:
            plan = replace(plan, notes=(*plan.notes, *restore_notes(restored_users)))
        if self.file is not None and self.file.is_new and manages_leavers(desired):
            created = f"The record of leavers {self.file.path} does not exist. This run creates it."
            plan = replace(plan, notes=(created, *plan.notes), record_changes=(_RECORD_CREATION, *plan.record_changes))
        return PlannedList(plan, desired, leavers, restored_users, address_changes)

    def _check_new_record(self, state: State) -> None:
        """Raise InputError if the record does not exist, and listed users look as if they were in it."""
        if self.file is None or not self.file.is_new or not any(user.status for user in self.desired.users):
            return
        emails = seemingly_staged(state, with_present_accounts(state, self.desired)[0])
        if emails:
            raise InputError(
                f"The record of leavers {self.file.path} does not exist, and these listed users look staged: {shortened(emails, 10)}. "
                "They are chat users without projects, and no rule makes them chat users. Use the last version of the record. If no "
                f"user was ever staged, create the file with this content: {LeaverRecord(self.task.url).to_text_in_one_line()}"
            )

    def apply(
        self,
        planned: PlannedList,
        on_invite_links: Callable[[dict[str, str]], None] | None,
    ) -> None:
        """Apply the plan and update the record.

        Raises ImpossibleDepartures at the end if something was impossible for leavers, in check mode too.
        """
        self.task.apply(
            planned.plan,
            on_invite_links,
            report=lambda outcome: self._updated_record(planned, outcome),
            prepare=lambda: self._record_before(planned),
        )
        self._updated_record(planned, self.task.outcome)
        raise_impossible(planned.plan, self.task.outcome)

    def changes_record(self, planned: PlannedList) -> bool:
        """Return whether the run changes or creates the record, even if the plan has no changes of n8n."""
        if self.file is None:
            return False
        is_created = self.file.is_new and manages_leavers(planned.desired)
        ends = bool(planned.leavers.effects.lifted or planned.restored_users)
        return is_created or ends or planned.leavers.record_before(planned.plan) != self.file.record

    def _record_before(self, planned: PlannedList) -> None:
        if self.file is not None:
            self.file.store(planned.leavers.record_before(planned.plan), create=manages_leavers(planned.desired))

    def _updated_record(self, planned: PlannedList, outcome: Outcome) -> dict[str, Any]:
        if self.file is None:
            return {}
        update_after_deletions(self.task, self.file, planned.leavers.handling, outcome.done)
        lifted = [*planned.leavers.effects.lifted, *planned.restored_users]
        if lifted:
            remove_restored(self.task, self.file, lifted, self.request)
        if set(planned.plan.record_changes) - {_RECORD_CREATION} and not self.task.check_mode and outcome.done:
            update_staged(self.task, self.file, outcome.done, self.request)
        return {}
