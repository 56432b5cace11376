# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads rules: their requirements, and the roles, denials and dates for people who match. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import project_name, to_nfc
from .._state.roles import UNASSIGNABLE_ROLES
from .._desired.omitted import is_omitted, match_without_omitted, rule_without_omitted, without_omitted
from .._desired.validation import dictionary_of, kind_of, list_of, nearest, text_in
from .rule_dates import DateSource, read_date_sources
from .matching import Matcher, matcher
from .ranking import is_slug_of_another_kind, slug_of

KEYS = ("name", "match", "role", "projects", "deny", "from", "until")


# Rules with equal content are different rules, and the identity of a rule is quick to compare.
@dataclass(frozen=True, eq=False)
class Rule:
    """A rule: its requirements by attribute, and the roles and denials for people who match. Roles are as written.

    `begins` and `ends` are dates, or the names of attributes that hold the date of each person.
    """

    name: str
    match: Mapping[str, Matcher]
    role: str | None = None
    projects: Mapping[str, str] = field(default_factory=dict)
    deny: tuple[str, ...] = ()
    begins: DateSource = None
    ends: DateSource = None
    source: str = "rule"

    @property
    def gives_only_account(self) -> bool:
        """Return whether the rule says nothing about roles and projects, so that its people only get an account."""
        return not (self.role or self.projects or self.deny)


def read_rules(entries: object, problems: ErrorCollector) -> list[Rule]:
    """Return rules, sorted by name; adds the errors in them to `problems`."""
    found: list[Rule] = []
    seen: dict[str, str] = {}
    for number, entry in enumerate(list_of(entries, "rules", "rules", problems)):
        source = f"rules[{number}]"
        if is_omitted(entry):
            continue
        if not isinstance(entry, Mapping):
            problems.add(f"{source} is {kind_of(entry)}, but a rule must be a dictionary.")
            continue
        name = ""
        with problems:
            name = text_in(without_omitted(entry.get("name"), f"{source}: name"), f"{source}: name")
            if name in seen:
                problems.add(f'{source} and {seen[name]} are both named "{name}". Each rule needs a unique name.')
            seen[name] = source
            source = f'{source} ("{name}")'
        with problems:
            found.append(_rule(name, rule_without_omitted(entry, source), source, problems))
    return sorted(found, key=lambda rule: rule.name)


def read_leaver_match(value: object, problems: ErrorCollector) -> Rule | None:
    """Return a rule that matches leavers, None if `value` is not given; adds the errors in it to `problems`."""
    if value is None or value == "" or is_omitted(value):
        return None
    if isinstance(value, Mapping) and not value:
        problems.add("leaver_match is {}, which would make all people leavers. Name an attribute of leavers.")
        return None
    with problems:
        given = match_without_omitted(value, "leaver_match")
        return Rule("leaver_match", _match(given, "leaver_match", "the name of an attribute in leaver_match", problems))
    return None


def _rule(name: str, entry: Mapping[Any, Any], source: str, problems: ErrorCollector) -> Rule:
    for key in entry:
        if key not in KEYS:
            problems.add(f'{source}: unknown key "{key}". Valid keys: {", ".join(KEYS)}.{nearest(key, KEYS)}')
    # A forgotten match must not match all people.
    if entry.get("match") is None:
        problems.add(f"{source}: match is required. Use {{}} to match all people.")
    match = _match(entry.get("match"), f"{source}: match", f"{source}: the name of an attribute in match", problems)
    role = None
    with problems:
        role = role_in(entry.get("role"), "global", f"{source}: role")
    projects: dict[str, str] = {}
    for project, text in dictionary_of(entry.get("projects"), f"{source}: projects", problems).items():
        with problems:
            known = project_in(project, f"{source}: projects")
            given = role_in(text, "project", f'{source}: projects, the role in "{known}"')
            if given is None:
                raise InputError(f'{source}: projects: "{known}" has no role.')
            if to_nfc(known) in map(to_nfc, projects):
                raise InputError(f'{source}: projects: "{known}" is listed twice.')
            projects[known] = given
    deny: list[str] = []
    denied = entry.get("deny")
    for project in list_of(() if denied is None else denied, f"{source}: deny", "projects", problems):
        with problems:
            deny.append(project_in(project, f"{source}: deny"))
    begins, ends = None, None
    with problems:
        begins, ends = read_date_sources(entry, source)
    if begins is not None or ends is not None:
        if role is not None:
            problems.add(
                f"{source}: a rule with from or until cannot give an instance role. Move role to a rule without dates."
            )
        if not projects and not deny:
            problems.add(f"{source}: from and until apply to projects and deny, and the rule has neither.")
    return Rule(name, match, role, projects, tuple(deny), begins, ends, source)


def _match(value: object, source: str, name_source: str, problems: ErrorCollector) -> dict[str, Matcher]:
    match: dict[str, Matcher] = {}
    for attribute, wanted in dictionary_of(value, source, problems).items():
        with problems:
            text = text_in(attribute, name_source)
            match[to_nfc(text)] = matcher(wanted, f"{source}.{text}")
    return match


def project_in(value: object, source: str) -> str:
    """Return the name or id of a project; raises InputError for a value that is not text."""
    # YAML reads a name that looks like a number as a number. The original spelling of 007, 1.10 or yes is lost.
    if isinstance(value, str):
        return project_name(value, source)
    raise InputError(f"{source}: a project name must be text, but is {kind_of(value)}. Put it in quotes.")


def role_in(value: object, kind: str, source: str) -> str | None:
    """Return a role as it is written, None if there is none; raises InputError if it cannot be assigned."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InputError(f"{source} must be text, but is {kind_of(value)}.")
    role = str(value).strip()
    if slug_of(role, kind) in UNASSIGNABLE_ROLES:
        raise InputError(f'{source}: the role "{role}" cannot be assigned.')
    if is_slug_of_another_kind(role, kind):
        raise InputError(f'{source}: "{role}" is {"a project" if kind == "global" else "an instance"} role.')
    return role or None
