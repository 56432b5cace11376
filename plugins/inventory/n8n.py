# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory n8n: users as hosts, projects and roles as groups."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n
short_description: Users of n8n as hosts, grouped by project and role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Makes every user of an n8n a host that is named by the email, so that who is where can be asked with C(ansible-inventory) and with
    host patterns.
  - The groups are C(project_<name>) for each team project, C(project_<name>_<role>) for each role in it, C(role_<slug>) for each instance
    role, and C(pending) for those who have not accepted their invitation.
  - Characters that a group's name cannot have become C(_). Where two projects would share a group by that, or by having the same name,
    the groups of all of them get C(_<id>) behind the name, and there is a warning.
  - The variables of a host are C(n8n_id), C(n8n_role), C(n8n_is_pending) and C(n8n_projects), a list of dictionaries with C(id), C(name)
    and C(role).
  - The name of the file has to end in C(.n8n.yml) or C(.n8n.yaml).
extends_documentation_fragment:
  - lifecycle.n8n.plugin_connection
  - constructed
  - inventory_cache
options:
  plugin:
    description: Tells that a file is for this plugin.
    type: str
    required: true
    choices: [lifecycle.n8n.n8n]
notes:
  - The API key needs the scope C(user:read), too.
  - The hosts are people, so nothing can be run on them. Use them for C(ansible-inventory), for host patterns, and with
    C(connection=local).
"""

EXAMPLES = r"""
# people.n8n.yml, with N8N_URL and N8N_API_KEY in the environment
plugin: lifecycle.n8n.n8n

# The same with a cache, a variable and groups of one's own:
# ---
# plugin: lifecycle.n8n.n8n
# url: https://n8n.example.com
# api_key: "{{ lookup('ansible.builtin.env', 'N8N_API_KEY') }}"
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/n8n-inventory
# strict: true
# compose:
#   n8n_project_count: n8n_projects | length
# groups:
#   in_no_project: n8n_projects | length == 0
# keyed_groups:
#   - key: inventory_hostname.split('@')[1]
#     prefix: domain
"""

from hashlib import sha256
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._model import composed
from ..module_utils._who import group_names, role_group, users_result
from ..module_utils._wish import EVERYTHING
from ..plugin_utils._connection import as_data, connection_of, read_state, resolved


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads an n8n and makes hosts and groups of it."""

    NAME = "lifecycle.n8n.n8n"

    def verify_file(self, path: str) -> bool:
        """Return whether `path` is a file for this plugin."""
        return bool(super().verify_file(path)) and path.endswith((".n8n.yml", ".n8n.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read the file at `path`, and then the n8n that it names."""
        super().parse(inventory, loader, path)
        try:
            self._read_config_data(path)
            found = self._found(path, cache)
            self._add_projects(found["projects"], found["users"])
            for user in found["users"]:
                self._add_user(user)
        except AnsibleError as error:
            raise AnsibleParserError(str(error)) from None

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Resolve the templates in the file before the options are checked, as a number may be one."""
        self.templar.available_variables = var_options or {}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=resolved(direct or {}, self.templar))

    def _found(self, path: str, cache: bool) -> dict[str, Any]:
        """Return users and projects as n8n has them, or as the cache does."""
        connection = connection_of(self, self.templar)
        caching = self.get_option("cache")
        # Another server behind the same file is another inventory. The key may become the name of a file.
        key = f"{self.get_cache_key(path)}_{sha256(connection.url.encode()).hexdigest()[:16]}"
        if caching and cache and key in self._cache:
            return dict(self._cache[key])
        state = read_state(connection, EVERYTHING)
        projects = [project.to_result() for project in state.projects if project.is_team]
        found = {"users": users_result(state, memberships=True), "projects": projects}
        if caching:
            self._cache[key] = found
        return found

    def _add_projects(self, projects: list[dict[str, Any]], users: list[dict[str, Any]]) -> None:
        named = [(project["id"], project["name"]) for project in projects]
        roles = [(project["id"], project["role"]) for user in users for project in user["projects"]]
        self._groups = group_names(named, roles, _safe)
        for project_id, name in sorted(named, key=lambda pair: (pair[1], pair[0])):
            self.inventory.add_group(self._groups[project_id])
            if self._groups[project_id] != _safe(f"project_{composed(name)}"):
                self.display.warning(
                    f"Several projects of this n8n make the same group, so that of {name!r} is called {self._groups[project_id]}."
                )

    def _add_user(self, user: dict[str, Any]) -> None:
        host = self.inventory.add_host(as_data(user["email"]))
        groups = [_safe(f"role_{user['role']}"), *(["pending"] if user["is_pending"] else [])]
        for project in user["projects"]:
            group = self._groups[project["id"]]
            groups += [group, role_group(group, project["role"], _safe)]
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(group), host)
        for name in ("id", "role", "is_pending", "projects"):
            self.inventory.set_variable(host, f"n8n_{name}", as_data(user[name]))
        self._construct(host)

    def _construct(self, host: str) -> None:
        strict = self.get_option("strict")
        variables = self.inventory.get_host(host).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, host, strict=strict)


def _safe(text: str) -> str:
    return str(to_safe_group_name(text, force=True, silent=True))
