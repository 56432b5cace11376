# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookups: each page is read once for any number of terms, options have precedence, and errors contain no key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import ansible.template
import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.lifecycle.n8n.plugins.lookup import n8n_project_members, n8n_user_projects
from ansible_collections.lifecycle.n8n.tests.unit.controller import KEY, TEMPLATE, company, configure
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import (
    ScriptedServer,
    error_response,
)

BOTH = pytest.mark.parametrize("source", [n8n_project_members, n8n_user_projects], ids=["members", "projects"])


@pytest.fixture
def n8n(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve a company, and remove the connection from the environment variables."""
    for name in ("N8N_URL", "N8N_API_URL", "N8N_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    with company() as server:
        yield server


def run_lookup(source: ModuleType, terms: list[Any], variables: dict[str, Any], **options: Any) -> Any:
    """Return what the lookup returns to a template."""
    plugin = source.LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables=variables))
    configure(plugin, "lookup", source)
    return plugin.run(terms, variables, **options)


def run_with_connection(source: ModuleType, n8n: ScriptedServer, *terms: Any, **options: Any) -> Any:
    return run_lookup(source, list(terms), {}, url=n8n.url, api_key=KEY, **options)


@pytest.mark.parametrize(
    ("terms", "read"),
    [
        (["Sales"], {"p1"}),
        (["p1", "Sales", ["Sales"]], {"p1"}),
        (["Twin"], {"p2", "p3"}),
        (["Sales", "Twin", "Nothing"], {"p1", "p2", "p3"}),
        (["Nothing", "h-ada"], set()),
        ([TEMPLATE], {"p4"}),
        ([], {"p1", "p2", "p3", "p4"}),
    ],
)
def test_pages_of_each_listed_project_are_read_once(n8n: ScriptedServer, terms: list[Any], read: set[str]) -> None:
    rows = run_with_connection(n8n_project_members, n8n, *terms)
    assert Counter(n8n.request_lines) == {"GET /projects": 2, **{f"GET /projects/{key}/users": 1 for key in read}}
    assert {row["project_id"] for row in rows} == read - {"p3"}
    assert rows == sorted(rows, key=lambda row: (row["project"], row["project_id"], row["email"]))


@pytest.mark.parametrize("terms", [["ada@example.com"], ["ADA@example.com", "u-ada", "nobody"], ["u-ada"], []])
def test_each_page_is_read_once_for_users(n8n: ScriptedServer, terms: list[Any]) -> None:
    rows = run_with_connection(n8n_user_projects, n8n, *terms)
    assert Counter(n8n.request_lines) == {
        "GET /projects": 2,
        **{f"GET /projects/p{number}/users": 1 for number in range(1, 5)},
    }
    assert [row["name"] for row in rows if row["user_id"] == "u-ada"] == ["Sales", TEMPLATE]
    assert len(rows) == (2 if terms else 4)


@BOTH
def test_empty_list_returns_nothing_without_request(n8n: ScriptedServer, source: ModuleType) -> None:
    assert run_with_connection(source, n8n, []) == []
    assert n8n.request_lines == []


@BOTH
@pytest.mark.parametrize("term", ["", "  ", None, True, {"name": "Sales"}, ["Sales", [""]]])
def test_term_that_is_not_a_name_is_refused(n8n: ScriptedServer, source: ModuleType, term: Any) -> None:
    with pytest.raises(AnsibleError, match="A term must be a name"):
        run_with_connection(source, n8n, term)
    assert n8n.request_lines == []


@BOTH
def test_options_precede_variables_and_variables_precede_environment(
    n8n: ScriptedServer, source: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N8N_API_URL", f"{n8n.url}/of/the/oldest/name")
    monkeypatch.setenv("N8N_API_KEY", "key.of.environment")

    def request_of(variables: dict[str, Any], **options: Any) -> tuple[str, str]:
        n8n.requests.clear()
        with pytest.raises(AnsibleError):
            run_lookup(source, [], variables, **options)
        return n8n.requests[-1].path, n8n.requests[-1].headers["X-N8N-API-KEY"]

    assert request_of({}) == ("/of/the/oldest/name/api/v1/projects", "key.of.environment")
    monkeypatch.setenv("N8N_URL", f"{n8n.url}/of/environment/api/v1/")
    assert request_of({}) == ("/of/environment/api/v1/projects", "key.of.environment")
    variables = {"n8n_url": f"{n8n.url}/of/variables", "n8n_api_key": "key.of.variables"}
    assert request_of(variables) == ("/of/variables/api/v1/projects", "key.of.variables")
    assert request_of(variables, url=f"{n8n.url}/given") == ("/given/api/v1/projects", "key.of.variables")


@BOTH
def test_variables_of_typed_options_may_be_templates(n8n: ScriptedServer, source: ModuleType) -> None:
    """Ansible checks the type of an option before it resolves a template in a variable."""
    # From 2.19 on, text is a template only if it is marked.
    as_template = getattr(ansible.template, "trust_as_template", str)
    texts = {
        "n8n_retries": "{{ 3 - 1 }}",
        "n8n_validate_certs": "{{ not true }}",
        "n8n_timeout": "{{ seconds }}",
    }
    variables = {name: as_template(text) for name, text in texts.items()}
    run_lookup(source, [], {**variables, "seconds": 7}, url=n8n.url, api_key=KEY)
    assert n8n.request_lines


@BOTH
def test_url_of_variable_needs_key_of_variable(
    n8n: ScriptedServer, source: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N8N_API_KEY", KEY)
    with pytest.raises(AnsibleError, match="n8n_url is set and n8n_api_key is not"):
        run_lookup(source, [], {"n8n_url": n8n.url})
    assert n8n.request_lines == []


@BOTH
@pytest.mark.parametrize("status", [401, 403, 500])
def test_error_does_not_contain_api_key(n8n: ScriptedServer, source: ModuleType, status: int) -> None:
    n8n.on("GET /projects", error_response(status, f"what about {KEY}"))
    with pytest.raises(AnsibleError) as failed:
        run_with_connection(source, n8n)
    assert "n8n refused to list projects" in str(failed.value)
    assert KEY not in str(failed.value)


@BOTH
@pytest.mark.parametrize("options", [{"url": ""}, {"api_key": ""}, {"concurrency": 0}])
def test_invalid_options_are_refused_before_first_request(
    n8n: ScriptedServer, source: ModuleType, options: dict[str, Any]
) -> None:
    with pytest.raises(AnsibleError):
        run_lookup(source, [], {}, **{"url": n8n.url, "api_key": KEY, **options})
    assert n8n.request_lines == []
