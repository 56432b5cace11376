# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings while two tasks create a project of one name. The later one deletes its project right away."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._server.api import Api
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import ScriptedServer, page

PROJECTS = ReadRequest(projects=True, unique_names=("New", "M\u00e4rkte"))


def project(number: int, age: float | None, name: str = "New", kind: str = "team") -> dict[str, Any]:
    """Return a project that was created `age` seconds ago, or at an unknown time (None)."""
    created = datetime.now(timezone.utc) - timedelta(seconds=age or 0)
    written = created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    found = {"id": f"p-{number}", "name": name, "type": kind, "creatorId": "u-me"}
    return found if age is None else {**found, "createdAt": written}


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 9000), (9000, 1), (0, -3)])
def test_projects_are_read_again_until_the_name_of_a_new_one_is_unique(
    server: ScriptedServer, api: Api, first: int, second: int
) -> None:
    both = page(project(1, first), project(2, second))
    server.on("GET /projects", both, both, page(project(1, first)))
    assert [found.id for found in read(api, PROJECTS).projects] == ["p-1"]
    assert len(server.requests) == 3


def test_two_unicode_forms_of_a_new_name_are_one_name(server: ScriptedServer, api: Api) -> None:
    names = "M\u00e4rkte", "Ma\u0308rkte"
    server.on("GET /projects", page(*(project(number, 0, name) for number, name in enumerate(names))), page())
    assert not read(api, PROJECTS).projects


def test_duplicates_that_stay_are_returned_after_four_readings(
    server: ScriptedServer, api: Api, waits: list[float]
) -> None:
    server.on("GET /projects", page(project(1, 0), project(2, 0)))
    assert len(read(api, PROJECTS).projects) == 2
    assert len(server.requests) == 4 and sum(waits) < 4


@pytest.mark.parametrize(
    "projects",
    [
        [project(1, 60), project(2, 9000)],
        [project(1, None), project(2, None)],
        [project(1, 0), project(2, 0, "Other")],
        [project(1, 0), project(2, 0, kind="personal")],
        # The task does not name these projects.
        [project(1, 0, "Other"), project(2, 0, "Other")],
    ],
)
def test_other_projects_are_read_once(server: ScriptedServer, api: Api, projects: list[dict[str, Any]]) -> None:
    server.on("GET /projects", page(*projects))
    assert len(read(api, PROJECTS).projects) == 2
    assert len(server.requests) == 1
