# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module that fails returns for programs and for users of a role: the reason, and the names that they know."""

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
DOWN = {"url": "http://127.0.0.1:9", "api_key": "a-key", "retries": 0}
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
    "restore": "the_return",
    "state_path": "the_record",
    "action": "the_end",
    "transfer_to": "the_heir",
    "data_tables": "the_tables",
    "authority": "the_authority",
    "allow_empty": "the_void",
}


def failed(name: str, **options: Any) -> dict[str, Any]:
    """Return what the module prints, which has failed."""
    module = import_module(f"ansible_collections.lifecycle.n8n.plugins.modules.{name}")
    result = main(module, **{**DOWN, **OPTIONS[name], **options})
    assert result["failed"], result
    return result


def test_no_module_is_left_out() -> None:
    assert sorted(OPTIONS) == sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))


@pytest.mark.parametrize("name", OPTIONS)
def test_a_server_that_is_down_is_unreachable(name: str) -> None:
    assert failed(name)["reason"] == "unreachable"
    assert "- V(unreachable) if n8n could not be reached" in (ROOT / f"plugins/modules/{name}.py").read_text("utf-8")


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_so_is_one_behind_a_gateway(name: str, status: int) -> None:
    with ScriptedServer() as server:
        for listing in READ:
            server.on(f"GET /{listing}", text_response("Bad gateway", status))
        assert failed(name, url=server.url)["reason"] == "unreachable"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_refusal_is_another_reason(name: str) -> None:
    with ScriptedServer() as server:
        for listing in READ:
            server.on(f"GET /{listing}", error_response(401, "unauthorized"))
        assert failed(name, url=server.url)["reason"] == "refused"


@pytest.mark.parametrize("name", OPTIONS)
def test_wrong_options_are_invalid(name: str) -> None:
    assert failed(name, url="nowhere")["reason"] == "invalid"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"users": [{"email": "none"}]}, "the_users[0]"),
        ({"max_removals": "many"}, "the_limit"),
        ({"max_removals": -1}, "the_limit is -1"),
        ({"max_removal_percent": 200}, "the_percentage is 200"),
        ({"restore": True}, "the_return=true requires the_record"),
        ({"restore": True, "state_path": "/nowhere.json"}, "the_return=true has no effect"),
        ({"users": [], "authority": "authoritative"}, "the_authority=authoritative would remove all access"),
        ({"users": [], "authority": "authoritative"}, "Set the_void=true"),
    ],
)
def test_errors_of_n8n_access_have_the_names_of_the_role(options: dict[str, Any], words: str) -> None:
    assert words in failed("n8n_access", option_names=NAMES, **options)["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"action": "staged"}, "the_end=staged requires the_record"),
        ({"users": [{"name": "Ada"}]}, "the_users[0]"),
    ],
)
def test_errors_of_n8n_offboard_have_the_names_of_the_role(options: dict[str, Any], words: str) -> None:
    assert words in failed("n8n_offboard", option_names=NAMES, **options)["msg"]


def test_warnings_have_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    with company() as server:
        options = {"users": ["ada@example.com"], "action": "demote", "grace_days": 3, "option_names": NAMES}
        result = main(n8n_offboard, check_mode=True, **{**DOWN, "url": server.url, **options})
    # Where a module leaves its warnings depends on the version of ansible-core.
    assert "grace_days: used only with the_end=staged." in str(result) + capsys.readouterr().err
