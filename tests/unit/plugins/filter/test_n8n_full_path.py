# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of roles: relative to the playbook, or with the playbooks of the collection to the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_full_path import FilterModule, n8n_full_path

SHIPPED = Path(__file__).resolve().parents[4] / "playbooks"


def test_a_relative_path_starts_from_the_folder_of_the_playbook(tmp_path: Path) -> None:
    assert n8n_full_path("a/report.html", str(tmp_path)) == f"{tmp_path}/a/report.html"
    assert FilterModule().filters() == {"n8n_full_path": n8n_full_path}


def test_with_a_shipped_playbook_it_starts_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    linked = tmp_path / "linked"
    linked.symlink_to(SHIPPED)
    for playbook_dir in (SHIPPED, f"{SHIPPED}/", linked):
        assert n8n_full_path("report.html", str(playbook_dir)) == f"{tmp_path}/report.html"
    # Playbooks of a user may be beside those of the collection, in a checkout.
    assert n8n_full_path("report.html", str(SHIPPED.parent)) == f"{SHIPPED.parent}/report.html"


@pytest.mark.parametrize("path", ["/srv/report.html", "~/report.html", "~ada/report.html", "$HOME/report.html"])
def test_what_says_itself_where_it_is_stays(path: str) -> None:
    assert n8n_full_path(path, str(SHIPPED)) == path


@pytest.mark.parametrize("path", ["", None])
def test_without_a_path_there_is_none(path: str | None) -> None:
    assert n8n_full_path(path, str(SHIPPED)) == ""


@pytest.mark.parametrize("path", [7, ["a"], {"a": 1}, True])
def test_what_is_not_text_is_refused(path: object) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_full_path: a path must be text, but .* is not text"):
        n8n_full_path(path, str(SHIPPED))


def test_a_current_folder_that_does_not_exist_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(AnsibleFilterError, match="the current folder cannot be read"):
        n8n_full_path("report.html", str(SHIPPED))
