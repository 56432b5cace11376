# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_people_from_file, which reads people from the text of a file."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from jinja2.exceptions import UndefinedError

from ..module_utils._ansible_roles.people_file import people_from_text
from ..module_utils._errors import InputError
from ..plugin_utils._untrusted import untrusted

DOCUMENTATION = r"""
name: n8n_people_from_file
short_description: Read people from the text of a CSV, JSON or YAML file
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns the people in the text of a file as a list, for the filters P(lifecycle.n8n.n8n_access_from_rules#filter) and
    P(lifecycle.n8n.n8n_sync_input#filter).
  - CSV has a header with the names of the attributes. The delimiter is a comma, a semicolon or a tab. All values are text without
    surrounding blanks. Empty lines are skipped. A row with more or fewer cells than the header is an error.
  - JSON and YAML have a list of dictionaries, or a dictionary that contains this list, for example as C(people) or C(Resources). One page
    of several, as a SCIM server or Microsoft Graph returns them, is an error.
  - The file is in UTF-8, with or without a byte order mark.
  - Errors name the file, and the line if it is known.
positional: name
options:
  _input:
    description: The text of the file.
    type: str
    required: true
  name:
    description:
      - The name or path of the file. Its extension sets the format, which is V(.csv), V(.json), V(.yml) or V(.yaml). With any other
        extension, the content sets the format.
      - Errors name the file by this name.
    type: str
    default: ''
seealso:
  - plugin: lifecycle.n8n.n8n_access_from_rules
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the access that the rules give to the people in a file
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', path) | lifecycle.n8n.n8n_people_from_file(path) | lifecycle.n8n.n8n_access_from_rules(rules) }}"
  vars:
    path: people.csv
    rules:
      - name: Sales
        match: {department: Sales}
        projects: {Sales: viewer}
"""

RETURN = r"""
_value:
  description: The people in the order of the file. Each person is a dictionary.
  type: list
  elements: dict
  sample:
    - email: ada@example.com
      department: Sales
"""


def n8n_people_from_file(text: Any, name: Any = "") -> list[Any]:
    """Return the people in the text of a file; raises AnsibleFilterError if it cannot be read."""
    try:
        return list(untrusted(people_from_text(text, str(name or ""), _load_yaml)))
    except (InputError, UndefinedError) as error:
        raise AnsibleFilterError(f"n8n_people_from_file: {error}") from None


def _load_yaml(text: str) -> Any:
    """Return the content of YAML; raises InputError with a text that follows the name of the file."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise InputError(
            f"{line}: this is not valid YAML ({problem}). Correct the file, for example by quotes around the value."
        ) from None
    except ValueError as error:
        # YAML reads 2026-02-30 as a date, and Python knows no such day.
        raise InputError(f": YAML contains an invalid value ({error}). Put it in quotes.") from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_people_from_file": n8n_people_from_file}
