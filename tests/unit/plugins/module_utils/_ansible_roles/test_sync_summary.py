# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the record and the summary of the role sync: the state of a run, its lists, and its lines."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.plan_file import ApprovedPlan
from ansible_collections.lifecycle.n8n.plugins.module_utils._ansible_roles.sync_summary import sync_summary

ADA, GRACE, LINUS = (f"{name}@example.com" for name in ("ada", "grace", "linus"))
TIME = "2026-01-31T00:00:00Z"
SYNC_INPUT: dict[str, Any] = {
    "people": 3,
    "users": [{"email": ADA, "status": "present", "projects": {}}],
    "without_rule": [],
    "unmatched": "keep",
    "leavers_suspended": False,
    "warnings": [],
    "invalid_people": [],
    "unused_exceptions": [],
    "unmatched_rules": [],
    "ignored_users": [],
    "ignored_patterns": [],
    "announced": [],
    "is_rehearsal": False,
    "refusal": "",
}
ADD = {"action": "add_member", "user": ADA, "project": "Sales", "project_id": "p1"}
REMOVE = {"action": "remove_member", "user": LINUS, "project": "Sales", "project_id": "p1"}
PLANNED: dict[str, Any] = {
    "changed": True,
    "failed": False,
    "server": "https://n8n.example.com",
    "digest": "d1",
    "summary": {"add_member": 1, "remove_member": 1, "invite_user": 0},
    "plan": [ADD, REMOVE],
    "pending": [],
    "unmatched": {"protected_users": [], "ignored_users": [], "denied_projects": []},
    "done": [],
    "conflicts": [],
    "leavers": [{"user": LINUS}],
}
FROM_MODULE = (
    "impossible",
    "blocked",
    "lifted",
    "upcoming",
    "missing_users",
    "refused_addresses",
    "address_changes",
    "unmatched_users",
)
EMPTY: dict[str, Any] = {**PLANNED, "changed": False, "plan": [], "summary": {}, "leavers": []}
DONE: dict[str, Any] = {**PLANNED, "done": [ADD, REMOVE]}
FAILED: dict[str, Any] = {
    **PLANNED,
    "msg": "n8n refused it",
    "reason": "incomplete",
    "done": [ADD],
    "errors": [{"error": "n8n refused it", "changes": [REMOVE]}],
    "not_tried": [],
}
SKIPPED = {"changed": False, "skipped": True}
REFUSAL = {**SYNC_INPUT, "people": 0, "users": [], "refusal": "The list of people is empty"}


def summary(planned: Any = None, applied: Any = None, **given: Any) -> dict[str, Any]:
    """Return the summary of a run. By default, the run planned changes and did not apply them."""
    return sync_summary(
        {**SYNC_INPUT, **given}, PLANNED if planned is None else planned, SKIPPED if applied is None else applied, TIME
    )


@pytest.mark.parametrize(
    ("planned", "applied", "state"),
    [
        (PLANNED, {}, "planned"),
        (PLANNED, SKIPPED, "planned"),
        (EMPTY, {}, "done"),
        (EMPTY, SKIPPED, "done"),
        (PLANNED, DONE, "done"),
        # The task that plans reports no change, also if the run changes only the record.
        ({**EMPTY, "record_changed": True}, {}, "planned"),
        ({**EMPTY, "record_changed": True}, {**EMPTY, "changed": True, "record_changed": True}, "done"),
        # Another run at the same time has made all changes.
        (PLANNED, EMPTY, "done"),
        # The whole role runs in check mode, with a variable that Ansible does not tell.
        (PLANNED, PLANNED, "planned"),
        (PLANNED, FAILED, "incomplete"),
        ({"msg": "no answer", "reason": "unreachable"}, SKIPPED, "unreachable"),
        ({**PLANNED, "msg": "too many removals", "reason": "not_approved"}, SKIPPED, "refused"),
        # A module that failed during planning has changed nothing.
        ({"msg": "MODULE FAILURE"}, SKIPPED, "refused"),
        # A module that failed while it applied the plan may have changed anything.
        (PLANNED, {"msg": "MODULE FAILURE"}, "incomplete"),
        (PLANNED, {"msg": "no answer", "reason": "unreachable"}, "unreachable"),
        (PLANNED, {"msg": "another plan", "reason": "not_approved", "done": [], "errors": []}, "refused"),
        (PLANNED, {"msg": "another plan", "done": []}, "refused"),
        (PLANNED, {**FAILED, "reason": "unreachable"}, "incomplete"),
        (PLANNED, {**FAILED, "done": []}, "incomplete"),
        # Another task was faster with each change.
        (
            PLANNED,
            {
                "msg": "conflicts",
                "reason": "incomplete",
                "done": [],
                "errors": [],
                "conflicts": [{**ADD, "reason": "is not a member"}],
            },
            "incomplete",
        ),
    ],
)
def test_state_follows_from_the_results_of_the_tasks(planned: Any, applied: Any, state: str) -> None:
    found = summary(planned, applied)
    assert found["record"]["state"] == state
    assert found["result"]["failed"] == ("msg" in planned or "msg" in applied)


