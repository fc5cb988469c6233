"""Report a problem, or ask a question: one form in five steps, which also works without scripts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import ReceiptReused, ReportRefused, UnknownRequest
from datalab.i18n import Language, Phrase, translate
from datalab.participation import attribute, case_list, request, service
from datalab.participation.batch import Ahead
from datalab.participation.consent import CONSENT, MINOR
from datalab.participation.report import Report, Reviewed, review
from datalab.participation.request_receipt import recorded
from datalab.participation.service import Service
from datalab.portal import case_form, limits, own
from datalab.portal.boundaries import boundaries
from datalab.portal.case_form import QUESTION, Sent, Typed
from datalab.portal.case_view import card_of, distance, services_of
from datalab.portal.headers import LOCATING
from datalab.portal.language import language_of, now
from datalab.portal.outbox import by_script, new_receipt, receipt_of, taken
from datalab.portal.page import render
from datalab.portal.person import is_navigation
from datalab.portal.place import PlaceField, place_field
from datalab.portal.visitor import open_form_of

router = APIRouter(include_in_schema=False)
LARGEST = 25_000_000  # bytes: a photo that is too large should be told so, beside its field
CATEGORY = "Choose what it is about."


@router.get("/cases/new")
def new(asked: Request, service: str = "") -> Response:
    """The form; ``service`` is chosen already where a link said so."""
    chosen = next((one for one in _offered(asked) if one.code == service), None)
    asked.app.state.uses.add("page")
    return _form(asked, Typed(chosen), new_receipt())


@router.post("/cases/new")
async def send(asked: Request) -> Response:
    """Record it; what is wrong is said beside each field, and nothing typed is lost."""
    limits.allow(asked, "report")
    fields = await open_form_of(asked, LARGEST)
    moment, language = now().timestamp(), language_of(asked)
    asked.app.state.trap.check(fields, moment)
    receipt = receipt_of(fields)
    known = await run_in_threadpool(_already, asked, receipt, moment)
    typed = Typed(await run_in_threadpool(_chosen, asked, fields), fields)
    report = await run_in_threadpool(_read, asked, typed, receipt)
    if known is not None:
        if known.digest in (None, report.digest):
            return _answered(asked, receipt, known)
        return await run_in_threadpool(_another, asked, typed, known)
    await case_form.keep_photo(asked, typed, moment, language)
    reviewed = await run_in_threadpool(_review, asked, typed, report)
    if reviewed is None or typed.wrong:
        return await run_in_threadpool(_wrong, asked, typed, receipt)
    if not by_script(asked) and typed.value("different") != "yes":
        alike = await run_in_threadpool(near_cards, asked, reviewed.report)
        if alike:
            return await run_in_threadpool(_alike, asked, typed, receipt, alike)
    case_form.check_mailbox(asked, typed, language)
    if typed.wrong:
        return await run_in_threadpool(_wrong, asked, typed, receipt)
    try:
        sent = await _recorded(asked, typed, reviewed, moment, language)
    except ReceiptReused:  # both came at once
        known = await run_in_threadpool(_already, asked, receipt, moment)
        return await run_in_threadpool(_another, asked, typed, known)
    asked.app.state.uses.add("report-offline" if typed.value("waited") else "report")
    return _answered(asked, receipt, sent)


@router.post("/cases/near")
async def near(asked: Request) -> Response:
    """What was reported close by, for the page's script to show; nothing of it is kept."""
    limits.allow(asked, "link")
    fields = await open_form_of(asked)
    typed = Typed(await run_in_threadpool(_chosen, asked, fields), fields)
    report = await run_in_threadpool(_read, asked, typed, "")
    alike = await run_in_threadpool(near_cards, asked, report)
    return await run_in_threadpool(render, asked, "cases_near.html", {"alike": alike})


@router.get("/cases/sent/{key}")
def sent(asked: Request, key: str) -> Response:
    """The last step: number, private link, delay. Only the browser that sent it sees it."""
    moment, language = now().timestamp(), language_of(asked)
    with asked.app.state.participation.reading() as connection:
        found = request.get(connection, key)
        authors = own.authors_of(asked, connection, moment) if is_navigation(asked) else []
        who = next((one for one in authors if one.id == found.author_id), None)
        if who is None:
            raise UnknownRequest(id=key[:60])
        about = service.get(connection, found.service_code)
    context = {
        "number": found.id,
        "about": about.name(language),
        "question": about.code == QUESTION,
        "waiting": found.moderation == "waiting",
        "picture": found.picture_id is not None,
        "promise": case_form.promise(about, language),
        "link": own.link_of(asked, who.secret),
        "secret": who.secret,
    }
    headers = {"Cache-Control": "private, no-store"}
    return render(asked, "cases_sent.html", context, headers=headers)


