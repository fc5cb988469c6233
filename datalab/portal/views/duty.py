"""The open-data duty of each commune: page, proof and feed, for mayors, citizens and harvesters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.errors import InvalidParameter
from datalab.i18n import Language, Phrase
from datalab.methods.open_data_duty import Count, count
from datalab.participation.documents.block import Block, Items
from datalab.portal.addresses import root_of
from datalab.portal.duty import Case, Line, all_cases, case_of, of_commune
from datalab.portal.duty_document import (
    answer_of,
    answer_word,
    blocks_of,
    document_of,
    duties_of,
    proof_of,
    reasons_of,
)
from datalab.portal.duty_words import ANSWERS
from datalab.portal.language import language_of, now
from datalab.portal.library import Shelf
from datalab.portal.page import PAGE_ONLY, PUBLIC, document, render
from datalab.portal.printing import printed

router = APIRouter()
Syntax = Literal["ttl", "jsonld", "rdf"]
HOME = "/open-data-duty"


@dataclass(frozen=True)
class AllView:
    """``counts`` answers for all communes: yes, no, unknown."""

    language: Language
    counts: Count
    population: Count
    communes: list[Line]


@dataclass(frozen=True)
class CaseView:
    language: Language
    case: Case
    answer: str
    word: str
    reasons: list[str]
    blocks: tuple[Block, ...] = field(metadata=PAGE_ONLY)
    duties: tuple[tuple[str, Items], ...] = field(metadata=PAGE_ONLY)


@router.get(f"{HOME}/", include_in_schema=False)
def every(request: Request, commune: str = Query("", max_length=20)) -> Response:
    """All communes; ``?commune=`` of the form without scripts leads on."""
    view = _all(request)
    if commune in {one.insee for one in view.communes}:
        return RedirectResponse(f"{request.app.state.prefix}{HOME}/{commune}/", status_code=303)
    words = {name: phrase.in_(view.language) for name, phrase in ANSWERS.items()}
    return render(request, "duty.html", {"view": view, "words": words})


@router.get(f"{HOME}.json", summary="The open-data duty of every commune")
def every_json(request: Request, lang: str = Query("fr", max_length=5)) -> Response:
    return document(request, _all(request))


@router.get(f"{HOME}/{{insee}}.json", summary="The open-data duty of a commune")
def as_json(
    request: Request,
    insee: str,
    staff: str = Query("", max_length=12),
    lang: str = Query("fr", max_length=5),
) -> Response:
    return document(request, _view(request, insee, staff))


@router.get(f"{HOME}/{{insee}}/proof.json", summary="Proof of what was checked for a commune")
def proof(
    request: Request, insee: str, staff: str = Query("", max_length=12), lang: str = "fr"
) -> Response:
    case = _case(request, insee, staff)
    return document(request, proof_of(case, now(), _address(request, insee)))


@router.get(f"{HOME}/{{insee}}.pdf", include_in_schema=False)
def as_pdf(request: Request, insee: str, staff: str = Query("", max_length=12)) -> Response:
    case = _case(request, insee, staff)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return printed(request, document_of(case, day, _address(request, insee)), "pdf")


@router.get(f"{HOME}/{{insee}}/catalog.ttl", summary="A commune's publications as DCAT, in Turtle")
def as_turtle(request: Request, insee: str) -> Response:
    return _feed(request, insee, "ttl")


@router.get(
    f"{HOME}/{{insee}}/catalog.jsonld", summary="A commune's publications as DCAT, in JSON-LD"
)
def as_jsonld(request: Request, insee: str) -> Response:
    return _feed(request, insee, "jsonld")


@router.get(f"{HOME}/{{insee}}/catalog.rdf", summary="A commune's publications as DCAT, in RDF/XML")
def as_rdf(request: Request, insee: str) -> Response:
    return _feed(request, insee, "rdf")


@router.get(f"{HOME}/{{insee}}/", include_in_schema=False)
def page(request: Request, insee: str, staff: str = Query("", max_length=12)) -> Response:
    try:
        view, problem = _view(request, insee, staff), ""
    except InvalidParameter as error:
        view, problem = _view(request, insee, ""), error.message(language_of(request))
    context = {"view": view, "case": view.case, "staff": staff, "problem": problem}
    return render(request, "duty_commune.html", context, status=422 if problem else 200)


def agents_of(text: str) -> float | None:
    """The number of agents that somebody typed; None for nothing.

    Raises
    ------
    InvalidParameter
    """
    bare = text.replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not bare:
        return None
    try:
        found = float(bare)
    except ValueError:
        found = -1.0
    if not 0 <= found < 100_000:
        reason = Phrase("write a number of agents, such as 48.5")
        raise InvalidParameter(name="staff", value=text[:20], reason=reason)
    return found


def _all(request: Request) -> AllView:
    language = language_of(request)
    lines = all_cases(_shelf(request), language, now())
    return AllView(
        language,
        count([one.answer for one in lines]),
        count([one.population for one in lines]),
        lines,
    )


def _case(request: Request, insee: str, staff: str = "") -> Case:
    language = language_of(request)
    return case_of(_shelf(request), insee, language, now(), agents_of(staff))


def _view(request: Request, insee: str, staff: str = "") -> CaseView:
    case = _case(request, insee, staff)
    return CaseView(
        case.language,
        case,
        answer_of(case),
        answer_word(case),
        reasons_of(case),
        blocks_of(case),
        duties_of(case),
    )


def _feed(request: Request, insee: str, syntax: Syntax) -> Response:
    from datalab.portal import catalog_graph

    shelf = _shelf(request)
    case_of(shelf, insee, "fr", now())  # an unknown commune has no feed
    held = of_commune(shelf, insee)
    leaf = catalog_graph.Leaf(1, max(1, len(held)), len(held))
    here = f"{_address(request, insee)}/catalog.{syntax}"
    graph = catalog_graph.catalog(root_of(request), here, now(), held, leaf)
    format_, media = catalog_graph.SYNTAXES[syntax]
    headers = {"Cache-Control": "no-cache", **PUBLIC}
    return Response(
        graph.serialize(format=format_, encoding="utf-8"), media_type=media, headers=headers
    )


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.library.shelf()
    return shelf


def _address(request: Request, insee: str) -> str:
    return f"{root_of(request)}{HOME}/{insee}"
