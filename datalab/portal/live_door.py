"""The way into the live notebook of a project: the hub starts its server and goes on to Lab."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from datalab.i18n import Language
from datalab.portal.notebooks import first_of
from datalab.projects.project import Project


def lab_address(request: Request, project: Project, notebook: str | None) -> str:
    """JupyterLab of the shared server, with ``notebook`` open in it."""
    base = request.app.state.hub.removesuffix("/hub")
    tree = f"/tree/{quote(notebook)}" if notebook else ""
    return f"{base}/user/{project.account}/lab{tree}"


def spawn_address(
    request: Request, project: Project, language: Language, notebook: str | None = None
) -> str:
    """The hub's page that starts the server where it sleeps, and leads to the notebook.

    By way of ``comments/enter``, which gives JupyterLab its pass for the comments of the project.
    """
    name = notebook or first_of(project, language)
    about = f"?notebook={quote(name)}" if name else ""
    enter = f"{request.app.state.prefix}/projects/{project.slug}/comments/enter{about}"
    return f"{request.app.state.hub}/spawn/{project.account}?next={quote(enter, safe='')}"
