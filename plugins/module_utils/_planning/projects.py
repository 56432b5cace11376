# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans creations, renames and deletions of projects, and finds projects by the names in the list. PURE."""

from __future__ import annotations

from .._changes.change import Change
from .._desired.desired import DesiredProject
from .._errors import InputError
from .._state.model import Project, State, require_single
from .._state.names import project_name, to_nfc
from .._state.similar_names import similar_name
from .context import PlanContext
from .deletion import handover_target, project_deletion


class ProjectPlanner:
    """Plans entries about projects. `by_reference` has the projects by the ids and names that the list uses."""

    def __init__(self, context: PlanContext) -> None:
        self.context = context
        self.by_reference: dict[str, Project | None] = {}
        # The projects of the list by the names that they are to have, in Unicode form NFC.
        self._project_by_listed_name: dict[str, Project] = {}

    def plan(self, desired: DesiredProject) -> None:
        """Plan the changes for one entry; raises InputError."""
        if desired.id is not None:
            project = self.context.state.find_project(desired.id)
            if project is not None and project.id != desired.id:
                project = None
        else:
            project = require_single(desired.name or "", self.context.state.projects_named(desired.name or ""))
        if not desired.present:
            if project is not None:
                self._delete_project(project)
            elif desired.id is None:
                self.context.note_missing_project(desired.name or "")
            return
        if project is None:
            project = self._with_previous_name(desired)
        if project is None:
            if desired.id is not None or not self.context.desired.create_projects:
                raise InputError(missing_project(self.context.state, desired.reference))
            project = self.create(desired.name or "")
        elif desired.name is not None and to_nfc(project.name) != to_nfc(desired.name):
            self._rename(project, desired)
        other = self.context.entry_by_project.setdefault(project.key, desired)
        if other is not desired:
            raise InputError(
                f'{other.source} and {desired.source} are both project {project.id}, "{project.name}". List it once. If another '
                "project should get this name, rename this project in one run, and the other one in the next run."
            )
        if desired.id is not None:
            self.by_reference[desired.id] = project
        # The name does not mean this project if another project has the same name, or has this name as its id.
        if desired.name is not None and set(self.context.state.find_projects(desired.name)) <= {project}:
            self.by_reference[desired.name] = project
            self._project_by_listed_name[to_nfc(desired.name)] = project

    def known(self, reference: str) -> Project | None:
        """Return the project of that id or name in the list.

        The name may have another Unicode form, unless n8n has a project whose name has exactly that form.
        """
        found = self.by_reference.get(reference)
        if found is None and not self.context.state.is_named(reference):
            found = self._project_by_listed_name.get(to_nfc(reference))
        return found

    def _with_previous_name(self, desired: DesiredProject) -> Project | None:
        matches = {
            project.id: project
            for name in desired.previous_names
            for project in self.context.state.projects_named(name)
        }
        if len(matches) > 1:
            names = ", ".join(f'"{project.name}" ({project.id})' for project in matches.values())
            raise InputError(
                f'{desired.source}: several projects have a previous name of "{desired.name}": {names}. Use the id of the right project.'
            )
        return next(iter(matches.values()), None)

    def create(self, name: str) -> Project:
        """Plan the creation of a project of that name, once."""
        key = to_nfc(name)
        if key not in self.context.new_projects:
            self.context.changes.append(
                Change("create_project", project=name, after=name, reason="no project has this name yet")
            )
            self.context.new_projects[key] = Project("", name)
        return self.context.new_projects[key]

    def _rename(self, project: Project, desired: DesiredProject) -> None:
        name = project_name(desired.name, desired.source)
        named = self.known(name)
        for other in (*self.context.state.projects_named(name), *([named] if named else ())):
            raise InputError(
                f'Project "{project.name}" ({project.id}) cannot be renamed to "{name}": project {other.id} has that name already. '
                "If that project should get another name, rename it in one run, and this project in the next run."
            )
        self.context.changes.append(
            Change(
                "rename_project",
                project=project.name,
                before=project.name,
                after=name,
                reason="has another name",
                project_id=project.id,
            )
        )

    def _delete_project(self, project: Project) -> None:
        handover_options = self.context.desired.handover_options
        target = handover_target(self.context.state, handover_options)
        changes, handover = project_deletion(self.context.state, project, target)
        self.context.changes.extend(changes)
        self.context.hand_over(project.id, handover)


def missing_project(state: State, project: str) -> str:
    """Return the message for a project that does not exist, with a similar name, or else the remedy."""
    hint = similar_project_hint(state, project) or "Create it with n8n_project, or with create_projects."
    return f'Project "{project}" does not exist. {hint}'


def similar_project_hint(state: State, project: str) -> str:
    """Return the sentence that suggests the team project with a similar name, or ""."""
    other = similar_name(project, (team.name for team in state.projects if team.is_team))
    return f'Did you mean "{other}"?' if other else ""
