# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find existing names that a misspelled email or project name may mean. PURE."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

# Two project names are similar from this ratio upward. "Sales" and "Sals" have 0.89, "Team A" and "Team B" 0.83.
_SIMILAR = 0.85
# If one letter differs, two local parts or two domains of emails are similar only from this length upward: Jan is not
# Jon.
_LONG_ENOUGH = 5
_SHORTEST = 3


class SimilarEmails:
    """The emails of existing users, in which similar emails are found without a comparison of each pair."""

    def __init__(self, emails: Iterable[str]) -> None:
        self._by_key: dict[tuple[str, str], list[str]] = {}
        for email in sorted(set(emails)):
            for key in _email_keys(email):
                self._by_key.setdefault(key, []).append(email)

    def find(self, email: str) -> str:
        """Return the existing email that `email` may mean, or "" if no email is similar.

        The local parts and the domains are compared separately, because emails of users in one domain are mostly alike.
        One of the two parts has to be equal.
        """
        found = {other: None for key in _email_keys(email) for other in self._by_key.get(key, ()) if other != email}
        return next((other for other in sorted(found) if _are_similar(email, other)), "")

    def hint(self, email: str) -> str:
        """Return the sentence that suggests a similar email, or ""."""
        other = self.find(email)
        return f"Did you mean {other}?" if other else ""


def missing_user_note(email: str, emails: SimilarEmails) -> str:
    """Return the note that a user does not exist and which user may be meant; "" if no user has a similar email."""
    hint = emails.hint(email)
    return f"User {email} does not exist. {hint}" if hint else ""


def missing_project_note(name: str, names: Iterable[str]) -> str:
    """Return the note that a project does not exist and which one may be meant; "" if no project has a similar name."""
    other = similar_name(name, names)
    return f'Project "{name}" does not exist. Did you mean "{other}"?' if other else ""


def similar_name(name: str, names: Iterable[str]) -> str:
    """Return the project name that `name` may mean, or "" if no name is similar.

    Letter case and spaces make no difference. Numbers and words of one letter do: "Archive 2024" does not mean "Archive 2025".
    """
    rated = [(_rating(name, other), other) for other in sorted(set(names)) if other != name]
    best, other = max(rated, key=lambda pair: pair[0], default=(0.0, ""))
    return other if best >= _SIMILAR else ""


def _rating(name: str, other: str) -> float:
    words, other_words = _plain(name), _plain(other)
    if "".join(words) == "".join(other_words):
        return 1.0
    if _markers(words) != _markers(other_words):
        return 0.0
    first, second = "".join(words), "".join(other_words)
    if _is_swap(first, second):
        return _SIMILAR
    ratios = SequenceMatcher(None, first, second)
    # quick_ratio() is an upper bound of ratio(), and is faster.
    return ratios.ratio() if ratios.quick_ratio() >= _SIMILAR else 0.0


def _plain(name: str) -> list[str]:
    return unicodedata.normalize("NFKC", name).casefold().split()


def _markers(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the parts that distinguish the names of one series: numbers, and words of one letter."""
    return re.findall(r"\d+", " ".join(words)), [word for word in words if len(word) == 1]


def _are_similar(email: str, other: str) -> bool:
    (local, domain), (other_local, other_domain) = _parts(email), _parts(other)
    if local == other_local:
        return _is_typo(domain, other_domain) or _name_of(domain) == _name_of(other_domain)
    if domain != other_domain or re.findall(r"\d+", local) != re.findall(r"\d+", other_local):
        return False
    return _sorted_words(local) == _sorted_words(other_local) or _is_typo(local, other_local)


def _is_typo(text: str, other: str) -> bool:
    """Return whether two texts differ by one inserted, missing or replaced letter, or by two swapped neighbors."""
    if len(text) == len(other):
        different = [place for place, letter in enumerate(text) if letter != other[place]]
        # The emails of two users with the same family name often differ only in the initials.
        is_other_letter = len(different) == 1 and different[0] > 0 and len(text) >= _LONG_ENOUGH
        return is_other_letter or _is_swap(text, other)
    shorter, longer = sorted((text, other), key=len)
    return len(shorter) >= _SHORTEST and shorter in _with_one_less(longer)


def _is_swap(text: str, other: str) -> bool:
    if len(text) != len(other) or len(text) < _SHORTEST:
        return False
    different = [place for place, letter in enumerate(text) if letter != other[place]]
    return (
        len(different) == 2
        and different[1] == different[0] + 1
        and text[different[0]] == other[different[1]]
        and text[different[1]] == other[different[0]]
    )


def _with_one_less(text: str) -> set[str]:
    return {text[:place] + text[place + 1 :] for place in range(len(text))}


def _email_keys(email: str) -> set[tuple[str, str]]:
    """Return keys of which two similar emails share at least one: a kind of similarity and the part that is alike."""
    local, domain = _parts(email)
    words = ",".join(_sorted_words(local))
    locals_of = {("local", f"{less}@{domain}") for less in (local, *_with_one_less(local))}
    domains_of = {("domain", f"{local}@{less}") for less in (domain, *_with_one_less(domain))}
    return {*locals_of, *domains_of, ("words", f"{words}@{domain}"), ("name", f"{local}@{_name_of(domain)}")}


def _parts(email: str) -> tuple[str, str]:
    local, _at, domain = email.strip().lower().partition("@")
    return local, domain


def _sorted_words(local: str) -> list[str]:
    return sorted(filter(None, re.split(r"[._+-]", local)))


def _name_of(domain: str) -> str:
    """Return a domain without its top-level domain."""
    return domain.rpartition(".")[0]
