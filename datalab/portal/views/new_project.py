"""Starting a project: one form, and the person is in its live notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.catalog.vocabulary import LICENSES
from datalab.errors import DatalabError, InvalidSlug, ProjectExists, ReservedSlug
from datalab.i18n import Language, Phrase, translate
from datalab.portal.address import free, proposed
from datalab.portal.following import follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.live_door import spawn_address
from datalab.portal.notice import notice
from datalab.portal.page import render
from datalab.portal.person import Person, require
from datalab.projects.create import LONGEST_PURPOSE, LONGEST_TITLE, create
from datalab.projects.project import Project, Projects, checked_slug
from datalab.projects.reading import Readable, Reading
from datalab.projects.template import templates

router = APIRouter(include_in_schema=False)
# The project's own work (code and text), so licences that fit both come first.
OFFERED = ("mit", "cc-by-4.0", "lov2", "odbl", "all-rights-reserved")
TWIN = timedelta(minutes=10)  # in which the same form sent again is the same project
TRIES = 5
MISSING = Phrase("Write something here.")
TOO_LONG = Phrase("At most {longest} characters, without line breaks or control characters.")


@dataclass(frozen=True)
class Draft:
    """What was typed."""

    title: str = ""
    slug: str = ""
    purpose: str = ""
    template: str = "empty"
    license: str = "mit"
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Starting:
    """A template as a card says it."""

    name: str
    title: str
    summary: str
    datasets: list[str]
    reference: bool


@dataclass(frozen=True)
class NewProjectView:
    language: Language
    draft: Draft
    templates: list[Starting]
    licenses: list[tuple[str, str]]
    datasets: list[tuple[str, str]]
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("/projects/new")
def html(request: Request, template: str = "empty") -> Response:
    person = require(request, "create:project")
    return _page(request, person, Draft(template=template), {})


@router.post("/projects/new")
async def make(request: Request) -> Response:
    fields = await form_of(request)
    return await run_in_threadpool(_make, request, fields)


def _make(request: Request, fields: FormData) -> Response:
    person = require(request, "create:project")
    language = language_of(request)
    draft = Draft(
        title=" ".join(str(fields.get("title", "")).split()),
        slug=str(fields.get("slug", "")).strip().lower(),
        purpose=" ".join(str(fields.get("purpose", "")).split()),
        template=str(fields.get("template", "empty")),
        license=str(fields.get("license", "mit")),
        datasets=tuple(dict.fromkeys(str(d) for d in fields.getlist("datasets"))),
    )
    errors = _mistakes(request, person, draft)
    if not errors:
        try:
            project = created(request.app.state, person, draft, language, now())
        except (InvalidSlug, ProjectExists, ReservedSlug) as error:
            errors["slug"] = error.message(language)
        except DatalabError as error:
            if error.status >= 500:
                raise
            errors["form"] = error.message(language)
        else:
            return landing(request, project, language)
    return _page(request, person, draft, errors, status=422)


def landing(request: Request, project: Project, language: Language) -> Response:
    """Into the live notebook; to the project's page where the hub does not answer now."""
    if not follow_project(request, project.slug):
        response = RedirectResponse(
            f"{request.app.state.prefix}/projects/{project.slug}/", status_code=303
        )
        said = translate(
            "The project is there. The hub does not answer just now: its notebook opens as soon "
            "as it does.",
            language,
        )
        notice(response, said, path=f"{request.app.state.prefix}/")
        return response
    return RedirectResponse(spawn_address(request, project, language), status_code=303)


