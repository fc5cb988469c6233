"""The guided view of a notebook: read it, set its controls, run it for oneself, talk about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import DatalabError, UnknownPage, UnknownRun
from datalab.i18n import Language, Phrase, translate
from datalab.people.rights import may_in_project
from datalab.portal import guided, streams
from datalab.portal.conversation import Conversation, conversation
from datalab.portal.form import form_of
from datalab.portal.guided import Cell
from datalab.portal.language import language_of, now
from datalab.portal.page import render
from datalab.portal.person import Person
from datalab.portal.project_access import project_for
from datalab.portal.rerun import Run
from datalab.portal.temporary import temporary
from datalab.projects import pictures, saved
from datalab.projects.project import Project
from datalab.projects.saved import SavedNotebook

router = APIRouter()
ASK = 15  # ticks between two questions whether the person is still in the project


@dataclass(frozen=True)
class Progress:
    """Where a run stands, in words. ``busy`` until it is over."""

    words: str
    busy: bool
    failed: bool = False


@dataclass(frozen=True)
class Draft:
    """A comment that was not saved: what was typed is kept, beside the reason."""

    cell: str
    parent: str
    comment: str
    text: str
    message: str


@dataclass(frozen=True)
class GuidedView:
    slug: str
    project: str
    title: str
    notebook: str
    address: str
    cells: list[Cell]
    talk: Conversation
    run: Run | None
    progress: Progress | None
    lost: str
    may_edit: bool
    draft: Draft | None = None

    @property
    def adjustable(self) -> bool:
        return any(cell.fields for cell in self.cells)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever computed."""
        return not any(cell.shown or cell.fields for cell in self.cells if cell.kind == "code")


@router.get("/projects/{slug}/guided/{path:path}", include_in_schema=False)
def show(request: Request, slug: str, path: str, run: str = "") -> Response:
    person, project = project_for(request, slug, "project:view")
    return _page(request, person, project, path, run)


@router.post("/projects/{slug}/guided/{path:path}", include_in_schema=False)
async def recompute(request: Request, slug: str, path: str) -> Response:
    """Put a run in line, then show the page that follows it."""
    person, project = project_for(request, slug, "project:view")
    form = await form_of(request)
    notebook = await run_in_threadpool(_notebook, project, path)
    work = temporary(request.app, person, slug)
    run = request.app.state.reruns.start(
        person, slug, notebook, guided.given(form), language_of(request), work
    )
    address = f"{_address(request, slug, path)}?run={run.id}"
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"run": run.id, "address": address}, headers=NO_STORE)
    place = str(form.get("at", ""))
    return RedirectResponse(f"{address}#cell-{quote(place)}" if place else address, 303)


NO_STORE = {"Cache-Control": "no-store"}


@router.post("/projects/{slug}/runs/{run}/cancel", include_in_schema=False)
async def cancel(request: Request, slug: str, run: str) -> Response:
    person, _ = project_for(request, slug, "project:view")
    await form_of(request)
    found = request.app.state.reruns.get(person, slug, run)
    request.app.state.reruns.cancel(found)
    return RedirectResponse(f"{_address(request, slug, found.notebook.path)}?run={run}", 303)


@router.get("/projects/{slug}/runs/{run}/events", include_in_schema=False)
def events(request: Request, slug: str, run: str) -> Response:
    """``cell`` for each cell that changed, ``progress`` for the whole, until the run is over."""
    person, _ = project_for(request, slug, "project:view")
    followed: Run = request.app.state.reruns.get(person, slug, run)
    language = language_of(request)

    async def told() -> AsyncIterator[str]:
        seen, told_cells, said = -1, 0, None
        yield "retry: 3000\n\n"
        async for tick in streams.ticks():
            if tick % ASK == ASK - 1 and not await run_in_threadpool(_still, request, slug):
                yield streams.event("gone", {})
                return
            if tick % streams.HEARTBEAT == 0:
                yield ": \n\n"
            if followed.version != seen:
                seen = followed.version
                changed = followed.changes[told_cells:]
                told_cells += len(changed)
                for cell in dict.fromkeys(changed):
                    part = await run_in_threadpool(_part, request, slug, followed, cell, language)
                    yield streams.event("cell", part)
            progress = progress_of(request, followed, language)
            if progress != said:
                said = progress
                document = {"words": said.words, "busy": said.busy, "failed": said.failed}
                yield streams.event("progress", document)
            if followed.over and followed.version == seen:
                return

    answer: Response = request.app.state.streams.answer(person.name, told)
    return answer


