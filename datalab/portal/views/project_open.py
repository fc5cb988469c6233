"""The door to the live notebook: who may, goes on to JupyterLab; who may not, reads why and what
else there is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.i18n import Language, translate
from datalab.portal.following import follow_project, is_shared
from datalab.portal.language import language_of
from datalab.portal.live_door import spawn_address
from datalab.portal.notebooks import first_of
from datalab.portal.page import render
from datalab.portal.person import signed_in
from datalab.portal.project_card import Sight
from datalab.portal.views.project import visible
from datalab.projects.files import DEEPEST
from datalab.projects.project import Project

router = APIRouter(include_in_schema=False)
LONGEST_PATH = 400


@dataclass(frozen=True)
class RefusedView:
    """Why not, and the other ways: the guided view where there is one."""

    slug: str
    title: str
    sentence: str
    guided: str | None


@router.get("/projects/{slug}/open")
def open_(request: Request, slug: str, notebook: str = "") -> Response:
    person = signed_in(request)
    project, sight = visible(request, slug)
    language = language_of(request)
    refusal = _refusal(project, sight, language)
    if refusal:
        return _refused(request, project, sight, *refusal)
    if not is_shared(request, project, person.name) and not follow_project(request, slug):
        sentence = translate(
            "The hub does not answer just now. Try again in a moment: nothing is lost.", language
        )
        return _refused(request, project, sight, 503, sentence)
    wanted = notebook if _is_notebook(notebook) else None
    address = spawn_address(request, project, language, wanted)
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def _refusal(project: Project, sight: Sight, language: Language) -> tuple[int, str] | None:
    if project.reference:
        return 409, translate(
            "This example comes with the lab and has no shared notebook. Start a project from it.",
            language,
        )
    if project.manifest.status == "archived":
        return 409, translate(
            "This project is archived: its shared notebook is closed. An owner can open it again.",
            language,
        )
    if project.manifest.status == "deleted":
        return 409, translate(
            "This project was deleted: its shared notebook is closed. An owner can restore it.",
            language,
        )
    if sight.may("project:edit"):
        return None
    if sight.role:
        return 403, translate(
            "You read this project: its shared notebook is for those who write in it. The guided "
            "view shows it, lets you try its settings and comment.",
            language,
        )
    return 403, translate(
        "The shared notebook is for the members of this project. Ask one of its owners to add you.",
        language,
    )


def _refused(
    request: Request, project: Project, sight: Sight, status: int, sentence: str
) -> Response:
    language = language_of(request)
    first = first_of(project, language) if sight.may("project:view") else None
    guided = f"{request.app.state.prefix}/projects/{project.slug}/guided/{quote(first or '')}"
    title = project.manifest.title.in_(language)
    view = RefusedView(project.slug, title, sentence, guided if first else None)
    return render(request, "project_refused.html", {"view": view}, status=status)


def _is_notebook(path: str) -> bool:
    """A path that JupyterLab can open below the work folder; it says itself where there is none."""
    parts = path.split("/")
    return (
        0 < len(path) <= LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and len(parts) <= DEEPEST
        and not any(part in {"", ".", ".."} or part.startswith(".") for part in parts)
    )
