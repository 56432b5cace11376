# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the inventory n8n: users as hosts, grouped by project and role."""

from __future__ import annotations

DOCUMENTATION = r"""
name: n8n
short_description: Build an inventory of n8n users, grouped by project and role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Creates a host for each user of an n8n server. The name of the host is the email. You can query memberships with C(ansible-inventory)
    and with host patterns.
  - The groups are C(project_<name>) for each team project, C(project_<name>_<role>) for each role in it, C(role_<slug>) for each instance
    role, and C(pending) for the users who have not accepted their invitation.
  - Characters that are not allowed in group names are replaced with C(_). If two projects would share a group for this reason, or because
    they have the same name, C(_<id>) is appended to the names of all of their groups. A warning says so.
  - The variables of a host are C(n8n_id), C(n8n_role), C(n8n_is_pending) and C(n8n_projects), a list of dictionaries with C(id), C(name)
    and C(role).
  - If you use inventories of several servers, each needs its own O(server_name). Without it, the groups of two servers are merged, and a
    warning says so.
  - The name of the inventory file must end in C(.n8n.yml) or C(.n8n.yaml).
extends_documentation_fragment:
  - lifecycle.n8n.connection
  - lifecycle.n8n.connection.plugins
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin. It marks a file as an inventory file of this plugin.
    type: str
    required: true
    choices: [lifecycle.n8n.n8n]
  server_name:
    description:
      - A short name of the server, for an inventory of several servers. It consists of letters, digits and underscores, and does not begin
        with a digit.
      - With a server name, the groups of this inventory begin with C(<server_name>_), such as C(emea_project_Sales).
      - The variables of a host are then in C(n8n_by_server[<server_name>]), as C(id), C(role), C(is_pending) and C(projects). A user of two
        servers is one host with an entry for each server.
      - The templates of O(compose), O(groups) and O(keyed_groups) can still use the variables C(n8n_id), C(n8n_role), C(n8n_is_pending) and
        C(n8n_projects) of this server. The groups and variables that they create have no prefix.
    type: str
notes:
  - The API key needs the scopes C(user:list), C(user:read) and C(project:list).
  - The hosts are users, so no task can connect to them. Use them for C(ansible-inventory), for host patterns, and with
    C(connection=local).
"""

EXAMPLES = r"""
# people.n8n.yml, with N8N_URL and N8N_API_KEY in the environment
plugin: lifecycle.n8n.n8n

# The same with a cache, and with additional variables and groups:
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
# # For one of several servers. Its groups have names such as emea_project_Sales.
# server_name: emea
"""

import re
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._state.names import to_nfc
from ..module_utils._server.options import Connection
from ..module_utils._state.info_results import group_names, role_group, users_result
from ..module_utils._state.read_request import EVERYTHING
from ..plugin_utils._plugin_support import connection_of, mark_as_data, read_state, resolved, resolved_variables