def test_refused_input_is_reported_without_a_plan() -> None:
    for planned, applied in (({}, {}), (SKIPPED, SKIPPED)):
        found = sync_summary(REFUSAL, planned, applied, TIME)
        assert found["record"]["state"] == "refused"
        assert found["record"]["error"] == found["result"]["msg"] == "The list of people is empty"
        assert found["result"]["failed"] and not found["plan_changed"]
        assert found["lines"] == [
            "Refused before the first write. Nothing was changed.",
            "People: 0 in the list, 0 of them matched by a rule",
        ]


def test_record_has_all_keys_in_order_in_every_state() -> None:
    keys = (
        "server time state error digest summary people_without_rule unmatched leavers leavers_suspended "
        "impossible blocked lifted upcoming missing_users refused_addresses address_changes "
        "unmatched_users announced invalid_people unused_exceptions warnings pending dates grants "
        "record_changes plan done errors "
        "not_tried conflicts"
    )
    for planned, applied in ((PLANNED, DONE), (PLANNED, FAILED), ({"msg": "no answer", "reason": "unreachable"}, {})):
        found = summary(planned, applied)
        assert list(found["record"]) == keys.split()
        assert list(found["record"]["unmatched"]) == ["rules", "protected_users", "ignored_users", "denied_projects"]
        assert found["result"].items() >= found["record"].items()
    assert summary()["record"] == {
        **{key: [] for key in FROM_MODULE},
        "announced": [],
        "leavers_suspended": False,
        "invalid_people": [],
        "unused_exceptions": [],
        "warnings": [],
        "server": "https://n8n.example.com",
        "time": TIME,
        "state": "planned",
        "error": "",
        "digest": "d1",
        "summary": PLANNED["summary"],
        "people_without_rule": [],
        "unmatched": {"rules": [], "protected_users": [], "ignored_users": [], "denied_projects": []},
        "leavers": [LINUS],
        "pending": [],
        "dates": [],
        "grants": [],
        "record_changes": [],
        "plan": [ADD, REMOVE],
        "done": [],
        "errors": [],
        "not_tried": [],
        "conflicts": [],
    }


def test_result_is_that_of_the_last_task_that_ran() -> None:
    assert summary(PLANNED, SKIPPED)["result"]["changed"]
    assert summary(PLANNED, {**DONE, "changed": False})["result"]["changed"] is False
    assert summary(PLANNED, FAILED)["result"]["reason"] == "incomplete"
    assert "msg" not in summary(PLANNED, DONE)["result"]


@pytest.mark.parametrize(
    ("applied", "changed"),
    [
        ({}, False),
        (SKIPPED, False),
        (DONE, False),
        ({"msg": "MODULE FAILURE"}, False),
        ({**FAILED, "digest": "d2"}, True),
    ],
)
def test_plan_with_another_digest_is_reported_as_changed(applied: Any, changed: bool) -> None:
    assert summary(applied=applied)["plan_changed"] is changed


def test_leavers_are_those_of_the_module_with_what_is_impossible() -> None:
    leavers = [{"user": GRACE, "action": "staged"}, {"user": LINUS, "action": "staged"}]
    planned = {**PLANNED, "leavers": leavers, "impossible": [{"user": LINUS, "reason": "Linus owns a workflow."}]}
    found = summary({**planned, "msg": "Some things are impossible.", "reason": "incomplete"})
    assert found["record"]["leavers"] == [GRACE, LINUS] and found["record"]["state"] == "planned"
    assert "Leavers: grace@example.com, linus@example.com" in found["lines"]
    assert "Impossible: Linus owns a workflow." in found["lines"]
    assert found["result"]["failed"] and found["result"]["error"] == "Some things are impossible."


