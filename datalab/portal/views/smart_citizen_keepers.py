"""Who serves homes without seeing them: the shop, the association that keeps, the municipality.

A shop has a link and sees vouchers. The association has the link in ``custodian`` beside the
households' own key and reads tips, admits shops and pays them. Agents sign in and see counts of
eleven homes at least.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import HouseholdError, HouseholdRefused, UnknownHousehold
from datalab.households import ambassador, cells, tip, voucher
from datalab.households.consent import DOMAINS as ALL_DOMAINS
from datalab.i18n import Language, Phrase, translate
from datalab.isolation.private import secret as kept_secret
from datalab.portal import limits
from datalab.portal.campaign import town
from datalab.portal.figures import DIJON
from datalab.portal.household_words import DOMAINS, DWELLINGS, QUARTERS, STAGES, STATES
from datalab.portal.language import language_of, now
from datalab.portal.notice import onward
from datalab.portal.page import document, render
from datalab.portal.person import require
from datalab.portal.views.mine import HEADERS
from datalab.portal.views.smart_citizen import ROOT, vault_of, words
from datalab.portal.visitor import open_form_of, remember

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class CellsView:
    """``tables`` by name, row and column; null is hidden. ``month`` is when it was counted."""

    language: Language
    month: str | None
    fewest: int
    tables: dict[str, dict[str, dict[str, int | None]]]
    funnel: dict[str, int | None]  # homes that went at least so far


@router.get(f"{ROOT}/shop/{{secret}}/")
def shop(secret: str, request: Request) -> Response:
    return _shop(request, secret, "", None, "")


def _shop(
    request: Request, secret: str, code: str, shown: voucher.Shown | None, problem: str
) -> Response:
    limits.allow(request, "link")
    with request.app.state.households.reading() as connection:
        _, name = voucher.merchant_of(connection, secret)
    context = {
        "root": f"{request.app.state.prefix}{ROOT}/shop/{secret}",
        "name": name,
        "code": code,
        "shown": shown,
        "states": words(request, STATES),
        "problem": problem,
    }
    status = 409 if problem else 200
    made = render(request, "household_shop.html", context, status=status, headers=HEADERS)
    return remember(request, made)


@router.post(f"{ROOT}/shop/{{secret}}/{{act}}")
async def take(secret: str, act: str, request: Request) -> Response:
    fields = await open_form_of(request)
    return await run_in_threadpool(_take, request, secret, act, fields)


def _take(request: Request, secret: str, act: str, fields: FormData) -> Response:
    limits.allow(request, "answers")
    code, moment = str(fields.get("code", ""))[:60], now().timestamp()
    language = language_of(request)
    try:
        with request.app.state.households.writing() as connection:
            merchant, _ = voucher.merchant_of(connection, secret)
            if act != "redeem":
                shown = voucher.shown(connection, merchant, code, moment)
            else:
                taken = voucher.redeem(connection, merchant, code, moment)
    except HouseholdError as problem:
        if problem.status == 404:
            raise
        return _shop(request, secret, code, None, problem.message(language))
    if act != "redeem":
        return _shop(request, secret, code, shown, "")
    said = translate("Taken: {euros} €. Thank you.", language, euros=taken.cents // 100)
    return onward(f"{request.app.state.prefix}{ROOT}/shop/{secret}/", said)


def _custodian(request: Request, given: str) -> None:
    """Raises
    ------
    UnknownHousehold
        where this is not the link of the association.
    """
    folder = request.app.state.settings.custody
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hmac.compare_digest(given.encode(), kept_secret(folder, "custodian").encode()):
        raise UnknownHousehold()


@router.get(f"{ROOT}/keep/{{secret}}/")
def keep(secret: str, request: Request) -> Response:
    limits.allow(request, "link")
    _custodian(request, secret)
    return _keeper(request, secret)


def _keeper(
    request: Request,
    secret: str,
    problem: HouseholdRefused | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The association's page; where a form was refused, with the reason and what was typed."""
    with request.app.state.households.reading() as connection:
        context: dict[str, Any] = {
            "tips": tip.feed(connection, "submitted"),
            "merchants": voucher.merchants(connection),
            "ambassadors": ambassador.ambassadors(connection, vault_of(request)),
            "needs_code": ambassador.needs_code(connection),
        }
    context |= {
        "root": f"{request.app.state.prefix}{ROOT}/keep/{secret}",
        "domains": words(request, DOMAINS),
        "wrong": problem.facts["field"] if problem else "",
        "problem": problem.message(language_of(request)) if problem else "",
        "typed": typed or {},
    }
    status = problem.status if problem else 200
    made = render(request, "household_keeper.html", context, status=status, headers=HEADERS)
    return remember(request, made)