# The facts about a user: variables that begin with n8n_, or entries under the name of the server if it has one.
VARIABLES = ("id", "role", "is_pending", "projects")
# The URLs of the servers in each inventory, by server name. Servers without a name are under "".
_SERVERS: WeakKeyDictionary[Any, dict[str, list[str]]] = WeakKeyDictionary()


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads a server and creates hosts and groups from it."""

    NAME = "lifecycle.n8n.n8n"

    def verify_file(self, path: str) -> bool:
        """Return whether `path` is a file for this plugin."""
        return bool(super().verify_file(path)) and path.endswith((".n8n.yml", ".n8n.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read the file at `path`, and then the server that it names."""
        super().parse(inventory, loader, path)
        try:
            self._read_config_data(path)
            self._name = self._server_name()
            connection = connection_of(self, self.templar, self._given, self._variables)
            self._check_servers(connection.url)
            found = self._found(connection, path, cache)
            self._note_server(connection.url)
            self._add_projects(found["projects"], found["users"])
            for user in found["users"]:
                self._add_user(user)
        except AnsibleError as error:
            raise AnsibleParserError(str(error)) from None

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Resolve the templates in the file before the options are validated, because a number may be a template."""
        self.templar.available_variables = var_options or {}
        self._given, self._variables = direct or {}, resolved_variables(var_options, self.templar)
        given = resolved(self._given, self.templar)
        super().set_options(task_keys=task_keys, var_options=self._variables, direct=given)

    def _server_name(self) -> str:
        """Return the server name, or "" if there is none; raises AnsibleError if no group name can begin with it."""
        name = str(self.get_option("server_name") or "")
        if name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise AnsibleError(
                f'server_name "{name}" cannot be part of a group name. Use letters, digits and underscores, and do not begin with '
                "a digit."
            )
        return name

    def _check_servers(self, url: str) -> None:
        """Raise AnsibleError if another server of this inventory has the same server name."""
        others = [other for other in _SERVERS.get(self.inventory, {}).get(self._name, []) if other != url]
        if self._name and others:
            raise AnsibleError(
                f'server_name "{self._name}" is set for two servers, {others[0]} and {url}. Set a different name for '
                "each server."
            )

    def _note_server(self, url: str) -> None:
        """Record the server, and warn if two servers share the same groups."""
        urls = _SERVERS.setdefault(self.inventory, {}).setdefault(self._name, [])
        others = [other for other in urls if other != url]
        if others and not self._name and url not in urls:
            self.display.warning(
                f"The inventories of {' and '.join([*others, url])} have no server_name. Their groups contain the "
                f"users of all these servers. A user of several servers has only the variables of {url}. Set "
                "server_name in each file."
            )
        if url not in urls:
            urls.append(url)

    def _found(self, connection: Connection, path: str, cache: bool) -> dict[str, Any]:
        """Return users and projects from n8n or from the cache."""
        caching = self.get_option("cache")
        # The key depends on the server, because the same file may name another server later. It has a hash of the URL,
        # because the key may become the name of a file.
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
            self.inventory.add_group(self._group(self._groups[project_id]))
            if self._groups[project_id] != _safe(f"project_{to_nfc(name)}"):
                self.display.warning(
                    f"Several projects of this n8n would share a group, so the group of {name!r} is named {self._group(self._groups[project_id])}."
                )

    def _add_user(self, user: dict[str, Any]) -> None:
        host = self.inventory.add_host(mark_as_data(user["email"]))
        groups = [_safe(f"role_{user['role']}"), *(["pending"] if user["is_pending"] else [])]
        for project in user["projects"]:
            group = self._groups[project["id"]]
            groups += [group, role_group(group, project["role"], _safe)]
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(self._group(group)), host)
        values = {name: mark_as_data(user[name]) for name in VARIABLES}
        own = {f"n8n_{name}": value for name, value in values.items()}
        if self._name:
            before = self.inventory.get_host(host).get_vars().get("n8n_by_server")
            servers = dict(before) if isinstance(before, dict) else {}
            self.inventory.set_variable(host, "n8n_by_server", {**servers, self._name: values})
        else:
            for name, value in own.items():
                self.inventory.set_variable(host, name, value)
        self._construct(host, own if self._name else {})

    def _group(self, name: str) -> str:
        """Return the name of a group of this server in the inventory."""
        return f"{self._name}_{name}" if self._name else name

    def _construct(self, host: str, own: dict[str, Any]) -> None:
        """Add the variables and groups that the options compose.

        The templates also have access to `own`, the variables of this server if it has a name.
        """
        strict = self.get_option("strict")

        def variables() -> dict[str, Any]:
            return {**self.inventory.get_host(host).get_vars(), **own}

        self._set_composite_vars(self.get_option("compose"), variables(), host, strict=strict)
        for add, option in (
            (self._add_host_to_composed_groups, "groups"),
            (self._add_host_to_keyed_groups, "keyed_groups"),
        ):
            add(self.get_option(option), variables(), host, strict=strict, fetch_hostvars=False)


def _safe(text: str) -> str:
    return str(to_safe_group_name(text, force=True, silent=True))
