# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a throwaway PostgreSQL on loopback for a throwaway n8n, and stop it in any case."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .processes import die_with_parent, free_ports

# Debian installs the programs of each major version in a separate folder outside PATH.
_PROGRAMS = Path("/usr/lib/postgresql")
_SECONDS = 30


class PostgresError(Exception):
    """Raised if PostgreSQL is not installed or does not start."""


@contextmanager
def running_postgres() -> Iterator[Mapping[str, str]]:
    """Run an empty PostgreSQL, and yield the environment variables with which n8n uses it.

    Raise PostgresError if PostgreSQL is not installed or does not start. The process is stopped and its folder is
    deleted at the end. PostgreSQL refuses to run as root, so root starts it as the user postgres.
    """
    programs = max(_PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        raise PostgresError(f"{_PROGRAMS} has no PostgreSQL: apt-get install postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="n8n-postgres-"))
    if user:
        shutil.chown(folder, user, user)
    (port,) = free_ports(1)
    data, log = folder / "data", folder / "postgres.log"
    try:
        _run(user, folder, programs / "initdb", "--pgdata", data, "--username=n8n", "--auth=trust", "--no-sync")
        with log.open("wb") as output:
            process = subprocess.Popen(
                # The data need not survive a crash, so PostgreSQL does not wait for the disk.
                [
                    *(programs / "postgres", "-D", data, "-p", str(port), "-k", folder),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                ],
                cwd=folder,
                user=user,
                group=user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGQUIT),
            )
        try:
            _wait(process, programs / "pg_isready", port, log)
            _run(user, folder, programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "n8n", "n8n")
            yield {
                "DB_TYPE": "postgresdb",
                "DB_POSTGRESDB_HOST": "127.0.0.1",
                "DB_POSTGRESDB_PORT": str(port),
                "DB_POSTGRESDB_DATABASE": "n8n",
                "DB_POSTGRESDB_USER": "n8n",
                "DB_POSTGRESDB_PASSWORD": "n8n",
            }
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, folder: Path, *command: str | Path) -> None:
    done = subprocess.run(
        command, cwd=folder, user=user, group=user, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise PostgresError(f"{command[0]} ended with {done.returncode}: {done.stdout.decode(errors='replace')}")


def _wait(process: subprocess.Popen[bytes], pg_isready: Path, port: int, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while subprocess.run([pg_isready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.1)
