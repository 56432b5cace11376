# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What README and guides show is run, and does what they say.

A document is a story on an n8n that is empty, or has what the test puts there. Its blocks are taken in order: a block that
begins with `# name.yml`, or has a caption, is written to that file; of a console block each line that begins with `$ ` is run, and the
lines below it must occur in its output in that order, where `...` stands for anything; a sh block is commands alone. A
command fails if and only if `failed=1` is shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from n8n_server.server import Server

# What a reader types and the tests cannot: it needs a network, a browser's key, or is what runs these tests.
NOT_RUN = (
    r"make (demo|test|bench)",
    r"ansible-builder build .*",
    r"ansible-galaxy collection install (lifecycle\.n8n|community\.general|awx\.awx|\.)",
    r"ansible-playbook \S+/docs/platform/objects\.yml .*",
    r"python3? -m pip install (python-ldap )?requests",
    r"apt-get install .*",
    r"export (LDAP|SCIM)_UR[IL]=.*",
    r"read -rs \w+ && export \w+",
    r"export N8N_URL=\S+",
    r"PYTHONPATH=tests \.venv/bin/python -m n8n_server .*",
)


@dataclass(frozen=True)
class Block:
    """A block of code in a document."""

    language: str
    text: str
    caption: str | None = None

    @property
    def file(self) -> str | None:
        """The name of the file that it is, if its caption or its first line has one."""
        named = re.match(r"# ([\w.-]+\.\w+)$", self.text, re.MULTILINE)
        return self.caption or (named[1] if named else None)

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command of a console or sh block, with the lines shown below it."""
        if self.language == "sh":
            return [(line, []) for line in self.text.splitlines()]
        if self.language != "console":
            return []
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.strip():
                found[-1][1].append(line)
        return found


def blocks(document: Path) -> Iterator[Block]:
    """Yield the blocks of code of a Markdown or reStructuredText document."""
    text = document.read_text("utf-8")
    if document.suffix == ".md":
        for fenced in re.finditer(r"^```([\w+]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield Block(fenced[1], fenced[2])
        return
    head = r"^( *)\.\. code-block:: (\S+)\n(?:\1 +:caption: (\S+)\n)?\n"
    for block in re.finditer(head + r"((?:\1 +\S.*\n|[ ]*\n)+)", text, re.MULTILINE):
        yield Block(block[2], textwrap.dedent(block[4]).strip("\n") + "\n", block[3])


def is_run(command: str) -> bool:
    return not any(re.fullmatch(pattern, command) for pattern in NOT_RUN)


def run(command: str, folder: Path) -> tuple[int, str]:
    """Run a command line as a user would; return how it ended and what it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "ANSIBLE_NOCOLOR": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def plain(line: str) -> str:
    """Return a line without what depends on the version and the width of the terminal."""
    return re.sub(r" +", " ", line.replace('\\"', '"')).strip(" *\t")


def not_in(output: str, shown: list[str]) -> str | None:
    """Return the first of the lines shown that does not come in the output behind the one before it."""
    printed = (plain(line) for line in output.splitlines())
    for line in shown:
        pattern = re.escape(plain(line)).replace(r"\.\.\.", ".*")
        if line.strip() != "..." and not any(re.fullmatch(pattern, candidate) for candidate in printed):
            return line
    return None


def everything(n8n: Server) -> tuple[object, ...]:
    """Return who is there and who is where."""
    return sorted(user["id"] for user in n8n.everything("/users")), n8n.memberships()


def follow(document: Path, n8n: Server, folder: Path, urls: Mapping[str, str] | None = None) -> None:
    """Do in `folder` what a document tells, on an n8n that has what it assumes; fails where it is not as it shows.

    `urls` has the URLs of running servers by the URLs in the document.
    """

    def real(text: str) -> str:
        for shown_url, url in (urls or {}).items():
            text = text.replace(shown_url, url)
        return text

    for block in blocks(document):
        if block.file:
            (folder / block.file).write_text(real(block.text), encoding="utf-8")
        for command, shown in block.commands:
            if not is_run(command):
                continue
            shown = [real(line) for line in shown]
            before = everything(n8n)
            code, output = run(command, folder)
            assert (code != 0) == any("failed=1" in line for line in shown), f"$ {command}\n{output}"
            assert not_in(output, shown) is None, f"not printed: {not_in(output, shown)}\n$ {command}\n{output}"
            if "--check" in command:
                assert everything(n8n) == before
