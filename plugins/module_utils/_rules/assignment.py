# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies rules and exceptions to people, and returns the access of each person. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._errors import InputError, ErrorCollector
from .._desired.omitted import is_omitted, without_omitted
from .._desired.validation import texts_of
from .._state.dates import LATEST
from .attributes import check_required, warnings_about, warnings_about_leavers
from .rule_dates import dates_of
from .exceptions import AccessException, read_exceptions
from .matching import Matcher, Values
from .people import InvalidRow, People, Person, PlaceOf, index_place, read_people
from .person_grants import AppliedRule, combine
from .ranking import Ranking
from .rules import Rule, read_leaver_match, read_rules


@dataclass(frozen=True)
class PeopleOptions:
    """The options for reading people. With `skip_invalid`, an invalid row is no error."""

    email_attribute: object = "email"
    leaver_match: object = None
    previous_emails_attribute: str = ""
    skip_invalid: bool = False
    place_of: PlaceOf = index_place


@dataclass(frozen=True)
class Assignment:
    """The result of rules and exceptions for people, all sorted.

    It has the `users` of n8n_access, the emails of people who match no rule and of leavers, and the names of rules that
    match no person. A rule matches a person even if it only denies, or is not active.
    """

    users: list[dict[str, Any]]
    without_rule: list[str]
    unmatched_rules: list[str] = field(default_factory=list)
    leavers: list[str] = field(default_factory=list)
    unused_exceptions: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    invalid_rows: list[InvalidRow] = field(default_factory=list)
    # The invalid rows without a readable email that leaver_match does not match. Each may be any user's.
    unidentified_rows: list[InvalidRow] = field(default_factory=list)
    previous_emails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The projects of people who match no rule and have exceptions none of which gives a role now, as in `users`. Only
    # people with an active denial are in `users` too.
    exceptions_of_unmatched: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    # The numbers of the valid rows, from 1, by email.
    row_numbers: Mapping[str, int] = field(default_factory=dict, compare=False)
    # Whether a rule gives an instance role, so that the list manages instance roles.
    gives_instance_roles: bool = False


def assign(
    people: object,
    rules: object,
    email_attribute: object = "email",
    role_order: object = (),
    exceptions: object = (),
    now: datetime = LATEST,
    options: PeopleOptions | None = None,
) -> Assignment:
    """Return the result of `rules` and `exceptions` for `people`; raises InputError with all errors in them.

    `now` decides which exceptions are active. `options` has precedence over `email_attribute`.
    """
    problems = ErrorCollector()
    # An omitted argument gets its default.
    options = options or PeopleOptions("email" if is_omitted(email_attribute) else email_attribute)
    with problems:
        role_order = () if is_omitted(role_order) else without_omitted(role_order, "role_order")
    ranking = Ranking.of(texts_of(role_order, "role_order", "roles", problems), problems)
    read = read_rules(None if is_omitted(rules) else rules, problems)
    leaver_match = read_leaver_match(options.leaver_match, problems)
    excepted = read_exceptions(exceptions, problems)
    persons = read_people(
        None if is_omitted(people) else people,
        options.email_attribute,
        problems,
        options.place_of,
        options.previous_emails_attribute,
    )
    _report_invalid(persons, options, problems)
    check_required(persons.rows, read, leaver_match, problems)
    problems.raise_if_any()
    return _Evaluation(read, leaver_match, excepted, persons, now).result(ranking, options, problems)


def _report_invalid(persons: People, options: PeopleOptions, problems: ErrorCollector) -> None:
    for row in () if options.skip_invalid else persons.invalid:
        problems.add(row.text)


