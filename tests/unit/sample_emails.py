# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emails that n8n invites or refuses, with the reason in the error. tests/real verifies them with n8n."""

from __future__ import annotations

_LOCAL, _LABEL = "l" * 64, "d" * 63
_LONG = f"{_LOCAL}@{_LABEL}.{_LABEL}."

INVITED = (
    "a@b.co",
    "a.b@b.co",
    "a+b@b.co",
    "a_b@b.co",
    "a-b@b.co",
    "o'brien@b.co",
    "'o@b.co",
    "_@b.co",
    "+@b.co",
    "-@b.co",
    "1@1.co",
    "a@b--c.co",
    "a@xn--bcher-kva.de",
    f"{_LOCAL}@b.co",
    f"a@{_LABEL}.co",
    f"a@b.{'c' * 63}",
    f"{_LONG}{'d' * 57}.co",
)
REFUSED = {
    **{f"a{sign}b@b.co": f"n8n does not accept {sign} before the @" for sign in "!#$%&*/=?^`{|}~ä"},
    **{f"a{sign}b@b.co": "it is not an email address" for sign in ' ,;:<>()[]\\"'},
    "a!b#!@b.co": "n8n does not accept ! # before the @",
    "obrien'@b.co": "n8n does not accept an apostrophe right before the @",
    ".a@b.co": "begins or ends with a dot",
    "a.@b.co": "begins or ends with a dot",
    "a..b@b.co": "has two dots in a row",
    "a@b": "its domain has no dot",
    "a@b..co": 'n8n does not accept "" in a domain',
    "a@b.co.": 'n8n does not accept "" in a domain',
    "a@-b.co": 'n8n does not accept "-b" in a domain',
    "a@b-.co": 'n8n does not accept "b-" in a domain',
    "a@b_c.co": 'n8n does not accept "b_c" in a domain',
    "a@bü.de": 'n8n does not accept "bü" in a domain',
    "a@b.dé": 'n8n does not accept "dé" in a domain',
    f"a@{_LABEL}d.co": "each part of a domain has 1 to 63 letters",
    f"a@b.{'c' * 64}": "each part of a domain has 1 to 63 letters",
    "a@b.c": 'the top-level domain "c"',
    "a@b.c1": 'the top-level domain "c1"',
    "a@1.2.3.4": 'the top-level domain "4"',
    "a@b.xn--p1ai": 'the top-level domain "xn--p1ai"',
    "a@[1.2.3.4]": "it is not an email address",
    f"{_LOCAL}l@b.co": "it has 65 characters before the @, and n8n accepts at most 64",
    f"{_LONG}{'d' * 59}.co": "it has 255 characters, and n8n accepts at most 253",
    "a": "it is not an email address",
    "a@b@c.co": "it is not an email address",
}
