"""The catalog as a graph: DCAT-AP 3, with the quality vocabulary (DQV) and the high-value profile.

Every dataset is ``<root>/datasets/<id>``; what belongs to it is named below it (``#csv``), so that
a harvester that comes again finds the same things. Nothing here is a value of a row.
https://semiceu.github.io/DCAT-AP/releases/3.0.0/
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDFS, SKOS

from datalab.catalog.territory import TERRITORIES
from datalab.catalog.text import Text
from datalab.catalog.vocabulary import THEMES
from datalab.i18n import LANGUAGES, Phrase
from datalab.people.identity import named
from datalab.portal.access import barrier
from datalab.portal.authority import (
    EU,
    FREQUENCIES,
    HVD,
    HVD_LAW,
    access_right,
    hvd_category,
    term,
)
from datalab.portal.authority import LANGUAGES as EU_LANGUAGES
from datalab.portal.badge import DQV, measurements
from datalab.portal.card import license_of
from datalab.portal.dataset_doors import Door, doors_of
from datalab.portal.facts import standard_of
from datalab.portal.library import Holding
from datalab.portal.state import badge

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
ELI = Namespace("http://data.europa.eu/eli/ontology#")
LOCN = Namespace("http://www.w3.org/ns/locn#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
QUALITY = Namespace(DQV)
DCAT_VERSION = URIRef(f"{DCAT}version")  # of DCAT 3, which rdflib 7.6 does not know
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
IANA = "https://www.iana.org/assignments/media-types/"
ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`\x00-\x20]+")
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# No authority tells the licences that the European table lacks: their own pages name them.
EU_LICENSES = {"cc-by-4.0": "CC_BY_4_0"}


@dataclass
class Catalog:
    """The graph of some datasets. ``root`` is the portal's address, without a stroke at its end;
    ``moment`` the time of the reader, for the badge."""

    root: str
    moment: datetime
    graph: Graph = field(default_factory=Graph)

    def __post_init__(self) -> None:
        for name, space in {
            **{"dcat": DCAT, "dct": DCTERMS, "foaf": FOAF, "skos": SKOS, "adms": ADMS},
            **{"dcatap": DCATAP, "vcard": VCARD, "spdx": SPDX, "dqv": QUALITY, "eli": ELI},
            **{"locn": LOCN, "geo": GEO},
        }.items():
            self.graph.bind(name, space)

    # -- pieces ---------------------------------------------------------------------------

    def say(self, subject: URIRef, key: URIRef, *values: Any) -> None:
        for value in values:
            if value is not None:
                self.graph.add((subject, key, value))

    def words(self, subject: URIRef, key: URIRef, text: Text | Phrase) -> None:
        """A text in every language."""
        for language in LANGUAGES:
            said = UNWRITABLE.sub(" ", text.in_(language))
            self.graph.add((subject, key, Literal(said, lang=language)))

    def made(self, address: str, *kinds: URIRef) -> URIRef:
        node = URIRef(address)
        self.say(node, RDF.type, *kinds)
        return node

    def concept(self, table: str, code: str, *kinds: URIRef, label: Text | None = None) -> URIRef:
        """An entry of an authority table, with what a check of shapes needs to know of it."""
        node = self.made(term(table, code), SKOS.Concept, *kinds)
        scheme = self.made(f"{EU}/{table}", SKOS.ConceptScheme)
        self.say(scheme, DCTERMS.title, Literal(table, lang="en"))
        self.say(node, SKOS.inScheme, scheme)
        if label is None:
            self.say(node, SKOS.prefLabel, Literal(code.replace("_", " ").lower(), lang="en"))
        else:
            self.words(node, SKOS.prefLabel, label)
        return node

    def agent(self, address: str, name: str, home: str | None) -> URIRef:
        node = self.made(address, FOAF.Agent)
        self.say(node, FOAF.name, Literal(_clean(name)))
        if home and ADDRESS.fullmatch(home):
            self.say(node, FOAF.homepage, self.made(home, FOAF.Document))
        return node

    def languages(self, subject: URIRef) -> None:
        for code in EU_LANGUAGES.values():
            node = self.concept("language", code, DCTERMS.LinguisticSystem)
            self.say(subject, DCTERMS.language, node)

    def law(self, subject: URIRef, holdings: Iterable[Holding]) -> None:
        """What the regulation on high-value datasets asks of a thing that serves ``holdings``."""
        for name in {one.dataset.hvd_category for one in holdings}:
            if name is None:
                continue
            law = self.made(HVD_LAW, ELI.LegalResource)
            self.say(subject, DCATAP.applicableLegislation, law)
            category = self.made(hvd_category(name), SKOS.Concept)
            self.words(category, SKOS.prefLabel, HVD[name][1])
            self.say(subject, DCATAP.hvdCategory, category)

    # -- things ---------------------------------------------------------------------------

    def dataset(self, holding: Holding) -> URIRef:
        """Add a dataset with its doors, releases and quality."""
        told, page = holding.dataset, f"{self.root}/datasets/{holding.id}"
        node = self.made(page, DCAT.Dataset)
        self.words(node, DCTERMS.title, told.title)
        self.words(node, DCTERMS.description, told.description)
        self.say(node, DCTERMS.identifier, Literal(holding.id))
        self.say(node, DCAT.keyword, *(Literal(_clean(word)) for word in told.keywords))
        self.say(node, DCAT.landingPage, self.made(page + "?view=page", FOAF.Document))
        self.say(
            node,
            DCTERMS.publisher,
            self.agent(f"{page}#publisher", told.publisher, told.publisher_url),
        )
        contact = self.made(f"{page}#contact", VCARD.Kind, VCARD.Organization)
        self.say(contact, VCARD.fn, Literal(_clean(named(told.steward, "fr"))))
        self.say(contact, VCARD.hasURL, self.made(page + "?view=page", RDFS.Resource))
        self.say(node, DCAT.contactPoint, contact)
        known = THEMES.get(told.theme)
        if known is not None:
            self.say(node, DCAT.theme, self.concept("data-theme", known.code, label=known.title))
        code = FREQUENCIES[told.periodicity]
        frequency = self.concept("frequency", code, DCTERMS.Frequency)
        self.say(node, DCTERMS.accrualPeriodicity, frequency)
        code = access_right(told, barrier(holding))
        self.say(
            node,
            DCTERMS.accessRights,
            self.concept("access-right", code, DCTERMS.RightsStatement),
        )
        self.languages(node)
        self._where_and_when(node, holding)
        self._origin(node, holding)
        self._versions(node, holding)
        self._quality(node, holding)
        self.law(node, [holding])
        for door in doors_of(holding):
            self.say(node, DCAT.distribution, self._distribution(holding, door))
        return node

    def _where_and_when(self, node: URIRef, holding: Holding) -> None:
        told = holding.dataset
        territory = TERRITORIES.get(told.spatial)
        if territory is not None:
            place = self.made(f"{self.root}/places/{told.spatial}", DCTERMS.Location)
            self.words(place, SKOS.prefLabel, territory.name)
            west, south, east, north = (
                *(territory.west, territory.south),
                *(territory.east, territory.north),
            )
            ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
            box = f"POLYGON(({', '.join(f'{x} {y}' for x, y in ring)}))"
            self.say(place, DCAT.bbox, Literal(box, datatype=GEO.wktLiteral))
            self.say(node, DCTERMS.spatial, place)
        start, _, end = (told.temporal or "").partition("/")
        days = {DCAT.startDate: _day(start, last=False), DCAT.endDate: _day(end, last=True)}
        if any(days.values()):
            period = self.made(f"{node}#period", DCTERMS.PeriodOfTime)
            for key, day in days.items():
                self.say(period, key, day)
            self.say(node, DCTERMS.temporal, period)

    def _origin(self, node: URIRef, holding: Holding) -> None:
        told = holding.dataset
        provenance = self.made(f"{node}#provenance", DCTERMS.ProvenanceStatement)
        if told.provenance == "synthetic":
            self.words(provenance, RDFS.label, Phrase("Synthetic data, made by the lab."))
            if told.calibration is not None:
                self.words(provenance, DCTERMS.description, told.calibration)
        else:
            said = Phrase(
                "Published by {publisher}, read and checked by the data lab.",
                publisher=told.publisher,
            )
            self.words(provenance, RDFS.label, said)
        self.say(node, DCTERMS.provenance, provenance)
        standard = standard_of(holding, "en")
        if standard is not None and ADDRESS.fullmatch(standard.url):
            shape = self.made(standard.url, DCTERMS.Standard)
            self.say(shape, DCTERMS.title, Literal(f"{standard.title} {standard.version}"))
            self.say(node, DCTERMS.conformsTo, shape)

    def _versions(self, node: URIRef, holding: Holding) -> None:
        known = sorted(holding.entry.snapshots, key=lambda one: int(one["snapshot"]))
        moments = [str(one["at"]) for one in known if one.get("at")]
        if moments:
            self.say(node, DCTERMS.issued, _moment(moments[0]))
            self.say(node, DCTERMS.modified, _moment(moments[-1]))
        if holding.snapshot is not None and holding.good:
            self.say(node, DCAT_VERSION, Literal(str(holding.snapshot)))
            self.say(node, OWL.versionInfo, Literal(str(holding.snapshot)))
        for release in holding.releases:
            made = self.made(f"{node}?release={release.name}", DCAT.Dataset)
            self.words(made, DCTERMS.title, holding.dataset.title)
            self.words(made, DCTERMS.description, holding.dataset.description)
            self.say(made, DCAT_VERSION, Literal(release.name))
            self.say(made, DCTERMS.issued, _moment(release.at))
            self.say(made, ADMS.versionNotes, Literal(_clean(release.note)))
            self.say(made, DCAT.isVersionOf, node)
            self.law(made, [holding])
            self.say(node, DCAT.hasVersion, made)

    def _quality(self, node: URIRef, holding: Holding) -> None:
        for one in measurements(badge(holding, self.moment), self.root):
            name = one["metric"].rpartition("#")[2]
            measured = self.made(f"{node}#quality-{name}", QUALITY.QualityMeasurement)
            metric = self.made(one["metric"], QUALITY.Metric)
            self.say(metric, QUALITY.expectedDataType, XSD[one["datatype"]])
            self.say(metric, SKOS.prefLabel, Literal(name.replace("-", " "), lang="en"))
            self.say(measured, QUALITY.isMeasurementOf, metric)
            self.say(measured, QUALITY.computedOn, node)
            self.say(measured, QUALITY.value, Literal(one["value"], datatype=XSD[one["datatype"]]))
            if one["at"]:
                self.say(measured, DCTERMS.date, _moment(one["at"]))
            self.say(node, QUALITY.hasQualityMeasurement, measured)

    def _distribution(self, holding: Holding, door: Door) -> URIRef:
        page, license_ = f"{self.root}/datasets/{holding.id}", license_of(holding.dataset)
        node = self.made(f"{page}#{door.name}", DCAT.Distribution)
        self.words(node, DCTERMS.title, door.title)
        address = self.made(f"{self.root}{door.path}", RDFS.Resource)
        self.say(node, DCAT.accessURL, address)
        if door.file:
            self.say(node, DCAT.downloadURL, address)
        else:
            self.say(node, DCAT.accessService, self.service("rows", [holding]))
        self.say(node, DCAT.mediaType, self.made(IANA + door.media, DCTERMS.MediaType))
        if door.eu:
            kind = self.concept("file-type", door.eu, DCTERMS.MediaTypeOrExtent)
            self.say(node, DCTERMS["format"], kind)
        if license_.url:
            said = self.made(license_.url, DCTERMS.LicenseDocument)
            self.say(said, DCTERMS.title, Literal(license_.title))
            if holding.dataset.license in EU_LICENSES:
                same = term("licence", EU_LICENSES[holding.dataset.license])
                self.say(said, OWL.sameAs, URIRef(same))
            self.say(node, DCTERMS.license, said)
        else:
            rights = self.made(f"{page}#rights", DCTERMS.RightsStatement)
            self.words(rights, RDFS.label, license_.answer)
            self.say(node, DCTERMS.rights, rights)
        known = (holding.good or {}).get("finished_at")
        if known:
            self.say(node, DCTERMS.modified, _moment(str(known)))
        self.law(node, [holding])
        return node

    def service(self, name: str, holdings: Iterable[Holding]) -> URIRef:
        """An interface, one of :data:`SERVICES`, that serves ``holdings``."""
        title, path, description = SERVICES[name]
        node = self.made(f"{self.root}/catalog#{name}", DCAT.DataService)
        self.words(node, DCTERMS.title, title)
        self.say(node, DCAT.endpointURL, self.made(f"{self.root}{path}", RDFS.Resource))
        told = self.made(f"{self.root}{description}", RDFS.Resource, FOAF.Document)
        self.say(node, DCAT.endpointDescription, told)
        self.say(node, FOAF.page, told)
        contact = self.made(f"{self.root}/catalog#contact", VCARD.Kind, VCARD.Organization)
        self.words(contact, VCARD.fn, Phrase("Data lab of Dijon Métropole"))
        self.say(contact, VCARD.hasURL, self.made(f"{self.root}/", RDFS.Resource))
        self.say(node, DCAT.contactPoint, contact)
        for holding in holdings:
            self.say(node, DCAT.servesDataset, URIRef(f"{self.root}/datasets/{holding.id}"))
            self.law(node, [holding])
        return node


SERVICES: dict[str, tuple[Phrase, str, str]] = {
    "rows": (Phrase("Rows by API, page by page"), "/api/v1/datasets", "/api/openapi.json"),
    "ogc": (Phrase("Map tools (OGC API Features)"), "/ogc/", "/ogc/api"),
}


def _clean(text: str) -> str:
    return UNWRITABLE.sub(" ", text)


def _moment(text: str) -> Literal:
    return Literal(text, datatype=XSD.dateTime)


def _day(text: str, *, last: bool) -> Literal | None:
    """One end of an interval as a day: the first or the last of a year or a month."""
    if text in {"", ".."}:
        return None
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 1:
        parts.append(12 if last else 1)
    if len(parts) == 2:
        parts.append(monthrange(*parts)[1] if last else 1)
    return Literal(date(*parts).isoformat(), datatype=XSD.date)
