# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep connections, scopes, roles, and names of projects between the tasks of one process, such as a loop."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from .api import Api
from .client import Client
from .options import Connection

# A process that uses more servers or keys closes the connection that it used longest ago.
_MAX_KEPT = 8
# The clients by process, connection and environment, which may name a proxy. A forked process never uses an entry of its
# parent.
_KEPT: dict[tuple[int, Connection, tuple[tuple[str, str], ...]], Client] = {}


@contextmanager
def kept_api(connection: Connection, read_only: bool) -> Generator[Api]:
    """Provide the calls of one task. They use the connection of an earlier task of this process, if there is one.

    The threads of the task end with it. If the task is interrupted, no thread sends a further request.
    """
    key = (os.getpid(), connection, tuple(sorted(os.environ.items())))
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
