"""A report that came by telephone or on paper, entered by an agent for who has no phone at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import ReceiptReused, ReportRefused
from datalab.i18n import Language, translate
from datalab.participation import (
    attribute,
    author,
    consent,
    contact,
    handling,
    mail,
    request,
    service,
)
from datalab.participation.register import until
from datalab.participation.report import Channel, Reviewed, review
from datalab.participation.service import Service
from datalab.participation.store import Store
from datalab.portal import case_form, own
from datalab.portal.case_form import Typed
from datalab.portal.control import CHANNELS
from datalab.portal.form import form_of
from datalab.portal.headers import LOCATING
from datalab.portal.language import language_of, now
from datalab.portal.outbox import SENT_BEFORE, new_receipt, receipt_of
from datalab.portal.page import render
from datalab.portal.person import require
from datalab.portal.place import place_field

router = APIRouter(include_in_schema=False)
WAYS = ("phone", "paper")
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get("/control/new")
def new(asked: Request, category: str = "") -> Response:
    require(asked, "handle:requests")
    chosen = next((one for one in _offered(asked) if one.code == category), None)
    return _form(asked, Typed(chosen), new_receipt())


@router.post("/control/new")
async def enter(asked: Request) -> Response:
    """Record it once; what is wrong is said beside its field."""
    person = require(asked, "handle:requests")
    fields = await form_of(asked)
    return await run_in_threadpool(_entered, asked, fields, person.name)


def _entered(asked: Request, fields: FormData, agent: str) -> Response:
    language, moment = language_of(asked), now().timestamp()
    typed = Typed(None, fields)
    typed.service = next(
        (one for one in _offered(asked) if one.code == typed.value("category")), None
    )
    receipt = receipt_of(typed.values)
    reviewed = _reviewed(asked, typed, receipt, language)
    if reviewed is None:
        return _form(asked, typed, receipt, status=422)
    store: Store = asked.app.state.participation

    def work(connection: Connection) -> tuple[str, str]:
        return _recorded(asked, connection, typed, reviewed, moment, agent)

    try:
        key, secret = store.write(work)
    except ReceiptReused:
        typed.wrong["description"] = SENT_BEFORE.in_(language)
        return _form(asked, typed, new_receipt(), status=409)
    if not secret:  # it was entered already
        return RedirectResponse(f"{asked.app.state.prefix}/control/{key}", status_code=303)
    about = cast(Service, typed.service)
    context = {
        "number": key,
        "about": about.name(language),
        "link": own.link_of(asked, secret),
        "promise": case_form.promise(about, language),
        "told": bool(typed.value("email").strip()),
    }
    return render(asked, "control_entered.html", context, headers=PRIVATE)


def _reviewed(asked: Request, typed: Typed, receipt: str, language: Language) -> Reviewed | None:
    """What may be recorded; None where something is wrong, which ``typed`` then says."""
    if typed.service is None:
        typed.wrong["category"] = translate("Choose what it is about.", language)
        return None
    if typed.value("channel") not in WAYS:
        typed.wrong["channel"] = translate("Say how it came.", language)
    place = case_form.place_in(asked, typed, language)
    report = case_form.report_of(asked, typed, place, receipt)
    case_form.check_rest(typed, language)
    try:
        given = case_form.given_attributes(typed)
        answers = attribute.checked(typed.service, given, language)
        if typed.wrong:
            return None
        channel = cast(Channel, typed.value("channel"))
        return review(replace(report, channel=channel, attributes=answers), language)
    except ReportRefused as error:
        for name, reason in error.problems:
            typed.wrong.setdefault(name, reason.in_(language))
        return None


def _recorded(
    asked: Request,
    connection: Connection,
    typed: Typed,
    reviewed: Reviewed,
    moment: float,
    agent: str,
) -> tuple[str, str]:
    """The number, and the secret of the private link; "" where it was recorded before.

    Raises
    ------
    ReceiptReused
    """
    language = language_of(asked)
    if (before := request.known(connection, reviewed.report.receipt)) is not None:
        return before.for_same(reviewed.report.digest).key, ""
    who = author.make(
        connection,
        kind="reporter",
        now=moment,
        expires_at=until("reporter", moment),
        consent=consent.VERSION,
        language=language,
    )
    reported = replace(reviewed, report=replace(reviewed.report, author_id=who.id))
    key = request.submit(connection, reported, moment).key
    way = translate("Entered by an agent, {way}.", way=CHANNELS[reported.report.channel])
    handling.remark(connection, key, way, actor=agent, now=moment)
    email = typed.value("email").strip()
    if email:
        days = (until("contact", moment) - moment) / 86_400
        vault = contact.Vault(asked.app.state.settings.secrets)
        vault.keep(connection, who.id, email, moment, days, who.secret)
        about = cast(Service, typed.service)
        facts = {
            "number": key,
            "service": about.name(language),
            "delay": case_form.promise(about, language),
        }
        mail.send(connection, who.id, "case.received", facts, moment)
    return key, who.secret


def _offered(asked: Request) -> list[Service]:
    with asked.app.state.participation.reading() as connection:
        return service.services(connection)


def _form(asked: Request, typed: Typed, receipt: str, status: int = 200) -> Response:
    language = language_of(asked)
    place = place_field(asked, typed.values, required=True, wrong=typed.wrong.get("place", ""))
    context = {
        "services": _offered(asked),
        "typed": typed,
        "receipt": receipt,
        "place": place,
        "field": case_form.attribute_name,
        "ways": {way: CHANNELS[way].in_(language) for way in WAYS},
        "consents": [phrase.in_(language) for phrase in consent.CONSENT["reporter"]],
    }
    return render(asked, "control_new.html", context, status=status, headers=LOCATING)
