# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows AnsibleModule: options, check mode, diff, errors and the shape of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ._apply import apply
from ._outcome import ApplyError, Forestalled, Outcome
from ._client import REQUESTS_IMPORT_ERROR, Client
from ._errors import InputError, N8nError
from ._model import Role, State, role_slug
from ._omitted import without_omitted
from ._options import CONNECTION_OPTIONS, Connection
from ._plan import Plan
from ._reading import read, roles_if_shown
from ._resources import Resources
from ._wish import Bequest, Needs, bequest_of


class Task:
    """What a module's run() works with: it reads, and carries a plan out, or in check mode only says what it would do."""

    def __init__(self, resources: Resources, check_mode: bool, wants_diff: bool) -> None:
        self.resources = resources
        self.check_mode = check_mode
        self.wants_diff = wants_diff
        self.plan: Plan | None = None
        self.outcome = Outcome()
        self.warnings: list[str] = []
        # What a module returns of its own with the plan, also if it fails.
        self.plan_details: dict[str, Any] = {}
        # What is changed besides the plan, as text before and after it; asked for when all is done.
        self.besides: Callable[[], dict[str, str]] = lambda: {"before": "", "after": ""}

    @property
    def url(self) -> str:
        """The address of the server, as plans and records name it."""
        return self.resources.client.connection.url

    def read(self, needs: Needs) -> State:
        """Return the state that `needs` asks for."""
        return read(self.resources, needs)

    def roles_if_shown(self) -> tuple[Role, ...] | None:
        """Return the roles that there are, or None where the server or the key's scopes do not show them."""
        return roles_if_shown(self.resources)

    def bequest(self, params: Mapping[str, Any], kind: str) -> Bequest:
        """Return what the options say becomes of possessions, on this server; `kind` (user or project) is what goes."""
        wanted = bequest_of(params)
        return replace(wanted, knows_transfer=wanted.transfer_to is not None and self.resources.knows_transfer(kind))

    def show(self, plan: Plan) -> None:
        """Make `plan` and its notes part of what the task returns, whatever comes of it."""
        self.plan = plan
        self.warnings = list(dict.fromkeys((*self.warnings, *plan.notes)))

    def carry_out(
        self,
        plan: Plan,
        keep_links: Callable[[dict[str, str]], None] = lambda links: None,
        report: Callable[[Outcome], dict[str, Any]] = lambda outcome: {},
        progress: Callable[[int, int, str], None] = lambda made, planned, action: None,
        prepare: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Make the changes of `plan` and return what was done, which in check mode is what would be.

        Raises InputError before anything is written where a role cannot be given, and ApplyError where some changes
        could not be made. `keep_links` gets the invitation links, which are secrets, by email. `report` makes what a
        task that fails on the way returns besides, out of what was done. `progress` is told how far it is,
        and `prepare` is called right before the first write, in check mode where that would be.
        """
        self.show(plan)
        if plan.changes:
            self._check_scopes(plan)
            self._check_roles(plan)
        prepare()
        if self.check_mode:
            deleted = {change.owner for change in plan.changes if change.action in ("delete_user", "delete_project")}
            self.outcome = Outcome(
                done=list(plan.changes),
                deliveries={owner: handover.expected(owner in deleted) for owner, handover in plan.handovers.items()},
            )
            return self.outcome
        self.outcome = apply(plan, self.resources, keep_links, progress)
        if self.outcome.conflicts:
            self.outcome.notes.append(
                f"{len(self.outcome.conflicts)} changes were left alone, as somebody else changed the same at the same time: see "
                "conflicts. Running the task again plans them anew."
            )
        if self.outcome.errors:
            raise ApplyError(self.outcome, report(self.outcome))
        return self.outcome

    def carry_out_one(
        self,
        plan: Plan,
        keep_links: Callable[[dict[str, str]], None] = lambda links: None,
        report: Callable[[Outcome], dict[str, Any]] = lambda outcome: {},
    ) -> Outcome:
        """Do as carry_out does for a task with one wish, which fails where it could not be made true."""
        outcome = self.carry_out(plan, keep_links, report)
        if outcome.conflicts:
            outcome.notes.clear()
            raise Forestalled(outcome, report(outcome))
        return outcome

    def _check_scopes(self, plan: Plan) -> None:
        """Find out before the first write whether the key may do it, where n8n tells."""
        missing = self.resources.missing_scopes(_calls_of(plan))
        if missing:
            raise InputError(
                f"The key lacks the scope {' and '.join(missing)}: make one that has it under Settings > n8n API. The plan "
                "needs it, and nothing was changed."
            )

    def _check_roles(self, plan: Plan) -> None:
        """Find out before the first write whether the roles exist and the licence includes them, where n8n tells."""
        kinds = {
            "invite_user": "global",
            "change_user_role": "global",
            "add_member": "project",
            "change_member_role": "project",
        }
        given = {
            (kinds[change.action], change.after or ""): change for change in plan.changes if change.action in kinds
        }
        if not given:
            return
        known = roles_if_shown(self.resources)
        for (kind, role), change in given.items():
            role_slug(
                role,
                kind,
                known,
                f'{change.user} in project "{change.project}"' if change.project else str(change.user),
            )

    def result(self) -> dict[str, Any]:
        """Return what every module returns."""
        besides = self.besides()
        changed = bool(self.outcome.done) or besides["before"] != besides["after"]
        common = {"changed": changed, "requests": self.resources.client.requests}
        if self.plan is None or not self.wants_diff:
            return common
        diff = self.plan.diff(self.outcome.done)
        return {**common, "diff": {key: diff[key] + besides[key] for key in diff}}

    def plan_result(self) -> dict[str, Any]:
        """Return what a module that plans for many people returns of the plan."""
        if self.plan is None:
            return {}
        return {
            "plan": self.plan.to_result(),
            "summary": self.plan.summary,
            "digest": self.plan.digest,
            "conflicts": self.outcome.conflicts,
            "server": self.plan.state.url,
            **self.plan_details,
            "done": [] if self.check_mode else [change.to_result() for change in self.outcome.done],
        }

    def failed_result(self) -> dict[str, Any]:
        """Return what a module that fails returns of the plan, if there was one, and of what was done by then."""
        if self.plan is None:
            return {}
        done = set(self.outcome.done)
        return {
            **self.plan_result(),
            "errors": self.outcome.errors,
            "not_tried": [change.to_result() for change in self.plan.changes if change not in done],
        }


def run_module(
    argument_spec: Mapping[str, Any], run: Callable[[Mapping[str, Any], Task], dict[str, Any]], **rules: Any
) -> None:
    """Run one module: its options and the connection's, `run`, and its result or error as Ansible wants them."""
    module = AnsibleModule(argument_spec={**connection_spec(), **argument_spec}, supports_check_mode=True, **rules)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    try:
        params = {**dict.fromkeys(module.params), **without_omitted(module.params, "")}
        client = Client(Connection.from_options(params), read_only=module.check_mode)
    except N8nError as error:
        module.fail_json(msg=str(error))
    with client:
        task = Task(Resources(client), module.check_mode, module._diff)
        try:
            result = run(params, task)
            leave = module.exit_json
        except N8nError as error:
            result = {**task.failed_result(), **error.result(), "msg": str(error)}
            leave = module.fail_json
    result = {**task.result(), **result}
    for warning in (*task.warnings, *task.outcome.notes):
        module.warn(warning)
    leave(**result)


def _calls_of(plan: Plan) -> set[str]:
    """Return what a plan calls, by the names in _resources.SCOPES."""
    handed_over = {call for handover in plan.handovers.values() for call in handover.actions}
    changes = (change for change in plan.changes if not change.carried_by and change.item is None)
    return handed_over | {change.action for change in changes}


def connection_spec() -> dict[str, dict[str, Any]]:
    """Return the connection options as part of an argument spec; the environment is that of where the module runs."""
    spec: dict[str, dict[str, Any]] = {}
    for name, row in CONNECTION_OPTIONS.items():
        spec[name] = {key: value for key, value in row.items() if key != "env"}
        if "env" in row:
            spec[name]["fallback"] = (env_fallback, list(row["env"]))
    return spec
