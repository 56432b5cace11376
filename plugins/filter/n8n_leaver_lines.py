# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the filter n8n_leaver_lines, which formats n8n_offboard results as readable lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._text import quoted

DOCUMENTATION = r"""
name: n8n_leaver_lines
short_description: Format n8n_offboard results as readable lines
version_added: 0.1.0
author:
  - lifecycle.n8n contributors (@lifecycle)
description:
  - Returns readable lines for each leaver of M(lifecycle.n8n.n8n_offboard). The lines list the access that the leaver lost, the receivers of
    the leaver's resources, the access that other users lost, and the access that the leaver still has.
  - The lines contain at most ten entries of a list. RV(lifecycle.n8n.n8n_offboard#module:users) contains all entries.
options:
  _input:
    description: The C(users) that M(lifecycle.n8n.n8n_offboard) returned, in check mode too.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Remove Grace from all projects
  lifecycle.n8n.n8n_offboard:
    users:
      - grace@example.com
  register: offboarded

- name: Show the result as readable lines
  ansible.builtin.debug:
    msg: "{{ offboarded.users | lifecycle.n8n.n8n_leaver_lines }}"
"""

RETURN = r"""
_value:
  description: A dictionary of emails and lists of lines, with one list for each leaver.
  type: dict
  sample:
    grace@example.com:
      - 'removed from: "Sales" (project:viewer)'
      - 'can still log in, as global:member'
      - "n8n does not show API keys of users. Existing keys give access to everything listed here"
"""

LONGEST = 10
UNKNOWN = "is not a user of this n8n"
NOTHING_LEFT = "has no access: the account does not exist"


def n8n_leaver_lines(leavers: Any) -> dict[str, list[str]]:
    """Return sentences by leaver; raises AnsibleFilterError if `leavers` is not a result of n8n_offboard."""
    try:
        return {leaver["email"]: _lines(leaver) for leaver in leavers}
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"n8n_leaver_lines needs the users that n8n_offboard returned. The missing or invalid part is: {error}."
        ) from None


class FilterModule:
    """The filters in this file."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"n8n_leaver_lines": n8n_leaver_lines}


def _lines(leaver: Mapping[str, Any]) -> list[str]:
    if not leaver["found"]:
        return [UNKNOWN]
    left = [f"{quoted(item['name'])} ({item['role']})" for item in leaver["memberships"]]
    lines = [
        *_line("removed from", left),
        *_line("transferred", map(_thing, leaver["transferred"])),
        *map(_copy, leaver["copied"]),
        *_line("destroyed", map(_thing, leaver["deleted"])),
        *_line("access that others lost", map(_loss, leaver["lost_shares"])),
    ]
    residual = leaver["residual_access"]
    if not residual:
        return [*lines, NOTHING_LEFT]
    if "staged" in leaver:
        lines.append(
            f"staged on {leaver['staged']['since']}; the first run after {leaver['staged']['due']} deletes the account"
        )
    return [*lines, *_still(residual)]


def _still(residual: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the remaining access of a user, with the most important access first."""
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for item in residual:
        by_type.setdefault(item["type"], []).append(item)
    own = [item for kind in ("workflow", "credential", "data_table") for item in by_type.get(kind, [])]
    shared = [item for kind in ("shared_workflow", "shared_credential") for item in by_type.get(kind, [])]
    return [
        *(f"can still log in, as {item['name']}" for item in by_type.get("instance_role", [])),
        *_line("is still in", [f"{quoted(item['name'])} ({item['role']})" for item in by_type.get("membership", [])]),
        *_line("still owns", map(_thing, own)),
        *_line("still has a share of", map(_thing, shared)),
        *(item["name"] for kind in ("invitation", "api_keys", "unseen") for item in by_type.get(kind, [])),
    ]


def _line(words: str, items: Iterable[str]) -> list[str]:
    """Return one line that lists the items, or no line if there are no items."""
    listed = list(items)
    more = [f"and {len(listed) - LONGEST} more"] if len(listed) > LONGEST else []
    return [f"{words}: {', '.join([*listed[:LONGEST], *more])}"] if listed else []


def _thing(item: Mapping[str, Any]) -> str:
    kind = item["type"].replace("shared_", "").replace("_", " ")
    return f"{kind} {quoted(item['name'])} ({item['id']})"


def _copy(item: Mapping[str, Any]) -> str:
    # In check mode, the number of rows and the new id are not known yet.
    known = f", {item['rows']} rows, now {item['new_id']}" if item["new_id"] else ""
    using = ", ".join(quoted(workflow["name"]) for workflow in item["workflows"][:LONGEST])
    ours = f"; update these workflows to use the copy: {using}" if using else ""
    return f"copied: {_thing(item)} as {quoted(item['new_name'])}{known}{ours}"


def _loss(item: Mapping[str, Any]) -> str:
    whose = item["user"] or f"project {quoted(item['project'])}"
    failing = ", ".join(quoted(workflow["name"]) for workflow in item["workflows"][:LONGEST])
    return f"{whose} loses {_thing(item)}{f', used by {failing}' if failing else ''}"
