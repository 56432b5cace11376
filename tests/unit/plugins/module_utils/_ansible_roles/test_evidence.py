# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the line of evidence, what a role passes on to later jobs, and the summary over several servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.evidence import evidence_entry, passed_on
from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.servers_summary import servers_lines

SCHEMA = json.loads((Path(__file__).resolve().parents[5] / "docs/evidence.schema.json").read_text("utf-8"))
URL = "https://n8n.example.com"
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
PLAN: dict[str, Any] = {"server": URL, "plan": [CHANGE], "record_changes": [], "digest": "a" * 64, "done": []}
DONE = {**PLAN, "done": [CHANGE], "changed": True}
FAILED = {**PLAN, "failed": True, "msg": "n8n refused", "reason": "failed"}
RESULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "everything is done": (DONE, "done", ""),
    "nothing to do": ({**PLAN, "plan": []}, "done", ""),
    "only the record changes": ({**PLAN, "plan": [], "record_changes": ["u-1"], "changed": True}, "done", ""),
    "conflict": ({**PLAN, "conflicts": [{**CHANGE, "reason": "not changed: another task"}]}, "done", ""),
    "some changes failed": (
        {
            **FAILED,
            "done": [CHANGE],
            "errors": [{"error": "no", "users": [], "changes": [CHANGE]}],
            "not_tried": [CHANGE],
        },
        "incomplete",
        "n8n refused",
    ),
    "impossible for a leaver": (
        {**FAILED, "reason": "incomplete", "impossible": [{"user": "ada@example.com", "reason": "is the owner"}]},
        "incomplete",
        "n8n refused",
    ),
    "failure without a reason": ({"failed": True, "msg": "bug"}, "incomplete", "bug"),
    "refused": ({**FAILED, "reason": "not_approved"}, "refused", "n8n refused"),
    "invalid options": ({"failed": True, "msg": "wrong", "reason": "invalid"}, "refused", "wrong"),
    "plan that no task carried out": (PLAN, "refused", "The run stopped before its first write"),
    "nothing ran": ({}, "refused", "The run stopped before its first write"),
    "server is down": ({"failed": True, "msg": "no answer", "reason": "unreachable"}, "unreachable", "no answer"),
    "server went down": ({**FAILED, "reason": "unreachable", "done": [CHANGE]}, "incomplete", "n8n refused"),
    "state of the role sync": ({**DONE, "state": "incomplete", "error": "x"}, "incomplete", "x"),
}


