# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leavers who come back before the record of staged leavers lets them go: what each gets again. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._changes.change import Change
from .._desired.desired import MemberWish, Terms, UserWish, Wish
from .._desired.protection import Shield
from .._errors import InputError, Problems
from .._state.dates import utc
from .._state.model import State
from .._state.read_request import Needs
from .._state.roles import ORDER, Role, role_slug
from .._text import quoted
from .leaver_record import Record, Staged


@dataclass(frozen=True)
class Comeback:
    """Somebody whom a list names by `email` and who is in the record.

    `gone` are the projects of then that there are no more, and `lost` are such roles.
    """

    email: str
    staged: Staged
    gone: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    @property
    def roles(self) -> set[str]:
        """All roles that the record has of them."""
        return {self.staged.role, *(role for _key, _name, role in self.staged.memberships)}

    def to_result(self) -> dict[str, Any]:
        """Return the entry for lists of those who are back."""
        memberships = self.staged.to_result()["memberships"]
        return {
            "email": self.email,
            "id": self.staged.id,
            "since": utc(self.staged.since),
            "role": self.staged.role,
            "memberships": [item for item in memberships if self._is_there(item["id"], item["role"])],
            "gone": [item for item in memberships if not self._is_there(item["id"], item["role"])],
        }

    def memberships(self) -> list[tuple[str, str, str]]:
        """Return the memberships that can be given back."""
        return [entry for entry in self.staged.memberships if self._is_there(entry[0], entry[2])]

    def _is_there(self, key: str, role: str) -> bool:
        return key not in self.gone and role not in self.lost


def comeback_needs(needs: Needs, record: Record) -> Needs:
    """Return what has to be read besides, to give back what is in the record."""
    recorded = {key for staged in record.leavers.values() for key, _name, _role in staged.memberships}
    if not recorded:
        return needs
    # An empty tuple asks for the members of all projects.
    members = () if needs.members == () else tuple(sorted({*(needs.members or ()), *recorded}))
    return replace(needs, projects=True, members=members)


def find_comebacks(record: Record, wish: Wish, state: State) -> list[Comeback]:
    """Return who of a list is in the record: the user of that id, whatever the email is by now, else whoever had that email."""
    shield = Shield(wish.terms or Terms(), state)
    there = {project.id for project in state.projects if project.is_team}
    by_email = {staged.email: staged for staged in record.leavers.values()}
    found: dict[str, Comeback] = {}
    for person in wish.people if record.leavers else ():
        user = state.find_user(person.user)
        email = user.email if user else person.user
        staged = (record.leavers.get(user.id) if user else None) or by_email.get(email)
        if staged is not None and not shield.ignores(email):
            gone = frozenset(key for key, _name, _role in staged.memberships if key not in there)
            found.setdefault(staged.id, Comeback(email, staged, gone))
    return list(found.values())


def check_needs(needs: Needs, comebacks: Iterable[Comeback]) -> Needs:
    """Return what has to be read to see whether these users have what the record returned to them."""
    projects = {key for comeback in comebacks for key, _name, _role in comeback.memberships()}
    return Needs(
        users=tuple(comeback.email for comeback in comebacks),
        all_users=needs.all_users,
        projects=bool(projects),
        members=tuple(sorted(projects)) if projects else None,
    )


def missing_access(comeback: Comeback, state: State) -> list[tuple[str, str]]:
    """Return what a restored user does not have in `state`: the id of each project ("" for the instance role), and words for it."""
    user = state.find_user(comeback.email)
    if user is None:
        return [("", "the account")]
    role = comeback.staged.role
    missing = [("", f"the instance role {role}")] if role not in (user.role, *comeback.lost) else []
    roles = {project.id: member.role for project, member in state.memberships(user)}
    return missing + [
        (key, f"{role} of project {quoted(name)}")
        for key, name, role in comeback.memberships()
        if roles.get(key) != role
    ]


def is_about(change: Change, comeback: Comeback, project_ids: Iterable[str]) -> bool:
    """Whether a change returned access to this user: in one of these projects, or on the instance for the id ""."""
    return change.user == comeback.email and (change.project_id or "") in project_ids


def names_custom_roles(comebacks: Iterable[Comeback]) -> bool:
    """Whether somebody had a role that may be gone by now, as n8n's own are not."""
    own = {role for order in ORDER.values() for role in order}
    return any(comeback.roles - own for comeback in comebacks)


def without_lost_roles(comebacks: Iterable[Comeback], roles: Iterable[Role] | None) -> list[Comeback]:
    """Return the same, knowing which of their roles are gone; `roles` are those that there are, None where nobody knows."""
    if roles is None:
        return list(comebacks)
    there = {role.slug for role in roles}
    return [replace(comeback, lost=frozenset(comeback.roles - there)) for comeback in comebacks]


def with_comebacks(wish: Wish, comebacks: Iterable[Comeback], state: State) -> Wish:
    """Return the wish in which everybody who comes back gets what the record has, besides what is wished of them.

    Raises InputError where the list gives somebody another instance role; another role in a project is found by the
    planner, as any two that contradict each other.
    """
    problems = Problems()
    users = {user.user: user for user in wish.users}
    members = list(wish.members)
    for comeback in comebacks:
        email, staged = comeback.email, comeback.staged
        where = f"the record of {email}"
        listed = users.get(email) or users.get(staged.id) or UserWish(email, where=where)
        users[listed.user] = listed
        if staged.role not in comeback.lost:
            with problems:
                _check_role(listed, staged, state)
            users[listed.user] = replace(listed, role=staged.role)
        # By their ids, as a project may have another name by now; none is created that is gone.
        members += [
            MemberWish(key, email, role, where=f'{where}, project "{name}"')
            for key, name, role in comeback.memberships()
        ]
    problems.refuse()
    return replace(wish, users=tuple(users.values()), members=tuple(members))


def _check_role(listed: UserWish, staged: Staged, state: State) -> None:
    if listed.role is not None and role_slug(listed.role, "global", state.roles, listed.where) != staged.role:
        raise InputError(
            f"{listed.where} says {listed.role}, and the record of staged leavers says {staged.role}: restore=true gives "
            "back what the record says, so leave role out, or say the same."
        )


def comeback_notes(comebacks: Sequence[Comeback], restoring: bool, path: str) -> list[str]:
    """Return what somebody should know of those who come back, or who are in the record and nobody said that they are back."""
    if not restoring:
        return [
            f"{comeback.email} is in the record of staged leavers {path} since {utc(comeback.staged.since)} and stays in it: only "
            "restore: true gives back what they had and takes them out of it. If n8n_offboard is still told that they leave, it "
            "takes away what they are given."
            for comeback in comebacks
        ]
    notes = [
        f'{comeback.email} had {role} in project "{name}" ({key}), which is gone, and does not get it back.'
        for comeback in comebacks
        for key, name, role in comeback.staged.memberships
        if key in comeback.gone
    ]
    for comeback in comebacks:
        notes += [
            f'{comeback.email} had {role} in project "{name}" ({key}), a role that is gone, and does not get it back: name '
            "another in the list."
            for key, name, role in comeback.staged.memberships
            if key not in comeback.gone and role in comeback.lost
        ]
        if comeback.staged.role in comeback.lost:
            notes.append(
                f"{comeback.email} had the instance role {comeback.staged.role}, which is gone, and does not get it back: name "
                "another in the list, else the present one stays."
            )
    if comebacks:
        notes.append(
            "API keys that n8n deleted as they left do not come back: "
            f"{', '.join(comeback.email for comeback in comebacks)} can make new ones."
        )
    return notes
