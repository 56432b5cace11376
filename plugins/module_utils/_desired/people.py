# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads people from any source, a list of dictionaries, and returns them by email. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import stored_email
from .matching import find_attribute, text_of
from .omitted import is_omitted, without_omitted
from .validation import LISTS, kind_of, list_of, nearest, text_in

# The attributes that can identify a person without an email in an error.
_TELLING = ("name", "displayName", "display_name", "name.formatted", "userName", "username", "cn", "uid", "dn", "id")


def people_by_email(people: object, email_attribute: object, problems: ErrorCollector) -> dict[str, Mapping[Any, Any]]:
    """Return people by email, sorted; adds to `problems` people without an email, or with that of another person."""
    attribute = "email"
    with problems:
        attribute = text_in(email_attribute, "email_attribute")
    entries = list_of(people, "people", "people", problems)
    found: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if is_omitted(entry):
            continue
        with problems:
            person = entries[number] = without_omitted(entry, f"people[{number}]")
            if not isinstance(person, Mapping):
                raise InputError(f"people[{number}] is {kind_of(person)}, but a person must be a dictionary.")
            try:
                email = _email(person, attribute)
            except InputError as error:
                raise InputError(f"{_place(number, person)}{error}") from error
            first = found.setdefault(email, number)
            if first != number:
                raise InputError(
                    f"{_place(number, person)} and {_place(first, entries[first])} are both {email}. List each person once."
                )
    return {email: entries[found[email]] for email in sorted(found)}


def _email(person: Mapping[Any, Any], attribute: str) -> str:
    """Return the email of a person; raises InputError with a text that follows the place of the person."""
    found = find_attribute(person, attribute)
    if isinstance(found, LISTS):
        if len(found) > 1:
            raise InputError(
                f" has {len(found)} values in {attribute}. Set email_attribute to {attribute}.0 to use the first."
            )
        found = next(iter(found), None)
    if found is None or not text_of(found).strip():
        hint = "" if attribute in person else nearest(attribute, person)
        raise InputError(f" has no {attribute}, the attribute set by email_attribute.{hint}")
    if not isinstance(found, str):
        raise InputError(f": {attribute} is {kind_of(found)}, not an email address.")
    return stored_email(found, "")


def _place(number: int, person: Mapping[Any, Any]) -> str:
    """Return the place of a person in the list, with another attribute that identifies the person."""
    for attribute in _TELLING:
        found = find_attribute(person, attribute)
        if isinstance(found, (str, int)) and str(found).strip():
            return f"people[{number}] ({attribute}: {found})"
    return f"people[{number}]"
