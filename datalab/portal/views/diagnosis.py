"""The territorial diagnosis of each commune: a page to choose, and one document in three forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from datalab.errors import DiagnosisNotThere
from datalab.i18n import Language
from datalab.methods.diagnosis import Diagnosis
from datalab.participation.documents.block import Block, Document
from datalab.portal.diagnosis import Basis, Diagnoses, document_of, sources_of
from datalab.portal.diagnosis_document import Source
from datalab.portal.diagnosis_evidence import Evidence, evidence_of
from datalab.portal.language import language_of
from datalab.portal.library import Shelf
from datalab.portal.own import root_of
from datalab.portal.page import PAGE_ONLY, document, render
from datalab.portal.printing import printed

router = APIRouter()
KEPT = Diagnoses()


@dataclass(frozen=True)
class Commune:
    insee: str
    name: str
    population: int


@dataclass(frozen=True)
class ChooseView:
    language: Language
    communes: list[Commune]


@dataclass(frozen=True)
class DiagnosisView:
    """``diagnosis`` holds every figure, ``evidence`` what is linked to a finding, by its
    indicator; ``blocks`` the same in words."""

    language: Language
    title: str
    diagnosis: Diagnosis
    evidence: Mapping[str, Evidence]
    sources: list[Source]
    communes: list[Commune]
    blocks: tuple[Block, ...] = field(metadata=PAGE_ONLY)


@router.get("/diagnosis", include_in_schema=False)
@router.get("/diagnosis/", include_in_schema=False)
def choose(request: Request, commune: str = Query("", max_length=20)) -> Response:
    """The communes; ``?commune=`` of the form without scripts leads on."""
    prefix = request.app.state.prefix
    _, basis = basis_of(request)
    if commune in basis.known.names:
        return RedirectResponse(f"{prefix}/diagnosis/{commune}", status_code=303)
    view = ChooseView(language_of(request), _communes(basis))
    return render(request, "diagnosis.html", {"view": view})


@router.get("/diagnosis.json", summary="Communes of which there is a territorial diagnosis")
def choose_json(request: Request, lang: str = Query("fr", max_length=5)) -> Response:
    return document(request, ChooseView(language_of(request), _communes(basis_of(request)[1])))


@router.get("/diagnosis/{insee}.json", summary="The territorial diagnosis of a commune")
def as_json(request: Request, insee: str, lang: str = Query("fr", max_length=5)) -> Response:
    return document(request, _view(request, insee)[0])


@router.get("/diagnosis/{insee}.pdf", include_in_schema=False)
def as_pdf(request: Request, insee: str) -> Response:
    return printed(request, _view(request, insee)[1], "pdf")


@router.get("/diagnosis/{insee}", include_in_schema=False)
def page(request: Request, insee: str) -> Response:
    return render(request, "diagnosis_commune.html", {"view": _view(request, insee)[0]})


def basis_of(request: Request) -> tuple[Shelf, Basis]:
    """What diagnoses are made of.

    Raises
    ------
    DiagnosisNotThere
    """
    shelf: Shelf = request.app.state.library.shelf()
    basis = KEPT.basis(shelf)
    if basis is None:
        raise DiagnosisNotThere
    return shelf, basis


def _view(request: Request, insee: str) -> tuple[DiagnosisView, Document]:
    shelf, basis = basis_of(request)
    language = language_of(request)
    address = f"{root_of(request)}{request.app.state.prefix}/diagnosis/{insee}"

    with request.app.state.participation.reading() as connection:
        evidence = evidence_of(connection, insee, language)
    made, told = document_of(basis, shelf, insee, language, address, evidence)
    sources = sources_of(basis, shelf, language)
    there = _communes(basis)
    view = DiagnosisView(language, told.title, made, evidence, sources, there, told.blocks[1:])
    return view, told


def _communes(basis: Basis) -> list[Commune]:
    people = basis.known.published
    return [
        Commune(code, name, int(people[code, "population"] or 0))
        for code, name in sorted(basis.known.names.items(), key=lambda pair: pair[1].casefold())
    ]
