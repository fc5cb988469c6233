"""A commune's spreadsheet becomes a valid file, step by step, with and without scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from datalab.errors import (
    DatalabError,
    FormTooLarge,
    PreparationRefused,
    ProposalRefused,
    TooFast,
    UnknownPreparation,
)
from datalab.i18n import Phrase, translate
from datalab.participation.maturity import communes_of
from datalab.people import audit
from datalab.portal import duty_preparing as preparing
from datalab.portal import figures
from datalab.portal.duty import COMMUNES, rows_of
from datalab.portal.duty_preparing import Work
from datalab.portal.duty_proposing import propose
from datalab.portal.duty_words import DONE, KINDS, MENDED, WHY
from datalab.portal.form import form_of, upload_of
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.person import Person, signed_in
from datalab.preparation.persons import NEVER
from datalab.preparation.prepare import LARGEST
from datalab.proposal import DAYS
from datalab.settings import Settings

router = APIRouter(include_in_schema=False)
HOME = "/open-data-duty/prepare"
PRIVATE = {"Cache-Control": "private, no-store"}
OVERHEAD = 20_000
SHOWN = 100  # values at fault
FORM = 200_000
ATONCE = threading.BoundedSemaphore(2)
PATIENCE = 20  # seconds that a request waits for its turn
FILES = {
    "valid.csv": "text/csv; charset=utf-8",
    "rejected.csv": "text/csv; charset=utf-8",
}


@router.get(f"{HOME}/")
@router.get(HOME)
def new(request: Request, commune: str = "", schema: str = "") -> Response:
    """Choose commune, schema and file; and the files that one has in preparation already."""
    person = signed_in(request)
    if not commune:  # the one for which somebody answers elsewhere in the lab
        with request.app.state.participation.reading() as connection:
            theirs = communes_of(connection, person.name)
        commune = theirs[0].commune if len(theirs) == 1 else ""
    return _new(request, person, {"commune": commune, "schema": schema})


@router.post(HOME)
async def begin(request: Request) -> Response:
    """Take the file and look at it."""
    person = signed_in(request)
    try:
        fields = await upload_of(request, LARGEST + OVERHEAD)
    except FormTooLarge:  # nothing of it was read, the other fields neither
        size = figures.size(LARGEST, language_of(request))
        reason = Phrase(
            "it is larger than {size}; keep the columns that are needed, or cut it by year",
            size=size,
        )
        refused = PreparationRefused(field="file", reason=reason)
        unread = dict.fromkeys(("commune", "schema", "siret"), "")
        if "application/json" in request.headers.get("accept", ""):
            raise refused from None
        return await run_in_threadpool(_new, request, person, unread, refused)
    said = {name: str(fields.get(name) or "").strip() for name in ("commune", "schema", "siret")}
    try:
        id = await run_in_threadpool(_begun, request, person, fields.get("file"), said)
    except (PreparationRefused, ProposalRefused) as error:
        if "application/json" in request.headers.get("accept", ""):
            raise
        return await run_in_threadpool(_new, request, person, said, error)
    finally:
        await fields.close()
    return RedirectResponse(f"{request.app.state.prefix}{HOME}/{id}", status_code=303)


def _begun(request: Request, person: Person, file: object, said: Mapping[str, str]) -> str:
    if not isinstance(file, UploadFile) or not file.filename:
        raise PreparationRefused(field="file", reason=Phrase("choose a file"))
    known = {str(one["insee_code"]): one for one in _communes(request)}
    row = known.get(said["commune"])
    if row is None:
        raise PreparationRefused(field="commune", reason=Phrase("choose one of the list"))
    name = file.filename.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable())[:120]
    with _turn():
        made = preparing.begin(
            _settings(request),
            person.name,
            now().timestamp(),
            file.file,
            name,
            said["schema"],
            preparing.fixed_of(row, said["siret"]),
            said["commune"],
        )
        work = preparing.work_of(_settings(request), person.name, made.id)
        try:
            preparing.prepare_again(
                _settings(request), work, made.typed, now().timestamp(), made.version
            )
        except DatalabError as error:
            preparing.store_of(_settings(request)).delete(made.id)
            raise PreparationRefused(
                field="file", reason=preparing.reason_of(error, language_of(request))
            ) from None
    return made.id


@router.get(f"{HOME}/{{id}}")
def show(request: Request, id: str) -> Response:
    """Columns, what is wrong, persons, the valid file: one page, whatever was done."""
    return _page(request, _theirs(request, id))


@router.post(f"{HOME}/{{id}}")
async def act(request: Request, id: str) -> Response:
    """Save what was typed, then do what the button said."""
    fields = await form_of(request, FORM)
    return await run_in_threadpool(_acted, request, id, fields)


def _acted(request: Request, id: str, fields: Mapping[str, Any]) -> Response:
    work, language = _theirs(request, id), language_of(request)
    action = str(fields.get("do") or "prepare")
    settings, moment = _settings(request), now().timestamp()
    if action == "delete":
        preparing.store_of(settings).delete(work.one.id)
        said = translate("The file is deleted.", language)
        return onward(f"{request.app.state.prefix}{HOME}", said)
    try:
        if action == "propose":
            return _proposed(request, work, fields)
        version = str(fields.get("version") or "")
        seen = int(version) if version.isdecimal() and len(version) < 9 else -2
        with _turn():
            preparing.prepare_again(settings, work, fields, moment, seen)
    except DatalabError as error:
        if isinstance(error, TooFast | UnknownPreparation):
            raise
        return _page(request, _theirs(request, id), error)
    return RedirectResponse(f"{_address(request, id)}#result", status_code=303)


def _proposed(request: Request, work: Work, fields: Mapping[str, Any]) -> Response:
    person = signed_in(request)
    if fields.get("read") != "yes":
        reason = Phrase("read the file again with your own eyes, then tick the box")
        raise PreparationRefused(field="read", reason=reason)
    if work.result is None or not work.result.valid:
        raise PreparationRefused(field="", reason=Phrase("there is no valid file yet"))
    name = next(
        (str(one["name"]) for one in _communes(request) if one["insee_code"] == work.commune), ""
    )
    made = propose(_settings(request), person, work, name, now().timestamp())
    kept = {f"{one.field} {one.kind}": one.reason for one in work.result.persons if one.reason}
    facts = {"schema": work.schema.name, "commune": work.commune, "sha256": work.result.sha256}
    store = request.app.state.store
    audit.record(
        store, now().timestamp(), person.name, "proposal.prepare", made.id, **facts, kept=str(kept)
    )
    return RedirectResponse(f"{request.app.state.prefix}/datasets/new/{made.id}", status_code=303)


@router.get(f"{HOME}/{{id}}/report.json")
def report(request: Request, id: str) -> Response:
    """What became of every row, for keeping."""
    work, language = _theirs(request, id), language_of(request)
    if work.result is None:
        raise UnknownPreparation(id=id[:40], days=DAYS)
    plain = work.result.as_plain()
    plain["wrong"] = [one.as_json(language) for one in work.result.wrong]
    plain["counts"] = [
        {"field": column, "reason": reason, "count": count}
        for column, reason, count in work.result.counts
    ]
    plain |= {"file": work.one.name, "commune": work.commune, "columns": work.wish.columns}
    body = json.dumps(plain, ensure_ascii=False, default=str).encode()
    return Response(body, media_type="application/json", headers=PRIVATE)


@router.get(f"{HOME}/{{id}}/{{name}}")
def file(request: Request, id: str, name: str) -> Response:
    """The valid file, or the rows that were rejected."""
    work = _theirs(request, id)
    path = preparing.out_of(_settings(request), work.one.id) / name
    if name not in FILES or work.result is None or not path.is_file():
        raise UnknownPreparation(id=id[:40], days=DAYS)
    called = f"{work.schema.name}-{work.commune}-{name}"
    return FileResponse(path, media_type=FILES[name], filename=called, headers=PRIVATE)


def _new(
    request: Request,
    person: Person,
    typed: Mapping[str, str],
    problem: DatalabError | None = None,
) -> Response:
    language = language_of(request)
    store = preparing.store_of(_settings(request))
    context = {
        "communes": _communes(request),
        "schemas": [
            (one.name, f"{one.title.in_(language)} ({one.version})")
            for one in preparing.known_schemas()
        ],
        "mine": [one for one in store if one.owner == person.name],
        "typed": typed,
        "largest": LARGEST,
        "days": DAYS,
        "problem": problem.message(language) if problem else "",
        "field": str(problem.facts.get("field", "")) if problem else "",
    }
    status = problem.status if problem else 200
    return render(request, "duty_prepare.html", context, headers=PRIVATE, status=status)


def _page(request: Request, work: Work, problem: DatalabError | None = None) -> Response:
    language = language_of(request)
    said = {name: phrase.in_(language) for name, phrase in work.wrong.items()}
    asked = [one for one in work.schema.fields if one.constraints.required]
    shown = {one.name for one in asked} | set(work.wish.columns) | set(work.wish.fixed)
    wrong = [one.as_json(language) for one in (work.result.wrong if work.result else [])[:SHOWN]]
    context = {
        "work": work,
        "schema_title": work.schema.title.in_(language),
        "asked": asked,
        "others": [one for one in work.schema.fields if not one.constraints.required],
        "open": bool({one.name for one in work.schema.fields} & shown - {a.name for a in asked}),
        "samples": {one.source: one.examples[:2] for one in work.inspection.columns},
        "said": said,
        "wrong": wrong,
        "counts": [
            (column, translate(reason, language) if "{" not in reason else "", count)
            for column, reason, count in (work.result.counts if work.result else [])
        ],
        "why": {name: phrase.in_(language) for name, phrase in WHY.items()},
        "mended": {name: phrase.in_(language) for name, phrase in MENDED.items()},
        "kinds": {name: phrase.in_(language) for name, phrase in KINDS.items()},
        "done": {name: phrase.in_(language) for name, phrase in DONE.items()},
        "never": NEVER,
        "problem": problem.message(language) if problem else "",
        "field": str(problem.facts.get("field", "")) if problem else "",
    }
    status = problem.status if problem else 200
    return render(request, "duty_prepared.html", context, headers=PRIVATE, status=status)


def _theirs(request: Request, id: str) -> Work:
    """
    Raises
    ------
    SignInNeeded, UnknownPreparation
    """
    return preparing.work_of(_settings(request), signed_in(request).name, id)


def _communes(request: Request) -> list[dict[str, Any]]:
    found = rows_of(request.app.state.library.shelf(), COMMUNES)
    return sorted(found, key=lambda one: str(one["name"]).casefold())


@contextmanager
def _turn() -> Iterator[None]:
    """One of the few that are read at once."""
    if not ATONCE.acquire(timeout=PATIENCE):
        raise TooFast(PATIENCE)
    try:
        yield
    finally:
        ATONCE.release()


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _address(request: Request, id: str) -> str:
    return f"{request.app.state.prefix}{HOME}/{id}"
