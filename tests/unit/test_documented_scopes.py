# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notes of the plugins and the guide name the scopes and license features that the code has in its tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.actions import ACTIONS
from ansible_collections.lifecycle.n8n.plugins.module_utils._desired.handover_options import HandoverOptions
from ansible_collections.lifecycle.n8n.plugins.module_utils._planning.deletion import possible_calls
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ALL, ReadRequest
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.scopes import SCOPES, scopes_of

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/docsite/rst/guide_connecting.rst").read_text("utf-8")

INSTANCE = ReadRequest(all_users=True, projects=True, members=ALL).calls
OWNED = ("workflows", "credentials", "tables")
HANDOVER = tuple(
    call
    for handover_options in (HandoverOptions("Sales", "copy"), HandoverOptions(None, "delete", delete_resources=True))
    for call in possible_calls("user", handover_options)
    if call != "delete_user"
)
# The calls of each module and plugin by their names in SCOPES, without the calls that move or delete resources.
CALLS: dict[str, tuple[str, ...]] = {
    "modules/n8n_access": (
        *INSTANCE,
        "find_user",
        *(call for row in ACTIONS.values() if row.is_always_counted for call in row.calls),
        *OWNED,
        "delete_user",
    ),
    "modules/n8n_access_info": (*INSTANCE, "find_user"),
    "modules/n8n_offboard": (*INSTANCE, "find_user", *OWNED, "remove_member", "change_user_role", "delete_user"),
    "modules/n8n_project": (
        "list_projects",
        "create_project",
        "rename_project",
        "delete_project",
        "find_user",
        "list_users",
        *OWNED,
        "variables",
    ),
    "modules/n8n_project_info": ("list_projects", "members", "find_user"),
    "modules/n8n_project_member": ("find_user", "members", "list_projects", "set_members", "remove_member"),
    "modules/n8n_role_info": ("find_roles",),
    "modules/n8n_user": (*INSTANCE, "find_user", "invite_user", "change_user_role", "delete_user", *OWNED),
    "modules/n8n_user_info": ("list_users", "find_user", "list_projects"),
    "lookup/n8n_project_members": INSTANCE,
    "lookup/n8n_user_projects": INSTANCE,
    "inventory/n8n": (*INSTANCE, "find_user"),
}
HANDING_OVER = ("modules/n8n_access", "modules/n8n_user", "modules/n8n_project", "modules/n8n_offboard")


def single(scopes: set[str]) -> set[str]:
    """Return the scopes without alternatives: "a or b" becomes "a" and "b"."""
    return {scope for alternatives in scopes for scope in alternatives.split(" or ")}


def scopes_in(text: str, marks: str) -> set[str]:
    """Return the scopes that a text names between the two characters or strings of `marks`."""
    begin, _space, end = marks.partition(" ")
    known = {scope.partition(":")[0] for scope in single(set(SCOPES.values()))}
    found: list[str] = re.findall(rf"{re.escape(begin)}(\w+:\w+){re.escape(end)}", text)
    return {scope for scope in found if scope.partition(":")[0] in known}


def guide_row(name: str) -> str:
    """Return the row of the guide's table of scopes for a module or plugin."""
    rows = re.split(r"\n   \* - ", GUIDE)
    return next(row for row in rows if f"``{name}``" in row.split("\n")[0]).split("\n\n")[0]


def needed(plugin: str) -> set[str]:
    """Return the scopes for all calls of a plugin except those that move or delete resources."""
    found = single(scopes_of(CALLS[plugin]))
    # n8n needs project:update for members before 2.37 only. The guide says so once for all modules.
    return found if {"rename_project"} & set(CALLS[plugin]) else found - {"project:update"}


def test_every_plugin_is_in_the_table() -> None:
    files = {
        str(path.relative_to(ROOT / "plugins").with_suffix(""))
        for kind in ("modules", "lookup", "inventory")
        for path in ROOT.glob(f"plugins/{kind}/*.py")
    }
    # This module does not connect to a server.
    assert files - {"modules/n8n_evidence"} == set(CALLS)


@pytest.mark.parametrize("plugin", CALLS)
def test_notes_name_the_needed_scopes(plugin: str) -> None:
    text = (ROOT / f"plugins/{plugin}.py").read_text("utf-8")
    notes = text[text.index("The API key needs the scope") :].split("\n  - ")[0].split("\nseealso")[0]
    optional = {"role:list"} if plugin == "modules/n8n_access" else set()
    handover = single(scopes_of(HANDOVER)) if plugin == "modules/n8n_user" else set()
    before_2_37 = {"project:update"} if "before n8n 2.37" in " ".join(notes.split()) else set()
    assert scopes_in(notes, "C( )") == needed(plugin) | optional | handover | before_2_37


@pytest.mark.parametrize("plugin", CALLS)
def test_guide_names_the_needed_scopes(plugin: str) -> None:
    assert scopes_in(guide_row(plugin.partition("/")[2]), "`` ``") == needed(plugin)


@pytest.mark.parametrize("plugin", HANDING_OVER)
def test_guide_refers_to_the_handover_scopes(plugin: str) -> None:
    assert "handover scopes" in guide_row(plugin.partition("/")[2])


def test_guide_names_the_handover_scopes() -> None:
    paragraph = GUIDE[GUIDE.index("\nHandover scopes:") :].split("\n\n")[0]
    assert scopes_in(paragraph, "`` ``") == single(scopes_of((*HANDOVER, "folders")))


def test_guide_names_the_license_features_of_all_actions() -> None:
    licenses = GUIDE[GUIDE.index("\nLicenses\n") : GUIDE.index("\nTLS\n")]
    named = set(re.findall(r"``(feat:[\w:]+)``", licenses))
    assert {row.license_feature for row in ACTIONS.values() if row.license_feature} <= named