@router.post(f"{ROOT}/keep/{{secret}}/{{act}}")
async def decide(secret: str, act: str, request: Request) -> Response:
    fields = await open_form_of(request)
    return await run_in_threadpool(_decide, request, secret, act, fields)


def _decide(request: Request, secret: str, act: str, fields: FormData) -> Response:
    limits.allow(request, "answers")
    _custodian(request, secret)
    if act in ("ambassador", "dismiss", "codes"):
        try:
            said = _of_ambassadors(request, act, fields)
        except HouseholdRefused as problem:
            return _keeper(request, secret, problem, fields)
        there = f"{request.app.state.prefix}{ROOT}/keep/{secret}/"
        return onward(there, said.in_(language_of(request)))
    moment, language = now().timestamp(), language_of(request)
    here = f"{request.app.state.prefix}{ROOT}"
    with request.app.state.households.writing() as connection:
        if act == "shop":
            _, link = voucher.add_merchant(connection, str(fields.get("name", "")), moment)
            whole = f"{request.url.scheme}://{request.url.netloc}{here}/shop/{link}/"
            said = Phrase("Give this link to the shop: {link}", link=whole)
        elif act == "pay":
            day = now().astimezone(DIJON).isoformat()
            paid = voucher.settle(connection, str(fields.get("merchant", "")), day, moment)
            cents = paid * voucher.CENTS_PER_POINT
            said = Phrase("To be paid: {euros} €.", euros=f"{cents / 100:.2f}")
        else:
            reason = str(fields.get("reason", ""))
            tip.decide(connection, str(fields.get("tip", "")), act == "accept", reason, moment)
            said = Phrase("It is decided.")
    return onward(f"{here}/keep/{secret}/", said.in_(language))


def _of_ambassadors(request: Request, act: str, fields: FormData) -> Phrase:
    vault, moment = vault_of(request), now().timestamp()
    with request.app.state.households.writing() as connection:
        if act == "dismiss":
            ambassador.dismiss(connection, str(fields.get("ambassador", "")))
            return Phrase("The role has ended: the link opens nothing, unused codes are void.")
        if act == "codes":
            needed = fields.get("needs_code") == "yes"
            ambassador.set_needs_code(connection, needed)
            if needed:
                return Phrase("From now on a home joins by a code alone.")
            return Phrase("Anybody may join now. A home without a code is in no count.")
        many = str(fields.get("allowance", "")).strip()
        number = int(many) if many.isascii() and many.isdigit() and len(many) < 5 else 0
        name = str(fields.get("name", ""))
        _, link = ambassador.appoint(connection, vault, name, number, moment)
    here = f"{request.url.scheme}://{request.url.netloc}{request.app.state.prefix}{ROOT}"
    return Phrase("Give this link to the ambassador: {link}", link=f"{here}/ambassador/{link}/")


def _seen(request: Request) -> CellsView:
    require(request, "handle:requests")
    month = f"{now().astimezone(DIJON):%Y-%m}"
    found = cells.edition(request.app.state.households, month, now().timestamp())
    language = language_of(request)
    if found is None:
        return CellsView(language, None, cells.FEWEST, {}, {})
    return CellsView(language, found.month, cells.FEWEST, found.shown, found.funnel)


@router.get(f"{ROOT}/cells")
def seen(request: Request) -> Response:
    view = _seen(request)
    rows = {**words(request, QUARTERS), cells.ALL: translate("Everywhere", view.language)}
    more = {
        "rows": rows,
        "dwellings": words(request, DWELLINGS),
        "stages": words(request, STAGES),
        "town": town(request.app.state.library.shelf()),
        "domains": [(key, words(request, DOMAINS)[key]) for key in ALL_DOMAINS],
    }
    return render(request, "household_cells.html", {"view": view, **more})


@router.get(f"{ROOT}/cells.json")
def seen_json(request: Request) -> Response:
    return document(request, _seen(request))
