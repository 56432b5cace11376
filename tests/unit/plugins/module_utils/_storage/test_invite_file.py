# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the file of invitation links: its mode, its content, and errors."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._errors import InputError, N8nError
from ansible_collections.lifecycle.n8n.plugins.module_utils._storage.invite_file import InviteFile

ANN = {"ann@example.com": "https://n8n.example.com/signup?token=a"}
BOB = {"bob@example.com": "https://n8n.example.com/signup?token=b"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "invites.json"


def links_in(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_is_readable_only_by_its_owner(path: Path) -> None:
    before = os.umask(0)
    try:
        InviteFile(str(path)).add(ANN)
    finally:
        os.umask(before)
    assert links_in(path) == ANN
    assert mode(path) == 0o600


def test_file_is_not_created_without_links(path: Path) -> None:
    InviteFile(str(path)).add({})
    assert not path.exists()


def test_links_are_added_to_existing_links(path: Path) -> None:
    InviteFile(str(path)).add(ANN)
    file = InviteFile(str(path))
    file.add(BOB)
    file.add({"ünal@example.com": "https://n8n.example.com/signup?token=ü"})
    assert links_in(path) == {**ANN, **BOB, "ünal@example.com": "https://n8n.example.com/signup?token=ü"}


def test_new_link_of_a_user_replaces_the_old_link(path: Path) -> None:
    file = InviteFile(str(path))
    file.add(ANN)
    file.add({"ann@example.com": "https://n8n.example.com/signup?token=new"})
    assert links_in(path) == {"ann@example.com": "https://n8n.example.com/signup?token=new"}


def test_mode_of_a_readable_file_is_restricted(path: Path) -> None:
    path.write_text("{}", "utf-8")
    path.chmod(0o644)
    InviteFile(str(path)).add(ANN)
    assert mode(path) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"plain text"])
def test_file_with_other_content_is_rejected_and_unchanged(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path}, which exists and is not a file of links: .*Move the file"):
        InviteFile(str(path))
    assert path.read_bytes() == content


def test_folder_is_rejected(path: Path) -> None:
    path.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        InviteFile(str(path))


def test_symbolic_link_is_kept_and_its_target_is_written(path: Path) -> None:
    target = path.parent / "target.json"
    path.symlink_to(target)
    InviteFile(str(path)).add({"ada@example.com": "https://n8n.example.com/signup?token=1"})
    assert path.is_symlink() and stat.S_IMODE(target.stat().st_mode) == 0o600


def test_links_added_by_another_run_are_kept(path: Path) -> None:
    first, second = InviteFile(str(path)), InviteFile(str(path))
    second.add({"grace@example.com": "https://n8n.example.com/signup?token=2"})
    first.add({"ada@example.com": "https://n8n.example.com/signup?token=1"})
    assert sorted(json.loads(path.read_text("utf-8"))) == ["ada@example.com", "grace@example.com"]


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_path_in_an_unwritable_folder_is_rejected(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match=f"{folder} is not a writable folder"):
        InviteFile(str(tmp_path / folder / "invites.json"))


def test_relative_path_is_rejected() -> None:
    with pytest.raises(InputError, match="invites.json. Set the full path of the file"):
        InviteFile("invites.json")


@pytest.mark.parametrize("function", ["tempfile.mkstemp", "os.replace", "os.chmod"])
def test_write_error_is_reported_without_showing_links(
    function: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = InviteFile(str(path))
    file.add(ANN)

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(function, fail)
    with pytest.raises(
        N8nError, match="The links of 1 invitation could not be written to .*No space left on device.*resend_invite"
    ) as caught:
        file.add(BOB)
    monkeypatch.undo()
    assert "token=" not in str(caught.value)
    assert links_in(path) == ANN
    assert list(path.parent.iterdir()) == [path]
