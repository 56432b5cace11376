# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads people from any source, a list of dictionaries, and finds the invalid rows in it. PURE."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import email_key, stored_email
from .._desired.omitted import is_omitted, without_omitted
from .._desired.validation import LISTS, kind_of, list_of, nearest, text_in
from .contained_emails import contained_emails
from .matching import find_attribute, text_of

# The attributes that can identify a person without an email in an error.
_TELLING = ("name", "displayName", "display_name", "name.formatted", "userName", "username", "cn", "uid", "dn", "id")
_MOST_ATTRIBUTES, _LONGEST_VALUE = 5, 40
# Returns the name of a row in messages, from its index and its content.
PlaceOf = Callable[[int, Any], str]


@dataclass(frozen=True)
class Person:
    """A valid row of the list of people; `index` is its position in the list, from 0."""

    email: str
    attributes: Mapping[Any, Any]
    index: int
    previous_emails: tuple[str, ...] = ()


@dataclass(frozen=True)
class InvalidRow:
    """An invalid row of the list of people.

    `email` is its readable email. `protected` also has its previous emails, and the emails that the text of an invalid email
    contains. `text` is `problem` with the name of the row.
    """

    index: int
    email: str | None
    protected: tuple[str, ...]
    problem: str
    text: str
    attributes: Any


@dataclass
class People:
    """The rows of a list of people: the valid ones by email, and the invalid ones."""

    place_of: PlaceOf
    email_attribute: str = "email"
    valid: dict[str, Person] = field(default_factory=dict)
    _invalid: list[InvalidRow] = field(default_factory=list)
    # The attributes of all rows.
    rows: list[Mapping[Any, Any]] = field(default_factory=list)

    def reject(self, person: Person, problem: str, text: str = "") -> None:
        """Make a row that was valid an invalid one."""
        self.valid.pop(person.email, None)
        self._add(person.index, person.attributes, problem, text, person.previous_emails)

    def add_invalid(self, index: int, row: Any, problem: str, previous_emails: tuple[str, ...] = ()) -> None:
        """Add an invalid row; `problem` follows the name of the row, and begins with a blank or a colon."""
        self._add(index, row, problem.lstrip(": "), f"{self.place_of(index, row)}{problem}", previous_emails)

    def _add(self, index: int, row: Any, problem: str, text: str, previous_emails: tuple[str, ...]) -> None:
        email = _readable_email(row, self.email_attribute)
        contained = (one for part in _email_texts(row, self.email_attribute) for one in contained_emails(part))
        protected = tuple(dict.fromkeys([*([email] if email else []), *contained, *previous_emails]))
        text = text or f"{self.place_of(index, row)}: {problem}"
        self._invalid.append(InvalidRow(index, email, protected, problem, text, row))

    @property
    def invalid(self) -> list[InvalidRow]:
        """The invalid rows by position."""
        return sorted(self._invalid, key=lambda row: row.index)


def index_place(index: int, row: Any) -> str:
    """Return the name of a row of `people`, with another attribute that identifies the person."""
    telling = _telling(row)
    return f"people[{index}]" + (f" ({telling[0]}: {telling[1]})" if telling else "")


def row_place(index: int, row: Any) -> str:
    """Return the name of a row by its number from 1, with some of its attributes."""
    shown: dict[str, str] = {}
    if isinstance(row, Mapping):
        shown.update([telling] if (telling := _telling(row)) else [])
        scalars = ((str(key), value) for key, value in row.items() if isinstance(value, (str, int, float)))
        shown.update((key, str(value)) for key, value in scalars if str(value).strip())
    texts = [f"{_shortened(key)}: {_shortened(value)}" for key, value in list(shown.items())[:_MOST_ATTRIBUTES]]
    return f"row {index + 1}" + (f" ({', '.join(texts)})" if texts else "")


def read_people(
    people: object,
    email_attribute: object,
    problems: ErrorCollector,
    place_of: PlaceOf = index_place,
    previous_attribute: str = "",
) -> People:
    """Return all rows of a list of people; adds to `problems` what is no matter of a single row."""
    found = People(place_of)
    with problems:
        found.email_attribute = text_in(email_attribute, "email_attribute")
    read: list[Person] = []
    for index, entry in enumerate(list_of(people, "people", "people", problems)):
        if is_omitted(entry):
            continue
        with problems:
            row = without_omitted(entry, place_of(index, None))
            if not isinstance(row, Mapping):
                found.add_invalid(index, row, f" is {kind_of(row)}, but a person must be a dictionary.")
                continue
            found.rows.append(row)
            previous: tuple[str, ...] = ()
            try:
                previous = _previous_emails(row, previous_attribute)
                email = _email(row, found.email_attribute)
                _check_previous(previous, previous_attribute)
            except InputError as error:
                contained = (one for part in previous for one in contained_emails(part))
                found.add_invalid(index, row, str(error), (*filter(_is_readable, previous), *contained))
                continue
            read.append(Person(email, row, index, tuple(one for one in previous if one != email)))
    _separate_conflicts(found, read)
    return found


