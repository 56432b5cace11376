# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep connections, scopes, roles, and names of projects between the tasks of one process, such as a loop."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager

from .api import Api
from .client import Client
from .options import Connection

# A process that uses more servers or keys closes the connection that it used longest ago.
_MAX_KEPT = 8
# The variables of the environment that the HTTP library reads for each request.
_TRANSPORT_VARIABLE = re.compile(r".*_proxy|(requests|curl)_ca_bundle|ssl_cert_(file|dir)|netrc|home", re.IGNORECASE)
# The clients by process, connection and such variables. A forked process never uses an entry of its parent.
_KEPT: dict[tuple[int, Connection, tuple[tuple[str, str], ...]], Client] = {}


@contextmanager
def kept_api(connection: Connection, read_only: bool) -> Generator[Api]:
    """Provide the calls of one task. They use the connection of an earlier task of this process, if there is one.

    The threads of the task end with it. If the task is interrupted, its threads start no further request.
    """
    variables = sorted(item for item in os.environ.items() if _TRANSPORT_VARIABLE.fullmatch(item[0]))
    key = (os.getpid(), connection, tuple(variables))
    client = _KEPT.pop(key, None)
    if client is None:
        client = Client(connection, read_only)
    else:
        client.start_task(read_only)
    try:
        yield Api(client)
    except BaseException:
        client.sessions.abort()
        raise
    client.sessions.end_threads()
    _KEPT[key] = client
    while len(_KEPT) > _MAX_KEPT:
        _KEPT.pop(list(_KEPT)[0]).close()
