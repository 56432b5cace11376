# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in role variables: relative to the playbook, or to the current folder with a playbook of the collection."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lifecycle.n8n.plugins.filter.n8n_full_path import FilterModule, n8n_full_path

COLLECTION_PLAYBOOKS = Path(__file__).resolve().parents[4] / "playbooks"


def test_path_is_relative_to_folder_of_user_playbook(tmp_path: Path) -> None:
    assert n8n_full_path("a/report.html", str(tmp_path)) == f"{tmp_path}/a/report.html"
    assert FilterModule().filters() == {"n8n_full_path": n8n_full_path}


def test_path_is_relative_to_current_folder_with_collection_playbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    linked = tmp_path / "linked"
    linked.symlink_to(COLLECTION_PLAYBOOKS)
    for playbook_dir in (COLLECTION_PLAYBOOKS, f"{COLLECTION_PLAYBOOKS}/", linked):
        assert n8n_full_path("report.html", str(playbook_dir)) == f"{tmp_path}/report.html"
    # In a checkout, playbooks of a user can be next to the playbooks of the collection.
    assert (
        n8n_full_path("report.html", str(COLLECTION_PLAYBOOKS.parent)) == f"{COLLECTION_PLAYBOOKS.parent}/report.html"
    )


@pytest.mark.parametrize("path", ["/srv/report.html", "~/report.html", "~ada/report.html", "$HOME/report.html"])
def test_absolute_path_and_path_with_variable_are_unchanged(path: str) -> None:
    assert n8n_full_path(path, str(COLLECTION_PLAYBOOKS)) == path


@pytest.mark.parametrize("path", ["", None])
def test_missing_path_returns_empty_string(path: str | None) -> None:
    assert n8n_full_path(path, str(COLLECTION_PLAYBOOKS)) == ""


@pytest.mark.parametrize("path", [7, ["a"], {"a": 1}, True])
def test_value_that_is_not_text_is_refused(path: object) -> None:
    with pytest.raises(AnsibleFilterError, match="n8n_full_path: a path must be text, but .* is not text"):
        n8n_full_path(path, str(COLLECTION_PLAYBOOKS))


def test_deleted_current_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted = tmp_path / "deleted"
    deleted.mkdir()
    monkeypatch.chdir(deleted)
    deleted.rmdir()
    with pytest.raises(AnsibleFilterError, match="the current folder cannot be read"):
        n8n_full_path("report.html", str(COLLECTION_PLAYBOOKS))
