"""Smart Citizen: a home joins without an address, follows what it does, spends its points.

A home is opened by its private link alone. Nothing of these pages is read by an account: agents
have :mod:`datalab.portal.views.smart_citizen_cells`, shops and the association their own links.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from datalab.errors import AlreadyDone, DatalabError, HouseholdError, HouseholdRefused
from datalab.households import (
    action,
    ambassador,
    consent,
    household,
    ledger,
    linky,
    personal,
    reading,
    tip,
    voucher,
)
from datalab.households.household import Household
from datalab.households.saving import saved, saved_between
from datalab.households.vault import Vault
from datalab.i18n import Phrase, translate
from datalab.methods.points import COMMITMENT, points
from datalab.portal import limits
from datalab.portal.figures import DIJON
from datalab.portal.household_words import (
    COMMITMENTS,
    DOMAINS,
    DWELLINGS,
    LOSSES,
    QUARTERS,
    STATES,
    TIP_STATES,
    UNITS,
    USES,
)
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import render
from datalab.portal.views.mine import HEADERS
from datalab.portal.visitor import open_form_of, remember
from datalab.portal.weather import temperatures

router = APIRouter(include_in_schema=False)
ROOT = "/smart-citizen"
Act = Callable[[Connection, Vault, Household, FormData, float], Phrase]


def vault_of(request: Request) -> Vault:
    return Vault(request.app.state.settings.custody)


def words(request: Request, table: dict[str, Phrase]) -> dict[str, str]:
    language = language_of(request)
    return {key: phrase.in_(language) for key, phrase in table.items()}


@router.get(ROOT)
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get(f"{ROOT}/")
def entrance(request: Request, code: str = Query("", max_length=40)) -> Response:
    """``code`` is that of a printed invitation."""
    return _entrance(request, {"code": code}, "")


def _entrance(request: Request, typed: dict[str, str], problem: str, field: str = "") -> Response:
    with request.app.state.households.reading() as connection:
        tips = tip.feed(connection, most=10)
        needs_code = ambassador.needs_code(connection)
    context = {
        "needs_code": needs_code,
        "quarters": words(request, QUARTERS),
        "dwellings": words(request, DWELLINGS),
        "domains": words(request, DOMAINS),
        "tips": tips,
        "typed": typed,
        "problem": problem,
        "field": field,
    }
    made = render(request, "smart_citizen.html", context, status=422 if problem else 200)
    return remember(request, made)


@router.post(f"{ROOT}/join")
async def join(request: Request) -> Response:
    fields = await open_form_of(request)
    return await run_in_threadpool(_join, request, fields)


def _join(request: Request, fields: FormData) -> Response:
    limits.allow(request, "join")
    typed = {name: str(fields.get(name, "")) for name in ("name", "quarter", "dwelling", "code")}
    try:
        with request.app.state.households.writing() as connection:
            _, secret = ambassador.admit(
                connection, vault_of(request), **typed, now=now().timestamp()
            )
    except HouseholdRefused as problem:
        message = problem.message(language_of(request))
        return _entrance(request, typed, message, str(problem.facts["field"]))
    language = language_of(request)
    said = translate("Welcome! Keep the private link below: it is your only key.", language)
    return onward(f"{request.app.state.prefix}{ROOT}/home/{secret}/", said)


@router.get(f"{ROOT}/home/{{secret}}/")
def home(secret: str, request: Request) -> Response:
    return _home(request, secret)


def _home(request: Request, secret: str, problem: DatalabError | None = None) -> Response:
    limits.allow(request, "link")
    state, moment, vault = request.app.state, now().timestamp(), vault_of(request)
    language = language_of(request)
    with state.households.reading() as connection:
        me = household.opened(connection, vault, secret)
        standing = consent.standing(connection, me.id)
        context: dict[str, Any] = {
            "me": me,
            "team": household.team_of(connection, me.id),
            "balance": ledger.balance(connection, ledger.account_of(connection, household=me.id)),
            "pledges": action.pledges(connection, me.id),
            "vouchers": voucher.of_household(connection, vault, me.id, moment),
            "merchants": voucher.merchants(connection),
            "used": {
                domain: reading.used(reading.indexes(connection, vault, me.id, domain))
                for domain in consent.METERED
            },
            "tips": tip.own(connection, me.id),
            "invited": ambassador.is_invited(connection, me.id),
            "months": reading.whole_months(reading.days(connection, vault, me.id, "electricity")),
        }
    root = f"{state.prefix}{ROOT}/home/{secret}"
    joined = datetime.fromtimestamp(me.joined_at, DIJON).date()
    weather = temperatures(state.library.shelf())
    gained = {d: saved_between(d, context["used"][d], weather, joined) for d in context["used"]}
    if ("electricity", "curve") in standing:
        gained["electricity"] = saved(context["months"], weather, joined)
    followed = {domain for domain, use in standing if use == "follow"}
    context |= {
        "root": root,
        "link": f"{request.url.scheme}://{request.url.netloc}{root}/",
        "domains": words(request, DOMAINS),
        "uses": words(request, USES),
        "losses": words(request, LOSSES),
        "quarters": words(request, QUARTERS),
        "dwellings": words(request, DWELLINGS),
        "commitments": words(request, COMMITMENTS),
        "states": words(request, STATES),
        "tip_states": words(request, TIP_STATES),
        "units": UNITS,
        "standing": standing,
        "possible": [(d, u) for d in DOMAINS for u in USES if consent.possible(d, u)],
        "metered": [d for d in consent.METERED if (d, "readings") in standing],
        "curve": ("electricity", "curve") in standing,
        "followed": followed,
        "gained": gained,
        "agreed": {domain for domain, _ in standing},
        "actions": [
            (one, one.title.in_(language), {c: points(one.complexity, c) for c in COMMITMENT})
            for one in action.CATALOGUE
            if one.domain in followed
        ],
        "titles": {one.id: one.title.in_(language) for one in action.CATALOGUE},
        "sizes": voucher.SIZES,
        "problem": problem.message(language) if problem else "",
        "today": now().astimezone(DIJON).date().isoformat(),
    }
    status = problem.status if problem else 200
    return remember(
        request, render(request, "household.html", context, status=status, headers=HEADERS)
    )


@router.get(f"{ROOT}/home/{{secret}}/export.json")
def export(secret: str, request: Request) -> Response:
    vault = vault_of(request)
    with request.app.state.households.reading() as connection:
        me = household.opened(connection, vault, secret)
        document = personal.export(connection, vault, me, now().timestamp())
    named = {"Content-Disposition": 'attachment; filename="smart-citizen.json"'}
    return JSONResponse(document, headers={**HEADERS, **named})


@router.post(f"{ROOT}/home/{{secret}}/{{act}}")
async def change(secret: str, act: str, request: Request) -> Response:
    largest = linky.LARGEST + 10_000 if act == "linky" else 20_000
    fields = await open_form_of(request, largest)
    file = fields.get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    return await run_in_threadpool(_change, request, secret, act, fields, content)


def _change(request: Request, secret: str, act: str, fields: FormData, content: bytes) -> Response:
    limits.allow(request, "answers")
    moment, vault, language = now().timestamp(), vault_of(request), language_of(request)
    prefix = request.app.state.prefix
    try:
        # A file is read before the database is held.
        curve = linky.read(content) if act == "linky" else None
        with request.app.state.households.writing() as connection:
            me = household.opened(connection, vault, secret)
            if curve is not None:
                days = reading.take_curve(connection, vault, me.id, curve, moment)
                said = Phrase(
                    "{days} days are kept; {left} incomplete days and {refused} lines were left "
                    "out.",
                    days=days,
                    left=len(curve.incomplete),
                    refused=curve.refused,
                )
            elif act == "erase":
                _sure(fields)
                personal.erase(connection, me, moment)
                return onward(f"{prefix}{ROOT}/", translate("Your household is erased.", language))
            elif act in ACTS:
                said = ACTS[act](connection, vault, me, fields, moment)
            else:
                raise AlreadyDone()
    except HouseholdError as problem:
        if problem.status == 404:
            raise
        return _home(request, secret, problem)
    return onward(f"{prefix}{ROOT}/home/{secret}/", said.in_(language))


def _sure(fields: FormData) -> None:
    if fields.get("sure") != "yes":
        raise HouseholdRefused(field="sure", reason=Phrase("tick the box to say that you are sure"))


def _text(fields: FormData, name: str) -> str:
    return str(fields.get(name, ""))[:1_000]


def _consent(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    consent.give(c, me.id, _text(f, "domain"), _text(f, "use"), at)
    return Phrase("Agreed. You can withdraw it in the same place, by one click.")


def _withdraw(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    consent.withdraw(c, me.id, _text(f, "domain"), _text(f, "use"), at)
    return Phrase("Withdrawn. What it allowed to keep is deleted.")


def _pledge(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    earned = action.pledge(c, me.id, _text(f, "action"), _text(f, "commitment"), at)
    return Phrase("Well done: {points} points more.", points=earned)


def _reading(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    try:
        day = date.fromisoformat(_text(f, "day"))
    except ValueError:
        raise HouseholdRefused(field="day", reason=Phrase("choose a day")) from None
    try:
        shown = float(_text(f, "shown").replace(",", ".").replace(" ", ""))
    except ValueError:
        reason = Phrase("a meter shows a number of 0 or more")
        raise HouseholdRefused(field="shown", reason=reason) from None
    today = now().astimezone(DIJON).date()
    reading.note(c, v, me.id, _text(f, "domain"), day, shown, today=today, now=at)
    return Phrase("The reading is kept.")


def _voucher(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    size = _text(f, "points")
    number = int(size) if size in {str(one) for one in voucher.SIZES} else 0
    voucher.issue(c, v, me.id, _text(f, "merchant"), number, at)
    return Phrase("Your voucher is ready: show its code in the shop.")


def _give_back(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    back = voucher.give_back(c, me.id, at)
    return Phrase("{points} points came back.", points=back)


def _team(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    code = household.make_team(c, me.id, _text(f, "name"), at)
    return Phrase("Your team is made. Give its code to neighbours: {code}", code=code)


def _enter(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    household.enter_team(c, me.id, _text(f, "code"))
    return Phrase("You are in the team.")


def _leave(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    household.leave_team(c, me.id)
    return Phrase("You left the team.")


def _tip(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    tip.write(c, me.id, _text(f, "domain"), _text(f, "text"), at)
    return Phrase("Thank you. Somebody of the association reads it first.")


def _invitation(c: Connection, v: Vault, me: Household, f: FormData, at: float) -> Phrase:
    ambassador.invite(c, me.id, _text(f, "invitation"), at)
    return Phrase("Thank you: your points can become vouchers, and your home can be counted.")


ACTS: dict[str, Act] = {
    "invitation": _invitation,
    "consent": _consent,
    "withdraw": _withdraw,
    "pledge": _pledge,
    "reading": _reading,
    "voucher": _voucher,
    "give-back": _give_back,
    "team": _team,
    "enter": _enter,
    "leave": _leave,
    "tip": _tip,
}
