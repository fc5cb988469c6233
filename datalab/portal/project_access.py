"""Which person may do what in which project: every page below ``projects/<slug>/`` asks here."""

from __future__ import annotations

from starlette.requests import Request

from datalab.errors import ProjectClosed, RightMissing, UnknownProject
from datalab.i18n import Phrase
from datalab.people.rights import PROJECT_MEANING, ProjectRight, may_in_project
from datalab.portal.person import Person, signed_in
from datalab.projects.project import Project

CHANGES: tuple[ProjectRight, ...] = ("project:edit", "project:publish", "project:restore-version")
STATE = {"archived": Phrase("archived"), "deleted": Phrase("deleted")}


def project_for(request: Request, slug: str, right: ProjectRight) -> tuple[Person, Project]:
    """The person who asks and the project, where they hold ``right`` in it.

    Raises
    ------
    SignInNeeded, UnknownProject, RightMissing
    ProjectClosed
        where ``right`` changes the work of a project that is archived or deleted.
    """
    person = signed_in(request)
    projects = request.app.state.projects
    project: Project = projects.get(slug)
    role = project.manifest.role_of(person.name, person.account.created_at)
    if not may_in_project(role, right):
        raise RightMissing(right=PROJECT_MEANING[right], whom=Phrase("an owner of the project"))
    if project.manifest.status == "deleted" and role != "owner":
        raise UnknownProject(slug, ())
    if project.manifest.status != "active" and right in CHANGES:
        raise ProjectClosed(slug=slug, state=STATE[project.manifest.status])
    return person, project
