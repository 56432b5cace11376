# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the collection to a path that the tools of Ansible accept, and create a home folder for them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from n8n_server.install import cache_folder

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
HOME = BUILD / "home"

# Settings of the caller that would change the behavior of tools. Hooks of git set GIT_*.
_FOREIGN = re.compile(
    "N8N|ANSIBLE|MOLECULE|ANTSIBULL|GALAXY|PYTEST|PYTHON|COVERAGE|MYPY|GIT|XDG|MAKE|PYENV|VIRTUAL_ENV|LC_"
)


def environment() -> dict[str, str]:
    """Return the environment of all tools: that of the caller, without variables that would change their behavior."""
    path = [str(Path(sys.executable).parent)]
    # ansible-test would use the shims of pyenv as Python interpreters, and they do not work as such.
    path += [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if "pyenv" not in part]
    return {
        **{name: value for name, value in os.environ.items() if not _FOREIGN.match(name)},
        "PATH": os.pathsep.join(path),
        "HOME": str(HOME),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        # n8n is installed once per machine, not once per home folder.
        "LIFECYCLE_N8N_CACHE": str(cache_folder()),
    }


def stage_collection(root: Path) -> Path:
    """Copy what git tracks or would track to .build/ansible_collections/lifecycle/n8n, and return that folder."""
    staged = BUILD / "ansible_collections" / "lifecycle" / "n8n"
    shutil.rmtree(staged, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    for name in _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source, target = root / name, staged / name
        if name and (source.is_file() or source.is_symlink()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # ansible-test finds no tests below an ignored folder, so the copy is a separate repository.
    _git(staged, "init", "--quiet")
    _git(staged, "add", "--all")
    return staged


def prepare_pip() -> None:
    """Write a stub of get-pip to HOME, so that ansible-test creates virtual environments without downloading it."""
    pip_version = _pip_of_ansible_test()
    cache = HOME / ".ansible" / "test" / "cache"
    stub = cache / f"get_pip_{pip_version.replace('.', '_')}.py"
    if stub.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "download", "--no-deps", "--dest", str(cache), f"pip=={pip_version}"], check=True)
    _copy_pip_settings()
    stub.write_text(
        f"import sys\n"
        f"sys.path.insert(0, {str(cache / f'pip-{pip_version}-py3-none-any.whl')!r})\n"
        f"from pip._internal.cli.main import main\n"
        f"packages = [argument for argument in sys.argv[1:] if argument not in ('--no-setuptools', '--no-wheel')]\n"
        f"sys.exit(main(['install', '--quiet', '--find-links', {str(cache)!r}, *packages]))\n",
        encoding="utf-8",
    )


def _pip_of_ansible_test() -> str:
    spec = find_spec("ansible_test")
    assert spec and spec.submodule_search_locations, "ansible-core is not installed"
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([\d.]+)'", source)
    assert found, "this ansible-core defines the version of pip in another way"
    return found[1]


def _copy_pip_settings() -> None:
    """Copy the settings of pip, so that a mirror in them is used with the other home folder, too."""
    for name in (".config/pip/pip.conf", ".pip/pip.conf"):
        if (Path.home() / name).is_file():
            (HOME / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path.home() / name, HOME / name)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=environment(), check=True, stdout=subprocess.PIPE, text=True).stdout
