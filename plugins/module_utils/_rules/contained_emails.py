# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the emails in a text that is not itself an email, for example a name with an email in angle brackets. PURE."""

from __future__ import annotations

import re
import unicodedata

from .._errors import InputError
from .._state.names import stored_email

# Characters that are neither in the local part nor in the domain of a stored email.
_SEPARATORS = re.compile(r"[\s()<>\[\]\\,;:\"]+")
# A local part can have further signs. Between two emails, they are separators.
_SIGNS = re.compile(r"[^\w@.+-]+")
_IN_BRACKETS = re.compile(r"<[^<>]*>")
_AROUND_AT = re.compile(r"\s*@\s*")
# Invisible characters that Unicode counts as letters, marks or symbols.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
_BEHIND_DOMAIN = re.compile(r"[^\w@.-].*|[._-]+\Z")
# Quotes and punctuation marks around an email.
_AROUND = "'`.*=|/{}"


def contained_emails(text: str) -> tuple[str, ...]:
    """Return the emails in `text`, in lower case."""
    try:
        return (stored_email(text, ""),)
    except InputError:
        found = (email for token in _tokens(_visible(text)) for email in _emails(token))
        return tuple(dict.fromkeys(found))


def _visible(text: str) -> str:
    """Return the text without invisible characters, and with blanks for signs such as typographic quotes."""
    characters = []
    for character in _INVISIBLE.sub("", text):
        category = unicodedata.category(character)
        if character.isspace() or (not character.isascii() and category[0] in "PSZ"):
            characters.append(" ")
        elif category not in ("Cc", "Cf"):
            characters.append(character)
    return "".join(characters)


def _tokens(text: str) -> list[str]:
    """Return the parts of a text that have no blanks, as written, and without the blanks around @ and in brackets."""
    variants = (
        text,
        _AROUND_AT.sub("@", text),
        *("".join(part.split()) for part in _IN_BRACKETS.findall(text)),
    )
    return [token for variant in dict.fromkeys(variants) for token in _SEPARATORS.split(variant)]


def _emails(token: str) -> list[str]:
    """Return the emails in a part of a text that has no blanks."""
    found = []
    for part in [token] if token.count("@") == 1 else _SIGNS.split(token):
        local, _at, domain = part.partition("@")
        try:
            found.append(stored_email(f"{local.lstrip(_AROUND)}@{_BEHIND_DOMAIN.sub('', domain)}", ""))
        except InputError:
            continue
    return found