# Scripts of the lab's own assets, and those of the output itself: it is other people's code, and
# what contains it is the sandbox.
FRAME_POLICY = "; ".join(
    [
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'unsafe-inline' 'self'",
        "style-src 'unsafe-inline' 'self'",
        "img-src data: blob: 'self'",
        "font-src data: 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)


@router.get("/projects/{slug}/frame/{path:path}", include_in_schema=False)
def frame(request: Request, slug: str, path: str, cell: str, n: int, run: str = "") -> Response:
    """One active output alone, as a document without an origin: it can reach nothing."""
    person, project = project_for(request, slug, "project:view")
    outputs: Mapping[str, Any] = {}
    if run:
        found = request.app.state.reruns.get(person, slug, run)
        notebook, outputs = found.notebook, found.outputs
    else:
        notebook = saved.read(project, path)
    kept = next((one for one in notebook.cells if one.id == cell), None)
    listed = list(outputs.get(cell, kept.outputs if kept else ()))
    html = guided.frame_html(listed[n]) if 0 <= n < len(listed) else None
    if html is None:
        raise UnknownPage(path=request.url.path[:80])
    prefix = request.app.state.prefix
    words = guided.title_of(html) or translate("Result", language_of(request))
    body = render(
        request, "guided_frame.html", {"html": html, "words": words, "prefix": prefix}
    ).body
    return HTMLResponse(
        bytes(body),
        headers={
            "Content-Security-Policy": FRAME_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
            "Cache-Control": "private, no-store",
            "Referrer-Policy": "no-referrer",
        },
    )


def refused_comment(
    request: Request,
    person: Person,
    project: Project,
    notebook: str,
    fields: Mapping[str, Any],
    error: DatalabError,
) -> Response:
    """The page again, with what was typed and why it was not saved."""
    cell, parent, comment, text = (
        str(fields.get(key, ""))[:30_000] for key in ("cell", "parent", "comment", "text")
    )
    draft = Draft(cell, parent, comment, text, error.message(language_of(request)))
    return _page(request, person, project, notebook, "", draft, error.status)


def progress_of(request: Request, run: Run, language: Language) -> Progress:
    """Where a run stands, for whoever looks and for who listens."""
    if run.state == "waiting":
        place = request.app.state.reruns.place(run)
        words = translate(
            "Waiting for a free place. Your place in the line: {place}.", language, place=place or 1
        )
        return Progress(words, busy=True)
    if run.state == "running":
        if not run.cells:
            return Progress(translate("Preparing a temporary kernel for you…", language), busy=True)
        words = translate(
            "Computing: {done} of {all} cells done.", language, done=run.finished, all=run.cells
        )
        return Progress(words, busy=True)
    if run.state == "cancelled":
        return Progress(translate("The computation was stopped.", language), busy=False)
    if run.state == "done":
        words = translate("Computed, for you alone: nothing in the project changed.", language)
        return Progress(words, busy=False)
    if run.error is not None:
        return Progress(run.error.message(language), busy=False, failed=True)
    if isinstance(run.reason, Phrase):
        reason = run.reason.in_(language)
        words = translate("A cell could not be computed: {reason}.", language, reason=reason)
    else:
        words = translate("A cell could not be computed: it says why at its place.", language)
    return Progress(words, busy=False, failed=True)


def _page(
    request: Request,
    person: Person,
    project: Project,
    path: str,
    run: str = "",
    draft: Draft | None = None,
    status: int = 200,
) -> Response:
    language = language_of(request)
    followed: Run | None = None
    lost = ""
    if run:
        try:
            followed = request.app.state.reruns.get(person, project.slug, run)
        except UnknownRun as error:
            lost = error.message(language)
    notebook = followed.notebook if followed else _notebook(project, path)
    if notebook.path != path:
        raise UnknownPage(path=request.url.path[:80])
    moment = now().timestamp()
    talk = conversation(request.app.state.store, project, person, path, moment, language)
    role = project.manifest.role_of(person.name, person.account.created_at)
    view = GuidedView(
        slug=project.slug,
        project=project.manifest.title.in_(language),
        title=notebook.title,
        notebook=path,
        address=_address(request, project.slug, path),
        cells=_cells(notebook, followed, language),
        talk=talk,
        run=followed,
        progress=progress_of(request, followed, language) if followed else None,
        lost=lost,
        may_edit=may_in_project(role, "project:edit"),
        draft=draft,
    )
    threads = talk.threads()
    there = {cell.id for cell in view.cells}
    orphans = [thread for cell, told in threads.items() if cell not in there for thread in told]
    headers = {"Content-Security-Policy": f"{_policy(request)}; frame-src 'self'"}
    context = {"view": view, "threads": threads, "orphans": orphans}
    return render(request, "guided.html", context, status=status, headers=headers)


def _notebook(project: Project, path: str) -> SavedNotebook:
    return pictures.shown(saved.read(project, path), project.work)


def _policy(request: Request) -> str:
    from datalab.portal.headers import POLICY

    return POLICY


def _cells(notebook: SavedNotebook, run: Run | None, language: Language) -> list[Cell]:
    if run is None:
        return guided.cells_of(notebook, language)
    return guided.cells_of(notebook, language, run.outputs, run.states, run.values)


def _part(request: Request, slug: str, run: Run, cell: str, language: Language) -> dict[str, str]:
    """One cell of a run as the page shows it: its fields and its results."""
    found = next((one for one in _cells(run.notebook, run, language) if one.id == cell), None)
    if found is None:
        return {"id": cell, "state": "", "fields": "", "shown": ""}
    context = {"cell": found, "slug": slug, "notebook": run.notebook.path, "run": run.id}
    fields = bytes(render(request, "guided_fields.html", context).body).decode()
    shown = bytes(render(request, "guided_shown.html", context).body).decode()
    return {"id": cell, "state": found.state, "fields": fields, "shown": shown}


def _address(request: Request, slug: str, path: str) -> str:
    return f"{request.app.state.prefix}/projects/{slug}/guided/{quote(path)}"


def _still(request: Request, slug: str) -> bool:
    request.scope["state"].pop("person", None)
    try:
        project_for(request, slug, "project:view")
    except DatalabError:
        return False
    return True