def test_warnings_are_those_of_the_input_and_of_the_last_task_without_duplicates() -> None:
    planned = {**EMPTY, "warnings": ["a member stays", "now is set"]}
    found = summary(planned, warnings=["No person has the attribute", "now is set"])
    expected = ["No person has the attribute", "now is set", "a member stays"]
    assert found["record"]["warnings"] == found["result"]["warnings"] == expected


def test_lines_name_people_with_a_special_state() -> None:
    memberships = [{"id": "p1", "name": "Sales", "role": "project:viewer"}]
    planned = {
        **EMPTY,
        "blocked": [{"user": ADA, "since": "2026-11-01T00:00:00Z", "staged_by": "offboard", "is_deleted": False}],
        "lifted": [{"email": GRACE}],
        "missing_users": [LINUS],
        "address_changes": [{"user": ADA, "account": "old@example.com", "remedy": "Change it."}],
        "upcoming": [{"user": ADA, "project": "Sales", "role": "editor", "begins": None, "ends": "2026-12-01"}],
        "unmatched_users": [{"user": GRACE, "role": "global:member", "memberships": memberships}],
    }
    lines = summary(
        planned,
        without_rule=[GRACE, LINUS],
        leavers_suspended=True,
        invalid_people=[{"row": 3, "email": None, "problem": "has no email", "text": "row 3 has no email"}],
        unused_exceptions=[{"email": LINUS, "project": "Sales", "reason": "is not listed"}],
    )["lines"]
    assert lines[2:] == [
        "Matched by no rule (keep): grace@example.com (global:member, project:viewer of Sales), linus@example.com",
        "Invalid rows: row 3 has no email",
        "A row has no email, so users whom the list does not name were not treated as leavers in this run. Correct the list.",
        "No account yet: linus@example.com",
        "In the record of leavers and still listed: ada@example.com (since 2026-11-01, by offboard)",
        "Removed from the record of leavers: grace@example.com",
        "Accounts with a previous email: old@example.com of ada@example.com. Change it.",
        "Grants that begin or end soon: ada@example.com editor of Sales until 2026-12-01",
        "Exceptions without effect: linus@example.com in Sales: is not listed",
    ]


def test_lines_name_access_that_unmatched_people_keep_although_it_is_removed() -> None:
    memberships = [{"id": "p1", "name": "Sales", "role": "project:admin"}]
    unmatched_users = [
        {"user": ADA, "role": "global:member", "memberships": []},
        {"user": GRACE, "role": "global:admin", "memberships": []},
        {"user": LINUS, "role": "global:member", "memberships": memberships},
    ]
    found = summary({**EMPTY, "unmatched_users": unmatched_users}, unmatched="demote", without_rule=[ADA, GRACE, LINUS])
    assert (
        f"Matched by no rule (demote): {ADA}, {GRACE} (global:admin), {LINUS} (global:member, project:admin of Sales)"
        in found["lines"]
    )


def test_refused_addresses_are_listed_with_the_invalid_rows() -> None:
    refused = {**DONE, "refused_addresses": [{"user": LINUS, "reason": "its domain has no dot"}]}
    found = summary(PLANNED, refused, invalid_people=[{"row": 2, "email": None, "text": "row 2 has no email"}])
    assert f"Invalid rows: row 2 has no email; {LINUS}: its domain has no dot" in found["lines"]
    users = [{"email": LINUS, "status": "present", "granted_by": {"row": 7}}]
    found = summary(PLANNED, refused, users=users)
    assert f"Invalid rows: row 7 ({LINUS}): its domain has no dot" in found["lines"]


def test_unmatched_patterns_exclude_people_without_a_rule() -> None:
    unmatched = {
        "protected_users": ["eve@*"],
        "ignored_users": ["*@partner.example.com", "[*]@example.com"],
        "denied_projects": ["Archive"],
    }
    found = summary(
        {**PLANNED, "unmatched": unmatched},
        ignored_users=["*@partner.example.com"],
        unmatched_rules=["Slaes"],
        without_rule=["*@example.com"],
    )
    assert found["record"]["unmatched"] == {
        "rules": ["Slaes"],
        "protected_users": ["eve@*"],
        "ignored_users": ["*@partner.example.com"],
        "denied_projects": ["Archive"],
    }
    assert found["lines"][2:] == [
        "People: 3 in the list, 1 of them matched by a rule",
        "Matched by no rule (keep): *@example.com",
        "Rules that match no person: Slaes",
        "Patterns of sync_protected_users that match no user: eve@*",
        "Patterns of sync_ignored_users that match no user: *@partner.example.com",
        "Denied projects that do not exist: Archive",
        "Leavers: linus@example.com",
        "Digest of the plan, for sync_approve: d1",
    ]