def created(
    state: Any, person: Person, draft: Draft, language: Language, moment: datetime
) -> Project:
    """The project of this draft: made now, or a moment ago by the same form sent twice.

    Raises
    ------
    InvalidSlug, ProjectExists, ReservedSlug, and the other errors of ``create``
    """
    projects: Projects = state.projects
    wanted = checked_slug(draft.slug) if draft.slug else proposed(draft.title)
    for _ in range(TRIES):
        twin = _twin(projects, person, draft, moment)
        if twin is not None:
            return twin
        slug = wanted if draft.slug else free(projects, wanted)
        try:
            made = create(
                projects,
                state.homes,
                state.store,
                moment.timestamp(),
                person.name,
                slug,
                draft.title,
                draft.purpose,
                draft.template,
                language=language,
                license=draft.license,
            )
        except ProjectExists:
            # Somebody was quicker: this very form in another tab, or another project.
            if draft.slug and _twin(projects, person, draft, moment) is None:
                raise
            continue
        return _with_datasets(projects, made, draft.datasets)
    raise ProjectExists(slug=wanted, other=free(projects, wanted))


def _with_datasets(projects: Projects, made: Project, chosen: tuple[str, ...]) -> Project:
    """The datasets that were chosen, after those of the template."""
    datasets = tuple(dict.fromkeys((*made.manifest.datasets, *chosen)))
    if datasets == made.manifest.datasets:
        return made
    return projects.change(made.slug, lambda m: m.model_copy(update={"datasets": datasets}))


def _twin(projects: Projects, person: Person, draft: Draft, moment: datetime) -> Project | None:
    """A project that the same person started with the same words a moment ago."""
    for project, _ in projects.of(person.name, person.account.created_at):
        about = project.manifest
        if (
            about.created_by == person.name
            and about.status == "active"
            and about.created_at is not None
            and moment - about.created_at < TWIN
            and (about.title.fr, about.purpose.fr) == (draft.title, draft.purpose)
            and about.template == draft.template
            and draft.slug in {"", project.slug}
        ):
            return project
    return None


def _mistakes(request: Request, person: Person, draft: Draft) -> dict[str, str]:
    """What is wrong with the draft, by field."""
    language = language_of(request)
    errors: dict[str, str] = {}
    for name, text, longest in (
        ("title", draft.title, LONGEST_TITLE),
        ("purpose", draft.purpose, LONGEST_PURPOSE),
    ):
        if not text:
            errors[name] = MISSING.in_(language)
        elif len(text) > longest or not text.isprintable():
            errors[name] = Phrase(TOO_LONG.template, longest=longest).in_(language)
    if draft.slug:
        try:
            checked_slug(draft.slug)
        except InvalidSlug as error:
            errors["slug"] = error.message(language)
    if draft.license not in LICENSES:
        errors["license"] = translate("Choose one of the licences of the list.", language)
    if draft.template not in {t.name for t in templates(request.app.state.projects)}:
        errors["template"] = translate("Choose one of these starting points.", language)
    offered = {dataset.id for dataset in _readable(request, person)}
    if set(draft.datasets) - offered:
        errors["datasets"] = translate("Choose among the datasets of the list.", language)
    return errors


def _readable(request: Request, person: Person) -> list[Readable]:
    settings = request.app.state.settings
    reading = Reading(request.app.state.store, settings.lake, now().timestamp())
    return reading.named(reading.of_account(person.name))


def _page(
    request: Request, person: Person, draft: Draft, errors: Mapping[str, str], status: int = 200
) -> Response:
    language = language_of(request)
    starting = []
    holdings = request.app.state.library.shelf().holdings
    for template in templates(request.app.state.projects):
        about = template.description
        titles = [
            holdings[name].dataset.title.in_(language) if name in holdings else name
            for name in about.datasets
        ]
        starting.append(
            Starting(
                template.name,
                about.title.in_(language),
                about.summary.in_(language),
                titles,
                template.reference,
            )
        )
    datasets = [(d.id, d.title.get(language) or d.id) for d in _readable(request, person)]
    datasets.sort(key=lambda pair: pair[1].casefold())
    licenses = [(name, LICENSES[name].title) for name in OFFERED if name in LICENSES]
    view = NewProjectView(language, draft, starting, licenses, datasets, errors)
    return render(request, "project_new.html", {"view": view}, status=status)
