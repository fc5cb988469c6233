"""An ambassador's page: the funnel of the town, codes to print and give, counts of their own homes.

Counts are those of the month's edition, which agents read too: nothing changes on the day a
neighbour joins, and no home's behaviour is here.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import HouseholdError
from datalab.households import ambassador, cells
from datalab.portal import limits
from datalab.portal.campaign import town
from datalab.portal.code import svg_of
from datalab.portal.figures import DIJON
from datalab.portal.household_words import STAGES
from datalab.portal.language import language_of, now
from datalab.portal.page import render
from datalab.portal.views.mine import HEADERS
from datalab.portal.views.smart_citizen import ROOT, vault_of, words
from datalab.portal.visitor import open_form_of, remember

router = APIRouter(include_in_schema=False)


@router.get(f"{ROOT}/ambassador/{{secret}}/")
def page(secret: str, request: Request) -> Response:
    return _page(request, secret, "", 200)


def _page(request: Request, secret: str, problem: str, status: int) -> Response:
    limits.allow(request, "link")
    state, moment = request.app.state, now()
    with state.households.reading() as connection:
        me = ambassador.opened(connection, vault_of(request), secret)
    month = f"{moment.astimezone(DIJON):%Y-%m}"
    found = cells.edition(state.households, month, moment.timestamp())
    homes, active = found.of(me.id) if found else (None, None)
    context = {
        "root": f"{state.prefix}{ROOT}/ambassador/{secret}",
        "me": me,
        "homes": homes,
        "active": active,
        "month": found.month if found else None,
        "funnel": found.funnel if found else {},
        "fewest": cells.FEWEST,
        "stages": words(request, STAGES),
        "town": town(state.library.shelf()),
        "sheet": min(ambassador.SHEET, me.left),
        "problem": problem,
    }
    made = render(request, "household_ambassador.html", context, status=status, headers=HEADERS)
    return remember(request, made)


@router.post(f"{ROOT}/ambassador/{{secret}}/sheet")
async def sheet(secret: str, request: Request) -> Response:
    fields = await open_form_of(request)
    return await run_in_threadpool(_sheet, request, secret, fields)


def _sheet(request: Request, secret: str, fields: FormData) -> Response:
    """New codes, shown once: nobody, not even who gave them, finds them again."""
    limits.allow(request, "answers")
    typed = str(fields.get("many", "")).strip()
    many = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
    moment = now().timestamp()
    try:
        with request.app.state.households.writing() as connection:
            me = ambassador.opened(connection, vault_of(request), secret)
            codes = ambassador.make_codes(connection, me.id, many, moment)
    except HouseholdError as problem:
        if problem.status == 404:
            raise
        return _page(request, secret, problem.message(language_of(request)), problem.status)
    here = f"{request.url.scheme}://{request.url.netloc}{request.app.state.prefix}{ROOT}/"
    context = {
        "back": f"{request.app.state.prefix}{ROOT}/ambassador/{secret}/",
        "address": here,
        "cards": [(f"{c[:4]}-{c[4:]}", svg_of(f"{here}?code={c}")) for c in codes],
        "until": datetime.fromtimestamp(moment + ambassador.VALID, DIJON).date(),
    }
    return render(request, "household_sheet.html", context, headers=HEADERS)
