# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_full_path, which returns the full path for a path variable of a role."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: n8n_full_path
short_description: Return the full path for a path variable of a role
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns a relative path as a full path below the folder of the playbook.
  - If the playbook is one of this collection, the full path is below the current folder of C(ansible-playbook). So no file is written into
    the folder of the installed collection.
  - A path that begins with C(/), C(~) or C($) is returned unchanged. The host that uses the path resolves it.
  - The roles of this collection apply this filter to all of their path variables.
positional: playbook_dir
options:
  _input:
    description: The path. If there is no path (an empty text or null), the filter returns an empty text.
    type: raw
    required: true
  playbook_dir:
    description: The folder of the playbook, which is the value of the variable C(playbook_dir).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show where the role writes the report
  ansible.builtin.debug:
    msg: "{{ 'reports/n8n.html' | lifecycle.n8n.n8n_full_path(playbook_dir) }}"
"""

RETURN = r"""
_value:
  description: The full path, or an empty text if there is no path.
  type: str
  sample: /srv/automation/reports/n8n.html
"""

# The folder in which ansible-playbook finds the playbooks of this collection.
_SHIPPED = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "playbooks")


def n8n_full_path(path: Any, playbook_dir: Any) -> str:
    """Return `path` as a full path, "" for None and ""; raises AnsibleFilterError for a value that is not a path."""
    if path is None or path == "":
        return ""
    if not isinstance(path, str):
        raise AnsibleFilterError(f"n8n_full_path: a path must be text, but {path!r} is not text. Put it in quotes.")
    if path.startswith(("/", "~", "$")):
        return path
    return os.path.join(_base(str(playbook_dir)), path)


def _base(playbook_dir: str) -> str:
    """Return the folder at which relative paths start."""
    if os.path.realpath(playbook_dir) != os.path.realpath(_SHIPPED):
        return os.path.abspath(playbook_dir)
    try:
        return os.getcwd()
    except OSError as error:
        raise AnsibleFilterError(
            f"n8n_full_path: the current folder cannot be read: {error}. Use a full path, or change to a folder that exists."
        ) from error


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_full_path": n8n_full_path}