def entry(result: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = evidence_entry(result, "offboard", "production", "2026-11-01T02:00:00Z", "ada", URL, **{"job": {}, **more})
    jsonschema.validate(json.loads(json.dumps(found)), SCHEMA)
    return found


@pytest.mark.parametrize(("result", "state", "error"), RESULTS.values(), ids=RESULTS)
def test_line_has_the_state_and_the_error(result: dict[str, Any], state: str, error: str) -> None:
    found = entry(result)
    assert found["state"] == state and found["error"].startswith(error) and bool(found["error"]) == bool(error)
    assert found["server"] == URL and found["done"] == result.get("done", [])


def test_schema_refuses_incomplete_and_unknown_lines() -> None:
    line = entry(DONE)
    for wrong in (
        {**line, "more": 1},
        {key: value for key, value in line.items() if key != "state"},
        {**line, "time": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_reason_of_the_role_precedes_that_of_the_module() -> None:
    assert (
        entry({**FAILED, "reason": "not_approved"}, error="Since then, a date passed.")["error"]
        == "Since then, a date passed."
    )
    assert entry(DONE, error="unused")["error"] == ""


def test_remaining_access_and_unknown_access_are_separate() -> None:
    access = [
        {"type": "instance_role", "id": None, "name": "global:member", "role": None},
        {"type": "workflow", "id": "w-1", "name": "Bills", "role": "workflow:owner"},
        {"type": "api_keys", "id": None, "name": "may have keys", "role": None},
        {"type": "unseen", "id": None, "name": "not readable", "role": None},
    ]
    found = entry({**DONE, "users": [{"email": "ada@example.com", "residual_access": access}]})
    assert found["remaining_access"] == [{"user": "ada@example.com", **item} for item in access[:2]]
    assert found["unknown"] == [
        {"user": "ada@example.com", "reason": reason} for reason in ("may have keys", "not readable")
    ]


@pytest.mark.parametrize("plan", [{}, {"plan": [], "digest": "", "state": "unreachable"}], ids=["module", "sync"])
def test_nothing_is_known_about_a_server_that_was_not_read(plan: dict[str, Any]) -> None:
    unknown = entry({"failed": True, "msg": "no answer", "reason": "unreachable", **plan})["unknown"]
    assert [item["user"] for item in unknown] == [None] and "was not read" in unknown[0]["reason"]


def test_job_of_a_platform_is_named() -> None:
    assert entry(DONE)["job"] is None
    assert entry(DONE, job={"id": 7, "template": "", "user": "bo"})["job"] == {"id": "7", "template": "", "user": "bo"}


def test_later_jobs_get_digest_summary_and_first_changes() -> None:
    result = {**DONE, "plan": [CHANGE] * 201, "summary": {"remove_member": 201}}
    assert passed_on(result, "production", "/srv/plan.json") == {
        "n8n_digest": {"production": "a" * 64},
        "n8n_summary": {"production": {"remove_member": 201}},
        "n8n_plan": {"production": {"changes": [CHANGE] * 200, "count": 201, "path": "/srv/plan.json"}},
    }
    assert passed_on({}, "test", "")["n8n_plan"] == {"test": {"changes": [], "count": 0, "path": ""}}


@pytest.mark.parametrize("name", ["{{ 1 + 1 }}", "{% if x %}", "{# x #}", "{{{{ 1 }}}}"])
def test_later_jobs_get_no_templates(name: str) -> None:
    plan = passed_on({"plan": [{**CHANGE, "project": name}]}, "production", "")["n8n_plan"]
    text = plan["production"]["changes"][0]["project"]
    assert not any(mark in text for mark in ("{{", "{%", "{#")) and text.replace(" ", "") == name.replace(" ", "")


def test_summary_names_servers_that_could_not_be_reached_first() -> None:
    results = {
        "production": {**DONE, "done": [CHANGE, CHANGE]},
        "staging": {"msg": "no answer", "reason": "unreachable"},
        "test": {**PLAN, "server": "https://test.example.com", "plan": []},
        "other": {**FAILED, "server": "https://other.example.com", "done": [CHANGE]},
    }
    failures = {"staging": "no answer", "other": "n8n refused"}
    assert servers_lines(results, failures, {"staging": "https://staging.example.com", "test": ""}, False) == [
        "staging (https://staging.example.com) could not be reached, so the access there is unknown.",
        f"production ({URL}): done: 2 removed memberships",
        "test (https://test.example.com): no changes",
        "other (https://other.example.com): done: 1 removed membership; failed: n8n refused",
    ]
    assert servers_lines({"a": PLAN}, {}, {}, check_mode=True) == [f"a ({URL}): planned: 1 removed membership"]


def test_summary_claims_nothing_about_server_that_was_not_read() -> None:
    unread = "the access was not read, so it is unknown"
    # The result of the role sync always has a plan. Only a plan that was made has a digest.
    refused = {"msg": "unauthorized", "reason": "refused", "plan": [], "digest": "", "state": "refused"}
    assert servers_lines({"a": refused}, {"a": "unauthorized"}, {"a": URL}, check_mode=False) == [
        f"a ({URL}): {unread}; failed: unauthorized"
    ]
    assert servers_lines({}, {"a": "A task failed."}, {}, check_mode=False) == [f"a: {unread}; failed: A task failed."]
    assert servers_lines({"a": FAILED}, {"a": "n8n refused"}, {}, check_mode=False) == [
        f"a ({URL}): failed: n8n refused"
    ]


def test_summary_names_hosts_that_use_the_same_server() -> None:
    results = {"a": {**DONE, "server": f"{URL}/"}, "b": DONE, "c": {**DONE, "server": "https://c.example.com"}}
    assert servers_lines(results, {}, {}, check_mode=False)[3:] == [
        "a and b use the same server. Check n8n_url of these hosts."
    ]
