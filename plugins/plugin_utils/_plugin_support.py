# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect lookups and the inventory to the client: read the options of a plugin, and return the state of n8n."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ..module_utils._server.client import Client
from ..module_utils._errors import N8nError
from ..module_utils._state.model import State
from ..module_utils._state.names import check_ascii
from ..module_utils._desired.omitted import is_omitted
from ..module_utils._server.options import CONNECTION_OPTIONS, Connection, with_variables
from ..module_utils._server.state_reader import read
from ..module_utils._server.api import Api
from ..module_utils._state.read_request import ReadRequest

# The first function makes text without a brace plain text. The second makes text with a brace a value that is no
# template.
_as_plain_text: Callable[[str], Any]
_as_unsafe_text: Callable[[str], Any]
try:
    # From 2.19 on, text is not a template unless it is trusted, and ansible-inventory marks all text that is not
    # trusted.
    from ansible.template import trust_as_template

    _as_plain_text, _as_unsafe_text = trust_as_template, str
except ImportError:
    # In earlier versions, text is a template unless it is marked, and ansible-inventory shows the mark.
    from ansible.utils.unsafe_proxy import wrap_var

    _as_plain_text, _as_unsafe_text = str, wrap_var


def connection_of(plugin: Any, templar: Any, given: Mapping[str, Any], variables: Mapping[str, Any]) -> Connection:
    """Return the connection that the options of a plugin describe. Values from variables may be templates.

    `given` are the options in the call of a lookup or in the file of an inventory. They precede those in `variables`.
    """

    options = resolved({name: plugin.get_option(name) for name in CONNECTION_OPTIONS}, templar)
    in_call = {name: options[name] for name in CONNECTION_OPTIONS if name in given}
    of_variables = {
        name: options[name]
        for name in CONNECTION_OPTIONS
        if variables.get(f"n8n_{name}") is not None and name not in in_call
    }
    try:
        connection = Connection.from_options({**options, **with_variables(in_call, of_variables)})
    except N8nError as error:
        raise AnsibleError(str(error)) from None
    note = connection.expiry_note(datetime.now(timezone.utc))
    if note:
        Display().warning(note)
    return connection


def resolved(options: Mapping[str, Any], templar: Any) -> dict[str, Any]:
    """Return `options`, with the templates in connection options resolved by `templar`."""
    return {
        name: templar.template(value) if name in CONNECTION_OPTIONS and isinstance(value, (str, dict)) else value
        for name, value in options.items()
    }


def resolved_variables(variables: Mapping[str, Any] | None, templar: Any) -> dict[str, Any]:
    """Return `variables`, with the templates in variables of connection options resolved.

    Ansible checks the type of an option before it would resolve the template in a variable.
    """
    given = variables or {}
    return {
        **given,
        **{name: variable_value(given, name, templar) for name in map("n8n_{}".format, CONNECTION_OPTIONS)},
    }


def variable_value(variables: Mapping[str, Any], name: str, templar: Any) -> Any:
    """Return the value of a variable, which may be a template, or None if it is not set or omitted."""
    if variables.get(name) is None:
        return None
    # ansible-core 2.19 and later removes an omitted value from a dictionary only. Alone, it is an error.
    value = templar.template({name: variables[name]}).get(name)
    return None if is_omitted(value) else value


def names_in(terms: Iterable[Any]) -> tuple[str, ...]:
    """Return the terms of a lookup as text, without omitted ones.

    Raises AnsibleError for a term that cannot be a name, an email or an id.
    """
    names = tuple(name for name in terms if not is_omitted(name))
    for name in names:
        if isinstance(name, bool) or not isinstance(name, (str, int)) or not str(name).strip():
            raise AnsibleError(f"A term must be a name, an email, an id, or a list of these, but one term is {name!r}.")
    return tuple(map(str, names))


def users_in(terms: Iterable[Any]) -> tuple[str, ...]:
    """Return the terms of a lookup as emails and ids; raises AnsibleError for a term that cannot be one of these."""
    try:
        return tuple(check_ascii(name, "A term") for name in names_in(terms))
    except N8nError as error:
        raise AnsibleError(str(error)) from None


def options_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options in a call of a lookup, without the omitted ones, for which the defaults apply."""
    return {name: value for name, value in options.items() if not is_omitted(value)}


def read_state(connection: Connection, request: ReadRequest) -> State:
    """Return the state that `request` asks for; raises AnsibleError with the cause."""
    try:
        with Client(connection, read_only=True) as client:
            return read(Api(client), request)
    except N8nError as error:
        raise AnsibleError(str(error)) from None


def mark_as_data(value: Any) -> Any:
    """Return `value` for a variable as data: a project name that looks like a template is not resolved."""
    if isinstance(value, dict):
        return {key: mark_as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mark_as_data(item) for item in value]
    if isinstance(value, str):
        return _as_unsafe_text(value) if "{" in value else _as_plain_text(value)
    return value
