# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Email addresses and names of projects: which forms n8n accepts, and how two of them compare. PURE."""

from __future__ import annotations

import re
import unicodedata

from .._errors import InputError

# What fits into a path of SMTP (RFC 5321, 4.5.3.1.3, without its brackets), and into n8n's database.
LONGEST_EMAIL = 254
# n8n calls the personal project of a new user <EMAIL>, and on PostgreSQL a name has at most 255 characters. There 254
# characters are HTTP 500, with SQLite they are accepted (seen on 2.40.7).
_LONGEST_INVITED = 253
# The addresses that GET /users/{email} looks up: letters, digits and these signs, and a domain with a dot (seen on 2.40.7).
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?"
)
# POST /users takes fewer: both isEmail of validator 13.15 and the email of zod 3.25 have to accept an address (read and
# seen on 2.8.4 and 2.40.7). These are the lengths, the signs before the @, and the parts of the domain that both accept.
_LONGEST_LOCAL_PART, _LONGEST_LABEL = 64, 63
_LOCAL_SIGN = re.compile(r"[a-z0-9_'+.-]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_TOP_LEVEL_DOMAIN = re.compile(r"[a-z]{2,}")
# What an account that is there may have as email, such as root@localhost, however it came.
_STORED_EMAIL = re.compile(r"[^@\s()<>\[\]\\,;:\"]+@[^@\s()<>\[\]\\,;:\"]+")


def composed(name: str) -> str:
    """Return a name in Unicode's form NFC, in which names are compared: a letter with its accent is one character."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def project_key(project_id: str, name: str) -> str:
    """Return the id, or of a project that is yet to be created what no id looks like."""
    return project_id or f"new {name}"


def personal(project: str) -> str:
    """Return the words for a personal project where somebody is to become its member."""
    return f'Project "{project}" is the personal project of one user: only team projects have members.'


def invitation_refusal(email: str) -> str:
    """Return why n8n refuses to invite an email in lower case, as the rest of a sentence; "" for an email that it accepts."""
    if not _STORED_EMAIL.fullmatch(email):
        return "it is not an email address"
    local, _at, domain = email.partition("@")
    if len(email) > _LONGEST_INVITED:
        return f"it has {len(email)} characters, and n8n accepts at most {_LONGEST_INVITED}"
    if len(local) > _LONGEST_LOCAL_PART:
        return f"it has {len(local)} characters before the @, and n8n accepts at most {_LONGEST_LOCAL_PART}"
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
        if not _LABEL.fullmatch(label) or len(label) > _LONGEST_LABEL:
            return (
                f'n8n does not accept "{label}" in a domain: each part of a domain has 1 to {_LONGEST_LABEL} letters, digits and '
                "hyphens, and a hyphen neither begins nor ends it"
            )
    if not _TOP_LEVEL_DOMAIN.fullmatch(top):
        return f'n8n does not accept the top-level domain "{top}": it needs two letters or more and nothing else'
    return ""


def email_key(text: object) -> str:
    """Return an email as emails are compared: in lower case, if it has ASCII characters only.

    The lower case of a KELVIN SIGN is the letter k, which would be the email of another person.
    """
    email = str(text).strip()
    return email.lower() if email.isascii() else email


def check_ascii(text: str, source: str) -> str:
    """Return an email, or a pattern of emails, without blanks around it; raises InputError for a character that n8n refuses.

    n8n accepts ASCII characters only, before and behind the @ (seen on 2.40.7).
    """
    email = text.strip()
    for position, character in enumerate(email, 1):
        if not character.isascii():
            name = unicodedata.name(character, "without a name")
            raise InputError(
                f'{source}: "{email}" is not an email address that n8n accepts: character {position} is "{character}" '
                f"(U+{ord(character):04X} {name}), and an email in n8n has ASCII characters only. Correct the email where it "
                "comes from, and write an international domain in its ASCII form, which begins with xn--."
            )
    return email


def requested_email(text: object, source: str) -> str:
    """Return `text` as an email that n8n can look up, in lower case; raises InputError for any other text."""
    email = check_ascii(str(text if text is not None else ""), source).lower()
    if not _EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL:
        raise InputError(f'{source}: "{text}" is not an email address.')
    return email


def stored_email(text: object, source: str) -> str:
    """Return `text` as n8n may have it for an account that is there, in lower case; raises InputError for what is no email.

    Of an account that does not exist yet, `invitation_refusal` says whether n8n invites the address.
    """
    email = check_ascii(str(text if text is not None else ""), source).lower()
    if not _STORED_EMAIL.fullmatch(email):
        raise InputError(f'{source}: "{text}" is not an email address.')
    return email


def project_name(text: object, source: str) -> str:
    """Return `text` as a project's name, untrimmed; raises InputError for what n8n refuses or nobody could find again."""
    name = "" if text is None else str(text)
    if not name.strip():
        raise InputError(f"{source}: a project needs a name that is not blank.")
    if len(name) > 255:
        raise InputError(f'{source}: "{name[:40]}..." has {len(name)} characters, but n8n accepts at most 255.')
    return name
