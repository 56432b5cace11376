# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define the task that the run() of every module gets, without Ansible, so that it also runs without a module."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .._changes.outcome import ApplyError, ConflictError, Outcome
from .._changes.plan import Plan
from .._errors import InputError, N8nError
from .._server.api import Api
from .._server.hints import scopes_remedy
from .._server.state_reader import read, roles_if_shown
from .._state.dates import moment, rehearsal_warning
from .._state.model import State, User
from .._state.read_request import ReadRequest
from .._state.roles import Role, role_slug
from .._state.similar_names import SimilarEmails, missing_user_note
from .apply import apply
from .progress import Progress, no_progress


class Task:
    """Reads the state and applies a plan for the run() of a module. In check mode, it reports the expected changes."""

    def __init__(self, api: Api, check_mode: bool, wants_diff: bool, progress: Progress = no_progress) -> None:
        self.api = api
        self.progress = progress
        self.check_mode = check_mode
        self.wants_diff = wants_diff
        self.plan: Plan | None = None
        self.outcome = Outcome()
        self.warnings: list[str] = []
        # The keys that a module returns besides the plan, even if it fails after planning.
        self.findings: dict[str, Any] = {}
        # A function that returns texts before and after a change besides the plan. It is called after all changes.
        self.extra_diff: Callable[[], dict[str, str]] = lambda: {"before": "", "after": ""}

    @property
    def url(self) -> str:
        """Return the address of the server, as plans and records name it."""
        return self.api.client.connection.url

    def time(self, now: str | None) -> datetime:
        """Return the present time, or the time that the option `now` sets for a rehearsal; raises InputError."""
        if now is None:
            # The record of leavers has no fractions of a second.
            return datetime.now(timezone.utc).replace(microsecond=0)
        when = moment(now, "now")
        if not self.check_mode:
            self.warnings.append(rehearsal_warning(when))
        return when

    def read(self, request: ReadRequest) -> State:
        """Return the state that `request` asks for."""
        return read(self.api, request)

    def roles_if_shown(self) -> tuple[Role, ...] | None:
        """Return the existing roles, or None if the server or the scopes of the key do not show them."""
        return roles_if_shown(self.api)

    def warn_of_similar_user(self, reference: str) -> None:
        """Warn of an unknown email that is similar to the email of an existing user, if n8n lists the users."""
        note = missing_user_note(reference, SimilarEmails(user.email for user in self.users_if_shown(reference)))
        self.warnings += [note] if note else []

    def users_if_shown(self, reference: str) -> tuple[User, ...]:
        """Return all users, to suggest one for an unknown email; none for an id, or if n8n does not list the users."""
        if "@" not in reference:
            return ()
        try:
            return tuple(User.from_api(item) for item in self.api.list_users().items)
        except N8nError:
            # The task then runs without the hint.
            return ()

    def set_plan(self, plan: Plan) -> None:
        """Add `plan` and its notes to the result of the task, even if the task fails."""
        self.plan = plan
        self.warnings = list(dict.fromkeys((*self.warnings, *plan.notes)))

    def apply(
        self,
        plan: Plan,
        on_invite_links: Callable[[dict[str, str]], None] | None = None,
        report: Callable[[Outcome], dict[str, Any]] = lambda outcome: {},
        prepare: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Make the changes of `plan` and return the outcome. In check mode, return the expected outcome.

        Raises InputError before the first write if a role cannot be assigned, and ApplyError if some changes could not
        be made. `on_invite_links` gets the invitation links, which are secrets, by email. Without it, a warning names
        the users whose links no option keeps. `report` returns further keys of the result, based on the outcome, for a
        task that fails on the way. `prepare` is called right before the first write, in check mode at the same point.
        """
        self.set_plan(plan)
        if self._is_worth_checking(plan):
            self._check_scopes(plan)
            self._check_roles(plan)
        prepare()
        if self.check_mode:
            deleted = {change.owner for change in plan.changes if change.definition.is_irreversible}
            self.outcome = Outcome(
                done=list(plan.changes),
                handover_outcomes={
                    owner: handover.expected(owner in deleted) for owner, handover in plan.handovers.items()
                },
            )
            return self.outcome
        self.outcome = apply(plan, self.api, on_invite_links, self.progress)
        if self.outcome.unreached:
            self.outcome.notes.append(self._conflicts_note())
        if self.outcome.errors:
            raise ApplyError(self.outcome, report(self.outcome))
        return self.outcome

    def apply_single(
        self,
        plan: Plan,
        on_invite_links: Callable[[dict[str, str]], None] | None = None,
        report: Callable[[Outcome], dict[str, Any]] = lambda outcome: {},
    ) -> Outcome:
        """Do the same as `apply` for a task about one object, which fails if the desired state was not reached."""
        outcome = self.apply(plan, on_invite_links, report)
        if outcome.unreached:
            # The error has the same message.
            outcome.notes.remove(self._conflicts_note())
            raise ConflictError(outcome, report(outcome))
        return outcome

    def _conflicts_note(self) -> str:
        count = len(self.outcome.unreached)
        return (
            f"{count} change{'s were' if count > 1 else ' was'} not made, because another user or task changed "
            "the same objects at the same time. See conflicts. Run the task again to plan the remaining changes."
        )

    def _is_worth_checking(self, plan: Plan) -> bool:
        """Return whether to check scopes and roles before the first write, which needs up to two further requests.

        A refusal in the middle of a plan would leave it incomplete. A refusal of a single write changes nothing, so this
        write needs no check. In check mode, nothing is written, so no refusal would show a missing scope.
        """
        writes = [change for change in plan.changes if not change.implied_by]
        return (
            len(writes) > 1
            or any(change.definition.is_irreversible for change in writes)
            or (self.check_mode and bool(writes))
        )

    def _check_scopes(self, plan: Plan) -> None:
        """Check before the first write whether the key has the scopes, if n8n lists them."""
        missing = self.api.missing_scopes(_calls_of(plan))
        if missing:
            them = "it" if len(missing) == 1 else "them"
            raise InputError(f"{scopes_remedy(missing, ())} The plan needs {them}, and nothing was changed.")

    def _check_roles(self, plan: Plan) -> None:
        """Check before the first write whether the roles exist and the license includes them, if n8n lists them."""
        given = {
            (change.definition.role_kind, change.after or ""): change
            for change in plan.changes
            if change.definition.role_kind
        }
        if not given:
            return
        known = roles_if_shown(self.api)
        for (kind, role), change in given.items():
            role_slug(
                role,
                kind,
                known,
                f'{change.user} in project "{change.project}"' if change.project else str(change.user),
            )

    def result(self) -> dict[str, Any]:
        """Return the keys that every module returns."""
        extra_diff = self.extra_diff()
        changed = bool(self.outcome.done) or extra_diff["before"] != extra_diff["after"]
        common = {"changed": changed, "requests": self.api.client.requests}
        if self.plan is None or not self.wants_diff:
            return common
        diff = self.plan.diff(self.outcome.done)
        return {**common, "diff": {key: diff[key] + extra_diff[key] for key in diff}}

    def plan_result(self) -> dict[str, Any]:
        """Return the keys for the plan, for a module that plans for many users."""
        if self.plan is None:
            return {}
        return {
            "plan": self.plan.to_result(),
            "summary": self.plan.summary,
            "digest": self.plan.digest,
            "record_changes": list(self.plan.record_changes),
            "conflicts": self.outcome.conflicts,
            "server": self.plan.state.url,
            "done": [] if self.check_mode else [change.to_result() for change in self.outcome.done],
            **self.findings,
        }

    def failed_result(self) -> dict[str, Any]:
        """Return the keys that a failed module returns: its plan, if there was one, and the changes made until then."""
        if self.plan is None:
            return {}
        done = set(self.outcome.done)
        return {
            **self.plan_result(),
            "errors": self.outcome.errors,
            "not_tried": [change.to_result() for change in self.plan.changes if change not in done],
        }


def _calls_of(plan: Plan) -> set[str]:
    """Return the calls of a plan, by the names in scopes.SCOPES."""
    return {call for change in plan.changes if not change.implied_by for call in change.definition.calls}