def near_cards(asked: Request, report: Report) -> list[tuple[Any, str]]:
    """Open cases of the same kind within 250 m, each with its distance, and those whose typed
    address resembles; none for questions."""
    if report.service_code == QUESTION:
        return []
    language, moment = language_of(asked), now().timestamp()
    known = boundaries(asked.app.state.library.shelf())
    names = known.names if known else {}
    with asked.app.state.participation.reading() as connection:
        services = services_of(connection)
        found = []
        if report.latitude is not None and report.longitude is not None:
            point = (report.latitude, report.longitude)
            found = case_list.near(connection, report.service_code, *point)
        if report.commune in names:
            named = (report.commune, names[report.commune], report.address)
            found += case_list.on_street(
                connection, report.service_code, *named, placed=report.latitude is not None
            )
    return [
        (card_of(one.case, services, names, language, moment), _away(one, language))
        for one in found[: case_list.NEAREST]
    ]


def _away(one: case_list.Near, language: Language) -> str:
    """How it is known to be close: by the map, or by the words of its address."""
    if one.metres is not None:
        return distance(one.metres, language)
    if one.street:
        return translate("same street", language)
    return translate("similar address", language)


def _offered(asked: Request) -> list[Service]:
    with asked.app.state.participation.reading() as connection:
        return service.services(connection)


def _chosen(asked: Request, fields: FormData) -> Service | None:
    code = str(fields.get("service") or "")
    return next((one for one in _offered(asked) if one.code == code), None)


def _already(asked: Request, receipt: str, moment: float) -> Sent | None:
    with asked.app.state.participation.reading() as connection:
        return case_form.already(asked, connection, receipt, moment)


def _read(asked: Request, typed: Typed, receipt: str) -> Report:
    language = language_of(asked)
    if typed.service is None:
        typed.wrong["service"] = translate(CATEGORY, language)
    place = case_form.place_in(asked, typed, language)
    return case_form.report_of(asked, typed, place, receipt)


def _review(asked: Request, typed: Typed, report: Report) -> Reviewed | None:
    """What may be recorded; None where something is wrong, which ``typed`` then says."""
    language = language_of(asked)
    case_form.check_rest(typed, language)
    if typed.service is not None:
        try:
            given = case_form.given_attributes(typed)
            answers = attribute.checked(typed.service, given, language)
        except ReportRefused as error:
            answers = {}
            for name, reason in error.problems:
                typed.wrong.setdefault(name, reason.in_(language))
    if typed.wrong:
        return None
    try:
        whole = replace(report, attributes=answers, picture_id=typed.picture or None)
        return review(whole, language)
    except ReportRefused as error:
        for name, reason in error.problems:
            field = name if name == "description" else "place"
            typed.wrong.setdefault(field, reason.in_(language))
        return None


async def _recorded(
    asked: Request, typed: Typed, reviewed: Reviewed, moment: float, language: Language
) -> Sent:
    future = asked.app.state.participation.submit(
        lambda connection: case_form.record(asked, connection, typed, reviewed, moment, language),
        Ahead(recorded, reviewed.report.receipt),
    )
    made: Sent = await asyncio.wrap_future(future)
    return made


def _answered(asked: Request, receipt: str, sent: Sent) -> Response:
    said = translate("Sent. Its number is {number}.", language_of(asked), number=sent.key)
    prefix = asked.app.state.prefix
    next = f"{prefix}/cases/sent/{sent.key}" if sent.secret else f"{prefix}/cases/{sent.key}"
    response = taken(asked, receipt, said, next)
    return own.remember(asked, response, sent.secret) if sent.secret else response


def _another(asked: Request, typed: Typed, known: Sent | None) -> Response:
    """Somebody went back and sent other words: both are kept, the later ones as a new report."""
    if by_script(asked) or known is None:
        raise ReceiptReused
    return _form(asked, typed, new_receipt(), status=409, earlier=known.key)


def _wrong(asked: Request, typed: Typed, receipt: str) -> Response:
    if by_script(asked):
        raise ReportRefused(
            [(name, Phrase("{said}", said=said)) for name, said in typed.wrong.items()]
        )
    return _form(asked, typed, receipt, status=400)


def _alike(asked: Request, typed: Typed, receipt: str, alike: list[tuple[Any, str]]) -> Response:
    """The step without scripts in which somebody sees what is already reported close by."""
    return _form(asked, typed, receipt, alike=alike)


def _form(
    asked: Request,
    typed: Typed,
    receipt: str,
    *,
    status: int = 200,
    alike: list[tuple[Any, str]] | None = None,
    earlier: str = "",
) -> Response:
    language = language_of(asked)
    offered = _offered(asked)
    kept = f"{typed.picture}.{case_form.photo_pass(asked, typed.picture)}" if typed.picture else ""
    place: PlaceField = place_field(
        asked,
        typed.values,
        required=typed.service is None or typed.service.code != QUESTION,
        wrong=typed.wrong.get("place", ""),
    )
    context = {
        "services": offered,
        "typed": typed,
        "receipt": receipt,
        "kept": kept,
        "place": place,
        "alike": alike or [],
        "earlier": earlier,
        "consents": [phrase.in_(language) for phrase in CONSENT["reporter"]],
        "minor": MINOR.in_(language),
        "question": QUESTION,
        "field": case_form.attribute_name,
    }
    return render(asked, "cases_new.html", context, status=status, headers=LOCATING)
