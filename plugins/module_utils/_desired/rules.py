# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies rules to people, and returns the roles of each person with the rules that give them. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError, ErrorCollector
from .._state.names import project_name, to_nfc
from .._state.roles import UNASSIGNABLE_ROLES
from .matching import Matcher, Values, matcher
from .omitted import is_omitted, rule_without_omitted, without_omitted
from .people import people_by_email
from .ranking import Ranking, is_slug_of_another_kind, slug_of
from .validation import dictionary_of, kind_of, list_of, nearest, text_in, texts_of

KEYS = ("name", "match", "role", "projects", "deny")


@dataclass(frozen=True)
class Rule:
    """A rule: its requirements by attribute, and the roles and denials for people who match. Roles are as written."""

    name: str
    match: Mapping[str, Matcher]
    role: str | None = None
    projects: Mapping[str, str] = field(default_factory=dict)
    deny: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grant:
    """A role as it is written in a rule, and the name of that rule."""

    role: str
    rule: str


@dataclass(frozen=True)
class Grants:
    """The grants for a person who matches all rules of a set.

    `denied` has the rule for each denied project. `unclear` has the questions that cannot be answered, because the
    order of two roles is unknown.
    """

    role: Grant | None
    projects: Mapping[str, Grant]
    denied: Mapping[str, str]
    unclear: tuple[str, ...] = ()

    def to_result(self, email: str) -> dict[str, Any]:
        """Return the entry for `users` of n8n_access."""
        by: dict[str, Any] = {}
        if self.role:
            by["role"] = self.role.rule
        if self.projects:
            by["projects"] = {project: grant.rule for project, grant in self.projects.items()}
        if self.denied:
            by["denied"] = dict(self.denied)
        return {
            "email": email,
            **({"role": self.role.role} if self.role else {}),
            "projects": {project: grant.role for project, grant in self.projects.items()},
            "granted_by": by,
        }


@dataclass(frozen=True)
class Assignment:
    """The result of rules for people, all sorted.

    It has the `users` of n8n_access, the emails of people who match no rule, and the names of rules that match no
    person.
    """

    users: list[dict[str, Any]]
    without_rule: list[str]
    unmatched_rules: list[str] = field(default_factory=list)


def assign(people: object, rules: object, email_attribute: object = "email", role_order: object = ()) -> Assignment:
    """Return the result of `rules` for `people`; raises InputError with all errors in them."""
    problems = ErrorCollector()
    # An omitted argument gets its default.
    email_attribute = "email" if is_omitted(email_attribute) else email_attribute
    with problems:
        role_order = () if is_omitted(role_order) else without_omitted(role_order, "role_order")
    ranking = Ranking.of(texts_of(role_order, "role_order", "roles", problems), problems)
    read = read_rules(None if is_omitted(rules) else rules, problems)
    persons = people_by_email(None if is_omitted(people) else people, email_attribute, problems)
    problems.raise_if_any()
    # Many people match few sets of rules, so the grants of each set are computed once.
    by_rules: dict[tuple[int, ...], list[str]] = {}
    sieve = _RuleIndex(read)
    for email, person in persons.items():
        by_rules.setdefault(sieve.rules_about(person), []).append(email)
    without_rule = by_rules.pop((), [])
    users: dict[str, dict[str, Any]] = {}
    unclear: dict[str, list[str]] = {}
    for on, emails in by_rules.items():
        grants = _grants([read[number] for number in on], ranking)
        users.update((email, grants.to_result(email)) for email in emails)
        for what in grants.unclear:
            unclear.setdefault(what, []).extend(emails)
    for what, emails in sorted(unclear.items()):
        problems.add(f"{min(emails)}{f' and {len(emails) - 1} more' if len(emails) > 1 else ''}: {what}")
    problems.raise_if_any()
    matched = {number for on in by_rules for number in on}
    unmatched_rules = [rule.name for number, rule in enumerate(read) if number not in matched]
    return Assignment([users[email] for email in sorted(users)], without_rule, unmatched_rules)


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


