# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for throwaway server processes: free ports, and a signal at the end of the parent."""

from __future__ import annotations

import ctypes
import signal
import socket

_PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of loopback that no process uses."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _number in range(count)]
    try:
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Send this signal to the calling process when its parent ends, also if the parent is killed. Linux only."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
