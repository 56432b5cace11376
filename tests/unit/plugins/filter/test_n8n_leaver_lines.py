# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter n8n_leaver_lines: readable lines for each leaver."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_leaver_lines import FilterModule, n8n_leaver_lines

ADA = "ada@example.com"
INVOICES = {"type": "workflow", "id": "w1", "name": 'In"voices'}
BANK = {"type": "credential", "id": "c1", "name": "Bank"}
CUSTOMERS = {"type": "data table", "id": "t1", "name": "Customers"}


def leaver(**values: Any) -> dict[str, Any]:
    lists = ("memberships", "transferred", "copied", "deleted", "lost_shares", "residual_access")
    return {"email": ADA, "found": True, **{key: [] for key in lists}, **values}


def residual_item(kind: str, name: str, key: str | None = None, role: str | None = None) -> dict[str, Any]:
    return {"type": kind, "id": key, "name": name, "role": role}


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({}, ["has no access: the account does not exist"]),
        ({"found": False}, ["is not a user of this n8n"]),
        (
            {"residual_access": [residual_item("invitation", "The invitation can still be accepted")]},
            ["The invitation can still be accepted"],
        ),
        (
            {"memberships": [{"id": "p1", "name": "Sales", "role": "project:viewer"}], "transferred": [BANK, INVOICES]},
            [
                'removed from: "Sales" (project:viewer)',
                'transferred: credential "Bank" (c1), workflow "In\\"voices" (w1)',
                "has no access: the account does not exist",
            ],
        ),
        (
            {
                "copied": [
                    {**CUSTOMERS, "new_id": "t2", "new_name": "Customers", "rows": 3, "workflows": [INVOICES]},
                    {**CUSTOMERS, "new_id": None, "new_name": "Customers", "rows": None, "workflows": []},
                ],
                "deleted": [CUSTOMERS],
                "residual_access": [residual_item("instance_role", "global:chatUser")],
            },
            [
                'copied: data table "Customers" (t1) as "Customers", 3 rows, now t2; update these workflows to use the copy: "In\\"voices"',
                'copied: data table "Customers" (t1) as "Customers"',
                'destroyed: data table "Customers" (t1)',
                "can still log in, as global:chatUser",
            ],
        ),
        (
            {
                "lost_shares": [
                    {**BANK, "user": "bo@example.com", "project": None, "workflows": [{"id": "w2", "name": "Pay"}]},
                    {**INVOICES, "user": None, "project": "Support", "workflows": []},
                ],
            },
            [
                'access that others lost: bo@example.com loses credential "Bank" (c1), used by "Pay", project "Support" loses '
                'workflow "In\\"voices" (w1)',
                "has no access: the account does not exist",
            ],
        ),
        (
            {
                "staged": {"since": "2026-01-01T00:00:00Z", "due": "2026-01-31T00:00:00Z"},
                "residual_access": [
                    residual_item("unseen", "There may be more."),
                    residual_item("api_keys", "Keys work."),
                    residual_item("shared_credential", "Mail", "c9", "credential:user"),
                    residual_item("shared_workflow", "Hers", "w9", "workflow:editor"),
                    residual_item("data_table", "Customers", "t1"),
                    residual_item("credential", "Bank", "c1"),
                    residual_item("workflow", "Bills", "w1"),
                    residual_item("membership", "Sales", "p1", "project:admin"),
                    residual_item("instance_role", "global:member"),
                ],
            },
            [
                "staged on 2026-01-01T00:00:00Z; the first run after 2026-01-31T00:00:00Z deletes the account",
                "can still log in, as global:member",
                'is still in: "Sales" (project:admin)',
                'still owns: workflow "Bills" (w1), credential "Bank" (c1), data table "Customers" (t1)',
                'still has a share of: workflow "Hers" (w9), credential "Mail" (c9)',
                "Keys work.",
                "There may be more.",
            ],
        ),
    ],
)
def test_lines_describe_result_of_leaver(values: dict[str, Any], lines: list[str]) -> None:
    assert n8n_leaver_lines([leaver(**values)]) == {ADA: lines}


def test_long_lists_are_limited_to_ten_items() -> None:
    workflows = [{"type": "workflow", "id": f"w{number}", "name": "W"} for number in range(300)]
    line, _nothing = n8n_leaver_lines([leaver(transferred=workflows)])[ADA]
    assert line.endswith('workflow "W" (w9), and 290 more') and "w10" not in line


@pytest.mark.parametrize("users", ["ada", None, 1, [1], [{}], [{"email": ADA}], {"email": ADA}, [leaver(deleted=[{}])]])
def test_value_without_leavers_is_refused(users: object) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_leaver_lines needs the users that n8n_offboard returned"):
        n8n_leaver_lines(users)


def test_error_has_no_cause_whose_text_would_be_repeated() -> None:
    with pytest.raises(AnsibleFilterError) as error:
        n8n_leaver_lines([{}])
    assert error.value.__cause__ is None and error.value.__suppress_context__


def test_filter_has_name_of_file() -> None:
    assert FilterModule().filters() == {"n8n_leaver_lines": n8n_leaver_lines}
