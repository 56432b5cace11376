# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command with a throwaway n8n, or run n8n until Ctrl-C: python -m n8n_server [-- COMMAND ...]"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .install import DEFAULT_LOCK, InstallError
from .postgres import PostgresError, running_postgres
from .server import LICENSE_NOTE, OWNER, PASSWORD, Server, ServerError, running


def main() -> int:
    """Return the exit code of the command, or 0 if Ctrl-C stopped a server without a command."""
    options = _options()
    # running() needs an exception to clean up.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(128 + signal.SIGTERM))
    _say(LICENSE_NOTE)
    try:
        with (
            running_postgres() if options.postgres else nullcontext() as database,
            running(options.lock, database=database) as server,
            _stored_key(options.key_file, server.api_key),
        ):
            return _run(options.command, server) if options.command else _wait_for_ctrl_c(server, options.key_file)
    except (InstallError, PostgresError, ServerError) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT if options.command else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="n8n_server", description="Run a throwaway n8n for tests.")
    parser.add_argument(
        "--lock", type=Path, default=DEFAULT_LOCK, metavar="DIR", help="the n8n to run (a folder in locks)"
    )
    parser.add_argument("--postgres", action="store_true", help="use a throwaway PostgreSQL instead of SQLite")
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="a new file for the API key of the owner, mode 0600, deleted at the end",
    )
    parser.add_argument(
        "command", nargs="*", metavar="COMMAND", help="a command to run with N8N_URL and N8N_API_KEY set"
    )
    return parser.parse_args()


def _run(command: Sequence[str], server: Server) -> int:
    try:
        return subprocess.run(command, env={**os.environ, **server.environment()}, check=False).returncode
    except OSError as error:
        _say(f"{command[0]}: {error.strerror}")
        return 127


def _wait_for_ctrl_c(server: Server, key_file: Path | None) -> int:
    _say(f"n8n {server.version}: {server.url}\nowner: {OWNER}, password: {PASSWORD}")
    if key_file:
        _say(f"API key: in {key_file}")
    _say("Ctrl-C stops n8n and deletes its data.")
    signal.pause()
    return 0


@contextmanager
def _stored_key(file: Path | None, key: str) -> Iterator[None]:
    """Write the key to the new `file` with mode 0600, and delete the file at the end."""
    if not file:
        yield
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ServerError(f"The API key cannot be written to {file}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(f"{key}\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