@pytest.mark.parametrize(
    ("planned", "applied", "lines"),
    [
        (
            PLANNED,
            SKIPPED,
            [
                "Planned. Nothing was changed.",
                "Planned: 1 new membership, 1 removed membership",
                "People: 3 in the list, 1 of them matched by a rule",
                "Leavers: linus@example.com",
                "Digest of the plan, for sync_approve: d1",
            ],
        ),
        (
            PLANNED,
            DONE,
            [
                "Done.",
                "Changes: 1 new membership, 1 removed membership",
                "People: 3 in the list, 1 of them matched by a rule",
                "Leavers: linus@example.com",
            ],
        ),
        (PLANNED, EMPTY, ["No changes were needed.", "People: 3 in the list, 1 of them matched by a rule"]),
        (EMPTY, SKIPPED, ["No changes were needed.", "People: 3 in the list, 1 of them matched by a rule"]),
        (
            PLANNED,
            {**FAILED, "not_tried": [ADD, ADD]},
            [
                "Incomplete: some changes failed. Run again to make the remaining changes.",
                "Planned: 1 new membership, 1 removed membership",
                "1 change was made, 1 failed, and 2 were not tried.",
                "People: 3 in the list, 1 of them matched by a rule",
                "Leavers: linus@example.com",
            ],
        ),
        (
            PLANNED,
            {
                **DONE,
                "msg": "impossible",
                "reason": "incomplete",
                "impossible": [{"user": LINUS, "reason": "Linus stays."}],
            },
            [
                "Done, except for what is impossible or was changed by others at the same time.",
                "Planned: 1 new membership, 1 removed membership",
                "People: 3 in the list, 1 of them matched by a rule",
                "Leavers: linus@example.com",
                "Impossible: Linus stays.",
            ],
        ),
        (
            {"msg": "no answer", "reason": "unreachable"},
            SKIPPED,
            [
                "n8n could not be reached. Nothing was changed.",
                "People: 3 in the list, 1 of them matched by a rule",
            ],
        ),
        (
            {**EMPTY, "pending": [{"user": ADA, "user_id": "u-1", "invited_at": TIME}]},
            SKIPPED,
            [
                "No changes were needed.",
                f"Invited and pending, with the time of the first invitation: {ADA} {TIME}",
                "People: 3 in the list, 1 of them matched by a rule",
            ],
        ),
    ],
)
def test_lines_describe_the_run(planned: Any, applied: Any, lines: list[str]) -> None:
    assert summary(planned, applied)["lines"] == lines


def test_counted_changes_have_descriptions() -> None:
    counts = ("invite_user", "change_user_role", "create_project", "rename_project", "add_member", "change_member_role")
    found = summary({**PLANNED, "summary": {**{name: 2 for name in counts}, "something_new": 1}})
    assert found["lines"][1] == (
        "Planned: 2 invitations, 2 changed instance roles, 2 new projects, 2 renamed projects, 2 new memberships, "
        "2 changed project roles, 1 something_new"
    )


def test_deletions_and_handovers_are_counted_in_words() -> None:
    counts = {"delete_user": 1, "transfer_workflow": 2, "transfer_credential": 1, "copy_table": 1}
    assert summary({**PLANNED, "summary": counts})["lines"][1] == (
        "Planned: 1 deleted user, 2 moved workflows, 1 moved credential, 1 copied data table"
    )


@pytest.mark.parametrize(
    ("planned", "applied", "kept"),
    [
        ({"msg": "no answer", "reason": "unreachable"}, SKIPPED, True),
        (PLANNED, SKIPPED, True),
        (PLANNED, FAILED, True),
        (PLANNED, DONE, False),
        (EMPTY, SKIPPED, False),
    ],
)
def test_announced_end_of_a_grant_is_kept_until_a_run_is_done(planned: Any, applied: Any, kept: bool) -> None:
    old, new = (
        {"user": ADA, "project": "Sales", "role": "viewer", "begins": None, "ends": ends}
        for ends in ("2026-12-01", "2026-12-09")
    )
    results = [{**result, "upcoming": [new]} if result is not SKIPPED else result for result in (planned, applied)]
    assert summary(*results, announced=[old, new])["record"]["announced"] == ([new, old] if kept else [new])


