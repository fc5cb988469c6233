"""From a dataset to a prototype: the terms, a project with its notebook, a token, a running app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from datalab.errors import AccessRefused, DownloadRefused
from datalab.errors.grant import TokenNotMade, TokenRefused
from datalab.i18n import Language, Phrase, translate
from datalab.people import tokens
from datalab.portal.access import Barrier, barrier, explain, version_for
from datalab.portal.card import Card, card_of
from datalab.portal.following import follow_project
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.library import Holding
from datalab.portal.live_door import spawn_address
from datalab.portal.own import root_of
from datalab.portal.page import OWN, render
from datalab.portal.person import Person, person_of, require, signed_in
from datalab.portal.prototype import Terms, bundle, notebook_of, terms_of
from datalab.portal.reader import Reader, reader_of
from datalab.portal.uses import Held, held_of
from datalab.portal.views.new_project import Draft, created
from datalab.projects import files
from datalab.projects.create import LONGEST_TITLE
from datalab.projects.project import Project

router = APIRouter(include_in_schema=False)
DAYS = 90  # that the token of a prototype lasts
DAY = 86_400.0
NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True)
class PrototypeView:
    """``barrier`` says why nothing can be taken; ``usable`` whether the licence lets one."""

    language: Language
    card: Card
    terms: Terms
    barrier: str | None
    usable: bool
    anonymous: bool
    may_make: bool
    held: Held | None
    minute: int
    day: int
    bytes: int
    problem: str = ""


@router.get("/datasets/{dataset}/prototype")
def html(request: Request, dataset: str) -> Response:
    return _page(request, *_holding(request, dataset))


@router.get("/datasets/{dataset}/prototype.zip")
def as_zip(request: Request, dataset: str) -> Response:
    """The programs without a token; of data that are not open, to whoever may read them."""
    return _zip(request, *_holding(request, dataset), "")


@router.post("/datasets/{dataset}/prototype.zip")
async def with_token(request: Request, dataset: str) -> Response:
    """The programs with the token that was just shown, which must be this person's."""
    fields = await form_of(request)
    return await run_in_threadpool(_with_token, request, dataset, str(fields.get("words", "")))


def _with_token(request: Request, dataset: str, words: str) -> Response:
    person = signed_in(request)
    found = tokens.find(request.app.state.store, words, now().timestamp())
    if found is None or found[1].name != person.name:
        raise TokenRefused
    return _zip(request, *_holding(request, dataset), words)


@router.post("/datasets/{dataset}/prototype")
async def make(request: Request, dataset: str) -> Response:
    """The project, its notebook and a token, in one step."""
    await form_of(request)
    return await run_in_threadpool(_make, request, dataset)


def _make(request: Request, dataset: str) -> Response:
    person = require(request, "create:project")
    holding, reader = _holding(request, dataset)
    _require(holding, reader, language_of(request))
    state, language, moment = request.app.state, language_of(request), now()
    name = f"prototype {holding.id}"[: tokens.LONGEST_NAME]
    until = moment.timestamp() + DAYS * DAY
    try:
        # First, since it can be refused: a project without what was asked for is left by nobody.
        token, words = tokens.make(
            state.store, moment.timestamp(), person.name, name, until, dataset=holding.id
        )
    except TokenNotMade as problem:
        reason = problem.facts.get("reason")
        said = reason.in_(language) if isinstance(reason, Phrase) else ""
        return _page(request, holding, reader, said)
    try:
        project = _project(request, person, holding, language)
    except BaseException:
        tokens.revoke(state.store, moment.timestamp(), person.name, token.id)
        raise
    entered = follow_project(request, project.slug)
    context: dict[str, Any] = {
        "card": card_of(holding, language, now(), state.prefix),
        "project": project,
        "made": token,
        "words": words,
        "notebook": spawn_address(request, project, language) if entered else None,
    }
    return render(request, "prototype_made.html", context, headers=OWN)


def _project(request: Request, person: Person, holding: Holding, language: Language) -> Project:
    """The project of one person on this dataset, with its notebook."""
    state, moment = request.app.state, now()
    title = translate("Prototype: {title}", language, title=holding.dataset.title.in_(language))
    said = " ".join("".join(c if c.isprintable() else " " for c in title).split())
    purpose = translate(
        "Try an idea with the dataset {id}, outside of the lab.", language, id=holding.id
    )
    draft = Draft(said[:LONGEST_TITLE].strip(), "", purpose, "empty", "mit", (holding.id,))
    project = created(state, person, draft, language, moment)
    at = project.manifest.created_at
    if at is not None and int(moment.timestamp()) == int(at.timestamp()):
        owner = state.homes.uid(project.account) if state.homes.separate else None
        content = notebook_of(holding, language, _root(request))
        files.write(project.folder / "work", NOTEBOOK, content, owner)
    return project


def _zip(request: Request, holding: Holding, reader: Reader, words: str) -> Response:
    language = language_of(request)
    _require(holding, reader, language)
    name = f"prototype-{holding.id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **OWN}
    content = bundle(holding, language, _root(request), words)
    return Response(content, media_type="application/zip", headers=headers)


def _require(holding: Holding, reader: Reader, language: Language) -> None:
    """Let through whom the rows may reach, where the licence lets anybody use them.

    Raises
    ------
    AccessRefused, DownloadRefused
    """
    reason = barrier(holding, reader)
    if reason == "redistribution" or _forbidden(holding):
        raise DownloadRefused(dataset=holding.id)
    if reason is not None:
        raise AccessRefused(dataset=holding.id, reason=explain(reason, language))


def _forbidden(holding: Holding) -> bool:
    return terms_of(holding, "fr", "").reuse == "no"


def _holding(request: Request, dataset: str) -> tuple[Holding, Reader]:
    shelf = request.app.state.library.shelf()
    reader = reader_of(request)
    return version_for(shelf, shelf.get(dataset), reader), reader


def _page(request: Request, holding: Holding, reader: Reader, problem: str = "") -> Response:
    state, language = request.app.state, language_of(request)
    reason: Barrier | None = barrier(holding, reader)
    terms = terms_of(holding, language, f"{_root(request)}/datasets/{holding.id}")
    person, settings = person_of(request), state.settings
    view = PrototypeView(
        language,
        card_of(holding, language, now(), state.prefix),
        terms,
        explain(reason, language) if reason else None,
        reason is None and terms.reuse != "no" and holding.snapshot is not None,
        holding.dataset.access == "open",
        person is not None and person.may("create:project"),
        held_of(state.settings.lake, holding, language),
        settings.token_requests_per_minute,
        settings.token_requests_per_day,
        settings.token_bytes_per_day,
        problem,
    )
    return render(request, "prototype.html", {"view": view}, status=409 if problem else 200)


def _root(request: Request) -> str:
    return f"{root_of(request)}{request.app.state.prefix}"
