# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test omitted values in the forms of ansible-core before 2.19 and of later versions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.omitted import is_omitted, without_omitted
from ansible_collections.lifecycle.n8n.plugins.module_utils._rules.assignment import assign
from ansible_collections.lifecycle.n8n.plugins.plugin_utils._plugin_support import names_in, options_in

PLACEHOLDER = "__omit_place_holder__1347912d4296afeb66d097251d5cd9f11a48ce09"
SENTINEL = type("_OmitType", (), {})()
BOTH = pytest.mark.parametrize("omitted", [PLACEHOLDER, SENTINEL], ids=["before 2.19", "from 2.19 on"])


def rule(**keys: Any) -> dict[str, Any]:
    """Return a rule that grants the instance role admin."""
    return {"name": "A", "match": {"reports": "*"}, "role": "admin", **keys}


@BOTH
def test_omitted_value_is_removed_at_any_depth(omitted: Any) -> None:
    assert is_omitted(omitted) and not is_omitted("omit") and not is_omitted(None)
    value = {"a": omitted, "b": [omitted, 1, {"c": omitted, "d": ("x", omitted)}]}
    assert without_omitted(value, "here") == {"b": [1, {"d": ["x"]}]}
    assert without_omitted(omitted, "here") is None


def test_sentinel_of_the_installed_ansible_core_is_recognized() -> None:
    try:
        from ansible._internal._templating._utils import Omit
    except ImportError:
        return
    assert is_omitted(Omit)


@BOTH
def test_omitted_attribute_of_a_person_is_a_missing_attribute(omitted: Any) -> None:
    people = [{"email": "ada@example.com", "reports": omitted}, {"email": "bob@example.com", "reports": "x"}, omitted]
    assert [user["email"] for user in assign(people, [rule(), omitted]).users] == ["bob@example.com"]
    # The pattern must not match the text of the placeholder.
    assert assign(people, [rule(match={"reports": "_*"})]).users == []
    nested = [{"email": "ada@example.com", "groups": [{"display": omitted}], "org": {"unit": omitted}}]
    assert assign(nested, [rule(match={"groups.display": "*"}), rule(name="B", match={"org.unit": "*"})]).users == []


@BOTH
def test_omitted_optional_keys_of_a_rule_have_no_effect(omitted: Any) -> None:
    people = [{"email": "ada@example.com", "reports": "x"}]
    found = assign(people, [rule(role=omitted, projects=omitted, deny=omitted)]).users
    assert found == [{"email": "ada@example.com", "projects": {}, "granted_by": {}}]
    assert assign(people, [rule(match={"reports": [omitted]})]).without_rule == ["ada@example.com"]
    assert len(assign(people, [rule()], email_attribute=omitted, role_order=[omitted]).users) == 1
    assert len(assign(people, [rule()], role_order=omitted).users) == 1


@BOTH
@pytest.mark.parametrize(
    ("invalid_rule", "message"),
    [
        (lambda omitted: rule(match=omitted), "match is required"),
        (lambda omitted: rule(match={"reports": omitted}), "match.reports is omitted, and without it .* more people"),
        (lambda omitted: rule(name=omitted), "name must be text, but is nothing"),
        (lambda omitted: rule(projects={"P": omitted}), 'the role in "P" is omitted'),
        (lambda omitted: rule(deny=["P", omitted]), "an element of deny is omitted"),
    ],
)
def test_omitted_value_that_would_widen_a_rule_is_an_error(omitted: Any, invalid_rule: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        assign([{"email": "ada@example.com", "reports": "x"}], [invalid_rule(omitted)])
    assert "omit_place" not in str(error.value)


@pytest.mark.parametrize("text", [f"team-{PLACEHOLDER}", PLACEHOLDER.upper(), "<<Omit>>-x", "x-<<omit>>"])
def test_text_that_contains_an_omitted_value_is_an_error(text: str) -> None:
    for people, rules, place in (
        ([{"email": "ada@example.com", "org": {"unit": text}}], [rule()], r"people\[0\]\.org\.unit"),
        ([], [rule(match={"reports": ["x", text]})], r"match\.reports\[1\]"),
        ([], [rule(deny=[text])], r"deny\[0\]"),
        ([], [rule(projects={text: "viewer"})], "a key contains an omitted value"),
    ):
        with pytest.raises(InputError, match=place) as error:
            assign(people, rules)
        assert text not in str(error.value)


@BOTH
def test_omitted_terms_and_options_of_lookups_are_ignored(omitted: Any) -> None:
    assert names_in([omitted, "Sales"]) == ("Sales",) and names_in([omitted]) == ()
    assert options_in({"url": omitted, "retries": 0}) == {"retries": 0}
