# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define which emails and names of projects n8n accepts, and how two of them are compared. PURE."""

from __future__ import annotations

import re
import unicodedata

from .._errors import InputError

# The longest email that fits into a path of SMTP (RFC 5321, 4.5.3.1.3, without its brackets), and into n8n's database.
MAX_EMAIL_LENGTH = 254
# n8n names the personal project of a new user <EMAIL>, and on PostgreSQL a name has at most 255 characters. There, an
# email with 254 characters causes HTTP 500. With SQLite, n8n accepts it (seen on 2.40.7).
_MAX_INVITED_LENGTH = 253
# The addresses that GET /users/{email} accepts: letters, digits and these signs, and a domain with a dot (seen on
# 2.40.7).
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?"
)
# POST /users accepts fewer addresses: both isEmail of validator 13.15 and the email of zod 3.25 have to accept an
# address (read and seen on 2.8.4 and 2.40.7). The following values are the lengths, the signs before the @, and the
# parts of the domain that both accept.
_MAX_LOCAL_PART_LENGTH, _MAX_LABEL_LENGTH = 64, 63
_LOCAL_SIGN = re.compile(r"[a-z0-9_'+.-]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_TOP_LEVEL_DOMAIN = re.compile(r"[a-z]{2,}")
# The emails that an existing account may have, such as root@localhost, no matter how the account was created.
_STORED_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f()<>\[\]\\,;:\"]+@[^@\s\x00-\x1f\x7f()<>\[\]\\,;:\"]+")


def to_nfc(name: str) -> str:
    """Return a name in Unicode form NFC, in which names are compared: a letter with its accent is one character."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def project_key(project_id: str, name: str) -> str:
    """Return the id of a project. For a project that does not exist yet, return a key that differs from every id."""
    return project_id or f"new {name}"


def personal_project_error(project: str) -> str:
    """Return the error message for an attempt to add a member to a personal project."""
    return f'Project "{project}" is a personal project. Only team projects have members.'


def invitation_refusal(email: str) -> str:
    """Return why n8n refuses to invite a lower-case email, as the end of a sentence; "" if n8n accepts the email."""
    if not _STORED_EMAIL.fullmatch(email):
        return "it is not an email address"
    local, _at, domain = email.partition("@")
    if len(email) > _MAX_INVITED_LENGTH:
        return f"it has {len(email)} characters, and n8n accepts at most {_MAX_INVITED_LENGTH}"
    if len(local) > _MAX_LOCAL_PART_LENGTH:
        return f"it has {len(local)} characters before the @, and n8n accepts at most {_MAX_LOCAL_PART_LENGTH}"
    signs = " ".join(dict.fromkeys(_LOCAL_SIGN.sub("", local)))
    if signs:
        guest = (
            ", and the address looks like the sign-in name of a guest in Entra ID: use the mail address of the guest"
        )
        return f"n8n does not accept {signs} before the @{guest if local.endswith('#ext#') else ''}"
    if local.endswith("'"):
        return "n8n does not accept an apostrophe right before the @"
    if "" in local.split("."):
        return "the part before the @ begins or ends with a dot, or has two dots in a row"
    *labels, top = domain.split(".")
    if not labels:
        return "its domain has no dot"
    for label in (*labels, top):
        if not _LABEL.fullmatch(label) or len(label) > _MAX_LABEL_LENGTH:
            return (
                f'n8n does not accept "{label}" in a domain: each part of a domain has 1 to {_MAX_LABEL_LENGTH} letters, digits and '
                "hyphens, and a hyphen neither begins nor ends it"
            )
    if not _TOP_LEVEL_DOMAIN.fullmatch(top):
        return f'n8n does not accept the top-level domain "{top}": it must consist of two or more letters'
    return ""


def email_key(text: object) -> str:
    """Return an email in the form in which emails are compared: in lower case, if it has ASCII characters only.

    The lower case of a KELVIN SIGN is the letter k, so the result would be the email of another person.
    """
    email = str(text).strip()
    return email.lower() if email.isascii() else email


def check_ascii(text: str, source: str) -> str:
    """Return an email or a pattern of emails without surrounding blanks; raises InputError if it is not ASCII.

    n8n accepts only ASCII characters, both before and after the @ (seen on 2.40.7).
    """
    email = text.strip()
    for position, character in enumerate(email, 1):
        if not character.isascii():
            name = unicodedata.name(character, "without a name")
            raise InputError(
                f'{source}: "{email}" is not an email address that n8n accepts: character {position} is "{character}" '
                f"(U+{ord(character):04X} {name}), and an email in n8n has ASCII characters only. Correct the email "
                "in its source. Write an international domain in its ASCII form, which begins with xn--."
            )
    return email


def requested_email(text: object, source: str) -> str:
    """Return `text` as an email that n8n can look up, in lower case; raises InputError for any other text."""
    email = check_ascii(str(text if text is not None else ""), source).lower()
    if not _EMAIL.fullmatch(email) or len(email) > MAX_EMAIL_LENGTH:
        raise InputError(f'{source}: "{text}" is not an email address.')
    return email


def stored_email(text: object, source: str) -> str:
    """Return `text` in lower case, as an email that an existing account may have; raises InputError for any other text.

    For an account that does not exist yet, `invitation_refusal` tells whether n8n invites the address.
    """
    email = check_ascii(str(text if text is not None else ""), source).lower()
    if not email:
        raise InputError(f"{source}: email is blank. Set an email address.")
    if not _STORED_EMAIL.fullmatch(email):
        raise InputError(f'{source}: "{text}" is not an email address.')
    return email


def project_name(text: object, source: str) -> str:
    """Return `text` as the untrimmed name of a project; raises InputError if n8n refuses it or no task can find it."""
    name = "" if text is None else str(text)
    if not name.strip():
        raise InputError(f"{source}: a project needs a name that is not blank.")
    if len(name) > 255:
        raise InputError(f'{source}: "{name[:40]}..." has {len(name)} characters, but n8n accepts at most 255.')
    return name
