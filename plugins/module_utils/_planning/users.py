# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans users: invitations, instance roles, and deletions. PURE."""

from __future__ import annotations

from functools import cached_property

from .._changes.change import Change
from .._desired.desired import FAIL, LEAVER, WAIT, DesiredUser
from .._errors import InputError
from .._state.model import User
from .._state.names import invitation_refusal
from .._state.roles import CHAT_USER, MEMBER, OWNER, is_demotion
from .context import PlanContext, role_source, with_rule
from .deletion import handover_target, user_deletion
from .projects import ProjectPlanner
from .removal_changes import check_leaver, implied_removals, role_change


class UserPlanner:
    """Plans entries about users. `projects` finds projects by the names in the list."""

    def __init__(self, context: PlanContext, projects: ProjectPlanner) -> None:
        self.context = context
        self.projects = projects
        # The invitations that n8n would refuse because of the address, with one line for each.
        self._refused_addresses: dict[str, None] = {}

    def plan(self, desired: DesiredUser) -> None:
        """Plan the changes for one entry; raises InputError."""
        user = self.context.state.find_user(desired.user)
        if not desired.present:
            if user is not None:
                self._delete_user(user)
            return
        if self.context.is_ignored(user.email if user else desired.user):
            return
        if user is not None and user.id in self.context.without_role:
            return
        is_leaver = desired.status == LEAVER
        role = (
            None
            if desired.role is None or is_leaver
            else self.context.slug(desired.role, "global", lambda: role_source(desired.source, desired.rule, "role"))
        )
        if user is None:
            if desired.gives_access:
                self.invite(desired, role)
            return
        if self.context.desired.resend_invite and self._is_invited_again(user, desired):
            self._check_address(user.email, desired)
            self.context.changes.append(
                Change(
                    "invite_user",
                    user.email,
                    before=user.role,
                    after=user.role,
                    reason="the invitation is sent again",
                    user_id=user.id,
                )
            )
        reason = with_rule("has another instance role", desired.rule)
        if role is None and desired.highest_role is not None:
            highest = self.context.slug(desired.highest_role, "global", lambda: f"{desired.source}: highest_role")
            role = highest if is_demotion(user.role, highest) else None
            reason = "no rule gives an instance role"
        if role is not None and role != user.role:
            self._change_role(user, role, desired, reason)

    def _is_invited_again(self, user: User, desired: DesiredUser) -> bool:
        """Return whether a user is pending, for a list: has certainly not signed in, and is to have access.

        Users of single sign-on stay pending for n8n. A list in each run would send each of them a mail.
        """
        if self.context.desired.policy is None:
            return user.is_pending
        return user.never_signed_in and desired.accepts_invitation and desired.status != LEAVER

    def invite(self, desired: DesiredUser, role: str | None) -> User | None:
        """Plan an invitation with that role; return None if the task waits for the account or leaves the user out.

        Raises InputError if the task does not invite users.
        """
        missing_users = self.context.desired.missing_users
        if missing_users == FAIL or "@" not in desired.user:
            raise InputError(self.missing(desired.user))
        if missing_users == WAIT:
            self.context.awaited.add(desired.user)
            return None
        refusal = invitation_refusal(desired.user)
        if refusal and self.context.desired.skip_refused_addresses:
            self.context.refused_addresses[desired.user] = refusal
            return None
        self._check_address(desired.user, desired)
        if role == OWNER:
            raise InputError(
                f"{desired.source}: {desired.user} cannot be invited as {OWNER}. An instance has only one owner."
            )
        user = User("", desired.user, role or MEMBER, is_pending=True)
        self.context.changes.append(
            Change(
                "invite_user", user.email, after=user.role, reason=with_rule("no user has this email yet", desired.rule)
            )
        )
        return self.context.new_users.setdefault(user.email, user)

    def _check_address(self, email: str, desired: DesiredUser) -> None:
        """Store the reason why n8n would refuse to invite an address, with its place in the list."""
        refusal = invitation_refusal(email)
        if refusal:
            place = f"email ({email})" if self.context.desired.policy is None else desired.source
            self._refused_addresses[f"{place}: {refusal}."] = None

    def _change_role(self, user: User, role: str, desired: DesiredUser, reason: str) -> None:
        """Plan the change of the instance role, and the removals that n8n makes if the user becomes a chat user.

        A list keeps the role of a protected user and adds a note. A task about one user raises InputError instead.
        """
        if role == OWNER:
            raise InputError(
                f"{desired.source}: {user.email} cannot become {OWNER}. The API cannot transfer the ownership of an "
                "instance."
            )
        keep_reason = self.context.state.protected_as(user)
        if keep_reason and self.context.desired.policy is None:
            raise InputError(
                f"{desired.source}: {user.email} is {keep_reason}, whose instance role {user.role} cannot be changed."
            )
        if not keep_reason and is_demotion(user.role, role):
            keep_reason = self.context.protection.reason_for(user)
        if role == CHAT_USER and user.id in self.context.keep_role:
            keep_reason = "the last project:admin of a project"
        if keep_reason:
            self.context.note(
                f"{desired.source}: {user.email} is {keep_reason} and keeps {user.role} instead of {role}."
            )
            return
        self.context.changes.append(role_change(user, role, reason))
        if role == CHAT_USER:
            self.context.becoming_chat_users.add(user.id)
            kept = self._desired_projects.get(user.email, set())
            self.context.changes.extend(
                lost for lost in implied_removals(self.context.state, user) if lost.project_id not in kept
            )
            if self.context.desired.policy is None:
                self.context.note(
                    f"The change to {CHAT_USER} removes {user.email} from all team projects. The plan does not list these "
                    "memberships, because n8n_user reads no projects. n8n_access and n8n_offboard list them."
                )

    @cached_property
    def _desired_projects(self) -> dict[str, set[str]]:
        """Return the ids of the projects in which each user is to be a member, by email."""
        found: dict[str, set[str]] = {}
        for desired in self.context.desired.members:
            if not desired.present:
                continue
            user = self.context.state.find_user(desired.user)
            listed_projects = [project for project in (self.projects.known(desired.project),) if project]
            for project in listed_projects or self.context.state.find_projects(desired.project):
                found.setdefault(user.email if user else desired.user, set()).add(project.id)
        return found

    def _delete_user(self, user: User) -> None:
        check_leaver(self.context.state, user)
        self.context.leavers.add(user.id)
        handover_options = self.context.desired.handover_options
        target = handover_target(self.context.state, handover_options)
        changes, handover = user_deletion(self.context.state, user, "should be absent", target)
        self.context.changes.extend(changes)
        self.context.hand_over(user.id, handover)

    def refuse_addresses(self) -> None:
        """Add one problem that names every address that n8n refuses to invite, because one blocks a whole batch."""
        if self._refused_addresses:
            words = (
                "n8n refuses to invite this email address. Correct the address"
                if self.context.desired.policy is None
                else "n8n refuses to invite these email addresses. Correct each address, or remove its user from the list"
            )
            self.context.problems.add("\n".join((f"{words}:", *self._refused_addresses)))

    def missing(self, user: str) -> str:
        """Return the message for a user who does not exist, with the email that may be meant."""
        hint = self.context.similar_emails.hint(user) if "@" in user else ""
        return f"{missing_user(user)} {hint}".rstrip()


def missing_user(user: str) -> str:
    """Return the message for a user who does not exist, with the remedy."""
    return f'User "{user}" does not exist. Invite the user by email with n8n_user, or with n8n_access and missing_users=invite.'
