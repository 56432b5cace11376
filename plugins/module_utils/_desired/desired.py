# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state: users, projects and members that a task asks for, checked and without contradictions. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from .._errors import InputError
from .._state.names import check_ascii, requested_email, stored_email, to_nfc
from .._state.roles import CHAT_USER, plain_slug
from .._text import quoted
from .grants import Grant
from .handover_options import HandoverOptions

# The effect of a list on users that it does not name.
ADDITIVE, AUTHORITATIVE = AUTHORITIES = ("additive", "authoritative")
# The handling of users that a list does not name anywhere.
KEEP, REMOVE_MEMBERSHIPS, DEMOTE, STAGED = UNLISTED = ("keep", "remove_memberships", "demote", "staged")
# The handling of listed users with the status UNMATCHED.
UNMATCHED_ACTIONS = (KEEP, REMOVE_MEMBERSHIPS, DEMOTE)
# The handling of listed people who have no account.
INVITE, WAIT, FAIL = MISSING_USERS = ("invite", "wait", "fail")
# What a list of people says about one of them: rules give access, no rule matches, or the person has left.
PRESENT, UNMATCHED, LEAVER = STATUSES = ("present", "unmatched", "leaver")


@dataclass(frozen=True)
class DesiredUser:
    """A user who is to exist with that instance role (None: any role), or who is to be absent.

    `lists_projects` says that the entry has the user's projects, and all of them if the list is authoritative. `rule`
    is the rule that gave the role. `denied` has the rules that deny projects, by project (its id, or its name in
    Unicode form NFC). `status` is one of STATUSES, or "" if the list does not say it. An instance role above
    `highest_role` is lowered to it. `gives_access` is False for a user who is not invited, because the entry gives
    nothing now, and `accepts_invitation` for a user in the record of leavers, who is not invited again either.
    `previous_emails` are former addresses of the user. If the account has one of them, `user` is that one, and
    `listed_email` is the address in the list.
    """

    user: str
    role: str | None = None
    present: bool = True
    source: str = "user"
    lists_projects: bool = False
    rule: str = ""
    denied: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    highest_role: str | None = None
    gives_access: bool = True
    accepts_invitation: bool = True
    previous_emails: tuple[str, ...] = ()
    listed_email: str = ""


@dataclass(frozen=True)
class DesiredProject:
    """A project, found by its id or name, that is to exist under that name, or that is to be absent.

    `lists_members` says that the entry has the members, and all of them if `authority` (None: the authority of the
    list) is authoritative.
    """

    name: str | None = None
    id: str | None = None
    previous_names: tuple[str, ...] = ()
    present: bool = True
    source: str = "project"
    lists_members: bool = False
    authority: str | None = None

    @property
    def reference(self) -> str:
        """Return the id of the project in the desired state, or else its name."""
        return self.id or self.name or ""


@dataclass(frozen=True)
class DesiredMember:
    """A user who is to be a member of a project (its id or name) with that role, or who is not to be a member.

    `grants` are the grants of a list, from which role and present follow, and `reason` is the reason of a removal.
    If all grants begin later, `is_upcoming` is True, and the entry changes nothing.
    """

    project: str
    user: str
    role: str | None = None
    present: bool = True
    source: str = "member"
    rule: str = ""
    grants: tuple[Grant, ...] = ()
    reason: str = "should not be a member"
    is_upcoming: bool = False
    # The end of a grant that is over, as the list has it. Another grant of the same project has precedence.
    ended: str = ""
    # The grants of a role that have ended. Another grant may be in force.
    ended_grants: tuple[Grant, ...] = ()

    @property
    def is_denied(self) -> bool:
        """Return whether a rule or an exception denies the project, also at another time."""
        is_absent = bool(self.rule) and not (self.present or self.ended or self.is_upcoming)
        return is_absent or any(grant.absent and grant.rule for grant in self.grants)


@dataclass(frozen=True)
class ListPolicy:
    """The policy of a list: its effect on users that it does not name, and the users that it never changes.

    `protected` and `ignored` are patterns of emails. A list never removes a role from the owner, the key's own user, or
    the last admin of a project. If a single module is asked for such a removal, it says why the removal is impossible.
    A list leaves the role unchanged and adds a note.
    """

    authority: str = ADDITIVE
    unlisted_users: str = KEEP
    protected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    ignored_projects: tuple[str, ...] = ()
    unmatched_users: str = KEEP
    # Whether users that the list does not name are kept in this run, although `unlisted_users` says otherwise.
    keep_unlisted: bool = False


