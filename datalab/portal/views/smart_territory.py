"""The self-assessment of municipalities: the grid, its answers, what follows from them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from datalab.errors import FieldRefused
from datalab.i18n import Language, Phrase
from datalab.participation import maturity
from datalab.participation.grid import as_rows, newest
from datalab.participation.maturity import Assessment
from datalab.participation.wording import said
from datalab.people.rights import Right
from datalab.portal.form import form_of
from datalab.portal.language import language_of, now
from datalab.portal.maturity import CODE, STRATUM_NAMES, communes_of, shelf_of
from datalab.portal.page import document, render
from datalab.portal.person import Person, person_of, require

router = APIRouter()
RIGHT: Right = "assess:commune"
LARGEST_POPULATION = 3_000_000


@router.get("/smart-territory", include_in_schema=False)
def without_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", status_code=308)


@router.get("/smart-territory/", include_in_schema=False)
def home(request: Request) -> Response:
    return _home(request, {}, {})


@router.get("/smart-territory/grid", include_in_schema=False)
def grid(request: Request) -> Response:
    return render(request, "smart_territory_grid.html", {"grid": newest()})


@router.get("/smart-territory/grid.json", summary="The grid of self-assessment, with its levels")
def grid_json(request: Request) -> Response:
    return document(request, as_rows(newest()))


@router.post("/smart-territory/begin", include_in_schema=False)
async def begin(request: Request) -> Response:
    """Begin an assessment, or go on with the one that is open."""
    person = require(request, RIGHT)
    fields = await form_of(request)
    return await run_in_threadpool(_begin, request, person, fields)


def _begin(request: Request, person: Person, fields: FormData) -> Response:
    language = language_of(request)
    typed = {name: str(fields.get(name) or "") for name in ("code", "name", "population")}
    try:
        code, name, population = _named(request, typed)

        def write(connection: Any) -> Assessment:
            return maturity.begin(
                connection,
                commune=code,
                name=name,
                population=population,
                actor=person.name,
                now=now().timestamp(),
            )

        try:
            made = request.app.state.participation.write(write)
        except IntegrityError:  # somebody began it at the same moment
            made = request.app.state.participation.write(write)
    except FieldRefused as error:
        wrong = {str(error.facts["name"]): sentence(error, language)}
        return _home(request, typed, wrong, 422)
    first = made.edition.themes[0].id
    address = f"{root(request)}/communes/{made.commune}/{first}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def _named(request: Request, typed: dict[str, str]) -> tuple[str, str, int]:
    """Code, name and population; those of the lake where it knows the municipality."""
    code = typed["code"].strip().upper()
    if not CODE.fullmatch(code):
        reason = Phrase("An INSEE code has five characters: 21231 is that of Dijon.")
        raise FieldRefused("code", reason)
    known = communes_of(shelf_of(request)).get(code)
    if known:
        return code, *known
    name = said("name", typed["name"], 80)
    digits = "".join(typed["population"].split())
    if not (digits.isdecimal() and digits.isascii() and len(digits) < 8):
        reason = Phrase("Give the municipal population as a whole number.")
        raise FieldRefused("population", reason)
    if not 1 <= int(digits) <= LARGEST_POPULATION:
        reason = Phrase("Give the municipal population as a whole number.")
        raise FieldRefused("population", reason)
    return code, name, int(digits)


def _home(
    request: Request, typed: dict[str, str], wrong: dict[str, str], status: int = 200
) -> Response:
    person = person_of(request)
    allowed = person is not None and person.may(RIGHT)
    mine: list[Assessment] = []
    if person is not None and allowed:
        with request.app.state.participation.reading() as connection:
            mine = maturity.communes_of(connection, person.name)
    context = {
        "allowed": allowed,
        "mine": mine,
        "communes": communes_of(shelf_of(request)) if allowed else {},
        "typed": typed,
        "wrong": wrong,
        "grid": newest(),
        "strata": {
            name: phrase.in_(language_of(request)) for name, phrase in STRATUM_NAMES.items()
        },
    }
    return render(request, "smart_territory.html", context, status=status)


def sentence(error: FieldRefused, language: Language) -> str:
    reason = error.facts["reason"]
    return reason.in_(language) if isinstance(reason, Phrase) else str(reason)


def root(request: Request) -> str:
    return f"{request.app.state.prefix}/smart-territory"