def _rule(name: str, entry: Mapping[Any, Any], source: str, problems: ErrorCollector) -> Rule:
    for key in entry:
        if key not in KEYS:
            problems.add(f'{source}: unknown key "{key}". Valid keys: {", ".join(KEYS)}.{nearest(key, KEYS)}')
    # A forgotten match must not match all people.
    if entry.get("match") is None:
        problems.add(f"{source}: match is required. Use {{}} to match all people.")
    match: dict[str, Matcher] = {}
    for attribute, wanted in dictionary_of(entry.get("match"), f"{source}: match", problems).items():
        with problems:
            text = text_in(attribute, f"{source}: the name of an attribute in match")
            match[to_nfc(text)] = matcher(wanted, f"{source}: match.{text}")
    role = None
    with problems:
        role = _role(entry.get("role"), "global", f"{source}: role")
    projects: dict[str, str] = {}
    for project, text in dictionary_of(entry.get("projects"), f"{source}: projects", problems).items():
        with problems:
            known = _project(project, f"{source}: projects")
            given = _role(text, "project", f'{source}: projects, the role in "{known}"')
            if given is None:
                raise InputError(f'{source}: projects: "{known}" has no role.')
            if to_nfc(known) in map(to_nfc, projects):
                raise InputError(f'{source}: projects: "{known}" is listed twice.')
            projects[known] = given
    deny: list[str] = []
    denied = entry.get("deny")
    for project in list_of(() if denied is None else denied, f"{source}: deny", "projects", problems):
        with problems:
            deny.append(_project(project, f"{source}: deny"))
    return Rule(name, match, role, projects, tuple(deny))


class _RuleIndex:
    """Finds the numbers of the rules that a person matches; values that many people share are compared once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = range(len(rules))
        self._wanted: dict[str, list[tuple[int, Matcher]]] = {}
        for number, rule in enumerate(rules):
            for attribute, wanted in rule.match.items():
                self._wanted.setdefault(attribute, []).append((number, wanted))
        self._ruled_out: dict[tuple[str, Values], frozenset[int]] = {}

    def rules_about(self, person: Mapping[Any, Any]) -> tuple[int, ...]:
        """Return the numbers of the rules in which no attribute excludes the person."""
        out = frozenset().union(*(self._out(attribute, Values.of(person, attribute)) for attribute in self._wanted))
        return tuple(number for number in self._rules if number not in out)

    def _out(self, attribute: str, values: Values) -> frozenset[int]:
        key = attribute, values
        if key not in self._ruled_out:
            wanted = self._wanted[attribute]
            self._ruled_out[key] = frozenset(number for number, one in wanted if not one.matches(values))
        return self._ruled_out[key]


def _grants(rules: Sequence[Rule], ranking: Ranking) -> Grants:
    """Return the combined grants of rules, which must be sorted by name."""
    # A project gets its name from the first rule that names it; other rules may use another Unicode form.
    called: dict[str, str] = {}
    denied: dict[str, str] = {}
    offered: dict[str, list[Grant]] = {}
    for rule in rules:
        for project in rule.deny:
            denied.setdefault(called.setdefault(to_nfc(project), project), rule.name)
        for project, role in rule.projects.items():
            name = called.setdefault(to_nfc(project), project)
            offered.setdefault(name, []).append(Grant(role, rule.name))
    unclear: list[str] = []
    roles = [Grant(rule.role, rule.name) for rule in rules if rule.role]
    return Grants(
        _highest(roles, "global", ranking, "on the instance", unclear) if roles else None,
        {
            project: _highest(offered[project], "project", ranking, f'in project "{project}"', unclear)
            for project in sorted(offered)
            if project not in denied
        },
        {project: denied[project] for project in sorted(denied)},
        tuple(unclear),
    )


def _highest(grants: Sequence[Grant], kind: str, ranking: Ranking, what: str, unclear: list[str]) -> Grant:
    roles = ranking.highest([grant.role for grant in grants], kind)
    tops = [next(grant for grant in grants if grant.role == role) for role in roles]
    if len(tops) > 1:
        unclear.append(
            f'rule "{tops[0].rule}" gives "{tops[0].role}" {what}, rule "{tops[1].rule}" gives "{tops[1].role}", and '
            f"the order of these roles is unknown. Add both to role_order, lowest first."
        )
    return tops[0]


def _project(value: object, source: str) -> str:
    # YAML reads a name that looks like a number as a number. The original spelling of 1.10 or yes is lost.
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return project_name(value, source)
    raise InputError(f"{source}: a project name must be text, but is {kind_of(value)}. Put it in quotes.")


def _role(value: object, kind: str, source: str) -> str | None:
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
