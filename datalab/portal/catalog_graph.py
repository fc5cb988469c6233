"""Pages of the catalog as DCAT, for harvesters that follow them (Hydra, and ``Link`` headers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rdflib import XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, SKOS

from datalab.i18n import Phrase
from datalab.portal.authority import EU
from datalab.portal.dcat import Catalog
from datalab.portal.library import Holding

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
# As http://data.europa.eu/r5r knows them; the file names of the doors.
SYNTAXES = {
    "ttl": ("turtle", "text/turtle"),
    "jsonld": ("json-ld", "application/ld+json"),
    "rdf": ("xml", "application/rdf+xml"),
}


@dataclass(frozen=True)
class Leaf:
    """Page ``number`` (from 1) of ``pages``, of ``total`` datasets, ``size`` on each."""

    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    def others(self) -> dict[str, int]:
        """The pages one can go on to, by the names that ``Link`` has for them."""
        found = {"first": 1, "last": self.pages}
        if self.number > 1:
            found["prev"] = min(self.number - 1, self.pages)
        if self.number < self.pages:
            found["next"] = self.number + 1
        return found


def page_address(here: str, number: int) -> str:
    return f"{here}?page={number}"


def catalog(
    root: str, here: str, moment: datetime, holdings: Sequence[Holding], leaf: Leaf
) -> Graph:
    """One page of the catalog. ``here`` is the address of the document without its page."""
    told = Catalog(root, moment)
    node = told.made(f"{root}/", DCAT.Catalog)
    told.words(node, DCTERMS.title, Phrase("Data lab of Dijon Métropole"))
    told.words(
        node,
        DCTERMS.description,
        Phrase("Quality-checked open data of Dijon Métropole, with its history."),
    )
    told.say(
        node, DCTERMS.publisher, told.agent(f"{root}/catalog#publisher", "Dijon Métropole", None)
    )
    told.say(node, FOAF.homepage, told.made(f"{root}/datasets/", FOAF.Document))
    told.languages(node)
    themes = told.made(f"{EU}/data-theme", SKOS.ConceptScheme)
    told.say(themes, DCTERMS.title, Literal("data-theme", lang="en"))
    told.say(node, DCAT.themeTaxonomy, themes)
    # The country that the authority knows; where exactly is said of each dataset.
    told.say(node, DCTERMS.spatial, told.concept("country", "FRA", DCTERMS.Location))
    for holding in holdings:
        told.say(node, DCAT.dataset, told.dataset(holding))
    for name in ("rows", "ogc"):
        mapped = [one for one in holdings if name == "rows" or one.dataset.map is not None]
        if mapped:
            told.say(node, DCAT.service, told.service(name, mapped))
    moments = [str(one.good["finished_at"]) for one in holdings if one.good]
    if moments:
        modified = Literal(max(moments), datatype=XSD.dateTime)
        told.say(node, DCTERMS.modified, modified)
    _paging(told, here, leaf)
    return told.graph


def one(root: str, moment: datetime, holding: Holding) -> Graph:
    """One dataset."""
    told = Catalog(root, moment)
    told.dataset(holding)
    return told.graph


def _paging(told: Catalog, here: str, leaf: Leaf) -> None:
    """Old harvesters read ``nextPage`` of a collection, newer ones ``next`` of a view."""
    node = told.made(page_address(here, leaf.number), HYDRA.PagedCollection)
    told.say(node, HYDRA.totalItems, Literal(leaf.total))
    told.say(node, HYDRA.itemsPerPage, Literal(leaf.size))
    names = {"prev": ("previous", "previousPage")}
    for rel, number in leaf.others().items():
        other = URIRef(page_address(here, number))
        for key in names.get(rel, (rel, f"{rel}Page")):
            told.say(node, HYDRA[key], other)
