# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for plans in files, evidence and several servers: their results, and errors for other input."""

from __future__ import annotations

import getpass
import json
import os
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_approved_digest import n8n_approved_digest
from ansible_collections.lifecycle.n8n.plugins.filter.n8n_plan_record import n8n_plan_record
from ansible_collections.lifecycle.n8n.plugins.filter.n8n_run_record import n8n_run_record
from ansible_collections.lifecycle.n8n.plugins.filter.n8n_servers_lines import n8n_servers_lines
from ansible_collections.lifecycle.n8n.plugins.filter.n8n_shared_paths import n8n_shared_paths
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import digest_of

URL, TIME = "https://n8n.example.com", "2026-11-01T02:00:00Z"
CHANGE = {
    "action": "remove_member",
    "user": "ada@example.com",
    "user_id": "u-1",
    "project": "Sales",
    "project_id": "p-1",
    "before": "project:viewer",
    "after": None,
    "reason": "is a leaver",
}
PLANNED: dict[str, Any] = {
    "server": URL,
    "plan": [CHANGE],
    "record_changes": [],
    "digest": digest_of(URL, [CHANGE], []),
    "users": [{"email": "boo@example.com", "found": False, "similar": None}],
}


def test_plan_is_written_and_approved() -> None:
    made = n8n_plan_record(PLANNED, TIME)
    assert made["record"]["plan"] == [CHANGE] and made["error"] == ""
    text = json.dumps(made["record"])
    assert n8n_approved_digest(text, "plan.json") == PLANNED["digest"]
    assert n8n_plan_record(PLANNED, TIME, text, "plan.json")["error"] == ""


def test_plan_that_is_not_carried_out_has_the_reason() -> None:
    refused = {**PLANNED, "reason": "not_approved", "msg": "too many removals", "failed": True}
    assert n8n_plan_record(refused, TIME)["error"] == "too many removals"
    # What is impossible for single leavers does not prevent the plan.
    assert n8n_plan_record({**refused, "reason": "incomplete"}, TIME)["error"] == ""
    other = json.dumps(n8n_plan_record({**PLANNED, "plan": [], "digest": digest_of(URL, [], [])}, TIME)["record"])
    assert "Not approved: remove_member ada@example.com" in n8n_plan_record(refused, TIME, other, "plan.json")["error"]


def test_unknown_leavers_are_refused_only_if_the_role_says_so() -> None:
    assert n8n_plan_record(PLANNED, TIME)["error"] == ""
    assert "boo@example.com" in n8n_plan_record(PLANNED, TIME, refuse_unknown=True)["error"]


@pytest.mark.parametrize("given", ["a plan", None, [1], {"upcoming": [{}]}])
def test_other_input_of_the_plan_is_an_error(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_plan_record needs the result of n8n_access or n8n_offboard"):
        n8n_plan_record(given, TIME)


def test_file_that_is_not_a_plan_is_an_error_in_both_filters() -> None:
    for call in (
        lambda: n8n_approved_digest("x", "plan.json"),
        lambda: n8n_plan_record(PLANNED, TIME, "x", "plan.json"),
    ):
        with pytest.raises(AnsibleFilterError, match="plan.json is not a plan, or is damaged"):
            call()


def test_run_has_evidence_and_values_for_later_jobs() -> None:
    run = n8n_run_record(PLANNED, "offboard", "production", TIME, error="not approved", plan_path="/srv/plan.json")
    assert run["evidence"]["state"] == "refused" and run["evidence"]["error"] == "not approved"
    assert run["evidence"]["user"] == getpass.getuser()
    assert run["stats"]["n8n_plan"]["production"] == {"changes": [CHANGE], "count": 1, "path": "/srv/plan.json"}


def test_user_without_a_name_is_named_by_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert n8n_run_record({}, "sync", "test", TIME, server=URL)["evidence"]["user"] == str(os.getuid())


@pytest.mark.parametrize("given", ["a result", None, {"users": [{"residual_access": [{}]}]}, {"plan": 7}])
def test_other_input_of_the_run_is_an_error(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_run_record needs the result of n8n_access or n8n_offboard"):
        n8n_run_record(given, "offboard", "production", TIME)


def test_hosts_of_a_play_are_compared() -> None:
    facts: dict[str, Any] = {
        "a": {"files": {"sync_plan_path": "/srv/plan.json"}},
        "b": {"files": {"sync_plan_path": "/srv/plan.json"}},
        "c": {},
    }
    assert "on a and b" in n8n_shared_paths(facts, ["a", "b", "c", "without_facts"], "files")
    assert n8n_shared_paths(facts, ["a", "c"], "files") == ""


def test_servers_have_lines_with_their_addresses() -> None:
    class Unresolved(dict[str, Any]):
        """The facts of a host whose n8n_url has a template that cannot be resolved."""

        def get(self, name: str, default: Any = None) -> Any:
            if name == "n8n_url":
                raise AnsibleError("undefined variable")
            return super().get(name, default)

    facts: dict[str, Any] = {
        "a": {"done": {"server": URL, "plan": [], "done": [CHANGE]}},
        "b": {
            "failure": "no answer",
            "done": {"reason": "unreachable", "msg": "no answer"},
            "n8n_url": "https://b.example.com",
        },
        "c": Unresolved(failure="undefined variable"),
    }
    assert n8n_servers_lines(facts, ["a", "b", "c"], "done", "failure") == [
        "b (https://b.example.com) could not be reached, so the access there is unknown.",
        f"a ({URL}): done: 1 removed membership",
        "c: the access was not read, so it is unknown; failed: undefined variable",
    ]


@pytest.mark.parametrize("hosts", [["a"], [5], 7])
def test_other_input_about_hosts_is_an_error(hosts: Any) -> None:
    facts = {"a": {"files": 7}, 5: "x"}
    with pytest.raises(AnsibleFilterError, match="n8n_shared_paths needs hostvars, a list of hosts"):
        n8n_shared_paths(facts, hosts, "files")
    with pytest.raises(AnsibleFilterError, match="n8n_servers_lines needs hostvars, a list of hosts"):
        n8n_servers_lines(facts, hosts, "files", "failure")
