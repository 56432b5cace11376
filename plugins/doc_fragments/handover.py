# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options for the resources of a user or project that is deleted."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options in module_utils/_desired/handover_options.py."""

    DOCUMENTATION = r"""
options:
  transfer_to:
    description:
      - The id or name of a team project, or the email of a user, that receives the workflows and credentials. The email of a user means the
        personal project of that user.
      - Each workflow and each credential keeps its id, and a published workflow stays published. Archived workflows move too.
      - Workflows and credentials that belong together move together. Credentials move before the workflows that use them.
      - Only resources that the user or project owns move. Resources that other owners share with the user or project do not move.
      - If the receiving user is a chat user, a warning says that this user can only read the resources. If the receiving user has not
        accepted the invitation yet, a warning says so.
      - A transfer removes the shares of the transferred resources. The plan and C(lost_shares) list the users and projects that lose this
        access.
      - n8n cannot move folders. The workflows in a folder move without it.
      - Right before the deletion, the resources are listed again. If the owner still has a resource that must not be destroyed, the owner
        is not deleted. If a transfer fails, the owner is not deleted either, and the next run continues with the remaining resources.
      - Mutually exclusive with O(delete_resources).
    type: str
  delete_resources:
    description:
      - Whether n8n may destroy the workflows, credentials and data tables together with their owner. For a project, this includes its
        variables.
      - Published workflows are unpublished first. This cannot be undone.
    type: bool
    default: false
  data_tables:
    description:
      - How to handle data tables. The API of n8n cannot move them.
      - V(refuse) stops the task if there is a data table.
      - V(copy) creates the data table again in the destination of O(transfer_to), with all columns and rows. It compares the two tables
        before it deletes the original. V(copy) needs n8n 2.36 or later.
      - The copy has another id, and C(copied) lists the workflows that name the original. In the rows of the copy, C(id), C(createdAt) and
        C(updatedAt) are new, because the API cannot set them.
      - If the name is already taken in the destination, the copy is named V(NAME (from OWNER\)). Existing data tables are never
        overwritten.
      - V(delete) destroys the data tables. This cannot be undone.
    type: str
    choices: [refuse, copy, delete]
    default: refuse
"""