class _Evaluation:
    """Matches people with rules and exceptions."""

    def __init__(
        self,
        rules: Sequence[Rule],
        leaver_match: Rule | None,
        exceptions: Mapping[str, tuple[AccessException, ...]],
        persons: People,
        now: datetime,
    ) -> None:
        self._rules = rules
        self._leaver_match = leaver_match
        self._leaver_index = _RuleIndex([leaver_match] if leaver_match else [])
        self._exceptions = exceptions
        self._persons = persons
        self._now = now
        self._matched: set[int] = set()
        self._leavers: list[str] = []
        self._without_rule: list[str] = []
        # The people to whom neither a rule nor an active exception applies that gives a role.
        self._unmatched: list[str] = []
        # Many people have few sets of grants, so the grants of each set are computed once.
        self._by_grants: dict[tuple[tuple[AppliedRule, ...], tuple[AccessException, ...]], list[str]] = {}

    def result(self, ranking: Ranking, options: PeopleOptions, problems: ErrorCollector) -> Assignment:
        """Return the result; raises InputError for invalid dates, and for roles whose order is not known."""
        index = _RuleIndex(self._rules)
        for person in list(self._persons.valid.values()):
            self._match(person, index.rules_about(person.attributes))
        _report_invalid(self._persons, options, problems)
        users: dict[str, dict[str, Any]] = {}
        unclear: dict[str, list[str]] = {}
        for (applied, exceptions), emails in self._by_grants.items():
            grants = combine(applied, exceptions, ranking)
            users.update((email, grants.to_result(email)) for email in emails)
            for question in grants.unclear:
                unclear.setdefault(question, []).extend(emails)
        for question, emails in sorted(unclear.items()):
            problems.add(f"{min(emails)}{f' and {len(emails) - 1} more' if len(emails) > 1 else ''}: {question}")
        problems.raise_if_any()
        invalid = self._persons.invalid
        return Assignment(
            [users[email] for email in sorted(users)],
            self._without_rule,
            [rule.name for number, rule in enumerate(self._rules) if number not in self._matched],
            self._leavers,
            self._unused_exceptions(invalid),
            [
                *warnings_about(self._persons.rows, self._rules, options.previous_emails_attribute),
                *warnings_about_leavers(self._persons.rows, self._leaver_match),
            ],
            invalid,
            [row for row in invalid if row.email is None and not self._is_leaver(row.attributes)],
            {email: person.previous_emails for email, person in self._persons.valid.items() if person.previous_emails},
            {
                email: combine((), self._exceptions[email], ranking).to_result(email)["projects"]
                for email in self._unmatched
                if email in self._exceptions
            },
            {email: person.index + 1 for email, person in self._persons.valid.items()},
            any(rule.role for rule in self._rules),
        )

    def _match(self, person: Person, numbers: Sequence[int]) -> None:
        self._matched.update(numbers)
        if self._is_leaver(person.attributes):
            self._leavers.append(person.email)
            return
        applied = []
        for rule in (self._rules[number] for number in numbers):
            try:
                applied.append(AppliedRule(rule, *dates_of(person.attributes, rule.begins, rule.ends)))
            except InputError as error:
                self._persons.reject(person, str(error))
                return
        exceptions = self._exceptions.get(person.email, ())
        active = [exception for exception in exceptions if exception.is_active(self._now)]
        if not applied and all(exception.grant.absent for exception in active):
            self._unmatched.append(person.email)
        if applied or active:
            self._by_grants.setdefault((tuple(applied), exceptions), []).append(person.email)
        else:
            self._without_rule.append(person.email)

    def _is_leaver(self, row: Any) -> bool:
        return isinstance(row, Mapping) and bool(self._leaver_index.rules_about(row))

    def _unused_exceptions(self, invalid: Sequence[InvalidRow]) -> list[dict[str, str]]:
        protected = {email for row in invalid for email in row.protected}
        leavers = set(self._leavers)
        found = []
        for email, exceptions in sorted(self._exceptions.items()):
            if email in leavers:
                reason = "the person is a leaver"
            elif email in protected:
                reason = "the row of the person is invalid"
            elif email not in self._persons.valid:
                reason = "the person is not listed"
            else:
                continue
            found += [{"email": email, "project": one.project, "reason": reason} for one in exceptions]
        return found


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
