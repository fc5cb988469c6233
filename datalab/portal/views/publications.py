"""From a notebook to a public page: it is run again, then described, then published."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import UnknownNotebook, UnknownPage
from datalab.i18n import Language, translate
from datalab.lineage.collect import collect_one
from datalab.lineage.store import Lineage
from datalab.people import audit
from datalab.people.accounts import accounts
from datalab.portal import publishing
from datalab.portal.form import form_of
from datalab.portal.headers import POLICY
from datalab.portal.language import language_of, now
from datalab.portal.notebooks import Notebook, notebooks_of
from datalab.portal.notice import onward
from datalab.portal.page import PAGE_ONLY, document, render
from datalab.portal.project_access import project_for
from datalab.portal.views.pages import MEDIA, frame_of
from datalab.projects import draft as drafts
from datalab.projects import publication as publications
from datalab.projects import saved
from datalab.projects.draft import Draft
from datalab.projects.project import Project
from datalab.projects.publication import Facts, Publication
from datalab.projects.reading import Reading
from datalab.projects.rendered import LONGEST_WORDS, Part, Rendered
from datalab.projects.rendered import render as rendered

router = APIRouter(include_in_schema=False)
LONGEST_TITLE, LONGEST_SUMMARY = 150, 1_000
ALT = "alt:"


@dataclass(frozen=True)
class ListView:
    """What may be published and what is."""

    slug: str
    name: str
    notebooks: list[Notebook]
    drafts: list[Draft]
    publications: list[Publication]


@dataclass(frozen=True)
class DraftView:
    """``pictures`` are all pictures and frames with their words so far."""

    language: Language
    slug: str
    name: str
    draft: Draft
    title: str = ""
    summary: str = ""
    pictures: list[Part] = field(default_factory=list)
    sources: list[publications.Source] = field(default_factory=list)
    errors: Mapping[str, str] = field(default_factory=dict, metadata=PAGE_ONLY)


@dataclass(frozen=True)
class Progress:
    """What a script asks for while the notebook runs."""

    state: str
    done: int
    total: int


@router.get("/projects/{slug}/publications")
def listed(request: Request, slug: str) -> Response:
    _, project = project_for(request, slug, "project:publish")
    language = language_of(request)
    view = ListView(
        slug,
        project.manifest.title.in_(language),
        notebooks_of(project, language),
        [draft for draft in drafts.of_project(project) if draft.state in {"running", "ready"}],
        publications.of_project(project),
    )
    paths = [item.path for item in view.notebooks]
    wanted = request.query_params.get("notebook", "")
    chosen = wanted if wanted in paths else next(iter(paths), "")
    return render(request, "publications.html", {"view": view, "chosen": chosen})


@router.post("/projects/{slug}/publications")
async def begin(request: Request, slug: str) -> Response:
    fields = await form_of(request)
    return await run_in_threadpool(_begin, request, slug, str(fields.get("notebook", "")))


def _begin(request: Request, slug: str, notebook: str) -> Response:
    person, project = project_for(request, slug, "project:publish")
    language = language_of(request)
    if project.reference:
        raise UnknownNotebook(path=notebook[:100])
    saved.read(project, notebook)  # a name that is none, a damaged or a huge one is said at once
    shelf = request.app.state.library.shelf()
    draft = drafts.start(
        project,
        notebook,
        person.name,
        now().timestamp(),
        publishing.runner(request, project, notebook, language),
        lambda reads: publishing.barred(shelf, reads, language),
        language,
    )
    return _to(request, f"projects/{slug}/publications/drafts/{draft.id}")


@router.get("/projects/{slug}/publications/drafts/{identifier}.json")
def progress(request: Request, slug: str, identifier: str) -> Response:
    _, project = project_for(request, slug, "project:publish")
    draft = drafts.find(project, identifier)
    return document(request, Progress(draft.state, draft.done, draft.total))


@router.get("/projects/{slug}/publications/drafts/{identifier}")
def prepare(request: Request, slug: str, identifier: str) -> Response:
    _, project = project_for(request, slug, "project:publish")
    draft = drafts.find(project, identifier)
    if draft.state != "ready":
        view = DraftView(
            language_of(request), slug, project.manifest.title.in_(language_of(request)), draft
        )
        return render(request, "publication_draft.html", {"view": view})
    before = _earlier(project, draft.notebook)
    # What was said of a picture that is still the same need not be said again.
    said = (
        {part["key"]: part.get("words", "") for part in before.parts if "key" in part}
        if before
        else {}
    )
    made = rendered(drafts.result(project, draft), said)
    return _form(request, project, draft, made, {}, {})


def _form(
    request: Request,
    project: Project,
    draft: Draft,
    made: Rendered,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    language = language_of(request)
    before = _earlier(project, draft.notebook)
    view = DraftView(
        language,
        project.slug,
        project.manifest.title.in_(language),
        draft,
        title=typed.get("title", made.title or (before.title if before else "")),
        summary=typed.get("summary", before.summary if before else ""),
        pictures=made.described,
        sources=list(publishing.sources(request.app.state.library.shelf(), draft.reads)),
        errors=errors,
    )
    return render(
        request,
        "publication_form.html",
        {"view": view, "before": before, "shown": lambda part: _shown(made, part)},
        status=422 if errors else 200,
        headers={"Content-Security-Policy": f"{POLICY}; frame-src 'self'"},
    )


def _shown(made: Rendered, part: Part) -> str:
    """A picture in the form itself: a request for it alone would come from nobody known."""
    media = MEDIA[part.content.rpartition(".")[2]][0]
    return f"data:{media};base64,{base64.b64encode(made.files[part.content]).decode()}"


def _earlier(project: Project, notebook: str) -> Publication | None:
    return next((p for p in publications.of_project(project) if p.notebook == notebook), None)


@router.get("/projects/{slug}/publications/drafts/{identifier}/files/{name}")
def frame(request: Request, slug: str, identifier: str, name: str) -> Response:
    """A frame of a draft, for who describes it."""
    _, project = project_for(request, slug, "project:publish")
    made = rendered(drafts.result(project, drafts.find(project, identifier)))
    content = made.files.get(name)
    if content is None or not name.endswith(".html"):
        raise UnknownPage(path=name[:80])
    return frame_of(request, content)


@router.post("/projects/{slug}/publications/drafts/{identifier}")
async def finish(request: Request, slug: str, identifier: str) -> Response:
    fields = await form_of(request, 600_000)
    return await run_in_threadpool(_finish, request, slug, identifier, fields)


def _finish(request: Request, slug: str, identifier: str, fields: FormData) -> Response:
    person, project = project_for(request, slug, "project:publish")
    draft = drafts.find(project, identifier)
    if draft.state != "ready":
        return _to(request, f"projects/{slug}/publications/drafts/{identifier}")
    language, state, moment = language_of(request), request.app.state, now().timestamp()
    typed = {name: " ".join(str(fields.get(name, "")).split()) for name in ("title", "summary")}
    words = {
        name.removeprefix(ALT): str(value)[: LONGEST_WORDS + 1]
        for name, value in fields.items()
        if name.startswith(ALT)
    }
    node = drafts.result(project, draft)
    made = rendered(node, words)
    shelf = state.library.shelf()
    errors = _errors(typed, made, fields, language)
    # Asked again: a dataset may have been closed while the form was filled in.
    if publishing.barred(shelf, draft.reads, language):
        errors["sources"] = translate(
            "One of these datasets was closed meanwhile. Run the notebook again.", language
        )
    if errors:
        return _form(request, project, draft, made, typed, errors)
    facts = Facts(
        title=typed["title"],
        summary=typed["summary"],
        notebook=draft.notebook,
        language=project.manifest.language,
        ran_at=draft.ran_at,
        by=person.name,
        authors=_authors(request, project),
        sources=publishing.sources(shelf, draft.reads),
        license=project.manifest.license,
    )
    page = publications.publish(project, facts, made, node, moment)
    audit.record(
        state.store,
        moment,
        person.name,
        "publication.publish",
        f"{slug}/{page.name}",
        version=page.version,
        sources=[f"{s.dataset}@{s.snapshot}" for s in page.sources],
    )
    drafts.discard(project, draft.id)
    reading = Reading(state.store, state.settings.lake, moment)
    collect_one(project, Lineage(state.settings.lineage), reading)
    return onward(
        f"{state.prefix}/projects/{slug}/publications",
        translate("“{title}” is published. Everybody can read it.", language, title=page.title),
        undo=f"{state.prefix}/projects/{slug}/publications/{page.name}/withdraw",
        label=translate("Undo", language),
        fields={"reason": translate("Published by mistake.", language)},
    )


def _errors(
    typed: Mapping[str, str], made: Rendered, fields: FormData, language: Language
) -> dict[str, str]:
    errors = {}
    for name, longest in (("title", LONGEST_TITLE), ("summary", LONGEST_SUMMARY)):
        if not typed[name]:
            errors[name] = translate("Write something here.", language)
        elif len(typed[name]) > longest:
            errors[name] = translate("At most {longest} characters.", language, longest=longest)
    for part in made.missing:
        errors[f"{ALT}{part.key}"] = translate(
            "Say in a sentence what is to be seen here.", language
        )
    if fields.get("sure") != "yes":
        errors["sure"] = translate("Tick the box once you have checked.", language)
    return errors


def _authors(request: Request, project: Project) -> tuple[str, ...]:
    """Names of owners and editors; a page tells no account."""
    names = {account.name: account.display for account in accounts(request.app.state.store)}
    return tuple(names[name] for name in project.manifest.writers if name in names)


@router.post("/projects/{slug}/publications/drafts/{identifier}/discard")
async def discard(request: Request, slug: str, identifier: str) -> Response:
    await form_of(request)
    _, project = project_for(request, slug, "project:publish")
    drafts.discard(project, identifier)
    return _to(request, f"projects/{slug}/publications")


def _to(request: Request, path: str) -> Response:
    address = f"{request.app.state.prefix}/{path}"
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
