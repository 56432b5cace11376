# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed modules return a reason, and their messages use the option names of the role that runs them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.modules import n8n_offboard
from ansible_collections.lifecycle.n8n.tests.unit.controller import company
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import main
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
    text_response,
)

ROOT = Path(__file__).resolve().parents[4]
UNREACHABLE = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
OPTIONS: dict[str, dict[str, Any]] = {
    "n8n_access": {"users": [{"email": "ada@example.com"}]},
    "n8n_access_info": {},
    "n8n_offboard": {"users": ["ada@example.com"]},
    "n8n_project": {"name": "Sales"},
    "n8n_project_info": {},
    "n8n_project_member": {"project": "Sales", "user": "ada@example.com", "role": "viewer"},
    "n8n_role_info": {},
    "n8n_user": {"email": "ada@example.com"},
    "n8n_user_info": {},
}
READ = ("users", "users/ada@example.com", "users/ada%40example.com", "projects", "roles")
NAMES = {
    "users": "the_users",
    "approve": "the_approval",
    "max_removals": "the_limit",
    "max_removal_percent": "the_percentage",
    "restore": "the_restore",
    "state_path": "the_record",
    "action": "the_action",
    "transfer_to": "the_destination",
    "data_tables": "the_tables",
    "authority": "the_authority",
    "allow_empty": "the_empty_list",
}


def run_failing(name: str, **options: Any) -> dict[str, Any]:
    """Run a module, assert that it fails, and return the printed result."""
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}")
    result = main(module, **{**UNREACHABLE, **OPTIONS[name], **options})
    assert result["failed"], result
    return result


def test_options_cover_all_modules() -> None:
    # n8n_evidence does not connect to a server.
    assert sorted([*OPTIONS, "n8n_evidence"]) == sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))


@pytest.mark.parametrize("name", OPTIONS)
def test_unreachable_server_has_reason_unreachable(name: str) -> None:
    assert run_failing(name)["reason"] == "unreachable"
    assert "- V(unreachable) if n8n could not be reached" in (ROOT / f"plugins/modules/{name}.py").read_text("utf-8")


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_error_has_reason_unreachable(name: str, status: int) -> None:
    with ScriptedServer() as server:
        for listing in READ:
            server.on(f"GET /{listing}", text_response("Bad gateway", status))
        assert run_failing(name, url=server.url)["reason"] == "unreachable"


@pytest.mark.parametrize("name", OPTIONS)
def test_refused_request_has_reason_refused(name: str) -> None:
    with ScriptedServer() as server:
        for listing in READ:
            server.on(f"GET /{listing}", error_response(401, "unauthorized"))
        assert run_failing(name, url=server.url)["reason"] == "refused"


@pytest.mark.parametrize("name", OPTIONS)
def test_invalid_option_has_reason_invalid(name: str) -> None:
    assert run_failing(name, url="nowhere")["reason"] == "invalid"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"users": [{"email": "none"}]}, "the_users[0]"),
        ({"max_removals": "many"}, "the_limit"),
        ({"max_removals": -1}, "the_limit is -1"),
        ({"max_removal_percent": 200}, "the_percentage is 200"),
        ({"restore": True}, "the_restore=true requires the_record"),
        ({"restore": True, "state_path": "/nowhere.json"}, "the_restore=true requires it"),
        ({"users": [], "authority": "authoritative"}, "the_authority=authoritative would remove all access"),
        ({"users": [], "authority": "authoritative"}, "Set the_empty_list=true"),
    ],
)
def test_errors_of_n8n_access_use_option_names(options: dict[str, Any], words: str) -> None:
    assert words in run_failing("n8n_access", option_names=NAMES, **options)["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"action": "staged"}, "the_action=staged requires the_record"),
        ({"users": [{"name": "Ada"}]}, "the_users[0]"),
    ],
)
def test_errors_of_n8n_offboard_use_option_names(options: dict[str, Any], words: str) -> None:
    assert words in run_failing("n8n_offboard", option_names=NAMES, **options)["msg"]


def test_warnings_use_option_names(capsys: pytest.CaptureFixture[str]) -> None:
    with company() as server:
        options = {"users": ["ada@example.com"], "action": "demote", "grace_days": 3, "option_names": NAMES}
        result = main(n8n_offboard, check_mode=True, **{**UNREACHABLE, "url": server.url, **options})
    # The location of warnings depends on the version of ansible-core.
    assert "grace_days: used only with the_action=staged." in str(result) + capsys.readouterr().err