@dataclass(frozen=True)
class DesiredState:
    """Everything that one task asks for; `policy` is the policy of a list, or None for a single module."""

    users: tuple[DesiredUser, ...] = ()
    projects: tuple[DesiredProject, ...] = ()
    members: tuple[DesiredMember, ...] = ()
    missing_users: str = FAIL
    create_projects: bool = False
    resend_invite: bool = False
    # Whether users whose address n8n refuses to invite are left out, instead of being an error.
    skip_refused_addresses: bool = False
    allow_no_admin: bool = False
    handover_options: HandoverOptions = HandoverOptions()
    policy: ListPolicy | None = None
    # The new emails of users who have two accounts because their address changed, by the id of the old account.
    moved_accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def people(self) -> tuple[DesiredUser | DesiredMember, ...]:
        """Return all entries about users and members."""
        return (*self.users, *self.members)

    @property
    def project_references(self) -> tuple[str, ...]:
        """Return all ids and names by which entries mean projects. An id takes precedence over the names of an entry."""
        named = [name for project in self.projects for name in (project.reference, *project.previous_names)]
        named += [member.project for member in self.members]
        return tuple(dict.fromkeys(filter(None, named)))

    def without_grants(self, references: Set[str]) -> DesiredState:
        """Return the state with these users as names only: it gives them nothing and removes nothing from them."""
        users = (
            (
                replace(
                    user,
                    role=None,
                    highest_role=None,
                    lists_projects=False,
                    gives_access=False,
                    accepts_invitation=False,
                )
                if user.user in references
                else user
            )
            for user in self.users
        )
        # Each of these users stays named, so that the user is not an unlisted user.
        members = (
            (
                DesiredMember(member.project, member.user, present=False, source=member.source, is_upcoming=True)
                if member.user in references
                else member
            )
            for member in self.members
        )
        return replace(self, users=tuple(users), members=tuple(members))

    def authority(self, project: DesiredProject | None) -> str:
        """Return the authority of the list for the members of a project, whose entry may be None."""
        return (project.authority if project else None) or (self.policy.authority if self.policy else ADDITIVE)

    @property
    def denied_projects(self) -> tuple[str, ...]:
        """Return the projects that rules and exceptions deny, also at another time: ids, and names in Unicode form NFC."""
        denied = [name for user in self.users for name in user.denied]
        denied += [to_nfc(member.project) for member in self.members if member.is_denied]
        return tuple(dict.fromkeys(denied))

    @property
    def needs_role_lookup(self) -> bool:
        """Return whether an entry has a role that only the server can resolve: a custom role by its display name."""
        roles = [("global", desired.role) for desired in self.users] + [
            ("project", desired.role) for desired in self.members
        ]
        return any(role is not None and plain_slug(role, kind) is None for kind, role in roles)

    @property
    def makes_chat_users(self) -> bool:
        """Return whether a user is to become global:chatUser, which removes every team membership."""
        sets_role = any(
            desired.present and plain_slug(desired.role or "", "global") == CHAT_USER for desired in self.users
        )
        policy = self.policy or ListPolicy()
        return sets_role or policy.unlisted_users in (DEMOTE, STAGED) or policy.unmatched_users == DEMOTE


def user_reference(text: object, source: str, is_email: bool = False) -> str:
    """Return an email in lower case, or an unchanged id.

    Raises InputError for a blank value, and for text that n8n cannot look up as an email.
    """
    if is_email and (text is None or not str(text).strip()):
        raise InputError(f"{source} is blank. Set an email address.")
    reference = _not_blank(text, source)
    if reference in (".", ".."):
        # In a path, they would mean another resource of the API.
        raise InputError(f"{source} is {quoted(reference)}, which is neither an email nor an id.")
    return requested_email(reference, source) if is_email or "@" in reference else reference


def listed_user(text: object, source: str) -> str:
    """Return an email in lower case, or an unchanged id, to find in the list of all users.

    Raises InputError for a value that is neither an email nor an id.
    """
    reference = _not_blank(text, source)
    return stored_email(reference, source) if "@" in reference else reference


def _not_blank(text: object, source: str) -> str:
    reference = "" if text is None else str(text).strip()
    if not reference:
        raise InputError(f"{source}: the email or id of a user is required, but this value is blank.")
    return check_ascii(reference, source)
