# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the warnings of a task that fails because of a conflict."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.change import Change
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.outcome import ConflictError, Outcome
from ansible_collections.lifecycle.n8n.plugins.module_utils._changes.plan import Plan
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor import task as task_file
from ansible_collections.lifecycle.n8n.plugins.module_utils._executor.task import Task
from ansible_collections.lifecycle.n8n.plugins.module_utils._server.state_reader import read
from ansible_collections.lifecycle.n8n.plugins.module_utils._state.read_request import ReadRequest
from ansible_collections.lifecycle.n8n.plugins.modules import n8n_user
from ansible_collections.lifecycle.n8n.tests.unit.fake_n8n import FakeN8n
from ansible_collections.lifecycle.n8n.tests.unit.module_runs import run

ADA = "ada@example.com"
NOTE = "The table was copied with another name."


def task_with(monkeypatch: pytest.MonkeyPatch, conflicts: int) -> tuple[Task, Plan]:
    """Return a task and its plan, which leads to a note and to that number of conflicts."""
    change = Change("change_user_role", ADA, before="global:member", after="global:admin")
    conflict = {**change.to_result(), "reason": "not changed: the role is now global:chatUser"}
    outcome = Outcome(notes=[NOTE], conflicts=[conflict] * conflicts)
    monkeypatch.setattr(task_file, "apply", lambda *_arguments: outcome)
    n8n = FakeN8n()
    return Task(n8n, check_mode=False, wants_diff=False), Plan.of(read(n8n, ReadRequest()), [change])


@pytest.mark.parametrize("conflicts", [1, 2])
def test_conflict_of_a_single_object_keeps_the_other_notes(monkeypatch: pytest.MonkeyPatch, conflicts: int) -> None:
    task, plan = task_with(monkeypatch, conflicts)
    with pytest.raises(ConflictError, match="the role is now global:chatUser"):
        task.apply_single(plan)
    assert task.outcome.notes == [NOTE]


def test_conflict_of_a_list_is_a_further_note(monkeypatch: pytest.MonkeyPatch) -> None:
    task, plan = task_with(monkeypatch, 1)
    first, second = task.apply(plan).notes
    assert first == NOTE and second.startswith("1 change was not made, because another user or task changed")


def test_warning_about_an_invitation_stays_if_the_task_fails_by_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another task changes the role while this task invites the user again, so the invitation was sent."""
    n8n = FakeN8n()
    user_id = n8n.add_user(ADA, pending=True)
    n8n.before_call["find_user", 2] = lambda: n8n.set_user_role(user_id, "global:admin")
    tasks: list[Task] = []
    init = Task.__init__

    def remember(task: Task, *arguments: Any, **keywords: Any) -> None:
        init(task, *arguments, **keywords)
        tasks.append(task)

    monkeypatch.setattr(Task, "__init__", remember)
    with pytest.raises(ConflictError):
        run(n8n_user, n8n, email=ADA, role="chatUser", resend_invite=True)
    (task,) = tasks
    assert [note.partition(". ")[0] for note in task.outcome.notes] == [f"n8n sent no mail to {ADA}"]
