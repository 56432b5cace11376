#!/usr/bin/python
# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: n8n_evidence
short_description: Append a line to a file of evidence
version_added: 0.1.0
description:
  - Appends one line of JSON to a file that several runs share. A lock and one write make sure that lines of parallel runs do not mix.
  - Existing lines stay. The file has mode 0600.
  - The roles P(lifecycle.n8n.onboard#role), P(lifecycle.n8n.offboard#role) and P(lifecycle.n8n.sync#role) use this module with the filter
    P(lifecycle.n8n.n8n_run_record#filter). The JSON schema C(docs/evidence.schema.json) of the collection describes their lines.
author:
  - lifecycle.n8n contributors (@lifecycle)
options:
  path:
    description: The file. Its folder must exist.
    type: path
    required: true
  entry:
    description:
      - The line. A line of the roles has the following keys.
      - C(format) is the number of this format. C(time) is the time of the run in UTC. C(role) is the name of the role.
      - C(host) is the inventory host, and C(server) is the URL of the server.
      - C(user) is the user who ran Ansible. C(job) has the C(id), the C(template) and the C(user) of the job of an automation platform, or
        it is C(null).
      - C(state) is V(done), V(incomplete) if some changes failed or were impossible, V(refused) if nothing was changed, or V(unreachable).
        C(error) is the message, or an empty text.
      - C(digest) is the digest of the plan. C(done) lists the changes that were made. C(failed) lists the failed calls. C(not_tried) lists
        the changes that were not tried. C(conflicts) lists the changes that another user or task has prevented. C(impossible) lists what
        is impossible for leavers.
      - C(remaining_access) lists what leavers can still reach, each with the C(user), as in
        RV(lifecycle.n8n.n8n_offboard#module:users[].residual_access).
      - C(unknown) lists what n8n does not show, each with the C(user), or C(null) for the whole server, and the C(reason).
    type: dict
    required: true
attributes:
  check_mode:
    description: Checks in check mode that the file can be written, and writes nothing.
    support: full
  diff_mode:
    description: The module returns no diff.
    support: none
  idempotent:
    description: Each run appends a line.
    support: none
"""

EXAMPLES = r"""
- name: Keep evidence
  lifecycle.n8n.n8n_evidence:
    path: "{{ playbook_dir }}/evidence.jsonl"
    entry:
      time: "2026-11-01T02:00:00Z"
      user: ada
      error: ""
"""

RETURN = r"""
path:
  description: The path of the file.
  returned: always
  type: str
  sample: /srv/automation/evidence.jsonl
"""

from typing import Any

from ..module_utils._errors import N8nError
from ..module_utils._storage.evidence_file import append_entry, check_evidence_path

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "entry": {"type": "dict", "required": True},
}


def main() -> None:
    """Run the module."""
    from ..module_utils._ansible_module import N8nModule

    module = N8nModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    path = module.params["path"]
    try:
        check_evidence_path(path)
        if not module.check_mode:
            append_entry(path, module.params["entry"])
    except N8nError as error:
        module.fail_json(msg=str(error), path=path)
    module.exit_json(changed=True, path=path)


if __name__ == "__main__":
    main()