def _separate_conflicts(found: People, read: Sequence[Person]) -> None:
    """Divide rows into valid ones, and ones that share an address with another row."""
    owners: dict[str, list[Person]] = {}
    former: dict[str, list[Person]] = {}
    for person in read:
        owners.setdefault(person.email, []).append(person)
        for address in person.previous_emails:
            former.setdefault(address, []).append(person)
    for person in sorted(read, key=lambda one: one.email):
        problem, text = _conflict(person, owners, former, found.place_of)
        if problem:
            found.reject(person, problem, text)
        else:
            found.valid[person.email] = person


def _conflict(
    person: Person,
    owners: Mapping[str, Sequence[Person]],
    former: Mapping[str, Sequence[Person]],
    place_of: PlaceOf,
) -> tuple[str, str]:
    """Return the conflict of a row with another row, and its text if that is special; empty texts if there is none."""
    same = owners[person.email]
    if len(same) > 1:
        partner = same[1] if person is same[0] else same[0]
        earlier, later = sorted((person, partner), key=lambda one: one.index)
        places = [place_of(one.index, one.attributes) for one in (later, earlier, partner)]
        return (
            f"its email {person.email} is also the email of {places[2]}.",
            f"{places[0]} and {places[1]} are both {person.email}. List each person once.",
        )
    shared = [
        *((f"its email {person.email}", "a previous email", one) for one in former.get(person.email, ())),
        *(
            (f"its previous email {address}", kind, one)
            for address in person.previous_emails
            for kind, others in (
                ("the email", owners.get(address, ())),
                ("a previous email", former.get(address, ())),
            )
            for one in others
        ),
    ]
    for what, kind, other in shared:
        if other is not person:
            return (
                f"{what} is also {kind} of {place_of(other.index, other.attributes)}. One address belongs to one person.",
                "",
            )
    return "", ""


def _email(row: Mapping[Any, Any], attribute: str) -> str:
    """Return the email of a person; raises InputError with a text that follows the place of the person."""
    found = find_attribute(row, attribute)
    if isinstance(found, LISTS):
        if len(found) > 1:
            raise InputError(
                f" has {len(found)} values in {attribute}. Set email_attribute to {attribute}.0 to use the first."
            )
        found = next(iter(found), None)
    if found is None or not text_of(found).strip():
        hint = "" if attribute in row else nearest(attribute, row)
        raise InputError(f" has no {attribute}, the attribute set by email_attribute.{hint}")
    if not isinstance(found, str):
        raise InputError(f": {attribute} is {kind_of(found)}, not an email address.")
    return stored_email(found, "")


def _previous_emails(row: Mapping[Any, Any], attribute: str) -> tuple[str, ...]:
    """Return the previous addresses of a person, in lower case: one, a list, or a text with several."""
    found = find_attribute(row, attribute) if attribute else None
    texts = found if isinstance(found, LISTS) else () if found is None else (found,)
    parts = (part for text in texts if text is not None for part in re.split(r"[,;\s]+", str(text)))
    return tuple(dict.fromkeys(email_key(part) for part in parts if part))


def _check_previous(previous: Sequence[str], attribute: str) -> None:
    for address in previous:
        stored_email(address, f": {attribute}")


def _readable_email(row: Any, attribute: str) -> str | None:
    texts = _email_texts(row, attribute)
    text = email_key(texts[0]) if len(texts) == 1 else ""
    return text if _is_readable(text) else None


def _email_texts(row: Any, attribute: str) -> list[str]:
    """Return the values of the attribute; an empty text for each value that is not a text."""
    found = find_attribute(row, attribute) if isinstance(row, Mapping) else None
    return [text if isinstance(text, str) else "" for text in (found if isinstance(found, LISTS) else (found,))]


def _is_readable(text: str) -> bool:
    before, at, behind = text.partition("@")
    return bool(before.strip() and at and behind.strip()) and "@" not in behind


def _telling(row: Any) -> tuple[str, str] | None:
    for attribute in _TELLING:
        found = find_attribute(row, attribute)
        if isinstance(found, (str, int)) and str(found).strip():
            return attribute, str(found)
    return None


def _shortened(value: str) -> str:
    text = " ".join(value.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
