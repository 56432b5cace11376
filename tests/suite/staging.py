# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a clean copy of the collection where Ansible's tools insist on finding one, and a home folder beside it."""

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

# Settings of the caller that would change what a tool does; GIT_* is set inside git's own hooks.
_FOREIGN = re.compile(
    "N8N|ANSIBLE|MOLECULE|ANTSIBULL|GALAXY|PYTEST|PYTHON|COVERAGE|MYPY|GIT|XDG|MAKE|PYENV|VIRTUAL_ENV|LC_"
)


def environment() -> dict[str, str]:
    """Return the environment for every tool: the caller's, without what would make a run depend on the caller."""
    path = [str(Path(sys.executable).parent)]
    # pyenv's shims look like Pythons to ansible-test and are none.
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
    """Copy what git tracks, and what it would track, to .build/ansible_collections/lifecycle/n8n; return that folder."""
    staged = BUILD / "ansible_collections" / "lifecycle" / "n8n"
    shutil.rmtree(staged, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    for name in _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source, target = root / name, staged / name
        if name and (source.is_file() or source.is_symlink()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # Below an ignored folder ansible-test finds nothing to test, so the copy is a repository of its own.
    _git(staged, "init", "--quiet")
    _git(staged, "add", "--all")
    return staged


def prepare_pip() -> None:
    """Leave in HOME what spares ansible-test, which makes virtual environments, the download of get-pip."""
    wanted = _pip_of_ansible_test()
    cache = HOME / ".ansible" / "test" / "cache"
    stub = cache / f"get_pip_{wanted.replace('.', '_')}.py"
    if stub.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "download", "--no-deps", "--dest", str(cache), f"pip=={wanted}"], check=True)
    _copy_pip_settings()
    stub.write_text(
        f"import sys\n"
        f"sys.path.insert(0, {str(cache / f'pip-{wanted}-py3-none-any.whl')!r})\n"
        f"from pip._internal.cli.main import main\n"
        f"packages = [word for word in sys.argv[1:] if word not in ('--no-setuptools', '--no-wheel')]\n"
        f"sys.exit(main(['install', '--quiet', '--find-links', {str(cache)!r}, *packages]))\n",
        encoding="utf-8",
    )


def _pip_of_ansible_test() -> str:
    spec = find_spec("ansible_test")
    assert spec and spec.submodule_search_locations, "ansible-core is not installed"
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([\d.]+)'", source)
    assert found, "this ansible-core names its pip in another way"
    return found[1]


def _copy_pip_settings() -> None:
    """A mirror that the user's own settings name must be found from the other home folder too."""
    for name in (".config/pip/pip.conf", ".pip/pip.conf"):
        if (Path.home() / name).is_file():
            (HOME / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path.home() / name, HOME / name)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, env=environment(), check=True, stdout=subprocess.PIPE, text=True).stdout
