# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the file of a plan: what it contains, how it is read again, and how a later plan is compared with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.plan_file import (
    approval_error,
    approved_plan,
    dates_of,
    plan_record,
    unknown_users_error,
)
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import digest_of
from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError

URL, PATH = "https://n8n.example.com", "/srv/plan.json"
MADE, NOW = "2026-11-30T02:00:00Z", "2026-12-02T09:00:00Z"


def change(user: str, project: str = "Sales", **values: Any) -> dict[str, Any]:
    return {
        "action": "remove_member",
        "user": f"{user}@example.com",
        "user_id": f"id-{user}",
        "project": project,
        "project_id": f"id-{project}",
        "before": "project:viewer",
        "after": None,
        "reason": "is a leaver",
        **values,
    }


def result(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the result of a module that planned these changes."""
    record_changes = more.pop("record_changes", [])
    return {
        "server": URL,
        "plan": list(entries),
        "record_changes": record_changes,
        "digest": digest_of(URL, entries, record_changes),
        **more,
    }


def written(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return plan_record(result(*entries, **more), MADE)


def error(record: dict[str, Any], planned: dict[str, Any]) -> str:
    return approval_error(approved_plan(json.dumps(record), PATH), planned, NOW)


def test_digest_is_computed_from_the_changes() -> None:
    record = written(change("ada"), record_changes=["id-ada"])
    plan = approved_plan(json.dumps(record), PATH)
    assert plan.digest == record["digest"] == digest_of(URL, record["plan"], ["id-ada"])
    assert plan.digest != approved_plan(json.dumps(written(change("ada"))), PATH).digest


@pytest.mark.parametrize(
    "edited",
    [{"plan": []}, {"plan": [change("bo")]}, {"record_changes": ["id-bo"]}, {"server": "https://other.example.com"}],
)
def test_edited_plan_is_refused(edited: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"The plan in {PATH} was changed after it was written"):
        approved_plan(json.dumps({**written(change("ada")), **edited}), PATH)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "null", None, 7, json.dumps({"plan": [{}]}), '{"plan": "x"}'])
def test_other_files_are_refused(text: object) -> None:
    with pytest.raises(InputError, match=f"{PATH} is not a plan, or is damaged. Use a file"):
        approved_plan(text, PATH)


def test_file_of_a_run_that_failed_before_planning_is_refused() -> None:
    record = plan_record({"msg": "n8n could not be reached."}, MADE)
    with pytest.raises(InputError, match=f"{PATH} has no plan, because .*: n8n could not be reached"):
        approved_plan(json.dumps(record), PATH)


def test_equal_plan_and_plan_without_changes_are_accepted() -> None:
    record = written(change("ada"))
    # Reasons and names do not belong to the digest.
    assert error(record, result({**change("ada"), "reason": "is not listed", "user": "new@example.com"})) == ""
    assert error(record, result()) == ""
    assert error(record, {"msg": "n8n could not be reached."}) == ""


def test_difference_names_the_changes() -> None:
    message = error(written(change("ada"), change("bo")), result(change("ada"), change("cy", "Größe")))
    assert message.startswith(
        f"Nothing was changed: the plan differs from the approved one in {PATH}, which was made at {MADE}."
    )
    assert 'Not approved: remove_member cy@example.com in "Größe".' in message
    assert 'Approved and not planned any more: remove_member bo@example.com in "Sales".' in message


def test_long_difference_is_shortened() -> None:
    message = error(written(), result(*(change(f"user{number}") for number in range(9))))
    assert "user4@example.com" in message and "user5@example.com" not in message and "and 4 more" in message


def test_change_of_the_record_alone_is_a_difference() -> None:
    assert "The changes of the record of leavers" in error(written(), result(record_changes=["id-ada"]))


def test_plan_of_another_server_is_refused() -> None:
    other = {**result(change("ada")), "server": "https://test.example.com"}
    other["digest"] = digest_of("https://test.example.com", other["plan"], [])
    assert f"is for {URL}, and this server is https://test.example.com" in error(written(change("ada")), other)


def test_dates_that_passed_are_named() -> None:
    planned = {
        "upcoming": [
            {"user": "ada@example.com", "project": "Sales", "role": "viewer", "begins": None, "ends": "2026-11-30"},
            {
                "user": "bo@example.com",
                "project": "Ops",
                "role": "viewer",
                "begins": "2026-12-02",
                "ends": "2026-12-09",
            },
        ],
        "leavers": [{"user": "cy@example.com", "due": "2026-12-01T02:00:00Z"}, {"user": "di@example.com", "due": None}],
        "users": [{"email": "ed@example.com", "staged": {"due": "2026-12-03T00:00:00Z"}}, {"email": "fay@example.com"}],
    }
    assert [date["at"] for date in dates_of(planned)] == sorted(
        [
            "2026-11-30T23:59:59Z",
            "2026-12-01T02:00:00Z",
            "2026-12-02T00:00:00Z",
            "2026-12-03T00:00:00Z",
            "2026-12-09T23:59:59Z",
        ]
    )
    message = error(written(**planned), result(change("ada")))
    assert (
        'Since then, the grant of ada@example.com in "Sales" ends at 2026-11-30T23:59:59Z; the grace period of cy@example.com '
        'ends at 2026-12-01T02:00:00Z; the grant of bo@example.com in "Ops" begins at 2026-12-02T00:00:00Z.'
    ) in message
    assert "ed@example.com" not in message


def test_unknown_leavers_are_named() -> None:
    users = [
        {"email": "ada@example.com", "found": True, "similar": None},
        {"email": "boo@example.com", "found": False, "similar": "bo@example.com"},
        {"email": "cy@example.com", "found": False, "similar": None},
    ]
    assert unknown_users_error(users).startswith(
        "These leavers are not users of n8n: boo@example.com (did you mean bo@example.com?), cy@example.com. Nothing"
    )
    assert unknown_users_error(users[:1]) == ""
