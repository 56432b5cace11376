# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: in order, in few calls, and saying exactly what was done when a call fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._delivery import deliver
from ._errors import N8nError
from ._handover import Delivery, Handover, check_nothing_left, unpublished
from ._model import CHAT_USER, PROJECT_ADMIN
from ._outcome import Outcome
from ._change import Change, GIVES
from ._plan import Plan, without_admin
from ._sentences import quoted
from ._resources import Resources, batches, few


def apply(
    plan: Plan,
    resources: Resources,
    keep_links: Callable[[dict[str, str]], None],
    progress: Callable[[int, int, str], None] = lambda made, planned, action: None,
) -> Outcome:
    """Make the changes of `plan` and return what became of each of them. Raises nothing that n8n can cause.

    What fails does not stop what does not depend on it. `keep_links` gets the invitation links (secrets) by email as
    soon as n8n has made them, as they cannot be had again. `progress` gets how many changes are behind it, of how many,
    and the action of the last, also from several threads at once.
    """
    run = _Run(plan, resources, keep_links, progress)
    for step, changes in plan.steps():
        run.step(step, changes)
    return run.outcome.in_order_of(plan)


class _Run:
    def __init__(
        self,
        plan: Plan,
        resources: Resources,
        keep_links: Callable[[dict[str, str]], None],
        progress: Callable[[int, int, str], None],
    ) -> None:
        self.resources = resources
        self.outcome = Outcome()
        self._keep_links = keep_links
        self._progress = progress
        self._planned = len(plan.changes)
        self._meant_to_lose_admins = {key for key, _name, _losing in without_admin(plan.state, plan.changes)}
        self._lost_users: set[str] = set()
        self._lost_projects: set[str] = set()
        # Where somebody was to become an admin: and did not, or did.
        self._lost_admins: set[str] = set()
        self._made_admins: set[str] = set()
        # Whose possessions could not be handed over.
        self._lost_owners: set[str] = set()
        self._handovers = plan.handovers

    def step(self, step: str, changes: Sequence[Change]) -> None:
        """Make the changes of one step."""
        if step in ("change_users", "delete_users", "delete_projects"):
            self._with_what_goes_along(changes)
            return
        ready = [change for change in changes if self._is_ready(change)]
        if step == "invite":
            # Those who are invited already are invited again.
            for again in (False, True):
                for batch in batches(change for change in ready if (change.before is not None) == again):
                    self._invite(batch, again)
        elif step == "create":
            self._each(ready, self._create)
        elif step in ("give", "give_back"):
            self._per_project(ready, self._give)
        elif step == "hand_over":
            self._hand_over(ready)
        elif step == "take":
            self._take(ready)
        else:
            self._each(ready, self._single)

    def _is_ready(self, change: Change) -> bool:
        """Whether what `change` needs has been done; else it is noted as not tried."""
        # Who becomes a chat user is given things back behind that, and who leaves has handed everything over before.
        needs_user = change.action in (*GIVES, "delete_user") or (
            change.action == "change_user_role" and (change.late or change.after == CHAT_USER)
        )
        if (
            (needs_user and change.user in self._lost_users)
            or change.project_key in self._lost_projects
            or (change.owner or change.user_id) in self._lost_owners
        ):
            self._not_tried([change])
            return False
        return True

    def _done(self, changes: Sequence[Change]) -> None:
        self.outcome.done.extend(changes)
        self._made_admins.update(change.project_key for change in changes if change.makes_admin)
        self._behind(changes)

    def _not_tried(self, changes: Sequence[Change]) -> None:
        self.outcome.not_tried.extend(changes)
        self._without(changes)
        self._behind(changes)

    def _behind(self, changes: Sequence[Change]) -> None:
        outcome = self.outcome
        failed = sum(len(error["changes"]) for error in outcome.errors)
        made = len(outcome.done) + len(outcome.not_tried) + len(outcome.conflicts) + failed
        if changes:
            self._progress(made, self._planned, changes[-1].action)

    def _failed(self, changes: Sequence[Change], error: N8nError) -> None:
        people = sorted({change.user for change in changes if change.user})
        # n8n's refusals know ids; a person knows names.
        concerned = [few(people)] if people else []
        concerned += [
            f"project {quoted(name)}" for name in sorted({change.project for change in changes if change.project})
        ]
        self.outcome.errors.append(
            {
                "error": f"{error} Concerned: {', '.join(concerned)}.",
                "users": people,
                "changes": [change.to_result() for change in changes],
            }
        )
        self._lost_users.update(people)
        self._lost_projects.update(change.project_key for change in changes if change.action == "create_project")
        self._without(changes)
        self._behind(changes)

    def _without(self, changes: Sequence[Change]) -> None:
        """Remember where nobody has become an admin by these changes."""
        self._lost_admins.update(change.project_key for change in changes if change.after == PROJECT_ADMIN)

    def _each(self, changes: Sequence[Change], call: Callable[[Change], None]) -> None:
        """Make each change by a call of its own, several at a time."""

        def attempt(change: Change) -> N8nError | None:
            try:
                call(change)
            except N8nError as error:
                return error
            return None

        for change, error in zip(changes, self.resources.client.in_parallel(attempt, changes)):
            if error is None:
                self._done([change])
            else:
                self._failed([change], error)

    def _per_project(self, changes: Sequence[Change], call: Callable[[list[Change]], None]) -> None:
        by_project: dict[str, list[Change]] = {}
        for change in changes:
            by_project.setdefault(change.project_key, []).append(change)
        self.resources.client.in_parallel(call, list(by_project.values()))

    def _invite(self, changes: Sequence[Change], again: bool) -> None:
        try:
            invited = self.resources.invite({change.user or "": change.after or "" for change in changes}, again)
        except N8nError as error:
            self._failed(changes, error)
            return
        links: dict[str, str] = {}
        for change in changes:
            email = change.user or ""
            invitation = invited.get(email)
            if invitation is None:
                self._take_as_is(change)
            elif invitation.error or not invitation.user_id:
                self._failed(
                    [change], N8nError(f"n8n could not invite {email}: {invitation.error or 'it gave no id'}.")
                )
            else:
                self.outcome.user_ids[email] = invitation.user_id
                self._done([change])
                if invitation.url:
                    links[email] = invitation.url
        lost = sorted(email for email, invitation in invited.items() if invitation.is_lost)
        if lost:
            self.outcome.notes.append(
                f"{', '.join(lost)} were invited, and n8n's answer was lost, and with it the invitation links. Unless n8n "
                "has mailed them, send these invitations again with n8n_user and resend_invite."
            )
        try:
            self._keep_links(links)
        except N8nError as error:
            # They are invited all the same.
            self.outcome.errors.append({"error": str(error), "users": sorted(links), "changes": []})

    def _take_as_is(self, change: Change) -> None:
        """n8n says nothing of somebody who has become an active user since the plan was made."""
        try:
            user = self.resources.find_user(change.user or "")
            if user is None:
                raise N8nError(f"n8n did not invite {change.user}, and did not say why.")
        except N8nError as error:
            self._failed([change], error)
            return
        self.outcome.user_ids[user.email] = user.id
        self._conflict(change, f"{user.email} is a user with the role {user.role} already")

    def _create(self, change: Change) -> None:
        self.outcome.projects[change.project_key] = self.resources.create_project(change.after or "")

    def _give(self, changes: list[Change]) -> None:
        """Add members and change roles in one project, in one call for every BATCH of them."""
        # New admins first, and all looked at again before each call: n8n overwrites whatever role somebody has by now,
        # and a project keeps an admin also in between.
        for batch in batches(sorted(changes, key=lambda change: change.after != PROJECT_ADMIN)):
            current = self._still_as_planned(batch)
            if not current:
                continue
            ids = {change.user_id or self.outcome.user_ids[change.user or ""]: change.after or "" for change in current}
            try:
                self.resources.set_members(self._project_id(current[0]), ids)
                self._done(current)
            except N8nError as error:
                self._failed(current, error)

    def _take(self, changes: Sequence[Change]) -> None:
        current: list[Change] = []
        self._per_project(changes, lambda of_project: current.extend(self._still_as_planned(of_project)))
        self._each(current, lambda change: self.resources.remove_member(self._project_id(change), change.user_id or ""))

    def _with_what_goes_along(self, changes: Sequence[Change]) -> None:
        """Change or delete users, and the memberships with them that n8n takes along, if these are still as planned.

        Somebody else's doing in one of them leaves the user and all of them alone.
        """
        going = [change for change in changes if change.carried_by and change.item is None]
        items = [change for change in changes if change.carried_by and change.item is not None]
        carriers = [change for change in changes if not change.carried_by]
        current: list[Change] = []
        self._per_project(going, lambda of_project: current.extend(self._still_as_planned(of_project)))
        elsewhere = set(going).difference(current)
        # Who stays the last admin, as nobody could be made one instead: that has been said.
        self._lost_users.update(change.user or "" for change in elsewhere.intersection(self.outcome.not_tried))
        left_alone = {change.user for change in elsewhere} - self._lost_users
        for change in (*carriers, *current, *items):
            if change.user in left_alone:
                self._conflict(change, f"a membership of {change.user} is no longer as planned")
        ready = [change for change in carriers if change.user not in left_alone and self._is_ready(change)]
        self._each(self._with_nothing_left(ready), self._single)
        made = {change.bearer for change in set(carriers).intersection(self.outcome.done)}
        along = [change for change in (*current, *items) if change.user not in left_alone]
        self._done([change for change in along if change.bearer in made])
        self._not_tried([change for change in along if change.bearer not in made])

    def _hand_over(self, changes: Sequence[Change]) -> None:
        """Hand over what goes from each owner, one item after the other, several owners at a time."""
        by_owner: dict[str, list[Change]] = {}
        for change in changes:
            by_owner.setdefault(change.owner, []).append(change)

        def attempt(owner: str) -> None:
            mine = by_owner[owner]
            delivery = deliver(self._handovers[owner], self.resources)
            self.outcome.deliveries[owner] = delivery
            self.outcome.notes.extend(delivery.notes)
            made = len(mine) - len(delivery.not_done)
            self._done(mine[:made])
            if delivery.error is not None:
                self._lost_owners.add(owner)
                self._failed(mine[made : made + 1], delivery.error)
                self._not_tried(mine[made + 1 :])

        self.resources.client.in_parallel(attempt, list(by_owner))
        self._note_unpublished([self._handovers[owner] for owner in by_owner])

    def _note_unpublished(self, handovers: Sequence[Handover]) -> None:
        """Say of which workflows n8n could not publish again what it had to unpublish for their move."""
        destinations = {handover.source.id: handover.destination.id for handover in handovers if handover.destination}
        try:
            now = self.resources.possessions(sorted(set(destinations.values())), True)
        except N8nError as error:
            self.outcome.notes.append(f"Whether what moved is still published could not be looked at: {error}")
            return
        for handover in handovers:
            if handover.source.id in destinations:
                self.outcome.notes.extend(unpublished(handover, now[destinations[handover.source.id]]))

    def _with_nothing_left(self, changes: Sequence[Change]) -> list[Change]:
        """Return those deletions by which nothing is destroyed that was not meant to be; looked at right before them."""
        owners = {change: self._handovers[change.owner] for change in changes if change.owner in self._handovers}
        try:
            now = self.resources.possessions([handover.source.id for handover in owners.values()], True)
        except N8nError as error:
            self._failed(list(owners), error)
            return [change for change in changes if change not in owners]
        current = []
        for change in changes:
            try:
                if change in owners:
                    check_nothing_left(owners[change], now[owners[change].source.id])
                current.append(change)
            except N8nError as error:
                self._failed([change], error)
        return current

    def _still_as_planned(self, changes: Sequence[Change]) -> list[Change]:
        """Return those changes that still start from what the plan saw; what somebody else changed is left alone."""
        key = changes[0].project_key
        if changes[0].project_id is None:
            # A project of this run's own: nobody else has been there.
            return self._but_last_admins(changes, key, key in self._made_admins)
        project_id = changes[0].project_id
        try:
            now = {member.id: member.role for member in self.resources.members(project_id)}
        except N8nError as error:
            self._failed(changes, error)
            return []
        as_seen = []
        for change in changes:
            role = now.get(change.user_id or self.outcome.user_ids.get(change.user or "", ""))
            # Who is given back what becoming a chat user takes away is no member in between.
            if role == (None if change.action == "add_member" else change.before):
                as_seen.append(change)
            else:
                self._conflict(
                    change, f"{change.user} has become {role}" if role else f"{change.user} is no member any more"
                )
        going = {change.user_id for change in as_seen if change.is_lost_admin}
        some_admin_stays = any(role == PROJECT_ADMIN and user_id not in going for user_id, role in now.items())
        return self._but_last_admins(as_seen, key, some_admin_stays)

    def _but_last_admins(self, changes: Sequence[Change], key: str, some_admin_stays: bool) -> list[Change]:
        """Return `changes` of one project without those that would leave it without an admin, unless that is the plan."""
        if some_admin_stays or key in self._meant_to_lose_admins or any(change.makes_admin for change in changes):
            return list(changes)
        for change in changes:
            if change.is_lost_admin and key in self._lost_admins:
                # Whoever was to be admin instead could not be made one, and that has been said.
                self._not_tried([change])
            elif change.is_lost_admin:
                self._conflict(change, f"{change.user} has become the last admin of the project")
        return [change for change in changes if not change.is_lost_admin]

    def _conflict(self, change: Change, found: str) -> None:
        self.outcome.conflicts.append({**change.to_result(), "reason": f"left alone: {found}"})
        self._behind([change])

    def _single(self, change: Change) -> None:
        if change.action == "rename_project":
            self.resources.rename_project(self._project_id(change), change.after or "")
        elif change.action == "change_user_role":
            self.resources.set_user_role(change.user_id or self.outcome.user_ids[change.user or ""], change.after or "")
        elif change.action == "delete_user":
            self.resources.delete_user(change.user_id or "", self._transfer_to(change))
            self._delivered(change)
        elif change.action == "delete_project":
            self.resources.delete_project(self._project_id(change), self._transfer_to(change))
            self._delivered(change)
        else:
            raise AssertionError(f"no such action: {change.action}")

    def _project_id(self, change: Change) -> str:
        return change.project_id or self.outcome.projects[change.project_key].id

    def _transfer_to(self, change: Change) -> str | None:
        handover = self._handovers.get(change.owner)
        return handover.transfer_to if handover else None

    def _delivered(self, change: Change) -> None:
        """Note what has gone with its owner."""
        if change.owner in self._handovers:
            delivery = self.outcome.deliveries.setdefault(change.owner, Delivery(self._handovers[change.owner]))
            delivery.owner_deleted()
