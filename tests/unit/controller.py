# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests of controller plugins: an HTTP server with data of n8n, and the configuration of plugin options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import yaml
from ansible import constants
from ansible.plugins.doc_fragments import constructed, inventory_cache

from ansible_collections.lifecycle.n8n.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.lifecycle.n8n.tests.unit.plugins.module_utils.scripted_server import ScriptedServer, page

KEY = "head.payload.signature"
TEMPLATE = "{{ 1 + 1 }} {% raw %}"


def user(name: str) -> dict[str, Any]:
    """Return a user as the API of n8n does. Eve is pending."""
    return {"id": f"u-{name}", "email": f"{name}@example.com", "role": "global:member", "isPending": name == "eve"}


def member(name: str, role: str) -> dict[str, Any]:
    """Return a member of a project as the API of n8n does."""
    return {**user(name), "role": f"project:{role}"}


@contextmanager
def company() -> Iterator[ScriptedServer]:
    """Serve three users and the projects Sales, TEMPLATE and two named Twin. Eve is on two pages of users."""
    names = {"p2": "Twin", "p1": "Sales", "p4": TEMPLATE, "p3": "Twin"}
    teams = [{"id": key, "name": name, "type": "team"} for key, name in names.items()]
    personal_projects = [
        {"id": f"h-{name}", "name": f"<{name}>", "type": "personal", "creatorId": f"u-{name}"}
        for name in ("ada", "bob", "eve")
    ]
    with ScriptedServer() as server:
        server.on("GET /users", page(user("eve"), user("bob"), cursor="more"), page(user("eve"), user("ada")))
        server.on("GET /projects", page(*teams[:3], *personal_projects, cursor="more"), page(*teams[3:]))
        server.on("GET /projects/p1/users", page(member("bob", "viewer"), member("ada", "admin")))
        server.on("GET /projects/p2/users", page(member("eve", "editor")))
        server.on("GET /projects/p3/users", page())
        server.on("GET /projects/p4/users", page(member("ada", "viewer")))
        yield server


def configure(plugin: Any, kind: str, source: ModuleType) -> None:
    """Register the options of `plugin` with Ansible, as the loader does for an installed collection."""
    options: dict[str, Any] = dict(yaml.safe_load(source.DOCUMENTATION)["options"])
    texts = [ModuleDocFragment.DOCUMENTATION, ModuleDocFragment.PLUGINS]
    if kind == "inventory":
        texts += [fragment.ModuleDocFragment.DOCUMENTATION for fragment in (constructed, inventory_cache)]
    for text in texts:
        for option, spec in yaml.safe_load(text)["options"].items():
            options[option] = {**spec, **options.get(option, {})}
    name = f"lifecycle.n8n.{source.__name__.rpartition('.')[2]}"
    constants.config.initialize_plugin_configuration_definitions(kind, name, options)
    plugin._load_name = name