@pytest.mark.parametrize("planned", [PLANNED, EMPTY])
def test_rehearsal_keeps_only_the_previous_announcements(planned: Any) -> None:
    old, new = (
        {"user": ADA, "project": "Sales", "role": "viewer", "begins": None, "ends": ends}
        for ends in ("2026-12-01", "2026-12-09")
    )
    record = summary({**planned, "upcoming": [new]}, SKIPPED, announced=[old], is_rehearsal=True)["record"]
    assert record["announced"] == [old] and record["upcoming"] == [new]


def test_long_list_of_conflicts_is_shortened() -> None:
    conflicts = [{"user": ADA, "project": "Sales", "reason": f"reason {number}"} for number in range(12)]
    people = [f"p{number}@example.com" for number in range(10)]
    lines = summary({**DONE, "conflicts": conflicts}, without_rule=people)["lines"]
    shown = "; ".join(f"reason {number}" for number in range(10))
    assert f"Not changed, because another user or task changed it at the same time: {shown} and 2 more" in lines
    assert f"Matched by no rule (keep): {', '.join(people)}" in lines


@pytest.mark.parametrize(
    ("planned", "applied", "expected"),
    [
        (PLANNED, {}, (True, False)),
        (PLANNED, SKIPPED, (True, False)),
        (EMPTY, {}, (False, False)),
        (PLANNED, DONE, (False, True)),
    ],
)
def test_summary_tells_whether_the_plan_is_to_be_applied_and_was_applied(
    planned: Any, applied: Any, expected: tuple[bool, bool]
) -> None:
    found = summary(planned, applied)
    assert (found["apply"], found["applied"]) == expected


def test_run_that_changed_only_the_record_of_leavers_is_done() -> None:
    """The plan is empty, because it has the changes of n8n."""
    changed = {**EMPTY, "changed": True}
    assert summary(changed)["record"]["state"] == "planned" and summary(changed)["apply"]
    done = summary(changed, changed)
    assert done["record"]["state"] == "done" and done["lines"][0] == "Done."


def test_plan_that_is_not_the_approved_one_is_refused_with_what_differs() -> None:
    entries = [
        {**entry, "user_id": f"id-{entry['user']}", "before": None, "after": None, "reason": ""}
        for entry in (ADD, REMOVE)
    ]
    planned = {**PLANNED, "plan": entries, "digest": "d1", "msg": "not approved", "reason": "not_approved"}
    approved = ApprovedPlan(
        "plan.json",
        PLANNED["server"],
        datetime(2026, 1, 30, tzinfo=timezone.utc),
        "d0",
        tuple(entries[:1]),
        ((datetime(2026, 1, 30, 12, tzinfo=timezone.utc), "the grace period of linus ends"),),
    )
    found = sync_summary(SYNC_INPUT, planned, {}, TIME, approved)
    assert found["record"]["state"] == "refused" and not found["apply"] and found["result"]["failed"]
    assert "Since then, the grace period of linus ends at 2026-01-30T12:00:00Z." in found["record"]["error"]
    assert f'Not approved: remove_member {LINUS} in "Sales".' in found["record"]["error"]
    same = sync_summary(SYNC_INPUT, {**PLANNED, "digest": "d0"}, {}, TIME, approved)
    assert same["apply"] and same["record"]["error"] == ""


def test_record_has_what_rules_and_exceptions_give() -> None:
    users = [
        {
            "email": ADA,
            "status": "present",
            "role": "admin",
            "projects": {
                "Sales": "editor",
                "Ops": {"role": "viewer", "until": "2026-03-01", "granted_by": "Contractors"},
                "Old": {"state": "absent"},
                "New": [{"state": "absent", "granted_by": "Deny"}, {"role": "viewer", "granted_by": "All"}],
            },
            "granted_by": {"role": "Board", "projects": {"Sales": "Sales people"}},
        },
        {"email": GRACE, "status": "leaver"},
    ]
    record = sync_summary({**SYNC_INPUT, "users": users}, PLANNED, {}, TIME)["record"]
    assert [tuple(grant.values()) for grant in record["grants"]] == [
        (ADA, None, "admin", "Board", None, None),
        (ADA, "Sales", "editor", "Sales people", None, None),
        (ADA, "Ops", "viewer", "Contractors", None, "2026-03-01"),
        (ADA, "New", "viewer", "All", None, None),
    ]
