"""Connector ``dcat``: what another catalog says it has (DCAT), one row for each of its datasets.

Only metadata is read, followed through the pages of the catalog (Hydra) and within bounds: the
rows are links to elsewhere, that the lab has not looked at. https://www.w3.org/TR/vocab-dcat-3/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.ckan import listed
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.graph import ACCEPT, LARGEST, Unreadable, read
from datalab.connectors.opendatasoft import wrong_format
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, fetchable
from datalab.i18n import Phrase

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

PROTOCOL = "DCAT (RDF)"
DCAT, DCT = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
HYDRA, FOAF = "http://www.w3.org/ns/hydra/core#", "http://xmlns.com/foaf/0.1/"
COLUMNS = (
    *("identifier", "title", "description", "publisher", "keywords", "license"),
    *("modified", "formats", "page"),
)
LONGEST_TEXT = 4000


class Source(RemoteSource):
    """The datasets that another catalog lists in DCAT (Turtle, RDF/XML, JSON-LD), as links."""

    url: Annotated[str, AfterValidator(fetchable)] = Field(
        description="address of the catalog's DCAT"
    )
    language: str = Field("fr", description="language of the texts, where there are several")
    most: int = Field(5000, ge=1, le=100_000, description="most datasets that are taken")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        return wrong_format(self.format, ("json",))


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """One row for each dataset that the catalog lists.

    Raises
    ------
    SourceIncomplete
        where the pages hold fewer datasets than the catalog says, or more than ``most``.
    SourceError
    """
    source = Source.model_validate(dataset.source.model_dump())
    visit = Visit.of(
        dataset, source, source.url, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        rows: dict[str, dict[str, Any]] = {}
        following: str | None = source.url
        seen: set[str] = set()
        told: int | None = None
        while following is not None:
            if following in seen:
                raise visit.unexpected(PROTOCOL, Phrase("its pages lead in a circle"), following)
            seen.add(following)
            graph = _page(visit, following)
            rows.update((row["identifier"], row) for row in _rows(graph, source.language))
            told = _total(graph) or told
            if len(rows) > source.most:
                raise visit.incomplete(source.most, max(told or 0, len(rows)))
            following = _next(graph, following)
        if not rows:
            raise visit.unexpected(PROTOCOL, Phrase("it lists no dataset"))
        if told is not None and len(rows) < told:
            raise visit.incomplete(len(rows), told)
        path, sha256 = visit.write(listed(rows[name] for name in sorted(rows)))
        return visit.done(path, sha256)


def _page(visit: Visit, url: str) -> Graph:
    path, _ = visit.take(url, accept=ACCEPT, most=LARGEST)
    try:
        return read(path.read_bytes(), url)
    except Unreadable as error:
        raise visit.unexpected(PROTOCOL, error.reason, url) from None


def _rows(graph: Graph, language: str) -> Iterator[dict[str, Any]]:
    from rdflib import RDF, URIRef

    for node in graph.subjects(RDF.type, URIRef(f"{DCAT}Dataset"), unique=True):
        title = _text(graph, node, f"{DCT}title", language)
        if not title:
            continue
        distributions = list(graph.objects(node, URIRef(f"{DCAT}distribution")))
        pages = [
            *_values(graph, [node], f"{DCAT}landingPage"),
            *([str(node)] if isinstance(node, URIRef) else []),
            *_values(graph, distributions, f"{DCAT}accessURL"),
        ]
        page = next((page for page in pages if _is_web(page)), None)
        publishers = list(graph.objects(node, URIRef(f"{DCT}publisher")))
        licenses = _values(graph, [node, *distributions], f"{DCT}license")
        formats = {
            value.rstrip("/").rsplit("/", 1)[-1].upper()
            for key in (f"{DCT}format", f"{DCAT}mediaType")
            for value in _values(graph, distributions, key)
        }
        identifier = next(iter(_values(graph, [node], f"{DCT}identifier")), None)
        values = (
            (str(node) if isinstance(node, URIRef) else identifier or page or title)[:500],
            title,
            plain(_text(graph, node, f"{DCT}description", language) or "") or None,
            next((n for p in publishers if (n := _text(graph, p, f"{FOAF}name", language))), None),
            ", ".join(sorted(set(_values(graph, [node], f"{DCAT}keyword"))))[:500] or None,
            licenses[0][:300] if licenses else None,
            next((v[:10] for v in _values(graph, [node], f"{DCT}modified")), None),
            ", ".join(sorted(formats))[:200] or None,
            page,
        )
        yield dict(zip(COLUMNS, values, strict=True))


def _text(graph: Graph, node: Node, key: str, language: str) -> str | None:
    """The value in the wanted language, else without one, else in any."""
    from rdflib import Literal, URIRef

    found = [value for value in graph.objects(node, URIRef(key)) if isinstance(value, Literal)]
    found.sort(key=lambda v: (v.language != language, v.language is not None, str(v)))
    return " ".join(str(found[0]).split())[:LONGEST_TEXT] if found else None


def _values(graph: Graph, nodes: Iterable[Node], key: str) -> list[str]:
    from rdflib import BNode, URIRef

    return sorted(
        str(value)
        for node in nodes
        for value in graph.objects(node, URIRef(key))
        if not isinstance(value, BNode)
    )


def _total(graph: Graph) -> int | None:
    from rdflib import URIRef

    for value in graph.objects(None, URIRef(f"{HYDRA}totalItems")):
        if str(value).isascii() and str(value).isdigit():
            return int(str(value))
    return None


def _next(graph: Graph, here: str) -> str | None:
    from rdflib import URIRef

    for key in ("next", "nextPage"):
        for value in graph.objects(None, URIRef(f"{HYDRA}{key}")):
            if _is_web(str(value)) and str(value) != here:
                return str(value)
    return None


def _is_web(url: str) -> bool:
    """Whether ``url`` may be shown as a link: never ``javascript:``."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    spaced = any(letter.isspace() for letter in url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not spaced


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._mute += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._mute -= tag in {"script", "style"} and self._mute > 0

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.words.append(data)


def plain(text: str) -> str:
    """``text`` without the HTML that portals put into descriptions."""
    reader = _Words()
    reader.feed(text)
    reader.close()
    return " ".join(" ".join(reader.words).split())
