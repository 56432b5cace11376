# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of workflows, credentials and data tables whose owner goes."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options that say it."""

    DOCUMENTATION = r"""
options:
  transfer_to:
    description:
      - Who gets the workflows and credentials, the id or name of a team project, or the email of a user for that user's personal
        space.
      - Each keeps its id, and a published workflow stays published. What belongs together moves together, credentials before the
        workflows that use them. Archived workflows move, too.
      - Only what is owned moves. What others own and merely share stays where it is.
      - A warning says so where that user is a chat user, who can only read it, or has not accepted the invitation yet.
      - A move drops the shares of what moves. The plan and C(lost_shares) say who loses access by that.
      - n8n cannot move folders. The workflows in them move without them.
      - Right before the deletion everything is listed again. If anything is left that was not meant to be destroyed, nothing is
        deleted. If a transfer fails, nothing is deleted, and the next run goes on with what is left.
      - Excludes O(delete_resources).
    type: str
  delete_resources:
    description:
      - Whether n8n may destroy the workflows, credentials, data tables and, of a project, the variables together with their owner.
        Published workflows are unpublished first. This cannot be undone.
    type: bool
    default: false
  data_tables:
    description:
      - What becomes of data tables, which no call of n8n can move.
      - V(refuse) stops the task where there is one.
      - V(copy) makes the table anew where O(transfer_to) says, with all columns and rows, compares the two, and only then deletes
        the original. The copy has another id; C(copied) lists the workflows that name the old one. In its rows C(id), C(createdAt) and
        C(updatedAt) are new, as nobody can write them. A name that is taken there
        becomes C(NAME (from OWNER)); nothing is ever overwritten. It needs n8n 2.36 or later.
      - V(delete) destroys them. This cannot be undone.
    type: str
    choices: [refuse, copy, delete]
    default: refuse
"""
